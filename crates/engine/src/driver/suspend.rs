//! Tasks that wait: until when, what whoever lets them go on may give, and what they leave.
//!
//! Source: v1 semantics 4; a choice that depends on the run is an input that holds JSON with an `enum`, as Argo
//! reads it.

use std::collections::BTreeMap;

use pipewright_plan::{
    Component, ComponentKind, Filling, Outcome, Plan, Supplied, Suspend, Value, read_duration, text_form,
};

use super::convert::convert;
use super::resolve::inputs_alone;
use super::tags::Asking;
use super::{defaults_of, unresolved};
use crate::event::{Failure, Resolved};
use crate::id::{TaskKey, Timestamp};
use crate::input::Resume;
use crate::state::{Node, RunState};
use crate::view::TaskView;

/// A value that a waiting task expects of whoever lets it go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Awaited {
    pub name: String,
    pub description: Option<String>,
    /// The only values allowed, when not empty.
    pub choices: Vec<String>,
    /// Stands in when nothing is given.
    pub default: Option<String>,
    /// What is usual; it has to be given all the same.
    pub suggested: Option<String>,
}

/// Lists what a task of this component, given these inputs, expects; nothing of one that does not wait.
pub fn awaited(component: &Component, inputs: &Resolved) -> Vec<Awaited> {
    let ComponentKind::Suspend(wait) = &component.kind else { return Vec::new() };
    wait.supplied.iter().map(|(name, supplied)| expectation(component, inputs, (name, supplied))).collect()
}

fn expectation(component: &Component, inputs: &Resolved, (name, supplied): (&str, &Supplied)) -> Awaited {
    let output = component.outputs.parameters.get(name);
    let input = supplied.input.as_ref();
    let value = input.and_then(|input| inputs.parameters.get(input)).map(text_form);
    let described = input.and_then(|input| component.inputs.parameters.get(input)?.description.clone());
    let mut awaited = Awaited {
        name: name.to_owned(),
        description: output.and_then(|output| output.description.clone()).or(described),
        choices: supplied.choices.clone(),
        default: output.and_then(|output| output.default.as_ref()).map(text_form),
        suggested: value.clone(),
    };
    let written = value.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    if let Some(Value::Array(choices)) = written.as_ref().and_then(|written| written.get("enum")) {
        awaited.choices = choices.iter().map(text_form).collect();
        let usual = written.as_ref().and_then(|written| written.get("default")).map(text_form);
        awaited.suggested = usual.or_else(|| awaited.choices.first().cloned());
    }
    awaited
}

/// Makes what a task leaves that is let go on with these values; names that it does not expect are another's.
///
/// Errors: a value that is missing or none of the choices, in words.
pub fn supply(
    component: &Component,
    inputs: &Resolved,
    given: &BTreeMap<String, Value>,
) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    for awaited in awaited(component, inputs) {
        let name = awaited.name;
        let Some(output) = component.outputs.parameters.get(&name) else { continue };
        let value = match given.get(&name) {
            Some(value) => {
                let text = text_form(value);
                if !awaited.choices.is_empty() && !awaited.choices.contains(&text) {
                    let choices = awaited.choices.join("`, `");
                    return Err(format!("`{text}` is none of the choices of `{name}`: `{choices}`"));
                }
                Value::String(text)
            }
            None => match &output.default {
                Some(default) => default.clone(),
                None => {
                    return Err(format!(
                        "raw output parameter '{name}' has not been set and does not have a default value"
                    ));
                }
            },
        };
        let value = convert(output.parameter_type, value)
            .map_err(|why| format!("output parameter `{name}` does not fit: {why}"))?;
        outcome.parameters.insert(name, value);
    }
    Ok(outcome)
}

/// Says which of these waiting tasks a user lets go on.
///
/// Errors: nobody who waits is meant, or a value that is missing, of no use or none of the choices, in words.
pub fn check_resume(plan: &Plan, waiting: &[TaskView], resume: &Resume) -> Result<Vec<TaskKey>, String> {
    let meant: Vec<&TaskView> = waiting.iter().filter(|task| resume.means(&task.key)).collect();
    for task in &resume.tasks {
        let alone = Resume { tasks: vec![task.clone()], ..Resume::default() };
        if !meant.iter().any(|view| alone.means(&view.key)) {
            return Err(format!("task `{task}` does not wait"));
        }
    }
    if meant.is_empty() {
        return Err("no task of the run waits".to_owned());
    }
    let mut expected = Vec::new();
    for view in &meant {
        let Some(component) = component_of(plan, &view.key) else { continue };
        expected.extend(awaited(component, &view.inputs).into_iter().map(|awaited| awaited.name));
        if !resume.declined {
            supply(component, &view.inputs, &resume.parameters)
                .map_err(|why| format!("task `{}`: {why}", view.key))?;
        }
    }
    match resume.parameters.keys().find(|name| !expected.contains(name)) {
        Some(name) if expected.is_empty() => Err(format!("no value is expected, and `{name}` was given")),
        Some(name) => Err(format!("`{name}` is not expected, but `{}`", expected.join("`, `"))),
        None => Ok(meant.iter().map(|view| view.key.clone()).collect()),
    }
}

/// Follows a task's path to what it runs.
fn component_of<'p>(plan: &'p Plan, key: &TaskKey) -> Option<&'p Component> {
    let mut component = plan.root_component()?;
    for segment in key.as_str().split('/').skip(1) {
        let name = segment.split_once('[').map_or(segment, |(name, _)| name);
        let ComponentKind::Dag(dag) = &component.kind else { return None };
        component = plan.component(&dag.tasks.get(name)?.component)?;
    }
    Some(component)
}

impl Resume {
    /// Tells whether a waiting task is meant: named itself, or by something around it.
    pub fn means(&self, task: &TaskKey) -> bool {
        let is_within = |outer: &TaskKey| {
            let rest = task.as_str().strip_prefix(outer.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
        };
        self.tasks.is_empty() || self.tasks.iter().any(is_within)
    }
}

/// Says when a task that begins to wait now goes on by itself. Errors: a text that is no duration.
pub(crate) fn wait_until(
    (plan, state): (&Plan, &RunState),
    node: &Node,
    (component, wait): (&Component, &Suspend),
    now: Timestamp,
) -> Result<Option<Timestamp>, Failure> {
    let Some(duration) = &wait.duration else { return Ok(None) };
    let input = inputs_alone(&node.inputs);
    let defaults = defaults_of(component, &node.inputs);
    let values = &node.inputs.parameters;
    let asking = Asking { plan, state, key: &node.key, attempt: None, values };
    let job = asking.job_facts([duration]);
    let text = Filling { executor_input: &input, defaults: &defaults, job: &job }.text(duration);
    match read_duration(&text) {
        Some(duration) => Ok(Some(now.after(duration))),
        None => Err(unresolved(format!("unable to parse {text} as a duration"))),
    }
}
