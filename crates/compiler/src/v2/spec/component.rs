//! Components: their interfaces, and dags.

use serde_json::Value;

use super::{ArtifactTypeSchema, PipelineTaskSpec, SinglePlatformSpec, ValueOrRuntimeParameter};
use crate::decode::{Map, Spanned, Struct, Text, enumeration, messages};

messages! {
    /// An interface and what stands behind it.
    ComponentSpec {
        input_definitions: Option<ComponentInputsSpec> = "inputDefinitions",
        output_definitions: Option<ComponentOutputsSpec> = "outputDefinitions",
        dag: Option<DagSpec> = "dag",
        executor_label: Option<Text> = "executorLabel",
        single_platform_specs: Vec<SinglePlatformSpec> = "singlePlatformSpecs",
        task_config_passthroughs: Vec<TaskConfigPassthrough> = "taskConfigPassthroughs",
    } one of "dag" | "executorLabel";

    /// Tasks and how outputs leave them.
    DagSpec {
        tasks: Map<PipelineTaskSpec> = "tasks",
        outputs: Option<DagOutputsSpec> = "outputs",
    };

    DagOutputsSpec {
        artifacts: Map<DagOutputArtifactSpec> = "artifacts",
        parameters: Map<DagOutputParameterSpec> = "parameters",
    };

    DagOutputArtifactSpec {
        artifact_selectors: Vec<ArtifactSelectorSpec> = "artifactSelectors",
    };

    ArtifactSelectorSpec {
        producer_subtask: Option<Text> = "producerSubtask",
        output_artifact_key: Option<Text> = "outputArtifactKey",
    };

    DagOutputParameterSpec {
        value_from_parameter: Option<ParameterSelectorSpec> = "valueFromParameter",
        value_from_oneof: Option<ParameterSelectorsSpec> = "valueFromOneof",
    } one of "valueFromParameter" | "valueFromOneof";

    ParameterSelectorSpec {
        producer_subtask: Option<Text> = "producerSubtask",
        output_parameter_key: Option<Text> = "outputParameterKey",
    };

    ParameterSelectorsSpec {
        parameter_selectors: Vec<ParameterSelectorSpec> = "parameterSelectors",
    };

    ComponentInputsSpec {
        artifacts: Map<InputArtifactSpec> = "artifacts",
        parameters: Map<InputParameterSpec> = "parameters",
    };

    /// A declared input artifact.
    InputArtifactSpec {
        artifact_type: Option<ArtifactTypeSchema> = "artifactType",
        is_artifact_list: Option<bool> = "isArtifactList",
        is_optional: Option<bool> = "isOptional",
        description: Option<String> = "description",
    };

    /// A declared input parameter.
    InputParameterSpec {
        primitive_type: Option<PrimitiveType> = "type",
        parameter_type: Option<ParameterType> = "parameterType",
        default_value: Option<Spanned<Value>> = "defaultValue",
        is_optional: Option<bool> = "isOptional",
        description: Option<String> = "description",
        literals: Vec<Value> = "literals",
    };

    ComponentOutputsSpec {
        artifacts: Map<OutputArtifactSpec> = "artifacts",
        parameters: Map<OutputParameterSpec> = "parameters",
    };

    /// A declared output artifact.
    OutputArtifactSpec {
        artifact_type: Option<ArtifactTypeSchema> = "artifactType",
        properties: Map<ValueOrRuntimeParameter> = "properties",
        custom_properties: Map<ValueOrRuntimeParameter> = "customProperties",
        metadata: Option<Struct> = "metadata",
        is_artifact_list: Option<bool> = "isArtifactList",
        description: Option<String> = "description",
    };

    /// A declared output parameter.
    OutputParameterSpec {
        primitive_type: Option<PrimitiveType> = "type",
        parameter_type: Option<ParameterType> = "parameterType",
        description: Option<String> = "description",
    };

    /// A setting of the task that is handed to its code.
    TaskConfigPassthrough {
        field: Option<PassthroughField> = "field",
        apply_to_task: Option<bool> = "applyToTask",
    };
}

enumeration! {
    /// The types of parameters.
    ParameterType {
        Unspecified = "PARAMETER_TYPE_ENUM_UNSPECIFIED" 0,
        NumberDouble = "NUMBER_DOUBLE" 1,
        NumberInteger = "NUMBER_INTEGER" 2,
        String = "STRING" 3,
        Boolean = "BOOLEAN" 4,
        List = "LIST" 5,
        Struct = "STRUCT" 6,
        TaskFinalStatus = "TASK_FINAL_STATUS" 7,
        TaskConfig = "TASK_CONFIG" 8,
    }
}

enumeration! {
    /// The types of parameters before schema version 2.1.0.
    PrimitiveType {
        Unspecified = "PRIMITIVE_TYPE_UNSPECIFIED" 0,
        Int = "INT" 1,
        Double = "DOUBLE" 2,
        String = "STRING" 3,
    }
}

enumeration! {
    /// Which setting is handed on.
    PassthroughField {
        None = "NONE" 0,
        Resources = "RESOURCES" 1,
        Env = "ENV" 2,
        Affinity = "KUBERNETES_AFFINITY" 3,
        Tolerations = "KUBERNETES_TOLERATIONS" 4,
        NodeSelector = "KUBERNETES_NODE_SELECTOR" 5,
        Volumes = "KUBERNETES_VOLUMES" 6,
    }
}
