//! Runs as files: out of one server, into another.

use std::io::{Cursor, Read, Write};
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use pipewright_plan::{Outcome, Published, Usage};
use pipewright_store::Append;
use pipewright_store::engine::{
    AttemptEnd, AttemptId, Event, Resolved, RunId, RunPhase, RunState, Submit, TaskKey, TaskPhase,
    changed_tasks,
};
use serde_json::{Value, json};

use crate::support::{Answer, Server, artifact, at};

const OWN: &str = "/apis/pipewright/v1";

/// A run with facts, a log and a folder of artifacts that hold a secret's value.
async fn ended(server: &Server, root: &str) -> String {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "hunter2"}});
    server.post(&format!("{OWN}/namespaces/default/objects"), secret).await;
    let run = server.create_run("kept").await;
    let id = RunId(run.clone());
    let mut model = artifact("model-1", "model", "system.Model", json!({"accuracy": 0.5}));
    model.uri = format!("{root}/hello/{run}/greet/0/model");
    std::fs::create_dir_all(&model.uri).unwrap();
    std::fs::write(format!("{}/weights", model.uri), "1 2 hunter2 3").unwrap();
    let mut used = artifact("data-1", "data", "system.Dataset", json!({}));
    used.uri = "/etc/passwd".to_owned();
    let mut inputs = Resolved::default();
    inputs.artifacts.insert("data".to_owned(), vec![used]);
    let mut outcome = Outcome::default();
    outcome.artifacts.insert("model".to_owned(), vec![model]);
    let (root_key, greet) = (TaskKey::root(), TaskKey("root/greet".to_owned()));
    let submit = Submit {
        display_name: "kept".to_owned(),
        pipeline_root: root.to_owned(),
        created_at: at(0),
        ..Submit::default()
    };
    let success = AttemptEnd::Succeeded { published: Published::default(), usage: Usage::default() };
    let ended = |task: &TaskKey, outcome: Outcome| Event::TaskEnded {
        task: task.clone(),
        at: at(4),
        phase: TaskPhase::Succeeded,
        outcome: Box::new(outcome),
        error: None,
    };
    let events = vec![
        Event::RunSubmitted { at: at(0), submit: Box::new(submit) },
        Event::TaskStarted { task: root_key.clone(), at: at(0), inputs: Arc::default() },
        Event::TaskStarted { task: greet.clone(), at: at(1), inputs: Arc::new(inputs) },
        Event::AttemptPlanned { task: greet.clone(), at: at(1), number: 0 },
        Event::AttemptStarted {
            task: greet.clone(),
            at: at(2),
            number: 0,
            place: "process 7".to_owned(),
            fingerprint: None,
        },
        Event::AttemptEnded { task: greet.clone(), at: at(4), number: 0, end: Box::new(success) },
        ended(&greet, outcome),
        ended(&root_key, Outcome::default()),
        Event::RunEnded { at: at(5), phase: RunPhase::Succeeded, outcome: Box::default(), error: None },
    ];
    let plan = server.store.run_plan(&id).await.unwrap();
    let state = RunState::replay(id.clone(), &plan, &events);
    let tasks = changed_tasks(&events).iter().filter_map(|key| state.task_view(&plan, key)).collect();
    let pending = server.store.pending_requests(&id).await.unwrap();
    let append = Append {
        run: id.clone(),
        expected_seq: 0,
        run_view: state.run_view(),
        tasks,
        events,
        consumed: pending.into_iter().map(|(number, _)| number).collect(),
        flush: false,
    };
    server.store.append(&append).await.unwrap();
    let attempt = AttemptId { run: id, task: greet, number: 0 };
    std::fs::write(server.app().logs.log_path(&attempt), "hello hunter2\n").unwrap();
    run
}

async fn start(folder: &std::path::Path) -> (Server, String) {
    let root = folder.join("artifacts").display().to_string();
    let shown = root.clone();
    (Server::start_as(move |_, settings| settings.artifacts_root = root).await, shown)
}

async fn import(server: &Server, file: Vec<u8>, query: &str) -> Answer {
    let request = Request::post(format!("{OWN}/runs/import{query}")).body(Body::from(file));
    server.send(request.unwrap()).await
}

fn entries(file: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut all = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        all.push((entry.name().unwrap().into_owned(), content));
    }
    all
}

