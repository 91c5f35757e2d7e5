//! A task's input artifacts: those of siblings and of the dag around, and texts that are artifacts.

use std::collections::BTreeMap;

use pipewright_plan::{
    ArtifactBinding, ArtifactId, ArtifactInput, ArtifactValue, Component, Filling, Plan, Task, Text,
    inline_uri,
};

use super::resolve::{inputs_alone, sibling};
use super::tags::Asking;
use super::{unresolved, uuid_of};
use crate::event::{Failure, Resolved};
use crate::id::TaskKey;
use crate::state::{NodeId, RunState};

/// Resolves the artifacts that exist already.
pub(super) fn resolve_artifacts(
    (plan, state): (&Plan, &RunState),
    dag: NodeId,
    (task, component): (&Task, &Component),
    resolved: &mut Resolved,
) -> Result<(), Failure> {
    for (name, binding) in &task.artifacts {
        let (found, from) = match binding {
            ArtifactBinding::DagInput { name } => {
                (state.nodes[dag].inputs.artifacts.get(name), format!("input `{name}` of the dag"))
            }
            ArtifactBinding::TaskOutput { task, key } => {
                let node = sibling(plan, state, dag, task);
                let found = node.and_then(|node| node.outcome.artifacts.get(key));
                (found, format!("output `{key}` of task `{task}`"))
            }
            ArtifactBinding::Inline { .. } => continue,
        };
        let declared = component.inputs.artifacts.get(name);
        match found {
            Some(artifacts) => {
                resolved.artifacts.insert(name.clone(), artifacts.clone());
            }
            None if declared.is_some_and(|input| input.optional || input.default.is_some()) => {}
            None => {
                let message = format!("input artifact `{name}` is missing: {from} was not produced");
                return Err(unresolved(message));
            }
        }
    }
    for (name, input) in &component.inputs.artifacts {
        let is_item = task.iterator.as_ref().is_some_and(|iterator| {
            iterator.item_input == *name || iterator.each.artifacts.contains_key(name)
        });
        let is_given = is_item || task.artifacts.contains_key(name);
        if !input.optional && input.default.is_none() && !is_given {
            return Err(unresolved(format!("input artifact `{name}` is not given")));
        }
    }
    Ok(())
}

/// Adds the artifacts that are texts; they may speak of the parameters resolved before.
pub(super) fn add_inline(
    (plan, state): (&Plan, &RunState),
    key: &TaskKey,
    (task, component): (&Task, &Component),
    resolved: &mut Resolved,
) {
    let bound = task.artifacts.iter().filter_map(|(name, binding)| match binding {
        ArtifactBinding::Inline { text } => Some((name, text)),
        ArtifactBinding::DagInput { .. } | ArtifactBinding::TaskOutput { .. } => None,
    });
    let texts: Vec<(&String, &Text)> = bound.chain(defaults(component)).collect();
    add((plan, state), key, component, &texts, resolved);
}

/// Adds the artifacts of a run, which are all texts.
pub(super) fn add_root((plan, state): (&Plan, &RunState), component: &Component, resolved: &mut Resolved) {
    let texts: Vec<(&String, &Text)> = defaults(component).collect();
    add((plan, state), &TaskKey::root(), component, &texts, resolved);
}

fn defaults(component: &Component) -> impl Iterator<Item = (&String, &Text)> {
    component.inputs.artifacts.iter().filter_map(|(name, input)| Some((name, input.default.as_ref()?)))
}

fn add(
    (plan, state): (&Plan, &RunState),
    key: &TaskKey,
    component: &Component,
    texts: &[(&String, &Text)],
    resolved: &mut Resolved,
) {
    if texts.is_empty() {
        return;
    }
    let asking = Asking { plan, state, key, attempt: None, values: &resolved.parameters };
    let job = asking.job_facts(texts.iter().map(|(_, text)| *text));
    let input = inputs_alone(resolved);
    let defaults = BTreeMap::new();
    let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
    for (name, text) in texts {
        if !resolved.artifacts.contains_key(*name) {
            let declared = component.inputs.artifacts.get(*name);
            resolved.artifacts.insert((*name).clone(), vec![inline(name, declared, &filling.text(text))]);
        }
    }
}

/// Makes the artifact that is a text; equal texts are the same artifact.
pub(super) fn inline(name: &str, declared: Option<&ArtifactInput>, text: &str) -> ArtifactValue {
    let uri = inline_uri(text);
    ArtifactValue {
        id: ArtifactId(uuid_of(&uri)),
        name: name.to_owned(),
        artifact_type: declared.map(|input| input.artifact_type.clone()).unwrap_or_default(),
        uri,
        metadata: serde_json::Map::new(),
    }
}
