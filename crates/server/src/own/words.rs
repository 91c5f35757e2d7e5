//! Words and small shapes that many of our own messages share: states, instants, errors.

use std::collections::BTreeMap;

use pipewright_store::engine::{CacheSource, Failure, RunPhase, TaskPhase, Timestamp};
use pipewright_store::{Mark, Order};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::Error;
use crate::extract::Words;

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
/// Reads `sort_by`, as `name` or `created_at desc`; newest first when it is not there.
///
/// Errors: `Invalid` for what a list is not sorted by.
pub(crate) fn order<K: Copy + Default>(words: &Words, known: &[(&str, K)]) -> Result<Order<K>, Error> {
    let Some(text) = words.get("sort_by") else { return Ok(Order::default()) };
    let (key, direction) = text.split_once(' ').unwrap_or((text, "asc"));
    let found = known.iter().find(|(name, _)| *name == key);
    match (found, direction) {
        (Some((_, by)), "asc" | "desc") => Ok(Order { by: *by, is_ascending: direction == "asc" }),
        _ => {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            Err(Error::Invalid(format!(
                "sort_by is one of {}, with `asc` or `desc` behind it; found `{text}`",
                names.join(", ")
            )))
        }
    }
}

/// Reads where a sorted list goes on.
///
/// Errors: `Invalid` for a token that no list has given.
pub(crate) fn mark(words: &Words) -> Result<Option<Mark>, Error> {
    let wrong = |text: &str| Error::Invalid(format!("`{text}` is no page_token of this list"));
    words.get("page_token").map(|text| text.parse().map_err(|_| wrong(text))).transpose()
}
