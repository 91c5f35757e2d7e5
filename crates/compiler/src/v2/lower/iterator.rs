//! Loops: what is looped over, and which input receives the item.

use indexmap::IndexMap;
use pipewright_plan::{Each, Items, IterationKind, LoopPolicy, ParameterBinding, Value, normalize};

use super::{component, unknown_name};
use crate::decode::{Context, Text};
use crate::v2::spec::{ComponentSpec, PipelineTaskSpec};
use crate::yaml::Span;

/// Lowers the loop of a task, when it has one.
pub(super) fn lower(
    spec: &PipelineTaskSpec,
    component: Option<&ComponentSpec>,
    parameters: &IndexMap<String, ParameterBinding>,
    cx: &mut Context,
) -> Option<LoopPolicy> {
    let parallelism = parallelism(spec, cx);
    if let Some(iterator) = &spec.parameter_iterator {
        return cx.within("parameterIterator", |cx| {
            let known = component.map(|component| component.input_parameters().collect());
            let item_input = item_input(iterator.item_input.as_ref(), known, iterator.span, cx);
            let items = iterator.items.as_ref();
            let items = match items.map(|items| (items.raw.as_ref(), items.input_parameter.as_ref())) {
                Some((Some(raw), _)) => cx.within("items", |cx| cx.within("raw", |cx| static_items(raw, cx))),
                Some((None, Some(input))) => {
                    let given: Vec<&str> = parameters.keys().map(String::as_str).collect();
                    if !given.contains(&input.value.as_str()) {
                        let message = format!(
                            "the loop runs over input `{}`, which the task is not given",
                            input.value
                        );
                        unknown_name(cx, "unknown-input", input, message, given.into_iter());
                    }
                    Some(Items::Input { name: input.value.clone() })
                }
                Some((None, None)) | None => {
                    cx.error("missing-field", iterator.span, "the loop does not say what it runs over")
                        .hint("set `items.raw` or `items.inputParameter`");
                    None
                }
            };
            Some(LoopPolicy {
                kind: IterationKind::Parameter,
                items: items?,
                item_input: item_input?,
                parallelism,
                each: Each::default(),
            })
        });
    }
    let iterator = spec.artifact_iterator.as_ref()?;
    cx.within("artifactIterator", |cx| {
        let known = component.map(|component| component.input_artifacts().collect());
        let item_input = item_input(iterator.item_input.as_ref(), known, iterator.span, cx);
        let Some(input) = iterator.items.as_ref().and_then(|items| items.input_artifact.as_ref()) else {
            cx.error("missing-field", iterator.span, "the loop does not say what it runs over")
                .hint("set `items.inputArtifact`");
            return None;
        };
        let given = || spec.inputs.iter().flat_map(|inputs| inputs.artifacts.keys()).map(String::as_str);
        if !given().any(|name| name == input.value) {
            let message = format!("the loop runs over input `{}`, which the task is not given", input.value);
            unknown_name(cx, "unknown-input", input, message, given());
        }
        let items = Items::Input { name: input.value.clone() };
        let item_input = item_input?;
        let kind = IterationKind::Artifact;
        Some(LoopPolicy { kind, items, item_input, parallelism, each: Each::default() })
    })
}

fn parallelism(spec: &PipelineTaskSpec, cx: &mut Context) -> Option<u32> {
    let limit = spec.iterator_policy.as_ref()?.parallelism_limit.as_ref()?;
    match u32::try_from(limit.value) {
        Ok(0) => None,
        Ok(limit) => Some(limit),
        Err(_) => {
            cx.within("iteratorPolicy", |cx| {
                let message = format!("the parallelism limit `{}` is negative", limit.value);
                cx.error("wrong-value", limit.span, message).hint("0 means no limit");
            });
            None
        }
    }
}

fn item_input(
    input: Option<&Text>,
    known: Option<Vec<&str>>,
    span: Span,
    cx: &mut Context,
) -> Option<String> {
    let Some(input) = input else {
        cx.error("missing-field", span, "the loop does not say which input receives the item")
            .hint("set `itemInput`");
        return None;
    };
    // A missing component is reported where it is referred to.
    if let Some(known) = known
        && !known.contains(&input.value.as_str())
    {
        let message = format!("the component has no input `{}` to receive the item", input.value);
        cx.within("itemInput", |cx| unknown_name(cx, "unknown-input", input, message, known.into_iter()));
    }
    Some(input.value.clone())
}

fn static_items(raw: &Text, cx: &mut Context) -> Option<Items> {
    match serde_json::from_str::<Value>(&raw.value) {
        Ok(list @ Value::Array(_)) => {
            component::check_depth(&list, raw.span, cx);
            let Value::Array(values) = normalize(list) else { return None };
            Some(Items::Static { values })
        }
        Ok(other) => {
            let kind = pipewright_plan::kind_name(&other);
            cx.error("wrong-value", raw.span, format!("the items of a loop are a JSON list, found a {kind}"));
            None
        }
        Err(error) => {
            let message = format!("the items of a loop are a JSON list, and this is no JSON: {error}");
            cx.error("wrong-value", raw.span, message);
            None
        }
    }
}
