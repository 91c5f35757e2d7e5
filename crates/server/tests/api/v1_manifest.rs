//! The live workflow of v1 runs: nodes, phases, names and edges.

use std::collections::BTreeMap;
use std::sync::Arc;

use pipewright_store::engine::{Failure, FailureReason, RunPhase, RunView, TaskKind, TaskPhase, TaskView};
use serde_json::{Value, json};

use crate::support::{Server, at, attempt, task, text};

fn failure(reason: FailureReason, code: Option<i32>) -> Option<Failure> {
    Some(Failure { reason, message: "it went wrong".to_owned(), hint: None, exit_code: code })
}

/// Makes a task; an attempt of the same phase where the kind has them.
fn done(key: &str, kind: TaskKind, phase: TaskPhase) -> TaskView {
    let mut view = task("", key, kind, phase);
    let has_attempts = matches!(phase, TaskPhase::Succeeded | TaskPhase::Failed | TaskPhase::Running);
    if matches!(kind, TaskKind::Container | TaskKind::Resource) && has_attempts {
        view.attempts = vec![attempt(0, phase)];
    }
    view
}

fn dag(key: &str, phase: TaskPhase) -> TaskView {
    done(key, TaskKind::Dag, phase)
}

fn pod(key: &str, phase: TaskPhase) -> TaskView {
    done(key, TaskKind::Container, phase)
}

/// Submits a workflow, records its tasks and returns the live workflow.
async fn live(spec: Value, mut tasks: Vec<TaskView>, phase: RunPhase) -> (String, Value) {
    let server = Server::start().await;
    let document = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "wf-"},
        "spec": spec,
    });
    let body = json!({"name": "r", "pipeline_spec": {"workflow_manifest": document.to_string()}});
    let detail = server.post("/apis/v1beta1/runs", body).await;
    let id = text(&detail["run"], "id");
    for task in &mut tasks {
        task.run.0.clone_from(&id);
    }
    let is_over = phase.is_terminal().then(|| at(9));
    let view = RunView { phase, started_at: Some(at(1)), ended_at: is_over, ..RunView::default() };
    server.record(&id, 0, view, tasks).await;
    let detail = server.get(&format!("/apis/v1beta1/runs/{id}")).await;
    let manifest = detail["pipeline_runtime"]["workflow_manifest"].as_str().unwrap();
    let manifest: Value = serde_json::from_str(manifest).unwrap();
    (text(&manifest["metadata"], "name"), manifest)
}

/// Compares the nodes, each on a line: name, type, phase, message, the node around, children, ends.
async fn check(spec: Value, tasks: Vec<TaskView>, expected: &[&str]) {
    let (workflow, manifest) = live(spec, tasks, RunPhase::Succeeded).await;
    let nodes = manifest["status"]["nodes"].as_object().unwrap();
    let name = |id: &Value| text(&nodes[id.as_str().unwrap()], "name");
    let names = |node: &Value, key: &str| match node[key].as_array() {
        None => String::new(),
        Some(ids) => format!(" {key}={}", ids.iter().map(name).collect::<Vec<_>>().join(",")),
    };
    let mut lines: BTreeMap<String, String> = BTreeMap::new();
    for (id, node) in nodes {
        assert_eq!(&node["id"], id);
        let around = match &node["boundaryID"] {
            Value::Null => String::new(),
            id => format!(" in {}", name(id)),
        };
        let message = node["message"].as_str().map(|text| format!(" `{text}`")).unwrap_or_default();
        let line = format!(
            "{} ({}) {} {}{message}{around}{}{}",
            text(node, "name"),
            text(node, "displayName"),
            text(node, "type"),
            text(node, "phase"),
            names(node, "children"),
            names(node, "outboundNodes"),
        );
        lines.insert(text(node, "name"), line.replace(&workflow, "wf"));
    }
    let found: Vec<String> = lines.into_values().collect();
    assert_eq!(found, expected, "{found:#?}");
}

fn echo(name: &str) -> Value {
    json!({"name": name, "container": {"image": "alpine", "command": ["echo", name]}})
}

