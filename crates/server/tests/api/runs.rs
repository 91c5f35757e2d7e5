//! Runs: how they are created, what is said of them while they go on and after, and their actions.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use pipewright_plan::Outcome;
use pipewright_store::Request;
use pipewright_store::engine::{
    AttemptId, ExecutorChoice, Failure, FailureReason, RunId, RunPhase, RunView, TaskKey, TaskKind,
    TaskPhase, Timestamp,
};
use serde_json::{Value, json};

use crate::support::{Server, artifact, at, attempt, hello_spec, take, take_instant, task, text};

const PATH: &str = "/apis/v2beta1/runs";

fn inline(name: &str, parameters: Value) -> Value {
    json!({
        "display_name": name,
        "pipeline_spec": hello_spec(),
        "runtime_config": {"parameters": parameters},
    })
}

#[tokio::test]
async fn an_inline_run_is_created() {
    let server = Server::start().await;
    let mut body = inline("hello 2026-01-01 00-00-00", json!({"who": "you", "count": 4}));
    body["description"] = json!("d");
    body["service_account"] = json!("pipeline-runner");
    body["runtime_config"]["pipeline_root"] = json!("/elsewhere/");
    let mut run = server.post(PATH, body).await;
    let id = text(&run, "run_id");
    assert_eq!(server.get(&format!("{PATH}/{id}")).await, run);
    assert_eq!(server.get(PATH).await["runs"][0], run);

    let experiments = server.get("/apis/v2beta1/experiments").await;
    assert_eq!(take(&mut run, "experiment_id"), text(&experiments["experiments"][0], "experiment_id"));
    take(&mut run, "run_id");
    take_instant(&mut run, "created_at");
    take_instant(&mut run, "scheduled_at");
    take_instant(&mut run["state_history"][0], "update_time");
    let spec = run.as_object_mut().unwrap().shift_remove("pipeline_spec").unwrap();
    assert_eq!(spec["pipelineInfo"], json!({"name": "hello"}));
    assert_eq!(spec["root"]["dag"], hello_spec()["root"]["dag"]);
    assert_eq!(
        run,
        json!({
            "display_name": "hello 2026-01-01 00-00-00",
            "storage_state": "AVAILABLE",
            "description": "d",
            "runtime_config": {"parameters": {"who": "you", "count": 4}, "pipeline_root": "/elsewhere/"},
            "service_account": "pipeline-runner",
            "finished_at": "1970-01-01T00:00:00Z",
            "state": "PENDING",
            "state_history": [{"state": "PENDING"}],
        })
    );
}

/// What the controller will be told.
async fn submitted(server: &Server, run: &str) -> pipewright_store::engine::Submit {
    let pending = server.store.pending_requests(&RunId(run.to_owned())).await.unwrap();
    match pending.into_iter().next() {
        Some((_, Request::Submit { submit })) => *submit,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_controller_is_told_arguments_and_root() {
    let server = Server::start().await;
    for (asked, expected) in [
        (json!({}), "/home-artifacts"),
        (json!({"pipeline_root": ""}), "/home-artifacts"),
        (json!({"pipeline_root": "/elsewhere/"}), "/elsewhere"),
        (json!({"pipelineRoot": "file:///elsewhere"}), "/elsewhere"),
    ] {
        let mut body = inline("r", json!({}));
        body["runtime_config"] = asked.clone();
        body["runtime_config"]["parameters"] = json!({"who": "[[RunUUID]] {{$.currentTime.strftime('%Y')}}"});
        let run = server.post(PATH, body).await;
        assert_eq!(
            run["runtime_config"]["parameters"]["who"],
            json!("[[RunUUID]] {{$.currentTime.strftime('%Y')}}")
        );
        let id = text(&run, "run_id");
        let submit = submitted(&server, &id).await;
        assert_eq!(submit.pipeline_root, expected, "{asked}");
        assert_eq!(submit.display_name, "r");
        let year = &text(&run, "created_at")[..4];
        assert_eq!(submit.arguments["who"], json!(format!("{id} {year}")));
        assert!(
            submit.created_at > Timestamp(0) && submit.scheduled_at.is_none() && !submit.caching_disabled
        );
    }
}

#[tokio::test]
async fn a_run_says_how_its_tasks_are_run() {
    let with = |own: Value| {
        let mut body = inline("r", json!({"who": "you"}));
        body["plugins_input"] = json!({"mlflow": {"a": 1}, "pipewright": own});
        body
    };
    let server = Server::start_as(|_, settings| settings.has_containers = true).await;
    for choice in ["auto", "process", "container"] {
        let run = server.post(PATH, with(json!({"executor": choice}))).await;
        let submit = submitted(&server, &text(&run, "run_id")).await;
        assert_eq!(submit.executor, ExecutorChoice::of_word(choice));
        assert_eq!(run["plugins_input"], json!({"mlflow": {"a": 1}, "pipewright": {"executor": choice}}));
        // A clone says the same.
        let clone = format!("/apis/pipewright/v1/runs/{}/clone", text(&run, "run_id"));
        assert_eq!(server.get(&clone).await["plugins_input"], run["plugins_input"]);
    }
    let run = server.post(PATH, inline("r", json!({"who": "you"}))).await;
    assert_eq!(submitted(&server, &text(&run, "run_id")).await.executor, None);
    let wrong = with(json!({"executor": "docker"}));
    server.refused("POST", PATH, Some(wrong), (400, 3, "\"container\"")).await;
    // Where no engine answers.
    let server = Server::start().await;
    let refused = with(json!({"executor": "container"}));
    server.refused("POST", PATH, Some(refused), (400, 3, "no container engine")).await;
    server.post(PATH, with(json!({"executor": "process"}))).await;
}

#[tokio::test]
async fn a_wrapped_specification_comes_back_wrapped() {
    let server = Server::start().await;
    let wrapped = json!({
        "pipeline_spec": hello_spec(),
        "platform_spec": {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {}}}}},
    });
    let mut body = inline("r", json!({"who": "you"}));
    body["pipeline_spec"] = wrapped;
    let run = server.post(PATH, body).await;
    assert_eq!(run["pipeline_spec"]["pipeline_spec"]["pipelineInfo"]["name"], json!("hello"));
    assert!(run["pipeline_spec"]["platform_spec"]["platforms"]["kubernetes"].is_object());
}

