//! Artifacts with what made them and what used them, and lists of them.

use pipewright_engine::{RunId, TaskKey, TaskKind, TaskView, Timestamp};
use pipewright_plan::{ArtifactId, ArtifactValue};
use rusqlite::{Connection, Row, ToSql, params};

use crate::error::{Error, Kind};
use crate::ordered::{ArtifactOrder, Mark, Order, ordered, within};
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
const LIST: &str =
    "SELECT number, pipeline_name, run_id, task, created_at, type_title, namespace, body FROM artifacts";

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
    pub order: Order<ArtifactOrder>,
    /// From the page before.
    pub after: Option<Mark>,
    pub run: Option<RunId>,
    pub namespace: Option<String>,
    pub type_title: Option<String>,
    pub pipeline_name: Option<String>,
    /// A part of the name, whatever its case.
    pub name: Option<String>,
}

/// Some rows in the order that was asked for, and where to go on; a filtered page may hold few rows and still have a next one.
#[derive(Debug, Clone, PartialEq)]
pub struct Newest<T> {
    pub items: Vec<T>,
    pub next: Option<Mark>,
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

    /// Lists artifacts.
    pub async fn list_artifacts(&self, query: ArtifactQuery) -> Result<Newest<ArtifactRecord>, Error> {
        self.db().read(move |connection| list(connection, &query)).await
    }
}

/// Returns the column that an order needs.
fn column(order: ArtifactOrder) -> Option<&'static str> {
    match order {
        ArtifactOrder::Created => None,
        ArtifactOrder::Name => Some("artifacts.name"),
        ArtifactOrder::Type => Some("artifacts.type_title"),
        ArtifactOrder::Uri => Some("artifacts.uri"),
    }
}

/// Returns a statement for a list; conditions that it has not are checked row by row.
fn statement(scope: &[String], order: Order<ArtifactOrder>, goes_on: bool) -> String {
    let end = ordered("artifacts", scope, column(order.by), (order.is_ascending, goes_on));
    format!("{LIST} {end}")
}

/// Every statement of lists of artifacts, for a look at how they find their rows; then those that may sort: artifacts
/// with one address are few.
#[cfg(test)]
pub(crate) fn statements() -> [Vec<String>; 2] {
    use ArtifactOrder::{Created, Name, Type, Uri};
    let (mut found, mut sorting) = (Vec::new(), Vec::new());
    for (is_ascending, goes_on) in [(true, false), (true, true), (false, false), (false, true)] {
        let order = |by| Order { by, is_ascending };
        found.extend([Created, Name, Type].map(|by| statement(&[], order(by), goes_on)));
        found.extend(
            ["run_id", "namespace", "type_title"]
                .map(|scope| statement(&[format!("{scope} = ?3")], order(Created), goes_on)),
        );
        let within = within("artifacts", Some("team-a"), "?3").unwrap_or_default();
        found.extend([Created, Name, Type, Uri].map(|by| statement(&within, order(by), goes_on)));
        sorting.push(statement(&[], order(Uri), goes_on));
    }
    [found, sorting]
}

fn list(connection: &Connection, query: &ArtifactQuery) -> Result<Newest<ArtifactRecord>, Error> {
    let is_by_time = query.order.by == ArtifactOrder::Created;
    // What is sorted otherwise walks over the index of that and passes over what is not wanted.
    let of = |column: &str| vec![format!("{column} = ?3")];
    let within = within("artifacts", query.namespace.as_deref(), "?3");
    let (scope, key) = match (&query.run, &query.namespace, &query.type_title) {
        (Some(run), ..) => (of("run_id"), Some(run.0.as_str())),
        (None, Some(namespace), _) if is_by_time => (of("namespace"), Some(namespace.as_str())),
        (None, Some(namespace), _) => match within {
            Some(within) => (within.to_vec(), Some(namespace.as_str())),
            None => (Vec::new(), None),
        },
        (None, None, Some(title)) if is_by_time => (of("type_title"), Some(title.as_str())),
        _ => (Vec::new(), None),
    };
    let first = if query.order.is_ascending { i64::MIN } else { i64::MAX };
    let number = query.after.as_ref().map_or(first, |mark| mark.number);
    let value = query.after.as_ref().and_then(|mark| mark.value.as_deref());
    let mut statement = connection.prepare_cached(&statement(&scope, query.order, value.is_some()))?;
    let all: [&dyn ToSql; 4] = [&number, &LOOKED_AT, &key, &value];
    let count = statement.parameter_count();
    let mut rows = statement.query(&all[..count])?;
    let mut items: Vec<ArtifactRecord> = Vec::new();
    let (mut looked_at, mut last) = (0, None);
    let name = query.name.as_ref().map(|name| name.to_lowercase());
    while let Some(row) = rows.next()? {
        if items.len() == query.limit {
            return Ok(Newest { next: last, items });
        }
        looked_at += 1;
        let namespace: String = row.get("namespace")?;
        let record = record(row)?;
        let title = &record.value.artifact_type.schema_title;
        let value = match query.order.by {
            ArtifactOrder::Created => None,
            ArtifactOrder::Name => Some(record.value.name.clone()),
            ArtifactOrder::Type => Some(row.get("type_title")?),
            ArtifactOrder::Uri => Some(record.value.uri.clone()),
        };
        last = Some(Mark { number: record.number, value });
        let fits = query.type_title.as_ref().is_none_or(|wanted| wanted == title)
            && query.namespace.as_ref().is_none_or(|wanted| *wanted == namespace)
            && query.pipeline_name.as_ref().is_none_or(|wanted| *wanted == record.pipeline_name)
            && name.as_ref().is_none_or(|wanted| record.value.name.to_lowercase().contains(wanted));
        if fits {
            items.push(record);
        }
    }
    Ok(Newest { next: last.filter(|_| looked_at == LOOKED_AT), items })
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
