//! Dags: their tasks, what leaves them, and that nothing waits for itself.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use pipewright_plan::{ArtifactSelector, Dag, DagOutputs, ParameterSelector, Task};

use super::source::{Source, component_name};
use super::{component, task, unknown_name};
use crate::decode::{Context, Text};
use crate::v2::spec::{ComponentSpec, DagOutputsSpec, DagSpec, ParameterSelectorSpec};
use crate::yaml::Span;

/// Lowers one dag.
pub(super) fn lower(source: &Source<'_>, owner: &ComponentSpec, spec: &DagSpec, cx: &mut Context) -> Dag {
    let scope = task::Scope { source, owner, dag: spec };
    let mut tasks: IndexMap<String, Task> = IndexMap::new();
    cx.within("tasks", |cx| {
        for (name, keyed) in &spec.tasks {
            let lowered = cx.within(name.as_str(), |cx| task::lower(&scope, (name, keyed), cx));
            tasks.extend(lowered.map(|lowered| (name.clone(), lowered)));
        }
        refuse_cycles(spec, &tasks, cx);
    });
    let outputs = match &spec.outputs {
        Some(outputs) => cx.within("outputs", |cx| lower_outputs(&scope, outputs, cx)),
        None => DagOutputs::default(),
    };
    Dag { tasks, outputs, ..Dag::default() }
}

fn lower_outputs(scope: &task::Scope<'_, '_>, spec: &DagOutputsSpec, cx: &mut Context) -> DagOutputs {
    let mut outputs = DagOutputs::default();
    for (name, keyed) in &spec.parameters {
        let selector = &keyed.value;
        let lowered = cx.within("parameters", |cx| {
            cx.within(name.as_str(), |cx| {
                check_declared(scope.owner.output_parameters(), name, keyed.key_span, cx);
                let (selectors, one_of): (&[ParameterSelectorSpec], bool) =
                    match (&selector.value_from_parameter, &selector.value_from_oneof) {
                        (Some(single), _) => (std::slice::from_ref(single), false),
                        (None, Some(several)) => (&several.parameter_selectors, true),
                        (None, None) => (&[], false),
                    };
                if selectors.is_empty() {
                    let message = format!("nothing is said of where output `{name}` comes from");
                    cx.error("missing-field", selector.span, message);
                }
                let source_of = |selector: &ParameterSelectorSpec| {
                    let place = (selector.producer_subtask.as_ref(), selector.output_parameter_key.as_ref());
                    selected(scope, Kind::Parameter, place, (selector.span, cx))
                };
                let sources: Vec<_> = selectors.iter().filter_map(source_of).collect();
                (!sources.is_empty()).then_some(ParameterSelector { sources, one_of })
            })
        });
        outputs.parameters.extend(lowered.map(|lowered| (name.clone(), lowered)));
    }
    for (name, keyed) in &spec.artifacts {
        let lowered = cx.within("artifacts", |cx| {
            cx.within(name.as_str(), |cx| {
                check_declared(scope.owner.output_artifacts(), name, keyed.key_span, cx);
                if keyed.value.artifact_selectors.is_empty() {
                    let message = format!("nothing is said of where output `{name}` comes from");
                    cx.error("missing-field", keyed.value.span, message);
                }
                let mut sources = Vec::new();
                for selector in &keyed.value.artifact_selectors {
                    let place = (selector.producer_subtask.as_ref(), selector.output_artifact_key.as_ref());
                    sources.extend(selected(scope, Kind::Artifact, place, (selector.span, cx)));
                }
                (!sources.is_empty()).then_some(ArtifactSelector { sources })
            })
        });
        outputs.artifacts.extend(lowered.map(|lowered| (name.clone(), lowered)));
    }
    outputs
}

fn check_declared<'a>(declared: impl Iterator<Item = &'a str>, name: &str, span: Span, cx: &mut Context) {
    let declared: Vec<&str> = declared.collect();
    if !declared.contains(&name) {
        let message = format!("output `{name}` is not declared in the component's `outputDefinitions`");
        cx.error("unknown-output", span, message).hint(component::suggestion(name, declared.into_iter()));
    }
}

/// Whether parameters or artifacts are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Parameter,
    Artifact,
}

