//! `pipewright artifact …` and `pipewright audit`: what tasks of a server have made, and who changed what.

use std::io::Write;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::api::{Resource, connect, show, show_all};
use crate::args_api::{Remote, Shape};
use crate::args_artifacts::{Artifact, ArtifactOne, Audit, Direction};
use crate::client::{Client, escape};
use crate::output::table;
use crate::result::print_json;
use crate::source::BadInput;
use crate::yaml_out::yaml;

pub(super) const OWN: &str = "/apis/pipewright/v1";
const LARGEST_PAGE: u32 = 200;

fn artifacts() -> Resource {
    Resource {
        word: "artifact",
        path: format!("{OWN}/artifacts"),
        list: "artifacts",
        id: "artifact_id",
        columns: &[
            ("ID", "artifact_id"),
            ("NAME", "name"),
            ("TYPE", "type"),
            ("CREATED", "created_at"),
            ("PIPELINE", "pipeline_name"),
            ("TASK", "task"),
        ],
    }
}

fn entries() -> Resource {
    Resource {
        word: "entry",
        path: format!("{OWN}/audit"),
        list: "entries",
        id: "number",
        columns: &[
            ("AT", "at"),
            ("USER", "user"),
            ("VERB", "verb"),
            ("RESOURCE", "resource"),
            ("STATUS", "status"),
            ("PATH", "path"),
        ],
    }
}

pub(crate) async fn artifact(command: &Artifact) -> Result<u8> {
    match command {
        Artifact::List { limit, kind, pipeline, run, name, remote } => {
            let words = [("type", kind), ("pipeline", pipeline), ("run_id", run), ("name", name)];
            let given = words.iter().filter_map(|(key, value)| Some((*key, value.as_deref()?)));
            let query: String = given.map(|(key, value)| format!("&{key}={}", escape(value))).collect();
            let found = list(&connect(remote)?, *limit, &query).await?;
            show_all(&artifacts(), &found, remote.output)?;
            Ok(0)
        }
        Artifact::Get(one) => {
            let found = connect(&one.remote)?.get(&path_of(one, "")).await?;
            show(&artifacts(), &found, one.remote.output)
        }
        Artifact::Download { one, path, file } => download(one, path.as_deref(), file.as_deref()).await,
        Artifact::Preview { one, path, rows } => preview(one, path.as_deref(), *rows).await,
        Artifact::Lineage { one, depth, direction } => lineage(one, *depth, *direction).await,
    }
}

fn path_of(one: &ArtifactOne, rest: &str) -> String {
    format!("{OWN}/artifacts/{}{rest}", escape(&one.artifact))
}

async fn list(client: &Client, limit: u32, query: &str) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    let mut token = String::new();
    while (found.len() as u32) < limit {
        let size = (limit - found.len() as u32).min(LARGEST_PAGE);
        let path = format!("{OWN}/artifacts?page_size={size}&page_token={}{query}", escape(&token));
        let mut page = client.get(&path).await?;
        if let Value::Array(items) = page["artifacts"].take() {
            found.extend(items);
        }
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    Ok(found)
}

async fn download(one: &ArtifactOne, part: Option<&str>, file: Option<&Path>) -> Result<u8> {
    let client = connect(&one.remote)?;
    let is_stdout = file.is_some_and(|file| file == Path::new("-"));
    let mut query = "/content?download=1".to_owned();
    if let Some(part) = part {
        query.push_str(&format!("&path={}", escape(part)));
    }
    let path = path_of(one, &query);
    if is_stdout {
        client.save(&path, &mut stdout()?).await?;
        return Ok(0);
    }
    let file = match file {
        Some(file) => file.to_owned(),
        None => default_name(&client, one, part).await?,
    };
    let bytes = save(&client, &path, &file).await?;
    match one.remote.output {
        Shape::Json => print_json(&json!({"artifact_id": one.artifact, "file": file, "bytes": bytes}))?,
        Shape::Yaml => {
            let document = json!({"artifact_id": one.artifact, "file": file, "bytes": bytes});
            std::io::stdout().write_all(yaml(&document).as_bytes())?;
        }
        Shape::Name => writeln!(std::io::stdout(), "{}", file.display())?,
        Shape::Table => writeln!(std::io::stdout(), "{} bytes in {}", bytes, file.display())?,
    }
    Ok(0)
}

/// Names a file after the artifact, or the part of it, without a folder.
async fn default_name(client: &Client, one: &ArtifactOne, part: Option<&str>) -> Result<PathBuf> {
    let found = client.get(&path_of(one, "")).await?;
    let name = part.unwrap_or(found["name"].as_str().unwrap_or("artifact"));
    let name = name.rsplit('/').next().filter(|name| !matches!(*name, "" | "." | "..")).unwrap_or("artifact");
    let is_packed = part.is_none() && found["is_folder"].as_bool() == Some(true);
    Ok(PathBuf::from(if is_packed { format!("{name}.tar.gz") } else { name.to_owned() }))
}

/// Returns what bytes that come slowly are written to.
pub(super) fn stdout() -> Result<tokio::fs::File> {
    let own = std::io::stdout().as_fd().try_clone_to_owned()?;
    Ok(tokio::fs::File::from_std(own.into()))
}

