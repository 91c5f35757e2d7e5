//! Rows that are read off a run's events: its progress, its tasks, cache entries, artifacts, files of metrics.

use std::collections::BTreeSet;
use std::sync::Arc;

use pipewright_engine::{
    Event, Fingerprint, Resolved, RunId, RunView, TaskKey, TaskKind, TaskPhase, TaskView, Timestamp,
};
use rusqlite::{Connection, Row, params};

use crate::artifacts::ArtifactRow;
use crate::cache::CacheRow;
use crate::error::{Error, Kind};
use crate::lineage;
use crate::metrics::{self, MetricFile};
use crate::namespaces::{PipelineOf, settled};
use crate::rows::{column, from_json, to_json, word};
use crate::runs;
use crate::store::Store;

pub(crate) const UPDATE_RUN: &str =
    "UPDATE runs SET phase = ?2, finished_at = ?3, progress = ?4 WHERE number = ?1";
/// While the phase stays, its indexes are left alone.
pub(crate) const UPDATE_PROGRESS: &str =
    "UPDATE runs SET progress = ?3 WHERE number = ?1 AND phase = ?2 AND finished_at = ?4";
pub(crate) const UPSERT_TASK: &str = "INSERT INTO tasks (run, task, phase, created_at, started_at, ended_at, body, \
     namespace) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (run, task) DO UPDATE SET phase = excluded.phase, \
     created_at = excluded.created_at, started_at = excluded.started_at, ended_at = excluded.ended_at, \
     body = excluded.body RETURNING number";
/// Writes only what is another than before.
pub(crate) const UPSERT_INPUTS: &str = "INSERT INTO task_inputs (task, inputs, fingerprint) VALUES (?1, ?2, ?3) \
     ON CONFLICT (task) DO UPDATE SET inputs = excluded.inputs, fingerprint = excluded.fingerprint \
     WHERE inputs <> excluded.inputs OR fingerprint <> excluded.fingerprint";
/// The task `?2` and everything inside it, which is what `?3` to `?4` and `?5` to `?6` enclose.
pub(crate) const SELECT_DROPPED: &str = "SELECT number, task FROM tasks WHERE run = ?1 AND task = ?2 \
     UNION ALL SELECT number, task FROM tasks WHERE run = ?1 AND task > ?3 AND task < ?4 \
     UNION ALL SELECT number, task FROM tasks WHERE run = ?1 AND task > ?5 AND task < ?6";
/// What belongs to a task, by its number.
pub(crate) const DELETE_TASK: &[&str] = &[
    lineage::DELETE_USES,
    "DELETE FROM task_inputs WHERE task = ?1",
    "DELETE FROM cache_entries WHERE task = ?1",
    "DELETE FROM tasks WHERE number = ?1",
];
pub(crate) const SELECT_TASKS: &str = "SELECT tasks.number, tasks.body, task_inputs.inputs, \
     task_inputs.fingerprint FROM tasks JOIN task_inputs ON task_inputs.task = tasks.number \
     WHERE tasks.run = ?1";
pub(crate) const SELECT_LEADING: &str = "SELECT tasks.number, tasks.body, task_inputs.inputs, \
     task_inputs.fingerprint FROM tasks JOIN task_inputs ON task_inputs.task = tasks.number \
     WHERE tasks.run = ?1 ORDER BY tasks.task LIMIT ?2";
pub(crate) const SELECT_RUNNING: &str = "SELECT tasks.number, tasks.body, task_inputs.inputs, \
     task_inputs.fingerprint FROM tasks JOIN task_inputs ON task_inputs.task = tasks.number \
     WHERE tasks.run = ?1 AND tasks.phase = ?2 ORDER BY tasks.task";
pub(crate) const SELECT_TASK: &str = "SELECT tasks.number, tasks.body, task_inputs.inputs, \
     task_inputs.fingerprint FROM tasks JOIN task_inputs ON task_inputs.task = tasks.number \
     WHERE tasks.run = ?1 AND tasks.task = ?2";

impl Store {
    /// Returns the first tasks of a run by key, and whether there are more.
    pub async fn leading_tasks(&self, run: &RunId, limit: usize) -> Result<(Vec<TaskView>, bool), Error> {
        let run = run.clone();
        self.db()
            .read(move |connection| {
                let number = runs::head(connection, &run)?.number;
                let mut statement = connection.prepare_cached(SELECT_LEADING)?;
                let mut rows = statement.query(params![number, limit as i64 + 1])?;
                let mut tasks = Vec::new();
                while let Some(row) = rows.next()? {
                    tasks.push(task_view(row)?);
                }
                let is_cut = tasks.len() > limit;
                tasks.truncate(limit);
                Ok((tasks, is_cut))
            })
            .await
    }

