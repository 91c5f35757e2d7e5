//! Small rules that all rows share: time columns, JSON columns, state words.

use pipewright_engine::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

pub(crate) const AVAILABLE: &str = "available";
pub(crate) const ARCHIVED: &str = "archived";

/// Turns a time column into a time; 0 is none.
pub(crate) fn time(column: i64) -> Option<Timestamp> {
    (column != 0).then_some(Timestamp(column))
}

/// Turns a time into its column.
pub(crate) fn column(time: Option<Timestamp>) -> i64 {
    time.map_or(0, |time| time.0)
}

/// Writes a JSON column.
pub(crate) fn to_json(what: &str, value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::document(format_args!("cannot write {what}"), error))
}

/// Reads a JSON column.
pub(crate) fn from_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::document(format_args!("cannot read {what}"), error))
}

/// Writes a JSON column that is empty for null.
pub(crate) fn optional_json(what: &str, value: &serde_json::Value) -> Result<String, Error> {
    if value.is_null() { Ok(String::new()) } else { to_json(what, value) }
}

/// Reads a JSON column that is empty for null.
pub(crate) fn optional(what: &str, text: &str) -> Result<serde_json::Value, Error> {
    if text.is_empty() { Ok(serde_json::Value::Null) } else { from_json(what, text) }
}

/// Returns the word that an enum without fields is stored as.
pub(crate) fn word(value: &impl Serialize) -> Result<String, Error> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(other) => Err(Error::internal(format!("`{other}` is no word"))),
        Err(error) => Err(Error::document("cannot write a word", error)),
    }
}
