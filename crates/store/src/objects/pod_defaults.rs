//! The PodDefaults of all namespaces, understood and kept at hand: every task that starts asks for them.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use pipewright_plan::PodDefault;

use super::document::POD_DEFAULT;
use super::{ObjectKey, list};
use crate::error::Error;
use crate::store::Store;

/// By namespace, once read; `generation` counts changes.
#[derive(Default)]
pub(crate) struct PodDefaults {
    generation: u64,
    known: Option<Arc<BTreeMap<String, Arc<Vec<PodDefault>>>>>,
}

impl Store {
    /// Returns the PodDefaults of a namespace, by name. Errors: one that cannot be understood, with its name.
    pub async fn pod_defaults(&self, namespace: &str) -> Result<Arc<Vec<PodDefault>>, Error> {
        let (generation, known) = {
            let kept = self.kept_pod_defaults();
            (kept.generation, kept.known.clone())
        };
        let known = match known {
            Some(known) => known,
            None => {
                let store = self.clone();
                let objects = self
                    .db()
                    .read(move |connection| list(&store, connection, None, Some(POD_DEFAULT)))
                    .await?;
                let mut read: BTreeMap<String, Vec<PodDefault>> = BTreeMap::new();
                for object in objects.into_iter().filter(|object| object.key.is_pod_default()) {
                    let understood = PodDefault::read(&object.document)
                        .map_err(|why| Error::Invalid(format!("{}: {why}", object.key.in_words())))?;
                    read.entry(object.key.namespace).or_default().push(understood);
                }
                for all in read.values_mut() {
                    all.sort_by(|one, other| one.name.cmp(&other.name));
                }
                let read = read.into_iter().map(|(namespace, all)| (namespace, Arc::new(all)));
                let read = Arc::new(read.collect::<BTreeMap<_, _>>());
                let mut kept = self.kept_pod_defaults();
                // One that was written in the meantime may be missing in what was read.
                if kept.generation == generation {
                    kept.known = Some(read.clone());
                }
                read
            }
        };
        Ok(known.get(namespace).cloned().unwrap_or_default())
    }

    pub(super) fn forget_pod_defaults(&self, changed: &ObjectKey) {
        if changed.is_pod_default() {
            self.forget_all_pod_defaults();
        }
    }

    /// They are read anew when they are asked for.
    pub(crate) fn forget_all_pod_defaults(&self) {
        let mut kept = self.kept_pod_defaults();
        *kept = PodDefaults { generation: kept.generation + 1, known: None };
    }

    fn kept_pod_defaults(&self) -> MutexGuard<'_, PodDefaults> {
        self.inner.pod_defaults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
