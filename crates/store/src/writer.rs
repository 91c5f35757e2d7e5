//! The one thread that writes: takes what waits, runs it in one transaction, answers all.
//!
//! A job that fails leaves nothing behind and does not disturb the others: it runs under a savepoint, unless it
//! promises to check everything before its first change (savepoints copy each page that is touched).
//! Answers go out after the commit, or after the flush of that commit when the job asks for it. The queue is
//! bounded: when it is full, callers wait their turn.

use std::sync::{Arc, Mutex, PoisonError};

use pipewright_engine::Timestamp;
use rusqlite::Connection;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::catalog::Catalog;
use crate::error::Error;
use crate::feed::Change;
use crate::flusher::Flusher;

/// Most jobs in one transaction.
const GROUP: usize = 256;

/// How many jobs may wait.
pub(crate) const QUEUE: usize = 1024;

/// When a write is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flush {
    /// When it is on disk.
    Now,
    /// When it survives the end of this process; it is on disk soon after.
    Soon,
}

/// How a failing write is undone without the others of its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    Savepoint,
    /// The write fails before its first change; should it fail later, all of the transaction fails with it.
    Checked,
}

/// What is promised to and by a write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) flush: Flush,
    pub(crate) guard: Guard,
}

/// What a write may use.
pub(crate) struct Writing<'c> {
    pub(crate) connection: &'c Connection,
    /// The time of this write.
    pub(crate) now: Timestamp,
    changes: Vec<Change>,
}

impl Writing<'_> {
    /// Announces a change once this write is committed.
    pub(crate) fn tell(&mut self, change: Change) {
        if self.changes.last() != Some(&change) {
            self.changes.push(change);
        }
    }
}

/// One queued write.
pub(crate) trait Job: Send {
    /// Does the work; tells whether it is to be kept.
    fn run(&mut self, writing: &mut Writing<'_>) -> bool;
    fn guard(&self) -> Guard;
    fn wants_flush(&self) -> bool;
    /// Tells the caller how it went; an error of the job's own goes before one of the commit.
    fn answer(self: Box<Self>, commit: Result<(), Error>);
}

/// A closure as a job.
pub(crate) struct Write<T, F> {
    work: Option<F>,
    result: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
    terms: Terms,
}

impl<T, F> Write<T, F>
where
    F: FnOnce(&mut Writing<'_>) -> Result<T, Error> + Send + 'static,
    T: Send + 'static,
{
    pub(crate) fn new(terms: Terms, work: F) -> (Self, oneshot::Receiver<Result<T, Error>>) {
        let (reply, answer) = oneshot::channel();
        (Self { work: Some(work), result: None, reply, terms }, answer)
    }
}

impl<T, F> Job for Write<T, F>
where
    F: FnOnce(&mut Writing<'_>) -> Result<T, Error> + Send,
    T: Send,
{
    fn run(&mut self, writing: &mut Writing<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        let result = work(writing);
        let is_kept = result.is_ok();
        self.result = Some(result);
        is_kept
    }

    fn guard(&self) -> Guard {
        self.terms.guard
    }

    fn wants_flush(&self) -> bool {
        self.terms.flush == Flush::Now && matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, commit: Result<(), Error>) {
        let result = match (self.result, commit) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(result), Ok(())) => result,
            (None, Ok(())) => Err(Error::internal("a write was answered before it was done")),
        };
        // Whoever stopped waiting does not need the answer.
        drop(self.reply.send(result));
    }
}

pub(crate) enum Order {
    Write(Box<dyn Job>),
    /// Do what was queued before, flush, close the database, answer.
    Close(oneshot::Sender<()>),
}

/// Everything the writing thread owns.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) queue: mpsc::Receiver<Order>,
    pub(crate) feed: broadcast::Sender<Change>,
    pub(crate) flusher: Flusher,
    pub(crate) catalog: Arc<Catalog>,
    /// Runs whose rows were changed since the last commit.
    pub(crate) touched: Arc<Mutex<Vec<i64>>>,
}

