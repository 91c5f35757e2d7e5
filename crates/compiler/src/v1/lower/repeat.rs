//! Loops: `withItems`, `withParam` and `withSequence`.

use indexmap::IndexMap;
use pipewright_plan::{
    Each, Expr, Items, IterationKind, LoopPolicy, ParameterBinding, ParameterSource, Value, ValueTemplate,
};

use super::bind::{Bindings, ITEM, ITEMS};
use crate::decode::Context;
use crate::v1::tags::split;
use crate::v1::workflow::{DagTask, Sequence, Whole};
use crate::yaml::Span;

/// Longest sequence that is written out.
const LONGEST: i64 = 100_000;

/// Tells whether the task runs once for each of something.
pub(super) fn loops(spec: &DagTask) -> bool {
    spec.with_items.is_some() || spec.with_param.is_some() || spec.with_sequence.is_some()
}

/// Lowers the loop of a task whose arguments are bound already.
pub(super) fn lower(
    bindings: &mut Bindings<'_, '_>,
    spec: &DagTask,
    condition: Option<Expr>,
    cx: &mut Context,
) -> Option<LoopPolicy> {
    let items = if let Some(items) = &spec.with_items {
        cx.within("withItems", |cx| match &items.value {
            Value::Array(values) => Some(listed(bindings, values, items.span, cx)),
            Value::String(text) if text.contains("{{") => Some(computed(bindings, text, items.span, cx)),
            _ => {
                cx.error("wrong-type", items.span, "the items of a loop are a list");
                None
            }
        })?
    } else if let Some(text) = &spec.with_param {
        cx.within("withParam", |cx| computed(bindings, &text.value, text.span, cx))
    } else {
        let sequence = spec.with_sequence.as_ref()?;
        Items::Static { values: cx.within("withSequence", |cx| numbers(sequence, cx))? }
    };
    Some(LoopPolicy {
        kind: IterationKind::Parameter,
        items,
        item_input: ITEM.to_owned(),
        parallelism: None,
        each: Each {
            parameters: std::mem::take(&mut bindings.each),
            artifacts: std::mem::take(&mut bindings.each_artifacts),
            parts: std::mem::take(&mut bindings.each_parts),
            condition,
        },
    })
}

/// Items from one text: a list, or a text that holds one.
fn computed(bindings: &mut Bindings<'_, '_>, text: &str, span: Span, cx: &mut Context) -> Items {
    let was = std::mem::replace(&mut bindings.loops, false);
    let binding = bindings.binding(&split(text), span, cx);
    bindings.loops = was;
    bindings.parameters.insert(ITEMS.to_owned(), binding);
    Items::Input { name: ITEMS.to_owned() }
}

/// Items as they are written, tags allowed inside.
fn listed(bindings: &mut Bindings<'_, '_>, values: &[Value], span: Span, cx: &mut Context) -> Items {
    if !values.iter().any(mentions_tag) {
        return Items::Static { values: values.iter().cloned().map(pipewright_plan::normalize).collect() };
    }
    let was = std::mem::replace(&mut bindings.loops, false);
    let items = values.iter().map(|value| template(bindings, value, span, cx)).collect();
    bindings.loops = was;
    let source = ParameterSource::Constant { value: ValueTemplate::List { items } };
    bindings.parameters.insert(ITEMS.to_owned(), ParameterBinding { source, selector: None });
    Items::Input { name: ITEMS.to_owned() }
}

