//! Nodes to typed messages, as protobuf's JSON mapping reads them: the small pieces that all messages share.
//!
//! Every mistake is recorded and reading goes on with the field absent. Knows no message.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::suggest;
use crate::yaml::{Mapping, Node, NodeValue, Span};

/// Where mistakes go and which place of the document is being looked at.
#[derive(Debug)]
pub(crate) struct Context {
    pub diagnostics: Diagnostics,
    path: Vec<String>,
    /// How an unknown field is taken
    pub unknown_fields: Severity,
    /// Snake-case keys that were read as their camel-case fields, by the mapping's address
    renamed: HashSet<(usize, String)>,
}

impl Context {
    pub fn new() -> Self {
        Self {
            diagnostics: Diagnostics::default(),
            path: Vec::new(),
            unknown_fields: Severity::Error,
            renamed: HashSet::new(),
        }
    }

    /// Runs a step one level deeper in the document.
    pub fn within<R>(&mut self, segment: impl Into<String>, step: impl FnOnce(&mut Self) -> R) -> R {
        self.path.push(segment.into());
        let result = step(self);
        self.path.pop();
        result
    }

    /// Records a mistake at the current place.
    pub fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> &mut Diagnostic {
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
        for segment in &self.path {
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

    /// Names a key as the camel-case field that it was read as.
    pub fn field_name(&self, mapping: &Mapping, key: &str) -> String {
        if self.renamed.contains(&(address(mapping), key.to_owned())) { camel(key) } else { key.to_owned() }
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

/// A map field, in document order.
pub(crate) type Map<T> = IndexMap<String, Keyed<T>>;

impl<T: Decode> Field for Option<T> {
    fn read(node: &Node, cx: &mut Context) -> Self {
        if node.is_null() && !T::TAKES_NULL {
            return None;
        }
        T::decode(node, cx)
    }
}

impl<T: Decode> Field for Vec<T> {
    fn read(node: &Node, cx: &mut Context) -> Self {
        match &node.value {
            NodeValue::Null => Vec::new(),
            NodeValue::List(items) => items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| cx.within(format!("[{index}]"), |cx| T::decode(item, cx)))
                .collect(),
            _ => {
                cx.wrong_type(node, "a list");
                Vec::new()
            }
        }
    }
}

impl<T: Decode> Field for Map<T> {
    fn read(node: &Node, cx: &mut Context) -> Self {
        match &node.value {
            NodeValue::Null => Map::new(),
            NodeValue::Mapping(mapping) => mapping
                .iter()
                .filter_map(|(key, entry)| {
                    let value = cx.within(key.as_str(), |cx| T::decode(&entry.node, cx))?;
                    Some((key.clone(), Keyed { key_span: entry.key_span, value }))
                })
                .collect(),
            _ => {
                cx.wrong_type(node, "a mapping");
                Map::new()
            }
        }
    }
}

impl<T: Decode> Decode for Spanned<T> {
    const TAKES_NULL: bool = T::TAKES_NULL;

    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        Some(Self { value: T::decode(node, cx)?, span: node.span })
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        T::decode(node, cx).map(Box::new)
    }
}

impl Decode for String {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        if node.as_str().is_none() {
            cx.wrong_type(node, "a text");
        }
        node.as_str().map(str::to_owned)
    }
}

impl Decode for bool {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        match node.value {
            NodeValue::Boolean(truth) => Some(truth),
            _ => {
                cx.wrong_type(node, "`true` or `false`");
                None
            }
        }
    }
}

impl Decode for i64 {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let number = match &node.value {
            NodeValue::Integer(digits) => digits.parse().ok(),
            NodeValue::String(text) => text.parse().ok(),
            NodeValue::Float(double) if double.fract() == 0.0 && double.abs() < 9e18 => Some(*double as i64),
            _ => None,
        };
        if number.is_none() {
            cx.wrong_type(node, "an integer");
        }
        number
    }
}

impl Decode for i32 {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let number = i64::decode(node, cx)?;
        let narrow = i32::try_from(number).ok();
        if narrow.is_none() {
            cx.error("wrong-type", node.span, format!("the number `{number}` does not fit into 32 bits"));
        }
        narrow
    }
}

impl Decode for f64 {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let number = match &node.value {
            NodeValue::Integer(text) | NodeValue::String(text) => text.parse().ok(),
            NodeValue::Float(double) => Some(*double),
            _ => None,
        };
        let number = number.filter(|double: &f64| double.is_finite());
        if number.is_none() {
            cx.wrong_type(node, "a number");
        }
        number
    }
}

