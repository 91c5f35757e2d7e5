//! Manifests as text: YAML documents, or JSON, which is YAML too.
//!
//! What Kubernetes manifests use of YAML: no tags, no merge keys.

use granit_parser::{Event, Options, Parser, ScalarStyle};
use serde_json::{Map, Value};

use crate::error::Error;

/// Longest text that is read.
const LONGEST: usize = 4 << 20;
const DEEPEST: usize = 100;
/// Most values, aliases counted as often as they are used.
const MOST: usize = 200_000;

/// Reads all manifests of a text; documents that are empty are left out.
///
/// Errors: `Invalid` with what is wrong, and where the parser knows it.
pub fn parse_manifests(text: &str) -> Result<Vec<Value>, Error> {
    let wrong = |why: String| Error::Invalid(format!("the manifest cannot be read: {why}"));
    if text.len() > LONGEST {
        return Err(wrong(format!("it is longer than {} MiB", LONGEST >> 20)));
    }
    let mut options = Options::default();
    options.block_scalar_eof_without_line_feed = true;
    let mut loader = Loader::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, _) = event.map_err(|error| wrong(error.to_string()))?;
        loader.event(event).map_err(wrong)?;
    }
    loader.documents.retain(|document| !document.is_null());
    Ok(loader.documents)
}

#[derive(Default)]
struct Loader {
    documents: Vec<Value>,
    frames: Vec<(usize, Frame)>,
    anchors: Vec<(usize, Value)>,
    count: usize,
}

enum Frame {
    List(Vec<Value>),
    Fields(Map<String, Value>, Option<String>),
}

impl Loader {
    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                let value = if is_plain { plain(&text) } else { Value::from(&*text) };
                self.finish(anchor, value)?;
            }
            Event::SequenceStart(_, anchor, _) => self.open(anchor, Frame::List(Vec::new()))?,
            Event::MappingStart(_, anchor, _) => self.open(anchor, Frame::Fields(Map::new(), None))?,
            Event::SequenceEnd | Event::MappingEnd => {
                let (anchor, value) = match self.frames.pop() {
                    Some((anchor, Frame::List(items))) => (anchor, Value::Array(items)),
                    Some((anchor, Frame::Fields(fields, _))) => (anchor, Value::Object(fields)),
                    None => return Err("something ends that has not begun".to_owned()),
                };
                self.finish(anchor, value)?;
            }
            Event::Alias(anchor) => {
                let found = self.anchors.iter().rev().find(|(known, _)| *known == anchor);
                let value = found.map(|(_, value)| value.clone()).ok_or("an alias has no anchor")?;
                self.count += size(&value);
                self.finish(0, value)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, anchor: usize, frame: Frame) -> Result<(), String> {
        if self.frames.len() >= DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} levels deep"));
        }
        self.frames.push((anchor, frame));
        Ok(())
    }

    fn finish(&mut self, anchor: usize, value: Value) -> Result<(), String> {
        self.count += 1;
        if self.count > MOST {
            return Err(format!("it has more than {MOST} values"));
        }
        if anchor != 0 {
            self.anchors.push((anchor, value.clone()));
        }
        match self.frames.last_mut() {
            None => self.documents.push(value),
            Some((_, Frame::List(items))) => items.push(value),
            Some((_, Frame::Fields(fields, key))) => match key.take() {
                Some(name) => {
                    fields.insert(name, value);
                }
                None => {
                    *key = Some(match value {
                        Value::String(name) => name,
                        Value::Array(_) | Value::Object(_) => return Err("a key is no text".to_owned()),
                        other => other.to_string(),
                    });
                }
            },
        }
        Ok(())
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

/// Resolves a scalar without quotes. Source: YAML 1.2 core schema, with the booleans of Kubernetes' reader.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Value::from(text);
    }
    if let Some(octal) = digits.strip_prefix('0').filter(|rest| !rest.is_empty())
        && octal.bytes().all(|byte| (b'0'..=b'7').contains(&byte))
        && let Ok(number) = i64::from_str_radix(octal, 8)
    {
        // As file modes are written: `0400`
        return Value::from(if text.starts_with('-') { -number } else { number });
    }
    if let Ok(number) = text.parse::<i64>() {
        return Value::from(number);
    }
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    match text.parse::<f64>() {
        Ok(number) if is_number && number.is_finite() => Value::from(number),
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn manifests_are_read() {
        let check = |text: &str, expected: Value| {
            assert_eq!(Value::from(parse_manifests(text).unwrap()), expected, "{text}");
        };
        check("", json!([]));
        check(
            "a: 1\n---\n---\nb: [x, 'y', \"1\", 1.5, true, null, ~]\n",
            json!([
                {"a": 1}, {"b": ["x", "y", "1", 1.5, true, null, null]},
            ]),
        );
        check("{\"kind\": \"Secret\", \"n\": 10}", json!([{"kind": "Secret", "n": 10}]));
        check(
            "a: &x {m: 0400, s: 10Gi}\nb: *x\n1: two",
            json!([
                {"a": {"m": 256, "s": "10Gi"}, "b": {"m": 256, "s": "10Gi"}, "1": "two"},
            ]),
        );
        check("text: |\n  one\n  two\n", json!([{"text": "one\ntwo\n"}]));
        check(
            "v: 1.2.3\nd: 2020-01-02\ne: 1e3\ny: yes",
            json!([
                {"v": "1.2.3", "d": "2020-01-02", "e": 1000.0, "y": "yes"},
            ]),
        );
        let bomb = format!(
            "a: &a [{}]\nb: &b [{}]\nc: &c [{}]\nd: [{}]",
            "1,".repeat(100),
            "*a,".repeat(100),
            "*b,".repeat(100),
            "*c,".repeat(100)
        );
        for wrong in ["a: [", "a: *none", "{[]: 1}", &bomb, &"[".repeat(500)] {
            assert!(parse_manifests(wrong).is_err(), "{}", &wrong[..wrong.len().min(40)]);
        }
    }
}
