//! The order of lists of artifacts and executions: by when rows came, or by a column with an index, and then by when
//! they came. A page goes on behind the last row of the one before, whatever was added meanwhile.

use std::fmt;
use std::str::FromStr;

use pipewright_engine::Submit;

/// What artifacts are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ArtifactOrder {
    #[default]
    Created,
    Name,
    Type,
    Uri,
}

/// What executions are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExecutionOrder {
    #[default]
    Created,
    /// By the path of the task in its run.
    Task,
    State,
}

/// An order and its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order<K> {
    pub by: K,
    pub is_ascending: bool,
}

impl<K: Default> Default for Order<K> {
    /// Newest first.
    fn default() -> Self {
        Self { by: K::default(), is_ascending: false }
    }
}

/// The last row of a page: its number, and what it was sorted by where that is not the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub number: i64,
    pub value: Option<String>,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            None => write!(f, "{}", self.number),
            Some(value) => write!(f, "{}:{value}", self.number),
        }
    }
}

impl FromStr for Mark {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, value) = match text.split_once(':') {
            Some((number, value)) => (number, Some(value.to_owned())),
            None => (text, None),
        };
        Ok(Self { number: number.parse()?, value })
    }
}

/// Returns the conditions on a namespace, bound to a parameter, by which rows have an index of their own; none for the
/// default one, whose rows are found among all.
pub(crate) fn within(table: &str, namespace: Option<&str>, bound: &str) -> Option<[String; 2]> {
    namespace.filter(|name| !name.is_empty() && *name != Submit::DEFAULT_NAMESPACE).map(|_| {
        [
            format!("{table}.namespace <> '{}'", Submit::DEFAULT_NAMESPACE),
            format!("{table}.namespace = {bound}"),
        ]
    })
}

/// Returns the end of a statement that selects rows in an order: `scope` are conditions, on `?3` and `?5`, `column` is
/// what is sorted by beside the number, which is bound to `?1`, and to `?4` the column's value where a page goes on;
/// `?2` is the limit.
pub(crate) fn ordered(
    table: &str,
    scope: &[String],
    column: Option<&str>,
    (is_ascending, goes_on): (bool, bool),
) -> String {
    let (than, direction) = if is_ascending { (">", "ASC") } else { ("<", "DESC") };
    let number = format!("{table}.number");
    let place = match (column, goes_on) {
        (None, _) => format!("{number} {than} ?1"),
        // All of them; a mark is bound all the same.
        (Some(_), false) => "?1 IS NOT NULL".to_owned(),
        (Some(column), true) => format!("{column} {than}= ?4 AND ({column} {than} ?4 OR {number} {than} ?1)"),
    };
    let scope: String = scope.iter().map(|condition| format!("{condition} AND ")).collect();
    let column = column.map(|column| format!("{column} {direction}, ")).unwrap_or_default();
    format!("WHERE {scope}{place} ORDER BY {column}{number} {direction} LIMIT ?2")
}
