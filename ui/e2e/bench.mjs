// What the pages cost, in a real browser on a real server: one line of JSON for each figure. `cargo xtask bench pages`
// makes a table of them. Wall time is the reader's; CPU time of the page's main thread says the same on a busy machine.
import { statSync } from "node:fs";
import { join } from "node:path";
import { Api, pause, root, startServer } from "./api.mjs";
import { launch, openPage } from "./browser.mjs";
import { talkative, wide } from "./gallery.mjs";
import { seed } from "./seed.mjs";

const TASKS = 1_000;
const MEGABYTES = 200;
/** What `talkative` prints for them: so many lines of so many bytes. */
const LINES = MEGABYTES * 10_000;
const LINE = 99;
const STEPS = 120;
/** Bytes of script, as gzip packs it. */
const SCRIPTS = 300_000;
const SECOND = 1_000;
/** Less than this nobody waits for. */
const AT_ONCE = 500;
const LONG_TASK = 50;

const server = await startServer();
const browser = await launch();
try {
  const api = new Api(server.url);
  await seed(api);
  const [many, loud] = await api.settled([await start(api, "wide", wide(TASKS)), await start(api, "loud", talkative(MEGABYTES))], 900);
  await firstPage();
  await graph(many.run_id);
  await log(loud.run_id, `a log of ${MEGABYTES} MB`);
  await log(await discreet(api), `one that grows, with secrets in it`);
} finally {
  await browser.close();
  await server.stop();
}

function start(api, name, spec) {
  return api.call("POST", "runs", { display_name: name, pipeline_spec: spec });
}

function row(what, measured, floor, limit, holds) {
  console.log(JSON.stringify({ what, measured, floor, limit, holds }));
}

/** A page that notes its long tasks, and how to ask how long its main thread has worked, in milliseconds. */
async function watched() {
  const opened = await openPage(browser);
  await opened.page.addInitScript(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => window.longTasks.push(Math.round(entry.duration)))).observe({ type: "longtask" });
  });
  const session = await opened.context.newCDPSession(opened.page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => (await session.send("Performance.getMetrics")).metrics.find((metric) => metric.name === "TaskDuration").value * 1000;
  return { ...opened, busy };
}

/** An empty page: what the browser alone takes. */
async function floor() {
  const { page, context } = await openPage(browser);
  const begun = Date.now();
  await page.goto("data:text/html,<h1>nothing</h1>");
  await page.locator("h1").waitFor();
  const took = Date.now() - begun;
  await context.close();
  return took;
}

async function firstPage() {
  const { page, context, busy } = await watched();
  const scripts = new Set();
  page.on("request", (request) => request.resourceType() === "script" && scripts.add(new URL(request.url()).pathname));
  const empty = await floor();
  const begun = Date.now();
  await page.goto(server.url);
  await page.getByRole("link", { name: "nightly 4", exact: true }).waitFor();
  const shown = Date.now() - begun;
  const cpu = await busy();
  const interactive = await page.evaluate(() => performance.getEntriesByType("navigation")[0].domInteractive);
  const size = [...scripts].reduce((sum, path) => sum + statSync(join(root, "ui/dist", `${path}.gz`)).size, 0);
  row("first page: scripts, gzipped", `${Math.round(size / 1000)} kB`, "none", `${SCRIPTS / 1000} kB`, size < SCRIPTS);
  row("first page: document interactive", `${Math.round(interactive)} ms`, `${empty} ms`, `${SECOND} ms`, interactive < SECOND);
  row("first page: its rows are there", `${shown} ms (${Math.round(cpu)} ms CPU)`, `${empty} ms`, `${SECOND} ms CPU`, cpu < SECOND);
  await context.close();
}

/** Moves the mouse with its button down over what is shown, and tells what each step cost. */
async function moved({ page, busy }, step) {
  await page.evaluate(() => {
    window.longTasks = [];
  });
  const before = await busy();
  for (let index = 0; index < STEPS; index++) await step(index);
  const each = ((await busy()) - before) / STEPS;
  const long = await page.evaluate(() => window.longTasks);
  return { each, text: `${each.toFixed(1)} ms CPU a step; ${long.length} long tasks, the longest ${Math.max(0, ...long)} ms` };
}

