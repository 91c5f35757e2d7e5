//! Tells when a launcher has left its report: a sixth of what a small container takes passes between that and the word
//! of its engine that it has ended.
//!
//! Where the kernel gives no such notices, nobody is told, and the engine's word is waited for.

use std::collections::HashMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Room for a good hundred notices.
const BUFFER: usize = 4096;

/// All reports that are waited for.
pub(super) struct Reports {
    /// With what listens to it.
    inner: Option<(Arc<Inner>, AbortHandle)>,
}

struct Inner {
    inotify: AsyncFd<OwnedFd>,
    /// By the kernel's number of the watch.
    waiting: Mutex<HashMap<i32, Arc<Notify>>>,
}

/// A report that is waited for.
pub(super) struct Watch {
    inner: Arc<Inner>,
    number: i32,
    told: Arc<Notify>,
}

impl Reports {
    /// Must be called in a runtime.
    pub(super) fn start() -> Self {
        let inner = open().map(|inotify| {
            let inner = Arc::new(Inner { inotify, waiting: Mutex::default() });
            let listening = tokio::spawn(Arc::clone(&inner).listen());
            (inner, listening.abort_handle())
        });
        let inner = inner.inspect_err(|error| tracing::info!(%error, "engines alone tell of ends"));
        Self { inner: inner.ok() }
    }

    /// Begins to wait for a report that is there.
    pub(super) fn watch(&self, report: &Path) -> Option<Watch> {
        let (inner, _) = self.inner.as_ref()?;
        let told = Arc::new(Notify::new());
        let mut waiting = inner.waiting();
        let number = inotify::add_watch(inner.inotify.get_ref(), report, WatchFlags::CLOSE_WRITE)
            .inspect_err(|error| tracing::debug!(report = %report.display(), %error, "it is not watched"))
            .ok()?;
        waiting.insert(number, Arc::clone(&told));
        drop(waiting);
        Some(Watch { inner: Arc::clone(inner), number, told })
    }
}

#[allow(unsafe_code)]
fn open() -> io::Result<AsyncFd<OwnedFd>> {
    let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    // SAFETY: an owned descriptor gives the same one until it is dropped.
    Ok(unsafe { AsyncFd::register(inotify) }?)
}

impl Drop for Reports {
    fn drop(&mut self) {
        if let Some((_, listening)) = &self.inner {
            listening.abort();
        }
    }
}

impl Inner {
    fn waiting(&self) -> MutexGuard<'_, HashMap<i32, Arc<Notify>>> {
        self.waiting.lock().expect("no code panics while it holds the lock")
    }

    async fn listen(self: Arc<Self>) {
        loop {
            let heard = match self.inotify.readable().await {
                Ok(mut ready) => self.hear().map(|()| ready.clear_ready()),
                Err(error) => Err(error),
            };
            if let Err(error) = heard {
                tracing::warn!(%error, "engines alone tell of ends");
                return;
            }
        }
    }

    /// Tells everybody who waits for what there are notices of.
    fn hear(&self) -> io::Result<()> {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = Reader::new(self.inotify.get_ref(), &mut buffer);
        loop {
            let number = match reader.next() {
                Ok(notice) => notice.wd(),
                Err(Errno::INTR) => continue,
                Err(Errno::WOULDBLOCK) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            let waiting = self.waiting();
            match number {
                // There were too many.
                -1 => waiting.values().for_each(|told| told.notify_one()),
                _ => {
                    if let Some(told) = waiting.get(&number) {
                        told.notify_one();
                    }
                }
            }
        }
    }
}

impl Watch {
    /// Waits until somebody has written to it and closed it, since the last time or since the beginning.
    pub(super) async fn changed(&self) {
        self.told.notified().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.inner.waiting().remove(&self.number);
        // It is gone with its file, too.
        let _ = inotify::remove_watch(self.inner.inotify.get_ref(), self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_report_that_is_written_is_told_of() {
        let folder = tempfile::tempdir().expect("a folder");
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        for path in [&one, &other] {
            fs::write(path, b"").expect("a report");
        }
        let reports = Reports::start();
        assert!(reports.watch(&folder.path().join("none")).is_none());
        let [watch, quiet] = [&one, &other].map(|path| reports.watch(path).expect("it is there"));
        let file = fs::File::options().append(true).open(&one).expect("it is there");
        for _ in 0..3 {
            fs::write(&one, b"done").expect("room");
            watch.changed().await;
        }
        drop(file);
        watch.changed().await;
        let nothing = tokio::time::timeout(Duration::from_millis(20), quiet.changed());
        assert!(nothing.await.is_err(), "nobody has written there");
        drop(watch);
        assert!(reports.watch(&one).is_some());
    }
}
