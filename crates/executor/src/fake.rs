//! An executor that runs nothing: a script says how long each attempt takes and how it ends.
//!
//! It keeps the contract of real executors (idempotent by attempt, an end for every launch and kill), takes
//! its time from tokio's clock, so paused time works, and records what it was asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::future::BoxFuture;
use pipewright_engine::{AttemptEnd, AttemptId, Failure, FailureReason, Launch, Observation, Observed};
use pipewright_plan::{Published, Usage, Word};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::seam::{Executor, OBSERVATIONS_CAPACITY, Observations, timestamp_now};

/// What one attempt does.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// Notes observed before the start.
    pub preparing: Vec<String>,
    /// From start to end.
    pub duration: Duration,
    /// How it ends; `None` never ends by itself.
    pub end: Option<AttemptEnd>,
}

impl Act {
    /// Succeeds after that long with these outputs.
    pub fn succeed(duration: Duration, published: Published) -> Self {
        let end = AttemptEnd::Succeeded { published, usage: Usage::default() };
        Self { preparing: Vec::new(), duration, end: Some(end) }
    }

    /// Fails after that long.
    pub fn fail(duration: Duration, reason: FailureReason, exit_code: Option<i32>) -> Self {
        let message = match exit_code {
            Some(code) => format!("command ended with exit code {code}"),
            None => "command failed".to_owned(),
        };
        let failure = Failure { reason, message, hint: None, exit_code };
        let end = AttemptEnd::Failed { failure, usage: Usage::default(), published: None };
        Self { preparing: Vec::new(), duration, end: Some(end) }
    }

    /// Runs until killed.
    pub fn hang() -> Self {
        Self { preparing: Vec::new(), duration: Duration::ZERO, end: None }
    }
}

type Script = dyn Fn(&Launch) -> Act + Send + Sync;

/// Plays attempts from a script.
#[derive(Clone)]
pub struct FakeExecutor {
    script: Arc<Script>,
    observations: mpsc::Sender<Observation>,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    attempts: BTreeMap<AttemptId, Attempt>,
    launched: Vec<AttemptId>,
    killed: Vec<AttemptId>,
    forgotten: Vec<AttemptId>,
}

enum Attempt {
    Running(AbortHandle),
    Ended(AttemptEnd),
}

impl FakeExecutor {
    /// Starts with a script for every launch.
    pub fn start(script: impl Fn(&Launch) -> Act + Send + Sync + 'static) -> (Self, Observations) {
        let (observations, receiver) = mpsc::channel(OBSERVATIONS_CAPACITY);
        (Self { script: Arc::new(script), observations, inner: Arc::default() }, receiver)
    }

    /// Starts with a script that knows the words `true`, `false`, `exit N` and `sleep SECONDS`.
    pub fn start_with_commands() -> (Self, Observations) {
        Self::start(act_of_command)
    }

    /// Attempts that really started, each once, in order.
    pub fn launched(&self) -> Vec<AttemptId> {
        self.lock().launched.clone()
    }

    /// Attempts that were asked to stop.
    pub fn killed(&self) -> Vec<AttemptId> {
        self.lock().killed.clone()
    }

    /// Attempts whose scratch was removed.
    pub fn forgotten(&self) -> Vec<AttemptId> {
        self.lock().forgotten.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no code panics while it holds the lock")
    }

    async fn observe(&self, attempt: &AttemptId, observed: Observed) {
        let observation = Observation { attempt: attempt.clone(), at: timestamp_now(), observed };
        // A closed channel means that nobody is interested any more.
        let _ = self.observations.send(observation).await;
    }

    async fn play(self, attempt: AttemptId, act: Act) {
        for note in act.preparing {
            self.observe(&attempt, Observed::Preparing { note }).await;
        }
        self.observe(&attempt, Observed::Started { place: "nowhere".to_owned(), image: None }).await;
        tokio::time::sleep(act.duration).await;
        let Some(end) = act.end else {
            return std::future::pending().await;
        };
        self.lock().attempts.insert(attempt.clone(), Attempt::Ended(end.clone()));
        self.observe(&attempt, Observed::Ended { end: Box::new(end) }).await;
    }
}

impl Executor for FakeExecutor {
    fn launch(&self, launch: Launch) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let known = match self.lock().attempts.get(&launch.attempt) {
                Some(Attempt::Running(_)) => return,
                Some(Attempt::Ended(end)) => Some(end.clone()),
                None => None,
            };
            if let Some(end) = known {
                return self.observe(&launch.attempt, Observed::Ended { end: Box::new(end) }).await;
            }
            let act = (self.script)(&launch);
            let mut inner = self.lock();
            inner.launched.push(launch.attempt.clone());
            let task = tokio::spawn(self.clone().play(launch.attempt.clone(), act));
            inner.attempts.insert(launch.attempt, Attempt::Running(task.abort_handle()));
        })
    }

    fn kill(&self, attempt: AttemptId) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let end = {
                let mut inner = self.lock();
                inner.killed.push(attempt.clone());
                let end = match inner.attempts.get(&attempt) {
                    Some(Attempt::Ended(end)) => end.clone(),
                    Some(Attempt::Running(task)) => {
                        task.abort();
                        cancelled()
                    }
                    None => cancelled(),
                };
                inner.attempts.insert(attempt.clone(), Attempt::Ended(end.clone()));
                end
            };
            self.observe(&attempt, Observed::Ended { end: Box::new(end) }).await;
        })
    }

    fn forget(&self, attempt: AttemptId) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.lock().forgotten.push(attempt) })
    }
}

fn cancelled() -> AttemptEnd {
    let failure = Failure {
        reason: FailureReason::Cancelled,
        message: "attempt was cancelled".to_owned(),
        hint: None,
        exit_code: None,
    };
    AttemptEnd::Failed { failure, usage: Usage::default(), published: None }
}

fn act_of_command(launch: &Launch) -> Act {
    let words: Vec<&str> =
        launch.container.command.iter().chain(&launch.container.args).filter_map(Word::as_literal).collect();
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u32>().ok()).unwrap_or(0);
    match words.first().copied() {
        Some("true") => Act::succeed(Duration::ZERO, Published::default()),
        Some("sleep") => Act::succeed(Duration::from_secs(number(1).into()), Published::default()),
        Some("exit") => Act::fail(Duration::ZERO, FailureReason::ExitCode, i32::try_from(number(1)).ok()),
        _ => Act::fail(Duration::ZERO, FailureReason::ExitCode, Some(1)),
    }
}
