//! Writes a finished run as one file while it is read. The values of secrets are written over in logs and artifacts.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use pipewright_plan::{Plan, Value};
use pipewright_store::engine::{AttemptId, Event, RunId};
use pipewright_store::{ArtifactQuery, Masks};
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};

use super::{
    ARTIFACTS, ExperimentHead, FORMAT, HEAD, Head, JOURNAL, PLAN, RunHead, SPEC, VERSION, attempt_entry,
    paths,
};
use crate::app::App;
use crate::blank::Blanking;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::pieces::{self, Pieces};
use crate::reach::{Reach, open_itself};

/// Artifacts that are asked of the store at once.
const PAGE: usize = 200;

type Archive<'p> = ZipWriter<StreamWriter<&'p mut Pieces>>;

/// Everything that goes into the file.
struct Export {
    head: Head,
    spec: Value,
    plan: std::sync::Arc<Plan>,
    events: Vec<Event>,
    /// Files by the name of their entry.
    files: Vec<(String, PathBuf)>,
    /// Files and folders by where they lie below the artifacts' folder.
    artifacts: Vec<(PathBuf, PathBuf)>,
    masks: Masks,
    reach: Reach,
}

/// Which artifacts are wanted.
enum Wanted {
    None,
    All,
    Only(BTreeSet<String>),
}

impl Wanted {
    fn read(words: &Words) -> Self {
        match words.get("artifacts") {
            None | Some("none") => Self::None,
            Some("all") => Self::All,
            Some(ids) => Self::Only(ids.split(',').map(|id| id.trim().to_owned()).collect()),
        }
    }
}

