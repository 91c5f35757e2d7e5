//! CEL, the language of conditions and selectors, to the plan's expression tree.
//!
//! The whole expression grammar is read; values of kinds that pipelines cannot carry (bytes, timestamps,
//! messages) and functions that the plan does not know are refused. Evaluation lives in the engine.

mod functions;
mod lexer;
mod parser;

use pipewright_plan::Expr;

/// Longest expression, in bytes.
pub(crate) const LONGEST: usize = 32 << 10;
/// Deepest nesting, both of the text and of the tree.
pub(crate) const DEEPEST: usize = 32;

/// Why an expression was refused, and at which character (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CelError {
    pub at: usize,
    pub message: String,
    pub hint: Option<String>,
}

impl CelError {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at: at + 1, message: message.into(), hint: None }
    }

    fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

/// Reads an expression over the given variables.
///
/// The SDK writes text constants between single quotes without escaping those inside. Where the expression
/// makes no sense otherwise, a quote directly before a letter or digit is taken as part of the text.
pub(crate) fn parse(text: &str, variables: &[&str]) -> Result<Expr, CelError> {
    if text.len() > LONGEST {
        return Err(CelError::new(0, format!("the expression is longer than {LONGEST} bytes")));
    }
    read(text, variables, Quotes::Close).or_else(|error| {
        read(text, variables, Quotes::MayBeText).ok().filter(|_| text.contains('\'')).ok_or(error)
    })
}

/// Whether a single quote always closes a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Close,
    MayBeText,
}

fn read(text: &str, variables: &[&str], quotes: Quotes) -> Result<Expr, CelError> {
    let tokens = lexer::tokens(text, quotes)?;
    let expr = parser::Parser::new(&tokens, variables).whole()?;
    if height(&expr) > DEEPEST + 8 {
        return Err(CelError::new(0, "the expression has too many nested operations"));
    }
    Ok(expr)
}

/// Counts the levels of a tree; trees come from the parser, which bounds them.
fn height(expr: &Expr) -> usize {
    let below = match expr {
        Expr::Literal { .. } | Expr::Variable { .. } => 0,
        Expr::Select { operand, .. } | Expr::Has { operand, .. } => height(operand),
        Expr::Index { operand, index } => height(operand).max(height(index)),
        Expr::Call { arguments: items, .. } | Expr::Named { arguments: items, .. } | Expr::List { items } => {
            items.iter().map(height).max().unwrap_or_default()
        }
        Expr::Map { entries } => {
            entries.iter().map(|(key, value)| height(key).max(height(value))).max().unwrap_or_default()
        }
        Expr::Fold { range, body, transform, .. } => {
            let transform = transform.as_deref().map(height).unwrap_or_default();
            height(range).max(height(body)).max(transform)
        }
    };
    below + 1
}

#[cfg(test)]
mod tests;
