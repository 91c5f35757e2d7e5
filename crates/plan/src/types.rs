//! The types that parameters and artifacts are declared with. Values of these types live in `value`.

use serde::{Deserialize, Serialize};

/// A parameter's declared type.
///
/// Source: `ParameterType.ParameterTypeEnum` of the PipelineSpec IR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ParameterType {
    NumberDouble,
    NumberInteger,
    String,
    Boolean,
    List,
    Struct,
    TaskFinalStatus,
    TaskConfig,
    /// Declared without a type (helper inputs of f-strings): any value passes unchecked.
    Any,
}

impl ParameterType {
    /// Names the type as the IR spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NumberDouble => "NUMBER_DOUBLE",
            Self::NumberInteger => "NUMBER_INTEGER",
            Self::String => "STRING",
            Self::Boolean => "BOOLEAN",
            Self::List => "LIST",
            Self::Struct => "STRUCT",
            Self::TaskFinalStatus => "TASK_FINAL_STATUS",
            Self::TaskConfig => "TASK_CONFIG",
            Self::Any => "ANY",
        }
    }
}

/// An artifact's declared type.
///
/// Shape: exactly one of the title (`system.Dataset`), the schema URI or the inline schema is non-empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactType {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema_title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema_version: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema_uri: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance_schema: String,
}

impl ArtifactType {
    /// Makes the type of a system schema such as `system.Dataset`, version `0.0.1`.
    pub fn system(title: &str) -> Self {
        Self { schema_title: title.to_owned(), schema_version: "0.0.1".to_owned(), ..Self::default() }
    }
}