pub(super) async fn export(
    State(app): State<App>,
    Segments(id): Segments<String>,
    words: Words,
) -> Result<Response, Error> {
    let id = RunId(id);
    let has_logs = words.get("logs").is_none() || words.flag("logs")?;
    let export = gather(&app, &id, has_logs, Wanted::read(&words)).await?;
    let body = pieces::body(move |pieces| export.write(pieces));
    let mut response = ([(header::CONTENT_TYPE, "application/zip")], body).into_response();
    let name = format!("attachment; filename=\"run-{}.zip\"", id.0);
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

async fn gather(app: &App, id: &RunId, has_logs: bool, wanted: Wanted) -> Result<Export, Error> {
    let run = app.store.get_run(id).await?;
    if !run.view.phase.is_terminal() {
        return Err(Error::Precondition(format!("run {id} is not over; export it when it has ended")));
    }
    let events = app.store.journal(id).await?;
    let root = events.iter().find_map(|event| match event {
        Event::RunSubmitted { submit, .. } => Some(submit.pipeline_root.clone()),
        _ => None,
    });
    let root = root.unwrap_or_else(|| app.settings.artifacts_root.clone());
    let experiment = app.store.get_experiment(&run.experiment_id).await.ok();
    let mut files = Vec::new();
    if has_logs {
        for task in app.store.tasks(id).await? {
            for attempt in &task.attempts {
                let of = AttemptId { run: id.clone(), task: task.key.clone(), number: attempt.number };
                files.push((attempt_entry(&task.key, attempt.number, "log"), app.logs.log_path(&of)));
                files.push((attempt_entry(&task.key, attempt.number, "usage"), app.logs.usage_path(&of)));
            }
        }
    }
    Ok(Export {
        artifacts: artifacts(app, id, &root, wanted).await?,
        head: Head {
            format: FORMAT.to_owned(),
            version: VERSION,
            exported_by: format!("pipewright {}", env!("CARGO_PKG_VERSION")),
            artifacts_root: root,
            experiment: ExperimentHead {
                display_name: experiment.as_ref().map_or("Default".to_owned(), |it| it.display_name.clone()),
                description: experiment.map(|it| it.description).unwrap_or_default(),
            },
            run: RunHead::from(&run),
        },
        spec: app.store.run_spec(id).await?,
        plan: app.store.run_plan(id).await?,
        events,
        files,
        masks: app.store.masks().await?,
        reach: app.reach.clone(),
    })
}

/// Finds what the run itself has made below the artifacts' folder.
async fn artifacts(
    app: &App,
    run: &RunId,
    root: &str,
    wanted: Wanted,
) -> Result<Vec<(PathBuf, PathBuf)>, Error> {
    let mut left = match wanted {
        Wanted::None => return Ok(Vec::new()),
        Wanted::All => None,
        Wanted::Only(ids) => Some(ids),
    };
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let query = ArtifactQuery {
            limit: PAGE,
            after: after.clone(),
            run: Some(run.clone()),
            ..ArtifactQuery::default()
        };
        let page = app.store.list_artifacts(query).await?;
        for record in page.items {
            if left.as_mut().is_some_and(|left| !left.remove(&record.value.id.0)) {
                continue;
            }
            let local = pipewright_artifacts::local_file(&record.value.uri);
            let below = local.as_ref().and_then(|path| paths::below(root, path.to_str()?));
            if let (Some(path), Some(below)) = (local, below)
                && below.to_str().is_some_and(|below| paths::of_run(below, &run.0).is_some())
            {
                found.push((below, path));
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    match left.and_then(|left| left.into_iter().next()) {
        Some(id) => Err(Error::NotFound(format!("run {run} has made no artifact {id}"))),
        None => Ok(found),
    }
}

impl Export {
    fn write(self, pieces: &mut Pieces) -> io::Result<()> {
        let mut archive = ZipWriter::new_stream(pieces);
        json(&mut archive, HEAD, &self.head)?;
        json(&mut archive, SPEC, &self.spec)?;
        json(&mut archive, PLAN, &*self.plan)?;
        archive.start_file(JOURNAL, options())?;
        for event in &self.events {
            serde_json::to_writer(&mut archive, event)?;
            archive.write_all(b"\n")?;
        }
        for (name, path) in &self.files {
            // What printed nothing, or was over at once, has no such file.
            if path.is_file() {
                file(&mut archive, name, open_itself(path)?, &self.masks)?;
            }
        }
        for (below, path) in &self.artifacts {
            let name = format!("{ARTIFACTS}{}", below.display());
            tree(&mut archive, (&name, path), (&self.masks, &self.reach))?;
        }
        archive.finish()?;
        Ok(())
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().large_file(true)
}

fn json(archive: &mut Archive<'_>, name: &str, value: &impl serde::Serialize) -> io::Result<()> {
    archive.start_file(name, options())?;
    serde_json::to_writer(archive, value)?;
    Ok(())
}

fn file(archive: &mut Archive<'_>, name: &str, content: File, masks: &Masks) -> io::Result<()> {
    archive.start_file(name, options())?;
    io::copy(&mut Blanking::new(content, masks.clone()), archive)?;
    Ok(())
}

/// Writes a file or a folder; links, what has no name in Unicode and what is the server's own stay behind.
fn tree(
    archive: &mut Archive<'_>,
    (name, path): (&str, &Path),
    (masks, reach): (&Masks, &Reach),
) -> io::Result<()> {
    let mut open = vec![(name.to_owned(), path.to_owned())];
    while let Some((name, path)) = open.pop() {
        let Ok(found) = fs::symlink_metadata(&path) else { continue };
        if reach.is_private(&path) {
            continue;
        }
        if found.is_file() {
            file(archive, &name, reach.open(&path)?, masks)?;
        } else if found.is_dir() {
            archive.add_directory(name.as_str(), SimpleFileOptions::default())?;
            for entry in fs::read_dir(&path)? {
                let entry = entry?;
                if let Some(own) = entry.file_name().to_str() {
                    open.push((format!("{name}/{own}"), entry.path()));
                }
            }
        }
    }
    Ok(())
}
