//! `TASK_CONFIG`: settings of a task that are handed to its code, and maybe not applied to the task itself.
//!
//! Source: v2 semantics 1.2, `taskConfigPassthroughs`. The struct is known at compile time, so that it is
//! lowered to a constant.

use indexmap::IndexMap;
use pipewright_plan::{EnvVar, ParameterBinding, ParameterSource, Resources, Text, Value, ValueTemplate};
use serde_json::json;

use super::source::Source;
use super::{container, platform};
use crate::decode::Context;
use crate::v2::spec::{ComponentSpec, ContainerSpec, ParameterType, PassthroughField};

/// Which settings do not take effect on the task itself.
pub(super) struct NotApplied {
    pub env: bool,
    pub resources: bool,
}

/// Returns what a component takes away from its own container.
pub(super) fn not_applied(component: &ComponentSpec) -> NotApplied {
    let taken = |field: PassthroughField| {
        component
            .task_config_passthroughs
            .iter()
            .any(|entry| entry.field == Some(field) && !entry.apply_to_task.unwrap_or_default())
    };
    NotApplied { env: taken(PassthroughField::Env), resources: taken(PassthroughField::Resources) }
}

/// Gives a task the settings that its component asks for, when nothing else is bound to that input.
pub(super) fn bind(
    source: &Source<'_>,
    component: &ComponentSpec,
    parameters: &mut IndexMap<String, ParameterBinding>,
    cx: &mut Context,
) {
    let Some(definitions) = &component.input_definitions else { return };
    let is_config = |wanted: Option<ParameterType>| wanted == Some(ParameterType::TaskConfig);
    let input = definitions.parameters.iter().find(|(_, keyed)| is_config(keyed.value.parameter_type));
    let Some((name, _)) = input.filter(|(name, _)| !parameters.contains_key(*name)) else { return };
    let Some(label) = component.executor_label.as_ref().map(|label| label.value.as_str()) else { return };
    let executor = source.executors().and_then(|executors| executors.get(label));
    let Some(spec) = executor.and_then(|executor| executor.value.container.as_ref()) else { return };
    let value = config(source, component, (label, spec), cx);
    parameters.insert(
        name.clone(),
        ParameterBinding { source: ParameterSource::Constant { value }, selector: None },
    );
}

fn config(
    source: &Source<'_>,
    component: &ComponentSpec,
    (label, spec): (&str, &ContainerSpec),
    cx: &mut Context,
) -> ValueTemplate {
    let interface = container::Interface { spec: component, helpers: source.helpers_of(component) };
    let has = |field| component.task_config_passthroughs.iter().any(|entry| entry.field == Some(field));
    let literal = |value: Value| ValueTemplate::Literal { value };
    // Mistakes inside are reported where the container itself is lowered.
    let mut quiet = Context::new();
    let env = match has(PassthroughField::Env) {
        true => container::env(&interface, spec, &mut quiet),
        false => Vec::new(),
    };
    let resources = match &spec.resources {
        Some(spec) if has(PassthroughField::Resources) => container::resources(&interface, spec, &mut quiet),
        _ => Resources::default(),
    };
    let tolerations =
        platform::raw(source, label, "tolerations").filter(|_| has(PassthroughField::Tolerations));
    let selector =
        platform::raw(source, label, "nodeSelector").filter(|_| has(PassthroughField::NodeSelector));
    let affinity = platform::raw(source, label, "nodeAffinity").filter(|_| has(PassthroughField::Affinity));
    let is_dynamic =
        [tolerations, selector].into_iter().flatten().any(|value| value.to_string().contains("Json\":"));
    if is_dynamic || affinity.is_some_and(|affinity| *affinity != json!([])) {
        let message = "handing node affinity or settings made of parameters to the task's code is not supported \
                       by this release";
        cx.error("unsupported", component.span, message).hint("remove the passthrough of that setting");
    }
    let labels = selector.and_then(|selector| selector.get("labels")).cloned().unwrap_or_else(|| json!({}));
    let field = |name: &str, value: ValueTemplate| (Text::literal(name), value);
    ValueTemplate::Struct {
        fields: vec![
            field("affinity", literal(Value::Null)),
            field("tolerations", literal(tolerations.cloned().unwrap_or_else(|| json!([])))),
            field("nodeSelector", literal(labels)),
            field("env", ValueTemplate::List { items: env.into_iter().map(variable).collect() }),
            field("volumes", literal(json!([]))),
            field("volumeMounts", literal(json!([]))),
            field("resources", quantities(resources)),
        ],
    }
}

fn variable(variable: EnvVar) -> ValueTemplate {
    ValueTemplate::Struct {
        fields: vec![
            (Text::literal("name"), ValueTemplate::Text { text: Text::literal(variable.name) }),
            (Text::literal("value"), ValueTemplate::Text { text: variable.value }),
        ],
    }
}

fn quantities(resources: Resources) -> ValueTemplate {
    let part = |pairs: Vec<(Option<Text>, Option<Text>)>| {
        let fields =
            pairs.into_iter().filter_map(|(name, text)| Some((name?, ValueTemplate::Text { text: text? })));
        ValueTemplate::Struct { fields: fields.collect() }
    };
    let limits = part(vec![
        (Some(Text::literal("cpu")), resources.cpu_limit),
        (Some(Text::literal("memory")), resources.memory_limit),
        (resources.accelerator_type, resources.accelerator_count),
    ]);
    let requests = part(vec![
        (Some(Text::literal("cpu")), resources.cpu_request),
        (Some(Text::literal("memory")), resources.memory_request),
    ]);
    ValueTemplate::Struct {
        fields: vec![(Text::literal("limits"), limits), (Text::literal("requests"), requests)],
    }
}
