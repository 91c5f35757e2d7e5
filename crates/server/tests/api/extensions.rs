//! Our own routes: documents, tasks, logs, events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pipewright_store::engine::{AttemptId, RunId, RunPhase, RunView, TaskKey, TaskKind, TaskPhase};
use serde_json::json;

use crate::streams::Listener;
use crate::support::{Server, artifact, at, attempt, task};

const PATH: &str = "/apis/pipewright/v1/runs";

fn running() -> RunView {
    RunView { phase: RunPhase::Running, started_at: Some(at(1)), ..RunView::default() }
}

fn log_file(server: &Server, run: &str, key: &str, number: u32) -> std::path::PathBuf {
    let attempt = AttemptId { run: RunId(run.to_owned()), task: TaskKey(key.to_owned()), number };
    server.home.path().join(attempt.digest())
}

#[tokio::test]
async fn a_document_has_values() {
    let server = Server::start().await;
    let id = server.create_run("r").await;
    let mut train = task(&id, "root/train", TaskKind::Container, TaskPhase::Succeeded);
    Arc::make_mut(&mut train.inputs).parameters = BTreeMap::from([("rate".to_owned(), json!(0.5))]);
    let metrics = artifact("5", "metrics", "system.Metrics", json!({"loss": 0.25}));
    train.outcome.artifacts = BTreeMap::from([("metrics".to_owned(), vec![metrics])]);
    train.attempts = vec![attempt(0, TaskPhase::Failed), attempt(1, TaskPhase::Succeeded)];
    let omitted = task(&id, "root/never", TaskKind::Container, TaskPhase::Omitted);
    let mut view = RunView { phase: RunPhase::Succeeded, ended_at: Some(at(5)), ..RunView::default() };
    view.outcome = train.outcome.clone();
    view.outcome.parameters = BTreeMap::from([("best".to_owned(), json!(2))]);
    server.record(&id, 0, view, vec![train, omitted]).await;
    let document = server.get(&format!("{PATH}/{id}")).await;
    let artifacts = json!([{
        "name": "metrics", "artifact_id": "5", "type": "system.Metrics", "uri": "/home-artifacts/5",
        "metadata": {"loss": 0.25},
    }]);
    assert_eq!(document["state"], json!("SUCCEEDED"));
    assert_eq!(document["run_details"]["task_details"].as_array().unwrap().len(), 2);
    assert_eq!(document["outputs"], json!({"parameters": {"best": 2}, "artifacts": artifacts}));
    let tasks = document["tasks"].as_array().unwrap();
    let train = tasks.iter().find(|task| task["task_id"] == json!("root/train")).unwrap();
    assert_eq!(
        train,
        &json!({
            "task_id": "root/train", "display_name": "train", "kind": "container", "state": "SUCCEEDED",
            "created_at": "2026-01-01T00:00:01Z", "started_at": "2026-01-01T00:00:02Z",
            "ended_at": "2026-01-01T00:00:04Z", "duration_seconds": 2.0,
            "inputs": {"parameters": {"rate": 0.5}, "artifacts": []},
            "outputs": {"parameters": {}, "artifacts": artifacts},
            "attempts": [
                {"number": 0, "state": "FAILED", "place": "process 4711"},
                {"number": 1, "state": "SUCCEEDED", "place": "process 4712"},
            ],
        })
    );
    assert!(tasks.iter().any(|task| task["state"] == json!("OMITTED")));
    let views = server.get(&format!("{PATH}/{id}/tasks")).await;
    assert_eq!(views.as_array().unwrap().len(), 2);
    server.refused("GET", &format!("{PATH}/unknown"), None, (404, 5, "unknown")).await;
    server.refused("GET", &format!("{PATH}/unknown/tasks"), None, (404, 5, "unknown")).await;
}

