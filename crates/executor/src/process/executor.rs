//! Keeps what is in flight, and turns the launcher's notices into observations.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use futures::FutureExt;
use futures::future::BoxFuture;
use pipewright_engine::{
    AttemptEnd, AttemptId, CompanionLaunch, ExecutorChoice, Failure, FailureReason, Launch, Observation,
    Observed,
};
use pipewright_plan::{Filling, LaunchCompanion, LaunchNotice, Usage};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::folder::{self, Found};
use super::link::{self, Notices, Requests};
use super::options::{Error, Isolation, Options};
use super::outcome;
use super::places;
use super::pod;
use super::request::{self, Common, NamedImage, Surroundings};
use super::surroundings::{Fitness, Surrounder};
use super::teller::Teller;
use crate::pod_defaults;
use crate::seam::{Executor, ImageState, LogSource, OBSERVATIONS_CAPACITY, Observations};

/// Runs attempts as processes of this machine. A clone is another handle of the same executor.
#[derive(Clone)]
pub struct ProcessExecutor {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    common: Common,
    surrounder: Surrounder,
    observations: mpsc::Sender<Observation>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    in_flight: BTreeMap<AttemptId, Flight>,
    tokens: BTreeMap<u64, AttemptId>,
    next_token: u64,
    /// Counts fork servers; notices of an earlier one still count.
    generation: u64,
    requests: Option<Arc<Requests>>,
    /// Why tasks cannot be isolated.
    obstacle: Option<String>,
}

/// How far an attempt is.
enum Flight {
    /// Its surroundings are being made.
    Preparing { task: Option<AbortHandle> },
    /// The launcher has been asked, or its command runs.
    Launched { generation: u64, is_running: bool, stop: bool, image: Option<NamedImage> },
    /// Found running in its folder; a thread waits for its end.
    Adopted,
}

impl ProcessExecutor {
    /// Starts the launcher. Must be called inside a tokio runtime.
    pub fn start(options: Options) -> Result<(Self, Observations), Error> {
        if !options.home.is_absolute() {
            return Err(Error::Home { home: options.home });
        }
        let (observations, receiver) = mpsc::channel(OBSERVATIONS_CAPACITY);
        let env = request::inherited_env().into_iter().chain(options.env.clone()).collect();
        let common = Common {
            home: options.home.clone(),
            env,
            flush: options.flush,
            processes: options.processes,
            log_bytes: options.log_bytes,
            disk_bytes: options.disk_bytes,
            disk_reserve_bytes: options.disk_reserve_bytes,
        };
        let surrounder = Surrounder::new(&options.home, options.images.as_deref(), options.any_image);
        let shared = Arc::new(Shared { options, common, surrounder, observations, state: Mutex::default() });
        shared
            .connect()
            .map_err(|source| Error::Launcher { program: shared.options.program.clone(), source })?;
        Ok((Self { shared }, receiver))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds the lock")
    }

    fn folder_of(&self, attempt: &AttemptId) -> PathBuf {
        folder::path_of(&self.options.home, attempt)
    }

    async fn observe(&self, attempt: &AttemptId, observed: Observed) {
        self.teller(attempt).tell(observed).await;
    }

    fn teller(&self, attempt: &AttemptId) -> Teller {
        Teller { attempt: attempt.clone(), observations: self.observations.clone() }
    }

    /// Tells an attempt's end, once.
    async fn end(&self, attempt: &AttemptId, end: AttemptEnd) {
        if self.state().in_flight.remove(attempt).is_some() {
            self.observe(attempt, Observed::Ended { end: Box::new(end) }).await;
        }
    }

    /// Starts a fork server and listens to it.
    fn connect(self: &Arc<Self>) -> io::Result<Arc<Requests>> {
        let options = &self.options;
        let isolation = match options.isolation {
            Isolation::Auto => "auto",
            Isolation::On => "on",
            Isolation::Off => "off",
        };
        let mut args: Vec<OsString> =
            ["launcher", "serve", "--isolation", isolation, "--grace-ms"].map(OsString::from).into();
        args.push(options.grace.as_millis().to_string().into());
        args.extend(["--home".into(), options.home.clone().into_os_string()]);
        let (requests, notices, mut launcher) =
            link::start(&options.program, &args, options.home.join("attempts"))?;
        let requests = Arc::new(requests);
        let generation = {
            let mut state = self.state();
            state.generation += 1;
            state.requests = Some(Arc::clone(&requests));
            state.generation
        };
        tokio::spawn(listen(Arc::downgrade(self), notices, generation));
        let shared = Arc::downgrade(self);
        tokio::spawn(async move {
            // Its supervisors may live on and hold the socket, but nobody makes new ones.
            let _ = launcher.wait().await;
            if let Some(shared) = shared.upgrade() {
                shared.drop_requests(generation);
            }
        });
        Ok(requests)
    }

