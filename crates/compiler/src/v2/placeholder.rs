//! `{{$…}}` placeholders and the structures of command words, typed.
//!
//! What is no known placeholder stays literal, as upstream leaves it; the caller is told about each.

use pipewright_plan::{Placeholder, Text, TextPart, ValueTemplate, Word};
use serde_json::Value;

/// Longest placeholder, in bytes.
const LONGEST: usize = 1_000;
/// Unknown placeholders that are kept to be told.
const MOST_UNKNOWN: usize = 20;

/// Reads texts of one task or container: knows which placeholders its interface can fill.
pub(super) struct Reader<'a> {
    /// Tells whether what a placeholder speaks of exists
    pub knows: &'a dyn Fn(Mention<'_>) -> bool,
    /// Something between `{{$` and `}}` that stays literal
    pub unknown: Vec<String>,
}

/// Splits a text into literal parts and placeholders.
pub(super) fn text(source: &str, reader: &mut Reader<'_>) -> Text {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = source;
    while let Some(start) = rest.find("{{$") {
        let (before, from) = rest.split_at(start);
        literal.push_str(before);
        // No placeholder holds another, so that each byte is looked at a few times at most.
        let end = from[3..].find("{{$").map_or(from.len(), |next| next + 3);
        let window = &from[..from.floor_char_boundary(end.min(LONGEST))];
        let whole = window.find("}}").map(|length| &from[..length + 2]);
        let known = whole.and_then(|whole| placeholder(&whole[3..whole.len() - 2])).filter(|placeholder| {
            let mut known = true;
            visit_placeholder(placeholder, &mut |mention| known &= (reader.knows)(mention));
            known
        });
        match (known, whole) {
            (Some(placeholder), Some(whole)) => {
                if !literal.is_empty() {
                    parts.push(TextPart::Literal { text: std::mem::take(&mut literal) });
                }
                parts.push(TextPart::Placeholder { placeholder });
                rest = &from[whole.len()..];
            }
            _ => {
                if let Some(whole) = whole.filter(|_| reader.unknown.len() < MOST_UNKNOWN) {
                    reader.unknown.push(whole.to_owned());
                }
                // Only the opening is passed over: a real placeholder may begin inside.
                literal.push_str(&from[..3]);
                rest = &from[3..];
            }
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(TextPart::Literal { text: literal });
    }
    Text { parts }
}

/// Reads what stands between `{{$` and `}}`.
fn placeholder(inner: &str) -> Option<Placeholder> {
    let inner = inner.trim();
    if let Some((rest, times)) = json_escape(inner) {
        let inner = Box::new(placeholder(rest)?);
        return Some(Placeholder::JsonEscape { inner, times });
    }
    Some(match inner {
        "" => Placeholder::ExecutorInput,
        ".outputs.output_file" | ".outputMetadataUri" | ".outputs.outputFile" => Placeholder::OutputFile,
        ".pipeline_job_name" => Placeholder::JobName,
        ".pipeline_job_resource_name" => Placeholder::JobResourceName,
        ".pipeline_job_uuid" => Placeholder::JobUuid,
        ".pipeline_task_name" => Placeholder::TaskName,
        ".pipeline_task_uuid" => Placeholder::TaskUuid,
        ".pipeline_job_create_time_utc" => Placeholder::JobCreateTime,
        ".pipeline_job_schedule_time_utc" => Placeholder::JobScheduleTime,
        ".pipeline_root" => Placeholder::PipelineRoot,
        ".workspace_path" => Placeholder::WorkspacePath,
        _ => return reference(inner),
    })
}

/// Splits off `.json_escape[n]`.
fn json_escape(inner: &str) -> Option<(&str, u8)> {
    let (rest, count) = inner.strip_suffix(']')?.rsplit_once(".json_escape[")?;
    let times = count.trim().parse().ok().filter(|times| *times <= 8)?;
    Some((rest, times))
}

/// Reads `.inputs.parameters['x']` and its sisters.
fn reference(inner: &str) -> Option<Placeholder> {
    let inner = inner.strip_prefix('.')?;
    if let Some((name, rest)) = inner.strip_prefix("inputs.parameters").and_then(subscript) {
        return rest.is_empty().then_some(Placeholder::InputParameter { name });
    }
    if let Some((name, rest)) = inner.strip_prefix("outputs.parameters").and_then(subscript) {
        return (rest == ".output_file" || rest == ".outputFile")
            .then_some(Placeholder::OutputParameterFile { name });
    }
    if let Some((name, rest)) = inner.strip_prefix("inputs.artifacts").and_then(subscript) {
        return match rest {
            "" => Some(Placeholder::InputArtifacts { name }),
            ".uri" => Some(Placeholder::InputArtifactUri { name }),
            ".path" => Some(Placeholder::InputArtifactPath { name }),
            _ => metadata(rest).map(|key| Placeholder::InputArtifactMetadata { name, key }),
        };
    }
    let (name, rest) = inner.strip_prefix("outputs.artifacts").and_then(subscript)?;
    match rest {
        ".uri" => Some(Placeholder::OutputArtifactUri { name }),
        ".path" => Some(Placeholder::OutputArtifactPath { name }),
        _ => metadata(rest).map(|key| Placeholder::OutputArtifactMetadata { name, key }),
    }
}

fn metadata(rest: &str) -> Option<Option<String>> {
    let rest = rest.strip_prefix(".metadata")?;
    if rest.is_empty() {
        return Some(None);
    }
    let (key, rest) = subscript(rest)?;
    rest.is_empty().then_some(Some(key))
}

/// Reads `['x']` or `["x"]`, quotes maybe escaped for JSON, and returns the name and what follows.
fn subscript(text: &str) -> Option<(String, &str)> {
    let text = text.strip_prefix('[')?;
    for quote in ["'", "\\\"", "\""] {
        if let Some(text) = text.strip_prefix(quote) {
            let (name, rest) = text.split_once(quote)?;
            return Some((name.to_owned(), rest.strip_prefix(']')?));
        }
    }
    None
}

/// Reads one word of a command: text, or a structure written as JSON.
pub(super) fn word(source: &str, reader: &mut Reader<'_>) -> Word {
    if source.trim_start().starts_with('{')
        && (source.contains("\"IfPresent\"") || source.contains("\"Concat\""))
        && let Ok(value) = serde_json::from_str::<Value>(source)
        && let Some(word) = structure(&value, reader)
    {
        return word;
    }
    Word::Text { text: text(source, reader) }
}

fn structure(value: &Value, reader: &mut Reader<'_>) -> Option<Word> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    if let Some(parts) = fields.get("Concat") {
        return Some(Word::Concat { parts: words(parts, reader)? });
    }
    let branch = fields.get("IfPresent")?.as_object()?;
    let input = branch.get("InputName")?.as_str()?.to_owned();
    if !(reader.knows)(Mention::Input(&input)) {
        reader.unknown.push(format!("IfPresent $.inputs['{input}']"));
    }
    let then = words(branch.get("Then")?, reader)?;
    let otherwise = match branch.get("Else") {
        None | Some(Value::Null) => Vec::new(),
        Some(branch) => words(branch, reader)?,
    };
    Some(Word::IfPresent { input, then, otherwise })
}

