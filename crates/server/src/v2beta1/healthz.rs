//! Whether the server is there, and what it is. The official clients ask before anything else.

use axum::routing::any;
use axum::{Json, Router};

use super::types::Healthz;
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/healthz", any(healthz))
}

async fn healthz() -> Json<Healthz> {
    Json(Healthz {
        commit_sha: option_env!("PIPEWRIGHT_COMMIT").unwrap_or("unknown").to_owned(),
        tag_name: env!("CARGO_PKG_VERSION").to_owned(),
        multi_user: false,
        pipeline_store: "database".to_owned(),
    })
}
