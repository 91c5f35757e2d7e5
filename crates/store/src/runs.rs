//! Runs as rows: what was asked for and how far it is. The facts themselves live in `journal`.

use std::sync::{Arc, PoisonError};

use pipewright_engine::{RunId, RunPhase, RunView, Submit, Timestamp};
use pipewright_plan::{Plan, Value};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::documents::{self, Document};
use crate::error::{Error, Kind};
use crate::experiments;
use crate::feed::Change;
use crate::filter::{Form, Key};
use crate::inbox::{self, Request};
use crate::page::{ListQuery, Listing, Page, ask, list, page};
use crate::recurring_runs::{self, Firing};
use crate::rows::{ARCHIVED, AVAILABLE, from_json, optional, optional_json, to_json, word};
use crate::store::Store;
use crate::writer::{Flush, Writing};

pub(crate) const INSERT: &str = "INSERT INTO runs (id, display_name, description, namespace, experiment_id, \
     pipeline_id, pipeline_version_id, pipeline_name, pipeline_root, service_account, recurring_run_id, \
     storage_state, phase, created_at, scheduled_at, finished_at, plan_hash, spec_hash, parameters, progress, \
     plugins_input) VALUES (?1, ?2, ?3, ?19, ?4, ?5, ?6, ?7, ?8, ?9, ?17, 'available', ?10, ?11, ?12, 0, ?13, \
     ?14, ?15, ?16, ?18) \
     RETURNING number";
pub(crate) const SELECT: &str = "SELECT id, namespace, display_name, description, experiment_id, pipeline_id, \
     pipeline_version_id, pipeline_name, pipeline_root, service_account, recurring_run_id, storage_state, \
     created_at, scheduled_at, parameters, progress, plugins_input, documents.body AS spec FROM runs \
     LEFT JOIN documents \
     ON documents.hash = runs.spec_hash AND runs.pipeline_version_id IS NULL WHERE id = ?1";
pub(crate) const SELECT_NUMBERED: &str = "SELECT id, namespace, display_name, description, experiment_id, pipeline_id, \
     pipeline_version_id, pipeline_name, pipeline_root, service_account, recurring_run_id, storage_state, \
     created_at, scheduled_at, parameters, progress, plugins_input, documents.body AS spec FROM runs \
     LEFT JOIN documents \
     ON documents.hash = runs.spec_hash AND runs.pipeline_version_id IS NULL WHERE number = ?1";
pub(crate) const SELECT_HEAD: &str = "SELECT number, phase FROM runs WHERE id = ?1";
pub(crate) const SELECT_PROGRESS: &str = "SELECT progress FROM runs WHERE number = ?1";
pub(crate) const SELECT_HASHES: &str = "SELECT number, plan_hash, spec_hash FROM runs WHERE id = ?1";
/// Named, because the planner would rather take the phases one by one and sort.
pub(crate) const SELECT_LIVE: &str = "SELECT id FROM runs INDEXED BY runs_live \
     WHERE phase IN ('pending', 'running', 'cancelling') ORDER BY number";
/// With the time of the change, unless there is none.
pub(crate) const SET_STORAGE: &str = "UPDATE runs SET storage_state = ?2, \
     storage_changed_at = CASE WHEN storage_state = ?2 THEN storage_changed_at ELSE ?3 END WHERE id = ?1";
pub(crate) const SELECT_EXPERIMENT_STORAGE: &str = "SELECT experiments.storage_state FROM runs \
     JOIN experiments ON experiments.id = runs.experiment_id WHERE runs.id = ?1";
pub(crate) const LISTING: Listing = Listing {
    resource: "runs",
    table: "runs",
    columns: "id, namespace, display_name, description, experiment_id, pipeline_id, pipeline_version_id, pipeline_name, \
              pipeline_root, service_account, recurring_run_id, storage_state, created_at, scheduled_at, \
              parameters, progress, plugins_input, \
              documents.body AS spec",
    joins: " LEFT JOIN documents ON documents.hash = runs.spec_hash AND runs.pipeline_version_id IS NULL",
    has_tags: false,
    has_metrics: true,
    keys: &[
        Key { names: &["created_at"], column: "runs.created_at", form: Form::Time },
        Key { names: &["run_id", "id"], column: "runs.id", form: Form::Text },
        Key { names: &["display_name", "name"], column: "runs.display_name", form: Form::Text },
        Key { names: &["finished_at"], column: "runs.finished_at", form: Form::Time },
        Key { names: &["scheduled_at"], column: "runs.scheduled_at", form: Form::Time },
        Key { names: &["state", "status"], column: "runs.phase", form: Form::Phase },
        Key { names: &["storage_state"], column: "runs.storage_state", form: Form::Storage },
        Key { names: &["experiment_id"], column: "runs.experiment_id", form: Form::Text },
        Key { names: &["description"], column: "runs.description", form: Form::Text },
        Key { names: &["namespace"], column: "runs.namespace", form: Form::Text },
        Key { names: &["state_history", "runtime_details"], column: "runs.history", form: Form::Text },
        Key { names: &["recurring_run_id"], column: "runs.recurring_run_id", form: Form::Text },
    ],
};

