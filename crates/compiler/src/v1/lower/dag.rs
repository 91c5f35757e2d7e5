//! Dags: their tasks, what leaves them, and which tasks decide how they end. Groups of steps are dags whose
//! tasks wait for the whole group before.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use pipewright_plan::{ArtifactSelector, Dag, DagOutputs, DagShape, ParameterSelector, ParameterSource};

use super::bind::Scope;
use super::source::{self, Source, named, named_artifacts, suggestion, unsupported};
use super::{artifact, hook, iteration, order, repeat};
use super::{task, template, text};
use crate::decode::{Context, Text};
use crate::v1::tags::{Piece, Tag, split};
use crate::v1::workflow::{DagTask, DagTemplate, Template};

/// One task with its place in the document and what it waits for.
pub(super) struct Member<'w> {
    pub spec: &'w DagTask,
    pub path: Vec<String>,
    /// Tasks of the group before, when tasks come in groups.
    pub before: Vec<&'w str>,
}

/// Lowers the tasks of a dag template.
pub(super) fn lower<'w>(
    source: &Source<'w>,
    owner: (&str, &'w Template),
    spec: &'w DagTemplate,
    cx: &mut Context,
) -> Dag {
    let mut members = IndexMap::new();
    cx.within("dag", |cx| {
        cx.within("tasks", |cx| {
            for (index, task) in spec.tasks.iter().enumerate() {
                let path = vec!["dag".to_owned(), "tasks".to_owned(), format!("[{index}]")];
                add(&mut members, Member { spec: task, path, before: Vec::new() }, cx);
            }
        });
        if spec.tasks.is_empty() {
            cx.error("empty", spec.span, "the dag has no tasks");
        }
    });
    let target = spec.target.as_ref();
    finish(source, owner, (members, target), cx)
}

/// Lowers groups of steps.
pub(super) fn lower_steps<'w>(source: &Source<'w>, owner: (&str, &'w Template), cx: &mut Context) -> Dag {
    let mut members = IndexMap::new();
    let groups = owner.1.steps.as_ref().map(|steps| steps.value.0.as_slice()).unwrap_or_default();
    let mut before: Vec<&str> = Vec::new();
    let mut all = Vec::new();
    for (group_index, group) in groups.iter().enumerate() {
        let mut names = Vec::new();
        for (index, step) in group.steps.iter().enumerate() {
            let path = vec!["steps".to_owned(), format!("[{group_index}]"), format!("[{index}]")];
            for (field, given) in
                [("dependencies", !step.dependencies.is_empty()), ("depends", step.depends.is_some())]
            {
                if given {
                    order::within(&path, cx, |cx| {
                        unsupported(cx, field, step.span, "steps wait for the group before them");
                    });
                }
            }
            names.extend(step.name.as_ref().map(|name| name.value.as_str()));
            add(&mut members, Member { spec: step, path, before: before.clone() }, cx);
        }
        all.push(names.iter().map(|name| (*name).to_owned()).collect());
        before = names;
    }
    let dag = finish(source, owner, (members, None), cx);
    Dag { shape: DagShape::Steps { groups: all }, ..dag }
}

fn add<'w>(members: &mut IndexMap<&'w str, Member<'w>>, member: Member<'w>, cx: &mut Context) {
    let spec = member.spec;
    let Some(name) = &spec.name else {
        cx.error("missing-field", spec.span, "a task has no `name`");
        return;
    };
    if !source::is_name(&name.value) {
        cx.error("wrong-name", name.span, format!("`{}` is no name of a task", name.value))
            .hint("letters, digits and dashes make a name of at most 128 characters");
    } else if members.contains_key(name.value.as_str()) {
        cx.error("duplicate-name", name.span, format!("there is another task `{}`", name.value));
    } else {
        members.insert(&name.value, member);
    }
}

