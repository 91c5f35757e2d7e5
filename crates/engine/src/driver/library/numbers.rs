//! Functions on numbers.

use pipewright_plan::Value;
use serde_json::Number;

/// Applies one; `None` when the function or its arguments are not of this kind.
pub(super) fn call(function: &str, arguments: &[Value]) -> Option<Result<Value, String>> {
    Some(match (function, arguments) {
        ("asInt" | "int", [value]) => whole(value),
        ("asFloat" | "float", [value]) => double(value),
        ("quotient", [Value::Number(left), Value::Number(right)]) => float(amount(left) / amount(right)),
        ("bitnot", [Value::Number(number)]) => Ok(Value::from(!bits(number))),
        (
            "bitand" | "bitor" | "bitxor" | "bitshl" | "bitshr",
            [Value::Number(left), Value::Number(right)],
        ) => bitwise(function, bits(left), bits(right)),
        ("abs", [Value::Number(number)]) => match number.as_i64() {
            Some(whole) => whole.checked_abs().map(Value::from).ok_or_else(|| "integer overflow".to_owned()),
            None => float(amount(number).abs()),
        },
        ("ceil", [Value::Number(number)]) => float(amount(number).ceil()),
        ("floor", [Value::Number(number)]) => float(amount(number).floor()),
        ("round", [Value::Number(number)]) => float(amount(number).round()),
        ("max" | "min" | "mean" | "median" | "sum", arguments) => {
            let mut numbers = Vec::new();
            flatten(arguments, &mut numbers)?;
            over(function, &numbers)
        }
        _ => return None,
    })
}

fn flatten<'v>(values: &'v [Value], numbers: &mut Vec<&'v Number>) -> Option<()> {
    for value in values {
        match value {
            Value::Number(number) => numbers.push(number),
            Value::Array(items) => flatten(items, numbers)?,
            _ => return None,
        }
    }
    Some(())
}

fn over(function: &str, numbers: &[&Number]) -> Result<Value, String> {
    let mut sorted: Vec<&Number> = numbers.to_vec();
    sorted.sort_by(|left, right| amount(left).total_cmp(&amount(right)));
    let nothing = || format!("`{function}` of nothing");
    let sum = || numbers.iter().map(|number| amount(number)).sum::<f64>();
    match function {
        "max" => sorted.last().map(|number| Value::Number((**number).clone())).ok_or_else(nothing),
        "min" => sorted.first().map(|number| Value::Number((**number).clone())).ok_or_else(nothing),
        "sum" => match numbers.iter().map(|number| number.as_i64()).sum::<Option<i64>>() {
            Some(whole) => Ok(Value::from(whole)),
            None => float(sum()),
        },
        "mean" if numbers.is_empty() => Ok(Value::from(0)),
        "mean" => float(sum() / numbers.len() as f64),
        _ => {
            let middle = sorted.len() / 2;
            match sorted.len() {
                0 => Ok(Value::from(0)),
                odd if odd % 2 == 1 => float(amount(sorted[middle])),
                _ => float((amount(sorted[middle - 1]) + amount(sorted[middle])) / 2.0),
            }
        }
    }
}

/// Bit operators cut what is no whole number, as upstream does.
fn bits(number: &Number) -> i64 {
    number.as_i64().unwrap_or_else(|| amount(number) as i64)
}

fn bitwise(function: &str, left: i64, right: i64) -> Result<Value, String> {
    let shift = || u32::try_from(right).map_err(|_| "a shift is not negative".to_owned());
    Ok(Value::from(match function {
        "bitand" => left & right,
        "bitor" => left | right,
        "bitxor" => left ^ right,
        "bitshl" => left.checked_shl(shift()?).unwrap_or(0),
        _ => left.checked_shr(shift()?).unwrap_or(if left < 0 { -1 } else { 0 }),
    }))
}

fn amount(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// Makes a number that stays a double.
pub(super) fn float(double: f64) -> Result<Value, String> {
    Number::from_f64(double).map(Value::Number).ok_or_else(|| "the result is no finite number".to_owned())
}

pub(super) fn whole(value: &Value) -> Result<Value, String> {
    let found = match value {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().filter(|double| double.abs() < 9.2e18).map(|double| double as i64)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    found.map(Value::from).ok_or_else(|| format!("cannot read {value} as an integer"))
}

pub(super) fn double(value: &Value) -> Result<Value, String> {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    found.map_or_else(|| Err(format!("cannot read {value} as a number")), float)
}

/// Writes a double as Go's `%v` does: shortest, with an exponent below 1e-4 and from 1e6 on.
pub(super) fn written(double: f64) -> String {
    let size = double.abs();
    if double == 0.0 || (1e-4..1e6).contains(&size) {
        return format!("{double}");
    }
    let text = format!("{double:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}
