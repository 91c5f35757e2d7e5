//! The field's list filter: JSON predicates, all of which hold, as SQL with bound parameters.
//!
//! Shape: `{"predicates": [{"key": "name", "operation": "EQUALS", "string_value": "x"}]}`; operations by name or
//! number (`op` is an older spelling), keys in snake or camel case. Source: KFP API reference 1.3. Upstream
//! decodes the filter's URL escapes once more than HTTP does, so clients exist that encode twice: text that is
//! no JSON is decoded and read again.

use pipewright_plan::Value;
use rusqlite::types::Value as Sql;
use serde::{Deserialize, Serialize};

use crate::comparison::{Comparison, Sign};
use crate::error::Error;

/// A key that rows of a resource are filtered and sorted by.
pub(crate) struct Key {
    pub(crate) names: &'static [&'static str],
    pub(crate) column: &'static str,
    pub(crate) form: Form,
}

/// How a column holds what clients write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    /// Microseconds; clients compare whole seconds.
    Time,
    /// A run's phase; clients use the API's words.
    Phase,
    Storage,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Predicate {
    key: String,
    operation: Operation,
    operand: Operand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Operation {
    Equals,
    NotEquals,
    GreaterThan,
    GreaterThanEquals,
    LessThan,
    LessThanEquals,
    In,
    IsSubstring,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Operand {
    Text(String),
    Number(i64),
    /// Seconds since 1970.
    Time(i64),
    Texts(Vec<String>),
    Numbers(Vec<i64>),
}

/// Reads a filter; no text is no filter.
///
/// Errors: `Invalid` that names what is wrong.
pub(crate) fn parse(text: &str) -> Result<Vec<Predicate>, Error> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let document: Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => serde_json::from_str(&unescape(text)).map_err(|_| bad(format!("no JSON: {error}")))?,
    };
    let Value::Object(fields) = document else { return Err(bad("no JSON object")) };
    let mut predicates = Vec::new();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("predicates", Value::Array(items)) => {
                for item in items {
                    predicates.push(predicate(item)?);
                }
            }
            ("predicates", Value::Null) => {}
            ("predicates", _) => return Err(bad("`predicates` is no list")),
            (other, _) => return Err(bad(format!("unknown field `{other}`"))),
        }
    }
    Ok(predicates)
}

fn bad(what: impl std::fmt::Display) -> Error {
    Error::Invalid(format!("bad filter: {what}"))
}

fn predicate(item: Value) -> Result<Predicate, Error> {
    let Value::Object(fields) = item else { return Err(bad("a predicate is no JSON object")) };
    let (mut key, mut operation, mut operand) = (None, None, None);
    for (name, value) in fields {
        match name.as_str() {
            "key" => key = value.as_str().map(str::to_owned),
            "operation" | "op" => operation = Some(parse_operation(&value)?),
            _ => {
                let value = parse_operand(&name, &value)?;
                if operand.replace(value).is_some() {
                    return Err(bad("a predicate has more than one value"));
                }
            }
        }
    }
    let key = key.ok_or_else(|| bad("a predicate has no `key`"))?;
    let operation = operation.ok_or_else(|| bad(format!("the predicate on `{key}` has no `operation`")))?;
    let operand = operand.ok_or_else(|| bad(format!("the predicate on `{key}` has no value")))?;
    let is_list = matches!(operand, Operand::Texts(_) | Operand::Numbers(_));
    if is_list != (operation == Operation::In) {
        return Err(bad(format!("the predicate on `{key}`: IN, and only IN, takes a list of values")));
    }
    if operation == Operation::IsSubstring && !matches!(operand, Operand::Text(_)) {
        return Err(bad(format!("the predicate on `{key}`: IS_SUBSTRING takes a string_value")));
    }
    Ok(Predicate { key, operation, operand })
}

fn parse_operation(value: &Value) -> Result<Operation, Error> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Ok(match text.as_str() {
        "EQUALS" | "1" => Operation::Equals,
        "NOT_EQUALS" | "2" => Operation::NotEquals,
        "GREATER_THAN" | "3" => Operation::GreaterThan,
        "GREATER_THAN_EQUALS" | "5" => Operation::GreaterThanEquals,
        "LESS_THAN" | "6" => Operation::LessThan,
        "LESS_THAN_EQUALS" | "7" => Operation::LessThanEquals,
        "IN" | "8" => Operation::In,
        "IS_SUBSTRING" | "9" => Operation::IsSubstring,
        other => return Err(bad(format!("unknown operation `{other}`"))),
    })
}

