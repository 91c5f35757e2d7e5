//! Tags of pipelines and pipeline versions.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::error::Error;

pub(crate) const SELECT: &str = "SELECT tag, content FROM tags WHERE owner = ?1 ORDER BY tag";
pub(crate) const INSERT: &str = "INSERT INTO tags (owner, tag, content) VALUES (?1, ?2, ?3)";
pub(crate) const DELETE: &str = "DELETE FROM tags WHERE owner = ?1";

pub(crate) type Tags = BTreeMap<String, String>;

pub(crate) fn of(connection: &Connection, owner: &str) -> Result<Tags, Error> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let tags = statement.query_map([owner], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(tags.collect::<Result<_, _>>()?)
}

/// Makes these the owner's tags, whatever it had.
pub(crate) fn replace(connection: &Connection, owner: &str, tags: &Tags) -> Result<(), Error> {
    connection.prepare_cached(DELETE)?.execute([owner])?;
    let mut statement = connection.prepare_cached(INSERT)?;
    for (tag, content) in tags {
        statement.execute([owner, tag, content])?;
    }
    Ok(())
}
