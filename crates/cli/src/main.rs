//! The `pipewright` program: takes the command line apart and hands over to one command.

mod commands;
mod diagnostics;
mod output;
mod source;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

#[derive(Parser)]
#[command(name = "pipewright", version)]
enum Arguments {
    /// Print every mistake of a pipeline file
    Check(Check),
}

#[derive(clap::Args)]
pub(crate) struct Check {
    pub file: PathBuf,
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

fn main() -> ExitCode {
    let Arguments::Check(args) = Arguments::parse();
    match commands::check::run(&args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            anstream::eprintln!("{} {error:#}", output::paint(output::RED, "error:"));
            ExitCode::from(if error.is::<source::BadInput>() { 2 } else { 1 })
        }
    }
}
