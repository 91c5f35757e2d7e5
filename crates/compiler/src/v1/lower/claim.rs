//! Volume claims that each run has for itself. Source: Argo's `volumeClaimTemplates` and `volumeClaimGC`.

use pipewright_plan::{ClaimEnd, Placeholder, RunClaim, Text, TextPart, Value};
use serde_json::{Map, json};

use super::bind;
use super::source::Source;
use crate::decode::{self, Context};
use crate::v1::workflow::{AnyText, ClaimSource, ClaimSpec, ClaimTemplate, Volume, WorkflowSpec};

/// Lists the workflow's volumes: its own, and those of the claims that it has made.
pub(super) fn volumes(spec: &WorkflowSpec) -> Vec<Volume> {
    let made = spec.volume_claim_templates.iter().filter_map(|template| {
        let name = template.metadata.as_ref()?.name.as_ref()?;
        let claim_name =
            decode::Text { value: format!("{{{{workflow.name}}}}-{}", name.value), span: name.span };
        let claim = ClaimSource { span: template.span, claim_name: Some(claim_name), read_only: None };
        Some(Volume {
            span: template.span,
            name: Some(name.clone()),
            persistent_volume_claim: Some(claim),
            ..Volume::default()
        })
    });
    spec.volumes.iter().cloned().chain(made).collect()
}

/// Lowers the claims.
pub(super) fn lower(source: &Source<'_>, cx: &mut Context) -> Vec<RunClaim> {
    let mut claims: Vec<RunClaim> = Vec::new();
    for (index, template) in source.spec.volume_claim_templates.iter().enumerate() {
        let claim = cx.within("volumeClaimTemplates", |cx| {
            cx.within(format!("[{index}]"), |cx| one(source, template, cx))
        });
        let Some(claim) = claim else { continue };
        if claims.iter().any(|other| other.name == claim.name) {
            let message = format!("there is another claim template `{}`", claim.name);
            cx.error("duplicate-name", template.span, message);
        }
        claims.push(claim);
    }
    claims
}

fn one(source: &Source<'_>, template: &ClaimTemplate, cx: &mut Context) -> Option<RunClaim> {
    if let Some(kind) = template.kind.as_ref().filter(|kind| kind.value != "PersistentVolumeClaim") {
        let message = format!("a claim template makes no `{}`", kind.value);
        cx.within("kind", |cx| cx.error("wrong-value", kind.span, message).hint("leave it out"));
    }
    let metadata = template.metadata.as_ref();
    let Some(name) = metadata.and_then(|metadata| metadata.name.as_ref()) else {
        cx.error("missing-field", template.span, "the claim has no name").hint("set `metadata.name`");
        return None;
    };
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.value.is_empty() || !name.value.chars().all(is_part) || name.value.ends_with('-') {
        cx.error("wrong-name", name.span, format!("`{}` is no name of a claim", name.value))
            .hint("lower-case letters, digits and `-`");
    }
    let Some(spec) = &template.spec else {
        cx.error("missing-field", template.span, "the claim has no `spec`")
            .hint("say `accessModes` and `resources`");
        return None;
    };
    let notes = |map: Option<&decode::Map<AnyText>>| {
        let all = map.into_iter().flatten();
        Value::Object(all.map(|(key, keyed)| (key.clone(), json!(keyed.value.value))).collect())
    };
    let manifest = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "labels": notes(metadata.map(|metadata| &metadata.labels)),
            "annotations": notes(metadata.map(|metadata| &metadata.annotations)),
        },
        "spec": fields(spec),
    });
    let text = decode::Text { value: manifest.to_string(), span: template.span };
    let manifest = escaped(bind::run_text(source, &text, cx));
    Some(RunClaim { name: name.value.clone(), manifest })
}

fn fields(spec: &ClaimSpec) -> Value {
    let all = [
        ("accessModes", &spec.access_modes),
        ("resources", &spec.resources),
        ("storageClassName", &spec.storage_class_name),
        ("volumeName", &spec.volume_name),
        ("volumeMode", &spec.volume_mode),
        ("selector", &spec.selector),
        ("dataSource", &spec.data_source),
        ("dataSourceRef", &spec.data_source_ref),
        ("volumeAttributesClassName", &spec.volume_attributes_class_name),
    ];
    let given = all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
    Value::Object(given.collect::<Map<_, _>>())
}

/// Every placeholder stands in a text of the JSON.
fn escaped(text: Text) -> Text {
    let parts = text.parts.into_iter().map(|part| match part {
        TextPart::Placeholder { placeholder } => {
            let inner = Box::new(placeholder);
            TextPart::Placeholder { placeholder: Placeholder::JsonEscape { inner, times: 1 } }
        }
        literal => literal,
    });
    Text { parts: parts.collect() }
}

/// Reads when the claims are deleted.
pub(super) fn end(spec: &WorkflowSpec, cx: &mut Context) -> ClaimEnd {
    let strategy = spec.volume_claim_gc.as_ref().and_then(|gc| gc.strategy.as_ref());
    match strategy.map(|strategy| (strategy.value.as_str(), strategy.span)) {
        None | Some(("" | "OnWorkflowSuccess", _)) => ClaimEnd::Success,
        Some(("OnWorkflowCompletion", _)) => ClaimEnd::Completion,
        Some((other, span)) => {
            let message = format!("`{other}` is no strategy for claims");
            cx.within("volumeClaimGC", |cx| {
                cx.within("strategy", |cx| {
                    cx.error("wrong-value", span, message)
                        .hint("one of: OnWorkflowSuccess, OnWorkflowCompletion");
                });
            });
            ClaimEnd::Success
        }
    }
}
