//! Finds earlier results: a task's outputs by what went into it.
//!
//! An entry points at the task that made the result, so it goes when that run is deleted.

use std::time::Duration;

use pipewright_engine::{CacheSource, Fingerprint, MAX_AGE, RunId, TaskKey, Timestamp};
use pipewright_plan::Outcome;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;

use crate::error::Error;
use crate::namespaces::PipelineOf;
use crate::rows::from_json;
use crate::store::Store;

pub(crate) const INSERT: &str = "INSERT INTO cache_entries (task, pipeline_name, fingerprint, task_name) \
     VALUES (?1, ?2, ?3, ?4) ON CONFLICT (task) DO UPDATE SET fingerprint = excluded.fingerprint";
pub(crate) const SELECT_BY_KEY: &str = "SELECT runs.id, tasks.task, tasks.body FROM cache_entries \
     JOIN tasks ON tasks.number = cache_entries.task JOIN runs ON runs.number = tasks.run \
     WHERE cache_entries.pipeline_name = ?1 AND cache_entries.fingerprint = ?2 \
     ORDER BY cache_entries.task DESC LIMIT 16";
/// The document that the fingerprint was made of.
const SELECT_DOCUMENT: &str = "SELECT task_inputs.fingerprint FROM task_inputs \
     JOIN tasks ON tasks.number = task_inputs.task JOIN runs ON runs.number = tasks.run \
     WHERE runs.id = ?1 AND tasks.task = ?2";
pub(crate) const SELECT_BY_NAME: &str = "SELECT runs.id, tasks.task, task_inputs.fingerprint FROM cache_entries \
     JOIN tasks ON tasks.number = cache_entries.task \
     JOIN task_inputs ON task_inputs.task = cache_entries.task \
     JOIN runs ON runs.number = tasks.run \
     WHERE cache_entries.pipeline_name = ?1 AND cache_entries.task_name = ?2 \
     ORDER BY cache_entries.task DESC LIMIT 1";
/// The newest earlier result of a task of that name, whatever went into it.
pub(crate) const SELECT_BEFORE: &str = "SELECT runs.id, tasks.task, task_inputs.fingerprint FROM cache_entries \
     JOIN tasks ON tasks.number = cache_entries.task \
     JOIN task_inputs ON task_inputs.task = cache_entries.task \
     JOIN runs ON runs.number = tasks.run \
     WHERE cache_entries.pipeline_name = ?1 AND cache_entries.task_name = ?2 AND cache_entries.task < ?3 \
     ORDER BY cache_entries.task DESC LIMIT 1";
pub(crate) const SELECT_NUMBER: &str = "SELECT tasks.number FROM tasks JOIN runs ON runs.number = tasks.run \
     WHERE runs.id = ?1 AND tasks.task = ?2";

/// The SDK names a component after the first task that uses it, with this in front.
const COMPONENT_PREFIX: &str = "comp-";

impl Store {
    /// Returns the newest result of this pipeline with this fingerprint key that is young enough, both for who
    /// asks and for the task that made it.
    pub async fn cache_lookup(
        &self,
        pipeline: PipelineOf<'_>,
        key: &str,
        young: Young,
    ) -> Result<Option<(CacheSource, Outcome)>, Error> {
        let (pipeline, key) = (pipeline.cache_key(), key.to_owned());
        self.db().read(move |connection| young_enough(connection, [&pipeline, &key], young)).await
    }

    /// Returns the newest result of this pipeline's task (or component) of that name, whatever went into it:
    /// what a miss is explained by.
    pub async fn cache_nearest(
        &self,
        pipeline: PipelineOf<'_>,
        name: &str,
    ) -> Result<Option<(CacheSource, Fingerprint)>, Error> {
        let mut found = self.newest(SELECT_BY_NAME, pipeline, name).await?;
        if found.is_none()
            && let Some(task) = name.strip_prefix(COMPONENT_PREFIX)
        {
            found = self.newest(SELECT_BY_NAME, pipeline, task).await?;
        }
        let Some((source, text)) = found else { return Ok(None) };
        let fingerprint: Option<Fingerprint> = from_json("a fingerprint", &text)?;
        Ok(fingerprint.map(|fingerprint| (source, fingerprint)))
    }

