//! Inputs and outputs in the reference: what is given, defaulted, left out, selected and collected.
//!
//! Source: v2 semantics 1.3, 2.2, 2.3, 2.9 and 2.10.

use std::collections::BTreeMap;

use pipewright_plan::{
    ArtifactBinding, Component, ComponentKind, Dag, Items, ParameterInput, ParameterSource, ParameterType,
    Plan, Task, TextPart, Value, ValueTemplate,
};
use serde_json::json;

use super::expression::{field_of, text_of};
use super::{Course, Ended, Frame, Item, Values};
use crate::view::TaskPhase;

/// Completes a run's arguments.
pub(super) fn of_root(plan: &Plan, arguments: &BTreeMap<String, Value>) -> Result<Values, ()> {
    let mut inputs = Values::default();
    for (name, input) in &plan.components[&plan.root].inputs.parameters {
        let given = arguments.get(name).filter(|value| !value.is_null()).or(input.default.as_ref());
        let value = match given {
            Some(value) => fitted(input, value)?,
            None if input.optional => Value::Null,
            None => return Err(()),
        };
        inputs.parameters.insert(name.clone(), value);
    }
    Ok(inputs)
}

/// What a binding finds.
enum Found {
    Value(Value),
    Nothing,
    /// Nothing, because the producer did not succeed.
    Lost,
}

impl Course<'_> {
    pub(super) fn inputs_of(&self, name: &str, task: &Task, frame: &Frame<'_, '_>) -> Result<Values, ()> {
        let component = &self.plan.components[&task.component];
        let mut inputs = Values { artifacts: artifacts_of(task, component, frame)?, ..Values::default() };
        let is_text = |source: &ParameterSource| {
            matches!(source, ParameterSource::Constant { value: ValueTemplate::Text { .. } })
        };
        let (texts, others): (Vec<_>, Vec<_>) =
            task.parameters.iter().partition(|(_, binding)| is_text(&binding.source));
        for (input, binding) in others.into_iter().chain(texts) {
            let mut found = self.find(name, &binding.source, &inputs, frame)?;
            if let (Found::Value(value), Some(selector)) = (&found, &binding.selector)
                && !value.is_null()
            {
                found = Found::Value(field_of(selector, value)?);
            }
            let is_items = matches!(
                task.iterator.as_ref().map(|iterator| &iterator.items),
                Some(Items::Input { name }) if name == input
            );
            let value = match (found, component.inputs.parameters.get(input)) {
                (Found::Value(value), _) if is_items => Some(value),
                (Found::Value(value), None) => Some(value),
                (Found::Value(value), Some(declared)) => given(declared, &value)?,
                (_, None) if is_items => return Err(()),
                (_, None) => None,
                (_, Some(declared)) if declared.optional => None,
                (_, Some(ParameterInput { default: Some(default), .. })) => Some(default.clone()),
                (Found::Lost, Some(declared)) if declared.parameter_type == ParameterType::String => {
                    Some(json!(""))
                }
                (_, Some(_)) => return Err(()),
            };
            if let Some(value) = value {
                inputs.parameters.insert(input.clone(), value);
            }
        }
        complete(task, component, &mut inputs)?;
        Ok(inputs)
    }

    fn find(
        &self,
        name: &str,
        source: &ParameterSource,
        inputs: &Values,
        frame: &Frame<'_, '_>,
    ) -> Result<Found, ()> {
        Ok(match source {
            ParameterSource::DagInput { name } => match frame.inputs.parameters.get(name) {
                Some(Value::Null) | None => Found::Nothing,
                Some(value) => Found::Value(value.clone()),
            },
            ParameterSource::TaskOutput { task, key } => {
                let producer = &frame.ended[task.as_str()];
                match producer.outputs.parameters.get(key) {
                    Some(value) => Found::Value(value.clone()),
                    None if is_good(producer) => Found::Nothing,
                    None => Found::Lost,
                }
            }
            ParameterSource::Constant { value: ValueTemplate::Literal { value } } => {
                Found::Value(value.clone())
            }
            ParameterSource::Constant { value: ValueTemplate::Text { text } } => {
                let part = |part: &TextPart| match part {
                    TextPart::Literal { text } => text.clone(),
                    TextPart::Placeholder { placeholder } => self.placeholder(name, placeholder, inputs),
                };
                Found::Value(text.parts.iter().map(part).collect::<String>().into())
            }
            ParameterSource::Optional { .. }
            | ParameterSource::Constant { .. }
            | ParameterSource::TaskConfig { .. } => return Err(()),
            ParameterSource::FinalStatus { task } => {
                Found::Value(status_of(task, &frame.ended[task.as_str()]))
            }
        })
    }

    fn placeholder(&self, task: &str, placeholder: &pipewright_plan::Placeholder, inputs: &Values) -> String {
        match placeholder {
            pipewright_plan::Placeholder::InputParameter { name } => {
                inputs.parameters.get(name).map(text_of).unwrap_or_default()
            }
            pipewright_plan::Placeholder::TaskName => task.to_owned(),
            other => panic!("generated plans hold no {other:?}"),
        }
    }

    /// The loop's own inputs without the list, and the item. Source: v2 semantics 2.2, rule 4.
    pub(super) fn inputs_of_iteration(&self, task: &Task, inputs: &Values, item: Item) -> Result<Values, ()> {
        let iterator = task.iterator.as_ref().ok_or(())?;
        let mut own = inputs.clone();
        // A task inside that takes the list itself still gets it.
        if let Items::Input { name } = &iterator.items
            && !self.is_taken_inside(task, name)
        {
            own.parameters.remove(name);
            own.artifacts.remove(name);
        }
        match item {
            Item::Value(value) => {
                let declared =
                    self.plan.components[&task.component].inputs.parameters.get(&iterator.item_input);
                let value = declared.map_or(Ok(value.clone()), |declared| fitted(declared, &value))?;
                own.parameters.insert(iterator.item_input.clone(), value);
            }
            Item::Model(model) => {
                own.artifacts.insert(iterator.item_input.clone(), vec![model]);
            }
        }
        Ok(own)
    }

    fn is_taken_inside(&self, task: &Task, input: &str) -> bool {
        let ComponentKind::Dag(dag) = &self.plan.components[&task.component].kind else { return false };
        let by_parameter = |inner: &Task| {
            inner
                .parameters
                .values()
                .any(|binding| matches!(&binding.source, ParameterSource::DagInput { name } if name == input))
        };
        let by_artifact = |inner: &Task| {
            let bindings = &mut inner.artifacts.values();
            bindings.any(|binding| matches!(binding, ArtifactBinding::DagInput { name } if name == input))
        };
        dag.tasks.values().any(|inner| by_parameter(inner) || by_artifact(inner))
    }
}

