//! Tasks: the uses of templates, what they are given, on what condition and how often.

use pipewright_plan::{Expr, Task, Trigger, TriggerStrategy};

use super::bind::{Bindings, Scope, inline_name};
use super::order::Order;
use super::source::{self, named, named_artifacts, suggestion};
use super::template;
use super::text::Interface;
use super::{artifact, repeat, reuse};
use crate::decode::Context;
use crate::v1::tags::split;
use crate::v1::when;
use crate::v1::workflow::{Arguments, DagTask, Template};
use crate::yaml::Span;

/// Lowers one task; `None` when its template is not known.
pub(super) fn lower<'w>(
    scope: &Scope<'_, 'w>,
    (name, spec): (&str, &'w DagTask),
    order: &Order,
    cx: &mut Context,
) -> Option<Task> {
    let (component, template) = resolve(scope, (name, spec), cx)?;
    let mut bindings = Bindings::new(*scope, order.upstream.clone(), repeat::loops(spec));
    arguments(&mut bindings, (spec.arguments.as_ref(), spec.span), template, cx);
    let condition = condition(&mut bindings, spec, cx);
    let iterator = repeat::lower(&mut bindings, spec, condition.clone(), cx);
    // Inside a loop the condition is asked for each item.
    let once = condition.filter(|_| iterator.is_none());
    let trigger = Trigger {
        strategy: TriggerStrategy::NoneFailed,
        condition: once,
        ready: order.ready.clone(),
        watches: None,
    };
    Some(Task {
        display_name: display_name(template).unwrap_or_else(|| name.to_owned()),
        component,
        parameters: bindings.parameters,
        artifacts: bindings.artifacts,
        upstream: bindings.upstream,
        trigger,
        iterator,
        retry: template::retry(&Interface { source: scope.source, template }, cx),
        caching: reuse::lower(&Interface { source: scope.source, template }, cx),
        timeout: template::timeout(template, cx),
    })
}

fn resolve<'w>(
    scope: &Scope<'_, 'w>,
    (task, spec): (&str, &'w DagTask),
    cx: &mut Context,
) -> Option<(String, &'w Template)> {
    if let Some(inline) = spec.inline.as_deref() {
        let name = inline_name(scope.component, task);
        let lowered = cx.within("inline", |cx| template::lower(scope.source, (&name, inline), cx))?;
        scope.source.inline.borrow_mut().insert(name.clone(), lowered);
        return Some((name, inline));
    }
    // A reference that leads somewhere has been replaced.
    if spec.template_ref.is_some() {
        return None;
    }
    let Some(name) = &spec.template else {
        cx.error("missing-field", spec.span, "the task does not say which template it runs")
            .hint("set `template`");
        return None;
    };
    let found = scope.source.template(&name.value).map(|template| (name.value.clone(), template));
    if found.is_none() {
        let message = format!("there is no template `{}`", name.value);
        let hint = suggestion(&name.value, scope.source.names());
        cx.within("template", |cx| cx.error("unknown-template", name.span, message).hint(hint));
    }
    found
}

/// The label that the SDK gives a step.
fn display_name(template: &Template) -> Option<String> {
    let annotations = &template.metadata.as_ref()?.annotations;
    let key = "pipelines.kubeflow.org/task_display_name";
    annotations.get(key).map(|name| name.value.value.clone()).filter(|name| !name.is_empty())
}

/// Binds what a template is given, and reports what it is not.
pub(super) fn arguments(
    bindings: &mut Bindings<'_, '_>,
    (arguments, span): (Option<&Arguments>, Span),
    template: &Template,
    cx: &mut Context,
) {
    cx.within("arguments", |cx| {
        if let Some(arguments) = arguments {
            source::check_parameters("argument", &arguments.parameters, cx);
            source::check_artifacts("argument", &arguments.artifacts, cx);
        }
        cx.within("parameters", |cx| {
            let parameters = arguments.map(|arguments| arguments.parameters.as_slice()).unwrap_or_default();
            for (index, parameter) in parameters.iter().enumerate() {
                let Some(name) = &parameter.name else { continue };
                cx.within(format!("[{index}]"), |cx| {
                    if let Some(from) = &parameter.value_from {
                        cx.within("valueFrom", |cx| match &from.expression {
                            Some(text) => {
                                cx.within("expression", |cx| bindings.computed(&name.value, text, cx));
                            }
                            None => {
                                cx.error("unsupported", from.span, "only an `expression` can be given here")
                                    .hint("give the argument a `value`");
                            }
                        });
                    } else if let Some(value) = &parameter.value {
                        bindings.parameter(&name.value, &value.value, value.span, cx);
                    }
                });
            }
        });
        cx.within("artifacts", |cx| {
            let artifacts = arguments.map(|arguments| arguments.artifacts.as_slice()).unwrap_or_default();
            for (index, artifact) in artifacts.iter().enumerate() {
                let Some(name) = &artifact.name else { continue };
                cx.within(format!("[{index}]"), |cx| artifact::argument(bindings, name, artifact, cx));
            }
        });
    });
    check_given(bindings, span, template, cx);
}

/// Reports inputs of the template that nobody gives a value.
fn check_given(bindings: &Bindings<'_, '_>, span: Span, template: &Template, cx: &mut Context) {
    for (name, input) in named(template.input_parameters()) {
        let has_own = input.default.is_some() || input.value.is_some();
        let is_given =
            bindings.parameters.contains_key(&name.value) || bindings.each.contains_key(&name.value);
        if !has_own && !is_given {
            let message = format!("input parameter `{}` of the template is not given", name.value);
            cx.error("missing-input", span, message).hint("add it to `arguments.parameters`");
        }
    }
    for (name, input) in named_artifacts(template.input_artifacts()) {
        let has_own = input.optional.unwrap_or_default() || input.raw.is_some();
        let is_given =
            bindings.artifacts.contains_key(&name.value) || bindings.each_artifacts.contains_key(&name.value);
        if !has_own && !is_given {
            let message = format!("input artifact `{}` of the template is not given", name.value);
            cx.error("missing-input", span, message).hint("add it to `arguments.artifacts`");
        }
    }
}

fn condition(bindings: &mut Bindings<'_, '_>, spec: &DagTask, cx: &mut Context) -> Option<Expr> {
    let text = spec.when.as_ref().filter(|text| !text.value.trim().is_empty())?;
    cx.within("when", |cx| {
        let mut count = 0;
        let mut operand = |pieces: &[crate::v1::tags::Piece]| {
            count += 1;
            bindings.operand(count - 1, pieces, text.span, cx)
        };
        match when::parse(&split(&text.value), &mut operand) {
            Ok(expr) => Some(expr),
            Err(wrong) => {
                let found = cx.error(
                    "wrong-expression",
                    text.span,
                    format!("the condition is wrong: {}", wrong.message),
                );
                found.hint = wrong.hint;
                None
            }
        }
    })
}
