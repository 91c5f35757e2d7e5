//! Templates: their interfaces, what stands behind them, and what every task that uses them inherits.

use std::collections::BTreeSet;
use std::time::Duration;

use indexmap::IndexMap;
use pipewright_plan::{
    ArtifactInput, ArtifactOutput, Caching, Component, ComponentKind, Inputs, Outputs, ParameterInput,
    ParameterOutput, ParameterType, Retry, RetryOn, Task, Trigger, Value, read_duration,
};

use super::source::{self, Source, named, named_artifacts, unsupported};
use super::text::Interface;
use super::{artifact, artifact_type, companion, container, dag, lock, suspend, text};
use crate::decode::Context;
use crate::v1::tags::{Piece, Tag, split};
use crate::v1::workflow::{Artifact, Template, Whole};

/// Lowers one template to the component of that name.
pub(super) fn lower<'w>(
    source: &Source<'w>,
    (name, template): (&str, &'w Template),
    cx: &mut Context,
) -> Option<Component> {
    refuse(template, cx);
    let interface = Interface { source, template };
    let mut kind = if let Some(spec) = &template.dag {
        ComponentKind::Dag(dag::lower(source, (name, template), spec, cx))
    } else if template.steps.is_some() {
        ComponentKind::Dag(dag::lower_steps(source, (name, template), cx))
    } else if let Some(deletion) = deletion(&interface, cx) {
        ComponentKind::Resource(deletion)
    } else if let Some(spec) = &template.container {
        cx.within("container", |cx| container::lower(&interface, spec, cx)).map(ComponentKind::Container)?
    } else if let Some(spec) = &template.script {
        cx.within("script", |cx| container::lower(&interface, spec, cx)).map(ComponentKind::Container)?
    } else if let Some(spec) = &template.resource {
        ComponentKind::Resource(container::resource(&interface, spec, cx)?)
    } else if let Some(spec) = &template.suspend {
        ComponentKind::Suspend(suspend::lower(&interface, spec, cx))
    } else {
        let is_told = [&template.http, &template.data, &template.container_set, &template.plugin]
            .into_iter()
            .any(Option::is_some);
        if !is_told {
            cx.error("missing-field", template.span, "the template does not say what it runs")
                .hint("a template has `container`, `script`, `resource`, `suspend`, `dag` or `steps`");
        }
        return None;
    };
    match &mut kind {
        ComponentKind::Container(main) => main.companions = companion::lower(&interface, main, cx),
        _ => companion::refuse(&interface, cx),
    }
    let is_group = matches!(kind, ComponentKind::Dag(_));
    let inputs = inputs(&interface, is_group, cx);
    let outputs = outputs(&interface, is_group, cx);
    let locks = lock::lower(&interface, cx);
    Some(Component { inputs, outputs, locks, kind })
}

/// Makes the standard output an output of a component.
pub(super) fn capture(component: &mut Component, key: &str) {
    if let ComponentKind::Container(container) = &mut component.kind {
        container.result = Some(key.to_owned());
        let output =
            ParameterOutput { parameter_type: ParameterType::String, description: None, default: None };
        component.outputs.parameters.insert(key.to_owned(), output);
    }
}

fn deletion(interface: &Interface<'_, '_>, cx: &mut Context) -> Option<pipewright_plan::Resource> {
    let spec = interface.template.container.as_ref()?;
    cx.within("container", |cx| container::deletion(interface, spec, cx))
}

fn refuse(template: &Template, cx: &mut Context) {
    let later = "leave it out";
    let fields = [
        ("http", &template.http, "make the request in a container"),
        ("data", &template.data, "list the files in a container"),
        ("containerSet", &template.container_set, "make a task of each container"),
        ("plugin", &template.plugin, later),
    ];
    for (name, field, hint) in fields {
        let is_empty = |value: &Value| matches!(value, Value::Array(items) if items.is_empty());
        if let Some(field) = field.as_ref().filter(|field| !is_empty(&field.value)) {
            unsupported(cx, name, field.span, hint);
        }
    }
    if let Some(daemon) = template.daemon.as_ref().filter(|daemon| daemon.value) {
        unsupported(cx, "daemon", daemon.span, later);
    }
    let has_memo = template.container.is_some() || template.script.is_some();
    if let Some(memoize) = template.memoize.as_ref().filter(|_| !has_memo) {
        unsupported(cx, "memoize", memoize.span, "set it in templates with a container or a script");
    }
    let is_group = template.dag.is_some() || template.steps.is_some();
    if let Some(retry) = template.retry_strategy.as_ref().filter(|_| is_group) {
        unsupported(cx, "retryStrategy", retry.span, "set it in the templates of the tasks inside");
    }
    if let Some(limit) = template.active_deadline_seconds.as_ref().filter(|_| is_group) {
        unsupported(cx, "activeDeadlineSeconds", limit.span, "set it in the templates of the tasks inside");
    }
}

