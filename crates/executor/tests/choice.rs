//! Processes or containers, task by task: by what is usual here, what the run wishes, and what is said of the image.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod support;

use std::fs;
use std::path::Path;

use pipewright_engine::{AttemptEnd, ExecutorChoice, FailureReason, Launch, Observed, RunId};
use pipewright_executor::container::{self, ContainerExecutor, Network};
use pipewright_executor::process::{self, ProcessExecutor};
use pipewright_executor::{Chooser, Executor, ImageState, Observations, contract};

use support::kinds::{connect, engines, launcher, load};

const OF_ITS_OWN: &str = "[[image]]\npattern = 'team/tool:1'\nexecutor = 'container'\n\n\
    [[image]]\npattern = 'team/app:*'\nexecutor = 'process'\n";

async fn chooser(home: &Path, choice: ExecutorChoice, socket: Option<&Path>) -> (Chooser, Observations) {
    let processes = ProcessExecutor::start(process::Options::new(home, launcher())).unwrap();
    let containers = match socket {
        None => None,
        Some(socket) => {
            let options = container::Options {
                socket: Some(socket.to_owned()),
                network: Network::None,
                ..container::Options::new(home, launcher())
            };
            Some(ContainerExecutor::start(options).await.unwrap())
        }
    };
    Chooser::new(choice, home, processes, containers)
}

fn launch(number: u32, image: &str, wish: Option<ExecutorChoice>, home: &Path) -> Launch {
    let mut launch = contract::launch_of(&format!("task-{number}"), &["true"]);
    launch.image = image.to_owned();
    launch.executor = wish;
    // Homes share an engine.
    let name = home.file_name().unwrap().to_string_lossy().replace('.', "-");
    launch.attempt.run = RunId(format!("run{name}"));
    launch
}

/// Runs it; returns the first word of its place, or why there is none.
async fn place(
    (chooser, observations): &mut (Chooser, Observations),
    launch: Launch,
) -> Result<String, (FailureReason, String)> {
    chooser.launch(launch.clone()).await;
    let mut kind = String::new();
    loop {
        match contract::next_of(observations, &launch.attempt).await {
            Observed::Preparing { .. } => {}
            Observed::Started { place, .. } => place.split(' ').next().unwrap().clone_into(&mut kind),
            Observed::Ended { end } => {
                return match *end {
                    AttemptEnd::Succeeded { .. } => Ok(kind),
                    AttemptEnd::Failed { failure, .. } => Err((failure.reason, failure.message)),
                };
            }
        }
    }
}

#[tokio::test]
async fn what_is_to_be_a_container_never_becomes_a_process() {
    use ExecutorChoice::{Auto, Container, Process};
    let home = tempfile::tempdir().unwrap();
    let mut world = chooser(home.path(), Auto, None).await;
    for (number, wish, expected) in [(0, None, true), (1, Some(Process), true), (2, Some(Container), false)] {
        let found = place(&mut world, launch(number, "busybox", wish, home.path())).await;
        match found {
            Ok(kind) => assert!(expected && kind == "process", "{wish:?} {kind}"),
            Err((reason, message)) => {
                assert!(!expected && reason == FailureReason::NotStarted, "{message}");
                assert_eq!(message, "image `busybox` is to run in a container, and no engine answers");
            }
        }
    }
    assert_eq!(world.0.image("busybox", Some(Container)).await, ImageState::Unknown);
    // What the user says of an image counts, whatever the run wishes.
    fs::write(home.path().join("images.toml"), OF_ITS_OWN).unwrap();
    let found = place(&mut world, launch(3, "team/tool:1", Some(Process), home.path())).await;
    assert!(found.unwrap_err().1.contains("no engine answers"));
    // A container of a server before, whose engine is away: nobody may do its work a second time.
    let begun = launch(4, "busybox", None, home.path());
    let folder = process::log_path(home.path(), &begun.attempt).parent().unwrap().to_owned();
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("container"), b"").unwrap();
    assert!(ContainerExecutor::has_open(home.path(), &begun.attempt.run));
    let (reason, message) = place(&mut world, begun.clone()).await.unwrap_err();
    assert_eq!(reason, FailureReason::Lost, "{message}");
    fs::write(folder.join("end.json"), b"{}").unwrap();
    assert!(!ContainerExecutor::has_open(home.path(), &begun.attempt.run));
}

#[tokio::test]
async fn a_run_chooses_and_an_image_may_have_its_own_way() {
    use ExecutorChoice::{Auto, Container, Process};
    for socket in engines() {
        let home = tempfile::tempdir().unwrap();
        load(&connect(&socket).await, &home.path().join("image.tar")).await;
        fs::write(home.path().join("images.toml"), OF_ITS_OWN).unwrap();
        let mut number = 0;
        for (choice, cases) in [
            (
                Auto,
                [
                    ("busybox", None, "container"),
                    ("busybox", Some(Process), "process"),
                    ("busybox", Some(Container), "container"),
                    ("team/tool:1", Some(Process), "container"),
                ],
            ),
            (
                Process,
                [
                    ("busybox", None, "process"),
                    ("busybox", Some(Auto), "container"),
                    ("busybox", Some(Container), "container"),
                    ("team/tool:1", None, "container"),
                ],
            ),
            (
                Container,
                [
                    ("busybox", None, "container"),
                    ("busybox", Some(Process), "process"),
                    ("busybox", Some(Auto), "container"),
                    ("team/tool:1", Some(Process), "container"),
                ],
            ),
        ] {
            let mut world = chooser(home.path(), choice, Some(&socket)).await;
            for (image, wish, expected) in cases {
                number += 1;
                let found = place(&mut world, launch(number, image, wish, home.path())).await;
                assert_eq!(found.as_deref(), Ok(expected), "{choice:?} {image} {wish:?}");
            }
            world.0.tidy().await;
        }
    }
}
