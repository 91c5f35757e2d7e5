//! What the field's UI server answers beside the API: artifacts, pods, facts; and small routes of clusters.

use std::io::{Read, Write};
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use pipewright_store::engine::{
    AttemptId, Failure, FailureReason, RunId, RunPhase, RunView, TaskKey, TaskKind, TaskPhase,
};
use serde_json::{Value, json};

use crate::support::{Server, WORKFLOW, artifact, at, attempt, task, text};

async fn bytes(server: &Server, path: &str) -> (u16, Vec<u8>) {
    let response = server.raw(Request::get(path).body(Body::empty()).unwrap()).await;
    let status = response.status().as_u16();
    (status, response.into_body().collect().await.unwrap().to_bytes().to_vec())
}

/// A server whose artifacts lie in its own home.
async fn with_artifacts() -> (Server, String) {
    let home = tempfile::tempdir().unwrap();
    let root = home.keep().canonicalize().unwrap();
    let shown = root.display().to_string();
    (Server::start_as(|_, settings| settings.artifacts_root = shown.clone()).await, shown)
}

#[tokio::test]
async fn artifacts_are_read_by_their_place() {
    let (server, root) = with_artifacts().await;
    std::fs::create_dir_all(format!("{root}/run/model/deep")).unwrap();
    std::fs::write(format!("{root}/run/text"), "0123456789").unwrap();
    std::fs::write(format!("{root}/run/model/deep/w"), "weights").unwrap();
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(b"packed text").unwrap();
    std::fs::write(format!("{root}/run/gz"), gz.finish().unwrap()).unwrap();
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    tar.append_path_with_name(format!("{root}/run/text"), "data").unwrap();
    std::fs::write(format!("{root}/run/tgz"), tar.into_inner().unwrap().finish().unwrap()).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", format!("{root}/run/link")).unwrap();

    let inner = root.trim_start_matches('/').to_owned();
    let (bucket, rest) = inner.split_once('/').unwrap();
    let get =
        |key: &str, more: &str| format!("/artifacts/get?source=file&bucket=&key={root}/run/{key}{more}");
    for prefix in ["", "/pipeline"] {
        let (status, body) = bytes(&server, &format!("{prefix}{}", get("text", ""))).await;
        assert_eq!((status, body.as_slice()), (200, b"0123456789".as_slice()));
    }
    assert_eq!(bytes(&server, &get("text", "&peek=4")).await, (200, b"0123".to_vec()));
    assert_eq!(bytes(&server, &get("gz", "")).await, (200, b"packed text".to_vec()));
    assert_eq!(bytes(&server, &get("tgz", "&peek=3")).await, (200, b"012".to_vec()));
    let (_, raw) = bytes(&server, &format!("/artifacts/file/{bucket}/{rest}/run/gz")).await;
    assert_eq!(raw[..2], [0x1f, 0x8b]);
    let (_, note) = bytes(&server, &get("model", "&peek=100")).await;
    assert_eq!(String::from_utf8(note).unwrap(), "Directory artifact `model`: 1 file(s), 7 bytes");
    let (_, packed) = bytes(&server, &format!("/artifacts/file/{bucket}/{rest}/run/model")).await;
    let mut names = Vec::new();
    for entry in tar::Archive::new(GzDecoder::new(packed.as_slice())).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = String::new();
        if entry.header().entry_type().is_file() {
            entry.read_to_string(&mut content).unwrap();
            names.push((entry.path().unwrap().display().to_string(), content));
        }
    }
    assert_eq!(names, [("model/deep/w".to_owned(), "weights".to_owned())]);

    for (path, status) in [
        (get("nothing", ""), 404),
        (get("link", ""), 404),
        (get("../../../../etc/hostname", ""), 404),
        ("/artifacts/get?source=file&bucket=&key=/etc/hostname".to_owned(), 404),
        ("/artifacts/file/etc/hostname/".to_owned(), 404),
        ("/artifacts/get?source=minio&bucket=b&key=k".to_owned(), 404),
        ("/artifacts/get?source=https&bucket=b&key=k".to_owned(), 403),
        ("/artifacts/get?source=tape&bucket=b&key=k".to_owned(), 400),
        ("/artifacts/get?source=file&bucket=b".to_owned(), 400),
        ("/artifacts/get?source=file&key=k&peek=many".to_owned(), 400),
        ("/artifacts/get?source=volume&bucket=..&key=k".to_owned(), 400),
        ("/artifacts/get?source=volume&bucket=none&key=k".to_owned(), 404),
    ] {
        assert_eq!(bytes(&server, &path).await.0, status, "{path}");
    }
    let folder = server.store.claim_folder("default", "data").unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("f"), "in a volume").unwrap();
    let volume = bytes(&server, "/artifacts/get?source=volume&bucket=data&key=f").await;
    assert_eq!(volume, (200, b"in a volume".to_vec()));
    let out = "/artifacts/get?source=volume&bucket=data&key=../../../pipewright.db";
    assert_eq!(bytes(&server, out).await.0, 404);
}

