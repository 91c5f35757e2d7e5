//! The home folder's lock and the note that a server leaves in it.
//!
//! One process at a time owns a home folder. What lies in the folder is the business of the other rooms.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pipewright_server::access::{Secret, write_private};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

const LOCK: &str = "lock";
const NOTE: &str = "server.json";

/// Ownership of a home folder; ends when dropped, and with the process however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// What a server says of itself to other processes on this machine.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub url: String,
    pub pid: u32,
    /// What whoever can read the home folder shows to a server that asks who calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Who has a home folder.
#[derive(Debug)]
pub(crate) enum Claim {
    Ours(Lock),
    Theirs(Occupied),
}

/// Another process owns the home folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Occupied {
    pub home: PathBuf,
    pub pid: Option<u32>,
    /// Set when the owner is a server.
    pub url: Option<String>,
    /// Set when that server asks who calls.
    pub token: Option<Secret>,
}

impl std::fmt::Display for Occupied {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let owner = if self.url.is_some() { "a server" } else { "another pipewright" };
        write!(out, "{} is in use by {owner}", self.home.display())?;
        if let Some(pid) = self.pid {
            write!(out, " (process {pid})")?;
        }
        match &self.url {
            Some(url) => write!(out, "; work with it by --server {url}, stop it, or choose another --home"),
            None => write!(out, "; wait until it has ended, or choose another --home"),
        }
    }
}

impl std::error::Error for Occupied {}

/// Creates the folder if need be and takes its lock, unless another process has it.
pub(crate) fn claim(home: &Path) -> Result<Claim> {
    std::fs::create_dir_all(home).with_context(|| format!("cannot create {}", home.display()))?;
    let path = home.join(LOCK);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())
                .with_context(|| format!("cannot write {}", path.display()))?;
            // A note of a server that was killed would mislead.
            remove_note(home);
            Ok(Claim::Ours(Lock { _file: file }))
        }
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            let pid = text.trim().parse().ok();
            let note = read_note(home).filter(|note| Some(note.pid) == pid);
            let (url, token) = note.map_or((None, None), |note| (Some(note.url), note.token));
            Ok(Claim::Theirs(Occupied { home: home.to_owned(), pid, url, token: token.map(Secret) }))
        }
        Err(error) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// Takes the folder, or fails naming who has it.
pub(crate) fn own(home: &Path) -> Result<Lock> {
    match claim(home)? {
        Claim::Ours(lock) => Ok(lock),
        Claim::Theirs(occupied) => Err(occupied.into()),
    }
}

/// Tells other processes where this one serves.
pub(crate) fn write_note(home: &Path, url: &str, token: Option<&Secret>) -> Result<()> {
    let token = token.map(|token| token.0.clone());
    let note = Note { url: url.to_owned(), pid: std::process::id(), token };
    let path = home.join(NOTE);
    write_private(&path, &serde_json::to_vec(&note)?)
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Takes the note away again.
pub(crate) fn remove_note(home: &Path) {
    let _ = std::fs::remove_file(home.join(NOTE));
}

fn read_note(home: &Path) -> Option<Note> {
    serde_json::from_slice(&std::fs::read(home.join(NOTE)).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_owner_at_a_time() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = folder.path().join("home");
        let lock = own(&home).expect("the folder is free");
        write_note(&home, "http://127.0.0.1:1", None).expect("the note");
        let error = own(&home).expect_err("the folder is taken").to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        assert!(error.contains("--server http://127.0.0.1:1"), "{error}");
        drop(lock);
        let again = own(&home).expect("the folder is free again");
        let error = own(&home).expect_err("the folder is taken").to_string();
        assert!(error.contains("another pipewright"), "the note is gone: {error}");
        drop(again);
    }
}
