//! Hooks: what runs beside a task or the workflow once its state makes an expression true, and what runs after it,
//! however it ended.
//!
//! Hook `h` of task `T` is a sibling `T.hooks.h` that watches `T`, the exit hook a sibling `T.onExit` after these.
//! They never decide how the dag ends, but what comes after `T` waits for them. What an argument names and `T` has
//! not left stays as it is written. Source: v1 semantics 2.4, 4.

use std::collections::BTreeSet;

use pipewright_plan::{Expr, Function, Task, Trigger, TriggerStrategy, Value, ValueTemplate};

use super::bind::{Bindings, Scope};
use super::order;
use super::source::{self, Source, suggestion, unsupported};
use super::text::{self, Interface, run_variable};
use super::{bind, iteration, repeat, task, template};
use crate::decode::{Context, Map, Spanned};
use crate::v1::tags::{Piece, Tag, split};
use crate::v1::workflow::{Arguments, DagTask, Hook};
use crate::yaml::Span;

/// The moment that is served.
pub(super) const EXIT: &str = "exit";

/// The helper that holds what a hook's expression yields.
const CONDITION: &str = "hook";

/// Reports hooks that do not say what they run, or when.
pub(super) fn check_all(hooks: &Map<Hook>, cx: &mut Context) {
    for (name, hook) in hooks {
        cx.within("hooks", |cx| {
            let hook = &hook.value;
            if hook.template.is_none() && hook.template_ref.is_none() {
                cx.error("missing-field", hook.span, "the hook does not say which template it runs")
                    .hint("set `template`");
            }
            if name != EXIT && hook.expression.is_none() {
                cx.error("missing-field", hook.span, format!("the hook `{name}` does not say when it runs"))
                    .hint("set `expression`; only the hook `exit` runs without one");
            }
            if !source::is_name(name) {
                cx.error("wrong-name", hook.span, format!("`{name}` is no name of a hook"))
                    .hint("letters, digits and dashes make a name of at most 128 characters");
            }
        });
    }
}

/// Names the exit hook of a task.
pub(super) fn name_of(task: &str) -> String {
    format!("{task}.onExit")
}

/// Names another hook of a task.
fn moment_of(task: &str, hook: &str) -> String {
    format!("{task}.{}", name_of_moment(hook))
}

/// Names a hook of the workflow.
pub(super) fn name_of_moment(hook: &str) -> String {
    format!("hooks.{hook}")
}

/// What a task runs beside it or afterwards: the template, its arguments and on what condition.
struct Hooked<'w> {
    name: String,
    is_exit: bool,
    template: &'w Spanned<String>,
    arguments: Option<&'w Arguments>,
    expression: Option<&'w Spanned<String>>,
    span: Span,
}

fn all_of<'w>(task: &str, spec: &'w DagTask) -> Vec<Hooked<'w>> {
    let mut found = Vec::new();
    for (name, hook) in &spec.hooks {
        let is_exit = name == EXIT;
        let Some(template) = hook.value.template.as_ref() else { continue };
        // One without an expression has been told of.
        if !is_exit && hook.value.expression.is_none() {
            continue;
        }
        found.push(Hooked {
            name: if is_exit { name_of(task) } else { moment_of(task, name) },
            is_exit,
            template,
            arguments: hook.value.arguments.as_ref(),
            expression: hook.value.expression.as_ref(),
            span: hook.value.span,
        });
    }
    if let Some(template) = &spec.on_exit {
        let name = name_of(task);
        let span = template.span;
        found.push(Hooked { name, is_exit: true, template, arguments: None, expression: None, span });
    }
    // The exit hook comes after the others.
    found.sort_by_key(|hook| hook.is_exit);
    found
}

/// Tells whether something runs beside the task or after it.
pub(super) fn has_any(spec: &DagTask) -> bool {
    !all_of("", spec).is_empty()
}

