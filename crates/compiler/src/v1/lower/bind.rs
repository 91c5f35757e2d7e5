//! Arguments of a task: where each value comes from, seen from the dag around it.
//!
//! A text that is more than one reference becomes a constant over helpers: undeclared inputs of the task, named
//! as the tags they stand for, which the engine drops before the template runs.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use pipewright_plan::{
    ArtifactBinding, Expr, LOOP_ITEM, ParameterBinding, ParameterSource, Placeholder, Text, Value,
    ValueTemplate,
};

use super::source::{Source, named, named_artifacts};
use super::text::{Parts, is_known, known, no_meaning, run_tag, run_variable};
use crate::decode::{self, Context};
use crate::v1::expression::{self, Wrong};
use crate::v1::tags::{Piece, Tag, split};
use crate::v1::workflow::{DagTask, Template};
use crate::yaml::Span;

/// The helper that holds the items of a loop.
pub(super) const ITEMS: &str = "loop.items";

/// What can be asked of how a sibling went, and all the outputs of one that loops.
const TASK_FACTS: &[&str] = &["id", "status", "exitCode", "startedAt", "finishedAt", "outputs.parameters"];

/// The dag that a task stands in.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a, 'w> {
    pub source: &'a Source<'w>,
    pub owner: &'w Template,
    /// The owner's component.
    pub component: &'a str,
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

    /// Returns the component behind a sibling.
    pub fn component_of(&self, task: &str) -> Option<String> {
        let spec = self.tasks.get(task)?;
        match &spec.inline {
            Some(_) => Some(inline_name(self.component, task)),
            None => Some(spec.template.as_ref()?.value.clone()),
        }
    }

    /// Resolves a tag to an input of the dag or an output of a task.
    pub fn source_of(&self, tag: &Tag) -> Result<ParameterSource, Wrong> {
        let sibling = |task: &str| {
            known(tag, task, self.tasks.keys().copied())?;
            self.template_of(task).ok_or_else(|| no_meaning(tag))
        };
        match tag {
            Tag::InputParameter(name) => {
                known(tag, name, named(self.owner.input_parameters()).map(|(name, _)| name.value.as_str()))?;
                Ok(ParameterSource::DagInput { name: name.clone() })
            }
            Tag::TaskParameter { task, name } => {
                let template = sibling(task)?;
                known(tag, name, named(template.output_parameters()).map(|(name, _)| name.value.as_str()))?;
                Ok(ParameterSource::TaskOutput { task: task.clone(), key: name.clone() })
            }
            Tag::TaskResult { task } => {
                let template = sibling(task)?;
                if template.container.is_none() && template.script.is_none() {
                    return Err(Wrong {
                        message: format!(
                            "`{{{{{}}}}}`: only containers and scripts have a result",
                            tag.name()
                        ),
                        hint: Some("hand the value on as an output parameter".to_owned()),
                    });
                }
                let component = self.component_of(task).unwrap_or_default();
                self.source.results.borrow_mut().insert(component);
                Ok(ParameterSource::TaskOutput { task: task.clone(), key: template.result_key().to_owned() })
            }
            tag => Err(no_meaning(tag)),
        }
    }
}

impl Scope<'_, '_> {
    /// Says what a tag is in an expression that makes an output of the dag.
    pub fn output_variable(&self, tag: &Tag) -> Result<Expr, Wrong> {
        match tag {
            Tag::Run(_) | Tag::RunParameter(_) => return run_variable(self.source, tag),
            Tag::TaskFact { task, fact } if TASK_FACTS.contains(&fact.as_str()) => {
                known(tag, task, self.tasks.keys().copied())?;
            }
            Tag::TaskArtifact { task, name } => {
                known(tag, task, self.tasks.keys().copied())?;
                let all = self.template_of(task).map(Template::output_artifacts).unwrap_or_default();
                known(tag, name, named_artifacts(all).map(|(name, _)| name.value.as_str()))?;
            }
            // What was captured goes by the name of its output.
            Tag::TaskResult { task } => {
                if let ParameterSource::TaskOutput { key, .. } = self.source_of(tag)? {
                    return Ok(Expr::Variable { name: format!("tasks.{task}.outputs.parameters.{key}") });
                }
            }
            tag => {
                self.source_of(tag)?;
            }
        }
        Ok(Expr::Variable { name: tag.name() })
    }
}

/// Names the component of a template that stands inside a task.
pub(super) fn inline_name(component: &str, task: &str) -> String {
    format!("{component}.{task}")
}

/// What a task is given, as it is collected.
pub(super) struct Bindings<'a, 'w> {
    pub scope: Scope<'a, 'w>,
    pub parameters: IndexMap<String, ParameterBinding>,
    pub artifacts: IndexMap<String, ArtifactBinding>,
    /// Inputs that differ by item.
    pub each: IndexMap<String, ValueTemplate>,
    pub each_artifacts: IndexMap<String, Text>,
    pub each_parts: IndexMap<String, Text>,
    /// Siblings whose outputs are used.
    pub upstream: BTreeSet<String>,
    pub loops: bool,
    /// What a sibling has not left stays as it is written, instead of being a mistake at run time.
    pub lenient: bool,
}

/// Binds an input of the same name of the dag around.
pub(super) fn dag_input(name: &str) -> ParameterBinding {
    ParameterBinding { source: ParameterSource::DagInput { name: name.to_owned() }, selector: None }
}

/// Binds a value that is known here, placeholders aside.
pub(super) fn constant(value: ValueTemplate) -> ParameterBinding {
    ParameterBinding { source: ParameterSource::Constant { value }, selector: None }
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
            Piece::Tag(Tag::Expression(expression)) => {
                parts.expression(&expression, text.span, cx, &mut |tag| run_variable(source, tag));
            }
            Piece::Tag(tag) => parts.literal(&format!("{{{{{}}}}}", tag.name())),
        }
    }
    parts.finish()
}

