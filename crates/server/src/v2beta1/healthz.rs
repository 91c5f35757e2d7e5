//! Whether the server is there, and what it is. The official clients ask before anything else.

use axum::extract::State;
use axum::routing::any;
use axum::{Json, Router};

use super::types::Healthz;
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/healthz", any(healthz))
}

async fn healthz(State(app): State<App>) -> Json<Healthz> {
    Json(health(&app))
}

/// Says what the server is, in the words of the field's API server and of the front before it: this is both.
pub(crate) fn health(app: &App) -> Healthz {
    let commit = option_env!("PIPEWRIGHT_COMMIT").unwrap_or("unknown").to_owned();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Healthz {
        api_server_commit_hash: commit.clone(),
        api_server_tag_name: version.clone(),
        api_server_multi_user: app.settings.multi_user,
        api_server_ready: true,
        build_date: option_env!("PIPEWRIGHT_BUILD_DATE").unwrap_or("unknown").to_owned(),
        frontend_commit_hash: commit.clone(),
        frontend_tag_name: version.clone(),
        frontend_pipeline_store: "database".to_owned(),
        commit_sha: commit,
        tag_name: version,
        multi_user: app.settings.multi_user,
        pipeline_store: "database".to_owned(),
    }
}
