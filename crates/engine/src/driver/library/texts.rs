//! Functions on texts, and from values to texts and back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pipewright_plan::{Value, kind_name, normalize};

use super::{json_path, written};

/// Longest text that a function makes.
const LONGEST: usize = 1 << 20;

/// Applies one; `None` when the function or its arguments are not of this kind.
pub(super) fn call(function: &str, arguments: &[Value]) -> Option<Result<Value, String>> {
    use serde_json::Value::String as Text;
    Some(match (function, arguments) {
        ("string", [value]) => Ok(Text(written(value))),
        ("toJson" | "toJSON", [value]) => Ok(Text(value.to_string())),
        ("fromJSON", [Text(text)]) => parsed(text),
        ("jsonpath", [Text(text), Text(path)]) => {
            parsed(text).and_then(|document| json_path::query(&document, path))
        }
        ("type", [value]) => Ok(Text(type_of(value).to_owned())),
        ("upper", [Text(text)]) => Ok(Text(text.to_uppercase())),
        ("lower", [Text(text)]) => Ok(Text(text.to_lowercase())),
        ("trim", [Text(text)]) => Ok(Text(text.trim().to_owned())),
        ("trim", [Text(text), Text(signs)]) => Ok(Text(text.trim_matches(|c| signs.contains(c)).to_owned())),
        ("trimPrefix", [Text(text), Text(part)]) => {
            Ok(Text(text.strip_prefix(part.as_str()).unwrap_or(text).to_owned()))
        }
        ("trimSuffix", [Text(text), Text(part)]) => {
            Ok(Text(text.strip_suffix(part.as_str()).unwrap_or(text).to_owned()))
        }
        ("hasPrefix", [Text(text), Text(part)]) => Ok(Value::Bool(text.starts_with(part.as_str()))),
        ("hasSuffix", [Text(text), Text(part)]) => Ok(Value::Bool(text.ends_with(part.as_str()))),
        ("indexOf", [Text(text), Text(part)]) => Ok(at(text.find(part.as_str()))),
        ("lastIndexOf", [Text(text), Text(part)]) => Ok(at(text.rfind(part.as_str()))),
        ("split", [Text(text), Text(part)]) => Ok(pieces(text, part, None)),
        ("split", [Text(text), Text(part), Value::Number(most)]) => {
            Ok(pieces(text, part, most.as_u64().and_then(|most| usize::try_from(most).ok())))
        }
        ("replace", [Text(text), Text(old), Text(new)]) => bounded(text.replace(old.as_str(), new)),
        ("replace", [Text(text), Text(old), Text(new), Value::Number(most)]) => {
            bounded(match most.as_u64().and_then(|most| usize::try_from(most).ok()) {
                Some(most) => text.replacen(old.as_str(), new, most),
                None => text.replace(old.as_str(), new),
            })
        }
        ("repeat", [Text(text), Value::Number(times)]) => repeated(text, times.as_u64().unwrap_or(0)),
        ("join", [Value::Array(items)]) => Ok(Text(items.iter().map(written).collect())),
        ("join", [Value::Array(items), Text(glue)]) => {
            Ok(Text(items.iter().map(written).collect::<Vec<_>>().join(glue)))
        }
        ("toBase64", [Text(text)]) => Ok(Text(STANDARD.encode(text))),
        ("fromBase64", [Text(text)]) => decoded(text),
        _ => return None,
    })
}

pub(super) fn parsed(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map(normalize).map_err(|error| format!("cannot parse JSON: {error}"))
}

pub(super) fn decoded(text: &str) -> Result<Value, String> {
    let bytes = STANDARD.decode(text).map_err(|error| format!("cannot read base64: {error}"))?;
    String::from_utf8(bytes).map(Value::String).map_err(|_| "the base64 holds no text".to_owned())
}

pub(super) fn repeated(text: &str, times: u64) -> Result<Value, String> {
    let times = usize::try_from(times).unwrap_or(usize::MAX);
    match text.len().checked_mul(times) {
        Some(length) if length <= LONGEST => Ok(Value::String(text.repeat(times))),
        _ => Err("the text is too long".to_owned()),
    }
}

fn bounded(text: String) -> Result<Value, String> {
    if text.len() > 16 * LONGEST { Err("the text is too long".to_owned()) } else { Ok(Value::String(text)) }
}

fn at(found: Option<usize>) -> Value {
    found.map_or(Value::from(-1), Value::from)
}

pub(super) fn pieces(text: &str, part: &str, most: Option<usize>) -> Value {
    if part.is_empty() {
        return text.chars().map(|letter| Value::from(letter.to_string())).collect();
    }
    match most {
        Some(most) => text.splitn(most, part).map(Value::from).collect(),
        None => text.split(part).map(Value::from).collect(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "map",
    }
}

/// Says that something has no such part.
pub(super) fn no_part(value: &Value, key: &Value) -> String {
    format!("a {} value has no {key}", kind_name(value))
}
