//! The attempt's folder: who makes it owns the attempt, and holds its lock for life.
//!
//! It is built under another name with the lock held already and then renamed, so nobody ever sees it without
//! a lock while its owner lives. `lock` holds the owner's process id; at the end it is overwritten with the exit
//! report and renamed to `exit.json`, so that an attempt costs few files and removes none.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use pipewright_plan::{ExitReport, LaunchSpec, USAGE_FILE};
use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};

use crate::companion;
use crate::scratch::{self, Scratch};

/// A folder that this process owns.
pub(crate) struct Folder {
    path: PathBuf,
    /// By which its files are reached, whatever view this process has.
    host: PathBuf,
    /// What the task sees in the folder's place.
    scratch: PathBuf,
    /// By which that is reached, likewise.
    scratch_host: PathBuf,
    /// Held until the process ends.
    lock: File,
}

impl Folder {
    /// Makes the folder; `None` when it exists, which means that the attempt was launched before.
    /// `host` turns a path into one that can be written to. Without a `scratch` folder that is shown in its
    /// place, the folder itself holds the task's files.
    pub(crate) fn claim(
        spec: &LaunchSpec,
        scratch: Option<&Scratch>,
        host: impl Fn(&Path) -> PathBuf,
    ) -> io::Result<Option<Self>> {
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
        let lock = match fill(&draft, scratch.is_none()) {
            Ok(lock) => lock,
            Err(error) => {
                let _ = fs::remove_dir_all(&draft);
                return Err(error);
            }
        };
        match renameat_with(CWD, &draft, CWD, &path, RenameFlags::NOREPLACE) {
            Ok(()) => {
                let (seen, real) = scratch.map_or((&*spec.directory, &*path), |s| (s.path(), s.host()));
                let (scratch, scratch_host) = (seen.to_owned(), real.to_owned());
                Ok(Some(Self { path: spec.directory.clone(), host: path, scratch, scratch_host, lock }))
            }
            Err(error) => {
                let _ = fs::remove_dir_all(&draft);
                if error == rustix::io::Errno::EXIST { Ok(None) } else { Err(error.into()) }
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the room of a command that runs in the same pod; with a view of its own it has a scratch folder,
    /// without one its files lie in its folder.
    pub(crate) fn room(&self, name: &str, has_view: bool) -> io::Result<Room> {
        let is_name = |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
        if Path::new(name).components().count() != 1 || !Path::new(name).components().all(is_name) {
            return Err(io::Error::other(format!("`{name}` is no name of a folder")));
        }
        let of = |folder: &Path| companion::folder_of(folder, name);
        let host = of(&self.host);
        fs::create_dir_all(&host)?;
        let (scratch, scratch_host) = if has_view {
            (of(&self.scratch), of(&self.scratch_host))
        } else {
            (of(&self.path), host.clone())
        };
        fs::create_dir_all(&scratch_host)?;
        scratch::make_parts(&scratch_host)?;
        Ok(Room { path: of(&self.path), host, scratch, scratch_host })
    }

    /// Returns the folder that the task sees in this one's place.
    pub(crate) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Opens the log for appending, after these lines of our own.
    pub(crate) fn open_log(&self, notes: &[String]) -> io::Result<File> {
        open_log(&self.host, notes)
    }

    /// Writes the files that the command needs.
    pub(crate) fn write_files(&self, spec: &LaunchSpec) -> io::Result<()> {
        write_files(&self.scratch_host, spec)
    }

    /// Names the file for what the command uses over time.
    pub(crate) fn usage_file(&self) -> PathBuf {
        self.host.join(USAGE_FILE)
    }

    /// Remembers that the attempt was asked to stop.
    pub(crate) fn mark_killed(&self) {
        let _ = fs::write(self.host.join("killed"), b"");
    }

    /// Leaves the exit report, whole or not at all.
    pub(crate) fn report(&self, report: &ExitReport, flush: bool) -> io::Result<()> {
        let text = serde_json::to_vec(report).map_err(io::Error::other)?;
        self.lock.write_all_at(&text, 0)?;
        if flush {
            self.lock.sync_data()?;
        }
        fs::rename(self.host.join("lock"), self.host.join("exit.json"))?;
        if flush {
            File::open(&self.host)?.sync_all()?;
        }
        Ok(())
    }
}

/// Where another command of the same pod runs.
pub(crate) struct Room {
    path: PathBuf,
    host: PathBuf,
    scratch: PathBuf,
    scratch_host: PathBuf,
}

impl Room {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the folder that the command sees in this one's place.
    pub(crate) fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Opens its log for appending, after these lines of our own.
    pub(crate) fn open_log(&self, notes: &[String]) -> io::Result<File> {
        open_log(&self.host, notes)
    }

    /// Writes the files that the command needs.
    pub(crate) fn write_files(&self, spec: &LaunchSpec) -> io::Result<()> {
        write_files(&self.scratch_host, spec)
    }
}

fn open_log(folder: &Path, notes: &[String]) -> io::Result<File> {
    let mut log = OpenOptions::new().append(true).create(true).open(folder.join("log"))?;
    for note in notes {
        writeln!(log, "pipewright: {note}")?;
    }
    Ok(log)
}

/// Writes the files that a command needs into a folder.
pub(crate) fn write_files(folder: &Path, spec: &LaunchSpec) -> io::Result<()> {
    for file in &spec.files {
        let inside = file.path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
        if !inside {
            return Err(io::Error::other(format!("file {} leaves the folder", file.path.display())));
        }
        let path = folder.join(&file.path);
        match fs::write(&path, &file.content) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path.parent().unwrap_or(&path))?;
                fs::write(path, &file.content)?;
            }
            other => other?,
        }
    }
    Ok(())
}

fn fill(draft: &Path, with_scratch: bool) -> io::Result<File> {
    let lock = OpenOptions::new().write(true).create_new(true).open(draft.join("lock"))?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
    lock.write_all_at(format!("{}\n", std::process::id()).as_bytes(), 0)?;
    if with_scratch {
        scratch::make_parts(draft)?;
    }
    Ok(lock)
}
