//! In which namespace things are. Experiments, runs, recurring runs and artifacts are in one; a pipeline may be in
//! none, then it is shared by all. Who may see which is not decided here.

use std::collections::BTreeSet;

use pipewright_engine::Submit;
use rusqlite::{Connection, OptionalExtension};

use crate::error::{Error, Kind};
use crate::objects::check_namespace;
use crate::store::Store;

pub(crate) const OF_EXPERIMENT: &str = "SELECT namespace FROM experiments WHERE id = ?1";
pub(crate) const OF_PIPELINE: &str = "SELECT namespace FROM pipelines WHERE id = ?1";
pub(crate) const OF_VERSION: &str = "SELECT pipelines.namespace FROM pipeline_versions \
     JOIN pipelines ON pipelines.id = pipeline_versions.pipeline_id WHERE pipeline_versions.id = ?1";
pub(crate) const OF_RUN: &str = "SELECT namespace FROM runs WHERE id = ?1";
pub(crate) const OF_RECURRING_RUN: &str = "SELECT namespace FROM recurring_runs WHERE id = ?1";
pub(crate) const OF_ARTIFACT: &str = "SELECT namespace FROM artifacts WHERE id = ?1";
pub(crate) const OF_URI: &str = "SELECT DISTINCT namespace FROM artifacts WHERE uri = ?1";
/// Each jumps from one namespace to the next, whatever the number of rows.
pub(crate) const NEXT: &[&str] = &[
    "SELECT min(namespace) FROM experiments WHERE namespace > ?1",
    "SELECT min(namespace) FROM pipelines WHERE namespace > ?1",
    "SELECT min(namespace) FROM objects WHERE namespace > ?1",
];

/// A pipeline by its namespace and its plan's name: results are looked up among its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PipelineOf<'n> {
    pub namespace: &'n str,
    pub name: &'n str,
}

impl PipelineOf<'_> {
    /// Returns the text that its cache entries are kept under. In the default namespace it is the bare name, as it was
    /// before there were others.
    pub(crate) fn cache_key(self) -> String {
        const BETWEEN: char = '\u{1f}';
        let Self { namespace, name } = self;
        let is_plain = namespace.is_empty() || namespace == Submit::DEFAULT_NAMESPACE;
        if is_plain && !name.contains(BETWEEN) {
            name.to_owned()
        } else {
            format!("{namespace}{BETWEEN}{name}")
        }
    }
}

impl Store {
    /// Returns the namespace of something by its id; empty for a shared pipeline.
    ///
    /// Errors: `NotFound` for an unknown id.
    pub async fn namespace_of(&self, kind: Kind, id: &str) -> Result<String, Error> {
        let sql = match kind {
            Kind::Experiment => OF_EXPERIMENT,
            Kind::Pipeline => OF_PIPELINE,
            Kind::PipelineVersion => OF_VERSION,
            Kind::Run => OF_RUN,
            Kind::RecurringRun => OF_RECURRING_RUN,
            Kind::Artifact => OF_ARTIFACT,
            other => return Err(Error::internal(format!("nobody asks for the namespace of a {other:?}"))),
        };
        let id = id.to_owned();
        self.db()
            .read(move |connection| {
                let found = connection.prepare_cached(sql)?.query_row([&id], |row| row.get(0)).optional()?;
                found.ok_or_else(|| Error::not_found(kind, &id))
            })
            .await
    }

    /// Returns the namespaces of the artifacts at this URI; none when it is no artifact.
    pub async fn namespaces_of_uri(&self, uri: &str) -> Result<BTreeSet<String>, Error> {
        let uri = uri.to_owned();
        self.db()
            .read(move |connection| {
                let mut statement = connection.prepare_cached(OF_URI)?;
                let found = statement.query_map([&uri], |row| row.get(0))?;
                Ok(found.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Lists the namespaces in which anything is.
    pub async fn namespaces(&self) -> Result<BTreeSet<String>, Error> {
        self.db().read(all).await
    }
}

fn all(connection: &Connection) -> Result<BTreeSet<String>, Error> {
    let mut found = BTreeSet::new();
    for sql in NEXT {
        let mut statement = connection.prepare_cached(sql)?;
        let mut last = String::new();
        while let Some(next) = statement.query_row([&last], |row| row.get::<_, Option<String>>(0))? {
            found.insert(next.clone());
            last = next;
        }
    }
    Ok(found)
}

/// Returns the namespace that is meant, the default one for none.
///
/// Errors: `Invalid` for a name that no namespace can have.
pub(crate) fn settled(namespace: &str) -> Result<&str, Error> {
    if namespace.is_empty() {
        return Ok(Submit::DEFAULT_NAMESPACE);
    }
    check_namespace(namespace)?;
    Ok(namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_keys_of_namespaces_are_apart() {
        let key = |namespace, name| PipelineOf { namespace, name }.cache_key();
        assert_eq!([key("", "p"), key("default", "p")], ["p", "p"]);
        assert_ne!(key("team-a", "p"), key("team-b", "p"));
        assert_ne!(key("team-a", "p"), key("default", "team-a\u{1f}p"));
    }
}