    /// Returns all tasks of a run in the order in which they came to be.
    pub async fn tasks(&self, run: &RunId) -> Result<Vec<TaskView>, Error> {
        let run = run.clone();
        self.db()
            .read(move |connection| {
                let number = runs::head(connection, &run)?.number;
                let mut statement = connection.prepare_cached(SELECT_TASKS)?;
                let mut rows = statement.query([number])?;
                let mut tasks: Vec<(i64, TaskView)> = Vec::new();
                while let Some(row) = rows.next()? {
                    tasks.push((row.get(0)?, task_view(row)?));
                }
                tasks.sort_unstable_by_key(|(number, _)| *number);
                Ok(tasks.into_iter().map(|(_, view)| view).collect())
            })
            .await
    }

    /// Returns the tasks of a run that wait for a time or for somebody, in path order.
    pub async fn waiting_tasks(&self, run: &RunId) -> Result<Vec<TaskView>, Error> {
        let run = run.clone();
        self.db()
            .read(move |connection| {
                let number = runs::head(connection, &run)?.number;
                let mut statement = connection.prepare_cached(SELECT_RUNNING)?;
                let mut rows = statement.query(params![number, word(&TaskPhase::Running)?])?;
                let mut tasks = Vec::new();
                while let Some(row) = rows.next()? {
                    tasks.push(task_view(row)?);
                }
                tasks.retain(|view| view.suspension.is_some());
                Ok(tasks)
            })
            .await
    }

    /// Returns one task of a run.
    pub async fn task(&self, run: &RunId, key: &TaskKey) -> Result<TaskView, Error> {
        let (run, key) = (run.clone(), key.clone());
        self.db()
            .read(move |connection| {
                let number = runs::head(connection, &run)?.number;
                let mut statement = connection.prepare_cached(SELECT_TASK)?;
                let mut rows = statement.query(params![number, key.0])?;
                match rows.next()? {
                    Some(row) => task_view(row),
                    None => Err(Error::not_found(Kind::Task, &key)),
                }
            })
            .await
    }
}

fn task_view(row: &Row<'_>) -> Result<TaskView, Error> {
    let (body, inputs, fingerprint): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let mut view: TaskView = from_json("a task", &body)?;
    view.inputs = from_json::<Arc<Resolved>>("a task's inputs", &inputs)?;
    view.fingerprint = from_json::<Option<Arc<Fingerprint>>>("a fingerprint", &fingerprint)?;
    Ok(view)
}

/// Brings a run's row up to date.
pub(crate) fn write_run(
    connection: &Connection,
    number: i64,
    view: &RunView,
    progress: &str,
) -> Result<(), Error> {
    let (phase, finished_at) = (word(&view.phase)?, column(view.ended_at));
    let values = params![number, phase, progress, finished_at];
    if connection.prepare_cached(UPDATE_PROGRESS)?.execute(values)? == 0 {
        connection.prepare_cached(UPDATE_RUN)?.execute(params![number, phase, finished_at, progress])?;
    }
    Ok(())
}

/// A task as its two rows.
struct TaskRow {
    task: String,
    phase: String,
    created_at: i64,
    started_at: i64,
    ended_at: i64,
    body: String,
    inputs: String,
    fingerprint: String,
    cache: Option<CacheRow>,
    /// Artifacts that it took, with the input; once for each task, when it has ended.
    uses: Vec<(String, String)>,
}

/// What an append changes beside the journal and the run's row.
pub(crate) struct Projections {
    tasks: Vec<TaskRow>,
    artifacts: Vec<ArtifactRow>,
    metrics: Vec<MetricFile>,
    /// Numbers that the run is sorted by, in the order of their tasks.
    sorted: Vec<(String, f64)>,
    /// Tasks of which nothing is known any more.
    dropped: Vec<TaskKey>,
}

