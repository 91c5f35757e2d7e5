//! Artifacts: lists, contents, previews, lineage; executions; task details.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use pipewright_plan::ArtifactValue;
use pipewright_store::engine::{
    CacheSource, Failure, FailureReason, Fingerprint, RunId, RunPhase, RunView, TaskKey, TaskKind, TaskPhase,
    TaskView,
};
use serde_json::{Value, json};

use crate::graph::LOOPS;
use crate::support::{Answer, Server, artifact, at, attempt, task, text};

const OWN: &str = "/apis/pipewright/v1";

fn at_path(server: &Server, id: &str, name: &str, title: &str) -> ArtifactValue {
    let mut value = artifact(id, name, title, json!({"rows": 2}));
    value.uri = server.home.path().join(id).display().to_string();
    value
}

fn ended(run: &str, name: &str) -> TaskView {
    let mut view = task(run, &format!("root/{name}"), TaskKind::Container, TaskPhase::Succeeded);
    view.attempts = vec![attempt(0, TaskPhase::Succeeded)];
    view
}

fn over() -> RunView {
    RunView { phase: RunPhase::Succeeded, ended_at: Some(at(5)), ..RunView::default() }
}

/// `make` leaves a dataset, from which `train` makes a model, which `serve` of another run takes.
async fn chain(server: &Server) -> (String, String) {
    let (first, second) = (server.create_run("first").await, server.create_run("second").await);
    let data = at_path(server, "data", "dataset", "system.Dataset");
    let model = at_path(server, "model", "model", "system.Model");
    let mut make = ended(&first, "make");
    make.outcome.artifacts.insert("dataset".to_owned(), vec![data.clone()]);
    let mut train = ended(&first, "train");
    Arc::make_mut(&mut train.inputs).artifacts.insert("rows".to_owned(), vec![data]);
    train.outcome.artifacts.insert("model".to_owned(), vec![model.clone()]);
    server.record_ended(&first, over(), vec![make, train]).await;
    let mut serve = ended(&second, "serve");
    Arc::make_mut(&mut serve.inputs).artifacts.insert("model".to_owned(), vec![model]);
    server.record_ended(&second, over(), vec![serve]).await;
    (first, second)
}

async fn raw(server: &Server, path: &str, header: Option<(&str, &str)>) -> Answer {
    let mut request = Request::get(path);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    server.send(request.body(Body::empty()).unwrap()).await
}

fn ids(page: &Value) -> Vec<String> {
    page["artifacts"].as_array().unwrap().iter().map(|artifact| text(artifact, "artifact_id")).collect()
}

#[tokio::test]
async fn artifacts_are_listed_newest_first() {
    let server = Server::start().await;
    let (first, _) = chain(&server).await;
    let page = server.get(&format!("{OWN}/artifacts?page_size=1")).await;
    assert_eq!(ids(&page), ["model"]);
    let next = text(&page, "next_page_token");
    let page = server.get(&format!("{OWN}/artifacts?page_size=1&page_token={next}")).await;
    assert_eq!((ids(&page), page.get("next_page_token")), (vec!["data".to_owned()], None));
    for (query, expected) in [
        ("type=system.Dataset", vec!["data"]),
        ("name=MOD", vec!["model"]),
        ("sort_by=name", vec!["data", "model"]),
        ("sort_by=name%20desc", vec!["model", "data"]),
        ("sort_by=type%20desc", vec!["model", "data"]),
        ("sort_by=created_at", vec!["data", "model"]),
        ("sort_by=uri&type=system.Model", vec!["model"]),
        ("pipeline=other", vec![]),
        ("pipeline=hello&name=data", vec!["data"]),
        (&format!("run_id={first}&type=system.Model"), vec!["model"]),
    ] {
        assert_eq!(ids(&server.get(&format!("{OWN}/artifacts?{query}")).await), expected, "{query}");
    }
}

