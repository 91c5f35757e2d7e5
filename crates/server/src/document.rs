//! A run as the command line prints it: the API's own message, then values that the API leaves out.

use std::collections::BTreeMap;

use pipewright_plan::{ArtifactValue, Usage, Value};
use pipewright_store as store;
use serde::Serialize;
use store::engine::{CacheSource, Failure, TaskKind, TaskPhase, TaskView};
use utoipa::ToSchema;

use crate::openapi::rows::{CacheReference, UsageDocument};
use crate::own::words::ErrorView;
use crate::time::rfc3339;
use crate::v2beta1::types::Run;
use crate::v2beta1::{run_message, task_state};

/// A run with its outputs and its tasks' inputs and outputs by value.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RunDocument {
    /// The fields of the API's message, at the top level.
    #[serde(flatten)]
    pub run: Run,
    /// What the pipeline itself hands on.
    pub outputs: ValuesDocument,
    pub tasks: Vec<TaskDocument>,
}

/// Parameters by value, artifacts with where they lie.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ValuesDocument {
    pub parameters: BTreeMap<String, Value>,
    pub artifacts: Vec<ArtifactDocument>,
}

/// One artifact under one name; a list of artifacts has several entries of the same name.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArtifactDocument {
    pub name: String,
    pub artifact_id: String,
    /// The type's title (`system.Metrics`), or its schema when it has no title.
    #[serde(rename = "type")]
    pub artifact_type: String,
    pub uri: String,
    #[schema(value_type = BTreeMap<String, Value>)]
    pub metadata: serde_json::Map<String, Value>,
}

/// One task or one iteration.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TaskDocument {
    /// The same as `task_id` in `run_details`.
    pub task_id: String,
    pub display_name: String,
    /// `dag`, `loop`, `iteration`, `container`, `importer`, `resource` or `suspend`.
    #[schema(value_type = String)]
    pub kind: TaskKind,
    /// The API's word, and two that the API has not: `CACHED` for an earlier result taken again, `OMITTED` for a
    /// task that never fired because of what happened upstream.
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iteration_count: Option<u32>,
    pub created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    pub inputs: ValuesDocument,
    pub outputs: ValuesDocument,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ErrorView>)]
    pub error: Option<Failure>,
    /// The run and the task whose earlier result was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<CacheReference>)]
    pub cached_from: Option<CacheSource>,
    pub attempts: Vec<AttemptDocument>,
}

/// One attempt at a task.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttemptDocument {
    pub number: u32,
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ErrorView>)]
    pub error: Option<Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<UsageDocument>)]
    pub usage: Option<Usage>,
}

/// Puts a run's document together.
pub fn run_document(run: &store::Run, tasks: &[TaskView]) -> RunDocument {
    RunDocument {
        run: run_message(run, Some(tasks)),
        outputs: values(&run.view.outcome.parameters, &run.view.outcome.artifacts),
        tasks: tasks.iter().map(task_document).collect(),
    }
}

fn values(
    parameters: &BTreeMap<String, Value>,
    artifacts: &BTreeMap<String, Vec<ArtifactValue>>,
) -> ValuesDocument {
    let artifacts = artifacts
        .iter()
        .flat_map(|(name, list)| list.iter().map(move |artifact| artifact_document(name, artifact)))
        .collect();
    ValuesDocument { parameters: parameters.clone(), artifacts }
}

fn artifact_document(name: &str, artifact: &ArtifactValue) -> ArtifactDocument {
    let kind = &artifact.artifact_type;
    let title = [&kind.schema_title, &kind.schema_uri, &kind.instance_schema];
    ArtifactDocument {
        name: name.to_owned(),
        artifact_id: artifact.id.0.clone(),
        artifact_type: title.into_iter().find(|text| !text.is_empty()).cloned().unwrap_or_default(),
        uri: artifact.uri.clone(),
        metadata: artifact.metadata.clone(),
    }
}

fn state_word(phase: TaskPhase) -> String {
    match phase {
        TaskPhase::Omitted => "OMITTED".to_owned(),
        TaskPhase::Cached => "CACHED".to_owned(),
        phase => task_state(phase).to_owned(),
    }
}

fn task_document(task: &TaskView) -> TaskDocument {
    let attempts = task.attempts.iter().map(|attempt| AttemptDocument {
        number: attempt.number,
        state: state_word(attempt.phase),
        place: attempt.place.clone(),
        error: attempt.failure.clone(),
        usage: attempt.usage,
    });
    let duration = task.started_at.zip(task.ended_at).map(|(from, to)| (to.0 - from.0) as f64 / 1e6);
    TaskDocument {
        task_id: task.key.to_string(),
        display_name: task.display_name.clone(),
        kind: task.kind,
        state: state_word(task.phase),
        iteration: task.iteration,
        iteration_count: task.iteration_count,
        created_at: rfc3339(task.created_at),
        started_at: task.started_at.map(rfc3339),
        ended_at: task.ended_at.map(rfc3339),
        duration_seconds: duration,
        inputs: values(&task.inputs.parameters, &task.inputs.artifacts),
        outputs: values(&task.outcome.parameters, &task.outcome.artifacts),
        error: task.error.clone(),
        cached_from: task.cached_from.clone(),
        attempts: attempts.collect(),
    }
}
