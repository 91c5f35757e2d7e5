//! What is done once in the life of a home folder.

use rusqlite::params;

use crate::error::Error;
use crate::store::Store;
use crate::writer::Flush;

pub(crate) const SELECT: &str = "SELECT 1 FROM marks WHERE name = ?1";
pub(crate) const INSERT: &str =
    "INSERT INTO marks (name, set_at) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";

impl Store {
    /// Tells whether this was done.
    pub async fn is_marked(&self, name: &'static str) -> Result<bool, Error> {
        self.db().read(move |connection| Ok(connection.prepare_cached(SELECT)?.exists([name])?)).await
    }

    /// Notes that this was done; it is on disk when this returns.
    pub async fn mark(&self, name: &'static str) -> Result<(), Error> {
        self.db()
            .write(Flush::Now, move |writing| {
                writing.connection.prepare_cached(INSERT)?.execute(params![name, writing.now.0])?;
                Ok(())
            })
            .await
    }
}
