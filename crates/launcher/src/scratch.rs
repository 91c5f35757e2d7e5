//! Scratch folders: where a task's `/tmp`, working folder and small files lie while it runs.
//!
//! They are used again by later tasks instead of being removed: freeing a folder's block costs some disks
//! milliseconds (an online discard each time). Nothing that a task leaves is seen by the next one: a folder is
//! swept when its task has ended, and again before it is given out.
//!
//! A pool lies in `scratch/<n>/` of the home folder and belongs to one fork server. Its lock is inherited by
//! every supervisor, so a pool is taken over only when nothing can write to it any more.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::layers;

/// The folders of every scratch folder; they are emptied, not removed.
const PARTS: [&str; 4] = ["tmp", "work", "parameters", "program"];
/// Permissions of those.
const MODE: u32 = 0o755;
/// More pools than this are never alive at once.
const POOLS: u32 = 1 << 16;

/// The scratch folders of one fork server.
pub(crate) struct Pool {
    path: PathBuf,
    /// What stays in each `tmp`: the place where the home folder is shown, when that lies below `/tmp`.
    kept: Option<PathBuf>,
    _lock: File,
    free: Vec<u32>,
    next: u32,
}

impl Pool {
    /// Takes over the first pool that nobody uses, or makes one. `host` turns a path into one that can be
    /// written to.
    pub(crate) fn take(home: &Path, host: impl Fn(&Path) -> PathBuf) -> io::Result<Self> {
        let kept = home.strip_prefix("/tmp").ok().map(Path::to_owned);
        for number in 0..POOLS {
            let path = home.join("scratch").join(number.to_string());
            fs::create_dir_all(host(&path))?;
            let lock =
                OpenOptions::new().write(true).create(true).truncate(false).open(host(&path.join("lock")))?;
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { path, kept, _lock: lock, free: Vec::new(), next: 0 }),
                Err(rustix::io::Errno::WOULDBLOCK) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::Error::other(format!("{} is full", home.join("scratch").display())))
    }

    /// Picks a folder that no task uses.
    pub(crate) fn pick(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }

    /// Takes a folder back. One whose supervisor did not end well is not given back: something may still
    /// write to it.
    pub(crate) fn give_back(&mut self, number: u32) {
        self.free.push(number);
    }

    /// Names a folder.
    pub(crate) fn folder(&self, number: u32, host: impl Fn(&Path) -> PathBuf) -> Scratch {
        let path = self.path.join(number.to_string());
        Scratch { host: host(&path), path, kept: self.kept.clone() }
    }
}

/// One task's scratch folder.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    host: PathBuf,
    kept: Option<PathBuf>,
}

impl Scratch {
    /// By its name in the home folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// By a name through which it can be written to.
    pub(crate) fn host(&self) -> &Path {
        &self.host
    }

    /// Makes it, or empties it of what an earlier task left.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        match fs::create_dir(&self.host) {
            Ok(()) => make_parts(&self.host),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.renew(false),
            Err(error) => Err(error),
        }
    }

    /// Makes it as new for the next task, but for layers that this one is to find.
    pub(crate) fn renew(&self, keeps_layers: bool) -> io::Result<()> {
        self.sweep(keeps_layers)?;
        make_parts(&self.host)
    }

    /// Removes everything that a task left. The first error is given at the end: the rest is removed all the
    /// same.
    fn sweep(&self, keeps_layers: bool) -> io::Result<()> {
        each_entry(&self.host, |path, name, is_folder| match PARTS.iter().find(|part| name == **part) {
            None if keeps_layers && name == layers::FOLDER => Ok(()),
            Some(part) if is_folder => empty(path, self.kept.as_deref().filter(|_| *part == "tmp")),
            _ => remove(path, is_folder),
        })
    }
}

/// Makes the folders that every task finds, with permissions as new.
pub(crate) fn make_parts(folder: &Path) -> io::Result<()> {
    for part in PARTS {
        let path = folder.join(part);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.mode() & 0o7777 == MODE => {}
            Ok(_) => fs::set_permissions(&path, fs::Permissions::from_mode(MODE))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir(&path)?;
                fs::set_permissions(&path, fs::Permissions::from_mode(MODE))?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Removes those again, with what is in them.
pub(crate) fn remove_parts(folder: &Path) {
    for part in PARTS {
        let _ = pipewright_artifacts::remove_tree(&folder.join(part));
    }
}

/// Empties a folder; the folders along `kept` stay.
fn empty(folder: &Path, kept: Option<&Path>) -> io::Result<()> {
    each_entry(folder, |path, name, is_folder| {
        match kept.filter(|kept| kept.components().next() == Some(Component::Normal(name))) {
            Some(kept) if is_folder => {
                let rest = kept.strip_prefix(name).unwrap_or(kept);
                empty(path, Some(rest).filter(|rest| !rest.as_os_str().is_empty()))
            }
            _ => remove(path, is_folder),
        }
    })
}

fn remove(path: &Path, is_folder: bool) -> io::Result<()> {
    if is_folder {
        pipewright_artifacts::remove_tree(path).map_err(io::Error::other)
    } else {
        fs::remove_file(path)
    }
}

fn each_entry(folder: &Path, mut act: impl FnMut(&Path, &OsStr, bool) -> io::Result<()>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            fs::set_permissions(folder, fs::Permissions::from_mode(MODE))?;
            fs::read_dir(folder)?
        }
        other => other?,
    };
    let mut result = Ok(());
    for entry in entries {
        let entry = entry?;
        let done = act(&entry.path(), &entry.file_name(), entry.file_type()?.is_dir());
        if result.is_ok() {
            result = done;
        }
    }
    result
}
