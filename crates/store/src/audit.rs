//! The audit log: who asked for which change, when, and how it was answered. The newest entries are kept.

use pipewright_engine::Timestamp;
use rusqlite::{Row, params};

use crate::error::Error;
use crate::store::Store;
use crate::writer::Flush;

/// Entries that are kept.
pub(crate) const KEPT: i64 = 100_000;
const LARGEST_PAGE: u32 = 1000;

pub(crate) const INSERT: &str = "INSERT INTO audit (at, user, method, verb, resource, namespace, path, status) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING number";
pub(crate) const DELETE_OLD: &str = "DELETE FROM audit WHERE number <= ?1";
pub(crate) const SELECT: &str = "SELECT number, at, user, method, verb, resource, namespace, path, status \
     FROM audit WHERE number < ?1 ORDER BY number DESC LIMIT ?2";
pub(crate) const SELECT_OF_NAMESPACE: &str = "SELECT number, at, user, method, verb, resource, namespace, path, \
     status FROM audit WHERE namespace = ?3 AND number < ?1 ORDER BY number DESC LIMIT ?2";

/// One request that changed something, or was refused to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Grows; 0 in an entry that is not kept yet.
    pub number: i64,
    pub at: Timestamp,
    pub user: String,
    /// How they were known, as `session` or `token ci`.
    pub method: String,
    pub verb: String,
    pub resource: String,
    pub namespace: String,
    pub path: String,
    /// HTTP status of the answer.
    pub status: u16,
}

impl Store {
    /// Adds an entry; the oldest ones beyond what is kept go.
    pub async fn record_audit(&self, entry: AuditEntry) -> Result<(), Error> {
        self.db()
            .write(Flush::Soon, move |writing| {
                let number: i64 = writing.connection.prepare_cached(INSERT)?.query_row(
                    params![
                        entry.at.0,
                        entry.user,
                        entry.method,
                        entry.verb,
                        entry.resource,
                        entry.namespace,
                        entry.path,
                        entry.status
                    ],
                    |row| row.get(0),
                )?;
                writing.connection.prepare_cached(DELETE_OLD)?.execute([number - KEPT])?;
                Ok(())
            })
            .await
    }

    /// Returns the newest entries before this number, of one namespace or of all, newest first.
    pub async fn audit_entries(
        &self,
        namespace: Option<String>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, Error> {
        let (before, limit) = (before.unwrap_or(i64::MAX), limit.min(LARGEST_PAGE));
        self.db()
            .read(move |connection| {
                let sql = if namespace.is_some() { SELECT_OF_NAMESPACE } else { SELECT };
                let mut statement = connection.prepare_cached(sql)?;
                let entries = match namespace {
                    Some(namespace) => statement.query_map(params![before, limit, namespace], entry)?,
                    None => statement.query_map(params![before, limit], entry)?,
                };
                Ok(entries.collect::<Result<_, _>>()?)
            })
            .await
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        number: row.get("number")?,
        at: Timestamp(row.get("at")?),
        user: row.get("user")?,
        method: row.get("method")?,
        verb: row.get("verb")?,
        resource: row.get("resource")?,
        namespace: row.get("namespace")?,
        path: row.get("path")?,
        status: row.get("status")?,
    })
}
