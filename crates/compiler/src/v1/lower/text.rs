//! Texts of a template that runs: their tags become placeholders of the template's own inputs, of the run and
//! of the attempt.

use pipewright_plan::{Expr, Placeholder, Text, TextPart, Value};

use super::source::{Source, named, named_artifacts, suggestion};
use crate::decode::{self, Context};
use crate::v1::expression::{self, Variables, Wrong};
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

    pub fn expression(&mut self, text: &str, span: Span, cx: &mut Context, variables: &mut Variables<'_>) {
        if let Some(expr) = expression(text, span, cx, variables) {
            self.placeholder(Placeholder::Expression { text: text.to_owned(), expr: Box::new(expr) });
        }
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
            Tag::InputParameters => parts.placeholder(Placeholder::Tag { name: tag.name() }),
            Tag::Run(_) | Tag::RunParameter(_) => run_tag(self.source, tag, span, parts, cx),
            Tag::InputArtifact(_)
            | Tag::TaskParameter { .. }
            | Tag::TaskArtifact { .. }
            | Tag::TaskResult { .. }
            | Tag::TaskFact { .. }
            | Tag::Item
            | Tag::ItemField(_)
            | Tag::Unknown(_) => {
                cx.error("unknown-tag", span, no_meaning(tag).message).hint(HAND_ON);
            }
            Tag::Expression(text) => {
                parts.expression(text, span, cx, &mut |tag| self.variable(tag));
            }
        }
    }

    /// Says what a tag is in an expression of the template.
    pub fn variable(&self, tag: &Tag) -> Result<Expr, Wrong> {
        let template = self.template;
        let literal = |text: Option<&str>| Expr::Literal { value: Value::from(text.unwrap_or_default()) };
        let artifact = |known: &'_ [crate::v1::workflow::Artifact], name: &str| {
            let found = named_artifacts(known).find(|(known, _)| known.value == name);
            found.map(|(_, found)| found.path.as_ref().map(|path| path.value.clone()).unwrap_or_default())
        };
        match tag {
            Tag::InputParameter(name) => {
                known(tag, name, named(template.input_parameters()).map(|(name, _)| name.value.as_str()))?;
                Ok(Expr::Variable { name: tag.name() })
            }
            Tag::InputParameters | Tag::Attempt(_) => Ok(Expr::Variable { name: tag.name() }),
            Tag::InputArtifactPath(name) | Tag::OutputArtifactPath(name) => {
                let is_input = matches!(tag, Tag::InputArtifactPath(_));
                let all = if is_input { template.input_artifacts() } else { template.output_artifacts() };
                known(tag, name, named_artifacts(all).map(|(name, _)| name.value.as_str()))?;
                Ok(literal(artifact(all, name).as_deref()))
            }
            Tag::OutputParameterPath(name) => {
                let all = || named(template.output_parameters());
                known(tag, name, all().map(|(name, _)| name.value.as_str()))?;
                let found = all().find(|(known, _)| known.value == *name);
                let path = found.and_then(|(_, found)| found.value_from.as_ref()?.path.as_ref());
                Ok(literal(path.map(|path| path.value.as_str())))
            }
            Tag::Run(_) | Tag::RunParameter(_) => run_variable(self.source, tag),
            Tag::InputArtifact(_)
            | Tag::TaskParameter { .. }
            | Tag::TaskArtifact { .. }
            | Tag::TaskResult { .. }
            | Tag::TaskFact { .. }
            | Tag::Item
            | Tag::ItemField(_)
            | Tag::Unknown(_)
            | Tag::Expression(_) => Err(Wrong { hint: Some(HAND_ON.to_owned()), ..no_meaning(tag) }),
        }
    }
}

const HAND_ON: &str = "hand the value to the template as an input parameter";

/// Says that a tag is none of this place.
pub(super) fn no_meaning(tag: &Tag) -> Wrong {
    Wrong { message: format!("`{{{{{}}}}}` has no meaning here", tag.name()), hint: None }
}

/// Says what a tag of the run is in an expression.
pub(super) fn run_variable(source: &Source<'_>, tag: &Tag) -> Result<Expr, Wrong> {
    let name = tag.name();
    let literal = |text: &str| Expr::Literal { value: Value::from(text) };
    match tag {
        Tag::RunParameter(parameter) => {
            known(tag, parameter, source.run_parameters.iter().copied())?;
            Ok(Expr::Variable { name })
        }
        _ if name == "workflow.mainEntrypoint" => {
            Ok(literal(source.spec.entrypoint.as_ref().map_or("", |entry| &entry.value)))
        }
        _ if name == "workflow.serviceAccountName" => Ok(account(source, &name)),
        _ if name == "workflow.priority" && priority(source).is_some() => {
            Ok(literal(&priority(source).unwrap_or_default()))
        }
        _ if source.notes.contains_key(&name) => Ok(literal(source.notes[&name])),
        _ if is_run_tag(source, &name) => Ok(Expr::Variable { name }),
        _ => Err(Wrong {
            message: format!("`{name}` is no variable of a workflow"),
            hint: Some(suggestion(&name, RUN_TAGS.iter().copied())),
        }),
    }
}

