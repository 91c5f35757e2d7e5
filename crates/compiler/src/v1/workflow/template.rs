//! Templates: what a task of a workflow can be.

use serde_json::Value;

use super::{
    AnyText, Artifact, ContainerSpec, DagTemplate, Memoize, Parameter, RetryStrategy, StepGroup, Suspend,
    Synchronization, TemplateMetadata, Volume, Whole,
};
use crate::decode::{Spanned, Text, messages};

messages! {
    /// One template.
    Template {
        name: Option<Text> = "name",
        inputs: Option<Inputs> = "inputs",
        outputs: Option<Outputs> = "outputs",
        container: Option<ContainerSpec> = "container",
        script: Option<ContainerSpec> = "script",
        resource: Option<ResourceTemplate> = "resource",
        dag: Option<DagTemplate> = "dag",
        steps: Option<Spanned<Steps>> = "steps",
        suspend: Option<Suspend> = "suspend",
        http: Option<Spanned<Value>> = "http",
        data: Option<Spanned<Value>> = "data",
        container_set: Option<Spanned<Value>> = "containerSet",
        plugin: Option<Spanned<Value>> = "plugin",
        metadata: Option<TemplateMetadata> = "metadata",
        annotations: Option<Value> = "annotations",
        retry_strategy: Option<RetryStrategy> = "retryStrategy",
        active_deadline_seconds: Option<Whole> = "activeDeadlineSeconds",
        timeout: Option<AnyText> = "timeout",
        parallelism: Option<Whole> = "parallelism",
        fail_fast: Option<Spanned<bool>> = "failFast",
        volumes: Vec<Volume> = "volumes",
        init_containers: Vec<ContainerSpec> = "initContainers",
        sidecars: Vec<ContainerSpec> = "sidecars",
        node_selector: Option<Value> = "nodeSelector",
        affinity: Option<Value> = "affinity",
        tolerations: Option<Value> = "tolerations",
        scheduler_name: Option<Value> = "schedulerName",
        host_aliases: Option<Value> = "hostAliases",
        priority: Option<Value> = "priority",
        priority_class_name: Option<Value> = "priorityClassName",
        security_context: Option<Value> = "securityContext",
        service_account_name: Option<Text> = "serviceAccountName",
        automount_service_account_token: Option<Value> = "automountServiceAccountToken",
        executor: Option<Value> = "executor",
        metrics: Option<Value> = "metrics",
        archive_location: Option<Value> = "archiveLocation",
        pod_spec_patch: Option<Text> = "podSpecPatch",
        daemon: Option<Spanned<bool>> = "daemon",
        memoize: Option<Memoize> = "memoize",
        synchronization: Option<Synchronization> = "synchronization",
    } one of "container" | "script" | "resource" | "dag" | "steps" | "suspend" | "http" | "data" | "containerSet"
        | "plugin";

    Inputs {
        parameters: Vec<Parameter> = "parameters",
        artifacts: Vec<Artifact> = "artifacts",
    };

    Outputs {
        parameters: Vec<Parameter> = "parameters",
        artifacts: Vec<Artifact> = "artifacts",
        result: Option<Value> = "result",
        exit_code: Option<Value> = "exitCode",
    };

    /// A change of a Kubernetes object.
    ResourceTemplate {
        action: Option<Text> = "action",
        merge_strategy: Option<Text> = "mergeStrategy",
        manifest: Option<Text> = "manifest",
        manifest_from: Option<Spanned<Value>> = "manifestFrom",
        set_owner_reference: Option<bool> = "setOwnerReference",
        success_condition: Option<Text> = "successCondition",
        failure_condition: Option<Text> = "failureCondition",
        flags: Vec<Text> = "flags",
    };
}

/// Groups of steps, one after the other.
pub(in crate::v1) type Steps = StepGroups;

/// The list behind `steps`.
#[derive(Debug, Clone, Default)]
pub(in crate::v1) struct StepGroups(pub Vec<StepGroup>);

impl crate::decode::Decode for StepGroups {
    fn decode(node: &crate::yaml::Node, cx: &mut crate::decode::Context) -> Option<Self> {
        Some(Self(crate::decode::Field::read(node, cx)))
    }
}
