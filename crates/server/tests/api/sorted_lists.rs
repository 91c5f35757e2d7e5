//! Artifacts and executions in every order, page by page: each row comes once, equal ones too.

use std::sync::Arc;

use pipewright_store::engine::{RunPhase, RunView, TaskKind, TaskPhase};
use serde_json::{Value, json};

use crate::support::{Server, artifact, at, attempt, task, text};

const OWN: &str = "/apis/pipewright/v1";
const PHASES: [TaskPhase; 8] = [
    TaskPhase::Succeeded,
    TaskPhase::Failed,
    TaskPhase::Cached,
    TaskPhase::Succeeded,
    TaskPhase::Skipped,
    TaskPhase::Failed,
    TaskPhase::Omitted,
    TaskPhase::Cancelled,
];

/// Two runs whose tasks have the same names, other phases and an artifact each.
async fn server() -> Server {
    let server = Server::start().await;
    for run in 0..2 {
        let id = server.create_run(&format!("run {run}")).await;
        let tasks = PHASES.iter().enumerate().map(|(at, _)| {
            let phase = PHASES[(at + 3 * run) % PHASES.len()];
            let name = ["c", "a&b:d", "b", "e"][at % 4];
            let mut view = task(&id, &format!("root/{name}{}", at / 4), TaskKind::Container, phase);
            view.attempts = vec![attempt(0, phase)];
            let kind = ["system.Model", "system.Dataset"][at % 2];
            let made = artifact(&format!("{run}-{at}"), name, kind, json!({}));
            view.outcome.artifacts.insert(name.to_owned(), vec![made]);
            Arc::make_mut(&mut view.inputs);
            view
        });
        let over = RunView { phase: RunPhase::Failed, ended_at: Some(at(5)), ..RunView::default() };
        let tasks = tasks.collect();
        server.record_ended(&id, over, tasks).await;
    }
    server
}

/// Reads a list two by two, and says of each row its key in this order and its name.
async fn walk(
    server: &Server,
    list: &str,
    query: &str,
    row: impl Fn(&Value) -> (String, String),
) -> Vec<(String, String)> {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{OWN}/{list}?page_size=2&{query}&page_token={token}")).await;
        found.extend(page[list].as_array().unwrap().iter().map(&row));
        match page["next_page_token"].as_str() {
            Some(next) => token = next.bytes().map(|byte| format!("%{byte:02X}")).collect(),
            None => return found,
        }
    }
}

async fn check(
    server: &Server,
    list: &str,
    filter: &str,
    key: (&str, &str),
    row: impl Fn(&Value) -> (String, String),
) -> usize {
    let (word, what) = key;
    let all = walk(server, list, filter, &row).await;
    let mut names: Vec<String> = all.iter().map(|(_, name)| name.clone()).collect();
    names.sort();
    for direction in ["asc", "desc"] {
        let sorted = walk(server, list, &format!("{filter}&sort_by={word}%20{direction}"), &row).await;
        let keys: Vec<&String> = sorted.iter().map(|(key, _)| key).collect();
        let is_sorted = match direction {
            "asc" => keys.is_sorted(),
            _ => keys.iter().rev().is_sorted(),
        };
        assert!(is_sorted, "{list} by {what} {direction} with {filter}: {keys:?}");
        let mut found: Vec<String> = sorted.into_iter().map(|(_, name)| name).collect();
        found.sort();
        assert_eq!(found, names, "{list} by {what} {direction} with {filter}");
    }
    all.len()
}

#[tokio::test]
async fn artifacts_are_sorted_page_by_page() {
    let server = server().await;
    let run = text(&server.get("/apis/v2beta1/runs").await["runs"][0], "run_id");
    for filter in ["", "type=system.Model", "name=B", &format!("run_id={run}")] {
        for (word, field) in
            [("name", "name"), ("type", "type"), ("uri", "uri"), ("created_at", "created_at")]
        {
            let row = |artifact: &Value| (text(artifact, field), text(artifact, "artifact_id"));
            // What was skipped or omitted has left nothing.
            let count = check(&server, "artifacts", filter, (word, field), row).await;
            assert!(count > 4, "{count} with {filter}");
        }
    }
    for (query, part) in [
        ("sort_by=size", "sort_by is one of"),
        ("sort_by=name%20up", "sort_by"),
        ("page_token=x", "no page_token"),
    ] {
        server.refused("GET", &format!("{OWN}/artifacts?{query}"), None, (400, 3, part)).await;
    }
}

#[tokio::test]
async fn executions_are_sorted_page_by_page() {
    let server = server().await;
    let run = text(&server.get("/apis/v2beta1/runs").await["runs"][0], "run_id");
    for (filter, count) in [
        ("", 16),
        ("state=FAILED", 4),
        ("state=SUCCEEDED", 4),
        ("name=B", 8),
        (&format!("run_id={run}") as &str, 8),
    ] {
        for (word, field) in [("name", "task"), ("state", "state"), ("created_at", "created_at")] {
            let row = |execution: &Value| {
                let name = text(execution, "run_id") + &text(execution, "task");
                // The store's word has two l and comes at the same place.
                (text(execution, field), name)
            };
            assert_eq!(check(&server, "executions", filter, (word, field), row).await, count, "{filter}");
        }
    }
    server
        .refused("GET", &format!("{OWN}/executions?sort_by=kind"), None, (400, 3, "sort_by is one of"))
        .await;
}
