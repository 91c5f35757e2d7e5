// Viewers: one path for each kind of artifact, on a real run that made them; then artifacts and executions over all runs.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Api, startServer } from "../api.mjs";
import { gallery, training } from "../gallery.mjs";
import { check } from "../walk.mjs";

/** Says where it listens as TensorBoard does, and shows which folder it was given. */
const STAND_IN = `#!/usr/bin/env python3
import http.server, sys
words = sys.argv[1:]
value = lambda name: words[words.index(name) + 1]
logs = next(value(name) for name in ('--logdir', '--logdir_spec') if name in words)
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f'<!doctype html><title>board</title><h1>Board of {logs}</h1>'.encode()
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Page)
print(f'TensorBoard 0 at http://127.0.0.1:{server.server_port}{value("--path_prefix")}/ (Press CTRL+C to quit)', file=sys.stderr, flush=True)
server.serve_forever()
`;

/** One run is enough for all paths here. */
let made;
async function galleryRun(api) {
  made ??= api.call("POST", "runs", { display_name: "gallery", pipeline_spec: gallery() }).then(async (run) => (await api.settled([run]))[0]);
  const run = await made;
  check(run.state === "SUCCEEDED", `the gallery ended as ${run.state}: ${run.error?.message}`);
  return run;
}

async function openTask(walk, api, task) {
  const run = await galleryRun(api);
  await walk.open(`/runs/details/${run.run_id}?task=root/${task}`);
  await walk.page.getByRole("region", { name: "Outputs" }).waitFor({ timeout: 15_000 });
}

/** Opens the card of an artifact, if it is not, and returns it. */
async function card(page, name) {
  const outputs = page.getByRole("region", { name: "Outputs" });
  const button = outputs.getByRole("button", { name: new RegExp(`^${name}\\b`) }).first();
  await button.waitFor({ timeout: 15_000 });
  if ((await button.getAttribute("aria-expanded")) === "false") await button.click();
  return outputs;
}

