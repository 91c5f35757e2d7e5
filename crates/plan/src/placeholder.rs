//! Placeholders in commands and constants: typed once by the compiler, filled here.
//!
//! Filling is a single pass over typed parts, so a value that itself looks like a placeholder stays what it
//! is. Source: v2 semantics 2.4.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::executor_io::{ExecutorArtifact, ExecutorInput};
use crate::expr::Expr;
use crate::item::{LOOP_ITEM, item_field, item_form};
use crate::value::{Value, text_form};

/// Something that stands for a value known only at run time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Placeholder {
    /// `{{$}}`: the whole ExecutorInput as JSON
    ExecutorInput,
    InputParameter {
        name: String,
    },
    /// One field of an input that is a struct; a nested value as JSON. Stays as it is written when nobody has
    /// such a field
    InputField {
        name: String,
        key: String,
    },
    InputArtifactUri {
        name: String,
    },
    InputArtifactPath {
        name: String,
    },
    /// The metadata as JSON, or one key of it as text
    InputArtifactMetadata {
        name: String,
        key: Option<String>,
    },
    /// `{{$.inputs.artifacts['x']}}`: the list as JSON
    InputArtifacts {
        name: String,
    },
    OutputArtifactUri {
        name: String,
    },
    OutputArtifactPath {
        name: String,
    },
    OutputArtifactMetadata {
        name: String,
        key: Option<String>,
    },
    OutputParameterFile {
        name: String,
    },
    /// `{{$.outputs.output_file}}`, `{{$.outputMetadataUri}}`
    OutputFile,
    JobName,
    JobResourceName,
    JobUuid,
    TaskName,
    TaskUuid,
    JobCreateTime,
    JobScheduleTime,
    PipelineRoot,
    WorkspacePath,
    /// A tag of the v1 format that asks something of the run, the task or the attempt, by its own name;
    /// stays as it is written when nobody knows an answer
    Tag {
        name: String,
    },
    /// An expression of the v1 format (`{{=…}}`), answered as a tag is: under its text with `=` before it
    Expression {
        text: String,
        expr: Box<Expr>,
    },
    /// The inner text, JSON-escaped `times` times
    JsonEscape {
        inner: Box<Placeholder>,
        times: u8,
    },
}

/// Text with placeholders in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text {
    pub parts: Vec<TextPart>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TextPart {
    Literal { text: String },
    Placeholder { placeholder: Placeholder },
}

impl Text {
    /// Makes text without placeholders.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { parts: vec![TextPart::Literal { text: text.into() }] }
    }

    /// Returns the text when no placeholder is in it.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [TextPart::Literal { text }] => Some(text),
            _ => None,
        }
    }

    /// Lists the placeholders in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            TextPart::Literal { .. } => None,
            TextPart::Placeholder { placeholder } => Some(placeholder),
        })
    }
}

/// One word of a command, or a structure that expands to none or many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Word {
    Text {
        text: Text,
    },
    /// All parts joined into one word
    Concat {
        parts: Vec<Word>,
    },
    /// `then` when the named input (parameter or artifact) is given and not null
    IfPresent {
        input: String,
        then: Vec<Word>,
        otherwise: Vec<Word>,
    },
}

impl Word {
    /// Makes a word without placeholders.
    pub fn literal(text: impl Into<String>) -> Self {
        Self::Text { text: Text::literal(text) }
    }

    /// Shows every text in it.
    pub fn visit_texts<'t>(&'t self, visit: &mut dyn FnMut(&'t Text)) {
        match self {
            Self::Text { text } => visit(text),
            Self::Concat { parts } => parts.iter().for_each(|part| part.visit_texts(visit)),
            Self::IfPresent { then, otherwise, .. } => {
                then.iter().chain(otherwise).for_each(|part| part.visit_texts(visit));
            }
        }
    }

    /// Returns the word when it is plain text.
    pub fn as_literal(&self) -> Option<&str> {
        match self {
            Self::Text { text } => text.as_literal(),
            Self::Concat { .. } | Self::IfPresent { .. } => None,
        }
    }
}

