//! Requests to a run: durable rows that wait until an append consumes them.

use pipewright_engine::{Resume, Retry, RunId, RunPhase, RunView, Submit, TaskKey};
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind};
use crate::feed::Change;
use crate::rows::{from_json, to_json};
use crate::store::Store;
use crate::writer::{Flush, Writing};
use crate::{projection, runs};

pub(crate) const INSERT: &str = "INSERT INTO inbox (run, body) VALUES (?1, ?2)";
pub(crate) const SELECT: &str = "SELECT number, body FROM inbox WHERE run = ?1 ORDER BY number";
pub(crate) const SELECT_TASK: &str = "SELECT 1 FROM tasks WHERE run = ?1 AND task = ?2";
pub(crate) const DELETE: &str = "DELETE FROM inbox WHERE number = ?1 AND run = ?2";
pub(crate) const DELETE_ALL: &str = "DELETE FROM inbox WHERE run = ?1";

/// What somebody wants of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Request {
    Submit { submit: Box<Submit> },
    Terminate,
    Retry { retry: Retry },
    Resume { resume: Box<Resume> },
}

impl Store {
    /// Leaves a request for a run; it is on disk when this returns.
    ///
    /// Errors: `NotFound`, and `Invalid` when the run is over.
    pub async fn request(&self, run: &RunId, request: Request) -> Result<(), Error> {
        let run = run.clone();
        self.db()
            .write(Flush::Now, move |writing| {
                let head = runs::head(writing.connection, &run)?;
                let over = [RunPhase::Succeeded, RunPhase::Failed, RunPhase::Cancelled];
                for phase in over {
                    if crate::rows::word(&phase)? == head.phase {
                        return Err(Error::Invalid(format!("run `{run}` is over ({})", head.phase)));
                    }
                }
                leave(writing, &run, head.number, &request)
            })
            .await
    }

    /// Asks a finished run to go on: one that failed or was cancelled, or, with tasks that are to be done again,
    /// any. The run is pending again when this returns, and on disk.
    ///
    /// Errors: `NotFound` without the run or one of the tasks, `Conflict` when there is nothing to retry.
    pub async fn retry_run(&self, run: &RunId, from: Vec<TaskKey>) -> Result<(), Error> {
        let run = run.clone();
        self.db()
            .write(Flush::Now, move |writing| {
                let head = runs::head(writing.connection, &run)?;
                for task in &from {
                    let mut statement = writing.connection.prepare_cached(SELECT_TASK)?;
                    if !statement.exists(params![head.number, task.0])? {
                        return Err(Error::not_found(Kind::Task, task));
                    }
                }
                let mut view = runs::view(writing.connection, head.number)?;
                let has_failed = matches!(view.phase, RunPhase::Failed | RunPhase::Cancelled);
                if !has_failed && (from.is_empty() || !view.phase.is_terminal()) {
                    return Err(Error::Conflict {
                        message: format!(
                            "run `{run}` is {}; only a run that failed can be retried",
                            head.phase
                        ),
                    });
                }
                view = RunView { phase: RunPhase::Pending, ended_at: None, error: None, ..view };
                view.history.push((writing.now, RunPhase::Pending));
                let progress = to_json("a run's progress", &view)?;
                projection::write_run(writing.connection, head.number, &view, &progress)?;
                writing.tell(Change::Run(run.clone()));
                let retry = Retry { requested_at: writing.now, from };
                leave(writing, &run, head.number, &Request::Retry { retry })
            })
            .await
    }

    /// Returns the requests that wait, oldest first, with the numbers to consume them by.
    pub async fn pending_requests(&self, run: &RunId) -> Result<Vec<(i64, Request)>, Error> {
        let run = run.clone();
        self.db()
            .read(move |connection| {
                let number = runs::head(connection, &run)?.number;
                let mut statement = connection.prepare_cached(SELECT)?;
                let mut rows = statement.query([number])?;
                let mut requests = Vec::new();
                while let Some(row) = rows.next()? {
                    let body: String = row.get(1)?;
                    requests.push((row.get(0)?, from_json("a request", &body)?));
                }
                Ok(requests)
            })
            .await
    }
}

pub(crate) fn leave(
    writing: &mut Writing<'_>,
    run: &RunId,
    number: i64,
    request: &Request,
) -> Result<(), Error> {
    let body = to_json("a request", request)?;
    writing.connection.prepare_cached(INSERT)?.execute(params![number, body])?;
    writing.tell(Change::Inbox(run.clone()));
    Ok(())
}

pub(crate) fn consume(connection: &Connection, run: i64, numbers: &[i64]) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(DELETE)?;
    for number in numbers {
        statement.execute([*number, run])?;
    }
    Ok(())
}
