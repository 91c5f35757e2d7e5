//! What an attempt's folder says: never launched, running, ended, or lost.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use pipewright_engine::{AttemptId, RunId};
use pipewright_plan::{ExitReport, USAGE_FILE, stop_mark};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::stop;

/// Returns the folder of an attempt.
pub(crate) fn path_of(home: &Path, attempt: &AttemptId) -> PathBuf {
    of_run(home, &attempt.run).join(attempt.digest())
}

/// Returns the folder of a run's attempts.
pub(crate) fn of_run(home: &Path, run: &RunId) -> PathBuf {
    home.join("attempts").join(&run.0)
}

/// State of an attempt as its folder shows it.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nobody launched it.
    Nothing,
    /// Its supervisor is alive; without an id it is just writing its report.
    Running { pid: Option<u32> },
    /// It left this report.
    Ended(Box<ExitReport>),
    /// Its supervisor is gone and left nothing.
    Lost,
}

/// Looks at a folder.
pub(crate) fn look(folder: &Path) -> io::Result<Found> {
    if let Some(report) = read_report(folder)? {
        return Ok(Found::Ended(Box::new(report)));
    }
    if !folder.try_exists()? {
        return Ok(Found::Nothing);
    }
    match try_lock(folder)? {
        Lock::Held { pid } => Ok(Found::Running { pid }),
        // It may have written its report and left since the first look.
        Lock::Free => Ok(read_report(folder)?.map_or(Found::Lost, |report| Found::Ended(Box::new(report)))),
    }
}

/// Reads the exit report if there is one.
pub(crate) fn read_report(folder: &Path) -> io::Result<Option<ExitReport>> {
    match fs::read(folder.join("exit.json")) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Tells whether somebody asked the attempt to stop.
pub(crate) fn was_killed(folder: &Path) -> bool {
    folder.join("killed").exists()
}

enum Lock {
    Held { pid: Option<u32> },
    Free,
}

fn try_lock(folder: &Path) -> io::Result<Lock> {
    let file = match File::open(folder.join("lock")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Lock::Free),
        Err(error) => return Err(error),
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(Lock::Free),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let text = io::read_to_string(file)?;
            Ok(Lock::Held { pid: text.trim().parse().ok() })
        }
        Err(error) => Err(error.into()),
    }
}

/// Blocks until the attempt's supervisor is gone.
pub(crate) fn wait_until_free(folder: &Path) -> io::Result<()> {
    let file = File::open(folder.join("lock"))?;
    loop {
        match flock(&file, FlockOperation::LockShared) {
            Err(rustix::io::Errno::INTR) => {}
            other => return other.map_err(Into::into),
        }
    }
}

/// Asks the attempt's supervisor to stop its command; nothing happens when it is gone.
///
/// The lock is looked at again once the process is pinned, so no other process that got the same id is hit. The
/// signal says which attempt is meant: the supervisor may have gone on to another.
pub(crate) fn signal_stop(folder: &Path) -> io::Result<()> {
    let Lock::Held { pid: Some(pid) } = try_lock(folder)? else { return Ok(()) };
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    let process = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(rustix::io::Errno::SRCH) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if let Lock::Held { pid: Some(_) } = try_lock(folder)? {
        stop::ask(&process, stop_mark(folder))?;
    }
    Ok(())
}

/// Removes everything but the log, the samples and the exit report, where a supervisor that was killed left more.
pub(crate) fn remove_scratch(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if ["log", "exit.json", "killed", USAGE_FILE].iter().any(|kept| name == *kept) {
            continue;
        }
        if remove(&entry.path()).is_err() {
            tracing::debug!(path = %entry.path().display(), "scratch could not be removed");
        }
    }
}

/// Removes a file or folder, whatever its permissions.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return fs::remove_file(path);
    }
    match fs::remove_dir(path) {
        Ok(()) => Ok(()),
        Err(_) if fs::remove_dir_all(path).is_ok() => Ok(()),
        Err(_) => {
            unlock_folders(path)?;
            fs::remove_dir_all(path)
        }
    }
}

/// A task may leave folders that may not be written to, so their entries cannot be removed.
fn unlock_folders(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(path)?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            unlock_folders(&entry.path())?;
        }
    }
    Ok(())
}
