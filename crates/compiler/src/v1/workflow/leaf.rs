//! Single values as Argo reads them: texts that were written without quotes, numbers that were written with.

use crate::decode::{Context, Decode};
use crate::yaml::{Node, NodeValue, Span};

/// A text, or a number or boolean that stands for its own text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::v1) struct AnyText {
    pub value: String,
    pub span: Span,
}

impl Decode for AnyText {
    const TAKES_NULL: bool = false;

    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let value = match &node.value {
            NodeValue::String(text) => text.clone(),
            NodeValue::Integer(digits) => digits.clone(),
            NodeValue::Boolean(truth) => truth.to_string(),
            NodeValue::Float(_) => node.to_json().to_string(),
            NodeValue::Null | NodeValue::List(_) | NodeValue::Mapping(_) => {
                cx.error("wrong-type", node.span, format!("expected a text, found {}", node.describe()))
                    .hint("lists and mappings are given as JSON in quotes");
                return None;
            }
        };
        Some(Self { value, span: node.span })
    }
}

/// A whole number, maybe in quotes, or a text with tags in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::v1) struct Whole {
    /// `None` when the text is no number.
    pub value: Option<i64>,
    /// As it is written when it is no number.
    pub text: String,
    pub span: Span,
}

impl Decode for Whole {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let value = match &node.value {
            NodeValue::Integer(digits) => digits.parse().ok(),
            NodeValue::String(text) => match text.trim().parse() {
                Ok(number) => Some(number),
                Err(_) if text.contains("{{") => None,
                Err(_) => {
                    let found = node.describe();
                    cx.error("wrong-type", node.span, format!("expected a whole number, found {found}"));
                    return None;
                }
            },
            NodeValue::Float(double) if double.fract() == 0.0 && double.abs() < 9e15 => Some(*double as i64),
            _ => {
                let found = node.describe();
                cx.error("wrong-type", node.span, format!("expected a whole number, found {found}"));
                return None;
            }
        };
        let text = match &node.value {
            NodeValue::String(text) => text.clone(),
            _ => String::new(),
        };
        Some(Self { value, text, span: node.span })
    }
}
