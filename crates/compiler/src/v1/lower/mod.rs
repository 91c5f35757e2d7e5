//! The typed workflow to a plan: names resolved, tags typed, mistakes told with their places.
//!
//! What a field means is decided here and nowhere else in the v1 half. Running is the engine's business.

mod artifact;
mod bind;
mod claim;
mod companion;
mod container;
mod dag;
mod hook;
mod iteration;
mod lock;
mod order;
mod pod;
mod repeat;
mod reuse;
mod source;
mod suspend;
mod task;
mod template;
mod text;
mod volume;

use std::time::Duration;

use indexmap::IndexMap;
use pipewright_plan::{
    ArtifactInput, ArtifactType, Caching, Component, ComponentKind, Dag, DagShape, Dialect, Inputs, Outputs,
    ParameterInput, ParameterType, PipelinePlatform, Plan, Task, Trigger, TriggerStrategy, Value,
};

use super::library::own_name;
use super::workflow::{Arguments, Hook, Workflow, WorkflowSpec};
use crate::decode::{Context, Text};
pub use reuse::staleness;
pub(super) use source::unsupported;

use source::{Source, named, named_artifacts, suggestion};
use text::Interface;

/// Turns a workflow into a plan; `None` (or errors in the context) when it cannot be run.
pub(super) fn lower(workflow: &Workflow, cx: &mut Context) -> Option<Plan> {
    header(workflow, cx);
    let Some(spec) = &workflow.spec else {
        cx.error("missing-field", workflow.span, "the field `spec` is missing");
        return None;
    };
    cx.within("spec", |cx| {
        let source = Source::new(workflow, spec, cx);
        refuse(spec, cx);
        let mut components = IndexMap::new();
        cx.within("templates", |cx| {
            for (index, template) in spec.templates.iter().enumerate() {
                cx.within(format!("[{index}]"), |cx| {
                    let Some(name) = &template.name else {
                        cx.error("missing-field", template.span, "a template has no `name`");
                        return;
                    };
                    if !source::is_name(own_name(&name.value)) {
                        cx.error(
                            "wrong-name",
                            name.span,
                            format!("`{}` is no name of a template", name.value),
                        )
                        .hint("letters, digits and dashes make a name of at most 128 characters");
                    }
                    let lowered = template::lower(&source, (&name.value, template), cx);
                    components.extend(lowered.map(|lowered| (name.value.clone(), lowered)));
                });
            }
        });
        components.extend(source.inline.take());
        for name in source.results.take() {
            let key = source.template(&name).map_or("result", |template| template.result_key());
            if let Some(component) = components.get_mut(&name) {
                template::capture(component, key);
            }
        }
        iteration::hand_on(&mut components);
        let root_name = unused(&components);
        let mut root = root(&source, &components, cx)?;
        if let ComponentKind::Dag(dag) = &mut root.kind {
            dag.globals.clone_from(&source.globals);
            dag.global_artifacts.clone_from(&source.global_artifacts);
        }
        components.insert(root_name.clone(), root);
        keep_reachable(&mut components, &root_name);
        Some(Plan {
            name: pipeline_name(workflow, spec),
            display_name: None,
            description: None,
            dialect: Dialect::V1,
            sdk_version: sdk_version(workflow),
            default_pipeline_root: None,
            platform: PipelinePlatform {
                claims: claim::lower(&source, cx),
                claim_end: claim::end(spec, cx),
                locks: lock::of_run(&source, cx),
                priority: lock::priority(spec.priority.as_ref(), cx),
                ..platform(spec, cx)
            },
            root: root_name,
            components,
        })
    })
}

/// Refuses workflows that another engine must run.
fn header(workflow: &Workflow, cx: &mut Context) {
    let meta = workflow.metadata.as_ref();
    let marked = meta.and_then(|meta| {
        let both = [&meta.annotations, &meta.labels];
        both.into_iter().find_map(|map| map.get("pipelines.kubeflow.org/v2_pipeline"))
    });
    if let Some(mark) = marked.filter(|mark| mark.value.value == "true") {
        cx.within("metadata", |cx| {
            cx.error("unsupported", mark.key_span, "this workflow was compiled in v2-compatible mode")
                .hint("compile it in v1 mode (leave out `mode`), or with the `kfp` 2.x SDK");
        });
    }
}

