//! `pipewright check FILE`: every mistake of a pipeline file at once.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use pipewright_compiler::{Diagnostics, compile};
use serde_json::json;

use crate::args::{Check, Format};
use crate::{diagnostics, source};

/// Prints the mistakes; leaves with 0 when the file can be run, with 2 when it cannot.
pub(crate) fn run(args: &Check) -> Result<u8> {
    let text = source::read(&args.file)?;
    let (name, found, summary) = match compile(&text) {
        Ok(compiled) => {
            let summary = format!(
                "{}: pipeline `{}` can be run ({} components)",
                args.file.display(),
                compiled.plan.name,
                compiled.plan.components.len()
            );
            (Some(compiled.plan.name), compiled.warnings, summary)
        }
        Err(found) => {
            let errors = found.iter().filter(|one| one.is_error()).count();
            (None, found, format!("{}: {errors} mistake(s)", args.file.display()))
        }
    };
    match args.output {
        Format::Json => {
            let document = json!({
                "file": args.file.display().to_string(),
                "ok": name.is_some(),
                "pipeline": name,
                "diagnostics": found,
            });
            writeln!(std::io::stdout(), "{document:#}")?;
        }
        Format::Text => {
            print(&args.file, &text, &found);
            writeln!(std::io::stdout(), "{summary}")?;
        }
    }
    Ok(if name.is_some() { 0 } else { 2 })
}

/// Draws diagnostics on stderr.
pub(crate) fn print(file: &Path, text: &[u8], found: &Diagnostics) {
    let drawn = diagnostics::render(&file.display().to_string(), text, found);
    let _ = anstream::stderr().write_all(drawn.as_bytes());
}
