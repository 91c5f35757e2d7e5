//! Artifacts that tasks made or imported: where their bytes lie and what is known of them.

use pipewright_engine::{RunId, TaskKey, Timestamp};
use pipewright_plan::{ArtifactId, ArtifactValue};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Error, Kind};
use crate::namespaces::{PipelineOf, settled};
use crate::rows::{from_json, to_json};
use crate::store::Store;

pub(crate) const INSERT: &str = "INSERT INTO artifacts (id, pipeline_name, type_title, uri, run_id, task, \
     created_at, body, namespace) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (id) DO NOTHING";
pub(crate) const SELECT: &str = "SELECT body FROM artifacts WHERE id = ?1";
pub(crate) const SELECT_URI: &str = "SELECT 1 FROM artifacts WHERE uri = ?1 LIMIT 1";
pub(crate) const SELECT_BY_URI: &str = "SELECT body FROM artifacts WHERE uri = ?1 AND pipeline_name = ?2 \
     AND type_title = ?3 AND namespace = ?4 ORDER BY number DESC LIMIT 100";

impl Store {
    /// Returns the artifacts of this pipeline and type at this URI, newest first, 100 at most.
    pub async fn find_artifact(
        &self,
        pipeline: PipelineOf<'_>,
        type_title: &str,
        uri: &str,
    ) -> Result<Vec<ArtifactValue>, Error> {
        let values = [uri, pipeline.name, type_title, settled(pipeline.namespace)?].map(str::to_owned);
        self.db()
            .read(move |connection| {
                let mut statement = connection.prepare_cached(SELECT_BY_URI)?;
                let mut rows = statement.query(values)?;
                let mut artifacts = Vec::new();
                while let Some(row) = rows.next()? {
                    artifacts.push(from_json("an artifact", &row.get::<_, String>(0)?)?);
                }
                Ok(artifacts)
            })
            .await
    }

    /// Tells whether an artifact with this URI is known.
    pub async fn is_artifact(&self, uri: &str) -> Result<bool, Error> {
        let uri = uri.to_owned();
        self.db().read(move |connection| Ok(connection.prepare_cached(SELECT_URI)?.exists([uri])?)).await
    }

    /// Returns one artifact.
    pub async fn get_artifact(&self, id: &ArtifactId) -> Result<ArtifactValue, Error> {
        let id = id.clone();
        self.db()
            .read(move |connection| {
                let body: Option<String> =
                    connection.prepare_cached(SELECT)?.query_row([&id.0], |row| row.get(0)).optional()?;
                let body = body.ok_or_else(|| Error::not_found(Kind::Artifact, &id.0))?;
                from_json("an artifact", &body)
            })
            .await
    }
}

/// An artifact that a task handed on.
pub(crate) struct ArtifactRow {
    id: String,
    type_title: String,
    uri: String,
    run: String,
    task: String,
    body: String,
}

impl ArtifactRow {
    pub(crate) fn new(run: &RunId, task: &TaskKey, artifact: &ArtifactValue) -> Result<Self, Error> {
        Ok(Self {
            id: artifact.id.0.clone(),
            type_title: artifact.artifact_type.schema_title.clone(),
            uri: artifact.uri.clone(),
            run: run.0.clone(),
            task: task.0.clone(),
            body: to_json("an artifact", artifact)?,
        })
    }

    /// Writes the row unless the artifact is known already.
    pub(crate) fn insert(
        &self,
        connection: &Connection,
        pipeline: PipelineOf<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let values = params![
            self.id,
            pipeline.name,
            self.type_title,
            self.uri,
            self.run,
            self.task,
            now.0,
            self.body,
            settled(pipeline.namespace)?
        ];
        connection.prepare_cached(INSERT)?.execute(values)?;
        Ok(())
    }
}
