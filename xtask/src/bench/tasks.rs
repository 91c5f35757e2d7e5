//! No-op commands: a chain of 100, fan-outs of 1 000 and 10 000, and the server's memory meanwhile.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use super::{Bench, mebibytes, millis};
use crate::ir;
use crate::served::{self, Served};
use crate::workflow;

const CHAIN: u32 = 100;
const CHAIN_LIMIT: Duration = Duration::from_millis(2);
const FAN_OUT: u32 = 1_000;
const FAN_OUT_LIMIT: Duration = Duration::from_millis(1);
const LARGE: u32 = 10_000;
const LARGE_RATIO: f64 = 1.3;
const LARGE_MEMORY: u64 = 200_000_000;
/// What the machine itself varies by.
const OLDER_RATIO: f64 = 1.15;
const REPEATS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(600);

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let home = bench.folder.join("tasks");
    let served = Served::start(&bench.binary, &home, &[])?;
    run_once(&served, &ir::chain("warm-up", ir::true_container(), 5))?;

    let chain = ir::chain("chain", ir::true_container(), CHAIN);
    let [per_task, floor] = quietest(&served, &chain, CHAIN)?;
    overhead(
        bench,
        &format!("chain of {CHAIN}, beyond a bare spawn, per task, best of 3"),
        [per_task, floor, CHAIN_LIMIT],
    );

    let fan_out = ir::fan_out("fan-out", ir::true_container(), FAN_OUT);
    let [per_task, floor] = quietest(&served, &fan_out, FAN_OUT)?;
    let what = format!("fan-out of {FAN_OUT}, beyond a bare spawn, per task, best of 3");
    overhead(bench, &what, [per_task, floor, FAN_OUT_LIMIT]);

    older_format(bench, &served, (&chain, &fan_out))?;

    let before = run_once(&served, &fan_out)? / FAN_OUT;
    let id = run_to_end(&served, &ir::fan_out("large-fan-out", ir::true_container(), LARGE))?;
    // Before the run is asked for: ten thousand tasks as one document are no part of running them.
    let peak = served.memory_bytes("VmHWM")?;
    let large = served.duration(&id)? / LARGE;
    let small = (before + run_once(&served, &fan_out)? / FAN_OUT) / 2;
    let ratio = large.as_secs_f64() / small.as_secs_f64();
    let figures = [format!("{ratio:.2}x"), millis(small), format!("{LARGE_RATIO}x")];
    bench.row(
        format!("fan-out of {LARGE}, time per task over that of {FAN_OUT}"),
        figures,
        ratio <= LARGE_RATIO,
    );
    let figures = [mebibytes(peak), "-".to_owned(), mebibytes(LARGE_MEMORY)];
    bench.row(format!("peak memory of the server after {LARGE} tasks"), figures, peak <= LARGE_MEMORY);
    Ok(())
}

/// The same pipelines in the v1 format, in turn with those of v2: they cost no more.
fn older_format(bench: &mut Bench, served: &Served, (chain, fan_out): (&Value, &Value)) -> Result<()> {
    for (what, count, newer, older) in [
        ("chain", CHAIN, chain, workflow::chain("older-chain", CHAIN)),
        ("fan-out", FAN_OUT, fan_out, workflow::fan_out("older-fan-out", FAN_OUT)),
    ] {
        let mut least = [Duration::MAX; 2];
        for _ in 0..REPEATS {
            for (least, spec) in least.iter_mut().zip([newer, &older]) {
                *least = (*least).min(run_once(served, spec)? / count);
            }
        }
        let ratio = least[1].as_secs_f64() / least[0].as_secs_f64();
        let figures = [format!("{ratio:.2}x"), millis(least[0]), format!("{OLDER_RATIO}x")];
        let title = format!("{what} of {count} in the v1 format, time per task over that in v2");
        bench.row(title, figures, ratio <= OLDER_RATIO);
    }
    Ok(())
}

/// Runs the pipeline and the bare loop in turn and returns the least time for one task of each: what other
/// programs take from the machine in the meantime only ever adds.
fn quietest(served: &Served, spec: &Value, count: u32) -> Result<[Duration; 2]> {
    let mut least = [Duration::MAX; 2];
    for _ in 0..REPEATS {
        let floor = bare_loop(count)?;
        let measured = run_once(served, spec)? / count;
        least = [least[0].min(measured), least[1].min(floor)];
    }
    Ok(least)
}

fn overhead(bench: &mut Bench, what: &str, [measured, floor, limit]: [Duration; 3]) {
    let beyond = measured.saturating_sub(floor);
    bench.row(what, [millis(beyond), millis(floor), millis(limit)], beyond <= limit);
}

/// Runs a pipeline to its end and returns how long it took by the server's clock.
pub(super) fn run_once(served: &Served, spec: &Value) -> Result<Duration> {
    let id = run_to_end(served, spec)?;
    served.duration(&id)
}

fn run_to_end(served: &Served, spec: &Value) -> Result<String> {
    let id = served.submit("bench", spec)?;
    let run = served.wait(&id, PATIENCE)?;
    served::must_succeed(&run)?;
    Ok(id)
}

/// Spawns and reaps `/bin/true` one after the other; returns the time for one.
fn bare_loop(count: u32) -> Result<Duration> {
    let started = Instant::now();
    for _ in 0..count {
        Command::new("/bin/true").stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    }
    Ok(started.elapsed() / count)
}
