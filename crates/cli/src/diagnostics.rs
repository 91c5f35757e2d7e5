//! Draws a pipeline's mistakes beside the lines that they are in.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};
use pipewright_compiler::{Diagnostic, Diagnostics};

/// Longest source that is drawn from; beyond, a diagnostic has no snippet.
const DRAWABLE: usize = 32 << 20;

/// Draws all diagnostics of a file, one below the other.
pub(crate) fn render(name: &str, source: &[u8], diagnostics: &Diagnostics) -> String {
    let text = std::str::from_utf8(source).ok().filter(|text| text.len() <= DRAWABLE);
    let source = text.map(Source::new);
    let renderer = Renderer::styled();
    let mut drawn = String::new();
    for diagnostic in diagnostics {
        let excerpt = source.as_ref().and_then(|source| source.excerpt(diagnostic));
        drawn.push_str(&draw(&renderer, name, excerpt, diagnostic));
        drawn.push_str("\n\n");
    }
    drawn
}

fn draw(renderer: &Renderer, name: &str, excerpt: Option<Excerpt<'_>>, diagnostic: &Diagnostic) -> String {
    let level = if diagnostic.is_error() { Level::ERROR } else { Level::WARNING };
    let message = normalize_untrusted_str(&diagnostic.message);
    let mut group = Group::with_title(level.primary_title(message).id(diagnostic.code.as_ref()));
    let at = format!("at {}", normalize_untrusted_str(&diagnostic.path));
    let has_path = !diagnostic.path.is_empty();
    if let Some(excerpt) = excerpt {
        let mut annotation = AnnotationKind::Primary.span(excerpt.span);
        if has_path {
            annotation = annotation.label(at.as_str());
        }
        let snippet = Snippet::source(excerpt.text).line_start(excerpt.line).path(name);
        group = group.element(snippet.annotation(annotation));
    } else {
        group = group.element(Origin::path(name));
        if has_path {
            group = group.element(Level::NOTE.message(at.as_str()));
        }
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(normalize_untrusted_str(hint)));
    }
    renderer.render(&[group])
}

/// A text with the places where its lines begin.
struct Source<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

/// The line of a mistake and its neighbours; `span` counts bytes of `text`.
struct Excerpt<'a> {
    text: &'a str,
    line: usize,
    span: Range<usize>,
}

impl<'a> Source<'a> {
    fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    fn excerpt(&self, diagnostic: &Diagnostic) -> Option<Excerpt<'a>> {
        let line = usize::try_from(diagnostic.line.checked_sub(1)?).ok()?;
        let begin = self.byte_at(diagnostic.line, diagnostic.column)?;
        let end = self.byte_at(diagnostic.end_line, diagnostic.end_column).unwrap_or(begin);
        // A mistake about a whole block is shown at its first line.
        let line_end = self.text[begin..].find('\n').map_or(self.text.len(), |length| begin + length);
        let first = line.saturating_sub(1);
        let from = self.starts[first];
        let to = self.starts.get(line + 2).copied().unwrap_or(self.text.len());
        let span = begin - from..end.clamp(begin, line_end) - from;
        Some(Excerpt { text: self.text[from..to].trim_end_matches('\n'), line: first + 1, span })
    }

    /// Turns line and column, both from 1 and the column in characters, into a byte of the text.
    fn byte_at(&self, line: u32, column: u32) -> Option<usize> {
        let start = *self.starts.get(usize::try_from(line.checked_sub(1)?).ok()?)?;
        let characters = usize::try_from(column.checked_sub(1)?).ok()?;
        let line = self.text[start..].split('\n').next().unwrap_or_default();
        let offset = line.char_indices().nth(characters).map_or(line.len(), |(at, _)| at);
        Some(start + offset)
    }
}