fn finish<'w>(
    source: &Source<'w>,
    (component, owner): (&str, &'w Template),
    (members, target): (IndexMap<&'w str, Member<'w>>, Option<&Text>),
    cx: &mut Context,
) -> Dag {
    let tasks: IndexMap<&str, &'w DagTask> =
        members.iter().map(|(name, member)| (*name, member.spec)).collect();
    let scope = Scope { source, owner, component, tasks: &tasks };
    let mut dag = Dag::default();
    let orders = order::all(&members, cx);
    for (name, member) in &members {
        let Some(order) = orders.get(name) else { continue };
        let lowered =
            order::within(&member.path, cx, |cx| task::lower(&scope, (name, member.spec), order, cx));
        dag.tasks.extend(lowered.map(|lowered| ((*name).to_owned(), lowered)));
    }
    let hooked = hooks(&scope, &members, &mut dag, cx);
    refuse_cycles(&dag, &members, cx);
    dag.outputs = outputs(&scope, owner, cx);
    dag.deciding = deciding(&members, &dag, target, cx)
        .or_else(|| hooked.then(|| members.keys().map(|name| (*name).to_owned()).collect()));
    dag.fail_fast = owner.fail_fast.as_ref().is_some_and(|fast| fast.value);
    dag.parallelism = owner.parallelism.as_ref().and_then(|limit| template::parallelism(limit, cx));
    dag
}

/// Adds what runs after tasks, and makes whoever waits for such a task wait for that as well.
fn hooks(
    scope: &Scope<'_, '_>,
    members: &IndexMap<&str, Member<'_>>,
    dag: &mut Dag,
    cx: &mut Context,
) -> bool {
    let mut found = Vec::new();
    for (name, member) in members {
        order::within(&member.path, cx, |cx| {
            let lowered = hook::lower(scope, (name, member.spec), cx);
            // Each iteration of a step has its own; a task of a dag has them once, for all iterations.
            if scope.owner.steps.is_some() && repeat::loops(member.spec) {
                if let Some(task) = dag.tasks.get_mut(*name).filter(|_| !lowered.is_empty()) {
                    iteration::surround(scope, (name, task), lowered);
                }
                return;
            }
            found.extend(lowered.into_iter().map(|(hook, task)| (*name, hook, task)));
        });
    }
    for (name, hook, _) in &found {
        let waits = dag.tasks.values_mut().filter(|task| task.upstream.contains(*name));
        waits.for_each(|task| {
            // How the hook ends is nothing to what waits for it.
            task.trigger.ready =
                task.trigger.ready.take().or_else(|| order::usual_of(members, &task.upstream));
            task.upstream.insert(hook.clone());
        });
    }
    let is_some = !found.is_empty();
    dag.tasks.extend(found.into_iter().map(|(_, hook, task)| (hook, task)));
    is_some
}

/// Names the tasks that decide how the dag ends, when that is not simply every one that failed.
fn deciding(
    members: &IndexMap<&str, Member<'_>>,
    dag: &Dag,
    target: Option<&Text>,
    cx: &mut Context,
) -> Option<Vec<String>> {
    let is_plain =
        members.values().all(|member| member.spec.depends.is_none() && !order::continues(member.spec));
    if is_plain && target.is_none() {
        return None;
    }
    let wanted: Vec<String> = match target {
        Some(target) => {
            let names: Vec<String> = target.value.split_whitespace().map(str::to_owned).collect();
            for name in names.iter().filter(|name| !members.contains_key(name.as_str())) {
                let message = format!("target `{name}` is no task of this dag");
                let hint = suggestion(name, members.keys().copied());
                cx.error("unknown-task", target.span, message).hint(hint);
            }
            names
        }
        None => {
            let waiting = dag.tasks.iter().filter(|(name, _)| members.contains_key(name.as_str()));
            let waited: BTreeSet<&String> = waiting.flat_map(|(_, task)| &task.upstream).collect();
            dag.tasks
                .keys()
                .filter(|name| !waited.contains(name) && members.contains_key(name.as_str()))
                .cloned()
                .collect()
        }
    };
    let stays =
        |name: &String| members.get(name.as_str()).is_some_and(|member| !order::continues(member.spec));
    Some(wanted.into_iter().filter(stays).collect())
}