#[tokio::test]
async fn lineage_goes_up_and_down() {
    let server = Server::start().await;
    let (first, second) = chain(&server).await;
    let view = server.get(&format!("{OWN}/artifacts/data")).await;
    assert_eq!((&view["exists"], &view["task"]), (&json!(false), &json!("root/make")));
    assert_eq!(view["consumers"], json!([{"run_id": first, "task": "root/train", "input": "rows"}]));
    let all = server.get(&format!("{OWN}/artifacts/model/lineage")).await;
    let edges = [
        ("data".to_owned(), format!("{first}/root/train"), "rows"),
        (format!("{first}/root/make"), "data".to_owned(), "dataset"),
        (format!("{first}/root/train"), "model".to_owned(), "model"),
        ("model".to_owned(), format!("{second}/root/serve"), "model"),
    ];
    let found = all["edges"].as_array().unwrap();
    assert_eq!(found.len(), edges.len(), "{all}");
    for (from, to, name) in edges {
        assert!(found.contains(&json!({"from": from, "to": to, "name": name})), "{from} -> {to}: {all}");
    }
    let up = server.get(&format!("{OWN}/artifacts/model/lineage?direction=up&depth=1")).await;
    assert_eq!((up["nodes"].as_array().unwrap().len(), &up["truncated"]), (3, &json!(false)));
    // What used it is gone with its run, the artifact is not.
    assert_eq!(
        server.call("DELETE", &format!("/apis/v2beta1/runs/{second}"), None).await.status.as_u16(),
        200
    );
    let down = server.get(&format!("{OWN}/artifacts/model/lineage?direction=down")).await;
    assert_eq!(down["nodes"].as_array().unwrap().len(), 1);
    server
        .refused("GET", &format!("{OWN}/artifacts/model/lineage?direction=left"), None, (400, 3, "left"))
        .await;
    server.refused("GET", &format!("{OWN}/artifacts/none"), None, (404, 5, "none")).await;
}

#[tokio::test]
async fn contents_are_handed_out_in_a_sandbox() {
    let server = Server::start().await;
    chain(&server).await;
    std::fs::write(server.home.path().join("data"), "a,b\n1,\"x, y\"\n2,hunter2\n").unwrap();
    let content = format!("{OWN}/artifacts/data/content");
    let answer = raw(&server, &content, None).await;
    assert_eq!(answer.text, "a,b\n1,\"x, y\"\n2,hunter2\n");
    assert!(
        answer.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .starts_with("sandbox; default-src 'none'")
    );
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    let tag = answer.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(raw(&server, &content, Some(("If-None-Match", &tag))).await.status.as_u16(), 304);
    let part = raw(&server, &content, Some(("Range", "bytes=4-5"))).await;
    assert_eq!((part.status.as_u16(), part.text.as_str()), (206, "1,"));
    let saved = raw(&server, &format!("{content}?download=1"), None).await;
    assert_eq!(saved.headers["content-disposition"], "attachment; filename=\"dataset\"");

    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "hunter2"}});
    server.post(&format!("{OWN}/namespaces/default/objects"), secret).await;
    let table = server.get(&format!("{OWN}/artifacts/data/table?rows=5")).await;
    assert_eq!(table["rows"], json!([["1", "x, y"], ["2", "***"]]));
    assert_eq!((&table["columns"][1]["name"], &table["total_rows"]), (&json!("b"), &json!(2)));
    let head = server.get(&format!("{OWN}/artifacts/data/head?bytes=5")).await;
    assert_eq!(
        (&head["text"], &head["truncated"], &head["media"]),
        (&json!("a,b\n1"), &json!(true), &json!("text"))
    );

    std::fs::write(server.home.path().join("data"), "<html><script>fetch('/apis')</script>").unwrap();
    // Never as a page outside of a frame.
    assert_eq!(raw(&server, &content, None).await.content_type, "text/plain; charset=utf-8");
    let frame = raw(&server, &format!("{OWN}/artifacts/data/preview"), None).await;
    assert_eq!(frame.content_type, "text/html; charset=utf-8");
    let policy = frame.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("sandbox allow-scripts;") && policy.contains("connect-src 'none'"),
        "{policy}"
    );
    server.refused("GET", &format!("{OWN}/artifacts/model/content"), None, (404, 5, "nothing is left")).await;
}

