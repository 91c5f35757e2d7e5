//! The invariants that every plan keeps, whatever it was compiled from.
//!
//! The compiler reports a user's mistakes with their positions before; what this finds is a defect of ours or
//! a damaged document.

use std::collections::{BTreeMap, BTreeSet};

use crate::component::{Component, ComponentKind, Dag, Plan};
use crate::pod::{PodSettings, PodText};
use crate::task::{ArtifactBinding, Items, ParameterBinding, ParameterSource, Task};

/// A broken invariant: where, and what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct Broken {
    pub path: String,
    pub message: String,
}

/// Checks that names resolve, bindings fit their components and no dag has a cycle.
///
/// Errors: every broken invariant at once, in plan order.
pub fn check(plan: &Plan) -> Result<(), Vec<Broken>> {
    let mut broken = Vec::new();
    match plan.root_component() {
        None => broken.push(at("root", format!("component `{}` does not exist", plan.root))),
        Some(Component { kind: ComponentKind::Dag(_), .. }) => {}
        Some(_) => broken.push(at("root", "the entry component is no dag".to_owned())),
    }
    for (name, component) in &plan.components {
        match &component.kind {
            ComponentKind::Dag(dag) => check_dag(plan, name, component, dag, &mut broken),
            ComponentKind::Suspend(wait) => {
                let unknown =
                    wait.supplied.keys().filter(|key| !component.outputs.parameters.contains_key(*key));
                let message = |key: &String| format!("no output `{key}` that somebody could give");
                broken.extend(unknown.map(|key| at(name, message(key))));
            }
            ComponentKind::Container(_) | ComponentKind::Importer(_) | ComponentKind::Resource(_) => {}
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}

fn at(path: impl Into<String>, message: String) -> Broken {
    Broken { path: path.into(), message }
}

fn check_dag(plan: &Plan, name: &str, component: &Component, dag: &Dag, broken: &mut Vec<Broken>) {
    for (task_name, task) in &dag.tasks {
        let path = format!("{name}/{task_name}");
        check_task(plan, (component, dag), task, &path, broken);
        if task.upstream.contains(task_name) {
            broken.push(at(&path, "depends on itself".to_owned()));
        }
    }
    for (key, selector) in &dag.outputs.parameters {
        for (task, output) in &selector.sources {
            let found = output_of(plan, dag, task).is_some_and(|c| c.outputs.parameters.contains_key(output));
            if !found {
                broken.push(at(format!("{name}.outputs.{key}"), format!("no parameter `{task}.{output}`")));
            }
        }
    }
    for (key, selector) in &dag.outputs.artifacts {
        for (task, output) in &selector.sources {
            let found = output_of(plan, dag, task).is_some_and(|c| c.outputs.artifacts.contains_key(output));
            if !found {
                broken.push(at(format!("{name}.outputs.{key}"), format!("no artifact `{task}.{output}`")));
            }
        }
    }
    if let Some(cycle) = cycle_of(dag) {
        broken.push(at(name, format!("tasks wait for each other: {}", cycle.join(" -> "))));
    }
}

fn output_of<'a>(plan: &'a Plan, dag: &Dag, task: &str) -> Option<&'a Component> {
    plan.component(&dag.tasks.get(task)?.component)
}

