//! Tasks: their bindings and what they wait for.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use pipewright_plan::{
    ArtifactBinding, Caching, ParameterBinding, ParameterSource, ParameterType, Task, Trigger,
    TriggerStrategy, ValueTemplate, kind_name,
};

use super::dag::{Kind, selected};
use super::source::{Source, component_name};
use super::trigger::{expression, retry, trigger};
use super::{component, iterator, platform, pod_name, task_config, unknown_name, value};
use crate::decode::{Context, Keyed, Spanned};
use crate::v2::placeholder::{self, Mention, Reader};
use crate::v2::spec::{
    ComponentSpec, DagSpec, PipelineTaskSpec, TaskInputArtifactSpec, TaskInputParameterSpec, TaskInputsSpec,
};
use crate::yaml::Span;

/// Variables of a selector expression.
pub(super) const SELECTOR_VARIABLES: &[&str] =
    &["string_value", "number_value", "bool_value", "list_value", "struct_value", "null_value"];

/// The dag around a task.
pub(super) struct Scope<'a, 's> {
    pub source: &'a Source<'s>,
    pub owner: &'s ComponentSpec,
    pub dag: &'s DagSpec,
}

/// Lowers one task; `None` when its component is not known.
pub(super) fn lower(
    scope: &Scope<'_, '_>,
    (name, keyed): (&str, &Keyed<PipelineTaskSpec>),
    cx: &mut Context,
) -> Option<Task> {
    let spec = &keyed.value;
    let component = resolve_component(scope, spec, cx);
    let empty = TaskInputsSpec::default();
    let inputs = spec.inputs.as_ref().unwrap_or(&empty);
    let mut upstream = BTreeSet::new();
    let (mut parameters, artifacts) = cx.within("inputs", |cx| {
        let parameters = cx.within("parameters", |cx| parameters(scope, spec, inputs, cx, &mut upstream));
        let artifacts = cx.within("artifacts", |cx| artifacts(scope, spec, inputs, cx, &mut upstream));
        (parameters, artifacts)
    });
    let iterator = iterator::lower(spec, component, &parameters, cx);
    for dependency in &spec.dependent_tasks {
        if scope.dag.tasks.contains_key(&dependency.value) {
            upstream.insert(dependency.value.clone());
        } else {
            let message = format!("task `{}` does not exist in this dag", dependency.value);
            let known = scope.dag.tasks.keys().map(String::as_str).filter(|known| *known != name);
            cx.within("dependentTasks", |cx| unknown_name(cx, "unknown-task", dependency, message, known));
        }
    }
    let mut trigger = match &spec.trigger_policy {
        Some(policy) => cx.within("triggerPolicy", |cx| trigger(policy, inputs, component, cx)),
        None => Trigger::default(),
    };
    if trigger.strategy == TriggerStrategy::AllCompleted {
        if ends_a_group(scope, spec) {
            trigger.strategy = TriggerStrategy::Exit;
        }
        upstream.extend(parameters.values().filter_map(|binding| match &binding.source {
            ParameterSource::FinalStatus { task } => Some(task.clone()),
            _ => None,
        }));
    }
    let component = component?;
    let label = component.executor_label.as_ref().map(|label| label.value.as_str());
    upstream.extend(label.into_iter().flat_map(|label| {
        pod_name::producers(scope.source, label, |task| task != name && scope.dag.tasks.contains_key(task))
    }));
    check_given((name, keyed), component, cx);
    let component_name = component_name(spec)?.value.as_str();
    task_config::bind(scope.source, (component_name, component), &mut parameters);
    let caching = spec.caching_options.as_ref();
    let named = spec.task_info.as_ref().and_then(|info| info.name.clone()).filter(|name| !name.is_empty());
    Some(Task {
        display_name: named.unwrap_or_else(|| name.to_owned()),
        component: component_name.to_owned(),
        parameters,
        artifacts,
        upstream,
        trigger,
        iterator,
        retry: spec.retry_policy.as_ref().and_then(|policy| retry(policy, cx)),
        caching: Caching {
            enabled: caching.and_then(|caching| caching.enable_cache).unwrap_or_default(),
            key: caching.and_then(|caching| caching.cache_key.clone()).filter(|key| !key.is_empty()),
            ..Caching::default()
        },
        timeout: label.and_then(|label| platform::timeout(scope.source, label, cx)),
    })
}

