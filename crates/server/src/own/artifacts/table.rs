//! The first rows of a table: comma or tab separated values, lists and lines of JSON objects.

use axum::Json;
use axum::extract::State;
use indexmap::IndexMap;
use pipewright_plan::Value;
use serde::Serialize;
use utoipa::ToSchema;

use super::place::{Media, Place, media_of};
use super::preview::beginning;
use super::{blocking, find, nothing};
use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Segments, Words};

const ROWS: usize = 200;
const MOST_ROWS: usize = 5000;
const COLUMNS: usize = 500;
/// What is read of a table at most.
const READ: usize = 4 << 20;

/// The beginning of a table.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TableView {
    pub columns: Vec<ColumnView>,
    pub rows: Vec<Vec<Value>>,
    /// Known when the whole table was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_rows: Option<u64>,
    pub truncated: bool,
}

/// A column; the first line of separated values names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ColumnView {
    pub name: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub column_type: Option<String>,
}

pub(super) async fn table(
    State(app): State<App>,
    permit: Permit,
    Segments(id): Segments<String>,
    words: Words,
) -> Result<Json<TableView>, Error> {
    let part = words.text("path");
    let (artifact, place) = find(&app, &permit, id, part).await?;
    let most = words.number("rows")?.unwrap_or(ROWS).min(MOST_ROWS);
    let masks = app.store.masks().await?;
    let reach = app.reach.clone();
    let view = blocking(move || {
        let size = match &place {
            Place::Inline(text) => text.len() as u64,
            Place::File(_, size) => *size,
            Place::Folder(_) => {
                return Err(Error::Invalid("this is a folder; name a file by path".to_owned()));
            }
            Place::Missing | Place::Private | Place::Elsewhere => return Err(nothing(&artifact, &place)),
        };
        let media = media_of(&reach, &artifact, &place);
        match media {
            Media::Parquet => {
                return Err(Error::Precondition(
                    "Parquet is not read here: take its rows from `content`, whose ranges are answered, as the \
                     web pages do"
                        .to_owned(),
                ));
            }
            Media::Csv | Media::Text | Media::Json => {}
            _ => return Err(Error::Precondition("this content is no table".to_owned())),
        }
        let mut text = beginning(&place, READ, (&masks, &reach))?;
        let is_whole = size <= READ as u64;
        if !is_whole {
            // The last line is cut.
            text.truncate(text.rfind('\n').map_or(0, |at| at + 1));
        }
        Ok(match media {
            Media::Json => of_json(&text, most, is_whole),
            _ => of_separated(&text, most, is_whole),
        })
    });
    Ok(Json(view.await?))
}

fn finish(columns: Vec<ColumnView>, mut rows: Vec<Vec<Value>>, most: usize, is_whole: bool) -> TableView {
    let total = rows.len();
    rows.truncate(most);
    TableView {
        columns,
        truncated: !is_whole || rows.len() < total,
        rows,
        total_rows: is_whole.then_some(total as u64),
    }
}

fn of_separated(text: &str, most: usize, is_whole: bool) -> TableView {
    let first = text.lines().next().unwrap_or_default();
    let count = |sign: char| first.matches(sign).count();
    let separator =
        [',', '\t', ';'].into_iter().max_by_key(|sign| (count(*sign), *sign == ',')).unwrap_or(',');
    let mut records = separated(text, separator);
    if records.is_empty() {
        return finish(Vec::new(), Vec::new(), most, is_whole);
    }
    let names = records.remove(0);
    let columns =
        names.into_iter().take(COLUMNS).map(|name| ColumnView { name, column_type: None }).collect();
    let rows = records.into_iter().map(|record| record.into_iter().take(COLUMNS).map(Value::from).collect());
    finish(columns, rows.collect(), most, is_whole)
}

/// Reads separated values with quotes, as RFC 4180 has them; ends of lines may stand inside quotes.
fn separated(text: &str, separator: char) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut began) = (false, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                field.push('"');
                letters.next();
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => (quoted, began) = (true, true),
            letter if quoted => field.push(letter),
            letter if letter == separator => {
                record.push(std::mem::take(&mut field));
                began = true;
            }
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' => {
                if began || !field.is_empty() {
                    record.push(std::mem::take(&mut field));
                    records.push(std::mem::take(&mut record));
                }
                began = false;
            }
            letter => {
                field.push(letter);
                began = true;
            }
        }
    }
    if began || !field.is_empty() {
        record.push(field);
        records.push(record);
    }
    records
}

/// Takes a list of objects, or one object on each line.
fn of_json(text: &str, most: usize, is_whole: bool) -> TableView {
    let items: Vec<Value> = match serde_json::from_str(text) {
        Ok(Value::Array(items)) => items,
        Ok(other) => vec![other],
        Err(_) => text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect(),
    };
    let mut names: IndexMap<String, usize> = IndexMap::new();
    for item in items.iter().take(most) {
        for key in item.as_object().into_iter().flat_map(serde_json::Map::keys) {
            if names.len() < COLUMNS && !names.contains_key(key) {
                names.insert(key.clone(), names.len());
            }
        }
    }
    if names.is_empty() {
        names.insert("value".to_owned(), 0);
    }
    let row = |item: Value| -> Vec<Value> {
        match item {
            Value::Object(mut fields) => {
                names.keys().map(|name| fields.remove(name).unwrap_or_default()).collect()
            }
            other => vec![other],
        }
    };
    let columns = names.keys().map(|name| ColumnView { name: name.clone(), column_type: None }).collect();
    finish(columns, items.into_iter().map(row).collect(), most, is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separated_values_have_quotes_and_odd_ends() {
        let cases: &[(&str, char, &[&[&str]])] = &[
            ("", ',', &[]),
            ("a,b\n1,2\n", ',', &[&["a", "b"], &["1", "2"]]),
            ("a,b\r\n1,\r\n", ',', &[&["a", "b"], &["1", ""]]),
            ("\"x, \"\"y\"\"\nz\",2", ',', &[&["x, \"y\"\nz", "2"]]),
            ("a\n\n\"\"\n", ',', &[&["a"], &[""]]),
            ("a\tb c\n", '\t', &[&["a", "b c"]]),
        ];
        for (text, separator, expected) in cases {
            assert_eq!(separated(text, *separator), *expected, "{text:?}");
        }
    }

    #[test]
    fn json_becomes_rows() {
        let view = of_json("{\"a\": 1}\n{\"b\": [2]}\n", 10, true);
        let names: Vec<&str> = view.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(view.rows, [vec![1.into(), Value::Null], vec![Value::Null, serde_json::json!([2])]]);
        assert_eq!(of_json("[1, 2, 3]", 2, true).total_rows, Some(3));
    }
}
