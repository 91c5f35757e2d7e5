//! Task instances over all runs, and what the runs of a pipeline took.

use pipewright_engine::{RunId, RunPhase, TaskKey, TaskKind, TaskPhase, Timestamp};
use rusqlite::{Connection, ToSql, params};
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::lineage::Newest;
use crate::ordered::{ExecutionOrder, Mark, Order, ordered, within};
use crate::progress::TaskBrief;
use crate::rows::{from_json, time, word};
use crate::runs;
use crate::store::Store;

const LIST: &str = "SELECT tasks.number, tasks.body, runs.id, runs.display_name, runs.pipeline_name, \
     runs.namespace, tasks.task FROM tasks";
const OF_RUNS: &str = "JOIN runs ON runs.number = tasks.run";
pub(crate) const NUMBERS_OF_RUN: &str = "SELECT number, phase, task FROM tasks WHERE run = ?1";
pub(crate) const ONE: &str = "SELECT tasks.number, tasks.body, runs.id, runs.display_name, runs.pipeline_name, \
     runs.namespace, tasks.task FROM tasks JOIN runs ON runs.number = tasks.run WHERE tasks.number = ?1";
pub(crate) const RUNS_OF_PIPELINE: &str = "SELECT number, id, phase, created_at, finished_at, namespace FROM runs \
     WHERE pipeline_id = ?1 AND created_at >= ?2 ORDER BY created_at DESC LIMIT ?3";
pub(crate) const TASKS_OF_RUN: &str =
    "SELECT task, phase, started_at, ended_at FROM tasks WHERE run = ?1 LIMIT ?2";

/// Rows that one page of a filtered list looks at, at most; the next page goes on from there.
const LOOKED_AT: i64 = 3_000;
/// All phases, in the order of their words.
const PHASES: [TaskPhase; 8] = [
    TaskPhase::Cached,
    TaskPhase::Cancelled,
    TaskPhase::Failed,
    TaskPhase::Omitted,
    TaskPhase::Pending,
    TaskPhase::Running,
    TaskPhase::Skipped,
    TaskPhase::Succeeded,
];
/// The phase of nearly all tasks, as it is stored.
const SUCCEEDED: &str = "succeeded";
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
    pub order: Order<ExecutionOrder>,
    /// From the page before.
    pub after: Option<Mark>,
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
    /// Lists task instances that have nothing inside.
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

/// A walk over tasks in one order: all, or those of one phase.
#[derive(Debug, Clone, Copy)]
struct Walk<'w> {
    order: Order<ExecutionOrder>,
    /// As it is stored.
    phase: Option<&'w str>,
    namespace: Option<&'w str>,
    after: Option<&'w Mark>,
}

/// Returns a statement for a walk. All tasks but few succeeded: those that did are found by walking over all.
fn statement(walk: Walk<'_>, goes_on: bool) -> String {
    let by_task = walk.order.by == ExecutionOrder::Task;
    let is_rare = walk.phase.is_some_and(|phase| phase != SUCCEEDED);
    let mut scope: Vec<String> = walk.phase.map(|_| "tasks.phase = ?3".to_owned()).into_iter().collect();
    // The few of another phase are sorted when they are not in order.
    scope.extend(is_rare.then(|| "tasks.phase <> 'succeeded'".to_owned()));
    let within = within("tasks", walk.namespace, "?5");
    let index = match (&within, is_rare, by_task) {
        (None, false, _) => "",
        (None, true, _) => "INDEXED BY tasks_rare",
        (Some(_), true, _) => "INDEXED BY tasks_rare_of_namespace",
        (Some(_), false, false) => "INDEXED BY tasks_of_namespace",
        (Some(_), false, true) => "INDEXED BY tasks_of_namespace_by_path",
    };
    scope.extend(within.into_iter().flatten());
    let column = by_task.then_some("tasks.task");
    let end = ordered("tasks", &scope, column, (walk.order.is_ascending, goes_on));
    format!("{LIST} {index} {OF_RUNS} {end}")
}

/// Every statement of lists of executions, for a look at how they find their rows; then those that may sort.
#[cfg(test)]
pub(crate) fn statements() -> [Vec<String>; 2] {
    let (mut found, mut sorting) = (Vec::new(), Vec::new());
    for (is_ascending, goes_on) in [(true, false), (true, true), (false, false), (false, true)] {
        for namespace in [None, Some("team-a")] {
            for phase in [None, Some(SUCCEEDED), Some("failed")] {
                let of = |by| {
                    let order = Order { by, is_ascending };
                    statement(Walk { order, phase, namespace, after: None }, goes_on)
                };
                found.push(of(ExecutionOrder::Created));
                let by_task = of(ExecutionOrder::Task);
                if phase == Some("failed") { sorting.push(by_task) } else { found.push(by_task) }
            }
        }
    }
    [found, sorting]
}