/// Null for an optional input leaves it out; everything else has to fit.
fn given(declared: &ParameterInput, value: &Value) -> Result<Option<Value>, ()> {
    if value.is_null() && declared.optional { Ok(None) } else { fitted(declared, value).map(Some) }
}

/// Adds what no binding gave. A container looks after its own optional inputs; a dag is told.
fn complete(task: &Task, component: &Component, inputs: &mut Values) -> Result<(), ()> {
    let is_dag = matches!(component.kind, ComponentKind::Dag(_));
    for (name, declared) in &component.inputs.parameters {
        let is_item = task.iterator.as_ref().is_some_and(|iterator| iterator.item_input == *name);
        if is_item || inputs.parameters.contains_key(name) {
            continue;
        }
        let value = match (&declared.default, declared.optional) {
            (_, true) if !is_dag => continue,
            (Some(default), _) => default.clone(),
            (None, true) => Value::Null,
            (None, false) => return Err(()),
        };
        inputs.parameters.insert(name.clone(), value);
    }
    Ok(())
}

fn artifacts_of(
    task: &Task,
    component: &Component,
    frame: &Frame<'_, '_>,
) -> Result<BTreeMap<String, Vec<String>>, ()> {
    let mut artifacts = BTreeMap::new();
    for (name, binding) in &task.artifacts {
        let found = match binding {
            ArtifactBinding::DagInput { name } => frame.inputs.artifacts.get(name),
            ArtifactBinding::TaskOutput { task, key } => {
                frame.ended[task.as_str()].outputs.artifacts.get(key)
            }
            // Of the v1 format alone, which this reference does not cover.
            ArtifactBinding::Inline { .. }
            | ArtifactBinding::Global { .. }
            | ArtifactBinding::Chosen { .. }
            | ArtifactBinding::Part { .. } => continue,
        };
        let is_optional = component.inputs.artifacts.get(name).is_some_and(|declared| declared.optional);
        match found {
            Some(list) => {
                artifacts.insert(name.clone(), list.clone());
            }
            None if is_optional => {}
            None => return Err(()),
        }
    }
    for (name, declared) in &component.inputs.artifacts {
        let is_item = task.iterator.as_ref().is_some_and(|iterator| iterator.item_input == *name);
        if !declared.optional && !is_item && !artifacts.contains_key(name) {
            return Err(());
        }
    }
    Ok(artifacts)
}

