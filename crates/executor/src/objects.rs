//! The objects that tasks ask for, as an executor sees them: it looks them up and knows where claims lie.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use pipewright_engine::RunId;
use pipewright_plan::{PodDefault, Value};

use crate::host_folders::HostFolder;

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

/// Objects, if there are any to ask for, and the machine's folders that tasks may mount.
#[derive(Clone, Default)]
pub struct Registry {
    objects: Option<Arc<dyn Objects>>,
    folders: Arc<[HostFolder]>,
}

impl Registry {
    /// Asks these.
    pub fn new(objects: Arc<dyn Objects>) -> Self {
        Self { objects: Some(objects), folders: Arc::default() }
    }

    /// Lets tasks mount these folders of the machine.
    #[must_use]
    pub fn with_folders(self, folders: impl IntoIterator<Item = HostFolder>) -> Self {
        Self { folders: folders.into_iter().collect(), ..self }
    }

    pub(crate) fn get(&self) -> Option<&dyn Objects> {
        self.objects.as_deref()
    }

    pub(crate) fn folders(&self) -> &[HostFolder] {
        &self.folders
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(if self.objects.is_some() { "Registry(objects)" } else { "Registry(none)" })
    }
}
