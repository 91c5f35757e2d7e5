//! Takes in a run from a file. What is shown of it is computed anew from its facts; where its logs and artifacts go is
//! decided here, never by the file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use futures::StreamExt;
use pipewright_plan::{Plan, Value, check};
use pipewright_store::engine::{AttemptId, Event, RunId, RunState, RunView, TaskKey, changed_tasks};
use pipewright_store::{Kind, ListQuery, NewExperiment, Run, RunImport};
use serde::de::DeserializeOwned;
use tokio::io::AsyncWriteExt;
use zip::ZipArchive;

use super::paths::{self, Roots};
use super::{ARTIFACTS, FORMAT, HEAD, Head, JOURNAL, PLAN, SPEC, VERSION, attempt_entry};
use crate::access::{Permit, Verb};
use crate::app::App;
use crate::error::Error;
use crate::extract::Words;
use crate::v2beta1::run_message;
use crate::v2beta1::types;

/// The most of one document, of one fact, and of all that is unpacked.
const DOCUMENT_LIMIT: u64 = 64 << 20;
const FACT_LIMIT: u64 = 64 << 20;
const UNPACKED_LIMIT: u64 = 64 << 30;
/// Facts that are written as one row.
const PIECE: usize = 500;
/// The most iterations of a loop.
const ITERATIONS: u32 = 1_000_000;

pub(super) async fn import(
    State(app): State<App>,
    permit: Permit,
    words: Words,
    body: Body,
) -> Result<Json<types::Run>, Error> {
    let is_archived = match words.get("archived") {
        Some(_) => Some(words.flag("archived")?),
        None => None,
    };
    let namespace = match words.get("experiment_id") {
        Some(id) => {
            let namespace = app.store.namespace_of(Kind::Experiment, id).await?;
            permit.check(&namespace)?;
            Some(namespace)
        }
        None => permit.within("a run", words.text("namespace"))?,
    };
    let upload = Upload::receive(&app, body).await?;
    let path = upload.path.clone();
    let root = app.settings.artifacts_root.clone();
    let parts = blocking(move || Parts::read(&path, &root)).await?;
    let id = parts.head.run.run_id.clone();
    if app.store.get_run(&id).await.is_ok() {
        return Err(Error::Exists(format!("run {id} is here already; delete it before it is imported")));
    }
    let experiment_id = experiment(&app, (words.text("experiment_id"), namespace), &parts.head).await?;
    let run = row(&app, &permit, &parts, (experiment_id, is_archived)).await;
    let (path, logs, root) =
        (upload.path.clone(), log_places(&app, &parts), app.settings.artifacts_root.clone());
    let run_id = id.clone();
    let unpacked = blocking(move || {
        let mut unpacked = Unpacked::default();
        unpack(&path, &logs, (&root, &run_id), &mut unpacked).map(|()| unpacked)
    });
    let unpacked = unpacked.await?;
    match app.store.import_run(run, parts.plan, parts.spec, parts.facts).await {
        Ok(run) => {
            unpacked.keep().await;
            Ok(Json(run_message(&run, None)))
        }
        Err(error) => Err(error.into()),
    }
}

/// A file that was sent, until it has been taken in.
struct Upload {
    path: PathBuf,
}

