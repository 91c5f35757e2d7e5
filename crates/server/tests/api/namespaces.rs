//! A server whose users have their runs and pipelines apart by namespace.

use std::path::Path;

use axum::body::Body;
use axum::http::{Request, header};
use futures::StreamExt;
use pipewright_server::access::{AccessFile, AccessOptions, Grants, Requirement, Role, Token, digest};
use pipewright_store::Request as Wish;
use pipewright_store::engine::{RunId, RunView, TaskKind, TaskPhase};
use serde_json::{Value, json};

use crate::support::{Answer, HELLO, Server, artifact, hello_spec, task, text};

const E: &str = "/apis/v2beta1/experiments";
const P: &str = "/apis/v2beta1/pipelines";
const R: &str = "/apis/v2beta1/runs";

/// Ada edits in one team, Vic only looks there and edits in the other, Root administrates everything.
fn options(home: &Path) -> AccessOptions {
    let path = home.join("access.toml");
    let grants = |pairs: &[(&str, Role)]| Grants(pairs.iter().map(|(n, r)| ((*n).to_owned(), *r)).collect());
    let change = |file: &mut AccessFile| {
        for (name, roles) in [
            ("ada", grants(&[("team-a", Role::Editor)])),
            ("vic", grants(&[("team-a", Role::Viewer), ("team-b", Role::Editor)])),
            ("root", grants(&[("*", Role::Admin)])),
            ("eve", grants(&[])),
        ] {
            file.tokens.push(Token {
                name: name.to_owned(),
                user: name.to_owned(),
                sha256: digest(&format!("pwt_{name}")),
                roles: Some(roles),
                created_at: None,
                expires_at: None,
            });
        }
        Ok(())
    };
    AccessFile::edit(&path, change).unwrap();
    AccessOptions { requirement: Requirement::Required, file: Some(path), ..AccessOptions::default() }
}

async fn start() -> Server {
    Server::start_as(|home, settings| {
        settings.multi_user = true;
        settings.home = Some(home.to_owned());
        settings.artifacts_root = home.join("artifacts").display().to_string();
        settings.access = options(home);
    })
    .await
}

fn request(who: &str, method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer pwt_{who}"))
}

async fn ask(server: &Server, who: &str, line: &str, body: Value) -> Answer {
    let (method, path) = line.split_once(' ').unwrap();
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    server.send(request(who, method, path).body(body).unwrap()).await
}