fn words(value: &Value, reader: &mut Reader<'_>) -> Option<Vec<Word>> {
    match value {
        Value::Array(items) => items.iter().map(|item| single(item, reader)).collect(),
        other => single(other, reader).map(|word| vec![word]),
    }
}

fn single(value: &Value, reader: &mut Reader<'_>) -> Option<Word> {
    match value {
        Value::String(source) => Some(word(source, reader)),
        other => structure(other, reader),
    }
}

/// Reads a constant whose strings may hold placeholders.
pub(super) fn template(value: &Value, reader: &mut Reader<'_>) -> ValueTemplate {
    if !mentions_placeholder(value) {
        return ValueTemplate::Literal { value: pipewright_plan::normalize(value.clone()) };
    }
    match value {
        Value::String(source) => {
            let text = text(source, reader);
            match text.as_literal() {
                Some(_) => ValueTemplate::Literal { value: value.clone() },
                None => ValueTemplate::Text { text },
            }
        }
        Value::Array(items) => {
            ValueTemplate::List { items: items.iter().map(|item| template(item, reader)).collect() }
        }
        Value::Object(fields) => ValueTemplate::Struct {
            fields: fields.iter().map(|(key, item)| (text(key, reader), template(item, reader))).collect(),
        },
        other => ValueTemplate::Literal { value: other.clone() },
    }
}

