//! Names of things inside a run. Everything outside (folder, container, pod, output URI) is named after them.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Returns the instant that much later.
    pub fn after(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// Names a run: a UUID in text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl fmt::Display for RunId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Names a task instance inside a run by its path: `root/for-each[3]/train`.
///
/// A loop task is `root/for-each`, its iterations `root/for-each[0]`, `root/for-each[1]`, …
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskKey(pub String);

impl TaskKey {
    /// The run's own dag.
    pub fn root() -> Self {
        Self("root".to_owned())
    }

    /// Names a task of this dag instance.
    pub fn child(&self, task: &str) -> Self {
        Self(format!("{}/{task}", self.0))
    }

    /// Names one iteration of this loop task.
    pub fn iteration(&self, index: u32) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// Returns the path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the dag instance around it: of `root/a[1]/b` that is `root/a[1]`, of `root/a[1]` it is `root/a`.
    pub fn parent(&self) -> Option<Self> {
        if self.0.ends_with(']') {
            return self.0.rfind('[').map(|at| Self(self.0[..at].to_owned()));
        }
        self.0.rfind('/').map(|at| Self(self.0[..at].to_owned()))
    }

    /// Returns the number of this iteration.
    pub fn index(&self) -> Option<u32> {
        self.0.strip_suffix(']')?.rsplit_once('[')?.1.parse().ok()
    }

    /// Returns the task's own name, without path and iteration.
    pub fn name(&self) -> &str {
        let last = self.0.rsplit('/').next().unwrap_or(&self.0);
        last.split('[').next().unwrap_or(last)
    }
}

impl fmt::Display for TaskKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Names one attempt at a task; `number` counts from 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId {
    pub run: RunId,
    pub task: TaskKey,
    pub number: u32,
}

impl AttemptId {
    /// Returns 16 hexadecimal digits that name the attempt where a path would be too long or unsafe.
    pub fn digest(&self) -> String {
        let hash = Sha256::digest(self.to_string().as_bytes());
        hex::encode(&hash[..8])
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (run, rest) = text.split_once('/')?;
        let (task, number) = rest.rsplit_once('#')?;
        Some(Self {
            run: RunId(run.to_owned()),
            task: TaskKey(task.to_owned()),
            number: number.parse().ok()?,
        })
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}#{}", self.run, self.task, self.number)
    }
}
