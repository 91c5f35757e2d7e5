//! Pipelines: names under which versions of a pipeline are kept. Versions live in `versions`.

use std::collections::BTreeMap;

use pipewright_engine::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use crate::documents::drop_unreferenced;
use crate::error::{Error, Kind};
use crate::feed::Change;
use crate::filter::{Form, Key};
use crate::objects::check_namespace;
use crate::page::{ListQuery, Listing, Page, ask, list};
use crate::store::Store;
use crate::tags;
use crate::versions::{self, NewPipelineVersion, PipelineVersion};
use crate::writer::{Flush, Writing};

pub(crate) const INSERT: &str = "INSERT INTO pipelines (id, namespace, name, display_name, description, \
     created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
pub(crate) const SELECT: &str =
    "SELECT id, namespace, name, display_name, description, created_at FROM pipelines WHERE id = ?1";
pub(crate) const SELECT_BY_NAME: &str = "SELECT id, namespace, name, display_name, description, created_at \
     FROM pipelines WHERE namespace = ?1 AND name = ?2";
pub(crate) const RENAME: &str = "UPDATE pipelines SET display_name = ?2 WHERE id = ?1";
pub(crate) const DELETE: &str = "DELETE FROM pipelines WHERE id = ?1";
pub(crate) const SELECT_VERSIONS: &str = "SELECT id, spec_hash FROM pipeline_versions WHERE pipeline_id = ?1";
pub(crate) const DELETE_VERSIONS: &str = "DELETE FROM pipeline_versions WHERE pipeline_id = ?1";

pub(crate) const LISTING: Listing = Listing {
    resource: "pipelines",
    table: "pipelines",
    columns: "id, namespace, name, display_name, description, created_at",
    joins: "",
    has_tags: true,
    has_metrics: false,
    keys: &[
        Key { names: &["created_at"], column: "pipelines.created_at", form: Form::Time },
        Key { names: &["id", "pipeline_id"], column: "pipelines.id", form: Form::Text },
        Key { names: &["name"], column: "pipelines.name", form: Form::Text },
        Key { names: &["display_name"], column: "pipelines.display_name", form: Form::Text },
        Key { names: &["description"], column: "pipelines.description", form: Form::Text },
        Key { names: &["namespace"], column: "pipelines.namespace", form: Form::Text },
    ],
};

/// A pipeline without its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    pub id: String,
    /// Empty: it is shared by all.
    pub namespace: String,
    pub name: String,
    pub display_name: String,
    pub description: String,
    pub created_at: Timestamp,
    pub tags: BTreeMap<String, String>,
}

/// A pipeline to create; its name is its own in the namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewPipeline {
    /// Empty: it is shared by all.
    pub namespace: String,
    pub name: String,
    pub display_name: String,
    pub description: String,
    pub tags: BTreeMap<String, String>,
}

/// What may change of a pipeline or a pipeline version; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PipelineChange {
    pub display_name: Option<String>,
    /// Replaces all tags.
    pub tags: Option<BTreeMap<String, String>>,
}

impl Store {
    /// Creates a pipeline without versions; it is on disk when this returns.
    ///
    /// Errors: `Exists` when the name is taken.
    pub async fn create_pipeline(&self, new: NewPipeline) -> Result<Pipeline, Error> {
        self.db().write(Flush::Now, move |writing| insert(writing, &new)).await
    }

    /// Creates a pipeline and its first version, whose `pipeline_id` is ignored, or neither.
    pub async fn create_pipeline_with_version(
        &self,
        new: NewPipeline,
        version: NewPipelineVersion,
    ) -> Result<(Pipeline, PipelineVersion), Error> {
        self.db()
            .write(Flush::Now, move |writing| {
                let pipeline = insert(writing, &new)?;
                let version = NewPipelineVersion { pipeline_id: pipeline.id.clone(), ..version };
                let version = versions::insert(writing, &version)?;
                Ok((pipeline, version))
            })
            .await
    }

    /// Returns one pipeline.
    pub async fn get_pipeline(&self, id: &str) -> Result<Pipeline, Error> {
        let id = id.to_owned();
        self.db().read(move |connection| get(connection, &id)).await
    }

