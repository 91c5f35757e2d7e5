// The walk of the tutorial with the mouse, for both examples in both formats: from a file to its metrics. Keys are
// pressed only where somebody has to type a value.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, startServer } from "../api.mjs";
import { check } from "../walk.mjs";

/** The first time, the environment of the steps is installed: minutes on a slow machine. */
const LONG = 1_200_000;

const EXAMPLES = {
  "crypto-forecasting of kfp 2": {
    file: "crypto-forecasting/pipeline.yaml",
    summary: "6 tasks",
    parameters: { dataset: "g-research-crypto-forecasting", data_path: "/mnt" },
    last: "evaluation",
    async look(walk, panel) {
      await panel.getByRole("button", { name: /^metrics/ }).first().waitFor();
      await panel.getByText("root-mean-squared-error").first().waitFor();
      await walk.page.frameLocator('iframe[title="report"]').locator("h1, h2").first().waitFor();
    },
    output: "root-mean-squared-error",
  },
  "facial-keypoints of kfp 2": {
    file: "facial-keypoints/pipeline.yaml",
    summary: "3 tasks",
    parameters: { trial: "2", epoch: "3", patience: "1" },
    last: "evaluate",
    volume: "/data",
    async look(walk) {
      await walk.page.frameLocator('iframe[title="report"]').getByText("Predicted points").waitFor();
    },
    output: "report",
  },
  "crypto-forecasting of kfp 1.8": {
    file: "crypto-forecasting/pipeline_v1.yaml",
    summary: "Argo workflow of kfp 1",
    parameters: { dataset: "g-research-crypto-forecasting", data_path: "/mnt" },
    last: "evaluation-result",
    volume: "/mnt",
    async look(_, panel) {
      await panel.getByRole("button", { name: /^mlpipeline-metrics/ }).first().waitFor();
    },
    output: "root-mean-squared-error",
  },
  "facial-keypoints of kfp 1.8": {
    file: "facial-keypoints/pipeline_v1.yaml",
    summary: "Argo workflow of kfp 1",
    parameters: { trial: "2", epoch: "3", patience: "1" },
    last: "evaluate",
    volume: "/data",
    async look(walk) {
      await walk.page.frameLocator('iframe[title="Page made by the task"]').getByText("Predicted points").first().waitFor();
    },
    output: "mlpipeline-ui-metadata",
  },
};

/** What stands for the images of both examples, with its files where they are. */
function images() {
  return ["crypto-forecasting", "facial-keypoints"]
    .map((name) => {
      const folder = join(root, "examples", name);
      return readFileSync(join(folder, "images.toml"), "utf8").replace(/^(root|requirements) = "(.*)"$/gm, (_, key, path) => `${key} = "${join(folder, path)}"`);
    })
    .join("\n");
}

let shared;
/** One server for all of them, so that steps find environments which others have made. */
const server = () => (shared ??= startServer({ images: images() }));
export const after = async () => shared && (await (await shared).stop());

async function walkThrough(walk, name, example) {
  const { page } = walk;
  walk.url = (await server()).url;
  const picture = (step) => walk.picture(`yardstick ${name} ${step}`.replaceAll(/\W+/g, "-"));

  await walk.open("/pipelines");
  await page.getByRole("main").getByRole("link", { name: /^Upload/ }).first().click();
  await walk.title("Upload a pipeline");
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByText("or choose a file").click()]);
  await chooser.setFiles(join(root, "examples", example.file));
  await walk.see(example.summary);
  await page.getByLabel(/^Name/).fill(name);
  await picture("1 upload");
  await walk.button("Upload").click();
  await walk.title(name);
  await page.getByRole("button", { name: new RegExp(`^${example.last}, `) }).waitFor({ timeout: 15_000 });
  await picture("2 pipeline");

  await page.getByRole("link", { name: "Experiments" }).click();
  await page.getByRole("link", { name: "New experiment" }).click();
  await walk.title("New experiment");
  await page.getByLabel(/^Name/).fill(`forecasts of ${name}`);
  await walk.button("Create").click();
  await walk.title(`forecasts of ${name}`);
  await page.getByRole("link", { name: "New run" }).first().click();
  await walk.title("New run");
  await page.getByRole("button", { name: `Experiment: forecasts of ${name}` }).waitFor();
  await page.getByRole("button", { name: /^Pipeline/ }).click();
  await page.getByPlaceholder("Search").fill(name);
  await page.getByRole("option").filter({ hasText: name }).first().click();
  for (const [parameter, value] of Object.entries(example.parameters)) await page.getByLabel(parameter, { exact: true }).fill(value);
  await walk.accessible("the form of the run");
  await picture("3 form");
  await walk.button("Start").click();
  await page.waitForFunction(() => location.hash.startsWith("#/runs/details/"), undefined, { timeout: 15_000 });
  await page.getByRole("button", { name: new RegExp(`^${example.last}, `) }).waitFor({ timeout: 15_000 });
  await picture("4 begun");

  // Steps turn green by themselves, and the page says when all have.
  await page.locator("[data-node]").filter({ hasText: "Succeeded" }).first().waitFor({ timeout: LONG });
  await picture("5 running");
  await page.locator("header").getByText("Succeeded").first().waitFor({ timeout: LONG });
  await walk.accessible("the run");
  await picture("6 ended");

  await page.getByRole("button", { name: new RegExp(`^${example.last}, `) }).click();
  const panel = page.getByRole("tabpanel").last();
  const tab = (word) => page.getByRole("tablist", { name: "About the task" }).getByRole("tab", { name: word }).click();
  await tab(/Inputs and outputs/);
  await example.look(walk, panel);
  await picture("7 outputs");
  await tab("Logs");
  await page.getByRole("log").waitFor({ timeout: 15_000 });
  await picture("8 log");
  await tab("Details");
  await walk.see("Exit code");
  await walk.see("Most memory");
  if (example.volume !== undefined) await page.getByRole("region", { name: "Volumes" }).getByText(example.volume).waitFor();
  await picture("9 details");
  await tab("Events");
  await walk.see("Succeeded");
  await tab("Cache");
  await page.getByRole("tab", { name: "Run output" }).click();
  await page.getByText(example.output).first().waitFor({ timeout: 30_000 });
  await walk.accessible("the output");
  await picture("10 output");
  await page.getByRole("tab", { name: "Timeline" }).click();
  await page.getByRole("region", { name: "Timeline of tasks" }).waitFor();
  await picture("11 timeline");
  check(page.url().includes("/runs/details/"), "the walk left the run");
}

export const paths = Object.fromEntries(Object.entries(EXAMPLES).map(([name, example]) => [`yardstick: ${name}`, (walk) => walkThrough(walk, name, example)]));
