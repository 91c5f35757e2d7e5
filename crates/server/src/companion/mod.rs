//! What the field's UI server answers beside the API: artifacts by their place, logs and events of pods, facts
//! about the cluster. Pods are attempts here. Source: KFP API reference 2.

mod artifacts;
mod pods;
mod system;

use axum::Router;

use crate::app::App;

pub(crate) use artifacts::{content_at, path_at};
pub(crate) use pods::{node_log, pod_name};

/// Returns the routes, which have no prefix of their own.
pub(crate) fn routes() -> Router<App> {
    Router::new().merge(artifacts::routes()).merge(pods::routes()).merge(system::routes())
}