/// A constant whose strings may hold placeholders.
///
/// A text that is one lone input-parameter placeholder yields that input's text form, as any other text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ValueTemplate {
    /// No placeholder anywhere inside
    Literal {
        value: Value,
    },
    Text {
        text: Text,
    },
    List {
        items: Vec<ValueTemplate>,
    },
    Struct {
        fields: Vec<(Text, ValueTemplate)>,
    },
}

/// What job placeholders stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFacts {
    /// Display name of the run
    pub name: String,
    /// Pipeline name, a dash and a suffix of the run's own
    pub resource_name: String,
    /// The run id
    pub uuid: String,
    pub task_name: String,
    /// Names this task within the run, once
    pub task_uuid: String,
    /// RFC 3339
    pub create_time: String,
    /// RFC 3339; the creation time when the run was not scheduled
    pub schedule_time: String,
    pub pipeline_root: String,
    pub workspace_path: String,
    /// Answers to [`Placeholder::Tag`], for the tags that the task mentions
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// Fills placeholders from one task's input and its job's facts.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    pub executor_input: &'a ExecutorInput,
    /// Defaults of optional inputs that were left out of the ExecutorInput; seen by placeholders alone.
    pub defaults: &'a BTreeMap<String, Value>,
    pub job: &'a JobFacts,
}

