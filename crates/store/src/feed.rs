//! Tells who listens what changed, after it was committed. Holds nothing: the rows are the truth.

use pipewright_engine::RunId;

use crate::objects::ObjectKey;

/// Something changed. A receiver that lags reads again what it cares for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The run has a new request.
    Inbox(RunId),
    /// The run's row is new, another or gone.
    Run(RunId),
    /// Some of the run's tasks changed.
    Tasks(RunId),
    /// The experiment of this id is new, another or gone; with it perhaps all of its runs.
    Experiment(String),
    /// The pipeline of this id or one of its versions is new, another or gone.
    Pipeline(String),
    /// The recurring run of this id is new, another or gone.
    RecurringRun(String),
    /// The object is new or another.
    Object(ObjectKey),
}

/// How many changes a receiver may lag behind before it misses some.
pub(crate) const BACKLOG: usize = 4096;
