//! Objects as Kubernetes knows them, kept for pipelines that ask for them: secrets, config maps, volume claims
//! and their snapshots, and any other kind as plain data.
//!
//! Nobody watches them: what Kubernetes' own controllers would do (bind a claim, say) is done when they are
//! written. Secrets are sealed before they reach the database. What an attempt does, it does once.

mod document;
mod folders;
mod manifest;
mod masks;
mod names;
mod pod_defaults;
mod rows;
mod vault;

use std::path::PathBuf;
use std::sync::{Arc, MutexGuard, PoisonError};

use pipewright_engine::{AttemptId, RunId, Timestamp};
use serde_json::Value;

pub use document::ObjectKey;
pub(crate) use folders::Folders;
pub use manifest::parse_manifests;
pub use masks::{MASK, Masker, Masks};
pub(crate) use names::check_namespace;
pub(crate) use pod_defaults::PodDefaults;
pub(crate) use rows::*;
pub(crate) use vault::Vault;

use crate::error::{Error, Kind};
use crate::store::Store;
use crate::writer::Flush;
use document::{CLAIM, SECRET, SNAPSHOT};

/// Values of all secrets of the database, once read.
#[derive(Clone, Default)]
pub(crate) struct Masked {
    /// Counts changes of secrets.
    generation: u64,
    values: Option<Arc<Vec<Vec<u8>>>>,
}

/// Says where a claim's files are, in what is shown.
pub const FOLDER_ANNOTATION: &str = "pipewright/folder";

/// One object with its whole document, a secret's values included.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    pub key: ObjectKey,
    pub uid: String,
    /// The run that it goes with when that is deleted.
    pub owner: Option<RunId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub document: Value,
}

impl Object {
    /// Returns the document with a secret's values hidden: all that may leave this program, but for the
    /// tasks that ask for the values.
    pub fn shown(&self) -> Value {
        document::shown(&self.key, self.document.clone())
    }
}

/// How an object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectWrite {
    /// It must not exist.
    Create,
    /// It is made or replaced.
    Apply,
    /// It must exist.
    Replace,
    /// A merge patch to what exists.
    Merge,
}

/// On whose behalf an object is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectAuthor {
    /// Its change is made once, however often it is asked for.
    pub attempt: Option<AttemptId>,
    /// The object goes with this run.
    pub owner: Option<RunId>,
}

impl Store {
    /// Writes an object from a manifest; it is on disk when this returns.
    ///
    /// Errors: `Invalid` for a manifest that Kubernetes would refuse, `Exists` for `Create`, `NotFound` for
    /// `Replace` and `Merge`.
    pub async fn write_object(
        &self,
        namespace: &str,
        mut manifest: Value,
        how: ObjectWrite,
        author: &ObjectAuthor,
    ) -> Result<Object, Error> {
        generate_name(&mut manifest, author);
        let key = ObjectKey::of(namespace, &manifest)?;
        if how == ObjectWrite::Create {
            self.prepare_content(&key, &mut manifest).await?;
        }
        if key.is_core(SECRET) && how != ObjectWrite::Create {
            self.refuse_folder(&key)?;
        }
        let (store, wish) = (self.clone(), Wish { key, manifest, how, author: author.clone() });
        let object = self.db().write(Flush::Now, move |writing| write(&store, writing, wish)).await?;
        if object.key.is_core(SECRET) {
            self.forget_masks();
        }
        self.forget_pod_defaults(&object.key);
        if object.key.is_core(CLAIM) {
            let folder = self.inner.folders.claim(&object.key.namespace, &object.key.name);
            blocking(move || std::fs::create_dir_all(folder)).await?;
        }
        Ok(object)
    }

    /// Returns one object; a secret may be kept as files below `secrets` as well.
    pub async fn get_object(&self, key: &ObjectKey) -> Result<Object, Error> {
        let (store, wanted) = (self.clone(), key.clone());
        let found = self.db().read(move |connection| select(&store, connection, &wanted)).await?;
        if let Some(object) = found {
            return Ok(object);
        }
        if key.is_core(SECRET)
            && let Some(document) = self.folder_secret(key)?
        {
            return Ok(from_folder(key.clone(), document));
        }
        Err(missing(key))
    }

    /// Lists objects by kind and name; of one namespace and one kind when they are given.
    pub async fn list_objects(
        &self,
        namespace: Option<&str>,
        kind: Option<&str>,
    ) -> Result<Vec<Object>, Error> {
        let (store, for_namespace) = (self.clone(), namespace.map(str::to_owned));
        let for_kind = kind.map(str::to_owned);
        let mut objects = self
            .db()
            .read(move |connection| list(&store, connection, for_namespace.as_deref(), for_kind.as_deref()))
            .await?;
        if kind.is_none_or(|kind| kind == SECRET) {
            let files =
                self.inner.folders.secrets().map_err(|error| Error::io("cannot list secrets", error))?;
            for (key, document) in files {
                let is_wanted = namespace.is_none_or(|namespace| namespace == key.namespace);
                if is_wanted && !objects.iter().any(|object| object.key == key) {
                    objects.push(from_folder(key, document));
                }
            }
        }
        objects.sort_by(|one, other| {
            let order = |object: &Object| {
                (object.key.kind.clone(), object.key.namespace.clone(), object.key.name.clone())
            };
            order(one).cmp(&order(other))
        });
        Ok(objects)
    }

