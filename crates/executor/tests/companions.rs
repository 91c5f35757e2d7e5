//! Commands that run before and beside an attempt's own, in real processes. Source: v1 semantics 2.7.
//!
//! Volumes need a machine that isolates tasks.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pipewright_engine::{AttemptEnd, CompanionLaunch, FailureReason, Launch, Observed};
use pipewright_executor::process::{self, Isolation, Options, ProcessExecutor};
use pipewright_executor::{Executor, Observations, contract};
use pipewright_plan::CompanionRole::{self, Before, Beside};
use pipewright_plan::{PodSettings, VolumeMount, VolumeSource, Word};

fn launcher() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent().unwrap().parent().unwrap().join("examples/launcher")
}

struct World {
    home: tempfile::TempDir,
    executor: ProcessExecutor,
    observations: Observations,
}

/// How an attempt ended, and what it wrote.
struct End {
    end: AttemptEnd,
    log: String,
    folder: PathBuf,
}

impl End {
    fn failure(&self) -> (FailureReason, &str, Option<i32>) {
        match &self.end {
            AttemptEnd::Failed { failure, .. } => (failure.reason, &failure.message, failure.exit_code),
            AttemptEnd::Succeeded { .. } => panic!("the attempt succeeded: {}", self.log),
        }
    }

    fn assert_succeeded(&self) {
        if let AttemptEnd::Failed { failure, .. } = &self.end {
            panic!("{}\n{}", failure.message, self.log);
        }
    }

    fn said(&self, companion: &str) -> String {
        written(&self.folder.join("companions").join(companion).join("log"))
    }
}

fn written(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with("pipewright: ")).collect::<Vec<_>>().join("\n")
}

impl World {
    fn new(isolation: Isolation) -> Self {
        let home = tempfile::tempdir().unwrap();
        let options =
            Options { isolation, grace: Duration::from_millis(300), ..Options::new(home.path(), launcher()) };
        let (executor, observations) = ProcessExecutor::start(options).unwrap();
        Self { home, executor, observations }
    }

    async fn end(&mut self, launch: &Launch) -> End {
        let log = process::log_path(self.home.path(), &launch.attempt);
        let end = loop {
            if let Observed::Ended { end } = self.observations.recv().await.unwrap().observed {
                break *end;
            }
        };
        End { end, log: written(&log), folder: log.parent().unwrap().to_owned() }
    }

    async fn run(&mut self, launch: Launch) -> End {
        self.executor.launch(launch.clone()).await;
        self.end(&launch).await
    }
}

fn task(script: &str, pod: &PodSettings<String>) -> Launch {
    let mut launch = contract::launch_of("task", &["sh", "-c", script]);
    launch.pod = pod.clone();
    launch
}

fn with(mut launch: Launch, role: CompanionRole, name: &str, script: &str) -> Launch {
    let mut own = launch.clone();
    own.companions.clear();
    own.container.command = ["sh", "-c", script].map(Word::literal).into();
    launch.companions.push(CompanionLaunch { name: name.to_owned(), role, launch: own });
    launch
}

fn empty(path: &str, volume: &str, memory: bool) -> VolumeMount<String> {
    let source = VolumeSource::EmptyDir { volume: volume.to_owned(), memory, size_limit: None };
    VolumeMount { path: path.to_owned(), sub_path: None, read_only: false, source }
}

fn shared() -> PodSettings<String> {
    PodSettings {
        volumes: vec![empty("/shared", "disk", false), empty("/fast", "memory", true)],
        ..PodSettings::default()
    }
}

fn plain() -> PodSettings<String> {
    PodSettings::default()
}

