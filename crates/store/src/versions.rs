//! Versions of pipelines: a pipeline spec under a name.

use std::collections::BTreeMap;

use pipewright_engine::Timestamp;
use pipewright_plan::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::documents::{self, Document};
use crate::error::{Error, Kind};
use crate::feed::Change;
use crate::filter::{Form, Key};
use crate::page::{ListQuery, Listing, Page, ask, list};
use crate::pipelines::{self, PipelineChange};
use crate::rows::{from_json, to_json};
use crate::store::Store;
use crate::tags;
use crate::writer::{Flush, Writing};

pub(crate) const INSERT: &str = "INSERT INTO pipeline_versions (id, pipeline_id, name, display_name, description, \
     created_at, package_url, code_source_url, spec_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
pub(crate) const SELECT: &str = "SELECT id, pipeline_id, name, display_name, description, created_at, \
     package_url, code_source_url, spec_hash FROM pipeline_versions WHERE id = ?1";
pub(crate) const SELECT_SPEC: &str = "SELECT spec_hash, pipeline_id FROM pipeline_versions WHERE id = ?1";
pub(crate) const RENAME: &str = "UPDATE pipeline_versions SET display_name = ?2 WHERE id = ?1";
pub(crate) const DELETE: &str = "DELETE FROM pipeline_versions WHERE id = ?1";

pub(crate) const LISTING: Listing = Listing {
    resource: "pipeline versions",
    table: "pipeline_versions",
    columns: "id, pipeline_id, name, display_name, description, created_at, package_url, code_source_url, \
              spec_hash",
    joins: "",
    has_tags: true,
    has_metrics: false,
    keys: &[
        Key { names: &["created_at"], column: "pipeline_versions.created_at", form: Form::Time },
        Key { names: &["id", "pipeline_version_id"], column: "pipeline_versions.id", form: Form::Text },
        Key { names: &["name"], column: "pipeline_versions.name", form: Form::Text },
        Key { names: &["display_name"], column: "pipeline_versions.display_name", form: Form::Text },
        Key { names: &["description"], column: "pipeline_versions.description", form: Form::Text },
        // Only what compiles is kept, so every version is ready.
        Key { names: &["status"], column: "'READY'", form: Form::Text },
        Key {
            names: &["pipeline_spec"],
            column: "(SELECT body FROM documents WHERE hash = pipeline_versions.spec_hash)",
            form: Form::Text,
        },
    ],
};

/// A version of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineVersion {
    pub id: String,
    pub pipeline_id: String,
    pub name: String,
    pub display_name: String,
    pub description: String,
    pub created_at: Timestamp,
    pub package_url: Option<String>,
    pub code_source_url: Option<String>,
    /// As the API shows it.
    pub pipeline_spec: Value,
    pub tags: BTreeMap<String, String>,
}

/// A version to create; its name is its own within the pipeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewPipelineVersion {
    pub pipeline_id: String,
    pub name: String,
    pub display_name: String,
    pub description: String,
    pub package_url: Option<String>,
    pub code_source_url: Option<String>,
    pub pipeline_spec: Value,
    pub tags: BTreeMap<String, String>,
}

impl Store {
    /// Creates a version; it is on disk when this returns.
    ///
    /// Errors: `NotFound` without the pipeline, `Exists` when the pipeline has a version of that name.
    pub async fn create_pipeline_version(&self, new: NewPipelineVersion) -> Result<PipelineVersion, Error> {
        self.db()
            .write(Flush::Now, move |writing| {
                pipelines::require(writing.connection, &new.pipeline_id)?;
                insert(writing, &new)
            })
            .await
    }

    /// Returns one version.
    pub async fn get_pipeline_version(&self, id: &str) -> Result<PipelineVersion, Error> {
        let id = id.to_owned();
        self.db().read(move |connection| get(connection, &id)).await
    }

    /// Lists a pipeline's versions.
    pub async fn list_pipeline_versions(&self, query: &ListQuery) -> Result<Page<PipelineVersion>, Error> {
        let pipeline = query.pipeline_id.as_deref().unwrap_or_default();
        let asked = ask(&LISTING, query, &[("pipeline_id", pipeline)])?;
        self.db()
            .read(move |connection| list(connection, &LISTING, asked, |row| version(connection, row)))
            .await
    }

    /// Changes a version's display name or tags.
    pub async fn change_pipeline_version(
        &self,
        id: &str,
        change: PipelineChange,
    ) -> Result<PipelineVersion, Error> {
        let id = id.to_owned();
        self.db()
            .write(Flush::Now, move |writing| {
                let before = get(writing.connection, &id)?;
                writing.tell(Change::Pipeline(before.pipeline_id));
                if let Some(name) = &change.display_name {
                    writing.connection.prepare_cached(RENAME)?.execute([&id, name])?;
                }
                if let Some(tags) = &change.tags {
                    tags::replace(writing.connection, &id, tags)?;
                }
                get(writing.connection, &id)
            })
            .await
    }

    /// Deletes a version; runs made from it keep what they need.
    pub async fn delete_pipeline_version(&self, id: &str) -> Result<(), Error> {
        let id = id.to_owned();
        self.db()
            .write(Flush::Now, move |writing| {
                let connection = writing.connection;
                let found: Option<(String, String)> = connection
                    .prepare_cached(SELECT_SPEC)?
                    .query_row([&id], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                let (spec, pipeline) = found.ok_or_else(|| Error::not_found(Kind::PipelineVersion, &id))?;
                writing.tell(Change::Pipeline(pipeline));
                connection.prepare_cached(DELETE)?.execute([&id])?;
                connection.prepare_cached(tags::DELETE)?.execute([&id])?;
                documents::drop_unreferenced(connection, &spec)
            })
            .await
    }
}

pub(crate) fn insert(writing: &mut Writing<'_>, new: &NewPipelineVersion) -> Result<PipelineVersion, Error> {
    let id = uuid::Uuid::now_v7().to_string();
    let spec = Document::new(to_json("a pipeline spec", &new.pipeline_spec)?);
    spec.keep(writing.connection)?;
    writing
        .connection
        .prepare_cached(INSERT)?
        .execute(params![
            id,
            new.pipeline_id,
            new.name,
            new.display_name,
            new.description,
            writing.now.0,
            new.package_url,
            new.code_source_url,
            spec.hash,
        ])
        .map_err(|error| Error::of_insert(error, Kind::PipelineVersion, &new.name))?;
    tags::replace(writing.connection, &id, &new.tags)?;
    writing.tell(Change::Pipeline(new.pipeline_id.clone()));
    get(writing.connection, &id)
}

fn get(connection: &Connection, id: &str) -> Result<PipelineVersion, Error> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query([id])?;
    match rows.next()? {
        Some(row) => version(connection, row),
        None => Err(Error::not_found(Kind::PipelineVersion, id)),
    }
}

fn version(connection: &Connection, row: &Row<'_>) -> Result<PipelineVersion, Error> {
    let id: String = row.get("id")?;
    let spec: String = row.get("spec_hash")?;
    Ok(PipelineVersion {
        pipeline_id: row.get("pipeline_id")?,
        name: row.get("name")?,
        display_name: row.get("display_name")?,
        description: row.get("description")?,
        created_at: Timestamp(row.get("created_at")?),
        package_url: row.get("package_url")?,
        code_source_url: row.get("code_source_url")?,
        pipeline_spec: from_json("a pipeline spec", &documents::read(connection, &spec)?)?,
        tags: tags::of(connection, &id)?,
        id,
    })
}
