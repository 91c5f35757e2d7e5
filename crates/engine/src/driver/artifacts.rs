//! A task's input artifacts: those of siblings and of the dag around, and texts that are artifacts.

use std::collections::BTreeMap;

use pipewright_plan::{
    ArtifactBinding, ArtifactId, ArtifactInput, ArtifactValue, Component, Expr, Filling, Plan, Task, Text,
    inline_text, inline_uri,
};

use super::outputs::{artifacts_at, over_tasks};
use super::resolve::{inputs_alone, sibling};
use super::tags::{Asking, GLOBAL, global_artifact};
use super::{unresolved, uuid_of};
use crate::event::{Failure, Resolved};
use crate::id::TaskKey;
use crate::state::{NodeId, RunState, dag_at};

/// Resolves the artifacts that exist already.
pub(super) fn resolve_artifacts(
    (plan, state): (&Plan, &RunState),
    dag: NodeId,
    (task, component): (&Task, &Component),
    resolved: &mut Resolved,
) -> Result<(), Failure> {
    for (name, binding) in &task.artifacts {
        let (found, from) = match binding.whole() {
            ArtifactBinding::DagInput { name } => {
                let found = state.nodes[dag].inputs.artifacts.get(name);
                (found.cloned(), format!("input `{name}` of the dag was not produced"))
            }
            ArtifactBinding::TaskOutput { task, key } => {
                let node = sibling(plan, state, dag, task);
                let found = node.and_then(|node| node.outcome.artifacts.get(key));
                (found.cloned(), format!("output `{key}` of task `{task}` was not produced"))
            }
            ArtifactBinding::Global { name } => {
                (global_artifact(plan, state, name), format!("nothing has left `{name}` for the workflow"))
            }
            ArtifactBinding::Chosen { expr } => {
                let found = chosen((plan, state), dag, expr);
                let why = found.as_ref().err().cloned().unwrap_or_default();
                (found.ok(), why)
            }
            ArtifactBinding::Inline { .. } | ArtifactBinding::Part { .. } => continue,
        };
        let declared = component.inputs.artifacts.get(name);
        match found {
            Some(artifacts) => {
                resolved.artifacts.insert(name.clone(), artifacts);
            }
            None if declared.is_some_and(|input| input.optional || input.default.is_some()) => {}
            None => {
                let message = format!("input artifact `{name}` is missing: {from}");
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
        _ => None,
    });
    let texts: Vec<(&String, &Text)> = bound.chain(defaults(component)).collect();
    add((plan, state), key, component, &texts, resolved);
}

/// Puts parts in the place of whole artifacts. Errors: a path that leads out of one, or into one that is a text.
pub(super) fn take_parts<'t>(
    (plan, state): (&Plan, &RunState),
    key: &TaskKey,
    parts: impl Iterator<Item = (&'t String, &'t Text)> + Clone,
    resolved: &mut Resolved,
) -> Result<(), Failure> {
    if parts.clone().next().is_none() {
        return Ok(());
    }
    let asking = Asking { plan, state, key, attempt: None, values: &resolved.parameters };
    let job = asking.job_facts(parts.clone().map(|(_, text)| text));
    let input = inputs_alone(resolved);
    let defaults = BTreeMap::new();
    let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
    for (name, text) in parts {
        let path = filling.text(text);
        for artifact in resolved.artifacts.get_mut(name).into_iter().flatten() {
            let part = part_of(&artifact.uri, &path)
                .ok_or_else(|| unresolved(format!("input artifact `{name}` has no part `{path}`")))?;
            artifact.uri = format!("{}/{part}", artifact.uri.trim_end_matches('/'));
            artifact.part = Some(match &artifact.part {
                Some(around) => format!("{around}/{part}"),
                None => part,
            });
        }
    }
    Ok(())
}

/// Lists the parts that a task takes of its input artifacts.
pub(super) fn parts_of(task: &Task) -> impl Iterator<Item = (&String, &Text)> + Clone {
    task.artifacts.iter().filter_map(|(name, binding)| match binding {
        ArtifactBinding::Part { path, .. } => Some((name, path)),
        _ => None,
    })
}

/// Returns a path that stays inside of what it is a part of; nothing when it does not, or when that is a text.
fn part_of(uri: &str, path: &str) -> Option<String> {
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty() && *name != ".").collect();
    let stays = !names.is_empty() && names.iter().all(|name| *name != "..");
    (stays && inline_text(uri).is_none()).then(|| names.join("/"))
}

/// Returns the artifact that an expression chooses at a dag.
fn chosen(
    (plan, state): (&Plan, &RunState),
    node: NodeId,
    expr: &Expr,
) -> Result<Vec<ArtifactValue>, String> {
    let dag = dag_at(plan, state.nodes[node].component).ok_or("there is no dag around it")?;
    let value = over_tasks(plan, state, (dag, node), expr)?;
    let found = value.as_str().and_then(|tag| match tag.strip_prefix(GLOBAL) {
        Some(name) => global_artifact(plan, state, name),
        None => artifacts_at(state, (dag, node), tag).cloned(),
    });
    found.ok_or_else(|| "its expression finds no artifact".to_owned())
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
        part: None,
    }
}