async fn made(server: &Server, who: &str, path: &str, body: Value) -> Value {
    let answer = ask(server, who, &format!("POST {path}"), body).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

async fn refused(server: &Server, who: &str, line: &str, body: Value, (status, part): (u16, &str)) {
    let answer = ask(server, who, line, body).await;
    assert_eq!(answer.status.as_u16(), status, "{who}: {line}: {answer:?}");
    assert!(answer.text.contains(part), "{who}: {line}: {answer:?}");
}

async fn names(server: &Server, who: &str, path: &str, list: &str) -> Vec<String> {
    let answer = ask(server, who, &format!("GET {path}"), Value::Null).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    let found = answer.json();
    let rows = found[list].as_array().cloned().unwrap_or_default();
    let name = |row: &Value| row.get("display_name").or_else(|| row.get("name")).unwrap().clone();
    rows.iter().map(|row| name(row).as_str().unwrap().to_owned()).collect()
}

async fn upload(server: &Server, who: &str, query: &str) -> Answer {
    let body = format!(
        "--xyz\r\nContent-Disposition: form-data; name=\"uploadfile\"; filename=\"hello.yaml\"\r\n\r\n{HELLO}\r\n--xyz--\r\n"
    );
    let request = request(who, "POST", &format!("{P}/upload?{query}"));
    let request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=xyz");
    server.send(request.body(Body::from(body)).unwrap()).await
}

fn run(experiment: Option<&str>) -> Value {
    json!({
        "display_name": "r", "experiment_id": experiment.unwrap_or_default(), "pipeline_spec": hello_spec(),
        "runtime_config": {"parameters": {"who": "you"}},
    })
}

#[tokio::test]
async fn the_server_says_that_it_has_users() {
    let server = start().await;
    let health = server.get("/apis/v2beta1/healthz").await;
    assert_eq!((&health["multi_user"], &health["apiServerMultiUser"]), (&json!(true), &json!(true)));
    assert_eq!(server.get("/apis/v1beta1/healthz").await["multi_user"], json!(true));
    assert_eq!(server.get("/apis/pipewright/v1/whoami").await["namespaces"], json!(true));

    made(&server, "root", E, json!({"display_name": "x", "namespace": "team-c"})).await;
    let list =
        async |who: &str| ask(&server, who, "GET /apis/pipewright/v1/namespaces", Value::Null).await.json();
    let view = |name: &str, role: &str| json!({"name": name, "role": role});
    let none = json!({"multi_user": true, "namespaces": []});
    assert_eq!(list("eve").await, none);
    let two = json!({"multi_user": true, "namespaces": [view("team-a", "viewer"), view("team-b", "editor")]});
    assert_eq!(list("vic").await, two);
    let every = ["default", "team-a", "team-b", "team-c"].map(|name| view(name, "admin"));
    let all = json!({"multi_user": true, "everywhere": "admin", "namespaces": every});
    assert_eq!(list("root").await, all);
}

#[tokio::test]
async fn experiments_are_in_a_namespace() {
    let server = start().await;
    let (list, create) = (format!("GET {E}"), format!("POST {E}"));
    refused(&server, "ada", &list, Value::Null, (400, "cannot have an empty namespace in multi-user mode"))
        .await;
    refused(&server, "eve", &list, Value::Null, (403, "`eve` has no role")).await;
    refused(&server, "ada", &create, json!({"display_name": "x"}), (400, "an experiment cannot have")).await;
    let body = json!({"display_name": "x", "namespace": "Team A"});
    refused(&server, "root", &create, body, (400, "namespace `Team A` is invalid")).await;

    let body = |namespace: &str| json!({"display_name": "mine", "namespace": namespace});
    let first = made(&server, "ada", E, body("team-a")).await;
    assert_eq!(first["namespace"], "team-a");
    made(&server, "vic", E, body("team-b")).await;
    refused(&server, "ada", &create, body("team-a"), (409, "exists already")).await;
    refused(&server, "ada", &create, body("team-b"), (403, "`ada` has no role there")).await;
    refused(&server, "vic", &create, body("team-a"), (403, "`vic` has the role viewer there")).await;
    assert_eq!(names(&server, "vic", &format!("{E}?namespace=team-a"), "experiments").await, ["mine"]);
    let one = format!("{E}/{}", text(&first, "experiment_id"));
    let seen = ask(&server, "vic", &format!("GET {one}"), Value::Null).await;
    assert_eq!(seen.status, 200);
    refused(&server, "vic", &format!("DELETE {one}"), Value::Null, (403, "delete experiments")).await;
    refused(&server, "vic", &format!("POST {one}:archive"), Value::Null, (403, "archive experiments")).await;
    refused(&server, "ada", &format!("GET {E}/gone"), Value::Null, (404, "does not exist")).await;

    // As the older client does it.
    let reference = json!([{"key": {"type": "NAMESPACE", "id": "team-a"}, "relationship": "OWNER"}]);
    let body = json!({"name": "old", "resource_references": reference});
    let old = made(&server, "ada", "/apis/v1beta1/experiments", body).await;
    assert_eq!(old["resource_references"][0]["key"], json!({"type": "NAMESPACE", "id": "team-a"}));
    let key = "resource_reference_key.type=NAMESPACE&resource_reference_key.id=team-a";
    let found = names(&server, "vic", &format!("/apis/v1beta1/experiments?{key}"), "experiments").await;
    assert_eq!(found, ["mine", "old"]);
}

#[tokio::test]
async fn pipelines_are_private_or_shared() {
    let server = start().await;
    for (who, query, namespace) in [
        ("ada", "name=p&namespace=team-a", json!("team-a")),
        ("vic", "name=p&namespace=team-b", json!("team-b")),
        ("root", "name=p", Value::Null),
        ("root", "name=q", Value::Null),
    ] {
        let answer = upload(&server, who, query).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        assert_eq!(answer.json()["namespace"], namespace);
    }
    let again = upload(&server, "ada", "name=p&namespace=team-a").await;
    assert_eq!(again.status, 409, "{again:?}");
    // What all share only those change who may everywhere.
    for query in ["name=r", "name=r&namespace=team-b"] {
        let answer = upload(&server, "ada", query).await;
        assert_eq!(answer.status, 403, "{query}: {answer:?}");
        assert!(answer.json()["error_message"].as_str().unwrap().contains("needs the role editor"));
    }
    let list = async |who: &str, query: &str| names(&server, who, &format!("{P}{query}"), "pipelines").await;
    assert_eq!(list("ada", "").await, ["p", "q"]);
    assert_eq!(list("ada", "?namespace=").await, ["p", "q"]);
    assert_eq!(list("ada", "?namespace=team-a").await, ["p"]);
    refused(&server, "ada", &format!("GET {P}?namespace=team-b"), Value::Null, (403, "team-b")).await;
    refused(&server, "eve", &format!("GET {P}"), Value::Null, (403, "in any namespace")).await;

    let read = async |who: &str, path: &str| ask(&server, who, &format!("GET {path}"), Value::Null).await;
    let own = read("ada", &format!("{P}/names/p?namespace=team-a")).await.json();
    assert_eq!(own["namespace"], "team-a");
    let shared = read("ada", &format!("{P}/names/p")).await.json();
    assert_eq!(shared["namespace"], Value::Null);
    let same = read("ada", "/apis/v1beta1/namespaces/-/pipelines/p").await.json();
    assert_eq!(same["id"], shared["pipeline_id"]);
    let id = text(&shared, "pipeline_id");
    assert_eq!(read("vic", &format!("{P}/{id}/versions")).await.status, 200);
    refused(&server, "vic", &format!("DELETE {P}/{id}"), Value::Null, (403, "that all namespaces share"))
        .await;
    let id = text(&own, "pipeline_id");
    refused(&server, "vic", &format!("PATCH {P}/{id}"), json!({}), (403, "update pipelines")).await;
    let version = read("vic", &format!("{P}/{id}/versions")).await.json();
    let version = text(&version["pipeline_versions"][0], "pipeline_version_id");
    // The version decides, whatever pipeline the path names beside it.
    let path = format!("GET {P}/anything/versions/{version}");
    assert_eq!(ask(&server, "ada", &path, Value::Null).await.status, 200);
    let path = format!("DELETE {P}/anything/versions/{version}");
    refused(&server, "vic", &path, Value::Null, (403, "in namespace `team-a`")).await;
}

#[tokio::test]
async fn runs_are_in_the_namespace_of_their_experiment() {
    let server = start().await;
    let create = format!("POST {R}");
    refused(&server, "ada", &create, run(None), (400, "a run cannot have an empty namespace")).await;
    let mine = made(&server, "ada", E, json!({"display_name": "mine", "namespace": "team-a"})).await;
    let mine = text(&mine, "experiment_id");
    refused(&server, "vic", &create, run(Some(&mine)), (403, "create runs in namespace `team-a`")).await;
    let made_run = made(&server, "ada", R, run(Some(&mine))).await;
    let id = text(&made_run, "run_id");
    let requests = server.store.pending_requests(&RunId(id.clone())).await.unwrap();
    let Wish::Submit { submit } = &requests[0].1 else { panic!("{requests:?}") };
    assert_eq!(submit.namespace(), "team-a");

    // A namespace stands for its default experiment.
    let other = made(&server, "vic", &format!("{R}?namespace=team-b"), run(None)).await;
    let experiment = server.store.get_experiment(&text(&other, "experiment_id")).await.unwrap();
    assert_eq!((experiment.namespace.as_str(), experiment.display_name.as_str()), ("team-b", "Default"));
    let mut both = run(Some(&mine));
    both["namespace"] = json!("team-b");
    both["max_concurrency"] = json!(1);
    let part = "is in namespace `team-a`, not in `team-b`";
    refused(&server, "root", "POST /apis/v2beta1/recurringruns", both, (400, part)).await;

    refused(&server, "ada", &format!("GET {R}"), Value::Null, (400, "a run cannot have an empty")).await;
    let list =
        async |who: &str, query: &str| names(&server, who, &format!("{R}?{query}"), "runs").await.len();
    assert_eq!(list("ada", "namespace=team-a").await, 1);
    assert_eq!(list("vic", "namespace=team-b&sort_by=finished_at").await, 1);
    assert_eq!(
        list("vic", &format!("experiment_id={mine}&namespace=team-b")).await,
        1,
        "the experiment decides"
    );
    refused(&server, "ada", &format!("GET {R}?namespace=team-b"), Value::Null, (403, "list runs")).await;
    let query = format!("GET {R}?experiment_id={}", experiment.id);
    refused(&server, "ada", &query, Value::Null, (403, "list runs")).await;
    let old = ask(&server, "vic", &format!("GET /apis/v1beta1/runs/{id}"), Value::Null).await.json();
    let references = old["run"]["resource_references"].to_string();
    assert!(references.contains(r#"{"type":"NAMESPACE","id":"team-a"}"#), "{references}");
    refused(&server, "vic", &format!("POST {R}/{id}:terminate"), Value::Null, (403, "terminate runs")).await;
    let theirs = text(&other, "run_id");
    let compare = format!("GET /apis/pipewright/v1/compare?run_ids={id},{theirs}");
    refused(&server, "ada", &compare, Value::Null, (403, "team-b")).await;
    assert_eq!(ask(&server, "vic", &compare, Value::Null).await.status, 200);
    // What was refused is in the audit log with where it would have been.
    let audit = ask(&server, "root", "GET /apis/pipewright/v1/audit", Value::Null).await.json();
    let entry = |it: &Value| format!("{} {} {} {}", it["user"], it["verb"], it["namespace"], it["status"]);
    let entries: Vec<String> = audit["entries"].as_array().unwrap().iter().map(entry).collect();
    assert!(entries.contains(&r#""vic" "create" "team-a" 403"#.to_owned()), "{entries:?}");
    assert!(entries.contains(&r#""ada" "create" "team-a" 200"#.to_owned()), "{entries:?}");
    let of_team = "GET /apis/pipewright/v1/namespaces/team-b/audit";
    let found = ask(&server, "root", of_team, Value::Null).await.json();
    let found = found["entries"].as_array().unwrap().clone();
    assert!(!found.is_empty() && found.iter().all(|entry| entry["namespace"] == "team-b"), "{found:?}");
    refused(&server, "vic", of_team, Value::Null, (403, "needs the role admin")).await;
}

#[tokio::test]
async fn a_run_takes_a_pipeline_that_its_user_may_see() {
    let server = start().await;
    let version = async |who: &str, query: &str| {
        let pipeline = text(&upload(&server, who, query).await.json(), "pipeline_id");
        let path = format!("GET {P}/{pipeline}/versions");
        let list = ask(&server, "root", &path, Value::Null).await.json();
        (pipeline, text(&list["pipeline_versions"][0], "pipeline_version_id"))
    };
    let (private, private_version) = version("vic", "name=private&namespace=team-b").await;
    let (shared, shared_version) = version("root", "name=shared").await;
    let path = format!("{R}?namespace=team-a");
    let body = |pipeline: &str, version: &str| {
        json!({
            "display_name": "r", "runtime_config": {"parameters": {"who": "you"}},
            "pipeline_version_reference": {"pipeline_id": pipeline, "pipeline_version_id": version},
        })
    };
    let denied = (403, "get pipelines in namespace `team-b`");
    for (pipeline, version) in [(&*private, ""), (&private, &private_version), (&shared, &private_version)] {
        refused(&server, "ada", &format!("POST {path}"), body(pipeline, version), denied).await;
        let recurring = json!({
            "display_name": "s", "namespace": "team-a", "max_concurrency": 1, "trigger": {},
            "runtime_config": {"parameters": {"who": "you"}},
            "pipeline_version_reference": {"pipeline_id": pipeline, "pipeline_version_id": version},
        });
        refused(&server, "ada", "POST /apis/v2beta1/recurringruns", recurring, denied).await;
    }
    made(&server, "ada", &path, body(&shared, &shared_version)).await;
    made(&server, "vic", &format!("{R}?namespace=team-b"), body(&private, "")).await;
    // Of a pipeline that many run, everybody is told of those runs that they may see.
    let runs = async |who: &str, query: &str| {
        let path = format!("GET /apis/pipewright/v1/pipelines/{shared}/statistics{query}");
        ask(&server, who, &path, Value::Null).await.json()["runs"].clone()
    };
    made(&server, "vic", &format!("{R}?namespace=team-b"), body(&shared, "")).await;
    assert_eq!(runs("ada", "").await, 1);
    assert_eq!(runs("vic", "").await, 2);
    assert_eq!(runs("vic", "?namespace=team-b").await, 1);
}

#[tokio::test]
async fn changes_are_told_to_those_who_may_see_them() {
    let server = start().await;
    let mut streams = Vec::new();
    for (who, query) in [("ada", ""), ("vic", "?namespace=team-b"), ("vic", "")] {
        let path = format!("/apis/pipewright/v1/events{query}");
        let response = server.raw(request(who, "GET", &path).body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), 200);
        let mut stream = response.into_body().into_data_stream();
        let ready = stream.next().await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&ready).contains("ready"));
        streams.push(stream);
    }
    let a = made(&server, "ada", E, json!({"display_name": "a", "namespace": "team-a"})).await;
    let b = made(&server, "vic", E, json!({"display_name": "b", "namespace": "team-b"})).await;
    let (a, b) = (text(&a, "experiment_id"), text(&b, "experiment_id"));
    for (stream, hears) in streams.iter_mut().zip([[true, false], [false, true], [true, true]]) {
        let mut told = String::new();
        while !(told.contains(&a) == hears[0] && told.contains(&b) == hears[1]) {
            told.push_str(&String::from_utf8_lossy(&stream.next().await.unwrap().unwrap()));
        }
        assert_eq!([told.contains(&a), told.contains(&b)], hears);
    }
    let denied = "GET /apis/pipewright/v1/events?namespace=team-b";
    refused(&server, "ada", denied, Value::Null, (403, "team-b")).await;
}

#[tokio::test]
async fn templates_are_those_of_the_runs_namespace() {
    let server = start().await;
    let workflow = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "refers-"},
        "spec": {"entrypoint": "main", "templates": [{
            "name": "main", "dag": {"tasks": [{"name": "a", "templateRef": {"name": "texts", "template": "say"}}]},
        }]},
    });
    let template = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": {"name": "texts"},
        "spec": {"templates": [{"name": "say", "container": {"image": "busybox", "command": ["echo"]}}]},
    });
    made(&server, "ada", "/apis/pipewright/v1/namespaces/team-a/objects", template).await;
    let body = json!({"display_name": "r", "pipeline_spec": workflow});
    made(&server, "ada", &format!("{R}?namespace=team-a"), body.clone()).await;
    let missing = (400, "there is no WorkflowTemplate `texts`");
    refused(&server, "vic", &format!("POST {R}?namespace=team-b"), body, missing).await;
    let old = json!({
        "name": "r", "pipeline_spec": {"workflow_manifest": workflow.to_string()},
        "resource_references": [{"key": {"type": "NAMESPACE", "id": "team-a"}, "relationship": "OWNER"}],
    });
    made(&server, "ada", "/apis/v1beta1/runs", old.clone()).await;
    refused(&server, "vic", "POST /apis/v1beta1/runs", old, (403, "create runs in namespace `team-a`")).await;
    for (who, namespace, ok) in [("ada", "team-a", true), ("vic", "team-b", false)] {
        let path = format!("/apis/pipewright/v1/check?namespace={namespace}");
        assert_eq!(made(&server, who, &path, workflow.clone()).await["ok"], ok, "{who}");
    }
}

