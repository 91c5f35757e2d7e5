//! What a filter asks of one column: as SQL, and of a value in memory, with the same answer.

use rusqlite::types::Value as Sql;

/// A condition on the values of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// One of these texts, or none of them.
    Words { words: Vec<String>, are_refused: bool },
    /// Contains the text, whatever the case of its ASCII letters.
    Substring(String),
    /// Comes before or after the text, byte by byte.
    Order { sign: Sign, text: String },
    /// In one of these ranges, each from its start to before its end, or in none of them.
    Ranges { ranges: Vec<(i64, i64)>, are_refused: bool },
}

/// How a value stands to the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Comparison {
    /// Tells whether a text holds. Ranges are of numbers: no text is in one.
    pub(crate) fn holds_text(&self, value: &str) -> bool {
        match self {
            Self::Words { words, are_refused } => words.iter().any(|word| word == value) != *are_refused,
            Self::Substring(part) => contains(value, part),
            Self::Order { sign, text } => match sign {
                Sign::Greater => value > text.as_str(),
                Sign::GreaterOrEqual => value >= text.as_str(),
                Sign::Less => value < text.as_str(),
                Sign::LessOrEqual => value <= text.as_str(),
            },
            Self::Ranges { are_refused, .. } => *are_refused,
        }
    }

    /// Tells whether a number holds; conditions on texts do not.
    pub(crate) fn holds_number(&self, value: i64) -> bool {
        match self {
            Self::Ranges { ranges, are_refused } => {
                ranges.iter().any(|(from, to)| (*from..*to).contains(&value)) != *are_refused
            }
            Self::Words { .. } | Self::Substring(_) | Self::Order { .. } => false,
        }
    }

    /// Writes the condition on this column; `bind` takes a value and gives its placeholder.
    pub(crate) fn sql(&self, column: &str, mut bind: impl FnMut(Sql) -> String) -> String {
        let negation = |are_refused: bool| if are_refused { "NOT " } else { "" };
        match self {
            Self::Words { words, are_refused } => {
                let marks: Vec<String> = words.iter().map(|word| bind(Sql::Text(word.clone()))).collect();
                format!("{column} {}IN ({})", negation(*are_refused), marks.join(", "))
            }
            Self::Substring(part) => {
                let escaped = part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
                format!("{column} LIKE {} ESCAPE '\\'", bind(Sql::Text(format!("%{escaped}%"))))
            }
            Self::Order { sign, text } => {
                let sign = match sign {
                    Sign::Greater => ">",
                    Sign::GreaterOrEqual => ">=",
                    Sign::Less => "<",
                    Sign::LessOrEqual => "<=",
                };
                format!("{column} {sign} {}", bind(Sql::Text(text.clone())))
            }
            Self::Ranges { ranges, .. } if ranges.is_empty() => "1 = 0".to_owned(),
            Self::Ranges { ranges, are_refused } => {
                let parts: Vec<String> = ranges
                    .iter()
                    .map(|&(from, to)| match (from, to) {
                        (from, i64::MAX) => format!("{column} >= {}", bind(Sql::Integer(from))),
                        (i64::MIN, to) => format!("{column} < {}", bind(Sql::Integer(to))),
                        (from, to) => {
                            let (from, to) = (bind(Sql::Integer(from)), bind(Sql::Integer(to)));
                            format!("({column} >= {from} AND {column} < {to})")
                        }
                    })
                    .collect();
                format!("{}({})", negation(*are_refused), parts.join(" OR "))
            }
        }
    }
}

/// Looks for `part` as SQLite's LIKE does: letters beyond ASCII keep their case.
fn contains(value: &str, part: &str) -> bool {
    let (value, part) = (value.as_bytes(), part.as_bytes());
    let Some(first) = part.first() else { return true };
    let either = [first.to_ascii_lowercase(), first.to_ascii_uppercase()];
    value.windows(part.len()).any(|window| either.contains(&window[0]) && window.eq_ignore_ascii_case(part))
}