#[tokio::test]
async fn a_registered_artifact_elsewhere_is_read() {
    let (server, _) = with_artifacts().await;
    let other = tempfile::tempdir().unwrap();
    let place = other.path().canonicalize().unwrap().join("data");
    std::fs::write(&place, "imported").unwrap();
    let path = format!("/artifacts/get?source=file&key={}", place.display());
    assert_eq!(bytes(&server, &path).await.0, 404);
    let id = server.create_run("r").await;
    let mut made = task(&id, "root/greet", TaskKind::Container, TaskPhase::Succeeded);
    let mut known = artifact("a", "out", "system.Dataset", json!({}));
    known.uri = place.display().to_string();
    made.outcome.artifacts.insert("out".to_owned(), vec![known]);
    server.record_ended(&id, RunView { phase: RunPhase::Succeeded, ..RunView::default() }, vec![made]).await;
    assert_eq!(bytes(&server, &path).await, (200, b"imported".to_vec()));
}

#[tokio::test]
async fn attempts_are_told_as_pods() {
    let server = Server::start().await;
    let id = server.create_run("r").await;
    let mut greet = task(&id, "root/greet", TaskKind::Container, TaskPhase::Succeeded);
    greet.attempts = vec![attempt(0, TaskPhase::Failed), attempt(1, TaskPhase::Succeeded)];
    let (message, hint) = ("it broke".to_owned(), Some("mend it".to_owned()));
    let failure = Failure { reason: FailureReason::OutOfMemory, message, hint, exit_code: Some(137) };
    greet.attempts[0].failure = Some(failure);
    let log = |number: u32| {
        let attempt = AttemptId { run: RunId(id.clone()), task: TaskKey("root/greet".to_owned()), number };
        server.home.path().join(attempt.digest())
    };
    std::fs::write(log(0), "first try\n").unwrap();
    std::fs::write(log(1), "second try\n").unwrap();
    let view = RunView { phase: RunPhase::Succeeded, ended_at: Some(at(5)), ..RunView::default() };
    server.record_ended(&id, view, vec![greet]).await;
    let run = server.get(&format!("/apis/v2beta1/runs/{id}")).await;
    let pods = run["run_details"]["task_details"][0]["child_tasks"].clone();
    let names: Vec<String> = pods.as_array().unwrap().iter().map(|pod| text(pod, "pod_name")).collect();
    assert!(names[0].starts_with(&format!("greet-{id}-")), "{names:?}");

    for (query, expected) in [
        (format!("podname={}", names[0]), "first try\n"),
        (format!("podname={}&podnamespace=x&createdat=2026-01-01&follow=true", names[1]), "second try\n"),
        (format!("podname=root/greet&runid={id}"), "second try\n"),
    ] {
        let answer = server.call("GET", &format!("/pipeline/k8s/pod/logs?{query}"), None).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, expected), "{query}");
    }
    let alpha = server.call("GET", &format!("/apis/v1alpha1/runs/{id}/nodes/{}/log", names[0]), None).await;
    assert_eq!(alpha.text, "first try\n");

    let pod = server.get(&format!("/k8s/pod?podname={}&podnamespace=kubeflow", names[0])).await;
    assert_eq!(
        (&pod["metadata"]["name"], &pod["metadata"]["namespace"]),
        (&json!(names[0]), &json!("kubeflow"))
    );
    let ended = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!((&pod["status"]["phase"], &ended["exitCode"]), (&json!("Failed"), &json!(137)));
    let events = server.get(&format!("/k8s/pod/events?podname={}&podnamespace=kubeflow", names[0])).await;
    let told: Vec<(&Value, &Value)> =
        events["items"].as_array().unwrap().iter().map(|event| (&event["type"], &event["reason"])).collect();
    assert_eq!(told[0], (&json!("Normal"), &json!("Scheduled")));
    assert_eq!(*told.last().unwrap(), (&json!("Warning"), &json!("OOMKilled")));
    assert_eq!(events["items"].as_array().unwrap().last().unwrap()["message"], json!("it broke; mend it"));

    for (path, status, part) in [
        ("/k8s/pod/logs", 422, "podname argument is required"),
        ("/k8s/pod?podname=x", 422, "podnamespace argument is required"),
        ("/k8s/pod/events?podnamespace=x", 422, "podname argument is required"),
        ("/k8s/pod/logs?podname=nobody", 404, "no pod `nobody`"),
        ("/k8s/pod/logs?podname=x&runid=nobody", 404, "nobody"),
    ] {
        let answer = server.call("GET", path, None).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {answer:?}");
        assert!(answer.text.contains(part), "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn nodes_of_v1_runs_are_pods_too() {
    let server = Server::start().await;
    let compiled = pipewright_compiler::compile(WORKFLOW.as_bytes()).unwrap().pipeline_spec;
    let body = json!({"name": "r", "pipeline_spec": {"workflow_manifest": compiled.to_string(),
        "parameters": [{"name": "count", "value": "1"}]}});
    let id = text(&server.post("/apis/v1beta1/runs", body).await["run"], "id");
    let mut say = task(&id, "root/say", TaskKind::Container, TaskPhase::Succeeded);
    say.attempts = vec![attempt(0, TaskPhase::Succeeded)];
    let attempt = AttemptId { run: RunId(id.clone()), task: say.key.clone(), number: 0 };
    std::fs::write(server.home.path().join(attempt.digest()), "said\n").unwrap();
    let root = task(&id, "root", TaskKind::Dag, TaskPhase::Succeeded);
    server
        .record_ended(&id, RunView { phase: RunPhase::Succeeded, ..RunView::default() }, vec![root, say])
        .await;
    let detail = server.get(&format!("/apis/v1beta1/runs/{id}")).await;
    let manifest = detail["pipeline_runtime"]["workflow_manifest"].as_str().unwrap();
    let manifest: Value = serde_json::from_str(manifest).unwrap();
    let nodes = manifest["status"]["nodes"].as_object().unwrap();
    let (node, _) = nodes.iter().find(|(_, node)| node["displayName"] == json!("say")).unwrap();
    for path in [
        format!("/k8s/pod/logs?podname={node}&runid={id}"),
        format!("/apis/v1alpha1/runs/{id}/nodes/{node}/log"),
    ] {
        assert_eq!(server.call("GET", &path, None).await.text, "said\n", "{path}");
    }
}

#[tokio::test]
async fn a_cluster_that_is_not_there_is_told_so() {
    let server = Server::start().await;
    for (path, status, text) in [
        ("/system/cluster-name", 404, "there is no cluster here, and no cloud project"),
        ("/pipeline/system/project-id", 404, "there is no cluster here, and no cloud project"),
        ("/visualizations/allowed", 200, "true"),
        ("/_proxy/x/y", 410, "the path-based proxy is gone"),
    ] {
        let answer = server.call("GET", path, None).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (status, text), "{path}");
    }
    for path in ["/apis/v2beta1/workflows", "/apis/v1beta1/scheduledworkflows"] {
        server.refused("POST", path, Some(json!("text")), (403, 7, "refused")).await;
    }
    let auth = "/apis/v1beta1/auth?namespace=x&resources=VIEWERS&verb=GET";
    assert_eq!(server.get(auth).await, json!({}));
    assert_eq!(server.get("/apis/v1beta1/auth?namespace=x&resources=1&verb=1").await, json!({}));
    server.refused("GET", "/apis/v1beta1/auth?namespace=x&verb=GET", None, (400, 3, "resources")).await;
    server.refused("GET", "/apis/v1beta1/auth?resources=VIEWERS&verb=PAINT", None, (400, 3, "PAINT")).await;
}