#[tokio::test]
async fn logs_are_read_from_any_attempt_and_offset() {
    let server = Server::start().await;
    let id = server.create_run("r").await;
    let mut tried = task(&id, "root/loop[0]/try", TaskKind::Container, TaskPhase::Succeeded);
    tried.attempts = vec![attempt(0, TaskPhase::Failed), attempt(1, TaskPhase::Succeeded)];
    let waiting = task(&id, "root/wait", TaskKind::Container, TaskPhase::Pending);
    server.record(&id, 0, running(), vec![tried, waiting]).await;
    std::fs::write(log_file(&server, &id, "root/loop[0]/try", 0), "first\n").unwrap();
    std::fs::write(log_file(&server, &id, "root/loop[0]/try", 1), "second\n").unwrap();
    let path = format!("{PATH}/{id}/tasks/root%2Floop%5B0%5D%2Ftry/log");
    for (query, expected) in [
        ("", "second\n"),
        ("?attempt=0", "first\n"),
        ("?attempt=1&offset=3", "ond\n"),
        ("?offset=100", ""),
        ("?attempt=&offset=&follow=true", "second\n"),
    ] {
        let answer = server.call("GET", &format!("{path}{query}"), None).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, expected), "{query}");
        assert_eq!(answer.content_type, "text/plain; charset=utf-8");
    }
    server.refused("GET", &format!("{path}?attempt=2"), None, (404, 5, "no attempt")).await;
    server.refused("GET", &format!("{path}?attempt=x"), None, (400, 3, "attempt")).await;
    server
        .refused("GET", &format!("{PATH}/{id}/tasks/root%2Fwait/log"), None, (404, 5, "nothing was started"))
        .await;
    server.refused("GET", &format!("{PATH}/{id}/tasks/root%2Fno/log"), None, (404, 5, "root/no")).await;
}

#[tokio::test]
async fn a_log_is_followed_to_the_end_of_its_attempt() {
    let server = Server::start().await;
    let id = server.create_run("r").await;
    let mut slow = task(&id, "root/slow", TaskKind::Container, TaskPhase::Running);
    slow.attempts = vec![attempt(0, TaskPhase::Running)];
    let seq = server.record(&id, 0, running(), vec![slow.clone()]).await;
    let path = format!("{PATH}/{id}/tasks/root%2Fslow/log?follow=true");
    let file = log_file(&server, &id, "root/slow", 0);
    let writer = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        std::fs::write(&file, "one\n").unwrap();
        tokio::time::sleep(Duration::from_millis(150)).await;
        std::fs::write(&file, "one\ntwo\n").unwrap();
        slow.attempts = vec![attempt(0, TaskPhase::Succeeded)];
        server.record(&id, seq, running(), vec![slow.clone()]).await;
    };
    let (answer, ()) = tokio::join!(server.call("GET", &path, None), writer);
    assert_eq!(answer.text, "one\ntwo\n");
}

/// Waits for some events; returns what they are of, and its phase.
async fn told(listener: &mut Listener, count: usize) -> Vec<(&'static str, serde_json::Value)> {
    let mut all = Vec::new();
    for _ in 0..count {
        let event = listener.next().await.unwrap();
        let phase = event.data.get("phase").or(event.data.get("state")).cloned().unwrap_or_default();
        let name = ["run", "task", "end"].into_iter().find(|name| *name == event.name);
        all.push((name.unwrap_or_else(|| panic!("{event:?}")), phase));
    }
    all
}

#[tokio::test]
async fn changes_are_told_as_they_come() {
    let server = Server::start().await;
    let id = server.create_run("r").await;
    let step = |phase| task(&id, "root/step", TaskKind::Container, phase);
    let mut listener = Listener::start(&server, &format!("{PATH}/{id}/events"), None).await;
    assert_eq!(told(&mut listener, 1).await, [("run", json!("PENDING"))]);
    let seq = server.record(&id, 0, running(), vec![step(TaskPhase::Running)]).await;
    assert_eq!(told(&mut listener, 2).await, [("task", json!("running")), ("run", json!("RUNNING"))]);
    let over = RunView { phase: RunPhase::Succeeded, ended_at: Some(at(5)), ..RunView::default() };
    server.record(&id, seq, over, vec![step(TaskPhase::Succeeded)]).await;
    let end = [("task", json!("succeeded")), ("run", json!("SUCCEEDED")), ("end", json!(null))];
    assert_eq!(told(&mut listener, 3).await, end);
    assert_eq!(listener.next().await, None);
    server.refused("GET", &format!("{PATH}/unknown/events"), None, (404, 5, "unknown")).await;
}
