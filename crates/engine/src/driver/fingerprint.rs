//! What a cached result is found by.
//!
//! Source: v2 semantics 2.7. Beyond upstream the environment and the defaults of inputs that were left out are
//! part of the key, because a change of them changes results. Input artifacts count by id: a cached step hands on the same records, so its downstream
//! hits too.

use std::collections::BTreeMap;

use pipewright_plan::{Plan, canonical};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::defaults_of;
use crate::event::Fingerprint;
use crate::state::{Node, container_at, task_of};

/// Texts longer than this stand in the document by their digest.
const LONGEST: usize = 160;

/// Computes a leaf's fingerprint from its resolved inputs; `None` when it has no container.
pub(crate) fn fingerprint(plan: &Plan, node: &Node) -> Option<Fingerprint> {
    let (component_name, component) = plan.components.get_index(node.component)?;
    let container = container_at(plan, node.component)?;
    if let Some(key) = task_of(plan, node).and_then(|task| task.caching.key.as_ref()) {
        let document = BTreeMap::from([
            ("component".to_owned(), component_name.clone()),
            ("cache key".to_owned(), key.clone()),
        ]);
        return Some(Fingerprint { key: sha256(&format!("{component_name}\0{key}")), document });
    }
    let mut document = BTreeMap::new();
    for (name, value) in &node.inputs.parameters {
        document.insert(format!("inputs.parameters.{name}"), shortened(canonical(value)));
    }
    for (name, value) in defaults_of(component, &node.inputs) {
        document.insert(format!("defaults.{name}"), shortened(canonical(&value)));
    }
    for (name, artifacts) in &node.inputs.artifacts {
        let ids: Vec<&str> = artifacts.iter().map(|artifact| artifact.id.0.as_str()).collect();
        document.insert(format!("inputs.artifacts.{name}"), shortened(ids.join(",")));
    }
    for (name, output) in &component.outputs.parameters {
        document.insert(format!("outputs.parameters.{name}"), output.parameter_type.name().to_owned());
    }
    for (name, output) in &component.outputs.artifacts {
        let described = json(&(&output.artifact_type, &output.metadata));
        document.insert(format!("outputs.artifacts.{name}"), shortened(described));
    }
    document.insert("image".to_owned(), json(&container.image));
    document.insert("command".to_owned(), shortened(json(&container.command)));
    document.insert("args".to_owned(), shortened(json(&container.args)));
    if !container.env.is_empty() {
        document.insert("env".to_owned(), shortened(json(&container.env)));
    }
    Some(Fingerprint { key: sha256(&json(&document)), document })
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).map(|value| canonical(&value)).unwrap_or_default()
}

fn shortened(text: String) -> String {
    if text.len() <= LONGEST { text } else { format!("sha256:{}", sha256(&text)) }
}

fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
