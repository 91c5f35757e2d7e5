//! The Kubernetes platform document, typed and positioned.
//!
//! Source: the `kfp-kubernetes` executor configuration and `PlatformSpec`. Which settings this release
//! honours is decided by lowering.

use serde_json::Value;

use super::spec::{PipelineConfig, TaskInputParameterSpec, TaskOutputParameterSpec};
use crate::decode::{Context, Decode, Field, Fields, Map, Spanned, Struct, Text, messages};
use crate::yaml::{Mapping, Node, Span};

/// Settings per platform; only `kubernetes` is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlatformSpec {
    pub kubernetes: Option<KubernetesPlatform>,
}

impl Decode for PlatformSpec {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let mut fields = Fields::open(node, cx)?;
        let platforms: Platforms = fields.read(cx, "platforms");
        fields.close(cx);
        Some(Self { kubernetes: platforms.kubernetes })
    }
}

#[derive(Default)]
struct Platforms {
    kubernetes: Option<KubernetesPlatform>,
}

impl Field for Platforms {
    fn read(node: &Node, cx: &mut Context) -> Self {
        let mut kubernetes = None;
        for (name, entry) in node.as_mapping().into_iter().flat_map(Mapping::iter) {
            cx.within(name.as_str(), |cx| {
                if name == "kubernetes" {
                    kubernetes = KubernetesPlatform::decode(&entry.node, cx);
                } else {
                    let message = format!("settings for platform `{name}` are ignored");
                    cx.warning("ignored-platform", entry.key_span, message);
                }
            });
        }
        Self { kubernetes }
    }
}

/// The configuration of one executor: typed to be checked, and as it was written to be handed on.
#[derive(Debug, Clone)]
pub(crate) struct ExecutorConfig {
    pub typed: KubernetesExecutorConfig,
    /// Each field that is set, by its camel-case name
    pub raw: Vec<RawSetting>,
}

/// One setting as it was written.
#[derive(Debug, Clone)]
pub(crate) struct RawSetting {
    pub name: String,
    pub key_span: Span,
    pub value: Value,
}

impl Decode for ExecutorConfig {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let typed = KubernetesExecutorConfig::decode(node, cx)?;
        let mapping = node.as_mapping()?;
        let raw = mapping
            .iter()
            .filter(|(_, entry)| !entry.node.is_null())
            .map(|(key, entry)| RawSetting {
                name: cx.field_name(mapping, key),
                key_span: entry.key_span,
                value: cx.to_json(&entry.node),
            })
            .collect();
        Some(Self { typed, raw })
    }
}

