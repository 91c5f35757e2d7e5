//! Experiments: the groups that runs belong to. One, `Default`, is always there; other
//! namespaces than the default one have theirs from when somebody first needs it.

use pipewright_engine::{Submit, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{Error, Kind};
use crate::feed::Change;
use crate::filter::{Form, Key};
use crate::namespaces::settled;
use crate::page::{ListQuery, Listing, Page, ask, list};
use crate::recurring_runs;
use crate::rows::{ARCHIVED, AVAILABLE, time};
use crate::store::{Store, now};
use crate::writer::{Flush, Writing};

pub(crate) const INSERT: &str = "INSERT INTO experiments (id, namespace, display_name, description, created_at, \
     last_run_created_at, storage_state) VALUES (?1, ?2, ?3, ?4, ?5, 0, 'available')";
pub(crate) const SELECT: &str = "SELECT id, namespace, display_name, description, created_at, \
     last_run_created_at, storage_state FROM experiments WHERE id = ?1";
pub(crate) const SELECT_ID_BY_NAME: &str =
    "SELECT id FROM experiments WHERE namespace = ?1 AND display_name = ?2";
pub(crate) const SET_STORAGE: &str = "UPDATE experiments SET storage_state = ?2 WHERE id = ?1";
pub(crate) const SET_LAST_RUN: &str =
    "UPDATE experiments SET last_run_created_at = ?2 WHERE id = ?1 AND last_run_created_at < ?2";
pub(crate) const ARCHIVE_RUNS: &str = "UPDATE runs SET storage_state = 'archived', storage_changed_at = ?2 \
     WHERE experiment_id = ?1 AND storage_state <> 'archived'";
pub(crate) const DELETE: &str = "DELETE FROM experiments WHERE id = ?1";

pub(crate) const LISTING: Listing = Listing {
    resource: "experiments",
    table: "experiments",
    columns: "id, namespace, display_name, description, created_at, last_run_created_at, storage_state",
    joins: "",
    has_tags: false,
    has_metrics: false,
    keys: &[
        Key { names: &["created_at"], column: "experiments.created_at", form: Form::Time },
        Key { names: &["id", "experiment_id"], column: "experiments.id", form: Form::Text },
        Key { names: &["name", "display_name"], column: "experiments.display_name", form: Form::Text },
        Key { names: &["last_run_created_at"], column: "experiments.last_run_created_at", form: Form::Time },
        Key { names: &["description"], column: "experiments.description", form: Form::Text },
        Key { names: &["namespace"], column: "experiments.namespace", form: Form::Text },
        Key { names: &["storage_state"], column: "experiments.storage_state", form: Form::Storage },
    ],
};

const DEFAULT_NAME: &str = "Default";
const DEFAULT_DESCRIPTION: &str = "All runs created without specifying an experiment will be grouped here.";

/// A group of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Experiment {
    pub id: String,
    pub namespace: String,
    pub display_name: String,
    pub description: String,
    pub created_at: Timestamp,
    pub last_run_created_at: Option<Timestamp>,
    pub archived: bool,
}

/// An experiment to create; its name is its own in the namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewExperiment {
    /// Empty for the default one.
    pub namespace: String,
    pub display_name: String,
    pub description: String,
}

impl Store {
    /// Creates an experiment; it is on disk when this returns.
    ///
    /// Errors: `Exists` when the name is taken.
    pub async fn create_experiment(&self, new: NewExperiment) -> Result<Experiment, Error> {
        self.db()
            .write(Flush::Now, move |writing| {
                let id = insert(writing.connection, &new, writing.now)?;
                writing.tell(Change::Experiment(id.clone()));
                get(writing.connection, &id)
            })
            .await
    }

    /// Returns the experiment for runs that name none.
    pub async fn default_experiment(&self) -> Result<Experiment, Error> {
        self.get_experiment(&self.inner.default_experiment).await
    }

    /// Returns the experiment for runs of a namespace that name none; makes it when it is first asked for.
    pub async fn default_experiment_of(&self, namespace: &str) -> Result<Experiment, Error> {
        self.ensure_experiment(default_of(namespace.to_owned())).await
    }

    /// Returns the experiment of that name in its namespace; makes it when it is first asked for.
    pub async fn ensure_experiment(&self, new: NewExperiment) -> Result<Experiment, Error> {
        let new = NewExperiment { namespace: settled(&new.namespace)?.to_owned(), ..new };
        let wanted = (new.namespace.clone(), new.display_name.clone());
        let found = self.db().read(move |connection| find(connection, &wanted.0, &wanted.1)).await?;
        if let Some(id) = found {
            return self.get_experiment(&id).await;
        }
        self.db()
            .write(Flush::Now, move |writing| {
                let id = match find(writing.connection, &new.namespace, &new.display_name)? {
                    Some(id) => id,
                    None => {
                        let id = insert(writing.connection, &new, writing.now)?;
                        writing.tell(Change::Experiment(id.clone()));
                        id
                    }
                };
                get(writing.connection, &id)
            })
            .await
    }

