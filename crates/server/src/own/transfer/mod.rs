//! Runs as files: `runs/{id}/export` writes one, `runs/import` takes one in.
//!
//! The file is a zip archive, written and read a piece at a time:
//!
//! ```text
//! run.json         what the run is, and from where its artifacts' paths count
//! pipeline.json    the specification, as the API shows it
//! plan.json        what it was compiled to
//! journal.jsonl    its facts, one a line; everything that is shown of it follows from them
//! logs/<task>/<attempt>.log, .usage
//! artifacts/<path below the artifacts' folder>
//! ```

mod export;
mod import;
mod paths;

use axum::Router;
use axum::routing::{get, post};
use pipewright_plan::Value;
use pipewright_store::Run;
use pipewright_store::engine::{RunId, TaskKey, Timestamp};
use serde::{Deserialize, Serialize};

use crate::app::App;

/// Names the kind of file.
const FORMAT: &str = "pipewright-run";
/// Grows when older programs could not read it.
const VERSION: u32 = 1;

const HEAD: &str = "run.json";
const SPEC: &str = "pipeline.json";
const PLAN: &str = "plan.json";
const JOURNAL: &str = "journal.jsonl";
const ARTIFACTS: &str = "artifacts/";

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/runs/{id}/export", get(export::export)).route("/runs/import", post(import::import))
}

/// The file's first entry.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    /// The program that wrote it.
    exported_by: String,
    /// The folder that the paths of artifacts count from.
    artifacts_root: String,
    experiment: ExperimentHead,
    run: RunHead,
}

#[derive(Debug, Serialize, Deserialize)]
struct ExperimentHead {
    display_name: String,
    description: String,
}

/// What is known of a run beside its facts.
#[derive(Debug, Serialize, Deserialize)]
struct RunHead {
    run_id: RunId,
    display_name: String,
    description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pipeline_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pipeline_version_id: Option<String>,
    parameters: Value,
    service_account: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    plugins_input: Value,
    created_at: Timestamp,
    scheduled_at: Timestamp,
    archived: bool,
}

impl From<&Run> for RunHead {
    fn from(run: &Run) -> Self {
        Self {
            run_id: run.id.clone(),
            display_name: run.display_name.clone(),
            description: run.description.clone(),
            pipeline_id: run.pipeline_id.clone(),
            pipeline_version_id: run.pipeline_version_id.clone(),
            parameters: run.parameters.clone(),
            service_account: run.service_account.clone(),
            plugins_input: run.plugins_input.clone(),
            created_at: run.created_at,
            scheduled_at: run.scheduled_at,
            archived: run.archived,
        }
    }
}

/// Names the entry of an attempt's log or samples.
fn attempt_entry(task: &TaskKey, number: u32, ending: &str) -> String {
    let mut name = String::from("logs/");
    for byte in task.as_str().bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    name.push_str(&format!("/{number}.{ending}"));
    name
}