fn mentions_tag(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{"),
        Value::Array(items) => items.iter().any(mentions_tag),
        Value::Object(fields) => fields.iter().any(|(_, item)| mentions_tag(item)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn template(bindings: &mut Bindings<'_, '_>, value: &Value, span: Span, cx: &mut Context) -> ValueTemplate {
    match value {
        Value::String(text) if text.contains("{{") => {
            ValueTemplate::Text { text: bindings.text(&split(text), span, cx) }
        }
        Value::Array(items) if items.iter().any(mentions_tag) => ValueTemplate::List {
            items: items.iter().map(|item| template(bindings, item, span, cx)).collect(),
        },
        Value::Object(fields) if fields.values().any(mentions_tag) => ValueTemplate::Struct {
            fields: fields
                .iter()
                .map(|(key, item)| {
                    (pipewright_plan::Text::literal(key.as_str()), template(bindings, item, span, cx))
                })
                .collect(),
        },
        other => ValueTemplate::Literal { value: pipewright_plan::normalize(other.clone()) },
    }
}

fn numbers(sequence: &Sequence, cx: &mut Context) -> Option<Vec<Value>> {
    let fields: IndexMap<&str, &Whole> =
        [("start", &sequence.start), ("end", &sequence.end), ("count", &sequence.count)]
            .into_iter()
            .filter_map(|(name, field)| Some((name, field.as_ref()?)))
            .collect();
    for (name, field) in &fields {
        if field.value.is_none() {
            cx.within(*name, |cx| {
                cx.error("unsupported", field.span, "a sequence must be made of numbers, not of tags")
                    .hint("use `withParam` with a list");
            });
            return None;
        }
    }
    let number = |name: &str| fields.get(name).and_then(|field| field.value);
    let start = number("start").unwrap_or(0);
    let (length, step) = match (number("count"), number("end")) {
        (Some(count), _) => (count.max(0), 1),
        (None, Some(end)) if end >= start => (end - start + 1, 1),
        (None, Some(end)) => (start - end + 1, -1),
        (None, None) => {
            cx.error("missing-field", sequence.span, "a sequence wants `count` or `end`");
            return None;
        }
    };
    if length > LONGEST {
        let message = format!("the sequence has {length} items, {LONGEST} are allowed");
        cx.error("wrong-value", sequence.span, message);
        return None;
    }
    let format = sequence.format.as_ref().map(|format| format.value.as_str());
    let mut values = Vec::new();
    for index in 0..length {
        let number = start + step * index;
        match written(format.unwrap_or("%d"), number) {
            Some(text) => values.push(Value::from(text)),
            None => {
                let span = sequence.format.as_ref().map_or(sequence.span, |format| format.span);
                cx.within("format", |cx| {
                    cx.error("unsupported", span, "the format is not understood")
                        .hint("one verb such as `%d`, `%02d`, `%x` or `%o` in a text");
                });
                return None;
            }
        }
    }
    Some(values)
}

/// Writes a number by one verb of Go's `fmt`, the rest as it stands.
fn written(format: &str, number: i64) -> Option<String> {
    let (before, rest) = format.split_once('%')?;
    let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
    let (flags, verb) = rest.split_at(end);
    let after = &verb[1..];
    if after.contains('%') || !flags.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let digits = match &verb[..1] {
        "d" | "v" => number.to_string(),
        "x" => format!("{number:x}"),
        "X" => format!("{number:X}"),
        "o" => format!("{number:o}"),
        "b" => format!("{number:b}"),
        _ => return None,
    };
    let width: usize = if flags.is_empty() { 0 } else { flags.parse().ok().filter(|width| *width < 100)? };
    let fill = if flags.starts_with('0') { '0' } else { ' ' };
    let padding: String = std::iter::repeat_n(fill, width.saturating_sub(digits.len())).collect();
    Some(format!("{before}{padding}{digits}{after}"))
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn numbers_are_written_by_their_format() {
        for (format, number, expected) in [
            ("%d", 7, Some("7")),
            ("host-%03d.local", 7, Some("host-007.local")),
            ("%3d", 7, Some("  7")),
            ("0x%X", 255, Some("0xFF")),
            ("plain", 7, None),
            ("%d%d", 7, None),
            ("%s", 7, None),
        ] {
            assert_eq!(written(format, number).as_deref(), expected, "{format}");
        }
    }
}
