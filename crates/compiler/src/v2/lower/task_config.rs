//! `TASK_CONFIG`: settings of a task that are handed to its code, and maybe not applied to the task itself.
//!
//! Source: v2 semantics 1.2, `taskConfigPassthroughs`. What stands in the document becomes a constant; what
//! comes from parameters is left to the engine.

use indexmap::IndexMap;
use pipewright_plan::{
    EnvVar, ParameterBinding, ParameterSource, Resources, TaskConfig, Text, Value, ValueTemplate,
};
use serde_json::json;

use super::pod_name::Place;
use super::source::Source;
use super::{container, pod};
use crate::decode::Context;
use crate::v2::platform::{KubernetesExecutorConfig, NodeAffinityTerm, SelectorRequirement, Toleration};
use crate::v2::spec::{ComponentSpec, ContainerSpec, ParameterType, PassthroughField};

/// Which settings do not take effect on the task itself.
pub(super) struct NotApplied {
    pub env: bool,
    pub resources: bool,
    pub volumes: bool,
}

/// Returns what a component takes away from its own container.
pub(super) fn not_applied(component: &ComponentSpec) -> NotApplied {
    let taken = |field: PassthroughField| {
        component
            .task_config_passthroughs
            .iter()
            .any(|entry| entry.field == Some(field) && !entry.apply_to_task.unwrap_or_default())
    };
    NotApplied {
        env: taken(PassthroughField::Env),
        resources: taken(PassthroughField::Resources),
        volumes: taken(PassthroughField::Volumes),
    }
}

/// Gives a task the settings that its component asks for, when nothing else is bound to that input.
pub(super) fn bind(
    source: &Source<'_>,
    (name, component): (&str, &ComponentSpec),
    parameters: &mut IndexMap<String, ParameterBinding>,
) {
    let Some(definitions) = &component.input_definitions else { return };
    let is_config = |wanted: Option<ParameterType>| wanted == Some(ParameterType::TaskConfig);
    let input = definitions.parameters.iter().find(|(_, keyed)| is_config(keyed.value.parameter_type));
    let Some((input, _)) = input.filter(|(input, _)| !parameters.contains_key(*input)) else { return };
    let Some(label) = component.executor_label.as_ref().map(|label| label.value.as_str()) else { return };
    let executor = source.executors().and_then(|executors| executors.get(label));
    let Some(spec) = executor.and_then(|executor| executor.value.container.as_ref()) else { return };
    let interface = container::Interface { name, spec: component, helpers: source.helpers(name).collect() };
    let config = Box::new(config(source, &interface, (label, spec)));
    let source = ParameterSource::TaskConfig { config };
    parameters.insert(input.clone(), ParameterBinding { source, selector: None });
}

