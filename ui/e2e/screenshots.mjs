// Pictures of every page in both themes, for docs/guide/images: small, and the same pages each time.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Api, root, startServer } from "./api.mjs";
import { launch, openPage } from "./browser.mjs";
import { seed } from "./seed.mjs";

const folder = process.env.PICTURES ?? join(root, "docs/guide/images");
const wanted = process.argv.slice(2);
/** WebP of this quality is a tenth of the PNG and shows no flaw at this size. */
const QUALITY = 82;

const server = await startServer();
const browser = await launch();
try {
  const api = new Api(server.url);
  const made = await seed(api);
  // One with metrics and artifacts worth seeing; its environment is made once.
  made.crypto = await api.run(made.pipelines.crypto.pipeline_id, "crypto forecast", { experiment_id: made.experiments.churn.experiment_id });
  await api.settled([made.crypto], 900);
  mkdirSync(folder, { recursive: true });
  const pages = pagesOf(made);
  for (const theme of ["light", "dark"]) {
    for (const [name, { route, prepare }] of Object.entries(pages)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const { page, context } = await openPage(browser, { theme, width: 1280, height: 800 });
      await page.goto(`${server.url}/#${route}`);
      await page.waitForSelector("main h1");
      await page.waitForFunction(() => !document.querySelector('[aria-busy="true"], [aria-label="Loading"]'), undefined, { timeout: 15_000 });
      await page.waitForTimeout(900);
      await prepare?.(page);
      await page.waitForTimeout(300);
      const file = join(folder, `${name}-${theme}.webp`);
      await save(page, file);
      console.log(file.slice(root.length));
      await context.close();
    }
  }
} finally {
  await browser.close();
  await server.stop();
}

/** The browser itself writes WebP. */
async function save(page, file) {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY, optimizeForSpeed: false });
  writeFileSync(file, Buffer.from(data, "base64"));
}

function pagesOf({ pipelines, experiments, runs, recurring, crypto: forecast }) {
  const failed = runs.find((one) => one.display_name === "retrain after the incident").run_id;
  const nested = runs.find((one) => one.display_name === "nightly 1").run_id;
  const { crypto, loop } = pipelines;
  return {
    runs: { route: "/runs" },
    "runs-selected": { route: "/runs", prepare: (page) => page.getByLabel(/^Select churn features [12]$/).evaluateAll((boxes) => boxes.forEach((box) => box.click())) },
    "run-graph": { route: `/runs/details/${forecast.run_id}` },
    "run-task": { route: `/runs/details/${forecast.run_id}`, prepare: (page) => page.getByText("evaluation", { exact: true }).first().click().then(() => page.waitForTimeout(1500)) },
    "run-output": { route: `/runs/details/${forecast.run_id}?tab=output`, prepare: (page) => page.waitForTimeout(1200) },
    "run-nested": { route: `/runs/details/${nested}` },
    "run-failed": { route: `/runs/details/${failed}` },
    "run-timeline": { route: `/runs/details/${forecast.run_id}?tab=timeline` },
    compare: { route: `/compare?runlist=${runs[0].run_id},${runs[2].run_id}` },
    "new-run": { route: `/runs/new?pipelineId=${crypto.pipeline_id}` },
    "new-recurring-run": {
      route: `/runs/new?pipelineId=${loop.pipeline_id}&recurring=1`,
      prepare: (page) => page.getByRole("radio", { name: /At certain times/ }).click().then(() => page.getByLabel("Cron expression").scrollIntoViewIfNeeded()),
    },
    pipelines: { route: "/pipelines", prepare: (page) => page.getByRole("button", { name: "Expand crypto-forecasting" }).click().then(() => page.waitForTimeout(600)) },
    pipeline: { route: `/pipelines/details/${crypto.pipeline_id}` },
    "pipeline-statistics": { route: `/pipelines/details/${loop.pipeline_id}?tab=statistics` },
    upload: { route: "/pipeline_versions/new" },
    experiments: { route: "/experiments" },
    experiment: { route: `/experiments/details/${experiments.churn.experiment_id}` },
    "recurring-runs": { route: "/recurringruns" },
    "recurring-run": { route: `/recurringrun/details/${recurring.recurring_run_id}` },
    artifacts: { route: "/artifacts" },
    executions: { route: "/executions" },
    archive: { route: "/archive/runs" },
    settings: { route: "/settings" },
    palette: { route: "/runs", prepare: (page) => page.keyboard.press("Control+k").then(() => page.waitForTimeout(500)) },
  };
}
