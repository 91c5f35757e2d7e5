//! Arguments of a task: where each value comes from, seen from the dag around it.
//!
//! A text that is more than one reference becomes a constant over helpers: undeclared inputs of the task, named
//! as the tags they stand for, which the engine drops before the template runs.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use pipewright_plan::{
    ArtifactBinding, Expr, ParameterBinding, ParameterSource, Placeholder, Text, Value, ValueTemplate,
};

use super::source::{Source, named, named_artifacts};
use super::text::{Parts, expression, is_known, run_tag};
use crate::decode::{self, Context};
use crate::v1::tags::{Piece, Tag, split};
use crate::v1::workflow::{DagTask, Template};
use crate::yaml::Span;

/// The helper that holds the item of a loop.
pub(super) const ITEM: &str = "loop.item";
/// The helper that holds the items of a loop.
pub(super) const ITEMS: &str = "loop.items";

/// What can be asked of how a sibling went.
const TASK_FACTS: &[&str] = &["status", "exitCode", "startedAt", "finishedAt"];

/// The dag that a task stands in.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a, 'w> {
    pub source: &'a Source<'w>,
    pub owner: &'w Template,
    /// All tasks by name.
    pub tasks: &'a IndexMap<&'w str, &'w DagTask>,
}

impl<'w> Scope<'_, 'w> {
    /// Returns the template behind a sibling.
    pub fn template_of(&self, task: &str) -> Option<&'w Template> {
        let task = self.tasks.get(task)?;
        match &task.inline {
            Some(inline) => Some(inline),
            None => self.source.template(&task.template.as_ref()?.value),
        }
    }
}

/// What a task is given, as it is collected.
pub(super) struct Bindings<'a, 'w> {
    pub scope: Scope<'a, 'w>,
    pub parameters: IndexMap<String, ParameterBinding>,
    pub artifacts: IndexMap<String, ArtifactBinding>,
    /// Inputs that differ by item.
    pub each: IndexMap<String, ValueTemplate>,
    pub each_artifacts: IndexMap<String, Text>,
    /// Siblings whose outputs are used.
    pub upstream: BTreeSet<String>,
    pub loops: bool,
}

/// Binds an input of the same name of the dag around.
pub(super) fn dag_input(name: &str) -> ParameterBinding {
    ParameterBinding { source: ParameterSource::DagInput { name: name.to_owned() }, selector: None }
}

/// Lowers a text in which only the run can be spoken of.
pub(super) fn run_text(source: &Source<'_>, text: &decode::Text, cx: &mut Context) -> Text {
    let mut parts = Parts::default();
    for piece in split(&text.value) {
        match piece {
            Piece::Literal(text) => parts.literal(&text),
            Piece::Tag(tag @ (Tag::Run(_) | Tag::RunParameter(_))) => {
                run_tag(source, &tag, text.span, &mut parts, cx);
            }
            Piece::Tag(tag) => parts.literal(&format!("{{{{{}}}}}", tag.name())),
        }
    }
    parts.finish()
}

fn mentions_item(pieces: &[Piece]) -> bool {
    pieces.iter().any(|piece| matches!(piece, Piece::Tag(Tag::Item | Tag::ItemField(_))))
}

impl Bindings<'_, '_> {
    /// Binds one argument.
    pub fn parameter(&mut self, name: &str, text: &str, span: Span, cx: &mut Context) {
        let pieces = split(text);
        if self.loops && mentions_item(&pieces) {
            let text = self.text(&pieces, span, cx);
            self.each.insert(name.to_owned(), ValueTemplate::Text { text });
            return;
        }
        let binding = self.binding(&pieces, span, cx);
        self.parameters.insert(name.to_owned(), binding);
    }

    /// Makes the source of a text that does not differ by item.
    pub fn binding(&mut self, pieces: &[Piece], span: Span, cx: &mut Context) -> ParameterBinding {
        let source = match pieces {
            [Piece::Tag(tag @ (Tag::InputParameter(_) | Tag::TaskParameter { .. }))] => {
                self.reference(tag, span, cx)
            }
            _ => None,
        };
        let source = source.unwrap_or_else(|| {
            let text = self.text(pieces, span, cx);
            let value = match text.as_literal() {
                Some(text) => ValueTemplate::Literal { value: Value::from(text) },
                None => ValueTemplate::Text { text },
            };
            ParameterSource::Constant { value }
        });
        ParameterBinding { source, selector: None }
    }

    /// Resolves a reference to an input of the dag or an output of a sibling.
    fn reference(&mut self, tag: &Tag, span: Span, cx: &mut Context) -> Option<ParameterSource> {
        match tag {
            Tag::InputParameter(name) => {
                let known = named(self.scope.owner.input_parameters()).map(|(name, _)| name.value.as_str());
                is_known(tag, name, known, span, cx).then(|| ParameterSource::DagInput { name: name.clone() })
            }
            Tag::TaskParameter { task, name } => {
                let template = self.sibling(tag, task, span, cx)?;
                let known = named(template.output_parameters()).map(|(name, _)| name.value.as_str());
                if !is_known(tag, name, known, span, cx) {
                    return None;
                }
                self.upstream.insert(task.clone());
                Some(ParameterSource::TaskOutput { task: task.clone(), key: name.clone() })
            }
            _ => None,
        }
    }

    fn sibling(&self, tag: &Tag, task: &str, span: Span, cx: &mut Context) -> Option<&Template> {
        if !is_known(tag, task, self.scope.tasks.keys().copied(), span, cx) {
            return None;
        }
        self.scope.template_of(task)
    }

