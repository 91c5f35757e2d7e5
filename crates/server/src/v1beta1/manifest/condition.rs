//! The text of a condition as it was when it was asked, and what was wrong with it.

use pipewright_plan::{item_field, item_form, text_form};
use pipewright_store::engine::TaskView;
use serde_json::Value;

/// What the tags of a condition can speak of.
pub(super) struct Known<'a> {
    /// The whole run.
    pub(super) run: Option<&'a TaskView>,
    /// The dag around the task.
    pub(super) around: Option<&'a TaskView>,
    pub(super) item: Option<&'a Value>,
    /// Finds a task of the same dag.
    pub(super) sibling: &'a dyn Fn(&str) -> Option<&'a TaskView>,
}

/// Replaces the tags of a text whose values are known.
pub(super) fn resolved(text: &str, known: &Known<'_>) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, from) = rest.split_at(start);
        written.push_str(before);
        let Some(end) = from.find("}}") else {
            rest = from;
            break;
        };
        match value(from[2..end].trim(), known) {
            Some(value) => written.push_str(&value),
            None => written.push_str(&from[..end + 2]),
        }
        rest = &from[end + 2..];
    }
    written.push_str(rest);
    written
}

/// Says in the format's words what is wrong with a condition; nothing when the message is about something else.
pub(super) fn complaint(message: &str, when: &str) -> Option<String> {
    if let Some(why) = message.strip_prefix("the condition cannot be evaluated: ") {
        // What is no word at all is told before anything is computed.
        let operand = why.strip_prefix('`').and_then(|rest| rest.split_once("` is no number and no word"));
        if operand.is_some_and(|(text, _)| text.is_empty() || text.contains(char::is_whitespace)) {
            return Some(format!("Invalid 'when' expression '{when}': {why}"));
        }
        // The word is spelled so.
        return Some(format!("Failed to evaluate 'when' expresion '{when}': {why}"));
    }
    let (found, _) = message.strip_prefix("the condition yields ")?.split_once(", which is a ")?;
    let text = serde_json::from_str::<String>(found).ok();
    let found = text.as_deref().unwrap_or_else(|| found.strip_suffix(".0").unwrap_or(found));
    Some(format!("Expected boolean evaluation for '{when}'. Got {found}"))
}

fn value(tag: &str, known: &Known<'_>) -> Option<String> {
    let input = |view: Option<&TaskView>, name: &str| view?.inputs.parameters.get(name).map(text_form);
    if let Some(name) = tag.strip_prefix("inputs.parameters.") {
        return input(known.around, name);
    }
    if let Some(name) = tag.strip_prefix("workflow.parameters.") {
        return input(known.run, name);
    }
    if tag == "item" {
        return known.item.map(item_form);
    }
    if let Some(key) = tag.strip_prefix("item.") {
        return item_field(known.item?, key);
    }
    let rest = tag.strip_prefix("tasks.").or_else(|| tag.strip_prefix("steps."))?;
    if let Some((task, output)) = rest.split_once(".outputs.parameters.") {
        return (known.sibling)(task)?.outcome.parameters.get(output).map(text_form);
    }
    let task = rest.strip_suffix(".outputs.result")?;
    (known.sibling)(task)?.outcome.parameters.get("result").map(text_form)
}