impl Decode for Value {
    const TAKES_NULL: bool = true;

    fn decode(node: &Node, _: &mut Context) -> Option<Self> {
        Some(node.to_json())
    }
}

/// A free JSON object.
pub(crate) type Struct = serde_json::Map<String, Value>;

impl Decode for Struct {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        match node.to_json() {
            Value::Object(fields) => Some(fields),
            _ => {
                cx.wrong_type(node, "a mapping");
                None
            }
        }
    }
}

impl Decode for std::time::Duration {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let seconds = node.as_str().and_then(|text| text.strip_suffix('s')).and_then(|text| {
            let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            text.parse::<f64>().ok().filter(|_| plain)
        });
        let duration = seconds.and_then(|seconds| Self::try_from_secs_f64(seconds).ok());
        if duration.is_none() {
            cx.wrong_type(node, "a duration in seconds such as `30s`");
        }
        duration
    }
}

/// The fields of one message while it is read.
pub(crate) struct Fields<'n> {
    mapping: &'n Mapping,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Begins to read a message.
    pub fn open(node: &'n Node, cx: &mut Context) -> Option<Self> {
        let mapping = node.as_mapping();
        if mapping.is_none() {
            cx.wrong_type(node, "a mapping");
        }
        Some(Self { mapping: mapping?, known: Vec::new() })
    }

    /// Reads one field by its camel-case name, or by its snake-case one.
    pub fn read<T: Field>(&mut self, cx: &mut Context, name: &'static str) -> T {
        self.known.push(name);
        let snake = snake(name);
        let entry = match (self.mapping.get(name), self.mapping.get(&snake)) {
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
        self.mapping.get(name).or_else(|| self.mapping.get(&snake(name)))
    }

    /// Reports the fields that nobody has read.
    pub fn close(self, cx: &mut Context) {
        for (key, entry) in self.mapping {
            if self.known.iter().any(|name| name == key || snake(name) == *key) {
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

/// Reads an enumeration by name, or by number as the wire format allows.
pub(crate) fn decode_enum<T: Copy>(node: &Node, cx: &mut Context, values: &[(&str, i64, T)]) -> Option<T> {
    let found = match &node.value {
        NodeValue::String(text) => values.iter().find(|(name, ..)| name == text),
        NodeValue::Integer(digits) => values.iter().find(|(_, number, _)| number.to_string() == *digits),
        _ => None,
    };
    if found.is_none() {
        let names = || values.iter().map(|(name, ..)| *name);
        let hint = node.as_str().and_then(|text| suggest::did_you_mean(text, names()));
        let all = names().collect::<Vec<_>>().join(", ");
        cx.error(
            "wrong-type",
            node.span,
            format!("expected one of the known words, found {}", node.describe()),
        )
        .hint(hint.unwrap_or_else(|| format!("one of: {all}")));
    }
    found.map(|(.., value)| *value)
}

/// Declares messages: their fields by type and wire name, and which fields exclude each other.
macro_rules! messages {
    ($($(#[$meta:meta])* $name:ident {
        $($field:ident : $type:ty = $wire:literal),* $(,)?
    } $(one of $($one:literal)|+)* ;)*) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Default)]
        // Some fields are read only to be checked.
        #[allow(dead_code)]
        pub(crate) struct $name {
            pub span: crate::yaml::Span,
            $(pub $field: $type,)*
        }

        impl crate::decode::Decode for $name {
            fn decode(node: &crate::yaml::Node, cx: &mut crate::decode::Context) -> Option<Self> {
                #[allow(unused_mut)]
                let mut fields = crate::decode::Fields::open(node, cx)?;
                let message = Self { span: node.span, $($field: fields.read(cx, $wire),)* };
                $(fields.at_most_one(cx, &[$($one),+]);)*
                fields.close(cx);
                Some(message)
            }
        }
    )* };
}

/// Declares an enumeration by its words and numbers on the wire.
macro_rules! enumeration {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $wire:literal $number:literal),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant),* }

        impl crate::decode::Decode for $name {
            fn decode(node: &crate::yaml::Node, cx: &mut crate::decode::Context) -> Option<Self> {
                crate::decode::decode_enum(node, cx, &[$(($wire, $number, Self::$variant)),*])
            }
        }
    };
}

pub(crate) use {enumeration, messages};
