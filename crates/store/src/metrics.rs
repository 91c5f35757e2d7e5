//! Metrics of runs. Clients report some in the v1 format; others are in files that tasks leave, of which the place is
//! kept here; those of v2 tasks are metadata of artifacts. What runs are sorted by are the numbers of all three, the
//! latest of each name: a file's since somebody read it for that.

use pipewright_engine::{RunId, TaskKey, TaskKind, TaskView};
use rusqlite::{Connection, params};

use crate::error::Error;
use crate::runs;
use crate::store::Store;
use crate::writer::Flush;

/// The output artifact whose file holds a task's metrics.
const ARTIFACT: &str = "mlpipeline-metrics";
/// The type of artifacts whose metadata are numbers.
const METRICS: &str = "system.Metrics";

pub(crate) const INSERT: &str = "INSERT INTO run_metrics (run, node, name, value, format) VALUES (?1, ?2, ?3, ?4, ?5) \
     ON CONFLICT (run, node, name) DO NOTHING";
pub(crate) const SELECT: &str =
    "SELECT node, name, value, format FROM run_metrics WHERE run = ?1 ORDER BY node, name";
pub(crate) const INSERT_FILE: &str =
    "INSERT INTO metric_files (run, task, uri) VALUES (?1, ?2, ?3) ON CONFLICT (run, task) DO NOTHING";
pub(crate) const SELECT_UNREAD: &str = "SELECT run, task, uri FROM metric_files WHERE is_read = 0 LIMIT ?1";
pub(crate) const SET_READ: &str = "UPDATE metric_files SET is_read = 1 WHERE run = ?1 AND task = ?2";
pub(crate) const UPSERT_SORTED: &str = "INSERT INTO sorted_metrics (name, run, value) VALUES (?1, ?2, ?3) \
     ON CONFLICT (name, run) DO UPDATE SET value = excluded.value";
pub(crate) const SELECT_SORTED: &str = "SELECT run, value FROM sorted_metrics WHERE name = ?1";
pub(crate) const SELECT_SORTED_ONE: &str = "SELECT value FROM sorted_metrics WHERE name = ?1 AND run = ?2";
pub(crate) const DELETE_SORTED: &str = "DELETE FROM sorted_metrics WHERE run = ?1";
/// Says that a run is to be looked at again: its numbers stand in no row of its own.
pub(crate) const TOUCH: &str = "UPDATE runs SET storage_state = storage_state WHERE number = ?1";
pub(crate) const SELECT_FILES: &str = "SELECT task, uri FROM metric_files WHERE run = ?1 ORDER BY task";
pub(crate) const DELETE: &str = "DELETE FROM run_metrics WHERE run = ?1";
pub(crate) const DELETE_FILE: &str = "DELETE FROM metric_files WHERE run = ?1 AND task = ?2";
pub(crate) const DELETE_FILES: &str = "DELETE FROM metric_files WHERE run = ?1";

/// One number that somebody reported of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub node: String,
    pub name: String,
    pub value: f64,
    /// The API's word.
    pub format: String,
}

/// A file of metrics that a task left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricFile {
    pub task: TaskKey,
    pub uri: String,
}

/// A file of metrics that nobody has read for sorting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadMetrics {
    run: i64,
    task: String,
    pub uri: String,
}

impl Store {
    /// Records metrics of a run; tells of each whether it is new. The first report of a name stays.
    pub async fn report_metrics(&self, run: &RunId, metrics: Vec<Metric>) -> Result<Vec<bool>, Error> {
        let run = run.clone();
        self.db()
            .write(Flush::Now, move |writing| {
                let number = runs::head(writing.connection, &run)?.number;
                let mut insert = writing.connection.prepare_cached(INSERT)?;
                let mut are_new = Vec::with_capacity(metrics.len());
                for metric in &metrics {
                    let values = params![number, metric.node, metric.name, metric.value, metric.format];
                    let is_new = insert.execute(values)? > 0;
                    if is_new {
                        sort_by(writing.connection, number, &metric.name, metric.value)?;
                    }
                    are_new.push(is_new);
                }
                touch(writing.connection, number)?;
                Ok(are_new)
            })
            .await
    }

