//! The project's own commands: `cargo xtask test`, `demo`, `ui`, `codegen`, `screenshots`, `bench`, `fuzz`, `crash`,
//! `images`, `check-layers`.
//!
//! Nothing here is shipped. Whatever a command needs (a virtual environment, a built binary, a home folder) it
//! prepares itself, below the target folder or `.pipewright/`.

mod bench;
mod codegen;
mod container_crash;
mod containers;
mod crash;
mod demo;
mod fuzz;
mod http;
mod images;
mod ir;
mod layers;
mod python;
mod served;
mod test;
mod ui;
mod workflow;
mod workspace;
mod yaml;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Commands of the Pipewright workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs what the tests need and runs all of them.
    Test(test::Args),
    /// Builds the binary and runs the crypto-forecasting example on a server of its own.
    Demo(demo::Args),
    /// Builds the web pages that go into the binary.
    Ui(ui::Args),
    /// Writes the types of the API for the web pages.
    Codegen(codegen::Args),
    /// Takes pictures of every page in both themes for the user guide.
    Screenshots,
    /// Checks that crates depend on each other only as ARCHITECTURE.md allows.
    CheckLayers,
    /// Measures overheads as ratios to floors taken in the same run.
    Bench(bench::Args),
    /// Makes container images for tests from Debian and Python packages.
    Images(images::Args),
    /// Sends requests of every kind, right and wrong, and watches how the server takes them.
    Fuzz(fuzz::Args),
    /// Kills a server again and again in the middle of a run and checks that nothing is lost or done twice.
    Crash(crash::Args),
}

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Test(args) => test::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Ui(args) => ui::run(&args),
        Command::Codegen(args) => codegen::run(&args),
        Command::Screenshots => ui::screenshots(),
        Command::CheckLayers => layers::run(),
        Command::Bench(args) => bench::run(&args),
        Command::Images(args) => images::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Crash(args) => crash::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
