//! Tasks: the uses of components in a dag.

use std::time::Duration;

use super::ValueOrRuntimeParameter;
use crate::decode::{Map, Spanned, Text, enumeration, messages};

messages! {
    /// One use of a component.
    PipelineTaskSpec {
        task_info: Option<PipelineTaskInfo> = "taskInfo",
        inputs: Option<TaskInputsSpec> = "inputs",
        dependent_tasks: Vec<Text> = "dependentTasks",
        caching_options: Option<CachingOptions> = "cachingOptions",
        component_ref: Option<ComponentRef> = "componentRef",
        trigger_policy: Option<TriggerPolicy> = "triggerPolicy",
        artifact_iterator: Option<ArtifactIteratorSpec> = "artifactIterator",
        parameter_iterator: Option<ParameterIteratorSpec> = "parameterIterator",
        retry_policy: Option<RetryPolicy> = "retryPolicy",
        iterator_policy: Option<IteratorPolicy> = "iteratorPolicy",
    } one of "artifactIterator" | "parameterIterator";

    PipelineTaskInfo {
        name: Option<String> = "name",
    };

    ComponentRef {
        name: Option<Text> = "name",
    };

    TaskInputsSpec {
        parameters: Map<TaskInputParameterSpec> = "parameters",
        artifacts: Map<TaskInputArtifactSpec> = "artifacts",
    };

    /// Where an input artifact comes from.
    TaskInputArtifactSpec {
        task_output_artifact: Option<TaskOutputArtifactSpec> = "taskOutputArtifact",
        component_input_artifact: Option<Text> = "componentInputArtifact",
    } one of "taskOutputArtifact" | "componentInputArtifact";

    TaskOutputArtifactSpec {
        producer_task: Option<Text> = "producerTask",
        output_artifact_key: Option<Text> = "outputArtifactKey",
    };

    /// Where an input parameter comes from.
    TaskInputParameterSpec {
        task_output_parameter: Option<TaskOutputParameterSpec> = "taskOutputParameter",
        runtime_value: Option<ValueOrRuntimeParameter> = "runtimeValue",
        component_input_parameter: Option<Text> = "componentInputParameter",
        task_final_status: Option<TaskFinalStatus> = "taskFinalStatus",
        parameter_expression_selector: Option<Text> = "parameterExpressionSelector",
    } one of "taskOutputParameter" | "runtimeValue" | "componentInputParameter" | "taskFinalStatus";

    TaskOutputParameterSpec {
        producer_task: Option<Text> = "producerTask",
        output_parameter_key: Option<Text> = "outputParameterKey",
    };

    TaskFinalStatus {
        producer_task: Option<Text> = "producerTask",
    };

    CachingOptions {
        enable_cache: Option<bool> = "enableCache",
        cache_key: Option<String> = "cacheKey",
    };

    TriggerPolicy {
        condition: Option<Text> = "condition",
        strategy: Option<TriggerStrategy> = "strategy",
    };

    RetryPolicy {
        max_retry_count: Option<Spanned<i32>> = "maxRetryCount",
        backoff_duration: Option<Duration> = "backoffDuration",
        backoff_factor: Option<Spanned<f64>> = "backoffFactor",
        backoff_max_duration: Option<Duration> = "backoffMaxDuration",
    };

    IteratorPolicy {
        parallelism_limit: Option<Spanned<i32>> = "parallelismLimit",
    };

    ArtifactIteratorSpec {
        items: Option<ArtifactItemsSpec> = "items",
        item_input: Option<Text> = "itemInput",
    };

    ArtifactItemsSpec {
        input_artifact: Option<Text> = "inputArtifact",
    };

    ParameterIteratorSpec {
        items: Option<ParameterItemsSpec> = "items",
        item_input: Option<Text> = "itemInput",
    };

    ParameterItemsSpec {
        raw: Option<Text> = "raw",
        input_parameter: Option<Text> = "inputParameter",
    } one of "raw" | "inputParameter";
}

enumeration! {
    /// What a task waits for.
    TriggerStrategy {
        Unspecified = "TRIGGER_STRATEGY_UNSPECIFIED" 0,
        AllSucceeded = "ALL_UPSTREAM_TASKS_SUCCEEDED" 1,
        AllCompleted = "ALL_UPSTREAM_TASKS_COMPLETED" 2,
    }
}