/// Tells an exit task from one that merely ignores how its upstream ended: it waits for the group of an exit
/// handler and for nothing else, and takes no data. Both have the same strategy in the document.
fn ends_a_group(scope: &Scope<'_, '_>, spec: &PipelineTaskSpec) -> bool {
    let [group] = spec.dependent_tasks.as_slice() else { return false };
    let number = group.value.strip_prefix("exit-handler-").unwrap_or_default();
    let is_group = !number.is_empty()
        && number.bytes().all(|letter| letter.is_ascii_digit())
        && scope.source.component_of_task(scope.dag, &group.value).is_some_and(|found| found.dag.is_some());
    let takes_data = spec.inputs.as_ref().is_some_and(|inputs| {
        let mut parameters = inputs.parameters.values();
        parameters.any(|input| input.value.task_output_parameter.is_some())
            || inputs.artifacts.values().any(|input| input.value.task_output_artifact.is_some())
    });
    is_group && !takes_data
}

fn resolve_component<'s>(
    scope: &Scope<'_, 's>,
    spec: &'s PipelineTaskSpec,
    cx: &mut Context,
) -> Option<&'s ComponentSpec> {
    let Some(name) = component_name(spec).filter(|name| !name.value.is_empty()) else {
        cx.error("missing-field", spec.span, "the task does not say which component it runs")
            .hint("set `componentRef.name`");
        return None;
    };
    let found = scope.source.component_of(spec);
    if found.is_none() {
        let message = format!("component `{}` does not exist", name.value);
        let known = scope.source.spec.components.keys().map(String::as_str);
        cx.within("componentRef", |cx| unknown_name(cx, "unknown-component", name, message, known));
    }
    found
}

fn parameters(
    scope: &Scope<'_, '_>,
    task: &PipelineTaskSpec,
    inputs: &TaskInputsSpec,
    cx: &mut Context,
    upstream: &mut BTreeSet<String>,
) -> IndexMap<String, ParameterBinding> {
    let component = scope.source.component_of(task);
    let mut bindings = IndexMap::new();
    for (name, keyed) in &inputs.parameters {
        let spec = &keyed.value;
        cx.within(name.as_str(), |cx| {
            let target = component.and_then(|component| declared_type(component, name));
            if let (Some(component), None) = (component, target)
                && !is_helper(name, spec, component.dag.is_none())
            {
                let message = format!("component has no input parameter `{name}`");
                cx.error("unknown-input", keyed.key_span, message)
                    .hint(component::suggestion(name, component.input_parameters()));
            }
            let Some(source) = parameter_source(scope, (name, spec), inputs, cx) else { return };
            if let ParameterSource::TaskOutput { task, .. } = &source {
                upstream.insert(task.clone());
            }
            let selector = spec.parameter_expression_selector.as_ref().and_then(|selector| {
                cx.within("parameterExpressionSelector", |cx| expression(selector, SELECTOR_VARIABLES, cx))
            });
            let loops = task.parameter_iterator.as_ref().and_then(|iterator| iterator.items.as_ref());
            let is_looped = loops
                .and_then(|items| items.input_parameter.as_ref())
                .is_some_and(|input| input.value == *name);
            if let Some(target) = target.filter(|_| selector.is_none() && !is_looped) {
                check_type(scope, &source, target, spec.span, cx);
            }
            bindings.insert(name.clone(), ParameterBinding { source, selector });
        });
    }
    bindings
}

fn declared_type(component: &ComponentSpec, name: &str) -> Option<ParameterType> {
    let declared = component.input_definitions.as_ref()?.parameters.get(name)?;
    Some(value::parameter_type(declared.value.parameter_type, declared.value.primitive_type))
}

/// Tells whether an undeclared input is one of those that the SDK adds for placeholders.
fn is_helper(name: &str, spec: &TaskInputParameterSpec, is_container: bool) -> bool {
    let literal = spec.runtime_value.as_ref().and_then(|value| value.literal());
    let is_injected =
        literal.is_some_and(|literal| literal.value.as_str().is_some_and(|text| text.contains("{{$")));
    name.starts_with("pipelinechannel--") || (is_container && is_injected)
}