#[tokio::test]
async fn a_version_is_run_by_reference() {
    let server = Server::start().await;
    let pipeline = text(&server.upload_hello("hello").await, "pipeline_id");
    let versions = server.get(&format!("/apis/v2beta1/pipelines/{pipeline}/versions")).await;
    let version = text(&versions["pipeline_versions"][0], "pipeline_version_id");
    let reference = json!({"pipeline_id": pipeline, "pipeline_version_id": version});
    for asked in [reference.clone(), json!({"pipelineId": pipeline}), json!({"pipeline_version_id": version})]
    {
        let body = json!({
            "display_name": "r",
            "pipeline_version_reference": asked,
            "runtime_config": {"parameters": {"who": "you"}},
        });
        let run = server.post(PATH, body).await;
        assert_eq!(run["pipeline_version_reference"], reference, "{asked}");
        assert!(run.get("pipeline_spec").is_none());
    }
}

#[tokio::test]
async fn wrong_runs_are_refused() {
    let server = Server::start().await;
    let fine = inline("r", json!({"who": "you"}));
    let with = |path: &str, value: Value| {
        let mut body = fine.clone();
        let (parent, key) = path.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[key] = value;
        Some(body)
    };
    let reference = |id: &str| {
        Some(json!({"display_name": "r", "pipeline_version_reference": {"pipeline_version_id": id}}))
    };
    for (body, expected) in [
        (with("/runtime_config/parameters", json!({})), (400, 3, "who")),
        (with("/runtime_config/parameters/count", json!("x")), (400, 3, "count")),
        (with("/runtime_config/parameters/colour", json!(1)), (400, 3, "colour")),
        (with("/runtime_config/pipeline_root", json!("minio://x/y")), (400, 3, "minio://x/y")),
        (with("/runtime_config/pipeline_root", json!("relative")), (400, 3, "absolute")),
        (with("/runtime_config/colour", json!(1)), (400, 3, "colour")),
        (with("/pipeline_spec/root/dag/tasks/greet/componentRef/name", json!("no")), (400, 3, "no")),
        (with("/display_name", json!("")), (400, 3, "display_name")),
        (with("/experiment_id", json!("unknown")), (404, 5, "unknown")),
        (with("/plugins_output", json!({"mlflow": {}})), (409, 10, "plugins_output")),
        (with("/pipeline_version_reference", json!({"pipeline_id": "x"})), (400, 3, "not both")),
        (Some(json!({"display_name": "r"})), (400, 3, "pipeline_spec")),
        (reference("unknown"), (404, 5, "unknown")),
        (reference(""), (400, 3, "no version")),
        (Some(json!({"display_name": "r", "colour": 1})), (400, 3, "colour")),
    ] {
        server.refused("POST", PATH, body, expected).await;
    }
    let empty = server.post("/apis/v2beta1/pipelines", json!({"name": "empty"})).await;
    let newest = json!({"pipeline_id": text(&empty, "pipeline_id")});
    let body = Some(json!({"display_name": "r", "pipeline_version_reference": newest}));
    server.refused("POST", PATH, body, (404, 5, "no version")).await;
    assert_eq!(server.get(PATH).await, json!({}));
    server.refused("GET", &format!("{PATH}/unknown"), None, (404, 5, "unknown")).await;
    for verb in ["archive", "unarchive", "terminate", "retry"] {
        server.refused("POST", &format!("{PATH}/unknown:{verb}"), None, (404, 5, "unknown")).await;
    }
    server.refused("DELETE", &format!("{PATH}/unknown"), None, (404, 5, "unknown")).await;
}