    /// Returns the newest result of this pipeline's task of the same name from before this one.
    pub async fn cache_before(
        &self,
        pipeline: PipelineOf<'_>,
        run: &RunId,
        key: &TaskKey,
    ) -> Result<Option<(CacheSource, Fingerprint)>, Error> {
        let (pipeline, run, key) = (pipeline.cache_key(), run.clone(), key.clone());
        self.db()
            .read(move |connection| {
                let number: Option<i64> = connection
                    .prepare_cached(SELECT_NUMBER)?
                    .query_row([&run.0, &key.0], |row| row.get(0))
                    .optional()?;
                let Some(number) = number else { return Ok(None) };
                let mut statement = connection.prepare_cached(SELECT_BEFORE)?;
                let mut rows = statement.query(params![pipeline, key.name(), number])?;
                let Some(row) = rows.next()? else { return Ok(None) };
                let source = CacheSource { run: RunId(row.get(0)?), task: TaskKey(row.get(1)?) };
                let fingerprint: Option<Fingerprint> = from_json("a fingerprint", &row.get::<_, String>(2)?)?;
                Ok(fingerprint.map(|fingerprint| (source, fingerprint)))
            })
            .await
    }

    async fn newest(
        &self,
        sql: &'static str,
        pipeline: PipelineOf<'_>,
        what: &str,
    ) -> Result<Option<(CacheSource, String)>, Error> {
        let (pipeline, what) = (pipeline.cache_key(), what.to_owned());
        self.db()
            .read(move |connection| {
                let mut statement = connection.prepare_cached(sql)?;
                let mut rows = statement.query([pipeline, what])?;
                let Some(row) = rows.next()? else { return Ok(None) };
                let source = CacheSource { run: RunId(row.get(0)?), task: TaskKey(row.get(1)?) };
                Ok(Some((source, row.get(2)?)))
            })
            .await
    }
}

/// How young a result must be.
#[derive(Debug, Clone, Copy)]
pub struct Young {
    pub now: Timestamp,
    /// Any age will do when absent.
    pub than: Option<Duration>,
}

impl Young {
    fn allows(&self, ended_at: Option<Timestamp>, limit: Option<Duration>) -> bool {
        let age = self.now.0 - ended_at.unwrap_or_default().0;
        limit.is_none_or(|limit| age < i64::try_from(limit.as_micros()).unwrap_or(i64::MAX))
    }
}

fn young_enough(
    connection: &Connection,
    asked: [&str; 2],
    young: Young,
) -> Result<Option<(CacheSource, Outcome)>, Error> {
    #[derive(Deserialize)]
    struct Body {
        outcome: Outcome,
        #[serde(default)]
        ended_at: Option<Timestamp>,
    }
    let mut statement = connection.prepare_cached(SELECT_BY_KEY)?;
    let mut rows = statement.query(asked)?;
    while let Some(row) = rows.next()? {
        let source = CacheSource { run: RunId(row.get(0)?), task: TaskKey(row.get(1)?) };
        let body: Body = from_json("a task", &row.get::<_, String>(2)?)?;
        // They come newest first.
        if !young.allows(body.ended_at, young.than) {
            return Ok(None);
        }
        if young.allows(body.ended_at, own_limit(connection, &source)?) {
            return Ok(Some((source, body.outcome)));
        }
    }
    Ok(None)
}

/// Returns for how long the task that made a result lets it be used.
fn own_limit(connection: &Connection, source: &CacheSource) -> Result<Option<Duration>, Error> {
    let mut statement = connection.prepare_cached(SELECT_DOCUMENT)?;
    let mut rows = statement.query([&source.run.0, source.task.as_str()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let Some(text) = row.get::<_, Option<String>>(0)? else { return Ok(None) };
    let fingerprint: Option<Fingerprint> = from_json("a fingerprint", &text)?;
    let seconds = fingerprint.and_then(|found| found.document.get(MAX_AGE)?.parse::<f64>().ok());
    Ok(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()))
}

/// A task that may be reused.
pub(crate) struct CacheRow {
    fingerprint: String,
    task_name: String,
}

impl CacheRow {
    pub(crate) fn new(fingerprint: &Fingerprint, task_name: &str) -> Self {
        Self { fingerprint: fingerprint.key.clone(), task_name: task_name.to_owned() }
    }

    pub(crate) fn insert(&self, connection: &Connection, pipeline: &str, task: i64) -> Result<(), Error> {
        let values = params![task, pipeline, self.fingerprint, self.task_name];
        connection.prepare_cached(INSERT)?.execute(values)?;
        Ok(())
    }
}
