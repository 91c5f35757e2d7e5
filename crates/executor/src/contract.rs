//! The suite that every executor passes. Tests call [`check`] with a fresh executor.
//!
//! The commands are `true`, `false` and `sleep SECONDS`, so that a scripted executor can play them too.

use std::time::Duration;

use pipewright_engine::{
    AttemptEnd, AttemptId, FailureReason, Launch, Observation, Observed, ResolvedResources, RunId, TaskKey,
};
use pipewright_plan::{Container, ExecutorInput, JobFacts, Text, Word};

use crate::seam::{Executor, Observations};

/// Longest time that any single observation may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes a request that runs literal words on a well-known image and declares no output.
pub fn launch_of(task: &str, command: &[&str]) -> Launch {
    let run = RunId("00000000-0000-4000-8000-000000000001".to_owned());
    let container = Container {
        image: Text::literal("busybox"),
        command: command.iter().map(|word| Word::literal(*word)).collect(),
        ..Container::default()
    };
    Launch {
        attempt: AttemptId { run, task: TaskKey::root().child(task), number: 0 },
        display_name: task.to_owned(),
        pipeline: "contract".to_owned(),
        executor_input: ExecutorInput::default(),
        defaults: Default::default(),
        job: JobFacts::default(),
        container,
        image: "busybox".to_owned(),
        env: Vec::new(),
        resources: ResolvedResources::default(),
        output_parameters: Default::default(),
        pod: Default::default(),
        namespace: "default".to_owned(),
        pod_name: task.to_owned(),
        node_name: format!("root/{task}"),
        companions: Vec::new(),
        gpus: None,
        executor: None,
    }
}

/// Waits for the next observation of this attempt.
///
/// # Panics
/// When none comes in time.
pub async fn next_of(observations: &mut Observations, attempt: &AttemptId) -> Observed {
    let wait = async {
        loop {
            let Observation { attempt: of, observed, .. } =
                observations.recv().await.expect("the executor is alive while it is tested");
            if of == *attempt {
                return observed;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("no observation of {attempt}"))
}

/// Waits for this attempt's end.
pub async fn end_of(observations: &mut Observations, attempt: &AttemptId) -> AttemptEnd {
    loop {
        if let Observed::Ended { end } = next_of(observations, attempt).await {
            return *end;
        }
    }
}

/// Runs the whole suite.
///
/// # Panics
/// When the executor breaks the contract.
pub async fn check(executor: &dyn Executor, observations: &mut Observations) {
    success_is_started_and_ended(executor, observations).await;
    failure_has_its_code(executor, observations).await;
    launch_is_idempotent(executor, observations).await;
    kill_ends_what_runs(executor, observations).await;
    kill_of_the_unknown_is_an_end(executor, observations).await;
}

async fn success_is_started_and_ended(executor: &dyn Executor, observations: &mut Observations) {
    let launch = launch_of("good", &["true"]);
    let attempt = launch.attempt.clone();
    executor.launch(launch).await;
    let mut started = false;
    loop {
        match next_of(observations, &attempt).await {
            Observed::Preparing { .. } => assert!(!started, "preparing comes before the start"),
            Observed::Started { .. } => started = true,
            Observed::Ended { end } => {
                assert!(started, "an attempt that ran was started");
                assert!(matches!(*end, AttemptEnd::Succeeded { .. }), "true succeeds: {end:?}");
                break;
            }
        }
    }
    executor.forget(attempt).await;
}

async fn failure_has_its_code(executor: &dyn Executor, observations: &mut Observations) {
    let launch = launch_of("bad", &["false"]);
    let attempt = launch.attempt.clone();
    executor.launch(launch).await;
    match end_of(observations, &attempt).await {
        AttemptEnd::Failed { failure, .. } => {
            assert_eq!((failure.reason, failure.exit_code), (FailureReason::ExitCode, Some(1)));
        }
        end => panic!("false fails: {end:?}"),
    }
}

async fn launch_is_idempotent(executor: &dyn Executor, observations: &mut Observations) {
    let launch = launch_of("twice", &["true"]);
    let attempt = launch.attempt.clone();
    executor.launch(launch.clone()).await;
    let first = end_of(observations, &attempt).await;
    executor.launch(launch).await;
    assert_eq!(end_of(observations, &attempt).await, first, "the same end is told again");
}

async fn kill_ends_what_runs(executor: &dyn Executor, observations: &mut Observations) {
    let launch = launch_of("long", &["sleep", "600"]);
    let attempt = launch.attempt.clone();
    executor.launch(launch).await;
    while !matches!(next_of(observations, &attempt).await, Observed::Started { .. }) {}
    executor.kill(attempt.clone()).await;
    check_cancelled(&end_of(observations, &attempt).await);
}

async fn kill_of_the_unknown_is_an_end(executor: &dyn Executor, observations: &mut Observations) {
    let attempt = launch_of("never", &["true"]).attempt;
    executor.kill(attempt.clone()).await;
    check_cancelled(&end_of(observations, &attempt).await);
}

fn check_cancelled(end: &AttemptEnd) {
    match end {
        AttemptEnd::Failed { failure, .. } => assert_eq!(failure.reason, FailureReason::Cancelled),
        AttemptEnd::Succeeded { .. } => panic!("a killed attempt does not succeed"),
    }
}