fn config(
    source: &Source<'_>,
    interface: &container::Interface<'_>,
    (label, spec): (&str, &ContainerSpec),
) -> TaskConfig {
    let passthroughs = &interface.spec.task_config_passthroughs;
    let has = |field| passthroughs.iter().any(|entry| entry.field == Some(field));
    let literal = |value: Value| ValueTemplate::Literal { value };
    // Mistakes inside are reported where the container itself is lowered.
    let mut quiet = Context::new();
    let env = match has(PassthroughField::Env) {
        true => container::env(interface, spec, &mut quiet),
        false => Vec::new(),
    };
    let resources = match &spec.resources {
        Some(spec) if has(PassthroughField::Resources) => container::resources(interface, spec, &mut quiet),
        _ => Resources::default(),
    };
    let place = Place { source, interface, users: source.users(interface.name) };
    let none = KubernetesExecutorConfig::default();
    let settings = source.platform_of(label).map_or(&none, |config| &config.typed);
    let mut handed = TaskConfig {
        base: literal(Value::Null),
        pod: pod::lower(&place, settings, &mut quiet),
        workspace: has(PassthroughField::Volumes),
        node_selector: None,
        tolerations: Vec::new(),
        affinity: Vec::new(),
    };
    handed.pod.labels.clear();
    handed.pod.annotations.clear();
    if !has(PassthroughField::Env) {
        handed.pod.env.clear();
    }
    if !has(PassthroughField::Volumes) {
        handed.pod.volumes.clear();
    }
    let (mut tolerations, mut labels, mut affinity) = (json!([]), json!({}), Value::Null);
    if has(PassthroughField::Tolerations) {
        let (dynamic, fixed): (Vec<_>, Vec<_>) =
            settings.tolerations.iter().partition(|entry| entry.toleration_json.is_some());
        tolerations = fixed.into_iter().map(toleration).collect();
        let given = dynamic.into_iter().filter_map(|entry| entry.toleration_json.as_ref());
        handed.tolerations = given.filter_map(|given| place.binding(given, &mut quiet)).collect();
    }
    if let Some(selector) = settings.node_selector.as_ref().filter(|_| has(PassthroughField::NodeSelector)) {
        labels = selector.labels.iter().map(|(key, keyed)| (key.clone(), json!(keyed.value))).collect();
        let given = selector.node_selector_json.as_ref();
        handed.node_selector = given.and_then(|given| place.binding(given, &mut quiet));
    }
    if has(PassthroughField::Affinity) {
        affinity = node_affinity(&settings.node_affinity);
        let given = settings.node_affinity.iter().filter_map(|term| term.node_affinity_json.as_ref());
        handed.affinity = given.filter_map(|given| place.binding(given, &mut quiet)).collect();
    }
    let field = |name: &str, value: ValueTemplate| (Text::literal(name), value);
    handed.base = ValueTemplate::Struct {
        fields: vec![
            field("affinity", literal(affinity)),
            field("tolerations", literal(tolerations)),
            field("nodeSelector", literal(labels)),
            field("env", ValueTemplate::List { items: env.into_iter().map(variable).collect() }),
            field("volumes", literal(json!([]))),
            field("volumeMounts", literal(json!([]))),
            field("resources", quantities(resources)),
        ],
    };
    handed
}

fn toleration(entry: &Toleration) -> Value {
    let texts = [
        ("key", &entry.key),
        ("operator", &entry.operator),
        ("value", &entry.value),
        ("effect", &entry.effect),
    ];
    let given = texts.into_iter().filter_map(|(name, text)| {
        text.as_ref().filter(|text| !text.is_empty()).map(|text| (name.to_owned(), json!(text)))
    });
    let seconds = entry.toleration_seconds.map(|seconds| ("tolerationSeconds".to_owned(), json!(seconds)));
    given.chain(seconds).collect()
}

/// Terms with a weight are wishes, those without are demands.
fn node_affinity(terms: &[NodeAffinityTerm]) -> Value {
    let selector = |term: &NodeAffinityTerm| {
        let parts = [("matchExpressions", &term.match_expressions), ("matchFields", &term.match_fields)];
        let given = parts.into_iter().filter(|(_, requirements)| !requirements.is_empty());
        given
            .map(|(name, requirements)| {
                (name.to_owned(), requirements.iter().map(requirement).collect::<Value>())
            })
            .collect::<Value>()
    };
    let fixed =
        || terms.iter().filter(|term| !term.match_expressions.is_empty() || !term.match_fields.is_empty());
    let demands: Vec<Value> = fixed().filter(|term| term.weight.is_none()).map(selector).collect();
    let wishes: Vec<Value> = fixed()
        .filter_map(|term| Some(json!({"weight": term.weight?, "preference": selector(term)})))
        .collect();
    if demands.is_empty() && wishes.is_empty() {
        return Value::Null;
    }
    let mut affinity = json!({});
    if !demands.is_empty() {
        affinity["requiredDuringSchedulingIgnoredDuringExecution"] = json!({"nodeSelectorTerms": demands});
    }
    if !wishes.is_empty() {
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = json!(wishes);
    }
    json!({"nodeAffinity": affinity})
}

fn requirement(requirement: &SelectorRequirement) -> Value {
    let mut written = json!({"key": requirement.key, "operator": requirement.operator});
    if !requirement.values.is_empty() {
        written["values"] = json!(requirement.values);
    }
    written
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
