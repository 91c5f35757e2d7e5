//! Whether the server is there; the client looks at `multi_user` alone.

use axum::routing::any;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/healthz", any(healthz))
}

async fn healthz() -> Json<Value> {
    let message = json!(crate::v2beta1::health());
    Json(message)
}