impl Upload {
    async fn receive(app: &App, body: Body) -> Result<Self, Error> {
        let cannot = |error| Error::internal("failed to keep what is sent", error);
        let root = Path::new(&app.settings.artifacts_root);
        tokio::fs::create_dir_all(root).await.map_err(cannot)?;
        let upload = Self { path: root.join(format!(".import-{}.zip", uuid::Uuid::new_v4())) };
        let mut file = tokio::fs::File::create_new(&upload.path).await.map_err(cannot)?;
        let mut stream = body.into_data_stream();
        while let Some(piece) = stream.next().await {
            let piece =
                piece.map_err(|error| Error::Invalid(format!("the file did not come whole: {error}")))?;
            file.write_all(&piece).await.map_err(cannot)?;
        }
        file.flush().await.map_err(cannot)?;
        Ok(upload)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

/// What a file says.
struct Parts {
    head: Head,
    spec: Value,
    plan: Arc<Plan>,
    facts: RunImport,
    view: RunView,
    attempts: Vec<(TaskKey, u32)>,
}

impl Parts {
    fn read(path: &Path, artifacts_root: &str) -> Result<Self, Error> {
        let mut archive = open(path)?;
        let head: Head = document(&mut archive, HEAD)?;
        if head.format != FORMAT {
            return Err(Error::Invalid(format!("the file is no exported run, but `{}`", head.format)));
        }
        if head.version > VERSION {
            return Err(Error::Invalid(format!(
                "the file was written by {} in a newer form; update this server",
                head.exported_by
            )));
        }
        let id = &head.run.run_id;
        if !uuid::Uuid::parse_str(&id.0).is_ok_and(|uuid| uuid.to_string() == id.0) {
            return Err(Error::Invalid(format!("`{id}` is no id of a run")));
        }
        let spec = document(&mut archive, SPEC)?;
        let plan: Plan = document(&mut archive, PLAN)?;
        if let Err(broken) = check(&plan) {
            let first = broken.first().map(|it| format!("{}: {}", it.path, it.message)).unwrap_or_default();
            return Err(Error::Invalid(format!("{PLAN} is damaged: {first}")));
        }
        let roots = Roots { from: &head.artifacts_root, to: artifacts_root };
        let mut replay = Replay::new(id, &plan);
        let journal = entry(&mut archive, JOURNAL)?;
        let mut lines = BufReader::new(journal);
        loop {
            let mut line = Vec::new();
            let read = (&mut lines).take(FACT_LIMIT).read_until(b'\n', &mut line).map_err(damaged)?;
            if read == 0 {
                break;
            }
            let mut event: Event = serde_json::from_slice(&line)
                .map_err(|error| Error::Invalid(format!("{JOURNAL} is damaged: {error}")))?;
            turn(&roots, &mut event);
            replay.take(event)?;
        }
        let (facts, state) = replay.finish()?;
        let view = state.run_view();
        if !view.phase.is_terminal() {
            return Err(Error::Invalid("the run in the file is not over".to_owned()));
        }
        let tasks = state.task_keys().filter_map(|key| state.task_view(&plan, key));
        let attempts = tasks
            .flat_map(|task| task.attempts.into_iter().map(move |attempt| (task.key.clone(), attempt.number)))
            .collect();
        Ok(Self { spec, facts, view, attempts, plan: Arc::new(plan), head })
    }
}

/// Goes through a run's facts once more.
struct Replay<'p> {
    plan: &'p Plan,
    state: RunState,
    import: RunImport,
    events: Vec<Event>,
}

impl<'p> Replay<'p> {
    fn new(run: &RunId, plan: &'p Plan) -> Self {
        let (state, import) = (RunState::new(run.clone()), RunImport::new(run.clone()));
        Self { plan, state, import, events: Vec::new() }
    }

    fn take(&mut self, event: Event) -> Result<(), Error> {
        if matches!(&event, Event::TaskExpanded { count, .. } if *count > ITERATIONS) {
            return Err(Error::Invalid(format!("{JOURNAL} has a loop of more than {ITERATIONS} iterations")));
        }
        // A retry forgets tasks: what they were before is written before.
        if matches!(event, Event::RunRetried { .. }) || self.events.len() >= PIECE {
            self.flush()?;
        }
        self.state.apply(self.plan, &event);
        self.events.push(event);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        let events = std::mem::take(&mut self.events);
        if events.is_empty() {
            return Ok(());
        }
        let changed = changed_tasks(&events);
        let mut tasks: Vec<_> =
            changed.iter().filter_map(|key| self.state.task_view(self.plan, key)).collect();
        tasks.sort_by(|one, other| (one.created_at, &one.key).cmp(&(other.created_at, &other.key)));
        Ok(self.import.add(&events, &tasks)?)
    }

