//! What runs are given for plugins: kept and shown as it was given, within the field's own limits. One of them is
//! ours: `pipewright`, which says how a run's tasks are to be run.
//!
//! Source: KFP API reference 1.4 and 7: at most 16 plugins, 64 KiB each, 256 KiB together, 10 levels deep.

use pipewright_store::engine::ExecutorChoice;
use serde_json::{Map, Value};

use crate::error::Error;

/// The plugin that is ours.
pub(crate) const OWN: &str = "pipewright";
const KEYS: usize = 16;
const PAYLOAD: usize = 64 << 10;
const TOTAL: usize = 256 << 10;
const DEPTH: usize = 10;

/// Takes it as rows hold it: null for nothing.
pub(crate) fn checked(input: Map<String, Value>) -> Result<Value, Error> {
    if input.is_empty() {
        return Ok(Value::Null);
    }
    if input.len() > KEYS {
        return Err(Error::Invalid(format!("plugins_input names {} plugins; at most {KEYS}", input.len())));
    }
    let mut total = 0;
    for (name, payload) in &input {
        if name.is_empty() {
            return Err(Error::Invalid("plugins_input names a plugin without a name".to_owned()));
        }
        let bytes = payload.to_string().len();
        if bytes > PAYLOAD {
            return Err(Error::Invalid(format!(
                "plugins_input.{name} has {bytes} bytes; at most {PAYLOAD} are kept"
            )));
        }
        if depth(payload) > DEPTH {
            return Err(Error::Invalid(format!("plugins_input.{name} is more than {DEPTH} levels deep")));
        }
        total += bytes;
    }
    if total > TOTAL {
        return Err(Error::Invalid(format!("plugins_input has {total} bytes; at most {TOTAL} are kept")));
    }
    let kept = Value::Object(input);
    own(&kept)?;
    Ok(kept)
}

/// What a run says of how its tasks are to be run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) executor: Option<ExecutorChoice>,
    /// Results of earlier runs are not taken.
    pub(crate) without_cache: bool,
}

/// Reads what our own plugin is given: `{"pipewright": {"executor": "container", "cache": false}}`.
pub(crate) fn own(kept: &Value) -> Result<Own, Error> {
    let Some(own) = kept.get(OWN) else { return Ok(Own::default()) };
    let Some(fields) = own.as_object() else {
        return Err(Error::Invalid(format!("plugins_input.{OWN} is no object")));
    };
    let mut read = Own::default();
    for (name, word) in fields {
        let wrong =
            |words: &str| Err(Error::Invalid(format!("plugins_input.{OWN}.{name} is {word}; it is {words}")));
        match name.as_str() {
            "executor" => match word.as_str().and_then(ExecutorChoice::of_word) {
                Some(choice) => read.executor = Some(choice),
                None => return wrong("\"auto\", \"process\" or \"container\""),
            },
            "cache" => match word.as_bool() {
                Some(cache) => read.without_cache = !cache,
                None => return wrong("true or false"),
            },
            _ => {
                let message =
                    format!("plugins_input.{OWN} has no field `{name}`; it has `executor` and `cache`");
                return Err(Error::Invalid(message));
            }
        }
    }
    Ok(read)
}

/// Writes it as messages hold it.
pub(crate) fn message(kept: &Value) -> Map<String, Value> {
    kept.as_object().cloned().unwrap_or_default()
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn limits_hold() {
        let nested = (0..11).fold(json!(1), |inner, _| json!({"a": inner}));
        let many: Map<String, Value> = (0..17).map(|at| (at.to_string(), json!({}))).collect();
        let large = |count: usize, bytes: usize| -> Map<String, Value> {
            (0..count).map(|at| (at.to_string(), json!("x".repeat(bytes)))).collect()
        };
        for (input, message) in [
            (many, "at most 16"),
            (Map::from_iter([("a".to_owned(), nested)]), "levels deep"),
            (large(1, PAYLOAD), "at most 65536"),
            (large(5, PAYLOAD - 100), "at most 262144"),
            (Map::from_iter([(String::new(), json!({}))]), "without a name"),
        ] {
            let error = checked(input).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
        assert_eq!(checked(Map::new()).unwrap(), Value::Null);
        for (own, message) in [
            (json!(1), "is no object"),
            (json!({"image": "a"}), "has no field `image`"),
            (json!({"executor": "docker"}), "is \"auto\", \"process\" or \"container\""),
            (json!({"executor": 3}), "executor is 3"),
            (json!({"cache": "no"}), "cache is \"no\"; it is true or false"),
        ] {
            let error = checked(Map::from_iter([(OWN.to_owned(), own)])).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
        for (given, executor, without_cache) in [
            (json!({}), None, false),
            (json!({"executor": "auto", "cache": true}), Some(ExecutorChoice::Auto), false),
            (json!({"executor": "container"}), Some(ExecutorChoice::Container), false),
            (json!({"cache": false}), None, true),
        ] {
            assert_eq!(own(&json!({ OWN: given })).unwrap(), Own { executor, without_cache });
        }
        assert_eq!(own(&Value::Null).unwrap(), Own::default());
        let good = Map::from_iter([("mlflow".to_owned(), json!({"experiment_name": "a"}))]);
        assert_eq!(message(&checked(good.clone()).unwrap()), good);
    }
}
