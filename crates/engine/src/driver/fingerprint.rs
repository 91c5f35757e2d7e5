//! What a cached result is found by.
//!
//! Source: v2 semantics 2.7, v1 semantics 2.11: of a v1 step the command and the variables count as they are once
//! all tags are filled, and its parameters only by what they make of these. Beyond upstream the environment, the names of secrets and config maps and the
//! defaults of inputs that were left out are part of the key, because a change of them changes results. Input
//! artifacts count by id: a cached step hands on the same records, so its downstream hits too.

use std::collections::{BTreeMap, BTreeSet};

use pipewright_plan::{
    ArtifactValue, Component, Container, Dialect, EnvFrom, Filling, Memo, Plan, Value, VolumeSource,
    canonical,
};
use serde::Serialize;
use serde_json::json;
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
        let (cache, key) = memo_texts(plan, state, node, memo);
        let document = BTreeMap::from([
            ("component".to_owned(), component_name.clone()),
            ("memo cache".to_owned(), cache.clone()),
            ("memo key".to_owned(), shortened(key.clone())),
        ]);
        return Some(Fingerprint { key: sha256(&format!("{component_name}\0{cache}\0{key}")), document });
    }
    let mut document = BTreeMap::new();
    match plan.dialect {
        Dialect::V1 => add_filled((plan, state), node, (component, container), &mut document),
        Dialect::V2 => add_written(node, (component, container), &mut document),
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
    if !container.places.is_empty() {
        document.insert("places".to_owned(), shortened(json(&container.places)));
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

/// Adds the inputs by value, and what runs as it is written.
fn add_written(
    node: &Node,
    (component, container): (&Component, &Container),
    document: &mut BTreeMap<String, String>,
) {
    for (name, value) in &node.inputs.parameters {
        document.insert(format!("inputs.parameters.{name}"), shortened(canonical(value)));
    }
    for (name, value) in defaults_of(component, &node.inputs) {
        document.insert(format!("defaults.{name}"), shortened(canonical(&value)));
    }
    document.insert("image".to_owned(), json(&container.image));
    document.insert("command".to_owned(), shortened(json(&container.command)));
    document.insert("args".to_owned(), shortened(json(&container.args)));
    if !container.env.is_empty() {
        document.insert("env".to_owned(), shortened(json(&container.env)));
    }
    if !container.companions.is_empty() {
        document.insert("companions".to_owned(), shortened(json(&container.companions)));
    }
}

/// Adds what runs as it is once all placeholders are filled.
fn add_filled(
    (plan, state): (&Plan, &RunState),
    node: &Node,
    (component, container): (&Component, &Container),
    document: &mut BTreeMap<String, String>,
) {
    let first = AttemptId { run: state.run.clone(), task: node.key.clone(), number: 0 };
    let values = &node.inputs.parameters;
    let asking = Asking { plan, state, key: &node.key, attempt: Some(&first), values };
    let (input, defaults) = (inputs_alone(&node.inputs), defaults_of(component, &node.inputs));
    let job = asking.container_facts(container);
    let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
    for (name, part) in filled_container(&filling, container) {
        document.insert(name.to_owned(), shortened(json(&part)));
    }
    let companions = container.companions.iter().map(|companion| {
        let inner = &companion.container;
        let rest = (&companion.name, companion.role, &inner.places, &inner.platform.pod);
        json!([rest, filled_container(&filling, inner)])
    });
    let companions: Vec<Value> = companions.collect();
    if !companions.is_empty() {
        document.insert("companions".to_owned(), shortened(json(&companions)));
    }
}

fn filled_container(filling: &Filling<'_>, container: &Container) -> BTreeMap<&'static str, Value> {
    let env: Vec<Value> =
        container.env.iter().map(|it| json!({"name": it.name, "value": filling.text(&it.value)})).collect();
    let mut parts = BTreeMap::from([
        ("image", Value::from(filling.text(&container.image))),
        ("command", Value::from(filling.words(&container.command))),
        ("args", Value::from(filling.words(&container.args))),
    ]);
    if !env.is_empty() {
        parts.insert("env", Value::from(env));
    }
    parts
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
fn memo_texts(plan: &Plan, state: &RunState, node: &Node, memo: &Memo) -> (String, String) {
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
