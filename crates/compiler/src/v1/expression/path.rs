//! Variables: the beginning of a chain of names that is a tag.

use crate::v1::tags::Tag;

/// Reads as many names as make a tag; returns it and how many they are.
pub(super) fn tag(path: &[String]) -> Option<(Tag, usize)> {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let own = str::to_owned;
    Some(match words.as_slice() {
        ["inputs", "parameters", name, ..] => (Tag::InputParameter(own(name)), 3),
        ["inputs", "parameters"] => (Tag::InputParameters, 2),
        ["inputs", "artifacts", name, "path", ..] => (Tag::InputArtifactPath(own(name)), 4),
        ["inputs", "artifacts", name, ..] => (Tag::InputArtifact(own(name)), 3),
        ["outputs", "parameters", name, "path", ..] => (Tag::OutputParameterPath(own(name)), 4),
        ["outputs", "artifacts", name, "path", ..] => (Tag::OutputArtifactPath(own(name)), 4),
        ["tasks" | "steps", "name"] => (Tag::Attempt(words.join(".")), 2),
        ["tasks" | "steps", task, "outputs", "parameters", name, ..] => {
            (Tag::TaskParameter { task: own(task), name: own(name) }, 5)
        }
        ["tasks" | "steps", task, "outputs", "parameters"] => {
            (Tag::TaskFact { task: own(task), fact: own("outputs.parameters") }, 4)
        }
        ["tasks" | "steps", task, "outputs", "artifacts", name, ..] => {
            (Tag::TaskArtifact { task: own(task), name: own(name) }, 5)
        }
        ["tasks" | "steps", task, "outputs", "result", ..] => (Tag::TaskResult { task: own(task) }, 4),
        ["tasks" | "steps", task, fact, ..] => (Tag::TaskFact { task: own(task), fact: own(fact) }, 3),
        ["item", key, ..] => (Tag::ItemField(own(key)), 2),
        ["item"] => (Tag::Item, 1),
        ["workflow", "parameters", name, ..] => (Tag::RunParameter(own(name)), 3),
        ["workflow", "outputs", "parameters" | "artifacts", _, ..] => (Tag::Run(words[..4].join(".")), 4),
        ["workflow", "labels" | "annotations" | "creationTimestamp", _, ..] => {
            (Tag::Run(words[..3].join(".")), 3)
        }
        ["workflow", _, ..] => (Tag::Run(words[..2].join(".")), 2),
        ["pod" | "node" | "lastRetry", _, ..] => (Tag::Attempt(words[..2].join(".")), 2),
        ["retries", ..] => (Tag::Attempt(own("retries")), 1),
        _ => return None,
    })
}
