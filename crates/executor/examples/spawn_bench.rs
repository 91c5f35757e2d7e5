//! Compares attempts under the launcher with a bare loop of the same command.
//!
//! `cargo run --profile fast -p pipewright-executor --example spawn_bench [ROUNDS] [python]`, after building the
//! example `launcher` with the same profile. With `python`, the command is a kfp function in a warm environment
//! (made first, from the package index) and the floor is the bare call of kfp's executor.

use std::path::Path;
use std::time::{Duration, Instant};

use pipewright_engine::Launch;
use pipewright_executor::process::{self, Isolation, Options, ProcessExecutor};
use pipewright_executor::{Executor, Observations, contract};
use pipewright_plan::{Placeholder, Text, TextPart, Word};

fn main() {
    let rounds: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(300);
    let own = std::env::current_exe().expect("a running program has a path");
    let launcher = own.with_file_name("launcher");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made");
    if std::env::args().nth(2).as_deref() == Some("python") {
        return runtime.block_on(python(&launcher, rounds));
    }
    let floor = floor(rounds);
    println!("floor      {:>8.1} us per /bin/true", floor.as_secs_f64() * 1e6);
    let home = tempfile::tempdir().expect("a folder can be made");
    let obstacle = process::obstacle(&launcher, home.path()).expect("the launcher starts");
    for (name, isolation) in [("plain", Isolation::Off), ("isolated", Isolation::On)] {
        if let (Isolation::On, Some(why)) = (isolation, &obstacle) {
            println!("isolated: not here, {why}");
            continue;
        }
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

async fn ours(launcher: &Path, isolation: Isolation, rounds: usize, width: usize) -> Duration {
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

const RUN: &str = r#"program_path=$(mktemp -d) printf "%s" "$0" > "$program_path/ephemeral_component.py" _KFP_RUNTIME=true python3 -m kfp.dsl.executor_main --component_module_path "$program_path/ephemeral_component.py" "$@""#;
const INSTALL: &str = "PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet 'kfp==2.17.0' '--no-deps' && \"$0\" \"$@\"";
const SOURCE: &str = "from kfp.dsl import *\n\ndef nothing():\n    pass\n";

fn function(number: usize) -> Launch {
    let mut launch = contract::launch_of(
        &format!("function-{number}"),
        &[
            "sh",
            "-c",
            INSTALL,
            "sh",
            "-ec",
            RUN,
            SOURCE,
            "--function_to_execute",
            "nothing",
            "--executor_input",
        ],
    );
    launch.image = "python:3.11".to_owned();
    let parts = vec![TextPart::Placeholder { placeholder: Placeholder::ExecutorInput }];
    launch.container.args = vec![Word::Text { text: Text { parts } }];
    launch
}

async fn python(launcher: &Path, rounds: usize) {
    let home = tempfile::tempdir().expect("a folder can be made");
    let (executor, mut observations) =
        ProcessExecutor::start(Options::new(home.path(), launcher)).expect("the launcher starts");
    run(&executor, &mut observations, function(usize::MAX)).await;
    let mut environments =
        std::fs::read_dir(home.path().join("environments")).expect("environments are there");
    let environment = environments.find_map(|entry| {
        let path = entry.ok()?.path();
        path.is_dir().then_some(path)
    });
    let python = environment.expect("one environment was made").join("bin/python");
    let source = home.path().join("ephemeral_component.py");
    std::fs::write(&source, SOURCE).expect("the home folder can be written to");
    let input =
        format!("{{\"outputs\":{{\"outputFile\":\"{}/out/output_metadata.json\"}}}}", home.path().display());
    // Turns of both, so that a busy machine is equally busy for both.
    let (mut floor, mut ours) = (Duration::ZERO, Duration::ZERO);
    for round in 0..rounds {
        let begin = Instant::now();
        let status = std::process::Command::new(&python)
            .args([
                "-m",
                "kfp.dsl.executor_main",
                "--function_to_execute",
                "nothing",
                "--executor_input",
                &input,
            ])
            .arg("--component_module_path")
            .arg(&source)
            .env("_KFP_RUNTIME", "true")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .expect("python starts");
        assert!(status.success(), "the bare call succeeds");
        floor += begin.elapsed();
        let begin = Instant::now();
        run(&executor, &mut observations, function(round)).await;
        ours += begin.elapsed();
    }
    let millis = |time: Duration| time.as_secs_f64() * 1e3 / rounds as f64;
    println!(
        "function: bare {:.1} ms, ours {:.1} ms, ratio {:.3}",
        millis(floor),
        millis(ours),
        ours.as_secs_f64() / floor.as_secs_f64()
    );
}

async fn run_one(executor: &ProcessExecutor, observations: &mut Observations, number: usize) {
    run(executor, observations, contract::launch_of(&format!("task-{number}"), &["/bin/true"])).await;
}

async fn run(executor: &ProcessExecutor, observations: &mut Observations, launch: Launch) {
    let attempt = launch.attempt.clone();
    executor.launch(launch).await;
    let end = contract::end_of(observations, &attempt).await;
    assert!(matches!(end, pipewright_engine::AttemptEnd::Succeeded { .. }), "{end:?}");
}