fn inputs(interface: &Interface<'_, '_>, is_group: bool, cx: &mut Context) -> Inputs {
    let mut inputs = Inputs::default();
    cx.within("inputs", |cx| {
        source::check_parameters("input", interface.template.input_parameters(), cx);
        source::check_artifacts("input", interface.template.input_artifacts(), cx);
        for (name, input) in named(interface.template.input_parameters()) {
            if let Some(from) = &input.value_from {
                unsupported(cx, "valueFrom", from.span, "give the input a `value` or a `default`");
            }
            let default = input.default.as_ref().or(input.value.as_ref());
            let lowered = ParameterInput {
                parameter_type: ParameterType::String,
                default: default.map(|text| Value::from(text.value.clone())),
                optional: false,
                literals: input.enumeration.iter().map(|word| Value::from(word.value.clone())).collect(),
                description: input.description.as_ref().map(|text| text.value.clone()),
            };
            inputs.parameters.insert(name.value.clone(), lowered);
        }
        let mut paths = BTreeSet::new();
        for (name, input) in named_artifacts(interface.template.input_artifacts()) {
            has_location(input, cx);
            artifact::check(input, cx);
            match &input.path {
                Some(path) if !is_group && !paths.insert(path.value.as_str()) => {
                    cx.error("wrong-value", path.span, format!("two artifacts are at {}", path.value));
                }
                None if !is_group => {
                    cx.error("missing-field", input.span, format!("artifact `{}` has no `path`", name.value));
                }
                _ => {}
            }
            let data = input.raw.as_ref().and_then(|raw| raw.data.as_ref());
            let lowered = ArtifactInput {
                artifact_type: artifact_type(),
                optional: input.optional.unwrap_or_default(),
                is_list: false,
                description: None,
                default: data.map(|data| interface.text(data, cx)),
            };
            inputs.artifacts.insert(name.value.clone(), lowered);
        }
    });
    inputs
}

/// Tells (and records) whether an artifact is bound to a place outside.
pub(super) fn has_location(artifact: &Artifact, cx: &mut Context) -> bool {
    let places = [
        ("s3", &artifact.s3),
        ("gcs", &artifact.gcs),
        ("http", &artifact.http),
        ("git", &artifact.git),
        ("hdfs", &artifact.hdfs),
        ("oss", &artifact.oss),
        ("azure", &artifact.azure),
        ("artifactory", &artifact.artifactory),
    ];
    let mut found = false;
    for (name, place) in places {
        if let Some(place) = place {
            found = true;
            unsupported(cx, name, place.span, "fetch the bytes in the command");
        }
    }
    found
}

fn outputs(interface: &Interface<'_, '_>, is_group: bool, cx: &mut Context) -> Outputs {
    let mut outputs = Outputs::default();
    cx.within("outputs", |cx| {
        source::check_parameters("output", interface.template.output_parameters(), cx);
        source::check_artifacts("output", interface.template.output_artifacts(), cx);
        for (name, output) in named(interface.template.output_parameters()) {
            let is_inline = interface.template.name.is_none();
            if let Some(global) = output.global_name.as_ref().filter(|_| is_inline) {
                unsupported(cx, "globalName", global.span, "give the template a name of its own");
            }
            let default =
                output.value_from.as_ref().and_then(|from| from.default.as_ref()).or(output.default.as_ref());
            let lowered = ParameterOutput {
                parameter_type: ParameterType::String,
                description: output.description.as_ref().map(|text| text.value.clone()),
                default: default.map(|text| Value::from(text.value.clone())),
            };
            outputs.parameters.insert(name.value.clone(), lowered);
        }
        for (name, output) in named_artifacts(interface.template.output_artifacts()) {
            has_location(output, cx);
            artifact::check(output, cx);
            let is_inline = interface.template.name.is_none();
            if let Some(global) = output.global_name.as_ref().filter(|_| is_inline) {
                unsupported(cx, "globalName", global.span, "give the template a name of its own");
            }
            if output.path.is_none() && !is_group {
                cx.error("missing-field", output.span, format!("artifact `{}` has no `path`", name.value));
            }
            let lowered = ArtifactOutput {
                artifact_type: artifact_type(),
                is_list: false,
                metadata: serde_json::Map::new(),
                description: None,
            };
            outputs.artifacts.insert(name.value.clone(), lowered);
        }
    });
    outputs
}

/// Reads a limit of things at once; none, or less than one, is no limit.
pub(super) fn parallelism(limit: &Whole, cx: &mut Context) -> Option<u32> {
    if limit.value.is_none() {
        cx.within("parallelism", |cx| {
            cx.error("unsupported", limit.span, "the limit must be a number, not a tag");
        });
    }
    limit.value.filter(|limit| *limit > 0).map(|limit| u32::try_from(limit).unwrap_or(u32::MAX))
}

/// Makes a task that runs once, as soon as it may.
pub(super) fn plain_task(component: &str) -> Task {
    Task {
        display_name: component.to_owned(),
        component: component.to_owned(),
        parameters: IndexMap::new(),
        artifacts: IndexMap::new(),
        upstream: BTreeSet::new(),
        trigger: Trigger::default(),
        iterator: None,
        retry: None,
        caching: Caching::default(),
        timeout: None,
    }
}