/// Refuses what would change results if it were read over.
fn refuse(spec: &WorkflowSpec, cx: &mut Context) {
    let later = "leave it out";
    if let Some(shutdown) = &spec.shutdown {
        unsupported(cx, "shutdown", shutdown.span, later);
    }
    if let Some(from) = spec.workflow_metadata.as_ref().and_then(|metadata| metadata.labels_from.as_ref()) {
        cx.within("workflowMetadata", |cx| {
            unsupported(cx, "labelsFrom", from.span, "write the labels into `labels`");
        });
    }
    hook::check_all(&spec.hooks, cx);
    if let (Some(_), Some(both)) = (&spec.on_exit, spec.hooks.get(hook::EXIT)) {
        cx.error("exclusive-fields", both.key_span, "`onExit` and the hook `exit` exclude each other")
            .hint("keep one of the two");
    }
    if let Some(retry) = &spec.retry_strategy {
        unsupported(cx, "retryStrategy", retry.span, "set it in the templates");
    }
    if let Some(suspend) = spec.suspend.as_ref().filter(|suspend| suspend.value) {
        unsupported(cx, "suspend", suspend.span, later);
    }
}

/// The name that runs, folders and cached results go by.
fn pipeline_name(workflow: &Workflow, spec: &WorkflowSpec) -> String {
    let meta = workflow.metadata.as_ref();
    let given = meta.and_then(|meta| meta.generate_name.as_ref().or(meta.name.as_ref()));
    let name = given.or(spec.entrypoint.as_ref()).map(|name| name.value.trim_end_matches('-'));
    name.filter(|name| !name.is_empty()).unwrap_or("workflow").replace('/', "-")
}

fn sdk_version(workflow: &Workflow) -> Option<String> {
    let meta = workflow.metadata.as_ref()?;
    let key = "pipelines.kubeflow.org/kfp_sdk_version";
    let version = meta.annotations.get(key).or_else(|| meta.labels.get(key))?;
    Some(format!("kfp-{}", version.value.value))
}

fn platform(spec: &WorkflowSpec, cx: &mut Context) -> PipelinePlatform {
    let mut platform = PipelinePlatform::default();
    if let Some(limit) = &spec.active_deadline_seconds {
        match limit.value.and_then(|seconds| u64::try_from(seconds).ok()) {
            Some(seconds) => platform.timeout = Some(Duration::from_secs(seconds)),
            None => {
                cx.within("activeDeadlineSeconds", |cx| {
                    cx.error("wrong-value", limit.span, "the limit is no number of seconds");
                });
            }
        }
    }
    if let Some(limit) = &spec.parallelism {
        platform.parallelism = template::parallelism(limit, cx);
    }
    // What only a cluster does is kept, so that it is told to be without effect.
    let kept = [
        ("ttlStrategy", &spec.ttl_strategy),
        ("ttlSecondsAfterFinished", &spec.ttl_seconds_after_finished),
        ("podGC", &spec.pod_gc),
        ("podDisruptionBudget", &spec.pod_disruption_budget),
        ("dnsConfig", &spec.dns_config),
        ("dnsPolicy", &spec.dns_policy),
        ("hostNetwork", &spec.host_network),
        ("automountServiceAccountToken", &spec.automount_service_account_token),
        ("archiveLogs", &spec.archive_logs),
        ("artifactRepositoryRef", &spec.artifact_repository_ref),
        ("artifactGC", &spec.artifact_gc),
        ("executor", &spec.executor),
        ("metrics", &spec.metrics),
    ];
    for (name, field) in kept {
        platform.retention.extend(field.clone().map(|field| (name.to_owned(), field)));
    }
    platform
}

/// Component names come from the document, so that the root's own name must avoid them.
fn unused(components: &IndexMap<String, Component>) -> String {
    let mut name = "root".to_owned();
    while components.contains_key(&name) {
        name.push('-');
    }
    name
}

