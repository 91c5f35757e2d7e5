//! The handle that everything goes through, and what it shares.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, Weak};

use pipewright_engine::Timestamp;
use pipewright_plan::Plan;
use tokio::sync::broadcast;

use crate::catalog::Catalog;
use crate::db::Db;
use crate::error::Error;
use crate::experiments::ensure_default;
use crate::feed::{BACKLOG, Change};
use crate::objects::{Folders, Masked, PodDefaults, Vault};
use crate::writer::Flush;

/// When what tasks report is answered. What users ask for (a run, an upload, a request) is always on disk first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// Survives `kill -9` at once and a power loss after 100 ms at most: commits share a flush soon after.
    #[default]
    Grouped,
    /// Survives a power loss at once: every append is flushed before it is answered.
    Full,
}

/// How to open a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    pub durability: Durability,
}

/// Keeps experiments, pipelines, runs and their journals. Clones are cheap and share one database.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) durability: Durability,
    pub(crate) default_experiment: String,
    pub(crate) catalog: Arc<Catalog>,
    /// Plans in use, by hash: all runs of a plan share one.
    pub(crate) plans: Mutex<BTreeMap<String, Weak<Plan>>>,
    /// Seals secrets, by the key beside the database.
    pub(crate) vault: Vault,
    pub(crate) folders: Folders,
    pub(crate) masked: Mutex<Masked>,
    pub(crate) pod_defaults: Mutex<PodDefaults>,
    feed: broadcast::Sender<Change>,
}

impl Store {
    /// Opens or creates the database at this path; its folder must exist.
    ///
    /// Errors: `Unavailable` when the file cannot be used or is from a newer program.
    pub fn open(path: &Path, options: Options) -> Result<Self, Error> {
        let (feed, _) = broadcast::channel(BACKLOG);
        let catalog = Arc::new(Catalog::default());
        let (db, default_experiment) = Db::open(path, feed.clone(), catalog.clone(), ensure_default)?;
        let home = path.parent().unwrap_or(Path::new(""));
        let inner = Inner {
            db,
            durability: options.durability,
            default_experiment,
            catalog,
            plans: Mutex::default(),
            vault: Vault::new(home.join("key")),
            folders: Folders::new(home.to_owned()),
            masked: Mutex::default(),
            pod_defaults: Mutex::default(),
            feed,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Finishes what is queued, brings it to disk and closes the database; later calls get `Unavailable`.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }

    /// Returns a feed of what changes from now on. Receivers that lag read again what they care for.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.feed.subscribe()
    }

    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    pub(crate) fn append_flush(&self, asked: bool) -> Flush {
        if asked || self.inner.durability == Durability::Full { Flush::Now } else { Flush::Soon }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Store").field("durability", &self.inner.durability).finish_non_exhaustive()
    }
}

/// Returns the present time.
pub(crate) fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_microsecond())
}
