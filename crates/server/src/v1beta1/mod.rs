//! REST API v1beta1 as the kfp 1.8 client and its command line speak it: an adapter over the same rows and the
//! same way to create runs as `v2beta1`. Nothing is kept for it alone but reported metrics.
//!
//! Source: API reference 1.2, v1 semantics 2.9 and 2.10.

mod artifacts;
mod convert;
mod experiments;
mod healthz;
mod jobs;
mod lists;
mod manifest;
mod metrics;
mod pipelines;
mod references;
mod runs;
pub mod types;
mod versions;

use axum::Router;

use crate::app::App;

pub(crate) use artifacts::older_routes;

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
}
