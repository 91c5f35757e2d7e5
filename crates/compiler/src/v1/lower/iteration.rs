//! What stands around one iteration of a task when more than the task belongs to it: a dag of the task and its hooks.
//!
//! The loop gives that dag what it would give the task, and besides what the hooks take from around. Interfaces are
//! handed on once all templates are lowered. Source: v1 semantics 4; upstream's steps have hooks for each iteration.

use indexmap::IndexMap;
use pipewright_plan::{
    ArtifactBinding, ArtifactInput, ArtifactSelector, Component, ComponentKind, Dag, DagShape, Expr, Inputs,
    LOOP_ITEM, Outputs, ParameterBinding, ParameterInput, ParameterSelector, ParameterSource, ParameterType,
    Task,
};

use super::artifact_type;
use super::bind::{self, Bindings, Scope};
use super::template;

/// Makes what differs by item a part of a hook: inside an iteration the item is an input like any other.
pub(super) fn settle(bindings: &mut Bindings<'_, '_>) {
    for (name, value) in std::mem::take(&mut bindings.each) {
        bindings.parameters.insert(name, bind::constant(value));
    }
    for (name, text) in std::mem::take(&mut bindings.each_artifacts) {
        bindings.artifacts.insert(name, ArtifactBinding::Inline { text });
    }
    for (name, path) in std::mem::take(&mut bindings.each_parts) {
        if let Some(whole) = bindings.artifacts.swap_remove(&name) {
            bindings.artifacts.insert(name, ArtifactBinding::Part { whole: Box::new(whole), path });
        }
    }
    bindings.parameters.insert(LOOP_ITEM.to_owned(), bind::dag_input(LOOP_ITEM));
}

/// Puts a task that loops, and what belongs to each of its iterations, into a dag that loops in its place.
pub(super) fn surround(scope: &Scope<'_, '_>, (name, task): (&str, &mut Task), others: Vec<(String, Task)>) {
    let mut inputs = Inputs::default();
    inputs.parameters.insert(LOOP_ITEM.to_owned(), anything(false));
    let mut tasks = IndexMap::new();
    let main = Task {
        retry: task.retry.take(),
        timeout: task.timeout.take(),
        caching: std::mem::take(&mut task.caching),
        display_name: task.display_name.clone(),
        ..template::plain_task(&task.component)
    };
    tasks.insert(name.to_owned(), main);
    for (other, mut inner) in others {
        let names: Vec<String> = tasks.keys().cloned().collect();
        inner.upstream.retain(|upstream| names.contains(upstream));
        let mut taking = Taking { own: name, around: task, inputs: &mut inputs };
        inner.parameters.values_mut().for_each(|binding| taking.parameter(binding));
        inner.artifacts.values_mut().for_each(|binding| taking.artifact(binding));
        tasks.insert(other, inner);
    }
    let deciding = Some(vec![name.to_owned()]);
    let dag = Dag { tasks, deciding, shape: DagShape::Iteration, ..Dag::default() };
    let component =
        Component { inputs, outputs: Outputs::default(), locks: Vec::new(), kind: ComponentKind::Dag(dag) };
    // Names of templates and tasks have no dots.
    task.component = format!("{}.{name}.each", scope.component);
    scope.source.inline.borrow_mut().insert(task.component.clone(), component);
}

fn anything(optional: bool) -> ParameterInput {
    ParameterInput {
        parameter_type: ParameterType::Any,
        default: None,
        optional,
        literals: Vec::new(),
        description: None,
    }
}

/// Has the loop hand on what a task inside takes from around it.
struct Taking<'a> {
    /// The task that loops: its outputs are those of the iteration.
    own: &'a str,
    around: &'a mut Task,
    inputs: &'a mut Inputs,
}

impl Taking<'_> {
    fn parameter(&mut self, binding: &mut ParameterBinding) {
        let name = match binding.source.inner() {
            ParameterSource::DagInput { name } if name == LOOP_ITEM => return,
            ParameterSource::DagInput { name } => format!("inputs.parameters.{name}"),
            ParameterSource::TaskOutput { task, key } if task != self.own => {
                format!("tasks.{task}.outputs.parameters.{key}")
            }
            _ => return,
        };
        let optional = matches!(binding.source, ParameterSource::Optional { .. });
        let source = Box::new(ParameterSource::DagInput { name: name.clone() });
        let inner = if optional { ParameterSource::Optional { source } } else { *source };
        let source = std::mem::replace(&mut binding.source, inner);
        self.inputs.parameters.insert(name.clone(), anything(optional));
        self.around.parameters.insert(name, ParameterBinding { source, selector: None });
    }

    fn artifact(&mut self, binding: &mut ArtifactBinding) {
        let name = match binding {
            ArtifactBinding::Part { whole, .. } => return self.artifact(whole),
            ArtifactBinding::DagInput { name } => format!("inputs.artifacts.{name}"),
            ArtifactBinding::TaskOutput { task, key } if task != self.own => {
                format!("tasks.{task}.outputs.artifacts.{key}")
            }
            ArtifactBinding::Chosen { expr } if !self.is_of_iteration(expr) => {
                format!("chosen.{}", self.inputs.artifacts.len())
            }
            _ => return,
        };
        let source = std::mem::replace(binding, ArtifactBinding::DagInput { name: name.clone() });
        let input = ArtifactInput {
            artifact_type: artifact_type(),
            optional: false,
            is_list: false,
            description: None,
            default: None,
        };
        self.inputs.artifacts.insert(name.clone(), input);
        self.around.artifacts.insert(name, source);
    }

    fn is_of_iteration(&self, expr: &Expr) -> bool {
        let own = format!("tasks.{}.", self.own);
        expr.variables().iter().any(|name| name.starts_with(&own))
    }
}

/// Gives each dag around an iteration the interface of the task that it is made for.
pub(super) fn hand_on(components: &mut IndexMap<String, Component>) {
    let inner_of = |component: &Component| match &component.kind {
        ComponentKind::Dag(dag) => {
            dag.of_iteration().map(|(name, task)| (name.to_owned(), task.component.clone()))
        }
        _ => None,
    };
    let found: Vec<_> = components
        .iter()
        .filter_map(|(name, component)| Some((name.clone(), inner_of(component)?)))
        .collect();
    for (around, (name, inner)) in found {
        // A template that could not be lowered has been told of.
        let Some((inputs, outputs)) =
            components.get(&inner).map(|it| (it.inputs.clone(), it.outputs.clone()))
        else {
            components.shift_remove(&around);
            continue;
        };
        let Some(Component { inputs: own, outputs: left, kind: ComponentKind::Dag(dag), .. }) =
            components.get_mut(&around)
        else {
            continue;
        };
        if let Some(task) = dag.tasks.get_mut(&name) {
            task.parameters =
                inputs.parameters.keys().map(|key| (key.clone(), bind::dag_input(key))).collect();
            let artifact = |key: &String| (key.clone(), ArtifactBinding::DagInput { name: key.clone() });
            task.artifacts = inputs.artifacts.keys().map(artifact).collect();
        }
        for key in outputs.parameters.keys() {
            let selector = ParameterSelector { sources: vec![(name.clone(), key.clone())], one_of: false };
            dag.outputs.parameters.insert(key.clone(), selector);
        }
        for key in outputs.artifacts.keys() {
            let selector = ArtifactSelector { sources: vec![(name.clone(), key.clone())] };
            dag.outputs.artifacts.insert(key.clone(), selector);
        }
        own.parameters.extend(inputs.parameters);
        own.artifacts.extend(inputs.artifacts);
        *left = outputs;
    }
}
