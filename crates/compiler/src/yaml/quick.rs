//! The YAML that the SDK's emitter writes, read fast and without positions.
//!
//! Block mappings and sequences, quoted and plain scalars, folded over lines or not. On anything else (anchors,
//! tags, flow collections, block scalars, comments behind values, duplicate keys, odd characters, exceeded
//! limits) it gives up silently, and the full loader reads the text and says what there is to say.

use super::{Entry, MOST_NODES, Mapping, Node, NodeValue, Span, scalar};

/// Deepest nesting; less than the full loader's.
const DEEPEST: u32 = 100;
/// Longest key that YAML takes for one without a question mark.
const LONGEST_KEY: usize = 1_000;

/// Reads all documents; `None` when the text is not of the plain kind.
pub(super) fn read(text: &str) -> Option<Vec<Node>> {
    let is_odd = |b: &u8| (*b < b' ' && *b != b'\n') || *b == 0x7f;
    if text.as_bytes().iter().any(is_odd) || (!text.is_ascii() && text.chars().any(is_special)) {
        return None;
    }
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, nodes: 0, scratch: String::new() };
    let mut documents = Vec::new();
    let mut is_first = true;
    while let Some(indent) = reader.next_line()? {
        let is_marker = indent == 0 && reader.rest().starts_with(b"---");
        if is_marker {
            reader.at += 3;
            reader.end_of_line()?;
            // Empty documents are left to the full loader.
            if reader.next_line()? != Some(0) || reader.rest().starts_with(b"---") {
                return None;
            }
        } else if !is_first || indent != 0 {
            return None;
        }
        is_first = false;
        documents.push(reader.block(0, 0)?);
    }
    (!documents.is_empty()).then_some(documents)
}

/// Line breaks of other kinds, and what is no text.
fn is_special(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    nodes: u64,
    scratch: String,
}

