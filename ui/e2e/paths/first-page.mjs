// What the first page costs, and that nothing comes from anywhere else.
import { statSync } from "node:fs";
import { join } from "node:path";
import { root } from "../api.mjs";
import { check } from "../walk.mjs";

/** Bytes of script, as gzip packs it. */
const BUDGET = 300_000;

export const paths = {
  "first page: its scripts fit the budget, and the server alone is asked": async (walk) => {
    const { page, url } = walk;
    const scripts = new Set();
    const foreign = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(url)) foreign.push(request.url());
      if (request.resourceType() === "script") scripts.add(new URL(request.url()).pathname);
    });
    await page.goto(url);
    await walk.row("nightly 4");
    const size = [...scripts].reduce((sum, path) => sum + statSync(join(root, "ui/dist", `${path}.gz`)).size, 0);
    check(size < BUDGET, `${size} bytes of script on the first page`);
    check(foreign.length === 0, `asked elsewhere: ${foreign.join(", ")}`);
  },

  "first page: no script but the server's own files runs in it": async (walk) => {
    const { page, url } = walk;
    walk.allowed.push(/Content Security Policy|Refused|violates/i);
    const policy = (await fetch(url)).headers.get("content-security-policy") ?? "none";
    const scripts = /script-src ([^;]*)/.exec(policy)?.[1].trim();
    check(scripts === "'self'", `scripts may come from: ${scripts}`);
    await walk.open("/runs");
    const ran = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.inlineScriptRan = true";
      document.body.append(script);
      const image = document.createElement("img");
      image.setAttribute("onerror", "window.inlineScriptRan = true");
      image.src = "data:,";
      document.body.append(image);
      return new Promise((resolve) => setTimeout(() => resolve(window.inlineScriptRan === true), 200));
    });
    check(!ran, "a script that was written into the page ran");
  },

  "first page: under /pipeline/ as in Kubeflow": async (walk, { made }) => {
    await walk.page.goto(`${walk.url}/pipeline/`);
    await walk.row("nightly 4");
    await walk.page.goto(`${walk.url}/pipeline#/experiments`);
    await walk.title("Experiments");
    // Addresses that Kubeflow's own pages have.
    const run = made.runs[0].run_id;
    for (const [address, title] of [
      [`/runs/details/${run}/execution/12`, /churn features 1/],
      [`/pipelines/details/?fromRun=${run}`, /churn features 1/],
      [`/experiments/details/${made.experiments.churn.experiment_id}`, "churn-model"],
      [`/pipelines/details/${made.pipelines.loop.pipeline_id}`, "fan-out"],
      ["/shared/pipelines", "Pipelines"],
      ["/frontend_features", "Settings"],
    ]) {
      await walk.page.goto(`${walk.url}/pipeline/#${address}`);
      await walk.title(title);
    }
    check(new URL(walk.page.url()).pathname === "/pipeline/", walk.page.url());
  },

  "first page: a narrow screen has its navigation in a drawer": async (walk) => {
    const { page } = walk;
    await page.setViewportSize({ width: 390, height: 800 });
    await walk.open("/runs");
    await walk.row("nightly 4");
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(overflow <= 0, `the page is ${overflow} px wider than the screen`);
    await page.getByRole("button", { name: "Navigation" }).click();
    await walk.accessible("the drawer");
    await page.getByRole("link", { name: "Pipelines" }).click();
    await walk.title("Pipelines");
  },

  "first page: a restart of the server is survived": async (walk, { api }) => {
    const { page, context } = walk;
    walk.allowed.push(/ERR_INTERNET_DISCONNECTED/);
    await walk.open("/runs");
    await walk.row("nightly 4");
    await context.setOffline(true);
    await walk.page.waitForTimeout(200);
    const { experiments } = await api.call("GET", "experiments?page_size=1");
    const made = await api.call("POST", "experiments", { display_name: "made meanwhile" });
    check(experiments.length === 1, "no experiments");
    await context.setOffline(false);
    await page.getByRole("link", { name: "Experiments" }).click();
    await walk.row("made meanwhile");
    await api.call("DELETE", `experiments/${made.experiment_id}`);
  },
};
