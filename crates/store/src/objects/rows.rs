//! Objects as rows: what is read and written in one transaction.

use pipewright_engine::{RunId, Timestamp};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};
use serde_json::Value;

use super::document::{self, Given, ObjectKey, SECRET};
use super::{Object, ObjectAuthor, ObjectWrite, missing};
use crate::error::{Error, Kind};
use crate::feed::Change;
use crate::store::Store;
use crate::writer::Writing;

const COLUMNS: &str = "namespace, kind, api_group, name, uid, owner_run, created_at, updated_at, document";
pub(crate) const SELECT: &str = "SELECT namespace, kind, api_group, name, uid, owner_run, created_at, \
     updated_at, document FROM objects WHERE namespace = ?1 AND kind = ?2 AND api_group = ?3 AND name = ?4";
pub(crate) const SELECT_OWNED: &str =
    "SELECT namespace, kind, api_group, name FROM objects WHERE owner_run = ?1";
pub(crate) const SELECT_SECRETS: &str = "SELECT namespace, kind, api_group, name, uid, owner_run, created_at, \
     updated_at, document FROM objects WHERE kind = 'Secret' AND api_group = ''";
pub(crate) const UPSERT: &str = "INSERT INTO objects (namespace, kind, api_group, name, uid, owner_run, \
     created_at, updated_at, document) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
     ON CONFLICT (namespace, kind, api_group, name) DO UPDATE SET owner_run = excluded.owner_run, \
     updated_at = excluded.updated_at, document = excluded.document";
pub(crate) const DELETE: &str =
    "DELETE FROM objects WHERE namespace = ?1 AND kind = ?2 AND api_group = ?3 AND name = ?4";
pub(crate) const DELETE_OWNED: &str = "DELETE FROM objects WHERE owner_run = ?1";
pub(crate) const SELECT_CALL: &str = "SELECT 1 FROM object_calls WHERE attempt = ?1";
pub(crate) const INSERT_CALL: &str = "INSERT INTO object_calls (attempt, run) VALUES (?1, ?2)";
pub(crate) const DELETE_CALLS: &str = "DELETE FROM object_calls WHERE run = ?1";
pub(crate) const INSERT_FORMER: &str = "INSERT INTO former_secrets (body) VALUES (?1)";
pub(crate) const SELECT_FORMER: &str = "SELECT body FROM former_secrets ORDER BY number";

/// Where the values of former secrets belong, for the vault.
const FORMER: &str = "former secrets";
/// Most objects in a list.
const LONGEST: usize = 10_000;

/// A change that is asked for.
pub(super) struct Wish {
    pub(super) key: ObjectKey,
    pub(super) manifest: Value,
    pub(super) how: ObjectWrite,
    pub(super) author: ObjectAuthor,
}

pub(super) fn write(store: &Store, writing: &mut Writing<'_>, wish: Wish) -> Result<Object, Error> {
    let Wish { key, manifest, how, author } = wish;
    let (key, author) = (&key, &author);
    let connection = writing.connection;
    let current = select(store, connection, key)?;
    if was_done(connection, author)? {
        return current.ok_or_else(|| missing(key));
    }
    let manifest = match (how, &current) {
        (ObjectWrite::Create, Some(_)) => {
            let name = format!("{} {} in {}", key.kind, key.name, key.namespace);
            return Err(Error::Exists { kind: Kind::Object, name });
        }
        (ObjectWrite::Replace | ObjectWrite::Merge, None) => return Err(missing(key)),
        (ObjectWrite::Merge, Some(current)) => {
            let mut merged = current.document.clone();
            document::merge(&mut merged, manifest);
            merged
        }
        (ObjectWrite::Create | ObjectWrite::Apply | ObjectWrite::Replace, _) => manifest,
    };
    writing.tell(Change::Object(key.clone()));
    let now = writing.now;
    let (uid, created_at) = current.as_ref().map_or_else(
        || (uuid::Uuid::new_v4().to_string(), now),
        |current| (current.uid.clone(), current.created_at),
    );
    let given = Given { uid: &uid, created_at, updated_at: now };
    let document = document::complete(key, manifest, &given)?;
    if let Some(former) = current.as_ref().filter(|current| current.document != document) {
        remember_values(store, connection, former)?;
    }
    let owner = author.owner.clone().or_else(|| current.as_ref().and_then(|current| current.owner.clone()));
    let text = document.to_string();
    let body = if key.is_core(SECRET) {
        rusqlite::types::Value::Blob(store.inner.vault.seal(&key.place(), text.as_bytes())?)
    } else {
        rusqlite::types::Value::Text(text)
    };
    connection.prepare_cached(UPSERT)?.execute(params![
        key.namespace,
        key.kind,
        key.group,
        key.name,
        uid,
        owner.as_ref().map(|run| &run.0),
        created_at.0,
        now.0,
        body,
    ])?;
    record(connection, author)?;
    Ok(Object { key: key.clone(), uid, owner, created_at, updated_at: now, document })
}

pub(super) fn delete(
    store: &Store,
    writing: &mut Writing<'_>,
    key: &ObjectKey,
    author: &ObjectAuthor,
) -> Result<(), Error> {
    let connection = writing.connection;
    match select(store, connection, key) {
        Ok(Some(current)) => remember_values(store, connection, &current)?,
        Ok(None) => return Err(missing(key)),
        // What cannot be read can be deleted.
        Err(error) => tracing::warn!(%error, "an object is deleted unread"),
    }
    connection.prepare_cached(DELETE)?.execute(params![key.namespace, key.kind, key.group, key.name])?;
    record(connection, author)
}

