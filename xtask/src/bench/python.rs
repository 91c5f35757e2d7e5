//! No-op Python components against the bare executor call with the same interpreter.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::tasks::run_once;
use super::{Bench, millis};
use crate::ir;
use crate::served::Served;

const COUNT: u32 = 30;
/// Times that each is measured.
const TURNS: usize = 5;
const LIMIT: f64 = 1.15;
const SOURCE: &str = "def noop():\n    pass\n";

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let home = bench.folder.join("python");
    let served = Served::start(&bench.binary, &home, &[])?;
    let container = ir::python_container("noop", SOURCE);
    println!("  preparing the Python environment");
    run_once(&served, &ir::chain("warm-up", container.clone(), 2))?;
    let bare = Bare::prepare(&home, &bench.folder)?;
    bare.sequential(3)?;

    // What making the environment has left to be written would take part in the measuring.
    Command::new("sync").status().context("cannot start sync")?;

    let chain = ir::chain("python-chain", container.clone(), COUNT);
    let (measured, floor) = median(|| Ok(run_once(&served, &chain)? / COUNT), || bare.sequential(COUNT))?;
    ratio(
        bench,
        &format!("Python no-op, chain of {COUNT}, over the bare call, median of {TURNS}"),
        measured,
        floor,
    );

    let workers = std::thread::available_parallelism()?.get() as u32;
    let fan_out = ir::fan_out("python-fan-out", container, COUNT);
    let (measured, floor) =
        median(|| Ok(run_once(&served, &fan_out)? / COUNT), || bare.parallel(COUNT, workers))?;
    let what = format!("Python no-op, fan-out of {COUNT}, over {workers} bare loops, median of {TURNS}");
    ratio(bench, &what, measured, floor);
    Ok(())
}

/// Measures both in turns, so that both have the machine as it is then; returns the turn of the median ratio.
fn median(
    mut measured: impl FnMut() -> Result<Duration>,
    mut floor: impl FnMut() -> Result<Duration>,
) -> Result<(Duration, Duration)> {
    let mut turns = Vec::new();
    for _ in 0..TURNS {
        let floor = floor()?;
        turns.push((measured()?, floor));
    }
    turns.sort_by(|one, other| over(*one).total_cmp(&over(*other)));
    Ok(turns[turns.len() / 2])
}

fn over((measured, floor): (Duration, Duration)) -> f64 {
    measured.as_secs_f64() / floor.as_secs_f64()
}

fn ratio(bench: &mut Bench, what: &str, measured: Duration, floor: Duration) {
    let ratio = over((measured, floor));
    bench.row(what, [format!("{ratio:.3}x"), millis(floor), format!("{LIMIT}x")], ratio <= LIMIT);
}

/// The call that a component comes down to, without anything around it.
struct Bare {
    python: PathBuf,
    module: PathBuf,
    output: PathBuf,
}

impl Bare {
    fn prepare(home: &Path, folder: &Path) -> Result<Self> {
        let module = folder.join("ephemeral_component.py");
        let preamble = "\nimport kfp\nfrom kfp import dsl\nfrom kfp.dsl import *\nfrom typing import *\n\n";
        std::fs::write(&module, format!("{preamble}{SOURCE}\n"))?;
        let bare = Self {
            python: interpreter(&home.join("environments"))?,
            module,
            output: folder.join("executor_output.json"),
        };
        let compiled =
            Command::new(&bare.python).args(["-m", "compileall", "-q"]).arg(site(&bare.python)?).status()?;
        if !compiled.success() {
            bail!("cannot compile the environment's bytecode");
        }
        Ok(bare)
    }

    fn call(&self) -> Result<()> {
        let input = format!("{{\"inputs\":{{}},\"outputs\":{{\"outputFile\":{:?}}}}}", self.output);
        let status = Command::new(&self.python)
            .args(["-m", "kfp.dsl.executor_main", "--component_module_path"])
            .arg(&self.module)
            .args(["--executor_input", &input, "--function_to_execute", "noop"])
            .env("_KFP_RUNTIME", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if !status.success() {
            bail!("the bare executor call failed");
        }
        Ok(())
    }

    fn sequential(&self, count: u32) -> Result<Duration> {
        let started = Instant::now();
        for _ in 0..count {
            self.call()?;
        }
        Ok(started.elapsed() / count)
    }

    fn parallel(&self, count: u32, workers: u32) -> Result<Duration> {
        let next = std::sync::atomic::AtomicU32::new(0);
        let started = Instant::now();
        std::thread::scope(|scope| -> Result<()> {
            let work = || -> Result<()> {
                while next.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < count {
                    self.call()?;
                }
                Ok(())
            };
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("a worker does not panic"))
        })?;
        Ok(started.elapsed() / count)
    }
}

/// Finds the interpreter of the one environment that the warm-up made.
fn interpreter(environments: &Path) -> Result<PathBuf> {
    let mut stack = vec![environments.to_path_buf()];
    while let Some(folder) = stack.pop() {
        let candidate = folder.join("bin/python3");
        if candidate.exists() {
            return Ok(candidate);
        }
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() && entry.file_name() != "lib" {
                stack.push(entry.path());
            }
        }
    }
    bail!("no Python environment below {}", environments.display())
}

fn site(python: &Path) -> Result<PathBuf> {
    let code = "import sysconfig; print(sysconfig.get_path('purelib'))";
    let output = Command::new(python).args(["-c", code]).output()?;
    let path = String::from_utf8(output.stdout).context("the interpreter's path is no text")?;
    Ok(PathBuf::from(path.trim()))
}