    /// No more requests go to this fork server.
    fn drop_requests(&self, generation: u64) {
        let mut state = self.state();
        if state.generation == generation {
            state.requests = None;
        }
    }

    /// Sends a request; a fork server that is gone is replaced once.
    fn send(self: &Arc<Self>, launch: Launch, around: Surroundings) -> Result<(), String> {
        let (attempt, image) = (launch.attempt.clone(), around.image.clone());
        let spec = request::spec_of(launch, &self.folder_of(&attempt), around, &self.common);
        for is_last in [false, true] {
            let (token, requests) = {
                let mut state = self.state();
                state.next_token += 1;
                let (token, generation) = (state.next_token, state.generation);
                match state.in_flight.get_mut(&attempt) {
                    Some(flight) => {
                        let image = image.clone();
                        *flight = Flight::Launched { generation, is_running: false, stop: false, image };
                    }
                    None => return Ok(()),
                }
                state.tokens.insert(token, attempt.clone());
                (token, state.requests.clone())
            };
            let sent = match requests {
                Some(requests) => requests.send(token, &spec),
                None => Err(io::ErrorKind::NotConnected.into()),
            };
            match sent {
                Ok(()) => return Ok(()),
                Err(error) if is_last => return Err(self.why_unreachable(&error.to_string())),
                Err(error) => {
                    tracing::warn!(%error, "launcher is gone, starting another");
                    self.state().tokens.remove(&token);
                    self.connect().map_err(|error| format!("failed to start the launcher: {error}"))?;
                }
            }
        }
        Ok(())
    }

    /// Says why the launcher does nothing.
    fn why_unreachable(&self, what: &str) -> String {
        match (&self.options.isolation, &self.state().obstacle) {
            (Isolation::On, Some(why)) => {
                format!("isolation of tasks is demanded, and this machine does not allow it: {why}")
            }
            _ => format!("failed to reach the launcher: {what}"),
        }
    }

    /// Adopts an attempt or has its surroundings made and asks the launcher for it.
    async fn begin(self: Arc<Self>, mut launch: Launch) {
        let attempt = launch.attempt.clone();
        let folder = self.folder_of(&attempt);
        if folder.exists() {
            return self.adopt(&attempt).await;
        }
        let teller = self.teller(&attempt);
        let end = match self.surround(&mut launch, &folder, &teller).await {
            Ok(around) => match self.send(launch, around) {
                Ok(()) => return,
                Err(message) => outcome::end_without_report(FailureReason::NotStarted, message, None),
            },
            Err(failure) => AttemptEnd::Failed { failure, usage: Usage::default(), published: None },
        };
        self.end(&attempt, end).await;
    }

    /// Makes what an attempt runs in, and what the other commands of its pod do.
    async fn surround(
        &self,
        launch: &mut Launch,
        folder: &Path,
        teller: &Teller,
    ) -> Result<Surroundings, Failure> {
        if let Some(objects) = self.options.objects.get() {
            let all = objects.pod_defaults(&launch.namespace).await.map_err(|why| Failure {
                reason: FailureReason::NotStarted,
                message: format!("failed to look up PodDefaults: {why}"),
                hint: None,
                exit_code: None,
            })?;
            pod_defaults::apply(launch, &all)?;
        }
        self.surrounder.add_pod_defaults(launch);
        let mut around = self.surrounder.surround(launch, folder, teller).await?;
        around.env.extend(request::gpu_variables(launch));
        let mut around = self.bring(launch, around).await?;
        for companion in std::mem::take(&mut launch.companions) {
            let CompanionLaunch { name, role, launch } = companion;
            let folder = folder.join("companions").join(&name);
            let named =
                |failure: Failure| Failure { message: format!("{name}: {}", failure.message), ..failure };
            let mut own = self.surrounder.surround(&launch, &folder, teller).await.map_err(named)?;
            own.env.extend(request::gpu_variables(&launch));
            let own = self.bring(&launch, own).await.map_err(named)?;
            let spec = request::spec_of(launch, &folder, own, &self.common);
            around.companions.push(LaunchCompanion { name, role, spec });
        }
        pod::share(&mut around.brought.volumes, &mut around.companions);
        Ok(around)
    }

