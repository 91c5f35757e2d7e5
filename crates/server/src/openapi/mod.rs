//! The interface described for programs: `/apis/openapi/{name}.json`, and a page of it for people, `/apis/docs`.
//!
//! Paths come from the one table of routes, shapes from the types that travel; only which type goes where is said
//! here. A route without a description fails a test.

mod operations;
mod page;
pub(crate) mod rows;

use std::collections::BTreeMap;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};

use crate::access::{LINES, Need};
use crate::app::App;
use crate::error::Error;

pub(crate) use operations::{Answer, Operation, Schemas, operation};

/// The documents by name, with the routes that each has.
const DOCUMENTS: &[(&str, &str, &str)] = &[
    ("pipewright", "/apis/pipewright/v1", "Pipewright's own additions"),
    ("v2beta1", "/apis/v2beta1", "Kubeflow Pipelines API v2beta1"),
    ("v1beta1", "/apis/v1beta1", "Kubeflow Pipelines API v1beta1"),
];

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/apis/docs", get(page::page))
        .route("/apis/docs/style.css", get(page::style))
        .route("/apis/openapi/{name}", get(document))
}

async fn document(Path(name): Path<String>) -> Response {
    match name.strip_suffix(".json").and_then(openapi) {
        Some(document) => ([(header::CACHE_CONTROL, "no-cache")], Json(document)).into_response(),
        None => Error::NotFound(format!("there is no document `{name}`")).into_response(),
    }
}

/// Lists the names of all documents.
pub fn names() -> impl Iterator<Item = &'static str> {
    DOCUMENTS.iter().map(|(name, ..)| *name)
}

/// Writes the document of that name; nothing when there is none.
pub fn openapi(name: &str) -> Option<Value> {
    let (_, prefix, title) = DOCUMENTS.iter().find(|(known, ..)| *known == name)?;
    let mut schemas = Schemas::default();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (method, path, need) in LINES.iter().filter(|(_, path, _)| path.starts_with(prefix)) {
        let method = if *method == "*" { "GET" } else { method };
        let operation = operation(method, path, &mut schemas);
        let described = described(method, path, *need, operation);
        paths.entry(path).or_default().insert(method.to_ascii_lowercase(), described);
    }
    let schemas: Map<String, Value> =
        schemas.finish().into_iter().map(|(name, schema)| (name, shape(schema))).collect();
    Some(json!({
        "openapi": "3.1.0",
        "info": {"title": title, "version": env!("CARGO_PKG_VERSION")},
        "servers": [{"url": "/"}, {"url": "/pipeline"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }))
}

/// Writes a schema without the nulls that stand for fields that are left out: a field that need not be there is
/// never null in what we send.
fn shape(schema: RefOr<Schema>) -> Value {
    let mut value = serde_json::to_value(schema).unwrap_or_default();
    settle(&mut value);
    value
}

fn settle(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::Object(fields) => {
            let required: Vec<String> = fields
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect();
            if let Some(Value::Object(properties)) = fields.get_mut("properties") {
                for (name, property) in properties.iter_mut() {
                    if !required.contains(name) {
                        without_null(property);
                    }
                }
            }
            fields.values_mut().for_each(settle);
        }
        _ => {}
    }
}

fn without_null(property: &mut Value) {
    let Some(fields) = property.as_object_mut() else { return };
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|word| word != "null");
        if let [only] = types.as_slice() {
            fields["type"] = only.clone();
        }
    }
    if let Some(Value::Array(choices)) = fields.get_mut("oneOf") {
        choices.retain(|choice| choice.get("type") != Some(&json!("null")));
        if let [only] = choices.as_slice() {
            let only = only.clone();
            let description = fields.get("description").cloned();
            *property = only;
            if let (Some(description), Some(fields)) = (description, property.as_object_mut()) {
                fields.insert("description".to_owned(), description);
            }
        }
    }
}