messages! {
    /// Settings of one pipeline on Kubernetes.
    KubernetesPlatform {
        deployment_spec: Option<KubernetesDeployment> = "deploymentSpec",
        platform: Option<String> = "platform",
        config: Option<Struct> = "config",
        pipeline_config: Option<PipelineConfig> = "pipelineConfig",
    };

    KubernetesDeployment {
        executors: Map<ExecutorConfig> = "executors",
    };

    /// Settings of one executor's pod.
    KubernetesExecutorConfig {
        secret_as_volume: Vec<SecretAsVolume> = "secretAsVolume",
        secret_as_env: Vec<SecretAsEnv> = "secretAsEnv",
        pvc_mount: Vec<PvcMount> = "pvcMount",
        node_selector: Option<NodeSelector> = "nodeSelector",
        pod_metadata: Option<PodMetadata> = "podMetadata",
        image_pull_secret: Vec<ImagePullSecret> = "imagePullSecret",
        image_pull_policy: Option<Text> = "imagePullPolicy",
        config_map_as_volume: Vec<ConfigMapAsVolume> = "configMapAsVolume",
        config_map_as_env: Vec<ConfigMapAsEnv> = "configMapAsEnv",
        active_deadline_seconds: Option<Spanned<i64>> = "activeDeadlineSeconds",
        field_path_as_env: Vec<FieldPathAsEnv> = "fieldPathAsEnv",
        tolerations: Vec<Toleration> = "tolerations",
        generic_ephemeral_volume: Vec<GenericEphemeralVolume> = "genericEphemeralVolume",
        node_affinity: Vec<NodeAffinityTerm> = "nodeAffinity",
        pod_affinity: Vec<PodAffinityTerm> = "podAffinity",
        enabled_shared_memory: Option<EnabledSharedMemory> = "enabledSharedMemory",
        empty_dir_mounts: Vec<EmptyDirMount> = "emptyDirMounts",
        security_context: Option<SecurityContext> = "securityContext",
        init_containers: Vec<InitContainer> = "initContainers",
        pod_resource_claims: Vec<PodResourceClaim> = "podResourceClaims",
    };

    EnabledSharedMemory {
        volume_name: Option<String> = "volumeName",
        size: Option<String> = "size",
    };

    SecretAsVolume {
        secret_name: Option<String> = "secretName",
        mount_path: Option<Text> = "mountPath",
        optional: Option<bool> = "optional",
        secret_name_parameter: Option<TaskInputParameterSpec> = "secretNameParameter",
    };

    SecretAsEnv {
        secret_name: Option<String> = "secretName",
        key_to_env: Vec<SecretKeyToEnv> = "keyToEnv",
        optional: Option<bool> = "optional",
        secret_name_parameter: Option<TaskInputParameterSpec> = "secretNameParameter",
    };

    SecretKeyToEnv {
        secret_key: Option<String> = "secretKey",
        env_var: Option<String> = "envVar",
    };

    PvcMount {
        task_output_parameter: Option<TaskOutputParameterSpec> = "taskOutputParameter",
        constant: Option<String> = "constant",
        component_input_parameter: Option<Text> = "componentInputParameter",
        mount_path: Option<Text> = "mountPath",
        pvc_name_parameter: Option<TaskInputParameterSpec> = "pvcNameParameter",
        sub_path: Option<Text> = "subPath",
    } one of "taskOutputParameter" | "constant" | "componentInputParameter";

    NodeSelector {
        labels: Map<String> = "labels",
        node_selector_json: Option<TaskInputParameterSpec> = "nodeSelectorJson",
    };

    PodMetadata {
        labels: Map<String> = "labels",
        annotations: Map<String> = "annotations",
    };

    ConfigMapAsVolume {
        config_map_name: Option<String> = "configMapName",
        mount_path: Option<Text> = "mountPath",
        optional: Option<bool> = "optional",
        config_map_name_parameter: Option<TaskInputParameterSpec> = "configMapNameParameter",
    };

    ConfigMapAsEnv {
        config_map_name: Option<String> = "configMapName",
        key_to_env: Vec<ConfigMapKeyToEnv> = "keyToEnv",
        config_map_name_parameter: Option<TaskInputParameterSpec> = "configMapNameParameter",
        optional: Option<bool> = "optional",
    };

    ConfigMapKeyToEnv {
        config_map_key: Option<String> = "configMapKey",
        env_var: Option<String> = "envVar",
    };

    GenericEphemeralVolume {
        volume_name: Option<Text> = "volumeName",
        mount_path: Option<Text> = "mountPath",
        access_modes: Vec<String> = "accessModes",
        size: Option<Text> = "size",
        default_storage_class: Option<bool> = "defaultStorageClass",
        storage_class_name: Option<String> = "storageClassName",
        metadata: Option<PodMetadata> = "metadata",
    };

    ImagePullSecret {
        secret_name: Option<String> = "secretName",
        secret_name_parameter: Option<TaskInputParameterSpec> = "secretNameParameter",
    };

    FieldPathAsEnv {
        name: Option<String> = "name",
        field_path: Option<Text> = "fieldPath",
    };

    Toleration {
        key: Option<String> = "key",
        operator: Option<String> = "operator",
        value: Option<String> = "value",
        effect: Option<String> = "effect",
        toleration_seconds: Option<i64> = "tolerationSeconds",
        toleration_json: Option<TaskInputParameterSpec> = "tolerationJson",
    };

    SelectorRequirement {
        key: Option<String> = "key",
        operator: Option<String> = "operator",
        values: Vec<String> = "values",
    };

    NodeAffinityTerm {
        match_expressions: Vec<SelectorRequirement> = "matchExpressions",
        match_fields: Vec<SelectorRequirement> = "matchFields",
        weight: Option<i32> = "weight",
        node_affinity_json: Option<TaskInputParameterSpec> = "nodeAffinityJson",
    };

    PodAffinityTerm {
        match_pod_expressions: Vec<SelectorRequirement> = "matchPodExpressions",
        match_pod_labels: Map<String> = "matchPodLabels",
        topology_key: Option<String> = "topologyKey",
        namespaces: Vec<String> = "namespaces",
        match_namespace_expressions: Vec<SelectorRequirement> = "matchNamespaceExpressions",
        match_namespace_labels: Map<String> = "matchNamespaceLabels",
        weight: Option<i32> = "weight",
        anti: Option<bool> = "anti",
    };

    SecurityContext {
        run_as_user: Option<i64> = "runAsUser",
        run_as_group: Option<i64> = "runAsGroup",
        run_as_non_root: Option<bool> = "runAsNonRoot",
    };

    EmptyDirMount {
        volume_name: Option<Text> = "volumeName",
        mount_path: Option<Text> = "mountPath",
        medium: Option<Text> = "medium",
        size_limit: Option<Text> = "sizeLimit",
    };

    PodResourceClaim {
        resource_claim_template_name: Option<String> = "resourceClaimTemplateName",
        resource_claim_json: Option<TaskInputParameterSpec> = "resourceClaimJson",
    };

    InitContainer {
        name: Option<String> = "name",
        image: Option<String> = "image",
        command: Vec<String> = "command",
        args: Vec<String> = "args",
        env: Vec<InitEnvVar> = "env",
        volume_mounts: Vec<VolumeMount> = "volumeMounts",
        restart_policy: Option<String> = "restartPolicy",
        resources: Option<InitResources> = "resources",
    };

    InitEnvVar {
        name: Option<String> = "name",
        value: Option<String> = "value",
    };

    VolumeMount {
        volume_name: Option<String> = "volumeName",
        mount_path: Option<Text> = "mountPath",
    };

    InitResources {
        requests: Map<String> = "requests",
        limits: Map<String> = "limits",
    };
}
