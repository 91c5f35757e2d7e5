//! The fork server: keeps spare supervisors ready, and tells when a supervisor is gone.
//!
//! A spare has done all that needs no request, and waits on the request socket itself: a request wakes its
//! supervisor at once, and the fork server makes the next spare meanwhile. A supervisor whose attempt left
//! nothing behind becomes a spare again. A request is one datagram: a token (8 bytes, little endian), a byte
//! that is 1 when the rest is the path of a file with the JSON, else 0 and the JSON. When the executor goes
//! away, nothing new starts; the fork server stays until its supervisors have ended.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use pipewright_plan::LaunchNotice;
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::process::{Pid, Signal, kill_process};

use crate::attempt::{Left, Setting, supervise};
use crate::namespace::Base;
use crate::notices::Notices;
use crate::scratch::{Pool, Scratch};
use crate::sys::{self, Fork, Reaped};
use crate::wait::descendants;

/// Token and kind before the rest of a request.
const HEADER: usize = 9;
/// Longest request; longer ones come as files.
const REQUEST_BYTES: usize = 96 * 1024;
/// The least number of supervisors that wait for work.
const SPARES: usize = 2;
/// How long one that has served waits for more.
const IDLE: Duration = Duration::from_secs(30);
/// How many attempts a process serves, so that whatever it may gather is bounded.
const ATTEMPTS: u32 = 1_000;
/// In a record, in a token's place: the supervisor is a spare again.
const FREE: u64 = 0;

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
    let (base, obstacle) = match (options.isolation, &options.home) {
        (Isolation::Off, _) => (None, Some("it is switched off".to_owned())),
        (_, None) => (None, Some("no home folder is given".to_owned())),
        (wish, Some(home)) => match Base::prepare(home) {
            Ok(base) => (Some(base), None),
            Err(obstacle) if wish == Isolation::Auto => (None, Some(obstacle)),
            Err(obstacle) => {
                notices.send(&LaunchNotice::Ready { isolation: Some(obstacle.clone()) });
                return Err(io::Error::other(obstacle));
            }
        },
    };
    notices.send(&LaunchNotice::Ready { isolation: obstacle });
    let setting = Setting { grace: options.grace, isolation: base.as_ref(), notices };
    let pool = match (&base, &options.home) {
        (Some(base), Some(home)) => Some(Pool::take(home, |path| base.host(path))?),
        _ => None,
    };
    set_socket_timeout(io::stdin(), Timeout::Recv, Some(IDLE))?;
    let (taken, take) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&taken, true)?;
    let mut server = Server {
        setting,
        signals: sys::signal_descriptor()?,
        taken,
        take,
        pool,
        spares: BTreeMap::new(),
        supervisors: BTreeMap::new(),
    };
    server.run()
}

struct Server<'a> {
    setting: Setting<'a>,
    signals: OwnedFd,
    /// Says which spare has taken which request, and who is a spare again.
    taken: OwnedFd,
    take: OwnedFd,
    /// Where tasks get their scratch folders, when they are isolated.
    pool: Option<Pool>,
    /// Scratch folder by process id.
    spares: BTreeMap<i32, u32>,
    /// Token and scratch folder by process id.
    supervisors: BTreeMap<i32, (u64, u32)>,
}

