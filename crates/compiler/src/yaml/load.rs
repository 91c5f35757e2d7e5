//! Parser events to nodes: anchors, merge keys, tags, duplicate keys and the budgets.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, ScanError, Span as TextSpan, Tag};

use super::{
    DEEPEST, Entry, LONGEST_TEXT, MOST_BYTES, MOST_NODES, Mapping, Node, NodeValue, Position, Span, json,
    narrow, quick, scalar,
};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

/// Reads all documents of a text.
///
/// Errors: the first syntax error or exceeded limit ends the reading; duplicate keys, odd tags and keys are
/// collected beside the documents.
pub(crate) fn load(source: &[u8]) -> (Vec<Node>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    if source.len() > LONGEST_TEXT {
        let message = format!("the document is longer than the {LONGEST_TEXT} bytes that are read");
        diagnostics.push(Diagnostic::new(Severity::Error, "too-large", Span::default(), message));
        return (Vec::new(), diagnostics);
    }
    let text = match std::str::from_utf8(source) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            diagnostics.push(not_utf8(source, error.valid_up_to()));
            return (Vec::new(), diagnostics);
        }
    };
    if text.trim_start().starts_with(['{', '['])
        && let Some(node) = json::read(text, &mut diagnostics)
    {
        return (vec![node], diagnostics);
    }
    let mut loader = Loader::new(&mut diagnostics);
    let result = loader.run(text);
    let documents = std::mem::take(&mut loader.documents);
    if let Err(diagnostic) = result {
        diagnostics.push(*diagnostic);
    }
    (documents, diagnostics)
}

/// Reads documents that are written plainly, without positions; `None` leaves the text to [`load`].
pub(crate) fn load_quick(source: &[u8]) -> Option<Vec<Node>> {
    if source.len() > LONGEST_TEXT {
        return None;
    }
    quick::read(std::str::from_utf8(source).ok()?)
}

fn not_utf8(source: &[u8], valid: usize) -> Diagnostic {
    let before = String::from_utf8_lossy(&source[..valid]);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    let at = Position { line: narrow(line), column: narrow(column) };
    let message = format!("the document is not UTF-8: byte 0x{:02x} does not belong there", source[valid]);
    let mut diagnostic = Diagnostic::new(Severity::Error, "not-utf8", Span { start: at, end: at }, message);
    let binary = source.starts_with(b"PK") || source.starts_with(&[0x1f, 0x8b]);
    diagnostic.hint(if binary {
        "this looks like an archive; unpack it and give the YAML file inside"
    } else {
        "save the file as UTF-8"
    });
    diagnostic
}

type Stop = Box<Diagnostic>;

fn stop(code: &'static str, span: Span, message: impl Into<String>) -> Stop {
    Box::new(Diagnostic::new(Severity::Error, code, span, message))
}

/// A finished node with what it costs when its aliases are expanded.
#[derive(Clone)]
struct Built {
    node: Node,
    nodes: u64,
    bytes: u64,
    height: u32,
    /// A plain `<<`
    is_merge: bool,
}

struct Frame {
    anchor: usize,
    start: Position,
    nodes: u64,
    bytes: u64,
    height: u32,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Mapping { entries: Mapping, merged: Vec<Built>, key: Option<Key> },
}

enum Key {
    Name(String, Span),
    Merge,
}

struct Loader<'d> {
    documents: Vec<Node>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Built>,
    nodes: u64,
    bytes: u64,
    copied_nodes: u64,
    copied_bytes: u64,
    diagnostics: &'d mut Diagnostics,
}

impl<'d> Loader<'d> {
    fn new(diagnostics: &'d mut Diagnostics) -> Self {
        Self {
            documents: Vec::new(),
            frames: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            bytes: 0,
            copied_nodes: 0,
            copied_bytes: 0,
            diagnostics,
        }
    }

