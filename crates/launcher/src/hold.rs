//! Holds what the containers of one pod share (network, memory) for as long as any of them may start.

use std::process::ExitCode;

use crate::sys::{self, Reaped};

/// Waits until it is asked to stop.
pub(crate) fn main() -> ExitCode {
    sys::block_signals();
    loop {
        match sys::wait_signal(None).map(|signal| signal.number) {
            Some(libc::SIGTERM | libc::SIGQUIT | libc::SIGINT) => return ExitCode::SUCCESS,
            // The first process of a container is everybody's parent at last.
            _ => while matches!(sys::reap(), Reaped::Child { .. }) {},
        }
    }
}
