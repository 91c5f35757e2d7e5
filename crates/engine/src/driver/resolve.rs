//! A task's inputs from its bindings: what is given, defaulted, left out or refused.
//!
//! Source: v2 semantics 1.3, 1.5, 2.2 and 2.3.

use std::collections::BTreeMap;

use pipewright_plan::{
    Component, ComponentKind, Dialect, ExecutorInput, Expr, Filling, Items, LoopPolicy, ParameterInput,
    ParameterSource, ParameterType, Plan, Task, TaskConfig, Value, ValueTemplate, kind_name, text_form,
};
use serde_json::json;

use super::artifacts::{add_inline, add_root, parts_of, resolve_artifacts, take_parts};
use super::convert::convert;
use super::pod::{Around, workspace_claim};
use super::provision::executor_artifacts;
use super::tags::{Asking, is_errored, texts_of};
use super::task_config::task_config;
use super::{Environment, evaluate, unresolved};
use crate::event::{Failure, Resolved};
use crate::id::TaskKey;
use crate::state::{Children, Node, NodeId, RunState, UNBORN, resource_name};
use crate::view::TaskPhase;

/// What a binding yields before the component's own rules apply.
enum Found {
    Value(Value),
    /// Nothing was given; the reason is for the message when something had to be.
    Nothing(String),
    /// Upstream did not succeed, so it left no value; the task runs all the same.
    NotProduced(String),
    /// Nothing was given, and nothing has to be.
    LeftOut,
}

/// Completes a run's arguments: defaults, and null for optional inputs without one.
pub(crate) fn root_inputs(
    plan: &Plan,
    state: &RunState,
    arguments: &BTreeMap<String, Value>,
) -> Result<Resolved, Failure> {
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
    let none = BTreeMap::new();
    let asking = Asking { plan, state, key: &TaskKey::root(), attempt: None, values: &none };
    asking.reread(&mut resolved.parameters);
    add_root((plan, state), root, &mut resolved);
    for (name, input) in &root.inputs.artifacts {
        if !input.optional && !resolved.artifacts.contains_key(name) {
            return Err(unresolved(format!("input artifact `{name}` cannot be given to a run")));
        }
    }
    Ok(resolved)
}

/// Resolves the inputs of a task of this dag instance, and says what failed of it.
///
/// What could be resolved is there in any case: a condition may need no more.
pub(crate) fn resolve(
    plan: &Plan,
    state: &RunState,
    dag: NodeId,
    (task_name, task): (&str, &Task),
) -> (Resolved, Result<(), Failure>) {
    let mut resolved = Resolved::default();
    let result = resolve_into((plan, state), dag, (task_name, task), &mut resolved);
    (resolved, result)
}

fn resolve_into(
    (plan, state): (&Plan, &RunState),
    dag: NodeId,
    (task_name, task): (&str, &Task),
    resolved: &mut Resolved,
) -> Result<(), Failure> {
    let Some(component) = plan.component(&task.component) else {
        return Err(unresolved(format!("component `{}` does not exist", task.component)));
    };
    // A v1 condition that is false asks for nothing beyond its own operands.
    let mut failed = resolve_artifacts((plan, state), dag, (task, component), resolved);
    if plan.dialect == Dialect::V2 {
        failed?;
        failed = Ok(());
    }
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
            let found = site.find(&binding.source, resolved)?;
            let found = match (found, &binding.selector) {
                (Found::Value(value), Some(selector)) if !value.is_null() => {
                    Found::Value(select(&format!("input `{name}`"), selector, &value)?)
                }
                (found, _) => found,
            };
            let placed = site.place(name, found, iterated(task), resolved);
            if plan.dialect == Dialect::V2 {
                placed?;
            } else {
                failed = failed.and(placed);
            }
        }
    }
    failed?;
    for (name, input) in &component.inputs.parameters {
        // What a binding left out stays out of a container; a dag completes it for its own tasks.
        let left_out = task.parameters.contains_key(name) && !is_dag(component);
        if left_out || resolved.parameters.contains_key(name) {
            continue;
        }
        let by_item = |iterator: &LoopPolicy| {
            iterator.item_input == *name || iterator.each.parameters.contains_key(name)
        };
        if task.iterator.as_ref().is_some_and(by_item) {
            continue;
        }
        if let Some(value) = unbound(name, input, component)? {
            resolved.parameters.insert(name.clone(), value);
        }
    }
    let none = BTreeMap::new();
    Asking { plan, state, key: &site.key, attempt: None, values: &none }.reread(&mut resolved.parameters);
    add_inline((plan, state), &site.key, (task, component), resolved);
    take_parts((plan, state), &site.key, parts_of(task), resolved)
}

