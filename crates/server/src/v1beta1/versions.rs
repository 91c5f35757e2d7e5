//! Versions of a pipeline: create by URL, get, list, delete, their templates. Files come by uploads.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use pipewright_store::NewPipelineVersion;

use super::convert::{page, version_message};
use super::lists::{Owned, owned_list};
use super::references;
use super::types::{PipelineVersion, ResourceType};
use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, Words};
use crate::placing::of_pipeline;
use crate::v2beta1::versions::create_by_url;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/pipeline_versions", post(create_from_url).get(list))
        .route("/pipeline_versions/{id}", get(read).delete(delete))
        .route("/pipeline_versions/{id}/templates", get(template))
}

async fn create_from_url(
    State(app): State<App>,
    permit: Permit,
    Message(asked): Message<PipelineVersion>,
) -> Result<Json<PipelineVersion>, Error> {
    let pipeline_id = references::find(&asked.resource_references, ResourceType::Pipeline)?
        .ok_or_else(|| Error::Invalid("a version needs a reference to its PIPELINE".to_owned()))?;
    of_pipeline(&app, &permit, &pipeline_id).await?;
    let new = NewPipelineVersion {
        pipeline_id,
        name: asked.name.clone(),
        display_name: asked.name,
        description: asked.description,
        code_source_url: Some(asked.code_source_url).filter(|url| !url.is_empty()),
        ..NewPipelineVersion::default()
    };
    let url = asked.package_url.unwrap_or_default().pipeline_url;
    Ok(Json(version_message(create_by_url(&app, new, &url).await?)))
}

async fn list(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<Value>, Error> {
    let Owned { mut query, owner, .. } = owned_list(&words, "resource_key")?;
    let Some((ResourceType::Pipeline, pipeline)) = owner else {
        return Err(Error::Invalid(
            "resource_key.type must be PIPELINE and resource_key.id the pipeline whose versions are wanted"
                .to_owned(),
        ));
    };
    of_pipeline(&app, &permit, &pipeline).await?;
    query.pipeline_id = Some(pipeline);
    let found = app.store.list_pipeline_versions(&query).await?;
    let rows = found.items.into_iter().map(version_message).collect();
    Ok(Json(page("versions", rows, found.total_size, found.next_page_token)))
}

async fn read(
    State(app): State<App>,
    Segments(id): Segments<String>,
) -> Result<Json<PipelineVersion>, Error> {
    Ok(Json(version_message(app.store.get_pipeline_version(&id).await?)))
}

async fn delete(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Value>, Error> {
    app.store.delete_pipeline_version(&id).await?;
    Ok(Json(json!({})))
}

async fn template(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Value>, Error> {
    let version = app.store.get_pipeline_version(&id).await?;
    Ok(Json(json!({"template": version.pipeline_spec.to_string()})))
}
