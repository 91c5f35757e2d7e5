//! Versions of a pipeline: get, list, change, delete. They are made by `upload`.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use pipewright_store::PipelineChange;
use serde_json::{Value, json};

use super::convert::version_message;
use super::lists::list_query;
use super::pipelines::check_tags;
use super::types::{ListPipelineVersions, PipelineVersion};
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, Words};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/pipelines/{id}/versions", get(list).post(create_from_url))
        .route("/pipelines/{id}/versions/{version}", get(read).patch(change).delete(delete))
}

async fn create_from_url() -> Result<Json<PipelineVersion>, Error> {
    Err(Error::Unimplemented(
        "versions cannot be fetched from a URL in this version; upload the file instead".to_owned(),
    ))
}

async fn read(
    State(app): State<App>,
    Segments((_, version)): Segments<(String, String)>,
) -> Result<Json<PipelineVersion>, Error> {
    Ok(Json(version_message(app.store.get_pipeline_version(&version).await?)))
}

async fn list(
    State(app): State<App>,
    Segments(pipeline): Segments<String>,
    words: Words,
) -> Result<Json<ListPipelineVersions>, Error> {
    let mut query = list_query(&words)?;
    query.pipeline_id = Some(pipeline);
    let page = app.store.list_pipeline_versions(&query).await?;
    Ok(Json(ListPipelineVersions {
        pipeline_versions: page.items.into_iter().map(version_message).collect(),
        next_page_token: page.next_page_token,
        total_size: page.total_size,
    }))
}

async fn change(
    State(app): State<App>,
    Segments((_, version)): Segments<(String, String)>,
    Message(asked): Message<PipelineVersion>,
) -> Result<Json<PipelineVersion>, Error> {
    if let Some(tags) = &asked.tags {
        check_tags(tags)?;
    }
    let display_name = Some(asked.display_name).filter(|name| !name.is_empty());
    let change = PipelineChange { display_name, tags: asked.tags };
    Ok(Json(version_message(app.store.change_pipeline_version(&version, change).await?)))
}

async fn delete(
    State(app): State<App>,
    Segments((_, version)): Segments<(String, String)>,
) -> Result<Json<Value>, Error> {
    app.store.delete_pipeline_version(&version).await?;
    Ok(Json(json!({})))
}
