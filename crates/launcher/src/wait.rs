//! Waits for a command, stops it when asked to, and leaves none of its processes behind.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use pipewright_plan::BrokenLimit;

use crate::claim::Claim;
use crate::disk::Disk;
use crate::sampler::Sampler;
use crate::sys::{self, Awaited, ChildrenUsage, Reaped};

/// How long processes that were killed may take to vanish.
const STUCK: Duration = Duration::from_secs(10);

/// How often a log is looked at that has a limit, and a report in which an end may be asked for.
const GLANCE: Duration = Duration::from_millis(250);

/// A command that is waited for.
pub(crate) struct Watched<'a> {
    pub(crate) command: i32,
    pub(crate) stopping: Stopping,
    /// The log, and how long it may grow.
    pub(crate) log: Option<(&'a File, Option<u64>)>,
    /// The file that takes what it uses over time.
    pub(crate) usage: Option<PathBuf>,
    /// What it may write elsewhere.
    pub(crate) disk: Option<&'a Disk>,
    /// The report of its container, where an end may be asked for too.
    pub(crate) claim: Option<&'a Claim>,
}

impl Watched<'_> {
    /// Cuts a log that has grown too long, and says so.
    fn overflow(&self) -> Option<BrokenLimit> {
        let (log, Some(bytes)) = self.log? else { return None };
        let is_over = log.metadata().is_ok_and(|facts| facts.len() > bytes);
        is_over.then_some(BrokenLimit::Log { bytes })
    }

    /// Tells which limit is broken by now.
    fn broken(&self) -> Option<BrokenLimit> {
        self.overflow().or_else(|| self.disk?.broken(std::process::id()))
    }

    fn is_called_off(&self) -> bool {
        self.claim.is_some_and(Claim::is_called_off)
    }

    /// Takes back what was written beyond the limit until the command was gone.
    fn cut(&self) {
        if let Some((log, Some(bytes))) = self.log {
            let _ = log.set_len(bytes);
        }
    }
}

/// How a command ended.
pub(crate) struct End {
    /// As `waitpid` gives it.
    pub(crate) status: i32,
    /// It was asked to stop before it ended.
    pub(crate) killed: bool,
    pub(crate) broken_limit: Option<BrokenLimit>,
    /// Nothing that it left behind is alive.
    pub(crate) all_gone: bool,
}

/// How requests to stop are met.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopping {
    /// From SIGTERM to SIGKILL.
    pub(crate) grace: Duration,
    /// What a signal carries that was sent for this attempt.
    pub(crate) mark: Option<u64>,
}

impl Stopping {
    /// Waits for a signal, and passes over those for an attempt that this process had before.
    fn next_signal(self, limit: Option<Duration>) -> Option<i32> {
        let is_meant = |signal: &Awaited| signal.value.is_none() || signal.value == self.mark;
        sys::wait_signal(limit).filter(is_meant).map(|signal| signal.number)
    }
}

/// Commands that run beside another.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    running: Vec<i32>,
    /// With their wait statuses, in the order of their ends; those that had to be killed are among them.
    pub(crate) ended: Vec<(i32, i32)>,
    /// By all processes of the attempt that were reaped.
    pub(crate) used: ChildrenUsage,
}

impl Beside {
    pub(crate) fn add(&mut self, pid: i32) {
        self.running.push(pid);
    }

    fn note(&mut self, pid: i32, status: i32) {
        if let Some(index) = self.running.iter().position(|running| *running == pid) {
            self.running.remove(index);
            self.ended.push((pid, status));
        }
    }

    fn signal(&self, signal: Signal) {
        self.running.iter().for_each(|pid| signal_group(*pid, signal));
    }

    /// Asks all to stop, kills them after `grace`, and waits until nothing of them is left.
    pub(crate) fn stop(&mut self, stopping: Stopping) {
        self.signal(Signal::TERM);
        self.signal(Signal::CONT);
        let deadline = Instant::now() + stopping.grace;
        while !self.running.is_empty() {
            match sys::reap() {
                Reaped::Child { pid, status, used } => {
                    self.used.add(used);
                    self.note(pid, status);
                }
                Reaped::Childless => break,
                Reaped::Running => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let signal = stopping.next_signal(Some(left));
                    if left.is_zero() || signal == Some(libc::SIGQUIT) {
                        break;
                    }
                }
            }
        }
        // What is left of these is killed, which is no end of their own.
        self.ended.extend(self.running.drain(..).map(|pid| (pid, libc::SIGKILL)));
        kill_stragglers(0, &mut self.used);
    }
}

