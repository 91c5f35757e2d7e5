//! The plan and its components: interfaces, and what stands behind them.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::placeholder::{Text, Word};
use crate::platform::{PipelinePlatform, TaskPlatform};
use crate::resource::Resource;
use crate::task::Task;
use crate::types::{ArtifactType, ParameterType};
use crate::value::Value;

/// The file format that a plan was compiled from; a few rules of the field differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    V1,
    V2,
}

/// A compiled pipeline. Invariants are checked by [`crate::check`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub dialect: Dialect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk_version: Option<String>,
    /// `@dsl.pipeline(pipeline_root=…)`; a run's own setting wins over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_pipeline_root: Option<String>,
    #[serde(default)]
    pub platform: PipelinePlatform,
    /// Name of the entry component, always a dag.
    pub root: String,
    pub components: IndexMap<String, Component>,
}

impl Plan {
    /// Returns the component of that name; a checked plan has every name it refers to.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components.get(name)
    }

    /// Lists the settings that only a cluster applies, by their field name, with the components that ask for
    /// them; the whole pipeline's own have none.
    pub fn cluster_settings(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, component) in &self.components {
            let ComponentKind::Container(container) = &component.kind else { continue };
            for setting in container.platform.placement.keys() {
                found.entry(setting).or_default().push(name);
            }
        }
        for setting in self.platform.retention.keys() {
            found.entry(setting).or_default();
        }
        found
    }

    /// Returns the entry component.
    pub fn root_component(&self) -> Option<&Component> {
        self.components.get(&self.root)
    }
}

/// An interface and what stands behind it; any number of tasks may use it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Component {
    #[serde(default)]
    pub inputs: Inputs,
    #[serde(default)]
    pub outputs: Outputs,
    pub kind: ComponentKind,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, ParameterInput>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub artifacts: IndexMap<String, ArtifactInput>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, ParameterOutput>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub artifacts: IndexMap<String, ArtifactOutput>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterInput {
    #[serde(rename = "type")]
    pub parameter_type: ParameterType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(default)]
    pub optional: bool,
    /// The only values allowed, when not empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub literals: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArtifactInput {
    #[serde(rename = "type")]
    pub artifact_type: ArtifactType,
    #[serde(default)]
    pub optional: bool,
    #[serde(default)]
    pub is_list: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterOutput {
    #[serde(rename = "type")]
    pub parameter_type: ParameterType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArtifactOutput {
    #[serde(rename = "type")]
    pub artifact_type: ArtifactType,
    #[serde(default)]
    pub is_list: bool,
    /// Metadata that the artifact starts with.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub metadata: serde_json::Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "a plan has few components, and most of them are containers")]
pub enum ComponentKind {
    Dag(Dag),
    Container(Container),
    Importer(Importer),
    Resource(Resource),
}

/// Tasks and how their outputs become the component's own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dag {
    pub tasks: IndexMap<String, Task>,
    #[serde(default)]
    pub outputs: DagOutputs,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DagOutputs {
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, ParameterSelector>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub artifacts: IndexMap<String, ArtifactSelector>,
}

/// Where a dag's output parameter comes from. `sources` are (sub-task, output key).
///
/// One source passes through (a list in iteration order when the sub-task is a loop); with several, the first
/// whose sub-task succeeded is taken (`OneOf`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterSelector {
    pub sources: Vec<(String, String)>,
    pub one_of: bool,
}

/// Where a dag's output artifact comes from; see [`ParameterSelector`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArtifactSelector {
    pub sources: Vec<(String, String)>,
}

/// A command in an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Container {
    pub image: Text,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<Word>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Word>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    #[serde(default)]
    pub resources: Resources,
    #[serde(default)]
    pub platform: TaskPlatform,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnvVar {
    pub name: String,
    pub value: Text,
}

/// What a task asks of the machine, as quantities in Kubernetes' notation (`500m`, `2Gi`), maybe with
/// placeholders.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_request: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_request: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accelerator_type: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accelerator_count: Option<Text>,
}

/// Registers bytes that exist already as an artifact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importer {
    /// May hold placeholders of the importer's own inputs.
    pub uri: Text,
    #[serde(rename = "type")]
    pub artifact_type: ArtifactType,
    /// Metadata; keys and strings may hold placeholders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<(Text, crate::placeholder::ValueTemplate)>,
    /// Registers anew even when an equal artifact is known.
    pub reimport: bool,
    #[serde(default)]
    pub download_to_workspace: bool,
}
