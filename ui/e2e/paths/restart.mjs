// A server that is killed in the middle of a run and one that comes back, and more pages than connections: they go on by
// themselves.
import { Api, startServer } from "../api.mjs";
import { talkative } from "../gallery.mjs";

export const paths = {
  "tabs: a browser has six connections for a server, and more pages of a live run than that": async (walk) => {
    const server = await startServer();
    try {
      const api = new Api(server.url);
      const run = await api.call("POST", "runs", { display_name: "watched by many", pipeline_spec: talkative(0.1) });
      // One window: the page in front is seen, the others are not.
      await walk.context.addInitScript(() => {
        let state = "visible";
        Object.defineProperty(document, "visibilityState", { get: () => state });
        window.show = (next) => {
          state = next;
          document.dispatchEvent(new Event("visibilitychange"));
        };
      });
      const tabs = [];
      for (let number = 0; number < 7; number += 1) {
        await tabs.at(-1)?.evaluate(() => window.show("hidden"));
        const tab = await walk.context.newPage();
        tabs.push(tab);
        await tab.goto(`${server.url}/#/runs/details/${run.run_id}?task=root/slow&panel=logs`);
        await tab.getByText(/line \d+ of the slow task/).first().waitFor({ timeout: 15_000 });
      }
      // What was missed is there as soon as one looks.
      await tabs.at(-1).getByText("line 400 of the slow task").first().waitFor({ timeout: 60_000 });
      await tabs[0].evaluate(() => window.show("visible"));
      await tabs[0].getByText("line 400 of the slow task").first().waitFor({ timeout: 15_000 });
      await tabs[0].locator("header").getByText("Succeeded").first().waitFor({ timeout: 15_000 });
    } finally {
      await server.stop();
    }
  },
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
