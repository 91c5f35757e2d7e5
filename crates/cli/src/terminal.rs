//! Questions on the terminal whose answers do not show.

use std::io::{BufRead, Write};

use anyhow::{Context, Result};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

/// Asks on stderr and reads a line from the terminal without showing it.
pub(crate) fn ask_secret(question: &str) -> Result<String> {
    let stdin = std::io::stdin();
    let shown = tcgetattr(&stdin).context("cannot read the terminal's settings")?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    eprint!("{question}");
    std::io::stderr().flush()?;
    tcsetattr(&stdin, OptionalActions::Now, &hidden).context("cannot hide what is typed")?;
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    tcsetattr(&stdin, OptionalActions::Now, &shown).context("cannot show again what is typed")?;
    eprintln!();
    read.context("cannot read from the terminal")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
