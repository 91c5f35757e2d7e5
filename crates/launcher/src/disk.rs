//! Watches how much of a disk a command fills.
//!
//! Free space is looked at often, since that costs nothing; files are counted only once the disk has lost so much
//! that the command may have gone too far. What counts is what it made or changed: files newer than its start, and
//! files that are open and have no name any more.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pipewright_plan::{BrokenLimit, LaunchLimits};

use crate::wait::descendants;

/// Whoever has written less than this is never the one who fills the disk.
const HARMLESS: u64 = 64 << 20;
/// Files are not counted more often than this.
const PAUSE: Duration = Duration::from_secs(2);
/// Clocks of file systems are a little late.
const LATE: Duration = Duration::from_millis(20);
/// Unit of `st_blocks`.
const BLOCK: u64 = 512;

/// A command's use of disks.
pub(crate) struct Disk {
    limit: Option<u64>,
    reserve: u64,
    /// Folders that the command writes below, as this process sees them.
    roots: Vec<PathBuf>,
    /// Of what is below them, what is older is not the command's.
    since: Duration,
    free_at_start: u64,
    /// Files are counted when so much of the disk is gone.
    armed_at: Cell<u64>,
    counted: Cell<Option<Instant>>,
}

impl Disk {
    /// Begins to watch; nothing is watched without a limit.
    pub(crate) fn begin(limits: &LaunchLimits, roots: Vec<PathBuf>) -> Option<Self> {
        if limits.disk_bytes.is_none() && limits.disk_reserve_bytes.is_none() {
            return None;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Some(Self {
            limit: limits.disk_bytes,
            reserve: limits.disk_reserve_bytes.unwrap_or(0),
            free_at_start: free(&roots).0,
            roots,
            since: now.saturating_sub(LATE),
            armed_at: Cell::new(limits.disk_bytes.unwrap_or(u64::MAX)),
            counted: Cell::new(None),
        })
    }

    /// Tells which limit the command has broken by now; `supervisor` is the process that all of its own are below.
    pub(crate) fn broken(&self, supervisor: u32) -> Option<BrokenLimit> {
        let (free, least) = free(&self.roots);
        let lost = self.free_at_start.saturating_sub(free);
        let is_nearly_full = least < self.reserve;
        if lost < self.armed_at.get() && !is_nearly_full {
            return None;
        }
        if is_nearly_full
            && lost < self.armed_at.get()
            && self.counted.get().is_some_and(|at| at.elapsed() < PAUSE)
        {
            return None;
        }
        self.counted.set(Some(Instant::now()));
        let bytes = self.used(supervisor, lost);
        if let Some(limit) = self.limit {
            if bytes > limit {
                return Some(BrokenLimit::Disk { bytes: limit });
            }
            self.armed_at.set(lost + ((limit - bytes) / 2).max(limit / 16));
        }
        // The fuller the disk, the less it takes to be the one who must go.
        (is_nearly_full && bytes > least.max(HARMLESS))
            .then_some(BrokenLimit::DiskReserve { bytes, free: least })
    }

    /// Counts the bytes of the command's files; what hides from that counts as all that the disk has lost.
    fn used(&self, supervisor: u32, lost: u64) -> u64 {
        let mut count = Count { since: self.since, seen: BTreeSet::new(), bytes: 0, is_hidden: false };
        for root in &self.roots {
            if let Ok(facts) = fs::metadata(root) {
                count.folder(root, &facts, facts.dev());
            }
        }
        for pid in descendants(supervisor.cast_signed()) {
            let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
            for facts in open.filter_map(|entry| fs::metadata(entry.path()).ok()) {
                if facts.is_file() && facts.nlink() == 0 {
                    count.file(&facts);
                }
            }
        }
        if count.is_hidden { count.bytes.max(lost) } else { count.bytes }
    }
}

/// Returns the free bytes of the file systems that folders lie on: of all together, and of the fullest.
fn free(roots: &[PathBuf]) -> (u64, u64) {
    let mut seen = BTreeSet::new();
    let (mut sum, mut least) = (0_u64, u64::MAX);
    for root in roots {
        let Ok(facts) = rustix::fs::statvfs(root) else { continue };
        // A mount of the same file system shows the same numbers.
        if seen.insert((facts.f_blocks, facts.f_bavail, facts.f_frsize)) {
            let bytes = facts.f_bavail.saturating_mul(facts.f_frsize);
            sum = sum.saturating_add(bytes);
            least = least.min(bytes);
        }
    }
    (sum, least)
}

struct Count {
    since: Duration,
    seen: BTreeSet<(u64, u64)>,
    bytes: u64,
    /// Something new could not be looked into.
    is_hidden: bool,
}

impl Count {
    fn is_new(&self, facts: &Metadata) -> bool {
        let seconds = u64::try_from(facts.ctime()).unwrap_or(0);
        let nanos = u32::try_from(facts.ctime_nsec()).unwrap_or(0);
        Duration::new(seconds, nanos) >= self.since
    }

    fn file(&mut self, facts: &Metadata) {
        if self.is_new(facts) && self.seen.insert((facts.dev(), facts.ino())) {
            self.bytes += facts.blocks() * BLOCK;
        }
    }

    fn folder(&mut self, path: &Path, facts: &Metadata, device: u64) {
        if facts.dev() != device || !self.seen.insert((facts.dev(), facts.ino())) {
            return;
        }
        let Ok(entries) = fs::read_dir(path) else {
            self.is_hidden |= self.is_new(facts);
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            match fs::symlink_metadata(&path) {
                Ok(facts) if facts.is_dir() => self.folder(&path, &facts, device),
                Ok(facts) => self.file(&facts),
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(limit: u64, folder: &Path) -> Disk {
        let limits = LaunchLimits { disk_bytes: Some(limit), ..LaunchLimits::default() };
        let disk = Disk::begin(&limits, vec![folder.to_owned()]).expect("there is a limit");
        // Whatever else happens on this disk, the files are to be counted.
        disk.armed_at.set(0);
        disk
    }

    #[test]
    fn only_what_is_new_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("old"), vec![1; 300_000]).expect("a file");
        std::thread::sleep(2 * LATE);
        let disk = begin(100_000, folder.path());
        // Nothing is below it but what a test beside may have started.
        let own = std::process::id();
        fs::write(folder.path().join("new"), vec![1; 50_000]).expect("a file");
        assert_eq!(disk.broken(own), None);
        fs::create_dir(folder.path().join("deep")).expect("a folder");
        fs::write(folder.path().join("deep/new"), vec![1; 90_000]).expect("a file");
        disk.armed_at.set(0);
        assert_eq!(disk.broken(own), Some(BrokenLimit::Disk { bytes: 100_000 }));
    }
}
