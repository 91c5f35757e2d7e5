//! The JSON documents that a task's command gets and leaves behind.
//!
//! Source: `ExecutorInput` and `ExecutorOutput` of the PipelineSpec IR in proto-JSON (camelCase), as the kfp
//! SDK's `executor_main` reads and writes them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::types::ArtifactType;
use crate::value::Value;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecutorInput {
    pub inputs: ExecutorInputs,
    pub outputs: ExecutorOutputs,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecutorInputs {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameter_values: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, ArtifactList>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecutorOutputs {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, OutputParameter>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, ArtifactList>,
    /// Local path of the [`ExecutorOutput`] that the command may write.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub output_file: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutputParameter {
    /// Local path of the file that the command writes the value to.
    pub output_file: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ArtifactList {
    pub artifacts: Vec<ExecutorArtifact>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecutorArtifact {
    pub name: String,
    #[serde(rename = "type", with = "wire_type")]
    pub artifact_type: ArtifactType,
    pub uri: String,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub metadata: serde_json::Map<String, Value>,
    /// Where the command really left the bytes, when not at the URI's path.
    #[serde(rename = "custom_path", alias = "customPath", skip_serializing_if = "Option::is_none")]
    pub custom_path: Option<String>,
}

/// What a command may leave in `outputs.outputFile`; it wins over parameter files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExecutorOutput {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameter_values: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, ArtifactList>,
}

/// The IR writes artifact types in camelCase, our own documents in snake_case.
mod wire_type {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::types::ArtifactType;

    #[derive(Default, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Wire {
        #[serde(skip_serializing_if = "String::is_empty")]
        schema_title: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        schema_version: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        schema_uri: String,
        #[serde(skip_serializing_if = "String::is_empty")]
        instance_schema: String,
    }

    pub(super) fn serialize<S: Serializer>(from: &ArtifactType, serializer: S) -> Result<S::Ok, S::Error> {
        Wire {
            schema_title: from.schema_title.clone(),
            schema_version: from.schema_version.clone(),
            schema_uri: from.schema_uri.clone(),
            instance_schema: from.instance_schema.clone(),
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ArtifactType, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        Ok(ArtifactType {
            schema_title: wire.schema_title,
            schema_version: wire.schema_version,
            schema_uri: wire.schema_uri,
            instance_schema: wire.instance_schema,
        })
    }
}
