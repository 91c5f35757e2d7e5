//! Keeps what is in flight, and turns what the engine says of containers into observations.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error as EngineError;
use bollard::query_parameters::{ListContainersOptions, ListVolumesOptions};
use futures::StreamExt;
use futures::future::BoxFuture;
use pipewright_engine::{
    AttemptEnd, AttemptId, ExecutorChoice, Failure, Launch, Observation, Observed, RunId,
};
use pipewright_plan::Usage;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_util::task::TaskTracker;

use super::body;
use super::claim::{self, Claim};
use super::engine::{self, EngineFacts};
use super::image::{self, refused};
use super::layout::{END, LOG, MARKER, REPORT, STARTED, read_end, reports_in};
use super::life::{is_new, stop_forgotten};
use super::make::Place;
use super::options::{Error, Options};
use super::pod::{self, Pod};
use super::program::Program;
use super::reports::Reports;
use super::room::Room;
use crate::pod_defaults;
use crate::process::request::{self, Common};
use crate::process::teller::Teller;
use crate::process::{folder, outcome};
use crate::seam::{Executor, ImageState, LogSource, OBSERVATIONS_CAPACITY, Observations};

/// How often an attempt is begun again after its engine was away.
const COMEBACKS: u32 = 5;
/// How long an engine may take to say that it is there, how often and with what pauses it is asked: five minutes.
const PING: Duration = Duration::from_secs(5);
const PINGS: u32 = 600;
const PING_PAUSE: Duration = Duration::from_millis(500);
/// How many attempts' containers are removed at once.
const REMOVALS: usize = 4;
/// How often an engine is asked what may be left over, with pauses that double: a minute.
const LISTINGS: u32 = 7;