/// Names the input that an iterator hides inside its iterations.
pub(super) fn iterated(task: &Task) -> Option<&str> {
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
                    Some((phase, None)) if !phase.is_success() && self.stand_in(task, key).is_some() => {
                        Found::Value(self.stand_in(task, key).unwrap_or_default())
                    }
                    Some((phase, None)) if !phase.is_success() => Found::NotProduced(why()),
                    Some((_, None)) | None => Found::Nothing(why()),
                }
            }
            ParameterSource::Optional { source } => match self.find(source, resolved)? {
                Found::Value(value) => Found::Value(value),
                Found::Nothing(_) | Found::NotProduced(_) | Found::LeftOut => Found::LeftOut,
            },
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

    /// Returns what an output declares for the case that nobody left it.
    fn stand_in(&self, task: &str, key: &str) -> Option<Value> {
        let dag = crate::state::dag_at(self.plan, self.state.nodes[self.dag].component)?;
        let component = self.plan.component(&dag.tasks.get(task)?.component)?;
        component.outputs.parameters.get(key)?.default.clone()
    }

    /// Fills a constant from the inputs resolved before it.
    fn fill(&self, template: &ValueTemplate, resolved: &Resolved) -> Value {
        let input = inputs_alone(resolved);
        let defaults = defaults_of(self.component, resolved);
        let asking = Asking {
            plan: self.plan,
            state: self.state,
            key: &self.key,
            attempt: None,
            values: &resolved.parameters,
        };
        let job = asking.job_facts(texts_of(template));
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
            (Found::LeftOut, _) => return Ok(()),
            // Items may be a list or a text that holds one, whatever the declaration says.
            (Found::Value(value), _) if items_input == Some(name) => value,
            (Found::Value(Value::Null), Some(input)) if input.optional => return Ok(()),
            (Found::Value(value), Some(input)) => accept(name, input, value)?,
            (Found::Value(value), None) => value,
            (Found::Nothing(_) | Found::NotProduced(_), Some(input)) if input.optional => return Ok(()),
            (_, Some(input @ ParameterInput { default: Some(default), .. })) => {
                accept(name, input, default.clone())?
            }
            (Found::NotProduced(_), Some(input))
                if input.parameter_type == ParameterType::String && self.plan.dialect == Dialect::V2 =>
            {
                Value::String(String::new())
            }
            // Helpers of constants are declared by nobody: without a value they stand for no text.
            (Found::Nothing(_) | Found::NotProduced(_), None)
                if items_input != Some(name) && self.plan.dialect == Dialect::V2 =>
            {
                return Ok(());
            }
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

pub(super) fn accept(name: &str, input: &ParameterInput, value: Value) -> Result<Value, Failure> {
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
            Err(unresolved(format!(
                "the condition yields {other}, which is a {kind} value and not a boolean"
            )))
        }
        Err(error) => Err(unresolved(format!("the condition cannot be evaluated: {error}"))),
    }
}

/// Tells whether a task may fire after these ends. Source: v1 semantics 2.4.
pub(crate) fn is_ready((plan, state): (&Plan, &RunState), ready: &Expr, upstream: &[&Node]) -> bool {
    let ends: serde_json::Map<String, Value> = upstream
        .iter()
        .map(|node| {
            let iterations: Vec<TaskPhase> = match &node.children {
                Children::Loop { started, .. } => {
                    let born = started.iter().filter(|id| **id != UNBORN);
                    born.map(|id| state.nodes[*id].phase).collect()
                }
                Children::None | Children::Dag { .. } => vec![node.phase],
            };
            let is_failed = node.phase == TaskPhase::Failed || node.phase == TaskPhase::Cancelled;
            let errored = is_errored(plan, state, node);
            let end = json!({
                "succeeded": node.phase.is_success(),
                "failed": is_failed && !errored,
                "errored": is_failed && errored,
                "skipped": node.phase == TaskPhase::Skipped,
                "omitted": node.phase == TaskPhase::Omitted,
                "any_succeeded": iterations.iter().any(|phase| phase.is_success()),
                "all_failed": iterations.iter().all(|phase| *phase == TaskPhase::Failed),
            });
            (node.key.name().to_owned(), end)
        })
        .collect();
    let variables = vec![("upstream".to_owned(), Value::Object(ends))];
    evaluate(ready, &mut Environment::new(variables)) == Ok(Value::Bool(true))
}
