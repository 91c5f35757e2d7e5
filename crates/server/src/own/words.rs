//! Words and small shapes that many of our own messages share: states, instants, errors.

use std::collections::BTreeMap;

use pipewright_store::engine::{CacheSource, Failure, RunPhase, TaskPhase, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far a task is. Unlike the API of the field it tells an earlier result and a task that never fired apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaskState {
    Pending,
    Running,
    Succeeded,
    /// Succeeded with an earlier result.
    Cached,
    /// Its condition was false.
    Skipped,
    /// It never fired because of what happened upstream.
    Omitted,
    Failed,
    Canceled,
}

impl From<TaskPhase> for TaskState {
    fn from(phase: TaskPhase) -> Self {
        match phase {
            TaskPhase::Pending => Self::Pending,
            TaskPhase::Running => Self::Running,
            TaskPhase::Succeeded => Self::Succeeded,
            TaskPhase::Cached => Self::Cached,
            TaskPhase::Skipped => Self::Skipped,
            TaskPhase::Omitted => Self::Omitted,
            TaskPhase::Failed => Self::Failed,
            TaskPhase::Cancelled => Self::Canceled,
        }
    }
}

impl From<TaskState> for TaskPhase {
    fn from(state: TaskState) -> Self {
        match state {
            TaskState::Pending => Self::Pending,
            TaskState::Running => Self::Running,
            TaskState::Succeeded => Self::Succeeded,
            TaskState::Cached => Self::Cached,
            TaskState::Skipped => Self::Skipped,
            TaskState::Omitted => Self::Omitted,
            TaskState::Failed => Self::Failed,
            TaskState::Canceled => Self::Cancelled,
        }
    }
}

impl TaskState {
    /// Reads the word, in capitals or not.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(text.to_ascii_uppercase())).ok()
    }
}

/// How far a run is. Unlike the API of the field it tells a cancelled run from a failed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RunState {
    Pending,
    Running,
    Canceling,
    Succeeded,
    Failed,
    Canceled,
}

impl From<RunPhase> for RunState {
    fn from(phase: RunPhase) -> Self {
        match phase {
            RunPhase::Pending => Self::Pending,
            RunPhase::Running => Self::Running,
            RunPhase::Cancelling => Self::Canceling,
            RunPhase::Succeeded => Self::Succeeded,
            RunPhase::Failed => Self::Failed,
            RunPhase::Cancelled => Self::Canceled,
        }
    }
}

/// How many tasks are in which state; states without any are left out.
pub type Counts = BTreeMap<TaskState, u64>;

/// Why something failed and what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorView {
    /// `exit_code`, `signal`, `out_of_memory`, `output`, `not_started`, `refused`, `lost`, `timed_out`, `cancelled`,
    /// `resolve`, `inner` or `declined`.
    pub reason: String,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}

impl From<&Failure> for ErrorView {
    fn from(failure: &Failure) -> Self {
        let reason = serde_json::to_value(failure.reason).ok();
        Self {
            reason: reason.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default(),
            message: failure.message.clone(),
            hint: failure.hint.clone(),
            exit_code: failure.exit_code,
        }
    }
}

/// A task of some run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskReference {
    pub run_id: String,
    /// The task's path in the run: `root/for-each[3]/train`
    pub task: String,
}

impl From<&CacheSource> for TaskReference {
    fn from(source: &CacheSource) -> Self {
        Self { run_id: source.run.0.clone(), task: source.task.0.clone() }
    }
}

/// Writes an instant as RFC 3339 with microseconds, UTC.
pub(crate) fn instant(at: Timestamp) -> String {
    match jiff::Timestamp::from_microsecond(at.0) {
        Ok(instant) => instant.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string(),
        Err(_) => crate::v2beta1::types::EPOCH.to_owned(),
    }
}

/// Returns the seconds between two instants that are both known.
pub(crate) fn seconds_between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    Some((to?.0 - from?.0) as f64 / 1e6)
}
