//! Components: their interfaces and what stands behind them.

use pipewright_plan::{
    ArtifactInput, ArtifactOutput, Component, ComponentKind, Inputs, Outputs, ParameterInput,
    ParameterOutput, ParameterType, Value, normalize,
};

use super::source::Source;
use super::{claim, container, dag, unknown_name, value};
use crate::decode::{Context, Text};
use crate::suggest;
use crate::v2::spec::{ComponentInputsSpec, ComponentOutputsSpec, ComponentSpec, ExecutorSpec};

/// Deepest literal: plans are stored as JSON, whose readers stop at 128 levels.
pub(super) const DEEPEST_LITERAL: usize = 32;

/// Lowers one component; `None` when nothing stands behind it.
pub(super) fn lower(
    source: &Source<'_>,
    name: &str,
    spec: &ComponentSpec,
    cx: &mut Context,
) -> Option<Component> {
    let mut lowered_inputs = match &spec.input_definitions {
        Some(definitions) => cx.within("inputDefinitions", |cx| inputs(definitions, cx)),
        None => Inputs::default(),
    };
    let outputs = match &spec.output_definitions {
        Some(definitions) => cx.within("outputDefinitions", |cx| outputs(definitions, cx)),
        None => Outputs::default(),
    };
    if spec.dag.is_none() {
        for helper in source.helpers(name) {
            let input = ParameterInput {
                parameter_type: ParameterType::Any,
                default: None,
                optional: true,
                literals: Vec::new(),
                description: None,
            };
            lowered_inputs.parameters.insert(helper.to_owned(), input);
        }
    }
    let kind = match (&spec.dag, &spec.executor_label) {
        (Some(dag), _) => {
            let dag = cx.within("dag", |cx| dag::lower(source, spec, dag, cx));
            ComponentKind::Dag(dag)
        }
        (None, Some(label)) => executor(source, spec, (name, label), cx)?,
        (None, None) => {
            let message = format!("component `{name}` has neither a dag nor an executor");
            cx.error("missing-field", spec.span, message).hint("set `dag` or `executorLabel`");
            return None;
        }
    };
    if let Some(settings) = spec.single_platform_specs.first() {
        cx.warning("ignored-field", settings.span, "platform settings inside a component are ignored")
            .hint("give them in a platform document of their own");
    }
    Some(Component { inputs: lowered_inputs, outputs, locks: Vec::new(), kind })
}

fn executor(
    source: &Source<'_>,
    spec: &ComponentSpec,
    (name, label): (&str, &Text),
    cx: &mut Context,
) -> Option<ComponentKind> {
    let executors = source.executors();
    let Some(executor) = executors.and_then(|executors| executors.get(&label.value)) else {
        let message = format!("executor `{}` does not exist in `deploymentSpec`", label.value);
        let known = executors.into_iter().flat_map(|executors| executors.keys()).map(String::as_str);
        cx.within("executorLabel", |cx| unknown_name(cx, "unknown-executor", label, message, known));
        return None;
    };
    // Mistakes inside stand in the executor, wherever it is referred to from.
    let mut inner = Context::new();
    std::mem::swap(&mut inner.diagnostics, &mut cx.diagnostics);
    let kind = inner.within("deploymentSpec", |cx| {
        cx.within("executors", |cx| {
            cx.within(label.value.as_str(), |cx| {
                executor_kind(source, spec, (name, label), &executor.value, cx)
            })
        })
    });
    std::mem::swap(&mut inner.diagnostics, &mut cx.diagnostics);
    kind
}

fn executor_kind(
    source: &Source<'_>,
    spec: &ComponentSpec,
    (name, label): (&str, &Text),
    executor: &ExecutorSpec,
    cx: &mut Context,
) -> Option<ComponentKind> {
    if let Some(container) = &executor.container {
        if let Some(resource) = claim::order(container) {
            return Some(ComponentKind::Resource(claim::lower(resource, spec, container, cx)));
        }
        let known = container::Interface { name, spec, helpers: source.helpers(name).collect() };
        let lowered = container::container(source, &known, (&label.value, container), cx);
        return lowered.map(ComponentKind::Container);
    }
    if let Some(importer) = &executor.importer {
        let known = container::Interface { name, spec, helpers: source.helpers(name).collect() };
        return container::importer(source, &known, importer, cx).map(ComponentKind::Importer);
    }
    if executor.resolver.is_some() {
        cx.error(
            "unsupported",
            executor.span,
            "`resolver` executors ask a metadata service for artifacts, which Kubeflow Pipelines never did",
        )
        .hint("import the artifact by its URI with `dsl.importer`");
    } else if executor.custom_job.is_some() {
        cx.error("unsupported", executor.span, "`customJob` executors run on Vertex AI alone")
            .hint("give the component a `container` with the image and command of the job's worker");
    } else {
        let message = format!("executor `{}` says nothing that could be run", label.value);
        cx.error("missing-field", executor.span, message).hint("set `container` or `importer`");
    }
    None
}

