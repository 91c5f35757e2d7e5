//! A run's facts, appended in order together with everything that is read off them.
//!
//! An append costs work in proportion to the events and tasks that it brings, never to the run.

use pipewright_engine::{Event, RunId, RunView, TaskView};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Error, Kind};
use crate::feed::Change;
use crate::inbox;
use crate::namespaces::PipelineOf;
use crate::projection::{self, Projections};
use crate::rows::{from_json, to_json};
use crate::runs;
use crate::store::Store;
use crate::writer::{Flush, Writing};

pub(crate) const SELECT_END: &str = "SELECT runs.number, runs.pipeline_name, runs.namespace, runs.progress, coalesce((\
     SELECT journal.number - runs.number * 4294967296 + journal.events FROM journal \
     WHERE journal.number >= runs.number * 4294967296 AND journal.number < (runs.number + 1) * 4294967296 \
     ORDER BY journal.number DESC LIMIT 1), 0) FROM runs WHERE runs.id = ?1";
pub(crate) const INSERT: &str = "INSERT INTO journal (number, events, body) VALUES (?1, ?2, ?3)";
pub(crate) const SELECT: &str = "SELECT body FROM journal \
     WHERE number >= ?1 * 4294967296 AND number < (?1 + 1) * 4294967296 ORDER BY number";
pub(crate) const DELETE: &str =
    "DELETE FROM journal WHERE number >= ?1 * 4294967296 AND number < (?1 + 1) * 4294967296";

/// Events that a run can have: rows are numbered by the run's number times this, plus the events before.
pub(crate) const EVENTS: i64 = 1 << 32;

/// New facts of a run and what they changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Append {
    pub run: RunId,
    /// How many events the journal has; another number is a `Conflict`.
    pub expected_seq: u64,
    pub events: Vec<Event>,
    /// The run after the events.
    pub run_view: RunView,
    /// The tasks that the events changed, each once, in the order in which they came to be.
    pub tasks: Vec<TaskView>,
    /// Requests that these events answer.
    pub consumed: Vec<i64>,
    /// Answer only when all is on disk.
    pub flush: bool,
}

/// Tells whether nothing follows from the events but a look at the clock: they need no flush of their own.
fn is_progress(append: &Append) -> bool {
    let is_seen =
        |event: &Event| matches!(event, Event::AttemptStarted { .. } | Event::AttemptPreparing { .. });
    !append.flush && append.consumed.is_empty() && append.events.iter().all(is_seen)
}

impl Store {
    /// Appends events and brings the run's row, its tasks, cache entries and artifacts up to date: all or
    /// nothing. Returns the journal's new length.
    ///
    /// Errors: `Conflict` when the journal has not the expected length, `NotFound` when the run is deleted.
    pub async fn append(&self, append: &Append) -> Result<u64, Error> {
        let flush = if is_progress(append) { Flush::Soon } else { self.append_flush(append.flush) };
        let prepared = Prepared::new(append)?;
        self.db().write_checked(flush, move |writing| write(writing, prepared)).await
    }

    /// Returns all events of a run in order.
    pub async fn journal(&self, run: &RunId) -> Result<Vec<Event>, Error> {
        let run = run.clone();
        self.db()
            .read(move |connection| {
                let number = runs::head(connection, &run)?.number;
                let mut statement = connection.prepare_cached(SELECT)?;
                let mut rows = statement.query([number])?;
                let mut events = Vec::new();
                while let Some(row) = rows.next()? {
                    let body: String = row.get(0)?;
                    events.extend(from_json::<Vec<Event>>("events", &body)?);
                }
                Ok(events)
            })
            .await
    }
}

/// An append as rows: written out by the caller, so that the one writing thread only passes text on.
struct Prepared {
    run: RunId,
    expected_seq: u64,
    count: u64,
    events: String,
    view: RunView,
    progress: String,
    projections: Projections,
    consumed: Vec<i64>,
}

impl Prepared {
    fn new(append: &Append) -> Result<Self, Error> {
        Ok(Self {
            expected_seq: append.expected_seq,
            count: append.events.len() as u64,
            events: to_json("events", &append.events)?,
            progress: to_json("a run's progress", &append.run_view)?,
            projections: Projections::new(&append.run, &append.events, &append.tasks)?,
            run: append.run.clone(),
            view: append.run_view.clone(),
            consumed: append.consumed.clone(),
        })
    }
}

/// Returns a run's number and how many events its journal has.
pub(crate) fn position(connection: &Connection, run: &RunId) -> Result<(i64, u64), Error> {
    end(connection, run).map(|end| (end.number, end.seq))
}

/// Where a run's journal ends, and what its row says.
struct End {
    number: i64,
    pipeline_name: String,
    namespace: String,
    progress: String,
    seq: u64,
}

fn end(connection: &Connection, run: &RunId) -> Result<End, Error> {
    let end = connection
        .prepare_cached(SELECT_END)?
        .query_row([&run.0], |row| {
            Ok(End {
                number: row.get(0)?,
                pipeline_name: row.get(1)?,
                namespace: row.get(2)?,
                progress: row.get(3)?,
                seq: row.get::<_, i64>(4)?.unsigned_abs(),
            })
        })
        .optional()?;
    end.ok_or_else(|| Error::not_found(Kind::Run, run))
}

fn write(writing: &mut Writing<'_>, prepared: Prepared) -> Result<u64, Error> {
    let connection = writing.connection;
    let end = end(connection, &prepared.run)?;
    if end.seq != prepared.expected_seq {
        return Err(Error::Conflict {
            message: format!(
                "the journal of run `{}` has {} events, expected {}",
                prepared.run, end.seq, prepared.expected_seq
            ),
        });
    }
    let seq = end.seq + prepared.count;
    if seq >= EVENTS.unsigned_abs() {
        return Err(Error::internal(format!("run `{}` has too many events", prepared.run)));
    }
    // Nothing below fails but for the database itself.
    if prepared.count > 0 {
        let number = end.number * EVENTS + end.seq.cast_signed();
        connection.prepare_cached(INSERT)?.execute(params![
            number,
            prepared.count.cast_signed(),
            prepared.events
        ])?;
    }
    if prepared.progress != end.progress {
        projection::write_run(connection, end.number, &prepared.view, &prepared.progress)?;
        writing.tell(Change::Run(prepared.run.clone()));
    }
    let pipeline = PipelineOf { namespace: &end.namespace, name: &end.pipeline_name };
    if prepared.projections.write(connection, end.number, pipeline, writing.now)? {
        writing.tell(Change::Tasks(prepared.run.clone()));
    }
    inbox::consume(connection, end.number, &prepared.consumed)?;
    if prepared.view.phase.is_terminal() {
        // A request that came too late has nobody to answer it.
        connection.prepare_cached(inbox::DELETE_ALL)?.execute([end.number])?;
    }
    Ok(seq)
}
