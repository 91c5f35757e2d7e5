//! Pipelines: create without a version, get by id and by name, list, change, delete.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use pipewright_store::{self as store, ListQuery, NewPipeline, NewPipelineVersion, PipelineChange};
use serde_json::{Value, json};

use super::convert::pipeline_message;
use super::lists::list_query;
use super::types::{CreatePipelineAndVersion, ListPipelines, Pipeline};
use super::upload::check_version_name;
use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, Words};
use crate::fetch::fetch_pipeline;

const NAME_LIMIT: usize = 128;
const TAG_COUNT_LIMIT: usize = 20;
const TAG_LIMIT: usize = 63;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/pipelines", post(create).get(list))
        .route("/pipelines/create", post(create_from_url))
        .route("/pipelines/names/{name}", get(read_by_name))
        .route("/pipelines/{id}", get(read).patch(change).delete(delete))
}

/// Makes the row of a new pipeline that all share; the name defaults to the display name and the reverse.
pub(crate) fn new_pipeline(
    name: String,
    display_name: String,
    description: String,
    tags: BTreeMap<String, String>,
) -> Result<NewPipeline, Error> {
    let name = if name.is_empty() { display_name.clone() } else { name };
    let display_name = if display_name.is_empty() { name.clone() } else { display_name };
    let length = name.chars().count();
    if length == 0 || length > NAME_LIMIT {
        return Err(Error::Invalid(format!(
            "a pipeline's name has 1 to {NAME_LIMIT} characters, found {length}"
        )));
    }
    check_tags(&tags)?;
    Ok(NewPipeline { namespace: String::new(), name, display_name, description, tags })
}

/// Checks the number and the lengths of tags.
pub(crate) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    if tags.len() > TAG_COUNT_LIMIT {
        return Err(Error::Invalid(format!(
            "at most {TAG_COUNT_LIMIT} tags are allowed, found {}",
            tags.len()
        )));
    }
    for (key, value) in tags {
        if key.is_empty() || key.contains('.') {
            return Err(Error::Invalid(format!("a tag's key is not empty and has no dot, found `{key}`")));
        }
        if key.chars().count() > TAG_LIMIT || value.chars().count() > TAG_LIMIT {
            return Err(Error::Invalid(format!("the tag `{key}` is longer than {TAG_LIMIT} characters")));
        }
    }
    Ok(())
}

async fn create(
    State(app): State<App>,
    permit: Permit,
    Message(asked): Message<Pipeline>,
) -> Result<Json<Pipeline>, Error> {
    let namespace = permit.shared_or_within(Some(asked.namespace))?.unwrap_or_default();
    let new =
        new_pipeline(asked.name, asked.display_name, asked.description, asked.tags.unwrap_or_default())?;
    let new = NewPipeline { namespace, ..new };
    Ok(Json(pipeline_message(app.store.create_pipeline(new).await?)))
}

/// Makes a pipeline with its first version of what is fetched; the version takes name and description over.
async fn create_from_url(
    State(app): State<App>,
    permit: Permit,
    Message(asked): Message<CreatePipelineAndVersion>,
) -> Result<Json<Pipeline>, Error> {
    let (pipeline, version) =
        (asked.pipeline.unwrap_or_default(), asked.pipeline_version.unwrap_or_default());
    let namespace = permit.shared_or_within(Some(pipeline.namespace))?.unwrap_or_default();
    let tags = pipeline.tags.unwrap_or_default();
    let new = new_pipeline(pipeline.name, pipeline.display_name, pipeline.description, tags)?;
    let new = NewPipeline { namespace, ..new };
    let url = version.package_url.unwrap_or_default().pipeline_url;
    let first = NewPipelineVersion {
        name: new.name.clone(),
        display_name: new.display_name.clone(),
        description: new.description.clone(),
        code_source_url: Some(version.code_source_url).filter(|url| !url.is_empty()),
        tags: version.tags.unwrap_or_default(),
        ..NewPipelineVersion::default()
    };
    let (pipeline, _) = create_by_url(&app, new, first, &url).await?;
    Ok(Json(pipeline_message(pipeline)))
}

/// Fetches a pipeline file and makes a pipeline with this first version of it.
pub(crate) async fn create_by_url(
    app: &App,
    new: NewPipeline,
    version: NewPipelineVersion,
    url: &str,
) -> Result<(store::Pipeline, store::PipelineVersion), Error> {
    check_tags(&version.tags)?;
    check_version_name(&version.name)?;
    let fetched = fetch_pipeline(app, &new.namespace, required(url)?).await?;
    let version = NewPipelineVersion {
        package_url: Some(fetched.url),
        pipeline_spec: fetched.compiled.pipeline_spec,
        ..version
    };
    Ok(app.store.create_pipeline_with_version(new, version).await?)
}

/// Refuses a request that names no URL.
pub(crate) fn required(url: &str) -> Result<&str, Error> {
    match url {
        "" => Err(Error::Invalid("package_url.pipeline_url is missing: where is the pipeline?".to_owned())),
        url => Ok(url),
    }
}

async fn read(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Pipeline>, Error> {
    Ok(Json(pipeline_message(app.store.get_pipeline(&id).await?)))
}

async fn read_by_name(
    State(app): State<App>,
    permit: Permit,
    Segments(name): Segments<String>,
    words: Words,
) -> Result<Json<Pipeline>, Error> {
    let namespace = permit.shared_or_within(words.text("namespace"))?.unwrap_or_default();
    Ok(Json(pipeline_message(app.store.get_pipeline_by_name(&namespace, &name).await?)))
}

/// Lists what all share, or what is in the namespace that is named.
async fn list(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<ListPipelines>, Error> {
    let namespace = permit.shared_or_within(words.text("namespace"))?;
    let query = ListQuery { namespace, ..list_query(&words)? };
    let page = app.store.list_pipelines(&query).await?;
    Ok(Json(ListPipelines {
        pipelines: page.items.into_iter().map(pipeline_message).collect(),
        total_size: page.total_size,
        next_page_token: page.next_page_token,
    }))
}

async fn change(
    State(app): State<App>,
    Segments(id): Segments<String>,
    Message(asked): Message<Pipeline>,
) -> Result<Json<Pipeline>, Error> {
    if let Some(tags) = &asked.tags {
        check_tags(tags)?;
    }
    let display_name = Some(asked.display_name).filter(|name| !name.is_empty());
    let change = PipelineChange { display_name, tags: asked.tags };
    Ok(Json(pipeline_message(app.store.change_pipeline(&id, change).await?)))
}

async fn delete(
    State(app): State<App>,
    Segments(id): Segments<String>,
    words: Words,
) -> Result<Json<Value>, Error> {
    if words.flag("cascade")? {
        app.store.delete_pipeline(&id).await?;
    } else {
        remove_empty(&app, &id, "; delete them first or ask with cascade=true").await?;
    }
    Ok(Json(json!({})))
}

/// Deletes a pipeline that has no versions; `remedy` is said to who asks for another.
pub(crate) async fn remove_empty(app: &App, id: &str, remedy: &str) -> Result<(), Error> {
    let pipeline = app.store.get_pipeline(id).await?;
    let versions = ListQuery { pipeline_id: Some(id.to_owned()), page_size: Some(1), ..ListQuery::default() };
    let count = app.store.list_pipeline_versions(&versions).await?.total_size;
    if count > 0 {
        let name = pipeline.name;
        return Err(Error::Invalid(format!("pipeline `{name}` still has {count} version(s){remedy}")));
    }
    Ok(app.store.delete_pipeline(id).await?)
}
