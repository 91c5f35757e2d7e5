//! What a finished task hands on: published values of containers, selected outputs of dags, collected ones of
//! loops.
//!
//! Source: v2 semantics 2.9, with the right rule where upstream flattens: lists in index order, nested loops
//! give nested lists of parameters, artifact lists are concatenated, branches that did not run add nothing.

use std::collections::BTreeMap;

use pipewright_plan::{
    ArtifactId, ArtifactList, ArtifactOutput, ArtifactValue, Component, ComponentKind, Dag, DagShape,
    Dialect, Expr, Outcome, Plan, Published, Value, canonical, guarded_json, text_form,
};

use super::convert::convert;
use super::tags::{Asking, GLOBAL, global_artifact};
use super::{library, unresolved, uuid_of};
use crate::event::{Failure, FailureReason};
use crate::id::AttemptId;
use crate::state::{Children, NodeId, RunState, dag_at};

/// Makes the outcome of an attempt from what its launcher published.
pub(crate) fn published_outcome(
    component: &Component,
    attempt: &AttemptId,
    published: &Published,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    for (name, output) in &component.outputs.parameters {
        let failure = |message: String| Failure {
            reason: FailureReason::Output,
            message,
            hint: Some("write a value of the declared type for every declared output".to_owned()),
            exit_code: Some(0),
        };
        let Some(value) = published.parameters.get(name).or(output.default.as_ref()) else {
            return Err(failure(format!("output parameter `{name}` was not written")));
        };
        let value = convert(output.parameter_type, value.clone())
            .map_err(|why| failure(format!("output parameter `{name}` does not fit: {why}")))?;
        outcome.parameters.insert(name.clone(), value);
    }
    for (name, output) in &component.outputs.artifacts {
        let published = published.artifacts.get(name);
        if published.is_none() && is_optional(component, name) {
            continue;
        }
        let list = published.cloned().unwrap_or_default();
        outcome.artifacts.insert(name.clone(), artifact_values((name, output), attempt, &list));
    }
    Ok(outcome)
}

/// Makes the outcome of an attempt that failed from what its command has left all the same. Source: v1
/// semantics 2.7.
pub(crate) fn left_outcome(component: &Component, attempt: &AttemptId, published: &Published) -> Outcome {
    let mut outcome = Outcome::default();
    for (name, output) in &component.outputs.parameters {
        let value = published.parameters.get(name);
        let value = value.and_then(|value| convert(output.parameter_type, value.clone()).ok());
        outcome.parameters.extend(value.map(|value| (name.clone(), value)));
    }
    for (name, output) in &component.outputs.artifacts {
        if let Some(list) = published.artifacts.get(name) {
            outcome.artifacts.insert(name.clone(), artifact_values((name, output), attempt, list));
        }
    }
    outcome
}

fn artifact_values(
    (name, output): (&str, &ArtifactOutput),
    attempt: &AttemptId,
    list: &ArtifactList,
) -> Vec<ArtifactValue> {
    let artifacts = list.artifacts.iter().enumerate().map(|(index, artifact)| ArtifactValue {
        id: ArtifactId(uuid_of(&format!("{attempt}:{name}:{index}"))),
        name: name.to_owned(),
        artifact_type: output.artifact_type.clone(),
        uri: artifact.uri.clone(),
        metadata: artifact.metadata.clone(),
        part: None,
    });
    artifacts.collect()
}

/// Tells whether an artifact need not be there after a command that names its own places.
fn is_optional(component: &Component, name: &str) -> bool {
    match &component.kind {
        ComponentKind::Container(container) => {
            container.places.output_artifacts.get(name).is_some_and(|place| place.optional)
        }
        ComponentKind::Dag(_)
        | ComponentKind::Importer(_)
        | ComponentKind::Resource(_)
        | ComponentKind::Suspend(_) => false,
    }
}

