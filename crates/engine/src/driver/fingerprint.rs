//! What a cached result is found by.
//!
//! Source: v2 semantics 2.7. Beyond upstream the environment, the names of secrets and config maps and the
//! defaults of inputs that were left out are part of the key, because a change of them changes results. Input
//! artifacts count by id: a cached step hands on the same records, so its downstream hits too.

use std::collections::{BTreeMap, BTreeSet};

use pipewright_plan::{ArtifactValue, EnvFrom, Filling, Memo, Plan, VolumeSource, canonical};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::defaults_of;
use super::pod::{pod_of, workspace_claim};
use super::resolve::inputs_alone;
use super::tags::Asking;
use crate::event::Fingerprint;
use crate::id::AttemptId;
use crate::state::{Node, RunState, container_at, task_of};

/// Where a fingerprint's document says for how many seconds the result may be used; no part of the key.
pub const MAX_AGE: &str = "seconds of use";
/// Texts longer than this stand in the document by their digest.
const LONGEST: usize = 160;

/// Computes a leaf's fingerprint from its resolved inputs; `None` when it has no container.
pub(crate) fn fingerprint(plan: &Plan, state: &RunState, node: &Node) -> Option<Fingerprint> {
    let (component_name, component) = plan.components.get_index(node.component)?;
    let container = container_at(plan, node.component)?;
    if let Some(key) = task_of(plan, node).and_then(|task| task.caching.key.as_ref()) {
        let document = BTreeMap::from([
            ("component".to_owned(), component_name.clone()),
            ("cache key".to_owned(), key.clone()),
        ]);
        return Some(Fingerprint { key: sha256(&format!("{component_name}\0{key}")), document });
    }
    if let Some(memo) = task_of(plan, node).and_then(|task| task.caching.memo.as_ref()) {
        let (cache, key) = filled(plan, state, node, memo);
        let document = BTreeMap::from([
            ("component".to_owned(), component_name.clone()),
            ("memo cache".to_owned(), cache.clone()),
            ("memo key".to_owned(), shortened(key.clone())),
        ]);
        return Some(Fingerprint { key: sha256(&format!("{component_name}\0{cache}\0{key}")), document });
    }
    let mut document = BTreeMap::new();
    for (name, value) in &node.inputs.parameters {
        document.insert(format!("inputs.parameters.{name}"), shortened(canonical(value)));
    }
    for (name, value) in defaults_of(component, &node.inputs) {
        document.insert(format!("defaults.{name}"), shortened(canonical(&value)));
    }
    for (name, artifacts) in &node.inputs.artifacts {
        let id = |artifact: &ArtifactValue| match &artifact.part {
            Some(part) => format!("{}/{part}", artifact.id.0),
            None => artifact.id.0.clone(),
        };
        let ids: Vec<String> = artifacts.iter().map(id).collect();
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
    let first = AttemptId { run: state.run.clone(), task: node.key.clone(), number: 0 };
    let values = &node.inputs.parameters;
    let asking = Asking { plan, state, key: &node.key, attempt: Some(&first), values };
    let facts = asking.container_facts(container);
    for (name, answer) in &facts.tags {
        document.insert(format!("tags.{name}"), shortened(answer.clone()));
    }
    if !container.places.is_empty() {
        document.insert("places".to_owned(), shortened(json(&container.places)));
    }
    if !container.companions.is_empty() {
        document.insert("companions".to_owned(), shortened(json(&container.companions)));
    }
    if plan.platform.workspace.is_some() || !container.platform.pod.is_empty() {
        add_pod(plan, state, node, &mut document);
    }
    let key = sha256(&json(&document));
    if let Some(age) = task_of(plan, node).and_then(|task| task.caching.max_age) {
        document.insert(MAX_AGE.to_owned(), age.as_secs_f64().to_string());
    }
    Some(Fingerprint { key, document })
}

/// Adds what the pod brings: the claims it mounts, as upstream does, and beyond that every name of an object
/// with what it is used for. What an object holds is not looked at.
fn add_pod(plan: &Plan, state: &RunState, node: &Node, document: &mut BTreeMap<String, String>) {
    let Some((_, component)) = plan.components.get_index(node.component) else { return };
    let Some(container) = container_at(plan, node.component) else { return };
    let (input, defaults) = (inputs_alone(&node.inputs), defaults_of(component, &node.inputs));
    let job = Asking { plan, state, key: &node.key, attempt: None, values: &node.inputs.parameters }
        .container_facts(container);
    let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
    let pod = match pod_of((plan, state), node, container, &filling) {
        Ok(pod) => pod,
        // The attempt fails of it; until then this is a key like any other.
        Err(failure) => {
            document.insert("pod".to_owned(), shortened(failure.message));
            return;
        }
    };
    let claims = pod.volumes.iter().filter_map(|mount| match &mount.source {
        VolumeSource::Claim { name } => Some(name.clone()),
        VolumeSource::Workspace => workspace_claim((plan, state), &input, container),
        _ => None,
    });
    let claims: BTreeSet<String> = claims.collect();
    if !claims.is_empty() {
        let claims: Vec<String> = claims.into_iter().collect();
        document.insert("volume claims".to_owned(), shortened(claims.join(",")));
    }
    if !pod.volumes.is_empty() {
        document.insert("volumes".to_owned(), shortened(json(&pod.volumes)));
    }
    if !pod.env.is_empty() {
        document.insert("env from objects".to_owned(), shortened(json(&pod.env)));
    }
    // Labels count when the command can see them.
    let in_env = pod.env.iter().any(|entry| matches!(entry, EnvFrom::Field { .. }));
    if in_env || pod.volumes.iter().any(|mount| mount.source.shows_fields()) {
        document.insert("pod metadata".to_owned(), shortened(json(&(&pod.labels, &pod.annotations))));
    }
}

/// Fills the user's own key and the name of its cache.
fn filled(plan: &Plan, state: &RunState, node: &Node, memo: &Memo) -> (String, String) {
    let values = &node.inputs.parameters;
    let asking = Asking { plan, state, key: &node.key, attempt: None, values };
    let job = asking.job_facts([&memo.cache, &memo.key]);
    let (input, defaults) = (inputs_alone(&node.inputs), BTreeMap::new());
    let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
    (filling.text(&memo.cache), filling.text(&memo.key))
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