fn parse_operand(name: &str, value: &Value) -> Result<Operand, Error> {
    let wrong = || bad(format!("`{name}` has a value of the wrong type"));
    let list = |value: &Value| -> Result<Vec<Value>, Error> {
        match value.get("values") {
            Some(Value::Array(values)) => Ok(values.clone()),
            None if value.is_object() => Ok(Vec::new()),
            _ => Err(wrong()),
        }
    };
    Ok(match name {
        "string_value" | "stringValue" => Operand::Text(value.as_str().ok_or_else(wrong)?.to_owned()),
        "int_value" | "intValue" | "long_value" | "longValue" => {
            Operand::Number(number(value).ok_or_else(wrong)?)
        }
        "timestamp_value" | "timestampValue" => {
            let text = value.as_str().ok_or_else(wrong)?;
            let time: jiff::Timestamp =
                text.parse().map_err(|_| bad(format!("`{text}` is no RFC 3339 time")))?;
            Operand::Time(time.as_second())
        }
        "string_values" | "stringValues" => {
            let texts = list(value)?.iter().map(|it| it.as_str().map(str::to_owned)).collect::<Option<_>>();
            Operand::Texts(texts.ok_or_else(wrong)?)
        }
        "int_values" | "intValues" | "long_values" | "longValues" => {
            Operand::Numbers(list(value)?.iter().map(number).collect::<Option<_>>().ok_or_else(wrong)?)
        }
        other => return Err(bad(format!("unknown field `{other}` in a predicate"))),
    })
}

/// Long numbers travel as text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Undoes URL escapes: `%41` and `+`.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digit = |offset: usize| bytes.get(at + offset).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[at], digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'+', ..) => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Conditions of a statement with the values bound to them; `?1` is the first value.
#[derive(Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) parts: Vec<String>,
    pub(crate) values: Vec<Sql>,
}

impl Conditions {
    /// Binds a value and returns its placeholder.
    pub(crate) fn bind(&mut self, value: impl Into<Sql>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    /// Adds a predicate on one of these keys; `tagged` names the table whose rows have tags.
    ///
    /// Errors: `Invalid` for an unknown key or a value that does not suit it.
    pub(crate) fn add(
        &mut self,
        predicate: &Predicate,
        keys: &[Key],
        tagged: Option<&str>,
    ) -> Result<(), Error> {
        let part = match (predicate.key.strip_prefix("tags."), tagged) {
            (Some(tag), Some(table)) => self.tag(predicate, tag, table)?,
            _ => {
                let (key, comparison) = predicate.comparison(keys)?;
                comparison.sql(key.column, |value| self.bind(value))
            }
        };
        self.parts.push(part);
        Ok(())
    }

    fn tag(&mut self, predicate: &Predicate, tag: &str, table: &str) -> Result<String, Error> {
        let (Operation::Equals, Operand::Text(content)) = (predicate.operation, &predicate.operand) else {
            return Err(bad("tags can only be compared by EQUALS with a string_value"));
        };
        let (tag, content) = (self.bind(tag.to_owned()), self.bind(content.clone()));
        Ok(format!(
            "EXISTS (SELECT 1 FROM tags WHERE tags.owner = {table}.id AND tags.tag = {tag} \
             AND tags.content = {content})"
        ))
    }
}

impl Predicate {
    /// Returns the key that is compared, and how.
    ///
    /// Errors: `Invalid` for an unknown key or a value that does not suit it.
    pub(crate) fn comparison<'k>(&self, keys: &'k [Key]) -> Result<(&'k Key, Comparison), Error> {
        let key =
            find(keys, &self.key).ok_or_else(|| bad(format!("rows cannot be filtered by `{}`", self.key)))?;
        let comparison = match key.form {
            Form::Time => self.time()?,
            form => self.text(form)?,
        };
        Ok((key, comparison))
    }

