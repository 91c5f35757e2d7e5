//! Templates that wait, and the values that whoever lets them go on gives.

use pipewright_plan::{Supplied, Suspend, read_duration};

use super::source::{named, unsupported};
use super::text::Interface;
use crate::decode::Context;
use crate::v1::workflow;

/// Lowers a wait. Source: v1 semantics 4.
pub(super) fn lower(interface: &Interface<'_, '_>, spec: &workflow::Suspend, cx: &mut Context) -> Suspend {
    let template = interface.template;
    let mut suspend = Suspend::default();
    cx.within("suspend", |cx| {
        let Some(text) = spec.duration.as_ref().filter(|text| !text.value.is_empty()) else { return };
        cx.within("duration", |cx| {
            let duration = interface.any_text(text, cx);
            if duration.as_literal().is_some_and(|text| read_duration(text).is_none()) {
                cx.error("wrong-value", text.span, format!("`{}` is no duration", text.value))
                    .hint("seconds, or such as `30s`, `2m`, `1h30m`");
            }
            suspend.duration = Some(duration);
        });
    });
    let inputs = template.input_parameters();
    cx.within("outputs", |cx| {
        for (name, output) in named(template.output_parameters()) {
            let from = output.value_from.as_ref();
            if from.and_then(|from| from.supplied.as_ref()).is_none() {
                cx.error("unsupported", output.span, "what a suspended task leaves is supplied")
                    .hint("set `valueFrom: {supplied: {}}`");
                continue;
            }
            let input = named(inputs).find(|(input, _)| input.value == name.value).map(|(_, input)| input);
            let choices = match input {
                Some(input) if output.enumeration.is_empty() => &input.enumeration,
                _ => &output.enumeration,
            };
            let supplied = Supplied {
                choices: choices.iter().map(|choice| choice.value.clone()).collect(),
                input: input.map(|_| name.value.clone()),
            };
            suspend.supplied.insert(name.value.clone(), supplied);
        }
        if let Some(artifact) = template.output_artifacts().first() {
            cx.error("unsupported", artifact.span, "a suspended task leaves no artifacts")
                .hint("make them in a task of their own");
        }
    });
    let runs = [
        ("retryStrategy", template.retry_strategy.as_ref().map(|retry| retry.span)),
        ("activeDeadlineSeconds", template.active_deadline_seconds.as_ref().map(|limit| limit.span)),
        ("timeout", template.timeout.as_ref().map(|limit| limit.span)),
    ];
    for (field, span) in runs {
        if let Some(span) = span {
            unsupported(cx, field, span, "a wait has its own `suspend.duration`");
        }
    }
    suspend
}
