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

  "first page: under /pipeline/ as in Kubeflow": async (walk) => {
    await walk.page.goto(`${walk.url}/pipeline/`);
    await walk.row("nightly 4");
    await walk.page.goto(`${walk.url}/pipeline#/experiments`);
    await walk.title("Experiments");
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
