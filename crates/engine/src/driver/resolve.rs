//! A task's inputs from its bindings: what is given, defaulted, left out or refused.
//!
//! Source: v2 semantics 1.3, 1.5, 2.2 and 2.3.

use std::collections::BTreeMap;

use pipewright_plan::{
    ArtifactBinding, Component, ComponentKind, ExecutorInput, Expr, Filling, Items, IterationKind,
    LoopPolicy, ParameterInput, ParameterSource, ParameterType, Plan, Task, TaskConfig, Value, ValueTemplate,
    kind_name, text_form,
};
use serde_json::json;

use super::convert::convert;
use super::pod::{Around, workspace_claim};
use super::provision::executor_artifacts;
use super::task_config::task_config;
use super::{Environment, evaluate, unresolved};
use crate::event::{Failure, Resolved};
use crate::id::TaskKey;
use crate::state::{Node, NodeId, RunState, resource_name};
use crate::view::TaskPhase;

/// What a binding yields before the component's own rules apply.
enum Found {
    Value(Value),
    /// Nothing was given; the reason is for the message when something had to be.
    Nothing(String),
    /// Upstream did not succeed, so it left no value; the task runs all the same.
    NotProduced(String),
}

/// Completes a run's arguments: defaults, and null for optional inputs without one.
pub(crate) fn root_inputs(plan: &Plan, arguments: &BTreeMap<String, Value>) -> Result<Resolved, Failure> {
    let mut resolved = Resolved::default();
    let Some(root) = plan.root_component() else { return Ok(resolved) };
    for (name, input) in &root.inputs.parameters {
        let given = arguments.get(name).filter(|value| !value.is_null());
        let value = match given.or(input.default.as_ref()) {
            Some(value) => accept(name, input, value.clone())?,
            None if input.optional => Value::Null,
            None => return Err(unresolved(format!("parameter `{name}` has no value and no default"))),
        };
        resolved.parameters.insert(name.clone(), value);
    }
    for (name, input) in &root.inputs.artifacts {
        if !input.optional {
            return Err(unresolved(format!("input artifact `{name}` cannot be given to a run")));
        }
    }
    Ok(resolved)
}

/// Resolves the inputs of a task of this dag instance.
pub(crate) fn resolve(
    plan: &Plan,
    state: &RunState,
    dag: NodeId,
    (task_name, task): (&str, &Task),
) -> Result<Resolved, Failure> {
    let Some(component) = plan.component(&task.component) else {
        return Err(unresolved(format!("component `{}` does not exist", task.component)));
    };
    let mut resolved = Resolved::default();
    resolve_artifacts(state, plan, dag, (task, component), &mut resolved)?;
    let site = Site { plan, state, dag, key: state.nodes[dag].key.child(task_name), component };
    // Constants may refer to the task's other inputs, so they come last.
    let is_template = |source: &ParameterSource| match source {
        ParameterSource::Constant { value } => !matches!(value, ValueTemplate::Literal { .. }),
        ParameterSource::TaskConfig { .. } => true,
        _ => false,
    };
    for last in [false, true] {
        for (name, binding) in &task.parameters {
            if is_template(&binding.source) != last {
                continue;
            }
            let found = site.find(&binding.source, &resolved)?;
            let found = match (found, &binding.selector) {
                (Found::Value(value), Some(selector)) if !value.is_null() => {
                    Found::Value(select(&format!("input `{name}`"), selector, &value)?)
                }
                (found, _) => found,
            };
            site.place(name, found, iterated(task), &mut resolved)?;
        }
    }
    for (name, input) in &component.inputs.parameters {
        // What a binding left out stays out of a container; a dag completes it for its own tasks.
        let left_out = task.parameters.contains_key(name) && !is_dag(component);
        if left_out || resolved.parameters.contains_key(name) {
            continue;
        }
        if task.iterator.as_ref().is_some_and(|iterator| iterator.item_input == *name) {
            continue;
        }
        if let Some(value) = unbound(name, input, component)? {
            resolved.parameters.insert(name.clone(), value);
        }
    }
    Ok(resolved)
}

/// Names the input that an iterator hides inside its iterations.
fn iterated(task: &Task) -> Option<&str> {
    match &task.iterator.as_ref()?.items {
        Items::Input { name } => Some(name),
        Items::Static { .. } => None,
    }
}

fn is_dag(component: &Component) -> bool {
    matches!(component.kind, ComponentKind::Dag(_))
}

/// Where inputs are resolved: a task about to fire in a dag instance.
struct Site<'a> {
    plan: &'a Plan,
    state: &'a RunState,
    dag: NodeId,
    /// The task's own path.
    key: TaskKey,
    component: &'a Component,
}

