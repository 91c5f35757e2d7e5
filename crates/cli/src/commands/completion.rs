//! `pipewright completion SHELL`.

use std::io::Write;

use clap::CommandFactory;

use crate::args::Arguments;

/// Prints the completion script.
pub(crate) fn run(shell: clap_complete::Shell) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "pipewright", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(0)
}