/// Lists what goes with a run.
pub(super) fn owned(connection: &Connection, run: &RunId) -> Result<Vec<ObjectKey>, Error> {
    let mut statement = connection.prepare_cached(SELECT_OWNED)?;
    let keys = statement.query_map([&run.0], key_of)?;
    Ok(keys.collect::<Result<_, _>>()?)
}

/// Deletes what goes with a run, and what its attempts have done to objects.
pub(crate) fn delete_of_run(store: &Store, connection: &Connection, run: &RunId) -> Result<(), Error> {
    for key in owned(connection, run)?.iter().filter(|key| key.is_core(SECRET)) {
        if let Some(secret) = select(store, connection, key)? {
            remember_values(store, connection, &secret)?;
        }
    }
    connection.prepare_cached(DELETE_OWNED)?.execute([&run.0])?;
    connection.prepare_cached(DELETE_CALLS)?.execute([&run.0])?;
    store.forget_masks();
    Ok(())
}

pub(super) fn was_done(connection: &Connection, author: &ObjectAuthor) -> Result<bool, Error> {
    let Some(attempt) = &author.attempt else { return Ok(false) };
    let mut statement = connection.prepare_cached(SELECT_CALL)?;
    Ok(statement.exists([attempt.to_string()])?)
}

fn record(connection: &Connection, author: &ObjectAuthor) -> Result<(), Error> {
    if let Some(attempt) = &author.attempt {
        connection.prepare_cached(INSERT_CALL)?.execute([&attempt.to_string(), &attempt.run.0])?;
    }
    Ok(())
}

/// Keeps the values of a secret that goes, sealed, so that they stay hidden in old logs.
fn remember_values(store: &Store, connection: &Connection, secret: &Object) -> Result<(), Error> {
    let values = document::secret_values(&secret.document);
    if !secret.key.is_core(SECRET) || values.is_empty() {
        return Ok(());
    }
    let text = serde_json::to_vec(&values).map_err(|error| Error::document("cannot write values", error))?;
    connection.prepare_cached(INSERT_FORMER)?.execute([store.inner.vault.seal(FORMER, &text)?])?;
    Ok(())
}

pub(super) fn secret_values(store: &Store, connection: &Connection) -> Result<Vec<Vec<u8>>, Error> {
    let mut values = Vec::new();
    let mut statement = connection.prepare_cached(SELECT_SECRETS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        values.extend(document::secret_values(&object(store, row)?.document));
    }
    let mut statement = connection.prepare_cached(SELECT_FORMER)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = match store.inner.vault.open(FORMER, &row.get::<_, Vec<u8>>(0)?) {
            Ok(text) => text,
            Err(error) => {
                tracing::warn!(%error, "values of a former secret are not hidden in logs");
                continue;
            }
        };
        let former: Vec<Vec<u8>> = serde_json::from_slice(&text)
            .map_err(|error| Error::document("cannot read former secrets", error))?;
        values.extend(former);
    }
    values.sort();
    values.dedup();
    Ok(values)
}

pub(super) fn select(
    store: &Store,
    connection: &Connection,
    key: &ObjectKey,
) -> Result<Option<Object>, Error> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query(params![key.namespace, key.kind, key.group, key.name])?;
    rows.next()?.map(|row| object(store, row)).transpose()
}

pub(super) fn list(
    store: &Store,
    connection: &Connection,
    namespace: Option<&str>,
    kind: Option<&str>,
) -> Result<Vec<Object>, Error> {
    let condition = match (namespace, kind) {
        (Some(_), Some(_)) => "WHERE kind = ?2 AND namespace = ?1",
        (Some(_), None) => "WHERE namespace = ?1 AND ?2 IS NULL",
        (None, Some(_)) => "WHERE kind = ?2 AND ?1 IS NULL",
        (None, None) => "WHERE ?1 IS NULL AND ?2 IS NULL",
    };
    let sql = format!("SELECT {COLUMNS} FROM objects {condition} LIMIT {LONGEST}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![namespace, kind])?;
    let mut objects = Vec::new();
    while let Some(row) = rows.next()? {
        objects.push(object(store, row)?);
    }
    Ok(objects)
}

fn key_of(row: &Row<'_>) -> rusqlite::Result<ObjectKey> {
    Ok(ObjectKey {
        namespace: row.get("namespace")?,
        kind: row.get("kind")?,
        group: row.get("api_group")?,
        name: row.get("name")?,
    })
}

fn object(store: &Store, row: &Row<'_>) -> Result<Object, Error> {
    let key = key_of(row)?;
    let text = match row.get_ref("document")? {
        ValueRef::Blob(sealed) => store.inner.vault.open(&key.place(), sealed)?,
        ValueRef::Text(text) => text.to_vec(),
        _ => return Err(Error::internal(format!("{} has no document", key.in_words()))),
    };
    let document = serde_json::from_slice(&text)
        .map_err(|error| Error::document(format_args!("cannot read {}", key.in_words()), error))?;
    Ok(Object {
        uid: row.get("uid")?,
        owner: row.get::<_, Option<String>>("owner_run")?.map(RunId),
        created_at: Timestamp(row.get("created_at")?),
        updated_at: Timestamp(row.get("updated_at")?),
        key,
        document,
    })
}