impl Site<'_> {
    fn find(&self, source: &ParameterSource, resolved: &Resolved) -> Result<Found, Failure> {
        let owner = &self.state.nodes[self.dag];
        Ok(match source {
            ParameterSource::DagInput { name } => match owner.inputs.parameters.get(name) {
                Some(Value::Null) => Found::Nothing(format!("input `{name}` of `{}` is null", owner.key)),
                Some(value) => Found::Value(value.clone()),
                None => Found::Nothing(format!("`{}` has no input `{name}`", owner.key)),
            },
            ParameterSource::TaskOutput { task, key } => {
                let producer = sibling(self.plan, self.state, self.dag, task);
                let why = || format!("task `{task}` left no output `{key}`");
                match producer.map(|node| (node.phase, node.outcome.parameters.get(key))) {
                    Some((_, Some(value))) => Found::Value(value.clone()),
                    Some((phase, None)) if !phase.is_success() => Found::NotProduced(why()),
                    Some((_, None)) | None => Found::Nothing(why()),
                }
            }
            ParameterSource::Constant { value: ValueTemplate::Literal { value } } => {
                Found::Value(value.clone())
            }
            ParameterSource::Constant { value } => Found::Value(self.fill(value, resolved)),
            ParameterSource::TaskConfig { config } => Found::Value(self.task_config(config, resolved)?),
            ParameterSource::FinalStatus { task } => match sibling(self.plan, self.state, self.dag, task) {
                Some(node) => Found::Value(final_status(self.plan, self.state, task, node)),
                None => return Err(unresolved(format!("task `{task}` has no final status"))),
            },
        })
    }

    /// Fills a constant from the inputs resolved before it.
    fn fill(&self, template: &ValueTemplate, resolved: &Resolved) -> Value {
        let input = inputs_alone(resolved);
        let defaults = defaults_of(self.component, resolved);
        let job = self.state.job_facts(self.plan, &self.key);
        Filling { executor_input: &input, defaults: &defaults, job: &job }.value(template)
    }

    /// Builds what the task's code is told of its settings, from the inputs resolved before it.
    fn task_config(&self, config: &TaskConfig, resolved: &Resolved) -> Result<Value, Failure> {
        let input = inputs_alone(resolved);
        let defaults = defaults_of(self.component, resolved);
        let job = self.state.job_facts(self.plan, &self.key);
        let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
        let around = Around { plan: self.plan, state: self.state, dag: self.dag, filling: &filling };
        let workspace = match &self.component.kind {
            ComponentKind::Container(container) => {
                workspace_claim((self.plan, self.state), &input, container)
            }
            _ => None,
        };
        task_config(&around, config, workspace.as_deref())
    }

    /// Applies the component's rules to what a binding yielded.
    fn place(
        &self,
        name: &str,
        found: Found,
        items_input: Option<&str>,
        resolved: &mut Resolved,
    ) -> Result<(), Failure> {
        let missing = |why: String| unresolved(format!("input `{name}` has no value: {why}"));
        let value = match (found, self.component.inputs.parameters.get(name)) {
            // Items may be a list or a text that holds one, whatever the declaration says.
            (Found::Value(value), _) if items_input == Some(name) => value,
            (Found::Value(Value::Null), Some(input)) if input.optional => return Ok(()),
            (Found::Value(value), Some(input)) => accept(name, input, value)?,
            (Found::Value(value), None) => value,
            (Found::Nothing(_) | Found::NotProduced(_), Some(input)) if input.optional => return Ok(()),
            (_, Some(input @ ParameterInput { default: Some(default), .. })) => {
                accept(name, input, default.clone())?
            }
            (Found::NotProduced(_), Some(input)) if input.parameter_type == ParameterType::String => {
                Value::String(String::new())
            }
            // Helpers of constants are declared by nobody: without a value they stand for no text.
            (Found::Nothing(_) | Found::NotProduced(_), None) if items_input != Some(name) => return Ok(()),
            (Found::Nothing(why) | Found::NotProduced(why), _) => return Err(missing(why)),
        };
        resolved.parameters.insert(name.to_owned(), value);
        Ok(())
    }
}

/// Makes an ExecutorInput without outputs, for placeholders of inputs.
pub(super) fn inputs_alone(resolved: &Resolved) -> ExecutorInput {
    let mut input = ExecutorInput::default();
    input.inputs.parameter_values = resolved.parameters.clone();
    input.inputs.artifacts = executor_artifacts(resolved);
    input
}

/// Lists the defaults of inputs that were left out; placeholders alone see them.
pub(crate) fn defaults_of(component: &Component, resolved: &Resolved) -> BTreeMap<String, Value> {
    let left_out =
        component.inputs.parameters.iter().filter(|(name, _)| !resolved.parameters.contains_key(*name));
    left_out.filter_map(|(name, input)| Some((name.clone(), input.default.clone()?))).collect()
}

pub(super) fn sibling<'a>(plan: &Plan, state: &'a RunState, dag: NodeId, task: &str) -> Option<&'a Node> {
    let owner = state.nodes[dag].component;
    let index = crate::state::dag_at(plan, owner)?.tasks.get_index_of(task)?;
    state.child(dag, index)
}

