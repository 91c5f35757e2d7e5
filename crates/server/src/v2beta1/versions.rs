//! Versions of a pipeline: create by URL, get, list, change, delete. Files come by `upload`.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use pipewright_store::{self as store, NewPipelineVersion, PipelineChange};
use serde_json::{Value, json};

use super::convert::version_message;
use super::lists::list_query;
use super::pipelines::{check_tags, required};
use super::types::{ListPipelineVersions, PipelineVersion};
use super::upload::check_version_name;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, Words};
use crate::fetch::fetch_pipeline;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/pipelines/{id}/versions", get(list).post(create_from_url))
        .route("/pipelines/{id}/versions/{version}", get(read).patch(change).delete(delete))
}

async fn create_from_url(
    State(app): State<App>,
    Segments(pipeline): Segments<String>,
    Message(asked): Message<PipelineVersion>,
) -> Result<Json<PipelineVersion>, Error> {
    if asked.pipeline_id != pipeline {
        return Err(Error::Invalid(format!(
            "pipeline_id is `{}` in the request's body and `{pipeline}` in its path",
            asked.pipeline_id
        )));
    }
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let name = some(asked.name.clone()).unwrap_or_else(|| asked.display_name.clone());
    let new = NewPipelineVersion {
        pipeline_id: pipeline,
        display_name: some(asked.display_name).unwrap_or_else(|| name.clone()),
        name,
        description: asked.description,
        code_source_url: some(asked.code_source_url),
        tags: asked.tags.unwrap_or_default(),
        ..NewPipelineVersion::default()
    };
    let url = asked.package_url.unwrap_or_default().pipeline_url;
    Ok(Json(version_message(create_by_url(&app, new, &url).await?)))
}

/// Fetches a pipeline file and makes a version of it.
pub(crate) async fn create_by_url(
    app: &App,
    new: NewPipelineVersion,
    url: &str,
) -> Result<store::PipelineVersion, Error> {
    if new.name.is_empty() {
        return Err(Error::Invalid("a version needs a name or a display_name".to_owned()));
    }
    check_tags(&new.tags)?;
    check_version_name(&new.name)?;
    let pipeline = app.store.get_pipeline(&new.pipeline_id).await?;
    let fetched = fetch_pipeline(app, &pipeline.namespace, required(url)?).await?;
    let new = NewPipelineVersion {
        package_url: Some(fetched.url),
        pipeline_spec: fetched.compiled.pipeline_spec,
        ..new
    };
    Ok(app.store.create_pipeline_version(new).await?)
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
