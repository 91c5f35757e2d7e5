//! Runs deleted, with all that is theirs: rows, files, objects.

use pipewright_engine::{RunId, RunPhase, Timestamp};
use rusqlite::{Connection, params};

use crate::documents;
use crate::error::Error;
use crate::feed::Change;
use crate::inbox;
use crate::journal;
use crate::lineage;
use crate::metrics;
use crate::objects;
use crate::retention;
use crate::rows::from_json;
use crate::runs;
use crate::store::Store;
use crate::writer::Flush;

pub(crate) const DELETE: &str = "DELETE FROM runs WHERE number = ?1";
/// What belongs to a run and goes with it, in this order.
pub(crate) const DELETE_PARTS: &[&str] = &[
    lineage::DELETE_USES_OF_RUN,
    "DELETE FROM task_inputs WHERE task IN (SELECT number FROM tasks WHERE run = ?1)",
    "DELETE FROM cache_entries WHERE task IN (SELECT number FROM tasks WHERE run = ?1)",
    "DELETE FROM tasks WHERE run = ?1",
    metrics::DELETE,
    metrics::DELETE_FILES,
    metrics::DELETE_SORTED,
    journal::DELETE,
    inbox::DELETE_ALL,
];

/// On what a run is deleted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Removal {
    Always,
    /// It is over, and archived since then or longer.
    IfArchivedSince(Timestamp),
}

impl Removal {
    fn is_meant(self, connection: &Connection, run: &RunId) -> Result<bool, Error> {
        match self {
            Self::Always => Ok(true),
            Self::IfArchivedSince(since) => {
                Ok(connection.prepare_cached(retention::IS_ARCHIVED)?.exists(params![run.0, since.0])?)
            }
        }
    }
}

impl Store {
    /// Deletes a run with its journal, tasks, requests, cache entries, workspace and the objects that it owns, and,
    /// once it is over, the logs and reports of its attempts; its artifacts stay known.
    pub async fn delete_run(&self, run: &RunId) -> Result<(), Error> {
        self.remove_run(run, Removal::Always).await.map(|_| ())
    }

    /// Files go first: whoever is stopped in between finds the row again.
    pub(crate) async fn remove_run(&self, run: &RunId, removal: Removal) -> Result<bool, Error> {
        let id = run.clone();
        let (is_meant, is_over) = self
            .db()
            .read(move |connection| {
                let is_over = is_over(&runs::head(connection, &id)?)?;
                Ok((removal.is_meant(connection, &id)?, is_over))
            })
            .await?;
        if !is_meant {
            return Ok(false);
        }
        self.discard_of_run(run).await?;
        if is_over {
            self.discard_attempts(run).await?;
        }
        let (store, run) = (self.clone(), run.clone());
        let is_done = self
            .db()
            .write(Flush::Now, move |writing| {
                let (number, plan, spec) = runs::hashes(writing.connection, &run)?;
                // Somebody may have brought it back meanwhile.
                if !removal.is_meant(writing.connection, &run)? {
                    return Ok(false);
                }
                for part in DELETE_PARTS {
                    writing.connection.prepare_cached(part)?.execute([number])?;
                }
                writing.connection.prepare_cached(DELETE)?.execute([number])?;
                objects::delete_of_run(&store, writing.connection, &run)?;
                documents::drop_unreferenced(writing.connection, &plan)?;
                documents::drop_unreferenced(writing.connection, &spec)?;
                writing.tell(Change::Run(run));
                Ok(true)
            })
            .await?;
        // Some of them may have been the run's own.
        self.forget_all_pod_defaults();
        Ok(is_done)
    }
}

fn is_over(head: &runs::Head) -> Result<bool, Error> {
    let phase: RunPhase = from_json("a phase", &format!("\"{}\"", head.phase))?;
    Ok(phase.is_terminal())
}
