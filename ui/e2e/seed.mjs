// A server as one finds it after some days of work: pipelines, experiments, runs that went well and runs that did not.

const CORPUS = "conformance/corpus";

/** Another version of the forecasting pipeline: it trains for longer and is judged by later days. */
const moreRounds = (text) => text.replace("defaultValue: 300.0", "defaultValue: 500.0").replace("defaultValue: '2021-05-01'", "defaultValue: '2021-06-01'");

/** Returns what was made, by name. */
export async function seed(api) {
  const churn = await api.experiment("churn-model", "Which features tell that a customer leaves?");
  const nightly = await api.experiment("nightly", "What runs by itself each night.");
  const pipelines = {
    crypto: await api.upload("examples/crypto-forecasting/pipeline.yaml", "crypto-forecasting", "Forecasts returns of crypto assets from minute bars."),
    loop: await api.upload(`${CORPUS}/artifact-fan-out/pipeline.yaml`, "fan-out", "One task for each part, gathered at the end."),
    nested: await api.upload(`${CORPUS}/nested-3/pipeline.yaml`, "nested-pipelines", "Pipelines inside pipelines."),
    failing: await api.upload(`${CORPUS}/failure-nested/pipeline.yaml`, "always-fails", "Shows what a failure looks like."),
  };
  await api.uploadVersion("examples/facial-keypoints/pipeline.yaml", pipelines.crypto.pipeline_id, "other-example");
  await api.uploadVersion("examples/crypto-forecasting/pipeline.yaml", pipelines.crypto.pipeline_id, "v2-more-rounds", moreRounds);
  const runs = [];
  for (let day = 1; day <= 4; day++) {
    runs.push(await api.run(pipelines.loop.pipeline_id, `churn features ${day}`, { experiment_id: churn.experiment_id }));
    runs.push(await api.run(pipelines.nested.pipeline_id, `nightly ${day}`, { experiment_id: nightly.experiment_id }));
  }
  runs.push(await api.run(pipelines.failing.pipeline_id, "retrain after the incident", { experiment_id: churn.experiment_id }));
  const archived = await api.run(pipelines.loop.pipeline_id, "first try", { experiment_id: churn.experiment_id });
  const recurring = await api.call("POST", "recurringruns", {
    display_name: "nightly retraining",
    description: "Keeps the model fresh.",
    experiment_id: nightly.experiment_id,
    pipeline_version_reference: { pipeline_id: pipelines.loop.pipeline_id },
    runtime_config: { parameters: {} },
    trigger: { cron_schedule: { cron: "0 30 2 * * 1-5" } },
    max_concurrency: "1",
    mode: "ENABLE",
  });
  await api.call("POST", "recurringruns", {
    display_name: "hourly check",
    experiment_id: nightly.experiment_id,
    pipeline_version_reference: { pipeline_id: pipelines.nested.pipeline_id },
    trigger: { periodic_schedule: { interval_second: "3600" } },
    max_concurrency: "1",
    mode: "DISABLE",
  });
  await api.settled([...runs, archived]);
  await api.call("POST", `runs/${archived.run_id}:archive`);
  return { pipelines, experiments: { churn, nightly }, runs, archived, recurring };
}
