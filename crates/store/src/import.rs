//! Finished runs that come from another store: row, journal and projections, all or nothing.

use std::sync::Arc;

use pipewright_engine::{Event, RunId, TaskView};
use pipewright_plan::{Plan, Value};
use rusqlite::params;

use crate::documents::Document;
use crate::error::{Error, Kind};
use crate::experiments;
use crate::feed::Change;
use crate::journal::{self, EVENTS};
use crate::namespaces::PipelineOf;
use crate::projection::{self, Projections};
use crate::rows::{ARCHIVED, AVAILABLE, optional_json, to_json, word};
use crate::runs::{self, Run};
use crate::store::Store;
use crate::writer::{Flush, Writing};

/// A run to take in, piece by piece.
pub struct RunImport {
    run: RunId,
    pieces: Vec<Piece>,
    events: u64,
}

/// Some facts and the rows that follow from them, written out already.
struct Piece {
    count: u64,
    events: String,
    projections: Projections,
}

impl RunImport {
    /// Begins with nothing.
    pub fn new(run: RunId) -> Self {
        Self { run, pieces: Vec::new(), events: 0 }
    }

    /// Adds the next facts, and the tasks that they changed as they were after them.
    ///
    /// Results of such a run are no cache entries: nobody here has seen how they came to be.
    pub fn add(&mut self, events: &[Event], tasks: &[TaskView]) -> Result<(), Error> {
        let mut projections = Projections::new(&self.run, events, tasks)?;
        projections.forget_cache();
        let count = events.len() as u64;
        self.events += count;
        if self.events >= EVENTS.unsigned_abs() {
            return Err(Error::Invalid(format!("run `{}` has too many events", self.run)));
        }
        self.pieces.push(Piece { count, events: to_json("events", &events)?, projections });
        Ok(())
    }
}

impl Store {
    /// Takes in a finished run into the namespace of its experiment; on disk when this returns. It has no request and nobody drives it.
    ///
    /// Errors: `NotFound` without the experiment, `Exists` when the run is here already, `Invalid` when it is not over.
    pub async fn import_run(
        &self,
        run: Run,
        plan: Arc<Plan>,
        pipeline_spec: Value,
        import: RunImport,
    ) -> Result<Run, Error> {
        if !run.view.phase.is_terminal() {
            return Err(Error::Invalid(format!("run `{}` is not over", run.id)));
        }
        let spec = Document::new(to_json("a pipeline spec", &pipeline_spec)?);
        let document = Document::new(to_json("a plan", &*plan)?);
        self.db()
            .write(Flush::Now, move |writing| write(writing, &run, &plan, (&document, &spec), &import))
            .await
    }
}

fn write(
    writing: &mut Writing<'_>,
    run: &Run,
    plan: &Plan,
    (document, spec): (&Document, &Document),
    import: &RunImport,
) -> Result<Run, Error> {
    let connection = writing.connection;
    let namespace = experiments::get(connection, &run.experiment_id)?.namespace;
    document.keep(connection)?;
    spec.keep(connection)?;
    let progress = to_json("a run's progress", &run.view)?;
    let number: i64 = connection
        .prepare_cached(runs::INSERT)?
        .query_row(
            params![
                run.id.0,
                run.display_name,
                run.description,
                run.experiment_id,
                run.pipeline_id,
                run.pipeline_version_id,
                plan.name,
                run.pipeline_root,
                run.service_account,
                word(&run.view.phase)?,
                run.created_at.0,
                run.scheduled_at.0,
                document.hash,
                spec.hash,
                to_json("parameters", &run.parameters)?,
                progress,
                "",
                optional_json("plugins' input", &run.plugins_input)?,
                namespace,
            ],
            |row| row.get(0),
        )
        .map_err(|error| Error::of_insert(error, Kind::Run, &run.id.0))?;
    projection::write_run(connection, number, &run.view, &progress)?;
    let storage = if run.archived { ARCHIVED } else { AVAILABLE };
    connection.prepare_cached(runs::SET_STORAGE)?.execute(params![run.id.0, storage, writing.now.0])?;
    let last_run = params![run.experiment_id, run.created_at.0];
    connection.prepare_cached(experiments::SET_LAST_RUN)?.execute(last_run)?;
    let made_at = run.view.ended_at.unwrap_or(writing.now);
    let mut seq = 0;
    for piece in &import.pieces {
        let key = number * EVENTS + seq;
        connection.prepare_cached(journal::INSERT)?.execute(params![
            key,
            piece.count.cast_signed(),
            piece.events
        ])?;
        let pipeline = PipelineOf { namespace: &namespace, name: &plan.name };
        piece.projections.write(connection, number, pipeline, made_at)?;
        seq += piece.count.cast_signed();
    }
    writing.tell(Change::Run(run.id.clone()));
    runs::get(connection, &run.id)
}