fn parameter_source(
    scope: &Scope<'_, '_>,
    (name, spec): (&str, &TaskInputParameterSpec),
    inputs: &TaskInputsSpec,
    cx: &mut Context,
) -> Option<ParameterSource> {
    if let Some(input) = &spec.component_input_parameter {
        if !scope.owner.declares_parameter(&input.value) {
            let message = format!("the enclosing component has no input parameter `{}`", input.value);
            let known = scope.owner.input_parameters();
            cx.within("componentInputParameter", |cx| {
                unknown_name(cx, "unknown-input", input, message, known)
            });
        }
        return Some(ParameterSource::DagInput { name: input.value.clone() });
    }
    if let Some(output) = &spec.task_output_parameter {
        let place = (output.producer_task.as_ref(), output.output_parameter_key.as_ref());
        let found =
            cx.within("taskOutputParameter", |cx| selected(scope, Kind::Parameter, place, (output.span, cx)));
        return found.map(|(task, key)| ParameterSource::TaskOutput { task, key });
    }
    if let Some(status) = &spec.task_final_status {
        return cx.within("taskFinalStatus", |cx| {
            let Some(task) = &status.producer_task else {
                cx.error("missing-field", status.span, "the field `producerTask` is missing");
                return None;
            };
            if !scope.dag.tasks.contains_key(&task.value) {
                let message = format!("task `{}` does not exist in this dag", task.value);
                unknown_name(cx, "unknown-task", task, message, scope.dag.tasks.keys().map(String::as_str));
                return None;
            }
            Some(ParameterSource::FinalStatus { task: task.value.clone() })
        });
    }
    let Some(runtime) = &spec.runtime_value else {
        cx.error("missing-field", spec.span, format!("nothing is said of where input `{name}` comes from"))
            .hint("set `componentInputParameter`, `taskOutputParameter` or `runtimeValue`");
        return None;
    };
    cx.within("runtimeValue", |cx| match (&runtime.runtime_parameter, runtime.literal()) {
        (Some(parameter), _) => {
            cx.error("unsupported", parameter.span, "`runtimeParameter` is not supported here")
                .hint("use `componentInputParameter`");
            None
        }
        (None, Some(literal)) => {
            Some(ParameterSource::Constant { value: constant((name, &literal), scope, inputs, cx) })
        }
        (None, None) => {
            cx.error("missing-field", runtime.span, "the value is missing").hint("set `constant`");
            None
        }
    })
}

fn constant(
    (name, literal): (&str, &Spanned<serde_json::Value>),
    scope: &Scope<'_, '_>,
    inputs: &TaskInputsSpec,
    cx: &mut Context,
) -> ValueTemplate {
    component::check_depth(&literal.value, literal.span, cx);
    let workspace = std::cell::Cell::new(false);
    let knows = |mention: Mention<'_>| match mention {
        Mention::InputParameter(input) => input != name && inputs.parameters.contains_key(input),
        Mention::InputArtifact(input) => inputs.artifacts.contains_key(input),
        Mention::Workspace => {
            workspace.set(true);
            true
        }
        Mention::Input(_) | Mention::OutputParameter(_) | Mention::OutputArtifact(_) => false,
    };
    let mut reader = Reader { knows: &knows, unknown: Vec::new() };
    let template = placeholder::template(&literal.value, &mut reader);
    for unknown in reader.unknown {
        let message =
            format!("`{}` is no known placeholder and stays as it is", crate::yaml::shorten(&unknown));
        cx.warning("unknown-placeholder", literal.span, message);
    }
    if workspace.get() && platform::workspace(scope.source).is_none() {
        platform::missing_workspace(literal.span, cx);
    }
    template
}

fn check_type(
    scope: &Scope<'_, '_>,
    source: &ParameterSource,
    target: ParameterType,
    span: Span,
    cx: &mut Context,
) {
    match source {
        ParameterSource::Constant { value: ValueTemplate::Literal { value } } => {
            if !value.is_null() && !value::fits(target, value) {
                let message =
                    format!("the value is a {}, but the input is {}", kind_name(value), target.name());
                cx.error("wrong-value", span, message);
            }
        }
        ParameterSource::TaskOutput { task, key } => {
            let output = scope
                .source
                .component_of_task(scope.dag, task)
                .and_then(|producer| producer.output_definitions.as_ref())
                .and_then(|outputs| outputs.parameters.get(key));
            let Some(output) = output else { return };
            // A loop hands on lists; the SDK before 2.4 declares the item's type there.
            let is_loop =
                scope.dag.tasks.get(task).is_some_and(|task| task.value.parameter_iterator.is_some());
            let from = match is_loop {
                true => ParameterType::List,
                false => value::parameter_type(output.value.parameter_type, output.value.primitive_type),
            };
            if !value::passes(from, target) {
                let message = format!(
                    "output `{key}` of task `{task}` is {}, but the input is {}",
                    from.name(),
                    target.name()
                );
                cx.error("wrong-value", span, message);
            }
        }
        ParameterSource::DagInput { name } => {
            let from = declared_type(scope.owner, name).unwrap_or(ParameterType::Any);
            if !value::passes(from, target) {
                let message = format!(
                    "input `{name}` is {}, but is given to an input that is {}",
                    from.name(),
                    target.name()
                );
                cx.warning("wrong-value", span, message);
            }
        }
        ParameterSource::Optional { .. }
        | ParameterSource::Constant { .. }
        | ParameterSource::FinalStatus { .. }
        | ParameterSource::TaskConfig { .. } => {}
    }
}

