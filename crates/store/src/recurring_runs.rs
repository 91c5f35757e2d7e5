//! Recurring runs: what is run again and again, by which schedule, and how far that has come.
//!
//! A slot fires in the transaction that creates its run: the row moves on together with the new run, so no
//! slot is lost or had twice, whoever dies when.

use jiff::tz::TimeZone;
use pipewright_engine::{Schedule, Timestamp, Trigger};
use pipewright_plan::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};

use crate::documents::{self, Document};
use crate::error::{Error, Kind};
use crate::experiments;
use crate::feed::Change;
use crate::filter::{Form, Key};
use crate::page::{ListQuery, Listing, Page, ask, list};
use crate::rows::{from_json, optional, optional_json, time, to_json};
use crate::store::Store;
use crate::writer::{Flush, Writing};

const COLUMNS: &str = "recurring_runs.id, run_prefix, display_name, description, namespace, experiment_id, pipeline_id, \
    pipeline_version_id, parameters, pipeline_root, service_account, max_concurrency, trigger_body, no_catchup, \
    enabled, created_at, updated_at, last_slot, fired, error, plugins_input, documents.body AS spec";

pub(crate) const INSERT: &str = "INSERT INTO recurring_runs (id, run_prefix, display_name, description, \
    namespace, experiment_id, pipeline_id, pipeline_version_id, spec_hash, parameters, pipeline_root, \
    service_account, max_concurrency, trigger_body, no_catchup, enabled, created_at, updated_at, last_slot, \
    fired, error, plugins_input) VALUES (?1, ?2, ?3, ?4, ?18, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, \
    ?16, ?16, 0, 0, '', ?17)";
pub(crate) const SELECT: &str = "SELECT recurring_runs.id, run_prefix, display_name, description, \
    namespace, experiment_id, pipeline_id, pipeline_version_id, parameters, pipeline_root, service_account, \
    max_concurrency, trigger_body, no_catchup, enabled, created_at, updated_at, last_slot, fired, error, \
    plugins_input, documents.body AS spec FROM recurring_runs LEFT JOIN documents \
    ON documents.hash = recurring_runs.spec_hash WHERE recurring_runs.id = ?1";
pub(crate) const SELECT_ENABLED: &str =
    "SELECT id FROM recurring_runs INDEXED BY recurring_runs_enabled WHERE enabled = 1 ORDER BY id";
pub(crate) const SELECT_SPEC: &str = "SELECT spec_hash FROM recurring_runs WHERE id = ?1";
pub(crate) const SET_ENABLED: &str =
    "UPDATE recurring_runs SET enabled = ?2, updated_at = ?3 WHERE id = ?1 AND enabled <> ?2";
pub(crate) const DISABLE_OF_EXPERIMENT: &str =
    "UPDATE recurring_runs SET enabled = 0, updated_at = ?2 WHERE experiment_id = ?1 AND enabled = 1";
pub(crate) const SELECT_OF_EXPERIMENT: &str =
    "SELECT id FROM recurring_runs WHERE experiment_id = ?1 AND enabled = 1";
/// Moves on by one slot, if nobody else has.
pub(crate) const ADVANCE: &str = "UPDATE recurring_runs SET last_slot = ?3, fired = ?2, error = ?4, \
    updated_at = ?5 WHERE id = ?1 AND fired = ?2 - 1";
pub(crate) const COUNT_ACTIVE: &str = "SELECT count(*) FROM runs WHERE recurring_run_id = ?1 \
    AND recurring_run_id <> '' AND phase IN ('pending', 'running', 'cancelling')";
pub(crate) const DELETE: &str = "DELETE FROM recurring_runs WHERE id = ?1";

