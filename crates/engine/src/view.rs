//! What readers outside see of a run: rows for the store, the API and the terminal.

use std::sync::Arc;

use pipewright_plan::{Outcome, Usage};
use serde::{Deserialize, Serialize};

use crate::event::{CacheSource, Failure, Fingerprint, LockClaim, Resolved};
use crate::id::{RunId, TaskKey, Timestamp};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunPhase {
    /// Submitted, not taken up by a controller yet.
    #[default]
    Pending,
    Running,
    Cancelling,
    Succeeded,
    Failed,
    Cancelled,
}

impl RunPhase {
    /// Tells whether nothing follows.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskPhase {
    /// Inputs are resolved; waits for the cache, for a slot or for its back-off.
    #[default]
    Pending,
    Running,
    Succeeded,
    /// Succeeded with an earlier result.
    Cached,
    /// Condition false.
    Skipped,
    /// Never fired because upstream did not succeed.
    Omitted,
    Failed,
    Cancelled,
}

impl TaskPhase {
    /// Tells whether nothing follows.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// Tells whether downstream tasks that want success may fire.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Succeeded | Self::Cached)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    Dag,
    /// The loop task itself; its iterations are `Iteration`s (dag or not).
    Loop,
    Iteration,
    Container,
    Importer,
    /// Acts on an object; has attempts like a container.
    Resource,
    /// Waits for a time or for somebody.
    Suspend,
}

/// A run as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunView {
    pub phase: RunPhase,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub error: Option<Failure>,
    /// Outputs of the root dag.
    pub outcome: Outcome,
    pub history: Vec<(Timestamp, RunPhase)>,
}

/// One task instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskView {
    pub run: RunId,
    pub key: TaskKey,
    pub parent: Option<TaskKey>,
    /// The task's name in its dag.
    pub name: String,
    pub display_name: String,
    pub kind: TaskKind,
    pub phase: TaskPhase,
    pub iteration: Option<u32>,
    /// Of a loop: how many iterations it has.
    pub iteration_count: Option<u32>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub inputs: Arc<Resolved>,
    pub outcome: Outcome,
    pub error: Option<Failure>,
    pub fingerprint: Option<Arc<Fingerprint>>,
    pub cached_from: Option<CacheSource>,
    pub attempts: Vec<AttemptView>,
    /// Of a task that waits, or did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspension: Option<Suspension>,
    /// Of a task that holds locks, did, or waits for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locks: Option<Locks>,
}

/// The locks of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Locks {
    pub claims: Vec<LockClaim>,
    /// When they were asked for.
    pub wanted_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acquired_at: Option<Timestamp>,
    /// The first that was not to be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// The wait of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Suspension {
    /// When it goes on by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Absent: it waits, or time let it go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released: Option<Released>,
}

/// Who let a task go on, and what they said to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Released {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// One attempt at a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptView {
    pub number: u32,
    pub phase: TaskPhase,
    pub created_at: Timestamp,
    /// When something long began that comes before the command, if anything did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preparing_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub place: Option<String>,
    pub note: Option<String>,
    pub failure: Option<Failure>,
    pub usage: Option<Usage>,
}
