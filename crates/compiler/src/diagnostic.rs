//! What is wrong with a pipeline document, where, and what to do about it.
//!
//! Drawing the source line beside a diagnostic is left to whoever holds the source.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::yaml::Span;

/// Whether a document can still be compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

/// One mistake or oddity of a document.
///
/// Units: lines and columns count from 1, columns in characters; 0 means that the document came without text
/// positions (an inline specification of the API) or that the mistake is about the whole of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    pub severity: Severity,
    /// Stable name of the kind of mistake, for programs.
    pub code: Cow<'static, str>,
    pub message: String,
    /// Where in the structure, as `root.dag.tasks.train.inputs`; empty for the whole document.
    pub path: String,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    pub end_column: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(
        severity: Severity,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            code: Cow::Borrowed(code),
            message: message.into(),
            path: String::new(),
            line: span.start.line,
            column: span.start.column,
            end_line: span.end.line,
            end_column: span.end.column,
            hint: None,
        }
    }

    pub(crate) fn hint(&mut self, hint: impl Into<String>) {
        self.hint = Some(hint.into());
    }

    /// Tells whether this diagnostic refuses the document.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        if self.line > 0 {
            write!(f, "{}:{}: ", self.line, self.column)?;
        }
        write!(f, "{severity}: {}", self.message)?;
        if !self.path.is_empty() {
            write!(f, " (at {})", self.path)?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "; hint: {hint}")?;
        }
        Ok(())
    }
}

/// All diagnostics of one document, in document order once sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
}

/// Diagnostics kept for one document; a damaged file does not need more to be repaired.
const MOST: usize = 1_000;

impl Diagnostics {
    /// Lists the diagnostics.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.items.iter_mut()
    }

    /// Tells whether any of them refuses the document.
    pub fn has_errors(&self) -> bool {
        self.items.iter().any(Diagnostic::is_error)
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Counts the diagnostics.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Tells whether further diagnostics would be dropped, so that looking for them is idle.
    pub(crate) fn is_full(&self) -> bool {
        self.items.len() >= MOST
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        if self.is_full() {
            self.items.pop();
        }
        self.items.push(diagnostic);
        self.items.last_mut().expect("an item was just pushed")
    }

    pub(crate) fn append(&mut self, other: Self) {
        for item in other.items {
            self.push(item);
        }
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.items.retain(keep);
    }

    /// Puts the diagnostics in the order of the text and drops repetitions.
    pub(crate) fn settle(&mut self) {
        self.items.sort_by_key(|item| (item.line, item.column));
        self.items.dedup();
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.items.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{item}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