/// Selects a dag's outputs from its children; what no child left is left out.
pub(crate) fn dag_outcome(state: &RunState, dag: &Dag, node: NodeId) -> Outcome {
    let mut outcome = Outcome::default();
    let child = |task: &str| {
        let index = dag.tasks.get_index_of(task)?;
        state.child(node, index)
    };
    for (name, selector) in &dag.outputs.parameters {
        let found = selector.sources.iter().find_map(|(task, key)| {
            let child = child(task).filter(|child| !selector.one_of || child.phase.is_success())?;
            child.outcome.parameters.get(key)
        });
        if let Some(value) = found {
            outcome.parameters.insert(name.clone(), value.clone());
        }
    }
    for (name, selector) in &dag.outputs.artifacts {
        let one_of = selector.sources.len() > 1;
        let found = selector.sources.iter().find_map(|(task, key)| {
            let child = child(task).filter(|child| !one_of || child.phase.is_success())?;
            child.outcome.artifacts.get(key)
        });
        if let Some(artifacts) = found {
            outcome.artifacts.insert(name.clone(), artifacts.clone());
        }
    }
    outcome
}

/// Adds the outputs that a dag computes from what its tasks left. Errors: an expression without a value.
pub(crate) fn computed(
    plan: &Plan,
    state: &RunState,
    node: NodeId,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let is_loop = matches!(state.nodes[node].children, Children::Loop { .. });
    let Some(dag) = dag_at(plan, state.nodes[node].component).filter(|_| !is_loop) else { return Ok(()) };
    let wrong = |name: &str, why: &str| unresolved(format!("output `{name}` has no value: {why}"));
    let is_written = matches!(dag.shape, DagShape::Tasks | DagShape::Steps { .. });
    if plan.dialect == Dialect::V1 && is_written {
        add_stand_ins(plan, (node, dag), state, outcome)?;
    }
    for (name, expr) in &dag.outputs.computed {
        let value = over_tasks(plan, state, (dag, node), expr).map_err(|why| wrong(name, &why))?;
        if value.is_null() {
            return Err(wrong(name, "its expression finds nothing"));
        }
        outcome.parameters.insert(name.clone(), Value::String(library::written(&value)));
    }
    for (name, expr) in &dag.outputs.chosen {
        let value = over_tasks(plan, state, (dag, node), expr).map_err(|why| wrong(name, &why))?;
        let found = value.as_str().and_then(|tag| artifacts_at(state, (dag, node), tag));
        let found = found.ok_or_else(|| wrong(name, "its expression finds no artifact"))?;
        outcome.artifacts.insert(name.clone(), found.clone());
    }
    Ok(())
}

/// Adds what is declared for outputs of a v1 dag whose tasks have left none, since they were skipped. Errors: nobody
/// declares anything. Source: v1 semantics 2.4.
fn add_stand_ins(
    plan: &Plan,
    (node, dag): (NodeId, &Dag),
    state: &RunState,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let Some((_, component)) = plan.components.get_index(state.nodes[node].component) else { return Ok(()) };
    for (name, selector) in &dag.outputs.parameters {
        let Some((task, key)) = selector.sources.first().filter(|_| !outcome.parameters.contains_key(name))
        else {
            continue;
        };
        let producer = dag.tasks.get(task).and_then(|task| plan.component(&task.component));
        let output = producer.and_then(|producer| producer.outputs.parameters.get(key));
        let own = component.outputs.parameters.get(name);
        let declared = [output, own].into_iter().flatten().find_map(|output| output.default.clone());
        let value = declared.ok_or_else(|| {
            unresolved(format!("output `{name}` has no value: task `{task}` left no output `{key}`"))
        })?;
        outcome.parameters.insert(name.clone(), value);
    }
    Ok(())
}

/// Computes an expression over the tags of a dag's tasks, of its inputs and of the run. An artifact is its tag.
pub(super) fn over_tasks(
    plan: &Plan,
    state: &RunState,
    (dag, node): (&Dag, NodeId),
    expr: &Expr,
) -> Result<Value, String> {
    let around = &state.nodes[node];
    let asking = Asking { plan, state, key: &around.key, attempt: None, values: &around.inputs.parameters };
    asking.compute_with(expr, |name| {
        let global = || global_artifact(plan, state, name.strip_prefix(GLOBAL)?);
        if artifacts_at(state, (dag, node), name).is_some() || global().is_some() {
            return Some(Value::from(name));
        }
        let rest = name.strip_prefix("tasks.")?;
        if let Some((task, key)) = rest.split_once(".outputs.parameters.") {
            let child = state.child(node, dag.tasks.get_index_of(task)?)?;
            return child.outcome.parameters.get(key).map(|value| Value::String(text_form(value)));
        }
        asking.of_task(node, rest).map(Value::String)
    })
}

