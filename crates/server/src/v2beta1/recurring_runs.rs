//! Recurring runs: the routes are known, the feature is not here yet and says so.
//!
//! Lists are answered empty, which is the truth.

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Error;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/recurringruns", get(list).post(refuse))
        .route("/recurringruns/{id}", get(refuse).post(refuse).delete(refuse))
}

async fn list() -> Json<Value> {
    Json(json!({}))
}

async fn refuse() -> Result<Json<Value>, Error> {
    Err(Error::Unimplemented(
        "recurring runs are not available in this version; create runs from cron or another scheduler"
            .to_owned(),
    ))
}
