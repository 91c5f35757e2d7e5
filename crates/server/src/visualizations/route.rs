//! Visualizations as the field's APIs have them: asked for and answered in one request. Upstream describes the route
//! of v2beta1 and does not serve it.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Kind, Visualization, page_of, start};
use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/visualizations/{namespace}", post(visualize))
}

/// What is asked for; `html` and `error` are the server's and passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    #[serde(rename = "type")]
    kind: Value,
    source: String,
    /// A JSON object as text.
    arguments: String,
    #[serde(rename = "html")]
    _html: String,
    #[serde(rename = "error")]
    _error: String,
}

async fn visualize(
    State(app): State<App>,
    permit: Permit,
    Segments(namespace): Segments<String>,
    Message(asked): Message<Asked>,
) -> Result<Json<Value>, Error> {
    permit.check(&namespace)?;
    let kind = Kind::read(&asked.kind)?;
    let text = if asked.arguments.trim().is_empty() { "{}" } else { asked.arguments.as_str() };
    let arguments = serde_json::from_str(text)
        .map_err(|error| Error::Invalid(format!("arguments of a visualization are a JSON text: {error}")))?;
    let visualization = Visualization::new(kind, &asked.source, arguments)?;
    let run = start(&app, &permit, namespace, visualization).await?;
    let html = page_of(&app, &permit, &run.id).await?;
    Ok(Json(json!({"type": kind.name(), "source": asked.source, "arguments": text, "html": html})))
}
