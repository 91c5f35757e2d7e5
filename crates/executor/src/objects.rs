//! The objects that tasks ask for, as an executor sees them: it looks them up and knows where claims lie.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use pipewright_engine::RunId;
use pipewright_plan::{PodDefault, Value};

/// The kinds that tasks ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    Claim,
    Secret,
    ConfigMap,
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Claim => "volume claim",
            Self::Secret => "secret",
            Self::ConfigMap => "config map",
        })
    }
}

/// Knows secrets, config maps and volume claims.
pub trait Objects: Send + Sync {
    /// Returns an object's document, a secret's values included.
    fn find(
        &self,
        namespace: &str,
        kind: ObjectKind,
        name: &str,
    ) -> BoxFuture<'_, Result<Option<Value>, String>>;

    /// Returns what the tasks of a namespace may get by their labels.
    fn pod_defaults(&self, _namespace: &str) -> BoxFuture<'_, Result<Arc<Vec<PodDefault>>, String>> {
        Box::pin(std::future::ready(Ok(Arc::default())))
    }

    /// Returns the folder of a claim that exists.
    fn claim_folder(&self, namespace: &str, name: &str) -> Result<PathBuf, String>;

    /// Returns the folder that the tasks of a run share.
    fn workspace_folder(&self, run: &RunId) -> PathBuf;
}

/// Objects, if there are any to ask for.
#[derive(Clone, Default)]
pub struct Registry(Option<Arc<dyn Objects>>);

impl Registry {
    /// Asks these.
    pub fn new(objects: Arc<dyn Objects>) -> Self {
        Self(Some(objects))
    }

    pub(crate) fn get(&self) -> Option<&dyn Objects> {
        self.0.as_deref()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.0.is_some() { "Registry(objects)" } else { "Registry(none)" })
    }
}
