//! The graph of a run, of a pipeline version, of a document that is only looked at; progress of parts of a run.

mod check;
mod dag;
mod plan;
mod types;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use pipewright_store::engine::{RunId, TaskKey};
use pipewright_store::{IterationQuery, RunProgress, Scope};
use serde::Serialize;
use utoipa::ToSchema;

use super::hide::Hide;
use super::progress::{Place, RunSummary, TaskProgress, leaf_counts, run_summary, task_progress};
use super::words::{Counts, TaskState};
use crate::app::App;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::submit::{Source, find};
use crate::v2beta1::runs::current;

pub(crate) use dag::task_definition;
pub use plan::graph_of;
pub(crate) use plan::{component_view, parameter_type, type_title};
pub use types::*;

/// Tasks that come with a run's graph, and in one page of progress.
const TASKS_AT_ONCE: usize = 5000;
const TASKS_PAGE: usize = 1000;
/// Iterations in one page.
const ITERATIONS_AT_ONCE: u32 = 1000;
const ITERATIONS_PAGE: u32 = 100;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/runs/{id}/graph", get(run_graph))
        .route("/runs/{id}/progress", get(progress))
        .route("/runs/{id}/iterations", get(iterations))
        .route("/pipelines/{pipeline}/graph", get(newest_graph))
        .route("/pipelines/{pipeline}/versions/{version}/graph", get(version_graph))
        .route("/check", post(check::check))
}

/// Some of a run's tasks.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ProgressPage {
    pub seq: u64,
    pub tasks: Vec<TaskProgress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// Some iterations of a loop, by index.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct IterationPage {
    pub seq: u64,
    /// Of the whole loop.
    pub count: u32,
    /// Of all that have begun, by state.
    pub counts: Counts,
    pub iterations: Vec<TaskProgress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

async fn run_graph(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<GraphView>, Error> {
    let run = RunId(id);
    let scope = Scope { under: TaskKey::root(), after: None, limit: TASKS_AT_ONCE };
    let progress = app.store.run_progress(&run, scope).await?;
    let plan = app.store.run_plan(&run).await?;
    let summary = summary_now(&app, progress.run.clone()).await?;
    let RunProgress { seq, tasks, next, .. } = progress;
    let mut view = graph_of(&plan);
    view.run = Some(summary);
    view.seq = Some(seq);
    view.progress = Some(tasks.into_iter().map(|task| task_progress(&plan, task)).collect());
    view.progress_token = next.map(|key| key.0);
    view.hide(&app.store.masks().await?);
    Ok(Json(view))
}

/// Shows a run at a glance, a wish to stop it included.
pub(crate) async fn summary_now(app: &App, run: pipewright_store::Run) -> Result<RunSummary, Error> {
    let plan = app.store.run_plan(&run.id).await?;
    let phases = app.store.task_phases(&run.id).await?;
    let run = if run.view.phase.is_terminal() { run } else { current(app, &run.id).await? };
    Ok(run_summary(&run, leaf_counts(&plan, &phases)))
}

async fn progress(
    State(app): State<App>,
    Segments(id): Segments<String>,
    words: Words,
) -> Result<Json<ProgressPage>, Error> {
    let run = RunId(id);
    let limit = words.number("page_size")?.filter(|size| *size > 0).unwrap_or(TASKS_PAGE).min(TASKS_AT_ONCE);
    let under = TaskKey(words.text("under").unwrap_or_else(|| TaskKey::root().0));
    let scope = Scope { under, after: words.text("page_token").map(TaskKey), limit };
    let found = app.store.run_progress(&run, scope).await?;
    let plan = app.store.run_plan(&run).await?;
    Ok(Json(ProgressPage {
        seq: found.seq,
        tasks: found.tasks.into_iter().map(|task| task_progress(&plan, task)).collect(),
        next_page_token: found.next.map(|key| key.0),
    }))
}

async fn iterations(
    State(app): State<App>,
    Segments(id): Segments<String>,
    words: Words,
) -> Result<Json<IterationPage>, Error> {
    let run = RunId(id);
    let task = words.text("task").map(TaskKey);
    let task = task.ok_or_else(|| Error::Invalid("name the loop: task=root/…".to_owned()))?;
    let state = words.get("state").map(|word| {
        TaskState::parse(word).ok_or_else(|| Error::Invalid(format!("there is no task state `{word}`")))
    });
    let state = state.transpose()?;
    let plan = app.store.run_plan(&run).await?;
    let policy =
        Place::of(&plan, &task).filter(Place::is_loop).and_then(|place| place.task?.iterator.as_ref());
    let policy = policy.ok_or_else(|| Error::Invalid(format!("task `{task}` of run {run} is no loop")))?;
    let query = IterationQuery {
        task: task.clone(),
        from: words.number("page_token")?.unwrap_or(0),
        limit: words
            .number("page_size")?
            .filter(|size| *size > 0)
            .unwrap_or(ITERATIONS_PAGE)
            .min(ITERATIONS_AT_ONCE),
        phase: state.map(Into::into),
        item_input: policy.item_input.clone(),
    };
    let found = app.store.iterations(&run, query).await?;
    let iterations = found.items.into_iter().filter_map(|(index, iteration)| match iteration {
        Some(iteration) => Some(task_progress(&plan, iteration)),
        None => {
            let key = task.iteration(index);
            Some(TaskProgress::unborn(&Place::of(&plan, &key)?, &key))
        }
    });
    Ok(Json(IterationPage {
        seq: found.seq,
        count: found.count,
        iterations: iterations.collect(),
        counts: found.counts.iter().map(|(phase, count)| ((*phase).into(), *count)).collect(),
        next_page_token: found.next.map(|index| index.to_string()),
    }))
}

async fn newest_graph(
    State(app): State<App>,
    Segments(pipeline): Segments<String>,
) -> Result<Json<GraphView>, Error> {
    let namespace = app.store.get_pipeline(&pipeline).await?.namespace;
    stored_graph(&app, &namespace, Source::Version { pipeline_id: Some(pipeline), version_id: None }).await
}

async fn version_graph(
    State(app): State<App>,
    Segments((pipeline, version)): Segments<(String, String)>,
) -> Result<Json<GraphView>, Error> {
    if app.store.get_pipeline_version(&version).await?.pipeline_id != pipeline {
        return Err(Error::NotFound(format!("pipeline {pipeline} has no version {version}")));
    }
    let namespace = app.store.get_pipeline(&pipeline).await?.namespace;
    stored_graph(&app, &namespace, Source::Version { pipeline_id: None, version_id: Some(version) }).await
}

async fn stored_graph(app: &App, namespace: &str, source: Source) -> Result<Json<GraphView>, Error> {
    let found = find(&app.store, namespace, source).await?;
    let mut view = graph_of(&found.compiled.plan);
    view.hide(&app.store.masks().await?);
    Ok(Json(view))
}
