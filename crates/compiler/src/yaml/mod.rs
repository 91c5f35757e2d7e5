//! Text to positioned nodes: YAML as PyYAML reads it, and JSON.
//!
//! Knows nothing of pipelines. Aliases are copied, within the limits, which are checked while reading.

mod json;
mod load;
mod mapping;
mod quick;
mod scalar;

use serde_json::Value;

pub(crate) use load::{load, load_quick};
pub(crate) use mapping::{Entry, Mapping};

/// Longest text that is read, in bytes.
pub(crate) const LONGEST_TEXT: usize = 32 << 20;
/// Deepest nesting, aliases expanded.
pub(crate) const DEEPEST: u32 = 128;
/// Most nodes, aliases expanded.
pub(crate) const MOST_NODES: u64 = 1_000_000;
/// Most bytes of scalars, aliases expanded.
pub(crate) const MOST_BYTES: u64 = 64 << 20;

/// A place in the text. Units: both from 1, columns in characters; 0 is "no text".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub line: u32,
    pub column: u32,
}

/// A stretch of text, its end exclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub start: Position,
    pub end: Position,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub value: NodeValue,
    pub span: Span,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NodeValue {
    Null,
    Boolean(bool),
    /// Decimal digits with an optional minus sign, of any length
    Integer(String),
    /// Always finite
    Float(f64),
    String(String),
    List(Vec<Node>),
    Mapping(Mapping),
}

impl Node {
    /// Makes a tree without positions; deeper parts than the limit are refused by the caller.
    pub fn from_json(value: &Value) -> Self {
        let value = match value {
            Value::Null => NodeValue::Null,
            Value::Bool(truth) => NodeValue::Boolean(*truth),
            Value::Number(number) if number.is_f64() => NodeValue::Float(number.as_f64().unwrap_or_default()),
            Value::Number(number) => NodeValue::Integer(number.to_string()),
            Value::String(text) => NodeValue::String(text.clone()),
            Value::Array(items) => NodeValue::List(items.iter().map(Self::from_json).collect()),
            Value::Object(fields) => NodeValue::Mapping(
                fields
                    .iter()
                    .map(|(key, item)| {
                        let node = Self::from_json(item);
                        (key.clone(), Entry { key_span: Span::default(), node })
                    })
                    .collect(),
            ),
        };
        Self { value, span: Span::default() }
    }

    /// Returns the value as JSON; integers beyond 64 bits become doubles, as the wire format has them.
    pub fn to_json(&self) -> Value {
        self.to_json_renamed(&|_, _| None)
    }

    /// Like [`Node::to_json_renamed`], and leaves the node without its texts.
    pub fn take_json(&mut self, rename: &dyn Fn(&Mapping, &str) -> Option<String>) -> Value {
        match &mut self.value {
            NodeValue::String(text) => Value::String(std::mem::take(text)),
            NodeValue::List(items) => {
                Value::Array(items.iter_mut().map(|item| item.take_json(rename)).collect())
            }
            NodeValue::Mapping(mapping) => {
                let mut fields = serde_json::Map::with_capacity(mapping.iter().len());
                let count = mapping.iter().len();
                for at in 0..count {
                    let renamed = mapping.key(at).and_then(|key| rename(mapping, key));
                    if let Some((key, node)) = mapping.take(at) {
                        fields.insert(renamed.unwrap_or(key), node.take_json(rename));
                    }
                }
                Value::Object(fields)
            }
            _ => self.to_json(),
        }
    }

    /// Like [`Node::to_json`], with keys of mappings renamed where there is another name.
    pub fn to_json_renamed(&self, rename: &dyn Fn(&Mapping, &str) -> Option<String>) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Boolean(truth) => Value::Bool(*truth),
            NodeValue::Integer(digits) => integer(digits),
            NodeValue::Float(double) => Value::from(*double),
            NodeValue::String(text) => Value::String(text.clone()),
            NodeValue::List(items) => {
                Value::Array(items.iter().map(|item| item.to_json_renamed(rename)).collect())
            }
            NodeValue::Mapping(mapping) => {
                let mut fields = serde_json::Map::with_capacity(mapping.iter().len());
                for (key, entry) in mapping.iter() {
                    let name = rename(mapping, key).unwrap_or_else(|| key.clone());
                    fields.insert(name, entry.node.to_json_renamed(rename));
                }
                Value::Object(fields)
            }
        }
    }

    /// Returns the mapping, when it is one.
    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.value {
            NodeValue::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// Returns the text, when it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            NodeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the node under a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.get(key).map(|entry| &entry.node)
    }

    /// Tells whether it is null (or empty).
    pub fn is_null(&self) -> bool {
        self.value == NodeValue::Null
    }

    /// Names the kind of value for messages, with the value where it is short.
    pub fn describe(&self) -> String {
        match &self.value {
            NodeValue::Null => "nothing".to_owned(),
            NodeValue::Boolean(truth) => format!("the boolean `{truth}`"),
            NodeValue::Integer(digits) => format!("the number `{}`", shorten(digits)),
            NodeValue::Float(double) => format!("the number `{double}`"),
            NodeValue::String(text) => format!("the text `{}`", shorten(text)),
            NodeValue::List(_) => "a list".to_owned(),
            NodeValue::Mapping(_) => "a mapping".to_owned(),
        }
    }
}

fn integer(digits: &str) -> Value {
    if let Ok(number) = digits.parse::<i64>() {
        return Value::from(number);
    }
    if let Ok(number) = digits.parse::<u64>() {
        return Value::from(number);
    }
    let double = digits.parse::<f64>().unwrap_or(f64::MAX);
    Value::from(double.clamp(f64::MIN, f64::MAX))
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Cuts a text to what a message can show on its line.
pub(crate) fn shorten(text: &str) -> String {
    let line: String = text.chars().take_while(|c| *c != '\n').take(60).collect();
    if line.len() < text.len() { format!("{line}…") } else { line }
}