    /// Adds what the task's pod brings, if anything.
    async fn bring(&self, launch: &Launch, mut around: Surroundings) -> Result<Surroundings, Failure> {
        if let Some(path) = &launch.container.working_directory {
            let filling = Filling {
                executor_input: &launch.executor_input,
                defaults: &launch.defaults,
                job: &launch.job,
            };
            around.working_directory = Some(filling.text(path).into());
        }
        if launch.pod.is_empty() && launch.container.places.is_empty() {
            return Ok(around);
        }
        around.brought = pod::bring(launch, &self.options.objects).await?;
        let image = match (&around.root_filesystem, &around.image_root) {
            (Some(_), _) => places::Image::Whole,
            (None, Some(root)) => places::Image::Folder(root),
            (None, None) => places::Image::None,
        };
        let placed = places::place(launch, &around.brought.volumes, image)?;
        let needs_view = !placed.places.is_empty();
        around.brought.volumes.extend(placed.volumes);
        around.files.extend(placed.files);
        around.places = placed.places;
        let obstacle = self.state().obstacle.clone();
        match (around.brought.volumes.first(), obstacle) {
            (None, Some(why)) if needs_view => Err(Failure {
                reason: FailureReason::NotStarted,
                message: format!(
                    "the task leaves its outputs at paths of its own, and tasks get no view of their own here: {why}"
                ),
                hint: Some("`pipewright doctor` says how to allow it".to_owned()),
                exit_code: None,
            }),
            (Some(volume), Some(why)) => Err(Failure {
                reason: FailureReason::NotStarted,
                message: format!(
                    "the task needs a volume at {}, and tasks get no view of their own here: {why}",
                    volume.target.display()
                ),
                hint: Some("`pipewright doctor` says how to allow it".to_owned()),
                exit_code: None,
            }),
            _ => Ok(around),
        }
    }

    /// Takes up an attempt from what its folder says.
    async fn adopt(self: &Arc<Self>, attempt: &AttemptId) {
        match folder::look(&self.folder_of(attempt)) {
            Ok(Found::Ended(report)) => self.end_with(attempt, *report).await,
            Ok(Found::Running { pid }) => {
                let is_new = {
                    let mut state = self.state();
                    match state.in_flight.insert(attempt.clone(), Flight::Adopted) {
                        Some(Flight::Adopted) => return,
                        Some(Flight::Launched { is_running, .. }) => !is_running,
                        Some(Flight::Preparing { .. }) | None => true,
                    }
                };
                if let Some(pid) = pid.filter(|_| is_new) {
                    self.observe(
                        attempt,
                        Observed::Started { place: format!("supervisor {pid}"), image: None },
                    )
                    .await;
                }
                self.watch(attempt.clone());
            }
            Ok(Found::Nothing | Found::Lost) => self.end(attempt, outcome::lost()).await,
            Err(error) => {
                let message = format!("failed to read the attempt's folder: {error}");
                self.end(attempt, outcome::end_without_report(FailureReason::Lost, message, None)).await;
            }
        }
    }

    async fn end_with(&self, attempt: &AttemptId, report: pipewright_plan::ExitReport) {
        let killed = report.published.is_none() && folder::was_killed(&self.folder_of(attempt));
        self.end(attempt, outcome::end_of(report, killed)).await;
    }