/// Makes the entry: the entry template itself, or a dag around it and the exit handler.
fn root(
    source: &Source<'_>,
    components: &IndexMap<String, Component>,
    cx: &mut Context,
) -> Option<Component> {
    let spec = source.spec;
    let Some(entry) = &spec.entrypoint else {
        cx.error("missing-field", spec.span, "the field `entrypoint` is missing");
        return None;
    };
    let hooked = spec.hooks.get(hook::EXIT).map(|hook| &hook.value);
    let exit = spec.on_exit.as_ref().or(hooked.and_then(|hook| hook.template.as_ref()));
    let others = moments(source).map(|(_, hook)| ("hooks", hook.template.as_ref()));
    for (field, name) in [("entrypoint", Some(entry)), ("onExit", exit)].into_iter().chain(others) {
        if let Some(name) = name.filter(|name| source.template(&name.value).is_none()) {
            let message = format!("there is no template `{}`", name.value);
            let hint = suggestion(&name.value, source.names());
            cx.within(field, |cx| cx.error("unknown-template", name.span, message).hint(hint));
            return None;
        }
    }
    // A template that could not be lowered has been told of.
    let body = components.get(&entry.value)?;
    let inputs = inputs(source, body, cx);
    let mut root = match (&body.kind, exit) {
        // The run's own locks and those of its entry are held one inside the other.
        (ComponentKind::Dag(_), None)
            if moments(source).next().is_none()
                && (spec.synchronization.is_none() || body.locks.is_empty()) =>
        {
            Component { inputs: Inputs::default(), ..body.clone() }
        }
        _ => around(source, components, exit, cx)?,
    };
    root.inputs = inputs;
    Some(root)
}

/// Lists the hooks of the workflow that look at its state, with what they run and when.
fn moments<'a>(source: &Source<'a>) -> impl Iterator<Item = (&'a str, &'a Hook)> {
    let spec: &'a WorkflowSpec = source.spec;
    let others = spec.hooks.iter().filter(|(name, _)| *name != hook::EXIT);
    others.map(|(name, hook)| (name.as_str(), &hook.value)).filter(|(_, hook)| hook.expression.is_some())
}

/// A dag of the entry template and the exit handler, each given the workflow's arguments by name.
fn around(
    source: &Source<'_>,
    components: &IndexMap<String, Component>,
    exit: Option<&Text>,
    cx: &mut Context,
) -> Option<Component> {
    let spec = source.spec;
    let entry = spec.entrypoint.as_ref()?;
    let mut tasks = IndexMap::new();
    let main = entry.value.clone();
    tasks.insert(main.clone(), invocation(source, components.get(&main)?, (&main, None), cx));
    for (name, hook) in moments(source) {
        let Some(template) = &hook.template else { continue };
        let given = hook.arguments.as_ref();
        let mut task = invocation(source, components.get(&template.value)?, (&template.value, given), cx);
        task.upstream.insert(main.clone());
        task.trigger = Trigger {
            strategy: TriggerStrategy::AllCompleted,
            watches: Some(main.clone()),
            ..Trigger::default()
        };
        task.caching = Caching::default();
        hook::of_workflow(source, (name, hook), &mut task, cx);
        tasks.insert(hook::name_of_moment(name), task);
    }
    let hooks: Vec<String> = tasks.keys().skip(1).cloned().collect();
    if let Some(exit) = exit {
        let hooked = spec.hooks.get(hook::EXIT).filter(|_| spec.on_exit.is_none()).map(|hook| &hook.value);
        let given = hooked.and_then(|hook| hook.arguments.as_ref());
        let mut task = invocation(source, components.get(&exit.value)?, (&exit.value, given), cx);
        task.upstream.insert(main.clone());
        task.upstream.extend(hooks.iter().cloned());
        task.trigger = Trigger { strategy: TriggerStrategy::Exit, ..Trigger::default() };
        // It cleans up after this run; what an earlier one cleaned up is no help.
        task.caching = Caching::default();
        if let Some(hooked) = hooked {
            hook::of_workflow(source, (hook::EXIT, hooked), &mut task, cx);
        }
        let name = if main == "onExit" { "onExit-" } else { "onExit" };
        tasks.insert(name.to_owned(), task);
    }
    // How hooks end is nothing to the workflow.
    let deciding =
        (!hooks.is_empty()).then(|| tasks.keys().filter(|name| !hooks.contains(name)).cloned().collect());
    let dag = Dag { tasks, deciding, shape: DagShape::Around, ..Dag::default() };
    Some(Component {
        inputs: Inputs::default(),
        outputs: Outputs::default(),
        locks: Vec::new(),
        kind: ComponentKind::Dag(dag),
    })
}