fn pack(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        archive.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[tokio::test]
async fn a_run_goes_to_another_server_whole() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ((one, root), (other, new_root)) = (start(here.path()).await, start(there.path()).await);
    let run = ended(&one, &root).await;
    let file = one.bytes(&format!("{OWN}/runs/{run}/export?artifacts=all")).await;

    let imported = import(&other, file.clone(), "?archived=true").await;
    assert_eq!(imported.status, 200, "{imported:?}");
    let imported = imported.json();
    assert_eq!(
        (&imported["run_id"], &imported["state"], &imported["storage_state"]),
        (&json!(run), &json!("SUCCEEDED"), &json!("ARCHIVED"))
    );

    // What is shown is the same, but for where the bytes lie.
    let path = format!("{OWN}/runs/{run}/tasks/root%2Fgreet");
    let (mut before, mut after) = (one.get(&path).await, other.get(&path).await);
    assert_eq!(
        after["outputs"]["artifacts"][0]["uri"],
        json!(format!("{new_root}/hello/{run}/greet/0/model"))
    );
    assert_eq!(after["inputs"]["artifacts"][0]["uri"], json!("elsewhere:///etc/passwd"));
    for document in [&mut before, &mut after] {
        document["outputs"]["artifacts"][0]["uri"] = Value::Null;
        document["inputs"]["artifacts"][0]["uri"] = Value::Null;
    }
    assert_eq!(before, after);
    let (mut before, mut after) = (
        one.get(&format!("{OWN}/runs/{run}/graph")).await,
        other.get(&format!("{OWN}/runs/{run}/graph")).await,
    );
    for document in [&mut before, &mut after] {
        for own in ["experiment_id", "archived"] {
            document["run"][own] = Value::Null;
        }
    }
    assert_eq!(before, after);

    // Secrets stayed behind, in logs and artifacts.
    let log = other.call("GET", &format!("{path}/log"), None).await;
    assert_eq!(log.text, "hello *******\n");
    let content = format!("{OWN}/artifacts/model-1/content?path=weights");
    assert_eq!(other.call("GET", &content, None).await.text, "1 2 ******* 3");
    other.refused("GET", &format!("{OWN}/artifacts/data-1/content"), None, (404, 5, "data-1")).await;

    // Nothing is overwritten.
    let again = import(&other, file.clone(), "").await;
    assert_eq!(again.status, 409, "{again:?}");
    // It can be taken in again once it was deleted.
    other.call("DELETE", &format!("/apis/v2beta1/runs/{run}"), None).await;
    let again = import(&other, file, "").await;
    assert_eq!(
        (again.status.as_u16(), &again.json()["storage_state"]),
        (200, &json!("AVAILABLE")),
        "{again:?}"
    );
}

#[tokio::test]
async fn what_is_exported_is_chosen() {
    let here = tempfile::tempdir().unwrap();
    let (server, root) = start(here.path()).await;
    let run = ended(&server, &root).await;
    let names = async |query: &str| {
        let file = server.bytes(&format!("{OWN}/runs/{run}/export{query}")).await;
        entries(&file).into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    let documents = ["run.json", "pipeline.json", "plan.json", "journal.jsonl"];
    assert_eq!(names("?logs=false").await, documents);
    let log = "logs/root%2Fgreet/0.log";
    assert_eq!(names("").await, [&documents[..], &[log]].concat());
    let model = format!("artifacts/hello/{run}/greet/0/model");
    let (folder, weights) = (format!("{model}/"), format!("{model}/weights"));
    let expected = [&documents[..], &[log, &folder, &weights]].concat();
    assert_eq!(names("?artifacts=model-1").await, expected);
    server.refused("GET", &format!("{OWN}/runs/{run}/export?artifacts=other"), None, (404, 5, "other")).await;
    let live = server.create_run("live").await;
    server.refused("GET", &format!("{OWN}/runs/{live}/export"), None, (400, 9, "is not over")).await;
}

#[tokio::test]
async fn hostile_files_leave_nothing_behind() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ((one, root), (other, _)) = (start(here.path()).await, start(there.path()).await);
    let run = ended(&one, &root).await;
    let good = entries(&one.bytes(&format!("{OWN}/runs/{run}/export?artifacts=all")).await);
    let with = |name: &str, content: &str| {
        let mut all: Vec<_> = good.iter().filter(|(known, _)| known != name).cloned().collect();
        all.push((name.to_owned(), content.as_bytes().to_vec()));
        pack(&all)
    };
    let head = String::from_utf8(good[0].1.clone()).unwrap();
    let journal = String::from_utf8(good[3].1.clone()).unwrap();
    let cases = [
        (with(&format!("artifacts/hello/{run}/../../../evil"), "x"), "does not belong to run"),
        (with("artifacts/../../evil", "x"), "does not belong to run"),
        (with("artifacts//etc/evil", "x"), "does not belong to run"),
        (with("artifacts/hello/another-run/evil", "x"), "does not belong to run"),
        (with("run.json", &head.replace(&run, "../../evil")), "is no id of a run"),
        (with("run.json", &head.replace("pipewright-run", "other")), "is no exported run"),
        (with("run.json", &head.replace("\"version\":1", "\"version\":9")), "newer form"),
        (with("plan.json", "{}"), "plan.json"),
        (with("journal.jsonl", journal.lines().next().unwrap()), "is not over"),
        (with("journal.jsonl", "{\"type\": \"unheard_of\"}"), "journal.jsonl is damaged"),
        (b"no archive".to_vec(), "damaged"),
    ];
    for (file, message) in cases {
        let answer = import(&other, file, "").await;
        assert_eq!(answer.status, 400, "{message}: {answer:?}");
        assert!(answer.text.contains(message), "{message}: {answer:?}");
        assert_eq!(other.get("/apis/v2beta1/runs").await, json!({}), "{message}");
        let files: Vec<_> = walk(there.path());
        assert!(files.is_empty(), "{message}: {files:?}");
    }
}

/// Lists all files below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { files.extend(walk(&entry.path())) } else { files.push(entry.path()) }
    }
    files
}
