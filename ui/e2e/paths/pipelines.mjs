// Pipelines: upload with its checks, versions, differences; and the form of a new run.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Api, root, startServer } from "../api.mjs";
import { check } from "../walk.mjs";

const file = (path) => join(root, path);

export const paths = {
  "pipelines: versions are expanded, compared and shown": async (walk, { made }) => {
    const { page } = walk;
    await walk.open("/pipelines");
    await walk.row("crypto-forecasting");
    await walk.accessible("the pipelines");
    await page.getByRole("button", { name: "Expand crypto-forecasting" }).click();
    await page.getByLabel("Mark v2-more-rounds for a comparison").check();
    await page.getByLabel("Mark other-example for a comparison").check();
    await walk.button("Compare the two").click();
    await walk.title("Compare versions");
    await page.locator(".cm-changedLine").first().waitFor({ timeout: 15_000 });
    await walk.accessible("two versions");
    const { pipeline_id } = made.pipelines.crypto;
    await walk.open(`/pipelines/details/${pipeline_id}`);
    await page.getByText("feature-engineering").first().waitFor();
    await walk.accessible("the graph of a pipeline");
    await page.getByRole("tab", { name: "Spec" }).click();
    await walk.see("components");
    await page.getByRole("tab", { name: "Summary" }).click();
    await walk.see("Pipeline ID");
    await page.getByRole("tab", { name: "Versions" }).click();
    await walk.see("other-example");
    await page.getByRole("tab", { name: "Statistics" }).click();
    await walk.see("No runs in this time");
    await walk.accessible("the statistics");
  },

  "upload: mistakes are told before anything is stored": async (walk) => {
    const { page } = walk;
    await walk.open("/pipeline_versions/new");
    await walk.accessible("the upload");
    await page.setInputFiles("input[type=file]", { name: "broken.yaml", mimeType: "text/yaml", buffer: Buffer.from("components: [\n") });
    await page.getByRole("region", { name: "Findings" }).waitFor();
    check(await walk.button("Upload").isDisabled(), "a broken file can be uploaded");
    await walk.accessible("findings");
  },

  "upload: a file is dropped on the page": async (walk) => {
    const { page } = walk;
    await walk.open("/pipeline_versions/new");
    const text = readFileSync(file("conformance/corpus/hello/pipeline.yaml"), "utf8");
    const dragged = await page.evaluateHandle((content) => {
      const data = new DataTransfer();
      data.items.add(new File([content], "dropped.yaml", { type: "application/yaml" }));
      return data;
    }, text);
    const place = page.locator("label", { has: page.locator("input[type=file]") });
    await place.dispatchEvent("dragover", { dataTransfer: dragged });
    await place.dispatchEvent("drop", { dataTransfer: dragged });
    await walk.see("dropped.yaml");
    await walk.see("1 task");
    await page.getByLabel(/^Name/).fill("dropped");
    await walk.button("Upload").click();
    await walk.title(/dropped/);
  },

  "upload: a name that is taken becomes a version": async (walk) => {
    const { page } = walk;
    await walk.open("/pipeline_versions/new");
    await page.setInputFiles("input[type=file]", file("conformance/corpus/hello/pipeline.yaml"));
    await walk.see("1 task");
    await page.getByLabel(/^Name/).fill("fan-out");
    await page.getByRole("button", { name: "Upload this as its new version" }).click();
    await page.getByLabel("Version name").fill("by hand");
    await walk.button("Upload to fan-out").click();
    await walk.title(/fan-out/);
    await page.getByRole("button", { name: "Version: by hand" }).waitFor();
  },

  "run form: types, mistakes and defaults": async (walk, { api }) => {
    const { page } = walk;
    const pipeline = await api.upload("conformance/corpus/param-types/pipeline.yaml", "typed");
    await walk.open(`/runs/new?pipelineId=${pipeline.pipeline_id}`);
    await walk.title("New run");
    await page.getByText("integer").first().waitFor();
    await walk.accessible("the form of a run");
    const number = page.locator("input[inputmode=decimal]").first();
    const before = await number.inputValue();
    await number.fill("not a number");
    await page.getByText(/A (whole )?number, such as/).waitFor();
    await walk.button("Start").click();
    check(page.url().includes("/runs/new"), "a wrong parameter was sent");
    await number.fill(before === "" ? "3" : before);
    await page.getByText(/A (whole )?number, such as/).waitFor({ state: "detached" });
  },

  "run form: a recurring run reads its schedule aloud": async (walk, { made }) => {
    const { page } = walk;
    await walk.open(`/runs/new?pipelineId=${made.pipelines.nested.pipeline_id}&recurring=1`);
    await walk.title("New recurring run");
    await page.getByRole("radio", { name: /At certain times/ }).click();
    await page.getByRole("button", { name: "Weekdays at 09:00" }).click();
    await walk.see("At 09:00, on weekdays");
    await page.getByLabel("Cron expression").fill("0 9 * * 1-5");
    await walk.see("Five fields are read with the seconds first too.");
    await page.getByLabel("Cron expression").fill("0 0 25 * * *");
    await walk.see("hour: 25 is not within 0–23");
    await walk.accessible("the editor of a schedule");
    await page.getByLabel("Cron expression").fill("0 0 6 * * *");
    await walk.button("Schedule").click();
    await page.waitForFunction(() => location.hash.startsWith("#/recurringrun/details/"), undefined, { timeout: 15_000 });
    await walk.see("At 06:00, every day");
  },

  "clone: a run comes back with its parameters": async (walk, { api, made }) => {
    const run = await api.run(made.pipelines.crypto.pipeline_id, "to be cloned", { parameters: { dataset: "another" } });
    await api.call("POST", `runs/${run.run_id}:terminate`).catch(() => {});
    await walk.open(`/runs/new?cloneFromRun=${run.run_id}`);
    await walk.title("Clone of “to be cloned”");
    check((await walk.page.getByLabel("Name").first().inputValue()) === "Clone of to be cloned", "the name is not a clone's");
    await walk.page.waitForFunction(() => [...document.querySelectorAll("input")].some((input) => input.value === "another"));
    await api.settled([run]);
    await api.call("DELETE", `runs/${run.run_id}`);
  },

  "new run: how its tasks are run is chosen, kept, cloned, and refused where it cannot be": async (walk) => {
    const { page } = walk;
    // No engine answers there, whatever the machine has.
    const server = await startServer({ settings: 'executor = "process"\ncontainer_socket = "/nowhere/engine.sock"\n' });
    try {
      walk.url = server.url;
      const api = new Api(server.url);
      const pipeline = await api.upload("conformance/corpus/nested-3/pipeline.yaml", "chosen");
      const start = async (executor) => {
        await page.getByRole("button", { name: "Further settings" }).waitFor();
        const chooser = page.getByLabel("Run tasks as");
        if (!(await chooser.isVisible())) await page.getByRole("button", { name: "Further settings" }).click();
        await chooser.selectOption(executor);
        await walk.button("Start").click();
      };
      await walk.open(`/runs/new?pipelineId=${pipeline.pipeline_id}`);
      await start("containers");
      walk.allowed.push(/400/);
      await walk.see(/no container engine answers here/);
      check(page.url().includes("/runs/new"), "a run was made that cannot be");
      await start("processes");
      await page.waitForFunction(() => location.hash.includes("/runs/details/"));
      const id = /details\/([^?]+)/.exec(page.url())[1];
      const run = await api.call("GET", `runs/${id}`);
      check(run.plugins_input?.pipewright?.executor === "process", `the run says ${JSON.stringify(run.plugins_input)}`);
      await page.getByRole("tab", { name: "Details" }).first().click();
      await walk.see("Tasks run as");
      await walk.see("process");
      await walk.accessible("the details of a run that says how");
      await walk.open(`/runs/new?cloneFromRun=${id}`);
      check((await page.getByLabel("Run tasks as").inputValue()) === "process", "a clone forgets how");
    } finally {
      await server.stop();
    }
  },
};
