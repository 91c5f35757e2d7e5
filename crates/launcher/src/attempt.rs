//! The life of one attempt, from its request to its exit report, in a process of its own.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pipewright_plan::{ExitReport, ExitStatus, LaunchNotice, LaunchSpec, Usage, stop_mark};

use crate::companion::{self, Companions, Obstacle};
use crate::disk::Disk;
use crate::folder::Folder;
use crate::jail::Limits;
use crate::namespace::{Base, Shown, View};
use crate::notices::Notices;
use crate::result::Captured;
use crate::scratch::{Scratch, remove_parts};
use crate::wait::{self, Stopping, Watched};
use crate::{command, publish, sys};

/// How often and with what pauses a report waits for room on a full disk: ten minutes.
const ROOM_TRIES: u32 = 600;
const ROOM_PAUSE: Duration = Duration::from_secs(1);

/// What all attempts share.
pub(crate) struct Setting<'a> {
    pub(crate) grace: Duration,
    /// Absent when tasks see the file system as it is.
    pub(crate) isolation: Option<&'a Base>,
    pub(crate) notices: Notices<'a>,
}

impl Setting<'_> {
    /// Says how this attempt is stopped.
    pub(crate) fn stopping(&self, spec: &LaunchSpec) -> Stopping {
        Stopping { grace: self.grace, mark: stop_mark(&spec.directory) }
    }

    /// Returns a path that can be written to.
    pub(crate) fn host(&self, path: &Path) -> PathBuf {
        self.isolation.map_or_else(|| path.to_owned(), |base| base.host(path))
    }
}

/// What is left of a supervisor when its attempt is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// This process, its scratch folder and its view are as before the attempt, and may serve another.
    Clean,
    /// Something of the attempt may be left.
    Used,
    /// Likewise, and the attempt could not be reported.
    Failed,
}

/// Runs one attempt from its request, in a session of its own.
pub(crate) fn supervise(
    request: &[u8],
    token: u64,
    scratch: Option<&Scratch>,
    setting: &Setting<'_>,
) -> Left {
    let refuse = |message: String| {
        setting.notices.send(&LaunchNotice::Refused { token, message });
        Left::Failed
    };
    let spec: LaunchSpec = match serde_json::from_slice(request) {
        Ok(spec) => spec,
        Err(error) => return refuse(format!("failed to read the launch request: {error}")),
    };
    let folder = match Folder::claim(&spec, scratch, |path| setting.host(path)) {
        Ok(Some(folder)) => folder,
        Ok(None) => {
            setting.notices.send(&LaunchNotice::Exists { token });
            return Left::Used;
        }
        Err(error) => {
            return refuse(format!("failed to create {}: {error}", spec.directory.display()));
        }
    };
    let sweep = |keeps_layers: bool| match scratch {
        Some(scratch) => scratch.renew(keeps_layers),
        None => {
            remove_parts(folder.scratch());
            Ok(())
        }
    };
    let (report, trace) = run(&spec, &folder, token, setting);
    if scratch.is_none() {
        for companion in &spec.companions {
            remove_parts(&companion::folder_of(folder.path(), &companion.name));
        }
    }
    match leave(&report, &folder, spec.flush, || drop(sweep(false))) {
        Ok(()) => setting.notices.send(&LaunchNotice::Ended { token }),
        Err(error) => return refuse(format!("failed to write the exit report: {error}")),
    }
    let keeps_layers = setting.isolation.map_or(Ok(false), Base::keeps_layers);
    let is_swept = keeps_layers.is_ok_and(|keeps| sweep(keeps).is_ok());
    match (setting.isolation, trace.shown) {
        (Some(base), Some(shown)) if is_swept && trace.all_gone && base.hide(&shown) => Left::Clean,
        _ => Left::Used,
    }
}

/// Names and values for a command's environment.
type Variables = Vec<(String, String)>;

/// A command that runs.
struct Started {
    spawned: sys::Spawned,
    log: File,
    /// What was added to the view for it, when all of it can be taken away again.
    shown: Option<Shown>,
    /// What it writes to stdout, when that is its result.
    result: Option<Captured>,
}

/// What an attempt left behind.
#[derive(Default)]
struct Trace {
    /// What was added to the view, when all of it can be taken away again.
    shown: Option<Shown>,
    /// No process of the attempt is alive.
    all_gone: bool,
}

/// Leaves the report. On a full disk the command's scratch makes room, and then time may.
fn leave(report: &ExitReport, folder: &Folder, flush: bool, sweep: impl Fn()) -> io::Result<()> {
    let mut result = folder.report(report, flush);
    for _ in 0..ROOM_TRIES {
        match &result {
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {}
            _ => break,
        }
        sweep();
        result = folder.report(report, flush);
        if result.is_err() {
            std::thread::sleep(ROOM_PAUSE);
        }
    }
    result
}

