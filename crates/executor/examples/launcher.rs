//! Stands for the product's binary where executors are tested: it offers the launcher alone.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The first word is the subcommand's name.
    pipewright_launcher::main(std::env::args_os().skip(2))
}
