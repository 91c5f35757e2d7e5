//! Functions of the sprig library: lenient about kinds, and their subject comes last.

use pipewright_plan::Value;
use regex_lite::Regex;
use sha2::{Digest, Sha256};

use super::{lists, numbers, texts, written};

/// Applies one; `None` when it does not take these arguments.
pub(super) fn call(function: &str, arguments: &[Value]) -> Option<Result<Value, String>> {
    text(function, arguments)
        .or_else(|| number(function, arguments))
        .or_else(|| list(function, arguments))
        .or_else(|| choice(function, arguments))
}

fn text(function: &str, arguments: &[Value]) -> Option<Result<Value, String>> {
    use serde_json::Value::String as Text;
    let own = |name: &str, arguments: &[&Value]| {
        let arguments: Vec<Value> = arguments.iter().map(|value| (*value).clone()).collect();
        texts::call(name, &arguments)
    };
    Some(match (function, arguments) {
        ("trim" | "upper" | "lower", [text]) => own(function, &[text])?,
        ("trimAll", [signs, text]) => own("trim", &[text, signs])?,
        ("trimPrefix" | "trimSuffix" | "hasPrefix" | "hasSuffix", [part, text]) => {
            own(function, &[text, part])?
        }
        ("contains", [Text(part), Text(text)]) => Ok(Value::Bool(text.contains(part.as_str()))),
        ("replace", [old, new, text]) => own("replace", &[text, old, new])?,
        ("repeat", [times, Text(text)]) => texts::repeated(text, times.as_u64()?),
        ("nospace", [Text(text)]) => Ok(Text(text.split_whitespace().collect())),
        ("splitList", [Text(part), Text(text)]) => Ok(texts::pieces(text, part, None)),
        ("join", [Text(glue), Value::Array(items)]) => {
            Ok(Text(items.iter().map(written).collect::<Vec<_>>().join(glue)))
        }
        ("cat", values) => Ok(Text(values.iter().map(written).collect::<Vec<_>>().join(" "))),
        ("quote", values) => {
            let quoted = values.iter().filter(|value| !value.is_null());
            Ok(Text(quoted.map(|value| Text(written(value)).to_string()).collect::<Vec<_>>().join(" ")))
        }
        ("squote", values) => {
            let quoted = values.iter().filter(|value| !value.is_null());
            Ok(Text(quoted.map(|value| format!("'{}'", written(value))).collect::<Vec<_>>().join(" ")))
        }
        ("indent", [width, Text(text)]) => Ok(Text(indented(width.as_u64()?, text))),
        ("nindent", [width, Text(text)]) => Ok(Text(format!("\n{}", indented(width.as_u64()?, text)))),
        ("substr", [from, to, Text(text)]) => {
            let letters: Vec<char> = text.chars().collect();
            let end = |value: &Value, otherwise| {
                value
                    .as_i64()
                    .and_then(|at| usize::try_from(at).ok())
                    .map_or(otherwise, |at| at.min(letters.len()))
            };
            let (from, to) = (end(from, 0), end(to, letters.len()));
            Ok(Text(letters[from..to.max(from)].iter().collect()))
        }
        ("trunc", [length, Text(text)]) => {
            let (length, letters) = (length.as_i64()?, text.chars().count());
            let kept = usize::try_from(length.unsigned_abs()).unwrap_or(usize::MAX);
            Ok(Text(match length < 0 {
                true => text.chars().skip(letters.saturating_sub(kept)).collect(),
                false => text.chars().take(kept).collect(),
            }))
        }
        ("toString", [value]) => Ok(Text(written(value))),
        ("toJson", [value]) => Ok(Text(value.to_string())),
        ("toPrettyJson", [value]) => {
            serde_json::to_string_pretty(value).map(Text).map_err(|error| error.to_string())
        }
        ("fromJson", [Text(text)]) => texts::parsed(text),
        ("b64enc", [text]) => own("toBase64", &[text])?,
        ("b64dec", [Text(text)]) => texts::decoded(text),
        ("sha256sum", [Text(text)]) => Ok(Text(hex::encode(Sha256::digest(text.as_bytes())))),
        ("regexMatch", [Text(pattern), Text(text)]) => {
            regex(pattern).map(|regex| Value::Bool(regex.is_match(text)))
        }
        ("regexFind", [Text(pattern), Text(text)]) => {
            regex(pattern).map(|regex| Value::from(regex.find(text).map_or("", |found| found.as_str())))
        }
        ("regexReplaceAll", [Text(pattern), Text(text), Text(new)]) => {
            regex(pattern).map(|regex| Text(regex.replace_all(text, new.as_str()).into_owned()))
        }
        _ => return None,
    })
}

fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| format!("`{pattern}` is no regular expression: {error}"))
}

fn indented(width: u64, text: &str) -> String {
    let pad = " ".repeat(usize::try_from(width.min(200)).unwrap_or_default());
    text.split('\n').map(|line| format!("{pad}{line}")).collect::<Vec<_>>().join("\n")
}

/// What does not read as a number counts as 0.
fn whole(value: &Value) -> i64 {
    let from_text = |text: &str| text.trim().parse::<f64>().ok().map(|double| double as i64);
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|double| double as i64)),
        Value::String(text) => text.trim().parse().ok().or_else(|| from_text(text)),
        Value::Bool(truth) => Some(i64::from(*truth)),
        _ => None,
    }
    .unwrap_or(0)
}

