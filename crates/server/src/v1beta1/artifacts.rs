//! Artifacts of a v1 run as bytes: packed as the format stores them, by node and name.

use std::fs::File;
use std::io::{Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use indexmap::IndexMap;
use pipewright_artifacts::{Kind, local_file, summarize};
use pipewright_plan::{ArtifactId, Packing, Plan};
use pipewright_store::Masks;
use pipewright_store::engine::{AttemptId, RunId, TaskView};
use serde_json::{Value, json};

use super::convert::is_workflow;
use super::manifest::{Facts, LOGS, Node, NodeType, Packed, find, nodes};
use crate::app::App;
use crate::blank::Blanking;
use crate::error::Error;
use crate::extract::Segments;
use crate::own::artifacts::{append, private};
use crate::reach::{Reach, open_itself};

/// The largest artifact that is handed out in one piece.
const READ_LIMIT: u64 = 128 << 20;
/// How deep groups are searched for the node that left an artifact.
const DEPTH: usize = 3;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/runs/{run}/nodes/{node}/artifacts/{name}", get(read))
}

/// Finds the attempt behind a node or, through retries and groups, the last one inside.
pub(super) fn attempt_behind(all: &IndexMap<String, Node>, run: &RunId, node: &Node) -> Option<AttemptId> {
    attempt_of(all, run, node, DEPTH)
}

fn attempt_of(all: &IndexMap<String, Node>, run: &RunId, node: &Node, depth: usize) -> Option<AttemptId> {
    if let (NodeType::Pod, Some(task), Some(number)) = (node.node_type, &node.task, node.attempt) {
        return Some(AttemptId { run: run.clone(), task: task.clone(), number });
    }
    let mut inside = inner(all, node, depth)?;
    inside.find_map(|child| attempt_of(all, run, child, depth - 1))
}

/// Lists the nodes inside a group, last first; nothing where nobody looks any deeper.
fn inner<'n>(
    all: &'n IndexMap<String, Node>,
    node: &'n Node,
    depth: usize,
) -> Option<impl Iterator<Item = &'n Node>> {
    let is_group = matches!(node.node_type, NodeType::Retry | NodeType::StepGroup | NodeType::TaskGroup);
    (depth > 0 && is_group).then(|| node.children.iter().rev().filter_map(|id| all.get(id)))
}

/// Where an artifact's bytes lie.
enum Found {
    Artifact(PathBuf, ArtifactId),
    Log(PathBuf),
}

async fn read(
    State(app): State<App>,
    Segments((run, node, segment)): Segments<(String, String, String)>,
) -> Result<Json<Value>, Error> {
    let Some(name) = segment.strip_suffix(":read") else {
        return Err(Error::NotFound("Not Found".to_owned()));
    };
    let id = RunId(run);
    let run = app.store.get_run(&id).await?;
    let document = app.store.run_spec(&id).await?;
    if !is_workflow(&document) {
        return Err(Error::Precondition(format!(
            "run {id} is of a v2 pipeline: its artifacts have URIs, which its tasks in the v2 API show"
        )));
    }
    let (plan, tasks) = (app.store.run_plan(&id).await?, app.store.tasks(&id).await?);
    let all = nodes(Facts { run: &run, plan: &plan, document: &document, tasks: &tasks });
    let found = find(&all, &node).and_then(|start| locate(&app, (&all, &tasks), start, name, DEPTH));
    let found = found
        .ok_or_else(|| Error::NotFound(format!("node `{node}` of run {id} has no artifact `{name}`")))?;
    let packed = match &found {
        Found::Artifact(_, id) => packed(&plan, (&all, &tasks), id).unwrap_or_default(),
        Found::Log(_) => Packed::default(),
    };
    // The entry is called as the command called its file.
    let entry = if packed.entry.is_empty() { name.to_owned() } else { packed.entry };
    let (masks, reach) = (app.store.masks().await?, app.reach.clone());
    let bytes = tokio::task::spawn_blocking(move || match found {
        Found::Artifact(path, id) if reach.is_private(&path) => {
            Err(Error::Denied(private(&id.0, &path.display().to_string())))
        }
        Found::Artifact(path, _) => pack(&path, &entry, packed.packing, (&masks, &reach)),
        Found::Log(path) => plain(&path, open_itself).map(|bytes| masks.mask(&bytes)),
    });
    let bytes = bytes.await.map_err(|error| Error::internal("reading an artifact failed", error))??;
    Ok(Json(json!({"data": BASE64_STANDARD.encode(bytes)})))
}

/// Finds an artifact at a node or, through retries and groups, at those inside.
fn locate(
    app: &App,
    (all, tasks): (&IndexMap<String, Node>, &[TaskView]),
    node: &Node,
    name: &str,
    depth: usize,
) -> Option<Found> {
    let view = node.task.as_ref().and_then(|key| tasks.iter().find(|view| view.key == *key));
    if let Some(view) = view {
        if name == LOGS && node.node_type == NodeType::Pod {
            let number = node.attempt?;
            let attempt = AttemptId { run: view.run.clone(), task: view.key.clone(), number };
            return Some(Found::Log(app.logs.log_path(&attempt)));
        }
        let artifact = view.outcome.artifacts.get(name).and_then(|list| list.first());
        if let Some((artifact, path)) = artifact.and_then(|it| Some((it, local_file(&it.uri)?))) {
            return Some(Found::Artifact(path, artifact.id.clone()));
        }
    }
    let mut inside = inner(all, node, depth)?;
    inside.find_map(|child| locate(app, (all, tasks), child, name, depth - 1))
}

