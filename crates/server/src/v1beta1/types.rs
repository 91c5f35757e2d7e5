//! The messages of REST API v1beta1 as they travel: one struct for both directions, as in the official API.
//!
//! Shape: as in [`crate::v2beta1::types`]: snake_case names out, snake_case or camelCase in, empty fields left
//! out, unknown fields refused, timestamps RFC 3339 in whole seconds. Values of parameters are texts.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::v2beta1::recurring::{TriggerMessage, integer};

/// What a reference leads to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ResourceType {
    #[default]
    UnknownResourceType,
    Experiment,
    Job,
    Pipeline,
    PipelineVersion,
    Namespace,
}

impl ResourceType {
    /// Reads the enum's name or number; an empty text is the unknown type.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "" | "UNKNOWN_RESOURCE_TYPE" | "0" => Self::UnknownResourceType,
            "EXPERIMENT" | "1" => Self::Experiment,
            "JOB" | "2" => Self::Job,
            "PIPELINE" | "3" => Self::Pipeline,
            "PIPELINE_VERSION" | "4" => Self::PipelineVersion,
            "NAMESPACE" | "5" => Self::Namespace,
            _ => return None,
        })
    }

    fn is_unknown(&self) -> bool {
        *self == Self::UnknownResourceType
    }
}

impl<'de> Deserialize<'de> for ResourceType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = word(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is no type of a resource")))
    }
}

/// Names a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResourceKey {
    #[serde(rename = "type", skip_serializing_if = "ResourceType::is_unknown")]
    pub resource_type: ResourceType,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
}

/// How something belongs to something else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ResourceReference {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<ResourceKey>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `OWNER` or `CREATOR`
    #[serde(deserialize_with = "word", skip_serializing_if = "String::is_empty")]
    pub relationship: String,
}

/// A group of runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Experiment {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(alias = "createdAt", skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    #[serde(alias = "resourceReferences", skip_serializing_if = "Vec::is_empty")]
    pub resource_references: Vec<ResourceReference>,
    #[serde(alias = "storageState", deserialize_with = "word", skip_serializing_if = "String::is_empty")]
    pub storage_state: String,
}

/// A parameter with its value, or with its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Parameter {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// Where a pipeline file can be fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Url {
    #[serde(alias = "pipelineUrl", skip_serializing_if = "String::is_empty")]
    pub pipeline_url: String,
}

/// A named pipeline with its newest version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pipeline {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    #[serde(alias = "createdAt", skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Url>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    #[serde(alias = "defaultVersion", skip_serializing_if = "Option::is_none")]
    pub default_version: Option<PipelineVersion>,
    #[serde(alias = "resourceReferences", skip_serializing_if = "Vec::is_empty")]
    pub resource_references: Vec<ResourceReference>,
}

/// One uploaded file of a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineVersion {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(alias = "createdAt", skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    #[serde(alias = "codeSourceUrl", skip_serializing_if = "String::is_empty")]
    pub code_source_url: String,
    #[serde(alias = "packageUrl", skip_serializing_if = "Option::is_none")]
    pub package_url: Option<Url>,
    #[serde(alias = "resourceReferences", skip_serializing_if = "Vec::is_empty")]
    pub resource_references: Vec<ResourceReference>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// What a run executes and what it is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineSpec {
    #[serde(alias = "pipelineId", skip_serializing_if = "String::is_empty")]
    pub pipeline_id: String,
    #[serde(alias = "pipelineName", skip_serializing_if = "String::is_empty")]
    pub pipeline_name: String,
    /// An Argo workflow as JSON text.
    #[serde(alias = "workflowManifest", skip_serializing_if = "String::is_empty")]
    pub workflow_manifest: String,
    /// A v2 pipeline specification as JSON or YAML text.
    #[serde(alias = "pipelineManifest", skip_serializing_if = "String::is_empty")]
    pub pipeline_manifest: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    #[serde(alias = "runtimeConfig", skip_serializing_if = "Option::is_none")]
    pub runtime_config: Option<RuntimeConfig>,
}

/// What a run of a v2 pipeline is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuntimeConfig {
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = BTreeMap<String, Value>)]
    pub parameters: Map<String, Value>,
    #[serde(alias = "pipelineRoot", skip_serializing_if = "String::is_empty")]
    pub pipeline_root: String,
}