fn number(function: &str, arguments: &[Value]) -> Option<Result<Value, String>> {
    let fold = |from: i64, step: fn(i64, i64) -> Option<i64>| {
        let mut all = arguments.iter().map(whole);
        let found = all.try_fold(from, step).map(Value::from);
        found.ok_or_else(|| "integer overflow".to_owned())
    };
    let double = |value: &Value| numbers::double(value).ok().and_then(|value| value.as_f64()).unwrap_or(0.0);
    Some(match (function, arguments) {
        ("int" | "int64" | "atoi", [value]) => Ok(Value::from(whole(value))),
        ("float64", [value]) => numbers::float(double(value)),
        ("add", _) => fold(0, i64::checked_add),
        ("add1", [value]) => Ok(Value::from(whole(value).saturating_add(1))),
        ("mul", _) => fold(1, i64::checked_mul),
        ("sub", [left, right]) => Ok(Value::from(whole(left).saturating_sub(whole(right)))),
        ("div" | "mod", [left, right]) => {
            let (left, right) = (whole(left), whole(right));
            let found = if function == "div" { left.checked_div(right) } else { left.checked_rem(right) };
            found.map(Value::from).ok_or_else(|| "division by zero".to_owned())
        }
        ("max", values) => Ok(Value::from(values.iter().map(whole).max()?)),
        ("min", values) => Ok(Value::from(values.iter().map(whole).min()?)),
        ("floor", [value]) => numbers::float(double(value).floor()),
        ("ceil", [value]) => numbers::float(double(value).ceil()),
        ("round", [value, places]) => {
            let scale = 10_f64.powi(i32::try_from(whole(places)).unwrap_or(0));
            numbers::float((double(value) * scale).round() / scale)
        }
        _ => return None,
    })
}

fn list(function: &str, arguments: &[Value]) -> Option<Result<Value, String>> {
    use serde_json::Value::{Array, Object};
    let own = |name: &str| lists::call(name, arguments);
    Some(match (function, arguments) {
        ("list", values) => Ok(Array(values.to_vec())),
        ("first" | "last" | "reverse" | "uniq" | "concat", _) => own(function)?,
        ("rest", [Array(items)]) => Ok(items.iter().skip(1).cloned().collect()),
        ("initial", [Array(items)]) => Ok(items[..items.len().saturating_sub(1)].iter().cloned().collect()),
        ("append", [Array(items), value]) => Ok(items.iter().chain([value]).cloned().collect()),
        ("prepend", [Array(items), value]) => Ok([value].into_iter().chain(items).cloned().collect()),
        ("without", [Array(items), out @ ..]) => {
            Ok(items.iter().filter(|item| !out.contains(item)).cloned().collect())
        }
        ("has", [value, Array(items)]) => Ok(Value::Bool(items.contains(value))),
        ("compact", [Array(items)]) => Ok(items.iter().filter(|item| !is_empty(item)).cloned().collect()),
        ("sortAlpha", [Array(items)]) => {
            let mut all: Vec<String> = items.iter().map(written).collect();
            all.sort();
            Ok(all.into_iter().map(Value::from).collect())
        }
        ("until", [count]) => lists::call("range", &[Value::from(0), Value::from(whole(count) - 1)])?,
        ("dict", pairs) => {
            let pairs =
                pairs.chunks(2).map(|pair| (written(&pair[0]), pair.get(1).cloned().unwrap_or_default()));
            Ok(Object(pairs.collect()))
        }
        ("get", [Object(fields), Value::String(key)]) => {
            Ok(fields.get(key).cloned().unwrap_or_else(|| Value::from("")))
        }
        ("hasKey", [Object(fields), Value::String(key)]) => Ok(Value::Bool(fields.contains_key(key))),
        ("keys", maps) => {
            let maps: Option<Vec<&serde_json::Map<String, Value>>> =
                maps.iter().map(Value::as_object).collect();
            let keys = maps?.into_iter().flat_map(lists::in_order);
            Ok(keys.map(|(key, _)| Value::from(key.as_str())).collect())
        }
        ("values", [Object(_)]) => own("values")?,
        ("pick" | "omit", [Object(fields), keys @ ..]) => {
            let is_named = |key: &String| keys.iter().any(|named| named == key.as_str());
            let is_kept = |key: &String| is_named(key) == (function == "pick");
            let kept = fields.iter().filter(|(key, _)| is_kept(key));
            Ok(Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect()))
        }
        _ => return None,
    })
}

fn choice(function: &str, arguments: &[Value]) -> Option<Result<Value, String>> {
    Some(match (function, arguments) {
        ("default", [otherwise, value]) => Ok(if is_empty(value) { otherwise } else { value }.clone()),
        ("empty", [value]) => Ok(Value::Bool(is_empty(value))),
        ("coalesce", values) => Ok(values.iter().find(|value| !is_empty(value)).cloned().unwrap_or_default()),
        ("ternary", [then, otherwise, Value::Bool(truth)]) => {
            Ok(if *truth { then } else { otherwise }.clone())
        }
        _ => return None,
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}
