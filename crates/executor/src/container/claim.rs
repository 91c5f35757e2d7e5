//! Asks the launcher in a container whether it runs, where the engine may not know.
//!
//! An engine that is killed while it starts a container may hold afterwards that it never ran: Docker shows it as
//! made, leaves it alone and refuses to start it. Whoever believed that would run a task twice at once. So the
//! launcher takes its report before anything else and holds its lock for life.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use pipewright_plan::REPORT_BEGUN;
use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, retry_on_intr};
use tokio::sync::oneshot;

/// What has become of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// No launcher has come so far.
    Open,
    /// A launcher has it and is alive.
    Held,
    /// A launcher had it.
    Over,
}

/// Looks at a report.
pub(super) fn look(report: &Path) -> Claim {
    said(report, File::open(report).and_then(|file| state(&file, FlockOperation::NonBlockingLockShared)))
}

/// Takes a report that no launcher has come for, so that none does any more. Returns what it was.
pub(super) fn close(report: &Path) -> Claim {
    let closed = OpenOptions::new().append(true).open(report).and_then(|mut file| {
        let state = state(&file, FlockOperation::NonBlockingLockExclusive)?;
        if state == Claim::Open {
            file.write_all(REPORT_BEGUN)?;
        }
        Ok(state)
    });
    said(report, closed)
}

/// Asks a launcher to stop its command; one that has not come yet will not begin.
pub(super) fn call_off(report: &Path) {
    match OpenOptions::new().append(true).open(report).and_then(|mut file| file.write_all(REPORT_BEGUN)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %report.display(), %error, "a launcher cannot be asked to stop");
        }
        _ => {}
    }
}

/// Waits until no launcher has a report, in a thread: its lock is all that tells.
pub(super) async fn outwait(report: &Path) {
    let (tell, told) = oneshot::channel();
    let path = report.to_owned();
    let waiting = std::thread::Builder::new().name("claim-watch".to_owned()).stack_size(128 * 1024);
    let spawned = waiting.spawn(move || {
        let waited = File::open(&path)
            .and_then(|file| Ok(retry_on_intr(|| flock(&file, FlockOperation::LockShared))?));
        let _ = tell.send(waited);
    });
    match spawned.map(|_| told) {
        Ok(told) => {
            if let Ok(Err(error)) = told.await {
                said(report, Err(error));
            }
        }
        Err(error) => {
            said(report, Err(error));
        }
    }
}

fn state(file: &File, lock: FlockOperation) -> io::Result<Claim> {
    match retry_on_intr(|| flock(file, lock)) {
        Err(Errno::WOULDBLOCK) => Ok(Claim::Held),
        Err(error) => Err(error.into()),
        Ok(()) if file.metadata()?.len() > 0 => Ok(Claim::Over),
        Ok(()) => Ok(Claim::Open),
    }
}

fn said(report: &Path, found: io::Result<Claim>) -> Claim {
    found.unwrap_or_else(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            tracing::warn!(path = %report.display(), %error, "a launcher's report cannot be looked at");
        }
        Claim::Open
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_report_is_open_then_held_then_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let report = folder.path().join("report");
        assert_eq!(look(&report), Claim::Open);
        std::fs::write(&report, b"").expect("a report");
        assert_eq!(look(&report), Claim::Open);
        let launcher = File::open(&report).expect("it is there");
        flock(&launcher, FlockOperation::LockExclusive).expect("nobody has it");
        assert_eq!([look(&report), close(&report)], [Claim::Held; 2]);
        call_off(&report);
        let waiting = tokio::spawn({
            let report = report.clone();
            async move { outwait(&report).await }
        });
        drop(launcher);
        waiting.await.expect("it ends");
        assert_eq!([look(&report), close(&report)], [Claim::Over; 2]);
        assert_eq!(std::fs::read(&report).expect("it is there"), REPORT_BEGUN);
    }

    #[test]
    fn a_report_that_was_closed_is_nobodys() {
        let report = tempfile::NamedTempFile::new().expect("a report");
        assert_eq!(close(report.path()), Claim::Open);
        assert_eq!(look(report.path()), Claim::Over);
    }
}
