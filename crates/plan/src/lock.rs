//! Locks that must be held while something runs, across all runs (v1 `synchronization`).

use serde::{Deserialize, Serialize};

use crate::placeholder::Text;

/// A lock, by a name that placeholders may be a part of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Absent: that of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Text>,
    pub kind: LockKind,
}

/// How many may hold a lock at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LockKind {
    /// One.
    Mutex { name: Text },
    /// As many as a key of a config map says.
    Semaphore { config_map: Text, key: Text },
}

impl Lock {
    /// Lists the texts of the lock.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        let (first, second) = match &self.kind {
            LockKind::Mutex { name } => (name, None),
            LockKind::Semaphore { config_map, key } => (config_map, Some(key)),
        };
        self.namespace.iter().chain([first]).chain(second)
    }
}