    /// Makes a text whose placeholders are helpers of the task.
    pub fn text(&mut self, pieces: &[Piece], span: Span, cx: &mut Context) -> Text {
        let mut parts = Parts::default();
        for piece in pieces {
            match piece {
                Piece::Literal(text) => parts.literal(text),
                Piece::Tag(tag) => self.tag(tag, span, &mut parts, cx),
            }
        }
        parts.finish()
    }

    fn tag(&mut self, tag: &Tag, span: Span, parts: &mut Parts, cx: &mut Context) {
        match tag {
            Tag::InputParameter(_) | Tag::TaskParameter { .. } => {
                if let Some(source) = self.reference(tag, span, cx) {
                    let name = tag.name();
                    self.parameters.insert(name.clone(), ParameterBinding { source, selector: None });
                    parts.placeholder(Placeholder::InputParameter { name });
                }
            }
            Tag::Item if self.loops => {
                parts.placeholder(Placeholder::InputParameter { name: ITEM.to_owned() });
            }
            Tag::ItemField(key) if self.loops => {
                parts.placeholder(Placeholder::InputField { name: ITEM.to_owned(), key: key.clone() });
            }
            Tag::Run(_) | Tag::RunParameter(_) => run_tag(self.scope.source, tag, span, parts, cx),
            // The template that gets the value knows the answer.
            Tag::Attempt(name) => parts.literal(&format!("{{{{{name}}}}}")),
            Tag::Expression(_) => expression(span, cx),
            Tag::TaskFact { task, fact } if TASK_FACTS.contains(&fact.as_str()) => {
                if self.sibling(tag, task, span, cx).is_some() {
                    self.upstream.insert(task.clone());
                    parts.placeholder(Placeholder::Tag { name: tag.name() });
                }
            }
            Tag::TaskFact { .. } => {
                let message = format!("`{{{{{}}}}}` is not supported by this release", tag.name());
                cx.error("unsupported", span, message)
                    .hint("hand values on as output parameters of the task");
            }
            Tag::Item | Tag::ItemField(_) => {
                let message = format!("`{{{{{}}}}}` has a meaning in loops only", tag.name());
                cx.error("unknown-tag", span, message).hint("give the task `withItems` or `withParam`");
            }
            Tag::InputArtifactPath(_)
            | Tag::InputArtifact(_)
            | Tag::OutputParameterPath(_)
            | Tag::OutputArtifactPath(_)
            | Tag::TaskArtifact { .. }
            | Tag::Unknown(_) => {
                let message = format!("`{{{{{}}}}}` has no meaning here", tag.name());
                cx.error("unknown-tag", span, message);
            }
        }
    }

    /// Makes the expression that yields an operand of a condition.
    pub fn operand(&mut self, index: usize, pieces: &[Piece], span: Span, cx: &mut Context) -> Expr {
        let name = match pieces {
            [Piece::Tag(tag @ (Tag::InputParameter(_) | Tag::TaskParameter { .. }))] => {
                if let Some(source) = self.reference(tag, span, cx) {
                    self.parameters.insert(tag.name(), ParameterBinding { source, selector: None });
                }
                tag.name()
            }
            _ => {
                let name = format!("when[{index}]");
                if self.loops && mentions_item(pieces) {
                    let text = self.text(pieces, span, cx);
                    self.each.insert(name.clone(), ValueTemplate::Text { text });
                } else {
                    let binding = self.binding(pieces, span, cx);
                    self.parameters.insert(name.clone(), binding);
                }
                name
            }
        };
        let inputs = Box::new(Expr::Variable { name: "inputs".to_owned() });
        let values = Box::new(Expr::Select { operand: inputs, field: "parameter_values".to_owned() });
        Expr::Index { operand: values, index: Box::new(Expr::Literal { value: Value::from(name) }) }
    }

    /// Binds one input artifact to what `from` refers to.
    pub fn artifact(&mut self, name: &str, from: &decode::Text, cx: &mut Context) {
        let pieces = split(&from.value);
        let binding = match pieces.as_slice() {
            [Piece::Tag(tag @ Tag::InputArtifact(input))] => {
                let known = named_artifacts(self.scope.owner.input_artifacts());
                is_known(tag, input, known.map(|(name, _)| name.value.as_str()), from.span, cx)
                    .then(|| ArtifactBinding::DagInput { name: input.clone() })
            }
            [Piece::Tag(tag @ Tag::TaskArtifact { task, name: key })] => {
                let known = self.sibling(tag, task, from.span, cx).map(|template| {
                    named_artifacts(template.output_artifacts()).map(|(name, _)| name.value.clone()).collect()
                });
                let known: Option<Vec<String>> = known;
                let is_there = known
                    .is_some_and(|known| is_known(tag, key, known.iter().map(String::as_str), from.span, cx));
                is_there.then(|| {
                    self.upstream.insert(task.clone());
                    ArtifactBinding::TaskOutput { task: task.clone(), key: key.clone() }
                })
            }
            _ => {
                let message =
                    format!("`{}` is no reference to an artifact", crate::yaml::shorten(&from.value));
                cx.error("wrong-value", from.span, message)
                    .hint("write `{{inputs.artifacts.NAME}}` or `{{tasks.TASK.outputs.artifacts.NAME}}`");
                None
            }
        };
        self.artifacts.extend(binding.map(|binding| (name.to_owned(), binding)));
    }

    /// Binds one input artifact to a text.
    pub fn raw_artifact(&mut self, name: &str, data: &decode::Text, cx: &mut Context) {
        let pieces = split(&data.value);
        let differs = self.loops && mentions_item(&pieces);
        let text = self.text(&pieces, data.span, cx);
        if differs {
            self.each_artifacts.insert(name.to_owned(), text);
        } else {
            self.artifacts.insert(name.to_owned(), ArtifactBinding::Inline { text });
        }
    }
}