    fn run(&mut self, text: &str) -> Result<(), Stop> {
        let mut options = Options::default();
        options.block_scalar_eof_without_line_feed = true;
        options.emit_unresolved_aliases = true;
        for event in Parser::new_from_str_with_options(text, options) {
            let (event, span) = event.map_err(|error| syntax_error(text, &error))?;
            self.event(event, span)?;
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, at: TextSpan) -> Result<(), Stop> {
        let span = span_of(at);
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let is_merge = style == ScalarStyle::Plain && tag.is_none() && text == "<<";
                let bytes = text.len() as u64;
                let value = self.scalar(text, style, tag.as_deref(), span);
                let node = Node { value, span };
                self.finish(anchor, Built { node, nodes: 1, bytes, height: 1, is_merge })?;
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_collection_tag(tag.as_deref(), "seq", span);
                self.open(anchor, span, Content::List(Vec::new()))?;
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_collection_tag(tag.as_deref(), "map", span);
                let content = Content::Mapping { entries: Mapping::new(), merged: Vec::new(), key: None };
                self.open(anchor, span, content)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            Event::Alias(id) => {
                let Some(known) = self.anchors.get(&id) else {
                    return Err(stop("yaml-syntax", span, "the alias stands inside the value that it names"));
                };
                let (nodes, bytes) = (self.nodes + known.nodes, self.bytes + known.bytes);
                Self::check_size(nodes, bytes, known.node.span)?;
                let built = Built { is_merge: false, ..known.clone() };
                self.finish(0, built)?;
            }
            Event::UnresolvedAlias(name) => {
                let message = format!("the alias `*{name}` has no anchor `&{name}` before it");
                return Err(stop("yaml-syntax", span, message));
            }
            // Comments and stream markers carry no data.
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, anchor: usize, span: Span, content: Content) -> Result<(), Stop> {
        if self.frames.len() as u32 >= DEEPEST {
            return Err(stop("too-deep", span, format!("values are nested more than {DEEPEST} levels deep")));
        }
        let start = span.start;
        self.frames.push(Frame { anchor, start, nodes: 1, bytes: 0, height: 1, content });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Stop> {
        let frame = self.frames.pop().expect("the parser closes only what it opened");
        let value = match frame.content {
            Content::List(items) => NodeValue::List(items),
            Content::Mapping { entries, merged, .. } if merged.is_empty() => NodeValue::Mapping(entries),
            Content::Mapping { entries, merged, .. } => NodeValue::Mapping(self.merge(entries, &merged)),
        };
        let node = Node { value, span: Span { start: frame.start, end: span.end } };
        let built =
            Built { node, nodes: frame.nodes, bytes: frame.bytes, height: frame.height, is_merge: false };
        // The children have been counted one by one; only the collection itself is new.
        self.nodes = self.nodes.saturating_sub(built.nodes - 1);
        self.bytes = self.bytes.saturating_sub(built.bytes);
        self.finish(frame.anchor, built)
    }

    fn finish(&mut self, anchor: usize, built: Built) -> Result<(), Stop> {
        let span = built.node.span;
        self.nodes += built.nodes;
        self.bytes += built.bytes;
        Self::check_size(self.nodes, self.bytes, span)?;
        if self.frames.len() as u32 + built.height > DEEPEST {
            return Err(stop("too-deep", span, format!("values are nested more than {DEEPEST} levels deep")));
        }
        if anchor > 0 {
            // Anchors inside anchors are copied each, so that these copies have a budget of their own.
            self.copied_nodes += built.nodes;
            self.copied_bytes += built.bytes;
            Self::check_size(self.copied_nodes, self.copied_bytes, span)?;
            self.anchors.insert(anchor, built.clone());
        }
        let Some(frame) = self.frames.last_mut() else {
            self.documents.push(built.node);
            return Ok(());
        };
        frame.nodes += built.nodes;
        frame.bytes += built.bytes;
        frame.height = frame.height.max(built.height + 1);
        match &mut frame.content {
            Content::List(items) => items.push(built.node),
            Content::Mapping { entries, merged, key } => match key.take() {
                None => *key = Some(self::key(built, self.diagnostics)),
                Some(Key::Merge) => merged.push(built),
                Some(Key::Name(name, key_span)) => {
                    if let Some(earlier) = entries.get(&name) {
                        self.diagnostics.push(json::duplicate(&name, earlier.key_span, key_span));
                    } else {
                        entries.add(name, Entry { key_span, node: built.node });
                    }
                }
            },
        }
        Ok(())
    }

    fn check_size(nodes: u64, bytes: u64, span: Span) -> Result<(), Stop> {
        let what = if nodes > MOST_NODES {
            format!("more than {MOST_NODES} values")
        } else if bytes > MOST_BYTES {
            format!("more than {MOST_BYTES} bytes of text")
        } else {
            return Ok(());
        };
        Err(stop("too-large", span, format!("the document has {what} when its aliases are expanded")))
    }

    /// Puts merged keys first and lets the mapping's own win, as PyYAML does.
    fn merge(&mut self, own: Mapping, merged: &[Built]) -> Mapping {
        let mut all = Mapping::new();
        let mut add = |node: &Node| match &node.value {
            NodeValue::Mapping(mapping) => {
                all.extend(mapping.iter().map(|(key, entry)| (key.clone(), entry.clone())));
                true
            }
            _ => false,
        };
        for source in merged {
            let fits = match &source.node.value {
                NodeValue::List(items) => items.iter().rev().all(&mut add),
                _ => add(&source.node),
            };
            if !fits {
                let message = format!("`<<` merges mappings, found {}", source.node.describe());
                self.diagnostics.push(*stop("yaml-merge", source.node.span, message));
            }
        }
        all.extend(own);
        all
    }

    fn scalar(&mut self, text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> NodeValue {
        let resolved = match tag.map(|tag| (tag.core_suffix(), tag)) {
            None if style == ScalarStyle::Plain => scalar::resolve(&text),
            None => return NodeValue::String(text.into_owned()),
            Some((Some("str" | "timestamp"), _)) => return NodeValue::String(text.into_owned()),
            Some((Some("null"), _)) => return NodeValue::Null,
            Some((Some("int"), _)) => match scalar::integer(&text) {
                Some(digits) => return NodeValue::Integer(digits),
                None => None,
            },
            Some((Some("float"), _)) => match scalar::resolve(&text) {
                Some(NodeValue::Integer(digits)) => digits.parse().ok().map(NodeValue::Float),
                Some(value @ NodeValue::Float(_)) => Some(value),
                _ => text.parse().ok().filter(|double: &f64| double.is_finite()).map(NodeValue::Float),
            },
            Some((Some("bool"), _)) => match scalar::resolve(&text.to_lowercase()) {
                Some(value @ NodeValue::Boolean(_)) => return value,
                _ => None,
            },
            // The non-specific tag makes a scalar text.
            Some((_, tag)) if tag.original() == "!" => return NodeValue::String(text.into_owned()),
            Some((_, tag)) => {
                let message = format!("the tag `{}` is not supported here", tag.original());
                self.diagnostics.push(*stop("yaml-tag", span, message));
                return NodeValue::Null;
            }
        };
        if let Some(value) = resolved {
            return value;
        }
        let (code, message) = match tag {
            Some(tag) => (
                "yaml-tag",
                format!("`{}` is no value of the tag `{}`", super::shorten(&text), tag.original()),
            ),
            None => ("not-finite", format!("the number `{text}` cannot be expressed in JSON")),
        };
        self.diagnostics.push(*stop(code, span, message));
        NodeValue::Null
    }

    fn check_collection_tag(&mut self, tag: Option<&Tag>, core: &str, span: Span) {
        if let Some(tag) = tag
            && tag.core_suffix() != Some(core)
            && tag.original() != "!"
        {
            let message = format!("the tag `{}` is not supported here", tag.original());
            self.diagnostics.push(*stop("yaml-tag", span, message));
        }
    }
}

/// Turns a finished node into a mapping key; numbers and booleans become their text, as in JSON.
fn key(built: Built, diagnostics: &mut Diagnostics) -> Key {
    let span = built.node.span;
    if built.is_merge {
        return Key::Merge;
    }
    let name = match built.node.value {
        NodeValue::String(text) | NodeValue::Integer(text) => text,
        NodeValue::Boolean(truth) => truth.to_string(),
        NodeValue::Float(double) => double.to_string(),
        NodeValue::Null => "null".to_owned(),
        NodeValue::List(_) | NodeValue::Mapping(_) => {
            diagnostics.push(*stop("yaml-key", span, "a mapping key is a single value, not a collection"));
            String::new()
        }
    };
    Key::Name(name, span)
}

fn syntax_error(text: &str, error: &ScanError) -> Stop {
    let at = position(error.marker());
    let mut diagnostic =
        stop("yaml-syntax", Span { start: at, end: at }, format!("this is not YAML: {}", error.info()));
    let line = text.lines().nth(at.line.saturating_sub(1) as usize).unwrap_or_default();
    if line.trim_start_matches(' ').starts_with('\t') {
        diagnostic.hint("indent with spaces, not with tabs");
    } else if error
        .marker()
        .byte_offset()
        .and_then(|at| text.get(at..))
        .is_none_or(|rest| rest.trim().is_empty())
    {
        diagnostic.hint("the file ends too early; it may have been cut off");
    }
    diagnostic
}

fn position(marker: &Marker) -> Position {
    Position { line: narrow(marker.line()), column: narrow(marker.col() + 1) }
}

fn span_of(span: TextSpan) -> Span {
    Span { start: position(&span.start), end: position(&span.end) }
}