/// Returns the artifact of a dag's task, or of the dag's own inputs, that a tag names.
pub(super) fn artifacts_at<'s>(
    state: &'s RunState,
    (dag, node): (&Dag, NodeId),
    tag: &str,
) -> Option<&'s Vec<ArtifactValue>> {
    if let Some(name) = tag.strip_prefix("inputs.artifacts.") {
        return state.nodes[node].inputs.artifacts.get(name);
    }
    let (task, key) = tag.strip_prefix("tasks.")?.split_once(".outputs.artifacts.")?;
    state.child(node, dag.tasks.get_index_of(task)?)?.outcome.artifacts.get(key)
}

/// Collects a loop's outputs over its iterations.
pub(crate) fn collect(plan: &Plan, state: &RunState, component: usize, iterations: &[NodeId]) -> Outcome {
    let mut outcome = Outcome::default();
    let Some((_, component)) = plan.components.get_index(component) else { return outcome };
    if plan.dialect == Dialect::V1 {
        outcome.parameters = aggregated((plan, state), component, iterations);
        return outcome;
    }
    for name in component.outputs.parameters.keys() {
        let values = iterations.iter().filter_map(|id| state.nodes[*id].outcome.parameters.get(name));
        outcome.parameters.insert(name.clone(), Value::Array(values.cloned().collect()));
    }
    for name in component.outputs.artifacts.keys() {
        let lists = iterations.iter().filter_map(|id| state.nodes[*id].outcome.artifacts.get(name));
        outcome.artifacts.insert(name.clone(), lists.flatten().cloned().collect());
    }
    outcome
}

/// Writes each output of a v1 loop as one JSON text: a list in item order, of those that succeeded; values that
/// are all JSON objects or lists stand in it as such, others as texts. Source: v1 semantics 2.2.
fn aggregated(
    (plan, state): (&Plan, &RunState),
    component: &Component,
    iterations: &[NodeId],
) -> BTreeMap<String, Value> {
    let succeeded = || iterations.iter().map(|id| &state.nodes[*id]).filter(|node| node.phase.is_success());
    let mut all = BTreeMap::new();
    let inner = match &component.kind {
        ComponentKind::Dag(dag) => dag.of_iteration().and_then(|(_, task)| plan.component(&task.component)),
        _ => None,
    };
    let result = match &inner.unwrap_or(component).kind {
        ComponentKind::Container(container) => container.result.as_ref(),
        ComponentKind::Dag(_)
        | ComponentKind::Importer(_)
        | ComponentKind::Resource(_)
        | ComponentKind::Suspend(_) => None,
    };
    for name in component.outputs.parameters.keys() {
        // Results are read one by one: those that are JSON objects stand in the list as such.
        if result == Some(name) {
            let each = succeeded().filter_map(|node| node.outcome.parameters.get(name)).map(text_form);
            let read = |text: String| match serde_json::from_str(&text) {
                Ok(object @ Value::Object(_)) => object,
                _ => Value::String(text),
            };
            all.insert(name.clone(), json_text(&Value::Array(each.map(read).collect()).to_string()));
            continue;
        }
        let texts: Vec<String> =
            succeeded().filter_map(|node| node.outcome.parameters.get(name)).map(text_form).collect();
        let parsed: Option<Vec<Value>> = texts
            .iter()
            .map(|text| {
                serde_json::from_str(text).ok().filter(|value: &Value| value.is_array() || value.is_object())
            })
            .collect();
        let list = parsed.unwrap_or_else(|| texts.into_iter().map(Value::from).collect());
        all.insert(name.clone(), json_text(&canonical(&Value::from(list))));
    }
    all
}

fn json_text(json: &str) -> Value {
    Value::from(guarded_json(json))
}