    fn finish(mut self) -> Result<(RunImport, RunState), Error> {
        self.flush()?;
        Ok((self.import, self.state))
    }
}

/// Lets every path in a fact hold here.
fn turn(roots: &Roots<'_>, event: &mut Event) {
    use pipewright_store::engine::AttemptEnd;
    let all = |lists: &mut std::collections::BTreeMap<String, Vec<pipewright_plan::ArtifactValue>>| {
        for artifact in lists.values_mut().flatten() {
            artifact.uri = roots.uri(&artifact.uri);
        }
    };
    match event {
        Event::RunSubmitted { submit, .. } => roots.to.clone_into(&mut submit.pipeline_root),
        Event::TaskStarted { inputs, .. } => all(&mut Arc::make_mut(inputs).artifacts),
        Event::Imported { artifact, .. } => artifact.uri = roots.uri(&artifact.uri),
        Event::TaskEnded { outcome, .. } | Event::RunEnded { outcome, .. } => all(&mut outcome.artifacts),
        Event::AttemptEnded { end, .. } => {
            if let AttemptEnd::Succeeded { published, .. } = &mut **end {
                for artifact in published.artifacts.values_mut().flat_map(|list| &mut list.artifacts) {
                    artifact.uri = roots.uri(&artifact.uri);
                }
            }
        }
        Event::TaskExpanded { .. }
        | Event::TaskSkipped { .. }
        | Event::CacheMissed { .. }
        | Event::CacheHit { .. }
        | Event::AttemptPlanned { .. }
        | Event::AttemptPreparing { .. }
        | Event::AttemptStarted { .. }
        | Event::AttemptDoomed { .. }
        | Event::RetryScheduled { .. }
        | Event::CancelRequested { .. }
        | Event::RunRetried { .. }
        | Event::LocksWanted { .. }
        | Event::LocksAwaited { .. }
        | Event::LocksAcquired { .. }
        | Event::TaskSuspended { .. }
        | Event::TaskReleased { .. }
        | Event::TaskResumed { .. } => {}
    }
}

/// Finds the experiment that the run belongs to here, by the same name when none is asked for; makes it if need be.
async fn experiment(
    app: &App,
    (asked, namespace): (Option<String>, Option<String>),
    head: &Head,
) -> Result<String, Error> {
    if let Some(id) = asked {
        return Ok(app.store.get_experiment(&id).await?.id);
    }
    let name = &head.experiment.display_name;
    let filter = serde_json::json!({
        "predicates": [{"operation": "EQUALS", "key": "display_name", "string_value": name}],
    });
    let query = ListQuery {
        page_size: Some(1),
        filter: Some(filter.to_string()),
        namespace: namespace.clone(),
        ..ListQuery::default()
    };
    if let Some(found) = app.store.list_experiments(&query).await?.items.into_iter().next() {
        return Ok(found.id);
    }
    let description = head.experiment.description.clone();
    let namespace = namespace.unwrap_or_default();
    let new = NewExperiment { namespace, display_name: name.clone(), description };
    crate::v2beta1::check_experiment_name(name, "display_name")?;
    Ok(app.store.create_experiment(new).await?.id)
}

async fn may_use(app: &App, permit: &Permit, version: &str) -> bool {
    let namespace = app.store.namespace_of(Kind::PipelineVersion, version).await;
    namespace.is_ok_and(|namespace| permit.check_as((Verb::Get, "pipelines"), &namespace).is_ok())
}

async fn row(
    app: &App,
    permit: &Permit,
    parts: &Parts,
    (experiment_id, is_archived): (String, Option<bool>),
) -> Run {
    let head = &parts.head.run;
    // A version counts when it is here as well, and who imports may see it.
    let version = match &head.pipeline_version_id {
        Some(id) if may_use(app, permit, id).await => {
            app.store.get_pipeline_version(id).await.ok().filter(|it| it.pipeline_spec == parts.spec)
        }
        _ => None,
    };
    Run {
        id: head.run_id.clone(),
        // That of the experiment.
        namespace: String::new(),
        display_name: head.display_name.clone(),
        description: head.description.clone(),
        experiment_id,
        pipeline_id: version.as_ref().map(|version| version.pipeline_id.clone()),
        pipeline_version_id: version.map(|version| version.id),
        pipeline_name: parts.plan.name.clone(),
        pipeline_spec: Value::Null,
        parameters: head.parameters.clone(),
        pipeline_root: None,
        service_account: head.service_account.clone(),
        plugins_input: head.plugins_input.clone(),
        recurring_run_id: None,
        archived: is_archived.unwrap_or(head.archived),
        created_at: head.created_at,
        scheduled_at: head.scheduled_at,
        view: parts.view.clone(),
    }
}

/// Says where the entries of logs and samples go.
fn log_places(app: &App, parts: &Parts) -> Vec<(String, PathBuf)> {
    let mut places = Vec::with_capacity(2 * parts.attempts.len());
    for (task, number) in &parts.attempts {
        let of = AttemptId { run: parts.head.run.run_id.clone(), task: task.clone(), number: *number };
        places.push((attempt_entry(task, *number, "log"), app.logs.log_path(&of)));
        places.push((attempt_entry(task, *number, "usage"), app.logs.usage_path(&of)));
    }
    places
}

/// Files that were made; they go again unless they are kept.
#[derive(Default)]
struct Unpacked {
    files: Vec<PathBuf>,
    /// Those of them that are artifacts.
    artifacts: Vec<PathBuf>,
    bytes: u64,
    is_kept: bool,
}

impl Unpacked {
    /// Keeps the files; artifacts are finished, so nobody writes to them any more.
    async fn keep(mut self) {
        self.is_kept = true;
        let artifacts = std::mem::take(&mut self.artifacts);
        let protected = tokio::task::spawn_blocking(move || {
            artifacts.iter().try_for_each(|path| pipewright_artifacts::make_read_only(path))
        });
        if let Ok(Err(error)) = protected.await {
            tracing::warn!(%error, "an imported artifact can still be written to");
        }
    }