pub(crate) const LISTING: Listing = Listing {
    resource: "recurring runs",
    table: "recurring_runs",
    columns: COLUMNS,
    joins: " LEFT JOIN documents ON documents.hash = recurring_runs.spec_hash",
    has_tags: false,
    has_metrics: false,
    keys: &[
        Key { names: &["created_at"], column: "recurring_runs.created_at", form: Form::Time },
        Key { names: &["updated_at"], column: "recurring_runs.updated_at", form: Form::Time },
        Key { names: &["id", "recurring_run_id"], column: "recurring_runs.id", form: Form::Text },
        Key { names: &["name", "display_name"], column: "recurring_runs.display_name", form: Form::Text },
        Key { names: &["description"], column: "recurring_runs.description", form: Form::Text },
    ],
};

/// What makes a recurring run fire, as it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TriggerRule {
    pub kind: TriggerKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// Once, at creation.
    #[default]
    Once,
    Cron {
        expression: String,
    },
    Periodic {
        seconds: u32,
    },
}

impl TriggerRule {
    /// Makes the rule that says when to fire.
    ///
    /// Errors: what is wrong with a cron expression.
    pub fn schedule(
        &self,
        no_catchup: bool,
        created_at: Timestamp,
    ) -> Result<Schedule, pipewright_engine::CronError> {
        let mut zone = None;
        let trigger = match &self.kind {
            TriggerKind::Once => Trigger::Once,
            TriggerKind::Cron { expression } => {
                let (own, moments) = zoned(expression)?;
                zone = own;
                Trigger::Cron(pipewright_engine::Cron::parse(moments)?)
            }
            TriggerKind::Periodic { seconds } => Trigger::Periodic { seconds: *seconds },
        };
        Ok(Schedule { trigger, start: self.start, end: self.end, no_catchup, zone, created_at })
    }
}

/// Takes the zone off an expression, as in `TZ=Europe/Berlin 0 0 3 * * *`.
fn zoned(expression: &str) -> Result<(Option<TimeZone>, &str), pipewright_engine::CronError> {
    let text = expression.trim();
    let Some(rest) = text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) else {
        return Ok((None, text));
    };
    let (name, moments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let zone = TimeZone::get(name).map_err(|_| pipewright_engine::CronError {
        message: format!("`{name}` is no time zone, such as `Europe/Berlin`"),
    })?;
    Ok((Some(zone), moments))
}

/// A recurring run as it was asked for, and how far it has come.
#[derive(Debug, Clone, PartialEq)]
pub struct RecurringRun {
    pub id: String,
    /// That of its experiment.
    pub namespace: String,
    pub new: NewRecurringRun,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The newest slot that was had.
    pub last_slot: Option<Timestamp>,
    /// How many slots were had; the next run has the number after it.
    pub fired: u64,
    /// Why the newest slot made no run; empty when it did.
    pub error: String,
}

/// A recurring run to create.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewRecurringRun {
    /// What its runs' names begin with.
    pub run_prefix: String,
    pub display_name: String,
    pub description: String,
    /// Empty for the default experiment.
    pub experiment_id: String,
    pub pipeline_id: Option<String>,
    /// Without one, each slot takes the pipeline's newest.
    pub pipeline_version_id: Option<String>,
    /// As the API shows it; null when versions of a pipeline are run.
    pub pipeline_spec: Value,
    pub parameters: Value,
    pub pipeline_root: Option<String>,
    pub service_account: String,
    /// For plugins of its runs, kept as it is; null for nothing.
    pub plugins_input: Value,
    /// Runs at once.
    pub max_concurrency: u32,
    pub trigger: TriggerRule,
    pub no_catchup: bool,
    pub enabled: bool,
}

/// The slot that a run is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    pub recurring_run_id: String,
    /// From 1.
    pub number: u64,
    pub slot: Timestamp,
}

impl Store {
    /// Creates a recurring run; it is on disk when this returns.
    ///
    /// Errors: `NotFound` without the experiment.
    pub async fn create_recurring_run(&self, mut new: NewRecurringRun) -> Result<RecurringRun, Error> {
        if new.experiment_id.is_empty() {
            new.experiment_id.clone_from(&self.inner.default_experiment);
        }
        self.db().write(Flush::Now, move |writing| insert(writing, &new)).await
    }

