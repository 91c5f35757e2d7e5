//! No-op containers of Docker: a chain and a fan-out against `docker run` of the same image in the same run, and what
//! a fan-out of two hundred leaves behind.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::tasks::run_once;
use super::{Bench, millis};
use crate::served::Served;
use crate::{containers, images, ir};

const CHAIN: u32 = 20;
const FAN_OUT: u32 = 200;
/// Of the fan-out, tasks at once: as many as bare containers.
const AT_ONCE: u32 = 4;
const REPEATS: u32 = 3;
const RATIO: f64 = 1.0;
/// Removing the last containers takes a moment.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let engine = match containers::docker(folder.path()) {
        Ok(engine) => engine,
        Err(error) => {
            println!("  left out, because {error:#}");
            return Ok(());
        }
    };
    containers::load(&images::make_noop_archive()?, &engine.socket)?;
    let docker = Docker { socket: engine.socket.clone() };
    let home = bench.folder.join("containers");
    let socket = engine.socket.display().to_string();
    let at_once = AT_ONCE.to_string();
    let extra = ["--executor", "container", "--container-network", "none", "--container-socket", &socket];
    let extra = [&extra[..], &["--max-parallel", &at_once]].concat();
    let served = Served::start(&bench.binary, &home, &extra)?;
    let container = serde_json::json!({ "image": images::NOOP, "command": ["/noop"] });
    run_once(&served, &ir::chain("warm-up", container.clone(), 2))?;
    docker.run(1)?;

    let chain = ir::chain("container-chain", container.clone(), CHAIN);
    let mut least = [Duration::MAX; 2];
    for _ in 0..REPEATS {
        least[0] = least[0].min(run_once(&served, &chain)? / CHAIN);
        least[1] = least[1].min(docker.run(CHAIN)? / CHAIN);
    }
    ratio(
        bench,
        &format!("chain of {CHAIN} containers, time per task over `docker run`, best of {REPEATS}"),
        least,
    );

    let before = docker.left(&home)?;
    let fan_out = ir::fan_out("container-fan-out", container, FAN_OUT);
    let measured = run_once(&served, &fan_out)? / FAN_OUT;
    let after = docker.left_at_last(&home, &before)?;
    let floor = docker.run_at_once(FAN_OUT)? / FAN_OUT;
    let what = format!("fan-out of {FAN_OUT} containers, {AT_ONCE} at once, time per task over `docker run`");
    ratio(bench, &what, [measured, floor]);
    let holds = after == before;
    bench.row(
        format!("left of {FAN_OUT} containers: containers, networks, volumes, scratch folders, mounts"),
        [format!("{after:?}"), format!("{before:?}"), "the same".to_owned()],
        holds,
    );
    Ok(())
}

fn ratio(bench: &mut Bench, what: &str, [measured, floor]: [Duration; 2]) {
    let ratio = measured.as_secs_f64() / floor.as_secs_f64();
    let figures = [format!("{ratio:.2}x ({})", millis(measured)), millis(floor), format!("{RATIO}x")];
    bench.row(what, figures, ratio < RATIO);
}

/// Docker's own command line.
struct Docker {
    socket: PathBuf,
}

impl Docker {
    fn command(&self) -> Command {
        let mut command = Command::new("docker");
        command.arg("--host").arg(format!("unix://{}", self.socket.display()));
        command.stdin(Stdio::null());
        command
    }

    fn one(&self) -> Command {
        let mut command = self.command();
        command.args(["run", "--rm", "--network", "none", images::NOOP, "/noop"]).stdout(Stdio::null());
        command
    }

    /// Runs containers one after the other.
    fn run(&self, count: u32) -> Result<Duration> {
        let began = Instant::now();
        for _ in 0..count {
            if !self.one().status().context("cannot start docker")?.success() {
                bail!("docker run failed");
            }
        }
        Ok(began.elapsed())
    }

    /// Runs containers, some at a time.
    fn run_at_once(&self, count: u32) -> Result<Duration> {
        let began = Instant::now();
        let outcomes: Vec<Result<Duration>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(|| self.run(count / AT_ONCE))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no code there panics")).collect()
        });
        outcomes.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(began.elapsed())
    }

    /// Counts what there is: containers, networks, volumes, what attempts have in scratch folders, and mounts below
    /// the home folder.
    fn left(&self, home: &Path) -> Result<[usize; 5]> {
        let lines = |arguments: &[&str]| -> Result<usize> {
            let output = self.command().args(arguments).output().context("cannot start docker")?;
            Ok(String::from_utf8_lossy(&output.stdout).lines().count())
        };
        let attempts = std::fs::read_dir(home.join("attempts")).into_iter().flatten().flatten();
        let attempts = attempts.flat_map(|run| std::fs::read_dir(run.path()).into_iter().flatten().flatten());
        let scratch = attempts.filter(|attempt| attempt.path().join("scratch").exists()).count();
        let mounts = std::fs::read_to_string("/proc/mounts")?;
        let own = home.display().to_string();
        Ok([
            lines(&["ps", "--all", "--quiet"])?,
            lines(&["network", "ls", "--quiet"])?,
            lines(&["volume", "ls", "--quiet"])?,
            scratch,
            mounts.lines().filter(|line| line.contains(&own)).count(),
        ])
    }

    fn left_at_last(&self, home: &Path, expected: &[usize; 5]) -> Result<[usize; 5]> {
        let began = Instant::now();
        loop {
            let left = self.left(home)?;
            if left == *expected || began.elapsed() > PATIENCE {
                return Ok(left);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