/// Resolves a reference to an output of a task in a dag.
pub(super) fn selected(
    scope: &task::Scope<'_, '_>,
    kind: Kind,
    (task, key): (Option<&Text>, Option<&Text>),
    (span, cx): (Span, &mut Context),
) -> Option<(String, String)> {
    let (Some(task), Some(key)) = (task, key) else {
        cx.error("missing-field", span, "a reference to an output needs the task and the output's key");
        return None;
    };
    if !scope.dag.tasks.contains_key(&task.value) {
        let message = format!("task `{}` does not exist in this dag", task.value);
        unknown_name(cx, "unknown-task", task, message, scope.dag.tasks.keys().map(String::as_str));
        return None;
    }
    // A task without a component is reported where it stands.
    let producer = scope.source.component_of_task(scope.dag, &task.value)?;
    let known: Vec<&str> = match kind {
        Kind::Parameter => producer.output_parameters().collect(),
        Kind::Artifact => producer.output_artifacts().collect(),
    };
    if !known.contains(&key.value.as_str()) {
        let noun = match kind {
            Kind::Parameter => "parameter",
            Kind::Artifact => "artifact",
        };
        let message = format!("task `{}` has no output {noun} `{}`", task.value, key.value);
        unknown_name(cx, "unknown-output", key, message, known.into_iter());
        return None;
    }
    Some((task.value.clone(), key.value.clone()))
}

/// Reports tasks of one dag that wait for each other.
fn refuse_cycles(spec: &DagSpec, tasks: &IndexMap<String, Task>, cx: &mut Context) {
    let edges: BTreeMap<&str, Vec<&str>> = tasks
        .iter()
        .map(|(name, task)| {
            let known = task.upstream.iter().filter(|upstream| tasks.contains_key(*upstream));
            (name.as_str(), known.map(String::as_str).collect())
        })
        .collect();
    let Some(cycle) = cycle(&edges) else { return };
    let span = spec.tasks.get(cycle[0]).map(|keyed| keyed.key_span).unwrap_or_default();
    // Edges point to what is waited for; the message runs the way the data would.
    let mut names: Vec<&str> = cycle.iter().rev().copied().collect();
    names.insert(0, cycle[0]);
    let message = format!("there is a cycle of tasks that wait for each other: {}", names.join(" -> "));
    cx.within(cycle[0], |cx| {
        cx.error("cycle", span, message).hint("remove one of these dependencies");
    });
}

/// Reports components that contain themselves and would never end.
pub(super) fn refuse_recursion(source: &Source<'_>, cx: &mut Context) {
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, keyed) in &source.spec.components {
        let tasks = keyed.value.dag.iter().flat_map(|dag| dag.tasks.values()).map(|task| &task.value);
        // A condition or an empty loop may end the recursion.
        let certain = tasks.filter(|task| {
            task.parameter_iterator.is_none()
                && task.artifact_iterator.is_none()
                && task.trigger_policy.as_ref().is_none_or(|trigger| trigger.condition.is_none())
        });
        let names = certain.filter_map(component_name).map(|name| name.value.as_str());
        edges.insert(name, names.filter(|name| source.spec.components.contains_key(*name)).collect());
    }
    let Some(cycle) = cycle(&edges) else { return };
    let span = source.spec.components.get(cycle[0]).map(|keyed| keyed.key_span).unwrap_or_default();
    let mut names = cycle.clone();
    names.push(cycle[0]);
    let message =
        format!("component `{}` contains itself and would never end: {}", cycle[0], names.join(" -> "));
    cx.within("components", |cx| {
        cx.within(cycle[0], |cx| {
            cx.error("recursion", span, message).hint("put a condition on one of the tasks in between");
        });
    });
}

/// Returns the names along one cycle; linear in nodes and edges.
fn cycle<'a>(edges: &BTreeMap<&'a str, Vec<&'a str>>) -> Option<Vec<&'a str>> {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for start in edges.keys() {
        let mut trail: Vec<(&str, usize)> = vec![(start, 0)];
        let mut on_trail: BTreeSet<&str> = BTreeSet::from([*start]);
        while let Some((name, next)) = trail.last_mut() {
            let target = edges.get(name).and_then(|targets| targets.get(*next)).copied();
            *next += 1;
            match target {
                None => {
                    on_trail.remove(*name);
                    done.insert(name);
                    trail.pop();
                }
                Some(target) if on_trail.contains(target) => {
                    let from = trail.iter().position(|(name, _)| *name == target)?;
                    return Some(trail[from..].iter().map(|(name, _)| *name).collect());
                }
                Some(target) if !done.contains(target) => {
                    trail.push((target, 0));
                    on_trail.insert(target);
                }
                Some(_) => {}
            }
        }
    }
    None
}
