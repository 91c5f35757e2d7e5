//! How single values are read: texts, numbers, durations, literals, enumerations, lists and maps.

use serde_json::Value;

use super::{Context, Decode, Field, Keyed, Map, Spanned, Struct};
use crate::suggest;
use crate::yaml::{Node, NodeValue};

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
