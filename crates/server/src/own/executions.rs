//! Task instances over all runs, newest first or sorted: `executions`.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use pipewright_store::engine::RunId;
use pipewright_store::{ExecutionOrder, ExecutionQuery};
use serde::Serialize;
use utoipa::ToSchema;

use super::progress::TaskKindView;
use super::words::{TaskState, instant, mark, order, seconds_between};
use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::Words;
use crate::placing::run_or_namespace;

const PAGE: usize = 50;
const MOST: usize = 200;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/executions", get(list))
}

/// One page of executions; a filtered page may hold few and still have a next one.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExecutionPage {
    pub executions: Vec<ExecutionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// A task instance that has nothing inside.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ExecutionView {
    pub run_id: String,
    pub run_display_name: String,
    pub pipeline_name: String,
    pub task: String,
    pub display_name: String,
    pub kind: TaskKindView,
    pub state: TaskState,
    pub created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    pub attempts: u32,
}

async fn list(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<ExecutionPage>, Error> {
    let run = words.text("run_id").map(RunId);
    let named = ("a list of executions", words.text("namespace"));
    let namespace = run_or_namespace(&app, &permit, run.as_ref(), named).await?;
    let state = words.get("state").map(|word| {
        TaskState::parse(word).ok_or_else(|| Error::Invalid(format!("there is no task state `{word}`")))
    });
    let query = ExecutionQuery {
        limit: words.number("page_size")?.filter(|size| *size > 0).unwrap_or(PAGE).min(MOST),
        order: order(
            &words,
            &[
                ("created_at", ExecutionOrder::Created),
                ("name", ExecutionOrder::Task),
                ("state", ExecutionOrder::State),
            ],
        )?,
        after: mark(&words)?,
        run,
        namespace,
        phase: state.transpose()?.map(Into::into),
        pipeline_name: words.text("pipeline"),
        name: words.text("name"),
    };
    let page = app.store.list_executions(query).await?;
    let executions = page.items.into_iter().map(|execution| {
        let task = execution.task;
        ExecutionView {
            run_id: execution.run.0,
            run_display_name: execution.run_display_name,
            pipeline_name: execution.pipeline_name,
            display_name: task.display_name,
            kind: task.kind.into(),
            state: task.phase.into(),
            created_at: instant(task.created_at),
            started_at: task.started_at.map(instant),
            ended_at: task.ended_at.map(instant),
            duration_seconds: seconds_between(task.started_at, task.ended_at),
            attempts: u32::try_from(task.attempts.len()).unwrap_or(u32::MAX),
            task: task.key.0,
        }
    });
    Ok(Json(ExecutionPage {
        executions: executions.collect(),
        next_page_token: page.next.map(|mark| mark.to_string()),
    }))
}
