//! Brings committed writes to disk: one flush for many, beside the writer.
//!
//! A commit reaches the operating system's page cache, where it survives the end of this process. This thread
//! then calls `fdatasync` on the write-ahead log (the very flush that `synchronous=FULL` makes at each commit):
//! at once when somebody waits for it, else [`DELAY`] after the first unflushed commit, while the writer goes
//! on. Checkpoints flush by themselves in the order that SQLite needs. An idle store flushes nothing.
//!
//! After a failed flush the kernel may drop what it could not write and report success the next time, so the
//! first failure is final: whoever waits gets it, and the writer refuses everything from then on.

use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::writer::Job;

/// How long a commit that nobody waits for may stay unflushed.
const DELAY: Duration = Duration::from_millis(50);

/// Owns the flushing thread; the writer alone holds it.
pub(crate) struct Flusher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    /// When the oldest unflushed commit was made.
    dirty: Option<Instant>,
    /// Committed; answered after the next flush.
    waiting: Vec<Box<dyn Job>>,
    closing: bool,
    failure: Option<Error>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flusher {
    /// Starts flushing this file.
    pub(crate) fn start(log: File) -> Result<Self, Error> {
        let shared = Arc::new(Shared { state: Mutex::default(), wake: Condvar::new() });
        let inner = shared.clone();
        let thread = std::thread::Builder::new()
            .name("store-flusher".to_owned())
            .spawn(move || work(&inner, &log))
            .map_err(|error| Error::io("cannot start a thread", error))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Takes note of a commit and of the jobs that are answered after its flush.
    pub(crate) fn committed(&self, waiting: Vec<Box<dyn Job>>) {
        let mut state = self.shared.lock();
        let idle = state.dirty.is_none();
        state.dirty.get_or_insert_with(Instant::now);
        let urgent = !waiting.is_empty();
        state.waiting.extend(waiting);
        drop(state);
        if idle || urgent {
            self.shared.wake.notify_one();
        }
    }

    /// Returns why nothing can be promised any more, if so.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.shared.lock().failure.clone()
    }
}

impl Drop for Flusher {
    /// Flushes what is left and waits for it.
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the flushing thread ended abnormally");
        }
    }
}

fn work(shared: &Shared, log: &File) {
    while let Some(jobs) = next(shared) {
        let result = log.sync_data().map_err(|error| {
            tracing::error!(%error, "the disk refused to flush the database; restart after repairing it");
            Error::io("the disk refused to flush the database", error)
        });
        if let Err(error) = &result {
            shared.lock().failure = Some(error.clone());
        }
        for job in jobs {
            job.answer(result.clone());
        }
    }
}

/// Waits until a flush is due and returns who waits for it; `None` when closing with nothing left.
fn next(shared: &Shared) -> Option<Vec<Box<dyn Job>>> {
    let mut state = shared.lock();
    loop {
        let Some(since) = state.dirty else {
            if state.closing {
                return None;
            }
            state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let left = DELAY.saturating_sub(since.elapsed());
        if state.closing || !state.waiting.is_empty() || left.is_zero() {
            state.dirty = None;
            return Some(std::mem::take(&mut state.waiting));
        }
        state = shared.wake.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}
