//! Locks across runs, on a real store with a scripted executor and paused time.

use std::sync::Arc;
use std::time::Duration;

use pipewright_controller::{Controller, Options};
use pipewright_engine::{Launch, Locks, RunId, RunPhase, Submit, TaskView, Timestamp};
use pipewright_executor::fake::{Act, FakeExecutor};
use pipewright_plan::{Plan, Published};
use pipewright_store::{ObjectAuthor, ObjectWrite, Request, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sample::{capacity, new_run, store};

struct Bench {
    _folder: TempDir,
    store: Store,
}

impl Bench {
    fn new() -> Self {
        let (folder, store) = store();
        Self { _folder: folder, store }
    }

    fn control(&self, act: impl Fn(&Launch) -> Act + Send + Sync + 'static) -> (FakeExecutor, Controller) {
        let (executor, observations) = FakeExecutor::start(act);
        let shared = Arc::new(executor.clone());
        // As on a server of several users; other namespaces have a test of their own.
        let options = Options { are_namespaces_apart: true, ..Options::new(capacity(8)) };
        let controller = Controller::start(self.store.clone(), shared, observations, options);
        (executor, controller)
    }

    async fn submit(&self, id: &str, created_at: i64, plan: &Plan) -> RunId {
        let id = RunId(id.to_owned());
        let submit = Submit { created_at: Timestamp(created_at), ..Submit::default() };
        self.store.create_run(new_run(&id, plan.clone(), submit)).await.unwrap();
        id
    }

    async fn task(&self, run: &RunId) -> Option<TaskView> {
        let tasks = self.store.tasks(run).await.unwrap();
        tasks.into_iter().find(|task| task.name == "only")
    }

    /// Waits until the run's task holds its locks, or waits for them.
    async fn locks(&self, run: &RunId, is: impl Fn(&Locks) -> bool) -> Locks {
        for _ in 0..10_000 {
            let locks = self.task(run).await.and_then(|task| task.locks);
            if let Some(locks) = locks.filter(|locks| is(locks)) {
                return locks;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{run} is not so far: {:?}", self.task(run).await);
    }

    async fn end_of(&self, run: &RunId) -> RunPhase {
        for _ in 0..10_000 {
            let phase = self.store.get_run(run).await.unwrap().view.phase;
            if phase.is_terminal() {
                return phase;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{run} does not end");
    }

    async fn set_size(&self, size: &str) {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sizes"}, "data": {"few": size}});
        let author = ObjectAuthor::default();
        self.store.write_object("default", map, ObjectWrite::Apply, &author).await.unwrap();
    }
}

fn plan(lock: Value) -> Plan {
    let all = json!({
        "root": {"kind": {"kind": "dag", "tasks": {"only": {"component": "c", "display_name": "only"}}}},
        "c": {"locks": [{"kind": lock}], "kind": {"kind": "container", "image": []}},
    });
    serde_json::from_value(json!({"name": "p", "dialect": "v1", "root": "root", "components": all})).unwrap()
}

fn mutex() -> Plan {
    plan(json!({"kind": "mutex", "name": [{"kind": "literal", "text": "m"}]}))
}

fn semaphore() -> Plan {
    let text = |text: &str| json!([{"kind": "literal", "text": text}]);
    plan(json!({"kind": "semaphore", "config_map": text("sizes"), "key": text("few")}))
}

fn is_held(locks: &Locks) -> bool {
    locks.acquired_at.is_some()
}

fn is_awaited(locks: &Locks) -> bool {
    locks.acquired_at.is_none() && locks.lock.is_some()
}

#[tokio::test(start_paused = true)]
async fn a_mutex_is_held_through_a_restart() {
    let bench = Bench::new();
    let (executor, controller) = bench.control(|_| Act::hang());
    let first = bench.submit("first", 1, &mutex()).await;
    bench.locks(&first, is_held).await;
    let young = bench.submit("young", 9, &mutex()).await;
    let locks = bench.locks(&young, is_awaited).await;
    assert_eq!(locks.message, "Waiting for default/Mutex/m lock. Lock status: 0/1");
    let old = bench.submit("old", 5, &mutex()).await;
    bench.locks(&old, is_awaited).await;
    assert_eq!(executor.launched().len(), 1);
    controller.shutdown().await;

    let (executor, controller) =
        bench.control(|_| Act::succeed(Duration::from_secs(20), Published::default()));
    for (before, run) in [(&first, &old), (&old, &young)] {
        bench.locks(run, is_held).await;
        let ended = bench.task(before).await.unwrap().ended_at;
        assert!(ended.is_some(), "{run} had the lock before {before} gave it back");
    }
    assert_eq!(bench.end_of(&young).await, RunPhase::Succeeded);
    let runs: Vec<String> = executor.launched().into_iter().map(|attempt| attempt.run.0).collect();
    assert_eq!(runs, ["first", "old", "young"]);
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_semaphore_grows_and_a_run_that_waits_can_be_stopped() {
    let bench = Bench::new();
    bench.set_size("1").await;
    let (executor, controller) = bench.control(|_| Act::hang());
    let first = bench.submit("1", 1, &semaphore()).await;
    bench.locks(&first, is_held).await;
    let stopped = bench.submit("2", 2, &semaphore()).await;
    bench.locks(&stopped, is_awaited).await;
    let next = bench.submit("3", 3, &semaphore()).await;
    bench.locks(&next, is_awaited).await;
    bench.store.request(&stopped, Request::Terminate).await.unwrap();
    assert_eq!(bench.end_of(&stopped).await, RunPhase::Cancelled);
    assert_eq!(executor.launched().len(), 1);
    bench.set_size("2").await;
    bench.locks(&next, is_held).await;
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_semaphore_without_a_size_is_an_error_that_says_what_to_do() {
    let bench = Bench::new();
    let (executor, controller) = bench.control(|_| Act::hang());
    let run = bench.submit("1", 1, &semaphore()).await;
    assert_eq!(bench.end_of(&run).await, RunPhase::Failed);
    let failure = bench.task(&run).await.unwrap().error.unwrap();
    assert!(failure.message.contains("there is no config map `sizes` in `default`"), "{}", failure.message);
    let hint = failure.hint.unwrap();
    assert!(hint.starts_with("pipewright config-map create sizes --from-literal few=1"), "{hint}");
    assert!(executor.launched().is_empty());
    controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_lock_of_another_namespace_is_refused() {
    let bench = Bench::new();
    let (executor, controller) = bench.control(|_| Act::hang());
    let mut elsewhere = serde_json::to_value(mutex()).unwrap();
    elsewhere["components"]["c"]["locks"][0]["namespace"] = json!([{"kind": "literal", "text": "team-b"}]);
    let run = bench.submit("1", 1, &serde_json::from_value(elsewhere).unwrap()).await;
    assert_eq!(bench.end_of(&run).await, RunPhase::Failed);
    let failure = bench.task(&run).await.unwrap().error.unwrap();
    assert!(failure.message.contains("`team-b/Mutex/m` is of another namespace"), "{}", failure.message);
    assert!(executor.launched().is_empty());
    controller.shutdown().await;
}
