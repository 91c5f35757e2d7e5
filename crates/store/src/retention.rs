//! Which runs have been over, or archived, for long: what keeps a home folder from growing for ever. When that is
//! too long, and when it is looked at, is for others to say.

use pipewright_engine::{RunId, Timestamp};
use rusqlite::{OptionalExtension, params};

use crate::error::Error;
use crate::feed::Change;
use crate::removal::Removal;
use crate::rows::ARCHIVED;
use crate::runs::SET_STORAGE;
use crate::store::Store;
use crate::writer::Flush;

/// Since when the oldest run has been over and in sight: one that was brought back counts from then.
pub(crate) const OLDEST_FINISHED: &str = "SELECT CASE WHEN storage_changed_at > finished_at THEN storage_changed_at \
     ELSE finished_at END AS since FROM runs INDEXED BY runs_to_archive WHERE storage_state = 'available' AND finished_at > 0 \
     ORDER BY CASE WHEN storage_changed_at > finished_at THEN storage_changed_at ELSE finished_at END, number LIMIT 1";
pub(crate) const FINISHED_BEFORE: &str = "SELECT id FROM runs INDEXED BY runs_to_archive WHERE storage_state = 'available' AND finished_at > 0 \
     AND CASE WHEN storage_changed_at > finished_at THEN storage_changed_at ELSE finished_at END <= ?1 \
     ORDER BY CASE WHEN storage_changed_at > finished_at THEN storage_changed_at ELSE finished_at END, number LIMIT ?2";
pub(crate) const OLDEST_ARCHIVED: &str = "SELECT storage_changed_at FROM runs INDEXED BY runs_to_delete \
     WHERE storage_state = 'archived' AND finished_at > 0 ORDER BY storage_changed_at, number LIMIT 1";
pub(crate) const ARCHIVED_BEFORE: &str = "SELECT storage_changed_at, number, id FROM runs INDEXED BY runs_to_delete \
     WHERE storage_state = 'archived' AND finished_at > 0 AND storage_changed_at <= ?1 \
     AND (storage_changed_at, number) > (?2, ?3) ORDER BY storage_changed_at, number LIMIT ?4";
pub(crate) const IS_ARCHIVED: &str = "SELECT 1 FROM runs WHERE id = ?1 AND storage_state = 'archived' \
     AND finished_at > 0 AND storage_changed_at <= ?2";

/// A run that has been archived for long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    pub run: RunId,
    archived_at: i64,
    number: i64,
}

impl Store {
    /// Returns since when the oldest of the runs that are over and not archived is in sight.
    pub async fn oldest_finished(&self) -> Result<Option<Timestamp>, Error> {
        self.oldest(OLDEST_FINISHED).await
    }

    /// Returns since when the oldest archived run that is over has been archived.
    pub async fn oldest_archived(&self) -> Result<Option<Timestamp>, Error> {
        self.oldest(OLDEST_ARCHIVED).await
    }

    async fn oldest(&self, sql: &'static str) -> Result<Option<Timestamp>, Error> {
        self.db()
            .read(move |connection| {
                let found = connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
                Ok(found.map(Timestamp))
            })
            .await
    }

    /// Archives the oldest runs that have been over since then or longer, at most that many in one transaction;
    /// names them.
    pub async fn archive_finished(&self, since: Timestamp, limit: u32) -> Result<Vec<RunId>, Error> {
        self.db()
            .write(Flush::Now, move |writing| {
                let mut statement = writing.connection.prepare_cached(FINISHED_BEFORE)?;
                let found = statement.query_map(params![since.0, limit], |row| row.get(0))?;
                let found = found.collect::<Result<Vec<String>, _>>()?;
                for id in &found {
                    let values = params![id, ARCHIVED, writing.now.0];
                    writing.connection.prepare_cached(SET_STORAGE)?.execute(values)?;
                    writing.tell(Change::Run(RunId(id.clone())));
                }
                Ok(found.into_iter().map(RunId).collect())
            })
            .await
    }

    /// Lists runs that are over and have been archived since then or longer, oldest first, from behind `after` on.
    pub async fn expired_runs(
        &self,
        since: Timestamp,
        after: Option<Expired>,
        limit: u32,
    ) -> Result<Vec<Expired>, Error> {
        let (archived_at, number) = after.map_or((i64::MIN, 0), |last| (last.archived_at, last.number));
        self.db()
            .read(move |connection| {
                let mut statement = connection.prepare_cached(ARCHIVED_BEFORE)?;
                let found = statement.query_map(params![since.0, archived_at, number, limit], |row| {
                    Ok(Expired { archived_at: row.get(0)?, number: row.get(1)?, run: RunId(row.get(2)?) })
                })?;
                Ok(found.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Deletes a run, as [`Store::delete_run`] does, if it still is archived since then or longer; tells whether.
    pub async fn delete_expired(&self, expired: &Expired, since: Timestamp) -> Result<bool, Error> {
        match self.remove_run(&expired.run, Removal::IfArchivedSince(since)).await {
            Err(Error::NotFound { .. }) => Ok(false),
            done => done,
        }
    }
}