fn mentions_placeholder(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{$"),
        Value::Array(items) => items.iter().any(mentions_placeholder),
        Value::Object(fields) => {
            fields.iter().any(|(key, item)| key.contains("{{$") || mentions_placeholder(item))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A part of the interface that a placeholder speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mention<'a> {
    /// Parameter or artifact, asked for by `IfPresent`
    Input(&'a str),
    InputParameter(&'a str),
    InputArtifact(&'a str),
    OutputParameter(&'a str),
    OutputArtifact(&'a str),
    Workspace,
}

fn visit_placeholder(placeholder: &Placeholder, visit: &mut dyn FnMut(Mention<'_>)) {
    match placeholder {
        Placeholder::InputParameter { name } | Placeholder::InputField { name, .. } => {
            visit(Mention::InputParameter(name));
        }
        Placeholder::InputArtifactUri { name }
        | Placeholder::InputArtifactPath { name }
        | Placeholder::InputArtifactMetadata { name, .. }
        | Placeholder::InputArtifacts { name } => visit(Mention::InputArtifact(name)),
        Placeholder::OutputArtifactUri { name }
        | Placeholder::OutputArtifactPath { name }
        | Placeholder::OutputArtifactMetadata { name, .. } => visit(Mention::OutputArtifact(name)),
        Placeholder::OutputParameterFile { name } => visit(Mention::OutputParameter(name)),
        Placeholder::JsonEscape { inner, .. } => visit_placeholder(inner, visit),
        Placeholder::WorkspacePath => visit(Mention::Workspace),
        Placeholder::ExecutorInput
        | Placeholder::OutputFile
        | Placeholder::JobName
        | Placeholder::JobResourceName
        | Placeholder::JobUuid
        | Placeholder::TaskName
        | Placeholder::TaskUuid
        | Placeholder::JobCreateTime
        | Placeholder::JobScheduleTime
        | Placeholder::PipelineRoot
        | Placeholder::Tag { .. }
        | Placeholder::Expression { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use pipewright_plan::{Placeholder, TextPart};

    use super::{Mention, Reader, text, word};

    fn reader() -> Reader<'static> {
        Reader { knows: &|mention| mention != Mention::InputParameter("stranger"), unknown: Vec::new() }
    }

    #[test]
    fn texts_split_into_parts() {
        let name = || "x".to_owned();
        for (source, expected) in [
            ("{{$}}", Placeholder::ExecutorInput),
            ("{{$.inputs.parameters['x']}}", Placeholder::InputParameter { name: name() }),
            ("{{$.inputs.parameters[\"x\"]}}", Placeholder::InputParameter { name: name() }),
            ("{{$.inputs.parameters[\\\"x\\\"]}}", Placeholder::InputParameter { name: name() }),
            ("{{$.inputs.artifacts['x']}}", Placeholder::InputArtifacts { name: name() }),
            ("{{$.outputs.artifacts['x'].path}}", Placeholder::OutputArtifactPath { name: name() }),
            (
                "{{$.inputs.artifacts['x'].metadata['k']}}",
                Placeholder::InputArtifactMetadata { name: name(), key: Some("k".to_owned()) },
            ),
            ("{{$.outputs.parameters['x'].output_file}}", Placeholder::OutputParameterFile { name: name() }),
            (
                "{{$.json_escape[1]}}",
                Placeholder::JsonEscape { inner: Box::new(Placeholder::ExecutorInput), times: 1 },
            ),
        ] {
            let mut reader = reader();
            let parts = text(source, &mut reader).parts;
            assert_eq!(parts, [TextPart::Placeholder { placeholder: expected }], "{source}");
            assert!(reader.unknown.is_empty());
        }
    }

    #[test]
    fn what_is_no_placeholder_stays() {
        for source in [
            "{{$.pipeline_google_cloud_location}}",
            "{{$.inputs.parameters['x'",
            "{{$.inputs.parameters['stranger']}}",
            "{{x}}",
            "$(A) }}",
        ] {
            let parsed = text(source, &mut reader());
            assert_eq!(parsed.as_literal(), Some(source));
        }
        let mut reader = reader();
        assert_eq!(text("a{{$.b}}{{$.pipeline_job_uuid}}c", &mut reader).parts.len(), 3);
        assert_eq!(reader.unknown, ["{{$.b}}"]);
    }

    #[test]
    fn structures_are_words_of_their_own() {
        let json = r#"{"IfPresent": {"InputName": "x", "Then": ["--x", {"Concat": ["a", "{{$.inputs.parameters['x']}}"]}], "Else": "no"}}"#;
        insta::assert_json_snapshot!(word(json, &mut reader()));
        assert_eq!(word(r#"{"Concat": 5}"#, &mut reader()).as_literal(), Some(r#"{"Concat": 5}"#));
    }
}
