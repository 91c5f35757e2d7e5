//! Our own additions to the API, under `/apis/pipewright/v1`.
//!
//! Shape: snake_case names, what is not set is left out, lists are always there, instants are RFC 3339 with
//! microseconds, states tell apart what the field's API does not. Tasks are named by their path in the run, one
//! segment of a URL.

pub mod about;
pub mod artifacts;
pub mod compare;
pub mod events;
pub mod executions;
pub mod feed;
pub mod graph;
pub(crate) mod hide;
pub mod logs;
pub mod namespaces;
pub mod progress;
pub mod resume;
pub mod runs;
pub mod statistics;
pub mod task;
pub mod tensorboard;
mod transfer;
pub mod visualizations;
pub mod words;

use axum::Router;

use crate::app::App;

/// Returns the routes, without their prefix.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(graph::routes())
        .merge(feed::routes())
        .merge(logs::routes())
        .merge(artifacts::routes())
        .merge(executions::routes())
        .merge(task::routes())
        .merge(compare::routes())
        .merge(runs::routes())
        .merge(resume::routes())
        .merge(transfer::routes())
        .merge(statistics::routes())
        .merge(about::routes())
        .merge(namespaces::routes())
        .merge(tensorboard::routes())
        .merge(visualizations::routes())
}
