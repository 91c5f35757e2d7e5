//! The strict functions and operators of expressions, on values.

use std::cmp::Ordering;

use pipewright_plan::{Function, Value, kind_name, normalize, text_form};
use regex_lite::Regex;

use super::operand;

/// Applies a function to evaluated arguments.
pub(crate) fn call(function: Function, arguments: &[Value]) -> Result<Value, String> {
    match (function, arguments) {
        (Function::Not, [Value::Bool(truth)]) => Ok(Value::Bool(!truth)),
        (Function::Equal, [left, right]) => Ok(Value::Bool(same(left, right))),
        (Function::NotEqual, [left, right]) => Ok(Value::Bool(!same(left, right))),
        (Function::Less, [left, right]) => compare(left, right, Ordering::is_lt),
        (Function::LessOrEqual, [left, right]) => compare(left, right, Ordering::is_le),
        (Function::Greater, [left, right]) => compare(left, right, Ordering::is_gt),
        (Function::GreaterOrEqual, [left, right]) => compare(left, right, Ordering::is_ge),
        (Function::In, [item, Value::Array(items)]) => {
            Ok(Value::Bool(items.iter().any(|other| same(item, other))))
        }
        (Function::In, [Value::String(key), Value::Object(fields)]) => {
            Ok(Value::Bool(fields.contains_key(key)))
        }
        (Function::Negate, [Value::Number(_)]) => {
            arithmetic(Function::Subtract, &Value::from(0), &arguments[0])
        }
        (
            Function::Add | Function::Subtract | Function::Multiply | Function::Divide | Function::Modulo,
            [left, right],
        ) => arithmetic(function, left, right),
        (Function::Append, [left @ Value::Number(_), right @ Value::Number(_)]) => {
            arithmetic(Function::Add, left, right)
        }
        (Function::Append, [left, right]) if left.is_string() || right.is_string() => {
            Ok(Value::String(text_form(left) + &text_form(right)))
        }
        (Function::Remainder | Function::Power, [Value::Number(left), Value::Number(right)]) => {
            let (left, right) = (left.as_f64().unwrap_or(f64::NAN), right.as_f64().unwrap_or(f64::NAN));
            let result = if function == Function::Power { left.powf(right) } else { left % right };
            serde_json::Number::from_f64(result)
                .map(Value::Number)
                .ok_or_else(|| "the result is no finite number".to_owned())
        }
        (Function::ReadQuoted, [Value::String(text)]) => Ok(operand::quoted(text)),
        (Function::ReadBare, [value]) => operand::bare(&text_form(value)),
        (Function::ReadQuoted, [value]) => Ok(operand::quoted(&text_form(value))),
        (Function::Size, [value]) => size(value),
        (Function::Int, [value]) => to_int(value),
        (Function::Double, [value]) => to_double(value),
        (Function::String, [value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))]) => {
            Ok(Value::String(text_form(value)))
        }
        (Function::Bool, [value]) => match value {
            Value::Bool(_) => Ok(value.clone()),
            Value::String(text) if matches!(text.as_str(), "true" | "True" | "TRUE" | "t" | "1") => {
                Ok(Value::Bool(true))
            }
            Value::String(text) if matches!(text.as_str(), "false" | "False" | "FALSE" | "f" | "0") => {
                Ok(Value::Bool(false))
            }
            other => Err(format!("cannot read {other} as a boolean")),
        },
        (Function::ParseJson, [Value::String(text)]) => {
            serde_json::from_str(text).map(normalize).map_err(|error| format!("cannot parse JSON: {error}"))
        }
        (Function::StartsWith, [Value::String(text), Value::String(part)]) => {
            Ok(Value::Bool(text.starts_with(part.as_str())))
        }
        (Function::EndsWith, [Value::String(text), Value::String(part)]) => {
            Ok(Value::Bool(text.ends_with(part.as_str())))
        }
        (Function::Contains, [Value::String(text), Value::String(part)]) => {
            Ok(Value::Bool(text.contains(part.as_str())))
        }
        (Function::Matches, [Value::String(text), Value::String(pattern)]) => match Regex::new(pattern) {
            Ok(regex) => Ok(Value::Bool(regex.is_match(text))),
            Err(error) => Err(format!("`{pattern}` is no regular expression: {error}")),
        },
        _ => {
            let kinds: Vec<&str> = arguments.iter().map(kind_name).collect();
            Err(format!("no such overload: {} on ({})", name_of(function), kinds.join(", ")))
        }
    }
}

fn name_of(function: Function) -> String {
    serde_json::to_value(function).map(|name| text_form(&name)).unwrap_or_default()
}

/// Equality across integers and doubles, at any depth.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => order(left, right) == Some(Ordering::Equal),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn compare(left: &Value, right: &Value, holds: fn(Ordering) -> bool) -> Result<Value, String> {
    match order(left, right) {
        Some(ordering) => Ok(Value::Bool(holds(ordering))),
        None => Err(format!("cannot compare a {} value with a {} value", kind_name(left), kind_name(right))),
    }
}

fn arithmetic(function: Function, left: &Value, right: &Value) -> Result<Value, String> {
    if function == Function::Add {
        match (left, right) {
            (Value::String(left), Value::String(right)) => {
                return Ok(Value::String(format!("{left}{right}")));
            }
            (Value::Array(left), Value::Array(right)) => {
                return Ok(left.iter().chain(right).cloned().collect());
            }
            _ => {}
        }
    }
    let (Value::Number(a), Value::Number(b)) = (left, right) else {
        let (left, right) = (kind_name(left), kind_name(right));
        return Err(format!("no such overload: {} on ({left}, {right})", name_of(function)));
    };
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        let result = match function {
            Function::Add => a.checked_add(b),
            Function::Subtract => a.checked_sub(b),
            Function::Multiply => a.checked_mul(b),
            Function::Divide => a.checked_div(b),
            _ => a.checked_rem(b),
        };
        return result.map(Value::from).ok_or_else(|| "integer overflow or division by zero".to_owned());
    }
    let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
    let result = match function {
        Function::Add => a + b,
        Function::Subtract => a - b,
        Function::Multiply => a * b,
        Function::Divide => a / b,
        _ => return Err("`%` wants integers".to_owned()),
    };
    serde_json::Number::from_f64(result)
        .map(Value::Number)
        .ok_or_else(|| "the result is no finite number".to_owned())
}

fn size(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(text) => Ok(Value::from(text.chars().count())),
        Value::Array(items) => Ok(Value::from(items.len())),
        Value::Object(fields) => Ok(Value::from(fields.len())),
        other => Err(format!("a {} value has no size", kind_name(other))),
    }
}

fn to_int(value: &Value) -> Result<Value, String> {
    let found = match value {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().filter(|double| double.abs() < 9.2e18).map(|d| d as i64)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    found.map(Value::from).ok_or_else(|| format!("cannot read {value} as an integer"))
}

fn to_double(value: &Value) -> Result<Value, String> {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let number = found.and_then(serde_json::Number::from_f64);
    number.map(Value::Number).ok_or_else(|| format!("cannot read {value} as a double"))
}