impl Writer {
    /// Works until it is closed or every handle is gone.
    pub(crate) fn work(mut self) {
        let mut closing = None;
        while closing.is_none()
            && let Some(first) = self.queue.blocking_recv()
        {
            let mut batch = Vec::new();
            let mut order = Some(first);
            while let Some(next) = order {
                match next {
                    Order::Write(job) => batch.push(job),
                    Order::Close(done) => {
                        closing = Some(done);
                        break;
                    }
                }
                order = if batch.len() < GROUP { self.queue.try_recv().ok() } else { None };
            }
            if !batch.is_empty() {
                self.commit(batch);
            }
        }
        let Self { connection, queue, feed, flusher, .. } = self;
        drop((queue, flusher, feed));
        if let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "cannot fold the write-ahead log into the database; it is kept");
        }
        drop(connection);
        if let Some(done) = closing {
            // Whoever stopped waiting does not need the answer.
            done.send(()).unwrap_or_default();
        }
    }

    fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let outcome = match self.flusher.failure() {
            Some(error) => Err(error),
            None => self.transaction(&mut batch),
        };
        match outcome {
            Err(error) => {
                if !self.connection.is_autocommit()
                    && let Err(error) = self.connection.execute_batch("ROLLBACK")
                {
                    tracing::error!(%error, "cannot roll back");
                }
                for job in batch {
                    job.answer(Err(error.clone()));
                }
            }
            Ok(changes) => {
                self.catalog.note(&mut self.touched.lock().unwrap_or_else(PoisonError::into_inner));
                // Told before they are answered: who subscribes after an answer hears only what comes later.
                for change in changes {
                    // Without listeners there is nobody to tell.
                    drop(self.feed.send(change));
                }
                let (waiting, done): (Vec<_>, Vec<_>) = batch.into_iter().partition(|job| job.wants_flush());
                self.flusher.committed(waiting);
                for job in done {
                    job.answer(Ok(()));
                }
            }
        }
    }

    fn transaction(&self, batch: &mut [Box<dyn Job>]) -> Result<Vec<Change>, Error> {
        let execute = |sql: &str| -> Result<(), Error> {
            self.connection.prepare_cached(sql)?.execute([])?;
            Ok(())
        };
        execute("BEGIN IMMEDIATE")?;
        let mut writing =
            Writing { connection: &self.connection, now: crate::store::now(), changes: Vec::new() };
        for job in batch {
            let told = writing.changes.len();
            let changed = self.connection.total_changes();
            let is_guarded = job.guard() == Guard::Savepoint;
            if is_guarded {
                execute("SAVEPOINT job")?;
            }
            if !job.run(&mut writing) {
                writing.changes.truncate(told);
                let is_clean = is_guarded || self.connection.total_changes() == changed;
                if !is_clean || self.connection.is_autocommit() {
                    return Err(Error::unavailable(
                        "the database undid a transaction that others share: the disk may be full",
                    ));
                }
                if is_guarded {
                    execute("ROLLBACK TO job")?;
                }
            }
            if is_guarded {
                execute("RELEASE job")?;
            }
        }
        execute("COMMIT")?;
        Ok(writing.changes)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::Flush;
    use crate::error::Error;
    use crate::store::{Options, Store};

    async fn set_page_limit(store: &Store, sql: &'static str) {
        let set = move |connection: &Connection| connection.query_row(sql, [], |_| Ok(()));
        store.db().write(Flush::Soon, move |writing| Ok(set(writing.connection)?)).await.unwrap();
    }

    /// Many writes meet a disk that fills up, then one with room: what was acknowledged is there, and only that.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn full_disks_lose_nothing_and_pass() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("test.db"), Options::default()).unwrap();
        let table = "CREATE TABLE blobs (number INTEGER PRIMARY KEY, body BLOB)";
        store.db().write(Flush::Now, |writing| Ok(writing.connection.execute_batch(table)?)).await.unwrap();
        set_page_limit(&store, "PRAGMA max_page_count = 200").await;
        let mut kept = 0;
        for round in 0..2 {
            let mut work = tokio::task::JoinSet::new();
            for number in 0..60_i64 {
                let store = store.clone();
                work.spawn(async move {
                    let insert = move |writing: &mut super::Writing<'_>| {
                        let sql = "INSERT INTO blobs (body) VALUES (zeroblob(20000))";
                        writing.connection.prepare_cached(sql)?.execute([])?;
                        if number % 5 == 0 {
                            Err(Error::Invalid("changed its mind".to_owned()))
                        } else {
                            Ok(())
                        }
                    };
                    match number % 5 {
                        1 => store.db().write_checked(Flush::Soon, insert).await,
                        _ => store.db().write(Flush::Soon, insert).await,
                    }
                });
            }
            let mut refused = 0;
            while let Some(result) = work.join_next().await {
                match result.unwrap() {
                    Ok(()) => kept += 1,
                    Err(Error::Invalid(_)) => {}
                    Err(Error::Unavailable(_)) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            assert_eq!(refused > 0, round == 0);
            let count = |connection: &Connection| {
                connection.query_row("SELECT count(*) FROM blobs", [], |row| row.get::<_, i64>(0))
            };
            assert_eq!(store.db().read(move |connection| Ok(count(connection)?)).await.unwrap(), kept);
            set_page_limit(&store, "PRAGMA max_page_count = 100000").await;
        }
    }
}