/// The struct that an exit task gets. Source: v2 semantics 2.10.
fn final_status(plan: &Plan, state: &RunState, task: &str, node: &Node) -> Value {
    let status = match node.phase {
        TaskPhase::Succeeded | TaskPhase::Cached => "COMPLETE",
        TaskPhase::Failed => "FAILED",
        TaskPhase::Skipped | TaskPhase::Omitted | TaskPhase::Cancelled => "CANCELED",
        TaskPhase::Pending | TaskPhase::Running => "RUNNING",
    };
    let error = match &node.error {
        None => json!({}),
        Some(failure) => json!({"code": failure.exit_code.unwrap_or(2), "message": failure.message}),
    };
    json!({
        "state": status,
        "pipelineTaskName": task,
        "pipelineJobResourceName": resource_name(plan, &state.run),
        "error": error,
    })
}

/// Source: v2 semantics 1.3: `string_value` is always the text form, the others by kind.
pub(super) fn select(name: &str, selector: &Expr, value: &Value) -> Result<Value, Failure> {
    let mut variables = vec![("string_value".to_owned(), Value::String(text_form(value)))];
    let by_kind = match value {
        Value::Number(_) => Some("number_value"),
        Value::Bool(_) => Some("bool_value"),
        Value::Array(_) => Some("list_value"),
        Value::Object(_) => Some("struct_value"),
        Value::Null | Value::String(_) => None,
    };
    if let Some(kind) = by_kind {
        variables.push((kind.to_owned(), value.clone()));
    }
    variables.push(("null_value".to_owned(), Value::Null));
    evaluate(selector, &mut Environment::new(variables))
        .map_err(|error| unresolved(format!("cannot select the value of {name}: {error}")))
}

fn accept(name: &str, input: &ParameterInput, value: Value) -> Result<Value, Failure> {
    let value = convert(input.parameter_type, value)
        .map_err(|why| unresolved(format!("input `{name}` does not fit: {why}")))?;
    if !input.literals.is_empty() && !input.literals.contains(&value) {
        let allowed: Vec<String> = input.literals.iter().map(ToString::to_string).collect();
        let allowed = allowed.join(", ");
        return Err(unresolved(format!("input `{name}` is {value}, allowed are {allowed}")));
    }
    Ok(value)
}

/// A dag sees defaults and explicit nulls; a container sees an optional input left out, for its own default.
fn unbound(name: &str, input: &ParameterInput, component: &Component) -> Result<Option<Value>, Failure> {
    let is_dag = is_dag(component);
    match (&input.default, input.optional) {
        (Some(default), optional) if is_dag || !optional => Ok(Some(default.clone())),
        (None, true) if is_dag => Ok(Some(Value::Null)),
        (_, true) => Ok(None),
        (Some(default), false) => Ok(Some(default.clone())),
        (None, false) => Err(unresolved(format!("input `{name}` has no value and no default"))),
    }
}

fn resolve_artifacts(
    state: &RunState,
    plan: &Plan,
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
        };
        let declared = component.inputs.artifacts.get(name);
        match found {
            Some(artifacts) => {
                resolved.artifacts.insert(name.clone(), artifacts.clone());
            }
            None if declared.is_some_and(|input| input.optional) => {}
            None => {
                let message = format!("input artifact `{name}` is missing: {from} was not produced");
                return Err(unresolved(message));
            }
        }
    }
    for (name, input) in &component.inputs.artifacts {
        let is_item = task.iterator.as_ref().is_some_and(|iterator| iterator.item_input == *name);
        if !input.optional && !is_item && !task.artifacts.contains_key(name) {
            return Err(unresolved(format!("input artifact `{name}` is not given")));
        }
    }
    Ok(())
}

/// Evaluates a trigger condition over resolved inputs.
pub(crate) fn is_triggered(condition: &Expr, resolved: &Resolved) -> Result<bool, Failure> {
    let parameters: serde_json::Map<String, Value> =
        resolved.parameters.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let artifacts = serde_json::to_value(executor_artifacts(resolved)).unwrap_or_default();
    let inputs = json!({"parameter_values": parameters, "artifacts": artifacts});
    let variables = vec![("inputs".to_owned(), inputs), ("outputs".to_owned(), json!({}))];
    match evaluate(condition, &mut Environment::new(variables)) {
        Ok(Value::Bool(truth)) => Ok(truth),
        Ok(other) => {
            let kind = kind_name(&other);
            Err(unresolved(format!("the condition yields a {kind} value, not a boolean")))
        }
        Err(error) => Err(unresolved(format!("the condition cannot be evaluated: {error}"))),
    }
}

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
                .any(|binding| matches!(binding, ArtifactBinding::DagInput { name } if name == input))
    })
}

/// Returns the inputs of one iteration: those of the loop without its items, and the item.
pub(crate) fn iteration_inputs(
    plan: &Plan,
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
    Ok(resolved)
}
