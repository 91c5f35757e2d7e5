//! Whole runs on a real store with a scripted executor and paused time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pipewright_controller::{Controller, Options};
use pipewright_engine::{Event, FailureReason, RunId, RunPhase, Submit, TaskPhase, Timestamp};
use pipewright_executor::fake::{Act, FakeExecutor};
use pipewright_plan::{Plan, Published};
use pipewright_store::{Append, Request, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sample::{capacity, new_run, store};

const SECOND: Duration = Duration::from_secs(1);

struct Bench {
    folder: TempDir,
    store: Store,
}

impl Bench {
    fn new() -> Self {
        let (folder, store) = store();
        Self { folder, store }
    }

    async fn submit(&self, id: &str, plan: Plan) -> RunId {
        let run = RunId(id.to_owned());
        let submit = Submit {
            display_name: id.to_owned(),
            arguments: BTreeMap::new(),
            pipeline_root: self.folder.path().join("artifacts").display().to_string(),
            created_at: Timestamp(1_700_000_000_000_000),
            ..Submit::default()
        };
        self.store.create_run(new_run(&run, plan, submit)).await.unwrap();
        run
    }

    fn control(
        &self,
        executor: &FakeExecutor,
        observations: pipewright_executor::Observations,
        slots: usize,
    ) -> Controller {
        Controller::start(
            self.store.clone(),
            Arc::new(executor.clone()),
            observations,
            Options::new(capacity(slots)),
        )
    }

    async fn end_of(&self, run: &RunId) -> RunPhase {
        for _ in 0..100_000 {
            let phase = self.store.get_run(run).await.unwrap().view.phase;
            if phase.is_terminal() {
                return phase;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the run does not end");
    }

    async fn phases(&self, run: &RunId) -> BTreeMap<String, TaskPhase> {
        let tasks = self.store.tasks(run).await.unwrap();
        tasks.into_iter().map(|task| (task.key.0, task.phase)).collect()
    }
}

fn plan(tasks: Value) -> Plan {
    let mut tasks = tasks;
    for (name, task) in tasks.as_object_mut().unwrap() {
        task["display_name"] = json!(name);
        task["component"] = json!("c");
    }
    serde_json::from_value(json!({"name": "p", "dialect": "v2", "root": "root", "components": {
        "root": {"kind": {"kind": "dag", "tasks": tasks}},
        "c": {"kind": {"kind": "container", "image": []}},
    }}))
    .unwrap()
}

fn chain(length: usize) -> Plan {
    let task = |index: usize| match index {
        0 => json!({}),
        _ => json!({"upstream": [format!("t{}", index - 1)]}),
    };
    plan(Value::Object((0..length).map(|index| (format!("t{index}"), task(index))).collect()))
}

fn fan_out(width: usize) -> Plan {
    plan(Value::Object((0..width).map(|index| (format!("t{index}"), json!({}))).collect()))
}

fn quick(_: &pipewright_engine::Launch) -> Act {
    Act::succeed(SECOND, Published::default())
}

#[tokio::test(start_paused = true)]
async fn runs_succeed_side_by_side_and_leave_their_rows() {
    let bench = Bench::new();
    let (executor, observations) = FakeExecutor::start(quick);
    let early = bench.submit("early", chain(20)).await;
    let controller = bench.control(&executor, observations, 4);
    let late = bench.submit("late", fan_out(50)).await;
    assert_eq!(bench.end_of(&early).await, RunPhase::Succeeded);
    assert_eq!(bench.end_of(&late).await, RunPhase::Succeeded);
    let phases = bench.phases(&late).await;
    assert_eq!(phases.len(), 51);
    assert!(phases.values().all(|phase| *phase == TaskPhase::Succeeded));
    assert_eq!(executor.launched().len(), 70);
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_task_fails_its_run_and_many_refusals_block_nothing() {
    let bench = Bench::new();
    let refuse = |_: &pipewright_engine::Launch| Act::fail(Duration::ZERO, FailureReason::Refused, None);
    let (executor, observations) = FakeExecutor::start(refuse);
    let controller = bench.control(&executor, observations, usize::MAX);
    let run = bench.submit("refused", fan_out(3000)).await;
    assert_eq!(bench.end_of(&run).await, RunPhase::Failed);
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_to_stop_kills_what_runs_and_calls_off_what_waits() {
    let bench = Bench::new();
    let (executor, observations) = FakeExecutor::start(|_| Act::hang());
    let controller = bench.control(&executor, observations, 2);
    let run = bench.submit("stopped", fan_out(5)).await;
    while executor.launched().len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bench.store.request(&run, Request::Terminate).await.unwrap();
    assert_eq!(bench.end_of(&run).await, RunPhase::Cancelled);
    assert_eq!(executor.launched().len(), 2);
    assert_eq!(executor.killed().len(), 2);
    assert!(bench.store.pending_requests(&run).await.unwrap().is_empty());
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn another_controller_takes_up_where_the_first_one_stopped() {
    let bench = Bench::new();
    let stuck = |launch: &pipewright_engine::Launch| match launch.attempt.task.name() {
        "t12" => Act::hang(),
        _ => quick(launch),
    };
    let (executor, observations) = FakeExecutor::start(stuck);
    let controller = bench.control(&executor, observations, 4);
    let run = bench.submit("handed over", chain(30)).await;
    while executor.launched().len() < 13 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    controller.shutdown().await;
    let before = bench.phases(&run).await.values().filter(|phase| **phase == TaskPhase::Succeeded).count();
    assert_eq!(before, 12);
    let (next, observations) = FakeExecutor::start(quick);
    let controller = bench.control(&next, observations, 4);
    assert_eq!(bench.end_of(&run).await, RunPhase::Succeeded);
    let ended_before: Vec<_> = executor.launched().into_iter().take(before).collect();
    assert!(next.launched().iter().all(|attempt| !ended_before.contains(attempt)), "an ended task ran again");
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_goes_on_after_a_restart_too() {
    let bench = Bench::new();
    let fails = |launch: &pipewright_engine::Launch| match (launch.attempt.task.name(), launch.attempt.number)
    {
        ("t2", 0 | 1) => Act::fail(SECOND, FailureReason::ExitCode, Some(1)),
        _ => quick(launch),
    };
    let (executor, observations) = FakeExecutor::start(fails);
    let controller = bench.control(&executor, observations, 4);
    let run = bench.submit("retried", chain(5)).await;
    assert_eq!(bench.end_of(&run).await, RunPhase::Failed);
    bench.store.retry_run(&run, Vec::new()).await.unwrap();
    assert_eq!(bench.end_of(&run).await, RunPhase::Failed);
    controller.shutdown().await;
    let first = executor.launched().len();
    assert_eq!(first, 4, "t0, t1, t2 and t2 again");

    // The wish is left while nobody drives runs.
    bench.store.retry_run(&run, Vec::new()).await.unwrap();
    let (executor, observations) = FakeExecutor::start(fails);
    let controller = bench.control(&executor, observations, 4);
    assert_eq!(bench.end_of(&run).await, RunPhase::Succeeded);
    let launched: Vec<String> = executor.launched().iter().map(ToString::to_string).collect();
    assert_eq!(launched, ["retried/root/t2#2", "retried/root/t3#0", "retried/root/t4#0"]);
    let row = bench.store.get_run(&run).await.unwrap();
    let retries = row.view.history.iter().filter(|(_, phase)| *phase == RunPhase::Pending).count();
    assert_eq!(retries, 3);
    assert!(bench.store.pending_requests(&run).await.unwrap().is_empty());
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_deleted_run_is_let_go() {
    let bench = Bench::new();
    let (executor, observations) = FakeExecutor::start(quick);
    let controller = bench.control(&executor, observations, 4);
    let gone = bench.submit("gone", chain(100)).await;
    while executor.launched().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bench.store.delete_run(&gone).await.unwrap();
    let next = bench.submit("next", chain(3)).await;
    assert_eq!(bench.end_of(&next).await, RunPhase::Succeeded);
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_journal_went_on_without_its_actor_is_taken_up_again() {
    let bench = Bench::new();
    // Paused time leaps to the next thing that is to happen, which must not be the end of the attempt.
    let ticks = tokio::spawn(async {
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let (executor, observations) =
        FakeExecutor::start(|_| Act::succeed(10_000_000 * SECOND, Published::default()));
    let controller = bench.control(&executor, observations, 8);
    let run = bench.submit("run", chain(2)).await;
    let events = loop {
        let events = bench.store.journal(&run).await.unwrap();
        if events.iter().any(|event| matches!(event, Event::AttemptStarted { .. })) {
            break events;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let planned = events.iter().find_map(|event| match event {
        Event::AttemptPlanned { task, at, number } => Some((task.clone(), *at, *number)),
        _ => None,
    });
    let (task, at, number) = planned.unwrap();
    let behind = Append {
        run: run.clone(),
        expected_seq: events.len() as u64,
        events: vec![Event::AttemptPreparing { task, at, number, note: "behind its back".to_owned() }],
        run_view: bench.store.get_run(&run).await.unwrap().view,
        tasks: Vec::new(),
        consumed: Vec::new(),
        flush: true,
    };
    bench.store.append(&behind).await.unwrap();
    ticks.abort();
    assert_eq!(bench.end_of(&run).await, RunPhase::Succeeded);
    assert_eq!(executor.launched().len(), 2, "each task ran once");
    controller.shutdown().await;
}
