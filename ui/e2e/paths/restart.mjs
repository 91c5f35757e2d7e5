// A server that is killed in the middle of a run, and one that comes back: the page goes on by itself.
import { Api, startServer } from "../api.mjs";
import { talkative } from "../gallery.mjs";

export const paths = {
  "restart: a run, its log and its page survive a kill of the server": async (walk) => {
    const { page } = walk;
    const server = await startServer();
    try {
      walk.url = server.url;
      // What the browser notes of a server that is not there.
      walk.allowed.push(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_NETWORK/);
      const api = new Api(server.url);
      const run = await api.call("POST", "runs", { display_name: "outlives its server", pipeline_spec: talkative(0.1) });
      await walk.open(`/runs/details/${run.run_id}?task=root/slow&panel=logs`);
      await walk.see("line 40 of the slow task");
      await page.evaluate(() => {
        window.isSamePage = true;
      });
      await server.kill();
      await walk.see("Connection lost");
      await walk.accessible("a page without its server");
      await walk.picture("restart-lost");
      await page.waitForTimeout(2_000);
      await server.start();
      // The task prints for 20 seconds.
      await walk.see("line 395 of the slow task", 60_000);
      await page.locator("header").getByText("Succeeded").first().waitFor({ timeout: 60_000 });
      await page.getByText("Connection lost").first().waitFor({ state: "detached", timeout: 15_000 });
      if (!(await page.evaluate(() => window.isSamePage))) throw new Error("the page was loaded anew");
      await walk.picture("restart-back");
    } finally {
      await server.stop();
    }
  },
};