    /// Compares whole seconds, as a range of microseconds so that an index serves.
    fn time(&self) -> Result<Comparison, Error> {
        let seconds = match &self.operand {
            Operand::Time(second) | Operand::Number(second) => vec![*second],
            Operand::Numbers(seconds) => seconds.clone(),
            Operand::Text(_) | Operand::Texts(_) => {
                return Err(bad(format!("`{}` is a time: compare it with a timestamp_value", self.key)));
            }
        };
        let second = |number: i64| number.saturating_mul(1_000_000);
        let range = |number: i64| {
            let (from, to) = (second(number), second(number.saturating_add(1)));
            match self.operation {
                Operation::GreaterThan => (to, i64::MAX),
                Operation::GreaterThanEquals => (from, i64::MAX),
                Operation::LessThan => (i64::MIN, from),
                Operation::LessThanEquals => (i64::MIN, to),
                Operation::Equals | Operation::NotEquals | Operation::In | Operation::IsSubstring => {
                    (from, to)
                }
            }
        };
        let are_refused = self.operation == Operation::NotEquals;
        Ok(Comparison::Ranges { ranges: seconds.into_iter().map(range).collect(), are_refused })
    }

    fn text(&self, form: Form) -> Result<Comparison, Error> {
        let given = match &self.operand {
            Operand::Text(text) => vec![text.clone()],
            Operand::Texts(texts) => texts.clone(),
            Operand::Number(number) => vec![number.to_string()],
            Operand::Numbers(numbers) => numbers.iter().map(ToString::to_string).collect(),
            Operand::Time(_) => return Err(bad(format!("`{}` is no time", self.key))),
        };
        if self.operation == Operation::IsSubstring {
            return Ok(Comparison::Substring(given.concat()));
        }
        let words: Vec<String> = given.iter().flat_map(|text| stored_words(text, form)).collect();
        let sign = match self.operation {
            Operation::GreaterThan => Sign::Greater,
            Operation::GreaterThanEquals => Sign::GreaterOrEqual,
            Operation::LessThan => Sign::Less,
            Operation::LessThanEquals => Sign::LessOrEqual,
            Operation::Equals | Operation::NotEquals | Operation::In | Operation::IsSubstring => {
                let are_refused = self.operation == Operation::NotEquals;
                return Ok(Comparison::Words { words, are_refused });
            }
        };
        Ok(Comparison::Order { sign, text: words.into_iter().next().unwrap_or_default() })
    }
}

/// Finds the key that a client names.
pub(crate) fn find<'k>(keys: &'k [Key], name: &str) -> Option<&'k Key> {
    keys.iter().find(|key| key.names.contains(&name))
}

