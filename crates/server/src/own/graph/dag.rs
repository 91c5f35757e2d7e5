//! The inside of a dag as the graph shows it: tasks, where their inputs come from, and edges made of that.

use std::collections::BTreeMap;

use pipewright_plan::{
    ArtifactBinding, Component, Dag, Items, IterationKind, LoopPolicy, ParameterBinding, ParameterSource,
    Plan, PodText, RetryOn, Task, TriggerStrategy,
};

use super::plan::type_title;
use super::types::{
    Binding, CachingView, DagView, Edge, EdgeData, FlowKind, LoopKindView, LoopView, OutputSource,
    RetryOnView, RetryView, SourcePort, SourceView, StrategyView, TaskDefinition,
};

/// Items of a loop that are shown before it runs.
const ITEMS_SHOWN: usize = 100;

/// Shows tasks, edges and outputs.
pub(crate) fn dag_view(plan: &Plan, dag: &Dag) -> DagView {
    let edges = dag.tasks.iter().flat_map(|(name, task)| edges_to(plan, dag, name, task)).collect();
    let parameters = dag.outputs.parameters.iter().map(|(output, selector)| OutputSource {
        output: output.clone(),
        kind: FlowKind::Parameter,
        sources: sources(&selector.sources),
        one_of: selector.one_of,
    });
    let artifacts = dag.outputs.artifacts.iter().map(|(output, selector)| OutputSource {
        output: output.clone(),
        kind: FlowKind::Artifact,
        sources: sources(&selector.sources),
        one_of: selector.sources.len() > 1,
    });
    DagView {
        tasks: dag.tasks.iter().map(|(name, task)| task_definition(name, task)).collect(),
        edges,
        parallelism: dag.parallelism,
        outputs: parameters.chain(artifacts).collect(),
    }
}

fn sources(ports: &[(String, String)]) -> Vec<SourcePort> {
    ports.iter().map(|(task, key)| SourcePort { task: task.clone(), key: key.clone() }).collect()
}

/// Shows one task of a dag.
pub(crate) fn task_definition(name: &str, task: &Task) -> TaskDefinition {
    let strategy = match task.trigger.strategy {
        TriggerStrategy::AllSucceeded => StrategyView::AllSucceeded,
        TriggerStrategy::NoneFailed => StrategyView::NoneFailed,
        TriggerStrategy::AllCompleted => StrategyView::AllCompleted,
        TriggerStrategy::Exit => StrategyView::Exit,
    };
    TaskDefinition {
        name: name.to_owned(),
        display_name: task.display_name.clone(),
        component: task.component.clone(),
        upstream: task.upstream.iter().cloned().collect(),
        parameters: task
            .parameters
            .iter()
            .map(|(input, binding)| parameter_binding(input, binding))
            .collect(),
        artifacts: task.artifacts.iter().map(|(input, binding)| artifact_binding(input, binding)).collect(),
        condition: task.trigger.condition.as_ref().map(ToString::to_string),
        ready: task.trigger.ready.as_ref().map(ToString::to_string),
        strategy,
        is_exit_handler: task.trigger.strategy == TriggerStrategy::Exit,
        repeats: task.iterator.as_ref().map(loop_view),
        retry: task.retry.as_ref().map(|retry| RetryView {
            max_retries: retry.max_retries,
            backoff_seconds: retry.backoff.as_secs_f64(),
            factor: retry.factor,
            max_backoff_seconds: retry.max_backoff.map(|limit| limit.as_secs_f64()),
            on: match retry.on {
                RetryOn::Any => RetryOnView::Any,
                RetryOn::Failure => RetryOnView::Failure,
                RetryOn::Error => RetryOnView::Error,
            },
        }),
        caching: CachingView {
            enabled: task.caching.enabled,
            key: {
                let memo = task.caching.memo.as_ref().map(|memo| memo.key.to_string());
                task.caching.key.clone().or(memo)
            },
            max_age_seconds: task.caching.max_age.map(|age| age.as_secs_f64()),
        },
        timeout_seconds: task.timeout.map(|limit| limit.as_secs_f64()),
    }
}

fn loop_view(policy: &LoopPolicy) -> LoopView {
    let (static_items, static_count, items_input) = match &policy.items {
        Items::Static { values } => {
            (Some(values.iter().take(ITEMS_SHOWN).cloned().collect()), Some(values.len() as u64), None)
        }
        Items::Input { name } => (None, None, Some(name.clone())),
    };
    LoopView {
        kind: match policy.kind {
            IterationKind::Parameter => LoopKindView::Parameter,
            IterationKind::Artifact => LoopKindView::Artifact,
        },
        item_input: policy.item_input.clone(),
        static_items,
        static_count,
        items_input,
        parallelism: policy.parallelism,
    }
}