fn of_all(connection: &Connection, query: &ExecutionQuery) -> Result<Newest<Execution>, Error> {
    let wanted = query.phase.as_ref().map(word).transpose()?;
    let (order, after, namespace) = (query.order, query.after.as_ref(), query.namespace.as_deref());
    let mut page = Page { items: Vec::new(), looked_at: 0, next: None };
    if order.by != ExecutionOrder::State || wanted.is_some() {
        let by = if order.by == ExecutionOrder::State { ExecutionOrder::Created } else { order.by };
        let order = Order { by, ..order };
        page.fill(connection, query, Walk { order, phase: wanted.as_deref(), namespace, after })?;
        return Ok(page.into());
    }
    let mut phases = PHASES.iter().map(word).collect::<Result<Vec<_>, _>>()?;
    if !order.is_ascending {
        phases.reverse();
    }
    let from =
        after.and_then(|mark| mark.value.as_ref()).and_then(|value| phases.iter().position(|it| it == value));
    for (at, phase) in phases.iter().enumerate().skip(from.unwrap_or(0)) {
        let after = after.filter(|_| from == Some(at));
        page.fill(connection, query, Walk { order, phase: Some(phase), namespace, after })?;
        if page.is_full(query) {
            break;
        }
    }
    Ok(page.into())
}

/// A page that is being filled.
struct Page {
    items: Vec<Execution>,
    looked_at: i64,
    /// Where to go on, if there may be more.
    next: Option<Mark>,
}

impl Page {
    fn is_full(&self, query: &ExecutionQuery) -> bool {
        self.items.len() == query.limit || self.looked_at == LOOKED_AT
    }

    fn fill(&mut self, connection: &Connection, query: &ExecutionQuery, walk: Walk<'_>) -> Result<(), Error> {
        let Order { by, is_ascending } = walk.order;
        let by_task = by == ExecutionOrder::Task;
        let value = walk.after.and_then(|mark| mark.value.as_deref()).filter(|_| by_task);
        let first = if is_ascending { i64::MIN } else { i64::MAX };
        let number = walk.after.map_or(first, |mark| mark.number);
        let left = LOOKED_AT - self.looked_at;
        let sql = statement(walk, value.is_some());
        let mut statement = connection.prepare_cached(&sql)?;
        let all: [&dyn ToSql; 5] = [&number, &left, &walk.phase, &value, &walk.namespace];
        let count = statement.parameter_count();
        let mut rows = statement.query(&all[..count])?;
        while let Some(row) = rows.next()? {
            let execution = execution(row)?;
            self.looked_at += 1;
            let value = match by {
                ExecutionOrder::Created => None,
                ExecutionOrder::Task => Some(row.get(6)?),
                ExecutionOrder::State => walk.phase.map(str::to_owned),
            };
            let mark = Mark { number: execution.number, value };
            if fits(query, &execution) {
                self.items.push(execution);
            }
            if self.is_full(query) {
                self.next = Some(mark);
                break;
            }
        }
        Ok(())
    }
}

impl From<Page> for Newest<Execution> {
    fn from(page: Page) -> Self {
        Self { items: page.items, next: page.next }
    }
}

fn of_run(connection: &Connection, run: &RunId, query: &ExecutionQuery) -> Result<Newest<Execution>, Error> {
    let run = runs::head(connection, run)?.number;
    let phase = query.phase.as_ref().map(word).transpose()?;
    let mut found: Vec<(Option<String>, i64)> = Vec::new();
    let mut statement = connection.prepare_cached(NUMBERS_OF_RUN)?;
    let mut rows = statement.query([run])?;
    while let Some(row) = rows.next()? {
        let (number, of_task): (i64, String) = (row.get(0)?, row.get(1)?);
        if phase.as_ref().is_none_or(|phase| *phase == of_task) {
            let value = match query.order.by {
                ExecutionOrder::Created => None,
                ExecutionOrder::Task => Some(row.get(2)?),
                ExecutionOrder::State => Some(of_task),
            };
            found.push((value, number));
        }
    }
    let is_ascending = query.order.is_ascending;
    found.sort_unstable_by(|one, other| if is_ascending { one.cmp(other) } else { other.cmp(one) });
    if let Some(after) = query.after.clone() {
        let after = (after.value, after.number);
        found.retain(|row| if is_ascending { *row > after } else { *row < after });
    }
    let mut items = Vec::new();
    for (value, number) in found {
        let mut statement = connection.prepare_cached(ONE)?;
        let mut rows = statement.query([number])?;
        let Some(row) = rows.next()? else { continue };
        let execution = execution(row)?;
        if fits(query, &execution) {
            items.push(execution);
            if items.len() == query.limit {
                return Ok(Newest { items, next: Some(Mark { number, value }) });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_phase_is_missing_from_the_order() {
        for phase in PHASES {
            // A phase that is added has to be put into the list, too.
            let place = match phase {
                TaskPhase::Cached => 0,
                TaskPhase::Cancelled => 1,
                TaskPhase::Failed => 2,
                TaskPhase::Omitted => 3,
                TaskPhase::Pending => 4,
                TaskPhase::Running => 5,
                TaskPhase::Skipped => 6,
                TaskPhase::Succeeded => 7,
            };
            assert_eq!(PHASES[place], phase);
        }
        assert!(PHASES.iter().map(|phase| word(phase).unwrap()).is_sorted());
    }
}
