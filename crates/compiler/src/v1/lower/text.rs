//! Texts of a template that runs: their tags become placeholders of the template's own inputs, of the run and
//! of the attempt.

use pipewright_plan::{Placeholder, Text, TextPart};

use super::source::{Source, named, named_artifacts, suggestion};
use crate::decode::{self, Context};
use crate::v1::tags::{Piece, Tag, split};
use crate::v1::workflow::{AnyText, Template};
use crate::yaml::Span;

/// Tags that speak of the run and have an answer at run time.
const RUN_TAGS: &[&str] = &[
    "workflow.name",
    "workflow.namespace",
    "workflow.uid",
    "workflow.serviceAccountName",
    "workflow.mainEntrypoint",
    "workflow.parameters",
    "workflow.parameters.json",
    "workflow.annotations",
    "workflow.annotations.json",
    "workflow.labels",
    "workflow.labels.json",
    "workflow.creationTimestamp",
    "workflow.priority",
    "workflow.duration",
    "workflow.scheduledTime",
    "workflow.status",
    "workflow.failures",
];

/// Joins literal parts beside each other.
#[derive(Debug, Default)]
pub(super) struct Parts(Vec<TextPart>);

impl Parts {
    pub fn literal(&mut self, more: &str) {
        if more.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(TextPart::Literal { text }) => text.push_str(more),
            _ => self.0.push(TextPart::Literal { text: more.to_owned() }),
        }
    }

    pub fn placeholder(&mut self, placeholder: Placeholder) {
        self.0.push(TextPart::Placeholder { placeholder });
    }

    pub fn finish(self) -> Text {
        Text { parts: self.0 }
    }
}

/// What can be answered inside a template.
#[derive(Clone, Copy)]
pub(super) struct Interface<'a, 'w> {
    pub source: &'a Source<'w>,
    pub template: &'w Template,
}

impl Interface<'_, '_> {
    /// Lowers a text at the current place.
    pub fn text(&self, text: &decode::Text, cx: &mut Context) -> Text {
        self.read(&text.value, text.span, cx)
    }

    pub fn any_text(&self, text: &AnyText, cx: &mut Context) -> Text {
        self.read(&text.value, text.span, cx)
    }

    pub fn read(&self, text: &str, span: Span, cx: &mut Context) -> Text {
        let mut parts = Parts::default();
        for piece in split(text) {
            match piece {
                Piece::Literal(text) => parts.literal(&text),
                Piece::Tag(tag) => self.tag(&tag, span, &mut parts, cx),
            }
        }
        parts.finish()
    }

    fn tag(&self, tag: &Tag, span: Span, parts: &mut Parts, cx: &mut Context) {
        let template = self.template;
        match tag {
            Tag::InputParameter(name) => {
                let known = named(template.input_parameters()).map(|(name, _)| name.value.as_str());
                if is_known(tag, name, known, span, cx) {
                    parts.placeholder(Placeholder::InputParameter { name: name.clone() });
                }
            }
            Tag::InputArtifactPath(name) => {
                let known = || named_artifacts(template.input_artifacts());
                let found = known().find(|(known, _)| known.value == *name);
                is_known(tag, name, known().map(|(name, _)| name.value.as_str()), span, cx);
                parts
                    .literal(found.and_then(|(_, found)| found.path.as_ref()).map_or("", |path| &path.value));
            }
            Tag::OutputArtifactPath(name) => {
                let known = || named_artifacts(template.output_artifacts());
                let found = known().find(|(known, _)| known.value == *name);
                is_known(tag, name, known().map(|(name, _)| name.value.as_str()), span, cx);
                parts
                    .literal(found.and_then(|(_, found)| found.path.as_ref()).map_or("", |path| &path.value));
            }
            Tag::OutputParameterPath(name) => {
                let known = || named(template.output_parameters());
                let found = known().find(|(known, _)| known.value == *name);
                is_known(tag, name, known().map(|(name, _)| name.value.as_str()), span, cx);
                let path = found.and_then(|(_, found)| found.value_from.as_ref()?.path.as_ref());
                parts.literal(path.map_or("", |path| &path.value));
            }
            Tag::Attempt(name) => parts.placeholder(Placeholder::Tag { name: name.clone() }),
            Tag::Run(_) | Tag::RunParameter(_) => run_tag(self.source, tag, span, parts, cx),
            Tag::InputArtifact(_)
            | Tag::TaskParameter { .. }
            | Tag::TaskArtifact { .. }
            | Tag::TaskFact { .. }
            | Tag::Item
            | Tag::ItemField(_)
            | Tag::Unknown(_) => {
                let message = format!("`{{{{{}}}}}` has no meaning here", tag.name());
                cx.error("unknown-tag", span, message)
                    .hint("hand the value to the template as an input parameter");
            }
            Tag::Expression(_) => expression(span, cx),
        }
    }
}

/// Lowers a tag that speaks of the run.
pub(super) fn run_tag(source: &Source<'_>, tag: &Tag, span: Span, parts: &mut Parts, cx: &mut Context) {
    let name = tag.name();
    match tag {
        Tag::RunParameter(parameter) => {
            if is_known(tag, parameter, source.run_parameters.iter().copied(), span, cx) {
                parts.placeholder(Placeholder::Tag { name });
            }
        }
        _ if name == "workflow.mainEntrypoint" => {
            parts.literal(source.spec.entrypoint.as_ref().map_or("", |entry| &entry.value));
        }
        // The server adds labels of its own, so that only what stands in the file is certain here.
        _ if name.starts_with("workflow.labels.") || name.starts_with("workflow.annotations.") => {
            match source.notes.get(&name) {
                Some(text) => parts.literal(text),
                None => parts.placeholder(Placeholder::Tag { name }),
            }
        }
        _ if RUN_TAGS.contains(&name.as_str()) || name.starts_with("workflow.creationTimestamp.") => {
            parts.placeholder(Placeholder::Tag { name });
        }
        _ => {
            let message = format!("`{{{{{name}}}}}` is no variable of a workflow");
            cx.error("unknown-tag", span, message).hint(suggestion(&name, RUN_TAGS.iter().copied()));
        }
    }
}

pub(super) fn expression(span: Span, cx: &mut Context) {
    cx.error("unsupported", span, "expressions `{{=…}}` are not supported by this release")
        .hint("compute the value in a step and hand it on as a parameter");
}

/// Tells whether a tag names something that exists; records it otherwise.
pub(super) fn is_known<'k>(
    tag: &Tag,
    name: &str,
    known: impl Iterator<Item = &'k str>,
    span: Span,
    cx: &mut Context,
) -> bool {
    let known: Vec<&str> = known.collect();
    let found = known.contains(&name);
    if !found {
        let message = format!("`{{{{{}}}}}` cannot be resolved: there is no `{name}`", tag.name());
        cx.error("unknown-tag", span, message).hint(suggestion(name, known.into_iter()));
    }
    found
}