/// Writes an answer into a new file; what broke off is removed.
pub(super) async fn save(client: &Client, path: &str, file: &Path) -> Result<u64> {
    let mut to = tokio::fs::File::create_new(file).await.map_err(|error| {
        BadInput(format!("cannot write {}: {error}; name another by --file", file.display()))
    })?;
    let saved = client.save(path, &mut to).await;
    if saved.is_err() {
        drop(tokio::fs::remove_file(file).await);
    }
    saved
}

async fn preview(one: &ArtifactOne, part: Option<&str>, rows: u32) -> Result<u8> {
    let client = connect(&one.remote)?;
    let found = client.get(&path_of(one, "")).await?;
    let query = part.map(|part| format!("&path={}", escape(part))).unwrap_or_default();
    let is_folder = found["is_folder"].as_bool() == Some(true) && part.is_none();
    if is_folder {
        let files = client.get(&path_of(one, "/files")).await?;
        return print(&files, one.remote.output, || {
            let mut lines = vec![vec!["SIZE".to_owned(), "FILE".to_owned()]];
            lines.extend(files["files"].as_array().into_iter().flatten().map(|file| {
                let ending = if file["is_folder"].as_bool() == Some(true) { "/" } else { "" };
                vec![
                    file["size"].to_string(),
                    format!("{}{ending}", file["path"].as_str().unwrap_or_default()),
                ]
            }));
            table(&lines)
        });
    }
    let head = client.get(&path_of(one, &format!("/head?bytes=65536{query}"))).await?;
    if matches!(head["media"].as_str(), Some("csv" | "parquet")) {
        let rows = client.get(&path_of(one, &format!("/table?rows={rows}{query}"))).await?;
        return print(&rows, one.remote.output, || table(&cells(&rows)));
    }
    print(&head, one.remote.output, || {
        let text = head["text"].as_str().unwrap_or_default();
        let mut text = match text {
            "" => format!("{} bytes of {}", head["size"], head["media"].as_str().unwrap_or("binary")),
            text => text.to_owned(),
        };
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text
    })
}

fn cells(found: &Value) -> Vec<Vec<String>> {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let names = found["columns"].as_array().into_iter().flatten().map(|column| text(&column["name"]));
    let mut lines = vec![names.collect::<Vec<_>>()];
    let rows = found["rows"].as_array().into_iter().flatten();
    lines.extend(rows.map(|row| row.as_array().into_iter().flatten().map(text).collect()));
    lines
}

async fn lineage(one: &ArtifactOne, depth: u32, direction: Direction) -> Result<u8> {
    let word = match direction {
        Direction::Up => "up",
        Direction::Down => "down",
        Direction::Both => "both",
    };
    let query = format!("/lineage?depth={depth}&direction={word}");
    let found = connect(&one.remote)?.get(&path_of(one, &query)).await?;
    print(&found, one.remote.output, || {
        let name = |id: &Value| {
            let node = found["nodes"].as_array().into_iter().flatten().find(|node| node["id"] == *id);
            let Some(node) = node else { return id.as_str().unwrap_or_default().to_owned() };
            match node["kind"].as_str() {
                Some("task") => {
                    let field = |name: &str| node[name].as_str().unwrap_or_default().to_owned();
                    format!("task {} of run {}", field("task"), field("run_id"))
                }
                _ => format!(
                    "artifact {} ({})",
                    node["artifact"]["name"].as_str().unwrap_or_default(),
                    node["artifact"]["artifact_id"].as_str().unwrap_or_default()
                ),
            }
        };
        let mut lines = vec![["FROM", "AS", "TO"].map(str::to_owned).to_vec()];
        lines.extend(found["edges"].as_array().into_iter().flatten().map(|edge| {
            vec![name(&edge["from"]), edge["name"].as_str().unwrap_or_default().to_owned(), name(&edge["to"])]
        }));
        table(&lines)
    })
}

fn print(document: &Value, shape: Shape, text: impl FnOnce() -> String) -> Result<u8> {
    match shape {
        Shape::Json => print_json(document)?,
        Shape::Yaml => std::io::stdout().write_all(yaml(document).as_bytes())?,
        Shape::Table | Shape::Name => std::io::stdout().write_all(text().as_bytes())?,
    }
    Ok(0)
}

pub(crate) async fn audit(args: &Audit) -> Result<u8> {
    let Remote { output, .. } = &args.remote;
    let place = match args.remote.namespace.as_deref().filter(|name| !name.is_empty()) {
        Some(namespace) => format!("{OWN}/namespaces/{}/audit", escape(namespace)),
        None => format!("{OWN}/audit"),
    };
    let mut found = connect(&args.remote)?.get(&format!("{place}?limit={}", args.limit)).await?;
    let items = match found[entries().list].take() {
        Value::Array(items) => items,
        _ => return Err(anyhow::anyhow!("the server tells of changes in another way")),
    };
    show_all(&entries(), &items, *output).context("cannot print the audit log")?;
    Ok(0)
}