impl Filling<'_> {
    /// Expands command words; a structure may become no word or several.
    pub fn words(&self, words: &[Word]) -> Vec<String> {
        let mut filled = Vec::with_capacity(words.len());
        for word in words {
            self.push_word(word, &mut filled);
        }
        filled
    }

    fn push_word(&self, word: &Word, filled: &mut Vec<String>) {
        match word {
            Word::Text { text } => filled.push(self.text(text)),
            Word::Concat { parts } => filled.push(self.words(parts).concat()),
            Word::IfPresent { input, then, otherwise } => {
                filled.extend(self.words(if self.is_present(input) { then } else { otherwise }));
            }
        }
    }

    fn is_present(&self, input: &str) -> bool {
        let inputs = &self.executor_input.inputs;
        inputs.parameter_values.get(input).is_some_and(|value| !value.is_null())
            || inputs.artifacts.get(input).is_some_and(|list| !list.artifacts.is_empty())
    }

    /// Joins text and placeholder values.
    pub fn text(&self, text: &Text) -> String {
        let mut filled = String::new();
        for part in &text.parts {
            match part {
                TextPart::Literal { text } => filled.push_str(text),
                TextPart::Placeholder { placeholder } => filled.push_str(&self.placeholder(placeholder)),
            }
        }
        filled
    }

    /// Fills every string of a constant.
    pub fn value(&self, template: &ValueTemplate) -> Value {
        match template {
            ValueTemplate::Literal { value } => value.clone(),
            ValueTemplate::Text { text } => Value::String(self.text(text)),
            ValueTemplate::List { items } => items.iter().map(|item| self.value(item)).collect(),
            ValueTemplate::Struct { fields } => {
                Value::Object(fields.iter().map(|(key, item)| (self.text(key), self.value(item))).collect())
            }
        }
    }

    /// Returns what one placeholder stands for; an input that was not given is the empty text.
    pub fn placeholder(&self, placeholder: &Placeholder) -> String {
        let input = self.executor_input;
        match placeholder {
            Placeholder::ExecutorInput => to_json(input),
            Placeholder::InputParameter { name } => input
                .inputs
                .parameter_values
                .get(name)
                .or_else(|| self.defaults.get(name))
                .map(if name == LOOP_ITEM { item_form } else { text_form })
                .unwrap_or_default(),
            Placeholder::InputField { name, key } => {
                let item = input.inputs.parameter_values.get(name);
                item.and_then(|item| item_field(item, key)).unwrap_or_else(|| format!("{{{{item.{key}}}}}"))
            }
            Placeholder::InputArtifactUri { name } => self.input_artifact(name, |a| a.uri.clone()),
            Placeholder::InputArtifactPath { name } => self.input_artifact(name, |a| local_path(&a.uri)),
            Placeholder::InputArtifactMetadata { name, key } => {
                self.input_artifact(name, |artifact| metadata_text(artifact, key.as_deref()))
            }
            Placeholder::InputArtifacts { name } => {
                input.inputs.artifacts.get(name).map(|list| to_json(&list.artifacts)).unwrap_or_default()
            }
            Placeholder::OutputArtifactUri { name } => self.output_artifact(name, |a| a.uri.clone()),
            Placeholder::OutputArtifactPath { name } => self.output_artifact(name, |a| local_path(&a.uri)),
            Placeholder::OutputArtifactMetadata { name, key } => {
                self.output_artifact(name, |artifact| metadata_text(artifact, key.as_deref()))
            }
            Placeholder::OutputParameterFile { name } => {
                input.outputs.parameters.get(name).map(|o| o.output_file.clone()).unwrap_or_default()
            }
            Placeholder::OutputFile => input.outputs.output_file.clone(),
            Placeholder::JobName => self.job.name.clone(),
            Placeholder::JobResourceName => self.job.resource_name.clone(),
            Placeholder::JobUuid => self.job.uuid.clone(),
            Placeholder::TaskName => self.job.task_name.clone(),
            Placeholder::TaskUuid => self.job.task_uuid.clone(),
            Placeholder::JobCreateTime => self.job.create_time.clone(),
            Placeholder::JobScheduleTime => self.job.schedule_time.clone(),
            Placeholder::PipelineRoot => self.job.pipeline_root.clone(),
            Placeholder::WorkspacePath => self.job.workspace_path.clone(),
            Placeholder::Tag { name } => {
                self.job.tags.get(name).cloned().unwrap_or_else(|| format!("{{{{{name}}}}}"))
            }
            Placeholder::Expression { text, .. } => {
                let name = format!("={text}");
                self.job.tags.get(&name).cloned().unwrap_or_else(|| format!("{{{{{name}}}}}"))
            }
            Placeholder::JsonEscape { inner, times } => {
                let mut text = self.placeholder(inner);
                for _ in 0..*times {
                    let quoted = Value::String(text).to_string();
                    text = quoted[1..quoted.len() - 1].to_owned();
                }
                text
            }
        }
    }

    fn input_artifact(&self, name: &str, read: impl Fn(&ExecutorArtifact) -> String) -> String {
        let list = self.executor_input.inputs.artifacts.get(name);
        list.and_then(|list| list.artifacts.first()).map(read).unwrap_or_default()
    }

    fn output_artifact(&self, name: &str, read: impl Fn(&ExecutorArtifact) -> String) -> String {
        let list = self.executor_input.outputs.artifacts.get(name);
        list.and_then(|list| list.artifacts.first()).map(read).unwrap_or_default()
    }
}

fn metadata_text(artifact: &ExecutorArtifact, key: Option<&str>) -> String {
    match key {
        Some(key) => artifact.metadata.get(key).map(text_form).unwrap_or_default(),
        None => to_json(&artifact.metadata),
    }
}

fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("documents with string keys always serialise")
}

/// Returns where a URI's bytes appear to a task: object-store schemes under their mount, the rest as they are.
///
/// Source: v2 semantics 2.6; the SDK has the same prefixes built in.
pub fn local_path(uri: &str) -> String {
    for (scheme, mount) in [("gs://", "/gcs/"), ("minio://", "/minio/"), ("s3://", "/s3/")] {
        if let Some(rest) = uri.strip_prefix(scheme) {
            return format!("{mount}{rest}");
        }
    }
    if let Some(image) = uri.strip_prefix("oci://") {
        return format!("/oci/{}/models", image.replace('/', "_"));
    }
    uri.strip_prefix("file://").unwrap_or(uri).to_owned()
}