/// Returns how the command that left an artifact has it packed.
fn packed(
    plan: &Plan,
    (all, tasks): (&IndexMap<String, Node>, &[TaskView]),
    id: &ArtifactId,
) -> Option<Packed> {
    all.values().filter(|node| node.node_type == NodeType::Pod).find_map(|node| {
        let view = tasks.iter().find(|view| Some(&view.key) == node.task.as_ref())?;
        let artifact = view.outcome.artifacts.values().flatten().find(|artifact| artifact.id == *id)?;
        Some(Packed::of(plan, &node.component, &artifact.name))
    })
}

fn plain(path: &Path, open: impl FnOnce(&Path) -> std::io::Result<File>) -> Result<Vec<u8>, Error> {
    check_size(path)?;
    let mut bytes = Vec::new();
    let read = open(path).and_then(|file| file.take(READ_LIMIT).read_to_end(&mut bytes));
    read.map_err(|error| Error::internal("an artifact cannot be read", error))?;
    Ok(bytes)
}

fn check_size(path: &Path) -> Result<Kind, Error> {
    let summary = summarize(path).map_err(|error| Error::internal("an artifact cannot be read", error))?;
    match summary.kind {
        Kind::File | Kind::Folder if summary.bytes <= READ_LIMIT => Ok(summary.kind),
        Kind::File | Kind::Folder => Err(Error::Precondition(format!(
            "{} has {} MiB; at most {} MiB are handed out here, take it from its place",
            path.display(),
            summary.bytes >> 20,
            READ_LIMIT >> 20
        ))),
        Kind::Missing | Kind::Special => {
            Err(Error::NotFound(format!("there is no file at {} any more", path.display())))
        }
    }
}

/// Packs a file or a folder as the only entry of an archive. What is not to be packed is handed out as it is; a
/// folder, which no answer can be, as a tar all the same.
fn pack(
    path: &Path,
    entry: &str,
    packing: Packing,
    (masks, reach): (&Masks, &Reach),
) -> Result<Vec<u8>, Error> {
    let kind = check_size(path)?;
    match (packing, kind) {
        (Packing::Plain, Kind::File) => {
            plain(path, |path| reach.open(path)).map(|bytes| blanked(&bytes, masks))
        }
        (Packing::Zip, _) => zipped(path, entry, (masks, reach)),
        (Packing::Tar { level }, _) => tarred(path, entry, level, (masks, reach)),
        (Packing::Plain, _) => tarred(path, entry, None, (masks, reach)),
    }
}

/// Writes over the values of secrets, byte for byte.
fn blanked(bytes: &[u8], masks: &Masks) -> Vec<u8> {
    let mut shown = bytes.to_vec();
    for span in masks.spans(bytes) {
        shown[span].fill(b'*');
    }
    shown
}

fn broken(error: std::io::Error) -> Error {
    Error::internal("an artifact cannot be packed", error)
}

fn tarred(path: &Path, entry: &str, level: Option<i32>, shown: (&Masks, &Reach)) -> Result<Vec<u8>, Error> {
    // Go's negative levels: its usual one, and the quickest that compresses at all.
    let level = match level.map(u32::try_from) {
        Some(Ok(level)) => Compression::new(level.min(9)),
        Some(Err(_)) if level == Some(-1) => Compression::default(),
        Some(Err(_)) | None => Compression::fast(),
    };
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), level));
    append(&mut archive, (Path::new(entry), path), shown).map_err(broken)?;
    archive.into_inner().and_then(GzEncoder::finish).map_err(broken)
}

fn zipped(path: &Path, entry: &str, (masks, reach): (&Masks, &Reach)) -> Result<Vec<u8>, Error> {
    let failed = |error: zip::result::ZipError| broken(std::io::Error::other(error));
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for found in walkdir::WalkDir::new(path).sort_by_file_name() {
        let found = found.map_err(|error| broken(error.into()))?;
        if reach.is_private(found.path()) {
            continue;
        }
        let inside = found.path().strip_prefix(path).unwrap_or(Path::new(""));
        let name = Path::new(entry).join(inside);
        let name = name.to_string_lossy();
        let name = name.trim_end_matches('/');
        let mode = found.metadata().map_err(|error| broken(error.into()))?.permissions().mode();
        let options = zip::write::SimpleFileOptions::default().unix_permissions(mode & 0o777);
        if found.file_type().is_dir() {
            archive.add_directory(name, options).map_err(failed)?;
        } else if found.file_type().is_file() {
            archive.start_file(name, options).map_err(failed)?;
            let file = reach.open(found.path()).map_err(broken)?;
            std::io::copy(&mut Blanking::new(file, masks.clone()), &mut archive).map_err(broken)?;
        }
    }
    Ok(archive.finish().map_err(failed)?.into_inner())
}
