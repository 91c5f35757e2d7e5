//! Our own routes for the object registry: `namespaces/{ns}/objects`, `…/objects/{kind}/{name}`.
//!
//! Shape: objects as Kubernetes writes them; a list is `{"objects": […]}`. The values of secrets go in and never
//! come out. `POST` makes an object, or replaces one with `?apply=true`. `?group=` tells kinds of one name apart.
//! A claim is shown with the folder of its volume, as an annotation.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use pipewright_store::{Error as StoreError, Object, ObjectAuthor, ObjectKey, ObjectWrite};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, Words};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/objects", get(list_all))
        .route("/namespaces/{namespace}/objects", get(list).post(write))
        .route("/namespaces/{namespace}/objects/{kind}/{name}", get(read).delete(delete))
}

async fn list_all(State(app): State<App>, words: Words) -> Result<Json<Value>, Error> {
    let objects = app.store.list_objects(None, words.get("kind")).await?;
    Ok(Json(listed(&app, &objects)))
}

async fn list(
    State(app): State<App>,
    Segments(namespace): Segments<String>,
    words: Words,
) -> Result<Json<Value>, Error> {
    let objects = app.store.list_objects(Some(&namespace), words.get("kind")).await?;
    Ok(Json(listed(&app, &objects)))
}

fn listed(app: &App, objects: &[Object]) -> Value {
    json!({ "objects": objects.iter().map(|object| app.store.shown_object(object)).collect::<Vec<_>>() })
}

async fn write(
    State(app): State<App>,
    Segments(namespace): Segments<String>,
    words: Words,
    Message(manifest): Message<Map<String, Value>>,
) -> Result<Json<Value>, Error> {
    let how = if words.flag("apply")? { ObjectWrite::Apply } else { ObjectWrite::Create };
    let nobody = ObjectAuthor::default();
    let made = app.store.write_object(&namespace, Value::Object(manifest), how, &nobody).await?;
    Ok(Json(app.store.shown_object(&made)))
}

async fn read(
    State(app): State<App>,
    Segments((namespace, kind, name)): Segments<(String, String, String)>,
    words: Words,
) -> Result<Json<Value>, Error> {
    let found =
        find(&app, ObjectKey { namespace, kind, group: words.text("group").unwrap_or_default(), name });
    Ok(Json(app.store.shown_object(&found.await?)))
}

async fn delete(
    State(app): State<App>,
    Segments((namespace, kind, name)): Segments<(String, String, String)>,
    words: Words,
) -> Result<Json<Value>, Error> {
    let key = ObjectKey { namespace, kind, group: words.text("group").unwrap_or_default(), name };
    // One that cannot be read can be deleted all the same.
    let key = find(&app, key.clone()).await.map_or(key, |object| object.key);
    app.store.delete_object(&key, &ObjectAuthor::default()).await?;
    Ok(Json(json!({})))
}

/// Finds an object, also of another group when none is named.
async fn find(app: &App, key: ObjectKey) -> Result<Object, StoreError> {
    match app.store.get_object(&key).await {
        Err(StoreError::NotFound { kind, id }) if key.group.is_empty() => {
            let others = app.store.list_objects(Some(&key.namespace), Some(&key.kind)).await?;
            let other = others.into_iter().find(|object| object.key.name == key.name);
            other.ok_or(StoreError::NotFound { kind, id })
        }
        other => other,
    }
}
