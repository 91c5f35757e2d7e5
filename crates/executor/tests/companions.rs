//! Commands that run before and beside an attempt's own, in processes, unpacked images and containers alike. Source:
//! v1 semantics 2.7.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod support;

use std::time::Duration;

use pipewright_engine::{CompanionLaunch, FailureReason, Launch, Observed};
use pipewright_executor::{Registry, contract, process};
use pipewright_plan::CompanionRole::{self, Before, Beside};
use pipewright_plan::{PodSettings, VolumeMount, VolumeSource, Word};

use support::kinds::{Kind, World};

/// Makes a world for every way in which tasks are run here.
async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for kind in Kind::all() {
        worlds.push(World::new(&kind, |_| Registry::default()).await);
    }
    worlds
}

fn task(world: &mut World, script: &str, pod: &PodSettings<String>) -> Launch {
    let mut launch = world.launch(&["sh", "-c", script]);
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
    for mut world in worlds().await {
        let main = "cat /shared/a /fast/b; ls /tmp; echo $0";
        let launch = task(&mut world, main, &shared());
        let launch = with(launch, Before, "one", "echo one > /shared/a; touch /tmp/mine");
        let launch = with(launch, Before, "two", "cat /shared/a; ls /tmp; echo two > /fast/b");
        let end = world.run(launch).await;
        end.assert_succeeded();
        assert_eq!(end.log, "one\ntwo\nsh", "{:?}", world.kind);
        assert_eq!(end.said("two"), "one", "{:?}", world.kind);
        world.assert_nothing_is_left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_before_that_fails_leaves_the_command_alone() {
    for mut world in worlds().await {
        let launch = task(&mut world, "echo ran", &plain());
        let launch = with(launch, Before, "prepare", "echo no; exit 3");
        let launch = with(launch, Before, "later", "echo ran");
        let launch = with(launch, Beside, "server", "echo ran");
        let end = world.run(launch).await;
        assert_eq!(end.failure(), (FailureReason::ExitCode, "prepare: Error (exit code 3)", None));
        assert_eq!((end.log.as_str(), &*end.said("prepare")), ("", "no"));
        assert_eq!((&*end.said("later"), &*end.said("server")), ("", ""));
        let launch = with(task(&mut world, "echo ran", &plain()), Before, "prepare", "true");
        let mut launch = with(launch, Before, "lost", "");
        launch.companions[1].launch.container.command = vec![Word::literal("no-such-program")];
        let end = world.run(launch).await;
        let (reason, message, _) = end.failure();
        assert_eq!(reason, FailureReason::NotStarted);
        assert!(message.contains("lost") && message.contains("no-such-program"), "{message}");
        assert_eq!(end.log, "");
        world.assert_nothing_is_left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_beside_serve_the_command_and_are_stopped_after_it() {
    for mut world in worlds().await {
        let serve = "trap 'echo bye > /shared/bye; echo stopped; exit 0' TERM; echo $$ > /fast/ready; \
                     while true; do sleep 0.05; done";
        let main = "until [ -s /fast/ready ]; do sleep 0.02; done; echo served";
        let launch = with(task(&mut world, main, &shared()), Beside, "server", serve);
        let end = world.run(launch).await;
        end.assert_succeeded();
        assert_eq!(end.log, "served");
        assert!(end.said("server").ends_with("stopped"), "{:?} {}", world.kind, end.said("server"));
        world.assert_nothing_is_left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_share_one_network() {
    for mut world in worlds().await {
        let mine = "readlink /proc/self/ns/net";
        // The one beside is stopped with the command, whether it has said anything or not.
        let main = format!("until [ -e /shared/said ]; do sleep 0.02; done; {mine}; cat /shared/before");
        let launch = task(&mut world, &main, &shared());
        let launch = with(launch, Before, "prepare", &format!("{mine} > /shared/before"));
        let launch = with(launch, Beside, "server", &format!("{mine}; : > /shared/said"));
        let end = world.run(launch).await;
        end.assert_succeeded();
        let lines: Vec<&str> = end.log.lines().collect();
        assert_eq!((lines.len(), lines[0]), (2, lines[1]), "{:?}", world.kind);
        assert!(lines[0].starts_with("net:[") && end.said("server") == lines[0], "{:?}", world.kind);
        world.assert_nothing_is_left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_one_beside_counts_unless_it_was_stopped() {
    let waits = "sleep 0.3; exit";
    for mut world in worlds().await {
        for (main, beside, expected) in [
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
        ] {
            let launch = task(&mut world, &format!("{waits} {main}"), &plain());
            let end = world.run(with(launch, Beside, "server", beside)).await;
            match expected {
                Some(expected) => assert_eq!(end.failure(), expected, "{:?} {beside}", world.kind),
                None => end.assert_succeeded(),
            }
        }
        world.assert_nothing_is_left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_an_attempt_stops_all_of_them() {
    for mut world in worlds().await {
        let mark = "trap 'echo stopped; exit 0' TERM; echo up > /shared/$0; while true; do sleep 0.05; done";
        let main = task(&mut world, mark, &shared());
        let beside = with(main, Beside, "server", mark);
        let main = task(&mut world, "echo ran", &shared());
        let before = with(main, Before, "prepare", mark);
        for launch in [beside, before] {
            let log = process::log_path(world.home.path(), &launch.attempt);
            world.executor.launch(launch.clone()).await;
            while !log.exists() && !log.with_file_name("companions").exists() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            world.executor.kill(launch.attempt.clone()).await;
            let end = world.end(&launch).await;
            assert_eq!(
                end.failure().0,
                FailureReason::Cancelled,
                "{:?} {:?} {}",
                world.kind,
                end.failure(),
                end.log
            );
            assert!(!end.log.contains("ran"), "{}", end.log);
        }
        world.assert_nothing_is_left().await;
    }
}

/// A server that comes back goes on with the next command of the pod.
#[tokio::test(flavor = "multi_thread")]
async fn pods_survive_their_server() {
    for mut world in worlds().await {
        let launch = task(&mut world, "cat /shared/log; echo main", &shared());
        let launch = with(launch, Before, "one", "sleep 2; echo one >> /shared/log");
        let launch = with(launch, Before, "two", "echo two >> /shared/log");
        let launch = with(launch, Beside, "server", "while true; do sleep 0.05; done");
        world.executor.launch(launch.clone()).await;
        while !matches!(
            contract::next_of(&mut world.observations, &launch.attempt).await,
            Observed::Started { .. }
        ) {}
        world.restart().await;
        let end = world.run(launch).await;
        end.assert_succeeded();
        assert_eq!(end.log, "one\ntwo\nmain", "{:?}", world.kind);
        world.assert_nothing_is_left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_at_tmp_is_shared_too() {
    for mut world in worlds().await {
        for memory in [false, true] {
            let main = PodSettings { volumes: vec![empty("/tmp", "v", memory)], ..PodSettings::default() };
            let launch = task(&mut world, "cat /tmp/note", &main);
            let mut launch = with(launch, Before, "prepare", "echo hello > /notes/note");
            launch.companions[0].launch.pod.volumes = vec![empty("/notes", "v", memory)];
            let end = world.run(launch).await;
            end.assert_succeeded();
            assert_eq!(end.log, "hello", "{:?}, memory: {memory}", world.kind);
        }
        world.assert_nothing_is_left().await;
    }
}