#[tokio::test]
async fn pages_of_the_old_platform_are_shown_in_a_frame() {
    let server = Server::start().await;
    chain(&server).await;
    let page = server.home.path().join("model");
    let document = json!({"version": 1, "outputs": [
        {"type": "web-app", "storage": "inline", "source": "<b>inline</b>"},
        {"type": "web-app", "storage": "gcs", "source": page},
        {"type": "markdown", "storage": "inline", "source": "# no page"},
        {"type": "web-app", "storage": "gcs", "source": "/etc/hostname"},
        {"type": "web-app", "storage": "gcs", "source": "gs://bucket/page.html"},
    ]});
    std::fs::write(server.home.path().join("data"), document.to_string()).unwrap();
    std::fs::write(&page, "<b>from a file</b>").unwrap();
    let path = |view: usize| format!("{OWN}/artifacts/data/preview?view={view}");
    for (view, expected) in [(0, "<b>inline</b>"), (1, "<b>from a file</b>")] {
        let answer = raw(&server, &path(view), None).await;
        assert_eq!(
            (answer.text.as_str(), answer.content_type.as_str()),
            (expected, "text/html; charset=utf-8")
        );
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("sandbox allow-scripts;") && policy.contains("connect-src 'none'"));
    }
    server.refused("GET", &path(2), None, (400, 9, "view 2 is no page")).await;
    server.refused("GET", &path(3), None, (404, 5, "there is no artifact")).await;
    server.refused("GET", &path(4), None, (404, 5, "reads local artifacts only")).await;
    server.refused("GET", &path(5), None, (404, 5, "has no view 5")).await;
}

#[tokio::test]
async fn folders_are_listed_and_packed() {
    let server = Server::start().await;
    chain(&server).await;
    let folder = server.home.path().join("model");
    std::fs::create_dir_all(folder.join("weights")).unwrap();
    std::fs::write(folder.join("weights/a.json"), "[1]").unwrap();
    std::fs::write(folder.join("notes.md"), "# hi").unwrap();
    std::os::unix::fs::symlink("/etc", folder.join("up")).unwrap();
    let path = format!("{OWN}/artifacts/model");
    let view = server.get(&path).await;
    assert_eq!(
        (&view["is_folder"], &view["size"], &view["media"]),
        (&json!(true), &json!(7), &json!("folder"))
    );
    let files = server.get(&format!("{path}/files")).await;
    assert_eq!(
        files["files"],
        json!([
            {"path": "weights", "name": "weights", "is_folder": true, "size": 0},
            {"path": "notes.md", "name": "notes.md", "is_folder": false, "size": 4},
        ])
    );
    let files = server.get(&format!("{path}/files?path=weights")).await;
    assert_eq!(files["files"][0]["path"], json!("weights/a.json"));
    assert_eq!(raw(&server, &format!("{path}/content?path=weights/a.json"), None).await.text, "[1]");
    server.refused("GET", &format!("{path}/content?path=up/passwd"), None, (404, 5, "nothing is left")).await;
    server
        .refused("GET", &format!("{path}/content?path=../data"), None, (400, 3, "leaves the artifact"))
        .await;
    server.refused("GET", &format!("{path}/content"), None, (400, 3, "download=1")).await;
    let packed = server.bytes(&format!("{path}/content?download=1")).await;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
    let names: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    assert!(names.contains(&"model/weights/a.json".to_owned()), "{names:?}");
}

#[tokio::test]
async fn executions_are_listed_over_all_runs() {
    let server = Server::start().await;
    let (first, second) = chain(&server).await;
    let names = |page: &Value| -> Vec<String> {
        page["executions"].as_array().unwrap().iter().map(|task| text(task, "display_name")).collect()
    };
    let page = server.get(&format!("{OWN}/executions?page_size=2")).await;
    assert_eq!(names(&page), ["serve", "train"]);
    assert_eq!(
        (&page["executions"][0]["run_id"], &page["executions"][0]["state"]),
        (&json!(second), &json!("SUCCEEDED"))
    );
    let token = text(&page, "next_page_token");
    let page = server.get(&format!("{OWN}/executions?page_size=2&page_token={token}")).await;
    assert_eq!((names(&page), page.get("next_page_token")), (vec!["make".to_owned()], None));
    let page = server.get(&format!("{OWN}/executions?run_id={first}&page_size=1")).await;
    assert_eq!(names(&page), ["train"]);
    let page = server.get(&format!("{OWN}/executions?name=RA&pipeline=hello&state=succeeded")).await;
    assert_eq!(names(&page), ["train"]);
    assert_eq!(names(&server.get(&format!("{OWN}/executions?state=FAILED")).await), [""; 0]);
}