    /// Deletes an object, a claim with its folder.
    ///
    /// Errors: `NotFound`, unless this attempt has deleted it before.
    pub async fn delete_object(&self, key: &ObjectKey, author: &ObjectAuthor) -> Result<(), Error> {
        if key.is_core(SECRET) {
            self.refuse_folder(key)?;
        }
        let (store, wanted, by) = (self.clone(), key.clone(), author.clone());
        let state = self
            .db()
            .read(move |connection| {
                let is_done = was_done(connection, &by)?;
                // One that cannot be read is there.
                let is_there = !matches!(select(&store, connection, &wanted), Ok(None));
                Ok((is_done, is_there))
            })
            .await?;
        match state {
            (true, _) => return Ok(()),
            (false, false) => return Err(missing(key)),
            (false, true) => {}
        }
        self.discard_content(std::slice::from_ref(key)).await?;
        let (store, wanted, author) = (self.clone(), key.clone(), author.clone());
        self.db().write(Flush::Now, move |writing| delete(&store, writing, &wanted, &author)).await?;
        self.forget_masks();
        self.forget_pod_defaults(key);
        self.sweep();
        Ok(())
    }

    /// Returns the values that must not be shown: those of all secrets, also of former ones.
    pub async fn masks(&self) -> Result<Masks, Error> {
        let folder = self.inner.folders.secrets().map_err(|error| Error::io("cannot list secrets", error))?;
        let Masked { generation, values } = self.masked().clone();
        let kept = match values {
            Some(kept) => kept,
            None => {
                let store = self.clone();
                let read = self.db().read(move |connection| secret_values(&store, connection)).await?;
                let read = Arc::new(read);
                let mut masked = self.masked();
                // A secret that was written in the meantime may be missing in what was read.
                if masked.generation == generation {
                    masked.values = Some(read.clone());
                }
                read
            }
        };
        let files = folder.iter().flat_map(|(_, document)| document::secret_values(document));
        Ok(Masks::new(kept.iter().cloned().chain(files)))
    }

    /// Returns the folder of a claim's volume, whether the claim exists or not.
    ///
    /// Errors: `Invalid` when no claim can have that name.
    pub fn claim_folder(&self, namespace: &str, name: &str) -> Result<PathBuf, Error> {
        names::check_namespace(namespace)?;
        if !names::is_subdomain(name) {
            return Err(Error::Invalid(format!("`{name}` is no name of a claim")));
        }
        Ok(self.inner.folders.claim(namespace, name))
    }

    /// Returns the folder of a run's workspace, whether it exists or not.
    pub fn workspace_folder(&self, run: &RunId) -> PathBuf {
        self.inner.folders.workspace(&run.0)
    }

    /// Returns an object's document as it may be shown; a claim's names the folder of its volume.
    pub fn shown_object(&self, object: &Object) -> Value {
        let mut shown = object.shown();
        if object.key.is_core(CLAIM) {
            let folder = self.inner.folders.claim(&object.key.namespace, &object.key.name);
            let folder = serde_json::json!({ FOLDER_ANNOTATION: folder.to_string_lossy() });
            document::merge(&mut shown, serde_json::json!({ "metadata": { "annotations": folder } }));
        }
        shown
    }

    /// Removes a run's workspace.
    pub async fn remove_workspace(&self, run: &RunId) -> Result<(), Error> {
        let folders = self.inner.folders.clone();
        let folder = folders.workspace(&run.0);
        let gone = blocking(move || folders.discard(&folder)).await?;
        if gone.is_some() {
            self.sweep();
        }
        Ok(())
    }

    /// Removes the logs and reports of a run's attempts.
    pub(crate) async fn discard_attempts(&self, run: &RunId) -> Result<(), Error> {
        let folders = self.inner.folders.clone();
        let Some(folder) = folders.attempts(&run.0) else { return Ok(()) };
        if blocking(move || folders.discard(&folder)).await?.is_some() {
            self.sweep();
        }
        Ok(())
    }

    /// Takes the folders of everything that goes with a run out of the way.
    pub(crate) async fn discard_of_run(&self, run: &RunId) -> Result<(), Error> {
        let id = run.clone();
        let keys = self.db().read(move |connection| rows::owned(connection, &id)).await?;
        self.discard_content(&keys).await?;
        self.remove_workspace(run).await
    }