/// A run as it was asked for, and how far it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: RunId,
    /// That of its experiment.
    pub namespace: String,
    pub display_name: String,
    pub description: String,
    pub experiment_id: String,
    pub pipeline_id: Option<String>,
    pub pipeline_version_id: Option<String>,
    /// The plan's name: results are cached under it.
    pub pipeline_name: String,
    /// As the API shows it; null when the run names a pipeline version instead.
    pub pipeline_spec: Value,
    /// Arguments as they were given.
    pub parameters: Value,
    /// As it was asked for.
    pub pipeline_root: Option<String>,
    pub service_account: String,
    /// What was given for plugins, kept as it is; null for nothing.
    pub plugins_input: Value,
    /// The recurring run that made it.
    pub recurring_run_id: Option<String>,
    pub archived: bool,
    pub created_at: Timestamp,
    pub scheduled_at: Timestamp,
    pub view: RunView,
}

/// A run to create.
#[derive(Debug, Clone)]
pub struct NewRun {
    pub id: RunId,
    pub display_name: String,
    pub description: String,
    /// Empty for the default experiment.
    pub experiment_id: String,
    pub pipeline_id: Option<String>,
    pub pipeline_version_id: Option<String>,
    pub plan: Arc<Plan>,
    pub pipeline_spec: Value,
    pub parameters: Value,
    pub pipeline_root: Option<String>,
    pub service_account: String,
    /// For plugins, kept as it is; null for nothing.
    pub plugins_input: Value,
    /// The slot of a recurring run that it is made for.
    pub firing: Option<Firing>,
    /// Left in the run's inbox; its creation time is the run's, its namespace becomes that of the experiment.
    pub submit: Submit,
}

/// A run's number in other tables, and its phase's word.
pub(crate) struct Head {
    pub(crate) number: i64,
    pub(crate) phase: String,
}

impl Store {
    /// Creates a run with its plan and its `Submit` request; all on disk when this returns.
    ///
    /// Errors: `NotFound` without the experiment, `Exists` when the id is taken.
    pub async fn create_run(&self, mut new: NewRun) -> Result<Run, Error> {
        if new.experiment_id.is_empty() {
            new.experiment_id.clone_from(&self.inner.default_experiment);
        }
        let plan = Document::new(to_json("a plan", &*new.plan)?);
        let spec = Document::new(to_json("a pipeline spec", &new.pipeline_spec)?);
        self.remember(&plan.hash, &new.plan);
        self.db().write(Flush::Now, move |writing| insert(writing, new, &plan, &spec)).await
    }

    /// Returns one run.
    pub async fn get_run(&self, run: &RunId) -> Result<Run, Error> {
        let run = run.clone();
        self.db().read(move |connection| get(connection, &run)).await
    }

    /// Lists runs; those of one experiment when the query names it.
    pub async fn list_runs(&self, query: &ListQuery) -> Result<Page<Run>, Error> {
        let scope = [("experiment_id", &query.experiment_id), ("namespace", &query.namespace)];
        let scope: Vec<_> = scope
            .into_iter()
            .filter_map(|(column, value)| Some((column, value.as_deref().filter(|it| !it.is_empty())?)))
            .collect();
        let asked = ask(&LISTING, query, &scope)?;
        let catalog = self.inner.catalog.clone();
        self.db()
            .read(move |connection| {
                let Some(sought) = asked.sought(&LISTING) else {
                    return list(connection, &LISTING, asked, run);
                };
                if asked.is_sought_in_memory() {
                    let Some(found) = catalog.find(connection, &sought)? else {
                        return list(connection, &LISTING, asked, run);
                    };
                    let next_page_token = found.next.map(|last| asked.token_after(last)).transpose()?;
                    let items = numbered(connection, &found.numbers)?;
                    return Ok(Page { items, next_page_token, total_size: found.total });
                }
                match catalog.count(connection, &sought)? {
                    Some(total) => page(connection, &LISTING, &asked, total, run),
                    None => list(connection, &LISTING, asked, run),
                }
            })
            .await
    }