#[tokio::test]
async fn earlier_results_are_looked_up_as_a_driver_does() {
    let server = Server::start().await;
    let id = server.create_run("r").await;
    let mut greet = task(&id, "root/greet", TaskKind::Container, TaskPhase::Succeeded);
    greet.fingerprint =
        Some(Arc::new(pipewright_store::engine::Fingerprint { key: "abc".to_owned(), ..Default::default() }));
    server.record_ended(&id, RunView { phase: RunPhase::Succeeded, ..RunView::default() }, vec![greet]).await;
    let list = |fingerprint: &str| {
        let filter = json!({"predicates": [
            {"op": 1, "key": "pipelineName", "string_value": "pipeline/hello"},
            {"op": "EQUALS", "key": "fingerprint", "stringValue": fingerprint},
        ]});
        let encoded: String = filter.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("/apis/v1alpha1/tasks?filter={encoded}")
    };
    let found = server.get(&list("abc")).await;
    assert_eq!((&found["tasks"][0]["runId"], &found["total_size"]), (&json!(id), &json!(1)));
    assert_eq!(server.get(&list("other")).await, json!({}));
    server.refused("GET", "/apis/v1alpha1/tasks", None, (400, 3, "fingerprint")).await;
    server.refused("POST", "/apis/v1alpha1/tasks", Some(json!({})), (403, 7, "own runs")).await;
}