fn is_run_tag(source: &Source<'_>, name: &str) -> bool {
    let global = name.strip_prefix("workflow.outputs.parameters.");
    global.is_some_and(|global| source.globals.contains_key(global))
        || RUN_TAGS.contains(&name)
        || ["workflow.labels.", "workflow.annotations.", "workflow.creationTimestamp."]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// Lowers an expression; what its variables are is the caller's to say.
pub(super) fn expression(
    text: &str,
    span: Span,
    cx: &mut Context,
    variables: &mut Variables<'_>,
) -> Option<Expr> {
    match expression::parse(text, variables) {
        Ok(expr) => Some(expr),
        Err(wrong) => {
            let message = format!("the expression is wrong: {}", wrong.message);
            cx.error("wrong-expression", span, message).hint = wrong.hint;
            None
        }
    }
}

/// Tells whether a tag names something that exists.
pub(super) fn known<'k>(tag: &Tag, name: &str, known: impl Iterator<Item = &'k str>) -> Result<(), Wrong> {
    let known: Vec<&str> = known.collect();
    if known.contains(&name) {
        return Ok(());
    }
    Err(Wrong {
        message: format!("`{{{{{}}}}}` cannot be resolved: there is no `{name}`", tag.name()),
        hint: Some(suggestion(name, known.into_iter())),
    })
}

/// Lowers a tag that speaks of the run.
pub(super) fn run_tag(source: &Source<'_>, tag: &Tag, span: Span, parts: &mut Parts, cx: &mut Context) {
    let name = tag.name();
    let all = all_notes(&name);
    match tag {
        Tag::RunParameter(parameter) => {
            if is_known(tag, parameter, source.run_parameters.iter().copied(), span, cx) {
                parts.placeholder(Placeholder::Tag { name });
            }
        }
        _ if name == "workflow.mainEntrypoint" => {
            parts.literal(source.spec.entrypoint.as_ref().map_or("", |entry| &entry.value));
        }
        _ if name == "workflow.serviceAccountName" && own_account(source).is_some() => {
            let expr = Box::new(account(source, &name));
            parts.placeholder(Placeholder::Expression { text: name, expr });
        }
        _ if name == "workflow.priority" && priority(source).is_some() => {
            parts.literal(&priority(source).unwrap_or_default());
        }
        _ if all.is_some() => all.into_iter().for_each(|kind| notes(source, kind, parts)),
        // The server adds labels of its own, so that only what stands in the file is certain here.
        _ if name.starts_with("workflow.labels.") || name.starts_with("workflow.annotations.") => {
            match source.notes.get(&name) {
                Some(text) => parts.literal(text),
                None => parts.placeholder(Placeholder::Tag { name }),
            }
        }
        _ if is_run_tag(source, &name) => parts.placeholder(Placeholder::Tag { name }),
        _ => {
            let message = format!("`{{{{{name}}}}}` is no variable of a workflow");
            cx.error("unknown-tag", span, message).hint(suggestion(&name, RUN_TAGS.iter().copied()));
        }
    }
}

/// Returns the account that the workflow names, when it is not the usual one.
fn own_account<'s>(source: &'s Source<'_>) -> Option<&'s str> {
    let name = source.spec.service_account_name.as_ref()?;
    Some(name.value.as_str()).filter(|name| !matches!(*name, "" | "pipeline-runner"))
}

/// Says whose account it is: that of the run, or what the workflow names.
fn account(source: &Source<'_>, tag: &str) -> Expr {
    let given = Expr::Variable { name: format!("{tag}.own") };
    let usual = Expr::Literal { value: Value::from(own_account(source).unwrap_or("pipeline-runner")) };
    Expr::Named { name: "coalesce".to_owned(), arguments: vec![given, usual] }
}

fn priority(source: &Source<'_>) -> Option<String> {
    source.spec.priority.as_ref().map(|priority| pipewright_plan::text_form(&priority.value))
}

/// Returns the kind of notes when all of them are asked for.
fn all_notes(name: &str) -> Option<&str> {
    let kind = name.strip_prefix("workflow.")?;
    let kind = kind.strip_suffix(".json").unwrap_or(kind);
    ["labels", "annotations"].into_iter().find(|known| *known == kind)
}

/// Writes all labels or annotations as JSON, with the one that every run is given.
fn notes(source: &Source<'_>, kind: &str, parts: &mut Parts) {
    let given = match kind {
        "labels" => ("pipeline/runid", "workflow.uid"),
        _ => ("pipelines.kubeflow.org/run_name", "workflow.annotations.pipelines.kubeflow.org/run_name"),
    };
    let prefix = format!("workflow.{kind}.");
    let own = source.notes.iter().filter_map(|(name, text)| Some((name.strip_prefix(&prefix)?, Some(*text))));
    let mut all: std::collections::BTreeMap<&str, Option<&str>> = own.collect();
    all.insert(given.0, None);
    for (index, (key, text)) in all.into_iter().enumerate() {
        let start = if index == 0 { "{" } else { "," };
        parts.literal(&format!("{start}{}:", Value::from(key)));
        match text {
            Some(text) => parts.literal(&Value::from(text).to_string()),
            None => {
                let inner = Box::new(Placeholder::Tag { name: given.1.to_owned() });
                parts.literal("\"");
                parts.placeholder(Placeholder::JsonEscape { inner, times: 1 });
                parts.literal("\"");
            }
        }
    }
    parts.literal("}");
}

/// Tells whether a tag names something that exists; records it otherwise.
pub(super) fn is_known<'k>(
    tag: &Tag,
    name: &str,
    known: impl Iterator<Item = &'k str>,
    span: Span,
    cx: &mut Context,
) -> bool {
    match self::known(tag, name, known) {
        Ok(()) => true,
        Err(wrong) => {
            cx.error("unknown-tag", span, wrong.message).hint = wrong.hint;
            false
        }
    }
}
