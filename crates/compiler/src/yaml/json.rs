//! JSON with positions, for documents that are JSON throughout.
//!
//! YAML readers disagree with JSON on tabs, surrogate pairs, long keys and exponents; hence a reader of its
//! own. It gives up silently on anything that is no JSON, and the YAML loader then says what is wrong.

use super::{DEEPEST, Entry, MOST_NODES, Mapping, Node, NodeValue, Position, Span};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

/// Reads the text as one JSON document; `None` when it is none, or too deep or too large for the limits.
pub(super) fn read(text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut found = Diagnostics::default();
    let mut reader =
        Reader { rest: text, at: Position { line: 1, column: 1 }, nodes: 0, diagnostics: &mut found };
    reader.blank();
    let node = reader.value(0)?;
    reader.blank();
    let complete = reader.rest.is_empty();
    complete.then(|| {
        diagnostics.append(found);
        node
    })
}

struct Reader<'a> {
    rest: &'a str,
    at: Position,
    nodes: u64,
    diagnostics: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn advance(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        if next == '\n' {
            self.at = Position { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some(next)
    }

    /// Passes over so many bytes that hold no line break, and counts their characters.
    fn pass(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        self.at.column += super::narrow(if passed.is_ascii() { bytes } else { passed.chars().count() });
        self.rest = rest;
    }

    fn blank(&mut self) {
        let bytes = self.rest.as_bytes();
        let mut end = 0;
        loop {
            match bytes.get(end) {
                Some(b' ' | b'\t' | b'\r') => self.at.column += 1,
                Some(b'\n') => self.at = Position { line: self.at.line + 1, column: 1 },
                _ => break,
            }
            end += 1;
        }
        self.rest = &self.rest[end..];
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        if !self.rest.starts_with(wanted) {
            return None;
        }
        self.advance().map(|_| ())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        if !self.rest.starts_with(word) {
            return None;
        }
        self.rest = &self.rest[word.len()..];
        self.at.column += u32::try_from(word.len()).unwrap_or(u32::MAX);
        Some(())
    }

    fn value(&mut self, depth: u32) -> Option<Node> {
        self.nodes += 1;
        if depth > DEEPEST || self.nodes > MOST_NODES {
            return None;
        }
        let start = self.at;
        let value = match self.rest.chars().next()? {
            '{' => self.object(depth)?,
            '[' => self.array(depth)?,
            '"' => NodeValue::String(self.string()?),
            't' => self.word("true").map(|()| NodeValue::Boolean(true))?,
            'f' => self.word("false").map(|()| NodeValue::Boolean(false))?,
            'n' => self.word("null").map(|()| NodeValue::Null)?,
            _ => self.number()?,
        };
        Some(Node { value, span: Span { start, end: self.at } })
    }

    fn object(&mut self, depth: u32) -> Option<NodeValue> {
        self.take('{')?;
        let mut mapping = Mapping::new();
        self.blank();
        if self.take('}').is_some() {
            return Some(NodeValue::Mapping(mapping));
        }
        loop {
            self.blank();
            let start = self.at;
            let key = self.string()?;
            let key_span = Span { start, end: self.at };
            self.blank();
            self.take(':')?;
            self.blank();
            let node = self.value(depth + 1)?;
            if let Some(earlier) = mapping.get(&key) {
                self.diagnostics.push(duplicate(&key, earlier.key_span, key_span));
            } else {
                mapping.add(key, Entry { key_span, node });
            }
            self.blank();
            if self.take(',').is_none() {
                self.take('}')?;
                return Some(NodeValue::Mapping(mapping));
            }
        }
    }

    fn array(&mut self, depth: u32) -> Option<NodeValue> {
        self.take('[')?;
        let mut items = Vec::new();
        self.blank();
        if self.take(']').is_some() {
            return Some(NodeValue::List(items));
        }
        loop {
            self.blank();
            items.push(self.value(depth + 1)?);
            self.blank();
            if self.take(',').is_none() {
                self.take(']')?;
                return Some(NodeValue::List(items));
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        self.take('"')?;
        if let Some(end) = self.rest.bytes().position(|b| b < b' ' || matches!(b, b'"' | b'\\'))
            && self.rest.as_bytes()[end] == b'"'
        {
            let text = self.rest[..end].to_owned();
            self.pass(end);
            self.advance();
            return Some(text);
        }
        let mut text = String::new();
        loop {
            let plain = self.rest.bytes().take_while(|b| *b >= b' ' && !matches!(b, b'"' | b'\\')).count();
            text.push_str(&self.rest[..plain]);
            self.pass(plain);
            match self.advance()? {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.advance()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let first = self.unit()?;
                if (0xD800..0xDC00).contains(&first) {
                    self.word("\\u")?;
                    let second = self.unit().filter(|unit| (0xDC00..0xE000).contains(unit))?;
                    return char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
                }
                return char::from_u32(first);
            }
            plain @ ('"' | '\\' | '/') => plain,
            _ => return None,
        })
    }

    fn unit(&mut self) -> Option<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit * 16 + self.advance()?.to_digit(16)?;
        }
        Some(unit)
    }

    fn number(&mut self) -> Option<NodeValue> {
        let length = self
            .rest
            .bytes()
            .take_while(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let text = &self.rest[..length];
        let digits = text.strip_prefix('-').unwrap_or(text);
        let bare = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let value = if bare(digits) {
            if digits.len() > 1 && digits.starts_with('0') {
                return None;
            }
            NodeValue::Integer(if text == "-0" { "0".to_owned() } else { text.to_owned() })
        } else {
            let number: serde_json::Number = serde_json::from_str(text).ok()?;
            NodeValue::Float(number.as_f64().filter(|double| double.is_finite())?)
        };
        self.word(text)?;
        Some(value)
    }
}

/// Says that a key stands twice in one mapping.
pub(super) fn duplicate(key: &str, earlier: Span, later: Span) -> Diagnostic {
    let message = format!("duplicate key `{}`: it appears twice in one mapping", super::shorten(key));
    let mut diagnostic = Diagnostic::new(Severity::Error, "duplicate-key", later, message);
    diagnostic.hint(format!(
        "it is first set at line {}, column {}; remove one of the two",
        earlier.start.line, earlier.start.column
    ));
    diagnostic
}
