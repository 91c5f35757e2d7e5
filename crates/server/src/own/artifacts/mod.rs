//! Artifacts: lists, details, contents, previews, and where they come from and go to.

mod content;
mod lineage;
mod place;
mod preview;
mod table;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use pipewright_plan::{ArtifactId, ArtifactValue, Value};
use pipewright_store::engine::RunId;
use pipewright_store::{ArtifactOrder, ArtifactQuery, ArtifactRecord};
use serde::Serialize;
use utoipa::ToSchema;

use super::graph::type_title;
use super::words::{instant, mark, order};
use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::placing::{may_reach, run_or_namespace};

pub(crate) use content::{append, packed};
pub use lineage::{LineageEdge, LineageNode, LineageNodeKind, LineageView};
pub use place::Media;
pub(crate) use place::{Place, look, media_of};
pub use preview::{FilePage, FileView, HeadView};
pub use table::{ColumnView, TableView};

/// Artifacts in one page.
const PAGE: usize = 50;
const MOST: usize = 200;
/// Consumers that are named beside an artifact.
const CONSUMERS: u32 = 100;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/artifacts", get(list))
        .route("/artifacts/{id}", get(read))
        .route("/artifacts/{id}/content", get(content::content))
        .route("/artifacts/{id}/preview", get(content::preview))
        .route("/artifacts/{id}/files", get(preview::files))
        .route("/artifacts/{id}/head", get(preview::head))
        .route("/artifacts/{id}/table", get(table::table))
        .route("/artifacts/{id}/lineage", get(lineage::lineage))
}

/// An artifact; what is known only after a look at it comes with its details alone.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArtifactView {
    pub artifact_id: String,
    pub name: String,
    /// The type's title (`system.Model`), or its schema when it has no title.
    #[serde(rename = "type")]
    pub artifact_type: String,
    pub uri: String,
    pub metadata: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// What made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_name: Option<String>,
    /// In bytes; of a folder all of its files'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_folder: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consumers: Option<Vec<ConsumerView>>,
}

/// A task that took an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ConsumerView {
    pub run_id: String,
    pub task: String,
    pub input: String,
}

/// One page of artifacts, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArtifactPage {
    pub artifacts: Vec<ArtifactView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// Shows an artifact as a task has it, under the name that the task has for it.
pub(crate) fn artifact_view(name: &str, artifact: &ArtifactValue) -> ArtifactView {
    ArtifactView {
        artifact_id: artifact.id.0.clone(),
        name: name.to_owned(),
        artifact_type: type_title(&artifact.artifact_type),
        uri: artifact.uri.clone(),
        metadata: artifact.metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
        created_at: None,
        run_id: None,
        task: None,
        pipeline_name: None,
        size: None,
        is_folder: None,
        exists: None,
        media: None,
        consumers: None,
    }
}

pub(crate) fn record_view(record: &ArtifactRecord) -> ArtifactView {
    ArtifactView {
        created_at: Some(instant(record.created_at)),
        run_id: Some(record.run.0.clone()),
        task: Some(record.task.0.clone()),
        pipeline_name: Some(record.pipeline_name.clone()),
        ..artifact_view(&record.value.name, &record.value)
    }
}

async fn list(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<ArtifactPage>, Error> {
    let run = words.text("run_id").map(RunId);
    let named = ("a list of artifacts", words.text("namespace"));
    let namespace = run_or_namespace(&app, &permit, run.as_ref(), named).await?;
    let query = ArtifactQuery {
        limit: words.number("page_size")?.filter(|size| *size > 0).unwrap_or(PAGE).min(MOST),
        order: order(
            &words,
            &[
                ("created_at", ArtifactOrder::Created),
                ("name", ArtifactOrder::Name),
                ("type", ArtifactOrder::Type),
                ("uri", ArtifactOrder::Uri),
            ],
        )?,
        after: mark(&words)?,
        run,
        namespace,
        type_title: words.text("type"),
        pipeline_name: words.text("pipeline"),
        name: words.text("name"),
    };
    let page = app.store.list_artifacts(query).await?;
    Ok(Json(ArtifactPage {
        artifacts: page.items.iter().map(record_view).collect(),
        next_page_token: page.next.map(|mark| mark.to_string()),
    }))
}

async fn read(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<ArtifactView>, Error> {
    let id = ArtifactId(id);
    let record = app.store.artifact_record(&id).await?;
    let uses = app.store.artifact_uses(&id, CONSUMERS).await?;
    let mut view = record_view(&record);
    view.consumers = Some(
        uses.into_iter()
            .map(|used| ConsumerView { run_id: used.run.0, task: used.task.0, input: used.input })
            .collect(),
    );
    let artifact = record.value;
    let reach = app.reach.clone();
    let found = blocking(move || {
        let place = look(&reach, &artifact, None)?;
        let media = media_of(&reach, &artifact, &place);
        let size = match &place {
            Place::Inline(text) => Some(text.len() as u64),
            Place::File(_, size) => Some(*size),
            Place::Folder(path) => pipewright_artifacts::summarize(path).ok().map(|summary| summary.bytes),
            Place::Missing | Place::Private | Place::Elsewhere => None,
        };
        Ok((place, media, size))
    });
    let (place, media, size) = found.await?;
    view.media = Some(media);
    view.size = size;
    view.is_folder = Some(matches!(place, Place::Folder(_)));
    view.exists = match place {
        Place::Elsewhere | Place::Private => None,
        place => Some(place != Place::Missing),
    };
    Ok(Json(view))
}

/// Does what waits for the disk.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let result = tokio::task::spawn_blocking(work).await;
    result.map_err(|error| Error::internal("reading an artifact failed", error))?
}

/// Finds an artifact, or a part of it.
pub(crate) async fn find(
    app: &App,
    permit: &Permit,
    id: String,
    part: Option<String>,
) -> Result<(ArtifactValue, Place), Error> {
    let artifact = app.store.get_artifact(&ArtifactId(id)).await?;
    let reach = app.reach.clone();
    let found = blocking(move || {
        let place = look(&reach, &artifact, part.as_deref())?;
        Ok((artifact, place))
    });
    let (artifact, place) = found.await?;
    // Who imports a path chooses it: it may be what another namespace has.
    if let Place::File(path, _) | Place::Folder(path) = &place
        && let Ok(path) = tokio::fs::canonicalize(path).await
    {
        may_reach(app, permit, &path).await?;
    }
    Ok((artifact, place))
}

/// Says why there is nothing to show.
pub(crate) fn nothing(artifact: &ArtifactValue, place: &Place) -> Error {
    match place {
        Place::Elsewhere => Error::Precondition(format!(
            "the bytes of artifact {} lie at {}, which this server cannot reach",
            artifact.id.0, artifact.uri
        )),
        Place::Private => Error::Denied(private(&artifact.id.0, &artifact.uri)),
        _ => Error::NotFound(format!("nothing is left of artifact {} at {}", artifact.id.0, artifact.uri)),
    }
}

/// Says that an artifact is not shown to anybody.
pub(crate) fn private(id: &str, uri: &str) -> String {
    format!("artifact {id} lies at {uri}, where the server keeps what is its own; that is not shown")
}
