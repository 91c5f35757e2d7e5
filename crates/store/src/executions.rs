//! Task instances over all runs, newest first, and what the runs of a pipeline took.

use pipewright_engine::{RunId, RunPhase, TaskKey, TaskKind, TaskPhase, Timestamp};
use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::lineage::Newest;
use crate::progress::TaskBrief;
use crate::rows::{from_json, time, word};
use crate::runs;
use crate::store::Store;

pub(crate) const LIST: &str = "SELECT tasks.number, tasks.body, runs.id, runs.display_name, runs.pipeline_name, \
     runs.namespace FROM tasks JOIN runs ON runs.number = tasks.run WHERE tasks.number < ?1 ORDER BY tasks.number DESC LIMIT ?2";
/// Of a phase other than `succeeded`.
pub(crate) const LIST_OF_PHASE: &str = "SELECT tasks.number, tasks.body, runs.id, runs.display_name, \
     runs.pipeline_name, runs.namespace FROM tasks INDEXED BY tasks_rare JOIN runs ON runs.number = tasks.run \
     WHERE tasks.phase <> 'succeeded' AND tasks.phase = ?3 AND tasks.number < ?1 \
     ORDER BY tasks.number DESC LIMIT ?2";
pub(crate) const NUMBERS_OF_RUN: &str = "SELECT number, phase FROM tasks WHERE run = ?1";
pub(crate) const ONE: &str = "SELECT tasks.number, tasks.body, runs.id, runs.display_name, runs.pipeline_name, \
     runs.namespace FROM tasks JOIN runs ON runs.number = tasks.run WHERE tasks.number = ?1";
pub(crate) const RUNS_OF_PIPELINE: &str = "SELECT number, id, phase, created_at, finished_at, namespace FROM runs \
     WHERE pipeline_id = ?1 AND created_at >= ?2 ORDER BY created_at DESC LIMIT ?3";
pub(crate) const TASKS_OF_RUN: &str =
    "SELECT task, phase, started_at, ended_at FROM tasks WHERE run = ?1 LIMIT ?2";

/// Rows that one page of a filtered list looks at, at most; the next page goes on from there.
const LOOKED_AT: i64 = 3_000;
/// Tasks of one run that statistics read.
const TASKS: u32 = 5_000;

/// A task instance that ran, was taken from the cache, or was to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    pub number: i64,
    pub task: TaskBrief,
    pub run: RunId,
    pub run_display_name: String,
    pub pipeline_name: String,
    pub namespace: String,
}

/// Which of them; absent conditions hold for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecutionQuery {
    pub limit: usize,
    /// From the page before.
    pub before: Option<i64>,
    pub run: Option<RunId>,
    pub namespace: Option<String>,
    pub phase: Option<TaskPhase>,
    pub pipeline_name: Option<String>,
    /// A part of the display name, whatever its case.
    pub name: Option<String>,
}

/// What one run of a pipeline took.
#[derive(Debug, Clone, PartialEq)]
pub struct RunTimes {
    pub run: RunId,
    pub namespace: String,
    pub phase: RunPhase,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// Only of the newest runs.
    pub tasks: Vec<TaskTimes>,
}

/// What one task of it took.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskTimes {
    pub task: TaskKey,
    pub phase: TaskPhase,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

impl Store {
    /// Lists task instances that have nothing inside, newest first.
    pub async fn list_executions(&self, query: ExecutionQuery) -> Result<Newest<Execution>, Error> {
        self.db()
            .read(move |connection| match &query.run {
                Some(run) => of_run(connection, run, &query),
                None => of_all(connection, &query),
            })
            .await
    }

    /// Returns what the newest runs of a pipeline took, newest first, the first `with_tasks` of them with tasks.
    pub async fn pipeline_times(
        &self,
        pipeline: &str,
        since: Timestamp,
        limit: u32,
        with_tasks: usize,
    ) -> Result<Vec<RunTimes>, Error> {
        let pipeline = pipeline.to_owned();
        self.db()
            .read(move |connection| {
                let mut statement = connection.prepare_cached(RUNS_OF_PIPELINE)?;
                let mut rows = statement.query(params![pipeline, since.0, limit])?;
                let mut found = Vec::new();
                while let Some(row) = rows.next()? {
                    let tasks = match found.len() < with_tasks {
                        true => tasks_of(connection, row.get(0)?)?,
                        false => Vec::new(),
                    };
                    found.push(RunTimes {
                        run: RunId(row.get(1)?),
                        namespace: row.get(5)?,
                        phase: read_word(&row.get::<_, String>(2)?)?,
                        created_at: Timestamp(row.get(3)?),
                        finished_at: time(row.get(4)?),
                        tasks,
                    });
                }
                Ok(found)
            })
            .await
    }
}

