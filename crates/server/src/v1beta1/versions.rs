//! Versions of a pipeline: get, list, delete, their templates. They are made by uploads.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::convert::{page, version_message};
use super::lists::owned_list;
use super::types::{PipelineVersion, ResourceType};
use crate::app::App;
use crate::error::Error;
use crate::extract::{Segments, Words};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/pipeline_versions", post(create_from_url).get(list))
        .route("/pipeline_versions/{id}", get(read).delete(delete))
        .route("/pipeline_versions/{id}/templates", get(template))
}

async fn create_from_url() -> Result<Json<PipelineVersion>, Error> {
    Err(Error::Unimplemented(
        "versions cannot be fetched from a URL in this version; upload the file instead".to_owned(),
    ))
}

async fn list(State(app): State<App>, words: Words) -> Result<Json<Value>, Error> {
    let (mut query, owner) = owned_list(&words, "resource_key")?;
    let Some((ResourceType::Pipeline, pipeline)) = owner else {
        return Err(Error::Invalid(
            "resource_key.type must be PIPELINE and resource_key.id the pipeline whose versions are wanted"
                .to_owned(),
        ));
    };
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
