//! Loops: their items, and what one iteration is given.

use pipewright_plan::{
    ArtifactBinding, ComponentKind, Filling, Items, IterationKind, LoopPolicy, ParameterSource, Plan, Task,
    Value, kind_name,
};

use serde_json::value::RawValue;

use super::artifacts::{inline, take_parts};
use super::library::SEQUENCE;
use super::resolve::{accept, inputs_alone, iterated};
use super::tags::{Asking, texts_of};
use super::unresolved;
use crate::event::{Failure, Resolved};
use crate::id::TaskKey;
use crate::state::RunState;

/// The helper input that holds the items of a v1 loop.
const WITH_PARAM: &str = "loop.items";

/// Returns a loop's items; for artifact loops their number alone counts.
pub(crate) fn items_of(iterator: &LoopPolicy, resolved: &Resolved) -> Result<(u32, Vec<Value>), Failure> {
    let too_many = |_| unresolved("the loop has more items than can be counted");
    let name = match &iterator.items {
        Items::Static { values } => {
            return Ok((u32::try_from(values.len()).map_err(too_many)?, values.clone()));
        }
        Items::Input { name } => name,
    };
    if iterator.kind == IterationKind::Artifact {
        let count = resolved.artifacts.get(name).map_or(0, Vec::len);
        return Ok((u32::try_from(count).map_err(too_many)?, Vec::new()));
    }
    let items = match resolved.parameters.get(name) {
        Some(Value::Array(items)) => items.clone(),
        Some(Value::String(text)) if name == WITH_PARAM => match written_items(text) {
            Some(items) => items,
            None if text.starts_with(SEQUENCE) => return Err(unresolved(text.clone())),
            None => {
                return Err(unresolved(format!(
                    "withParam value could not be parsed as a JSON list: {text}"
                )));
            }
        },
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(Value::Array(items)) => items.into_iter().map(pipewright_plan::normalize).collect(),
            _ => return Err(unresolved(format!("loop items `{name}` are a text that is no JSON list"))),
        },
        Some(other) => {
            let kind = kind_name(other);
            return Err(unresolved(format!("loop items `{name}` are a {kind} value, not a list")));
        }
        None => return Err(unresolved(format!("loop items `{name}` are missing"))),
    };
    Ok((u32::try_from(items.len()).map_err(too_many)?, items))
}

/// Reads the items of a v1 loop from a JSON list; an item that is a number becomes its text, so that `1.0` stays what
/// it is. Source: v1 semantics 2.3.
pub fn written_items(text: &str) -> Option<Vec<Value>> {
    let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let as_written = |item: &RawValue| match serde_json::from_str(item.get()) {
        Ok(Value::Number(_)) | Err(_) => Value::String(item.get().to_owned()),
        Ok(value) => value,
    };
    Some(items.into_iter().map(as_written).collect())
}

/// Tells whether a task inside the component of this task takes that input of it.
fn is_asked_for(plan: &Plan, task: &Task, input: &str) -> bool {
    let Some(ComponentKind::Dag(dag)) = plan.component(&task.component).map(|component| &component.kind)
    else {
        return false;
    };
    dag.tasks.values().any(|inner| {
        let takes =
            |source: &ParameterSource| matches!(source, ParameterSource::DagInput { name } if name == input);
        inner.parameters.values().any(|binding| takes(&binding.source))
            || inner
                .artifacts
                .values()
                .any(|binding| matches!(binding.whole(), ArtifactBinding::DagInput { name } if name == input))
    })
}

/// Returns the inputs of one iteration: those of the loop without its items, and the item.
pub(crate) fn iteration_inputs(
    (plan, state): (&Plan, &RunState),
    task: &Task,
    (loop_inputs, items): (&Resolved, &[Value]),
    key: &TaskKey,
    index: u32,
) -> Result<Resolved, Failure> {
    let Some(iterator) = &task.iterator else { return Ok(loop_inputs.clone()) };
    let index = index as usize;
    let mut resolved = Resolved::default();
    // The items are passed over, not copied: there may be many of them, once for each iteration. A loop inside
    // that runs over the same list gets them nevertheless, where the field's driver would not find them.
    let hidden = iterated(task);
    if let Some(name) = hidden.filter(|name| is_asked_for(plan, task, name)) {
        resolved
            .parameters
            .extend(loop_inputs.parameters.get_key_value(name).map(|(n, v)| (n.clone(), v.clone())));
        resolved
            .artifacts
            .extend(loop_inputs.artifacts.get_key_value(name).map(|(n, v)| (n.clone(), v.clone())));
    }
    for (name, value) in loop_inputs.parameters.iter().filter(|(name, _)| Some(name.as_str()) != hidden) {
        resolved.parameters.insert(name.clone(), value.clone());
    }
    for (name, list) in loop_inputs.artifacts.iter().filter(|(name, _)| Some(name.as_str()) != hidden) {
        resolved.artifacts.insert(name.clone(), list.clone());
    }
    match iterator.kind {
        IterationKind::Parameter => {
            let Some(item) = items.get(index) else {
                return Err(unresolved(format!("`{key}` has no item {index}")));
            };
            let declared = plan
                .component(&task.component)
                .and_then(|component| component.inputs.parameters.get(&iterator.item_input));
            let item = match declared {
                Some(input) => accept(&iterator.item_input, input, item.clone())?,
                None => item.clone(),
            };
            resolved.parameters.insert(iterator.item_input.clone(), item);
        }
        IterationKind::Artifact => {
            let list = hidden.and_then(|name| loop_inputs.artifacts.get(name));
            let Some(item) = list.and_then(|list| list.get(index)) else {
                return Err(unresolved(format!("`{key}` has no artifact {index}")));
            };
            resolved.artifacts.insert(iterator.item_input.clone(), vec![item.clone()]);
        }
    }
    if !iterator.each.is_empty() {
        add_each((plan, state), task, iterator, key, &mut resolved);
        take_parts((plan, state), key, iterator.each.parts.iter(), &mut resolved)?;
    }
    Ok(resolved)
}

/// Adds what differs by item, from the inputs that are there already.
fn add_each(
    (plan, state): (&Plan, &RunState),
    task: &Task,
    iterator: &LoopPolicy,
    key: &TaskKey,
    resolved: &mut Resolved,
) {
    let asking = Asking { plan, state, key, attempt: None, values: &resolved.parameters };
    let texts = iterator.each.parameters.values().flat_map(texts_of).chain(iterator.each.artifacts.values());
    let job = asking.job_facts(texts);
    let input = inputs_alone(resolved);
    let defaults = std::collections::BTreeMap::new();
    let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
    for (name, template) in &iterator.each.parameters {
        resolved.parameters.insert(name.clone(), filling.value(template));
    }
    let component = plan.component(&task.component);
    for (name, text) in &iterator.each.artifacts {
        let declared = component.and_then(|component| component.inputs.artifacts.get(name));
        resolved.artifacts.insert(name.clone(), vec![inline(name, declared, &filling.text(text))]);
    }
}
