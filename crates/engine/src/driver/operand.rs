//! Operands of v1 conditions, read from text as that language reads what stands in it.
//!
//! Source: v1 semantics 2.5. All numbers are doubles.

use pipewright_plan::Value;

/// Reads a quoted text: seconds since 1970 when it is a date, else itself without the backslashes that escape.
pub(super) fn quoted(text: &str) -> Value {
    let text = unescaped(text);
    match date(&text) {
        Some(seconds) => Value::from(seconds),
        None => Value::from(text),
    }
}

/// Takes each character after a backslash as it is. What values hold is part of the quoted text, so that a path
/// with backslashes equals the same path that the condition is written with.
fn unescaped(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        read.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    read
}

/// Reads a bare word: a number, a boolean, a text in quotes of its own, or a word.
pub(super) fn bare(text: &str) -> Result<Value, String> {
    let trimmed = text.trim();
    let wrong = || {
        let shown: String = trimmed.chars().take(80).collect();
        format!("`{shown}` is no number and no word; put the operand in quotes")
    };
    if let Some(quote) = trimmed.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = trimmed.strip_prefix(quote).and_then(|rest| rest.strip_suffix(['"', '\'']));
        return inner.map(quoted).ok_or_else(wrong);
    }
    let digits = trimmed.strip_prefix('-').unwrap_or(trimmed);
    if let Some(hex) = digits.strip_prefix("0x").filter(|hex| !hex.is_empty()) {
        let number = u64::from_str_radix(hex, 16).map_err(|_| wrong())?;
        return Ok(Value::from(if digits == trimmed { number as f64 } else { -(number as f64) }));
    }
    if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.') {
        let number = trimmed.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
        return number.map(Value::Number).ok_or_else(wrong);
    }
    match trimmed {
        "true" => Ok(Value::Bool(true)),
        "false" => Ok(Value::Bool(false)),
        word => {
            let begins = word.chars().next().is_some_and(char::is_alphabetic);
            let is_word = begins && word.chars().all(|c| c.is_alphanumeric() || c == '_');
            if is_word { Ok(Value::from(word)) } else { Err(wrong()) }
        }
    }
}

/// Returns the seconds since 1970 of a text that is a date.
fn date(text: &str) -> Option<f64> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) || text.len() < 10 {
        return None;
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_second() as f64);
    }
    let utc = |date: jiff::civil::DateTime| {
        date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_second() as f64)
    };
    ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"].iter().find_map(|format| {
        let date = jiff::fmt::strtime::parse(format, text).ok()?;
        utc(date
            .to_datetime()
            .or_else(|_| date.to_date().map(|date| date.to_datetime(jiff::civil::Time::midnight())))
            .ok()?)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operands_are_read() {
        for (text, expected) in [
            ("3", Some(json!(3.0))),
            ("-0.5", Some(json!(-0.5))),
            ("true", Some(json!(true))),
            ("heads", Some(json!("heads"))),
            ("'two words'", Some(json!("two words"))),
            ("", None),
            ("a-b", None),
            ("two words", None),
            ("1e3", None),
            ("0x1F", Some(json!(31.0))),
            ("0x", None),
            ("1.2.3", None),
        ] {
            assert_eq!(bare(text).ok(), expected, "{text}");
        }
        assert_eq!(quoted("2020-01-01"), json!(1_577_836_800.0));
        assert_eq!(quoted("2020-01-01T00:00:00Z"), json!(1_577_836_800.0));
        assert_eq!(quoted("2020-01-01 00:01"), json!(1_577_836_860.0));
        assert_eq!(quoted("3"), json!("3"));
        assert_eq!(quoted("heads"), json!("heads"));
        assert_eq!(quoted(r"C:\dir \\ \'x\"), json!(r"C:dir \ 'x"));
    }
}
