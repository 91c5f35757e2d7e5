//! REST API v2beta1 as the official clients speak it, one module per resource.

pub(crate) mod convert;
mod experiments;
mod healthz;
mod lists;
mod pipelines;
pub mod recurring;
mod recurring_runs;
mod runs;
pub mod types;
mod upload;
mod versions;

use axum::Router;

use crate::app::App;

pub use convert::{run_message, run_state, task_state};

/// Returns the API's routes, without their prefix.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(healthz::routes())
        .merge(experiments::routes())
        .merge(pipelines::routes())
        .merge(versions::routes())
        .merge(upload::routes())
        .merge(runs::routes())
        .merge(recurring_runs::routes())
}
