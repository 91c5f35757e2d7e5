//! Functions on lists and maps, and the operators that reach into them.

use std::cmp::Ordering;

use pipewright_plan::Value;

use super::texts::no_part;

/// What begins a sentence about a sequence that cannot be counted.
pub(crate) const SEQUENCE: &str = "withSequence:";
/// Longest list that a function makes.
const LONGEST: i64 = 100_000;

/// Applies one; `None` when the function or its arguments are not of this kind.
pub(super) fn call(function: &str, arguments: &[Value]) -> Option<Result<Value, String>> {
    use serde_json::Value::{Array, Object};
    Some(match (function, arguments) {
        ("field?", [Value::Null, _]) => Ok(Value::Null),
        ("field" | "field?", [operand, key]) => field(operand, key),
        ("get", [operand, key]) => Ok(field(operand, key).unwrap_or_default()),
        ("range", [Value::Number(from), Value::Number(to)]) => range(from.as_i64()?, to.as_i64()?),
        (
            "sequence",
            [Value::String(start), Value::String(end), Value::String(count), Value::String(format)],
        ) => Ok(Value::String(counted(start, end, count, format).unwrap_or_else(|wrong| wrong))),
        ("part", [operand, from, to]) => part(operand, from, to)?,
        ("len", [Array(items)]) => Ok(Value::from(items.len())),
        ("len", [Object(fields)]) => Ok(Value::from(fields.len())),
        ("len", [Value::String(text)]) => Ok(Value::from(text.chars().count())),
        ("first", [Array(items)]) => Ok(items.first().cloned().unwrap_or_default()),
        ("last", [Array(items)]) => Ok(items.last().cloned().unwrap_or_default()),
        ("take", [Array(items), Value::Number(count)]) => {
            let count = usize::try_from(count.as_u64()?).unwrap_or(usize::MAX);
            Ok(items.iter().take(count).cloned().collect())
        }
        ("reverse", [Array(items)]) => Ok(items.iter().rev().cloned().collect()),
        ("uniq", [Array(items)]) => Ok(uniq(items)),
        ("flatten", [Array(items)]) => Ok(Array(flat(items))),
        ("concat", lists) => {
            let lists: Option<Vec<&Vec<Value>>> = lists.iter().map(Value::as_array).collect();
            Ok(lists?.into_iter().flatten().cloned().collect())
        }
        ("sort", [Array(items)]) => Ok(sorted(items, false)),
        ("sort", [Array(items), Value::String(order)]) => Ok(sorted(items, order == "desc")),
        ("keys", [Object(fields)]) => {
            Ok(in_order(fields).map(|(key, _)| Value::from(key.as_str())).collect())
        }
        ("values", [Object(fields)]) => Ok(in_order(fields).map(|(_, value)| value.clone()).collect()),
        ("toPairs", [Object(fields)]) => {
            let pair =
                |(key, value): (&String, &Value)| Array(vec![Value::from(key.as_str()), value.clone()]);
            Ok(in_order(fields).map(pair).collect())
        }
        ("fromPairs", [Array(pairs)]) => {
            let pair = |pair: &Value| match pair.as_array()?.as_slice() {
                [key, value] => Some((super::written(key), value.clone())),
                _ => None,
            };
            let fields: Option<serde_json::Map<String, Value>> = pairs.iter().map(pair).collect();
            fields.map(Object).ok_or_else(|| "pairs are lists of a key and a value".to_owned())
        }
        _ => return None,
    })
}

/// What lies under a key or at an index; a missing key holds nothing.
fn field(operand: &Value, key: &Value) -> Result<Value, String> {
    match (operand, key) {
        (Value::Object(fields), Value::String(key)) => Ok(fields.get(key).cloned().unwrap_or_default()),
        (Value::Array(items), Value::Number(at)) => {
            let at = at.as_i64().ok_or_else(|| no_part(operand, key))?;
            let found = place(at, items.len()).and_then(|at| items.get(at));
            found.cloned().ok_or_else(|| format!("index {at} is out of range 0..{}", items.len()))
        }
        _ => Err(no_part(operand, key)),
    }
}

/// Returns the items of a sequence as a JSON list, or what is wrong with it.
fn counted(start: &str, end: &str, count: &str, format: &str) -> Result<String, String> {
    let number = |name: &str, text: &str| match text.trim() {
        "" => Ok(None),
        digits => match digits.parse::<i64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!("{SEQUENCE} `{name}` is `{digits}`, which is no whole number")),
        },
    };
    let (start, end, count) = (number("start", start)?, number("end", end)?, number("count", count)?);
    let format = Some(format).filter(|format| !format.is_empty());
    let items = pipewright_plan::sequence(start, end, count, format);
    items.map(|items| Value::from(items).to_string()).map_err(|wrong| format!("{SEQUENCE} {wrong}"))
}

fn place(at: i64, length: usize) -> Option<usize> {
    usize::try_from(if at < 0 { i64::try_from(length).ok()? + at } else { at }).ok()
}

fn range(from: i64, to: i64) -> Result<Value, String> {
    if to.saturating_sub(from) >= LONGEST {
        return Err(format!("the range holds more than {LONGEST} numbers"));
    }
    Ok((from..=to).map(Value::from).collect())
}

/// `operand[from:to]`; an end that is not given is null.
fn part(operand: &Value, from: &Value, to: &Value) -> Option<Result<Value, String>> {
    let letters: Vec<char>;
    let length = match operand {
        Value::Array(items) => items.len(),
        Value::String(text) => text.chars().count(),
        _ => return None,
    };
    let end = |value: &Value, otherwise: usize| match value {
        Value::Null => Some(otherwise),
        value => Some(place(value.as_i64()?, length).unwrap_or(0).min(length)),
    };
    let (from, to) = (end(from, 0)?, end(to, length)?);
    let to = to.max(from);
    Some(Ok(match operand {
        Value::Array(items) => items[from..to].iter().cloned().collect(),
        other => {
            letters = other.as_str().unwrap_or_default().chars().collect();
            Value::String(letters[from..to].iter().collect())
        }
    }))
}

/// Fields by name, so that the same map always gives the same list.
pub(super) fn in_order(fields: &serde_json::Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let mut all: Vec<(&String, &Value)> = fields.iter().collect();
    all.sort_by_key(|(key, _)| *key);
    all.into_iter()
}

pub(super) fn uniq(items: &[Value]) -> Value {
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        if !kept.contains(item) {
            kept.push(item.clone());
        }
    }
    Value::Array(kept)
}

fn flat(items: &[Value]) -> Vec<Value> {
    let one = |item: &Value| match item {
        Value::Array(inner) => flat(inner),
        other => vec![other.clone()],
    };
    items.iter().flat_map(one).collect()
}

fn sorted(items: &[Value], is_down: bool) -> Value {
    let mut items = items.to_vec();
    items.sort_by(|left, right| match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal)
        }
        (left, right) => super::written(left).cmp(&super::written(right)),
    });
    if is_down {
        items.reverse();
    }
    Value::Array(items)
}
