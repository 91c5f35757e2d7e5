//! The fork server: reads requests, forks a supervisor for each, and tells when one is gone.
//!
//! A request is the length of its JSON (4 bytes, little endian), a token (8 bytes) and the JSON. When the
//! executor goes away, nothing new starts; the fork server stays until its supervisors have ended.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use pipewright_plan::LaunchNotice;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process};

use crate::attempt::{Setting, supervise};
use crate::namespace::Base;
use crate::notices::Notices;
use crate::sys::{self, Fork, Reaped};
use crate::wait::descendants;

const HEADER: usize = 12;

/// Whether tasks get a view of the file system of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Isolation {
    /// Where the kernel allows it
    Auto,
    /// Or nothing runs
    On,
    Off,
}

/// Command line of the fork server.
#[derive(Debug)]
pub(crate) struct Options {
    grace: Duration,
    isolation: Isolation,
    home: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(args: &[OsString]) -> Result<Self, String> {
        let mut options = Self { grace: Duration::from_secs(10), isolation: Isolation::Auto, home: None };
        let mut args = args.iter();
        if args.next().is_none_or(|word| word != "serve") {
            return Err("this subcommand is started by the executor alone".to_owned());
        }
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{} needs a value", name.display()))?;
            match name.to_str() {
                Some("--grace-ms") => {
                    let millis = value.to_str().and_then(|text| text.parse().ok());
                    options.grace = Duration::from_millis(millis.ok_or("--grace-ms needs a number")?);
                }
                Some("--isolation") => {
                    options.isolation = match value.to_str() {
                        Some("auto") => Isolation::Auto,
                        Some("on") => Isolation::On,
                        Some("off") => Isolation::Off,
                        _ => return Err("--isolation takes auto, on or off".to_owned()),
                    };
                }
                Some("--home") => options.home = Some(PathBuf::from(value)),
                _ => return Err(format!("unknown option {}", name.display())),
            }
        }
        Ok(options)
    }
}

/// Serves until the executor and all attempts are gone.
pub(crate) fn run(options: &Options) -> ExitCode {
    match serve(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pipewright launcher: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: &Options) -> io::Result<()> {
    let _ = rustix::process::setsid();
    rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1))?;
    sys::block_signals();
    let stdout = io::stdout();
    let notices = Notices::to(stdout.as_fd());
    let null = File::open("/dev/null")?;
    let signals = sys::signal_descriptor()?;
    let (base, obstacle) = match (options.isolation, &options.home) {
        (Isolation::Off, _) => (None, Some("it is switched off".to_owned())),
        (_, None) => (None, Some("no home folder is given".to_owned())),
        (wish, Some(home)) => match Base::prepare(home) {
            Ok(base) => (Some(base), None),
            Err(obstacle) if wish == Isolation::Auto => (None, Some(obstacle)),
            Err(obstacle) => return Err(io::Error::other(obstacle)),
        },
    };
    notices.send(&LaunchNotice::Ready { isolation: obstacle });
    let setting = Setting { grace: options.grace, isolation: base.as_ref(), notices };
    let mut server =
        Server { setting, null, supervisors: BTreeMap::new(), pending: Vec::new(), signals: &signals };
    server.run()
}

struct Server<'a> {
    setting: Setting<'a>,
    null: File,
    signals: &'a std::os::fd::OwnedFd,
    /// Token by process id.
    supervisors: BTreeMap<i32, u64>,
    pending: Vec<u8>,
}

impl Server<'_> {
    fn run(&mut self) -> io::Result<()> {
        let stdin = io::stdin();
        let mut is_open = true;
        while is_open || !self.supervisors.is_empty() {
            let mut ready = vec![PollFd::new(self.signals, PollFlags::IN)];
            if is_open {
                ready.push(PollFd::new(&stdin, PollFlags::IN));
            }
            match poll(&mut ready, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let has_signal = !ready[0].revents().is_empty();
            let has_request = ready.get(1).is_some_and(|fd| !fd.revents().is_empty());
            if has_signal {
                self.drain_signals();
                self.reap();
            }
            if has_request {
                is_open = self.read()?;
                self.launch_pending();
            }
        }
        Ok(())
    }

    fn drain_signals(&self) {
        let mut buffer = [0; 1024];
        while rustix::io::read(self.signals, &mut buffer).is_ok_and(|read| read > 0) {}
    }

    fn reap(&mut self) {
        let mut is_clean = true;
        loop {
            match sys::reap() {
                Reaped::Child(pid, status) => {
                    if let Some(token) = self.supervisors.remove(&pid) {
                        self.setting.notices.send(&LaunchNotice::Gone { token });
                        is_clean &= status == 0;
                    } else {
                        is_clean = false;
                    }
                }
                Reaped::Running | Reaped::Childless => break,
            }
        }
        if !is_clean {
            self.kill_orphans();
        }
    }

    /// A supervisor that was killed leaves its command's processes to us.
    fn kill_orphans(&self) {
        let own = std::process::id().cast_signed();
        for pid in descendants(own) {
            let is_ours = std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
                stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1))
                    == Some(&own.to_string())
            });
            if is_ours
                && !self.supervisors.contains_key(&pid)
                && let Some(pid) = Pid::from_raw(pid)
            {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }

    /// Reads what there is; returns whether there may be more.
    fn read(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 64 * 1024];
        match rustix::io::read(io::stdin(), &mut chunk) {
            Ok(0) | Err(rustix::io::Errno::CONNRESET) => Ok(false),
            Ok(read) => {
                self.pending.extend_from_slice(&chunk[..read]);
                Ok(true)
            }
            Err(rustix::io::Errno::INTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    fn launch_pending(&mut self) {
        let mut at = 0;
        while let Some((token, request)) = frame(&self.pending[at..]) {
            let length = HEADER + request.len();
            match sys::fork() {
                Ok(Fork::Child) => {
                    sys::detach_stdin(self.null.as_raw_fd());
                    let run = AssertUnwindSafe(|| supervise(request, token, &self.setting));
                    sys::exit_now(catch_unwind(run).unwrap_or(101));
                }
                Ok(Fork::Parent(pid)) => {
                    self.supervisors.insert(pid, token);
                }
                Err(error) => {
                    let message = format!("failed to make a process: {error}");
                    self.setting.notices.send(&LaunchNotice::Refused { token, message });
                }
            }
            at += length;
        }
        self.pending.drain(..at);
    }
}

/// Returns the first complete request.
fn frame(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = u32::from_le_bytes(bytes.get(..4)?.try_into().expect("the slice has four bytes"));
    let token = u64::from_le_bytes(bytes.get(4..HEADER)?.try_into().expect("the slice has eight bytes"));
    let end = HEADER.checked_add(usize::try_from(length).ok()?)?;
    Some((token, bytes.get(HEADER..end)?))
}
