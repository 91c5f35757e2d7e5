//! REST API v1beta1 as the kfp 1.8 client and its command line speak it: an adapter over the same rows and the
//! same way to create runs as `v2beta1`. Nothing is kept for it alone but reported metrics.
//!
//! Source: API reference 1.2, v1 semantics 2.9 and 2.10.

mod access;
mod artifacts;
mod convert;
mod experiments;
mod healthz;
mod jobs;
mod lists;
mod manifest;
pub(crate) mod metrics;
mod pipelines;
mod references;
mod runs;
pub mod types;
mod versions;

use axum::Router;

use pipewright_store::engine::{RunId, TaskKey, TaskView};

use crate::app::App;
use crate::error::Error;
use crate::v2beta1::reports;

/// Returns the API's routes, without their prefix.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(healthz::routes())
        .merge(experiments::routes())
        .merge(pipelines::routes())
        .merge(versions::routes())
        .merge(runs::routes())
        .merge(artifacts::routes())
        .merge(jobs::routes())
        .merge(access::routes())
        .merge(crate::visualizations::routes())
        .merge(reports::routes())
}

/// Returns the routes that v2beta1 has as well.
pub(crate) fn artifact_routes() -> Router<App> {
    artifacts::routes()
}

/// Returns the task and the attempt behind a node of a v1 run, by the node's id or the name of its pod.
pub(crate) async fn attempt_of_node(
    app: &App,
    run: &RunId,
    tasks: &[TaskView],
    node: &str,
) -> Result<Option<(TaskKey, u32)>, Error> {
    let document = app.store.run_spec(run).await?;
    if !convert::is_workflow(&document) {
        return Ok(None);
    }
    let (row, plan) = (app.store.get_run(run).await?, app.store.run_plan(run).await?);
    let all = manifest::nodes(manifest::Facts { run: &row, plan: &plan, document: &document, tasks });
    let attempt = manifest::find(&all, node).and_then(|node| artifacts::attempt_behind(&all, run, node));
    Ok(attempt.map(|attempt| (attempt.task, attempt.number)))
}