fn parameter_binding(input: &str, binding: &ParameterBinding) -> Binding {
    let mut view = Binding {
        input: input.to_owned(),
        source: SourceView::Constant,
        task: None,
        key: None,
        value: None,
        selector: binding.selector.as_ref().map(ToString::to_string),
    };
    match binding.source.inner() {
        ParameterSource::DagInput { name } => {
            view.source = SourceView::DagInput;
            view.key = Some(name.clone());
        }
        ParameterSource::TaskOutput { task, key } => {
            view.source = SourceView::TaskOutput;
            (view.task, view.key) = (Some(task.clone()), Some(key.clone()));
        }
        ParameterSource::Constant { value } => view.value = Some(value.shown()),
        ParameterSource::FinalStatus { task } => {
            view.source = SourceView::FinalStatus;
            view.task = Some(task.clone());
        }
        ParameterSource::Optional { .. } | ParameterSource::TaskConfig { .. } => {
            view.source = SourceView::TaskConfig;
        }
    }
    view
}

fn artifact_binding(input: &str, binding: &ArtifactBinding) -> Binding {
    let (source, task, key, value) = match binding.whole() {
        ArtifactBinding::DagInput { name } => (SourceView::DagInput, None, Some(name.clone()), None),
        ArtifactBinding::TaskOutput { task, key } => {
            (SourceView::TaskOutput, Some(task.clone()), Some(key.clone()), None)
        }
        ArtifactBinding::Inline { text } => (SourceView::Inline, None, None, Some(text.to_string().into())),
        ArtifactBinding::Global { name } => {
            let tag = format!("{{{{workflow.outputs.artifacts.{name}}}}}");
            (SourceView::Inline, None, None, Some(tag.into()))
        }
        ArtifactBinding::Chosen { expr } => (SourceView::Inline, None, None, Some(expr.to_string().into())),
        ArtifactBinding::Part { .. } => (SourceView::Inline, None, None, None),
    };
    Binding { input: input.to_owned(), source, task, key, value, selector: None }
}

/// Writes where a bound value comes from.
pub(crate) fn source_text(source: &ParameterSource) -> String {
    match source.inner() {
        ParameterSource::DagInput { name } => format!("{{{{{name}}}}}"),
        ParameterSource::TaskOutput { task, key } => format!("{{{{{task}.{key}}}}}"),
        ParameterSource::Constant { value } => pipewright_plan::text_form(&value.shown()),
        ParameterSource::FinalStatus { task } => format!("{{{{status of {task}}}}}"),
        ParameterSource::Optional { .. } | ParameterSource::TaskConfig { .. } => "{{task config}}".to_owned(),
    }
}

/// Lists the edges that end at a task, one for each sibling that it waits for.
fn edges_to(plan: &Plan, dag: &Dag, name: &str, task: &Task) -> Vec<Edge> {
    let mut flows: BTreeMap<&str, Vec<EdgeData>> =
        task.upstream.iter().map(|from| (from.as_str(), Vec::new())).collect();
    let mut flow = |from: &'_ str, data: EdgeData| {
        if let Some((from, _)) = dag.tasks.get_key_value(from) {
            flows.entry(from.as_str()).or_default().push(data);
        }
    };
    for (input, binding) in &task.parameters {
        parameter_flow(plan, dag, input, binding, &mut flow);
    }
    for (input, binding) in &task.artifacts {
        let ArtifactBinding::TaskOutput { task: from, key } = binding.whole() else { continue };
        let output = component_of(plan, dag, from).and_then(|component| component.outputs.artifacts.get(key));
        let flow_type = output.map(|output| type_title(&output.artifact_type));
        flow(
            from,
            EdgeData { output: key.clone(), input: input.clone(), kind: FlowKind::Artifact, flow_type },
        );
    }
    // Names of claims and secrets may be outputs of siblings as well.
    if let Some(pipewright_plan::ComponentKind::Container(container)) =
        plan.component(&task.component).map(|component| &component.kind)
    {
        for text in container.platform.pod.names() {
            if let PodText::Bound { binding, .. } = text {
                parameter_flow(plan, dag, "", binding, &mut flow);
            }
        }
    }
    flows.into_iter().map(|(from, data)| Edge { from: from.to_owned(), to: name.to_owned(), data }).collect()
}

fn parameter_flow(
    plan: &Plan,
    dag: &Dag,
    input: &str,
    binding: &ParameterBinding,
    flow: &mut dyn FnMut(&str, EdgeData),
) {
    match binding.source.inner() {
        ParameterSource::TaskOutput { task: from, key } => {
            let output =
                component_of(plan, dag, from).and_then(|component| component.outputs.parameters.get(key));
            let flow_type = output.map(|output| output.parameter_type.name().to_owned());
            let (output, input) = (key.clone(), input.to_owned());
            flow(from, EdgeData { output, input, kind: FlowKind::Parameter, flow_type });
        }
        ParameterSource::FinalStatus { task: from } => {
            let (output, input) = ("status".to_owned(), input.to_owned());
            flow(from, EdgeData { output, input, kind: FlowKind::Status, flow_type: None });
        }
        ParameterSource::DagInput { .. }
        | ParameterSource::Optional { .. }
        | ParameterSource::Constant { .. }
        | ParameterSource::TaskConfig { .. } => {}
    }
}

fn component_of<'p>(plan: &'p Plan, dag: &Dag, task: &str) -> Option<&'p Component> {
    plan.component(&dag.tasks.get(task)?.component)
}