#[tokio::test]
async fn a_dag_has_roots_successors_and_ends() {
    let resource = json!({"name": "pvc", "resource": {"action": "create", "manifest":
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: x}\nspec: {}\n"}});
    let spec = json!({"entrypoint": "face", "templates": [
        {"name": "face", "dag": {"tasks": [
            {"name": "evaluate", "template": "evaluate", "dependencies": ["pvc", "train"]},
            {"name": "pvc", "template": "pvc"},
            {"name": "train", "template": "train", "dependencies": ["pvc"]},
        ]}},
        resource, echo("train"), echo("evaluate"),
    ]});
    let tasks = vec![
        dag("root", TaskPhase::Succeeded),
        done("root/pvc", TaskKind::Resource, TaskPhase::Succeeded),
        pod("root/train", TaskPhase::Succeeded),
        pod("root/evaluate", TaskPhase::Succeeded),
    ];
    check(
        spec,
        tasks,
        &[
            "wf (wf) DAG Succeeded children=wf.pvc outboundNodes=wf.evaluate",
            "wf.evaluate (evaluate) Pod Succeeded in wf",
            "wf.pvc (pvc) Pod Succeeded in wf children=wf.train,wf.evaluate",
            "wf.train (train) Pod Succeeded in wf children=wf.evaluate",
        ],
    )
    .await;
}

#[tokio::test]
async fn loops_conditions_and_retries_have_nodes_of_their_own() {
    let spec = json!({"entrypoint": "main", "templates": [
        {"name": "main", "dag": {"tasks": [
            {"name": "loop", "template": "body", "withItems": [{"b": "x y", "a": 1}, "(z)"],
             "arguments": {"parameters": [{"name": "v", "value": "{{item}}"}]}},
            {"name": "none", "template": "body", "withParam": "[]",
             "arguments": {"parameters": [{"name": "v", "value": "{{item}}"}]}},
            {"name": "last", "template": "flaky", "dependencies": ["loop"]},
            {"name": "never", "template": "echo", "dependencies": ["last"]},
        ]}},
        {"name": "body", "inputs": {"parameters": [{"name": "v"}]}, "dag": {"tasks": [
            {"name": "maybe", "template": "echo", "when": "'{{inputs.parameters.v}}' == 'q'"},
            {"name": "echo", "template": "echo"},
        ]}},
        {"name": "flaky", "retryStrategy": {"limit": 1}, "container": {"image": "alpine", "command": ["false"]}},
        echo("echo"),
    ]});
    let mut looped = done("root/loop", TaskKind::Loop, TaskPhase::Succeeded);
    looped.iteration_count = Some(2);
    let mut tasks = vec![dag("root", TaskPhase::Failed), looped];
    for (index, value) in [r#"{"b":"x y","a":1}"#, "(z)"].into_iter().enumerate() {
        let key = format!("root/loop[{index}]");
        let mut body = done(&key, TaskKind::Iteration, TaskPhase::Succeeded);
        Arc::make_mut(&mut body.inputs).parameters.insert("v".to_owned(), json!(value));
        body.iteration = Some(index as u32);
        tasks.push(body);
        let mut skipped = task("", &format!("{key}/maybe"), TaskKind::Container, TaskPhase::Skipped);
        skipped.started_at = None;
        tasks.extend([skipped, pod(&format!("{key}/echo"), TaskPhase::Succeeded)]);
    }
    tasks.push(task("", "root/none", TaskKind::Loop, TaskPhase::Skipped));
    let mut flaky = pod("root/last", TaskPhase::Failed);
    flaky.attempts = vec![attempt(0, TaskPhase::Failed), attempt(1, TaskPhase::Failed)];
    for attempt in &mut flaky.attempts {
        attempt.failure = failure(FailureReason::ExitCode, Some(1));
    }
    flaky.error = failure(FailureReason::ExitCode, Some(1));
    tasks.extend([flaky, task("", "root/never", TaskKind::Container, TaskPhase::Omitted)]);
    check(
        spec,
        tasks,
        &[
            "wf (wf) DAG Failed children=wf.loop,wf.none outboundNodes=wf.none,wf.never",
            "wf.last (last) Retry Failed `No more retries left` in wf children=wf.last(0),wf.last(1)",
            "wf.last(0) (last(0)) Pod Failed `main: Error (exit code 1)` in wf",
            "wf.last(1) (last(1)) Pod Failed `main: Error (exit code 1)` in wf children=wf.never",
            "wf.loop (loop) TaskGroup Succeeded in wf children=wf.loop(0:a:1,b:x y),wf.loop(1:z)",
            "wf.loop(0:a:1,b:x y) (loop(0:a:1,b:x y)) DAG Succeeded in wf \
             children=wf.loop(0:a:1,b:x y).maybe,wf.loop(0:a:1,b:x y).echo \
             outboundNodes=wf.loop(0:a:1,b:x y).maybe,wf.loop(0:a:1,b:x y).echo",
            "wf.loop(0:a:1,b:x y).echo (echo) Pod Succeeded in wf.loop(0:a:1,b:x y) children=wf.last",
            "wf.loop(0:a:1,b:x y).maybe (maybe) Skipped Skipped `when ''{\"b\":\"x y\",\"a\":1}' == 'q'' evaluated \
             false` in wf.loop(0:a:1,b:x y) children=wf.last",
            "wf.loop(1:z) (loop(1:z)) DAG Succeeded in wf children=wf.loop(1:z).maybe,wf.loop(1:z).echo \
             outboundNodes=wf.loop(1:z).maybe,wf.loop(1:z).echo",
            "wf.loop(1:z).echo (echo) Pod Succeeded in wf.loop(1:z) children=wf.last",
            "wf.loop(1:z).maybe (maybe) Skipped Skipped `when ''(z)' == 'q'' evaluated false` in wf.loop(1:z) \
             children=wf.last",
            "wf.never (never) Skipped Omitted `omitted: depends condition not met` in wf",
            "wf.none (none) Skipped Skipped `Skipped, empty params` in wf",
        ],
    )
    .await;
}

#[tokio::test]
async fn steps_come_in_groups() {
    let spec = json!({"entrypoint": "main", "templates": [
        {"name": "main", "steps": [
            [{"name": "a", "template": "echo"}, {"name": "b", "template": "echo"}],
            [{"name": "c", "template": "echo"}],
        ]},
        echo("echo"),
    ]});
    let tasks = vec![
        dag("root", TaskPhase::Succeeded),
        pod("root/a", TaskPhase::Succeeded),
        pod("root/b", TaskPhase::Succeeded),
        pod("root/c", TaskPhase::Succeeded),
    ];
    check(
        spec,
        tasks,
        &[
            "wf (wf) Steps Succeeded children=wf[0] outboundNodes=wf[1].c",
            "wf[0] ([0]) StepGroup Succeeded in wf children=wf[0].a,wf[0].b",
            "wf[0].a (a) Pod Succeeded in wf children=wf[1]",
            "wf[0].b (b) Pod Succeeded in wf children=wf[1]",
            "wf[1] ([1]) StepGroup Succeeded in wf children=wf[1].c",
            "wf[1].c (c) Pod Succeeded in wf",
        ],
    )
    .await;
}

#[tokio::test]
async fn an_exit_handler_stands_apart() {
    let spec = json!({"entrypoint": "main", "onExit": "bye", "templates": [
        {"name": "main", "dag": {"tasks": [{"name": "a", "template": "echo"}, {"name": "b", "template": "echo"}]}},
        echo("echo"), echo("bye"),
    ]});
    let mut failed = pod("root/main/a", TaskPhase::Failed);
    failed.error = failure(FailureReason::Output, Some(0));
    let mut inner = dag("root/main", TaskPhase::Failed);
    inner.error = failure(FailureReason::Inner, None);
    let mut stopped = pod("root/main/b", TaskPhase::Cancelled);
    stopped.error = failure(FailureReason::Cancelled, None);
    let mut unborn = task("", "root/main/c", TaskKind::Container, TaskPhase::Cancelled);
    unborn.started_at = None;
    let tasks = vec![
        dag("root", TaskPhase::Failed),
        inner,
        failed,
        stopped,
        unborn,
        pod("root/onExit", TaskPhase::Succeeded),
    ];
    check(
        spec,
        tasks,
        &[
            "wf (wf) DAG Error children=wf.a,wf.b outboundNodes=wf.a,wf.b",
            "wf.a (a) Pod Error `wait: Error (exit code 64): it went wrong` in wf",
            "wf.b (b) Pod Failed `terminated` in wf",
            "wf.onExit (wf.onExit) Pod Succeeded",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_single_container_is_the_root() {
    let spec = json!({"entrypoint": "echo", "templates": [echo("echo")]});
    let tasks = vec![dag("root", TaskPhase::Succeeded), pod("root/echo", TaskPhase::Succeeded)];
    check(spec, tasks, &["wf (wf) Pod Succeeded"]).await;
}

#[tokio::test]
async fn the_document_is_kept_and_told_how_far_it_is() {
    let spec = json!({"entrypoint": "main", "arguments": {"parameters": [{"name": "p"}]}, "templates": [
        {"name": "main", "dag": {"tasks": [{"name": "a", "template": "echo"}]}}, echo("echo"),
    ]});
    let mut root = dag("root", TaskPhase::Running);
    Arc::make_mut(&mut root.inputs).parameters.insert("p".to_owned(), json!("given"));
    let tasks = vec![root, pod("root/a", TaskPhase::Running)];
    let (workflow, manifest) = live(spec.clone(), tasks, RunPhase::Running).await;
    assert_eq!(manifest["kind"], json!("Workflow"));
    assert_eq!(manifest["spec"]["templates"], spec["templates"]);
    assert_eq!(manifest["spec"]["arguments"]["parameters"], json!([{"name": "p", "value": "given"}]));
    let metadata = &manifest["metadata"];
    assert_eq!(metadata["annotations"]["pipelines.kubeflow.org/run_name"], json!("r"));
    assert_eq!(metadata["labels"]["pipeline/runid"], metadata["uid"]);
    assert!(workflow.starts_with("wf-") && workflow.len() == 13, "{workflow}");
    let status = &manifest["status"];
    assert_eq!(status["phase"], json!("Running"));
    assert_eq!(status["progress"], json!("0/1"));
    assert_eq!(status["startedAt"], json!("2026-01-01T00:00:01Z"));
    assert_eq!(status["finishedAt"], Value::Null);
    assert_eq!(status["artifactRepositoryRef"]["artifactRepository"]["s3"]["bucket"], json!("mlpipeline"));
    let node = &status["nodes"][&workflow];
    assert_eq!(node["finishedAt"], Value::Null);
    assert_eq!(node["inputs"]["parameters"], json!([{"name": "p", "value": "given"}]));
    assert!(node.get("outboundNodes").is_none());
}