impl Reader<'_> {
    fn rest(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn node(&mut self, value: NodeValue) -> Option<Node> {
        self.nodes += 1;
        (self.nodes <= MOST_NODES).then_some(Node { value, span: Span::default() })
    }

    fn spaces(&mut self) -> usize {
        let start = self.at;
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
        self.at - start
    }

    /// From the start of a line goes to the next one with content; returns its indentation, or that there is
    /// none.
    #[allow(clippy::option_option, reason = "the outer one gives up")]
    fn next_line(&mut self) -> Option<Option<usize>> {
        loop {
            let indent = self.spaces();
            match self.peek() {
                None => return Some(None),
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.at += line_length(self.rest()),
                Some(b'.') if indent == 0 && self.rest().starts_with(b"...") => return None,
                Some(_) => return Some(Some(indent)),
            }
        }
    }

    /// Passes over the end of a line with nothing more on it.
    fn end_of_line(&mut self) -> Option<()> {
        self.spaces();
        match self.peek() {
            None => Some(()),
            Some(b'\n') => {
                self.at += 1;
                Some(())
            }
            Some(_) => None,
        }
    }

    /// Reads the collection whose first item stands here.
    fn block(&mut self, indent: usize, depth: u32) -> Option<Node> {
        if depth > DEEPEST {
            return None;
        }
        if is_item(self.rest()) { self.sequence(indent, depth) } else { self.mapping(indent, depth) }
    }

    fn sequence(&mut self, indent: usize, depth: u32) -> Option<Node> {
        let mut items = Vec::new();
        loop {
            self.at += 1;
            let gap = self.spaces();
            let item = match self.peek() {
                None | Some(b'\n') => self.below(indent, depth, false)?,
                Some(_) if is_item(self.rest()) || self.is_key() => {
                    self.block(indent + 1 + gap, depth + 1)?
                }
                Some(_) => self.scalar(indent)?,
            };
            items.push(item);
            let start = self.at;
            if !self.next_of_block(indent)? || !is_item(self.rest()) {
                // The mapping around it may go on at the same indentation.
                self.at = start;
                return self.node(NodeValue::List(items));
            }
        }
    }

    fn mapping(&mut self, indent: usize, depth: u32) -> Option<Node> {
        let mut mapping = Mapping::new();
        loop {
            let key = self.key()?;
            if mapping.get(&key).is_some() {
                return None;
            }
            self.spaces();
            let node = match self.peek() {
                None | Some(b'\n') => self.below(indent, depth, true)?,
                Some(_) => self.scalar(indent)?,
            };
            mapping.add(key, Entry { key_span: Span::default(), node });
            if !self.next_of_block(indent)? {
                return self.node(NodeValue::Mapping(mapping));
            }
            if is_item(self.rest()) {
                return None;
            }
        }
    }

    /// Goes to the next line and tells whether it goes on with the collection of this indentation. When it
    /// does not, stays before the line.
    fn next_of_block(&mut self, indent: usize) -> Option<bool> {
        let start = self.at;
        let Some(found) = self.next_line()? else { return Some(false) };
        if found == indent && !(indent == 0 && self.rest().starts_with(b"---")) {
            return Some(true);
        }
        if found > indent {
            return None;
        }
        self.at = start;
        Some(false)
    }

    /// Reads a value that stands on the lines below its key or dash.
    fn below(&mut self, indent: usize, depth: u32, is_of_key: bool) -> Option<Node> {
        self.end_of_line()?;
        let start = self.at;
        match self.next_line()? {
            Some(found) if found > indent => {
                if is_item(self.rest()) || self.is_key() {
                    self.block(found, depth + 1)
                } else {
                    self.scalar(indent)
                }
            }
            // The items of a key may stand as far left as the key itself.
            Some(found) if is_of_key && found == indent && is_item(self.rest()) => {
                self.sequence(found, depth + 1)
            }
            _ => {
                self.at = start;
                self.node(NodeValue::Null)
            }
        }
    }

    /// Tells whether a key stands here.
    fn is_key(&self) -> bool {
        let rest = self.rest();
        match rest.first() {
            Some(quote @ (b'"' | b'\'')) => {
                let line = &rest[..line_length(rest)];
                let close = closing(&line[1..], *quote).map(|at| at + 2);
                close.is_some_and(|end| line.get(end) == Some(&b':'))
            }
            _ => colon(rest).is_some(),
        }
    }

    fn key(&mut self) -> Option<String> {
        let first = self.peek()?;
        let rest = self.rest();
        if matches!(first, b'"' | b'\'') {
            let length = closing(&rest[1..line_length(rest)], first)?;
            let inner = &self.text[self.at + 1..self.at + 1 + length];
            if length > LONGEST_KEY || (first == b'"' && inner.contains('\\')) || !is_colon(rest, length + 2)
            {
                return None;
            }
            let key = if first == b'\'' { inner.replace("''", "'") } else { inner.to_owned() };
            self.at += length + 3;
            return Some(key);
        }
        let length = colon(rest)?;
        let text = &self.text[self.at..self.at + length];
        if text == "<<"
            || !starts_plain(text.as_bytes())
            || length > LONGEST_KEY
            || text.ends_with(' ')
            || text.contains(" #")
        {
            return None;
        }
        self.at += length + 1;
        // What reads as a number or a truth value is written as JSON would.
        Some(match scalar::resolve(text)? {
            NodeValue::String(text) | NodeValue::Integer(text) => text,
            NodeValue::Boolean(truth) => truth.to_string(),
            NodeValue::Null => "null".to_owned(),
            _ => return None,
        })
    }

    /// Reads a scalar; its further lines are indented deeper than this.
    fn scalar(&mut self, indent: usize) -> Option<Node> {
        self.scratch.clear();
        let value = match self.peek()? {
            b'"' => self.double(indent)?,
            b'\'' => self.single(indent)?,
            b'{' if self.rest().starts_with(b"{}") => {
                self.at += 2;
                NodeValue::Mapping(Mapping::new())
            }
            b'[' if self.rest().starts_with(b"[]") => {
                self.at += 2;
                NodeValue::List(Vec::new())
            }
            _ => return self.plain(indent),
        };
        self.end_of_line()?;
        self.node(value)
    }

    fn plain(&mut self, indent: usize) -> Option<Node> {
        if !starts_plain(self.rest()) {
            return None;
        }
        self.plain_line()?;
        loop {
            let mut breaks = 0;
            let start = self.at;
            // The line has been passed with its break.
            let found = loop {
                let found = self.spaces();
                if self.peek() != Some(b'\n') {
                    break found;
                }
                self.at += 1;
                breaks += 1;
            };
            match self.peek() {
                Some(first) if found > indent && first != b'#' => fold(&mut self.scratch, breaks),
                _ => {
                    self.at = start;
                    let value = scalar::resolve(&self.scratch)?;
                    return self.node(value);
                }
            }
            self.plain_line()?;
        }
    }

    /// Takes what stands on the rest of this line, and its break.
    fn plain_line(&mut self) -> Option<()> {
        let length = line_length(self.rest());
        let line = self.text[self.at..self.at + length].trim_end_matches(['\n', ' ']);
        if line.contains(": ") || line.contains(" #") || line.ends_with(':') {
            return None;
        }
        self.scratch.push_str(line);
        self.at += length;
        Some(())
    }

    fn single(&mut self, indent: usize) -> Option<NodeValue> {
        self.at += 1;
        loop {
            let run = self.rest().iter().take_while(|b| !matches!(b, b'\'' | b'\n')).count();
            self.take(run);
            match self.peek()? {
                b'\n' => self.fold_quoted(indent, 0)?,
                _ if self.rest().starts_with(b"''") => {
                    self.scratch.push('\'');
                    self.at += 2;
                }
                _ => {
                    self.at += 1;
                    return Some(NodeValue::String(self.scratch.clone()));
                }
            }
        }
    }

    fn double(&mut self, indent: usize) -> Option<NodeValue> {
        self.at += 1;
        // Blanks that an escape made are not trimmed.
        let mut kept = 0;
        loop {
            let run = self.rest().iter().take_while(|b| !matches!(b, b'"' | b'\\' | b'\n')).count();
            self.take(run);
            match self.peek()? {
                b'\n' => self.fold_quoted(indent, kept)?,
                b'"' => {
                    self.at += 1;
                    return Some(NodeValue::String(self.scratch.clone()));
                }
                _ => {
                    self.escape(indent)?;
                    kept = self.scratch.len();
                }
            }
        }
    }

    fn take(&mut self, length: usize) {
        self.scratch.push_str(&self.text[self.at..self.at + length]);
        self.at += length;
    }

    /// Folds a line break inside quotes: one is a blank, more are one less.
    fn fold_quoted(&mut self, indent: usize, kept: usize) -> Option<()> {
        let trimmed = self.scratch.trim_end_matches(' ').len().max(kept);
        self.scratch.truncate(trimmed);
        let mut breaks = 0;
        loop {
            self.at += 1;
            let found = self.spaces();
            match self.peek()? {
                b'\n' => breaks += 1,
                _ if found > indent => {
                    fold(&mut self.scratch, breaks);
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn escape(&mut self, indent: usize) -> Option<()> {
        self.at += 1;
        let letter = self.peek()?;
        self.at += 1;
        let made = match letter {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'0' => '\0',
            b'a' => '\u{7}',
            b'b' => '\u{8}',
            b'v' => '\u{b}',
            b'f' => '\u{c}',
            b'e' => '\u{1b}',
            b' ' | b'"' | b'/' | b'\\' => char::from(letter),
            b'x' => self.code(2)?,
            b'u' => self.code(4)?,
            b'U' => self.code(8)?,
            // The line goes on below.
            b'\n' => {
                let found = self.spaces();
                return (found > indent && self.peek()? != b'\n').then_some(());
            }
            _ => return None,
        };
        self.scratch.push(made);
        Some(())
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        let text = self.bytes.get(self.at..self.at + digits)?;
        let text =
            std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += digits;
        char::from_u32(u32::from_str_radix(text, 16).ok()?)
    }
}

fn fold(text: &mut String, breaks: usize) {
    if breaks == 0 {
        text.push(' ');
    }
    text.extend(std::iter::repeat_n('\n', breaks));
}

/// Returns the length of the line that begins here, its break included.
fn line_length(rest: &[u8]) -> usize {
    rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |at| at + 1)
}

fn is_item(rest: &[u8]) -> bool {
    rest.first() == Some(&b'-') && matches!(rest.get(1), None | Some(b' ' | b'\n'))
}

fn is_colon(rest: &[u8], at: usize) -> bool {
    rest.get(at) == Some(&b':') && matches!(rest.get(at + 1), None | Some(b' ' | b'\n'))
}

/// Finds the colon behind a plain key on this line.
fn colon(rest: &[u8]) -> Option<usize> {
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'\n' => return None,
            b':' if is_colon(rest, at) => return Some(at),
            _ => {}
        }
    }
    None
}

/// Finds the closing quote on this line.
fn closing(line: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    loop {
        match line.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            found if *found == quote && quote == b'\'' && line.get(at + 1) == Some(&quote) => at += 2,
            found if *found == quote => return Some(at),
            _ => at += 1,
        }
    }
}

/// Tells whether a plain scalar may begin so, without looking at rarer cases.
fn starts_plain(rest: &[u8]) -> bool {
    match rest.first() {
        Some(b'-') => rest.get(1).is_some_and(|next| !matches!(next, b' ' | b'\n')),
        Some(b'_' | b'/' | b'.' | b'$' | b'(' | b'+' | b'~' | b'<' | b'^' | b';') => true,
        Some(first) => first.is_ascii_alphanumeric() || *first >= 0x80,
        None => false,
    }
}

#[cfg(test)]
mod tests;