fn read_word<T: DeserializeOwned>(word: &str) -> Result<T, Error> {
    serde_json::from_value(word.into()).map_err(|error| Error::document("cannot read a phase", error))
}

fn tasks_of(connection: &Connection, run: i64) -> Result<Vec<TaskTimes>, Error> {
    let mut statement = connection.prepare_cached(TASKS_OF_RUN)?;
    let mut rows = statement.query(params![run, TASKS])?;
    let mut tasks = Vec::new();
    while let Some(row) = rows.next()? {
        tasks.push(TaskTimes {
            task: TaskKey(row.get(0)?),
            phase: read_word(&row.get::<_, String>(1)?)?,
            started_at: time(row.get(2)?),
            ended_at: time(row.get(3)?),
        });
    }
    Ok(tasks)
}

fn of_all(connection: &Connection, query: &ExecutionQuery) -> Result<Newest<Execution>, Error> {
    let rare = query.phase.filter(|phase| *phase != TaskPhase::Succeeded).as_ref().map(word).transpose()?;
    let before = query.before.unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(if rare.is_some() { LIST_OF_PHASE } else { LIST })?;
    let mut rows = match rare {
        Some(phase) => statement.query(params![before, LOOKED_AT, phase])?,
        None => statement.query(params![before, LOOKED_AT])?,
    };
    let (mut items, mut looked_at, mut last) = (Vec::new(), 0, None);
    while let Some(row) = rows.next()? {
        let execution = execution(row)?;
        looked_at += 1;
        last = Some(execution.number);
        if fits(query, &execution) {
            items.push(execution);
            if items.len() == query.limit {
                return Ok(Newest { items, next: last });
            }
        }
    }
    Ok(Newest { items, next: last.filter(|_| looked_at == LOOKED_AT) })
}

fn of_run(connection: &Connection, run: &RunId, query: &ExecutionQuery) -> Result<Newest<Execution>, Error> {
    let run = runs::head(connection, run)?.number;
    let phase = query.phase.as_ref().map(word).transpose()?;
    let before = query.before.unwrap_or(i64::MAX);
    let mut numbers: Vec<i64> = Vec::new();
    let mut statement = connection.prepare_cached(NUMBERS_OF_RUN)?;
    let mut rows = statement.query([run])?;
    while let Some(row) = rows.next()? {
        let (number, found): (i64, String) = (row.get(0)?, row.get(1)?);
        if number < before && phase.as_ref().is_none_or(|phase| *phase == found) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    let mut items = Vec::new();
    for number in numbers {
        let mut statement = connection.prepare_cached(ONE)?;
        let mut rows = statement.query([number])?;
        let Some(row) = rows.next()? else { continue };
        let execution = execution(row)?;
        if fits(query, &execution) {
            items.push(execution);
            if items.len() == query.limit {
                return Ok(Newest { items, next: Some(number) });
            }
        }
    }
    Ok(Newest { items, next: None })
}

fn fits(query: &ExecutionQuery, execution: &Execution) -> bool {
    let task = &execution.task;
    let has_nothing_inside = match task.kind {
        TaskKind::Container | TaskKind::Importer | TaskKind::Resource | TaskKind::Suspend => true,
        TaskKind::Iteration => !task.attempts.is_empty() || task.cached_from.is_some(),
        TaskKind::Dag | TaskKind::Loop => false,
    };
    has_nothing_inside
        && query.phase.is_none_or(|wanted| wanted == task.phase)
        && query.namespace.as_ref().is_none_or(|wanted| *wanted == execution.namespace)
        && query.pipeline_name.as_ref().is_none_or(|wanted| *wanted == execution.pipeline_name)
        && query
            .name
            .as_ref()
            .is_none_or(|wanted| task.display_name.to_lowercase().contains(&wanted.to_lowercase()))
}

fn execution(row: &rusqlite::Row<'_>) -> Result<Execution, Error> {
    let body: String = row.get(1)?;
    Ok(Execution {
        number: row.get(0)?,
        task: from_json("a task", &body)?,
        run: RunId(row.get(2)?),
        run_display_name: row.get(3)?,
        pipeline_name: row.get(4)?,
        namespace: row.get(5)?,
    })
}