    /// Waits for an adopted attempt in a thread: its lock is all that tells of its end.
    fn watch(self: &Arc<Self>, attempt: AttemptId) {
        let folder = self.folder_of(&attempt);
        let shared = Arc::downgrade(self);
        let runtime = tokio::runtime::Handle::current();
        let waiting = std::thread::Builder::new().name("attempt-watch".to_owned()).stack_size(128 * 1024);
        let spawned = waiting.spawn(move || {
            let waited = folder::wait_until_free(&folder);
            let Some(shared) = shared.upgrade() else { return };
            runtime.spawn(async move {
                if let Err(error) = waited {
                    tracing::warn!(%error, "waiting for an attempt's lock failed");
                }
                shared.adopt_after_end(&attempt).await;
            });
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread to wait for an adopted attempt");
        }
    }

    async fn adopt_after_end(self: &Arc<Self>, attempt: &AttemptId) {
        match folder::read_report(&self.folder_of(attempt)) {
            Ok(Some(report)) => self.end_with(attempt, report).await,
            Ok(None) => self.end(attempt, outcome::lost()).await,
            Err(error) => {
                let message = format!("failed to read the exit report: {error}");
                self.end(attempt, outcome::end_without_report(FailureReason::Lost, message, None)).await;
            }
        }
    }

    async fn notice(self: &Arc<Self>, notice: LaunchNotice) {
        let attempt_of = |token: u64| self.state().tokens.get(&token).cloned();
        match notice {
            LaunchNotice::Ready { isolation: None } => tracing::debug!("tasks are isolated"),
            LaunchNotice::Ready { isolation: Some(why) } => {
                tracing::info!(reason = why, "tasks cannot be isolated");
                self.state().obstacle = Some(why);
            }
            LaunchNotice::Started { token, pid } => {
                let Some(attempt) = attempt_of(token) else { return };
                let (stop_now, image) = match self.state().in_flight.get_mut(&attempt) {
                    Some(Flight::Launched { is_running, stop, image, .. }) => {
                        *is_running = true;
                        (*stop, image.take())
                    }
                    Some(Flight::Preparing { .. } | Flight::Adopted) | None => return,
                };
                let (place, image) = match image {
                    Some(NamedImage { name, digest }) => {
                        // A folder that holds a system has none.
                        let known = digest.starts_with("sha256:").then(|| digest.clone());
                        (format!("process {pid} in image {name}, {digest}"), known)
                    }
                    None => (format!("process {pid}"), None),
                };
                self.observe(&attempt, Observed::Started { place, image }).await;
                if stop_now {
                    self.stop(&attempt);
                }
            }
            LaunchNotice::Ended { token } => {
                let attempt = self.state().tokens.remove(&token);
                if let Some(attempt) = attempt {
                    self.adopt_after_end(&attempt).await;
                }
            }
            LaunchNotice::Exists { token } => {
                if let Some(attempt) = attempt_of(token) {
                    self.adopt(&attempt).await;
                }
            }
            LaunchNotice::Refused { token, message } => {
                let Some(attempt) = attempt_of(token) else { return };
                let is_running = matches!(
                    self.state().in_flight.get(&attempt),
                    Some(Flight::Launched { is_running: true, .. })
                );
                let reason = if is_running { FailureReason::Lost } else { FailureReason::NotStarted };
                self.end(&attempt, outcome::end_without_report(reason, message, None)).await;
            }
            LaunchNotice::Gone { token } => {
                let Some(attempt) = self.state().tokens.remove(&token) else { return };
                let is_in_flight =
                    matches!(self.state().in_flight.get(&attempt), Some(Flight::Launched { .. }));
                if is_in_flight {
                    self.adopt_after_end(&attempt).await;
                }
            }
        }
    }

    fn stop(&self, attempt: &AttemptId) {
        if let Err(error) = folder::signal_stop(&self.folder_of(attempt)) {
            tracing::error!(%attempt, %error, "an attempt could not be asked to stop");
        }
    }

    /// The fork server and all its supervisors are gone: what is not told yet is in the folders.
    async fn disconnected(self: &Arc<Self>, generation: u64) {
        self.drop_requests(generation);
        let left: Vec<AttemptId> = {
            let state = self.state();
            let is_left = |flight: &Flight| matches!(flight, Flight::Launched { generation: of, .. } if *of == generation);
            state.in_flight.iter().filter(|(_, flight)| is_left(flight)).map(|(id, _)| id.clone()).collect()
        };
        for attempt in left {
            match folder::look(&self.folder_of(&attempt)) {
                Ok(Found::Nothing) => {
                    let message = self.why_unreachable("it ended before it could start the command");
                    let end = outcome::end_without_report(FailureReason::NotStarted, message, None);
                    self.end(&attempt, end).await;
                }
                _ => self.adopt(&attempt).await,
            }
        }
    }
}

async fn listen(shared: Weak<Shared>, mut notices: Notices, generation: u64) {
    loop {
        let notice = notices.next().await;
        let Some(shared) = shared.upgrade() else { return };
        match notice {
            Ok(Some(notice)) => shared.notice(notice).await,
            Ok(None) => return shared.disconnected(generation).await,
            Err(error) => {
                tracing::error!(%error, "the launcher cannot be heard any more");
                return shared.disconnected(generation).await;
            }
        }
    }
}

impl Executor for ProcessExecutor {
    fn launch(&self, launch: Launch) -> BoxFuture<'_, ()> {
        let shared = &self.shared;
        Box::pin(async move {
            let attempt = launch.attempt.clone();
            {
                let mut state = shared.state();
                if state.in_flight.contains_key(&attempt) {
                    return;
                }
                state.in_flight.insert(attempt.clone(), Flight::Preparing { task: None });
            }
            // Most launches need no waiting; the others go on beside us.
            let mut begin = Box::pin(Arc::clone(shared).begin(launch));
            if (&mut begin).now_or_never().is_none() {
                let handle = tokio::spawn(begin).abort_handle();
                if let Some(Flight::Preparing { task }) = shared.state().in_flight.get_mut(&attempt) {
                    *task = Some(handle);
                }
            }
        })
    }

