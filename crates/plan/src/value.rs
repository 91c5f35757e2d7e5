//! Values that flow between tasks, and the text rules of the field for them.
//!
//! Everything is carried as JSON; numbers are doubles in the field's wire format, so an integral double is
//! the same value as the integer and is always written without a fraction.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::types::{ArtifactType, ParameterType};

/// A parameter value: JSON with numbers normalised by [`normalize`].
pub type Value = serde_json::Value;

/// Largest magnitude whose integers a double holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Names a recorded artifact for ever; equal ids mean the same record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ArtifactId(pub String);

/// A recorded artifact: where its bytes lie and what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArtifactValue {
    pub id: ArtifactId,
    /// The output key that produced it (or the importer's `artifact`).
    pub name: String,
    #[serde(rename = "type")]
    pub artifact_type: ArtifactType,
    pub uri: String,
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub metadata: serde_json::Map<String, Value>,
    /// The path inside of the recorded artifact that is meant, which `uri` leads to already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

/// What a finished task hands on: parameters by value, artifacts as lists.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, Vec<ArtifactValue>>,
}

/// Returns the value with every integral double turned into an integer, at any depth.
pub fn normalize(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(double) if number.is_f64() && double.fract() == 0.0 && double.abs() <= EXACT => {
                Value::from(double as i64)
            }
            _ => Value::Number(number),
        },
        Value::Array(items) => Value::Array(items.into_iter().map(normalize).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(key, item)| (key, normalize(item))).collect())
        }
        other => other,
    }
}

/// Writes a value as compact JSON with sorted keys: equal values give equal text.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(value, &mut text);
    text
}

fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_canonical(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
            text.push('{');
            for (index, (key, item)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::String(key.clone()).to_string());
                text.push(':');
                write_canonical(item, text);
            }
            text.push('}');
        }
        Value::Number(_) => text.push_str(&normalize(value.clone()).to_string()),
        other => text.push_str(&other.to_string()),
    }
}

/// Writes a value as a STRING parameter or a placeholder shows it.
///
/// Shape: strings verbatim, integral numbers without fraction or exponent, `true`/`false`, null as the empty
/// text, lists and structs as compact JSON. Source: v2 semantics 2.3.
pub fn text_form(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => match number.as_f64() {
            Some(double) if number.is_f64() && double.fract() == 0.0 && double.is_finite() => {
                format!("{double:.0}")
            }
            _ => number.to_string(),
        },
        Value::Array(_) | Value::Object(_) => normalize(value.clone()).to_string(),
    }
}

/// Makes the URI of an artifact that is a text: the text itself, as RFC 2397 has it.
pub fn inline_uri(text: &str) -> String {
    let mut uri = String::from("data:,");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

/// Reads what [`inline_uri`] wrote; nothing of any other URI.
pub fn inline_text(uri: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = uri.strip_prefix("data:,")?.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Names a value's JSON kind for messages.
pub fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "struct",
    }
}

/// Reads the text that a task left in an output parameter's file.
///
/// Shape: STRING verbatim (a trailing newline included), integers in base 10, booleans as Go's
/// `strconv.ParseBool` takes them, lists and structs as JSON of that kind. Source: v2 semantics 3.
/// Errors: a sentence that names what was expected, without the value when it is long.
pub fn parse_output_text(parameter_type: ParameterType, text: &str) -> Result<Value, String> {
    let trimmed = text.trim();
    let shown: String = trimmed.chars().take(80).collect();
    let wrong = |what: &str| format!("expected {what}, found `{shown}`");
    match parameter_type {
        ParameterType::String => Ok(Value::String(text.to_owned())),
        ParameterType::NumberInteger => {
            trimmed.parse::<i64>().map(Value::from).map_err(|_| wrong("an integer"))
        }
        ParameterType::NumberDouble => match trimmed.parse::<f64>() {
            Ok(double) if double.is_finite() => Ok(normalize(Value::from(double))),
            _ => Err(wrong("a finite number")),
        },
        ParameterType::Boolean => match trimmed {
            "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(Value::Bool(false)),
            _ => Err(wrong("a boolean")),
        },
        ParameterType::List => match serde_json::from_str(trimmed) {
            Ok(value @ Value::Array(_)) => Ok(normalize(value)),
            _ => Err(wrong("a JSON list")),
        },
        ParameterType::Struct | ParameterType::TaskFinalStatus | ParameterType::TaskConfig => {
            match serde_json::from_str(trimmed) {
                Ok(value @ Value::Object(_)) => Ok(normalize(value)),
                _ => Err(wrong("a JSON object")),
            }
        }
        ParameterType::Any => Ok(serde_json::from_str(trimmed)
            .map(normalize)
            .unwrap_or_else(|_| Value::String(text.to_owned()))),
    }
}