impl Projections {
    /// Turns views into rows; the events tell which tasks came to their end just now.
    pub(crate) fn new(run: &RunId, events: &[Event], views: &[TaskView]) -> Result<Self, Error> {
        let ended: BTreeSet<&TaskKey> = events
            .iter()
            .filter_map(|event| match event {
                Event::TaskEnded { task, .. } => Some(task),
                _ => None,
            })
            .collect();
        let mut tasks = Vec::with_capacity(views.len());
        let mut artifacts = Vec::new();
        let mut metrics = Vec::new();
        let mut sorted = Vec::new();
        for view in views {
            let has_ended = ended.contains(&view.key);
            if has_ended && makes_artifacts(view) {
                for artifact in view.outcome.artifacts.values().flatten() {
                    artifacts.push(ArtifactRow::new(run, &view.key, artifact)?);
                }
            }
            if has_ended {
                metrics.extend(metrics::file_of(view));
                sorted.extend(metrics::values_of(view));
            }
            let uses = if has_ended { lineage::uses_of(view) } else { Vec::new() };
            let cache = view
                .fingerprint
                .as_ref()
                .filter(|_| has_ended && view.phase == TaskPhase::Succeeded)
                .map(|fingerprint| CacheRow::new(fingerprint, &view.name));
            tasks.push(TaskRow {
                phase: word(&view.phase)?,
                created_at: view.created_at.0,
                started_at: column(view.started_at),
                ended_at: column(view.ended_at),
                body: to_json("a task", &without_inputs(view))?,
                task: view.key.0.clone(),
                inputs: to_json("a task's inputs", &view.inputs)?,
                fingerprint: to_json("a fingerprint", &view.fingerprint)?,
                cache,
                uses,
            });
        }
        let dropped = events.iter().filter_map(|event| match event {
            Event::RunRetried { dropped, .. } => Some(dropped),
            _ => None,
        });
        Ok(Self { tasks, artifacts, metrics, sorted, dropped: dropped.flatten().cloned().collect() })
    }

    /// Lets no later run take results from these tasks.
    pub(crate) fn forget_cache(&mut self) {
        self.tasks.iter_mut().for_each(|task| task.cache = None);
    }

    /// Writes the rows; tells whether there were any.
    pub(crate) fn write(
        &self,
        connection: &Connection,
        run: i64,
        pipeline: PipelineOf<'_>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        for task in &self.dropped {
            delete_task(connection, run, task)?;
        }
        let cache_key = pipeline.cache_key();
        let namespace = settled(pipeline.namespace)?;
        let mut upsert = connection.prepare_cached(UPSERT_TASK)?;
        let mut upsert_inputs = connection.prepare_cached(UPSERT_INPUTS)?;
        for row in &self.tasks {
            let number: i64 = upsert.query_row(
                params![
                    run,
                    row.task,
                    row.phase,
                    row.created_at,
                    row.started_at,
                    row.ended_at,
                    row.body,
                    namespace
                ],
                |row| row.get(0),
            )?;
            upsert_inputs.execute(params![number, row.inputs, row.fingerprint])?;
            if let Some(cache) = &row.cache {
                cache.insert(connection, &cache_key, number)?;
            }
            for (artifact, input) in &row.uses {
                connection.prepare_cached(lineage::INSERT_USE)?.execute(params![artifact, number, input])?;
            }
        }
        for artifact in &self.artifacts {
            artifact.insert(connection, pipeline, now)?;
        }
        for file in &self.metrics {
            metrics::insert_file(connection, run, file)?;
        }
        for (name, value) in &self.sorted {
            metrics::sort_by(connection, run, name, *value)?;
        }
        Ok(!self.tasks.is_empty() || !self.dropped.is_empty())
    }
}

/// Deletes the rows of a task and of everything inside it; artifacts stay known.
fn delete_task(connection: &Connection, run: i64, task: &TaskKey) -> Result<(), Error> {
    let task = task.as_str();
    // '0' and '\\' are the letters after '/' and '['.
    let [from_task, to_task, from_iteration, to_iteration] =
        ["/", "0", "[", "\\"].map(|bound| format!("{task}{bound}"));
    let values = params![run, task, from_task, to_task, from_iteration, to_iteration];
    let mut statement = connection.prepare_cached(SELECT_DROPPED)?;
    let rows = statement.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
    for (number, task) in rows {
        for part in DELETE_TASK {
            connection.prepare_cached(part)?.execute([number])?;
        }
        connection.prepare_cached(metrics::DELETE_FILE)?.execute(params![run, task])?;
    }
    Ok(())
}

/// Leaves out what has a row of its own.
fn without_inputs(view: &TaskView) -> TaskView {
    let mut view = view.clone();
    view.inputs = Arc::default();
    view.fingerprint = None;
    view
}

/// Tasks that run or import make artifacts; dags, loops and cached tasks only pass them on.
fn makes_artifacts(view: &TaskView) -> bool {
    view.phase != TaskPhase::Cached
        && match view.kind {
            TaskKind::Container | TaskKind::Importer => true,
            TaskKind::Iteration => !view.attempts.is_empty(),
            TaskKind::Dag | TaskKind::Loop | TaskKind::Resource | TaskKind::Suspend => false,
        }
}
