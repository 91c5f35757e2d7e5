//! Holds what the containers of one pod share (network, memory) for as long as any of them may start.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::claim::Claim;
use crate::sys::{self, Reaped};

/// How often it looks whether somebody has called it off in its report.
const GLANCE: Duration = Duration::from_secs(1);

/// Waits until it is asked to stop.
pub(crate) fn main(args: &[OsString]) -> ExitCode {
    let Some(report) = args.first() else {
        eprintln!("pipewright launcher: hold needs a report");
        return ExitCode::from(2);
    };
    sys::block_signals();
    let claim = match Claim::begin(Path::new(report)) {
        Ok(claim) => claim,
        Err(code) => return code,
    };
    while !claim.is_called_off() {
        match sys::wait_signal(Some(GLANCE)).map(|signal| signal.number) {
            Some(libc::SIGTERM | libc::SIGQUIT | libc::SIGINT) => break,
            // The first process of a container is everybody's parent at last.
            _ => while matches!(sys::reap(), Reaped::Child { .. }) {},
        }
    }
    ExitCode::SUCCESS
}
