//! Sessions of people who have logged in: what is kept of the cookie, and whose it is.

use pipewright_engine::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use crate::error::Error;
use crate::rows::{from_json, to_json};
use crate::store::Store;
use crate::writer::Flush;

pub(crate) const INSERT: &str = "INSERT INTO sessions (hash, user, stamp, user_groups, created_at, expires_at) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
pub(crate) const SELECT: &str =
    "SELECT user, stamp, user_groups, expires_at FROM sessions WHERE hash = ?1 AND expires_at > ?2";
pub(crate) const DELETE: &str = "DELETE FROM sessions WHERE hash = ?1";
pub(crate) const DELETE_EXPIRED: &str = "DELETE FROM sessions WHERE expires_at <= ?1";

/// A login that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub user: String,
    /// What the login rested on, as the hash of a password's hash; when that is another now, the session is over.
    pub stamp: String,
    /// Groups that an identity provider named.
    pub groups: Vec<String>,
    pub expires_at: Timestamp,
}

impl Store {
    /// Keeps a session under the hash of its cookie; sessions whose time is over go.
    pub async fn create_session(&self, hash: String, session: Session) -> Result<(), Error> {
        let groups = to_json("groups", &session.groups)?;
        self.db()
            .write(Flush::Soon, move |writing| {
                let now = writing.now.0;
                writing.connection.prepare_cached(DELETE_EXPIRED)?.execute([now])?;
                let values = params![hash, session.user, session.stamp, groups, now, session.expires_at.0];
                writing.connection.prepare_cached(INSERT)?.execute(values)?;
                Ok(())
            })
            .await
    }

    /// Returns the session of this hash unless its time is over.
    pub async fn session(&self, hash: String, now: Timestamp) -> Result<Option<Session>, Error> {
        self.db()
            .read(move |connection| {
                let mut statement = connection.prepare_cached(SELECT)?;
                let row = statement.query_row(params![hash, now.0], |row| Ok(session(row))).optional()?;
                row.transpose()
            })
            .await
    }

    /// Ends a session.
    pub async fn delete_session(&self, hash: String) -> Result<(), Error> {
        self.db()
            .write(Flush::Soon, move |writing| {
                writing.connection.prepare_cached(DELETE)?.execute([hash])?;
                Ok(())
            })
            .await
    }
}

fn session(row: &Row<'_>) -> Result<Session, Error> {
    Ok(Session {
        user: row.get("user")?,
        stamp: row.get("stamp")?,
        groups: from_json("groups", &row.get::<_, String>("user_groups")?)?,
        expires_at: Timestamp(row.get("expires_at")?),
    })
}
