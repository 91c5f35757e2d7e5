//! The system calls that have no safe wrapper: fork, spawn, signal masks and resource use.
//!
//! The process is single-threaded, which is what makes forking without exec sound.
#![allow(unsafe_code)]

mod init;

pub(crate) use init::be_first;

use std::ffi::CString;
use std::io::{self, PipeReader, Read};
use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::time::Duration;

/// Which side of a fork this is.
pub(crate) enum Fork {
    Child,
    Parent(i32),
}

/// Copies this process.
pub(crate) fn fork() -> io::Result<Fork> {
    // SAFETY: the process has one thread, so no lock can be held by a thread that the child lacks.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        pid => Ok(Fork::Parent(pid)),
    }
}

/// Copies this process into one that is the first among processes of its own, and has mounts of its own.
pub(crate) fn fork_apart() -> io::Result<Fork> {
    let flags = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::SIGCHLD;
    let flags = libc::c_ulong::from(flags.cast_unsigned());
    // SAFETY: as for `fork`; without a stack the child goes on with a copy of this one.
    match unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        pid => Ok(Fork::Parent(i32::try_from(pid).unwrap_or(0))),
    }
}

/// Ends this process without running anything that belongs to the parent.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Signals that the launcher waits for instead of handling.
const AWAITED: [i32; 3] = [libc::SIGCHLD, libc::SIGTERM, libc::SIGQUIT];

