//! Lists in pages by key: inserts and deletions between two pages shift nothing.
//!
//! A page token is opaque text that carries the sort, the filter and the last row's key; sent together with
//! another sort or filter it is refused. Source: KFP API reference 1.3.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params_from_iter};
use serde::{Deserialize, Serialize};

use crate::comparison::Comparison;
use crate::error::Error;
use crate::filter::{self, Conditions, Form, Key, Predicate};

const DEFAULT_SIZE: u32 = 20;
const LARGEST_SIZE: u32 = 200;
/// Begins a sort by a metric.
const METRIC: &str = "metric:";

/// What to list. Empty texts count as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// 0 or absent is 20; at most 200.
    pub page_size: Option<u32>,
    /// From the page before.
    pub page_token: Option<String>,
    /// `field`, `field asc` or `field desc`; absent is `created_at asc`.
    pub sort_by: Option<String>,
    /// The field's filter as JSON text.
    pub filter: Option<String>,
    /// Only what is in this one; of pipelines, when it is empty, only shared ones.
    pub namespace: Option<String>,
    /// Of runs: only this experiment's.
    pub experiment_id: Option<String>,
    /// Of pipeline versions: only this pipeline's; required there.
    pub pipeline_id: Option<String>,
}

/// Some rows of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Absent on the last page.
    pub next_page_token: Option<String>,
    /// Rows in the whole list.
    pub total_size: u64,
}

/// A resource that can be listed.
pub(crate) struct Listing {
    pub(crate) resource: &'static str,
    pub(crate) table: &'static str,
    /// The columns that the row's reader expects, by name; `id` among them.
    pub(crate) columns: &'static str,
    /// Joins behind the table.
    pub(crate) joins: &'static str,
    pub(crate) has_tags: bool,
    pub(crate) has_metrics: bool,
    pub(crate) keys: &'static [Key],
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Token {
    resource: String,
    sort: String,
    descending: bool,
    filter: Vec<Predicate>,
    value: Position,
    id: String,
}

/// The last row's value of the sort column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Position {
    Text(String),
    Number(i64),
}

/// What a page and its list ask of the rows, apart from SQL.
pub(crate) struct Sought<'q> {
    pub(crate) sort: Sort<'q>,
    pub(crate) descending: bool,
    /// Columns by full name; all hold.
    pub(crate) conditions: Vec<(&'q str, Comparison)>,
    /// Value and id of the row before the page.
    pub(crate) after: Option<(&'q Position, &'q str)>,
    pub(crate) size: usize,
}

