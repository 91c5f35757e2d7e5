//! Artifacts with what made them and what used them, and lists of them, newest first.

use pipewright_engine::{RunId, TaskKey, TaskKind, TaskView, Timestamp};
use pipewright_plan::{ArtifactId, ArtifactValue};
use rusqlite::{Connection, Row, params};

use crate::error::{Error, Kind};
use crate::rows::from_json;
use crate::store::Store;

pub(crate) const INSERT_USE: &str = "INSERT INTO artifact_uses (artifact, task, input) VALUES (?1, ?2, ?3) \
     ON CONFLICT (artifact, task, input) DO NOTHING";
pub(crate) const DELETE_USES: &str = "DELETE FROM artifact_uses WHERE task = ?1";
pub(crate) const DELETE_USES_OF_RUN: &str =
    "DELETE FROM artifact_uses WHERE task IN (SELECT number FROM tasks WHERE run = ?1)";
pub(crate) const SELECT_USES: &str = "SELECT runs.id, tasks.task, artifact_uses.input FROM artifact_uses \
     JOIN tasks ON tasks.number = artifact_uses.task JOIN runs ON runs.number = tasks.run \
     WHERE artifact_uses.artifact = ?1 ORDER BY artifact_uses.task LIMIT ?2";
pub(crate) const SELECT_RECORD: &str =
    "SELECT number, pipeline_name, run_id, task, created_at, body FROM artifacts WHERE id = ?1";
pub(crate) const LIST: &str = "SELECT number, pipeline_name, run_id, task, created_at, body FROM artifacts \
     WHERE number < ?1 ORDER BY number DESC LIMIT ?2";
pub(crate) const LIST_OF_RUN: &str = "SELECT number, pipeline_name, run_id, task, created_at, body \
     FROM artifacts WHERE run_id = ?3 AND number < ?1 ORDER BY number DESC LIMIT ?2";
pub(crate) const LIST_OF_TYPE: &str = "SELECT number, pipeline_name, run_id, task, created_at, body \
     FROM artifacts WHERE type_title = ?3 AND number < ?1 ORDER BY number DESC LIMIT ?2";

pub(crate) const LIST_OF_NAMESPACE: &str = "SELECT number, pipeline_name, run_id, task, created_at, body \
     FROM artifacts WHERE namespace = ?3 AND number < ?1 ORDER BY number DESC LIMIT ?2";

/// Rows that one page of a filtered list looks at, at most.
const LOOKED_AT: i64 = 3_000;

/// An artifact and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct ArtifactRecord {
    pub number: i64,
    pub value: ArtifactValue,
    pub pipeline_name: String,
    pub run: RunId,
    pub task: TaskKey,
    pub created_at: Timestamp,
}

/// A task that took an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactUse {
    pub run: RunId,
    pub task: TaskKey,
    pub input: String,
}

/// Which artifacts; absent conditions hold for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArtifactQuery {
    pub limit: usize,
    /// From the page before.
    pub before: Option<i64>,
    pub run: Option<RunId>,
    pub namespace: Option<String>,
    pub type_title: Option<String>,
    pub pipeline_name: Option<String>,
    /// A part of the name, whatever its case.
    pub name: Option<String>,
}

/// Some rows, newest first, and where to go on; a filtered page may hold few rows and still have a next one.
#[derive(Debug, Clone, PartialEq)]
pub struct Newest<T> {
    pub items: Vec<T>,
    pub next: Option<i64>,
}

impl Store {
    /// Returns one artifact with where it comes from.
    pub async fn artifact_record(&self, id: &ArtifactId) -> Result<ArtifactRecord, Error> {
        let id = id.clone();
        self.db()
            .read(move |connection| {
                let mut statement = connection.prepare_cached(SELECT_RECORD)?;
                let mut rows = statement.query([&id.0])?;
                match rows.next()? {
                    Some(row) => record(row),
                    None => Err(Error::not_found(Kind::Artifact, &id.0)),
                }
            })
            .await
    }

    /// Returns tasks that took an artifact, oldest first.
    pub async fn artifact_uses(&self, id: &ArtifactId, limit: u32) -> Result<Vec<ArtifactUse>, Error> {
        let id = id.clone();
        self.db()
            .read(move |connection| {
                let mut statement = connection.prepare_cached(SELECT_USES)?;
                let uses = statement.query_map(params![id.0, limit], |row| {
                    Ok(ArtifactUse {
                        run: RunId(row.get(0)?),
                        task: TaskKey(row.get(1)?),
                        input: row.get(2)?,
                    })
                })?;
                Ok(uses.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Lists artifacts, newest first.
    pub async fn list_artifacts(&self, query: ArtifactQuery) -> Result<Newest<ArtifactRecord>, Error> {
        self.db().read(move |connection| list(connection, &query)).await
    }
}

fn list(connection: &Connection, query: &ArtifactQuery) -> Result<Newest<ArtifactRecord>, Error> {
    let before = query.before.unwrap_or(i64::MAX);
    let (sql, key) = match (&query.run, &query.namespace, &query.type_title) {
        (Some(run), ..) => (LIST_OF_RUN, Some(&run.0)),
        (None, Some(namespace), _) => (LIST_OF_NAMESPACE, Some(namespace)),
        (None, None, Some(title)) => (LIST_OF_TYPE, Some(title)),
        (None, None, None) => (LIST, None),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = match key {
        Some(key) => statement.query(params![before, LOOKED_AT, key])?,
        None => statement.query(params![before, LOOKED_AT])?,
    };
    let mut items: Vec<ArtifactRecord> = Vec::new();
    let (mut looked_at, mut last) = (0, before);
    let name = query.name.as_ref().map(|name| name.to_lowercase());
    while let Some(row) = rows.next()? {
        if items.len() == query.limit {
            return Ok(Newest { next: Some(last), items });
        }
        looked_at += 1;
        let record = record(row)?;
        last = record.number;
        let title = &record.value.artifact_type.schema_title;
        let fits = query.type_title.as_ref().is_none_or(|wanted| wanted == title)
            && query.pipeline_name.as_ref().is_none_or(|wanted| *wanted == record.pipeline_name)
            && name.as_ref().is_none_or(|wanted| record.value.name.to_lowercase().contains(wanted));
        if fits {
            items.push(record);
        }
    }
    Ok(Newest { next: (looked_at == LOOKED_AT).then_some(last), items })
}

fn record(row: &Row<'_>) -> Result<ArtifactRecord, Error> {
    let body: String = row.get("body")?;
    Ok(ArtifactRecord {
        number: row.get("number")?,
        value: from_json("an artifact", &body)?,
        pipeline_name: row.get("pipeline_name")?,
        run: RunId(row.get("run_id")?),
        task: TaskKey(row.get("task")?),
        created_at: Timestamp(row.get("created_at")?),
    })
}

/// Lists what a task takes, by artifact and input; dags and loops only pass things on.
pub(crate) fn uses_of(view: &TaskView) -> Vec<(String, String)> {
    match view.kind {
        TaskKind::Dag | TaskKind::Loop | TaskKind::Importer | TaskKind::Suspend => return Vec::new(),
        // An iteration that is a dag has no attempts; a cached one is told by where its result came from.
        TaskKind::Iteration if view.attempts.is_empty() => return Vec::new(),
        TaskKind::Iteration | TaskKind::Container | TaskKind::Resource => {}
    }
    let inputs = view.inputs.artifacts.iter();
    inputs
        .flat_map(|(input, list)| list.iter().map(move |artifact| (artifact.id.0.clone(), input.clone())))
        .collect()
}
