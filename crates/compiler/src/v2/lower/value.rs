//! Types of the document to types of the plan, and whether a value fits.

use pipewright_plan::{ArtifactType, ParameterType, Value};

use crate::v2::spec::{self, ArtifactTypeSchema, PrimitiveType};

/// Returns a parameter's type; one that is not given passes any value.
pub(super) fn parameter_type(new: Option<spec::ParameterType>, old: Option<PrimitiveType>) -> ParameterType {
    match (new, old) {
        (Some(spec::ParameterType::NumberDouble), _) => ParameterType::NumberDouble,
        (Some(spec::ParameterType::NumberInteger), _) => ParameterType::NumberInteger,
        (Some(spec::ParameterType::String), _) => ParameterType::String,
        (Some(spec::ParameterType::Boolean), _) => ParameterType::Boolean,
        (Some(spec::ParameterType::List), _) => ParameterType::List,
        (Some(spec::ParameterType::Struct), _) => ParameterType::Struct,
        (Some(spec::ParameterType::TaskFinalStatus), _) => ParameterType::TaskFinalStatus,
        (Some(spec::ParameterType::TaskConfig), _) => ParameterType::TaskConfig,
        (None | Some(spec::ParameterType::Unspecified), Some(PrimitiveType::Int)) => {
            ParameterType::NumberInteger
        }
        (None | Some(spec::ParameterType::Unspecified), Some(PrimitiveType::Double)) => {
            ParameterType::NumberDouble
        }
        (None | Some(spec::ParameterType::Unspecified), Some(PrimitiveType::String)) => ParameterType::String,
        (None | Some(spec::ParameterType::Unspecified), None | Some(PrimitiveType::Unspecified)) => {
            ParameterType::Any
        }
    }
}

/// Returns an artifact's type; one that is not given is any artifact.
pub(super) fn artifact_type(schema: Option<&ArtifactTypeSchema>) -> ArtifactType {
    let Some(schema) = schema else { return ArtifactType::system("system.Artifact") };
    ArtifactType {
        schema_title: schema.schema_title.clone().unwrap_or_default(),
        schema_version: schema.schema_version.clone().unwrap_or_default(),
        schema_uri: schema.schema_uri.clone().unwrap_or_default(),
        instance_schema: schema.instance_schema.clone().unwrap_or_default(),
    }
}

/// Tells whether a value can be given to an input of that type. Source: v2 semantics 2.3.
pub(crate) fn fits(parameter_type: ParameterType, value: &Value) -> bool {
    match parameter_type {
        ParameterType::String | ParameterType::Any => true,
        ParameterType::NumberDouble | ParameterType::NumberInteger => value.is_number(),
        ParameterType::Boolean => value.is_boolean(),
        ParameterType::List => value.is_array(),
        ParameterType::Struct | ParameterType::TaskFinalStatus | ParameterType::TaskConfig => {
            value.is_object()
        }
    }
}

/// Tells whether a value of one type can be given to an input of another.
pub(super) fn passes(from: ParameterType, to: ParameterType) -> bool {
    let kind = |parameter_type| match parameter_type {
        ParameterType::NumberDouble | ParameterType::NumberInteger => 1,
        ParameterType::Boolean => 2,
        ParameterType::List => 3,
        ParameterType::Struct | ParameterType::TaskFinalStatus | ParameterType::TaskConfig => 4,
        ParameterType::String | ParameterType::Any => 0,
    };
    matches!(to, ParameterType::String | ParameterType::Any)
        || from == ParameterType::Any
        || kind(from) == kind(to)
}

/// Counts the levels of a value.
pub(super) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}
