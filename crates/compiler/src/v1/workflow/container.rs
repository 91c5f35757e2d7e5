//! Containers of templates and the volumes beside them, as Kubernetes spells them.

use serde_json::Value;

use super::{AnyText, Whole};
use crate::decode::{Map, Spanned, Text, messages};

messages! {
    /// A command in an image, or a script with its interpreter.
    ContainerSpec {
        name: Option<Text> = "name",
        image: Option<Text> = "image",
        command: Vec<AnyText> = "command",
        args: Vec<AnyText> = "args",
        source: Option<Text> = "source",
        env: Vec<EnvVar> = "env",
        env_from: Vec<EnvFromSource> = "envFrom",
        resources: Option<ResourceRequirements> = "resources",
        volume_mounts: Vec<VolumeMount> = "volumeMounts",
        volume_devices: Option<Spanned<Value>> = "volumeDevices",
        working_dir: Option<Text> = "workingDir",
        ports: Option<Value> = "ports",
        image_pull_policy: Option<Value> = "imagePullPolicy",
        security_context: Option<Value> = "securityContext",
        stdin: Option<Value> = "stdin",
        stdin_once: Option<Value> = "stdinOnce",
        tty: Option<Value> = "tty",
        termination_message_path: Option<Value> = "terminationMessagePath",
        termination_message_policy: Option<Value> = "terminationMessagePolicy",
        liveness_probe: Option<Value> = "livenessProbe",
        readiness_probe: Option<Value> = "readinessProbe",
        startup_probe: Option<Value> = "startupProbe",
        lifecycle: Option<Spanned<Value>> = "lifecycle",
        mirror_volume_mounts: Option<bool> = "mirrorVolumeMounts",
    };

    EnvVar {
        name: Option<Text> = "name",
        value: Option<AnyText> = "value",
        value_from: Option<EnvVarSource> = "valueFrom",
    } one of "value" | "valueFrom";

    EnvVarSource {
        secret_key_ref: Option<KeySelector> = "secretKeyRef",
        config_map_key_ref: Option<KeySelector> = "configMapKeyRef",
        field_ref: Option<FieldRef> = "fieldRef",
        resource_field_ref: Option<ResourceFieldRef> = "resourceFieldRef",
    } one of "secretKeyRef" | "configMapKeyRef" | "fieldRef" | "resourceFieldRef";

    KeySelector {
        name: Option<Text> = "name",
        key: Option<Text> = "key",
        optional: Option<bool> = "optional",
    };

    /// A limit or a request of the container itself.
    ResourceFieldRef {
        container_name: Option<Text> = "containerName",
        resource: Option<Text> = "resource",
        divisor: Option<AnyText> = "divisor",
    };

    FieldRef {
        api_version: Option<Text> = "apiVersion",
        field_path: Option<Text> = "fieldPath",
    };

    EnvFromSource {
        prefix: Option<Text> = "prefix",
        secret_ref: Option<ObjectRef> = "secretRef",
        config_map_ref: Option<ObjectRef> = "configMapRef",
    } one of "secretRef" | "configMapRef";

    ObjectRef {
        name: Option<Text> = "name",
        optional: Option<bool> = "optional",
    };

    ResourceRequirements {
        limits: Map<AnyText> = "limits",
        requests: Map<AnyText> = "requests",
    };

    VolumeMount {
        name: Option<Text> = "name",
        mount_path: Option<Text> = "mountPath",
        sub_path: Option<Text> = "subPath",
        sub_path_expr: Option<Spanned<Value>> = "subPathExpr",
        read_only: Option<bool> = "readOnly",
        mount_propagation: Option<Value> = "mountPropagation",
    };

    /// A volume by its source; without one it is an empty folder.
    Volume {
        name: Option<Text> = "name",
        persistent_volume_claim: Option<ClaimSource> = "persistentVolumeClaim",
        secret: Option<KeyedSource> = "secret",
        config_map: Option<KeyedSource> = "configMap",
        empty_dir: Option<EmptyDir> = "emptyDir",
        ephemeral: Option<Spanned<Value>> = "ephemeral",
        host_path: Option<HostPath> = "hostPath",
        nfs: Option<Spanned<Value>> = "nfs",
        projected: Option<Projected> = "projected",
        downward_api: Option<FactFiles> = "downwardAPI",
        csi: Option<Spanned<Value>> = "csi",
        gce_persistent_disk: Option<Spanned<Value>> = "gcePersistentDisk",
        aws_elastic_block_store: Option<Spanned<Value>> = "awsElasticBlockStore",
        azure_disk: Option<Spanned<Value>> = "azureDisk",
        azure_file: Option<Spanned<Value>> = "azureFile",
        cephfs: Option<Spanned<Value>> = "cephfs",
        glusterfs: Option<Spanned<Value>> = "glusterfs",
        rbd: Option<Spanned<Value>> = "rbd",
        flex_volume: Option<Spanned<Value>> = "flexVolume",
        git_repo: Option<Spanned<Value>> = "gitRepo",
    };

    /// A folder of the machine.
    HostPath {
        path: Option<Text> = "path",
        path_type: Option<Text> = "type",
    };

    /// Files of several objects.
    Projected {
        sources: Vec<ProjectedSource> = "sources",
        default_mode: Option<Whole> = "defaultMode",
    };

    ProjectedSource {
        secret: Option<KeyedSource> = "secret",
        config_map: Option<KeyedSource> = "configMap",
        downward_api: Option<FactFiles> = "downwardAPI",
        service_account_token: Option<Spanned<Value>> = "serviceAccountToken",
        cluster_trust_bundle: Option<Spanned<Value>> = "clusterTrustBundle",
    } one of "secret" | "configMap" | "downwardAPI" | "serviceAccountToken" | "clusterTrustBundle";

    /// Files that hold facts of the pod.
    FactFiles {
        items: Vec<FactFile> = "items",
        default_mode: Option<Whole> = "defaultMode",
    };

    FactFile {
        path: Option<Text> = "path",
        field_ref: Option<FieldRef> = "fieldRef",
        resource_field_ref: Option<ResourceFieldRef> = "resourceFieldRef",
        mode: Option<Whole> = "mode",
    } one of "fieldRef" | "resourceFieldRef";

    ClaimSource {
        claim_name: Option<Text> = "claimName",
        read_only: Option<bool> = "readOnly",
    };

    /// Files from the keys of a secret or a config map.
    KeyedSource {
        secret_name: Option<Text> = "secretName",
        name: Option<Text> = "name",
        items: Vec<KeyToPath> = "items",
        default_mode: Option<Whole> = "defaultMode",
        optional: Option<bool> = "optional",
    };

    KeyToPath {
        key: Option<Text> = "key",
        path: Option<Text> = "path",
        mode: Option<Whole> = "mode",
    };

    EmptyDir {
        medium: Option<Text> = "medium",
        size_limit: Option<AnyText> = "sizeLimit",
    };
}
