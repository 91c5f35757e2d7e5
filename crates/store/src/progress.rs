//! How far a run is, part by part: what graphs, timelines and streams of events read.
//!
//! Nothing here reads more of a run than it was asked for, but for [`Store::task_phases`], which reads two words of
//! each task.

use std::collections::{BTreeMap, BTreeSet};

use pipewright_engine::{
    AttemptView, CacheSource, Event, Failure, Resolved, RunId, TaskKey, TaskKind, TaskPhase, Timestamp,
    changed_tasks,
};
use pipewright_plan::Value;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;

use crate::error::Error;
use crate::journal;
use crate::rows::from_json;
use crate::runs::{self, Run};
use crate::store::Store;

/// Tasks below a dag or an iteration that are not inside a loop there, by key.
pub(crate) const SELECT_UNDER: &str = "SELECT tasks.number, tasks.body FROM tasks WHERE tasks.run = ?1 \
     AND tasks.task > ?2 AND tasks.task < ?3 AND instr(substr(tasks.task, ?4), '[') = 0 \
     ORDER BY tasks.task LIMIT ?5";
pub(crate) const SELECT_BRIEF: &str =
    "SELECT tasks.number, tasks.body FROM tasks WHERE tasks.run = ?1 AND tasks.task = ?2";
pub(crate) const SELECT_INPUTS: &str = "SELECT inputs FROM task_inputs WHERE task = ?1";
pub(crate) const SELECT_PHASES: &str = "SELECT task, phase FROM tasks WHERE run = ?1";
/// What is inside a loop: its iterations, and everything in them.
pub(crate) const SELECT_INSIDE: &str =
    "SELECT task, phase FROM tasks WHERE run = ?1 AND task >= ?2 AND task < ?3";
/// The row that holds an event, and those behind it.
pub(crate) const SELECT_SINCE: &str = "SELECT number, events, body FROM journal WHERE number >= (\
     SELECT coalesce(max(number), ?1) FROM journal WHERE number >= ?2 AND number <= ?1) \
     AND number < ?3 ORDER BY number";

/// One task without its inputs and outputs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TaskBrief {
    pub key: TaskKey,
    #[serde(default)]
    pub parent: Option<TaskKey>,
    pub name: String,
    pub display_name: String,
    pub kind: TaskKind,
    pub phase: TaskPhase,
    #[serde(default)]
    pub iteration: Option<u32>,
    #[serde(default)]
    pub iteration_count: Option<u32>,
    pub created_at: Timestamp,
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    #[serde(default)]
    pub error: Option<Failure>,
    #[serde(default)]
    pub cached_from: Option<CacheSource>,
    #[serde(default)]
    pub attempts: Vec<AttemptView>,
    /// Of a loop: how many of its iterations are in which phase.
    #[serde(skip)]
    pub iterations: BTreeMap<TaskPhase, u64>,
    /// Of an iteration that was asked for with its item.
    #[serde(skip)]
    pub item: Option<Value>,
}

/// Which tasks of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// A dag or an iteration.
    pub under: TaskKey,
    /// Only keys behind this one.
    pub after: Option<TaskKey>,
    pub limit: usize,
}

/// Some of a run's tasks, all as of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct RunProgress {
    pub run: Run,
    /// Events in the journal at that moment.
    pub seq: u64,
    /// In the order in which they came to be.
    pub tasks: Vec<TaskBrief>,
    /// The last key, when there are more tasks.
    pub next: Option<TaskKey>,
}

/// Some iterations of a loop, all as of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Iterations {
    pub seq: u64,
    pub count: u32,
    pub counts: BTreeMap<TaskPhase, u64>,
    /// By index; `None` has not begun.
    pub items: Vec<(u32, Option<TaskBrief>)>,
    /// The index to go on at.
    pub next: Option<u32>,
}

/// Which iterations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IterationQuery {
    /// The loop.
    pub task: TaskKey,
    pub from: u32,
    pub limit: u32,
    pub phase: Option<TaskPhase>,
    /// The component's input that receives the item.
    pub item_input: String,
}

/// What became of a run since some event, all as of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct RunChanges {
    pub run: Run,
    /// Events in the journal at that moment.
    pub seq: u64,
    /// `None`: too much changed to tell one by one.
    pub tasks: Option<Vec<TaskBrief>>,
}

impl Store {
    /// Returns the run and the tasks that changed since its journal had `since` events. `shown` says which tasks
    /// stand for a changed one (a loop for what is inside it); more than `limit` of them are not listed.
    pub async fn run_changes<F>(
        &self,
        run: &RunId,
        since: u64,
        limit: usize,
        shown: F,
    ) -> Result<RunChanges, Error>
    where
        F: Fn(&TaskKey) -> Vec<TaskKey> + Send + 'static,
    {
        let id = run.clone();
        self.db()
            .read(move |connection| {
                let (number, seq) = journal::position(connection, &id)?;
                let run = runs::get(connection, &id)?;
                let changed =
                    if since > seq { None } else { changed(connection, number, since, &shown, limit)? };
                let tasks = changed.map(|keys| briefs(connection, number, keys)).transpose()?;
                Ok(RunChanges { run, seq, tasks })
            })
            .await
    }

