//! Tasks that act on objects, on a real store: claims, conditions, crashes.

use std::sync::Arc;
use std::time::Duration;

use pipewright_controller::{Controller, Options};
use pipewright_engine::{FailureReason, Launch, RunId, RunPhase, Submit, TaskView, Timestamp};
use pipewright_executor::fake::{Act, FakeExecutor};
use pipewright_plan::{Plan, Published};
use pipewright_store::{ObjectAuthor, ObjectKey, ObjectWrite, Request, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::sample::{capacity, new_run, store};

struct Bench {
    _folder: TempDir,
    store: Store,
    executor: FakeExecutor,
    controller: Controller,
}

fn control(
    store: &Store,
    act: impl Fn(&Launch) -> Act + Send + Sync + 'static,
) -> (FakeExecutor, Controller) {
    let (executor, observations) = FakeExecutor::start(act);
    // As on a server of several users; nothing else here is of another namespace.
    let options = Options { are_namespaces_apart: true, ..Options::new(capacity(8)) };
    let controller = Controller::start(store.clone(), Arc::new(executor.clone()), observations, options);
    (executor, controller)
}

fn succeed(_: &Launch) -> Act {
    Act::succeed(Duration::from_secs(1), Published::default())
}

impl Bench {
    fn new(act: impl Fn(&Launch) -> Act + Send + Sync + 'static) -> Self {
        let (folder, store) = store();
        let (executor, controller) = control(&store, act);
        Self { _folder: folder, store, executor, controller }
    }

    async fn submit(&self, plan: Plan) -> RunId {
        self.submit_as(&uuid_like(self.store.live_runs().await.unwrap().len()), plan).await
    }

    async fn submit_as(&self, id: &str, plan: Plan) -> RunId {
        let id = RunId(id.to_owned());
        let submit = Submit { created_at: Timestamp(1_700_000_000_000_000), ..Submit::default() };
        self.store.create_run(new_run(&id, plan, submit)).await.unwrap();
        id
    }

    async fn end_of(&self, run: &RunId) -> RunPhase {
        for _ in 0..100_000 {
            let phase = self.store.get_run(run).await.unwrap().view.phase;
            if phase.is_terminal() {
                return phase;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the run does not end");
    }

    async fn task(&self, run: &RunId, name: &str) -> TaskView {
        let tasks = self.store.tasks(run).await.unwrap();
        tasks.into_iter().find(|task| task.name == name).unwrap()
    }
}

fn uuid_like(number: usize) -> String {
    format!("00000000-0000-0000-0000-{number:012}")
}

fn plan(tasks: Value, components: Value) -> Plan {
    let mut all = json!({
        "root": {"kind": {"kind": "dag", "tasks": tasks}},
        "c": {"kind": {"kind": "container", "image": []}},
    });
    all.as_object_mut().unwrap().extend(components.as_object().unwrap().clone());
    for (name, task) in all["root"]["kind"]["tasks"].as_object_mut().unwrap() {
        task["display_name"] = json!(name);
    }
    serde_json::from_value(json!({"name": "p", "dialect": "v2", "root": "root", "components": all})).unwrap()
}

fn manifest(kind: &str, more: Value) -> Value {
    let text = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "thing"}}).to_string();
    let mut resource = json!({
        "kind": "resource", "resource": "manifest", "action": "create",
        "manifest": [{"kind": "literal", "text": text}],
        "outputs": {"phase": {"kind": "json_path", "path": "{.status.phase}"}},
    });
    resource.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"outputs": {"parameters": {"phase": {"type": "STRING"}}}, "kind": resource})
}

fn literal(text: &str) -> Value {
    json!([{"kind": "literal", "text": text}])
}