fn artifacts(
    scope: &Scope<'_, '_>,
    task: &PipelineTaskSpec,
    inputs: &TaskInputsSpec,
    cx: &mut Context,
    upstream: &mut BTreeSet<String>,
) -> IndexMap<String, ArtifactBinding> {
    let component = scope.source.component_of(task);
    let mut bindings = IndexMap::new();
    for (name, keyed) in &inputs.artifacts {
        cx.within(name.as_str(), |cx| {
            if let Some(component) = component
                && !component.declares_artifact(name)
                && !name.starts_with("pipelinechannel--")
            {
                let message = format!("component has no input artifact `{name}`");
                cx.error("unknown-input", keyed.key_span, message)
                    .hint(component::suggestion(name, component.input_artifacts()));
            }
            let Some(binding) = artifact_binding(scope, name, &keyed.value, cx) else { return };
            if let ArtifactBinding::TaskOutput { task, .. } = &binding {
                upstream.insert(task.clone());
            }
            bindings.insert(name.clone(), binding);
        });
    }
    bindings
}

fn artifact_binding(
    scope: &Scope<'_, '_>,
    name: &str,
    spec: &TaskInputArtifactSpec,
    cx: &mut Context,
) -> Option<ArtifactBinding> {
    if let Some(input) = &spec.component_input_artifact {
        if !scope.owner.declares_artifact(&input.value) {
            let message = format!("the enclosing component has no input artifact `{}`", input.value);
            let known = scope.owner.input_artifacts();
            cx.within("componentInputArtifact", |cx| {
                unknown_name(cx, "unknown-input", input, message, known)
            });
        }
        return Some(ArtifactBinding::DagInput { name: input.value.clone() });
    }
    let Some(output) = &spec.task_output_artifact else {
        cx.error("missing-field", spec.span, format!("nothing is said of where input `{name}` comes from"))
            .hint("set `componentInputArtifact` or `taskOutputArtifact`");
        return None;
    };
    let place = (output.producer_task.as_ref(), output.output_artifact_key.as_ref());
    let found =
        cx.within("taskOutputArtifact", |cx| selected(scope, Kind::Artifact, place, (output.span, cx)));
    found.map(|(task, key)| ArtifactBinding::TaskOutput { task, key })
}

/// Reports inputs that the component must have and the task does not give.
fn check_given((name, keyed): (&str, &Keyed<PipelineTaskSpec>), component: &ComponentSpec, cx: &mut Context) {
    let Some(definitions) = &component.input_definitions else { return };
    let task = &keyed.value;
    let item = [
        task.parameter_iterator.as_ref().and_then(|iterator| iterator.item_input.as_ref()),
        task.artifact_iterator.as_ref().and_then(|iterator| iterator.item_input.as_ref()),
    ];
    let is_item = |input: &str| item.iter().flatten().any(|item| item.value == input);
    let mut items = item.iter().flatten().map(|item| item.value.as_str());
    if items.any(|item| !component.declares_parameter(item) && !component.declares_artifact(item)) {
        // The loop names another input by mistake, which is reported there.
        return;
    }
    let inputs = task.inputs.as_ref();
    for (input, declared) in &definitions.parameters {
        let given = inputs.is_some_and(|inputs| inputs.parameters.contains_key(input));
        let optional =
            declared.value.is_optional.unwrap_or_default() || declared.value.default_value.is_some();
        if !given && !optional && !is_item(input) {
            let message = format!("task `{name}` does not give the required input parameter `{input}`");
            cx.error("missing-input", keyed.key_span, message);
        }
    }
    for (input, declared) in &definitions.artifacts {
        let given = inputs.is_some_and(|inputs| inputs.artifacts.contains_key(input));
        if !given && !declared.value.is_optional.unwrap_or_default() && !is_item(input) {
            let message = format!("task `{name}` does not give the required input artifact `{input}`");
            cx.error("missing-input", keyed.key_span, message);
        }
    }
}