#[tokio::test(flavor = "multi_thread")]
async fn those_before_run_in_order_with_the_same_volumes() {
    let mut world = World::new(Isolation::On);
    let main = "cat /shared/a /fast/b; ls /tmp; echo $0";
    let launch = with(task(main, &shared()), Before, "one", "echo one > /shared/a; touch /tmp/mine");
    let launch = with(launch, Before, "two", "cat /shared/a; ls /tmp; echo two > /fast/b");
    let end = world.run(launch).await;
    end.assert_succeeded();
    assert_eq!(end.log, "one\ntwo\nsh");
    assert_eq!(end.said("two"), "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_before_that_fails_leaves_the_command_alone() {
    let mut world = World::new(Isolation::Auto);
    let launch = with(task("echo ran", &plain()), Before, "prepare", "echo no; exit 3");
    let launch = with(launch, Before, "later", "echo ran");
    let launch = with(launch, Beside, "server", "echo ran");
    let end = world.run(launch).await;
    assert_eq!(end.failure(), (FailureReason::ExitCode, "prepare: Error (exit code 3)", None));
    assert_eq!((end.log.as_str(), &*end.said("prepare")), ("", "no"));
    assert_eq!((&*end.said("later"), &*end.said("server")), ("", ""));
    let launch = with(task("echo ran", &plain()), Before, "prepare", "true");
    let mut launch = with(launch, Before, "lost", "");
    launch.attempt.number = 1;
    launch.companions[1].launch.container.command = vec![Word::literal("no-such-program")];
    let end = world.run(launch).await;
    let (reason, message, _) = end.failure();
    assert_eq!(reason, FailureReason::NotStarted);
    assert!(message.contains("lost") && message.contains("no-such-program"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn those_beside_serve_the_command_and_are_stopped_after_it() {
    let mut world = World::new(Isolation::On);
    let serve = "trap 'echo bye > /shared/bye; echo stopped; exit 0' TERM; echo $$ > /fast/ready; \
                 while true; do sleep 0.05; done";
    let main = "until [ -s /fast/ready ]; do sleep 0.02; done; echo served";
    let end = world.run(with(task(main, &shared()), Beside, "server", serve)).await;
    end.assert_succeeded();
    assert_eq!(end.log, "served");
    assert!(end.said("server").ends_with("stopped"), "{}", end.said("server"));
}

#[tokio::test(flavor = "multi_thread")]
async fn they_meet_on_the_loopback() {
    let mut world = World::new(Isolation::On);
    let serve = "python3 -c 'import socket; s = socket.create_server((\"127.0.0.1\", 0)); \
                 open(\"/shared/new\", \"w\").write(str(s.getsockname()[1])); \
                 import os; os.rename(\"/shared/new\", \"/shared/port\"); \
                 c, _ = s.accept(); c.sendall(b\"hello\"); c.close()'";
    let main = "until [ -e /shared/port ]; do sleep 0.02; done; \
                python3 -c 'import socket; \
                print(socket.create_connection((\"127.0.0.1\", int(open(\"/shared/port\").read()))).recv(9).decode())'";
    let end = world.run(with(task(main, &shared()), Beside, "server", serve)).await;
    end.assert_succeeded();
    assert_eq!(end.log, "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_one_beside_counts_unless_it_was_stopped() {
    let mut world = World::new(Isolation::Auto);
    let waits = "sleep 0.3; exit";
    for (number, (main, beside, expected)) in (0..).zip([
        (0, "exit 3", Some((FailureReason::ExitCode, "server: Error (exit code 3)", None))),
        (0, "exit 137", None),
        (0, "exit 143", None),
        (0, "exit 0", None),
        (
            0,
            "kill -SEGV $$",
            Some((FailureReason::ExitCode, "server: Error (exit code 139) (SIGSEGV)", None)),
        ),
        // Minds no signal, so that it is killed.
        (0, "trap '' TERM; while true; do sleep 0.05; done", None),
        (4, "exit 3", Some((FailureReason::ExitCode, "command ended with exit code 4", Some(4)))),
    ]) {
        let mut launch = with(task(&format!("{waits} {main}"), &plain()), Beside, "server", beside);
        launch.attempt.number = number;
        let end = world.run(launch).await;
        match expected {
            Some(expected) => assert_eq!(end.failure(), expected, "{beside}"),
            None => end.assert_succeeded(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_an_attempt_stops_all_of_them() {
    let mut world = World::new(Isolation::On);
    let mark = "trap 'echo stopped; exit 0' TERM; echo up > /shared/$0; while true; do sleep 0.05; done";
    for (number, launch) in [
        with(task(mark, &shared()), Beside, "server", mark),
        with(task("echo ran", &shared()), Before, "prepare", mark),
    ]
    .into_iter()
    .enumerate()
    {
        let mut launch = launch;
        launch.attempt.number = u32::try_from(number).unwrap();
        let log = process::log_path(world.home.path(), &launch.attempt);
        world.executor.launch(launch.clone()).await;
        while !log.exists() && !log.with_file_name("companions").exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        world.executor.kill(launch.attempt.clone()).await;
        let end = world.end(&launch).await;
        assert_eq!(end.failure().0, FailureReason::Cancelled, "{}", end.log);
        assert!(!end.log.contains("ran"), "{}", end.log);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_at_tmp_is_shared_too() {
    let mut world = World::new(Isolation::On);
    for (number, memory) in [(0, false), (1, true)] {
        let main = PodSettings { volumes: vec![empty("/tmp", "v", memory)], ..PodSettings::default() };
        let mut launch = with(task("cat /tmp/note", &main), Before, "prepare", "echo hello > /notes/note");
        launch.companions[0].launch.pod.volumes = vec![empty("/notes", "v", memory)];
        launch.attempt.number = number;
        let end = world.run(launch).await;
        end.assert_succeeded();
        assert_eq!(end.log, "hello", "memory: {memory}");
    }
}
