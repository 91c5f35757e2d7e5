//! Keeps what is in flight, and turns what the engine says of containers into observations.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::Docker;
use bollard::errors::Error as EngineError;
use bollard::models::ContainerState;
use bollard::query_parameters::{
    CreateContainerOptions, InspectContainerOptions, ListContainersOptions, RemoveContainerOptions,
    StartContainerOptions, StopContainerOptions, WaitContainerOptions,
};
use futures::StreamExt;
use futures::future::BoxFuture;
use pipewright_engine::{AttemptEnd, AttemptId, Failure, FailureReason, Launch, Observation, Observed};
use pipewright_plan::{ExitReport, Filling, LaunchSpec, Usage, VolumeContent, Word};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::body::{self, LOG, Parts, REPORT, REQUEST, SCRATCH};
use super::engine::{self, EngineFacts};
use super::image::{self, Facts, reason, refused};
use super::options::{Error, Options};
use super::program::Program;
use crate::pod_defaults;
use crate::process::request::{self, Common, Surroundings};
use crate::process::teller::Teller;
use crate::process::{folder, outcome, places, pod};
use crate::seam::{Executor, ImageState, LogSource, OBSERVATIONS_CAPACITY, Observations};

/// Says that an attempt is a container's.
const MARKER: &str = "container";
/// The end of an attempt as it was told.
const END: &str = "end.json";
/// The container has been started.
const STARTED: &str = "started";
/// Longest report that is read.
const REPORT_BYTES: u64 = 64 << 20;
/// Pauses between questions to an engine that does not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What the launcher needs after the grace of its command, before the engine ends it.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Runs attempts as containers. A clone is another handle of the same executor.
#[derive(Clone)]
pub struct ContainerExecutor {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    docker: Docker,
    facts: EngineFacts,
    program: Program,
    common: Common,
    observations: mpsc::Sender<Observation>,
    in_flight: Mutex<BTreeMap<AttemptId, Flight>>,
}

/// How far an attempt is.
enum Flight {
    /// Its image is fetched, its container made.
    Preparing { task: Option<AbortHandle> },
    /// There is a container.
    Running,
}

impl ContainerExecutor {
    /// Connects to the engine, and removes what nobody waits for: containers of this home folder that have ended
    /// and whose end is written down.
    pub async fn start(options: Options) -> Result<(Self, Observations), Error> {
        let (docker, facts) = engine::connect(options.socket.as_deref()).await?;
        let program = Program::find(&options.program)?;
        tracing::info!(engine = facts.name, "containers are run");
        let (observations, receiver) = mpsc::channel(OBSERVATIONS_CAPACITY);
        let env = request::inherited_env().into_iter().chain(options.env.clone()).collect();
        let (processes, log_bytes) = (options.processes, options.log_bytes);
        let common = Common { home: options.home.clone(), env, flush: false, processes, log_bytes };
        let in_flight = Mutex::default();
        let shared = Arc::new(Shared { options, docker, facts, program, common, observations, in_flight });
        tokio::spawn(remove_orphans(Arc::clone(&shared)));
        Ok((Self { shared }, receiver))
    }

    /// Says which engine runs the containers.
    pub fn engine(&self) -> &EngineFacts {
        &self.shared.facts
    }

    /// Tells whether an attempt is or was one of containers.
    pub(crate) fn owns(home: &Path, attempt: &AttemptId) -> bool {
        folder::path_of(home, attempt).join(MARKER).exists()
    }

    /// Tells whether an attempt is being looked after.
    pub(crate) fn is_in_flight(&self, attempt: &AttemptId) -> bool {
        self.shared.in_flight().contains_key(attempt)
    }
}

