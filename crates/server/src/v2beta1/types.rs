//! The messages of REST API v2beta1 as they travel: one struct for both directions, as in the official API.
//!
//! Shape: snake_case names out, snake_case or camelCase in, empty fields left out, unknown fields refused,
//! `null` means absent, 64-bit integers as text, timestamps RFC 3339 in whole seconds ending in `Z`.
//! What our own states become on the wire lives in `convert`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What a timestamp says that has not happened yet.
pub const EPOCH: &str = "1970-01-01T00:00:00Z";

/// A group of runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Experiment {
    #[serde(alias = "experimentId", skip_serializing_if = "String::is_empty")]
    pub experiment_id: String,
    #[serde(alias = "displayName", skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(alias = "createdAt", skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    #[serde(alias = "storageState", deserialize_with = "word", skip_serializing_if = "String::is_empty")]
    pub storage_state: String,
    #[serde(alias = "lastRunCreatedAt", skip_serializing_if = "String::is_empty")]
    pub last_run_created_at: String,
}

/// A named pipeline; what it does is in its versions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pipeline {
    #[serde(alias = "pipelineId", skip_serializing_if = "String::is_empty")]
    pub pipeline_id: String,
    #[serde(alias = "displayName", skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(alias = "createdAt", skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Status>,
    /// In a change: absent leaves the tags, an empty map clears them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// One uploaded file of a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineVersion {
    #[serde(alias = "pipelineId", skip_serializing_if = "String::is_empty")]
    pub pipeline_id: String,
    #[serde(alias = "pipelineVersionId", skip_serializing_if = "String::is_empty")]
    pub pipeline_version_id: String,
    #[serde(alias = "displayName", skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(alias = "createdAt", skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    #[serde(alias = "packageUrl", skip_serializing_if = "Option::is_none")]
    pub package_url: Option<Url>,
    #[serde(alias = "codeSourceUrl", skip_serializing_if = "String::is_empty")]
    pub code_source_url: String,
    #[serde(alias = "pipelineSpec", skip_serializing_if = "Option::is_none")]
    pub pipeline_spec: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Status>,
    /// In a change: absent leaves the tags, an empty map clears them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
}

/// A pipeline to be made with its first version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CreatePipelineAndVersion {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Pipeline>,
    #[serde(alias = "pipelineVersion", skip_serializing_if = "Option::is_none")]
    pub pipeline_version: Option<PipelineVersion>,
}

/// Where a pipeline file can be fetched.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Url {
    #[serde(alias = "pipelineUrl", skip_serializing_if = "String::is_empty")]
    pub pipeline_url: String,
}

/// One execution of a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    #[serde(alias = "experimentId", skip_serializing_if = "String::is_empty")]
    pub experiment_id: String,
    #[serde(alias = "runId", skip_serializing_if = "String::is_empty")]
    pub run_id: String,
    #[serde(alias = "displayName", skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    #[serde(alias = "storageState", deserialize_with = "word", skip_serializing_if = "String::is_empty")]
    pub storage_state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Deprecated upstream and ignored there as here.
    #[serde(alias = "pipelineVersionId", skip_serializing_if = "String::is_empty")]
    pub pipeline_version_id: String,
    #[serde(alias = "pipelineSpec", skip_serializing_if = "Option::is_none")]
    pub pipeline_spec: Option<Value>,
    #[serde(alias = "pipelineVersionReference", skip_serializing_if = "Option::is_none")]
    pub pipeline_version_reference: Option<PipelineVersionReference>,
    #[serde(alias = "runtimeConfig", skip_serializing_if = "Option::is_none")]
    pub runtime_config: Option<RuntimeConfig>,
    #[serde(alias = "serviceAccount", skip_serializing_if = "String::is_empty")]
    pub service_account: String,
    #[serde(alias = "createdAt", skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    #[serde(alias = "scheduledAt", skip_serializing_if = "String::is_empty")]
    pub scheduled_at: String,
    /// The epoch until the run has ended.
    #[serde(alias = "finishedAt", skip_serializing_if = "String::is_empty")]
    pub finished_at: String,
    #[serde(deserialize_with = "word", skip_serializing_if = "String::is_empty")]
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Status>,
    #[serde(alias = "runDetails", skip_serializing_if = "Option::is_none")]
    pub run_details: Option<RunDetails>,
    #[serde(alias = "recurringRunId", skip_serializing_if = "String::is_empty")]
    pub recurring_run_id: String,
    #[serde(alias = "stateHistory", skip_serializing_if = "Vec::is_empty")]
    pub state_history: Vec<RuntimeStatus>,
    #[serde(alias = "pluginsInput", skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = BTreeMap<String, Value>)]
    pub plugins_input: Map<String, Value>,
    #[serde(alias = "pluginsOutput", skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = BTreeMap<String, Value>)]
    pub plugins_output: Map<String, Value>,
}