/// Reports tasks that wait for each other.
fn refuse_cycles(dag: &Dag, members: &IndexMap<&str, Member<'_>>, cx: &mut Context) {
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    let mut downstream: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, task) in &dag.tasks {
        let known = task.upstream.iter().filter(|upstream| dag.tasks.contains_key(*upstream));
        waiting.insert(name, known.clone().count());
        for upstream in known {
            downstream.entry(upstream).or_default().push(name);
        }
    }
    let mut free: Vec<&str> =
        waiting.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
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
    let Some(first) = waiting.keys().next() else { return };
    let names: Vec<&str> = waiting.keys().take(8).copied().collect();
    let span = members.get(first).and_then(|member| member.spec.name.as_ref()).map(|name| name.span);
    let message = format!("there is a cycle among tasks that wait for each other: {}", names.join(", "));
    cx.error("cycle", span.unwrap_or_default(), message).hint("remove one of these dependencies");
}

fn outputs(scope: &Scope<'_, '_>, owner: &Template, cx: &mut Context) -> DagOutputs {
    let mut outputs = DagOutputs::default();
    cx.within("outputs", |cx| {
        for (name, output) in named(owner.output_parameters()) {
            let from = output.value_from.as_ref();
            if let Some(text) = from.and_then(|from| from.expression.as_ref()) {
                let expr =
                    text::expression(&text.value, text.span, cx, &mut |tag| scope.output_variable(tag));
                outputs.computed.extend(expr.map(|expr| (name.value.clone(), expr)));
                continue;
            }
            let Some(text) = from.and_then(|from| from.parameter.as_ref()) else {
                cx.error(
                    "unsupported",
                    output.span,
                    format!("output `{}` of a dag must be a parameter of a task", name.value),
                )
                .hint("set `valueFrom.parameter`");
                continue;
            };
            let pieces = split(&text.value);
            let [Piece::Tag(tag @ (Tag::TaskParameter { .. } | Tag::TaskResult { .. }))] = pieces.as_slice()
            else {
                cx.error(
                    "unsupported",
                    text.span,
                    "an output of a dag is one reference to an output of a task",
                )
                .hint("write `{{tasks.TASK.outputs.parameters.NAME}}`, or an `expression` instead");
                continue;
            };
            match scope.source_of(tag) {
                Ok(ParameterSource::TaskOutput { task, key }) => {
                    let selector = ParameterSelector { sources: vec![(task, key)], one_of: false };
                    outputs.parameters.insert(name.value.clone(), selector);
                }
                Ok(_) => {}
                Err(wrong) => {
                    cx.error("unknown-output", text.span, wrong.message).hint = wrong.hint;
                }
            }
        }
        for (name, output) in named_artifacts(owner.output_artifacts()) {
            if let Some(text) = &output.from_expression {
                let expr = text::expression(&text.value, text.span, cx, &mut |tag| {
                    artifact::choosing_variable(scope, tag)
                });
                outputs.chosen.extend(expr.map(|expr| (name.value.clone(), expr)));
                continue;
            }
            let Some(text) = &output.from else {
                cx.error(
                    "unsupported",
                    output.span,
                    format!("output `{}` of a dag must be an artifact of a task", name.value),
                )
                .hint("set `from`");
                continue;
            };
            let pieces = split(&text.value);
            let [Piece::Tag(Tag::TaskArtifact { task, name: key })] = pieces.as_slice() else {
                cx.error(
                    "unsupported",
                    text.span,
                    "an output of a dag is one reference to an output of a task",
                )
                .hint("write `{{tasks.TASK.outputs.artifacts.NAME}}`");
                continue;
            };
            let known = scope.template_of(task).map(|template| named_artifacts(template.output_artifacts()));
            if known.into_iter().flatten().any(|(known, _)| known.value == *key) {
                let selector = ArtifactSelector { sources: vec![(task.clone(), key.clone())] };
                outputs.artifacts.insert(name.value.clone(), selector);
            } else {
                unknown(scope, (task, key), text, cx);
            }
        }
    });
    outputs
}

fn unknown(scope: &Scope<'_, '_>, (task, key): (&str, &str), text: &Text, cx: &mut Context) {
    let (message, hint) = if scope.tasks.contains_key(task) {
        (
            format!("task `{task}` has no output `{key}`"),
            "declare the output in the task's template".to_owned(),
        )
    } else {
        (format!("there is no task `{task}`"), suggestion(task, scope.tasks.keys().copied()))
    };
    cx.error("unknown-output", text.span, message).hint(hint);
}