/// Gives a template what the workflow's arguments have of its inputs.
fn invocation(
    source: &Source<'_>,
    component: &Component,
    (name, given): (&str, Option<&Arguments>),
    cx: &mut Context,
) -> Task {
    let is_given = |input: &str| {
        let parameters = given.into_iter().flat_map(|given| named(&given.parameters));
        parameters.into_iter().any(|(name, _)| name.value == input)
    };
    let mut parameters = IndexMap::new();
    let mut artifacts = IndexMap::new();
    for (input, declared) in &component.inputs.parameters {
        if source.run_parameters.contains(input.as_str()) {
            parameters.insert(input.clone(), bind::dag_input(input));
        } else if declared.default.is_none() && !is_given(input) {
            let message =
                format!("template `{name}` wants an argument `{input}`, which the workflow has not");
            cx.error("missing-input", source.spec.span, message)
                .hint("add it to `spec.arguments.parameters`");
        }
    }
    for (input, text) in raw_arguments(source, cx) {
        if component.inputs.artifacts.contains_key(&input) {
            artifacts.insert(input, pipewright_plan::ArtifactBinding::Inline { text });
        }
    }
    let mut task = Task { parameters, artifacts, ..template::plain_task(name) };
    if let Some((index, template)) = source.template_at(name) {
        cx.within("templates", |cx| {
            cx.within(format!("[{index}]"), |cx| {
                task.retry = template::retry(&Interface { source, template }, cx);
                task.timeout = template::timeout(template, cx);
                task.caching = reuse::lower(&Interface { source, template }, cx);
            });
        });
    }
    task
}

/// The inputs of a run: the workflow's arguments, and what the entry template declares besides.
fn inputs(source: &Source<'_>, entry: &Component, cx: &mut Context) -> Inputs {
    let mut inputs = Inputs::default();
    let arguments = source.spec.arguments.as_ref();
    if let Some(arguments) = arguments {
        cx.within("arguments", |cx| {
            source::check_parameters("argument", &arguments.parameters, cx);
            source::check_artifacts("argument", &arguments.artifacts, cx);
        });
    }
    for (name, argument) in arguments.into_iter().flat_map(|arguments| named(&arguments.parameters)) {
        if let Some(from) = &argument.value_from {
            cx.within("arguments", |cx| {
                unsupported(
                    cx,
                    "valueFrom",
                    from.span,
                    "give the argument a `value`, or its value to the run",
                );
            });
        }
        let given = argument.value.as_ref().or(argument.default.as_ref());
        let input = ParameterInput {
            parameter_type: ParameterType::String,
            // What nobody gives reaches a container as the empty text.
            default: Some(Value::from(given.map(|text| text.value.clone()).unwrap_or_default())),
            optional: false,
            literals: argument.enumeration.iter().map(|word| Value::from(word.value.clone())).collect(),
            description: argument.description.as_ref().map(|text| text.value.clone()),
        };
        inputs.parameters.insert(name.value.clone(), input);
    }
    for (name, declared) in &entry.inputs.parameters {
        inputs.parameters.entry(name.clone()).or_insert_with(|| declared.clone());
    }
    let raw: IndexMap<String, pipewright_plan::Text> = raw_arguments(source, cx).into_iter().collect();
    for (name, declared) in &entry.inputs.artifacts {
        let text = raw.get(name).cloned().or_else(|| declared.default.clone());
        let input = ArtifactInput { default: text, ..declared.clone() };
        inputs.artifacts.insert(name.clone(), input);
    }
    inputs
}

/// Artifacts that the workflow is given as texts.
fn raw_arguments(source: &Source<'_>, cx: &mut Context) -> Vec<(String, pipewright_plan::Text)> {
    let arguments = source.spec.arguments.as_ref();
    let mut raw = Vec::new();
    for (name, artifact) in arguments.into_iter().flat_map(|arguments| named_artifacts(&arguments.artifacts))
    {
        let data = artifact.raw.as_ref().and_then(|raw| raw.data.as_ref());
        match data {
            Some(data) => raw.push((name.value.clone(), bind::run_text(source, data, cx))),
            None => {
                cx.within("arguments", |cx| {
                    cx.error("unsupported", artifact.span, "an artifact given to the workflow must be `raw`")
                        .hint("import the bytes in a first step");
                });
            }
        }
    }
    raw
}

/// Drops what no task uses, so that it is neither checked nor shown.
fn keep_reachable(components: &mut IndexMap<String, Component>, root: &str) {
    let mut reached = std::collections::BTreeSet::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(name) = waiting.pop() {
        if !reached.insert(name.clone()) {
            continue;
        }
        if let Some(Component { kind: ComponentKind::Dag(dag), .. }) = components.get(&name) {
            waiting.extend(dag.tasks.values().map(|task| task.component.clone()));
        }
    }
    components.retain(|name, _| reached.contains(name));
}

/// The type of everything that v1 stores.
fn artifact_type() -> ArtifactType {
    ArtifactType::system("system.Artifact")
}
