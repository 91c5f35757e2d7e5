// Every page of the interface, and what is done on it before it is looked at.

/** Returns the pages by name, for a server that has what `seed` makes. */
export function pagesOf({ pipelines, experiments, runs, recurring, trained, drawn = "", crypto: forecast = runs[0] }) {
  trained ??= [runs[0], runs[2]].map((run) => run.run_id).join(",");
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
    "run-tasks": { route: `/runs/details/${forecast.run_id}?tab=tasks` },
    "run-details": { route: `/runs/details/${forecast.run_id}?tab=config` },
    "run-spec": { route: `/runs/details/${forecast.run_id}?tab=spec` },
    "run-timeline": { route: `/runs/details/${forecast.run_id}?tab=timeline` },
    compare: { route: `/compare?runlist=${trained}` },
    "compare-charts": { route: `/compare?runlist=${trained}&tab=charts` },
    "compare-graph": { route: `/compare?runlist=${trained}&tab=graph` },
    "new-run": { route: `/runs/new?pipelineId=${crypto.pipeline_id}` },
    "new-recurring-run": {
      route: `/runs/new?pipelineId=${loop.pipeline_id}&recurring=1`,
      prepare: (page) => page.getByRole("radio", { name: /At certain times/ }).click().then(() => page.getByLabel("Cron expression").scrollIntoViewIfNeeded()),
    },
    pipelines: { route: "/pipelines", prepare: (page) => page.getByRole("button", { name: "Expand crypto-forecasting" }).click().then(() => page.waitForTimeout(600)) },
    pipeline: { route: `/pipelines/details/${crypto.pipeline_id}` },
    "pipeline-statistics": { route: `/pipelines/details/${loop.pipeline_id}?tab=statistics` },
    "pipeline-versions": {
      route: `/pipelines/details/${crypto.pipeline_id}?tab=versions`,
      async prepare(page) {
        for (const box of (await page.getByRole("checkbox", { name: /for a comparison$/ }).all()).slice(0, 2)) await box.check();
      },
    },
    "pipeline-diff": {
      route: `/pipelines/details/${crypto.pipeline_id}?tab=versions`,
      async prepare(page) {
        for (const name of ["crypto-forecasting", "v2-more-rounds"]) await page.getByRole("checkbox", { name: `Mark ${name} for a comparison` }).check();
        await page.getByRole("button", { name: "Compare the two" }).click();
        await page.getByRole("heading", { name: "Compare versions" }).waitFor();
      },
    },
    "new-experiment": { route: "/experiments/new" },
    upload: { route: "/pipeline_versions/new" },
    experiments: { route: "/experiments" },
    experiment: { route: `/experiments/details/${experiments.churn.experiment_id}` },
    "recurring-runs": { route: "/recurringruns" },
    "recurring-run": { route: `/recurringrun/details/${recurring.recurring_run_id}` },
    artifacts: { route: "/artifacts" },
    executions: { route: "/executions" },
    artifact: { route: "/artifacts", prepare: opened },
    lineage: { route: "/artifacts", prepare: (page) => opened(page).then(() => page.getByRole("tab", { name: "Lineage" }).click()).then(() => page.waitForTimeout(900)) },
    visualize: { route: `/visualize?${drawn}`, prepare: (page) => page.waitForTimeout(drawn === "" ? 0 : 2000) },
    execution: { route: "/executions", prepare: opened },
    archive: { route: "/archive/runs" },
    settings: { route: "/settings" },
    palette: { route: "/runs", prepare: (page) => page.keyboard.press("Control+k").then(() => page.waitForTimeout(500)) },
  };
}

/** Opens the first row of a list. */
async function opened(page) {
  const name = page.getByRole("main").getByRole("row").nth(1).getByRole("link").first();
  await name.click();
  await page.getByRole("tab").first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"], [aria-label="Loading"]'));
}
