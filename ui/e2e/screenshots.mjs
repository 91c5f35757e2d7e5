// Pictures of every page in both themes, for docs/guide/images: small, and the same pages each time.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Api, root, startServer } from "./api.mjs";
import { launch, openPage } from "./browser.mjs";
import { scores, training } from "./gallery.mjs";
import { pagesOf } from "./pages.mjs";
import { seed } from "./seed.mjs";

const folder = process.env.PICTURES ?? join(root, "docs/guide/images");
const wanted = process.argv.slice(2);
/** WebP of this quality is a tenth of the PNG and shows no flaw at this size. */
const QUALITY = 82;

const server = await startServer();
/** One that asks who somebody is. */
const locked = await startServer({ users: { ada: { role: "admin", password: "correct horse battery" } }, extra: ["--auth", "required"] });
/** One whose things are apart by namespace. */
const apart = await startServer({ extra: ["--multi-user"] });
const browser = await launch();
try {
  const api = new Api(server.url);
  const made = await seed(api);
  // One with metrics and artifacts worth seeing; its environment is made once.
  made.crypto = await api.run(made.pipelines.crypto.pipeline_id, "crypto forecast", { experiment_id: made.experiments.churn.experiment_id });
  await api.settled([made.crypto], 900);
  made.drawn = await drawn(api, made.experiments.churn.experiment_id);
  made.trained = await trainings(api, made.experiments.churn.experiment_id);
  await teams();
  mkdirSync(folder, { recursive: true });
  const pages = pagesOf(made);
  const isWanted = (name) => wanted.length === 0 || wanted.includes(name);
  for (const theme of ["light", "dark"]) {
    for (const [name, { route, prepare }] of Object.entries(pages)) {
      if (isWanted(name)) await picture(name, theme, `${server.url}/#${route}`, "main h1", prepare);
    }
    if (isWanted("namespaces")) {
      const choose = (page) => page.getByRole("button", { name: /^Namespace:/ }).click();
      await picture("namespaces", theme, `${apart.url}/#/pipelines?ns=team-churn`, "main h1", choose);
    }
    if (isWanted("login")) await picture("login", theme, locked.url, "h1");
  }
} finally {
  await browser.close();
  await server.stop();
  await locked.stop();
  await apart.stop();
}

async function picture(name, theme, address, until, prepare) {
  const { page, context } = await openPage(browser, { theme, width: 1280, height: 800 });
  await page.goto(address);
  await page.waitForSelector(until);
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"], [aria-label="Loading"]'), undefined, { timeout: 15_000 });
  await page.waitForTimeout(900);
  await prepare?.(page);
  await page.waitForTimeout(300);
  const file = join(folder, `${name}-${theme}.webp`);
  await save(page, file);
  console.log(file.slice(root.length));
  await context.close();
}

/** Runs that differ in what was chosen and in what came of it. */
async function trainings(api, experiment_id) {
  const choices = [[5, 0.1, "adam"], [10, 0.1, "adam"], [20, 0.1, "sgd"], [10, 0.4, "sgd"], [30, 0.4, "adam"]];
  const spec = training();
  const started = choices.map(([epochs, rate, optimizer]) =>
    api.call("POST", "runs", { display_name: `${optimizer}, ${epochs} epochs`, experiment_id, pipeline_spec: spec, runtime_config: { parameters: { epochs, rate, optimizer } } }),
  );
  const runs = await api.settled(await Promise.all(started));
  return runs.map((run) => run.run_id).join(",");
}

/** Scores of a model, drawn as a curve; what the page of that needs in its address. */
async function drawn(api, experiment_id) {
  const [run] = await api.settled([await api.call("POST", "runs", { display_name: "scores of the churn model", experiment_id, pipeline_spec: scores() })]);
  const own = `${server.url}/apis/pipewright/v1`;
  const { artifacts } = await (await fetch(`${own}/artifacts?run_id=${run.run_id}`)).json();
  const asked = { type: "ROC_CURVE", source: artifacts[0].uri, arguments: { trueclass: "left" } };
  const made = await (await fetch(`${own}/visualizations`, { method: "POST", body: JSON.stringify(asked) })).json();
  await api.settled([made]);
  return new URLSearchParams({ type: asked.type, source: asked.source, run: made.run_id });
}

/** Pipelines of some teams, and some that all share. */
async function teams() {
  const api = new Api(apart.url);
  const made = [["churn-features", "team-churn"], ["churn-model", "team-churn"], ["demand", "team-forecast"], ["clean-up", ""]];
  for (const [name, namespace] of made) await api.upload("conformance/corpus/nested-3/pipeline.yaml", name, "", { namespace });
  for (const namespace of ["team-churn", "team-forecast"]) await api.call("POST", "experiments", { display_name: "weekly", namespace });
}

/** The browser itself writes WebP. */
async function save(page, file) {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY, optimizeForSpeed: false });
  writeFileSync(file, Buffer.from(data, "base64"));
}
