//! Nodes to typed messages, as protobuf's JSON mapping reads them: the small pieces that all messages share.
//!
//! Every mistake is recorded and reading goes on with the field absent. Knows no message.

mod leaf;
mod macros;

use std::any::Any;
use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::suggest;
use crate::yaml::{Mapping, Node, NodeValue, Span};

pub(crate) use leaf::decode_enum;
pub(crate) use macros::{enumeration, messages};

/// Where mistakes go and which place of the document is being looked at.
#[derive(Debug)]
pub(crate) struct Context {
    pub diagnostics: Diagnostics,
    /// The segments down to the current place; buffers behind `depth` are kept for use again
    path: Vec<String>,
    depth: usize,
    /// How an unknown field is taken
    pub unknown_fields: Severity,
    /// Snake-case keys that were read as their camel-case fields, by the mapping's address
    renamed: HashSet<(usize, String)>,
    /// What was read, until nobody needs this any more
    kept: Option<Box<dyn Any>>,
}

impl Context {
    pub fn new() -> Self {
        Self {
            diagnostics: Diagnostics::default(),
            path: Vec::new(),
            depth: 0,
            unknown_fields: Severity::Error,
            renamed: HashSet::new(),
            kept: None,
        }
    }

    /// Keeps what was read as long as this.
    pub fn keep(&mut self, read: impl Any) {
        self.kept = Some(Box::new(read));
    }

    /// Runs a step one level deeper in the document.
    pub fn within<R>(&mut self, segment: impl AsRef<str>, step: impl FnOnce(&mut Self) -> R) -> R {
        match self.path.get_mut(self.depth) {
            Some(buffer) => {
                buffer.clear();
                buffer.push_str(segment.as_ref());
            }
            None => self.path.push(segment.as_ref().to_owned()),
        }
        self.depth += 1;
        let result = step(self);
        self.depth -= 1;
        result
    }

    /// Records a mistake at the current place.
    #[cfg_attr(test, track_caller)]
    pub fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        #[cfg(test)]
        crate::v1::sites::visit(std::panic::Location::caller());
        self.record(Severity::Error, code, span, message.into())
    }

    /// Records an oddity at the current place.
    pub fn warning(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.record(Severity::Warning, code, span, message.into())
    }

    fn record(
        &mut self,
        severity: Severity,
        code: &'static str,
        span: Span,
        message: String,
    ) -> &mut Diagnostic {
        let mut diagnostic = Diagnostic::new(severity, code, span, message);
        diagnostic.path = self.path();
        self.diagnostics.push(diagnostic)
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for segment in &self.path[..self.depth] {
            let plain = segment.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
            match segment {
                index if index.starts_with('[') => path.push_str(index),
                name if plain && path.is_empty() => path.push_str(name),
                name if plain => {
                    path.push('.');
                    path.push_str(name);
                }
                name => path.push_str(&format!("[`{}`]", crate::yaml::shorten(name))),
            }
        }
        path
    }

    fn wrong_type(&mut self, node: &Node, expected: &str) {
        let message = format!("expected {expected}, found {}", node.describe());
        let diagnostic = self.error("wrong-type", node.span, message);
        if expected == "a text" && !matches!(node.value, NodeValue::List(_) | NodeValue::Mapping(_)) {
            diagnostic.hint("put the value in quotes");
        }
    }

    /// Returns the node as JSON, keys by the names of the camel-case fields that they were read as.
    pub fn to_json(&self, node: &Node) -> Value {
        node.to_json_renamed(&|mapping, key| self.renamed(mapping, key))
    }

    /// Like [`Context::to_json`], and leaves the node without its texts.
    pub fn take_json(&self, node: &mut Node) -> Value {
        node.take_json(&|mapping, key| self.renamed(mapping, key))
    }

    /// Names a key as the camel-case field that it was read as.
    pub fn field_name(&self, mapping: &Mapping, key: &str) -> String {
        self.renamed(mapping, key).unwrap_or_else(|| key.to_owned())
    }

    fn renamed(&self, mapping: &Mapping, key: &str) -> Option<String> {
        let is_renamed =
            !self.renamed.is_empty() && self.renamed.contains(&(address(mapping), key.to_owned()));
        is_renamed.then(|| camel(key))
    }
}

fn address(mapping: &Mapping) -> usize {
    std::ptr::from_ref(mapping) as usize
}

/// Reads a node as a value of this type.
pub(crate) trait Decode: Sized {
    /// Whether null is a value of its own instead of "absent"
    const TAKES_NULL: bool = false;

