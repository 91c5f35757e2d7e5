//! The Argo `Workflow` as typed messages: every field that the kfp 1.8 compiler writes, and those of Argo that
//! can be told apart from a slip of the pen.
//!
//! Reading decides nothing: what cannot be run is refused where it is lowered. Source: v1 semantics 1.

mod container;
mod leaf;
mod lock;
mod task;
mod template;

pub(super) use container::*;
pub(super) use leaf::{AnyText, Whole};
pub(super) use lock::*;
pub(super) use task::*;
pub(super) use template::*;

use serde_json::Value;

use crate::decode::{Map, Spanned, Text, messages};

messages! {
    /// A whole workflow.
    Workflow {
        api_version: Option<Text> = "apiVersion",
        kind: Option<Text> = "kind",
        metadata: Option<ObjectMeta> = "metadata",
        spec: Option<WorkflowSpec> = "spec",
        status: Option<Value> = "status",
    };

    /// Names and notes of an object; what a server adds is read over.
    ObjectMeta {
        name: Option<Text> = "name",
        generate_name: Option<Text> = "generateName",
        namespace: Option<Text> = "namespace",
        labels: Map<AnyText> = "labels",
        annotations: Map<AnyText> = "annotations",
        creation_timestamp: Option<Value> = "creationTimestamp",
        uid: Option<Value> = "uid",
        resource_version: Option<Value> = "resourceVersion",
        generation: Option<Value> = "generation",
        managed_fields: Option<Value> = "managedFields",
        owner_references: Option<Value> = "ownerReferences",
        finalizers: Option<Value> = "finalizers",
        self_link: Option<Value> = "selfLink",
    };

    /// What runs.
    WorkflowSpec {
        entrypoint: Option<Text> = "entrypoint",
        templates: Vec<Template> = "templates",
        arguments: Option<Arguments> = "arguments",
        service_account_name: Option<Text> = "serviceAccountName",
        on_exit: Option<Text> = "onExit",
        parallelism: Option<Whole> = "parallelism",
        active_deadline_seconds: Option<Whole> = "activeDeadlineSeconds",
        ttl_strategy: Option<Value> = "ttlStrategy",
        ttl_seconds_after_finished: Option<Value> = "ttlSecondsAfterFinished",
        pod_gc: Option<Value> = "podGC",
        pod_disruption_budget: Option<Value> = "podDisruptionBudget",
        image_pull_secrets: Option<Value> = "imagePullSecrets",
        node_selector: Option<Value> = "nodeSelector",
        affinity: Option<Value> = "affinity",
        tolerations: Option<Value> = "tolerations",
        dns_config: Option<Value> = "dnsConfig",
        dns_policy: Option<Value> = "dnsPolicy",
        host_network: Option<Value> = "hostNetwork",
        host_aliases: Option<Value> = "hostAliases",
        scheduler_name: Option<Value> = "schedulerName",
        priority: Option<Spanned<Value>> = "priority",
        pod_priority: Option<Value> = "podPriority",
        pod_priority_class_name: Option<Value> = "podPriorityClassName",
        pod_metadata: Option<PodMetadata> = "podMetadata",
        security_context: Option<Value> = "securityContext",
        automount_service_account_token: Option<Value> = "automountServiceAccountToken",
        volumes: Vec<Volume> = "volumes",
        volume_claim_templates: Vec<ClaimTemplate> = "volumeClaimTemplates",
        volume_claim_gc: Option<ClaimGc> = "volumeClaimGC",
        archive_logs: Option<Value> = "archiveLogs",
        artifact_repository_ref: Option<Value> = "artifactRepositoryRef",
        artifact_gc: Option<Value> = "artifactGC",
        executor: Option<Value> = "executor",
        metrics: Option<Value> = "metrics",
        retry_strategy: Option<RetryStrategy> = "retryStrategy",
        suspend: Option<Spanned<bool>> = "suspend",
        shutdown: Option<Spanned<Value>> = "shutdown",
        synchronization: Option<Synchronization> = "synchronization",
        template_defaults: Option<Value> = "templateDefaults",
        workflow_template_ref: Option<Spanned<Value>> = "workflowTemplateRef",
        workflow_metadata: Option<WorkflowMetadata> = "workflowMetadata",
        pod_spec_patch: Option<Text> = "podSpecPatch",
        hooks: Map<Hook> = "hooks",
    };

    /// A claim that each run has for itself.
    ClaimTemplate {
        api_version: Option<Text> = "apiVersion",
        kind: Option<Text> = "kind",
        metadata: Option<ObjectMeta> = "metadata",
        spec: Option<ClaimSpec> = "spec",
        status: Option<Value> = "status",
    };

    ClaimSpec {
        access_modes: Option<Value> = "accessModes",
        resources: Option<Value> = "resources",
        storage_class_name: Option<Value> = "storageClassName",
        volume_name: Option<Value> = "volumeName",
        volume_mode: Option<Value> = "volumeMode",
        selector: Option<Value> = "selector",
        data_source: Option<Value> = "dataSource",
        data_source_ref: Option<Value> = "dataSourceRef",
        volume_attributes_class_name: Option<Value> = "volumeAttributesClassName",
    };

    /// When such claims are deleted.
    ClaimGc {
        strategy: Option<Text> = "strategy",
    };

    /// Labels and annotations of a pod.
    PodMetadata {
        labels: Map<AnyText> = "labels",
        annotations: Map<AnyText> = "annotations",
    };

    /// Labels and annotations that the workflow gets.
    WorkflowMetadata {
        labels: Map<AnyText> = "labels",
        annotations: Map<AnyText> = "annotations",
        labels_from: Option<Spanned<Value>> = "labelsFrom",
    };

    /// What is given to a template.
    Arguments {
        parameters: Vec<Parameter> = "parameters",
        artifacts: Vec<Artifact> = "artifacts",
    };

    /// A parameter: declared, given or produced.
    Parameter {
        name: Option<Text> = "name",
        value: Option<AnyText> = "value",
        default: Option<AnyText> = "default",
        value_from: Option<ValueFrom> = "valueFrom",
        description: Option<AnyText> = "description",
        enumeration: Vec<AnyText> = "enum",
        global_name: Option<Text> = "globalName",
    };

    /// Where a parameter's value comes from.
    ValueFrom {
        path: Option<Text> = "path",
        parameter: Option<Text> = "parameter",
        json_path: Option<Text> = "jsonPath",
        jq_filter: Option<Text> = "jqFilter",
        default: Option<AnyText> = "default",
        expression: Option<Text> = "expression",
        event: Option<Spanned<Value>> = "event",
        supplied: Option<Spanned<Value>> = "supplied",
        config_map_key_ref: Option<Spanned<Value>> = "configMapKeyRef",
    } one of "path" | "parameter" | "jsonPath" | "jqFilter" | "expression" | "event" | "supplied" | "configMapKeyRef";

    /// An artifact: declared, given or produced.
    Artifact {
        name: Option<Text> = "name",
        path: Option<Text> = "path",
        from: Option<Text> = "from",
        raw: Option<RawArtifact> = "raw",
        optional: Option<bool> = "optional",
        mode: Option<Whole> = "mode",
        recurse_mode: Option<bool> = "recurseMode",
        archive: Option<Archive> = "archive",
        sub_path: Option<Text> = "subPath",
        global_name: Option<Text> = "globalName",
        from_expression: Option<Text> = "fromExpression",
        archive_logs: Option<Value> = "archiveLogs",
        artifact_gc: Option<Value> = "artifactGC",
        s3: Option<Spanned<Value>> = "s3",
        gcs: Option<Spanned<Value>> = "gcs",
        http: Option<Spanned<Value>> = "http",
        git: Option<Spanned<Value>> = "git",
        hdfs: Option<Spanned<Value>> = "hdfs",
        oss: Option<Spanned<Value>> = "oss",
        azure: Option<Spanned<Value>> = "azure",
        artifactory: Option<Spanned<Value>> = "artifactory",
    };

    /// How an artifact is packed.
    Archive {
        none: Option<NoArchive> = "none",
        tar: Option<TarArchive> = "tar",
        zip: Option<NoArchive> = "zip",
    } one of "none" | "tar" | "zip";

    /// Nothing more to say.
    NoArchive {};

    TarArchive {
        compression_level: Option<Whole> = "compressionLevel",
    };

    /// Text that is an artifact.
    RawArtifact {
        data: Option<Text> = "data",
    };
}