impl Server<'_> {
    fn run(&mut self) -> io::Result<()> {
        let stdin = io::stdin();
        let mut is_open = true;
        while is_open || !self.supervisors.is_empty() || !self.spares.is_empty() {
            while is_open && self.spares.len() < SPARES {
                self.add_spare()?;
            }
            let mut ready =
                vec![PollFd::new(&self.signals, PollFlags::IN), PollFd::new(&self.taken, PollFlags::IN)];
            if is_open {
                ready.push(PollFd::new(&stdin, PollFlags::RDHUP));
            }
            match poll(&mut ready, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let has_signal = !ready[0].revents().is_empty();
            is_open = is_open && ready[2].revents().is_empty();
            // Before the reaping: a spare that took a request and has ended is no spare.
            self.read_taken();
            if has_signal {
                self.drain_signals();
                self.reap();
            }
        }
        Ok(())
    }

    fn add_spare(&mut self) -> io::Result<()> {
        let number = self.pool.as_mut().map_or(0, Pool::pick);
        match sys::fork() {
            Ok(Fork::Child) => {
                let scratch =
                    self.pool.as_ref().map(|pool| pool.folder(number, |path| self.setting.host(path)));
                let run = AssertUnwindSafe(|| spare(&self.setting, scratch.as_ref(), &self.take));
                sys::exit_now(catch_unwind(run).unwrap_or(101));
            }
            Ok(Fork::Parent(pid)) => {
                self.spares.insert(pid, number);
                Ok(())
            }
            Err(error) => {
                self.give_back(number);
                // Requests wait in the socket until there is room for a process again.
                if self.spares.is_empty() && self.supervisors.is_empty() { Err(error) } else { Ok(()) }
            }
        }
    }

    fn give_back(&mut self, number: u32) {
        if let Some(pool) = &mut self.pool {
            pool.give_back(number);
        }
    }

    fn read_taken(&mut self) {
        let mut record = [0; 12];
        // Records are written whole, since they are shorter than a pipe's atomic size.
        while rustix::io::read(&self.taken, &mut record) == Ok(record.len()) {
            let pid = i32::from_le_bytes(record[..4].try_into().expect("the slice has four bytes"));
            let token = u64::from_le_bytes(record[4..].try_into().expect("the slice has eight bytes"));
            if token == FREE {
                if let Some((_, number)) = self.supervisors.remove(&pid) {
                    self.spares.insert(pid, number);
                }
            } else if let Some(number) = self.spares.remove(&pid) {
                self.supervisors.insert(pid, (token, number));
            } else {
                self.setting.notices.send(&LaunchNotice::Gone { token });
            }
        }
    }

    fn drain_signals(&self) {
        let mut buffer = [0; 1024];
        while rustix::io::read(&self.signals, &mut buffer).is_ok_and(|read| read > 0) {}
    }

    fn reap(&mut self) {
        let mut is_clean = true;
        while let Reaped::Child { pid, status, .. } = sys::reap() {
            let number = if let Some((token, number)) = self.supervisors.remove(&pid) {
                self.setting.notices.send(&LaunchNotice::Gone { token });
                is_clean &= status == 0;
                Some(number)
            } else {
                let spare = self.spares.remove(&pid);
                is_clean &= spare.is_some();
                spare
            };
            if let Some(number) = number.filter(|_| status == 0) {
                self.give_back(number);
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
            let is_ours = fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
                stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1))
                    == Some(&own.to_string())
            });
            if is_ours
                && !self.supervisors.contains_key(&pid)
                && !self.spares.contains_key(&pid)
                && let Some(pid) = Pid::from_raw(pid)
            {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

/// Waits for requests and runs them; returns this process's exit code.
fn spare(setting: &Setting<'_>, scratch: Option<&Scratch>, take: &OwnedFd) -> i32 {
    let _ = rustix::process::setsid();
    let _ = rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1));
    let separated = setting.isolation.map_or(Ok(()), Base::separate).and_then(|()| {
        let Some(scratch) = scratch else { return Ok(()) };
        let path = scratch.path();
        scratch.prepare().map_err(|error| format!("failed to prepare {}: {error}", path.display()))
    });
    let mut request = Vec::with_capacity(HEADER + REQUEST_BYTES);
    let mut served = 0;
    while served < ATTEMPTS {
        request.clear();
        match rustix::io::read(io::stdin(), spare_capacity(&mut request)) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(rustix::io::Errno::AGAIN) if served == 0 => continue,
            Ok(0) | Err(_) => return 0,
            Ok(_) => {}
        }
        let Some((token, rest)) = request.split_first_chunk::<8>() else { return 0 };
        let token = u64::from_le_bytes(*token);
        record(take, token);
        if let Err(message) = separated {
            setting.notices.send(&LaunchNotice::Refused { token, message });
            return 1;
        }
        match serve_one(rest, token, scratch, setting) {
            Left::Clean => {}
            Left::Used => return 0,
            Left::Failed => return 1,
        }
        served += 1;
        if !record(take, FREE) {
            // Nobody would count us among the spares.
            return 0;
        }
    }
    0
}

/// Tells the fork server what this process does; says whether it is there to hear it.
fn record(take: &OwnedFd, token: u64) -> bool {
    let mut record = [0; 12];
    record[..4].copy_from_slice(&std::process::id().to_le_bytes());
    record[4..].copy_from_slice(&token.to_le_bytes());
    rustix::io::write(take, &record).is_ok()
}

fn serve_one(request: &[u8], token: u64, scratch: Option<&Scratch>, setting: &Setting<'_>) -> Left {
    let refuse = |message: String| {
        setting.notices.send(&LaunchNotice::Refused { token, message });
        Left::Failed
    };
    match request.split_first() {
        Some((0, json)) => supervise(json, token, scratch, setting),
        Some((_, path)) => {
            let file = setting.host(Path::new(&*String::from_utf8_lossy(path)));
            let json = fs::read(&file);
            let _ = fs::remove_file(&file);
            match json {
                Ok(json) => supervise(&json, token, scratch, setting),
                Err(error) => refuse(format!("failed to read the launch request: {error}")),
            }
        }
        None => refuse("the launch request is empty".to_owned()),
    }
}