/// Waits until the command has ended and everything that it left behind is gone, apart from those beside it.
///
/// SIGTERM asks the command's group to stop, and all beside it, and kills them after `grace`; SIGQUIT kills at
/// once. `on_kill` is called once, before the first signal is passed on.
pub(crate) fn wait(watched: &Watched<'_>, beside: &mut Beside, mut on_kill: impl FnMut()) -> End {
    let (command, stopping) = (watched.command, watched.stopping);
    let has_limit = watched.disk.is_some() || watched.log.is_some_and(|(_, limit)| limit.is_some());
    let mut broken_limit = None;
    let mut deadline: Option<Instant> = None;
    let mut killed = false;
    let mut sampler = watched.usage.clone().map(Sampler::begin);
    let status = loop {
        if let Some(status) = reap_until(command, beside) {
            break status;
        }
        if let Some(sampler) = &mut sampler {
            sampler.look(beside.used);
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let looks = has_limit && broken_limit.is_none() || watched.claim.is_some() && !killed;
        let glance = looks.then_some(GLANCE);
        let sample = sampler.as_ref().map(Sampler::left);
        let left = [left, glance, sample].into_iter().flatten().min();
        let signal = stopping.next_signal(left);
        // Of two signals that wait, the wish to stop comes first even when the command had ended before.
        if let Some(status) = reap_until(command, beside) {
            break status;
        }
        if broken_limit.is_none()
            && let Some(broken) = watched.broken()
        {
            broken_limit = Some(broken);
            kill_all(command);
            deadline = Some(Instant::now() + Duration::from_millis(100));
        }
        let is_asked = matches!(signal, Some(libc::SIGTERM | libc::SIGQUIT));
        if !killed && (is_asked || watched.is_called_off()) {
            killed = true;
            on_kill();
            deadline = Some(Instant::now() + stopping.grace);
            for signal in [Signal::TERM, Signal::CONT] {
                signal_group(command, signal);
                beside.signal(signal);
            }
        }
        let is_over = deadline.is_some_and(|deadline| deadline <= Instant::now());
        if signal == Some(libc::SIGQUIT) || is_over {
            kill_all(command);
            // Something may slip through by forking meanwhile: look again until nothing is left.
            deadline = Some(Instant::now() + Duration::from_millis(100));
        }
    };
    let all_gone = if beside.running.is_empty() {
        kill_stragglers(command, &mut beside.used)
    } else {
        signal_group(command, Signal::KILL);
        false
    };
    if let Some(mut sampler) = sampler {
        sampler.end(beside.used);
    }
    broken_limit = broken_limit.or_else(|| watched.overflow());
    if matches!(broken_limit, Some(BrokenLimit::Log { .. })) {
        watched.cut();
    }
    End { status, killed, broken_limit, all_gone }
}

/// Reaps what has ended; returns the command's status once it is among that.
fn reap_until(command: i32, beside: &mut Beside) -> Option<i32> {
    loop {
        match sys::reap() {
            Reaped::Child { pid, status, used } => {
                beside.used.add(used);
                if pid == command {
                    return Some(status);
                }
                beside.note(pid, status);
            }
            Reaped::Running | Reaped::Childless => return None,
        }
    }
}

/// Every orphan of the command is our child by now: kills them until none is left; 0 stands for no command.
/// Tells whether that came.
fn kill_stragglers(command: i32, used: &mut ChildrenUsage) -> bool {
    let give_up = Instant::now() + STUCK;
    loop {
        match sys::reap() {
            Reaped::Child { used: more, .. } => used.add(more),
            Reaped::Childless => return true,
            Reaped::Running if Instant::now() > give_up => return false,
            Reaped::Running => {
                kill_all(command);
                sys::wait_signal(Some(Duration::from_millis(100)));
            }
        }
    }
}

fn kill_all(command: i32) {
    if command != 0 {
        signal_group(command, Signal::KILL);
    }
    for pid in descendants(std::process::id().cast_signed()) {
        if let Some(pid) = Pid::from_raw(pid) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

fn signal_group(leader: i32, signal: Signal) {
    if let Some(group) = Pid::from_raw(leader) {
        let _ = kill_process_group(group, signal);
    }
}

/// Lists all processes below one, from `/proc`.
pub(crate) fn descendants(root: i32) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let mut parents: Vec<(i32, i32)> = Vec::new();
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        // The name in parentheses may hold anything, so read from its end: `) S ppid …`.
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        if let Some(parent) = parent.and_then(|parent| parent.parse().ok()) {
            parents.push((pid, parent));
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next];
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.remove(0);
    found
}
