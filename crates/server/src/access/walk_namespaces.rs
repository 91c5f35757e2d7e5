//! The test that no line of the table lets somebody at what is in a namespace where they have no role.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use pipewright_executor::LogSource;
use pipewright_plan::{ArtifactId, ArtifactType, ArtifactValue};
use pipewright_store::engine::{
    AttemptId, Event, RunId, RunView, TaskKey, TaskKind, TaskPhase, TaskView, Timestamp,
};
use pipewright_store::{Append, Kind, NewPipeline, NewPipelineVersion, Options, Store};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::table::{LINES, Need, Place};
use super::{AccessFile, AccessOptions, Grants, Requirement, Role, Token, digest};
use crate::app::{App, Settings, router};

struct NoLogs;

impl LogSource for NoLogs {
    fn log_path(&self, _: &AttemptId) -> PathBuf {
        PathBuf::new()
    }
}

/// Everything that somebody of `team-b` has, by its id.
struct Things {
    experiment: String,
    pipeline: String,
    version: String,
    run: String,
    recurring_run: String,
    artifact: String,
}

struct Server {
    router: Router,
    _home: tempfile::TempDir,
    things: Things,
}

fn spec() -> Value {
    json!({
        "components": {"comp-a": {"executorLabel": "exec-a"}},
        "deploymentSpec": {"executors": {"exec-a": {"container": {"image": "alpine", "command": ["true"]}}}},
        "pipelineInfo": {"name": "p"},
        "root": {"dag": {"tasks": {"a": {"componentRef": {"name": "comp-a"}, "taskInfo": {"name": "a"}}}}},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.17.0",
    })
}

