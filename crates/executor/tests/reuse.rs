//! A supervisor serves one attempt after the other, and nothing of one reaches the next.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use pipewright_engine::AttemptEnd;
use pipewright_executor::process::{Options, ProcessExecutor, obstacle};
use pipewright_executor::{Executor, LogSource, Observations, contract};
use pipewright_plan::Usage;

/// The stand-in for the product's binary; cargo builds examples before tests.
fn launcher() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent().unwrap().parent().unwrap().join("examples/launcher")
}

struct Executing {
    executor: ProcessExecutor,
    observations: Observations,
}

impl Executing {
    /// Starts an executor; nothing where tasks get no view of their own, since supervisors serve once there.
    fn start(home: &Path) -> Option<Self> {
        if let Some(why) = obstacle(&launcher(), home).unwrap() {
            eprintln!("passed over: {why}");
            return None;
        }
        let (executor, observations) = ProcessExecutor::start(Options::new(home, launcher())).unwrap();
        Some(Self { executor, observations })
    }

    /// Runs a script to its end; gives what it printed and what it used.
    async fn run(&mut self, task: &str, script: &str) -> (String, Usage) {
        self.run_in("busybox", task, script).await
    }

    async fn run_in(&mut self, image: &str, task: &str, script: &str) -> (String, Usage) {
        let mut launch = contract::launch_of(task, &["sh", "-c", script]);
        image.clone_into(&mut launch.image);
        let attempt = launch.attempt.clone();
        self.executor.launch(launch).await;
        let end = contract::end_of(&mut self.observations, &attempt).await;
        let AttemptEnd::Succeeded { usage, .. } = end else { panic!("{task}: {end:?}") };
        let log = std::fs::read_to_string(self.executor.log_path(&attempt)).unwrap();
        (log.lines().filter(|line| !line.starts_with("pipewright: ")).collect(), usage)
    }
}

#[tokio::test]
async fn supervisors_serve_again_after_tasks_that_leave_nothing() {
    let home = tempfile::tempdir().unwrap();
    let Some(mut executing) = Executing::start(home.path()) else { return };
    let mut supervisors = BTreeSet::new();
    for turn in 0..24 {
        supervisors.insert(executing.run(&format!("turn-{turn}"), "echo $PPID").await.0);
    }
    assert!(supervisors.len() < 12, "{supervisors:?}");
}

#[tokio::test]
async fn supervisors_leave_after_tasks_that_leave_something() {
    let home = tempfile::tempdir().unwrap();
    let Some(mut executing) = Executing::start(home.path()) else { return };
    let mut supervisors = BTreeSet::new();
    for turn in 0..6 {
        let script = "ls -A /dev/shm >&2; touch /dev/shm/left; echo $PPID";
        supervisors.insert(executing.run(&format!("turn-{turn}"), script).await.0);
    }
    assert_eq!(supervisors.len(), 6, "{supervisors:?}");
}

#[tokio::test]
async fn folders_are_as_new_for_each_task() {
    let home = tempfile::tempdir().unwrap();
    let Some(mut executing) = Executing::start(home.path()) else { return };
    let look = format!(
        "find . /tmp -mindepth 1 -path {} -prune -o -print; stat -c %a . /tmp; awk '{{print $5}}' /proc/self/mountinfo | sort | uniq -c | awk '$1 > 1'",
        home.path().display()
    );
    let mut mounts = BTreeSet::new();
    for turn in 0..8 {
        let litter = "mkdir a; touch a/f /tmp/g; chmod 711 .; chmod 1777 /tmp";
        let (seen, _) = executing.run(&format!("turn-{turn}"), &format!("{look}; {litter}")).await;
        mounts.insert(seen.clone());
        assert!(seen.starts_with("755755"), "{seen}");
    }
    // What is mounted does not pile up.
    assert_eq!(mounts.len(), 1, "{mounts:?}");
}

#[tokio::test]
async fn a_task_is_charged_for_what_it_used_itself() {
    let home = tempfile::tempdir().unwrap();
    let Some(mut executing) = Executing::start(home.path()) else { return };
    let large = "head -c 200000000 /dev/zero | tail -c 150000000 > /dev/null";
    for turn in 0..6 {
        let (_, usage) = executing.run(&format!("large-{turn}"), large).await;
        assert!(usage.peak_memory_bytes > 100 << 20, "{usage:?}");
    }
    for turn in 0..6 {
        let (_, usage) = executing.run(&format!("small-{turn}"), "true").await;
        assert!(usage.peak_memory_bytes < 50 << 20, "{usage:?}");
    }
}

/// Packs a module as a wheel.
fn wheel(folder: &Path) -> PathBuf {
    let path = folder.join("tiny-1-py3-none-any.whl");
    let script = r#"
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("tiny.py", "")
    wheel.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
    wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("tiny-1.dist-info/RECORD", "")
"#;
    assert!(Command::new("python3").args(["-c", script]).arg(&path).status().unwrap().success());
    path
}

#[tokio::test]
async fn a_layer_serves_until_something_is_changed_in_it() {
    // Not below `/tmp`, where a layer goes with the task's own `/tmp`.
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let images = format!(
        "[[image]]\npattern = \"team/*\"\nno_index = true\nrequirements = [{:?}]\n",
        wheel(home.path())
    );
    std::fs::write(home.path().join("images.toml"), images).unwrap();
    let Some(mut executing) = Executing::start(home.path()) else { return };
    // What may call pip gets a layer.
    let site = "pip > /dev/null; site=$(dirname $(python -c 'import tiny; print(tiny.__file__)'))";
    // Engines mount others meanwhile.
    let own = home.path().display();
    let overlays = format!("grep ' - overlay ' /proc/self/mountinfo | grep -c {own}");
    let (before, _) = executing.run("before", &format!("{overlays}; true")).await;
    let one_more = (before.parse::<u32>().unwrap() + 1).to_string();

    let mut supervisors = BTreeSet::new();
    for turn in 0..24 {
        let look = format!("{site}; {overlays}; ls $site/litter 2>/dev/null; echo _$PPID");
        let (seen, _) = executing.run_in("team/a", &format!("look-{turn}"), &look).await;
        let (seen, supervisor) = seen.split_once('_').unwrap();
        assert_eq!(seen, one_more, "turn {turn}");
        supervisors.insert(supervisor.to_owned());
    }
    assert!(supervisors.len() < 12, "{supervisors:?}");

    for turn in 0..8 {
        let change = match turn % 4 {
            0 => "touch $site/litter",
            1 => "rm $site/tiny.py",
            2 => "chmod 700 $(dirname $(dirname $(dirname $site)))",
            _ => "touch $site/litter; rm $site/litter",
        };
        let root = "stat -c %a $(dirname $(dirname $(dirname $site)))";
        let script = format!("{site}; {overlays}; {root}; ls $site/litter 2>/dev/null; {change}");
        let (seen, _) = executing.run_in("team/a", &format!("change-{turn}"), &script).await;
        assert_eq!(seen, format!("{one_more}755"), "turn {turn}");
        // Whoever asks for none has none.
        let (seen, _) = executing.run(&format!("without-{turn}"), &format!("{overlays}; true")).await;
        assert_eq!(seen, before, "turn {turn}");
    }
}