/// Makes a claim, runs a task, deletes the claim.
fn claims() -> Plan {
    let inputs = json!({"parameters": {"access_modes": {"type": "LIST"}, "size": {"type": "STRING"},
        "pvc_name_suffix": {"type": "STRING"}}});
    let constant =
        |value: Value| json!({"source": {"kind": "constant", "value": {"kind": "literal", "value": value}}});
    let create = json!({"inputs": inputs, "kind": {"kind": "resource", "resource": "create_claim"},
        "outputs": {"parameters": {"name": {"type": "STRING"}}}});
    let delete = json!({"inputs": {"parameters": {"pvc_name": {"type": "STRING"}}},
        "kind": {"kind": "resource", "resource": "delete_claim"}});
    let name = json!({"source": {"kind": "task_output", "task": "create", "key": "name"}});
    let parameters = json!({"access_modes": constant(json!(["ReadWriteOnce"])), "size": constant(json!("1Gi")),
        "pvc_name_suffix": constant(json!("-data"))});
    plan(
        json!({
            "create": {"component": "create", "parameters": parameters},
            "use": {"component": "c", "upstream": ["create"]},
            "delete": {"component": "delete", "parameters": {"pvc_name": name}, "upstream": ["create", "use"]},
        }),
        json!({"create": create, "delete": delete}),
    )
}

