//! One live run: asks the engine, appends to the journal, then acts.
//!
//! The actor owns the run's state. It applies events before they are in the journal, and acts only after; when
//! the journal belongs to somebody else by then, it drops everything and leaves.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pipewright_engine::{
    AttemptId, CacheAnswer, CacheLookup, CacheSource, Desired, Event, Input, Observation, RunId, RunPhase,
    RunState, TaskKind, TaskPhase, changed_tasks, decide, desired, desired_after,
};
use pipewright_executor::{Executor, ImageState};
use pipewright_plan::{Outcome, Plan};
use pipewright_store::{Append, Error, PipelineOf, Request, Store, Young};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::admission::Admission;
use crate::clock::{Clock, sleep_until};
use crate::gpus;
use crate::locks::LockBook;

/// Messages taken into one journal transaction.
const BATCH: usize = 256;
/// Cache look-ups answered before what is known so far is committed and launched.
const LOOKUPS: usize = 64;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What all actors of a controller use.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) admission: Admission,
    pub(crate) locks: LockBook,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) are_namespaces_apart: bool,
    pub(crate) stop: CancellationToken,
    pub(crate) trouble: watch::Sender<Option<String>>,
    /// What calls to the object registry have come to.
    pub(crate) answers: mpsc::Sender<Observation>,
}

pub(crate) enum Message {
    /// The run's inbox may hold something new.
    Inbox,
    Observed(Box<Observation>),
}

/// How an actor leaves its run.
pub(crate) enum Leave {
    /// Nothing of the run goes on.
    Settled,
    /// Its tasks may be running, and hold what they hold.
    Abandoned,
}

pub(crate) struct RunActor {
    pub(crate) shared: Arc<Shared>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) state: RunState,
    pub(crate) run: RunId,
    seq: u64,
    /// Attempts that wait for a place, oldest first; those not in `queued` were called off.
    pub(crate) queue: VecDeque<AttemptId>,
    pub(crate) queued: BTreeSet<AttemptId>,
    /// Attempts at the executor, when the pipeline limits how many there may be.
    pub(crate) running: BTreeSet<AttemptId>,
    /// Launching stopped although there may be a place for more.
    pub(crate) may_launch: bool,
    /// Look-ups that wait for their turn.
    lookups: VecDeque<CacheLookup>,
    wake_at: Option<pipewright_engine::Timestamp>,
    /// The run's own volume claims were made, or need not be.
    pub(crate) has_claims: bool,
    pub(crate) granted: Arc<Notify>,
    /// Some task of the run was granted its locks.
    pub(crate) locked: Arc<Notify>,
    /// Events of this step that are not in the journal yet.
    unwritten: Vec<Event>,
    consumed: Vec<i64>,
    /// Ended attempts that the executor may forget once the journal has them.
    ended: Vec<AttemptId>,
}

