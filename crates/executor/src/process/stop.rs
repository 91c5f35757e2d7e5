//! The signal that asks a supervisor to stop its attempt, and says which one is meant.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// What the kernel calls `siginfo_t`, for a queued signal on 64-bit machines.
#[repr(C)]
struct Details {
    number: i32,
    errno: i32,
    code: i32,
    padding: i32,
    pid: u32,
    uid: u32,
    value: u64,
    rest: [u64; 12],
}

const _: () = assert!(size_of::<Details>() == size_of::<libc::siginfo_t>());

/// Sends SIGTERM with this mark; without one as any `kill` would. A process that is gone needs no asking.
pub(super) fn ask(process: &impl AsFd, mark: Option<u64>) -> io::Result<()> {
    let details = Details {
        number: libc::SIGTERM,
        errno: 0,
        code: libc::SI_QUEUE,
        padding: 0,
        pid: std::process::id(),
        uid: rustix::process::getuid().as_raw(),
        value: mark.unwrap_or_default(),
        rest: [0; 12],
    };
    let details = mark.map_or(std::ptr::null(), |_| &raw const details);
    // SAFETY: the descriptor is open; the details have the kernel's size and live through the call, or are absent.
    let result = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, process.as_fd().as_raw_fd(), libc::SIGTERM, details, 0)
    };
    match io::Error::last_os_error() {
        _ if result == 0 => Ok(()),
        error if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
        error => Err(error),
    }
}
