// What somebody who comes from Kubeflow's pages looks for: its addresses, habits of its lists, the parts of a v1 step and its viewers.
import { gallery } from "../gallery.mjs";
import { check } from "../walk.mjs";

/** A workflow with these files written into a claim, and these views of them. */
function viewers(files, outputs) {
  const write = Object.entries(files).map(([name, text]) => `cat > /data/${name} <<'END'\n${text}\nEND`);
  const document = JSON.stringify({ version: 1, outputs });
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Workflow",
    metadata: { generateName: "viewers-" },
    spec: {
      entrypoint: "main",
      templates: [
        { name: "main", dag: { tasks: [{ name: "claim", template: "claim" }, { name: "show", template: "show", dependencies: ["claim"] }] } },
        { name: "claim", resource: { action: "create", manifest: "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: shown-data}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n" } },
        {
          name: "show",
          volumes: [{ name: "data", persistentVolumeClaim: { claimName: "shown-data" } }],
          container: { image: "busybox", command: ["sh", "-ec", `${write.join("\n")}\ncat > /tmp/ui <<'END'\n${document}\nEND`], volumeMounts: [{ name: "data", mountPath: "/data" }] },
          outputs: { artifacts: [{ name: "mlpipeline-ui-metadata", path: "/tmp/ui" }] },
        },
      ],
    },
  };
}

const FILES = {
  "matrix.csv": "cat,cat,8\ncat,dog,2\ndog,cat,1\ndog,dog,9",
  "roc.csv": "0,0,2\n0.1,0.7,0.8\n1,1,0",
  "table.csv": "Bern,134794\nGenf,203856",
  "text.md": "# From a volume\n\nWith *emphasis*.",
  "page.html": "<h1>Page of a volume</h1>",
};
const names = (...list) => list.map((name) => ({ name, type: "CATEGORY" }));
const at = (name) => `volume://shown-data/${name}`;
/** Each type twice: in the document, and at an address. What is stored where is one word for all but `inline`. */
const VIEWS = [
  ...[
    { storage: "inline", source: (name) => FILES[name] },
    { storage: "gcs", source: at },
  ].flatMap(({ storage, source }) => [
    { type: "confusion_matrix", storage, format: "csv", schema: names("target", "predicted", "count"), labels: ["cat", "dog"], source: source("matrix.csv") },
    { type: "roc", storage, format: "csv", schema: names("fpr", "tpr", "thresholds"), source: source("roc.csv") },
    { type: "table", storage, format: "csv", header: ["city", "people"], source: source("table.csv") },
    { type: "markdown", storage, source: source("text.md") },
    { type: "web-app", storage, source: source("page.html") },
  ]),
  // Without a word for where, as older steps write it.
  { type: "markdown", source: at("text.md") },
  { type: "tensorboard", source: "Series1:volume://shown-data/a,Series2:volume://shown-data/b" },
];

const upload = (api, path, name) => api.upload(`conformance/corpus${path}/pipeline.yaml`, name);

