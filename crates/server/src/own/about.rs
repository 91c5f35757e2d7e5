//! What the server says of itself: `about`. Nothing secret is in it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use pipewright_plan::Value;
use pipewright_store::engine::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::words::instant;
use crate::app::App;
use crate::error::Error;
use crate::extract::Words;
use crate::machine::MachineView;
use crate::time;

/// How long the size of the home folder is counted.
const COUNTING: Duration = Duration::from_secs(2);

static STARTED_AT: LazyLock<Timestamp> = LazyLock::new(time::now);

/// Marks the time as the server's start; later calls change nothing.
pub(crate) fn mark_start() {
    LazyLock::force(&STARTED_AT);
}

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/about", get(about))
}

/// What the server is, and where it keeps things.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AboutView {
    pub version: String,
    pub started_at: String,
    /// The home folder.
    pub home: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_bytes: Option<u64>,
    /// Left on the file system of the artifacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
    /// Of everything in the home folder; absent when there is too much to count in passing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home_bytes: Option<u64>,
    /// Runs that are not over.
    pub live_runs: u64,
    /// GPUs that tasks may use, each one task's at a time.
    pub gpus: Vec<String>,
    /// Absent when the server drives no runs itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<MachineView>,
    pub settings: BTreeMap<String, Value>,
}

async fn about(State(app): State<App>, _: Words) -> Result<Json<AboutView>, Error> {
    let settings = &app.settings;
    let root = PathBuf::from(&settings.artifacts_root);
    let home = settings.home.clone().unwrap_or_else(|| root.parent().unwrap_or(&root).to_owned());
    let live_runs = app.store.live_runs().await?.len() as u64;
    let shown = BTreeMap::from([
        ("artifacts_root".to_owned(), Value::from(settings.artifacts_root.clone())),
        ("allowed_hosts".to_owned(), Value::from(settings.allowed_hosts.clone())),
        ("cron_zone".to_owned(), Value::from(settings.cron_zone.iana_name().unwrap_or("fixed offset"))),
        ("tls".to_owned(), Value::from(settings.tls.is_some())),
    ]);
    let machine = app.machine.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let machine = machine.map(|machine| machine.look());
        (database_bytes(&home), free_bytes(&root), folder_bytes(&home), machine, home)
    });
    let (database_bytes, free_bytes, home_bytes, machine, home) =
        looked.await.map_err(|error| Error::internal("looking at the home folder failed", error))?;
    Ok(Json(AboutView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: instant(*STARTED_AT),
        home: home.display().to_string(),
        database_bytes,
        free_bytes,
        home_bytes,
        live_runs,
        gpus: settings.gpus.clone(),
        machine,
        settings: shown,
    }))
}

/// With the part that is not in the database's own file yet.
fn database_bytes(home: &Path) -> Option<u64> {
    let file = std::fs::metadata(home.join("pipewright.db")).ok()?.len();
    Some(file + std::fs::metadata(home.join("pipewright.db-wal")).map_or(0, |log| log.len()))
}

/// Counts as far as a short while goes; links are not followed.
fn folder_bytes(folder: &Path) -> Option<u64> {
    let give_up = Instant::now() + COUNTING;
    let (mut open, mut bytes) = (vec![folder.to_owned()], 0);
    while let Some(folder) = open.pop() {
        if Instant::now() > give_up {
            return None;
        }
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(found) if found.is_dir() => open.push(entry.path()),
                Ok(found) => bytes += found.blocks() * 512,
                // It went meanwhile.
                Err(_) => {}
            }
        }
    }
    Some(bytes)
}

/// Of the nearest folder that is there.
fn free_bytes(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists())?;
    let found = rustix::fs::statvfs(there).ok()?;
    Some(found.f_bavail * found.f_frsize)
}