export const paths = {
  "viewer: a table, sorted": async (walk, { api }) => {
    await openTask(walk, api, "data");
    const outputs = await card(walk.page, "table");
    await outputs.getByRole("button", { name: "people", exact: true }).waitFor();
    await outputs.getByText("The first 200 rows of 500.").waitFor();
    await outputs.getByRole("button", { name: "people", exact: true }).click();
    await walk.accessible("a table");
  },
  "viewer: the head of a Parquet file": async (walk, { api }) => {
    await openTask(walk, api, "data");
    const outputs = await card(walk.page, "columns");
    await outputs.getByRole("button", { name: "founded" }).waitFor();
    await outputs.getByRole("cell", { name: "city 1", exact: true }).waitFor();
    await outputs.getByText("The first 200 rows of 300.").waitFor();
    await walk.accessible("a Parquet file");
  },
  "viewer: text, JSON and a picture": async (walk, { api }) => {
    await openTask(walk, api, "data");
    await (await card(walk.page, "words")).getByText("in two lines").waitFor();
    await (await card(walk.page, "config")).getByText("learning_rate").waitFor();
    const picture = (await card(walk.page, "picture")).getByRole("img", { name: "picture" });
    await picture.waitFor();
    check(await picture.evaluate((image) => image.complete && image.naturalWidth === 96), "the picture is not shown");
    await walk.accessible("text, JSON and a picture");
  },
  "viewer: a folder, down to a file": async (walk, { api }) => {
    await openTask(walk, api, "data");
    const outputs = await card(walk.page, "folder");
    await outputs.getByRole("button", { name: /inner/ }).click();
    await outputs.getByRole("button", { name: /b\.md/ }).click();
    await outputs.getByRole("heading", { name: "second" }).waitFor();
    await walk.accessible("a folder");
  },
  "viewer: binary data is offered for download": async (walk, { api }) => {
    await openTask(walk, api, "train");
    await (await card(walk.page, "model")).getByText(/data that is no text/).waitFor();
    const [download] = await Promise.all([walk.page.waitForEvent("download"), walk.page.getByRole("link", { name: "Download model" }).click()]);
    check((await download.failure()) === null, "the download failed");
  },
  "viewer: metrics, classification metrics and slices": async (walk, { api }) => {
    await openTask(walk, api, "evaluate");
    await (await card(walk.page, "metrics")).getByRole("row", { name: "accuracy 0.9312" }).waitFor();
    const outputs = await card(walk.page, "classes");
    await outputs.getByRole("img", { name: /ROC curve of classes/ }).waitFor();
    await outputs.getByRole("table", { name: /Confusion matrix of classes/ }).waitFor();
    await (await card(walk.page, "slices")).getByRole("combobox").selectOption("old");
    await walk.accessible("metrics");
  },
  "viewer: a page reaches neither this page nor the API": async (walk, { api }) => {
    walk.allowed.push(/Content Security Policy|Refused|blocked|sandbox|violates|404/i);
    await openTask(walk, api, "report");
    await card(walk.page, "page");
    const frame = walk.page.frameLocator('iframe[title="page"]');
    await frame.getByText("page is out of reach, no storage, API is out of reach").waitFor({ timeout: 15_000 });
    check((await walk.page.title()) !== "broken", "the page was reached");
  },
  "viewer: markdown": async (walk, { api }) => {
    walk.allowed.push(/Content Security Policy|Refused|blocked|sandbox|violates|404/i);
    await openTask(walk, api, "report");
    const outputs = await card(walk.page, "summary");
    await outputs.getByRole("heading", { name: "Summary" }).first().waitFor();
    // The old platform's list of what to show has it once more.
    await outputs.getByRole("cell", { name: "0.93" }).first().waitFor();
  },
  "viewer: what the old platform's tasks want shown": async (walk, { api }) => {
    walk.allowed.push(/Content Security Policy|Refused|blocked|sandbox|violates|404/i);
    await openTask(walk, api, "report");
    const outputs = await card(walk.page, "mlpipeline-ui-metadata");
    await outputs.getByRole("heading", { name: "Old report" }).waitFor();
    await outputs.getByRole("cell", { name: "Bern" }).waitFor();
    await outputs.getByRole("table", { name: /Confusion matrix/ }).waitFor();
    await outputs.getByRole("img", { name: /ROC curve/ }).waitFor();
    await walk.page.frameLocator('iframe[title="Page made by the task"]').getByText("made by its script").waitFor();
    // One lies where the server reaches it, another where only others do.
    await outputs.getByRole("region", { name: "Markdown" }).nth(1).getByRole("heading", { name: "Summary" }).waitFor();
    await outputs.getByRole("alert").filter({ hasText: "this server reads local artifacts only" }).waitFor();
    await walk.see("A view of type “hologram” is of no type that is known here");
    await walk.see(/This server has no TensorBoard|Start TensorBoard/);
    await walk.accessible("views of the old platform");
    const starter = walk.button("Start TensorBoard");
    // Where the machine has the program.
    if (!(await starter.isVisible())) return;
    await starter.click();
    const link = walk.page.getByRole("link", { name: "Open TensorBoard" });
    await link.waitFor({ timeout: 90_000 });
    const [board] = await Promise.all([walk.context.waitForEvent("page"), link.click()]);
    await board.getByText("No dashboards are active").first().waitFor({ timeout: 30_000 });
    const reached = await board.evaluate(() => fetch("/apis/v2beta1/runs").then(() => "the API", () => window.open("/") !== null && "a window"));
    check(reached === false, `a TensorBoard reaches ${reached}`);
    await board.close();
    await walk.button("Stop").last().click();
    await starter.waitFor();
  },

  "viewer: a TensorBoard is started, opened and stopped": async (walk) => {
    const { page } = walk;
    // Stands for the program, so that the buttons are watched on every machine.
    const folder = mkdtempSync(join(tmpdir(), "pipewright-board-"));
    writeFileSync(join(folder, "tensorboard"), STAND_IN, { mode: 0o755 });
    const server = await startServer({ path: folder });
    walk.allowed.push(/Content Security Policy|Refused|blocked|sandbox|violates|404/i);
    try {
      walk.url = server.url;
      const api = new Api(server.url);
      const [run] = await api.settled([await api.call("POST", "runs", { display_name: "gallery", pipeline_spec: gallery() })]);
      await walk.open(`/runs/details/${run.run_id}?task=root/report`);
      await card(page, "mlpipeline-ui-metadata");
      await walk.button("Start TensorBoard").click();
      const link = page.getByRole("link", { name: "Open TensorBoard" });
      await link.waitFor({ timeout: 30_000 });
      await walk.accessible("a TensorBoard that runs");
      const [board] = await Promise.all([walk.context.waitForEvent("page"), link.click()]);
      await board.getByRole("heading", { name: /^Board of .*logs/ }).waitFor({ timeout: 15_000 });
      const reached = await board.evaluate(() => fetch("/apis/v2beta1/runs").then(() => true, () => false));
      check(!reached, "a TensorBoard reaches the API");
      await board.close();
      await page.reload();
      await card(page, "mlpipeline-ui-metadata");
      await walk.button("Stop").last().click();
      await walk.button("Start TensorBoard").waitFor();
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },

  "viewer: metrics of the old platform": async (walk, { api }) => {
    walk.allowed.push(/Content Security Policy|Refused|blocked|sandbox|violates|404/i);
    await openTask(walk, api, "report");
    const outputs = await card(walk.page, "mlpipeline-metrics");
    await outputs.getByRole("row", { name: "accuracy-score 87.5 %" }).waitFor();
    await outputs.getByRole("row", { name: "rmse 0.25" }).waitFor();
    await walk.page.getByRole("tab", { name: "Run output" }).click();
    await walk.page.getByRole("region", { name: "Metrics" }).getByText("accuracy-score").waitFor();
  },

  "artifacts: a list, a page, and where it came from": async (walk, { api }) => {
    const { page } = walk;
    await galleryRun(api);
    await walk.open("/artifacts");
    await walk.row("classes");
    await walk.accessible("the artifacts");
    await page.getByLabel("Type of artifact").selectOption("system.Model");
    await (await walk.row("model")).getByRole("link", { name: "model" }).click();
    await walk.title(/model/);
    await page.getByRole("tab", { name: "Lineage" }).click();
    const lineage = page.getByRole("region", { name: "Lineage" });
    await lineage.getByRole("link", { name: /train/ }).first().waitFor();
    await lineage.getByRole("link", { name: /evaluate/ }).first().waitFor();
    await walk.accessible("a lineage");
    await lineage.getByRole("link", { name: /^table/ }).first().click();
    await walk.title(/table/);
  },
  "executions: a list and a page": async (walk, { api }) => {
    const { page } = walk;
    await galleryRun(api);
    await walk.open("/executions?q=evaluate");
    await page.getByRole("link", { name: /^evaluate/ }).first().waitFor({ timeout: 15_000 });
    await walk.accessible("the executions");
    await page.getByRole("link", { name: /^evaluate/ }).first().click();
    await walk.title(/evaluate/);
    await page.getByRole("region", { name: "Outputs" }).getByText("metrics").first().waitFor();
    await walk.accessible("an execution");
    await page.getByRole("tab", { name: "Events" }).click();
    await walk.accessible("the events of an execution");
  },
  "compare: two runs, part by part": async (walk, { api }) => {
    walk.allowed.push(/Content Security Policy|Refused|blocked|sandbox|violates/i);
    const { page } = walk;
    const first = await galleryRun(api);
    const [second] = await api.settled([await api.call("POST", "runs", { display_name: "gallery again", pipeline_spec: gallery() })]);
    await walk.open(`/compare?runlist=${first.run_id}`);
    await walk.see("One more run is needed");
    await walk.accessible("a comparison that begins");
    await page.getByRole("button", { name: "Add a run" }).first().click();
    await page.getByPlaceholder("Name").fill("gallery again");
    await page.getByRole("dialog").getByRole("button", { name: /gallery again/ }).click();
    await page.waitForFunction((id) => location.hash.includes(id), second.run_id);
    await page.getByRole("rowheader", { name: /^accuracy evaluate/ }).waitFor({ timeout: 15_000 });
    await walk.accessible("the summary of a comparison");
    await page.getByRole("tab", { name: /Charts/ }).click();
    await page.getByRole("img", { name: /ROC curves/ }).waitFor();
    await walk.accessible("charts of a comparison");
    await page.getByRole("tab", { name: /Reports/ }).click();
    await page.getByRole("region", { name: "Report at the left" }).waitFor();
    await page.getByRole("tab", { name: /Artifacts/ }).click();
    await page.getByRole("region", { name: "Artifacts of the runs" }).waitFor();
    await page.getByRole("tab", { name: /Tasks that differ/ }).click();
    await page.getByRole("group", { name: "Graph with what differs" }).waitFor();
    await walk.accessible("the graph of a comparison");
  },
  "compare: ten runs that differ, over parallel axes": async (walk, { api }) => {
    const { page } = walk;
    const choices = [1, 2, 4, 6, 8, 10, 12, 15, 20, 30].map((epochs, index) => ({ epochs, rate: index % 2 === 0 ? 0.1 : 0.4, optimizer: index % 3 === 0 ? "sgd" : "adam" }));
    const spec = training();
    const started = choices.map((parameters) => api.call("POST", "runs", { display_name: `${parameters.epochs} epochs`, pipeline_spec: spec, runtime_config: { parameters } }));
    const runs = await api.settled(await Promise.all(started));
    await walk.open("/runs?q=epochs&size=20");
    await page.getByLabel("Select all runs of this page").check();
    await walk.button("Compare").click();
    await page.getByRole("rowheader", { name: /accuracy/ }).waitFor({ timeout: 15_000 });
    await page.getByRole("rowheader", { name: "optimizer" }).waitFor();
    check(await walk.button("Add a run").isDisabled(), "an eleventh run can be added");
    await walk.picture("compare-summary");
    await page.getByRole("tab", { name: /Charts/ }).click();
    const plot = page.getByRole("region", { name: "Parallel coordinates" });
    await plot.getByRole("img", { name: /epochs 30.*optimizer (adam|sgd).*accuracy/ }).waitFor();
    await plot.getByRole("button", { name: /30 epochs/ }).click();
    await page.getByRole("table", { name: /Confusion matrix/ }).nth(9).waitFor();
    await walk.accessible("parallel axes");
    await walk.picture("compare-charts");
    for (const run of runs) await api.call("DELETE", `runs/${run.run_id}`);
  },
};