pub(super) fn mentions_item(pieces: &[Piece]) -> bool {
    pieces.iter().any(|piece| match piece {
        Piece::Tag(Tag::Item | Tag::ItemField(_)) => true,
        Piece::Tag(Tag::Expression(text)) => expression::mentions_item(text),
        _ => false,
    })
}

impl<'a, 'w> Bindings<'a, 'w> {
    /// Makes those of a task in this dag of which nothing is bound yet; `loops` when it runs once for each item.
    pub fn new(scope: Scope<'a, 'w>, upstream: BTreeSet<String>, loops: bool) -> Self {
        Self {
            scope,
            parameters: IndexMap::new(),
            artifacts: IndexMap::new(),
            each: IndexMap::new(),
            each_artifacts: IndexMap::new(),
            each_parts: IndexMap::new(),
            upstream,
            loops,
            lenient: false,
        }
    }

    /// Lets what a sibling has not left stay as it is written.
    pub fn lenient(self) -> Self {
        Self { lenient: true, ..self }
    }
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
            [
                Piece::Tag(
                    tag @ (Tag::InputParameter(_) | Tag::TaskParameter { .. } | Tag::TaskResult { .. }),
                ),
            ] if !self.lenient || matches!(tag, Tag::InputParameter(_)) => self.reference(tag, span, cx),
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
        match self.source_of(tag) {
            Ok(source) => Some(source),
            Err(wrong) => {
                cx.error("unknown-tag", span, wrong.message).hint = wrong.hint;
                None
            }
        }
    }

    fn source_of(&mut self, tag: &Tag) -> Result<ParameterSource, Wrong> {
        let source = self.scope.source_of(tag)?;
        if let ParameterSource::TaskOutput { task, .. } = &source {
            self.upstream.insert(task.clone());
        }
        Ok(source)
    }

    /// Says what a tag is in an expression of the task: a helper, which may be without a value.
    fn variable(&mut self, tag: &Tag) -> Result<Expr, Wrong> {
        let name = tag.name();
        match tag {
            Tag::InputParameter(_) | Tag::TaskParameter { .. } | Tag::TaskResult { .. } => {
                let source = Box::new(self.source_of(tag)?);
                let source = ParameterSource::Optional { source };
                self.parameters.entry(name.clone()).or_insert(ParameterBinding { source, selector: None });
            }
            Tag::TaskFact { task, fact } if TASK_FACTS.contains(&fact.as_str()) => {
                known(tag, task, self.scope.tasks.keys().copied())?;
                self.upstream.insert(task.clone());
            }
            Tag::Item | Tag::ItemField(_) if self.loops => {}
            Tag::Run(_) | Tag::RunParameter(_) => return run_variable(self.scope.source, tag),
            tag => return Err(no_meaning(tag)),
        }
        Ok(Expr::Variable { name })
    }

    /// Lowers an expression that is the whole of an argument.
    pub fn computed(&mut self, name: &str, text: &decode::Text, cx: &mut Context) {
        let pieces = [Piece::Tag(Tag::Expression(text.value.clone()))];
        if self.loops && mentions_item(&pieces) {
            let text = self.text(&pieces, text.span, cx);
            self.each.insert(name.to_owned(), ValueTemplate::Text { text });
        } else {
            let binding = self.binding(&pieces, text.span, cx);
            self.parameters.insert(name.to_owned(), binding);
        }
    }

    pub(super) fn sibling(&self, tag: &Tag, task: &str, span: Span, cx: &mut Context) -> Option<&Template> {
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
            Tag::TaskParameter { .. } | Tag::TaskResult { .. } if self.lenient => {
                if let Some(ParameterSource::TaskOutput { task, key }) = self.reference(tag, span, cx) {
                    let around = if self.scope.owner.steps.is_some() { "steps" } else { "tasks" };
                    let name = format!("{around}.{task}.outputs.parameters.{key}");
                    parts.placeholder(Placeholder::Tag { name });
                }
            }
            Tag::InputParameter(_) | Tag::TaskParameter { .. } | Tag::TaskResult { .. } => {
                if let Some(source) = self.reference(tag, span, cx) {
                    let name = tag.name();
                    self.parameters.insert(name.clone(), ParameterBinding { source, selector: None });
                    parts.placeholder(Placeholder::InputParameter { name });
                }
            }
            Tag::Item if self.loops => {
                parts.placeholder(Placeholder::InputParameter { name: LOOP_ITEM.to_owned() });
            }
            Tag::ItemField(key) if self.loops => {
                parts.placeholder(Placeholder::InputField { name: LOOP_ITEM.to_owned(), key: key.clone() });
            }
            Tag::Run(_) | Tag::RunParameter(_) => run_tag(self.scope.source, tag, span, parts, cx),
            // The template that gets the value knows the answer.
            Tag::Attempt(name) => parts.literal(&format!("{{{{{name}}}}}")),
            Tag::Expression(text) => parts.expression(text, span, cx, &mut |tag| self.variable(tag)),
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
            | Tag::InputParameters
            | Tag::TaskArtifact { .. }
            | Tag::Unknown(_) => {
                cx.error("unknown-tag", span, no_meaning(tag).message);
            }
        }
    }

    /// Makes the expression that yields an operand of a condition.
    pub fn operand(&mut self, index: usize, pieces: &[Piece], span: Span, cx: &mut Context) -> Expr {
        let name = match pieces {
            [
                Piece::Tag(
                    tag @ (Tag::InputParameter(_) | Tag::TaskParameter { .. } | Tag::TaskResult { .. }),
                ),
            ] => {
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