    fn kill(&self, attempt: AttemptId) -> BoxFuture<'_, ()> {
        let shared = &self.shared;
        Box::pin(async move {
            let wish = {
                let mut state = shared.state();
                match state.in_flight.get_mut(&attempt) {
                    Some(Flight::Preparing { task }) => {
                        if let Some(task) = task.take() {
                            task.abort();
                        }
                        // Gone at once, so that a task which still runs finds nothing to launch.
                        state.in_flight.remove(&attempt);
                        Wish::Tell
                    }
                    Some(Flight::Launched { is_running: false, stop, .. }) => {
                        *stop = true;
                        return;
                    }
                    Some(Flight::Launched { .. } | Flight::Adopted) => Wish::Stop,
                    None => {
                        state.in_flight.insert(attempt.clone(), Flight::Preparing { task: None });
                        Wish::Look
                    }
                }
            };
            match wish {
                Wish::Tell => {
                    let end = Box::new(outcome::cancelled());
                    shared.observe(&attempt, Observed::Ended { end }).await;
                }
                Wish::Stop => shared.stop(&attempt),
                Wish::Look => match folder::look(&shared.folder_of(&attempt)) {
                    Ok(Found::Nothing) => shared.end(&attempt, outcome::cancelled()).await,
                    _ => {
                        shared.adopt(&attempt).await;
                        shared.stop(&attempt);
                    }
                },
            }
        })
    }

    fn forget(&self, attempt: AttemptId) -> BoxFuture<'_, ()> {
        // Scratch is swept by the supervisor; where there is no view of its own, it lies in the folder, and one
        // that was killed leaves it there.
        let is_isolated = self.shared.state().obstacle.is_none();
        let folder = self.shared.folder_of(&attempt);
        Box::pin(async move {
            if !is_isolated {
                let _ = tokio::task::spawn_blocking(move || folder::remove_scratch(&folder)).await;
            }
        })
    }

    fn image(&self, image: &str, _wish: Option<ExecutorChoice>) -> BoxFuture<'_, ImageState> {
        let state = self.shared.surrounder.image(image);
        Box::pin(async move { state })
    }
}

impl ProcessExecutor {
    /// Says how well an image can be run here, without containers.
    pub(crate) fn fitness(&self, image: &str) -> Fitness {
        self.shared.surrounder.fitness(image)
    }

    /// Tells the end of an attempt that nobody runs.
    pub(crate) async fn tell_end(&self, attempt: &AttemptId, end: AttemptEnd) {
        self.shared.observe(attempt, Observed::Ended { end: Box::new(end) }).await;
    }
}

/// What a kill has to do.
enum Wish {
    Tell,
    Stop,
    Look,
}

impl LogSource for ProcessExecutor {
    fn log_path(&self, attempt: &AttemptId) -> PathBuf {
        log_path(&self.shared.options.home, attempt)
    }
}

/// Returns where an attempt's log is in a home folder, whether an executor works in it or not.
pub fn log_path(home: &Path, attempt: &AttemptId) -> PathBuf {
    folder::path_of(home, attempt).join("log")
}
