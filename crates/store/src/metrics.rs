//! Metrics of runs in the v1 format. Clients report some; others are in files that tasks leave, of which only the
//! place is kept here.

use pipewright_engine::{RunId, TaskKey, TaskKind, TaskView};
use rusqlite::{Connection, params};

use crate::error::Error;
use crate::runs;
use crate::store::Store;
use crate::writer::Flush;

/// The output artifact whose file holds a task's metrics.
const ARTIFACT: &str = "mlpipeline-metrics";

pub(crate) const INSERT: &str = "INSERT INTO run_metrics (run, node, name, value, format) VALUES (?1, ?2, ?3, ?4, ?5) \
     ON CONFLICT (run, node, name) DO NOTHING";
pub(crate) const SELECT: &str =
    "SELECT node, name, value, format FROM run_metrics WHERE run = ?1 ORDER BY node, name";
pub(crate) const INSERT_FILE: &str =
    "INSERT INTO metric_files (run, task, uri) VALUES (?1, ?2, ?3) ON CONFLICT (run, task) DO NOTHING";
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
                    are_new.push(insert.execute(values)? > 0);
                }
                Ok(are_new)
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

/// Writes where a task left its metrics.
pub(crate) fn insert_file(connection: &Connection, run: i64, file: &MetricFile) -> Result<(), Error> {
    connection.prepare_cached(INSERT_FILE)?.execute(params![run, file.task.0, file.uri])?;
    Ok(())
}