async function graph(run) {
  const opened = await watched();
  const { page, context, busy } = opened;
  await page.goto(`${server.url}/#/runs/details/${run}?tab=config`);
  await page.getByRole("tab", { name: "Graph" }).waitFor();
  await page.getByText(run).first().waitFor();
  await page.evaluate(() => {
    window.begun = performance.now();
  });
  const before = await busy();
  await page.getByRole("tab", { name: "Graph" }).click();
  const painted = await page.waitForFunction(() => {
    const mark = performance.getEntriesByName("graph painted")[0];
    return mark !== undefined && mark.startTime - window.begun;
  });
  const drawn = await painted.jsonValue();
  const cpu = (await busy()) - before;
  row(`a run of ${TASKS} tasks is drawn`, `${Math.round(drawn)} ms (${Math.round(cpu)} ms CPU)`, "none", `${SECOND} ms CPU`, cpu < SECOND);
  for (const [name, zoom] of [["as a whole", 0], ["close up", 7]]) {
    for (let step = 0; step < zoom; step++) await page.getByRole("button", { name: "Zoom in" }).click();
    await page.waitForTimeout(300);
    await page.mouse.move(900, 500);
    await page.mouse.down();
    const { each, text } = await moved(opened, (step) => page.mouse.move(900 - step * 3, 500 + step * 2));
    await page.mouse.up();
    row(`it is moved, ${name}`, text, "none", `${LONG_TASK} ms a step`, each < LONG_TASK);
  }
  await context.close();
}

/** A task that has printed much and goes on, with a secret that its log must not show; returns the run. */
async function discreet(api) {
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "colour" }, stringData: { value: "brown fox" } };
  await fetch(`${server.url}/apis/pipewright/v1/namespaces/default/objects`, { method: "POST", body: JSON.stringify(secret), headers: { "Content-Type": "application/json" } });
  const { run_id } = await start(api, "loud and discreet", talkative(MEGABYTES, 600));
  const path = `${server.url}/apis/pipewright/v1/runs/${run_id}/tasks/root%2Floud/log?in_place=true`;
  for (let look = 0; look < 600; look++) {
    const answer = await fetch(path, { method: "HEAD" });
    if (Number(answer.headers.get("content-length")) >= LINES * LINE) return run_id;
    await pause(250);
  }
  throw new Error("the log did not grow");
}

async function log(run, name) {
  const opened = await watched();
  const { page, context, busy } = opened;
  await page.goto(`${server.url}/#/runs/details/${run}?task=root/loud`);
  await page.getByRole("tab", { name: "Logs" }).waitFor();
  await page.getByRole("region", { name: "Outputs" }).or(page.getByText("No outputs")).first().waitFor().catch(() => {});
  let bytes = 0;
  page.on("response", (response) => (bytes += response.url().includes("/log?") && response.request().method() === "GET" ? Number(response.headers()["content-length"] ?? 0) : 0));
  const before = await busy();
  const begun = Date.now();
  await page.getByRole("tab", { name: "Logs" }).click();
  await page.getByText(`${String(LINES - 1).padStart(8, "0")} the quick`).first().waitFor();
  const shown = Date.now() - begun;
  const cpu = (await busy()) - before;
  row(`${name}, shows its end`, `${shown} ms (${Math.round(cpu)} ms CPU, ${Math.round(bytes / 1000)} kB read)`, "none", `${AT_ONCE} ms CPU`, cpu < AT_ONCE);
  const area = await page.getByRole("log").boundingBox();
  await page.mouse.move(area.x + area.width / 2, area.y + area.height / 2);
  const { each, text } = await moved(opened, () => page.mouse.wheel(0, -120));
  row(`${name}, is scrolled`, text, "none", `${LONG_TASK} ms a step`, each < LONG_TASK);
  await context.close();
}