fn inputs(definitions: &ComponentInputsSpec, cx: &mut Context) -> Inputs {
    let mut inputs = Inputs::default();
    for (name, keyed) in &definitions.parameters {
        let spec = &keyed.value;
        let parameter_type = value::parameter_type(spec.parameter_type, spec.primitive_type);
        cx.within("parameters", |cx| {
            cx.within(name.as_str(), |cx| {
                if let Some(default) = &spec.default_value {
                    cx.within("defaultValue", |cx| {
                        check_default(parameter_type, default.span, &default.value, cx);
                    });
                }
            });
        });
        if definitions.artifacts.contains_key(name) {
            let message = format!("`{name}` is both a parameter and an artifact");
            cx.error("duplicate-name", keyed.key_span, message).hint("rename one of the two");
        }
        let input = ParameterInput {
            parameter_type,
            default: spec.default_value.as_ref().map(|default| normalize(default.value.clone())),
            optional: spec.is_optional.unwrap_or_default(),
            literals: spec.literals.iter().cloned().map(normalize).collect(),
            description: spec.description.clone().filter(|text| !text.is_empty()),
        };
        inputs.parameters.insert(name.clone(), input);
    }
    for (name, keyed) in &definitions.artifacts {
        let input = ArtifactInput {
            artifact_type: value::artifact_type(keyed.value.artifact_type.as_ref()),
            optional: keyed.value.is_optional.unwrap_or_default(),
            is_list: keyed.value.is_artifact_list.unwrap_or_default(),
            description: keyed.value.description.clone().filter(|text| !text.is_empty()),
            default: None,
        };
        inputs.artifacts.insert(name.clone(), input);
    }
    inputs
}

fn check_default(parameter_type: ParameterType, span: crate::yaml::Span, default: &Value, cx: &mut Context) {
    if !default.is_null() && !value::fits(parameter_type, default) {
        let message = format!(
            "the default is a {}, but the parameter is {}",
            pipewright_plan::kind_name(default),
            parameter_type.name()
        );
        cx.error("wrong-value", span, message);
    }
    check_depth(default, span, cx);
}

/// Refuses a literal that is nested too deep.
pub(super) fn check_depth(literal: &Value, span: crate::yaml::Span, cx: &mut Context) {
    if value::depth(literal) > DEEPEST_LITERAL {
        let message = format!("the value is nested more than {DEEPEST_LITERAL} levels deep");
        cx.error("too-deep", span, message);
    }
}

fn outputs(definitions: &ComponentOutputsSpec, cx: &mut Context) -> Outputs {
    let mut outputs = Outputs::default();
    for (name, keyed) in &definitions.parameters {
        let output = ParameterOutput {
            parameter_type: value::parameter_type(keyed.value.parameter_type, keyed.value.primitive_type),
            description: keyed.value.description.clone().filter(|text| !text.is_empty()),
            default: None,
        };
        outputs.parameters.insert(name.clone(), output);
    }
    for (name, keyed) in &definitions.artifacts {
        let spec = &keyed.value;
        if definitions.parameters.contains_key(name) {
            let message = format!("output `{name}` is both a parameter and an artifact");
            cx.error("duplicate-name", keyed.key_span, message).hint("rename one of the two");
        }
        let mut metadata = serde_json::Map::new();
        for (key, property) in spec.properties.iter().chain(&spec.custom_properties) {
            metadata.extend(property.value.literal().map(|literal| (key.clone(), normalize(literal.value))));
        }
        for (key, item) in spec.metadata.iter().flatten() {
            check_depth(item, spec.span, cx);
            metadata.insert(key.clone(), normalize(item.clone()));
        }
        let output = ArtifactOutput {
            artifact_type: value::artifact_type(spec.artifact_type.as_ref()),
            is_list: spec.is_artifact_list.unwrap_or_default(),
            metadata,
            description: spec.description.clone().filter(|text| !text.is_empty()),
        };
        outputs.artifacts.insert(name.clone(), output);
    }
    outputs
}

/// Suggests the nearest of some names, or lists them.
pub(super) fn suggestion<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    suggest::did_you_mean(wrong, known.iter().copied()).unwrap_or_else(|| match known.as_slice() {
        [] => "there are none here".to_owned(),
        known => format!("known here: {}", known.iter().take(12).copied().collect::<Vec<_>>().join(", ")),
    })
}
