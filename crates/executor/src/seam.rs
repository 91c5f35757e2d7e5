//! What every kind of executor offers to its user, and the channel that it answers on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;
use pipewright_engine::{AttemptId, ExecutorChoice, Launch, Observation, Timestamp};
use pipewright_plan::USAGE_FILE;

/// How many observations wait for the reader; then executors wait, and with them the reaping of attempts.
pub const OBSERVATIONS_CAPACITY: usize = 1024;

/// Everything that an executor saw, in the order of each attempt's life.
pub type Observations = tokio::sync::mpsc::Receiver<Observation>;

/// Runs attempts.
///
/// No call fails: whatever goes wrong is observed as the attempt's end.
pub trait Executor: Send + Sync {
    /// Starts an attempt, or adopts what was started under its name before and still runs or has ended.
    fn launch(&self, launch: Launch) -> BoxFuture<'_, ()>;

    /// Stops an attempt; its end is observed. One that never ran is observed as cancelled.
    fn kill(&self, attempt: AttemptId) -> BoxFuture<'_, ()>;

    /// Removes scratch files of an attempt whose end is recorded; its log and exit report stay.
    fn forget(&self, attempt: AttemptId) -> BoxFuture<'_, ()>;

    /// Says what stands behind an image's name just now, for tasks of a run with this wish.
    fn image(&self, image: &str, wish: Option<ExecutorChoice>) -> BoxFuture<'_, ImageState> {
        let _ = (image, wish);
        Box::pin(async { ImageState::Named })
    }
}

/// What stands behind an image's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageState {
    /// The name is all there is to know: no image is run.
    Named,
    /// An image with this digest.
    Digest(String),
    /// An image that is not here yet.
    Unknown,
}

impl<E: Executor + ?Sized> Executor for Arc<E> {
    fn launch(&self, launch: Launch) -> BoxFuture<'_, ()> {
        (**self).launch(launch)
    }

    fn kill(&self, attempt: AttemptId) -> BoxFuture<'_, ()> {
        (**self).kill(attempt)
    }

    fn forget(&self, attempt: AttemptId) -> BoxFuture<'_, ()> {
        (**self).forget(attempt)
    }

    fn image(&self, image: &str, wish: Option<ExecutorChoice>) -> BoxFuture<'_, ImageState> {
        (**self).image(image, wish)
    }
}

/// Knows where attempts leave their logs.
pub trait LogSource: Send + Sync {
    /// Returns the file with stdout and stderr in order; it may be missing until the attempt has started.
    fn log_path(&self, attempt: &AttemptId) -> PathBuf;

    /// Returns the file with samples of what the attempt uses; it is missing for one that was over at once.
    fn usage_path(&self, attempt: &AttemptId) -> PathBuf {
        self.log_path(attempt).with_file_name(USAGE_FILE)
    }
}

/// Reads the wall clock in the engine's unit.
pub fn timestamp_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
