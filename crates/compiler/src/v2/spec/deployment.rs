//! What executors run.

use super::{ArtifactTypeSchema, ValueOrRuntimeParameter};
use crate::decode::{Map, Spanned, Struct, Text, messages};

messages! {
    DeploymentConfig {
        executors: Map<ExecutorSpec> = "executors",
    };

    /// One executor, by label.
    ExecutorSpec {
        container: Option<ContainerSpec> = "container",
        importer: Option<ImporterSpec> = "importer",
        resolver: Option<Spanned<Struct>> = "resolver",
        custom_job: Option<Spanned<Struct>> = "customJob",
    } one of "container" | "importer" | "resolver" | "customJob";

    /// A command in an image.
    ContainerSpec {
        image: Option<Text> = "image",
        command: Vec<Text> = "command",
        args: Vec<Text> = "args",
        lifecycle: Option<Lifecycle> = "lifecycle",
        resources: Option<ResourceSpec> = "resources",
        env: Vec<EnvVar> = "env",
    };

    Lifecycle {
        pre_cache_check: Option<Exec> = "preCacheCheck",
    };

    Exec {
        command: Vec<Text> = "command",
        args: Vec<Text> = "args",
    };

    /// What a container asks of the machine; the text fields win over the older numbers.
    ResourceSpec {
        cpu_limit: Option<f64> = "cpuLimit",
        memory_limit: Option<f64> = "memoryLimit",
        cpu_request: Option<f64> = "cpuRequest",
        memory_request: Option<f64> = "memoryRequest",
        resource_cpu_limit: Option<Text> = "resourceCpuLimit",
        resource_memory_limit: Option<Text> = "resourceMemoryLimit",
        resource_cpu_request: Option<Text> = "resourceCpuRequest",
        resource_memory_request: Option<Text> = "resourceMemoryRequest",
        accelerator: Option<AcceleratorConfig> = "accelerator",
    };

    AcceleratorConfig {
        old_type: Option<Text> = "type",
        old_count: Option<i64> = "count",
        resource_type: Option<Text> = "resourceType",
        resource_count: Option<Text> = "resourceCount",
    };

    EnvVar {
        name: Option<Text> = "name",
        value: Option<Text> = "value",
    };

    /// Registers bytes that exist already.
    ImporterSpec {
        artifact_uri: Option<ValueOrRuntimeParameter> = "artifactUri",
        type_schema: Option<ArtifactTypeSchema> = "typeSchema",
        properties: Map<ValueOrRuntimeParameter> = "properties",
        custom_properties: Map<ValueOrRuntimeParameter> = "customProperties",
        reimport: Option<bool> = "reimport",
        metadata: Option<Struct> = "metadata",
        download_to_workspace: Option<Spanned<bool>> = "downloadToWorkspace",
    };
}
