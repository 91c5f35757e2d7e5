//! Pipeline files coming in: a new pipeline with its first version, or a further version.
//!
//! The file is a multipart part named `uploadfile`, everything else is in the query. Errors have the shape of
//! uploads ([`UploadError`]).

use std::collections::BTreeMap;

use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::routing::post;
use axum::{Json, Router};
use pipewright_store::{self as store, NewPipeline, NewPipelineVersion};

use super::convert::{pipeline_message, version_message};
use super::pipelines::{check_tags, new_pipeline};
use super::types::{Pipeline, PipelineVersion};
use crate::access::Permit;
use crate::app::App;
use crate::archive::{FILE_LIMIT, pipeline_file};
use crate::compile::{Compiled, compile_text};
use crate::error::{Error, UploadError};
use crate::extract::Words;

const VERSION_NAME_LIMIT: usize = 127;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/pipelines/upload", post(upload))
        .route("/pipelines/upload_version", post(upload_version))
}

/// A file that arrived and compiles.
struct Uploaded {
    file_name: String,
    compiled: Compiled,
}

async fn upload(
    State(app): State<App>,
    permit: Permit,
    words: Result<Words, Error>,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Json<Pipeline>, UploadError> {
    let (pipeline, _) = create_pipeline(&app, &permit, words?, multipart).await?;
    Ok(Json(pipeline_message(pipeline)))
}

/// Makes a pipeline with its first version of what arrived.
pub(crate) async fn create_pipeline(
    app: &App,
    permit: &Permit,
    words: Words,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<(store::Pipeline, store::PipelineVersion), Error> {
    let namespace = permit.shared_or_within(words.text("namespace"))?.unwrap_or_default();
    let tags = tags(&words)?;
    let uploaded = receive(app, &namespace, multipart).await?;
    let (name, display_name) = names(&words, &uploaded.file_name);
    let new = new_pipeline(name, display_name, words.text("description").unwrap_or_default(), tags)?;
    let new = NewPipeline { namespace, ..new };
    let version = NewPipelineVersion {
        pipeline_id: String::new(),
        name: new.name.clone(),
        display_name: new.display_name.clone(),
        description: new.description.clone(),
        code_source_url: words.text("code_source_url"),
        package_url: None,
        pipeline_spec: uploaded.compiled.pipeline_spec,
        tags: BTreeMap::new(),
    };
    check_version_name(&version.name)?;
    Ok(app.store.create_pipeline_with_version(new, version).await?)
}

async fn upload_version(
    State(app): State<App>,
    permit: Permit,
    words: Result<Words, Error>,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Json<PipelineVersion>, UploadError> {
    Ok(Json(version_message(create_version(&app, &permit, words?, multipart).await?)))
}

/// Makes a further version of what arrived.
pub(crate) async fn create_version(
    app: &App,
    permit: &Permit,
    words: Words,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<store::PipelineVersion, Error> {
    let tags = tags(&words)?;
    let pipeline_id = words.text("pipelineid").ok_or_else(|| {
        Error::Invalid("pipelineid is missing: which pipeline gets the version?".to_owned())
    })?;
    let namespace = app.store.get_pipeline(&pipeline_id).await?.namespace;
    permit.check(&namespace)?;
    let uploaded = receive(app, &namespace, multipart).await?;
    let (name, display_name) = names(&words, &uploaded.file_name);
    check_version_name(&name)?;
    let version = NewPipelineVersion {
        pipeline_id,
        name,
        display_name,
        description: words.text("description").unwrap_or_default(),
        code_source_url: words.text("code_source_url"),
        package_url: None,
        pipeline_spec: uploaded.compiled.pipeline_spec,
        tags,
    };
    Ok(app.store.create_pipeline_version(version).await?)
}

/// Reads the file part, finds the pipeline file in it and compiles that.
async fn receive(
    app: &App,
    namespace: &str,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<Uploaded, Error> {
    let mut multipart = multipart.map_err(|rejection| {
        Error::Invalid(format!("the upload cannot be read: {}", rejection.body_text()))
    })?;
    let broken = |error: axum::extract::multipart::MultipartError| {
        if error.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
            Error::Invalid("the uploaded file is larger than 32 MiB".to_owned())
        } else {
            Error::Invalid(format!("the upload cannot be read: {}", error.body_text()))
        }
    };
    while let Some(field) = multipart.next_field().await.map_err(broken)? {
        if field.name() != Some("uploadfile") {
            continue;
        }
        let file_name = field.file_name().unwrap_or_default().to_owned();
        if file_name.is_empty() {
            return Err(Error::Invalid("the part `uploadfile` has no file name".to_owned()));
        }
        let bytes = field.bytes().await.map_err(broken)?;
        if bytes.len() as u64 > FILE_LIMIT {
            return Err(Error::Invalid("the uploaded file is larger than 32 MiB".to_owned()));
        }
        let name = file_name.clone();
        let text = tokio::task::spawn_blocking(move || pipeline_file(&name, bytes.into()))
            .await
            .map_err(|error| Error::internal("unpacking the upload failed", error))??;
        let compiled = compile_text(&app.store, namespace, text).await?;
        app.settings.v1.check_upload(namespace, &compiled)?;
        return Ok(Uploaded { file_name, compiled });
    }
    Err(Error::Invalid("the upload has no part named `uploadfile`".to_owned()))
}

/// Returns name and display name: what was asked for, each standing in for the other, else the file's name.
fn names(words: &Words, file_name: &str) -> (String, String) {
    let (name, display_name) = (words.get("name"), words.get("display_name"));
    let fallback = name.or(display_name).unwrap_or(file_name);
    (name.unwrap_or(fallback).to_owned(), display_name.unwrap_or(fallback).to_owned())
}

fn tags(words: &Words) -> Result<BTreeMap<String, String>, Error> {
    let Some(text) = words.get("tags") else { return Ok(BTreeMap::new()) };
    let tags = serde_json::from_str(text)
        .map_err(|error| Error::Invalid(format!("tags must be a JSON object of texts: {error}")))?;
    check_tags(&tags)?;
    Ok(tags)
}

/// Checks the length of a version's name.
pub(crate) fn check_version_name(name: &str) -> Result<(), Error> {
    let length = name.chars().count();
    if length > VERSION_NAME_LIMIT {
        return Err(Error::Invalid(format!(
            "a version's name has at most {VERSION_NAME_LIMIT} characters, found {length}"
        )));
    }
    Ok(())
}