/// One execution of a pipeline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Left out for a run that is not archived: the enum's value 0.
    #[serde(alias = "storageState", deserialize_with = "word", skip_serializing_if = "String::is_empty")]
    pub storage_state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(alias = "pipelineSpec", skip_serializing_if = "Option::is_none")]
    pub pipeline_spec: Option<PipelineSpec>,
    #[serde(alias = "resourceReferences", skip_serializing_if = "Vec::is_empty")]
    pub resource_references: Vec<ResourceReference>,
    #[serde(alias = "serviceAccount", skip_serializing_if = "String::is_empty")]
    pub service_account: String,
    #[serde(alias = "createdAt", skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    #[serde(alias = "scheduledAt", skip_serializing_if = "String::is_empty")]
    pub scheduled_at: String,
    /// The epoch until the run has ended.
    #[serde(alias = "finishedAt", skip_serializing_if = "String::is_empty")]
    pub finished_at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<RunMetric>,
}

/// Something that is run again and again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Job {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(alias = "pipelineSpec", skip_serializing_if = "Option::is_none")]
    pub pipeline_spec: Option<PipelineSpec>,
    #[serde(alias = "resourceReferences", skip_serializing_if = "Vec::is_empty")]
    pub resource_references: Vec<ResourceReference>,
    #[serde(alias = "serviceAccount", skip_serializing_if = "String::is_empty")]
    pub service_account: String,
    /// Runs at once, 1 to 10; a number as text.
    #[serde(
        alias = "maxConcurrency",
        deserialize_with = "integer",
        skip_serializing_if = "String::is_empty"
    )]
    pub max_concurrency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<TriggerMessage>,
    /// `ENABLED` or `DISABLED`, by name or number; without it `enabled` counts.
    #[serde(deserialize_with = "job_mode", skip_serializing_if = "String::is_empty")]
    pub mode: String,
    #[serde(alias = "createdAt", skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    #[serde(alias = "updatedAt", skip_serializing_if = "String::is_empty")]
    pub updated_at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enabled: bool,
    #[serde(alias = "noCatchup", skip_serializing_if = "std::ops::Not::not")]
    pub no_catchup: bool,
}

/// A number that a node of a run left or that a client reported.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunMetric {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(alias = "nodeId", skip_serializing_if = "String::is_empty")]
    pub node_id: String,
    #[serde(alias = "numberValue", deserialize_with = "number")]
    pub number_value: f64,
    /// `RAW` or `PERCENTAGE`
    #[serde(deserialize_with = "word", skip_serializing_if = "String::is_empty")]
    pub format: String,
}

/// What clients report of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReportRunMetrics {
    #[serde(alias = "runId", skip_serializing_if = "String::is_empty")]
    pub run_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<RunMetric>,
}

/// What a run does now, in the format of its engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PipelineRuntime {
    #[serde(alias = "pipelineManifest", skip_serializing_if = "String::is_empty")]
    pub pipeline_manifest: String,
    /// The live Argo workflow as JSON text.
    #[serde(alias = "workflowManifest", skip_serializing_if = "String::is_empty")]
    pub workflow_manifest: String,
}

/// A run with what it does now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunDetail {
    pub run: Run,
    #[serde(alias = "pipelineRuntime")]
    pub pipeline_runtime: PipelineRuntime,
}

fn job_mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let found = match word(deserializer)?.as_str() {
        "" | "UNKNOWN_MODE" | "0" => "",
        "ENABLED" | "1" => "ENABLED",
        "DISABLED" | "2" => "DISABLED",
        other => return Err(D::Error::custom(format!("mode is ENABLED or DISABLED, found `{other}`"))),
    };
    Ok(found.to_owned())
}

/// Takes an enum by name or by number, as text.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(name) => Ok(name),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(D::Error::custom(format!("expected the name of an enum value, found {other}"))),
    }
}

/// Takes a number, also one that is written as a text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let found = value.as_f64().or_else(|| value.as_str()?.parse().ok());
    found
        .filter(|number| number.is_finite())
        .ok_or_else(|| D::Error::custom(format!("expected a number, found {value}")))
}
