//! Runs user commands beside a server that may die at any moment.
//!
//! One small fork server takes launch requests from an executor over a socket and forks a supervisor for
//! each attempt. A supervisor owns the attempt's folder, starts the command, waits for it, publishes its
//! outputs and leaves an exit report. Both outlive the executor. No runtime, no threads: everything here
//! forks.

mod attempt;
mod claim;
mod command;
mod companion;
mod disk;
mod folder;
mod hold;
mod image_root;
mod inside;
mod jail;
mod layers;
mod namespace;
mod notices;
mod places;
mod publish;
mod result;
mod sampler;
mod scratch;
mod serve;
mod sys;
mod volumes;
mod wait;
mod whole_root;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the hidden subcommand: `serve [--grace-ms N] [--isolation auto|on|off] [--home DIR]`, with the request
/// socket as stdin and the notice socket as stdout; or `inside REQUEST LOG REPORT [--grace-ms N]`, which runs one
/// attempt in a container whose mounts are made already; or `hold REPORT`, which holds for a pod what its
/// containers share.
///
/// Must be called before the process has started any thread.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if args.first().is_some_and(|word| word == "inside") {
        return inside::main(&args[1..]);
    }
    if args.first().is_some_and(|word| word == "hold") {
        return hold::main(&args[1..]);
    }
    match serve::Options::parse(&args) {
        Ok(options) => serve::run(&options),
        Err(message) => {
            eprintln!("pipewright launcher: {message}");
            ExitCode::from(2)
        }
    }
}
