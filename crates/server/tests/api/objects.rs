//! The object registry over HTTP: values of secrets go in and never come out, in logs neither.

use std::io::Read;

use axum::body::Body;
use axum::http::Request;
use pipewright_store::engine::{RunPhase, RunView, TaskKind, TaskPhase};
use serde_json::{Value, json};

use crate::support::{Server, artifact, at, attempt, hello_spec, task, text};

const PATH: &str = "/apis/pipewright/v1/namespaces/default/objects";

fn secret(value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}, "stringData": {"key": value}})
}

#[tokio::test]
async fn objects_are_made_shown_and_deleted() {
    let server = Server::start().await;
    let made = server.post(PATH, secret("hunter2")).await;
    assert_eq!(made["data"], json!({"key": "***"}));
    assert!(made.get("stringData").is_none());
    server.refused("POST", PATH, Some(secret("again")), (409, 6, "exists already")).await;
    server.post(&format!("{PATH}?apply=true"), secret("again")).await;
    let found = server.get(&format!("{PATH}/Secret/token")).await;
    assert_eq!((&found["data"]["key"], &found["metadata"]["uid"]), (&json!("***"), &made["metadata"]["uid"]));
    let thing =
        json!({"apiVersion": "a.example/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"x": 1}});
    server.post(PATH, thing).await;
    assert_eq!(server.get(&format!("{PATH}/Thing/a")).await["spec"], json!({"x": 1}));
    let names = |page: Value| -> Vec<String> {
        let objects = page["objects"].as_array().unwrap().clone();
        objects.iter().map(|object| object["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(server.get(PATH).await), ["token", "a"]);
    assert_eq!(names(server.get(&format!("{PATH}?kind=Thing")).await), ["a"]);
    assert_eq!(names(server.get("/apis/pipewright/v1/objects?kind=Secret").await), ["token"]);
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    let made = server.post(PATH, claim).await;
    let folder = made["metadata"]["annotations"]["pipewright/folder"].as_str().unwrap();
    assert!(folder.ends_with("/volumes/default/data"), "{folder}");
    for (manifest, part) in [(json!({}), "no kind"), (json!([]), "JSON object")] {
        server.refused("POST", PATH, Some(manifest), (400, 3, part)).await;
    }
    for key in ["Secret/token", "Thing/a", "PersistentVolumeClaim/data"] {
        let path = format!("{PATH}/{key}");
        assert_eq!(server.call("DELETE", &path, None).await.status.as_u16(), 200, "{key}");
        server.refused("DELETE", &path, None, (404, 5, "does not exist")).await;
        server.refused("GET", &path, None, (404, 5, "does not exist")).await;
    }
    server.refused("GET", &format!("{PATH}/Secret/%2e%2e%2fup"), None, (404, 5, "does not exist")).await;
}

#[tokio::test]
async fn logs_hide_the_values_of_secrets() {
    let server = Server::start().await;
    server.post(PATH, secret("hunter2")).await;
    let id = server.create_run("r").await;
    let mut tried = task(&id, "root/try", TaskKind::Container, TaskPhase::Succeeded);
    tried.attempts = vec![attempt(0, TaskPhase::Succeeded)];
    let running = RunView { phase: pipewright_store::engine::RunPhase::Running, ..RunView::default() };
    server.record(&id, 0, running, vec![tried]).await;
    let attempt = pipewright_store::engine::AttemptId {
        run: pipewright_store::engine::RunId(id.clone()),
        task: pipewright_store::engine::TaskKey("root/try".to_owned()),
        number: 0,
    };
    // The value lies across two pieces of the file.
    let padding = "x".repeat((64 << 10) - 3);
    std::fs::write(server.app().logs.log_path(&attempt), format!("{padding}hunter2, aHVudGVyMg== hunt"))
        .unwrap();
    let path = format!("/apis/pipewright/v1/runs/{id}/tasks/root%2Ftry/log");
    for (offset, expected) in [(0, "***, *** hunt"), (2, "*, *** hunt"), (8, " hunt"), (100, "")] {
        let from = if offset == 0 { 0 } else { padding.len() + offset };
        let answer = server.call("GET", &format!("{path}?offset={from}"), None).await;
        assert_eq!(answer.text.trim_start_matches('x'), expected, "{offset}");
    }

    // Byte by byte, so that any part can be asked for by its place in the file.
    let shown = format!("{padding}*******, ************ hunt");
    let path = format!("{path}?in_place=true");
    let head = Request::head(&path).body(Body::empty()).unwrap();
    let head = server.send(head).await;
    assert_eq!(head.headers["content-length"].to_str().unwrap(), shown.len().to_string());
    assert_eq!(server.call("GET", &path, None).await.text, shown);
    for first in padding.len() - 2..shown.len() {
        for last in [first, first + 3, shown.len() - 1] {
            let last = last.min(shown.len() - 1);
            let range = format!("bytes={first}-{last}");
            let request = Request::get(&path).header("Range", &range).body(Body::empty()).unwrap();
            let part = server.send(request).await;
            assert_eq!((part.status.as_u16(), &*part.text), (206, &shown[first..=last]), "{range}");
        }
        let rest = server.call("GET", &format!("{path}&follow=true&offset={first}"), None).await;
        assert_eq!(rest.text, shown[first..], "followed from {first}");
    }
}

#[tokio::test]
async fn artifacts_hide_the_values_of_secrets() {
    let server = Server::start().await;
    server.post(PATH, secret("hunter2")).await;
    let id = server.create_run("r").await;
    let mut make = task(&id, "root/make", TaskKind::Container, TaskPhase::Succeeded);
    let mut values = Vec::new();
    for name in ["file", "folder"] {
        let mut value = artifact(name, name, "system.Dataset", json!({}));
        value.uri = server.home.path().join("artifacts").join(name).display().to_string();
        values.push(value);
    }
    let folder = server.home.path().join("artifacts/folder");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("inner.txt"), "in hunter2 side").unwrap();
    let padding = "x".repeat((64 << 10) - 3);
    std::fs::write(server.home.path().join("artifacts/file"), format!("{padding}hunter2 end")).unwrap();
    make.outcome.artifacts.insert("all".to_owned(), values);
    let over = RunView { phase: RunPhase::Succeeded, ended_at: Some(at(5)), ..RunView::default() };
    server.record_ended(&id, over, vec![make]).await;

    // Lengths stay, so that ranges mean the same bytes.
    let content = "/apis/pipewright/v1/artifacts/file/content";
    let whole = server.call("GET", content, None).await;
    assert_eq!(whole.text, format!("{padding}******* end"));
    assert_eq!(whole.headers["content-length"].to_str().unwrap(), whole.text.len().to_string());
    for (first, last) in
        [(0, 5), (padding.len() - 2, padding.len() + 3), (padding.len() + 5, padding.len() + 9)]
    {
        let range = format!("bytes={first}-{last}");
        let request = Request::get(content).header("Range", range).body(Body::empty()).unwrap();
        let part = server.send(request).await;
        assert_eq!((part.status.as_u16(), &*part.text), (206, &whole.text[first..=last]), "{first}-{last}");
    }

    let packed = server.bytes("/apis/pipewright/v1/artifacts/folder/content?download=1").await;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
    let mut texts = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut text = String::new();
        entry.unwrap().read_to_string(&mut text).unwrap();
        texts.push(text);
    }
    assert_eq!(texts.concat(), "in ******* side");
}

#[tokio::test]
async fn values_of_secrets_are_hidden_in_graphs_and_tasks() {
    let server = Server::start().await;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "hunter2-long"},
    });
    server.post("/apis/pipewright/v1/namespaces/default/objects", secret).await;
    let mut spec = hello_spec();
    let executors = spec["deploymentSpec"]["executors"].as_object_mut().unwrap();
    let container = &mut executors.values_mut().next().unwrap()["container"];
    container["env"] = json!([{"name": "PASSWORD", "value": "hunter2-long"}]);
    container["args"] = json!(["--password=hunter2-long", "--user=ada"]);
    let body = json!({
        "display_name": "r", "pipeline_spec": spec, "runtime_config": {"parameters": {"who": "hunter2-long"}},
    });
    let run = text(&server.post("/apis/v2beta1/runs", body).await, "run_id");
    let mut greet = task(&run, "root/greet", TaskKind::Container, TaskPhase::Succeeded);
    std::sync::Arc::make_mut(&mut greet.inputs).parameters.insert("who".to_owned(), json!("hunter2-long"));
    greet.outcome.parameters.insert("said".to_owned(), json!(["hi hunter2-long", {"to": "hunter2-long"}]));
    let over = RunView { phase: RunPhase::Succeeded, ended_at: Some(at(5)), ..RunView::default() };
    server.record_ended(&run, over, vec![greet]).await;

    let graph = server.get(&format!("/apis/pipewright/v1/runs/{run}/graph")).await;
    let components = graph["components"].as_object().unwrap();
    let container = components.values().find_map(|component| component.get("container")).unwrap();
    assert_eq!(container["env"], json!([{"name": "PASSWORD", "value": "***"}]));
    assert_eq!(container["args"], json!(["--password=***", "--user=ada"]));
    let detail = server.get(&format!("/apis/pipewright/v1/runs/{run}/tasks/root%2Fgreet")).await;
    assert_eq!(detail["inputs"]["parameters"][0]["value"], json!("***"));
    assert_eq!(detail["outputs"]["parameters"][0]["value"], json!(["hi ***", {"to": "***"}]));
    for shown in [&graph, &detail] {
        assert!(!shown.to_string().contains("hunter2"), "{shown}");
    }
    // A document to work with is what was sent.
    let kept = server.get(&format!("/apis/v2beta1/runs/{run}")).await;
    assert_eq!(kept["pipeline_spec"], spec);
}