/// Returns the stored words that a client's word stands for.
///
/// The API shows a cancelled run as FAILED, so that word finds both.
fn stored_words(text: &str, form: Form) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let words: &[&str] = match (form, lower.as_str()) {
        (Form::Phase, "failed" | "error") => &["failed", "cancelled"],
        (Form::Phase, "canceled") => &["cancelled"],
        (Form::Phase, "canceling" | "terminating") => &["cancelling"],
        (Form::Storage, word) => return vec![word.trim_start_matches("storagestate_").to_owned()],
        (Form::Phase, word) => return vec![word.to_owned()],
        (Form::Text | Form::Time, _) => return vec![text.to_owned()],
    };
    words.iter().map(|&word| word.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[Key] = &[
        Key { names: &["name", "display_name"], column: "t.name", form: Form::Text },
        Key { names: &["created_at"], column: "t.created_at", form: Form::Time },
        Key { names: &["state"], column: "t.phase", form: Form::Phase },
        Key { names: &["storage_state"], column: "t.storage", form: Form::Storage },
    ];

    fn check(filter: &str, expected: &str) {
        let sql = parse(filter).and_then(|predicates| {
            let mut conditions = Conditions::default();
            for predicate in &predicates {
                conditions.add(predicate, KEYS, Some("t"))?;
            }
            let values: Vec<String> = conditions
                .values
                .iter()
                .map(|value| match value {
                    Sql::Text(text) => text.clone(),
                    Sql::Integer(number) => number.to_string(),
                    other => format!("{other:?}"),
                })
                .collect();
            Ok(format!("{} <- {}", conditions.parts.join(" AND "), values.join("|")))
        });
        let shown = sql.unwrap_or_else(|error| error.to_string());
        assert_eq!(shown, expected, "{filter}");
    }

    #[test]
    fn filters_become_sql() {
        let one = |predicate: &str| format!(r#"{{"predicates": [{predicate}]}}"#);
        for (filter, expected) in [
            ("", " <- "),
            ("{}", " <- "),
            (
                r#"{"predicates": [{"operation": 1, "key": "display_name", "stringValue": "a'b"}]}"#,
                "t.name IN (?1) <- a'b",
            ),
            (
                "%7B%22predicates%22%3A+%5B%7B%22key%22%3A%22name%22%2C%22op%22%3A%22NOT_EQUALS%22%2C%22string_value%22%3A%22a%2Bb%22%7D%5D%7D",
                "t.name NOT IN (?1) <- a+b",
            ),
            (
                r#"{"predicates": [{"key":"state","operation":"EQUALS","string_value":"FAILED"},
                    {"key":"storage_state","operation":"NOT_EQUALS","string_value":"STORAGESTATE_ARCHIVED"}]}"#,
                "t.phase IN (?1, ?2) AND t.storage NOT IN (?3) <- failed|cancelled|archived",
            ),
        ] {
            check(filter, expected);
        }
        for (predicate, expected) in [
            (
                r#"{"key":"name","operation":"IS_SUBSTRING","string_value":"50%_\\"}"#,
                r"t.name LIKE ?1 ESCAPE '\' <- %50\%\_\\%",
            ),
            (
                r#"{"key":"name","operation":8,"string_values":{"values":["a","b"]}}"#,
                "t.name IN (?1, ?2) <- a|b",
            ),
            (r#"{"key":"name","operation":8,"string_values":{}}"#, "t.name IN () <- "),
            (r#"{"key":"name","operation":"LESS_THAN_EQUALS","string_value":"m"}"#, "t.name <= ?1 <- m"),
            (
                r#"{"key":"created_at","operation":"GREATER_THAN","timestamp_value":"1970-01-01T00:00:01.5Z"}"#,
                "(t.created_at >= ?1) <- 2000000",
            ),
            (
                r#"{"key":"created_at","operation":"NOT_EQUALS","long_value":"3"}"#,
                "NOT ((t.created_at >= ?1 AND t.created_at < ?2)) <- 3000000|4000000",
            ),
            (
                r#"{"key":"created_at","operation":"IN","int_values":{"values":[1,2]}}"#,
                "((t.created_at >= ?1 AND t.created_at < ?2) OR (t.created_at >= ?3 AND t.created_at < ?4)) \
                 <- 1000000|2000000|2000000|3000000",
            ),
            (
                r#"{"key":"tags.team","operation":"EQUALS","string_value":"x"}"#,
                "EXISTS (SELECT 1 FROM tags WHERE tags.owner = t.id AND tags.tag = ?1 AND tags.content = ?2) \
                 <- team|x",
            ),
        ] {
            check(&one(predicate), expected);
        }
    }

    #[test]
    fn bad_filters_are_refused() {
        let one = |predicate: &str| format!(r#"{{"predicates": [{predicate}]}}"#);
        for (filter, expected) in [
            ("[]".to_owned(), "bad filter: no JSON object"),
            (r#"{"predicate": []}"#.to_owned(), "bad filter: unknown field `predicate`"),
            (
                one(r#"{"key":"name","string_value":"x"}"#),
                "bad filter: the predicate on `name` has no `operation`",
            ),
            (one(r#"{"key":"name","operation":4,"string_value":"x"}"#), "bad filter: unknown operation `4`"),
            (one(r#"{"key":"name","operation":0,"string_value":"x"}"#), "bad filter: unknown operation `0`"),
            (one(r#"{"key":"name","operation":1}"#), "bad filter: the predicate on `name` has no value"),
            (
                one(r#"{"key":"size","operation":1,"int_value":1}"#),
                "bad filter: rows cannot be filtered by `size`",
            ),
            (
                one(r#"{"key":"name","operation":8,"string_value":"x"}"#),
                "bad filter: the predicate on `name`: IN, and only IN, takes a list of values",
            ),
            (
                one(r#"{"key":"created_at","operation":1,"timestamp_value":"yesterday"}"#),
                "bad filter: `yesterday` is no RFC 3339 time",
            ),
            (
                one(r#"{"key":"tags.a","operation":2,"string_value":"x"}"#),
                "bad filter: tags can only be compared by EQUALS with a string_value",
            ),
        ] {
            check(&filter, expected);
        }
        let message = parse("{nonsense").unwrap_err().to_string();
        assert!(message.starts_with("bad filter: no JSON"), "{message}");
    }
}
