//! What objects are on disk: a claim is a folder, a run's workspace another; secrets may be kept as files.
//!
//! Folders go out of the way by a rename before their object goes, so that a claim made anew never shows old
//! files; what was renamed is removed afterwards.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::document::ObjectKey;
use super::names::{is_key, is_label, is_subdomain};

/// Largest file that is read as a secret's value.
const LARGEST: u64 = 1 << 20;
const DISCARDED: &str = ".discarded";
const SNAPSHOTS: &str = ".snapshots";

/// Knows where folders are below the home folder.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    home: PathBuf,
}

impl Folders {
    pub(crate) fn new(home: PathBuf) -> Self {
        Self { home }
    }

    pub(crate) fn claim(&self, namespace: &str, name: &str) -> PathBuf {
        self.home.join("volumes").join(namespace).join(name)
    }

    pub(crate) fn snapshot(&self, namespace: &str, name: &str) -> PathBuf {
        self.home.join("volumes").join(namespace).join(SNAPSHOTS).join(name)
    }

    pub(crate) fn workspace(&self, run: &str) -> PathBuf {
        // An id is a UUID; whatever else it may be, it stays one name.
        self.home.join("workspaces").join(run.replace(['/', '.'], "_"))
    }

    /// Returns the folder of a run's attempts; none for an id that is no name of a folder.
    pub(crate) fn attempts(&self, run: &str) -> Option<PathBuf> {
        let is_name = !run.is_empty() && !run.starts_with('.') && !run.contains('/');
        is_name.then(|| self.home.join("attempts").join(run))
    }

    /// Moves a folder out of the way; returns where to, if there was one.
    pub(crate) fn discard(&self, folder: &Path) -> io::Result<Option<PathBuf>> {
        if fs::symlink_metadata(folder).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Ok(None);
        }
        let place = self.home.join("volumes").join(DISCARDED);
        fs::create_dir_all(&place)?;
        let place = place.join(uuid::Uuid::now_v7().to_string());
        fs::rename(folder, &place)?;
        Ok(Some(place))
    }

    /// Removes what was moved out of the way, now or by a process that was killed.
    pub(crate) fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.home.join("volumes").join(DISCARDED)) else { return };
        for entry in entries.flatten() {
            if let Err(error) = remove(&entry.path()) {
                tracing::warn!(path = %entry.path().display(), %error, "a discarded volume cannot be removed");
            }
        }
    }

    /// Makes a folder as a copy of another, whole or not at all; nothing happens when it exists.
    pub(crate) fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        if to.exists() {
            return Ok(());
        }
        let place = self.home.join("volumes").join(DISCARDED);
        fs::create_dir_all(&place)?;
        let draft = place.join(uuid::Uuid::now_v7().to_string());
        let copied = copy_tree(from, &draft).and_then(|()| {
            fs::create_dir_all(to.parent().unwrap_or(to))?;
            fs::rename(&draft, to)
        });
        if copied.is_err() {
            let _ = remove(&draft);
        }
        copied
    }

    /// Reads a secret that is kept as files: `secrets/<namespace>/<name>/<key>`.
    pub(crate) fn secret(&self, namespace: &str, name: &str) -> io::Result<Option<Value>> {
        if !is_label(namespace) || !is_subdomain(name) {
            return Ok(None);
        }
        let folder = self.home.join("secrets").join(namespace).join(name);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let mut data = Map::new();
        for entry in entries {
            let entry = entry?;
            let key = entry.file_name().to_string_lossy().into_owned();
            let facts = fs::metadata(entry.path())?;
            if is_key(&key) && facts.is_file() && facts.len() <= LARGEST {
                data.insert(key, Value::from(STANDARD.encode(fs::read(entry.path())?)));
            }
        }
        data.sort_keys();
        let uid = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, folder.as_os_str().as_encoded_bytes());
        Ok(Some(json!({
            "apiVersion": "v1",
            "kind": super::document::SECRET,
            "metadata": { "name": name, "namespace": namespace, "uid": uid.to_string() },
            "type": "Opaque",
            "data": data,
        })))
    }

    /// Lists the secrets that are kept as files.
    pub(crate) fn secrets(&self) -> io::Result<Vec<(ObjectKey, Value)>> {
        let mut found = Vec::new();
        for namespace in names_in(&self.home.join("secrets"))? {
            for name in names_in(&self.home.join("secrets").join(&namespace))? {
                if let Some(document) = self.secret(&namespace, &name)? {
                    found.push((ObjectKey::core(&namespace, super::document::SECRET, &name), document));
                }
            }
        }
        Ok(found)
    }
}

fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Removes a tree, also where a task has left folders that may not be written to.
fn remove(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fn unlock(path: &Path) -> io::Result<()> {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(path)?.flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                unlock(&entry.path())?;
            }
        }
        Ok(())
    }
    if !fs::symlink_metadata(path)?.is_dir() {
        return fs::remove_file(path);
    }
    fs::remove_dir_all(path).or_else(|_| {
        unlock(path)?;
        fs::remove_dir_all(path)
    })
}

/// Copies folders, files and links; anything else (sockets, devices) is left out.
fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&source, &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else if kind.is_file() {
            fs::copy(&source, &target)?;
        }
    }
    fs::set_permissions(to, fs::metadata(from)?.permissions())
}