/// What rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort<'q> {
    /// A column, by its full name.
    Column(&'static str),
    /// A number that runs may have, by its name; those without come before all others.
    Metric(&'q str),
}

/// A query turned into statements.
pub(crate) struct Asked {
    pub(crate) page: String,
    pub(crate) count: String,
    values: Vec<Sql>,
    /// How many of the values the count uses.
    counted: usize,
    size: usize,
    token: Token,
    /// Absent: a metric, whose name the token has.
    sort: Option<&'static str>,
    /// Equalities that every row keeps, by the column's full name.
    scope: Vec<(String, String)>,
    after: Option<(Position, String)>,
}

fn given(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// Turns a query into statements. `scope` are equalities that every row keeps.
pub(crate) fn ask(listing: &Listing, query: &ListQuery, scope: &[(&str, &str)]) -> Result<Asked, Error> {
    let sort = given(query.sort_by.as_ref()).map(|text| sort_of(listing, text)).transpose()?;
    let filter = given(query.filter.as_ref()).map(filter::parse).transpose()?;
    let after = given(query.page_token.as_ref()).map(|text| token_of(listing, text)).transpose()?;
    let (sort, descending, filter) = match &after {
        None => {
            let (sort, descending) = sort.unwrap_or_else(|| ("created_at".to_owned(), false));
            (sort, descending, filter.unwrap_or_default())
        }
        Some(token) => {
            let other_sort = sort.is_some_and(|(sort, descending)| {
                (sort, descending) != (token.sort.clone(), token.descending)
            });
            if other_sort || filter.is_some_and(|filter| filter != token.filter) {
                return Err(Error::Invalid("page_token belongs to another sort_by or filter".to_owned()));
            }
            (token.sort.clone(), token.descending, token.filter.clone())
        }
    };
    let table = listing.table;
    let metric = metric_of(listing, &sort).map(str::to_owned);
    let key = match &metric {
        Some(_) => None,
        None => Some(filter::find(listing.keys, &sort).ok_or_else(|| unsorted(listing, &sort))?.column),
    };

    let mut conditions = Conditions::default();
    for (column, value) in scope {
        let mark = conditions.bind((*value).to_owned());
        conditions.parts.push(format!("{table}.{column} = {mark}"));
    }
    for predicate in &filter {
        conditions.add(predicate, listing.keys, listing.has_tags.then_some(table))?;
    }
    let counted = conditions.values.len();
    let count = format!("SELECT count(*) FROM {table}{}", where_clause(&conditions.parts));
    let column = match (key, metric) {
        (Some(column), _) => column.to_owned(),
        (None, name) => {
            let name = conditions.bind(name.unwrap_or_default());
            format!(
                "coalesce((SELECT value FROM sorted_metrics WHERE name = {name} AND run = {table}.number), -9e999)"
            )
        }
    };
    walk_by_sort(listing, &column, &mut conditions.parts);
    if let Some(token) = &after {
        let value = match &token.value {
            Position::Text(text) => Sql::Text(text.clone()),
            Position::Number(number) if key.is_none() => Sql::Real(real_of(*number)),
            Position::Number(number) => Sql::Integer(*number),
        };
        let (value, id) = (conditions.bind(value), conditions.bind(token.id.clone()));
        let sign = if descending { "<" } else { ">" };
        conditions.parts.push(format!("({column}, {table}.id) {sign} ({value}, {id})"));
    }
    let size = match query.page_size {
        None | Some(0) => DEFAULT_SIZE,
        Some(size) => size.min(LARGEST_SIZE),
    };
    let limit = conditions.bind(i64::from(size) + 1);
    let direction = if descending { " DESC" } else { "" };
    let page = format!(
        "SELECT {}, {column} AS sort_key FROM {table}{}{} \
         ORDER BY {column}{direction}, {table}.id{direction} LIMIT {limit}",
        listing.columns,
        listing.joins,
        where_clause(&conditions.parts),
    );
    let after = after.map(|token| (token.value, token.id));
    let scope = scope.iter().map(|(column, value)| (format!("{table}.{column}"), (*value).to_owned()));
    let scope = scope.collect();
    let token = Token {
        resource: listing.resource.to_owned(),
        sort,
        descending,
        filter,
        value: Position::Number(0),
        id: String::new(),
    };
    let (values, size) = (conditions.values, size as usize);
    Ok(Asked { page, count, values, counted, size, token, sort: key, scope, after })
}

impl Asked {
    /// Tells whether no index gives the page: rows are left out that another query would not leave out, the sort
    /// is by what only some rows have, or by what the rows of a namespace have no index for.
    pub(crate) fn is_sought_in_memory(&self) -> bool {
        let has_index = matches!(self.sort, Some("runs.created_at" | "runs.display_name"));
        let is_apart = self.scope.iter().any(|(column, _)| column == "runs.namespace");
        !self.token.filter.is_empty() || self.sort.is_none() || (is_apart && !has_index)
    }

    /// Says the same without SQL; `None` when only SQL can say it.
    pub(crate) fn sought(&self, listing: &Listing) -> Option<Sought<'_>> {
        let mut conditions: Vec<(&str, Comparison)> = Vec::new();
        for (column, value) in &self.scope {
            let words = vec![value.clone()];
            conditions.push((column, Comparison::Words { words, are_refused: false }));
        }
        for predicate in &self.token.filter {
            let (key, comparison) = predicate.comparison(listing.keys).ok()?;
            conditions.push((key.column, comparison));
        }
        let after = self.after.as_ref().map(|(value, id)| (value, id.as_str()));
        Some(Sought {
            sort: match self.sort {
                Some(column) => Sort::Column(column),
                None => Sort::Metric(self.token.sort.strip_prefix(METRIC).unwrap_or_default()),
            },
            descending: self.token.descending,
            conditions,
            after,
            size: self.size,
        })
    }

    /// Writes the token of the page that follows this row.
    pub(crate) fn token_after(&self, (value, id): (Position, String)) -> Result<String, Error> {
        encode(&Token { value, id, ..self.token.clone() })
    }
}

/// Keeps the planner from looking up rows by a state that most of them have: they would all be read and sorted for
/// one page. With the sign it walks the sort's index, in which the states stand, until the page is full.
fn walk_by_sort(listing: &Listing, sort: &str, parts: &mut [String]) {
    // Only the indexes of runs hold the states.
    let keys: &[Key] = if listing.table == "runs" { listing.keys } else { &[] };
    let states = keys.iter().filter(|key| matches!(key.form, Form::Phase | Form::Storage));
    for key in states.filter(|key| key.column != sort) {
        for part in parts.iter_mut().filter(|part| part.starts_with(key.column)) {
            part.insert(0, '+');
        }
    }
}

fn where_clause(parts: &[String]) -> String {
    if parts.is_empty() { String::new() } else { format!(" WHERE {}", parts.join(" AND ")) }
}

fn unsorted(listing: &Listing, name: &str) -> Error {
    Error::Invalid(format!("{} cannot be sorted by `{name}`", listing.resource))
}

/// Returns the name of the metric that a sort names.
fn metric_of<'s>(listing: &Listing, sort: &'s str) -> Option<&'s str> {
    sort.strip_prefix(METRIC).filter(|name| listing.has_metrics && !name.is_empty())
}

