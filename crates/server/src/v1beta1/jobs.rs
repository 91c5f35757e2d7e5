//! Jobs (recurring runs): the routes are known, the feature is not here yet and says so.
//!
//! Lists are answered empty, which is the truth.

use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Error;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/jobs", get(list).post(refuse))
        .route("/jobs/{id}", get(refuse).delete(refuse))
        .route("/jobs/{id}/enable", post(refuse))
        .route("/jobs/{id}/disable", post(refuse))
}

async fn list() -> Json<Value> {
    Json(json!({}))
}

async fn refuse() -> Result<Json<Value>, Error> {
    Err(Error::Unimplemented(
        "jobs (recurring runs) are not available in this version; create runs from cron or another scheduler"
            .to_owned(),
    ))
}
