//! Facts about the cluster that pages of the field ask for. There is none.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{any, get};

use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/system/cluster-name", get(no_cluster))
        .route("/system/project-id", get(no_cluster))
        .route("/visualizations/allowed", get(allowed))
        .route("/_proxy/{*path}", any(gone))
}

async fn no_cluster() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "there is no cluster here, and no cloud project")
}

/// Tells whether pages may have charts drawn by code of the user.
async fn allowed() -> &'static str {
    "true"
}

async fn gone() -> (StatusCode, &'static str) {
    (StatusCode::GONE, "the path-based proxy is gone")
}