    /// Returns the pipeline of that name in a namespace; in none, the shared one.
    pub async fn get_pipeline_by_name(&self, namespace: &str, name: &str) -> Result<Pipeline, Error> {
        let asked = [namespace.to_owned(), name.to_owned()];
        self.db().read(move |connection| find(connection, SELECT_BY_NAME, &[&asked[0], &asked[1]])).await
    }

    /// Lists pipelines.
    pub async fn list_pipelines(&self, query: &ListQuery) -> Result<Page<Pipeline>, Error> {
        let scope: Vec<_> = query.namespace.iter().map(|it| ("namespace", it.as_str())).collect();
        let asked = ask(&LISTING, query, &scope)?;
        self.db()
            .read(move |connection| list(connection, &LISTING, asked, |row| pipeline(connection, row)))
            .await
    }

    /// Changes a pipeline's display name or tags.
    pub async fn change_pipeline(&self, id: &str, change: PipelineChange) -> Result<Pipeline, Error> {
        let id = id.to_owned();
        self.db()
            .write(Flush::Now, move |writing| {
                get(writing.connection, &id)?;
                if let Some(name) = &change.display_name {
                    writing.connection.prepare_cached(RENAME)?.execute([&id, name])?;
                }
                if let Some(tags) = &change.tags {
                    tags::replace(writing.connection, &id, tags)?;
                }
                writing.tell(Change::Pipeline(id.clone()));
                get(writing.connection, &id)
            })
            .await
    }

    /// Deletes a pipeline with all its versions; runs made from them keep what they need.
    pub async fn delete_pipeline(&self, id: &str) -> Result<(), Error> {
        let id = id.to_owned();
        self.db()
            .write(Flush::Now, move |writing| {
                delete(writing.connection, &id)?;
                writing.tell(Change::Pipeline(id));
                Ok(())
            })
            .await
    }
}

fn insert(writing: &mut Writing<'_>, new: &NewPipeline) -> Result<Pipeline, Error> {
    if !new.namespace.is_empty() {
        check_namespace(&new.namespace)?;
    }
    let id = uuid::Uuid::now_v7().to_string();
    writing
        .connection
        .prepare_cached(INSERT)?
        .execute(params![id, new.namespace, new.name, new.display_name, new.description, writing.now.0])
        .map_err(|error| Error::of_insert(error, Kind::Pipeline, &new.name))?;
    tags::replace(writing.connection, &id, &new.tags)?;
    writing.tell(Change::Pipeline(id.clone()));
    get(writing.connection, &id)
}

pub(crate) fn get(connection: &Connection, id: &str) -> Result<Pipeline, Error> {
    find(connection, SELECT, &[id])
}

fn find(connection: &Connection, sql: &str, what: &[&str]) -> Result<Pipeline, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(what))?;
    match rows.next()? {
        Some(row) => pipeline(connection, row),
        None => Err(Error::not_found(Kind::Pipeline, what.last().copied().unwrap_or_default())),
    }
}

fn delete(connection: &Connection, id: &str) -> Result<(), Error> {
    if connection.prepare_cached(DELETE)?.execute([id])? == 0 {
        return Err(Error::not_found(Kind::Pipeline, id));
    }
    let mut statement = connection.prepare_cached(SELECT_VERSIONS)?;
    let versions = statement.query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let versions: Vec<(String, String)> = versions.collect::<Result<_, _>>()?;
    connection.prepare_cached(DELETE_VERSIONS)?.execute([id])?;
    connection.prepare_cached(tags::DELETE)?.execute([id])?;
    for (version, spec) in versions {
        connection.prepare_cached(tags::DELETE)?.execute([&version])?;
        drop_unreferenced(connection, &spec)?;
    }
    Ok(())
}

fn pipeline(connection: &Connection, row: &Row<'_>) -> Result<Pipeline, Error> {
    let id: String = row.get("id")?;
    Ok(Pipeline {
        namespace: row.get("namespace")?,
        name: row.get("name")?,
        display_name: row.get("display_name")?,
        description: row.get("description")?,
        created_at: Timestamp(row.get("created_at")?),
        tags: tags::of(connection, &id)?,
        id,
    })
}

/// Tells an unknown pipeline from a known one.
pub(crate) fn require(connection: &Connection, id: &str) -> Result<(), Error> {
    let found: Option<String> =
        connection.prepare_cached(SELECT)?.query_row([id], |row| row.get(0)).optional()?;
    found.map(drop).ok_or_else(|| Error::not_found(Kind::Pipeline, id))
}
