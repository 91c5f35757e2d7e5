// What one does to runs, pipelines, experiments and recurring runs: each with its question, its progress or its way back.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, startServer } from "../api.mjs";
import { fragile, talkative } from "../gallery.mjs";
import { check } from "../walk.mjs";

const start = (api, name, spec) => api.call("POST", "runs", { display_name: name, pipeline_spec: spec });

/** Opens the menu of a row and chooses from it. */
async function choose(walk, row, entry) {
  await walk.page.getByRole("button", { name: `Actions on ${row}` }).click();
  await walk.page.getByRole("menuitem", { name: entry }).click();
}

async function more(walk, entry) {
  await walk.page.getByRole("button", { name: "More", exact: true }).click();
  await walk.page.getByRole("menuitem", { name: entry }).click();
}

/** Answers the question that an action asks. */
const confirm = (walk, word) => walk.page.getByRole("alertdialog").getByRole("button", { name: word, exact: true }).click();

async function gone(walk, name) {
  await walk.page.getByRole("link", { name, exact: true }).first().waitFor({ state: "detached", timeout: 15_000 });
}

export const paths = {
  "action: upload by an address, from a host that the server allows": async (walk) => {
    const { page } = walk;
    const settings = '[pipeline_urls]\nallow_http = true\nallowed_hosts = ["127.0.0.1"]\nallow_private = true\n';
    const server = await startServer({ settings });
    const files = createServer((request, response) => {
      if (!request.url.endsWith("/pipeline.yaml")) return response.writeHead(404).end();
      response.end(readFileSync(join(root, "examples/crypto-forecasting/pipeline.yaml")));
    });
    await new Promise((resolve) => files.listen(0, "127.0.0.1", resolve));
    try {
      walk.url = server.url;
      await walk.open("/pipeline_versions/new");
      await page.getByRole("radio", { name: "Address" }).click();
      await page.getByRole("textbox", { name: "Address" }).fill("https://example.org/pipeline.yaml");
      await page.getByLabel(/^Name/).fill("from elsewhere");
      walk.allowed.push(/400/);
      await walk.button("Upload").click();
      await page.getByRole("alert").filter({ hasText: "example.org" }).waitFor();
      await walk.accessible("an address that is refused");
      await page.getByRole("textbox", { name: "Address" }).fill(`http://127.0.0.1:${files.address().port}/pipeline.yaml`);
      await walk.button("Upload").click();
      await walk.title("from elsewhere");
      await page.getByRole("button", { name: /^evaluation, / }).waitFor({ timeout: 15_000 });
      await walk.picture("upload-by-address");
    } finally {
      files.close();
      await server.stop();
    }
  },

  "action: a run is retried, then run again from a task with another parameter": async (walk, { api }) => {
    const { page } = walk;
    const run = await start(api, "fragile", fragile());
    await api.settled([run]);
    await walk.open(`/runs/details/${run.run_id}`);
    await walk.button("Retry").click();
    await page.getByRole("button", { name: /^second, task, failed, 2 attempts/ }).waitFor({ timeout: 30_000 });
    await page.getByRole("button", { name: /^first, task, succeeded/ }).waitFor();
    await page.getByRole("button", { name: /^second, task, failed/ }).click();
    await page.getByRole("button", { name: "Run again from here" }).click();
    const dialog = page.getByRole("dialog", { name: /Run again from/ });
    await dialog.getByLabel("code").fill("nothing");
    await dialog.getByRole("button", { name: "Start" }).click();
    await walk.see("A whole number, such as 42.");
    await walk.accessible("the question what to change");
    await dialog.getByLabel("code").fill("0");
    await walk.picture("run-again-from-here");
    await dialog.getByRole("button", { name: "Start" }).click();
    await page.waitForFunction((old) => !location.hash.includes(old), run.run_id, { timeout: 15_000 });
    await page.locator("header").getByText("Succeeded").first().waitFor({ timeout: 30_000 });
  },

  "action: a run is archived, restored and deleted from its page": async (walk, { api }) => {
    const { page } = walk;
    const run = await start(api, "to be put away", fragile());
    await api.settled([run]);
    await walk.open(`/runs/details/${run.run_id}`);
    await more(walk, "Archive");
    await walk.see("Archived “to be put away”");
    await more(walk, "Restore");
    await walk.see("Restored “to be put away”");
    await more(walk, "Delete…");
    await walk.accessible("the question before a run is deleted");
    await confirm(walk, "Cancel");
    await walk.title(/to be put away/);
    await more(walk, "Delete…");
    await confirm(walk, "Delete");
    await walk.title("Runs");
    await gone(walk, "to be put away");
  },

  "action: several runs are stopped and deleted at once": async (walk, { api }) => {
    const { page } = walk;
    const runs = await Promise.all([1, 2, 3].map((number) => start(api, `endless ${number}`, talkative(0.1))));
    await walk.open("/runs?q=endless");
    for (const number of [1, 2, 3]) await page.getByLabel(`Select endless ${number}`).check();
    await walk.button("Stop").click();
    await confirm(walk, "Stop");
    await walk.see("Stopping 3 runs");
    await api.settled(runs);
    for (const number of [1, 2, 3]) await (await walk.row(`endless ${number}`)).getByText("Stopped").waitFor({ timeout: 15_000 });
    await walk.button("Delete").click();
    await confirm(walk, "Delete");
    await walk.see("Deleted 3 runs");
    await walk.see("Nothing matches the filter.");
  },

  "action: a run is exported as a file, which another server takes in": async (walk, { made }) => {
    const { page } = walk;
    const { run_id, display_name } = made.runs[0];
    await walk.open(`/runs/details/${run_id}`);
    await more(walk, "Export as a file");
    const dialog = page.getByRole("dialog", { name: "Export the run" });
    await dialog.getByLabel("With artifacts").check();
    await walk.accessible("the question what to export");
    const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Download" }).click()]);
    check(download.suggestedFilename() === `run-${run_id}.zip`, download.suggestedFilename());
    const file = await download.path();

    const other = await startServer();
    try {
      walk.url = other.url;
      await walk.open("/runs");
      await walk.button("Import").click();
      const taking = page.getByRole("dialog", { name: "Import a run" });
      await taking.locator("input[type=file]").setInputFiles({ name: "broken.zip", mimeType: "application/zip", buffer: Buffer.from("no archive") });
      walk.allowed.push(/400/);
      await taking.getByRole("button", { name: "Import" }).click();
      await taking.getByRole("alert").waitFor();
      await walk.accessible("a file that is no run");
      await taking.locator("input[type=file]").setInputFiles(file);
      await taking.getByRole("button", { name: "Import" }).click();
      await page.waitForFunction((id) => location.hash.includes(`/runs/details/${id}`), run_id);
      await walk.title(new RegExp(display_name));
      await page.locator("header").getByText("Succeeded").first().waitFor();
      await page.getByRole("tab", { name: "Details" }).click();
      await page.getByRole("link", { name: "churn-model" }).waitFor();
    } finally {
      await other.stop();
    }
  },

  "action: an experiment is archived, restored and deleted": async (walk, { api }) => {
    await api.experiment("put away later", "");
    await walk.open("/experiments?q=put%20away");
    await walk.row("put away later");
    await choose(walk, "put away later", "Archive…");
    await confirm(walk, "Archive");
    await walk.see("Archived “put away later”");
    await walk.open("/archive/experiments");
    await walk.row("put away later");
    await choose(walk, "put away later", "Restore");
    await walk.see("Restored “put away later”");
    await walk.open("/experiments?q=put%20away");
    await choose(walk, "put away later", "Delete…");
    await confirm(walk, "Delete");
    await gone(walk, "put away later");
  },

  "action: a version, then its pipeline is deleted": async (walk, { api }) => {
    const file = "conformance/corpus/hello/pipeline.yaml";
    const pipeline = await api.upload(file, "short-lived");
    await api.uploadVersion(file, pipeline.pipeline_id, "second version");
    await walk.open(`/pipelines/details/${pipeline.pipeline_id}`);
    await walk.page.getByRole("button", { name: "Version: second version" }).waitFor();
    await more(walk, "Delete this version…");
    await confirm(walk, "Delete");
    await walk.see("Deleted version “second version”");
    await walk.page.getByRole("button", { name: "Version: short-lived" }).waitFor();
    await walk.open("/pipelines?q=short-lived");
    await choose(walk, "short-lived", "Delete pipeline…");
    await confirm(walk, "Delete");
    await gone(walk, "short-lived");
  },

  "action: a recurring run is cloned and deleted": async (walk) => {
    const { page } = walk;
    await walk.open("/recurringruns");
    await choose(walk, "hourly check", "Clone");
    await walk.title(/Clone of/);
    await page.getByLabel("Name").first().fill("cloned check");
    await walk.button("Schedule").click();
    await walk.title("cloned check");
    await walk.open("/recurringruns");
    await choose(walk, "cloned check", "Delete…");
    await confirm(walk, "Delete");
    await gone(walk, "cloned check");
  },
};