    /// Takes into memory what lists of runs are filtered and counted by; about 250 bytes a run.
    ///
    /// Worth its time (a second for 100 000 runs) to whoever answers many lists. They can be asked for meanwhile.
    pub async fn load_catalog(&self) -> Result<(), Error> {
        let catalog = self.inner.catalog.clone();
        self.db().read(move |connection| catalog.load(connection)).await
    }

    /// Returns the run's plan; runs of the same plan share it in memory.
    pub async fn run_plan(&self, run: &RunId) -> Result<Arc<Plan>, Error> {
        let run = run.clone();
        let inner = self.inner.clone();
        let (hash, plan) = self
            .db()
            .read(move |connection| {
                let (_, hash, _) = hashes(connection, &run)?;
                let known = inner.plans.lock().unwrap_or_else(PoisonError::into_inner);
                let known = known.get(&hash).and_then(std::sync::Weak::upgrade);
                let plan = match known {
                    Some(plan) => plan,
                    None => Arc::new(from_json("a plan", &documents::read(connection, &hash)?)?),
                };
                Ok((hash, plan))
            })
            .await?;
        self.remember(&hash, &plan);
        Ok(plan)
    }

    /// Returns the run's pipeline spec as the API shows it, also when it came from a version.
    pub async fn run_spec(&self, run: &RunId) -> Result<Value, Error> {
        let run = run.clone();
        self.db()
            .read(move |connection| {
                let (_, _, hash) = hashes(connection, &run)?;
                from_json("a pipeline spec", &documents::read(connection, &hash)?)
            })
            .await
    }

