//! Reads files that users name, with limits and errors that say what to do.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};

/// Bytes of a pipeline file that are read. The compiler's own limit is lower and says so with a diagnostic.
const MOST: u64 = 33 << 20;

/// What was given cannot be used; leaves with 2.
#[derive(Debug)]
pub(crate) struct BadInput(pub String);

impl std::fmt::Display for BadInput {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}

/// Reads a pipeline file, or takes it out of a package (`.zip`, `.tar.gz`).
pub(crate) fn read_pipeline(file: &Path) -> Result<Vec<u8>> {
    let bytes = read(file)?;
    if !bytes.starts_with(b"PK\x03\x04") && !bytes.starts_with(b"\x1f\x8b") {
        return Ok(bytes);
    }
    pipewright_server::pipeline_file(&file.to_string_lossy(), bytes)
        .map_err(|error| BadInput(error.to_string()).into())
}

/// Reads a file, or stdin when it is named `-`; a longer one is cut after a little more than is ever compiled.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().lock().take(MOST).read_to_end(&mut text).context("cannot read stdin")?;
        return Ok(text);
    }
    let opened = std::fs::File::open(file).and_then(|opened| {
        if opened.metadata()?.is_dir() {
            return Err(std::io::Error::other("it is a folder"));
        }
        Ok(opened)
    });
    let read = opened.and_then(|opened| opened.take(MOST).read_to_end(&mut text));
    match read {
        Ok(_) => Ok(text),
        Err(error) => Err(BadInput(format!("cannot read {}: {error}", file.display())).into()),
    }
}
