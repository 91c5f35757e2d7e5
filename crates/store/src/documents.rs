//! Plans and pipeline specs: big texts, kept once by their hash while somebody refers to them.

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use crate::error::Error;

pub(crate) const INSERT: &str =
    "INSERT INTO documents (hash, body) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING";
pub(crate) const SELECT: &str = "SELECT body FROM documents WHERE hash = ?1";
pub(crate) const DELETE_UNREFERENCED: &str = "DELETE FROM documents WHERE hash = ?1 \
     AND NOT EXISTS (SELECT 1 FROM runs WHERE plan_hash = ?1) \
     AND NOT EXISTS (SELECT 1 FROM runs WHERE spec_hash = ?1) \
     AND NOT EXISTS (SELECT 1 FROM pipeline_versions WHERE spec_hash = ?1) \
     AND NOT EXISTS (SELECT 1 FROM recurring_runs WHERE spec_hash = ?1)";

/// A document's text and its name.
pub(crate) struct Document {
    pub(crate) hash: String,
    body: String,
}

impl Document {
    pub(crate) fn new(body: String) -> Self {
        Self { hash: hex::encode(Sha256::digest(&body)), body }
    }

    pub(crate) fn keep(&self, connection: &Connection) -> Result<(), Error> {
        connection.prepare_cached(INSERT)?.execute([&self.hash, &self.body])?;
        Ok(())
    }
}

pub(crate) fn read(connection: &Connection, hash: &str) -> Result<String, Error> {
    let body = connection.prepare_cached(SELECT)?.query_row([hash], |row| row.get(0)).optional()?;
    body.ok_or_else(|| Error::internal(format!("document {hash} is missing")))
}

/// Deletes the document if nobody refers to it any more.
pub(crate) fn drop_unreferenced(connection: &Connection, hash: &str) -> Result<(), Error> {
    connection.prepare_cached(DELETE_UNREFERENCED)?.execute([hash])?;
    Ok(())
}