fn described(method: &str, path: &str, need: Need, operation: Operation) -> Value {
    let mut parameters: Vec<Value> = path
        .split('{')
        .skip(1)
        .filter_map(|part| part.split('}').next())
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
        .collect();
    parameters.extend(operation.query.iter().map(|(name, kind, text)| {
        json!({"name": name, "in": "query", "required": false, "description": text, "schema": {"type": kind}})
    }));
    let mut answers = Map::new();
    let content = match operation.answer {
        Answer::Json(schema) => json!({"application/json": {"schema": shape(schema)}}),
        Answer::Events(schema) => json!({"text/event-stream": {"schema": shape(schema)}}),
        Answer::Bytes => {
            json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}})
        }
        Answer::Text => json!({"text/plain": {"schema": {"type": "string"}}}),
    };
    answers.insert("200".to_owned(), json!({"description": "As asked.", "content": content}));
    answers.insert(
        "default".to_owned(),
        json!({
            "description": "Why not.",
            "content": {"application/json": {"schema": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": {"type": "integer"}, "message": {"type": "string"},
                    "details": {"type": "array", "items": {"type": "object"}},
                },
            }}},
        }),
    );
    let mut described = json!({
        "operationId": operation_id(method, path),
        "summary": operation.summary,
        "parameters": parameters,
        "responses": answers,
    });
    if let Some(body) = operation.body {
        described["requestBody"] = json!({"content": {"application/json": {"schema": shape(body)}}});
    } else if operation.takes_file {
        described["requestBody"] = json!({"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}});
    }
    if let Some(role) = need.role() {
        described["x-pipewright-role"] = Value::from(format!("{role:?}").to_lowercase());
    }
    described
}

/// Makes a name of a route: `get_runs_id_tasks_key`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let words = words.filter(|word| !word.is_empty()).skip(1);
    std::iter::once(method.to_ascii_lowercase()).chain(words.map(str::to_owned)).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Object(fields) => {
                if let Some(Value::String(target)) = fields.get("$ref") {
                    found.insert(target.clone());
                }
                fields.values().for_each(|field| references(field, found));
            }
            _ => {}
        }
    }

    #[test]
    fn documents_are_whole() {
        for name in names() {
            let document = openapi(name).unwrap();
            let mut found = BTreeSet::new();
            references(&document, &mut found);
            for target in found {
                let schema = target.strip_prefix("#/components/schemas/").unwrap();
                assert!(document["components"]["schemas"].get(schema).is_some(), "{name}: {target}");
            }
            let mut ids = BTreeSet::new();
            for (path, methods) in document["paths"].as_object().unwrap() {
                for (method, operation) in methods.as_object().unwrap() {
                    assert!(ids.insert(operation["operationId"].to_string()), "{name}: {method} {path}");
                    assert_ne!(operation["summary"], json!(""), "{name}: {method} {path} is not described");
                }
            }
        }
        assert!(openapi("other").is_none());
    }

    #[test]
    fn our_own_answers_have_types() {
        let document = openapi("pipewright").unwrap();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let body = operation.get("requestBody").into_iter();
                for content in body.chain([&operation["responses"]["200"]]) {
                    let content = &content["content"];
                    for schema in content.as_object().unwrap().values().map(|it| &it["schema"]) {
                        let is_typed = schema.get("type").is_some() || schema.get("$ref").is_some();
                        assert!(is_typed, "{method} {path}: {schema}");
                    }
                }
            }
        }
    }

    #[test]
    fn fields_that_are_left_out_are_never_null() {
        let document = openapi("pipewright").unwrap();
        let progress = &document["components"]["schemas"]["TaskProgress"];
        assert_eq!(
            progress["properties"]["state"],
            json!({
                "$ref": "#/components/schemas/TaskState", "description": "Absent: it has not begun.",
            })
        );
        assert_eq!(progress["properties"]["parent"], json!({"type": "string"}));
        let required = progress["required"].as_array().unwrap();
        assert!(required.contains(&json!("spans")) && !required.contains(&json!("state")), "{required:?}");
    }
}