/// Names the version that a run executes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineVersionReference {
    #[serde(alias = "pipelineId", skip_serializing_if = "String::is_empty")]
    pub pipeline_id: String,
    #[serde(alias = "pipelineVersionId", skip_serializing_if = "String::is_empty")]
    pub pipeline_version_id: String,
}

/// What a run was given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeConfig {
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = BTreeMap<String, Value>)]
    pub parameters: Map<String, Value>,
    #[serde(alias = "pipelineRoot", skip_serializing_if = "String::is_empty")]
    pub pipeline_root: String,
}

/// A state and since when it holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeStatus {
    #[serde(alias = "updateTime", skip_serializing_if = "String::is_empty")]
    pub update_time: String,
    #[serde(deserialize_with = "word", skip_serializing_if = "String::is_empty")]
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Status>,
}

/// What is known of a run's tasks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunDetails {
    #[serde(alias = "taskDetails", skip_serializing_if = "Vec::is_empty")]
    pub task_details: Vec<TaskDetail>,
}

/// One task or one iteration of a loop.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TaskDetail {
    #[serde(alias = "runId", skip_serializing_if = "String::is_empty")]
    pub run_id: String,
    /// The task's path in the run: `root/for-each[3]/train`.
    #[serde(alias = "taskId", skip_serializing_if = "String::is_empty")]
    pub task_id: String,
    #[serde(alias = "displayName", skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    #[serde(alias = "createTime", skip_serializing_if = "String::is_empty")]
    pub create_time: String,
    #[serde(alias = "startTime", skip_serializing_if = "String::is_empty")]
    pub start_time: String,
    #[serde(alias = "endTime", skip_serializing_if = "String::is_empty")]
    pub end_time: String,
    #[serde(deserialize_with = "word", skip_serializing_if = "String::is_empty")]
    pub state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Status>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, ArtifactIds>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, ArtifactIds>,
    #[serde(alias = "parentTaskId", skip_serializing_if = "String::is_empty")]
    pub parent_task_id: String,
    #[serde(alias = "stateHistory", skip_serializing_if = "Vec::is_empty")]
    pub state_history: Vec<RuntimeStatus>,
    #[serde(alias = "childTasks", skip_serializing_if = "Vec::is_empty")]
    pub child_tasks: Vec<ChildTask>,
}

/// The artifacts behind one name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ArtifactIds {
    #[serde(alias = "artifactIds", skip_serializing_if = "Vec::is_empty")]
    pub artifact_ids: Vec<String>,
}

/// Something inside a task: another task, or where an attempt ran. Only one of the two is set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChildTask {
    #[serde(alias = "taskId", skip_serializing_if = "String::is_empty")]
    pub task_id: String,
    #[serde(alias = "podName", skip_serializing_if = "String::is_empty")]
    pub pod_name: String,
}

/// An error inside a message, with a gRPC code.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Status {
    #[serde(skip_serializing_if = "is_zero")]
    pub code: i32,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Value>,
}

/// One page of experiments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ListExperiments {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<Experiment>,
    #[serde(skip_serializing_if = "is_zero_size")]
    pub total_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// One page of pipelines.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ListPipelines {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pipelines: Vec<Pipeline>,
    #[serde(skip_serializing_if = "is_zero_size")]
    pub total_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// One page of a pipeline's versions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ListPipelineVersions {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pipeline_versions: Vec<PipelineVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
    #[serde(skip_serializing_if = "is_zero_size")]
    pub total_size: u64,
}

/// One page of runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ListRuns {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
    #[serde(skip_serializing_if = "is_zero_size")]
    pub total_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// What the server says of itself; `multi_user` is written even when false, the official client wants it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Healthz {
    pub commit_sha: String,
    pub tag_name: String,
    pub multi_user: bool,
    pub pipeline_store: String,
    #[serde(rename = "apiServerCommitHash")]
    pub api_server_commit_hash: String,
    #[serde(rename = "apiServerTagName")]
    pub api_server_tag_name: String,
    #[serde(rename = "apiServerMultiUser")]
    pub api_server_multi_user: bool,
    #[serde(rename = "apiServerReady")]
    pub api_server_ready: bool,
    #[serde(rename = "buildDate")]
    pub build_date: String,
    #[serde(rename = "frontendCommitHash")]
    pub frontend_commit_hash: String,
    #[serde(rename = "frontendTagName")]
    pub frontend_tag_name: String,
    #[serde(rename = "pipelineStore")]
    pub frontend_pipeline_store: String,
}

fn is_zero(code: &i32) -> bool {
    *code == 0
}

fn is_zero_size(size: &u64) -> bool {
    *size == 0
}

/// Takes an enum by name or by number. Such fields are only ever written by the server, so a number that a
/// client sends along needs no translation.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(name) => Ok(name),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(serde::de::Error::custom(format!("expected the name of an enum value, found {other}"))),
    }
}