/// Runs attempts as containers. A clone is another handle of the same executor.
#[derive(Clone)]
pub struct ContainerExecutor {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) docker: Docker,
    pub(super) facts: EngineFacts,
    pub(super) program: Program,
    pub(super) common: Common,
    pub(super) room: Room,
    pub(super) reports: Reports,
    observations: mpsc::Sender<Observation>,
    in_flight: Mutex<BTreeMap<AttemptId, Flight>>,
    /// Attempts whose containers are just being made: what lies around these stays until that is over. Podman makes
    /// folders, open to all, in place of what it does not find.
    making: Mutex<BTreeSet<AttemptId>>,
    /// Holds a token for each attempt whose end is told and whose containers are being removed.
    pub(super) leaving: TaskTracker,
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
        let common = Common {
            home: options.home.clone(),
            env,
            flush: false,
            processes: options.processes,
            log_bytes: options.log_bytes,
            disk_bytes: options.disk_bytes,
            disk_reserve_bytes: options.disk_reserve_bytes,
        };
        let room = Room::find(&options.home);
        let shared = Arc::new(Shared {
            options,
            docker,
            facts,
            program,
            common,
            room,
            reports: Reports::start(),
            observations,
            in_flight: Mutex::default(),
            making: Mutex::default(),
            leaving: TaskTracker::new(),
        });
        tokio::spawn(remove_orphans(Arc::clone(&shared)));
        Ok((Self { shared }, receiver))
    }

    /// Says which engine runs the containers.
    pub fn engine(&self) -> &EngineFacts {
        &self.shared.facts
    }

    /// Waits until the containers of all attempts whose end was told are removed.
    pub async fn tidy(&self) {
        self.shared.leaving.close();
        self.shared.leaving.wait().await;
    }

    /// Tells whether an attempt is or was one of containers.
    pub(crate) fn owns(home: &Path, attempt: &AttemptId) -> bool {
        folder::path_of(home, attempt).join(MARKER).exists()
    }

    /// Tells whether an attempt of a run is a container whose end is not known.
    pub fn has_open(home: &Path, run: &RunId) -> bool {
        let attempts = std::fs::read_dir(folder::of_run(home, run)).into_iter().flatten().flatten();
        let mut folders = attempts.map(|attempt| attempt.path());
        folders.any(|folder| folder.join(MARKER).exists() && !folder.join(END).exists())
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

    fn making(&self) -> MutexGuard<'_, BTreeSet<AttemptId>> {
        self.making.lock().expect("no code panics while it holds the lock")
    }

    /// Tells whether an attempt's containers are just being made; whoever makes them clears up after that.
    pub(super) fn is_making(&self, attempt: &AttemptId) -> bool {
        self.making().contains(attempt)
    }

    pub(super) fn folder_of(&self, attempt: &AttemptId) -> PathBuf {
        folder::path_of(&self.options.home, attempt)
    }

    pub(super) fn teller(&self, attempt: &AttemptId) -> Teller {
        Teller { attempt: attempt.clone(), observations: self.observations.clone() }
    }

    /// Tells an attempt's end, once.
    pub(super) async fn end(&self, attempt: &AttemptId, end: AttemptEnd) {
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
                Found::Container => return self.watch(&attempt, None, &Pod::read(&folder)).await,
                Found::Nothing => {}
            }
        }
        let defaults = self.add_defaults(&mut launch).await;
        let mut tries = 0;
        let failure = loop {
            let made = match &defaults {
                Ok(()) => Arc::clone(&self).make_once(launch.clone(), folder.clone()).await,
                Err(failure) => Err(failure.clone()),
            };
            match made {
                Ok((place, pod)) => return self.watch(&attempt, Some(place), &pod).await,
                // What was made so far is taken up as it is.
                Err(_) if tries < COMEBACKS && self.is_away().await => {
                    tries += 1;
                    self.teller(&attempt)
                        .note("the container engine does not answer; waiting for it".to_owned())
                        .await;
                    self.outwait().await;
                }
                Err(failure) => break failure,
            }
        };
        self.settle(&attempt, AttemptEnd::Failed { failure, usage: Usage::default(), published: None }).await;
    }

    /// Makes an attempt's containers and starts the first.
    async fn make_once(self: Arc<Self>, launch: Launch, folder: PathBuf) -> Result<(Place, Pod), Failure> {
        let attempt = launch.attempt.clone();
        let drafts = self.draft_all(launch, folder).await?;
        let pod = drafts.pod.clone();
        let shared = Arc::clone(&self);
        self.making().insert(attempt.clone());
        // A task of its own, which nobody calls off: an engine may go on with what it was asked for.
        let making = tokio::spawn(async move {
            let pod = drafts.pod.clone();
            let _leaving = shared.leaving.token();
            let made = shared.make_all(drafts).await;
            shared.making().remove(&attempt);
            if !shared.in_flight().contains_key(&attempt) {
                shared.clear(&attempt, &pod).await;
            }
            made
        });
        let place = making.await.unwrap_or_else(|error| {
            Err(refused(format!("making the container ended abnormally: {error}"), None))
        })?;
        Ok((place, pod))
    }

    /// Tells whether the engine does not answer just now.
    async fn is_away(&self) -> bool {
        !matches!(tokio::time::timeout(PING, self.docker.ping()).await, Ok(Ok(_)))
    }

    /// Waits until the engine answers, within reason.
    async fn outwait(&self) {
        for _ in 0..PINGS {
            tokio::time::sleep(PING_PAUSE).await;
            if !self.is_away().await {
                return;
            }
        }
    }

    /// Adds what tasks with its labels get.
    async fn add_defaults(&self, launch: &mut Launch) -> Result<(), Failure> {
        if let Some(objects) = self.options.objects.get() {
            let all = objects.pod_defaults(&launch.namespace).await;
            let all = all.map_err(|why| refused(format!("failed to look up PodDefaults: {why}"), None))?;
            pod_defaults::apply(launch, &all)?;
        }
        Ok(())
    }

    /// Says what is left of an attempt that was launched before.
    async fn found(&self, attempt: &AttemptId) -> Found {
        let folder = self.folder_of(attempt);
        if let Some(end) = read_end(&folder) {
            return Found::Ended(end);
        }
        let state = self.inspect(&body::name_of(attempt)).await;
        match (claim::look(&folder.join(REPORT)), state) {
            // The machine was started again before it began: what it was to be told is gone with the memory.
            (Claim::Open, Some(state)) if is_new(&state) && !self.room.is_ready(&folder) => Found::Nothing,
            (_, Some(_)) | (Claim::Held, None) => Found::Container,
            (Claim::Over, None) => Found::Ended(self.end_without(attempt)),
            (Claim::Open, None) if folder.join(STARTED).exists() => Found::Ended(self.end_without(attempt)),
            // It was about to be made.
            (Claim::Open, None) => Found::Nothing,
        }
    }

    /// Waits for a container's end in a task of its own. `place` is told when it was just started.
    async fn watch(self: &Arc<Self>, attempt: &AttemptId, place: Option<Place>, pod: &Pod) {
        let is_wanted = self.in_flight().get_mut(attempt).map(|flight| *flight = Flight::Running).is_some();
        if !is_wanted {
            // Called off meanwhile; its folder is swept already.
            return self.remove(attempt, pod).await;
        }
        let is_fresh = place.is_some();
        let (place, image) = match place {
            Some(Place { shown, digest }) => (shown, Some(digest)),
            None => (format!("container {}", body::name_of(attempt)), None),
        };
        self.teller(attempt).tell(Observed::Started { place, image }).await;
        let (shared, attempt) = (Arc::clone(self), attempt.clone());
        tokio::spawn(async move {
            let end = shared.wait(&attempt, is_fresh).await;
            shared.settle(&attempt, end).await;
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

/// Removes containers and volumes of this home folder whose end is known.
async fn remove_orphans(shared: Arc<Shared>) {
    remove_remembered(&shared).await;
    let filters = Some(body::filters(&shared.options.home));
    let options = ListContainersOptions { all: true, filters: filters.clone(), ..Default::default() };
    let found = ask("its containers", || shared.docker.list_containers(Some(options.clone()))).await;
    let in_flight: BTreeSet<String> = shared.in_flight().keys().map(AttemptId::digest).collect();
    let folder_of = |run: &str, digest: &str| shared.options.home.join("attempts").join(run).join(digest);
    let is_over = |run: &str, digest: &str| {
        let folder = folder_of(run, digest);
        (folder.join(END).exists() || !folder.exists()) && !in_flight.contains(digest)
    };
    let is_orphan = |labels: &HashMap<String, String>| {
        let (run, digest) = (labels.get(body::RUN), labels.get(body::ATTEMPT));
        run.zip(digest).is_some_and(|(run, digest)| is_over(run, digest))
    };
    let mut orphans: Vec<(bool, String)> = Vec::new();
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    for container in found.unwrap_or_default() {
        let labels = container.labels.unwrap_or_default();
        if let Some(id) = container.id.filter(|_| is_orphan(&labels)) {
            // Those that others share a network with go last.
            let names = container.names.unwrap_or_default();
            orphans.push((names.iter().any(|name| pod::is_holder(name)), id));
            folders.extend(
                labels.get(body::RUN).zip(labels.get(body::ATTEMPT)).map(|(run, id)| folder_of(run, id)),
            );
        }
    }
    orphans.sort();
    for (_, id) in orphans {
        tracing::info!(container = id, "removing a container that nobody waits for");
        shared.remove_container(&id).await;
    }
    for report in folders.iter().flat_map(|folder| reports_in(folder)) {
        stop_forgotten(&report).await;
    }
    let options = ListVolumesOptions { filters };
    let found = ask("its volumes", || shared.docker.list_volumes(Some(options.clone()))).await;
    for volume in found.and_then(|found| found.volumes).unwrap_or_default() {
        if is_orphan(&volume.labels) {
            tracing::info!(volume = volume.name, "removing a volume that nobody needs");
            shared.remove_volume(&volume.name).await;
        }
    }
    for (run, digest) in shared.room.attempts() {
        if is_over(&run, &digest) {
            shared.room.sweep(&folder_of(&run, &digest));
        }
    }
}

/// Removes what attempts have left whose secrets are still here, by its names: Podman that was killed while it removed
/// a container may list nothing any more.
async fn remove_remembered(shared: &Arc<Shared>) {
    let attempts = shared.room.attempts().into_iter();
    let folders = attempts.map(|(run, digest)| shared.options.home.join("attempts").join(run).join(digest));
    let over: Vec<PathBuf> = folders.filter(|folder| folder.join(END).exists()).collect();
    futures::stream::iter(over)
        .for_each_concurrent(REMOVALS, |folder| async move {
            let Some(attempt) = shared.room.attempt_in(&folder) else { return };
            tracing::info!(%attempt, "removing what nobody waits for");
            shared.remove(&attempt, &Pod::read(&folder)).await;
            shared.sweep(folder).await;
        })
        .await;
}

/// Asks an engine for a list: it may refuse while it is busy, or when one of them is just leaving.
async fn ask<T, F: Future<Output = Result<T, EngineError>>>(what: &str, list: impl Fn() -> F) -> Option<T> {
    let mut pause = PING_PAUSE;
    for _ in 0..LISTINGS {
        match list().await {
            Ok(found) => return Some(found),
            Err(error) => tracing::debug!(what, %error, "the engine does not list them"),
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    // Found again at the next start.
    tracing::warn!(what, "the engine does not list what may be left over");
    None
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
                    shared.settle(&attempt, outcome::cancelled()).await;
                }
                Wish::Look => match shared.found(&attempt).await {
                    Found::Nothing => shared.settle(&attempt, outcome::cancelled()).await,
                    Found::Ended(end) => shared.end(&attempt, end).await,
                    Found::Container => {
                        let pod = Pod::read(&shared.folder_of(&attempt));
                        shared.watch(&attempt, None, &pod).await;
                        shared.stop(&attempt);
                    }
                },
            }
        })
    }

    fn forget(&self, attempt: AttemptId) -> BoxFuture<'_, ()> {
        // Containers and scratch go when the end is written.
        Box::pin(async move {
            if !self.shared.is_making(&attempt) {
                self.shared.sweep(self.shared.folder_of(&attempt)).await;
            }
        })
    }

    fn image(&self, image: &str, _wish: Option<ExecutorChoice>) -> BoxFuture<'_, ImageState> {
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
