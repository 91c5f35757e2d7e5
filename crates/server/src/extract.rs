//! Request parts, with errors in the API's own shape: bodies as protobuf JSON, queries where an empty value
//! means an absent one.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;

/// A message from the request's body. An empty body is the empty message; `null` fields are absent ones.
///
/// The content type is not looked at: the official clients send JSON whatever they name it.
pub(crate) struct Message<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Message<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            Error::Invalid(format!("the request's body cannot be read: {}", rejection.body_text()))
        })?;
        read_message(&body).map(Self)
    }
}

pub(crate) fn read_message<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let wrong = |error: serde_json::Error| Error::Invalid(format!("the request's body is wrong: {error}"));
    let mut value = if body.iter().all(u8::is_ascii_whitespace) {
        Value::Object(serde_json::Map::new())
    } else {
        serde_json::from_slice(body).map_err(wrong)?
    };
    if !value.is_object() {
        return Err(Error::Invalid("the request's body is not a JSON object".to_owned()));
    }
    drop_nulls(&mut value);
    serde_json::from_value(value).map_err(wrong)
}

/// Fields that hold documents of the user, in which null is a value.
const DOCUMENTS: [&str; 6] =
    ["parameters", "pipeline_spec", "pipelineSpec", "plugins_input", "pluginsInput", "arguments"];

/// Takes null fields out of a message and of the messages in it: in protobuf JSON null is absent.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            let messages = fields.iter_mut().filter(|(name, _)| !DOCUMENTS.contains(&name.as_str()));
            messages.for_each(|(_, field)| drop_nulls(field));
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// The query's keys and values, without those that are empty; of equal keys the last one.
pub(crate) struct Words(BTreeMap<String, String>);

impl Words {
    /// Returns the value of a key that is present and not empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Returns the value of the first of these keys that has one, as owned text.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    /// Returns a boolean value, false when absent.
    pub(crate) fn flag(&self, key: &str) -> Result<bool, Error> {
        match self.get(key) {
            None => Ok(false),
            Some("true" | "True" | "TRUE" | "1" | "t" | "T") => Ok(true),
            Some("false" | "False" | "FALSE" | "0" | "f" | "F") => Ok(false),
            Some(other) => Err(Error::Invalid(format!("{key} must be true or false, found `{other}`"))),
        }
    }

    /// Returns a number, if present.
    pub(crate) fn number<N: std::str::FromStr>(&self, key: &str) -> Result<Option<N>, Error> {
        self.get(key)
            .map(|text| {
                text.parse().map_err(|_| Error::Invalid(format!("{key} must be a number, found `{text}`")))
            })
            .transpose()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Words {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Query(pairs) =
            Query::<Vec<(String, String)>>::from_request_parts(parts, state).await.map_err(|rejection| {
                Error::Invalid(format!("the request's query cannot be read: {}", rejection.body_text()))
            })?;
        Ok(Self(pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()))
    }
}

/// Parts of the path.
pub(crate) struct Segments<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Path(segments) = Path::<T>::from_request_parts(parts, state).await.map_err(|rejection| {
            Error::Invalid(format!("the request's path cannot be read: {}", rejection.body_text()))
        })?;
        Ok(Self(segments))
    }
}

/// Splits `{id}:{verb}`, the form of the API's actions.
///
/// Errors: not found, as for any unknown route, when there is no verb.
pub(crate) fn id_and_verb(segment: &str) -> Result<(&str, &str), Error> {
    segment.rsplit_once(':').ok_or_else(|| Error::NotFound("Not Found".to_owned()))
}
