//! The facts that a run records. Append-only vocabulary: an event once written is understood for ever.

use std::collections::BTreeMap;
use std::sync::Arc;

use pipewright_plan::{ArtifactValue, Outcome, Published, Usage, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{RunId, TaskKey, Timestamp};
use crate::input::Submit;
use crate::view::{Released, RunPhase, TaskPhase};

/// One recorded fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    RunSubmitted {
        at: Timestamp,
        submit: Box<Submit>,
    },
    /// Trigger policy held and inputs are resolved. For a dag: its tasks may fire now.
    TaskStarted {
        task: TaskKey,
        at: Timestamp,
        inputs: Arc<Resolved>,
    },
    /// A loop task knows its items; artifact loops give `count` alone.
    TaskExpanded {
        task: TaskKey,
        at: Timestamp,
        count: u32,
        items: Vec<Value>,
    },
    /// The condition was false.
    TaskSkipped {
        task: TaskKey,
        at: Timestamp,
        reason: SkipReason,
    },
    CacheMissed {
        task: TaskKey,
        at: Timestamp,
        fingerprint: Arc<Fingerprint>,
    },
    CacheHit {
        task: TaskKey,
        at: Timestamp,
        fingerprint: Arc<Fingerprint>,
        source: CacheSource,
    },
    /// The attempt is to be launched; recorded before anything is.
    AttemptPlanned {
        task: TaskKey,
        at: Timestamp,
        number: u32,
    },
    AttemptPreparing {
        task: TaskKey,
        at: Timestamp,
        number: u32,
        note: String,
    },
    AttemptStarted {
        task: TaskKey,
        at: Timestamp,
        number: u32,
        place: String,
        /// The task's fingerprint with the image that the attempt runs in, when that was not known before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fingerprint: Option<Arc<Fingerprint>>,
    },
    /// The attempt is to be killed.
    AttemptDoomed {
        task: TaskKey,
        at: Timestamp,
        number: u32,
        why: Doom,
    },
    AttemptEnded {
        task: TaskKey,
        at: Timestamp,
        number: u32,
        end: Box<AttemptEnd>,
    },
    RetryScheduled {
        task: TaskKey,
        at: Timestamp,
        next: Timestamp,
    },
    Imported {
        task: TaskKey,
        at: Timestamp,
        artifact: Box<ArtifactValue>,
        reused: bool,
    },
    /// The task waits, until that instant or until somebody lets it go on.
    TaskSuspended {
        task: TaskKey,
        at: Timestamp,
        until: Option<Timestamp>,
    },
    /// Somebody let a waiting task go on, or had it fail; its end follows.
    TaskReleased {
        task: TaskKey,
        at: Timestamp,
        released: Box<Released>,
    },
    /// The task fired and needs these locks before anything of it begins.
    LocksWanted {
        task: TaskKey,
        at: Timestamp,
        locks: Vec<LockClaim>,
    },
    /// Others hold them.
    LocksAwaited {
        task: TaskKey,
        at: Timestamp,
        /// The first that is not to be had.
        lock: String,
        message: String,
    },
    /// The task holds its locks until its end, and begins.
    LocksAcquired {
        task: TaskKey,
        at: Timestamp,
    },
    /// A task came to its end; `phase` is terminal.
    TaskEnded {
        task: TaskKey,
        at: Timestamp,
        phase: TaskPhase,
        outcome: Box<Outcome>,
        error: Option<Failure>,
    },
    /// Nothing new starts but exit tasks; what runs is doomed.
    CancelRequested {
        at: Timestamp,
        why: Doom,
        reason: String,
    },
    RunEnded {
        at: Timestamp,
        phase: RunPhase,
        outcome: Box<Outcome>,
        error: Option<Failure>,
    },
    /// The run goes on after its end, keeping what is not named here.
    RunRetried {
        at: Timestamp,
        requested_at: Timestamp,
        /// Tasks and iterations that are forgotten with everything inside, and fire anew.
        dropped: Vec<TaskKey>,
        /// Dags, loops and iterations that go on around what they keep, outer ones first.
        reopened: Vec<TaskKey>,
    },
    /// A reopened dag, loop or iteration has its turn.
    TaskResumed {
        task: TaskKey,
        at: Timestamp,
    },
}

/// A lock that a task needs, its name complete.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LockClaim {
    /// `NAMESPACE/Mutex/NAME` or `NAMESPACE/ConfigMap/NAME/KEY`.
    pub name: String,
    /// What says how many may hold it at once; absent: one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<LockSize>,
}

/// A number in a config map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LockSize {
    pub namespace: String,
    pub config_map: String,
    pub key: String,
}

/// A task's inputs after resolution.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resolved {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub artifacts: BTreeMap<String, Vec<ArtifactValue>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SkipReason {
    /// Its own condition was false.
    Condition,
    /// An upstream task did not succeed, so the task never fires.
    Upstream { task: TaskKey, phase: TaskPhase },
    /// The run was cancelled before the task fired.
    Cancelled,
    /// A loop over nothing, where that passes the task over.
    NoItems,
    /// Something beside it failed, and the dag starts nothing more then.
    Stopped,
}

/// Where a fingerprint's document says which image it is of.
const IMAGE_DIGEST: &str = "image digest";

/// What a cached result is found by.
///
/// `document` maps each field that goes into the key to its canonical text, so that two fingerprints can be
/// compared and a miss explained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Lower-case hexadecimal SHA-256.
    pub key: String,
    pub document: BTreeMap<String, String>,
}

impl Fingerprint {
    /// Tells whether the digest of this image is a part of it.
    pub fn has_image(&self, digest: &str) -> bool {
        self.document.get(IMAGE_DIGEST).is_some_and(|known| known == digest)
    }

    /// Makes the digest of the image a part of it.
    #[must_use]
    pub fn with_image(mut self, digest: &str) -> Self {
        self.key = hex::encode(Sha256::digest(format!("{}\0{digest}", self.key)));
        self.document.insert(IMAGE_DIGEST.to_owned(), digest.to_owned());
        self
    }
}

/// Where a cached result came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheSource {
    pub run: RunId,
    pub task: TaskKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doom {
    Cancelled,
    TimedOut,
    /// Something that all of the run needs is not to be had.
    Abandoned,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AttemptEnd {
    Succeeded {
        published: Published,
        usage: Usage,
    },
    Failed {
        failure: Failure,
        usage: Usage,
        /// What a v1 command has left of its outputs all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        published: Option<Published>,
    },
}

/// Why something failed and what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub reason: FailureReason,
    /// Lower case, names the object.
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// The command ended with another code than 0.
    ExitCode,
    /// A signal ended the command.
    Signal,
    OutOfMemory,
    /// A declared output is missing or unreadable.
    Output,
    /// The command could not be started.
    NotStarted,
    /// The executor does not run such a task; never retried.
    Refused,
    /// Nobody knows how it ended (host rebooted, launcher killed).
    Lost,
    TimedOut,
    Cancelled,
    /// Inputs, condition or items could not be resolved; never retried.
    Resolve,
    /// A task inside a dag failed.
    Inner,
    /// Somebody said no to a task that waited for an answer; never retried.
    Declined,
}
