//! Runs made from runs: the body to clone one, and a retry from chosen tasks, also with other parameters.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use pipewright_plan::Value;
use pipewright_store::engine::{RunId, TaskKey};
use serde::Deserialize;
use serde_json::Map;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments};
use crate::plugins;
use crate::submit::{Source, Submission, submit};
use crate::v2beta1::run_message;
use crate::v2beta1::types::{PipelineVersionReference, Run, RuntimeConfig};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/runs/{id}/clone", get(clone)).route("/runs/{id}/retry", post(retry))
}

/// How to do a run again.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RetryRequest {
    /// Tasks to do again, by their path; with them everything that depends on them. None: what failed.
    pub tasks: Vec<String>,
    /// Parameters that are others than before. With any, the retry is a new run: what they do not touch is taken from
    /// the cache, except for the chosen tasks and what depends on them.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub parameters: Map<String, Value>,
    /// Of the new run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// Writes the body that makes a run like this one.
async fn clone(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Run>, Error> {
    let run = app.store.get_run(&RunId(id)).await?;
    let reference = run.pipeline_version_id.as_ref().map(|version| PipelineVersionReference {
        pipeline_id: run.pipeline_id.clone().unwrap_or_default(),
        pipeline_version_id: version.clone(),
    });
    // A version that was deleted since lives on in the run.
    let is_there = match &reference {
        Some(reference) => app.store.get_pipeline_version(&reference.pipeline_version_id).await.is_ok(),
        None => false,
    };
    let spec = if is_there { None } else { Some(app.store.run_spec(&run.id).await?) };
    Ok(Json(Run {
        display_name: format!("Clone of {}", run.display_name),
        description: run.description,
        experiment_id: run.experiment_id,
        pipeline_version_reference: reference.filter(|_| is_there),
        pipeline_spec: spec,
        runtime_config: Some(RuntimeConfig {
            parameters: run.parameters.as_object().cloned().unwrap_or_default(),
            pipeline_root: run.pipeline_root.unwrap_or_default(),
        }),
        service_account: run.service_account,
        plugins_input: plugins::message(&run.plugins_input),
        ..Run::default()
    }))
}

async fn retry(
    State(app): State<App>,
    Segments(id): Segments<String>,
    Message(asked): Message<RetryRequest>,
) -> Result<Json<Run>, Error> {
    let id = RunId(id);
    let run = app.store.get_run(&id).await?;
    if asked.parameters.is_empty() {
        let tasks = asked.tasks.into_iter().map(TaskKey).collect();
        app.store.retry_run(&id, tasks).await?;
        return Ok(Json(run_message(&app.store.get_run(&id).await?, None)));
    }
    let mut fresh = Vec::with_capacity(asked.tasks.len());
    for task in asked.tasks {
        fresh.push(app.store.task(&id, &TaskKey(task)).await?.key);
    }
    let mut arguments = run.parameters.as_object().cloned().unwrap_or_default();
    let plan = app.store.run_plan(&id).await?;
    let known = plan.root_component().map(|root| &root.inputs.parameters);
    for (name, value) in asked.parameters {
        if !known.is_some_and(|known| known.contains_key(&name)) {
            return Err(Error::Invalid(format!("the pipeline has no parameter `{name}`")));
        }
        arguments.insert(name, value);
    }
    let source = match &run.pipeline_version_id {
        Some(version) if app.store.get_pipeline_version(version).await.is_ok() => {
            Source::Version { pipeline_id: run.pipeline_id.clone(), version_id: Some(version.clone()) }
        }
        _ => Source::Spec(app.store.run_spec(&id).await?),
    };
    let display_name = asked.display_name.unwrap_or_else(|| format!("Retry of {}", run.display_name));
    let mut submission = Submission::new(source, display_name);
    submission.description = run.description;
    submission.experiment_id = Some(run.experiment_id);
    submission.arguments = arguments;
    submission.fresh = fresh;
    submission.plugins_input = run.plugins_input;
    submission.pipeline_root = run.pipeline_root;
    submission.service_account = run.service_account;
    let made = submit(&app.store, &app.settings, submission).await?;
    Ok(Json(run_message(&made, None)))
}
