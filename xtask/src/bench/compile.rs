//! Compiling and checking a very large file, in both notations, by the clock of the whole command.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::{Bench, mebibytes, millis};
use crate::{ir, yaml};

/// Length of the file, about.
const BYTES: usize = 10_000_000;
const LIMIT: Duration = Duration::from_millis(300);
const REPEATS: usize = 7;

/// Writes a document in one of the notations.
type Write = fn(&serde_json::Value) -> String;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let folder = bench.folder.join("compile");
    std::fs::create_dir_all(&folder)?;
    let small = folder.join("small.json");
    std::fs::write(&small, ir::chain("small", ir::true_container(), 2).to_string())?;
    let notations: [(&str, Write); 2] = [("YAML", yaml::text), ("JSON", ToString::to_string)];
    for (notation, write) in notations {
        let text = sized(write);
        let file = folder.join(format!("large.{}", notation.to_lowercase()));
        std::fs::write(&file, &text)?;
        let floor = quickest(&bench.binary, &small)?;
        let measured = quickest(&bench.binary, &file)?.saturating_sub(floor);
        let size = mebibytes(text.len() as u64);
        let what = format!("check of {size} of {notation}, beyond a small file, best of {REPEATS}");
        bench.row(what, [millis(measured), millis(floor), millis(LIMIT)], measured <= LIMIT);
    }
    Ok(())
}

/// Returns a document that is about so long in this notation.
fn sized(write: Write) -> String {
    let sample = write(&ir::many_components(200)).len();
    let count = BYTES as f64 / sample as f64 * 200.0;
    write(&ir::many_components(count.ceil() as u32))
}

fn quickest(binary: &Path, file: &Path) -> Result<Duration> {
    let mut least = Duration::MAX;
    for _ in 0..REPEATS {
        let started = Instant::now();
        let status = Command::new(binary).arg("check").arg(file).stdout(Stdio::null()).status()?;
        least = least.min(started.elapsed());
        if !status.success() {
            bail!("`check {}` left with {status}", file.display());
        }
    }
    Ok(least)
}