fn check_task(
    plan: &Plan,
    (owner, dag): (&Component, &Dag),
    task: &Task,
    path: &str,
    broken: &mut Vec<Broken>,
) {
    if plan.component(&task.component).is_none() {
        broken.push(at(path, format!("component `{}` does not exist", task.component)));
    }
    if let Some(watched) = task.trigger.watches.as_ref().filter(|name| !task.upstream.contains(*name)) {
        broken.push(at(path, format!("watches `{watched}` without waiting for it")));
    }
    for name in &task.upstream {
        if !dag.tasks.contains_key(name) {
            broken.push(at(path, format!("upstream task `{name}` does not exist")));
        }
    }
    let mut producers = Vec::new();
    for (name, binding) in &task.parameters {
        match binding.source.inner() {
            ParameterSource::DagInput { name: input } => {
                if !owner.inputs.parameters.contains_key(input) {
                    broken.push(at(format!("{path}.{name}"), format!("the dag has no parameter `{input}`")));
                }
            }
            ParameterSource::TaskOutput { task, .. } => producers.push(task),
            ParameterSource::Optional { .. }
            | ParameterSource::Constant { .. }
            | ParameterSource::FinalStatus { .. }
            | ParameterSource::TaskConfig { .. } => {}
        }
    }
    for binding in pod_bindings(plan, task) {
        match &binding.source {
            ParameterSource::DagInput { name: input } if !owner.inputs.parameters.contains_key(input) => {
                let message = format!("its settings name parameter `{input}`, which the dag does not have");
                broken.push(at(path, message));
            }
            ParameterSource::TaskOutput { task, .. } => producers.push(task),
            _ => {}
        }
    }
    for (name, binding) in &task.artifacts {
        match binding.whole() {
            ArtifactBinding::DagInput { name: input } => {
                if !owner.inputs.artifacts.contains_key(input) {
                    broken.push(at(format!("{path}.{name}"), format!("the dag has no artifact `{input}`")));
                }
            }
            ArtifactBinding::TaskOutput { task, .. } => producers.push(task),
            ArtifactBinding::Inline { .. }
            | ArtifactBinding::Global { .. }
            | ArtifactBinding::Chosen { .. }
            | ArtifactBinding::Part { .. } => {}
        }
    }
    for producer in producers {
        if !task.upstream.contains(producer) {
            broken.push(at(path, format!("uses an output of `{producer}` without waiting for it")));
        }
    }
    if let Some(iterator) = &task.iterator
        && let Items::Input { name } = &iterator.items
        && !task.parameters.contains_key(name)
        && !task.artifacts.contains_key(name)
    {
        broken.push(at(path, format!("loops over input `{name}`, which is not bound")));
    }
}

/// Lists what a task's settings take from around it.
fn pod_bindings<'a>(plan: &'a Plan, task: &'a Task) -> impl Iterator<Item = &'a ParameterBinding> {
    let own = match plan.component(&task.component).map(|component| &component.kind) {
        Some(ComponentKind::Container(container)) => Some(&container.platform.pod),
        _ => None,
    };
    let handed = task.parameters.values().filter_map(|binding| match &binding.source {
        ParameterSource::TaskConfig { config } => Some(config),
        _ => None,
    });
    let placed = handed
        .clone()
        .flat_map(|config| config.node_selector.iter().chain(&config.tolerations).chain(&config.affinity));
    let names = own.into_iter().chain(handed.map(|config| &config.pod)).flat_map(PodSettings::names);
    let bound = names.filter_map(|name| match name {
        PodText::Text { .. } => None,
        PodText::Bound { binding, .. } => Some(binding),
    });
    bound.chain(placed)
}

/// Returns the names of a cycle, the first repeated at the end; linear in tasks and edges.
fn cycle_of(dag: &Dag) -> Option<Vec<String>> {
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    let mut downstream: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, task) in &dag.tasks {
        waiting.insert(name, task.upstream.len());
        for upstream in &task.upstream {
            downstream.entry(upstream).or_default().push(name);
        }
    }
    let mut free: Vec<&str> = waiting.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).collect();
    while let Some(name) = free.pop() {
        waiting.remove(name);
        for next in downstream.get(name).map(Vec::as_slice).unwrap_or_default() {
            if let Some(count) = waiting.get_mut(next) {
                *count -= 1;
                if *count == 0 {
                    free.push(next);
                }
            }
        }
    }
    let mut name = *waiting.keys().next()?;
    let mut seen = BTreeSet::new();
    let mut trail = Vec::new();
    while seen.insert(name) {
        trail.push(name);
        // A missing upstream task is reported elsewhere and cannot be walked.
        name = dag.tasks[name].upstream.iter().map(String::as_str).find(|up| waiting.contains_key(up))?;
    }
    let start = trail.iter().position(|step| *step == name)?;
    let mut cycle: Vec<String> = trail[start..].iter().rev().map(|step| (*step).to_owned()).collect();
    cycle.push(cycle[0].clone());
    Some(cycle)
}
