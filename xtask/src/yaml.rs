//! Writes YAML as the emitter that the kfp SDK uses: block style, long texts in quotes and folded.

use serde_json::Value;

/// Where long texts are folded.
const WIDTH: usize = 80;

/// Returns the document as YAML.
pub fn text(document: &Value) -> String {
    let mut text = String::new();
    write(document, 0, &mut text);
    text
}

/// Writes a value behind its key or dash, whose items stand this far right.
fn write(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (index, (key, field)) in fields.iter().enumerate() {
                if index > 0 {
                    text.push_str(&" ".repeat(indent));
                }
                scalar(key, indent, text);
                text.push(':');
                match field {
                    Value::Object(fields) if !fields.is_empty() => {
                        text.push('\n');
                        text.push_str(&" ".repeat(indent + 2));
                        write(field, indent + 2, text);
                    }
                    Value::Array(items) if !items.is_empty() => {
                        text.push('\n');
                        text.push_str(&" ".repeat(indent));
                        write(field, indent, text);
                    }
                    _ => {
                        text.push(' ');
                        write(field, indent + 2, text);
                    }
                }
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(&" ".repeat(indent));
                }
                text.push_str("- ");
                write(item, indent + 2, text);
            }
        }
        Value::String(content) => {
            scalar(content, indent, text);
            text.push('\n');
        }
        other => {
            text.push_str(&other.to_string());
            text.push('\n');
        }
    }
}

fn scalar(content: &str, indent: usize, text: &mut String) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let is_name = content.starts_with(|c: char| c.is_ascii_alphabetic()) && content.chars().all(is_word);
    // Short words may be truth values or nothing.
    if is_name && content.len() > 5 {
        return text.push_str(content);
    }
    let mut column = indent;
    let quoted = Value::from(content).to_string();
    let mut letters = quoted.chars().peekable();
    while let Some(letter) = letters.next() {
        text.push(letter);
        column += 1;
        if letter == '\\' {
            text.extend(letters.next());
            column += 1;
        }
        if column > WIDTH && letters.peek().is_some_and(|next| *next == ' ') {
            text.push_str("\\\n");
            text.push_str(&" ".repeat(indent));
            text.push('\\');
            column = indent;
        }
    }
}
