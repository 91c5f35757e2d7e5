//! Whether the server is there; the client looks at `multi_user` alone.

use axum::extract::State;
use axum::routing::any;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/healthz", any(healthz))
}

async fn healthz(State(app): State<App>) -> Json<Value> {
    let message = json!(crate::v2beta1::health(&app));
    Json(message)
}
