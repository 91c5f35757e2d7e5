//! Jobs, the old form of recurring runs: the routes are known, and say what to use instead.
//!
//! Lists are answered empty: no job can be made here.

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
        "jobs (recurring runs) are not available through the v1 API in this version; the v2 API has them: \
         `kfp` 2.x, or /apis/v2beta1/recurringruns"
            .to_owned(),
    ))
}
