//! `TASK_CONFIG`: the settings that a task's code is handed, in Kubernetes' notation.
//!
//! Source: v2 semantics 1.2 and 1.9. Secrets and config maps are referred to, never opened.

use pipewright_plan::{EnvFrom, PodSettings, TaskConfig, Value, VolumeSource, WORKSPACE_PATH};
use serde_json::json;

use super::pod::Around;
use super::unresolved;
use crate::event::Failure;

/// Builds the struct. Errors: a name or a setting that cannot be resolved.
pub(super) fn task_config(
    around: &Around<'_>,
    config: &TaskConfig,
    workspace: Option<&str>,
) -> Result<Value, Failure> {
    let mut handed = around.filling.value(&config.base);
    let pod = around.settings(&config.pod)?;
    extend(&mut handed["env"], variables(&pod));
    for mount in &pod.volumes {
        let (name, source) = match &mount.source {
            VolumeSource::Claim { name } => (name, json!({"persistentVolumeClaim": {"claimName": name}})),
            VolumeSource::Secret { name, optional, .. } => {
                (name, json!({"secret": {"secretName": name, "optional": optional}}))
            }
            VolumeSource::ConfigMap { name, optional, .. } => {
                (name, json!({"configMap": {"name": name, "optional": optional}}))
            }
            VolumeSource::EmptyDir { .. }
            | VolumeSource::Ephemeral { .. }
            | VolumeSource::Workspace
            | VolumeSource::Host { .. }
            | VolumeSource::Projected { .. } => continue,
        };
        let mut seen = json!({"name": name, "mountPath": mount.path});
        if let Some(sub_path) = &mount.sub_path {
            seen["subPath"] = json!(sub_path);
        }
        add_volume(&mut handed, name, source, seen);
    }
    if let Some(claim) = workspace.filter(|_| config.workspace) {
        let source = json!({"persistentVolumeClaim": {"claimName": claim}});
        let name = "kfp-workspace";
        add_volume(&mut handed, name, source, json!({"name": name, "mountPath": WORKSPACE_PATH}));
    }
    place(around, config, &mut handed)?;
    Ok(handed)
}

fn extend(list: &mut Value, more: Vec<Value>) {
    match list {
        Value::Array(items) => items.extend(more),
        other => *other = Value::Array(more),
    }
}

/// Adds a volume once and each of its mounts.
fn add_volume(handed: &mut Value, name: &str, source: Value, mount: Value) {
    let mut volume = source;
    volume["name"] = json!(name);
    let is_known = handed["volumes"].as_array().is_some_and(|volumes| volumes.contains(&volume));
    if !is_known {
        extend(&mut handed["volumes"], vec![volume]);
    }
    extend(&mut handed["volumeMounts"], vec![mount]);
}

fn variables(pod: &PodSettings<String>) -> Vec<Value> {
    let from = |variable: &String, source: Value| json!({"name": variable, "valueFrom": source});
    let variable = |entry: &EnvFrom<String>| match entry {
        EnvFrom::Secret { name, key, variable, optional } => {
            let key = json!({"name": name, "key": key, "optional": optional});
            Some(from(variable, json!({"secretKeyRef": key})))
        }
        EnvFrom::ConfigMap { name, key, variable, optional } => {
            let key = json!({"name": name, "key": key, "optional": optional});
            Some(from(variable, json!({"configMapKeyRef": key})))
        }
        EnvFrom::Field { variable, path } => Some(from(variable, json!({"fieldRef": {"fieldPath": path}}))),
        // The struct has no place for them.
        EnvFrom::AllOfSecret { .. } | EnvFrom::AllOfConfigMap { .. } => None,
    };
    pod.env.iter().filter_map(variable).collect()
}

/// Adds what comes from parameters to the settings that say where a pod runs; nulls add nothing.
fn place(around: &Around<'_>, config: &TaskConfig, handed: &mut Value) -> Result<(), Failure> {
    let wrong = |what: &str| unresolved(format!("{what} given by a parameter is of the wrong kind"));
    if let Some(binding) = &config.node_selector {
        match around.value("the node selector", binding)? {
            Some(labels @ Value::Object(_)) => handed["nodeSelector"] = labels,
            Some(_) => return Err(wrong("the node selector")),
            None => {}
        }
    }
    for binding in &config.tolerations {
        match around.value("the toleration", binding)? {
            Some(Value::Array(more)) => extend(&mut handed["tolerations"], more),
            Some(Value::Object(one)) if one.is_empty() => {}
            Some(one @ Value::Object(_)) => extend(&mut handed["tolerations"], vec![one]),
            Some(_) => return Err(wrong("the toleration")),
            None => {}
        }
    }
    for binding in &config.affinity {
        match around.value("the node affinity", binding)? {
            Some(Value::Object(more)) => {
                if !handed["affinity"].is_object() {
                    handed["affinity"] = json!({});
                }
                merge_affinity(&mut handed["affinity"]["nodeAffinity"], &Value::Object(more));
            }
            Some(_) => return Err(wrong("the node affinity")),
            None => {}
        }
    }
    Ok(())
}

/// Adds the terms of one node affinity to another.
fn merge_affinity(affinity: &mut Value, more: &Value) {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    if !affinity.is_object() {
        *affinity = json!({});
    }
    if let Some(terms) = more[REQUIRED]["nodeSelectorTerms"].as_array() {
        if !affinity[REQUIRED].is_object() {
            affinity[REQUIRED] = json!({});
        }
        extend(&mut affinity[REQUIRED]["nodeSelectorTerms"], terms.clone());
    }
    if let Some(terms) = more[PREFERRED].as_array() {
        extend(&mut affinity[PREFERRED], terms.clone());
    }
}
