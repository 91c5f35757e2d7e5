//! Notes what an attempt uses of the machine while it runs, in a file beside its log.
//!
//! A command that is over within the first interval costs nothing: no file, no look at `/proc`. Memory is the sum of
//! what each process has resident, so what processes share counts for each.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use pipewright_plan::{USAGE_SAMPLES, UsageSample};

use crate::sys::ChildrenUsage;
use crate::wait::descendants;

/// From the start to the first sample, and from one to the next until there are too many.
const INTERVAL: Duration = Duration::from_secs(1);

/// What looking may cost: a part of the time, for a tree of many processes.
const LEISURE: u32 = 100;

/// The samples of one attempt.
pub(crate) struct Sampler {
    path: PathBuf,
    file: Option<File>,
    started: Instant,
    interval: Duration,
    due: Instant,
    samples: Vec<UsageSample>,
}

impl Sampler {
    /// Begins with the start of the command.
    pub(crate) fn begin(path: PathBuf) -> Self {
        let started = Instant::now();
        let due = started + INTERVAL;
        Self { path, file: None, started, interval: INTERVAL, due, samples: Vec::new() }
    }

    /// Returns how long it is until the next sample.
    pub(crate) fn left(&self) -> Duration {
        self.due.saturating_duration_since(Instant::now())
    }

    /// Takes a sample if it is time; `reaped` is what was used by processes that are gone.
    pub(crate) fn look(&mut self, reaped: ChildrenUsage) {
        let now = Instant::now();
        if now < self.due {
            return;
        }
        let (cpu_us, memory_bytes) = used_below(std::process::id().cast_signed());
        self.note(now, total(reaped) + cpu_us, memory_bytes);
        let pause = self.interval.max(now.elapsed() * LEISURE);
        self.due = now + pause;
    }

    /// Closes a row of samples, when there are some, with what was used until the end.
    pub(crate) fn end(&mut self, reaped: ChildrenUsage) {
        if !self.samples.is_empty() {
            self.note(Instant::now(), total(reaped), 0);
        }
    }

    fn note(&mut self, now: Instant, cpu_us: u64, memory_bytes: u64) {
        let at_us = u64::try_from(now.duration_since(self.started).as_micros()).unwrap_or(u64::MAX);
        // A process that ends while it is looked at may be missed once.
        let cpu_us = self.samples.last().map_or(cpu_us, |last| last.cpu_us.max(cpu_us));
        self.samples.push(UsageSample { at_us, cpu_us, memory_bytes });
        if self.samples.len() < USAGE_SAMPLES {
            self.write(self.samples.len() - 1);
            return;
        }
        UsageSample::thin(&mut self.samples);
        self.interval *= 2;
        self.write(0);
    }

    /// Writes the samples from one on, and takes away what is behind them. A full disk costs them.
    fn write(&mut self, from: usize) {
        if self.file.is_none() {
            self.file = OpenOptions::new().write(true).create(true).truncate(false).open(&self.path).ok();
        }
        let Some(file) = &self.file else { return };
        let records: Vec<u8> = self.samples[from..].iter().flat_map(|sample| sample.encode()).collect();
        let offset = (from * UsageSample::BYTES) as u64;
        if file.write_all_at(&records, offset).is_ok() && from == 0 {
            let _ = file.set_len(records.len() as u64);
        }
    }
}

fn total(reaped: ChildrenUsage) -> u64 {
    reaped.user_us + reaped.system_us
}

/// Sums up CPU time (with that of ended children) and resident memory of all processes below one.
fn used_below(root: i32) -> (u64, u64) {
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    let page = rustix::param::page_size() as u64;
    let mut sum = (0, 0);
    for pid in children(root).unwrap_or_else(|| descendants(root)) {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        if let Some((cpu, pages)) = used(&stat) {
            sum.0 += cpu * 1_000_000 / ticks;
            sum.1 += pages * page;
        }
    }
    sum
}

/// Reads ticks of CPU time and pages of memory. The name in parentheses may hold anything.
fn used(stat: &str) -> Option<(u64, u64)> {
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    // Field 3 of proc(5) is the first here: utime, stime, cutime and cstime are 14 to 17, rss is 24.
    let cpu = fields.get(11..15)?.iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    Some((cpu, fields.get(21)?.parse().unwrap_or(0)))
}

/// Lists all processes below one without looking at others; `None` where the kernel does not tell children.
fn children(root: i32) -> Option<Vec<i32>> {
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let threads = fs::read_dir(format!("/proc/{}/task", found[next]));
        for thread in threads.into_iter().flatten().flatten() {
            match fs::read_to_string(thread.path().join("children")) {
                Ok(text) => found.extend(text.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok())),
                // Our own threads do not end meanwhile, so the kernel has no such file.
                Err(_) if next == 0 => return None,
                Err(_) => {}
            }
        }
        next += 1;
    }
    found.remove(0);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_from_its_end() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194304 100 0 0 0 7 5 20 1 20 0 1 0 900 10000000 512 18446744073709551615 1";
        assert_eq!(used(stat), Some((33, 512)));
        assert_eq!(used("42 (x) S 1"), None);
    }

    #[test]
    fn both_ways_to_find_processes_agree() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let own = std::process::id().cast_signed();
        let pid = child.id().cast_signed();
        assert!(descendants(own).contains(&pid));
        if let Some(found) = children(own) {
            assert!(found.contains(&pid), "{found:?}");
        }
        // The kernel counts pages in batches, so a process that is about to begin has none.
        while used_below(own).1 == 0 {
            assert_eq!(child.try_wait().unwrap(), None, "nothing was seen of it while it ran");
            std::thread::sleep(Duration::from_millis(10));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn samples_stay_bounded_and_are_written_as_they_are() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("usage");
        let mut sampler = Sampler::begin(path.clone());
        for second in 1..=2000 {
            let now = sampler.started + Duration::from_secs(second);
            sampler.note(now, second * 500_000, second);
            let written = UsageSample::decode(&fs::read(&path).unwrap());
            assert_eq!(written, sampler.samples, "after {second} s");
            assert!(written.len() < USAGE_SAMPLES);
        }
        // As dense as the number allows: 2000 points in three halvings and more.
        assert_eq!(sampler.samples.last().unwrap().at_us, 2_000_000_000);
        assert!(sampler.samples.len() >= USAGE_SAMPLES / 2, "{}", sampler.samples.len());
    }
}
