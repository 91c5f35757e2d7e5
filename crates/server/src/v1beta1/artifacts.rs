//! Artifacts of a v1 run as bytes: packed as the format stores them, by node and name.

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
use pipewright_store::engine::{AttemptId, RunId, TaskView};
use serde_json::{Value, json};

use super::convert::is_workflow;
use super::manifest::{Facts, LOGS, Node, NodeType, find, nodes};
use crate::app::App;
use crate::error::Error;
use crate::extract::Segments;

/// The largest artifact that is handed out in one piece.
const READ_LIMIT: u64 = 128 << 20;
/// How deep groups are searched for the node that left an artifact.
const DEPTH: usize = 3;

pub(super) fn routes() -> Router<App> {
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
    Artifact(PathBuf),
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
    // The entry is called as the command called its file.
    let entry = find(&all, &node)
        .and_then(|node| artifact_path(&document, &node.template_name, name))
        .and_then(|path| Some(path.trim_end_matches('/').rsplit('/').next()?.to_owned()))
        .filter(|entry| !entry.is_empty() && entry != "..")
        .unwrap_or_else(|| name.to_owned());
    let masks = app.store.masks().await?;
    let packed = tokio::task::spawn_blocking(move || match found {
        Found::Artifact(path) => pack(&path, &entry),
        Found::Log(path) => plain(&path).map(|bytes| masks.mask(&bytes)),
    });
    let bytes = packed.await.map_err(|error| Error::internal("reading an artifact failed", error))??;
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
        if let Some(path) = artifact.and_then(|artifact| local_file(&artifact.uri)) {
            return Some(Found::Artifact(path));
        }
    }
    let mut inside = inner(all, node, depth)?;
    inside.find_map(|child| locate(app, (all, tasks), child, name, depth - 1))
}

/// Returns where a template's command leaves an artifact.
fn artifact_path<'d>(document: &'d Value, template: &str, name: &str) -> Option<&'d str> {
    let named = |list: &'d Value, name: &str| list.as_array()?.iter().find(|one| one["name"] == *name);
    named(&named(&document["spec"]["templates"], template)?["outputs"]["artifacts"], name)?["path"].as_str()
}

fn plain(path: &Path) -> Result<Vec<u8>, Error> {
    check_size(path)?;
    std::fs::read(path).map_err(|error| Error::internal("a log cannot be read", error))
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

/// Packs a file or a folder as the only entry of a gzipped tar.
fn pack(path: &Path, entry: &str) -> Result<Vec<u8>, Error> {
    let broken = |error: std::io::Error| Error::internal("an artifact cannot be packed", error);
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    archive.follow_symlinks(false);
    match check_size(path)? {
        Kind::Folder => archive.append_dir_all(entry, path).map_err(broken)?,
        _ => archive.append_path_with_name(path, entry).map_err(broken)?,
    }
    archive.into_inner().and_then(GzEncoder::finish).map_err(broken)
}