    /// Returns a part of a run's tasks and the run itself.
    pub async fn run_progress(&self, run: &RunId, scope: Scope) -> Result<RunProgress, Error> {
        let id = run.clone();
        self.db()
            .read(move |connection| {
                let (number, seq) = journal::position(connection, &id)?;
                let run = runs::get(connection, &id)?;
                let (tasks, next) = under(connection, number, &scope)?;
                Ok(RunProgress { run, seq, tasks, next })
            })
            .await
    }

    /// Returns some iterations of a loop; costs those that are asked for, but a phase makes it look at all.
    ///
    /// Errors: `NotFound` when the loop has not begun.
    pub async fn iterations(&self, run: &RunId, query: IterationQuery) -> Result<Iterations, Error> {
        let id = run.clone();
        self.db()
            .read(move |connection| {
                let (number, seq) = journal::position(connection, &id)?;
                let task = brief(connection, number, &query.task)?
                    .ok_or_else(|| Error::not_found(crate::error::Kind::Task, &query.task))?;
                let count = task.iteration_count.unwrap_or_default();
                let (counts, chosen) = inside(connection, number, &query.task, query.phase)?;
                let indices: Vec<u32> = match query.phase {
                    Some(_) => chosen.into_iter().filter(|index| *index >= query.from).collect(),
                    None => (query.from..count).take(query.limit as usize + 1).collect(),
                };
                let next = indices.get(query.limit as usize).copied();
                let mut items = Vec::new();
                for index in indices.into_iter().take(query.limit as usize) {
                    let found = numbered(connection, number, &query.task.iteration(index))?;
                    let found = match found {
                        Some((row, mut found)) => {
                            found.item = item(connection, row, &query.item_input)?;
                            Some(found)
                        }
                        None => None,
                    };
                    items.push((index, found));
                }
                Ok(Iterations { seq, count, counts, items, next })
            })
            .await
    }

    /// Returns one task, if it has begun.
    pub async fn task_brief(&self, run: &RunId, key: &TaskKey) -> Result<Option<TaskBrief>, Error> {
        let (run, key) = (run.clone(), key.clone());
        self.db()
            .read(move |connection| {
                let number = runs::head(connection, &run)?.number;
                brief(connection, number, &key)
            })
            .await
    }

    /// Returns how far each task of a run is.
    pub async fn task_phases(&self, run: &RunId) -> Result<Vec<(TaskKey, TaskPhase)>, Error> {
        let id = run.clone();
        self.db()
            .read(move |connection| {
                let number = runs::head(connection, &id)?.number;
                let mut statement = connection.prepare_cached(SELECT_PHASES)?;
                let mut rows = statement.query([number])?;
                let mut phases = Vec::new();
                while let Some(row) = rows.next()? {
                    phases.push((TaskKey(row.get(0)?), phase(&row.get::<_, String>(1)?)?));
                }
                Ok(phases)
            })
            .await
    }
}

/// Names what events from `since` on changed; nothing when that is too much.
fn changed(
    connection: &Connection,
    number: i64,
    since: u64,
    shown: &dyn Fn(&TaskKey) -> Vec<TaskKey>,
    limit: usize,
) -> Result<Option<BTreeSet<TaskKey>>, Error> {
    let first = number * journal::EVENTS;
    let start = first + since.cast_signed();
    let mut statement = connection.prepare_cached(SELECT_SINCE)?;
    let mut rows = statement.query(params![start, first, first + journal::EVENTS])?;
    let mut keys = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let (number, count, body): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if number + count <= start {
            continue;
        }
        let events: Vec<Event> = from_json("events", &body)?;
        // What a retry drops is not there to be told.
        if events.iter().any(|event| matches!(event, Event::RunRetried { .. })) {
            return Ok(None);
        }
        keys.extend(changed_tasks(&events).iter().flat_map(shown));
        if keys.len() > limit {
            return Ok(None);
        }
    }
    Ok(Some(keys))
}

fn phase(word: &str) -> Result<TaskPhase, Error> {
    serde_json::from_value(Value::String(word.to_owned()))
        .map_err(|error| Error::document("cannot read a task's phase", error))
}