    /// Returns one experiment.
    pub async fn get_experiment(&self, id: &str) -> Result<Experiment, Error> {
        let id = id.to_owned();
        self.db().read(move |connection| get(connection, &id)).await
    }

    /// Lists experiments.
    pub async fn list_experiments(&self, query: &ListQuery) -> Result<Page<Experiment>, Error> {
        let scope: Vec<_> = query.namespace.iter().map(|it| ("namespace", it.as_str())).collect();
        let asked = ask(&LISTING, query, &scope)?;
        self.db().read(move |connection| list(connection, &LISTING, asked, |row| Ok(experiment(row)?))).await
    }

    /// Archives an experiment and all its runs; its recurring runs fire no more.
    pub async fn archive_experiment(&self, id: &str) -> Result<(), Error> {
        let id = id.to_owned();
        self.db()
            .write(Flush::Now, move |writing| {
                set_storage(writing, &id, ARCHIVED)?;
                writing.connection.prepare_cached(ARCHIVE_RUNS)?.execute(params![id, writing.now.0])?;
                recurring_runs::disable_of_experiment(writing, &id)
            })
            .await
    }

    /// Brings an experiment back; its runs stay archived.
    pub async fn unarchive_experiment(&self, id: &str) -> Result<(), Error> {
        let id = id.to_owned();
        self.db().write(Flush::Now, move |writing| set_storage(writing, &id, AVAILABLE)).await
    }

    /// Deletes an experiment; its runs are left.
    ///
    /// Errors: `Conflict` for the default experiment.
    pub async fn delete_experiment(&self, id: &str) -> Result<(), Error> {
        if id == self.inner.default_experiment {
            return Err(Error::Conflict { message: "the default experiment cannot be deleted".to_owned() });
        }
        let id = id.to_owned();
        self.db()
            .write(Flush::Now, move |writing| {
                match writing.connection.prepare_cached(DELETE)?.execute([&id])? {
                    0 => Err(Error::not_found(Kind::Experiment, id)),
                    _ => {
                        writing.tell(Change::Experiment(id));
                        Ok(())
                    }
                }
            })
            .await
    }
}

/// Makes sure that the default experiment exists; returns its id.
pub(crate) fn ensure_default(connection: &Connection) -> Result<String, Error> {
    match find(connection, Submit::DEFAULT_NAMESPACE, DEFAULT_NAME)? {
        Some(id) => Ok(id),
        None => insert(connection, &default_of(String::new()), now()),
    }
}

fn find(connection: &Connection, namespace: &str, name: &str) -> Result<Option<String>, Error> {
    let mut statement = connection.prepare_cached(SELECT_ID_BY_NAME)?;
    Ok(statement.query_row([namespace, name], |row| row.get(0)).optional()?)
}

fn default_of(namespace: String) -> NewExperiment {
    NewExperiment {
        namespace,
        display_name: DEFAULT_NAME.to_owned(),
        description: DEFAULT_DESCRIPTION.to_owned(),
    }
}

fn insert(connection: &Connection, new: &NewExperiment, now: Timestamp) -> Result<String, Error> {
    let id = uuid::Uuid::now_v7().to_string();
    connection
        .prepare_cached(INSERT)?
        .execute(params![id, settled(&new.namespace)?, new.display_name, new.description, now.0])
        .map_err(|error| Error::of_insert(error, Kind::Experiment, &new.display_name))?;
    Ok(id)
}

pub(crate) fn get(connection: &Connection, id: &str) -> Result<Experiment, Error> {
    let found = connection.prepare_cached(SELECT)?.query_row([id], experiment).optional()?;
    found.ok_or_else(|| Error::not_found(Kind::Experiment, id))
}

fn set_storage(writing: &mut Writing<'_>, id: &str, word: &str) -> Result<(), Error> {
    match writing.connection.prepare_cached(SET_STORAGE)?.execute([id, word])? {
        0 => Err(Error::not_found(Kind::Experiment, id)),
        _ => {
            writing.tell(Change::Experiment(id.to_owned()));
            Ok(())
        }
    }
}

fn experiment(row: &Row<'_>) -> rusqlite::Result<Experiment> {
    Ok(Experiment {
        id: row.get("id")?,
        namespace: row.get("namespace")?,
        display_name: row.get("display_name")?,
        description: row.get("description")?,
        created_at: Timestamp(row.get("created_at")?),
        last_run_created_at: time(row.get("last_run_created_at")?),
        archived: row.get::<_, String>("storage_state")? == ARCHIVED,
    })
}
