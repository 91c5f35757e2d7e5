//! Pipelines: get by id and by name, list, delete, their templates, and uploads of files.

use std::collections::BTreeMap;

use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use pipewright_store::{self as store, ListQuery, NewPipeline, NewPipelineVersion};
use serde_json::{Value, json};

use super::convert::{page, pipeline_message, version_message};
use super::lists::{Owned, owned_list};
use super::references;
use super::types::{Pipeline, PipelineVersion, ResourceType};
use crate::access::Permit;
use crate::app::App;
use crate::error::{Error, UploadError};
use crate::extract::{Message, Segments, Words};
use crate::v2beta1::pipelines::{create_by_url, new_pipeline, remove_empty};
use crate::v2beta1::upload::{create_pipeline, create_version};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/pipelines", post(create_from_url).get(list))
        .route("/pipelines/upload", post(upload))
        .route("/pipelines/upload_version", post(upload_version))
        .route("/pipelines/{id}", get(read).delete(delete))
        .route("/pipelines/{id}/templates", get(template))
        .route("/pipelines/{id}/default_version/{version}", post(set_default))
        .route("/namespaces/{namespace}/pipelines/{name}", get(read_by_name))
}

async fn create_from_url(
    State(app): State<App>,
    permit: Permit,
    Message(asked): Message<Pipeline>,
) -> Result<Json<Pipeline>, Error> {
    let named = references::find(&asked.resource_references, ResourceType::Namespace)?;
    let namespace = permit.shared_or_within(named)?.unwrap_or_default();
    let new = new_pipeline(asked.name, String::new(), asked.description, BTreeMap::new())?;
    let new = NewPipeline { namespace, ..new };
    let version = NewPipelineVersion {
        name: new.name.clone(),
        display_name: new.display_name.clone(),
        description: new.description.clone(),
        ..NewPipelineVersion::default()
    };
    let url = asked.url.unwrap_or_default().pipeline_url;
    let (pipeline, version) = create_by_url(&app, new, version, &url).await?;
    Ok(Json(pipeline_message(pipeline, Some(version))))
}

async fn upload(
    State(app): State<App>,
    permit: Permit,
    words: Result<Words, Error>,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Json<Pipeline>, UploadError> {
    let (pipeline, version) = create_pipeline(&app, &permit, words?, multipart).await?;
    Ok(Json(pipeline_message(pipeline, Some(version))))
}

async fn upload_version(
    State(app): State<App>,
    permit: Permit,
    words: Result<Words, Error>,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Json<PipelineVersion>, UploadError> {
    Ok(Json(version_message(create_version(&app, &permit, words?, multipart).await?)))
}

/// Returns the version that stands for the whole pipeline: the newest one.
async fn newest(app: &App, pipeline: &str) -> Result<Option<store::PipelineVersion>, Error> {
    let query = ListQuery {
        pipeline_id: Some(pipeline.to_owned()),
        page_size: Some(1),
        sort_by: Some("created_at desc".to_owned()),
        ..ListQuery::default()
    };
    Ok(app.store.list_pipeline_versions(&query).await?.items.into_iter().next())
}

async fn read(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Pipeline>, Error> {
    let pipeline = app.store.get_pipeline(&id).await?;
    let version = newest(&app, &id).await?;
    Ok(Json(pipeline_message(pipeline, version)))
}

async fn read_by_name(
    State(app): State<App>,
    permit: Permit,
    Segments((namespace, name)): Segments<(String, String)>,
) -> Result<Json<Pipeline>, Error> {
    // A hyphen stands for no namespace.
    let named = Some(namespace).filter(|namespace| namespace != "-");
    let namespace = permit.shared_or_within(named)?.unwrap_or_default();
    let pipeline = app.store.get_pipeline_by_name(&namespace, &name).await?;
    let version = newest(&app, &pipeline.id).await?;
    Ok(Json(pipeline_message(pipeline, version)))
}

async fn list(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<Value>, Error> {
    let Owned { mut query, namespace, .. } = owned_list(&words, "resource_reference_key")?;
    query.namespace = permit.shared_or_within(namespace)?;
    let found = app.store.list_pipelines(&query).await?;
    let mut rows = Vec::with_capacity(found.items.len());
    for pipeline in found.items {
        let version = newest(&app, &pipeline.id).await?;
        rows.push(pipeline_message(pipeline, version));
    }
    Ok(Json(page("pipelines", rows, found.total_size, found.next_page_token)))
}

async fn delete(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Value>, Error> {
    remove_empty(&app, &id, "; delete them first").await?;
    Ok(Json(json!({})))
}

async fn template(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Value>, Error> {
    app.store.get_pipeline(&id).await?;
    let version = newest(&app, &id).await?;
    let version = version.ok_or_else(|| Error::NotFound(format!("pipeline {id} has no version")))?;
    Ok(Json(json!({"template": version.pipeline_spec.to_string()})))
}

/// Checks the ids and leaves it at that: the newest version is the default one, upstream as here.
async fn set_default(
    State(app): State<App>,
    Segments((id, version)): Segments<(String, String)>,
) -> Result<Json<Value>, Error> {
    app.store.get_pipeline(&id).await?;
    let version = app.store.get_pipeline_version(&version).await?;
    if version.pipeline_id != id {
        return Err(Error::Invalid(format!("version {} is none of pipeline {id}", version.id)));
    }
    Ok(Json(json!({})))
}