/// Runs the command and reads its outputs.
fn run(spec: &LaunchSpec, folder: &Folder, token: u64, setting: &Setting<'_>) -> (ExitReport, Trace) {
    let mut trace = Trace::default();
    let mut report = ExitReport {
        attempt: spec.attempt.clone(),
        status: ExitStatus::NotStarted { message: String::new() },
        usage: Usage::default(),
        published: None,
        left: None,
        publish_error: None,
        companion: None,
        broken_limit: None,
        stopped: false,
    };
    let input = command::with_output_paths(spec);
    report.usage.started_at_us = now_us();
    let folders = command::output_folders(&input, folder.path());
    let readable = if setting.isolation.is_some() { command::input_paths(&input) } else { Vec::new() };
    let view = View {
        folder: folder.path(),
        scratch: folder.scratch(),
        writable: &folders,
        readable: &readable,
        mounts: &spec.mounts,
        volumes: &spec.volumes,
        image_root: spec.image_root.as_deref(),
        layered: &spec.layered,
        root_filesystem: spec.root_filesystem.as_deref(),
        pool: folder.scratch(),
        is_shared: !spec.companions.is_empty(),
    };
    let limits = match spec.root_filesystem.as_ref().zip(setting.isolation) {
        Some((_, base)) => Limits::make(&spec.limits, "", |path| base.host(path)),
        None => Limits::default(),
    };
    let mut companions = Companions::default();
    let settled = setting.isolation.map_or(Ok(()), |base| base.settle(&view)).map_err(Obstacle::Message);
    let ready = if spec.companions.is_empty() || settled.is_err() {
        settled
    } else {
        // Whatever happens from here on is seen as running: it can be asked to stop.
        setting.notices.send(&LaunchNotice::Started { token, pid: std::process::id() });
        companion::share_memory(spec, folder, setting)
            .map_err(Obstacle::Message)
            .and_then(|()| companions.start((spec, &input), folder, setting))
    };
    let started = ready
        .and_then(|()| start(spec, &input, folder, &view, (setting, &limits)).map_err(Obstacle::Message));
    let mut captured = None;
    let (end, failed) = match started {
        Ok(Started { spawned, log, shown, result }) => {
            captured = result;
            let pid = spawned.pid;
            if spec.companions.is_empty() {
                setting.notices.send(&LaunchNotice::Started { token, pid: pid.unsigned_abs() });
            }
            let log = Some((&log, spec.limits.log_bytes));
            let usage = Some(folder.usage_file());
            let written = std::iter::once(folder.scratch().to_owned()).chain(folders.iter().cloned());
            let disk = Disk::begin(&spec.limits, written.map(|path| setting.host(&path)).collect());
            let stopping = setting.stopping(spec);
            let watched = Watched { command: pid, stopping, log, disk: disk.as_ref(), usage, claim: None };
            let mut end = wait::wait(&watched, &mut companions.beside, || folder.mark_killed());
            end.status = spawned.status(end.status);
            // A process that had a second thread serves no other attempt.
            trace = Trace { shown: shown.filter(|_| captured.is_none()), all_gone: end.all_gone };
            (Ok(end), None)
        }
        Err(Obstacle::Message(message)) => (Err(message), None),
        Err(Obstacle::Failed(failed, end)) => (Ok(end), Some(failed)),
        Err(Obstacle::Killed(end)) => (Ok(end), None),
    };
    report.usage.ended_at_us = now_us();
    if !spec.companions.is_empty() {
        companions.beside.stop(setting.stopping(spec));
        companions.remove_limits();
    }
    // However it ended, the log is complete before that is told.
    let result = captured.map(Captured::end);
    let broken = limits.broken();
    limits.remove();
    let end = match end {
        Ok(end) => end,
        Err(message) => {
            report.status = ExitStatus::NotStarted { message };
            return (report, trace);
        }
    };
    let used = companions.beside.used;
    report.usage = Usage {
        cpu_user_us: used.user_us,
        cpu_system_us: used.system_us,
        peak_memory_bytes: used.peak_bytes,
        ..report.usage
    };
    report.status = status(end.status);
    report.stopped = end.killed;
    report.companion = failed.or_else(|| companions.failed().filter(|_| !end.killed));
    report.broken_limit = end.broken_limit.or(broken);
    let host = |path: &Path| match setting.isolation {
        Some(base) => base.host_of_seen(path, &view),
        None => path.to_owned(),
    };
    if report.status == (ExitStatus::Exited { code: 0 }) && !end.killed {
        let published = publish::publish(spec, &input, &host).and_then(|mut published| {
            if let (Some(name), Some(result)) = (&spec.result, result) {
                published.parameters.insert(name.clone(), result?.into());
            }
            Ok(published)
        });
        match published {
            Ok(published) => report.published = Some(published),
            Err(message) => report.publish_error = Some(message),
        }
    } else if !end.killed {
        report.left = publish::left(spec, &input, &host, result);
    }
    (report, trace)
}

