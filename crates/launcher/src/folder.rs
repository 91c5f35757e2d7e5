//! The attempt's folder: who makes it owns the attempt, and holds its lock for life.
//!
//! It is built under another name with the lock held already and then renamed, so nobody ever sees it without
//! a lock while its owner lives. `lock` holds the owner's process id.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pipewright_plan::{ExitReport, LaunchSpec};
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};

/// A folder that this process owns.
pub(crate) struct Folder {
    path: PathBuf,
    /// By which its files are reached, whatever view this process has.
    host: PathBuf,
    /// Held until the process ends.
    _lock: File,
}

impl Folder {
    /// Makes the folder; `None` when it exists, which means that the attempt was launched before.
    /// `host` turns a path into one that can be written to.
    pub(crate) fn claim(spec: &LaunchSpec, host: impl Fn(&Path) -> PathBuf) -> io::Result<Option<Self>> {
        let path = host(&spec.directory);
        if path.exists() {
            return Ok(None);
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::Error::other(format!("{} is no attempt folder", path.display())));
        };
        let draft = parent.join(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
        match fs::create_dir(&draft) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(parent)?;
                fs::create_dir(&draft)?;
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Left by a process that had our id and was killed right here.
                fs::remove_dir_all(&draft)?;
                fs::create_dir(&draft)?;
            }
            other => other?,
        }
        let lock = match fill(&draft, spec) {
            Ok(lock) => lock,
            Err(error) => {
                let _ = fs::remove_dir_all(&draft);
                return Err(error);
            }
        };
        match renameat_with(CWD, &draft, CWD, &path, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(Some(Self { path: spec.directory.clone(), host: path, _lock: lock })),
            Err(error) => {
                let _ = fs::remove_dir_all(&draft);
                if error == rustix::io::Errno::EXIST { Ok(None) } else { Err(error.into()) }
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the log for appending.
    pub(crate) fn open_log(&self) -> io::Result<File> {
        OpenOptions::new().append(true).create(true).open(self.host.join("log"))
    }

    /// Writes the files that the command needs.
    pub(crate) fn write_files(&self, spec: &LaunchSpec) -> io::Result<()> {
        for file in &spec.files {
            let inside = file.path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
            if !inside {
                return Err(io::Error::other(format!("file {} leaves the folder", file.path.display())));
            }
            let path = self.host.join(&file.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, &file.content)?;
        }
        Ok(())
    }

    /// Remembers that the attempt was asked to stop.
    pub(crate) fn mark_killed(&self) {
        let _ = fs::write(self.host.join("killed"), b"");
    }

    /// Removes what the command needed only while it ran.
    pub(crate) fn remove_scratch(&self) {
        for name in ["tmp", "work"] {
            let _ = pipewright_artifacts::remove_tree(&self.host.join(name));
        }
    }

    /// Leaves the exit report, whole or not at all.
    pub(crate) fn report(&self, report: &ExitReport, flush: bool) -> io::Result<()> {
        let draft = self.host.join(".exit.json");
        let text = serde_json::to_vec(report).map_err(io::Error::other)?;
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o644).open(&draft)?;
        file.write_all(&text)?;
        if flush {
            file.sync_data()?;
        }
        drop(file);
        fs::rename(&draft, self.host.join("exit.json"))?;
        if flush {
            File::open(&self.host)?.sync_all()?;
        }
        Ok(())
    }
}

fn fill(draft: &Path, spec: &LaunchSpec) -> io::Result<File> {
    let mut lock = OpenOptions::new().write(true).create_new(true).open(draft.join("lock"))?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
    lock.write_all(format!("{}\n", std::process::id()).as_bytes())?;
    fs::create_dir(draft.join("tmp"))?;
    fs::create_dir(draft.join("work"))?;
    if !spec.executor_input.outputs.parameters.is_empty() {
        fs::create_dir(draft.join("parameters"))?;
    }
    Ok(lock)
}