fn awaited_set() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: `sigemptyset` initialises the set, the numbers are valid.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in AWAITED {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

/// Blocks the awaited signals, so that they stay pending until [`wait_signal`].
pub(crate) fn block_signals() {
    let set = awaited_set();
    // SAFETY: the set is initialised; the old mask is not asked for.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut()) };
}

/// A signal that came.
pub(crate) struct Awaited {
    pub(crate) number: i32,
    /// What was sent along with it, if anything.
    pub(crate) value: Option<u64>,
}

/// Waits for an awaited signal, at most that long.
pub(crate) fn wait_signal(limit: Option<Duration>) -> Option<Awaited> {
    let set = awaited_set();
    let limit = limit.map(|limit| libc::timespec {
        tv_sec: libc::time_t::try_from(limit.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    });
    let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: all-zero bytes are a valid `siginfo_t`; set, details and limit live through the call. A queued
    // signal has a value, of the size of a pointer.
    unsafe {
        let mut details = MaybeUninit::<libc::siginfo_t>::zeroed().assume_init();
        let number = libc::sigtimedwait(&raw const set, &raw mut details, limit);
        let is_queued = details.si_code == libc::SI_QUEUE;
        let value = is_queued.then(|| details.si_value().sival_ptr.addr() as u64);
        (number > 0).then_some(Awaited { number, value })
    }
}

/// Makes a descriptor that is readable while an awaited signal is pending.
pub(crate) fn signal_descriptor() -> io::Result<OwnedFd> {
    let set = awaited_set();
    // SAFETY: the set is initialised; -1 asks for a new descriptor, which nobody else owns.
    unsafe {
        match libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

/// What a look at the children found.
pub(crate) enum Reaped {
    /// This one has ended, with a wait status, having used that with all that it reaped itself.
    Child { pid: i32, status: i32, used: ChildrenUsage },
    /// There are children, none has ended.
    Running,
    /// There are no children.
    Childless,
}

/// Reaps one child if any has ended.
pub(crate) fn reap() -> Reaped {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: status and usage outlive the call.
        match unsafe { libc::wait4(-1, &raw mut status, libc::WNOHANG, usage.as_mut_ptr()) } {
            0 => return Reaped::Running,
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            -1 => return Reaped::Childless,
            pid => {
                // SAFETY: all-zero bytes are a valid `rusage`, which the call has filled.
                let used = ChildrenUsage::of(unsafe { usage.assume_init_ref() });
                return Reaped::Child { pid, status, used };
            }
        }
    }
}

/// CPU time and peak memory of children that were reaped.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ChildrenUsage {
    pub(crate) user_us: u64,
    pub(crate) system_us: u64,
    pub(crate) peak_bytes: u64,
}

impl ChildrenUsage {
    fn of(usage: &libc::rusage) -> Self {
        let micros = |time: libc::timeval| {
            u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000 + u64::try_from(time.tv_usec).unwrap_or(0)
        };
        Self {
            user_us: micros(usage.ru_utime),
            system_us: micros(usage.ru_stime),
            peak_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024,
        }
    }

    /// Adds what another child has used.
    pub(crate) fn add(&mut self, other: Self) {
        self.user_us += other.user_us;
        self.system_us += other.system_us;
        self.peak_bytes = self.peak_bytes.max(other.peak_bytes);
    }
}

/// A command, ready to be started: nothing is computed between fork and exec.
pub(crate) struct Prepared {
    /// Files to try in order.
    pub(crate) candidates: Vec<CString>,
    pub(crate) argv: Vec<CString>,
    pub(crate) env: Vec<CString>,
    pub(crate) working_directory: CString,
    pub(crate) stdin: RawFd,
    pub(crate) stdout: RawFd,
    pub(crate) stderr: RawFd,
    /// What keeps the command apart from the machine, if anything.
    pub(crate) jail: Option<Jail>,
}

/// Keeps a command apart: processes of its own, few capabilities, another user.
#[derive(Debug, Clone, Default)]
pub(crate) struct Jail {
    /// Its own process ids, and a `/proc` that shows only them.
    pub(crate) own_processes: bool,
    /// Ids to take on: user, group, further groups.
    pub(crate) user: Option<(libc::uid_t, libc::gid_t, Vec<libc::gid_t>)>,
    /// Files that take the id of a process which is to be limited.
    pub(crate) groups: Vec<RawFd>,
}

/// Where starting went wrong.
pub(crate) enum SpawnError {
    Fork(io::Error),
    WorkingDirectory(io::Error),
    Exec(io::Error),
    /// The command could not be kept apart.
    Jail(io::Error),
}

impl SpawnError {
    fn of(stage: u8, errno: i32) -> Self {
        let error = io::Error::from_raw_os_error(errno);
        match stage {
            1 => Self::WorkingDirectory(error),
            2 => Self::Exec(error),
            4 => Self::Fork(error),
            _ => Self::Jail(error),
        }
    }

    /// What [`SpawnError::of`] makes it of again.
    fn parts(&self) -> (u8, i32) {
        let (stage, error) = match self {
            Self::WorkingDirectory(error) => (1, error),
            Self::Exec(error) => (2, error),
            Self::Jail(error) => (3, error),
            Self::Fork(error) => (4, error),
        };
        (stage, error.raw_os_error().unwrap_or(libc::EIO))
    }
}

struct ChildSide {
    candidates: Vec<*const libc::c_char>,
    argv: Vec<*const libc::c_char>,
    env: Vec<*const libc::c_char>,
    working_directory: *const libc::c_char,
    stdin: RawFd,
    stdout: RawFd,
    stderr: RawFd,
    parent: i32,
    jail: *const Jail,
    stage: u8,
    errno: i32,
}

const STACK_BYTES: usize = 64 * 1024;
/// `CAP_SYS_ADMIN`: with it, a task that runs as root could undo its read-only view.
const CAP_SYS_ADMIN: libc::c_ulong = 21;

/// A command that was started.
pub(crate) struct Spawned {
    /// Its process, or the first process around it.
    pub(crate) pid: i32,
    /// Tells the command's own wait status in the end, where another process is around it.
    status: Option<PipeReader>,
}

impl Spawned {
    /// Makes one of a first process, and of what it tells of the command.
    pub(crate) fn under(pid: i32, status: PipeReader) -> Self {
        Self { pid, status: Some(status) }
    }

    /// Makes one of a command's own process.
    pub(crate) fn plain(pid: i32) -> Self {
        Self { pid, status: None }
    }

    /// Returns the command's wait status from that of its process, once that has ended.
    pub(crate) fn status(&self, of_process: i32) -> i32 {
        let mut own = [0; 4];
        match self.status.as_ref().map(|mut status| status.read_exact(&mut own)) {
            Some(Ok(())) => i32::from_ne_bytes(own),
            Some(Err(_)) | None => of_process,
        }
    }
}

/// Starts a command in a process group of its own; it dies when this process dies.
pub(crate) fn spawn(prepared: &Prepared) -> Result<Spawned, SpawnError> {
    if prepared.jail.as_ref().is_some_and(|jail| jail.own_processes) {
        return init::spawn(prepared);
    }
    spawn_here(ChildSide::of(prepared, own_id())).map(Spawned::plain)
}

/// Starts a command among the processes that this one is among; what `side` is made of must be alive.
fn spawn_here(mut side: ChildSide) -> Result<i32, SpawnError> {
    let mut stack: Vec<u128> = Vec::with_capacity(STACK_BYTES / size_of::<u128>());
    // SAFETY: the stack is 64 KB, aligned to 16 bytes and alive until the child has left it: CLONE_VFORK
    // suspends this thread until the child has called exec or `_exit`. `side` is shared on purpose.
    let pid = unsafe {
        let top = stack.as_mut_ptr().add(STACK_BYTES / size_of::<u128>());
        libc::clone(
            child_side,
            top.cast(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
            (&raw mut side).cast(),
        )
    };
    if pid == -1 {
        return Err(SpawnError::Fork(io::Error::last_os_error()));
    }
    if side.stage == 0 {
        return Ok(pid);
    }
    wait_for(pid);
    Err(side.error())
}

/// Runs between clone and exec, in memory that the parent shares: system calls only, no allocation.
extern "C" fn child_side(side: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `spawn` passes a live `ChildSide` and sleeps meanwhile; all pointers in it are alive and
    // null-terminated where the calls need it. Signal actions are this process's own (no CLONE_SIGHAND).
    unsafe {
        become_command(&mut *side.cast::<ChildSide>());
        libc::_exit(127)
    }
}

/// Turns this process into a command, in a process group of its own; it dies when `parent` dies. Returns why
/// that is not possible.
pub(crate) fn exec(prepared: &Prepared, parent: i32) -> SpawnError {
    let mut side = ChildSide::of(prepared, parent);
    // SAFETY: all pointers of `side` come from `prepared`, which is alive, and are null-terminated where needed.
    unsafe { become_command(&mut side) };
    side.error()
}

/// Returns this process's id.
pub(crate) fn own_id() -> i32 {
    // SAFETY: no preconditions.
    unsafe { libc::getpid() }
}

impl ChildSide {
    fn of(prepared: &Prepared, parent: i32) -> Self {
        let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
            strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect()
        };
        Self {
            candidates: prepared.candidates.iter().map(|s| s.as_ptr()).collect(),
            argv: pointers(&prepared.argv),
            env: pointers(&prepared.env),
            working_directory: prepared.working_directory.as_ptr(),
            stdin: prepared.stdin,
            stdout: prepared.stdout,
            stderr: prepared.stderr,
            parent,
            jail: prepared.jail.as_ref().map_or(ptr::null(), ptr::from_ref),
            stage: 0,
            errno: 0,
        }
    }

    fn error(&self) -> SpawnError {
        SpawnError::of(self.stage, self.errno)
    }
}

/// Returns only when it fails, with `stage` and `errno` set.
///
/// # Safety
/// All pointers are alive and null-terminated where the calls need it.
unsafe fn become_command(side: &mut ChildSide) {
    // SAFETY: system calls on live pointers only.
    unsafe {
        libc::setpgid(0, 0);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        // From among processes of its own it cannot see its parent.
        let own_processes = !side.jail.is_null() && (*side.jail).own_processes;
        if !own_processes && libc::getppid() != side.parent {
            libc::_exit(127);
        }
        if side.jail.is_null() {
            libc::prctl(libc::PR_CAPBSET_DROP, CAP_SYS_ADMIN);
        } else if !enter_jail(&*side.jail) {
            side.errno = *libc::__errno_location();
            side.stage = 3;
            return;
        }
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        let set = awaited_set();
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut());
        libc::dup2(side.stdin, 0);
        libc::dup2(side.stdout, 1);
        libc::dup2(side.stderr, 2);
        if libc::chdir(side.working_directory) != 0 {
            side.errno = *libc::__errno_location();
            side.stage = 1;
            return;
        }
        let mut errno = libc::ENOENT;
        for candidate in &side.candidates {
            libc::execve(*candidate, side.argv.as_ptr(), side.env.as_ptr());
            match *libc::__errno_location() {
                libc::ENOENT | libc::ENOTDIR => {}
                other => {
                    errno = other;
                    if other != libc::EACCES {
                        break;
                    }
                }
            }
        }
        side.errno = errno;
        side.stage = 2;
    }
}

/// Capabilities that containers have by custom, without those that make devices or raw packets.
const KEPT: [libc::c_ulong; 10] = [
    0,  // CAP_CHOWN
    1,  // CAP_DAC_OVERRIDE
    3,  // CAP_FOWNER
    4,  // CAP_FSETID
    5,  // CAP_KILL
    6,  // CAP_SETGID
    7,  // CAP_SETUID
    8,  // CAP_SETPCAP
    10, // CAP_NET_BIND_SERVICE
    18, // CAP_SYS_CHROOT
];
/// More capabilities than any kernel has.
const CAPABILITIES: libc::c_ulong = 64;
/// Parts of `/proc` by which root would change the machine.
const READ_ONLY: [&std::ffi::CStr; 5] =
    [c"/proc/sys", c"/proc/sysrq-trigger", c"/proc/irq", c"/proc/bus", c"/proc/fs"];
/// Parts that tell of it what is nobody's business.
const HIDDEN: [&std::ffi::CStr; 5] =
    [c"/proc/kcore", c"/proc/keys", c"/proc/timer_list", c"/proc/sched_debug", c"/proc/latency_stats"];

/// Runs in the child: system calls only. False when something failed, which `errno` tells.
unsafe fn enter_jail(jail: &Jail) -> bool {
    // SAFETY: all texts are constants; the lists live in the parent, which sleeps meanwhile.
    unsafe {
        for group in &jail.groups {
            if libc::write(*group, c"0".as_ptr().cast(), 1) != 1 {
                return false;
            }
        }
        if jail.own_processes && !show_own_processes() {
            return false;
        }
        // Before the user changes, who may not do it any more.
        for capability in 0..CAPABILITIES {
            if !KEPT.contains(&capability) {
                libc::prctl(libc::PR_CAPBSET_DROP, capability);
            }
        }
        if let Some((uid, gid, groups)) = &jail.user
            && (libc::setgroups(groups.len(), groups.as_ptr()) != 0
                || libc::setgid(*gid) != 0
                || libc::setuid(*uid) != 0)
        {
            return false;
        }
        // A change of user has taken it back.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        true
    }
}

unsafe fn show_own_processes() -> bool {
    let (none, proc) = (ptr::null::<libc::c_char>(), c"/proc".as_ptr());
    let plain = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    // SAFETY: as above.
    unsafe {
        if libc::mount(none, c"/".as_ptr(), none, libc::MS_PRIVATE | libc::MS_REC, ptr::null()) != 0
            || libc::mount(c"proc".as_ptr(), proc, c"proc".as_ptr(), plain, ptr::null()) != 0
        {
            return false;
        }
        for part in READ_ONLY {
            let flags = libc::MS_BIND | libc::MS_REC;
            if libc::mount(part.as_ptr(), part.as_ptr(), none, flags, ptr::null()) == 0 {
                let flags = libc::MS_BIND | libc::MS_REMOUNT | libc::MS_RDONLY | plain;
                if libc::mount(none, part.as_ptr(), none, flags, ptr::null()) != 0 {
                    return false;
                }
            } else if *libc::__errno_location() != libc::ENOENT {
                return false;
            }
        }
        for part in HIDDEN {
            // Not every kernel has them.
            libc::mount(c"/dev/null".as_ptr(), part.as_ptr(), none, libc::MS_BIND, ptr::null());
        }
        true
    }
}

/// Which mounts a change reaches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    This,
    /// It and all below it
    All,
}

/// Allows or forbids writing through a mount.
pub(crate) fn set_mount_writable(path: &Path, writable: bool, reach: Reach) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let read_only = libc::MOUNT_ATTR_RDONLY;
    let attr = libc::mount_attr {
        attr_set: if writable { 0 } else { read_only },
        attr_clr: if writable { read_only } else { 0 },
        propagation: 0,
        userns_fd: 0,
    };
    let flags = if reach == Reach::All { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: path and attributes live through the call, which is told the size of the latter.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            flags,
            &raw const attr,
            size_of::<libc::mount_attr>(),
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Waits for one child.
pub(crate) fn wait_for(pid: i32) {
    let mut status = 0;
    // SAFETY: the status outlives the call.
    unsafe { libc::waitpid(pid, &raw mut status, 0) };
}
