//! Writes JSON documents as YAML that every reader takes for the same values.

use std::fmt::Write as _;

use serde_json::Value;

/// Writes a document in blocks; texts are quoted wherever they could be read as something else.
pub(crate) fn yaml(document: &Value) -> String {
    let mut text = String::new();
    block(document, 0, &mut text);
    text
}

fn block(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let _ = write!(out, "{:depth$}{}:", "", scalar(key));
                nested(value, depth, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(out, "{:depth$}-", "");
                nested(item, depth, out);
            }
        }
        other => {
            let _ = writeln!(out, "{:depth$}{}", "", leaf(other));
        }
    }
}

/// Writes what stands behind a key or a dash.
fn nested(value: &Value, depth: usize, out: &mut String) {
    let is_block = match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block {
        out.push('\n');
        block(value, depth + 2, out);
    } else {
        let _ = writeln!(out, " {}", leaf(value));
    }
}

fn leaf(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// Leaves plain words plain. JSON's quoted texts are YAML's.
fn scalar(text: &str) -> String {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '/' | '.');
    let begins = text.chars().next().is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
    let means_else = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let is_plain = begins && text.chars().all(is_word) && !means_else.contains(&&*text.to_ascii_lowercase());
    if is_plain { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_written_in_blocks() {
        let document = json!({
            "name": "a-b", "count": 3, "empty": {}, "none": null, "yes": "no", "time": "2026-01-01T00:00:00Z",
            "list": [1, "two words", {"deep": [true]}], "text": "a\nb: c",
        });
        let expected = "name: a-b\ncount: 3\nempty: {}\nnone: null\n\"yes\": \"no\"\n\
            time: \"2026-01-01T00:00:00Z\"\nlist:\n  - 1\n  - \"two words\"\n  -\n    deep:\n      - true\n\
            text: \"a\\nb: c\"\n";
        assert_eq!(yaml(&document), expected);
    }
}