    /// Returns the runs that are not over, oldest first.
    pub async fn live_runs(&self) -> Result<Vec<RunId>, Error> {
        self.db()
            .read(|connection| {
                let mut statement = connection.prepare_cached(SELECT_LIVE)?;
                let runs = statement.query_map([], |row| Ok(RunId(row.get(0)?)))?;
                Ok(runs.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Puts a run out of sight; a live one goes on.
    pub async fn archive_run(&self, run: &RunId) -> Result<(), Error> {
        let run = run.clone();
        self.db().write(Flush::Now, move |writing| set_storage(writing, &run, ARCHIVED)).await
    }

    /// Brings a run back.
    ///
    /// Errors: `Invalid` while its experiment is archived.
    pub async fn unarchive_run(&self, run: &RunId) -> Result<(), Error> {
        let run = run.clone();
        self.db()
            .write(Flush::Now, move |writing| {
                let mut statement = writing.connection.prepare_cached(SELECT_EXPERIMENT_STORAGE)?;
                let experiment: Option<String> =
                    statement.query_row([&run.0], |row| row.get(0)).optional()?;
                if experiment.as_deref() == Some(ARCHIVED) {
                    return Err(Error::Invalid(format!(
                        "the experiment of run `{run}` is archived; unarchive it first"
                    )));
                }
                set_storage(writing, &run, AVAILABLE)
            })
            .await
    }

    fn remember(&self, hash: &str, plan: &Arc<Plan>) {
        let mut plans = self.inner.plans.lock().unwrap_or_else(PoisonError::into_inner);
        plans.retain(|_, plan| plan.strong_count() > 0);
        plans.entry(hash.to_owned()).or_insert_with(|| Arc::downgrade(plan));
    }
}

fn insert(writing: &mut Writing<'_>, new: NewRun, plan: &Document, spec: &Document) -> Result<Run, Error> {
    if let Some(firing) = &new.firing {
        recurring_runs::advance(writing, firing, "")?;
    }
    let connection = writing.connection;
    let namespace = experiments::get(connection, &new.experiment_id)?.namespace;
    plan.keep(connection)?;
    spec.keep(connection)?;
    let mut submit = new.submit;
    if namespace != submit.namespace() {
        submit.namespace.clone_from(&namespace);
    }
    if submit.created_at == Timestamp::default() {
        submit.created_at = writing.now;
    }
    let created_at = submit.created_at;
    let view = RunView { history: vec![(created_at, RunPhase::Pending)], ..RunView::default() };
    let number: i64 = connection
        .prepare_cached(INSERT)?
        .query_row(
            params![
                new.id.0,
                new.display_name,
                new.description,
                new.experiment_id,
                new.pipeline_id,
                new.pipeline_version_id,
                new.plan.name,
                new.pipeline_root,
                new.service_account,
                word(&view.phase)?,
                created_at.0,
                submit.scheduled_at.unwrap_or(created_at).0,
                plan.hash,
                spec.hash,
                to_json("parameters", &new.parameters)?,
                to_json("a run's progress", &view)?,
                new.firing.as_ref().map_or("", |firing| &firing.recurring_run_id),
                optional_json("plugins' input", &new.plugins_input)?,
                namespace,
            ],
            |row| row.get(0),
        )
        .map_err(|error| Error::of_insert(error, Kind::Run, &new.id.0))?;
    connection
        .prepare_cached(experiments::SET_LAST_RUN)?
        .execute(params![new.experiment_id, created_at.0])?;
    writing.tell(Change::Run(new.id.clone()));
    inbox::leave(writing, &new.id, number, &Request::Submit { submit: Box::new(submit) })?;
    get(connection, &new.id)
}

pub(crate) fn get(connection: &Connection, id: &RunId) -> Result<Run, Error> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query([&id.0])?;
    match rows.next()? {
        Some(row) => run(row),
        None => Err(Error::not_found(Kind::Run, id)),
    }
}

pub(crate) fn head(connection: &Connection, run: &RunId) -> Result<Head, Error> {
    let head = connection
        .prepare_cached(SELECT_HEAD)?
        .query_row([&run.0], |row| Ok(Head { number: row.get(0)?, phase: row.get(1)? }))
        .optional()?;
    head.ok_or_else(|| Error::not_found(Kind::Run, run))
}

/// Returns how far a run is.
pub(crate) fn view(connection: &Connection, number: i64) -> Result<RunView, Error> {
    let progress: String =
        connection.prepare_cached(SELECT_PROGRESS)?.query_row([number], |row| row.get(0))?;
    from_json("a run's progress", &progress)
}

pub(crate) fn hashes(connection: &Connection, run: &RunId) -> Result<(i64, String, String), Error> {
    let hashes = connection
        .prepare_cached(SELECT_HASHES)?
        .query_row([&run.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    hashes.ok_or_else(|| Error::not_found(Kind::Run, run))
}

/// Reads these runs; those that are gone are left out.
fn numbered(connection: &Connection, numbers: &[i64]) -> Result<Vec<Run>, Error> {
    let mut statement = connection.prepare_cached(SELECT_NUMBERED)?;
    let mut runs = Vec::with_capacity(numbers.len());
    for number in numbers {
        let mut rows = statement.query([number])?;
        if let Some(row) = rows.next()? {
            runs.push(run(row)?);
        }
    }
    Ok(runs)
}

fn set_storage(writing: &mut Writing<'_>, run: &RunId, storage: &str) -> Result<(), Error> {
    let values = params![run.0, storage, writing.now.0];
    if writing.connection.prepare_cached(SET_STORAGE)?.execute(values)? == 0 {
        return Err(Error::not_found(Kind::Run, run));
    }
    writing.tell(Change::Run(run.clone()));
    Ok(())
}

pub(crate) fn run(row: &Row<'_>) -> Result<Run, Error> {
    let spec: Option<String> = row.get("spec")?;
    let parameters: String = row.get("parameters")?;
    let progress: String = row.get("progress")?;
    let plugins_input: String = row.get("plugins_input")?;
    Ok(Run {
        id: RunId(row.get("id")?),
        namespace: row.get("namespace")?,
        display_name: row.get("display_name")?,
        description: row.get("description")?,
        experiment_id: row.get("experiment_id")?,
        pipeline_id: row.get("pipeline_id")?,
        pipeline_version_id: row.get("pipeline_version_id")?,
        pipeline_name: row.get("pipeline_name")?,
        pipeline_spec: match spec {
            Some(text) => from_json("a pipeline spec", &text)?,
            None => Value::Null,
        },
        parameters: from_json("parameters", &parameters)?,
        pipeline_root: row.get("pipeline_root")?,
        service_account: row.get("service_account")?,
        plugins_input: optional("plugins' input", &plugins_input)?,
        recurring_run_id: Some(row.get("recurring_run_id")?).filter(|id: &String| !id.is_empty()),
        archived: row.get::<_, String>("storage_state")? == ARCHIVED,
        created_at: Timestamp(row.get("created_at")?),
        scheduled_at: Timestamp(row.get("scheduled_at")?),
        view: from_json("a run's progress", &progress)?,
    })
}