export const paths = {
  "kubeflow: every viewer of a v1 step, in the document and from a volume": async (walk, { api }) => {
    walk.allowed.push(/Content Security Policy|Refused|blocked|sandbox|violates/i);
    const { page } = walk;
    const spec = viewers(FILES, VIEWS);
    const [run] = await api.settled([await api.call("POST", "runs", { display_name: "v1 viewers", pipeline_spec: spec })]);
    check(run.state === "SUCCEEDED", `it ended as ${run.state}: ${run.error?.message}`);
    await walk.open(`/runs/details/${run.run_id}?task=root/show`);
    const outputs = page.getByRole("region", { name: "Outputs" });
    const card = outputs.getByRole("button", { name: /^mlpipeline-ui-metadata\b/ });
    await card.waitFor({ timeout: 15_000 });
    if ((await card.getAttribute("aria-expanded")) === "false") await card.click();
    const twice = async (what, found) => {
      await found.nth(1).waitFor({ timeout: 15_000 });
      check((await found.count()) >= 2, `${what}: ${await found.count()}`);
    };
    await twice("confusion matrices", outputs.getByRole("table", { name: /Confusion matrix/ }));
    await twice("ROC curves", outputs.getByRole("img", { name: /ROC curve/ }));
    await twice("tables", outputs.getByRole("cell", { name: "Bern" }));
    await twice("texts", outputs.getByRole("heading", { name: "From a volume" }));
    check((await outputs.getByRole("heading", { name: "From a volume" }).count()) === 3, "a text without a word for where it is stored is not shown");
    const frames = page.locator('iframe[title="Page made by the task"]');
    check((await frames.count()) === 2, `${await frames.count()} pages`);
    for (const index of [0, 1]) await frames.nth(index).contentFrame().getByRole("heading", { name: "Page of a volume" }).waitFor({ timeout: 15_000 });
    await outputs.getByText("volume://shown-data/b").first().waitFor();
    check((await outputs.getByRole("alert").count()) === 0, "a viewer complains");
    await walk.accessible("viewers of a v1 step");
    await walk.picture("v1-viewers");
  },

  "kubeflow: the parts of a v1 step, and the manifest of one that makes an object": async (walk, { api }) => {
    const { page } = walk;
    const pipeline = await upload(api, "-v1/resources", "v1 resources");
    const [run] = await api.settled([await api.run(pipeline.pipeline_id, "v1 resources")]);
    check(run.state === "SUCCEEDED", `it ended as ${run.state}: ${run.error?.message}`);
    await walk.open(`/runs/details/${run.run_id}`);
    await page.getByRole("button", { name: /^make, / }).first().click();
    const panel = page.getByRole("tablist", { name: "About the task" });
    await panel.getByRole("tab", { name: "Details" }).click();
    const manifest = page.getByLabel("Manifest of the object");
    await manifest.waitFor();
    const shown = await manifest.textContent();
    check(/"kind": "ConfigMap"/.test(shown) && !shown.includes("inputs.parameters"), shown);
    await page.getByRole("link", { name: "Execution", exact: true }).waitFor();
    await walk.accessible("the manifest of a step");
    await page.getByRole("button", { name: /^measure, / }).first().click();
    for (const name of ["Inputs and outputs", "Logs", "Details", "Events", "Cache"]) await panel.getByRole("tab", { name }).click();
    for (const name of ["Graph", "Run output", "Details"]) await page.getByRole("tab", { name }).first().waitFor();
  },

  "kubeflow: its addresses lead to the same things": async (walk, { api, made }) => {
    const run = made.runs[0].run_id;
    const { pipelines, experiments, recurring } = made;
    const version = await api.newest(pipelines.loop.pipeline_id);
    for (const [route, title] of [
      ["/start", "Runs"],
      ["/shared/pipelines", "Pipelines"],
      ["/frontend_features", "Settings"],
      [`/runs/details/${run}`, "churn features 1"],
      [`/runs/details/${run}/`, "churn features 1"],
      [`/runs/details/${run}/execution/3`, "churn features 1"],
      [`/pipelines/details/${pipelines.loop.pipeline_id}`, "fan-out"],
      [`/pipelines/details/${pipelines.loop.pipeline_id}/version/${version}`, "fan-out"],
      [`/pipelines/details/?fromRun=${run}`, "churn features 1"],
      [`/experiments/details/${experiments.churn.experiment_id}`, "churn-model"],
      [`/recurringrun/details/${recurring.recurring_run_id}`, "nightly retraining"],
      ["/recurringruns", "Recurring runs"],
      ["/archive/runs", /Archive/],
      ["/archive/experiments", /Archive/],
      [`/compare?runlist=${run},${made.runs[2].run_id}`, /Compare/],
      [`/runs/new?cloneFromRun=${run}`, /Clone of/],
      [`/runs/new?cloneFromRecurringRun=${recurring.recurring_run_id}`, /Clone of/],
      [`/runs/new?pipelineId=${pipelines.loop.pipeline_id}&pipelineVersionId=${version}&experimentId=${experiments.churn.experiment_id}`, "New run"],
      ["/no/such/page", "Not found"],
    ]) {
      // Each as if it were opened from a mail.
      await walk.page.goto("about:blank");
      await walk.open(route);
      await walk.title(title).catch((error) => {
        throw new Error(`${route}: ${error.message}`);
      });
    }
  },

  "kubeflow: lists remember rows and order; experiments show how their last runs went": async (walk, { api, made }) => {
    const { page } = walk;
    await walk.open("/runs");
    await page.getByRole("combobox", { name: "Rows" }).selectOption("50");
    await page.goto("about:blank");
    await walk.open("/runs");
    check((await page.getByRole("combobox", { name: "Rows" }).inputValue()) === "50", "the rows of a page are forgotten");
    await walk.open("/experiments");
    const row = await walk.row("churn-model");
    await row.getByRole("link", { name: /Succeeded: churn features/ }).first().waitFor();
    const icons = await row.getByRole("link", { name: /(Succeeded|Failed): / }).count();
    check(icons === 5, `the last ${icons} runs`);
    const name = { display_name: "Shown so", name: "called-so" };
    const made2 = await api.call("POST", "pipelines", name);
    await walk.open("/pipelines?q=Shown");
    check((await (await walk.row("Shown so")).getByRole("link", { name: "Shown so", exact: true }).getAttribute("title")) === "called-so", "no tooltip has the name");
    await api.call("DELETE", `pipelines/${made2.pipeline_id}`);
    // Once cloned, twice cloned.
    const cloned = await api.run(made.pipelines.loop.pipeline_id, "Clone of churn features 1");
    await api.settled([cloned]);
    await walk.open(`/runs/new?cloneFromRun=${cloned.run_id}`);
    const field = page.getByRole("textbox", { name: /^Run name|^Name/ });
    await field.waitFor();
    check((await field.inputValue()) === "Clone (2) of churn features 1", await field.inputValue());
  },

  "kubeflow: artifacts and executions are sorted": async (walk, { api }) => {
    const { page } = walk;
    await api.settled([await api.call("POST", "runs", { display_name: "gallery", pipeline_spec: gallery() })]);
    for (const [route, header, key] of [["/artifacts", "Name", "name"], ["/artifacts", "Type", "type"], ["/executions", "State", "state"], ["/executions", "Task", "name"]]) {
      await walk.open(`${route}?size=100`);
      const head = page.getByRole("columnheader", { name: header });
      const cells = async () => {
        const index = await head.evaluate((cell) => cell.cellIndex);
        return page.getByRole("row").evaluateAll((rows, index) => rows.slice(1).map((row) => row.cells[index]?.textContent ?? ""), index);
      };
      for (const direction of ["ascending", "descending"]) {
        await head.getByRole("button").click();
        await page.waitForFunction(([name, wanted]) => [...document.querySelectorAll("th")].find((cell) => cell.textContent.startsWith(name))?.getAttribute("aria-sort") === wanted, [header, direction]);
        await page.waitForFunction((wanted) => location.hash.includes(wanted), `sort=${key}`);
        await walk.settled();
        await page.getByRole("row").nth(1).waitFor();
        if (key !== "name" || route === "/artifacts") {
          const found = await cells();
          const sorted = [...found].sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
          if (direction === "descending") sorted.reverse();
          check(found.length > 3 && found.join() === sorted.join(), `${route} by ${header}, ${direction}: ${found.slice(0, 12).join(", ")}`);
        }
      }
    }
    await walk.accessible("sorted executions");
  },

  "kubeflow: a parameter with literals is a choice": async (walk, { api }) => {
    const { page } = walk;
    const pipeline = await upload(api, "/param-literals", "literals");
    await walk.open(`/runs/new?pipelineId=${pipeline.pipeline_id}`);
    const choice = page.getByRole("combobox", { name: /^mode/ });
    await choice.waitFor({ timeout: 15_000 });
    const options = await choice.getByRole("option").allTextContents();
    check(options.includes("fast") && options.includes("slow") && !options.includes("middle"), options.join(", "));
    await walk.accessible("a form with choices");
  },
};