    /// Records why and returns `None` when the node does not fit.
    fn decode(node: &Node, cx: &mut Context) -> Option<Self>;
}

/// A field of a message: optional, repeated or a map.
pub(crate) trait Field: Default {
    fn read(node: &Node, cx: &mut Context) -> Self;
}

/// A value with its place in the text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

/// A text with its place.
pub(crate) type Text = Spanned<String>;

/// The value of a map entry with the place of its key.
#[derive(Debug, Clone)]
pub(crate) struct Keyed<T> {
    pub key_span: Span,
    pub value: T,
}

/// A free JSON object.
pub(crate) type Struct = serde_json::Map<String, Value>;

/// A map field, in document order.
pub(crate) type Map<T> = IndexMap<String, Keyed<T>>;

/// Most messages have no more fields.
const MANY_FIELDS: usize = 12;

/// The fields of one message while it is read.
pub(crate) struct Fields<'n> {
    mapping: &'n Mapping,
    known: Vec<&'static str>,
    /// No key can be a field's name in snake case.
    is_plain: bool,
}

impl<'n> Fields<'n> {
    /// Begins to read a message.
    pub fn open(node: &'n Node, cx: &mut Context) -> Option<Self> {
        let mapping = node.as_mapping();
        if mapping.is_none() {
            cx.wrong_type(node, "a mapping");
        }
        let mapping = mapping?;
        let is_plain = !mapping.keys().any(|key| key.as_bytes().contains(&b'_'));
        Some(Self { mapping, known: Vec::with_capacity(MANY_FIELDS), is_plain })
    }

    /// Reads one field by its camel-case name, or by its snake-case one.
    pub fn read<T: Field>(&mut self, cx: &mut Context, name: &'static str) -> T {
        self.known.push(name);
        let snake = if self.is_plain { String::new() } else { snake(name) };
        let second = if self.is_plain { None } else { self.mapping.get(&snake) };
        let entry = match (self.mapping.get(name), second) {
            (Some(_), Some(second)) if snake != name => {
                let message = format!("field `{name}` is given twice, once as `{snake}`");
                cx.error("duplicate-key", second.key_span, message);
                return T::default();
            }
            (Some(entry), _) => entry,
            (None, Some(entry)) => {
                cx.renamed.insert((address(self.mapping), snake));
                entry
            }
            (None, None) => return T::default(),
        };
        cx.within(name, |cx| T::read(&entry.node, cx))
    }

    /// Refuses more than one of fields that exclude each other.
    pub fn at_most_one(&self, cx: &mut Context, names: &[&'static str]) {
        let given: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| self.entry(name).is_some_and(|entry| !entry.node.is_null()))
            .collect();
        if let [first, second, ..] = given.as_slice()
            && let Some(entry) = self.entry(second)
        {
            let message = format!("`{first}` and `{second}` exclude each other");
            cx.error("exclusive-fields", entry.key_span, message).hint("keep one of the two");
        }
    }

    fn entry(&self, name: &str) -> Option<&crate::yaml::Entry> {
        let second = || if self.is_plain { None } else { self.mapping.get(&snake(name)) };
        self.mapping.get(name).or_else(second)
    }

    /// Reports the fields that nobody has read.
    pub fn close(self, cx: &mut Context) {
        for (key, entry) in self.mapping.iter() {
            if cx.diagnostics.is_full() {
                return;
            }
            if self.known.iter().any(|name| name == key || (!self.is_plain && snake(name) == *key)) {
                continue;
            }
            let hint = suggest::did_you_mean(key, self.known.iter().copied()).unwrap_or_else(|| {
                let known: Vec<&str> = self.known.iter().copied().take(12).collect();
                if known.is_empty() {
                    "no fields are known here".to_owned()
                } else {
                    format!("known fields: {}", known.join(", "))
                }
            });
            let message = format!("unknown field `{}`", crate::yaml::shorten(key));
            cx.within(key.as_str(), |cx| match cx.unknown_fields {
                Severity::Error => cx.error("unknown-field", entry.key_span, message).hint(hint),
                Severity::Warning => cx.warning("unknown-field", entry.key_span, message).hint(hint),
            });
        }
    }
}

/// Spells a camel-case name in snake case.
pub(crate) fn snake(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            spelled.push('_');
        }
        spelled.push(letter.to_ascii_lowercase());
    }
    spelled
}

fn camel(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len());
    let mut raise = false;
    for letter in name.chars() {
        if letter == '_' {
            raise = true;
        } else if std::mem::take(&mut raise) {
            spelled.push(letter.to_ascii_uppercase());
        } else {
            spelled.push(letter);
        }
    }
    spelled
}
