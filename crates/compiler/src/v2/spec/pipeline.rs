//! The outermost messages, and the small ones that all others use.

use serde_json::Value;

use super::{ComponentSpec, DeploymentConfig};
use crate::decode::{Context, Decode, Fields, Map, Spanned, Struct, Text, messages};
use crate::diagnostic::Severity;
use crate::yaml::{Node, Span};

/// A whole pipeline.
#[derive(Debug, Clone, Default)]
pub(crate) struct PipelineSpec {
    pub span: Span,
    pub pipeline_info: Option<PipelineInfo>,
    pub deployment_spec: Option<DeploymentConfig>,
    pub sdk_version: Option<Text>,
    pub schema_version: Option<Text>,
    pub components: Map<ComponentSpec>,
    pub root: Option<ComponentSpec>,
    pub default_pipeline_root: Option<Text>,
}

impl Decode for PipelineSpec {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let mut fields = Fields::open(node, cx)?;
        let mut spec = Self {
            span: node.span,
            pipeline_info: fields.read(cx, "pipelineInfo"),
            sdk_version: fields.read(cx, "sdkVersion"),
            schema_version: fields.read(cx, "schemaVersion"),
            components: fields.read(cx, "components"),
            root: fields.read(cx, "root"),
            default_pipeline_root: fields.read(cx, "defaultPipelineRoot"),
            deployment_spec: None,
        };
        // On the wire this is a free struct, so that unknown fields inside have always been dropped.
        cx.unknown_fields = Severity::Warning;
        spec.deployment_spec = fields.read(cx, "deploymentSpec");
        cx.unknown_fields = Severity::Error;
        fields.close(cx);
        Some(spec)
    }
}

messages! {
    /// How the pipeline is called.
    PipelineInfo {
        name: Option<Text> = "name",
        display_name: Option<String> = "displayName",
        description: Option<String> = "description",
    };

    /// The type of an artifact.
    ArtifactTypeSchema {
        schema_title: Option<String> = "schemaTitle",
        schema_uri: Option<String> = "schemaUri",
        instance_schema: Option<String> = "instanceSchema",
        schema_version: Option<String> = "schemaVersion",
    } one of "schemaTitle" | "schemaUri" | "instanceSchema";

    /// A literal, or the name of an input.
    ValueOrRuntimeParameter {
        constant_value: Option<OldValue> = "constantValue",
        runtime_parameter: Option<Text> = "runtimeParameter",
        constant: Option<Spanned<Value>> = "constant",
    } one of "constantValue" | "runtimeParameter" | "constant";

    /// A literal as it was written before there were JSON literals.
    OldValue {
        int_value: Option<i64> = "intValue",
        double_value: Option<f64> = "doubleValue",
        string_value: Option<String> = "stringValue",
    } one of "intValue" | "doubleValue" | "stringValue";

    /// Settings for one platform.
    SinglePlatformSpec {
        deployment_spec: Option<PlatformDeployment> = "deploymentSpec",
        platform: Option<String> = "platform",
        config: Option<Struct> = "config",
        pipeline_config: Option<PipelineConfig> = "pipelineConfig",
    };

    /// Settings of executors, their content known to the platform alone.
    PlatformDeployment {
        executors: Map<Spanned<Struct>> = "executors",
    };

    /// Settings of the whole pipeline.
    PipelineConfig {
        resource_ttl_on_completion: Option<Spanned<i32>> = "resourceTtlOnCompletion",
        workspace: Option<WorkspaceConfig> = "workspace",
        resource_ttl_on_success: Option<Spanned<i32>> = "resourceTtlOnSuccess",
        resource_ttl_on_failure: Option<Spanned<i32>> = "resourceTtlOnFailure",
        active_deadline_seconds: Option<Spanned<i32>> = "activeDeadlineSeconds",
    };

    /// A folder that all tasks share.
    WorkspaceConfig {
        size: Option<Text> = "size",
        kubernetes: Option<KubernetesWorkspaceConfig> = "kubernetes",
    };

    /// The claim behind the shared folder.
    KubernetesWorkspaceConfig {
        pvc_spec_patch: Option<Spanned<Struct>> = "pvcSpecPatch",
    };
}

impl OldValue {
    /// Returns the literal as JSON.
    pub fn to_json(&self) -> Value {
        match self {
            Self { int_value: Some(number), .. } => Value::from(*number),
            Self { double_value: Some(number), .. } => Value::from(*number),
            Self { string_value: Some(text), .. } => Value::from(text.clone()),
            _ => Value::Null,
        }
    }
}

impl ValueOrRuntimeParameter {
    /// Returns the literal, when it is one.
    pub fn literal(&self) -> Option<Spanned<Value>> {
        match (&self.constant, &self.constant_value) {
            (Some(constant), _) => Some(constant.clone()),
            (None, Some(old)) => Some(Spanned { value: old.to_json(), span: old.span }),
            (None, None) => None,
        }
    }
}