/// Ada administrates one team, Bob the other, Root everything, and Eve is known but has no role at all.
fn options(home: &Path) -> AccessOptions {
    let path = home.join("access.toml");
    let grants = |namespace: &str| Grants([(namespace.to_owned(), Role::Admin)].into());
    let change = |file: &mut AccessFile| {
        for (name, roles) in [
            ("ada", grants("team-a")),
            ("bob", grants("team-b")),
            ("root", grants("*")),
            ("eve", Grants::default()),
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

impl Server {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(&home.path().join("pipewright.db"), Options::default()).unwrap();
        let mut settings = Settings::new(home.path().join("artifacts").display().to_string());
        settings.multi_user = true;
        settings.delete_wait = std::time::Duration::from_millis(10);
        settings.access = options(home.path());
        let router = router(App::new(store.clone(), Arc::new(NoLogs), settings));
        let things = things(&router, &store).await;
        Self { router, _home: home, things }
    }
}

async fn ask(router: &Router, who: &str, (method, path): (&str, &str), body: Value) -> (StatusCode, String) {
    let method = if method == "*" { "GET" } else { method };
    let mut request = Request::builder().method(method).uri(path);
    request = request.header(header::AUTHORIZATION, format!("Bearer pwt_{who}"));
    let body = match body {
        Value::Null => Body::empty(),
        // A file, as it is uploaded.
        Value::String(text) => {
            request = request.header(header::CONTENT_TYPE, "multipart/form-data; boundary=xyz");
            Body::from(format!(
                "--xyz\r\nContent-Disposition: form-data; name=\"uploadfile\"; filename=\"p.json\"\r\n\r\n{text}\r\n--xyz--\r\n"
            ))
        }
        body => Body::from(body.to_string()),
    };
    let response = router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let status = response.status();
    let is_stream = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("text/event-stream")));
    if is_stream {
        return (status, String::new());
    }
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

async fn made(router: &Router, path: &str, body: Value, id: &str) -> String {
    let (status, text) = ask(router, "bob", ("POST", path), body).await;
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    serde_json::from_str::<Value>(&text).unwrap()[id].as_str().unwrap().to_owned()
}

async fn things(router: &Router, store: &Store) -> Things {
    let body = json!({"display_name": "e", "namespace": "team-b"});
    let experiment = made(router, "/apis/v2beta1/experiments", body, "experiment_id").await;
    let new = NewPipeline {
        namespace: "team-b".to_owned(),
        name: "p".to_owned(),
        display_name: "p".to_owned(),
        ..NewPipeline::default()
    };
    let version = NewPipelineVersion { name: "v".to_owned(), pipeline_spec: spec(), ..Default::default() };
    let (pipeline, version) = store.create_pipeline_with_version(new, version).await.unwrap();
    let body = json!({"display_name": "r", "experiment_id": experiment, "pipeline_spec": spec()});
    let run = made(router, "/apis/v2beta1/runs", body, "run_id").await;
    let body = json!({
        "display_name": "s", "experiment_id": experiment, "pipeline_spec": spec(), "max_concurrency": 1,
        "trigger": {"periodic_schedule": {"interval_second": 3600}},
    });
    let recurring_run = made(router, "/apis/v2beta1/recurringruns", body, "recurring_run_id").await;
    let artifact = "0199e5c4-0000-7000-8000-000000000001".to_owned();
    leave_artifact(store, &run, &artifact).await;
    Things { experiment, pipeline: pipeline.id, version: version.id, run, recurring_run, artifact }
}

async fn leave_artifact(store: &Store, run: &str, id: &str) {
    let key = TaskKey::root().child("a");
    let artifact = ArtifactValue {
        id: ArtifactId(id.to_owned()),
        name: "out".to_owned(),
        artifact_type: ArtifactType::system("system.Dataset"),
        uri: "/nowhere".to_owned(),
        metadata: Default::default(),
        part: None,
    };
    let mut task = TaskView {
        run: RunId(run.to_owned()),
        parent: key.parent(),
        key: key.clone(),
        name: "a".to_owned(),
        display_name: "a".to_owned(),
        kind: TaskKind::Container,
        phase: TaskPhase::Succeeded,
        iteration: None,
        iteration_count: None,
        created_at: Timestamp(1),
        started_at: None,
        ended_at: None,
        inputs: Arc::default(),
        outcome: Default::default(),
        error: None,
        fingerprint: None,
        cached_from: None,
        suspension: None,
        locks: None,
        attempts: Vec::new(),
    };
    task.outcome.artifacts.insert("out".to_owned(), vec![artifact]);
    let ended = Event::TaskEnded {
        task: key,
        at: Timestamp(2),
        phase: task.phase,
        outcome: Box::new(task.outcome.clone()),
        error: None,
    };
    let append = Append {
        run: task.run.clone(),
        expected_seq: 0,
        events: vec![ended],
        run_view: RunView::default(),
        tasks: vec![task],
        consumed: Vec::new(),
        flush: false,
    };
    store.append(&append).await.unwrap();
}

/// Fills a route's path with what is in the namespace.
fn filled(line: &str, kind: Option<Kind>, things: &Things) -> String {
    let id = match kind {
        Some(Kind::Experiment) => &things.experiment,
        Some(Kind::Pipeline) => &things.pipeline,
        Some(Kind::PipelineVersion) if line.contains("{version}") => &things.pipeline,
        Some(Kind::PipelineVersion) => &things.version,
        Some(Kind::RecurringRun) => &things.recurring_run,
        Some(Kind::Artifact) => &things.artifact,
        _ => &things.run,
    };
    line.replace("{id}", id)
        .replace("{run}", &things.run)
        .replace("{pipeline}", &things.pipeline)
        .replace("{version}", &things.version)
        .replace("{namespace}", "team-b")
        .replace("{key}", "root%2Fa")
        .replace("{node}", "root%2Fa")
        .replace("{kind}", "Secret")
        .replace("{name}", "p")
        .replace("{*path}", "x")
}

/// Says in query and body that a request is about `team-b`, in the way that each route understands.
fn about_team_b(method: &str, line: &str, things: &Things) -> (String, Value) {
    let reference =
        |kind: &str, id: &str| json!([{"key": {"type": kind, "id": id}, "relationship": "OWNER"}]);
    let listed = "?resource_reference_key.type=NAMESPACE&resource_reference_key.id=team-b";
    let (query, body) = match (method, line) {
        ("POST", "/apis/v2beta1/experiments") => ("", json!({"display_name": "x", "namespace": "team-b"})),
        ("POST", "/apis/v2beta1/pipelines") => ("", json!({"display_name": "x", "namespace": "team-b"})),
        ("POST", "/apis/v2beta1/pipelines/create") => {
            ("", json!({"pipeline": {"display_name": "x", "namespace": "team-b"}}))
        }
        ("POST", "/apis/v2beta1/pipelines/upload" | "/apis/v1beta1/pipelines/upload") => {
            ("?namespace=team-b", Value::String(spec().to_string()))
        }
        ("POST", "/apis/v2beta1/pipelines/upload_version" | "/apis/v1beta1/pipelines/upload_version") => {
            let query = format!("?pipelineid={}", things.pipeline);
            return (query, Value::String(spec().to_string()));
        }
        ("POST", "/apis/v2beta1/runs") => {
            ("", json!({"display_name": "x", "experiment_id": things.experiment, "pipeline_spec": spec()}))
        }
        ("POST", "/apis/v2beta1/recurringruns") => (
            "",
            json!({
                "display_name": "x", "namespace": "team-b", "pipeline_spec": spec(), "max_concurrency": 1,
                "trigger": {"periodic_schedule": {"interval_second": 3600}},
            }),
        ),
        ("POST", "/apis/v1beta1/experiments" | "/apis/v1beta1/pipelines") => {
            ("", json!({"name": "y", "resource_references": reference("NAMESPACE", "team-b")}))
        }
        ("POST", "/apis/v1beta1/pipeline_versions") => {
            ("", json!({"name": "y", "resource_references": reference("PIPELINE", &things.pipeline)}))
        }
        ("POST", "/apis/v1beta1/runs") => (
            "",
            json!({
                "name": "y", "resource_references": reference("EXPERIMENT", &things.experiment),
                "pipeline_spec": {"pipeline_manifest": spec().to_string()},
            }),
        ),
        ("POST", "/apis/v1beta1/jobs") => (
            "",
            json!({
                "name": "y", "resource_references": reference("EXPERIMENT", &things.experiment),
                "pipeline_spec": {"pipeline_manifest": spec().to_string()}, "max_concurrency": 1,
                "trigger": {"periodic_schedule": {"interval_second": 3600}},
            }),
        ),
        ("POST", "/apis/v1beta1/visualizations/{namespace}" | "/apis/v2beta1/visualizations/{namespace}") => {
            ("", json!({"type": "TABLE"}))
        }
        ("POST", "/apis/pipewright/v1/visualizations") => {
            ("", json!({"namespace": "team-b", "type": "TABLE", "source": "volume://claim/x"}))
        }
        ("POST", "/apis/pipewright/v1/tensorboard") => {
            ("", json!({"namespace": "team-b", "folders": [{"name": "a", "uri": "volume://claim/x"}]}))
        }
        ("GET", "/apis/v1beta1/pipeline_versions") => {
            return (format!("?resource_key.type=PIPELINE&resource_key.id={}", things.pipeline), Value::Null);
        }
        ("GET", line) if line.starts_with("/apis/v1beta1/") => (listed, Value::Null),
        ("GET", "/apis/v1alpha1/tasks") => {
            let filter = json!({"predicates": [
                {"op": 1, "key": "pipelineName", "string_value": "namespace/team-b/pipeline/p"},
                {"op": 1, "key": "fingerprint", "string_value": "f"},
            ]});
            return (
                format!("?filter={}", filter.to_string().replace('"', "%22").replace(' ', "")),
                Value::Null,
            );
        }
        ("GET", line) if line.starts_with("/k8s/pod") => {
            return (format!("?podname=root%2Fa&runid={}&podnamespace=team-b", things.run), Value::Null);
        }
        ("GET", "/artifacts/get") => ("?namespace=team-b&source=volume&bucket=claim&key=x", Value::Null),
        ("GET", "/apis/pipewright/v1/compare") => {
            return (format!("?run_ids={0},{0}x", things.run), Value::Null);
        }
        _ => ("?namespace=team-b", Value::Null),
    };
    (query.to_owned(), body)
}

/// The order in which things are asked for: what deletes them comes last.
fn lines() -> Vec<(&'static str, &'static str, Need)> {
    let mut lines = LINES.to_vec();
    lines.sort_by_key(|(method, ..)| *method == "DELETE");
    lines
}

#[tokio::test]
async fn no_route_shows_or_changes_what_is_in_another_namespace() {
    let server = Server::start().await;
    let mut count = 0;
    for (method, line, need) in lines() {
        let kind = match need {
            Need::May { place: Place::Of(kind), .. } => Some(kind),
            Need::May { place: Place::Asked | Place::Path, .. } => None,
            _ => continue,
        };
        // A board that does not run is in no namespace.
        if line.contains("/tensorboard/{id}") {
            continue;
        }
        let (query, body) = match kind {
            Some(_) => (String::new(), Value::Null),
            None => about_team_b(method, line, &server.things),
        };
        let line = line.replace("{source}/{bucket}/{*key}", "volume/claim/x");
        let path = format!("{}{query}", filled(&line, kind, &server.things));
        for base in ["", "/pipeline"] {
            let asked = format!("{base}{path}");
            for who in ["ada", "eve"] {
                let (status, text) = ask(&server.router, who, (method, &asked), body.clone()).await;
                assert_eq!(status, StatusCode::FORBIDDEN, "{who}: {method} {asked}: {text}");
                assert!(text.contains("needs the role"), "{who}: {method} {asked}: {text}");
            }
        }
        count += 1;
    }
    assert!(count > 100, "only {count} lines were walked");

    // Whoever has a role there may, or hears what else is wrong.
    for (method, line, need) in lines() {
        let kind = match need {
            Need::May { place: Place::Of(kind), .. } => Some(kind),
            Need::May { place: Place::Asked | Place::Path, .. } => None,
            _ => continue,
        };
        let (query, body) = match kind {
            Some(_) => (String::new(), Value::Null),
            None => about_team_b(method, line, &server.things),
        };
        let line = line.replace("{source}/{bucket}/{*key}", "volume/claim/x");
        let path = format!("{}{query}", filled(&line, kind, &server.things));
        let (status, text) = ask(&server.router, "bob", (method, &path), body).await;
        assert_ne!(status, StatusCode::FORBIDDEN, "bob: {method} {path}: {text}");
        let is_forgotten = text.contains("nobody asked whether");
        assert!(!is_forgotten && status != StatusCode::UNAUTHORIZED, "bob: {method} {path}: {text}");
    }
}

/// What the walk passes over, so that no line gets there by mistake.
#[test]
fn few_routes_are_about_no_namespace() {
    let is_apart = |need: &Need| match need {
        Need::Known => true,
        Need::May { place, .. } => matches!(place, Place::Somewhere | Place::Everywhere),
        Need::Nothing | Need::Admin { .. } => false,
    };
    let found = LINES.iter().filter(|(.., need)| is_apart(need)).map(|(_, path, _)| *path);
    let found: Vec<&str> = found.collect();
    let known = [
        "/apis/docs",
        "/apis/openapi/{name}",
        // It asks the roles itself.
        "/apis/v1beta1/auth",
        // Refused for everybody.
        "/apis/v1alpha1/tasks",
        "/system/cluster-name",
        "/system/project-id",
        "/visualizations/allowed",
        "/_proxy/{*path}",
        "/apis/pipewright/v1/about",
        "/apis/pipewright/v1/namespaces",
        "/apis/pipewright/v1/objects",
    ];
    assert_eq!(found, known);
}