fn is_good(ended: &Ended) -> bool {
    matches!(ended.phase, TaskPhase::Succeeded | TaskPhase::Cached)
}

/// Source: v2 semantics 2.10; the words of an error are the engine's own.
fn status_of(task: &str, ended: &Ended) -> Value {
    let state = match ended.phase {
        TaskPhase::Succeeded | TaskPhase::Cached => "COMPLETE",
        TaskPhase::Failed => "FAILED",
        _ => "CANCELED",
    };
    json!({"state": state, "pipelineTaskName": task})
}

/// Converts to the declared type, as far as there is a conversion, and checks against allowed values.
fn fitted(declared: &ParameterInput, value: &Value) -> Result<Value, ()> {
    let value = converted(declared.parameter_type, value)?;
    if declared.literals.is_empty() || declared.literals.contains(&value) { Ok(value) } else { Err(()) }
}

/// Source: v2 semantics 2.3.
pub(super) fn converted(declared: ParameterType, value: &Value) -> Result<Value, ()> {
    match (declared, value) {
        (ParameterType::String, _) => Ok(Value::String(text_of(value))),
        (ParameterType::NumberInteger | ParameterType::NumberDouble, Value::Number(_))
        | (ParameterType::Boolean, Value::Bool(_))
        | (ParameterType::List, Value::Array(_))
        | (ParameterType::Struct | ParameterType::TaskFinalStatus, Value::Object(_)) => Ok(value.clone()),
        _ => Err(()),
    }
}

/// Selects a dag's outputs: of several sources the first that succeeded and has it.
pub(super) fn of_dag(dag: &Dag, ended: &BTreeMap<&str, Ended>) -> Values {
    let mut outputs = Values::default();
    for (name, selector) in &dag.outputs.parameters {
        for (task, key) in &selector.sources {
            let producer = &ended[task.as_str()];
            if let Some(value) = producer.outputs.parameters.get(key)
                && (!selector.one_of || is_good(producer))
            {
                outputs.parameters.insert(name.clone(), value.clone());
                break;
            }
        }
    }
    for (name, selector) in &dag.outputs.artifacts {
        for (task, key) in &selector.sources {
            let producer = &ended[task.as_str()];
            if let Some(list) = producer.outputs.artifacts.get(key)
                && (selector.sources.len() == 1 || is_good(producer))
            {
                outputs.artifacts.insert(name.clone(), list.clone());
                break;
            }
        }
    }
    outputs
}

/// Collects over iterations: parameters one by one, artifacts in one flat list.
pub(super) fn collected(component: &Component, iterations: &[Ended]) -> Values {
    let mut outputs = Values::default();
    for name in component.outputs.parameters.keys() {
        let values = iterations.iter().filter_map(|ended| ended.outputs.parameters.get(name).cloned());
        outputs.parameters.insert(name.clone(), values.collect());
    }
    for name in component.outputs.artifacts.keys() {
        let lists = iterations.iter().filter_map(|ended| ended.outputs.artifacts.get(name));
        outputs.artifacts.insert(name.clone(), lists.flatten().cloned().collect());
    }
    outputs
}