fn start(
    spec: &LaunchSpec,
    input: &pipewright_plan::ExecutorInput,
    folder: &Folder,
    view: &View<'_>,
    (setting, limits): (&Setting<'_>, &Limits),
) -> Result<Started, String> {
    let failed = |error: io::Error| format!("failed to prepare {}: {error}", folder.path().display());
    folder.write_files(spec).map_err(failed)?;
    let log = folder.open_log(&spec.notes).map_err(failed)?;
    let null = File::open("/dev/null").map_err(|error| format!("failed to open /dev/null: {error}"))?;
    command::create_output_folders(view.writable, |path| setting.host(path))?;
    let (extra_env, shown) = enter(spec, view, setting)?;
    let pipe = match &spec.result {
        Some(_) => Some(std::io::pipe().map_err(failed)?),
        None => None,
    };
    let stdout = pipe.as_ref().map_or(log.as_fd(), |(_, writer)| writer.as_fd());
    let streams = (null.as_fd(), stdout, log.as_fd());
    let prepared = command::prepare(spec, input, &extra_env, jail(spec, limits), streams)?;
    let spawned = sys::spawn(&prepared).map_err(|error| command::explain(&error, &prepared))?;
    // Our own end of the pipe goes here, so that the command's is the last.
    let reader = pipe.map(|(reader, _)| reader);
    let own = log.try_clone().map_err(failed)?;
    let result = reader.map(|reader| Captured::begin(reader, own));
    Ok(Started { spawned, log, shown, result })
}

/// Returns what keeps a command apart from the machine, if its image asks for that.
pub(crate) fn jail(spec: &LaunchSpec, limits: &Limits) -> Option<sys::Jail> {
    spec.root_filesystem.as_ref().map(|_| sys::Jail {
        own_processes: true,
        user: spec.user.as_ref().map(|user| (user.uid, user.gid, user.groups.clone())),
        groups: limits.descriptors(),
    })
}

/// Gives this process the view of a command; returns the variables that it needs for want of one, and what
/// was shown, when that can be taken away again.
pub(crate) fn enter(
    spec: &LaunchSpec,
    view: &View<'_>,
    setting: &Setting<'_>,
) -> Result<(Variables, Option<Shown>), String> {
    match setting.isolation {
        Some(base) => {
            if view.folder != spec.directory {
                return Err(format!("{} is not the command's folder", view.folder.display()));
            }
            if let Some(user) = &spec.user {
                command::hand_over(view, user, |path| base.host(path))?;
            }
            let shown = base.show(view)?;
            publish::make_folders(&spec.places);
            Ok((Vec::new(), shown))
        }
        None => {
            if let Some(mount) = spec.mounts.iter().find(|mount| mount.source != mount.target) {
                return Err(format!(
                    "the task needs {} at {}, and this machine gives it no view of its own",
                    mount.source.display(),
                    mount.target.display()
                ));
            }
            if !spec.places.is_empty() {
                return Err(
                    "the task leaves its outputs at paths of its own, and this machine gives tasks no \
                     view of their own; `pipewright doctor` says why, and how to allow it"
                        .to_owned(),
                );
            }
            if let Some(volume) = spec.volumes.first() {
                return Err(format!(
                    "the task needs a volume at {}, and this machine gives tasks no view of their own; \
                     `pipewright doctor` says why, and how to allow it",
                    volume.target.display()
                ));
            }
            if let Some(root) = spec.image_root.as_ref().or(spec.root_filesystem.as_ref()) {
                return Err(format!(
                    "the task's image is the folder {}, and this machine gives tasks no view of their own; \
                     `pipewright doctor` says why, and how to allow it",
                    root.display()
                ));
            }
            let tmp = view.folder.join("tmp").to_string_lossy().into_owned();
            Ok((vec![("TMPDIR".to_owned(), tmp)], None))
        }
    }
}

pub(crate) fn status(wait_status: i32) -> ExitStatus {
    if libc::WIFSIGNALED(wait_status) {
        ExitStatus::Signaled { signal: libc::WTERMSIG(wait_status) }
    } else {
        ExitStatus::Exited { code: libc::WEXITSTATUS(wait_status) }
    }
}

pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
