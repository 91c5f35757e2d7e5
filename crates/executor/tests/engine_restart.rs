//! An engine that is killed and started again in mid-run, together with its server. Nothing else may use the engine
//! meanwhile, so this test is alone in its program.
//!
//! `PIPEWRIGHT_TEST_RESTARTS` names a script for each engine of `PIPEWRIGHT_TEST_ENGINES`.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod support;

use std::process::Command;
use std::time::Duration;

use pipewright_engine::{AttemptEnd, FailureReason, Observed};
use pipewright_executor::{Registry, contract};

use support::kinds::{Kind, World, engines};

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_restarted_is_waited_for() {
    let scripts = std::env::var("PIPEWRIGHT_TEST_RESTARTS").unwrap_or_default();
    let scripts: Vec<String> =
        scripts.split(',').filter(|script| !script.is_empty()).map(str::to_owned).collect();
    if scripts.is_empty() {
        eprintln!("skipped: PIPEWRIGHT_TEST_RESTARTS names no scripts that restart the engines");
        return;
    }
    for (socket, script) in engines().into_iter().zip(scripts) {
        let mut world = World::new(&Kind::Engine(socket), |_| Registry::default()).await;
        let long = world.launch(&["sh", "-c", "sleep 8; echo done"]);
        let after = world.launch(&["echo", "after"]);
        world.executor.launch(long.clone()).await;
        while !matches!(
            contract::next_of(&mut world.observations, &long.attempt).await,
            Observed::Started { .. }
        ) {}
        let mut restart = Command::new("sh").arg(&script).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        // This one finds nobody to make its container, and waits.
        world.executor.launch(after.clone()).await;
        let restarted = tokio::task::spawn_blocking(move || restart.wait().unwrap());
        assert!(restarted.await.unwrap().success());
        let end = world.end(&after).await;
        end.assert_succeeded();
        assert_eq!(end.log, "after");
        world.restart().await;
        let end = world.run(long).await;
        match &end.end {
            AttemptEnd::Succeeded { .. } => assert_eq!(end.log, "done"),
            // Docker ends its containers with itself; Podman's outlive its service.
            AttemptEnd::Failed { failure, .. } => {
                assert!(!script.contains("podman"), "{failure:?}");
                assert_eq!(failure.reason, FailureReason::Lost, "{failure:?}");
            }
        }
        let launch = world.launch(&["echo", "others go on"]);
        let end = world.run(launch).await;
        end.assert_succeeded();
        world.assert_nothing_is_left().await;
    }
}