    /// Returns files of metrics whose numbers runs are not sorted by yet.
    pub async fn unread_metrics(&self, limit: u32) -> Result<Vec<UnreadMetrics>, Error> {
        self.db()
            .read(move |connection| {
                let mut statement = connection.prepare_cached(SELECT_UNREAD)?;
                let files = statement.query_map([limit], |row| {
                    Ok(UnreadMetrics { run: row.get(0)?, task: row.get(1)?, uri: row.get(2)? })
                })?;
                Ok(files.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Records what such files hold, by name: runs are sorted by it from now on.
    pub async fn sort_by_metrics(&self, read: Vec<(UnreadMetrics, Vec<(String, f64)>)>) -> Result<(), Error> {
        self.db()
            .write(Flush::Soon, move |writing| {
                for (file, values) in &read {
                    for (name, value) in values {
                        sort_by(writing.connection, file.run, name, *value)?;
                    }
                    writing.connection.prepare_cached(SET_READ)?.execute(params![file.run, file.task])?;
                    touch(writing.connection, file.run)?;
                }
                Ok(())
            })
            .await
    }

    /// Returns what was reported of a run, and which files hold more.
    pub async fn metrics(&self, run: &RunId) -> Result<(Vec<Metric>, Vec<MetricFile>), Error> {
        let run = run.clone();
        self.db()
            .read(move |connection| {
                let number = runs::head(connection, &run)?.number;
                let mut statement = connection.prepare_cached(SELECT)?;
                let reported = statement.query_map([number], |row| {
                    Ok(Metric {
                        node: row.get(0)?,
                        name: row.get(1)?,
                        value: row.get(2)?,
                        format: row.get(3)?,
                    })
                })?;
                let reported = reported.collect::<Result<_, _>>()?;
                let mut statement = connection.prepare_cached(SELECT_FILES)?;
                let files = statement.query_map([number], |row| {
                    Ok(MetricFile { task: TaskKey(row.get(0)?), uri: row.get(1)? })
                })?;
                Ok((reported, files.collect::<Result<_, _>>()?))
            })
            .await
    }
}

/// Returns where a task that has ended left its metrics.
pub(crate) fn file_of(view: &TaskView) -> Option<MetricFile> {
    if matches!(view.kind, TaskKind::Dag | TaskKind::Loop) {
        return None;
    }
    let artifact = view.outcome.artifacts.get(ARTIFACT)?.first()?;
    Some(MetricFile { task: view.key.clone(), uri: artifact.uri.clone() })
}

/// Returns the numbers of a task that has ended, as its artifacts' metadata has them.
pub(crate) fn values_of(view: &TaskView) -> Vec<(String, f64)> {
    if matches!(view.kind, TaskKind::Dag | TaskKind::Loop) {
        return Vec::new();
    }
    let artifacts = view.outcome.artifacts.values().flatten();
    let numbers = artifacts
        .filter(|artifact| artifact.artifact_type.schema_title == METRICS)
        .flat_map(|it| it.metadata.iter().filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))));
    numbers.collect()
}

/// Sorts a run by this number from now on.
pub(crate) fn sort_by(connection: &Connection, run: i64, name: &str, value: f64) -> Result<(), Error> {
    connection.prepare_cached(UPSERT_SORTED)?.execute(params![name, run, value])?;
    Ok(())
}

fn touch(connection: &Connection, run: i64) -> Result<(), Error> {
    connection.prepare_cached(TOUCH)?.execute([run])?;
    Ok(())
}

/// Writes where a task left its metrics.
pub(crate) fn insert_file(connection: &Connection, run: i64, file: &MetricFile) -> Result<(), Error> {
    connection.prepare_cached(INSERT_FILE)?.execute(params![run, file.task.0, file.uri])?;
    Ok(())
}
