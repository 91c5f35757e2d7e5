//! A disk that fills up: whoever fills it is stopped, and others go on.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod support;

use std::process::Command;

use pipewright_engine::{FailureReason, Launch};
use pipewright_executor::Registry;
use pipewright_plan::{ArtifactList, ExecutorArtifact, Word};

use support::kinds::{Kind, World};

/// A small disk in memory.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=300m,mode=755", "tmpfs"]).arg(folder.path());
        let is_there = mount.status().is_ok_and(|status| status.success());
        is_there.then_some(Self { folder })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}

fn writing(world: &mut World, script: &str) -> Launch {
    let mut launch = world.launch(&["sh", "-ec", script]);
    let target = world.home.path().join(format!("artifacts/{}/model", launch.attempt.digest()));
    let uri = target.display().to_string();
    let artifact = ExecutorArtifact { name: "model".to_owned(), uri: uri.clone(), ..Default::default() };
    let list = ArtifactList { artifacts: vec![artifact] };
    launch.executor_input.outputs.artifacts.insert("model".to_owned(), list);
    launch.container.command.push(Word::literal(uri));
    launch
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_fills_the_disk_is_stopped() {
    for kind in Kind::all() {
        let Some(disk) = Disk::mount() else {
            eprintln!("skipped: nothing can be mounted here");
            return;
        };
        let home = tempfile::tempdir_in(disk.folder.path()).unwrap();
        let mut world = World::with_reserve(&kind, home, |_| Registry::default(), 200 << 20).await;
        let modest = writing(&mut world, "echo some > $0; sleep 4; echo more >> $0");
        world.executor.launch(modest.clone()).await;
        let greedy =
            writing(&mut world, "dd if=/dev/zero of=$0 bs=1048576 count=180 2>/dev/null; sleep 20; echo all");
        let attempt = greedy.attempt.clone();
        world.executor.launch(greedy.clone()).await;
        // Ends come in any order.
        let mut ends = std::collections::BTreeMap::new();
        while ends.len() < 2 {
            let observation = world.observations.recv().await.unwrap();
            if let pipewright_engine::Observed::Ended { end } = observation.observed {
                ends.insert(observation.attempt, *end);
            }
        }
        match &ends[&attempt] {
            pipewright_engine::AttemptEnd::Failed { failure, .. } => {
                assert_eq!(failure.reason, FailureReason::Signal, "{kind:?} {failure:?}");
                assert!(failure.message.contains("of the disk were left"), "{kind:?} {}", failure.message);
                assert!(failure.hint.as_ref().unwrap().contains("disk_reserve"), "{failure:?}");
            }
            end => panic!("{kind:?} {end:?}"),
        }
        let end = &ends[&modest.attempt];
        assert!(matches!(end, pipewright_engine::AttemptEnd::Succeeded { .. }), "{kind:?} {end:?}");
    }
}
