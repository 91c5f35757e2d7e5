// Lists: what they show, filter, sort, remember and do to many rows at once.
import { training } from "../gallery.mjs";
import { check } from "../walk.mjs";

export const paths = {
  "runs: filter, sort, columns and selection live in the address": async (walk) => {
    const { page } = walk;
    await walk.open("/runs");
    await walk.title("Runs");
    await walk.row("retrain after the incident");
    await walk.accessible("the runs");
    await page.getByPlaceholder("Filter runs by name").fill("churn");
    await page.waitForFunction(() => location.hash.includes("q=churn"));
    await page.waitForFunction(() => !document.body.textContent.includes("retrain after the incident"));
    await page.getByRole("button", { name: "Name" }).click();
    await page.waitForFunction(() => location.hash.includes("sort=display_name"));
    await page.getByLabel("Select churn features 1").check();
    await page.getByLabel("Select churn features 2").check();
    await walk.see("2 selected");
    await walk.accessible("selected runs");
    const address = page.url();
    await page.reload();
    await walk.see("2 selected");
    check(page.url() === address, "a reload changed the address");
    await walk.button("Compare").click();
    await page.waitForFunction(() => location.hash.startsWith("#/compare?runlist="));
  },

  "runs: states are filtered, an empty result says how to go on": async (walk) => {
    const { page } = walk;
    await walk.open("/runs?state=FAILED");
    await walk.row("retrain after the incident");
    check((await page.getByText("Succeeded").count()) === 0, "succeeded runs are shown among the failed");
    await walk.open("/runs?q=no-such-run");
    await walk.see("Nothing matches the filter.");
    await walk.button("Clear it").click();
    await walk.row("retrain after the incident");
  },

  "runs: archive with undo, and by keyboard": async (walk) => {
    const { page } = walk;
    await walk.open("/runs");
    await walk.row("nightly 4");
    await page.keyboard.press("/");
    await page.keyboard.type("nightly 4");
    await page.waitForFunction(() => location.hash.includes("q=nightly"));
    await page.waitForFunction(() => document.querySelectorAll("tr[data-row]").length === 1);
    await page.locator("tr[data-row]").focus();
    await page.keyboard.press("x");
    await walk.button("Archive").click();
    await walk.see("Archived “nightly 4”");
    await walk.see("Nothing matches the filter.");
    await walk.button("Undo").click();
    await walk.row("nightly 4");
  },

  "runs: a new one appears without a reload": async (walk, { api, made }) => {
    await walk.open("/runs");
    await walk.row("nightly 4");
    const run = await api.run(made.pipelines.nested.pipeline_id, "appears by itself");
    await walk.row("appears by itself");
    await api.settled([run]);
    const row = await walk.row("appears by itself");
    await row.getByText("Succeeded").waitFor({ timeout: 15_000 });
    await api.call("DELETE", `runs/${run.run_id}`);
  },

  "runs: metrics are columns, and sort": async (walk, { api }) => {
    const { page } = walk;
    const spec = training();
    const runs = await api.settled(
      await Promise.all([3, 30, 10].map((epochs) => api.call("POST", "runs", { display_name: `trained ${epochs}`, pipeline_spec: spec, runtime_config: { parameters: { epochs } } }))),
    );
    const order = () => page.locator("tr[data-row] a").evaluateAll((links) => links.map((link) => link.textContent).filter((text) => text.startsWith("trained")).join());
    const comesTo = (expected) => page.waitForFunction((wanted) => [...document.querySelectorAll("tr[data-row] a")].map((link) => link.textContent).filter((text) => text.startsWith("trained")).join() === wanted, expected);
    await walk.open("/runs?q=trained");
    await walk.row("trained 30");
    await walk.button("Metrics").click();
    await page.getByRole("menuitem", { name: "loss" }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "loss" }).click();
    await page.waitForFunction(() => location.hash.includes("metric"));
    await comesTo("trained 3,trained 10,trained 30");
    await page.getByRole("button", { name: "loss" }).click();
    await comesTo("trained 30,trained 10,trained 3");
    await walk.accessible("runs by a metric");
    // The address says it all.
    await page.reload();
    await walk.row("trained 30");
    check((await order()) === "trained 30,trained 10,trained 3", await order());
    await page.getByRole("columnheader", { name: "loss" }).waitFor();
    await walk.button("Metrics").click();
    await page.getByRole("menuitem", { name: "loss" }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("columnheader", { name: "loss" }).waitFor({ state: "detached" });
    for (const run of runs) await api.call("DELETE", `runs/${run.run_id}`);
  },

  "runs: pages go on and back": async (walk) => {
    const { page } = walk;
    await walk.open("/runs?size=3");
    await walk.see("1–3 of");
    await walk.button("Next page").click();
    await walk.see("4–6 of");
    await page.goBack();
    await walk.see("1–3 of");
    await walk.button("Next page").click();
    await walk.see("4–6 of");
    await walk.button("Previous page").click();
    await walk.see("1–3 of");
  },

  "archive: restore": async (walk, { api, made }) => {
    await walk.open("/archive/runs");
    await walk.row("first try");
    await walk.accessible("the archive");
    await walk.page.getByLabel("Select first try").check();
    await walk.button("Restore").click();
    await walk.see("Restored “first try”");
    await api.call("POST", `runs/${made.archived.run_id}:archive`);
    await walk.open("/archive/experiments");
    await walk.see("No archived experiments");
  },

  "experiments: list, expand, create, details": async (walk) => {
    const { page } = walk;
    await walk.open("/experiments");
    await walk.row("churn-model");
    await walk.accessible("the experiments");
    await page.getByRole("button", { name: "Expand churn-model" }).click();
    await walk.see("All ");
    await page.getByRole("link", { name: "New experiment" }).click();
    await walk.title("New experiment");
    await page.getByLabel("Name").fill("made by hand");
    await page.getByLabel("Description").fill("To see whether this works.");
    await walk.button("Create").click();
    await walk.title("made by hand");
    await walk.see("No runs in this experiment");
    await walk.accessible("an experiment");
  },

  "recurring runs: read aloud, switched off and on": async (walk) => {
    const { page } = walk;
    await walk.open("/recurringruns");
    await walk.row("nightly retraining");
    await walk.see("At 02:30, on weekdays");
    await walk.accessible("the recurring runs");
    await page.getByRole("switch", { name: "nightly retraining is on" }).click();
    await walk.see("Switched off “nightly retraining”");
    await walk.button("Undo").click();
    await page.locator('[role=switch][aria-label="nightly retraining is on"][aria-checked=true]').waitFor();
    await page.getByRole("link", { name: "nightly retraining", exact: true }).click();
    await walk.title("nightly retraining");
    await walk.see("are made up for");
    await walk.accessible("a recurring run");
  },

  "palette: finds a run and goes there": async (walk) => {
    const { page } = walk;
    await walk.open("/runs");
    await walk.row("nightly 4");
    await page.keyboard.press("Control+k");
    await page.getByPlaceholder("Search runs, pipelines and commands").fill("incident");
    await page.getByRole("option", { name: /retrain after the incident/ }).waitFor();
    await walk.accessible("the palette");
    await page.keyboard.press("Enter");
    await walk.title(/retrain after the incident/);
    await page.keyboard.press("g");
    await page.keyboard.press("p");
    await walk.title("Pipelines");
  },

  "settings: theme is kept, the page says how to connect": async (walk) => {
    const { page } = walk;
    await walk.open("/settings");
    await walk.see("import kfp");
    await walk.accessible("the settings");
    await page.getByRole("radio", { name: "Dark" }).click();
    check((await page.locator("html").getAttribute("data-theme")) === "dark", "the theme did not change");
    await page.reload();
    await walk.title("Settings");
    check((await page.locator("html").getAttribute("data-theme")) === "dark", "the theme was forgotten");
    await walk.accessible("the settings in dark");
  },

  "unknown addresses and things say so": async (walk) => {
    await walk.open("/no/such/page");
    await walk.see("There is no such page");
    walk.allowed.push(/404/);
    await walk.page.goto(`${walk.url}/#/pipelines/details/00000000-0000-0000-0000-000000000000`);
    await walk.page.getByRole("alert").first().waitFor({ timeout: 15_000 });
  },
};
