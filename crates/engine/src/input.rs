//! What the world tells a run.

use std::collections::BTreeMap;

use pipewright_plan::{ArtifactValue, Outcome, Value};
use serde::{Deserialize, Serialize};

use crate::event::{AttemptEnd, CacheSource, Fingerprint};
use crate::id::{AttemptId, TaskKey, Timestamp};

/// One thing that happened outside. Every input may arrive late or twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Input {
    Submit {
        submit: Box<Submit>,
    },
    /// A user wants the run to stop.
    Terminate,
    /// The run cannot go on: something that all of it needs is not to be had.
    Abandon {
        reason: String,
    },
    /// A user wants a finished run to go on from what failed.
    Retry {
        retry: Retry,
    },
    /// A user lets tasks go on that wait.
    Resume {
        resume: Box<Resume>,
    },
    Observed {
        observation: Box<Observation>,
    },
    Cache {
        answer: Box<CacheAnswer>,
    },
    Import {
        answer: Box<ImportAnswer>,
    },
    /// What has come of a task's wish for locks.
    Lock {
        answer: Box<LockAnswer>,
    },
    /// Time passed: `now` has reached the last `wake_at`.
    Tick,
}

/// A run as it was asked for; arguments are checked against the plan already.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Submit {
    pub display_name: String,
    /// Where the objects that tasks name live; empty is [`Submit::DEFAULT_NAMESPACE`].
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    pub arguments: BTreeMap<String, Value>,
    /// Where output artifacts go; without a trailing slash.
    pub pipeline_root: String,
    pub created_at: Timestamp,
    pub scheduled_at: Option<Timestamp>,
    /// Whose account tasks get; empty when it is left to the pipeline.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_account: String,
    /// No cache look-ups at all, whatever the tasks say.
    pub caching_disabled: bool,
    /// Tasks that take no earlier result, and with them everything that depends on them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fresh: Vec<TaskKey>,
    /// How the run's tasks are to be run; absent: as whoever drives it is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executor: Option<ExecutorChoice>,
}

/// How tasks are to be run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutorChoice {
    /// Each in the way that suits its image.
    #[default]
    Auto,
    Process,
    Container,
}

impl ExecutorChoice {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Process => "process",
            Self::Container => "container",
        }
    }

    /// Reads the word for it.
    pub fn of_word(word: &str) -> Option<Self> {
        [Self::Auto, Self::Process, Self::Container].into_iter().find(|choice| choice.word() == word)
    }
}

impl Submit {
    /// The namespace of runs that name none.
    pub const DEFAULT_NAMESPACE: &str = "default";

    /// Returns the namespace of the run's objects.
    pub fn namespace(&self) -> &str {
        if self.namespace.is_empty() { Self::DEFAULT_NAMESPACE } else { &self.namespace }
    }
}

/// Asks a finished run to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retry {
    pub requested_at: Timestamp,
    /// Tasks that are done anew although they succeeded. Without any the run must have failed or been cancelled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<TaskKey>,
}

/// Lets waiting tasks go on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resume {
    /// Tasks, or dags and loops around them; none: all that wait.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskKey>,
    /// Values of the outputs that they expect.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    /// They fail instead: the answer is no.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub declined: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Who asked, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What an executor saw of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    pub attempt: AttemptId,
    pub at: Timestamp,
    pub observed: Observed,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Observed {
    /// Something long happens before the command can start (an environment is built, an image pulled).
    Preparing {
        note: String,
    },
    /// The command runs; `place` says where (`process 4711`, a container's name, a pod's name).
    Started {
        place: String,
        /// Digest of the image that it runs in, where there is one.
        image: Option<String>,
    },
    Ended {
        end: Box<AttemptEnd>,
    },
}

/// The answer to a [`crate::CacheLookup`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CacheAnswer {
    pub task: TaskKey,
    pub fingerprint: Fingerprint,
    /// `None` is a miss.
    pub hit: Option<(CacheSource, Outcome)>,
    /// The round that the look-up named; what was asked in an earlier one is of no interest any more.
    #[serde(default)]
    pub round: u32,
}

/// The answer to a [`crate::ImportRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportAnswer {
    pub task: TaskKey,
    /// An artifact known before that can be used again; `None` registers the requested one.
    pub known: Option<ArtifactValue>,
    /// Why the artifact cannot be imported.
    pub error: Option<String>,
    /// The round that the request named.
    #[serde(default)]
    pub round: u32,
}

/// The answer to a [`crate::LockRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LockAnswer {
    pub task: TaskKey,
    pub found: LockFound,
    /// The round that the request named.
    #[serde(default)]
    pub round: u32,
}

/// What has come of a wish for locks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LockFound {
    /// The task holds all of them.
    Acquired,
    /// It has to wait for this one; another answer follows.
    Waiting { lock: String, message: String },
    /// There is no such lock.
    Refused { message: String, hint: String },
}
