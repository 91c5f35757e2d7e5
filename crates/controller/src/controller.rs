//! Finds live runs, gives each an actor, and routes wake-ups and observations to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use pipewright_engine::{AttemptId, Observation, RunId};
use pipewright_executor::{Executor, Observations};
use pipewright_store::{Change, Error, Store};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::admission::{Admission, Capacity, Load, Queued};
use crate::claims;
use crate::clock::{Clock, SystemClock};
use crate::locks::{self, LockBook};
use crate::run_actor::{Leave, Message, RunActor, Shared};

/// Messages that may wait for one run. A full mailbox holds back the router, and by it the executor.
const MAILBOX: usize = 1024;
/// Answers of the object registry that wait for the router; then calls wait.
const ANSWERS: usize = 256;

/// How a controller works.
pub struct Options {
    pub capacity: Capacity,
    pub clock: Arc<dyn Clock>,
    /// Runs act on objects of their own namespace alone.
    pub are_namespaces_apart: bool,
}

impl Options {
    /// Uses the wall clock.
    pub fn new(capacity: Capacity) -> Self {
        Self { capacity, clock: Arc::new(SystemClock), are_namespaces_apart: false }
    }
}

/// Drives the live runs of a store until it is shut down.
pub struct Controller {
    shared: Arc<Shared>,
    router: JoinHandle<()>,
    stop: CancellationToken,
    trouble: watch::Receiver<Option<String>>,
}

impl Controller {
    /// Takes up every live run and from then on every run that gets a request.
    pub fn start(
        store: Store,
        executor: Arc<dyn Executor>,
        observations: Observations,
        options: Options,
    ) -> Self {
        let stop = CancellationToken::new();
        let (trouble_in, trouble) = watch::channel(None);
        let (answers_in, answers) = mpsc::channel(ANSWERS);
        let changes = store.changes();
        let shared = Arc::new(Shared {
            store,
            executor,
            admission: Admission::new(options.capacity),
            locks: LockBook::default(),
            clock: options.clock,
            are_namespaces_apart: options.are_namespaces_apart,
            stop: stop.clone(),
            trouble: trouble_in,
            answers: answers_in,
        });
        let router =
            Router { shared: shared.clone(), actors: BTreeMap::new(), running: JoinSet::new(), spawned: 0 };
        Self { shared, router: tokio::spawn(router.work(changes, observations, answers)), stop, trouble }
    }

    /// Shows what keeps the controller from working (a full disk, say), while it does.
    pub fn trouble(&self) -> watch::Receiver<Option<String>> {
        self.trouble.clone()
    }

    /// Returns what tells how full the machine is.
    pub fn queue(&self) -> Queue {
        Queue { shared: self.shared.clone() }
    }

    /// Stops driving; tasks in flight live on under their launcher and are adopted at the next start.
    pub async fn shutdown(self) {
        self.stop.cancel();
        if let Err(error) = self.router.await {
            tracing::error!(%error, "the run router ended abnormally");
        }
    }
}

/// Tells how full the machine is, and where attempts stand that wait for room. A cheap handle.
#[derive(Clone)]
pub struct Queue {
    shared: Arc<Shared>,
}

impl Queue {
    /// Tells how full the machine is.
    pub fn load(&self) -> Load {
        self.shared.admission.load()
    }

    /// Tells where an attempt stands; nothing for one that asks for no room just now.
    pub fn of(&self, attempt: &AttemptId) -> Option<Queued> {
        self.shared.admission.queued(attempt)
    }
}

struct Router {
    shared: Arc<Shared>,
    actors: BTreeMap<RunId, Actor>,
    running: JoinSet<Ended>,
    spawned: u64,
}

struct Actor {
    mailbox: mpsc::Sender<Message>,
    /// Which of all actors it is: a run may have a new one before the end of the old one is noticed.
    number: u64,
}

