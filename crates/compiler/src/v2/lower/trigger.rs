//! When a task fires and how often it is tried: conditions, strategies, retry policies.

use std::time::Duration;

use pipewright_plan::{Expr, Retry, RetryOn, Trigger, TriggerStrategy};

use super::component;
use crate::decode::{Context, Text};
use crate::v2::cel;
use crate::v2::spec::{self, ComponentSpec, RetryPolicy, TaskInputsSpec, TriggerPolicy};
use crate::yaml::Span;

/// What the SDK writes when a policy says nothing of it.
const DEFAULT_FACTOR: f64 = 2.0;
const DEFAULT_MAX_BACKOFF: Duration = Duration::from_secs(3_600);

/// Lowers a trigger policy.
pub(super) fn trigger(
    policy: &TriggerPolicy,
    inputs: &TaskInputsSpec,
    component: Option<&ComponentSpec>,
    cx: &mut Context,
) -> Trigger {
    let condition = policy.condition.as_ref().filter(|condition| !condition.value.trim().is_empty());
    let condition = condition.and_then(|text| {
        cx.within("condition", |cx| {
            let parsed = expression(text, &["inputs", "outputs"], cx)?;
            check_names(&parsed, text.span, (inputs, component), cx);
            Some(parsed)
        })
    });
    let strategy = match policy.strategy {
        Some(spec::TriggerStrategy::AllCompleted) => TriggerStrategy::AllCompleted,
        Some(spec::TriggerStrategy::AllSucceeded | spec::TriggerStrategy::Unspecified) | None => {
            TriggerStrategy::AllSucceeded
        }
    };
    Trigger { strategy, condition, ready: None, watches: None }
}

/// Parses an expression over the given variables.
pub(super) fn expression(text: &Text, variables: &[&str], cx: &mut Context) -> Option<Expr> {
    match cel::parse(&text.value, variables) {
        Ok(expr) => Some(expr),
        Err(error) => {
            let message = format!("the expression is wrong at its character {}: {}", error.at, error.message);
            let diagnostic = cx.error("wrong-expression", text.span, message);
            diagnostic.hint = error.hint;
            None
        }
    }
}

/// Reports inputs that a condition names and the task does not have: asking for them always fails.
fn check_names(
    expr: &Expr,
    span: Span,
    (inputs, component): (&TaskInputsSpec, Option<&ComponentSpec>),
    cx: &mut Context,
) {
    let mut names = Vec::new();
    named_parameters(expr, &mut names);
    names.sort_unstable();
    names.dedup();
    let Some(component) = component else { return };
    for name in names {
        if !inputs.parameters.contains_key(name) && !component.declares_parameter(name) {
            let message =
                format!("the condition asks for input parameter `{name}`, which the task does not have");
            let known = inputs.parameters.keys().map(String::as_str).chain(component.input_parameters());
            cx.error("unknown-input", span, message).hint(component::suggestion(name, known));
        }
    }
}

/// Collects `x` of each `inputs.parameter_values['x']`.
fn named_parameters<'e>(expr: &'e Expr, names: &mut Vec<&'e str>) {
    let is_parameters = |operand: &Expr| {
        matches!(operand, Expr::Select { operand, field } if field == "parameter_values"
            && matches!(&**operand, Expr::Variable { name } if name == "inputs"))
    };
    match expr {
        Expr::Literal { .. } | Expr::Variable { .. } => {}
        Expr::Index { operand, index } => {
            match &**index {
                Expr::Literal { value: serde_json::Value::String(name) } if is_parameters(operand) => {
                    names.push(name);
                }
                index => named_parameters(index, names),
            }
            named_parameters(operand, names);
        }
        Expr::Select { operand, field } => {
            if is_parameters(operand) {
                names.push(field);
            }
            named_parameters(operand, names);
        }
        // `has` is how one asks for what may be missing.
        Expr::Has { .. } => {}
        Expr::Call { arguments: items, .. } | Expr::Named { arguments: items, .. } | Expr::List { items } => {
            items.iter().for_each(|item| named_parameters(item, names));
        }
        Expr::Map { entries } => entries.iter().for_each(|(key, item)| {
            named_parameters(key, names);
            named_parameters(item, names);
        }),
        Expr::Fold { range, body, transform, .. } => {
            [Some(range), Some(body), transform.as_ref()].into_iter().flatten().for_each(|part| {
                named_parameters(part, names);
            });
        }
    }
}

/// Lowers a retry policy.
pub(super) fn retry(policy: &RetryPolicy, cx: &mut Context) -> Option<Retry> {
    cx.within("retryPolicy", |cx| {
        let count = policy.max_retry_count.as_ref();
        let max_retries = match u32::try_from(count.map_or(0, |count| count.value)) {
            Ok(max_retries) => max_retries,
            Err(_) => {
                let span = count.map_or(policy.span, |count| count.span);
                cx.within("maxRetryCount", |cx| {
                    cx.error("wrong-value", span, "the number of retries is negative");
                });
                return None;
            }
        };
        let factor = policy.backoff_factor.as_ref().map_or(0.0, |factor| factor.value);
        if factor < 0.0 {
            let span = policy.backoff_factor.as_ref().map_or(policy.span, |factor| factor.span);
            cx.error("wrong-value", span, "the back-off factor is negative");
        }
        let max_backoff = policy.backoff_max_duration.filter(|duration| !duration.is_zero());
        Some(Retry {
            limit_input: None,
            max_retries,
            backoff: policy.backoff_duration.unwrap_or_default(),
            factor: if factor > 0.0 { factor } else { DEFAULT_FACTOR },
            max_backoff: Some(max_backoff.unwrap_or(DEFAULT_MAX_BACKOFF)),
            on: RetryOn::Any,
            within: None,
            condition: None,
        })
    })
}
