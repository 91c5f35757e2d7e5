//! Which value a plain scalar is, by the YAML 1.1 rules of PyYAML.
//!
//! Source: PyYAML's implicit resolver. `1e3`, `0o14`, `y` and `n` are text; timestamps stay text too.

use super::NodeValue;

/// Resolves a plain scalar; `None` when it is a number that JSON cannot hold (infinite, not a number).
pub(super) fn resolve(text: &str) -> Option<NodeValue> {
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => NodeValue::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => NodeValue::Boolean(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => NodeValue::Boolean(false),
        _ if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) => {
            NodeValue::String(text.to_owned())
        }
        _ => match integer(text) {
            Some(digits) => NodeValue::Integer(digits),
            None => match float(text) {
                Some(double) if double.is_finite() => NodeValue::Float(double),
                Some(_) => return None,
                None => NodeValue::String(text.to_owned()),
            },
        },
    };
    Some(value)
}

/// Reads an integer of any of PyYAML's notations and returns its decimal digits.
pub(super) fn integer(text: &str) -> Option<String> {
    let (sign, body) = split_sign(text);
    let negative = sign == "-";
    if let Some(digits) = body.strip_prefix("0b") {
        return radix(digits, 2, negative);
    }
    if let Some(digits) = body.strip_prefix("0x") {
        return radix(digits, 16, negative);
    }
    if body == "0" {
        return Some("0".to_owned());
    }
    if let Some(digits) = body.strip_prefix('0') {
        return radix(digits, 8, negative).filter(|_| !digits.is_empty());
    }
    if !body.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if body.contains(':') {
        return sexagesimal(body).map(|number| signed(negative, number.to_string()));
    }
    if !body.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        return None;
    }
    Some(signed(negative, body.replace('_', "")))
}

fn split_sign(text: &str) -> (&str, &str) {
    match text.as_bytes().first() {
        Some(b'+' | b'-') => text.split_at(1),
        _ => ("", text),
    }
}

fn signed(negative: bool, digits: String) -> String {
    if negative && digits != "0" { format!("-{digits}") } else { digits }
}

fn radix(digits: &str, radix: u32, negative: bool) -> Option<String> {
    let digits: String = digits.chars().filter(|c| *c != '_').collect();
    if digits.is_empty() {
        // `0_` is zero; `0x_` is no number at all.
        return (radix == 8).then(|| "0".to_owned());
    }
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    match u128::from_str_radix(&digits, radix) {
        Ok(number) => Some(signed(negative, number.to_string())),
        Err(_) => {
            let approximate = digits
                .chars()
                .filter_map(|c| c.to_digit(radix))
                .fold(0.0_f64, |sum, digit| sum * f64::from(radix) + f64::from(digit));
            approximate.is_finite().then(|| signed(negative, format!("{approximate:.0}")))
        }
    }
}

fn sexagesimal(body: &str) -> Option<u128> {
    let mut total: u128 = 0;
    for (index, part) in body.split(':').enumerate() {
        let part = if index == 0 { part.replace('_', "") } else { part.to_owned() };
        let number: u128 = part.parse().ok().filter(|_| part.bytes().all(|b| b.is_ascii_digit()))?;
        if index > 0 && (number > 59 || part.len() > 2) {
            return None;
        }
        total = total.checked_mul(60)?.checked_add(number)?;
    }
    Some(total)
}

/// Reads a float of PyYAML's notations; an exponent needs a sign and a point before it.
pub(super) fn float(text: &str) -> Option<f64> {
    let (sign, body) = split_sign(text);
    let factor = if sign == "-" { -1.0 } else { 1.0 };
    match body {
        ".inf" | ".Inf" | ".INF" => return Some(factor * f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" => return sign.is_empty().then_some(f64::NAN),
        _ => {}
    }
    let (whole, rest) = body.split_once('.')?;
    if whole.contains(':') {
        let minutes = sexagesimal(whole)? as f64;
        let clean = rest.bytes().all(|b| b.is_ascii_digit() || b == b'_');
        let fraction: f64 = format!("0.{}", rest.replace('_', "")).parse().ok().filter(|_| clean)?;
        return Some(factor * (minutes + fraction));
    }
    let (fraction, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    if !digits(whole) || !digits(fraction) || whole.starts_with('_') {
        return None;
    }
    if whole.is_empty() && (!sign.is_empty() || !fraction.starts_with(|c: char| c.is_ascii_digit())) {
        return None;
    }
    if let Some(exponent) = exponent {
        let (sign, power) = split_sign(exponent);
        if sign.is_empty() || power.is_empty() || !power.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
    }
    let plain = format!("{whole}.{fraction}e{}", exponent.unwrap_or("0")).replace('_', "");
    let plain = if plain.starts_with('.') { format!("0{plain}") } else { plain };
    plain.replace(".e", ".0e").parse::<f64>().ok().map(|double| factor * double)
}

#[cfg(test)]
mod tests {
    use super::{NodeValue, resolve};

    fn check(text: &str, expected: NodeValue) {
        assert_eq!(resolve(text), Some(expected), "{text}");
    }

    #[test]
    fn plain_scalars_are_what_pyyaml_reads() {
        for (text, digits) in [
            ("0", "0"),
            ("-0", "0"),
            ("12", "12"),
            ("+12", "12"),
            ("1_000", "1000"),
            ("0x1F", "31"),
            ("-0b101", "-5"),
            ("014", "12"),
            ("0_", "0"),
            ("1:30", "90"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ] {
            check(text, NodeValue::Integer(digits.to_owned()));
        }
        for (text, double) in [
            ("1.5", 1.5),
            ("-1.", -1.0),
            (".5", 0.5),
            ("1.5e+3", 1500.0),
            ("1_0.2_5", 10.25),
            ("1:30.5", 90.5),
            ("1.e-2", 0.01),
        ] {
            check(text, NodeValue::Float(double));
        }
        for text in [
            "1e3",
            "1.5e3",
            "0o14",
            "08",
            "y",
            "n",
            "+.5",
            "2024-01-01",
            "1:99",
            "0x",
            "--1",
            "1.2.3",
            "-",
            ".",
            "..",
            "1_:2x",
            "nUll",
            "trUe",
        ] {
            check(text, NodeValue::String(text.to_owned()));
        }
        check("on", NodeValue::Boolean(true));
        check("Off", NodeValue::Boolean(false));
        check("~", NodeValue::Null);
        assert_eq!(resolve(".inf"), None);
        assert_eq!(resolve(".nan"), None);
    }
}