/// Lowers the retry strategy of what a task runs. Source: v1 semantics 2.6.
pub(super) fn retry(interface: &Interface<'_, '_>, cx: &mut Context) -> Option<Retry> {
    let template = interface.template;
    if template.dag.is_some() || template.steps.is_some() {
        return None;
    }
    let spec = template.retry_strategy.as_ref()?;
    cx.within("retryStrategy", |cx| {
        let condition = spec.expression.as_ref().and_then(|expression| {
            cx.within("expression", |cx| {
                let variables = &mut |tag: &Tag| interface.variable(tag);
                text::expression(&expression.value, expression.span, cx, variables)
            })
        });
        let max_retries = match spec.limit.as_ref().map(|limit| limit.value) {
            None | Some(None) => u32::MAX,
            Some(Some(limit)) => u32::try_from(limit.max(0)).unwrap_or(u32::MAX),
        };
        let tagged = spec.limit.as_ref().filter(|limit| limit.value.is_none());
        let limit_input = tagged.and_then(|limit| cx.within("limit", |cx| input_of(interface, limit, cx)));
        // An expression alone decides, unless a policy is named beside it.
        let usual = if condition.is_some() { "Always" } else { "OnFailure" };
        let policy = spec.retry_policy.as_ref().map(|policy| policy.value.as_str());
        let on = match policy.filter(|policy| !policy.is_empty()).unwrap_or(usual) {
            "OnFailure" => RetryOn::Failure,
            "OnError" | "OnTransientError" => RetryOn::Error,
            "Always" => RetryOn::Any,
            other => {
                let span = spec.retry_policy.as_ref().map_or(spec.span, |policy| policy.span);
                let message = format!("`{other}` is no retry policy");
                cx.within("retryPolicy", |cx| {
                    cx.error("wrong-value", span, message)
                        .hint("one of: OnFailure, OnError, OnTransientError, Always");
                });
                RetryOn::Failure
            }
        };
        let mut retry = Retry {
            max_retries,
            limit_input,
            backoff: Duration::ZERO,
            factor: 1.0,
            max_backoff: None,
            on,
            within: None,
            condition,
        };
        if let Some(backoff) = &spec.backoff {
            cx.within("backoff", |cx| {
                let mut time = |field: &'static str, text: &Option<crate::v1::workflow::AnyText>| {
                    let text = text.as_ref()?;
                    let found = read_duration(&text.value);
                    if found.is_none() {
                        cx.within(field, |cx| {
                            cx.error("wrong-value", text.span, format!("`{}` is no duration", text.value))
                                .hint("seconds, or such as `30s`, `2m`, `1h30m`");
                        });
                    }
                    found
                };
                retry.backoff = time("duration", &backoff.duration).unwrap_or_default();
                retry.within = time("maxDuration", &backoff.max_duration);
                retry.max_backoff = time("cap", &backoff.cap);
                if let Some(text) = &backoff.factor {
                    match text
                        .value
                        .parse::<f64>()
                        .ok()
                        .filter(|factor| factor.fract() == 0.0 && *factor >= 0.0)
                    {
                        Some(factor) => retry.factor = if factor > 0.0 { factor } else { 1.0 },
                        None => {
                            cx.within("factor", |cx| {
                                cx.error("wrong-value", text.span, "the back-off factor is a whole number");
                            });
                        }
                    }
                }
            });
        }
        Some(retry)
    })
}

/// Returns the input parameter that a number is taken from.
fn input_of(interface: &Interface<'_, '_>, written: &Whole, cx: &mut Context) -> Option<String> {
    let pieces = split(&written.text);
    let [Piece::Tag(tag @ Tag::InputParameter(name))] = pieces.as_slice() else {
        cx.error("unsupported", written.span, "the limit must be a number, or one input parameter")
            .hint("write `{{inputs.parameters.NAME}}`");
        return None;
    };
    let known = named(interface.template.input_parameters()).map(|(name, _)| name.value.as_str());
    text::is_known(tag, name, known, written.span, cx).then(|| name.clone())
}

/// Lowers the limit for one attempt.
pub(super) fn timeout(template: &Template, cx: &mut Context) -> Option<Duration> {
    if template.dag.is_some() || template.steps.is_some() {
        return None;
    }
    let limit = template.active_deadline_seconds.as_ref();
    let seconds = limit.and_then(|limit| match limit.value.and_then(|seconds| u64::try_from(seconds).ok()) {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => {
            cx.within("activeDeadlineSeconds", |cx| {
                cx.error("unsupported", limit.span, "the limit must be a number of seconds");
            });
            None
        }
    });
    let text = template.timeout.as_ref().and_then(|text| {
        let found = read_duration(&text.value);
        if found.is_none() {
            let message = format!("`{}` is no duration", text.value);
            cx.within("timeout", |cx| {
                cx.error("wrong-value", text.span, message);
            });
        }
        found
    });
    match (seconds, text) {
        (Some(seconds), Some(text)) => Some(seconds.min(text)),
        (seconds, text) => seconds.or(text),
    }
}
