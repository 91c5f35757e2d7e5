//! The `pipewright` program: takes the command line apart and hands over to one command.
//!
//! Errors become exit codes here and nowhere else: 0 done, 1 failed, 2 wrong input.

mod access;
mod args;
mod args_access;
mod args_api;
mod args_artifacts;
mod args_images;
mod args_objects;
mod args_runs;
mod client;
mod commands;
mod compose;
mod contexts;
mod diagnostics;
mod env;
mod experiments;
mod explain;
mod gpus;
mod home;
mod machine;
mod memory;
mod output;
mod parameters;
mod progress;
mod result;
mod serve;
mod settings;
mod source;
mod terminal;
mod tls;
mod watch;
mod yaml_out;

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use tracing_subscriber::EnvFilter;

use args::{Arguments, Command};
use settings::Settings;
use source::BadInput;

#[global_allocator]
static ALLOCATOR: memory::Allocator = memory::Allocator::new();

fn main() -> ExitCode {
    // The launcher forks: it must begin before any other thread exists.
    if std::env::args_os().nth(1).is_some_and(|word| word == "launcher") {
        return pipewright_launcher::main(std::env::args_os().skip(2));
    }
    let arguments = Arguments::parse_from(args::spelled(std::env::args_os().collect()));
    start_log(&arguments);
    match dispatch(arguments.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            if is_broken_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            anstream::eprintln!("{} {error:#}", output::paint(output::RED, "error:"));
            ExitCode::from(if error.is::<BadInput>() { 2 } else { 1 })
        }
    }
}

fn dispatch(command: Command) -> Result<u8> {
    match command {
        Command::Check(args) => {
            ALLOCATOR.open_arena();
            commands::check::run(&args)
        }
        Command::Completion { shell } => commands::completion::run(shell),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Run(args) => runtime()?.block_on(commands::run::run(&args)),
        Command::Secret(args) => runtime()?.block_on(commands::objects::secrets(&args)),
        Command::ConfigMap(args) => runtime()?.block_on(commands::objects::config_maps(&args)),
        Command::Volume(args) => runtime()?.block_on(commands::objects::volumes(&args)),
        Command::Image(args) => runtime()?.block_on(commands::images::run(&args)),
        Command::Object(args) => runtime()?.block_on(commands::objects::objects(&args)),
        Command::Pipeline(args) => runtime()?.block_on(commands::api::pipeline(&args)),
        Command::Version(args) => runtime()?.block_on(commands::api::version(&args)),
        Command::Experiment(args) => runtime()?.block_on(commands::api::experiment(&args)),
        Command::Artifact(args) => runtime()?.block_on(commands::artifacts::artifact(&args)),
        Command::Audit(args) => runtime()?.block_on(commands::artifacts::audit(&args)),
        Command::RecurringRun(args) => runtime()?.block_on(commands::api::recurring_run(&args)),
        Command::Context(args) => commands::contexts::contexts(&args),
        Command::Login(args) => runtime()?.block_on(commands::contexts::login(&args)),
        Command::Whoami(args) => runtime()?.block_on(commands::contexts::whoami(&args)),
        Command::User(args) => commands::access::users(&args),
        Command::Token(args) => commands::access::tokens(&args),
        Command::Runs(args) => runtime()?.block_on(commands::runs::run(&args)),
        Command::Serve(args) => {
            let settings = Settings::resolve(&args.home, &args.machine, Some(&args))?;
            runtime()?.block_on(serve::run(&settings))
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")
}

/// Logs to stderr; a server tells its life, other commands warn only.
fn start_log(arguments: &Arguments) {
    let default = if matches!(arguments.command, Command::Serve(_)) { "info" } else { "warn" };
    let filter = arguments.log.as_deref().unwrap_or(default);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|error| {
        anstream::eprintln!("the log filter `{filter}` is not understood ({error}); using `{default}`");
        EnvFilter::new(default)
    });
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
}

/// Whoever reads our output may stop reading; that is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