#[tokio::test(start_paused = true)]
async fn claims_live_from_their_making_to_their_deletion() {
    let bench = Bench::new(|_| Act::hang());
    let run = bench.submit(claims()).await;
    while bench.executor.launched().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let claim = bench.store.list_objects(None, None).await.unwrap().remove(0);
    assert!(claim.key.name.ends_with("-data") && claim.key.namespace == "default", "{:?}", claim.key);
    assert!(bench.store.claim_folder("default", &claim.key.name).unwrap().is_dir());
    let created = bench.task(&run, "create").await;
    assert_eq!(created.outcome.parameters["name"], json!(claim.key.name));
    // Another controller takes over while the claim is in use.
    bench.controller.shutdown().await;
    let (_executor, controller) = control(&bench.store, succeed);
    let bench = Bench { controller, ..bench };
    assert_eq!(bench.end_of(&run).await, RunPhase::Succeeded);
    assert_eq!(bench.store.list_objects(None, None).await.unwrap(), []);
    bench.controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn runs_leave_objects_of_other_namespaces_alone() {
    let bench = Bench::new(succeed);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "thing"}, "data": {}});
    let nobody = ObjectAuthor::default();
    bench.store.write_object("team-b", secret, ObjectWrite::Create, &nobody).await.unwrap();
    for action in ["get", "create", "apply", "patch", "delete"] {
        let text = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "thing", "namespace": "team-b"},
        });
        let more = json!({"action": action, "manifest": literal(&text.to_string())});
        let plan = plan(json!({"act": {"component": "m"}}), json!({"m": manifest("Secret", more)}));
        let run = bench.submit_as(action, plan).await;
        assert_eq!(bench.end_of(&run).await, RunPhase::Failed, "{action}");
        let error = bench.task(&run, "act").await.error.unwrap();
        assert!(error.message.starts_with("Forbidden: secrets \"thing\""), "{action}: {error:?}");
    }
    assert_eq!(bench.store.list_objects(None, None).await.unwrap().len(), 1);
    bench.controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn names_that_are_taken_or_unknown_fail_the_task() {
    let bench = Bench::new(succeed);
    let manifest_of = |action: &str, more: Value| {
        let mut more = more;
        more["action"] = json!(action);
        plan(json!({"act": {"component": "m"}}), json!({"m": manifest("ConfigMap", more)}))
    };
    for (action, more, expected) in [
        ("get", json!({}), Err("NotFound: configmaps \"thing\" not found")),
        ("delete", json!({}), Err("NotFound: configmaps \"thing\" not found")),
        ("delete", json!({"flags": [literal("--ignore-not-found")]}), Ok(())),
        ("create", json!({}), Ok(())),
        ("create", json!({}), Err("AlreadyExists: configmaps \"thing\" already exists")),
        ("apply", json!({}), Ok(())),
        ("patch", json!({"merge_strategy": "json"}), Err("merge strategy `json`")),
        ("patch", json!({}), Ok(())),
        ("get", json!({"manifest": literal("kind: [")}), Err("cannot be read")),
        (
            "get",
            json!({"manifest": literal("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: thing\n")}),
            Ok(()),
        ),
        ("get", json!({"success_condition": literal("what is this")}), Err("is not understood")),
        (
            "get",
            json!({"failure_condition": literal("kind == ConfigMap")}),
            Err("fulfils the failure condition"),
        ),
        (
            "get",
            json!({"success_condition": literal("status.done == true")}),
            Err("within 60 s: no controller for ConfigMap runs here"),
        ),
        ("delete", json!({}), Ok(())),
    ] {
        let run = bench.submit(manifest_of(action, more.clone())).await;
        let phase = bench.end_of(&run).await;
        let failure = bench.task(&run, "act").await.error;
        let reason = failure.as_ref().map(|failure| failure.reason);
        let message = failure.map(|failure| failure.message).unwrap_or_default();
        // What the registry answers is the task's own failure.
        let is_answer =
            ["NotFound", "AlreadyExists", "Invalid", "fulfils"].iter().any(|word| message.contains(word));
        assert_eq!(reason == Some(FailureReason::ExitCode), is_answer, "{action} {more}: {message}");
        match expected {
            Ok(()) => assert_eq!((phase, &*message), (RunPhase::Succeeded, ""), "{action} {more}"),
            Err(part) => assert!(message.contains(part), "{action} {more}: {message}"),
        }
        bench.store.delete_run(&run).await.unwrap();
    }
    bench.controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn conditions_wait_for_others_and_a_stop_ends_the_wait() {
    let bench = Bench::new(succeed);
    let waiting = |owner: bool| {
        let more =
            json!({"success_condition": literal("status.phase == Done"), "set_owner_reference": owner});
        plan(json!({"act": {"component": "m"}}), json!({"m": manifest("Thing", more)}))
    };
    let run = bench.submit(waiting(true)).await;
    let key = ObjectKey::core("default", "Thing", "thing");
    while bench.store.get_object(&key).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let done = json!({"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "thing"}, "status": {"phase": "Done"}});
    bench.store.write_object("default", done, ObjectWrite::Merge, &ObjectAuthor::default()).await.unwrap();
    assert_eq!(bench.end_of(&run).await, RunPhase::Succeeded);
    assert_eq!(bench.task(&run, "act").await.outcome.parameters["phase"], json!("Done"));
    bench.store.delete_run(&run).await.unwrap();
    assert!(bench.store.get_object(&key).await.is_err(), "what a run owns goes with it");

    let run = bench.submit(waiting(true)).await;
    while bench.store.get_object(&key).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bench.store.request(&run, Request::Terminate).await.unwrap();
    assert_eq!(bench.end_of(&run).await, RunPhase::Cancelled);
    bench.controller.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn secrets_and_workspaces_leave_no_trace() {
    let bench = Bench::new(succeed);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "thing"},
        "stringData": {"token": "hunter2"}});
    bench.store.write_object("default", secret, ObjectWrite::Create, &ObjectAuthor::default()).await.unwrap();
    let more = json!({"action": "get", "outputs": {"phase": {"kind": "json_path", "path": "{}"}}});
    let mut plan = plan(json!({"act": {"component": "m"}}), json!({"m": manifest("Secret", more)}));
    plan.platform.workspace = Some(Default::default());
    let workspace = bench.store.workspace_folder(&RunId(uuid_like(0)));
    std::fs::create_dir_all(&workspace).unwrap();
    let run = bench.submit(plan).await;
    assert_eq!(bench.end_of(&run).await, RunPhase::Succeeded);
    let shown = bench.task(&run, "act").await.outcome.parameters["phase"].as_str().unwrap().to_owned();
    assert!(shown.contains("***") && !shown.contains("aHVudGVyMg"), "{shown}");
    // What ends last is the run's actor; it goes on until it has cleaned up.
    bench.controller.shutdown().await;
    assert!(!workspace.exists());
}
