//! What tasks with certain labels get besides what they ask for, as Kubeflow's PodDefault objects say it.
//!
//! Source: the `kubeflow.org/v1alpha1` PodDefault and the webhook that applies it. Selectors are those of
//! Kubernetes: all parts must hold.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::pod::{EnvFrom, KeyFile, PodSettings, VolumeMount, VolumeSource};
use crate::value::Value;

/// One PodDefault, understood.
#[derive(Debug, Clone, PartialEq)]
pub struct PodDefault {
    pub name: String,
    /// Changes with each change of the object.
    pub version: String,
    selector: Selector,
    /// Variables with their values in the object.
    pub env: Vec<(String, String)>,
    /// Volumes, variables from objects, labels, annotations, service account.
    pub pod: PodSettings<String>,
    /// Volumes by name, as they are written: two PodDefaults may not differ in one.
    pub volumes: BTreeMap<String, Value>,
    pub tolerations: Vec<Value>,
    /// For containers without their own.
    pub command: Vec<String>,
    pub args: Vec<String>,
}

impl PodDefault {
    /// Reads an object's document. Errors: what is wrong with it, or not supported, with its field.
    pub fn read(document: &Value) -> Result<Self, String> {
        let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let spec = document.get("spec").ok_or("spec is missing")?;
        let spec: Spec = serde_json::from_value(spec.clone()).map_err(|error| format!("spec: {error}"))?;
        let mut found = Self {
            name: text("/metadata/name").to_owned(),
            version: text("/metadata/resourceVersion").to_owned(),
            selector: spec.selector,
            env: Vec::new(),
            pod: PodSettings {
                labels: spec.labels,
                annotations: spec.annotations,
                service_account: spec.service_account_name.filter(|name| !name.is_empty()),
                ..PodSettings::default()
            },
            volumes: BTreeMap::new(),
            tolerations: spec.tolerations,
            command: spec.command,
            args: spec.args,
        };
        found.selector.check()?;
        for variable in spec.env {
            let name = variable.name.clone();
            match variable.source().map_err(|why| format!("spec.env `{name}`: {why}"))? {
                Given::Text(value) => found.env.push((name, value)),
                Given::From(source) => found.pod.env.push(source),
            }
        }
        for source in spec.env_from {
            found.pod.env.push(source.source().map_err(|why| format!("spec.envFrom: {why}"))?);
        }
        for volume in spec.volumes {
            let name = volume.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            if name.is_empty() || found.volumes.insert(name.clone(), volume).is_some() {
                return Err(format!("spec.volumes: `{name}` is no name of one volume"));
            }
        }
        for mount in spec.volume_mounts {
            found.pod.volumes.push(mount_of(mount, &found.volumes)?);
        }
        Ok(found)
    }