    /// A claim made from another, and a snapshot, begin with a copy.
    async fn prepare_content(&self, key: &ObjectKey, manifest: &mut Value) -> Result<(), Error> {
        let folders = &self.inner.folders;
        let none = Value::Null;
        let spec = manifest.get("spec").unwrap_or(&none);
        let (from, to) = if key.kind == SNAPSHOT {
            let Some(claim) = document::snapshot_source(spec) else { return Ok(()) };
            let source = ObjectKey::core(&key.namespace, CLAIM, claim);
            let claim = self.get_object(&source).await?;
            let from = folders.claim(&key.namespace, &source.name);
            if let Some(size) = claim.document.pointer("/status/capacity/storage") {
                let size = size.clone();
                merge_status(manifest, size);
            }
            (from, folders.snapshot(&key.namespace, &key.name))
        } else if key.is_core(CLAIM) {
            let source = spec.get("dataSource").or_else(|| spec.get("dataSourceRef"));
            let Some(source) = source.filter(|source| !source.is_null()) else { return Ok(()) };
            let field = |name: &str| source.get(name).and_then(Value::as_str).unwrap_or_default();
            let group = field("apiGroup").to_owned();
            let (kind, name) = (field("kind").to_owned(), field("name").to_owned());
            let source = ObjectKey { namespace: key.namespace.clone(), kind, group, name };
            self.get_object(&source).await?;
            let from = match source.kind.as_str() {
                CLAIM => folders.claim(&key.namespace, &source.name),
                SNAPSHOT => folders.snapshot(&key.namespace, &source.name),
                other => {
                    let why = format!("spec.dataSource.kind `{other}` is unknown here");
                    return Err(Error::Invalid(format!("{} is invalid: {why}", key.in_words())));
                }
            };
            (from, folders.claim(&key.namespace, &key.name))
        } else {
            return Ok(());
        };
        let folders = folders.clone();
        blocking(move || folders.copy(&from, &to)).await
    }

    async fn discard_content(&self, keys: &[ObjectKey]) -> Result<(), Error> {
        for key in keys {
            let folders = self.inner.folders.clone();
            let folder = if key.is_core(CLAIM) {
                folders.claim(&key.namespace, &key.name)
            } else if key.kind == SNAPSHOT {
                folders.snapshot(&key.namespace, &key.name)
            } else {
                continue;
            };
            blocking(move || folders.discard(&folder)).await?;
        }
        Ok(())
    }

    fn sweep(&self) {
        let folders = self.inner.folders.clone();
        drop(tokio::task::spawn_blocking(move || folders.sweep()));
    }

    fn folder_secret(&self, key: &ObjectKey) -> Result<Option<Value>, Error> {
        let found = self.inner.folders.secret(&key.namespace, &key.name);
        found.map_err(|error| Error::io(format_args!("cannot read the files of {}", key.in_words()), error))
    }

    /// A secret that lies in the home folder as files is changed there.
    fn refuse_folder(&self, key: &ObjectKey) -> Result<(), Error> {
        if self.folder_secret(key)?.is_none() {
            return Ok(());
        }
        Err(Error::Conflict {
            message: format!(
                "{} is kept as files: change them in the home folder, in secrets/{}/{}",
                key.in_words(),
                key.namespace,
                key.name
            ),
        })
    }

    fn forget_masks(&self) {
        let mut masked = self.masked();
        *masked = Masked { generation: masked.generation + 1, values: None };
    }

    fn masked(&self) -> MutexGuard<'_, Masked> {
        self.inner.masked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|_| Error::internal("work on a volume's folder was broken off"))?;
    done.map_err(|error| Error::io("cannot work on a volume's folder", error))
}

fn missing(key: &ObjectKey) -> Error {
    Error::NotFound { kind: Kind::Object, id: format!("{} {} in {}", key.kind, key.name, key.namespace) }
}

fn merge_status(manifest: &mut Value, size: Value) {
    document::merge(manifest, serde_json::json!({ "status": { "restoreSize": size } }));
}

/// Fills in `metadata.name` where only a beginning is given: the same one for each attempt.
fn generate_name(manifest: &mut Value, author: &ObjectAuthor) {
    let Some(Value::Object(metadata)) = manifest.get_mut("metadata") else { return };
    let Some(start) = metadata.get("generateName").and_then(Value::as_str) else { return };
    if metadata.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty()) {
        return;
    }
    let id = match &author.attempt {
        Some(attempt) => uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, attempt.to_string().as_bytes()),
        None => uuid::Uuid::new_v4(),
    };
    let name = format!("{start}{}", &id.simple().to_string()[..5]);
    metadata.insert("name".to_owned(), Value::from(name));
}

fn from_folder(key: ObjectKey, document: Value) -> Object {
    let uid = document.pointer("/metadata/uid").and_then(Value::as_str).unwrap_or_default().to_owned();
    let never = Timestamp::default();
    Object { key, uid, owner: None, created_at: never, updated_at: never, document }
}
