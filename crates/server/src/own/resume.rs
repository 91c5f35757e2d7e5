//! Waiting tasks go on: `runs/{id}:resume`.

use axum::extract::{Extension, State};
use axum::routing::post;
use axum::{Json, Router};
use pipewright_plan::Value;
use pipewright_store::engine::{Resume, RunId, TaskKey};
use serde::{Deserialize, Serialize};
use serde_json::Map;
use utoipa::ToSchema;

use crate::access::Caller;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, id_and_verb};
use crate::submit;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/runs/{id}", post(act))
}

/// Which tasks go on, and with what.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResumeRequest {
    /// Waiting tasks by their path, or dags and loops around them. None: all that wait.
    pub tasks: Vec<String>,
    /// Values of the outputs that they expect; those with a default may be left out.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub parameters: Map<String, Value>,
    /// The answer is no: they fail.
    pub decline: bool,
    /// What is said to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Which tasks go on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ResumeAnswer {
    pub tasks: Vec<String>,
}

async fn act(
    State(app): State<App>,
    Extension(Caller(caller)): Extension<Caller>,
    Segments(segment): Segments<String>,
    Message(asked): Message<ResumeRequest>,
) -> Result<Json<ResumeAnswer>, Error> {
    let (id, verb) = id_and_verb(&segment)?;
    if verb != "resume" {
        return Err(Error::NotFound(format!("a run has no action `{verb}`")));
    }
    let resume = Resume {
        tasks: asked.tasks.into_iter().map(TaskKey).collect(),
        parameters: asked.parameters.into_iter().collect(),
        declined: asked.decline,
        message: asked.message.filter(|message| !message.is_empty()),
        by: caller.and_then(|caller| caller.name().map(str::to_owned)),
    };
    let meant = submit::resume(&app.store, &RunId(id.to_owned()), resume).await?;
    Ok(Json(ResumeAnswer { tasks: meant.into_iter().map(|key| key.0).collect() }))
}
