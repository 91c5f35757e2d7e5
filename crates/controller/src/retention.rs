//! Archives runs that were over long ago, and deletes those that were archived long ago.
//!
//! Sleeps until the next of them is due; what changes meanwhile is looked at, a second's changes at once. Nothing is
//! remembered between two looks: whoever is killed leaves a run that is due, and the next start finds it.
//! Source: KFP API reference 7; there the times are looked at every six hours.

use std::sync::Arc;
use std::time::Duration;

use pipewright_engine::Timestamp;
use pipewright_store::{Change, Error, Store};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, sleep_until};

/// Runs that are archived in one transaction, and looked up at once to be deleted.
const BATCH: u32 = 100;
/// What changes within this time is looked at once.
const PAUSE: Duration = Duration::from_secs(1);
/// Until what could not be done is tried again.
const RETRY: Duration = Duration::from_secs(60);

/// How long runs are kept; without a time, for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// From a run's end, or from when it was brought back, until it is archived.
    pub archive_after: Option<Duration>,
    /// From when a run was archived until it is deleted; one that goes on is left alone.
    pub delete_after: Option<Duration>,
}

/// Archives and deletes runs until told to stop.
pub async fn enforce_retention(
    store: Store,
    retention: Retention,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    if retention == Retention::default() {
        return;
    }
    tracing::info!(?retention, "old runs are archived and deleted");
    let mut changes = store.changes();
    let keeper = Keeper { store, retention, clock, stop };
    while !keeper.stop.is_cancelled() {
        let next = match keeper.look().await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "cannot look for old runs; trying again");
                Some(later(keeper.clock.now(), RETRY))
            }
        };
        tokio::select! {
            () = keeper.stop.cancelled() => return,
            () = sleep_until(&*keeper.clock, next) => {}
            is_open = change_of_runs(&mut changes) => if !is_open { return },
        }
    }
}

struct Keeper {
    store: Store,
    retention: Retention,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
}

impl Keeper {
    /// Does what is due; returns when there is something to do again.
    async fn look(&self) -> Result<Option<Timestamp>, Error> {
        let mut next = Vec::new();
        if let Some(age) = self.retention.archive_after {
            self.archive(age).await?;
            next.extend(self.store.oldest_finished().await?.map(|since| later(since, age)));
        }
        if let Some(age) = self.retention.delete_after {
            let all_gone = self.delete(age).await?;
            let soonest = later(self.clock.now(), if all_gone { Duration::ZERO } else { RETRY });
            next.extend(self.store.oldest_archived().await?.map(|since| later(since, age).max(soonest)));
        }
        Ok(next.into_iter().min())
    }

    async fn archive(&self, age: Duration) -> Result<(), Error> {
        let since = earlier(self.clock.now(), age);
        while !self.stop.is_cancelled() {
            let runs = self.store.archive_finished(since, BATCH).await?;
            for run in &runs {
                tracing::info!(run_id = %run, "archived a run that was over long ago");
            }
            if runs.len() < BATCH as usize {
                break;
            }
        }
        Ok(())
    }

    /// Deletes what is due; false when some of it could not be deleted.
    async fn delete(&self, age: Duration) -> Result<bool, Error> {
        let since = earlier(self.clock.now(), age);
        let (mut last, mut all_gone) = (None, true);
        loop {
            let expired = self.store.expired_runs(since, last.take(), BATCH).await?;
            for one in &expired {
                if self.stop.is_cancelled() {
                    return Ok(all_gone);
                }
                match self.store.delete_expired(one, since).await {
                    Ok(true) => tracing::info!(run_id = %one.run, "deleted a run that was archived long ago"),
                    Ok(false) => {}
                    Err(error) => {
                        tracing::error!(%error, run_id = %one.run, "cannot delete an old run; trying again");
                        all_gone = false;
                    }
                }
            }
            if expired.len() < BATCH as usize {
                return Ok(all_gone);
            }
            last = expired.into_iter().next_back();
        }
    }
}

/// Waits for something to happen to a run, and for whatever happens right after it; false when nothing will.
async fn change_of_runs(changes: &mut Receiver<Change>) -> bool {
    loop {
        match changes.recv().await {
            Ok(Change::Run(_) | Change::Experiment(_)) | Err(RecvError::Lagged(_)) => break,
            Ok(_) => {}
            Err(RecvError::Closed) => return false,
        }
    }
    tokio::time::sleep(PAUSE).await;
    while !matches!(changes.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
    true
}

fn later(at: Timestamp, span: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
}

fn earlier(at: Timestamp, span: Duration) -> Timestamp {
    Timestamp(at.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
}