/// Who imports a path chooses it; what others keep is not shown by that.
#[tokio::test]
async fn files_are_those_of_a_namespace_whoever_names_them() {
    let server = start().await;
    let mine = text(&made(&server, "ada", &format!("{R}?namespace=team-a"), run(None)).await, "run_id");
    let theirs = text(&made(&server, "vic", &format!("{R}?namespace=team-b"), run(None)).await, "run_id");
    let home = server.home.path();
    let places = [
        home.join(format!("artifacts/hello/{mine}/greet/1/out")),
        home.join(format!("artifacts/hello/{theirs}/greet/1/out")),
        home.join("volumes/team-b/claim/file"),
    ];
    let mut task = task(&mine, "root/greet", TaskKind::Importer, TaskPhase::Succeeded);
    for (index, place) in places.iter().enumerate() {
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, "content").unwrap();
        let mut found = artifact(&format!("artifact-{index}"), "out", "system.Dataset", json!({}));
        found.uri = place.display().to_string();
        task.outcome.artifacts.insert(format!("out{index}"), vec![found]);
    }
    server.record_ended(&mine, RunView::default(), vec![task]).await;
    for (index, place) in places.iter().enumerate() {
        let expected = if index == 0 { 200 } else { 403 };
        for kind in ["content", "head", "preview"] {
            let line = format!("GET /apis/pipewright/v1/artifacts/artifact-{index}/{kind}");
            assert_eq!(ask(&server, "ada", &line, Value::Null).await.status, expected, "{line}");
            assert_eq!(ask(&server, "vic", &line, Value::Null).await.status, 200, "{line}");
        }
        let line = format!("GET /artifacts/get?source=file&namespace=team-a&key={}", place.display());
        assert_eq!(ask(&server, "ada", &line, Value::Null).await.status, expected, "{line}");
        assert_eq!(ask(&server, "vic", &line, Value::Null).await.status, 200, "{line}");
    }
    let volume = "GET /artifacts/get?source=volume&bucket=claim&key=file&namespace=team-b";
    assert_eq!(ask(&server, "ada", volume, Value::Null).await.status, 403);
    assert_eq!(ask(&server, "vic", volume, Value::Null).await.text, "content");
}

