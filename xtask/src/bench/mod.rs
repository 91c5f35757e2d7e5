//! `cargo xtask bench`: overheads as ratios to floors measured in the same run.
//!
//! Each case measures the machine's floor (the same commands from a bare loop) right before or after the real
//! thing, so that a table from a slow or busy machine still says something.

mod artifact;
mod compile;
mod containers;
mod load;
mod nested;
mod pages;
mod python;
mod startup;
mod tasks;

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::{ui, workspace};

/// Which cases to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Case to measure: tasks, nested, containers, python, startup, compile, artifact, pages, load; all but load when left out.
    cases: Vec<String>,
    /// Build profile of the measured binary.
    #[arg(long, default_value = "fast")]
    profile: String,
    /// Prints the table, but leaves with 0 even when a limit is missed.
    #[arg(long)]
    report_only: bool,
}

/// What every case gets.
struct Bench {
    binary: PathBuf,
    /// A fresh folder of this bench; removed at the end.
    folder: PathBuf,
    rows: Vec<Row>,
}

/// One line of the table.
struct Row {
    what: String,
    measured: String,
    floor: String,
    limit: String,
    holds: bool,
}

impl Bench {
    fn row(&mut self, what: impl Into<String>, figures: [String; 3], holds: bool) {
        let [measured, floor, limit] = figures;
        let row = Row { what: what.into(), measured, floor, limit, holds };
        println!("  {}: {} (floor {}, limit {})", row.what, row.measured, row.floor, row.limit);
        self.rows.push(row);
    }
}

type Case = (&'static str, fn(&mut Bench) -> Result<()>);

const CASES: &[Case] = &[
    ("startup", startup::measure),
    ("tasks", tasks::measure),
    ("nested", nested::measure),
    ("containers", containers::measure),
    ("python", python::measure),
    ("compile", compile::measure),
    ("artifact", artifact::measure),
    (PAGES, pages::measure),
    (LOAD, load::measure),
];

const PAGES: &str = "pages";
/// Takes minutes and gigabytes.
const LOAD: &str = "load";

/// Measures the chosen cases and prints the table.
pub fn run(args: &Args) -> Result<()> {
    if let Some(unknown) = args.cases.iter().find(|case| !CASES.iter().any(|(name, _)| name == case)) {
        let known: Vec<&str> = CASES.iter().map(|(name, _)| *name).collect();
        bail!("no case is named `{unknown}`; there are {}", known.join(", "));
    }
    let is_wanted =
        |name: &str| args.cases.is_empty() && name != LOAD || args.cases.iter().any(|case| case == name);
    if is_wanted(PAGES) {
        // Before the binary, which has them in it.
        ui::build()?;
    }
    let binary = workspace::build(&args.profile)?;
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(workspace::target())?;
    let mut bench = Bench { binary, folder: folder.path().to_path_buf(), rows: Vec::new() };
    for (name, measure) in CASES {
        if is_wanted(name) {
            println!("{name}");
            measure(&mut bench)?;
        }
    }
    print_table(&bench.rows);
    let missed = bench.rows.iter().filter(|row| !row.holds).count();
    if missed > 0 && !args.report_only {
        bail!("{missed} limit(s) missed");
    }
    Ok(())
}

fn print_table(rows: &[Row]) {
    let width = rows.iter().map(|row| row.what.len()).max().unwrap_or(0);
    println!("\n{:width$}  {:>16}  {:>16}  {:>12}", "what", "measured", "floor", "limit");
    for row in rows {
        let mark = if row.holds { "holds" } else { "MISSED" };
        println!("{:width$}  {:>16}  {:>16}  {:>12}  {mark}", row.what, row.measured, row.floor, row.limit);
    }
}

fn millis(duration: std::time::Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