/// Reads tasks by key and puts them in the order in which they came to be. The root stands before everything.
fn under(
    connection: &Connection,
    number: i64,
    scope: &Scope,
) -> Result<(Vec<TaskBrief>, Option<TaskKey>), Error> {
    let first = format!("{}/", scope.under);
    // The character after the slash: keys below it all begin with the slash.
    let last = format!("{}0", scope.under);
    let after = scope.after.as_ref().map_or(&first, |key| &key.0);
    let skip = i64::try_from(first.len() + 1).unwrap_or(i64::MAX);
    let limit = i64::try_from(scope.limit + 1).unwrap_or(i64::MAX);
    let mut found: Vec<(i64, TaskBrief)> = Vec::new();
    if scope.after.is_none() && scope.under == TaskKey::root() {
        found.extend(numbered(connection, number, &scope.under)?);
    }
    let mut statement = connection.prepare_cached(SELECT_UNDER)?;
    let mut rows = statement.query(params![number, after, last, skip, limit])?;
    let mut next = None;
    let mut taken = 0;
    while let Some(row) = rows.next()? {
        if taken == scope.limit {
            next = found.last().map(|(_, task)| task.key.clone());
            break;
        }
        taken += 1;
        let body: String = row.get(1)?;
        found.push((row.get(0)?, from_json::<TaskBrief>("a task", &body)?));
    }
    found.sort_unstable_by_key(|(number, _)| *number);
    let mut tasks: Vec<TaskBrief> = found.into_iter().map(|(_, task)| task).collect();
    count_iterations(connection, number, &mut tasks)?;
    Ok((tasks, next))
}

/// Tells of each loop among these how far its iterations are.
fn count_iterations(connection: &Connection, number: i64, tasks: &mut [TaskBrief]) -> Result<(), Error> {
    for task in tasks.iter_mut().filter(|task| task.kind == TaskKind::Loop) {
        task.iterations = inside(connection, number, &task.key, None)?.0;
    }
    Ok(())
}

fn numbered(connection: &Connection, run: i64, key: &TaskKey) -> Result<Option<(i64, TaskBrief)>, Error> {
    let row: Option<(i64, String)> = connection
        .prepare_cached(SELECT_BRIEF)?
        .query_row(params![run, key.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    row.map(|(number, body)| Ok((number, from_json("a task", &body)?))).transpose()
}

/// Returns one task, a loop with its counts.
fn brief(connection: &Connection, run: i64, key: &TaskKey) -> Result<Option<TaskBrief>, Error> {
    let Some((_, mut task)) = numbered(connection, run, key)? else { return Ok(None) };
    count_iterations(connection, run, std::slice::from_mut(&mut task))?;
    Ok(Some(task))
}

/// Returns the tasks of these keys that are there, loops with their counts.
fn briefs(
    connection: &Connection,
    run: i64,
    keys: impl IntoIterator<Item = TaskKey>,
) -> Result<Vec<TaskBrief>, Error> {
    let mut found = Vec::new();
    for key in keys {
        found.extend(brief(connection, run, &key)?);
    }
    Ok(found)
}

/// Counts a loop's own iterations by phase, and lists those in the asked phase by index.
fn inside(
    connection: &Connection,
    run: i64,
    task: &TaskKey,
    wanted: Option<TaskPhase>,
) -> Result<(BTreeMap<TaskPhase, u64>, Vec<u32>), Error> {
    let (first, last) = (format!("{task}["), format!("{task}\\"));
    let mut statement = connection.prepare_cached(SELECT_INSIDE)?;
    let mut rows = statement.query(params![run, first, last])?;
    let mut counts = BTreeMap::new();
    let mut chosen = Vec::new();
    while let Some(row) = rows.next()? {
        let key = row.get_ref(0)?.as_str().map_err(|error| Error::internal(error.to_string()))?;
        // Of `root/loop[3]` the index; of `root/loop[3]/inner` nothing.
        let index = key.get(first.len()..).and_then(|rest| rest.strip_suffix(']'));
        let Some(index) = index.and_then(|index| index.parse::<u32>().ok()) else { continue };
        let phase = phase(row.get_ref(1)?.as_str().map_err(|error| Error::internal(error.to_string()))?)?;
        *counts.entry(phase).or_insert(0) += 1;
        if wanted == Some(phase) {
            chosen.push(index);
        }
    }
    chosen.sort_unstable();
    Ok((counts, chosen))
}

fn item(connection: &Connection, task: i64, input: &str) -> Result<Option<Value>, Error> {
    let text: Option<String> =
        connection.prepare_cached(SELECT_INPUTS)?.query_row([task], |row| row.get(0)).optional()?;
    let Some(text) = text else { return Ok(None) };
    let mut inputs: Resolved = from_json("a task's inputs", &text)?;
    let artifact = || {
        let artifacts = inputs.artifacts.get(input)?;
        Some(Value::from(artifacts.first()?.uri.clone()))
    };
    let artifact = artifact();
    Ok(inputs.parameters.remove(input).or(artifact))
}
