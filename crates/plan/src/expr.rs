//! One small expression tree that the condition languages of all dialects lower to.
//!
//! It says what is to be computed; `engine::driver::eval` computes it. Numbers keep the distinction between
//! integers and doubles that the literal had; comparisons across the two are numeric.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::value::Value;

/// An expression over named variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Expr {
    Literal {
        value: Value,
    },
    /// A variable of the environment, or one bound by an enclosing macro.
    Variable {
        name: String,
    },
    /// `operand.field`
    Select {
        operand: Box<Expr>,
        field: String,
    },
    /// `operand[index]` on lists and maps
    Index {
        operand: Box<Expr>,
        index: Box<Expr>,
    },
    /// `has(operand.field)`
    Has {
        operand: Box<Expr>,
        field: String,
    },
    Call {
        function: Function,
        arguments: Vec<Expr>,
    },
    /// A function of [`crate::library`] by its name; `coalesce` is lazy in its second argument
    Named {
        name: String,
        arguments: Vec<Expr>,
    },
    List {
        items: Vec<Expr>,
    },
    Map {
        entries: Vec<(Expr, Expr)>,
    },
    /// `range.all(variable, body)` and its sisters
    Fold {
        fold: Macro,
        range: Box<Expr>,
        variable: String,
        body: Box<Expr>,
        transform: Option<Box<Expr>>,
    },
}

impl Expr {
    /// Lists the free variables, each once.
    pub fn variables(&self) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        self.collect_variables(&mut Vec::new(), &mut found);
        found
    }

    fn collect_variables<'e>(&'e self, bound: &mut Vec<&'e str>, found: &mut BTreeSet<&'e str>) {
        match self {
            Self::Literal { .. } => {}
            Self::Variable { name } => {
                if !bound.contains(&name.as_str()) {
                    found.insert(name);
                }
            }
            Self::Select { operand, .. } | Self::Has { operand, .. } => {
                operand.collect_variables(bound, found)
            }
            Self::Index { operand, index } => {
                operand.collect_variables(bound, found);
                index.collect_variables(bound, found);
            }
            Self::Call { arguments: inner, .. }
            | Self::Named { arguments: inner, .. }
            | Self::List { items: inner } => {
                inner.iter().for_each(|inner| inner.collect_variables(bound, found));
            }
            Self::Map { entries } => {
                for (key, value) in entries {
                    key.collect_variables(bound, found);
                    value.collect_variables(bound, found);
                }
            }
            Self::Fold { range, variable, body, transform, .. } => {
                range.collect_variables(bound, found);
                bound.push(variable);
                body.collect_variables(bound, found);
                if let Some(transform) = transform {
                    transform.collect_variables(bound, found);
                }
                bound.pop();
            }
        }
    }
}

/// A function or operator; the receiver of a method is its first argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// Lazy: a false side decides whatever the other does.
    And,
    Or,
    Not,
    /// `condition ? then : otherwise`, lazy in its branches
    Conditional,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Negate,
    Int,
    Double,
    String,
    Bool,
    Size,
    ParseJson,
    StartsWith,
    EndsWith,
    Contains,
    /// RE2-style search, unanchored
    Matches,
    /// A quoted operand of a v1 condition: a text, or seconds since 1970 when it reads as a date
    ReadQuoted,
    /// A bare operand of a v1 condition: a number, a boolean or a word
    ReadBare,
    /// The sum, or the joined text when a side is a text
    Append,
    Power,
    /// What division leaves, of doubles too
    Remainder,
}

/// A comprehension of CEL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Macro {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}