impl RunActor {
    /// Drives the run until it is over, the controller stops, or the run is gone. After an error it takes a pause,
    /// in which any message has the run taken up again by another actor.
    #[tracing::instrument(name = "run", skip_all, fields(run_id = %run))]
    pub(crate) async fn live(shared: Arc<Shared>, run: RunId, mailbox: mpsc::Receiver<Message>) -> Leave {
        let stop = shared.stop.clone();
        let driven = match Self::load(shared, run).await {
            Ok(mut actor) => actor.work(mailbox).await,
            Err(error) => {
                drop(mailbox);
                Err(error)
            }
        };
        let error = match driven {
            Ok(leave) => return leave,
            Err(Error::NotFound { .. }) => {
                tracing::info!("the run was deleted");
                return Leave::Settled;
            }
            Err(error) => error,
        };
        tracing::error!(%error, "the run cannot be driven; in {} s it is tried again", LONGEST_PAUSE.as_secs());
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LONGEST_PAUSE) => {}
        }
        Leave::Abandoned
    }

    async fn load(shared: Arc<Shared>, run: RunId) -> Result<Self, Error> {
        let plan = shared.store.run_plan(&run).await?;
        let events = shared.store.journal(&run).await?;
        let mut state = RunState::new(run.clone());
        for event in &events {
            state.apply(&plan, event);
        }
        shared.locks.adopt(&run, state.lock_holders());
        Ok(Self {
            seq: events.len() as u64,
            shared,
            plan,
            state,
            run,
            queue: VecDeque::new(),
            queued: BTreeSet::new(),
            running: BTreeSet::new(),
            may_launch: false,
            lookups: VecDeque::new(),
            wake_at: None,
            has_claims: false,
            granted: Arc::new(Notify::new()),
            locked: Arc::new(Notify::new()),
            unwritten: Vec::new(),
            consumed: Vec::new(),
            ended: Vec::new(),
        })
    }

    async fn work(&mut self, mut mailbox: mpsc::Receiver<Message>) -> Result<Leave, Error> {
        if self.make_claims().await? {
            let resumed = desired(&self.plan, &self.state);
            self.reconcile(resumed).await;
        }
        self.shared.locks.told(&self.run);
        loop {
            self.answer_lookups().await?;
            self.commit_and_act().await?;
            if !self.unwritten.is_empty() {
                // Acting had answers at once: an import, an attempt that was called off.
                continue;
            }
            if self.state.is_over() {
                let Ok(message) = mailbox.try_recv() else {
                    if let Err(error) = self.clean_up().await {
                        tracing::error!(%error, "what the run made for itself stays");
                    }
                    return Ok(Leave::Settled);
                };
                self.take(message).await?;
                continue;
            }
            if !self.lookups.is_empty() || self.may_launch {
                while let Ok(message) = mailbox.try_recv() {
                    self.take(message).await?;
                }
                self.launch_queued().await;
                continue;
            }
            let stop = self.shared.stop.clone();
            let clock = self.shared.clock.clone();
            tokio::select! {
                () = stop.cancelled() => return Ok(Leave::Abandoned),
                message = mailbox.recv() => {
                    let Some(message) = message else { return Ok(Leave::Abandoned) };
                    self.take(message).await?;
                    for _ in 1..BATCH {
                        let Ok(message) = mailbox.try_recv() else { break };
                        self.take(message).await?;
                    }
                }
                () = self.granted.notified() => self.launch_queued().await,
                () = self.locked.notified() => self.take_locks(),
                () = sleep_until(clock.as_ref(), self.wake_at) => {
                    if self.wake_at.is_some_and(|at| at <= self.shared.clock.now()) {
                        self.wake_at = None;
                        self.step(&Input::Tick);
                    }
                }
            }
        }
    }

    /// Deletes the run's own claims, and the workspace of a run that succeeded; otherwise that stays to be looked at, until the run is
    /// deleted. Source: Argo's volume claim GC as KFP leaves it, on success.
    async fn clean_up(&self) -> Result<(), Error> {
        let is_done = self.state.run_view().phase == RunPhase::Succeeded;
        if is_done && self.plan.platform.workspace.is_some() {
            self.shared.store.remove_workspace(&self.run).await?;
        }
        self.delete_claims().await
    }

    async fn take(&mut self, message: Message) -> Result<(), Error> {
        match message {
            Message::Observed(mut observation) => {
                if let pipewright_engine::Observed::Started { place, .. } = &mut observation.observed {
                    let gpus = self.shared.admission.gpus_of(&observation.attempt);
                    *place = gpus::with_gpus(std::mem::take(place), &gpus);
                }
                if matches!(observation.observed, pipewright_engine::Observed::Ended { .. }) {
                    self.running.remove(&observation.attempt);
                    self.ended.push(observation.attempt.clone());
                }
                self.step(&Input::Observed { observation });
            }
            Message::Inbox => {
                for (id, request) in self.shared.store.pending_requests(&self.run).await? {
                    if self.consumed.contains(&id) {
                        continue;
                    }
                    self.consumed.push(id);
                    self.step(&match request {
                        Request::Submit { submit } => Input::Submit { submit },
                        Request::Terminate => Input::Terminate,
                        Request::Retry { retry } => Input::Retry { retry },
                        Request::Resume { resume } => Input::Resume { resume },
                    });
                }
            }
        }
        Ok(())
    }

    /// Lets the engine decide and takes its events into the state; nothing is done yet.
    pub(crate) fn step(&mut self, input: &Input) {
        let events = decide(&self.plan, &mut self.state, input, self.shared.clock.now());
        if events.is_empty() {
            return;
        }
        let wanted = desired_after(&self.plan, &self.state, &events);
        self.lookups.extend(wanted.lookups);
        self.unwritten.extend(events);
    }

    /// Looking up changes nothing outside, so it needs no commit before: a task's end, its successor's look-up
    /// and launch decision share one transaction.
    async fn answer_lookups(&mut self) -> Result<(), Error> {
        if self.lookups.is_empty() {
            return Ok(());
        }
        let unwritten = self.unwritten_results();
        for _ in 0..LOOKUPS {
            let Some(lookup) = self.lookups.pop_front() else { break };
            let image = self.shared.executor.image(&lookup.image, lookup.executor).await;
            let fingerprint = match &image {
                ImageState::Digest(digest) => lookup.fingerprint.with_image(digest),
                ImageState::Named | ImageState::Unknown => lookup.fingerprint,
            };
            let found = match unwritten.get(&fingerprint.key) {
                // Nobody can tell whether it is the image of the earlier result.
                _ if image == ImageState::Unknown => None,
                Some(own) => Some(own.clone()),
                None => {
                    let young = Young { now: self.shared.clock.now(), than: lookup.max_age };
                    let namespace = self.state.namespace();
                    let pipeline = PipelineOf { namespace, name: &lookup.pipeline };
                    self.shared.store.cache_lookup(pipeline, &fingerprint.key, young).await?
                }
            };
            let hit = found.filter(|(_, outcome)| is_on_disk(outcome));
            let answer = CacheAnswer { task: lookup.task, fingerprint, hit, round: lookup.round };
            self.step(&Input::Cache { answer: Box::new(answer) });
        }
        Ok(())
    }

    /// Lists results of this very step by fingerprint: the store does not know them yet.
    fn unwritten_results(&self) -> BTreeMap<String, (CacheSource, Outcome)> {
        let result = |event: &Event| {
            let Event::TaskEnded { task, phase: TaskPhase::Succeeded, outcome, .. } = event else {
                return None;
            };
            let view = self.state.task_view(&self.plan, task)?;
            let fingerprint = view.fingerprint.filter(|_| view.kind == TaskKind::Container)?;
            let source = CacheSource { run: self.run.clone(), task: task.clone() };
            Some((fingerprint.key.clone(), (source, (**outcome).clone())))
        };
        self.unwritten.iter().filter_map(result).collect()
    }

    async fn commit_and_act(&mut self) -> Result<(), Error> {
        if self.unwritten.is_empty() && self.consumed.is_empty() {
            self.forget_ended();
            return Ok(());
        }
        let events = std::mem::take(&mut self.unwritten);
        let wanted = desired_after(&self.plan, &self.state, &events);
        let changed = changed_tasks(&events);
        let mut tasks: Vec<_> =
            changed.iter().filter_map(|key| self.state.task_view(&self.plan, key)).collect();
        tasks.sort_by(|one, other| (one.created_at, &one.key).cmp(&(other.created_at, &other.key)));
        let is_whole = events.iter().any(|event| {
            matches!(event, Event::CancelRequested { .. } | Event::RunRetried { .. } | Event::RunEnded { .. })
        });
        let append = Append {
            run: self.run.clone(),
            expected_seq: self.seq,
            run_view: self.state.run_view(),
            tasks,
            events,
            consumed: std::mem::take(&mut self.consumed),
            flush: false,
        };
        self.seq = self.append(&append).await?;
        self.forget_ended();
        self.release_locks(changed, is_whole);
        if self.make_claims().await? {
            self.reconcile(Desired { lookups: Vec::new(), ..wanted }).await;
        }
        Ok(())
    }

    /// Tries until it is written: what cannot be written now (a full disk) waits, and nothing is acted on.
    async fn append(&self, append: &Append) -> Result<u64, Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.shared.store.append(append).await {
                Ok(seq) => {
                    if self.shared.trouble.borrow().is_some() {
                        self.shared.trouble.send_replace(None);
                    }
                    return Ok(seq);
                }
                Err(error @ (Error::Conflict { .. } | Error::NotFound { .. })) => return Err(error),
                Err(error) => error,
            };
            tracing::error!(%error, "cannot write the journal; the run goes on as soon as that works again");
            self.shared.trouble.send_replace(Some(format!("cannot write the journal: {error}")));
            tokio::select! {
                () = self.shared.stop.cancelled() => return Err(error),
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }

    fn forget_ended(&mut self) {
        for attempt in std::mem::take(&mut self.ended) {
            self.shared.admission.release(&attempt);
            let executor = self.shared.executor.clone();
            tokio::spawn(async move { executor.forget(attempt).await });
        }
    }

    pub(crate) fn queue_lookups(&mut self, lookups: Vec<CacheLookup>) {
        self.lookups.extend(lookups);
    }

    pub(crate) fn set_wake_at(&mut self, wake_at: Option<pipewright_engine::Timestamp>) {
        self.wake_at = wake_at;
    }
}

/// A result counts as long as the folders of its local artifacts are there. The files themselves may never have
/// been: a Metrics artifact, say, is all metadata.
fn is_on_disk(outcome: &Outcome) -> bool {
    outcome.artifacts.values().flatten().all(|artifact| {
        let path = Path::new(&artifact.uri);
        !path.is_absolute() || path.parent().is_none_or(Path::exists)
    })
}
