//! Keeps what is in flight, and turns the launcher's notices into observations.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use futures::FutureExt;
use futures::future::BoxFuture;
use pipewright_engine::{
    AttemptEnd, AttemptId, ExecutorChoice, FailureReason, Launch, Observation, Observed,
};
use pipewright_plan::Usage;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::folder::{self, Found};
use super::link::{self, Requests};
use super::notices::listen;
use super::options::{Error, Isolation, Options};
use super::outcome;
use super::request::{self, Common, NamedImage, Surroundings};
use super::surroundings::{Fitness, Surrounder};
use super::teller::Teller;
use crate::seam::{Executor, ImageState, LogSource, OBSERVATIONS_CAPACITY, Observations};

/// Runs attempts as processes of this machine. A clone is another handle of the same executor.
#[derive(Clone)]
pub struct ProcessExecutor {
    shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) common: Common,
    pub(super) surrounder: Surrounder,
    observations: mpsc::Sender<Observation>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) in_flight: BTreeMap<AttemptId, Flight>,
    pub(super) tokens: BTreeMap<u64, AttemptId>,
    next_token: u64,
    /// Counts fork servers; notices of an earlier one still count.
    generation: u64,
    requests: Option<Arc<Requests>>,
    /// Why tasks cannot be isolated.
    pub(super) obstacle: Option<String>,
}

/// How far an attempt is.
pub(super) enum Flight {
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
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no code panics while it holds the lock")
    }

    pub(super) fn folder_of(&self, attempt: &AttemptId) -> PathBuf {
        folder::path_of(&self.options.home, attempt)
    }

    pub(super) async fn observe(&self, attempt: &AttemptId, observed: Observed) {
        self.teller(attempt).tell(observed).await;
    }

    fn teller(&self, attempt: &AttemptId) -> Teller {
        Teller { attempt: attempt.clone(), observations: self.observations.clone() }
    }

    /// Tells an attempt's end, once.
    pub(super) async fn end(&self, attempt: &AttemptId, end: AttemptEnd) {
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
    pub(super) fn drop_requests(&self, generation: u64) {
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
    pub(super) fn why_unreachable(&self, what: &str) -> String {
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
