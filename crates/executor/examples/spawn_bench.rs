//! Compares attempts under the launcher with a bare loop of the same command.
//!
//! `cargo run --profile fast -p pipewright-executor --example spawn_bench [ROUNDS]`, after building the example
//! `launcher` with the same profile.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pipewright_executor::process::{Isolation, Options, ProcessExecutor};
use pipewright_executor::{Executor, Observations, contract};

fn main() {
    let rounds: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(300);
    let own = std::env::current_exe().expect("a running program has a path");
    let launcher = own.with_file_name("launcher");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let floor = floor(rounds);
    println!("floor      {:>8.1} us per /bin/true", floor.as_secs_f64() * 1e6);
    for (name, isolation) in [("plain", Isolation::Off), ("isolated", Isolation::On)] {
        for width in [1, 2, 4] {
            let each = runtime.block_on(ours(&launcher, isolation, rounds, width));
            println!(
                "{name:<9} x{width} {:>7.1} us, {:+.1} us beyond the floor",
                each.as_secs_f64() * 1e6,
                (each.as_secs_f64() - floor.as_secs_f64()) * 1e6
            );
        }
    }
}

fn floor(rounds: usize) -> Duration {
    let begin = Instant::now();
    for _ in 0..rounds {
        let status = std::process::Command::new("/bin/true").status().expect("/bin/true starts");
        assert!(status.success());
    }
    begin.elapsed() / u32::try_from(rounds).expect("few rounds")
}

async fn ours(launcher: &PathBuf, isolation: Isolation, rounds: usize, width: usize) -> Duration {
    let home = tempfile::tempdir().expect("a folder can be made");
    let options = Options { isolation, ..Options::new(home.path(), launcher) };
    let (executor, mut observations) = ProcessExecutor::start(options).expect("the launcher starts");
    run_one(&executor, &mut observations, usize::MAX).await;
    let begin = Instant::now();
    let mut next = 0;
    let mut in_flight = 0;
    while next < rounds || in_flight > 0 {
        while in_flight < width && next < rounds {
            executor.launch(contract::launch_of(&format!("task-{next}"), &["/bin/true"])).await;
            next += 1;
            in_flight += 1;
        }
        let observation = observations.recv().await.expect("the executor is alive");
        if matches!(observation.observed, pipewright_engine::Observed::Ended { .. }) {
            in_flight -= 1;
        }
    }
    begin.elapsed() / u32::try_from(rounds).expect("few rounds")
}

async fn run_one(executor: &ProcessExecutor, observations: &mut Observations, number: usize) {
    let launch = contract::launch_of(&format!("task-{number}"), &["/bin/true"]);
    let attempt = launch.attempt.clone();
    executor.launch(launch).await;
    let end = contract::end_of(observations, &attempt).await;
    assert!(matches!(end, pipewright_engine::AttemptEnd::Succeeded { .. }), "{end:?}");
}