/// Lowers the hooks of a task, by the names that they have in the dag.
pub(super) fn lower(
    scope: &Scope<'_, '_>,
    (name, spec): (&str, &DagTask),
    cx: &mut Context,
) -> Vec<(String, Task)> {
    check_all(&spec.hooks, cx);
    if let (Some(_), Some(both)) = (&spec.on_exit, spec.hooks.get(EXIT)) {
        cx.error("exclusive-fields", both.key_span, "`onExit` and the hook `exit` exclude each other")
            .hint("keep one of the two");
        return Vec::new();
    }
    // Of steps that loop each iteration has hooks of its own.
    let each = repeat::loops(spec) && scope.owner.steps.is_some();
    let field = if spec.on_exit.is_some() { "onExit" } else { "hooks" };
    let mut lowered: Vec<(String, Task)> = Vec::new();
    for hook in all_of(name, spec) {
        let mut upstream = BTreeSet::from([name.to_owned()]);
        if hook.is_exit {
            upstream.extend(lowered.iter().map(|(earlier, _)| earlier.clone()));
        }
        let task = cx.within(field, |cx| one(scope, (name, &hook), (upstream, each), cx));
        lowered.extend(task.map(|task| (hook.name, task)));
    }
    lowered
}

fn one(
    scope: &Scope<'_, '_>,
    (name, hook): (&str, &Hooked<'_>),
    (upstream, each): (BTreeSet<String>, bool),
    cx: &mut Context,
) -> Option<Task> {
    let Some(found) = scope.source.template(&hook.template.value) else {
        let message = format!("there is no template `{}`", hook.template.value);
        let hint = suggestion(&hook.template.value, scope.source.names());
        cx.error("unknown-template", hook.template.span, message).hint(hint);
        return None;
    };
    let mut bindings = Bindings::new(*scope, upstream, each).lenient();
    task::arguments(&mut bindings, (hook.arguments, hook.span), found, cx);
    let condition = hook.expression.map(|expression| {
        bindings.computed(CONDITION, expression, cx);
        holds()
    });
    if each {
        iteration::settle(&mut bindings);
    }
    let trigger = if hook.is_exit {
        // What was skipped or omitted has not been there to be left.
        let ready = Some(order::any_of(name, &["succeeded", "failed", "errored"]));
        Trigger { strategy: TriggerStrategy::NoneFailed, condition, ready, watches: None }
    } else {
        let watches = Some(name.to_owned());
        Trigger { strategy: TriggerStrategy::AllCompleted, condition, ready: None, watches }
    };
    let interface = Interface { source: scope.source, template: found };
    Some(Task {
        parameters: bindings.parameters,
        artifacts: bindings.artifacts,
        upstream: bindings.upstream,
        trigger,
        retry: template::retry(&interface, cx),
        timeout: template::timeout(found, cx),
        display_name: hook.name.clone(),
        ..template::plain_task(&hook.template.value)
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

/// Gives a hook of the workflow its arguments and its condition.
pub(super) fn of_workflow(
    workflow: &Source<'_>,
    (name, hook): (&str, &Hook),
    task: &mut Task,
    cx: &mut Context,
) {
    cx.within("hooks", |cx| {
        cx.within(name, |cx| {
            let arguments = hook.arguments.as_ref();
            if let Some(arguments) = arguments {
                cx.within("arguments", |cx| source::check_parameters("argument", &arguments.parameters, cx));
            }
            for parameter in arguments.into_iter().flat_map(|arguments| &arguments.parameters) {
                if let Some(from) = &parameter.value_from {
                    unsupported(cx, "valueFrom", from.span, "give the argument a `value`");
                }
                let (Some(name), Some(value)) = (&parameter.name, &parameter.value) else { continue };
                let text = Spanned { value: value.value.clone(), span: value.span };
                let value = ValueTemplate::Text { text: bind::run_text(workflow, &text, cx) };
                task.parameters.insert(name.value.clone(), bind::constant(value));
            }
            if let Some(artifact) = arguments.into_iter().flat_map(|arguments| &arguments.artifacts).next() {
                cx.error("unsupported", artifact.span, "a hook of the workflow takes parameters only");
            }
            if let Some(expression) = &hook.expression {
                let mut parts = text::Parts::default();
                for piece in split(&format!("{{{{={}}}}}", expression.value)) {
                    if let Piece::Tag(Tag::Expression(text)) = piece {
                        parts.expression(&text, expression.span, cx, &mut |tag| run_variable(workflow, tag));
                    }
                }
                let value = ValueTemplate::Text { text: parts.finish() };
                task.parameters.insert(CONDITION.to_owned(), bind::constant(value));
                task.trigger.condition = Some(holds());
            }
        });
    });
}
