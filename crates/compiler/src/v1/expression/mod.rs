//! Expressions `{{=…}}`: the expr-lang language with the format's additions, to the plan's expressions.
//!
//! Parsed when the file is read, so that mistakes are told with their place. What a variable is depends on where
//! the expression stands; the caller says so, tag by tag. Source: v1 semantics 4; the expr-lang documentation.

mod lexer;
mod parser;
mod path;

use pipewright_plan::Expr;

use super::tags::Tag;
use lexer::Lexed;

/// Why an expression cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub message: String,
    pub hint: Option<String>,
}

impl Wrong {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }
}

/// Says what stands for a variable.
pub(super) type Variables<'a> = dyn FnMut(&Tag) -> Result<Expr, Wrong> + 'a;

/// Reads an expression.
pub(super) fn parse(text: &str, variables: &mut Variables<'_>) -> Result<Expr, Wrong> {
    parser::parse(&lexer::lex(text)?, variables)
}

/// Tells whether an expression speaks of the item of a loop.
pub(super) fn mentions_item(text: &str) -> bool {
    let tokens = lexer::lex(text).unwrap_or_default();
    let is_item = |lexed: &Lexed| matches!(&lexed.token, lexer::Token::Word(word) if word == "item");
    let follows_dot = |at: usize| {
        at.checked_sub(1).is_some_and(|before| matches!(tokens[before].token, lexer::Token::Sign("." | "?.")))
    };
    tokens.iter().enumerate().any(|(at, lexed)| is_item(lexed) && !follows_dot(at))
}

#[cfg(test)]
mod tests;