/// Reads `field [asc|desc]`; returns the key's first name, of a metric its own: names of metrics may hold spaces.
fn sort_of(listing: &Listing, text: &str) -> Result<(String, bool), Error> {
    let wrong = |what: String| Error::Invalid(format!("bad sort_by `{text}`: {what}"));
    let lower = text.to_ascii_lowercase();
    if lower.starts_with(METRIC) {
        let (sort, descending) = match (lower.strip_suffix(" desc"), lower.strip_suffix(" asc")) {
            (Some(sort), _) => (sort, true),
            (None, sort) => (sort.unwrap_or(&lower), false),
        };
        metric_of(listing, sort.trim_end()).ok_or_else(|| wrong("no metric is named".to_owned()))?;
        return Ok((sort.trim_end().to_owned(), descending));
    }
    let mut words = lower.split_whitespace();
    let name = words.next().unwrap_or_default();
    let key = filter::find(listing.keys, name)
        .ok_or_else(|| wrong(format!("{} cannot be sorted by `{name}`", listing.resource)))?;
    let descending = match (words.next(), words.next()) {
        (None | Some("asc"), None) => false,
        (Some("desc"), None) => true,
        _ => return Err(wrong("expected `field`, `field asc` or `field desc`".to_owned())),
    };
    Ok((key.names[0].to_owned(), descending))
}

fn token_of(listing: &Listing, text: &str) -> Result<Token, Error> {
    let wrong = || Error::Invalid("bad page_token".to_owned());
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
    let token: Token = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    if token.resource != listing.resource {
        return Err(Error::Invalid(format!("page_token belongs to {}", token.resource)));
    }
    Ok(token)
}

/// Runs a list query; `read` makes a row's value.
pub(crate) fn list<T>(
    connection: &Connection,
    listing: &Listing,
    asked: Asked,
    read: impl Fn(&Row<'_>) -> Result<T, Error>,
) -> Result<Page<T>, Error> {
    let count = &asked.values[..asked.counted];
    let total: i64 =
        connection.prepare_cached(&asked.count)?.query_row(params_from_iter(count), |row| row.get(0))?;
    page(connection, listing, &asked, total.unsigned_abs(), read)
}

/// Runs a list query whose rows were counted already.
pub(crate) fn page<T>(
    connection: &Connection,
    listing: &Listing,
    asked: &Asked,
    total_size: u64,
    read: impl Fn(&Row<'_>) -> Result<T, Error>,
) -> Result<Page<T>, Error> {
    let size = asked.size;
    let mut statement = connection.prepare_cached(&asked.page)?;
    let mut rows = statement.query(params_from_iter(&asked.values))?;
    let mut items = Vec::new();
    let mut last = None;
    let mut next_page_token = None;
    while let Some(row) = rows.next()? {
        if items.len() == size {
            next_page_token = last.take().map(|last| asked.token_after(last)).transpose()?;
            break;
        }
        if items.len() + 1 == size {
            let value = match row.get("sort_key")? {
                Sql::Integer(number) => Position::Number(number),
                Sql::Text(text) => Position::Text(text),
                Sql::Real(real) => Position::Number(number_of(real)),
                other => return Err(Error::internal(format!("{} sorts by {other:?}", listing.resource))),
            };
            last = Some((value, row.get("id")?));
        }
        items.push(read(row)?);
    }
    Ok(Page { items, next_page_token, total_size })
}

#[cfg(test)]
impl Asked {
    /// Makes the query for the page after one that ended anywhere.
    pub(crate) fn following(&self) -> ListQuery {
        let token = Token { id: "m".to_owned(), ..self.token.clone() };
        ListQuery { page_token: Some(encode(&token).unwrap()), ..ListQuery::default() }
    }
}

/// Returns a whole number that stands to others as this one does; the two zeros are one.
pub(crate) fn number_of(real: f64) -> i64 {
    let bits = (real + 0.0).to_bits().cast_signed();
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

/// Returns the number that [`number_of`] made this of.
fn real_of(number: i64) -> f64 {
    let bits = if number < 0 { number ^ i64::MAX } else { number };
    f64::from_bits(bits.cast_unsigned())
}

fn encode(token: &Token) -> Result<String, Error> {
    let text =
        serde_json::to_vec(token).map_err(|error| Error::document("cannot write a page token", error))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(text))
}
