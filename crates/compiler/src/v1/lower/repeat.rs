//! Loops: `withItems`, `withParam` and `withSequence`.

use std::collections::BTreeMap;

use pipewright_plan::{
    Each, Expr, Items, IterationKind, LOOP_ITEM, LoopPolicy, ParameterBinding, ParameterSource, Placeholder,
    SequenceError, Text, TextPart, Value, ValueTemplate,
};

use super::bind::{self, Bindings, ITEMS};
use crate::decode::Context;
use crate::v1::tags::split;
use crate::v1::workflow::{AnyText, DagTask, Sequence};
use crate::yaml::{self, Span};

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
        cx.within("withSequence", |cx| counted(bindings, sequence, cx))?
    };
    Some(LoopPolicy {
        kind: IterationKind::Parameter,
        items,
        item_input: LOOP_ITEM.to_owned(),
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
        return Items::Static { values: values.iter().map(as_read).collect() };
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
            fields: sorted(fields)
                .into_iter()
                .map(|(key, item)| (Text::literal(key.as_str()), template(bindings, item, span, cx)))
                .collect(),
        },
        other => ValueTemplate::Literal { value: as_read(other) },
    }
}

/// Returns an item as whoever reads the file hands it on: numbers in their shortest form, fields in order.
fn as_read(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(as_read).collect(),
        Value::Object(fields) => Value::Object(
            sorted(fields).into_iter().map(|(key, item)| (key.clone(), as_read(item))).collect(),
        ),
        other => pipewright_plan::normalize(other.clone()),
    }
}

fn sorted(fields: &serde_json::Map<String, Value>) -> BTreeMap<&String, &Value> {
    fields.iter().collect()
}

/// The items of a sequence: written out where all of it is known, else counted when the loop begins.
fn counted(bindings: &mut Bindings<'_, '_>, sequence: &Sequence, cx: &mut Context) -> Option<Items> {
    let fields = [("start", &sequence.start), ("end", &sequence.end), ("count", &sequence.count)];
    if sequence.end.is_none() && sequence.count.is_none() {
        cx.error("missing-field", sequence.span, "a sequence wants `count` or `end`");
        return None;
    }
    let format = sequence.format.as_ref().map(|format| (format.value.as_str(), format.span));
    let given = fields.iter().filter_map(|(_, field)| field.as_ref()).map(|field| field.value.as_str());
    if given.chain(format.map(|(text, _)| text)).any(|text| text.contains("{{")) {
        return Some(counted_later(bindings, sequence, cx));
    }
    let mut numbers = [None; 3];
    for (number, (name, field)) in numbers.iter_mut().zip(fields) {
        let Some(field) = field else { continue };
        *number = field.value.trim().parse::<i64>().ok();
        if number.is_none() {
            let message = format!("expected a whole number, found `{}`", yaml::shorten(&field.value));
            cx.within(name, |cx| cx.error("wrong-type", field.span, message).hint("a number, or a tag"));
            return None;
        }
    }
    let [start, end, count] = numbers;
    match pipewright_plan::sequence(start, end, count, format.map(|(text, _)| text)) {
        Ok(texts) => Some(Items::Static { values: texts.into_iter().map(Value::from).collect() }),
        Err(SequenceError::Format) => {
            let span = format.map_or(sequence.span, |(_, span)| span);
            cx.within("format", |cx| {
                cx.error("unsupported", span, SequenceError::Format.to_string())
                    .hint("one verb such as `%d`, `%02d`, `%x` or `%o` in a text");
            });
            None
        }
        Err(wrong) => {
            cx.error("wrong-value", sequence.span, wrong.to_string());
            None
        }
    }
}

/// Makes the items an expression over helpers that hold what the sequence is made of.
fn counted_later(bindings: &mut Bindings<'_, '_>, sequence: &Sequence, cx: &mut Context) -> Items {
    let format = sequence.format.as_ref().map(|format| (format.value.as_str(), format.span));
    let number = |field: &'_ Option<AnyText>| field.as_ref().map(|field| (field.value.clone(), field.span));
    let fields = [
        ("start", number(&sequence.start)),
        ("end", number(&sequence.end)),
        ("count", number(&sequence.count)),
        ("format", format.map(|(text, span)| (text.to_owned(), span))),
    ];
    let was = std::mem::replace(&mut bindings.loops, false);
    let arguments = fields.into_iter().map(|(name, field)| {
        let Some((text, span)) = field else { return Expr::Literal { value: Value::from("") } };
        let helper = format!("loop.{name}");
        let binding = cx.within(name, |cx| bindings.binding(&split(&text), span, cx));
        bindings.parameters.insert(helper.clone(), binding);
        Expr::Variable { name: helper }
    });
    let expr = Box::new(Expr::Named { name: "sequence".to_owned(), arguments: arguments.collect() });
    bindings.loops = was;
    let placeholder = Placeholder::Expression { text: "withSequence".to_owned(), expr };
    let text = Text { parts: vec![TextPart::Placeholder { placeholder }] };
    bindings.parameters.insert(ITEMS.to_owned(), bind::constant(ValueTemplate::Text { text }));
    Items::Input { name: ITEMS.to_owned() }
}
