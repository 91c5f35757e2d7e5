//! REST API v2beta1 as the official clients speak it, one module per resource.

pub(crate) mod convert;
mod experiments;
mod healthz;
pub(crate) mod lists;
pub(crate) mod pipelines;
pub mod recurring;
mod recurring_runs;
pub(crate) mod reports;
pub(crate) mod runs;
pub mod types;
pub(crate) mod upload;
pub(crate) mod versions;

use axum::Router;

use crate::app::App;

pub(crate) use convert::run_error;
pub(crate) use experiments::check_experiment_name;
pub(crate) use healthz::health;

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
        .merge(reports::routes())
        .merge(crate::visualizations::routes())
        .merge(crate::v1beta1::artifact_routes())
}