    /// Tells whether a pod with these labels gets it.
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        self.selector.holds(labels)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Selector {
    match_labels: BTreeMap<String, String>,
    match_expressions: Vec<Expression>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expression {
    key: String,
    operator: Operator,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl Selector {
    fn check(&self) -> Result<(), String> {
        for Expression { key, operator, values } in &self.match_expressions {
            let wants_values = matches!(operator, Operator::In | Operator::NotIn);
            if wants_values == values.is_empty() {
                let need = if wants_values { "at least one value" } else { "no values" };
                return Err(format!("spec.selector.matchExpressions `{key}`: {operator:?} takes {need}"));
            }
        }
        Ok(())
    }

    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let has = |key: &str, values: &[String]| labels.get(key).is_some_and(|value| values.contains(value));
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|Expression { key, operator, values }| match operator {
                Operator::In => has(key, values),
                Operator::NotIn => !has(key, values),
                Operator::Exists => labels.contains_key(key),
                Operator::DoesNotExist => !labels.contains_key(key),
            })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Spec {
    selector: Selector,
    #[serde(default, rename = "desc")]
    _description: Option<String>,
    #[serde(default)]
    env: Vec<Variable>,
    #[serde(default)]
    env_from: Vec<Whole>,
    #[serde(default)]
    volumes: Vec<Value>,
    #[serde(default)]
    volume_mounts: Vec<Mount>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    tolerations: Vec<Value>,
    #[serde(default)]
    service_account_name: Option<String>,
    /// Of meaning on a cluster alone.
    #[serde(default, rename = "automountServiceAccountToken")]
    _token: Option<bool>,
    #[serde(default, rename = "imagePullSecrets")]
    _pull_secrets: Option<Value>,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    args: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Variable {
    name: String,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    value_from: Option<VariableFrom>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct VariableFrom {
    secret_key_ref: Option<Key>,
    config_map_key_ref: Option<Key>,
    field_ref: Option<Field>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    name: String,
    key: String,
    #[serde(default)]
    optional: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Field {
    #[serde(default, rename = "apiVersion")]
    _version: Option<String>,
    field_path: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Whole {
    #[serde(default)]
    prefix: String,
    secret_ref: Option<Named>,
    config_map_ref: Option<Named>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    #[serde(default)]
    optional: bool,
}

enum Given {
    Text(String),
    From(EnvFrom<String>),
}

impl Variable {
    fn source(self) -> Result<Given, String> {
        let variable = self.name;
        let Some(from) = self.value_from else { return Ok(Given::Text(self.value.unwrap_or_default())) };
        match from {
            VariableFrom {
                secret_key_ref: Some(Key { name, key, optional }),
                config_map_key_ref: None,
                field_ref: None,
            } => Ok(Given::From(EnvFrom::Secret { name, key, variable, optional })),
            VariableFrom {
                secret_key_ref: None,
                config_map_key_ref: Some(Key { name, key, optional }),
                field_ref: None,
            } => Ok(Given::From(EnvFrom::ConfigMap { name, key, variable, optional })),
            VariableFrom { secret_key_ref: None, config_map_key_ref: None, field_ref: Some(field) } => {
                Ok(Given::From(EnvFrom::Field { variable, path: field.field_path }))
            }
            _ => Err("valueFrom takes one of secretKeyRef, configMapKeyRef and fieldRef".to_owned()),
        }
    }
}

impl Whole {
    fn source(self) -> Result<EnvFrom<String>, String> {
        let prefix = self.prefix;
        match (self.secret_ref, self.config_map_ref) {
            (Some(Named { name, optional }), None) => Ok(EnvFrom::AllOfSecret { name, prefix, optional }),
            (None, Some(Named { name, optional })) => Ok(EnvFrom::AllOfConfigMap { name, prefix, optional }),
            _ => Err("an entry takes one of secretRef and configMapRef".to_owned()),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Mount {
    name: String,
    mount_path: String,
    #[serde(default)]
    sub_path: String,
    #[serde(default)]
    read_only: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Volume {
    name: String,
    secret: Option<Keyed>,
    config_map: Option<Keyed>,
    persistent_volume_claim: Option<Claim>,
    empty_dir: Option<Empty>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Keyed {
    #[serde(default, alias = "secretName")]
    name: String,
    #[serde(default)]
    items: Vec<KeyFile>,
    #[serde(default)]
    default_mode: Option<u32>,
    #[serde(default)]
    optional: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Claim {
    claim_name: String,
    #[serde(default)]
    read_only: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Empty {
    medium: String,
    size_limit: Option<String>,
}

fn mount_of(mount: Mount, volumes: &BTreeMap<String, Value>) -> Result<VolumeMount<String>, String> {
    let Some(volume) = volumes.get(&mount.name) else {
        return Err(format!("spec.volumeMounts: there is no volume `{}` in spec.volumes", mount.name));
    };
    let volume: Volume = serde_json::from_value(volume.clone())
        .map_err(|error| format!("spec.volumes `{}`: {error}", mount.name))?;
    let (source, is_read_only) = match volume {
        Volume {
            secret: Some(of), config_map: None, persistent_volume_claim: None, empty_dir: None, ..
        } => {
            let Keyed { name, items, default_mode: mode, optional } = of;
            (VolumeSource::Secret { name, items, mode, optional }, true)
        }
        Volume {
            secret: None, config_map: Some(of), persistent_volume_claim: None, empty_dir: None, ..
        } => {
            let Keyed { name, items, default_mode: mode, optional } = of;
            (VolumeSource::ConfigMap { name, items, mode, optional }, true)
        }
        Volume {
            secret: None, config_map: None, persistent_volume_claim: Some(of), empty_dir: None, ..
        } => (VolumeSource::Claim { name: of.claim_name }, of.read_only),
        Volume { secret: None, config_map: None, persistent_volume_claim: None, empty_dir, name } => {
            let empty = empty_dir.unwrap_or_default();
            let source = VolumeSource::EmptyDir {
                volume: name,
                memory: empty.medium == "Memory",
                size_limit: empty.size_limit,
            };
            (source, false)
        }
        Volume { name, .. } => return Err(format!("spec.volumes `{name}` has more than one source")),
    };
    Ok(VolumeMount {
        path: mount.mount_path,
        sub_path: Some(mount.sub_path).filter(|path| !path.is_empty()),
        read_only: mount.read_only || is_read_only,
        source,
    })
}