/// An actor that has ended.
struct Ended {
    run: RunId,
    number: u64,
    leave: Leave,
}

impl Router {
    async fn work(
        mut self,
        mut changes: broadcast::Receiver<Change>,
        mut observations: Observations,
        mut answers: Observations,
    ) {
        let stop = self.shared.stop.clone();
        // Whatever they hold and wait for is known before anything is granted.
        match self.shared.store.live_runs().await {
            Ok(runs) => self.shared.locks.expect(&runs),
            Err(error) => tracing::error!(%error, "cannot list live runs"),
        }
        self.take_up_live_runs().await;
        let store = self.shared.store.clone();
        tokio::spawn(async move {
            if let Err(error) = claims::sweep(&store).await {
                tracing::error!(%error, "cannot look for volume claims that have outlived their runs");
            }
        });
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                change = changes.recv() => match change {
                    Ok(Change::Inbox(run)) => self.send(run, Message::Inbox).await,
                    Ok(Change::Object(key)) => locks::resize(&self.shared.locks, &self.shared.store, &key).await,
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Lagged(_)) => self.take_up_live_runs().await,
                    Err(broadcast::error::RecvError::Closed) => break,
                },
                observation = observations.recv() => match observation {
                    Some(observation) => self.route(observation).await,
                    None => break,
                },
                Some(answer) = answers.recv() => self.route(answer).await,
                Some(ended) = self.running.join_next() => match ended {
                    Ok(ended) => self.retire(ended).await,
                    Err(error) => tracing::error!(%error, "a run's actor ended abnormally"),
                },
            }
        }
        self.actors.clear();
        while self.running.join_next().await.is_some() {}
    }

    async fn take_up_live_runs(&mut self) {
        match self.shared.store.live_runs().await {
            Ok(runs) => {
                for run in runs {
                    self.send(run, Message::Inbox).await;
                }
            }
            Err(error) => tracing::error!(%error, "cannot list live runs"),
        }
    }

    async fn route(&mut self, observation: Observation) {
        let run = observation.attempt.run.clone();
        self.send(run, Message::Observed(Box::new(observation))).await;
    }

    /// An actor that has just ended may have missed a request that came in the meantime.
    async fn retire(&mut self, Ended { run, number, leave }: Ended) {
        if self.actors.get(&run).is_none_or(|actor| actor.number != number) {
            // The run was taken up anew, and has told what it holds.
            return;
        }
        self.actors.remove(&run);
        if self.shared.stop.is_cancelled() {
            return;
        }
        self.shared.admission.release_run(&run);
        match leave {
            Leave::Settled => self.shared.locks.release_run(&run),
            Leave::Abandoned => {
                // Nobody else gets the locks that its tasks may hold, nor waits for those that it has not told of.
                self.shared.locks.told(&run);
                return self.send(run, Message::Inbox).await;
            }
        }
        match self.shared.store.pending_requests(&run).await {
            Ok(requests) if !requests.is_empty() => self.send(run, Message::Inbox).await,
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(error) => tracing::error!(%error, run_id = %run, "cannot read the run's inbox"),
        }
    }

    async fn send(&mut self, run: RunId, message: Message) {
        if let Some(actor) = self.actors.get(&run) {
            match actor.mailbox.send(message).await {
                Ok(()) => return,
                Err(mpsc::error::SendError(returned)) => return self.spawn(run, returned).await,
            }
        }
        self.spawn(run, message).await;
    }

    async fn spawn(&mut self, run: RunId, message: Message) {
        let (sender, mailbox) = mpsc::channel(MAILBOX);
        if sender.send(message).await.is_ok() {
            self.spawned += 1;
            let number = self.spawned;
            self.actors.insert(run.clone(), Actor { mailbox: sender, number });
            let shared = self.shared.clone();
            self.running.spawn(async move {
                let leave = RunActor::live(shared, run.clone(), mailbox).await;
                Ended { run, number, leave }
            });
        }
    }
}