#[tokio::test]
async fn a_task_is_told_in_full() {
    let server = Server::start().await;
    let pipeline =
        server.upload("/apis/v2beta1/pipelines/upload?name=loops", "l.yaml", LOOPS.as_bytes()).await;
    let body = json!({
        "display_name": "r",
        "pipeline_version_reference": {"pipeline_id": text(&pipeline.json(), "pipeline_id")},
    });
    let run = text(&server.post("/apis/v2beta1/runs", body).await, "run_id");
    let print = |value: &str| Fingerprint {
        key: value.to_owned(),
        document: [("inputs.item".to_owned(), value.to_owned())].into(),
    };
    let root = task(&run, "root", TaskKind::Dag, TaskPhase::Running);
    let mut each = task(&run, "root/for-each", TaskKind::Loop, TaskPhase::Running);
    each.iteration_count = Some(3);
    let mut before = task(&run, "root/for-each[0]/make", TaskKind::Container, TaskPhase::Succeeded);
    before.fingerprint = Some(Arc::new(print("1")));
    let mut made = task(&run, "root/for-each[1]/make", TaskKind::Container, TaskPhase::Failed);
    made.fingerprint = Some(Arc::new(print("2")));
    Arc::make_mut(&mut made.inputs).parameters.insert("item".to_owned(), json!(2));
    let failure = Failure {
        reason: FailureReason::ExitCode,
        message: "command ended with exit code 3".to_owned(),
        hint: None,
        exit_code: Some(3),
    };
    made.attempts = vec![attempt(0, TaskPhase::Failed)];
    made.attempts[0].failure = Some(failure);
    made.attempts[0].preparing_at = Some(at(1));
    let mut hit = task(&run, "root/for-each[2]/make", TaskKind::Container, TaskPhase::Cached);
    let source = CacheSource { run: RunId("old".to_owned()), task: TaskKey("root/make".to_owned()) };
    hit.cached_from = Some(source);
    let mut first = task(&run, "root/for-each[0]", TaskKind::Iteration, TaskPhase::Running);
    first.iteration = Some(0);
    let running = RunView { phase: RunPhase::Running, started_at: Some(at(1)), ..RunView::default() };
    server.record_ended(&run, running, vec![root, each, first, before, made, hit]).await;

    let detail = async |key: &str| {
        let key = key.replace('/', "%2F").replace('[', "%5B").replace(']', "%5D");
        server.get(&format!("{OWN}/runs/{run}/tasks/{key}")).await
    };
    let made = detail("root/for-each[1]/make").await;
    assert_eq!(
        made["inputs"]["parameters"],
        json!([{
            "name": "item", "type": "NUMBER_INTEGER", "value": 2, "source": "input item",
        }])
    );
    let attempt = &made["attempt_list"][0];
    assert_eq!(
        (&attempt["executor"], &attempt["pid"], &attempt["exit_code"]),
        (&json!("process"), &json!(4711), &json!(3))
    );
    assert_eq!(attempt["image"], json!("python:3.12"));
    let kinds: Vec<_> =
        made["timeline"].as_array().unwrap().iter().map(|entry| text(entry, "kind")).collect();
    assert_eq!(kinds, ["created", "planned", "preparing", "started", "ended", "finished"]);
    assert_eq!(made["cache"]["verdict"], json!("miss"));
    assert_eq!(made["cache"]["compared_with"]["task"], json!("root/for-each[0]/make"));
    assert_eq!(made["cache"]["differences"], json!([{"field": "inputs.item", "now": "2", "before": "1"}]));
    assert_eq!(
        detail("root/for-each[2]/make").await["cache"]["source"],
        json!({"run_id": "old", "task": "root/make"})
    );
    let bye = detail("root/bye").await;
    assert_eq!((bye.get("state"), &bye["waiting"]["kind"]), (None, &json!("upstream")));
    assert_eq!(bye["waiting"]["tasks"], json!(["root/for-each"]));
    let first = detail("root/for-each[0]/use").await;
    assert_eq!(first["waiting"]["kind"], json!("limit"));
    server.refused("GET", &format!("{OWN}/runs/{run}/tasks/root%2Fnobody"), None, (404, 5, "nobody")).await;
}
