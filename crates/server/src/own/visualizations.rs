//! Visualizations, without waiting for them: `visualizations`.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use pipewright_plan::Value;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use utoipa::ToSchema;

use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::Message;
use crate::visualizations::{Kind, OUTPUT, TASK, Visualization, start};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/visualizations", post(create))
}

/// What is to be drawn.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VisualizationRequest {
    /// Where its run goes, in multi-user mode.
    pub namespace: String,
    /// `ROC_CURVE`, `TFDV`, `TFMA`, `TABLE` or `CUSTOM`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where its data lie; `*` may stand in its last parts.
    pub source: String,
    /// What the type takes, `code` of `CUSTOM` among it.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub arguments: Map<String, Value>,
}

/// Where it is drawn.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisualizationView {
    pub run_id: String,
    /// The task that draws.
    pub task: String,
    /// Which of its outputs is the page.
    pub output: String,
}

async fn create(
    State(app): State<App>,
    permit: Permit,
    Message(asked): Message<VisualizationRequest>,
) -> Result<Json<VisualizationView>, Error> {
    let kind = Kind::read(&asked.kind.into())?;
    let visualization = Visualization::new(kind, &asked.source, Value::Object(asked.arguments))?;
    let run = start(&app, &permit, asked.namespace, visualization).await?;
    Ok(Json(VisualizationView { run_id: run.id.0, task: TASK.to_owned(), output: OUTPUT.to_owned() }))
}