#[tokio::test]
async fn runs_are_listed_by_experiment_and_filter() {
    let server = Server::start().await;
    let experiment = server.post("/apis/v2beta1/experiments", json!({"display_name": "e"})).await;
    let experiment = text(&experiment, "experiment_id");
    let mut body = inline("mine", json!({"who": "you"}));
    body["experiment_id"] = json!(experiment);
    let mine = server.post(PATH, body).await;
    server.create_run("other").await;
    let listed =
        server.get(&format!("{PATH}?experiment_id={experiment}&namespace=&page_size=10&sort_by=")).await;
    assert_eq!(listed, json!({"runs": [mine], "total_size": 1}));
    let filter = json!({"predicates": [{"operation": "EQUALS", "key": "state", "stringValue": "PENDING"}]});
    let path = format!("{PATH}?namespace=kubeflow&filter={}", encoded(&filter.to_string()));
    assert_eq!(server.get(&path).await["total_size"], json!(2));
    assert_eq!(server.get(&format!("{PATH}?experiment_id=unknown")).await, json!({}));
    let last = server.get(&format!("/apis/v2beta1/experiments/{experiment}")).await;
    assert_eq!(last["last_run_created_at"], mine["created_at"]);
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn a_run_is_archived_terminated_and_deleted() {
    let server = Server::start().await;
    let id = server.create_run("r").await;
    let path = format!("{PATH}/{id}");
    assert_eq!(server.act(&format!("{path}:archive")).await.text, "{}");
    assert_eq!(server.get(&path).await["storage_state"], json!("ARCHIVED"));
    assert_eq!(server.act(&format!("{path}:unarchive")).await.text, "{}");
    assert_eq!(server.get(&path).await["storage_state"], json!("AVAILABLE"));
    server.refused("POST", &format!("{path}:retry"), None, (409, 10, "only a run that failed")).await;
    server.refused("POST", &format!("{path}:jump"), None, (404, 5, "jump")).await;
    assert_eq!(server.act(&format!("{path}:terminate")).await.text, "{}");
    assert_eq!(server.get(&path).await["state"], json!("CANCELING"));
    let cancelled = RunView { phase: RunPhase::Cancelled, ended_at: Some(at(9)), ..RunView::default() };
    server.record(&id, 0, cancelled, Vec::new()).await;
    server.refused("POST", &format!("{path}:terminate"), None, (400, 9, "over")).await;
    assert_eq!(server.get(&path).await["state"], json!("FAILED"));
    assert_eq!(server.act(&format!("{path}:retry")).await.text, "{}");
    let retried = server.get(&path).await;
    assert_eq!(
        (&retried["state"], &retried["finished_at"]),
        (&json!("PENDING"), &json!("1970-01-01T00:00:00Z"))
    );
    assert_eq!(retried["state_history"].as_array().unwrap().last().unwrap()["state"], json!("PENDING"));
    assert!(retried.get("error").is_none(), "{retried}");
    server.refused("POST", &format!("{path}:retry"), None, (409, 10, "only a run that failed")).await;
    assert_eq!(server.call("DELETE", &path, None).await.status, StatusCode::OK);
    server.refused("GET", &path, None, (404, 5, "does not exist")).await;

    // Nobody drives runs here, so that deleting a live one gives up waiting.
    let live = server.create_run("live").await;
    assert_eq!(server.call("DELETE", &format!("{PATH}/{live}"), None).await.text, "{}");
    server.refused("GET", &format!("{PATH}/{live}"), None, (404, 5, "does not exist")).await;
}

#[tokio::test]
async fn a_cancelled_run_is_reported_as_failed() {
    let server = Server::start().await;
    let id = server.create_run("r").await;
    let view = RunView {
        phase: RunPhase::Cancelled,
        started_at: Some(at(1)),
        ended_at: Some(at(3)),
        history: vec![
            (at(0), RunPhase::Pending),
            (at(1), RunPhase::Running),
            (at(2), RunPhase::Cancelling),
            (at(3), RunPhase::Cancelled),
        ],
        ..RunView::default()
    };
    server.record(&id, 0, view, Vec::new()).await;
    let run = server.get(&format!("{PATH}/{id}")).await;
    let error = json!({"code": 1, "message": "cancelled on request"});
    assert_eq!(run["state"], json!("FAILED"));
    assert_eq!(run["error"], error);
    assert_eq!(run["finished_at"], json!("2026-01-01T00:00:03Z"));
    assert_eq!(
        run["state_history"],
        json!([
            {"update_time": "2026-01-01T00:00:00Z", "state": "PENDING"},
            {"update_time": "2026-01-01T00:00:01Z", "state": "RUNNING"},
            {"update_time": "2026-01-01T00:00:02Z", "state": "CANCELING"},
            {"update_time": "2026-01-01T00:00:03Z", "state": "FAILED", "error": error},
        ])
    );
}

#[tokio::test]
async fn tasks_are_told_one_by_one() {
    let server = Server::start().await;
    let id = server.create_run("r").await;
    let root = task(&id, "root", TaskKind::Dag, TaskPhase::Failed);
    let mut made = task(&id, "root/make", TaskKind::Container, TaskPhase::Cached);
    made.attempts.push(attempt(0, TaskPhase::Succeeded));
    let data = artifact("17", "data", "system.Dataset", json!({"rows": 3}));
    made.outcome.artifacts = BTreeMap::from([("data".to_owned(), vec![data.clone()])]);
    made.outcome.parameters = BTreeMap::from([("count".to_owned(), json!(3))]);
    let mut used = task(&id, "root/use", TaskKind::Container, TaskPhase::Failed);
    Arc::make_mut(&mut used.inputs).artifacts = BTreeMap::from([("source".to_owned(), vec![data])]);
    used.error = Some(Failure {
        reason: FailureReason::ExitCode,
        message: "`use` ended with exit code 3".to_owned(),
        hint: Some("see its log".to_owned()),
        exit_code: Some(3),
    });
    let mut skipped = task(&id, "root/skip", TaskKind::Container, TaskPhase::Skipped);
    skipped.started_at = None;
    let omitted = task(&id, "root/never", TaskKind::Container, TaskPhase::Omitted);
    let view = RunView {
        phase: RunPhase::Failed,
        ended_at: Some(at(5)),
        error: used.error.clone(),
        outcome: Outcome::default(),
        ..RunView::default()
    };
    server.record(&id, 0, view, vec![root, made, used, skipped, omitted]).await;
    let run = server.get(&format!("{PATH}/{id}")).await;
    assert_eq!(run["error"]["message"], json!("`use` ended with exit code 3\nhint: see its log"));
    let details = run["run_details"]["task_details"].as_array().unwrap();
    let find = |key: &str| details.iter().find(|detail| detail["task_id"] == json!(key)).unwrap();
    let times = |mut value: Value| {
        value["run_id"] = json!(id);
        value["create_time"] = json!("2026-01-01T00:00:01Z");
        value["end_time"] = json!("2026-01-01T00:00:04Z");
        value
    };
    let started = |value: Value| {
        let mut value = times(value);
        value["start_time"] = json!("2026-01-01T00:00:02Z");
        value
    };
    let artifacts = |key: &str| json!({key: {"artifact_ids": ["17"]}});
    let made_attempt = AttemptId { run: RunId(id.clone()), task: TaskKey("root/make".to_owned()), number: 0 };
    let made_pod = format!("make-{id}-{}", made_attempt.digest());
    let expected_made = json!({
        "task_id": "root/make", "display_name": "make", "state": "SUCCEEDED", "outputs": artifacts("data"),
        "parent_task_id": "root", "child_tasks": [{"pod_name": made_pod}],
    });
    assert_eq!(find("root/make"), &started(expected_made));
    let expected_used = json!({
        "task_id": "root/use", "display_name": "use", "state": "FAILED", "inputs": artifacts("source"),
        "parent_task_id": "root",
        "error": {"code": 2, "message": "`use` ended with exit code 3\nhint: see its log"},
    });
    assert_eq!(find("root/use"), &started(expected_used));
    let expected_skipped =
        json!({"task_id": "root/skip", "display_name": "skip", "state": "SKIPPED", "parent_task_id": "root"});
    assert_eq!(find("root/skip"), &times(expected_skipped));
    assert!(find("root/never").get("state").is_none());
    assert_eq!(find("root")["child_tasks"].as_array().unwrap().len(), 4);
    assert!(find("root").get("parent_task_id").is_none());
    assert!(server.get(PATH).await["runs"][0].get("run_details").is_none());
}
