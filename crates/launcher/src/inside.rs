//! Runs one attempt in a container, as its first process: everything that it needs is mounted already.
//!
//! Log and report are files that the engine mounts one by one, so the command can put nothing else in their place.
//! What is left is read with the container's eyes: a link that a command leaves leads into its own image.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use pipewright_plan::{ExitReport, ExitStatus, LaunchSpec, LaunchVolume, USAGE_FILE, Usage, VolumeContent};

use crate::attempt::{now_us, status};
use crate::claim::{Claim, NOT_STARTED};
use crate::disk::Disk;
use crate::result::Captured;
use crate::volumes::copy_with_mode;
use crate::wait::{Beside, Stopping, Watched};
use crate::{command, folder, publish, sys, wait};

/// Runs the attempt; ends as its command has ended.
pub(crate) fn main(args: &[OsString]) -> ExitCode {
    let (Some(request), Some(log), Some(report_file)) = (args.first(), args.get(1), args.get(2)) else {
        eprintln!("pipewright launcher: inside needs a request, a log and a report");
        return ExitCode::from(2);
    };
    let grace = args.get(4).and_then(|text| text.to_str()?.parse().ok()).map_or(10_000, |grace: u64| grace);
    sys::block_signals();
    let claim = match Claim::begin(Path::new(report_file)) {
        Ok(claim) => claim,
        Err(code) => return code,
    };
    let _ = rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1));
    let mut report = ExitReport {
        attempt: String::new(),
        status: ExitStatus::NotStarted { message: String::new() },
        usage: Usage::default(),
        published: None,
        left: None,
        publish_error: None,
        companion: None,
        broken_limit: None,
        stopped: false,
    };
    let mut flush = false;
    let run = read(Path::new(request)).and_then(|spec| {
        flush = spec.flush;
        report.attempt.clone_from(&spec.attempt);
        run(&spec, Path::new(log), (Duration::from_millis(grace), &claim), &mut report)
    });
    if let Err(message) = run {
        report.status = ExitStatus::NotStarted { message };
    }
    if let Err(error) = leave(Path::new(report_file), &report, flush) {
        eprintln!("pipewright launcher: failed to leave the report: {error}");
    }
    match report.status {
        ExitStatus::Exited { code } => ExitCode::from(code.to_le_bytes()[0]),
        ExitStatus::Signaled { signal } => ExitCode::from(128_u8.saturating_add(signal.to_le_bytes()[0])),
        ExitStatus::NotStarted { .. } => ExitCode::from(NOT_STARTED),
    }
}

fn read(path: &Path) -> Result<LaunchSpec, String> {
    let text = fs::read(path).map_err(|error| format!("failed to read the launch request: {error}"))?;
    serde_json::from_slice(&text).map_err(|error| format!("failed to read the launch request: {error}"))
}

/// Writes in place: the file is a mount.
fn leave(path: &Path, report: &ExitReport, flush: bool) -> io::Result<()> {
    let text = serde_json::to_vec(report).map_err(io::Error::other)?;
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(&text)?;
    if flush { file.sync_data() } else { Ok(()) }
}

fn run(
    spec: &LaunchSpec,
    log_path: &Path,
    (grace, claim): (Duration, &Claim),
    report: &mut ExitReport,
) -> Result<(), String> {
    let failed = |what: &str, error: io::Error| format!("failed to {what}: {error}");
    let log =
        OpenOptions::new().append(true).open(log_path).map_err(|error| failed("open the log", error))?;
    let null = File::open("/dev/null").map_err(|error| failed("open /dev/null", error))?;
    folder::write_files(&spec.directory, spec).map_err(|error| failed("write the task's files", error))?;
    for volume in &spec.volumes {
        fill(volume).map_err(|error| format!("failed to fill {}: {error}", volume.target.display()))?;
    }
    publish::make_folders(&spec.places);
    let input = command::with_output_paths(spec);
    let work = command::working_directory(spec);
    if !work.exists() {
        // As engines do.
        fs::create_dir_all(&work).map_err(|error| failed("make the working directory", error))?;
    }
    let pipe = match &spec.result {
        Some(_) => Some(io::pipe().map_err(|error| failed("make a pipe", error))?),
        None => None,
    };
    let stdout = pipe.as_ref().map_or(log.as_fd(), |(_, writer)| writer.as_fd());
    // What the engine has added stays, such as what it says of the devices that it gave.
    let added: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let prepared = command::prepare(spec, &input, &added, None, (null.as_fd(), stdout, log.as_fd()))?;
    report.usage.started_at_us = now_us();
    let spawned = sys::spawn(&prepared).map_err(|error| command::explain_inside(&error, &prepared))?;
    let own = log.try_clone().map_err(|error| failed("open the log", error))?;
    let captured = pipe.map(|(reader, _)| Captured::begin(reader, own));
    let stopping = Stopping { grace, mark: None };
    let usage = Some(log_path.with_file_name(USAGE_FILE));
    let mut written = vec![PathBuf::from("/"), spec.directory.clone()];
    written.extend(command::output_folders(&input, &spec.directory));
    let disk = Disk::begin(&spec.limits, written);
    let log_limit = Some((&log, spec.limits.log_bytes));
    let watched = Watched {
        command: spawned.pid,
        stopping,
        log: log_limit,
        disk: disk.as_ref(),
        usage,
        claim: Some(claim),
    };
    let mut beside = Beside::default();
    let end = wait::wait(&watched, &mut beside, || {});
    // However it ended, the log is complete before that is told.
    let result = captured.map(Captured::end);
    let used = beside.used;
    report.usage = Usage {
        started_at_us: report.usage.started_at_us,
        ended_at_us: now_us(),
        cpu_user_us: used.user_us,
        cpu_system_us: used.system_us,
        peak_memory_bytes: used.peak_bytes,
    };
    report.status = status(spawned.status(end.status));
    report.stopped = end.killed;
    report.broken_limit = end.broken_limit;
    if report.status == (ExitStatus::Exited { code: 0 }) && !end.killed {
        let published = publish::publish(spec, &input, &|path: &Path| path.to_owned());
        let published = published.and_then(|mut published| {
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
        report.left = publish::left(spec, &input, &|path: &Path| path.to_owned(), result);
    }
    Ok(())
}

/// Copies what a volume brings along; all others are mounted as they are.
fn fill(volume: &LaunchVolume) -> io::Result<()> {
    match &volume.content {
        VolumeContent::Copy { path, mode, recurse, .. } => {
            copy_with_mode(path, &volume.target, *mode, *recurse).map_err(io::Error::other)
        }
        _ => Ok(()),
    }
}
