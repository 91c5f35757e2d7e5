//! Exit hooks: what runs after a task, or after the workflow, however it ended.
//!
//! The hook of task `T` is a sibling `T.onExit`. It never decides how the dag ends, but what comes after `T` waits
//! for it. Hooks of other moments are refused. Source: v1 semantics 2.4, 4.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use pipewright_plan::{Expr, Function, Task, Trigger, TriggerStrategy, Value, ValueTemplate};

use super::bind::{Bindings, Scope};
use super::order;
use super::source::{Source, suggestion, unsupported};
use super::text::{self, Interface, run_variable};
use super::{bind, task, template};
use crate::decode::{Context, Map, Spanned};
use crate::v1::tags::{Piece, Tag, split};
use crate::v1::workflow::{Arguments, DagTask, Hook};
use crate::yaml::Span;

/// The moment that is served.
pub(super) const EXIT: &str = "exit";

/// The helper that holds what a hook's expression yields.
const CONDITION: &str = "hook";

/// Refuses hooks of other moments.
pub(super) fn refuse_others(hooks: &Map<Hook>, cx: &mut Context) {
    for (name, hook) in hooks {
        cx.within("hooks", |cx| {
            if name != EXIT {
                cx.within(name.as_str(), |cx| {
                    cx.error(
                        "unsupported",
                        hook.key_span,
                        format!("the hook `{name}` is not supported by this release"),
                    )
                    .hint("only `exit` hooks run");
                });
            }
            if name == EXIT && hook.value.template.is_none() && hook.value.template_ref.is_none() {
                cx.error("missing-field", hook.value.span, "the hook does not say which template it runs")
                    .hint("set `template`");
            }
            if let Some(reference) = &hook.value.template_ref {
                unsupported(cx, "templateRef", reference.span, "put the template into the file");
            }
        });
    }
}

/// Names the hook of a task.
pub(super) fn name_of(task: &str) -> String {
    format!("{task}.onExit")
}

/// What a task runs afterwards: the template, its arguments and on what condition.
struct Exit<'w> {
    template: &'w Spanned<String>,
    arguments: Option<&'w Arguments>,
    expression: Option<&'w Spanned<String>>,
    span: Span,
}

fn exit_of(spec: &DagTask) -> Option<Exit<'_>> {
    if let Some(template) = &spec.on_exit {
        return Some(Exit { template, arguments: None, expression: None, span: template.span });
    }
    let hook = &spec.hooks.get(EXIT)?.value;
    let template = hook.template.as_ref()?;
    Some(Exit {
        template,
        arguments: hook.arguments.as_ref(),
        expression: hook.expression.as_ref(),
        span: hook.span,
    })
}

/// Tells whether something runs after the task.
pub(super) fn has_exit(spec: &DagTask) -> bool {
    exit_of(spec).is_some()
}

/// Lowers the exit hook of a task.
pub(super) fn lower(scope: &Scope<'_, '_>, (name, spec): (&str, &DagTask), cx: &mut Context) -> Option<Task> {
    refuse_others(&spec.hooks, cx);
    if let (Some(_), Some(both)) = (&spec.on_exit, spec.hooks.get(EXIT)) {
        cx.error("exclusive-fields", both.key_span, "`onExit` and the hook `exit` exclude each other")
            .hint("keep one of the two");
        return None;
    }
    let exit = exit_of(spec)?;
    let field = if spec.on_exit.is_some() { "onExit" } else { "hooks" };
    cx.within(field, |cx| {
        let Some(found) = scope.source.template(&exit.template.value) else {
            let message = format!("there is no template `{}`", exit.template.value);
            let hint = suggestion(&exit.template.value, scope.source.names());
            cx.error("unknown-template", exit.template.span, message).hint(hint);
            return None;
        };
        let mut bindings = Bindings {
            scope: *scope,
            parameters: IndexMap::new(),
            artifacts: IndexMap::new(),
            each: IndexMap::new(),
            each_artifacts: IndexMap::new(),
            each_parts: IndexMap::new(),
            upstream: BTreeSet::from([name.to_owned()]),
            loops: false,
        };
        task::arguments(&mut bindings, (exit.arguments, exit.span), found, cx);
        let condition = exit.expression.map(|expression| {
            bindings.computed(CONDITION, expression, cx);
            holds()
        });
        // What was skipped or omitted has not been there to be left.
        let ready = order::any_of(name, &["succeeded", "failed", "errored"]);
        let interface = Interface { source: scope.source, template: found };
        Some(Task {
            parameters: bindings.parameters,
            artifacts: bindings.artifacts,
            upstream: bindings.upstream,
            trigger: Trigger { strategy: TriggerStrategy::NoneFailed, condition, ready: Some(ready) },
            retry: template::retry(&interface, cx),
            timeout: template::timeout(found, cx),
            display_name: name_of(name),
            ..template::plain_task(&exit.template.value)
        })
    })
}

/// The helper of the expression, as a truth.
fn holds() -> Expr {
    let inputs = Box::new(Expr::Variable { name: "inputs".to_owned() });
    let values = Box::new(Expr::Select { operand: inputs, field: "parameter_values".to_owned() });
    let name = Box::new(Expr::Literal { value: Value::from(CONDITION) });
    let operand = Expr::Index { operand: values, index: name };
    Expr::Call { function: Function::ReadBare, arguments: vec![operand] }
}

/// Gives the exit handler of the workflow what its hook says.
pub(super) fn of_workflow(source: &Source<'_>, hook: &Hook, task: &mut Task, cx: &mut Context) {
    cx.within("hooks", |cx| {
        cx.within(EXIT, |cx| {
            let arguments = hook.arguments.as_ref();
            for parameter in arguments.into_iter().flat_map(|arguments| &arguments.parameters) {
                let (Some(name), Some(value)) = (&parameter.name, &parameter.value) else { continue };
                let text = Spanned { value: value.value.clone(), span: value.span };
                let value = ValueTemplate::Text { text: bind::run_text(source, &text, cx) };
                task.parameters.insert(name.value.clone(), bind::constant(value));
            }
            if let Some(artifact) = arguments.into_iter().flat_map(|arguments| &arguments.artifacts).next() {
                cx.error("unsupported", artifact.span, "the exit hook of a workflow takes parameters only");
            }
            if let Some(expression) = &hook.expression {
                let mut parts = text::Parts::default();
                for piece in split(&format!("{{{{={}}}}}", expression.value)) {
                    if let Piece::Tag(Tag::Expression(text)) = piece {
                        parts.expression(&text, expression.span, cx, &mut |tag| run_variable(source, tag));
                    }
                }
                let value = ValueTemplate::Text { text: parts.finish() };
                task.parameters.insert(CONDITION.to_owned(), bind::constant(value));
                task.trigger.condition = Some(holds());
            }
        });
    });
}