    /// Returns one recurring run.
    pub async fn get_recurring_run(&self, id: &str) -> Result<RecurringRun, Error> {
        let id = id.to_owned();
        self.db().read(move |connection| get(connection, &id)).await
    }

    /// Lists recurring runs; those of one experiment when the query names it.
    pub async fn list_recurring_runs(&self, query: &ListQuery) -> Result<Page<RecurringRun>, Error> {
        let scope = [("experiment_id", &query.experiment_id), ("namespace", &query.namespace)];
        let scope: Vec<_> = scope
            .into_iter()
            .filter_map(|(column, value)| Some((column, value.as_deref().filter(|it| !it.is_empty())?)))
            .collect();
        let asked = ask(&LISTING, query, &scope)?;
        self.db().read(move |connection| list(connection, &LISTING, asked, recurring_run)).await
    }

    /// Returns the ids of those that fire.
    pub async fn enabled_recurring_runs(&self) -> Result<Vec<String>, Error> {
        self.db()
            .read(|connection| {
                let mut statement = connection.prepare_cached(SELECT_ENABLED)?;
                let ids = statement.query_map([], |row| row.get(0))?;
                Ok(ids.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Counts a recurring run's runs that are not over.
    pub async fn active_runs_of(&self, id: &str) -> Result<u64, Error> {
        let id = id.to_owned();
        self.db()
            .read(move |connection| {
                let count: i64 =
                    connection.prepare_cached(COUNT_ACTIVE)?.query_row([&id], |row| row.get(0))?;
                Ok(u64::try_from(count).unwrap_or(0))
            })
            .await
    }

    /// Lets a recurring run fire or not; its runs go on.
    pub async fn enable_recurring_run(&self, id: &str, enabled: bool) -> Result<(), Error> {
        let id = id.to_owned();
        self.db()
            .write(Flush::Now, move |writing| {
                get(writing.connection, &id)?;
                let changed = writing.connection.prepare_cached(SET_ENABLED)?.execute(params![
                    id,
                    enabled,
                    writing.now.0
                ])?;
                if changed > 0 {
                    writing.tell(Change::RecurringRun(id));
                }
                Ok(())
            })
            .await
    }

    /// Passes over a slot that can make no run, and says why.
    ///
    /// Errors: `Conflict` when the slot was had already.
    pub async fn skip_slot(&self, firing: Firing, error: String) -> Result<(), Error> {
        self.db().write(Flush::Now, move |writing| advance(writing, &firing, &error)).await
    }

    /// Deletes a recurring run; its runs stay.
    pub async fn delete_recurring_run(&self, id: &str) -> Result<(), Error> {
        let id = id.to_owned();
        self.db()
            .write(Flush::Now, move |writing| {
                let connection = writing.connection;
                let spec: Option<Option<String>> =
                    connection.prepare_cached(SELECT_SPEC)?.query_row([&id], |row| row.get(0)).optional()?;
                let spec = spec.ok_or_else(|| Error::not_found(Kind::RecurringRun, &id))?;
                connection.prepare_cached(DELETE)?.execute([&id])?;
                if let Some(spec) = spec {
                    documents::drop_unreferenced(connection, &spec)?;
                }
                writing.tell(Change::RecurringRun(id));
                Ok(())
            })
            .await
    }
}

/// Takes a slot, in the transaction that creates its run.
pub(crate) fn advance(writing: &mut Writing<'_>, firing: &Firing, error: &str) -> Result<(), Error> {
    let Firing { recurring_run_id: id, number, slot } = firing;
    let number = i64::try_from(*number).map_err(|_| Error::internal("a slot's number is out of range"))?;
    let moved = writing.connection.prepare_cached(ADVANCE)?.execute(params![
        id,
        number,
        slot.0,
        error,
        writing.now.0
    ])?;
    if moved == 0 {
        get(writing.connection, id)?;
        return Err(Error::Conflict {
            message: format!("slot {number} of recurring run `{id}` was had already"),
        });
    }
    writing.tell(Change::RecurringRun(id.clone()));
    Ok(())
}

/// Lets none of an experiment's recurring runs fire any more.
pub(crate) fn disable_of_experiment(writing: &mut Writing<'_>, experiment: &str) -> Result<(), Error> {
    let ids: Vec<String> = {
        let mut statement = writing.connection.prepare_cached(SELECT_OF_EXPERIMENT)?;
        let ids = statement.query_map([experiment], |row| row.get(0))?;
        ids.collect::<Result<_, _>>()?
    };
    writing.connection.prepare_cached(DISABLE_OF_EXPERIMENT)?.execute(params![experiment, writing.now.0])?;
    for id in ids {
        writing.tell(Change::RecurringRun(id));
    }
    Ok(())
}

fn insert(writing: &mut Writing<'_>, new: &NewRecurringRun) -> Result<RecurringRun, Error> {
    let connection = writing.connection;
    let namespace = experiments::get(connection, &new.experiment_id)?.namespace;
    let spec = match &new.pipeline_spec {
        Value::Null => None,
        spec => Some(Document::new(to_json("a pipeline spec", spec)?)),
    };
    if let Some(spec) = &spec {
        spec.keep(connection)?;
    }
    let id = uuid::Uuid::now_v7().to_string();
    connection.prepare_cached(INSERT)?.execute(params![
        id,
        new.run_prefix,
        new.display_name,
        new.description,
        new.experiment_id,
        new.pipeline_id,
        new.pipeline_version_id,
        spec.map(|spec| spec.hash),
        to_json("parameters", &new.parameters)?,
        new.pipeline_root,
        new.service_account,
        new.max_concurrency,
        to_json("a trigger", &new.trigger)?,
        new.no_catchup,
        new.enabled,
        writing.now.0,
        optional_json("plugins' input", &new.plugins_input)?,
        namespace,
    ])?;
    writing.tell(Change::RecurringRun(id.clone()));
    get(writing.connection, &id)
}

fn get(connection: &Connection, id: &str) -> Result<RecurringRun, Error> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query([id])?;
    match rows.next()? {
        Some(row) => recurring_run(row),
        None => Err(Error::not_found(Kind::RecurringRun, id)),
    }
}

fn recurring_run(row: &Row<'_>) -> Result<RecurringRun, Error> {
    let spec: Option<String> = row.get("spec")?;
    let parameters: String = row.get("parameters")?;
    let trigger: String = row.get("trigger_body")?;
    let fired: i64 = row.get("fired")?;
    let plugins_input: String = row.get("plugins_input")?;
    Ok(RecurringRun {
        id: row.get("id")?,
        namespace: row.get("namespace")?,
        new: NewRecurringRun {
            run_prefix: row.get("run_prefix")?,
            display_name: row.get("display_name")?,
            description: row.get("description")?,
            experiment_id: row.get("experiment_id")?,
            pipeline_id: row.get("pipeline_id")?,
            pipeline_version_id: row.get("pipeline_version_id")?,
            pipeline_spec: match spec {
                Some(text) => from_json("a pipeline spec", &text)?,
                None => Value::Null,
            },
            parameters: from_json("parameters", &parameters)?,
            pipeline_root: row.get("pipeline_root")?,
            service_account: row.get("service_account")?,
            plugins_input: optional("plugins' input", &plugins_input)?,
            max_concurrency: row.get("max_concurrency")?,
            trigger: from_json("a trigger", &trigger)?,
            no_catchup: row.get("no_catchup")?,
            enabled: row.get("enabled")?,
        },
        created_at: Timestamp(row.get("created_at")?),
        updated_at: Timestamp(row.get("updated_at")?),
        last_slot: time(row.get("last_slot")?),
        fired: u64::try_from(fired).unwrap_or(0),
        error: row.get("error")?,
    })
}