    /// Writes a file that is not there yet; what is there already stays.
    fn write(&mut self, from: impl Read, to: &Path) -> Result<(), Error> {
        let cannot = |error| Error::internal("failed to unpack the file", error);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(cannot)?;
        }
        let mut file = match OpenOptions::new().write(true).create_new(true).open(to) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            Err(error) => return Err(cannot(error)),
        };
        self.files.push(to.to_owned());
        let most = UNPACKED_LIMIT - self.bytes;
        let written = io::copy(&mut from.take(most + 1), &mut file).map_err(damaged)?;
        self.bytes += written;
        if written > most {
            return Err(Error::Invalid(format!("the file holds more than {} GiB", UNPACKED_LIMIT >> 30)));
        }
        Ok(())
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        if !self.is_kept {
            self.files.iter().for_each(|path| drop(fs::remove_file(path)));
        }
    }
}

fn unpack(
    path: &Path,
    logs: &[(String, PathBuf)],
    (root, run): (&str, &RunId),
    unpacked: &mut Unpacked,
) -> Result<(), Error> {
    let mut archive = open(path)?;
    for (name, place) in logs {
        if let Some(index) = archive.index_for_name(name) {
            let log = archive.by_index(index).map_err(damaged)?;
            unpacked.write(log, place)?;
        }
    }
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        let Some(below) = name.strip_prefix(ARTIFACTS) else { continue };
        let is_folder = below.ends_with('/');
        let Some(below) = paths::of_run(below.trim_end_matches('/'), &run.0) else {
            return Err(Error::Invalid(format!("entry `{name}` does not belong to run {run}")));
        };
        let place = Path::new(root).join(below);
        if is_folder {
            let made = fs::create_dir_all(&place);
            made.map_err(|error| Error::internal("failed to unpack the file", error))?;
        } else {
            unpacked.write(entry, &place)?;
            unpacked.artifacts.push(place);
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<ZipArchive<File>, Error> {
    let file = File::open(path).map_err(|error| Error::internal("failed to read what was sent", error))?;
    ZipArchive::new(file).map_err(damaged)
}

fn damaged(error: impl std::fmt::Display) -> Error {
    Error::Invalid(format!("the file is no exported run, or damaged: {error}"))
}

fn entry<'a, R: Read + Seek>(archive: &'a mut ZipArchive<R>, name: &str) -> Result<impl Read + 'a, Error> {
    archive.by_name(name).map_err(|error| damaged(format!("{name}: {error}")))
}

fn document<T: DeserializeOwned>(archive: &mut ZipArchive<File>, name: &str) -> Result<T, Error> {
    let text = entry(archive, name)?.take(DOCUMENT_LIMIT);
    serde_json::from_reader(BufReader::new(text)).map_err(|error| damaged(format!("{name}: {error}")))
}

/// Does what waits for the disk; facts that nobody can make sense of are a damaged file.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let result = tokio::task::spawn_blocking(work).await;
    result.map_err(|error| Error::internal("reading the file failed", error))?
}