#[tokio::test]
async fn reviews_of_access_are_answered() {
    let server = start().await;
    let line = |query: &str| format!("GET /apis/v1beta1/auth?resources=VIEWERS&{query}");
    for (who, query, status) in [
        ("ada", "verb=GET&namespace=team-a", 200),
        ("ada", "verb=GET&namespace=team-b", 403),
        ("vic", "verb=CREATE&namespace=team-b", 200),
        ("vic", "verb=DELETE&namespace=team-a", 403),
        ("ada", "verb=GET", 400),
    ] {
        let answer = ask(&server, who, &line(query), Value::Null).await;
        assert_eq!(answer.status, status, "{who} {query}: {answer:?}");
    }
}

/// Without users everything is in one place, whatever requests say.
#[tokio::test]
async fn without_users_namespaces_are_passed_over() {
    let server = Server::start().await;
    let made = server.post(E, json!({"display_name": "x", "namespace": "team-a"})).await;
    assert_eq!(made.get("namespace"), None);
    for path in [E.to_owned(), format!("{E}?namespace=team-b")] {
        assert_eq!(server.get(&path).await["total_size"], 2, "{path}");
    }
    let uploaded =
        server.upload(&format!("{P}/upload?name=p&namespace=team-a"), "p.yaml", HELLO.as_bytes()).await;
    assert_eq!(uploaded.json().get("namespace"), None);
    assert_eq!(server.get(&format!("{P}?namespace=team-b")).await["total_size"], 1);
    server.get(&format!("{P}/names/p?namespace=team-b")).await;
    server.get("/apis/v1beta1/namespaces/team-b/pipelines/p").await;
    let run = server.create_run("r").await;
    assert_eq!(server.store.get_run(&RunId(run)).await.unwrap().namespace, "default");
    assert_eq!(server.get(&format!("{R}?namespace=team-b")).await["total_size"], 1);
    assert_eq!(server.get("/apis/v2beta1/healthz").await["multi_user"], json!(false));
}

/// Where pipelines need a namespace, none can be shared: neither made, nor listed, nor sought by name without one.
#[tokio::test]
async fn pipelines_can_be_kept_to_namespaces() {
    let server = Server::start_as(|home, settings| {
        settings.multi_user = true;
        settings.require_namespace_for_pipelines = true;
        settings.access = options(home);
    })
    .await;
    for line in [
        format!("POST {P}"),
        format!("GET {P}"),
        format!("GET {P}/names/x"),
        "GET /apis/v1beta1/pipelines".to_owned(),
        "GET /apis/v1beta1/namespaces/-/pipelines/x".to_owned(),
    ] {
        let answer = ask(&server, "root", &line, json!({"display_name": "x"})).await;
        let message = &answer.json()["message"];
        assert_eq!(
            (answer.status.as_u16(), message),
            (400, &json!("Namespace is required for pipeline operations")),
            "{line}"
        );
    }
    let body = json!({"display_name": "x", "namespace": "team-a"});
    assert_eq!(ask(&server, "ada", &format!("POST {P}"), body).await.status, 200);
    let found = ask(&server, "ada", &format!("GET {P}?namespace=team-a"), Value::Null).await;
    assert_eq!(found.json()["pipelines"][0]["name"], "x");
}