impl Shared {
    fn in_flight(&self) -> MutexGuard<'_, BTreeMap<AttemptId, Flight>> {
        self.in_flight.lock().expect("no code panics while it holds the lock")
    }

    fn folder_of(&self, attempt: &AttemptId) -> PathBuf {
        folder::path_of(&self.options.home, attempt)
    }

    fn teller(&self, attempt: &AttemptId) -> Teller {
        Teller { attempt: attempt.clone(), observations: self.observations.clone() }
    }

    /// Tells an attempt's end, once.
    async fn end(&self, attempt: &AttemptId, end: AttemptEnd) {
        if self.in_flight().remove(attempt).is_some() {
            self.teller(attempt).tell(Observed::Ended { end: Box::new(end) }).await;
        }
    }

    async fn begin(self: Arc<Self>, mut launch: Launch) {
        let attempt = launch.attempt.clone();
        let folder = self.folder_of(&attempt);
        if folder.join(MARKER).exists() {
            match self.found(&attempt).await {
                Found::Ended(end) => return self.end(&attempt, end).await,
                Found::Container => return self.watch(&attempt, None).await,
                Found::Nothing => {}
            }
        }
        let created = match self.add_defaults(&mut launch).await {
            Ok(()) => self.create(&launch, &folder).await,
            Err(failure) => Err(failure),
        };
        match created {
            Ok(place) => self.watch(&attempt, Some(place)).await,
            Err(failure) => {
                let end = AttemptEnd::Failed { failure, usage: Usage::default() };
                self.settle(&attempt, &end).await;
                self.end(&attempt, end).await;
            }
        }
    }

    /// Adds what tasks with its labels get, and refuses what containers cannot do yet.
    async fn add_defaults(&self, launch: &mut Launch) -> Result<(), Failure> {
        if let Some(objects) = self.options.objects.get() {
            let all = objects.pod_defaults(&launch.namespace).await;
            let all = all.map_err(|why| refused(format!("failed to look up PodDefaults: {why}"), None))?;
            pod_defaults::apply(launch, &all)?;
        }
        match launch.companions.first() {
            None => Ok(()),
            Some(companion) => Err(refused(
                format!(
                    "`{}` runs beside or before the task, which containers of an engine do not do",
                    companion.name
                ),
                Some(
                    "run it as processes: --executor process, or `executor = \"process\"` in images.toml"
                        .to_owned(),
                ),
            )),
        }
    }

    /// Says what is left of an attempt that was launched before.
    async fn found(&self, attempt: &AttemptId) -> Found {
        let folder = self.folder_of(attempt);
        if let Some(end) = read_end(&folder) {
            return Found::Ended(end);
        }
        match self.inspect(attempt).await {
            Some(_) => Found::Container,
            None if folder.join(STARTED).exists() => Found::Ended(self.end_without(attempt)),
            // It was about to be made.
            None => Found::Nothing,
        }
    }

    /// Makes the end of an attempt whose container is gone: its report may be there all the same.
    fn end_without(&self, attempt: &AttemptId) -> AttemptEnd {
        let folder = self.folder_of(attempt);
        match read_report(&folder) {
            Some(report) => outcome::end_of(report, folder::was_killed(&folder)),
            None if folder::was_killed(&folder) => outcome::cancelled(),
            None => outcome::lost(),
        }
    }

    /// Makes and starts the container; returns where the attempt runs.
    async fn create(&self, launch: &Launch, folder: &Path) -> Result<String, Failure> {
        let teller = self.teller(&launch.attempt);
        let failed =
            |error: io::Error| refused(format!("failed to prepare {}: {error}", folder.display()), None);
        make_folder(folder).map_err(failed)?;
        let facts = image::ensure(&self.docker, launch, &self.options.objects, &teller).await?;
        let around = self.surroundings(launch, &facts).await?;
        let notes = around.notes.clone();
        let spec = request::spec_of(launch.clone(), folder, around, &self.common);
        let outputs = output_folders(&spec);
        prepare(folder, &spec, &outputs, &notes).map_err(failed)?;
        let parts = Parts {
            launch,
            spec: &spec,
            facts: &facts,
            engine: &self.facts,
            options: &self.options,
            program: &self.program,
            outputs: &outputs,
        };
        let body = body::body(&parts)?;
        let name = body::name_of(&launch.attempt);
        let options =
            CreateContainerOptions { name: Some(name.clone()), ..CreateContainerOptions::default() };
        match self.docker.create_container(Some(options), body).await {
            Ok(_) => {}
            // It was made before, and is started below unless it runs.
            Err(EngineError::DockerResponseServerError { status_code: 409, .. }) => {
                self.check_owner(&name).await?
            }
            Err(error) => {
                return Err(refused(format!("failed to make the container: {}", reason(&error)), None));
            }
        }
        match self.docker.start_container(&name, None::<StartContainerOptions>).await {
            Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 304, .. }) => {}
            Err(error) => {
                self.remove(&launch.attempt).await;
                return Err(refused(format!("failed to start the container: {}", reason(&error)), None));
            }
        }
        fs::write(folder.join(STARTED), b"").map_err(failed)?;
        Ok(format!("container {name}, image {}, {}", launch.image, facts.digest))
    }

    /// Fails when a container of that name is not ours.
    async fn check_owner(&self, name: &str) -> Result<(), Failure> {
        let found = self.docker.inspect_container(name, None::<InspectContainerOptions>).await;
        let labels = found.ok().and_then(|found| found.config?.labels).unwrap_or_default();
        if labels.get(body::HOME).is_some_and(|home| Path::new(home) == self.options.home) {
            return Ok(());
        }
        let hint = format!("remove it if nobody needs it: docker rm -f {name}");
        Err(refused(format!("there is a container {name} of another home folder"), Some(hint)))
    }

    /// Works out what the launcher is told of the image and the pod.
    async fn surroundings(&self, launch: &Launch, facts: &Facts) -> Result<Surroundings, Failure> {
        let mut around = Surroundings {
            env: facts.env.clone(),
            working_directory: facts.working_directory.clone().or_else(|| Some(PathBuf::from("/"))),
            // Whatever it sees is the image's.
            root_filesystem: Some(PathBuf::from("/")),
            home: Some(if is_root(&facts.user) { "/root".to_owned() } else { "/".to_owned() }),
            ..Surroundings::default()
        };
        let container = &launch.container;
        if container.command.is_empty() {
            let own: Vec<&String> = match container.args.is_empty() {
                true => facts.entrypoint.iter().chain(&facts.cmd).collect(),
                false => facts.entrypoint.iter().collect(),
            };
            let words: Vec<Word> =
                own.into_iter().map(Word::literal).chain(container.args.iter().cloned()).collect();
            if words.is_empty() {
                let message = format!(
                    "the task has no command, and image {} has neither entry point nor command",
                    launch.image
                );
                return Err(refused(message, Some("give the task a command".to_owned())));
            }
            around.words = Some(words);
        }
        if let Some(path) = &container.working_directory {
            let (executor_input, defaults, job) = (&launch.executor_input, &launch.defaults, &launch.job);
            around.working_directory = Some(Filling { executor_input, defaults, job }.text(path).into());
        }
        around.brought = pod::bring(launch, &self.options.objects).await?;
        let placed = places::place(launch, &around.brought.volumes, places::Image::Whole)?;
        around.brought.volumes.extend(placed.volumes);
        around.files.extend(placed.files);
        around.places = placed.places;
        Ok(around)
    }

    /// Waits for a container's end in a task of its own. `place` is told when it was just started.
    async fn watch(self: &Arc<Self>, attempt: &AttemptId, place: Option<String>) {
        let is_wanted = self.in_flight().get_mut(attempt).map(|flight| *flight = Flight::Running).is_some();
        if !is_wanted {
            // Called off meanwhile.
            return self.remove(attempt).await;
        }
        let place = place.unwrap_or_else(|| format!("container {}", body::name_of(attempt)));
        self.teller(attempt).tell(Observed::Started { place }).await;
        let (shared, attempt) = (Arc::clone(self), attempt.clone());
        tokio::spawn(async move {
            let end = shared.wait(&attempt).await;
            shared.settle(&attempt, &end).await;
            shared.end(&attempt, end).await;
        });
    }

    /// Waits until the container has ended, however often the engine goes away meanwhile.
    async fn wait(&self, attempt: &AttemptId) -> AttemptEnd {
        let name = body::name_of(attempt);
        let mut pause = FIRST_PAUSE;
        loop {
            let options = WaitContainerOptions { condition: "not-running".to_owned() };
            let waited = self.docker.wait_container(&name, Some(options)).next().await;
            let is_told = matches!(waited, Some(Ok(_) | Err(EngineError::DockerContainerWaitError { .. })));
            match self.inspect(attempt).await {
                Some(state) if state.running == Some(true) || state.restarting == Some(true) => {}
                // Made, and not started before the engine or we went away.
                Some(state) if state.started_at.as_deref().is_none_or(|at| at.starts_with("0001")) => {
                    let _ = self.docker.start_container(&name, None::<StartContainerOptions>).await;
                }
                Some(state) => return self.end_of(attempt, &state),
                None => return self.end_without(attempt),
            }
            if !is_told {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    fn end_of(&self, attempt: &AttemptId, state: &ContainerState) -> AttemptEnd {
        let folder = self.folder_of(attempt);
        let killed = folder::was_killed(&folder);
        let code = state.exit_code.and_then(|code| i32::try_from(code).ok());
        let report = read_report(&folder);
        let usage = report.as_ref().map(|report| report.usage).unwrap_or_default();
        let is_success = report.as_ref().is_some_and(|report| report.published.is_some());
        let fail = |reason: FailureReason, message: String, hint: Option<&str>| AttemptEnd::Failed {
            failure: Failure { reason, message, hint: hint.map(str::to_owned), exit_code: code },
            usage,
        };
        if state.oom_killed == Some(true) && !killed && !is_success {
            let hint = "raise its memory limit, or have it use less";
            return fail(
                FailureReason::OutOfMemory,
                "memory ran out: the task used all that its limit allows".to_owned(),
                Some(hint),
            );
        }
        match report {
            Some(report) => outcome::end_of(report, killed),
            None if killed => fail(FailureReason::Cancelled, "attempt was stopped".to_owned(), None),
            // Nobody could leave a report: the engine went away with it, or somebody killed it.
            None if matches!(code, Some(137 | 143) | None) => outcome::lost(),
            None => {
                let why = state.error.clone().filter(|why| !why.is_empty());
                let why = why.unwrap_or_else(|| "the launcher could not run in it".to_owned());
                fail(
                    FailureReason::NotStarted,
                    format!("container ended with {}: {why}", code.unwrap_or(-1)),
                    None,
                )
            }
        }
    }

    /// Writes an end down, then removes the container and what lies around it.
    async fn settle(&self, attempt: &AttemptId, end: &AttemptEnd) {
        let folder = self.folder_of(attempt);
        let mut pause = FIRST_PAUSE;
        while let Err(error) = write_end(&folder, end) {
            tracing::error!(%attempt, %error, "an attempt's end cannot be written; trying again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.remove(attempt).await;
        let _ = tokio::task::spawn_blocking(move || sweep(&folder)).await;
    }

    async fn remove(&self, attempt: &AttemptId) {
        let options = RemoveContainerOptions { force: true, v: true, link: false };
        match self.docker.remove_container(&body::name_of(attempt), Some(options)).await {
            Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => {}
            // It is found again at the next start.
            Err(error) => tracing::warn!(%attempt, %error, "a container could not be removed"),
        }
    }

    /// Asks for a container until the engine answers; `None` when there is none.
    async fn inspect(&self, attempt: &AttemptId) -> Option<ContainerState> {
        let name = body::name_of(attempt);
        let mut pause = FIRST_PAUSE;
        loop {
            match self.docker.inspect_container(&name, None::<InspectContainerOptions>).await {
                Ok(found) => return Some(found.state.unwrap_or_default()),
                Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => return None,
                Err(error) => tracing::debug!(%error, "the engine does not answer"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks a container to stop: its launcher passes that on, and the engine ends what does not follow.
    fn stop(self: &Arc<Self>, attempt: &AttemptId) {
        let _ = fs::write(self.folder_of(attempt).join("killed"), b"");
        let limit = self.options.grace + LAST_WORDS;
        let t = i32::try_from(limit.as_secs()).ok();
        let (shared, name) = (Arc::clone(self), body::name_of(attempt));
        tokio::spawn(async move {
            let options = StopContainerOptions { signal: Some("SIGTERM".to_owned()), t };
            if let Err(error) = shared.docker.stop_container(&name, Some(options)).await {
                tracing::debug!(%name, %error, "stopping a container");
            }
        });
    }
}

/// What a kill has to do.
enum Wish {
    CallOff(Option<AbortHandle>),
    Stop,
    Look,
}

enum Found {
    Nothing,
    Container,
    Ended(AttemptEnd),
}

/// Removes containers of this home folder whose end is known.
async fn remove_orphans(shared: Arc<Shared>) {
    let filters = Some(body::filters(&shared.options.home));
    let options = ListContainersOptions { all: true, filters, ..ListContainersOptions::default() };
    let Ok(found) = shared.docker.list_containers(Some(options)).await else { return };
    let in_flight: BTreeSet<String> = shared.in_flight().keys().map(AttemptId::digest).collect();
    for container in found {
        let labels = container.labels.unwrap_or_default();
        let (Some(run), Some(digest), Some(id)) =
            (labels.get(body::RUN), labels.get(body::ATTEMPT), container.id)
        else {
            continue;
        };
        let folder = shared.options.home.join("attempts").join(run).join(digest);
        let is_over = folder.join(END).exists() || !folder.exists();
        if is_over && !in_flight.contains(digest) {
            tracing::info!(container = id, "removing a container that nobody waits for");
            let options = RemoveContainerOptions { force: true, v: true, link: false };
            let _ = shared.docker.remove_container(&id, Some(options)).await;
        }
    }
}

fn is_root(user: &str) -> bool {
    matches!(user.split(':').next(), None | Some("" | "0" | "root"))
}

/// Lists the folders outside of the attempt's own that outputs go to.
fn output_folders(spec: &LaunchSpec) -> Vec<PathBuf> {
    let artifacts = spec.executor_input.outputs.artifacts.values().flat_map(|list| &list.artifacts);
    let paths = artifacts.map(|artifact| pipewright_plan::local_path(&artifact.uri)).chain([spec
        .executor_input
        .outputs
        .output_file
        .clone()]);
    let mut folders: Vec<PathBuf> = Vec::new();
    for path in paths {
        let Some(parent) = Path::new(&path).parent().filter(|parent| parent.is_absolute()) else { continue };
        if *parent != *spec.directory && !folders.iter().any(|known| known == parent) {
            folders.push(parent.to_owned());
        }
    }
    folders
}

/// Makes the attempt's folder, or takes up one that was left half made.
fn make_folder(folder: &Path) -> io::Result<()> {
    if let Some(runs) = folder.parent() {
        fs::create_dir_all(runs)?;
        // Files in it are open to the image's user, whoever that is; the folder around them is ours alone.
        fs::set_permissions(runs, Permissions::from_mode(0o700))?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::write(folder.join(MARKER), b"")
}

/// Lays everything out that is mounted into the container.
fn prepare(folder: &Path, spec: &LaunchSpec, outputs: &[PathBuf], notes: &[String]) -> io::Result<()> {
    let scratch = folder.join(SCRATCH);
    let parts = ["tmp", "work", "parameters", "program", "volumes"].map(|part| scratch.join(part));
    for place in std::iter::once(&scratch).chain(&parts).chain(outputs) {
        fs::create_dir_all(place)?;
        fs::set_permissions(place, Permissions::from_mode(0o777))?;
    }
    for (number, volume) in spec.volumes.iter().enumerate() {
        match (&volume.content, &volume.sub_path) {
            (VolumeContent::Files { files }, Some(part)) => {
                let Some(file) = files.iter().find(|file| file.path == *part) else { continue };
                let path = body::file_of(folder, number);
                fs::create_dir_all(path.parent().unwrap_or(folder))?;
                let content = STANDARD.decode(&file.content).map_err(io::Error::other)?;
                write(&path, &content, file.mode & 0o777 | 0o444)?;
            }
            (VolumeContent::Scratch { name }, part) => {
                let place = scratch.join("volumes").join(name).join(part.as_deref().unwrap_or(Path::new("")));
                fs::create_dir_all(&place)?;
                fs::set_permissions(&place, Permissions::from_mode(0o777))?;
            }
            _ => {}
        }
    }
    let mut log = String::new();
    for note in notes {
        log.push_str(&format!("pipewright: {note}\n"));
    }
    write(&folder.join(LOG), log.as_bytes(), 0o666)?;
    write(&folder.join(REPORT), b"", 0o666)?;
    let spec = LaunchSpec { volumes: to_fill(spec), notes: Vec::new(), ..spec.clone() };
    write(&folder.join(REQUEST), &serde_json::to_vec(&spec).map_err(io::Error::other)?, 0o444)
}

/// Volumes that the launcher fills; all others are mounted as they are.
fn to_fill(spec: &LaunchSpec) -> Vec<pipewright_plan::LaunchVolume> {
    let is_filled = |volume: &&pipewright_plan::LaunchVolume| {
        matches!(volume.content, VolumeContent::Files { .. }) && volume.sub_path.is_none()
    };
    spec.volumes.iter().filter(is_filled).cloned().collect()
}

fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Removes what only the running container needed; log, report and end stay.
fn sweep(folder: &Path) {
    for name in [SCRATCH, "files", REQUEST, STARTED] {
        let path = folder.join(name);
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
        let removed = if is_folder { folder::remove(&path) } else { fs::remove_file(&path) };
        if let Err(error) = removed
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(path = %path.display(), %error, "scratch could not be removed");
        }
    }
}

/// Reads what a container's launcher left; a task may have written anything there.
fn read_report(folder: &Path) -> Option<ExitReport> {
    use std::io::Read;
    let mut bytes = Vec::new();
    fs::File::open(folder.join(REPORT)).ok()?.take(REPORT_BYTES).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn read_end(folder: &Path) -> Option<AttemptEnd> {
    serde_json::from_slice(&fs::read(folder.join(END)).ok()?).ok()
}

fn write_end(folder: &Path, end: &AttemptEnd) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let draft = folder.join(".end.json");
    fs::write(&draft, serde_json::to_vec(end).map_err(io::Error::other)?)?;
    fs::rename(draft, folder.join(END))
}

impl Executor for ContainerExecutor {
    fn launch(&self, launch: Launch) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let attempt = launch.attempt.clone();
            {
                let mut in_flight = self.shared.in_flight();
                if in_flight.contains_key(&attempt) {
                    return;
                }
                in_flight.insert(attempt.clone(), Flight::Preparing { task: None });
            }
            let handle = tokio::spawn(Arc::clone(&self.shared).begin(launch)).abort_handle();
            if let Some(Flight::Preparing { task }) = self.shared.in_flight().get_mut(&attempt) {
                *task = Some(handle);
            }
        })
    }

    fn kill(&self, attempt: AttemptId) -> BoxFuture<'_, ()> {
        let shared = &self.shared;
        Box::pin(async move {
            let wish = {
                let mut in_flight = shared.in_flight();
                match in_flight.get_mut(&attempt) {
                    Some(Flight::Preparing { task }) => Wish::CallOff(task.take()),
                    Some(Flight::Running) => Wish::Stop,
                    None => {
                        in_flight.insert(attempt.clone(), Flight::Preparing { task: None });
                        Wish::Look
                    }
                }
            };
            match wish {
                Wish::Stop => shared.stop(&attempt),
                Wish::CallOff(task) => {
                    if let Some(task) = task {
                        task.abort();
                    }
                    let end = outcome::cancelled();
                    shared.settle(&attempt, &end).await;
                    shared.end(&attempt, end).await;
                }
                Wish::Look => match shared.found(&attempt).await {
                    Found::Nothing => shared.end(&attempt, outcome::cancelled()).await,
                    Found::Ended(end) => shared.end(&attempt, end).await,
                    Found::Container => {
                        shared.watch(&attempt, None).await;
                        shared.stop(&attempt);
                    }
                },
            }
        })
    }

    fn forget(&self, attempt: AttemptId) -> BoxFuture<'_, ()> {
        // Containers and scratch go when the end is written.
        let folder = self.shared.folder_of(&attempt);
        Box::pin(async move {
            let _ = tokio::task::spawn_blocking(move || sweep(&folder)).await;
        })
    }

    fn image(&self, image: &str) -> BoxFuture<'_, ImageState> {
        let (docker, image) = (self.shared.docker.clone(), image.to_owned());
        Box::pin(async move {
            match image::look(&docker, &image).await {
                Ok(Some(found)) => ImageState::Digest(found.digest),
                Ok(None) | Err(_) => ImageState::Unknown,
            }
        })
    }
}

impl LogSource for ContainerExecutor {
    fn log_path(&self, attempt: &AttemptId) -> PathBuf {
        self.shared.folder_of(attempt).join(LOG)
    }
}
