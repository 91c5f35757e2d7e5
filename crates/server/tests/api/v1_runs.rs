//! Runs through the v1 API: what they are made of, what is told of them, their actions, metrics and artifacts.

use std::io::Read;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pipewright_store::Request;
use pipewright_store::engine::{
    AttemptId, RunId, RunPhase, RunView, Submit, TaskKey, TaskKind, TaskPhase, TaskView,
};
use serde_json::{Value, json};

use crate::support::{
    HELLO, Server, WORKFLOW, artifact, at, attempt, hello_spec, take, take_instant, task, text,
};

const PATH: &str = "/apis/v1beta1/runs";

/// The workflow as the client sends it: JSON text.
fn manifest() -> String {
    workflow().to_string()
}

fn workflow() -> Value {
    // The compiler of pipelines is the only reader of YAML here.
    let compiled = pipewright_compiler::compile(WORKFLOW.as_bytes()).unwrap();
    compiled.pipeline_spec
}

fn run_body(name: &str, parameters: Value) -> Value {
    json!({
        "name": name,
        "pipeline_spec": {"workflow_manifest": manifest(), "parameters": parameters},
        "resource_references": [],
    })
}

async fn submitted(server: &Server, run: &str) -> Submit {
    let pending = server.store.pending_requests(&RunId(run.to_owned())).await.unwrap();
    match pending.into_iter().next() {
        Some((_, Request::Submit { submit })) => *submit,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_workflow_is_run() {
    let server = Server::start().await;
    let experiment = server.post("/apis/v1beta1/experiments", json!({"name": "mine"})).await;
    let experiment = text(&experiment, "id");
    let mut body = run_body("r", json!([{"name": "count", "value": "[[RunUUID]]"}]));
    body["description"] = json!("d");
    body["service_account"] = json!("robot");
    body["resource_references"] =
        json!([{"key": {"type": "EXPERIMENT", "id": experiment}, "relationship": "OWNER"}]);
    let mut detail = server.post(PATH, body).await;
    let id = text(&detail["run"], "id");
    assert_eq!(server.get(&format!("{PATH}/{id}")).await, detail);

    let submit = submitted(&server, &id).await;
    assert_eq!((&submit.arguments["who"], &submit.arguments["count"]), (&json!("you"), &json!(id)));

    let live = take(&mut detail["pipeline_runtime"], "workflow_manifest");
    let live: Value = serde_json::from_str(&live).unwrap();
    assert_eq!(live["status"]["nodes"], json!({}));
    assert_eq!(live["spec"]["serviceAccountName"], json!("robot"));
    let mut run = detail["run"].take();
    let given: Value = serde_json::from_str(&take(&mut run["pipeline_spec"], "workflow_manifest")).unwrap();
    assert_eq!(given, workflow());
    take(&mut run, "id");
    take_instant(&mut run, "created_at");
    take_instant(&mut run, "scheduled_at");
    let experiment_key = json!({"type": "EXPERIMENT", "id": experiment});
    assert_eq!(
        run,
        json!({
            "name": "r",
            "description": "d",
            "pipeline_spec": {
                "pipeline_name": "wf",
                "parameters": [{"name": "count", "value": "[[RunUUID]]"}],
            },
            "resource_references": [{"key": experiment_key, "name": "mine", "relationship": "OWNER"}],
            "service_account": "robot",
            "finished_at": "1970-01-01T00:00:00Z",
            "status": "Pending",
        })
    );
    let key = format!("resource_reference_key.type=EXPERIMENT&resource_reference_key.id={experiment}");
    let list = server.get(&format!("{PATH}?{key}&page_size=10&sort_by=created_at%20desc")).await;
    assert_eq!((&list["runs"][0]["id"], &list["total_size"]), (&json!(id), &json!(1)));
    assert_eq!(server.get(&format!("{PATH}?{key}x")).await, json!({}));
}

#[tokio::test]
async fn a_version_is_run() {
    let server = Server::start().await;
    let path = "/apis/v1beta1/pipelines/upload?name=wf";
    let pipeline = server.upload(path, "wf.yaml", WORKFLOW.as_bytes()).await.json();
    let (pipeline_id, version) = (text(&pipeline, "id"), text(&pipeline["default_version"], "id"));
    let reference = json!({"key": {"type": "PIPELINE_VERSION", "id": version}, "relationship": "CREATOR"});
    for (spec, references) in [
        (json!({"pipeline_id": pipeline_id}), json!([])),
        (json!({"pipeline_id": pipeline_id}), json!([reference])),
        (json!({}), json!([{"key": {"type": 4, "id": version}, "relationship": 2}])),
    ] {
        let body = json!({"name": "r", "pipeline_spec": spec, "resource_references": references});
        let detail = server.post(PATH, body).await;
        let run = &detail["run"];
        assert_eq!(run["pipeline_spec"]["pipeline_id"], json!(pipeline_id));
        assert!(run["pipeline_spec"]["workflow_manifest"].is_string());
        let mut shown = reference.clone();
        shown["name"] = json!("wf");
        assert_eq!(run["resource_references"][1], shown);
    }
}

#[tokio::test]
async fn a_v2_pipeline_is_run_with_texts() {
    let server = Server::start().await;
    let parameters = json!([
        {"name": "who", "value": "5"}, {"name": "count", "value": "5"}, {"name": "pipeline-root", "value": "/o"},
    ]);
    for spec in [
        json!({"workflow_manifest": hello_spec().to_string(), "parameters": parameters}),
        json!({"pipeline_manifest": HELLO, "parameters": parameters}),
        json!({"pipeline_manifest": HELLO, "runtime_config":
            {"parameters": {"who": "5", "count": 5}, "pipeline_root": "/o"}}),
    ] {
        let detail = server.post(PATH, json!({"name": "r", "pipeline_spec": spec})).await;
        let id = text(&detail["run"], "id");
        let submit = submitted(&server, &id).await;
        assert_eq!((&submit.arguments["who"], &submit.arguments["count"]), (&json!("5"), &json!(5)));
        assert_eq!(submit.pipeline_root, "/o");
        assert_eq!(detail["pipeline_runtime"], json!({}));
        let shown = &detail["run"]["pipeline_spec"];
        assert!(shown["pipeline_manifest"].as_str().unwrap().contains("pipelineInfo"));
        assert!(shown.get("workflow_manifest").is_none());
        assert_eq!(
            shown["runtime_config"],
            json!({"parameters": {"who": "5", "count": 5}, "pipeline_root": "/o"})
        );
    }
}

#[tokio::test]
async fn wrong_runs_are_refused() {
    let server = Server::start().await;
    let fine = run_body("r", json!([]));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = fine.clone();
        change(&mut body);
        Some(body)
    };
    let owner = |kind: &str| json!([{"key": {"type": kind, "id": "gone"}, "relationship": "OWNER"}]);
    for (body, expected) in [
        (with(&|it| it["name"] = json!("")), (400, 3, "name")),
        (with(&|it| it["pipeline_spec"] = json!({})), (400, 3, "a run needs a pipeline")),
        (with(&|it| it["pipeline_spec"]["pipeline_id"] = json!("x")), (400, 3, "one pipeline")),
        (with(&|it| it["pipeline_spec"]["pipeline_manifest"] = json!("x")), (400, 3, "one pipeline")),
        (
            with(&|it| it["pipeline_spec"]["workflow_manifest"] = json!("{}")),
            (400, 3, "the pipeline is wrong"),
        ),
        (with(&|it| it["pipeline_spec"]["colour"] = json!("red")), (400, 3, "colour")),
        (
            with(&|it| it["pipeline_spec"]["parameters"] = json!([{"name": "colour", "value": "red"}])),
            (400, 3, "colour"),
        ),
        (with(&|it| it["resource_references"] = owner("EXPERIMENT")), (404, 5, "gone")),
        (with(&|it| it["resource_references"] = owner("RUN")), (400, 3, "RUN")),
        (Some(json!({"name": "r", "pipeline_spec": {"pipeline_id": "gone"}})), (404, 5, "gone")),
    ] {
        server.refused("POST", PATH, body, expected).await;
    }
    assert_eq!(server.get(PATH).await, json!({}));
}

#[tokio::test]
async fn runs_are_stopped_archived_and_deleted() {
    let server = Server::start().await;
    let id = text(&server.post(PATH, run_body("r", json!([]))).await["run"], "id");
    let one = format!("{PATH}/{id}");
    let record = |seq, phase| {
        let view = RunView { phase, started_at: Some(at(1)), ..RunView::default() };
        server.record(&id, seq, view, vec![])
    };
    let seq = record(0, RunPhase::Running).await;
    assert_eq!(server.get(&one).await["run"]["status"], json!("Running"));
    assert_eq!(server.act(&format!("{one}/terminate")).await.json(), json!({}));
    assert_eq!(server.get(&one).await["run"]["status"], json!("Terminating"));
    record(seq, RunPhase::Cancelled).await;
    let run = server.get(&one).await["run"].take();
    assert_eq!((&run["status"], &run["error"]), (&json!("Failed"), &json!("cancelled on request")));
    server.refused("POST", &format!("{one}/terminate"), None, (400, 9, "over")).await;
    assert_eq!(server.act(&format!("{one}/retry")).await.json(), json!({}));
    assert_eq!(server.get(&one).await["run"]["status"], json!("Pending"));
    server.refused("POST", &format!("{one}/retry"), None, (409, 10, "only a run that failed")).await;

    assert_eq!(server.act(&format!("{one}:archive")).await.json(), json!({}));
    assert_eq!(server.get(&one).await["run"]["storage_state"], json!("STORAGESTATE_ARCHIVED"));
    assert_eq!(server.act(&format!("{one}:unarchive")).await.json(), json!({}));
    assert!(server.get(&one).await["run"].get("storage_state").is_none());
    server.refused("POST", &format!("{one}:paint"), None, (404, 5, "paint")).await;
    assert_eq!(server.call("DELETE", &one, None).await.json(), json!({}));
    for (method, rest) in
        [("GET", ""), ("DELETE", ""), ("POST", ":archive"), ("POST", "/terminate"), ("POST", "/retry")]
    {
        server.refused(method, &format!("{one}{rest}"), None, (404, 5, &id)).await;
    }
}

/// Runs the workflow; its step leaves metrics and a text.
async fn finished(server: &Server) -> (String, Vec<TaskView>) {
    finished_saying(server, "hi").await
}

async fn finished_saying(server: &Server, said: &str) -> (String, Vec<TaskView>) {
    let metrics = r#"{"metrics": [{"name": "rmse", "numberValue": 0.5, "format": "RAW"}]}"#;
    finished_with(server, said, metrics).await
}

async fn finished_with(server: &Server, said: &str, metrics: &str) -> (String, Vec<TaskView>) {
    let id = text(&server.post(PATH, run_body("r", json!([]))).await["run"], "id");
    let mut say = task(&id, "root/say", TaskKind::Container, TaskPhase::Succeeded);
    say.attempts = vec![attempt(0, TaskPhase::Succeeded)];
    Arc::make_mut(&mut say.inputs).parameters.insert("who".to_owned(), json!("you"));
    say.outcome.parameters.insert("say-out".to_owned(), json!(said));
    for (name, content) in [("mlpipeline-metrics", metrics), ("say-out", "hi")] {
        let mut value = artifact(&format!("{id}-{name}"), name, "system.Artifact", json!({}));
        let path = server.home.path().join(format!("{id}-{name}"));
        std::fs::write(&path, content).unwrap();
        value.uri = path.to_str().unwrap().to_owned();
        say.outcome.artifacts.insert(name.to_owned(), vec![value]);
    }
    let attempt = AttemptId { run: RunId(id.clone()), task: TaskKey("root/say".to_owned()), number: 0 };
    std::fs::write(server.home.path().join(attempt.digest()), "printed").unwrap();
    let mut skipped = task(&id, "root/condition-1", TaskKind::Dag, TaskPhase::Skipped);
    skipped.started_at = None;
    let mut root = task(&id, "root", TaskKind::Dag, TaskPhase::Succeeded);
    Arc::make_mut(&mut root.inputs).parameters.insert("who".to_owned(), json!("you"));
    let view = RunView { phase: RunPhase::Succeeded, ended_at: Some(at(9)), ..RunView::default() };
    let tasks = vec![root, say, skipped];
    server.record_ended(&id, view, tasks.clone()).await;
    (id, tasks)
}

async fn live(server: &Server, id: &str) -> (String, Value) {
    let detail = server.get(&format!("{PATH}/{id}")).await;
    let live = detail["pipeline_runtime"]["workflow_manifest"].as_str().unwrap();
    let live: Value = serde_json::from_str(live).unwrap();
    (text(&live["metadata"], "name"), live["status"]["nodes"].clone())
}

fn node<'a>(nodes: &'a Value, display_name: &str) -> &'a Value {
    let mut all = nodes.as_object().unwrap().values();
    all.find(|node| node["displayName"] == display_name).unwrap_or_else(|| panic!("{nodes:#}"))
}

#[tokio::test]
async fn nodes_tell_inputs_and_outputs() {
    let server = Server::start().await;
    let (id, _) = finished(&server).await;
    let (workflow, nodes) = live(&server, &id).await;
    let say = node(&nodes, "say");
    let node_id = text(say, "id");
    assert_eq!(say["inputs"], json!({"parameters": [{"name": "who", "value": "you"}]}));
    let outputs = &say["outputs"];
    assert_eq!(outputs["parameters"], json!([{"name": "say-out", "value": "hi"}]));
    assert_eq!(outputs["exitCode"], json!("0"));
    let day = &text(&server.get(&format!("{PATH}/{id}")).await["run"], "created_at")[..10];
    let folder = format!("artifacts/{workflow}/{}/{node_id}", day.replace('-', "/"));
    assert_eq!(
        outputs["artifacts"],
        json!([
            {"name": "mlpipeline-metrics", "path": "/tmp/outputs/mlpipeline_metrics/data",
             "s3": {"key": format!("{folder}/mlpipeline-metrics.tgz")}},
            {"name": "say-out", "path": "/tmp/outputs/out/data", "s3": {"key": format!("{folder}/say-out.tgz")}},
            {"name": "main-logs", "s3": {"key": format!("{folder}/main.log")}},
        ])
    );
    let skipped = node(&nodes, "condition-1");
    assert_eq!(skipped["message"], json!(r#"when '"hi" == "you"' evaluated false"#));
    assert_eq!(say["children"], json!([skipped["id"]]));
}

#[tokio::test]
async fn nodes_do_not_tell_values_of_secrets() {
    let server = Server::start().await;
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "hunter2"}});
    server.post("/apis/pipewright/v1/namespaces/default/objects", secret).await;
    let (id, _) = finished_saying(&server, "it is hunter2").await;
    let (_, nodes) = live(&server, &id).await;
    assert_eq!(
        node(&nodes, "say")["outputs"]["parameters"],
        json!([{"name": "say-out", "value": "it is ***"}])
    );
    assert_eq!(
        node(&nodes, "condition-1")["message"],
        json!(r#"when '"it is ***" == "you"' evaluated false"#)
    );
    let whole = server.get(&format!("{PATH}/{id}")).await.to_string();
    assert!(!whole.contains("hunter2"), "{whole}");
}

#[tokio::test]
async fn metrics_come_from_files_and_reports() {
    let server = Server::start().await;
    let (id, _) = finished(&server).await;
    let (_, nodes) = live(&server, &id).await;
    let left =
        json!({"name": "rmse", "node_id": node(&nodes, "say")["id"], "number_value": 0.5, "format": "RAW"});
    let one = format!("{PATH}/{id}");
    assert_eq!(server.get(&one).await["run"]["metrics"], json!([left]));
    assert_eq!(server.get(PATH).await["runs"][0]["metrics"], json!([left]));

    let report = json!({"metrics": [
        {"name": "auc", "node_id": "n", "number_value": 1, "format": "PERCENTAGE"},
        {"name": "auc", "nodeId": "n", "numberValue": 2.5, "format": 1},
        {"name": "0", "node_id": "n", "number_value": 1},
        {"name": "x", "node_id": "n", "number_value": 1, "format": "CUBIC"},
    ]});
    let results = server.post(&format!("{one}:reportMetrics"), report).await;
    let results = results["results"].as_array().unwrap().clone();
    let statuses: Vec<&Value> = results.iter().map(|result| &result["status"]).collect();
    assert_eq!(statuses, ["OK", "DUPLICATE_REPORTING", "INVALID_ARGUMENT", "INVALID_ARGUMENT"]);
    assert_eq!((&results[0]["metric_name"], &results[0]["metric_node_id"]), (&json!("auc"), &json!("n")));
    let reported = json!({"name": "auc", "node_id": "n", "number_value": 1.0, "format": "PERCENTAGE"});
    assert_eq!(server.get(&one).await["run"]["metrics"], json!([reported, left]));

    assert_eq!(server.post(&format!("{one}:reportMetrics"), json!({})).await, json!({}));
    let wrong = Some(json!({"metrics": [{"name": "x", "number_value": "many"}]}));
    server.refused("POST", &format!("{one}:reportMetrics"), wrong, (400, 3, "number")).await;
    server.refused("POST", &format!("{PATH}/gone:reportMetrics"), None, (404, 5, "gone")).await;
    server.call("DELETE", &one, None).await;
    let again = text(&server.post(PATH, run_body("r", json!([]))).await["run"], "id");
    assert!(server.get(&format!("{PATH}/{again}")).await["run"].get("metrics").is_none());
}

/// As many as upstream takes of a run; what is no number, and a file that is too long, adds nothing.
#[tokio::test]
async fn metrics_have_limits() {
    let metrics = |count: usize, padding: usize| {
        let all = (0..count).map(|index| format!(r#"{{"name": "m{index}", "numberValue": {index}}}"#));
        let all: Vec<String> = all.collect();
        format!(r#"{{"metrics": [{}]{}}}"#, all.join(", "), " ".repeat(padding))
    };
    for (file, count) in [(metrics(60, 0), 50), (metrics(2, 0), 2), (metrics(2, 1 << 20), 0)] {
        let server = Server::start().await;
        let (id, _) = finished_with(&server, "hi", &file).await;
        let run = server.get(&format!("{PATH}/{id}")).await["run"].clone();
        let found = run.get("metrics").and_then(Value::as_array).map_or(0, Vec::len);
        assert_eq!(found, count, "{run}");
    }
}

#[tokio::test]
async fn runs_are_sorted_by_metrics() {
    let server = Server::start().await;
    let (in_file, _) = finished(&server).await;
    let reported = text(&server.post(PATH, run_body("reported", json!([]))).await["run"], "id");
    let metadata = server.create_run("metadata").await;
    let none = server.create_run("none").await;
    let report = async |run: &str, value: f64| {
        let report = json!({"metrics": [{"name": "RMSE", "node_id": "n", "number_value": value}]});
        server.post(&format!("{PATH}/{run}:reportMetrics"), report).await;
    };
    report(&reported, 0.25).await;
    let mut measure = task(&metadata, "root/measure", TaskKind::Container, TaskPhase::Succeeded);
    let numbers = artifact("m", "metrics", "system.Metrics", json!({"rmse": 2, "note": "text"}));
    measure.outcome.artifacts.insert("metrics".to_owned(), vec![numbers]);
    let view = RunView { phase: RunPhase::Succeeded, ended_at: Some(at(9)), ..RunView::default() };
    server.record_ended(&metadata, view, vec![measure]).await;

    let expected = [&none, &reported, &in_file, &metadata];
    // By the database, then by what is in memory.
    for _ in 0..2 {
        for (list, id) in [("/apis/v2beta1/runs", "run_id"), (PATH, "id")] {
            for (sort, expected) in [
                ("metric:rmse", expected.to_vec()),
                ("metric:rmse%20desc", expected.iter().rev().copied().collect()),
            ] {
                let (mut found, mut token) = (Vec::new(), String::new());
                for _ in 0..5 {
                    let page = format!("{list}?page_size=1&sort_by={sort}&page_token={token}");
                    let page = server.get(&page).await;
                    found.push(text(&page["runs"][0], id));
                    match page.get("next_page_token") {
                        Some(next) => token = next.as_str().unwrap().to_owned(),
                        None => break,
                    }
                }
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{list} {sort}");
            }
        }
        server.store.load_catalog().await.unwrap();
    }
    report(&none, 1.0).await;
    let page = server.get("/apis/v2beta1/runs?sort_by=metric:rmse").await;
    let ids: Vec<String> = page["runs"].as_array().unwrap().iter().map(|run| text(run, "run_id")).collect();
    assert_eq!(ids.iter().collect::<Vec<_>>(), [&reported, &in_file, &none, &metadata]);

    for (path, part) in [
        ("/apis/v2beta1/runs?sort_by=metric:", "no metric"),
        ("/apis/v2beta1/runs?sort_by=metric:%20desc", "no metric"),
        ("/apis/v2beta1/experiments?sort_by=metric:x", "no metric"),
    ] {
        server.refused("GET", path, None, (400, 3, part)).await;
    }
    let filter = "%7B%22predicates%22%3A%5B%7B%22key%22%3A%22metric%3Ax%22%2C%22operation%22%3A1%2C%22int_value%22%3A1%7D%5D%7D";
    let path = format!("/apis/v2beta1/runs?filter={filter}");
    server.refused("GET", &path, None, (400, 3, "filtered by `metric:x`")).await;
}

#[tokio::test]
async fn artifacts_are_handed_out_packed() {
    let server = Server::start().await;
    let (id, _) = finished(&server).await;
    let (workflow, nodes) = live(&server, &id).await;
    let node_id = text(node(&nodes, "say"), "id");
    let hash = node_id.rsplit_once('-').unwrap().1;
    for wanted in [node_id.clone(), format!("{workflow}-say-{hash}")] {
        let path = format!("{PATH}/{id}/nodes/{wanted}/artifacts/say-out:read");
        let data = server.get(&path).await;
        let bytes = BASE64_STANDARD.decode(data["data"].as_str().unwrap()).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let mut entries = archive.entries().unwrap();
        let mut content = String::new();
        let mut entry = entries.next().unwrap().unwrap();
        entry.read_to_string(&mut content).unwrap();
        assert_eq!((entry.path().unwrap().to_str().unwrap(), content.as_str()), ("data", "hi"));
        assert!(entries.next().is_none());
    }
    let log = server.get(&format!("{PATH}/{id}/nodes/{node_id}/artifacts/main-logs:read")).await;
    assert_eq!(log["data"], json!(BASE64_STANDARD.encode("printed")));

    let file = server.home.path().join(format!("{id}-say-out"));
    std::fs::remove_file(file).unwrap();
    for (rest, part) in [
        (format!("{node_id}/artifacts/say-out:read"), "any more"),
        (format!("{node_id}/artifacts/other:read"), "no artifact `other`"),
        ("other/artifacts/say-out:read".to_owned(), "`other`"),
        (format!("{node_id}/artifacts/say-out"), "Not Found"),
    ] {
        server.refused("GET", &format!("{PATH}/{id}/nodes/{rest}"), None, (404, 5, part)).await;
    }
    let v2 = server.create_run("v2").await;
    let path = format!("{PATH}/{v2}/nodes/x/artifacts/y:read");
    server.refused("GET", &path, None, (400, 9, "v2 pipeline")).await;
}

#[tokio::test]
async fn what_the_server_keeps_is_not_handed_out() {
    let server = Server::start_as(|home, settings| settings.home = Some(home.to_owned())).await;
    let (id, _) = finished(&server).await;
    let (_, nodes) = live(&server, &id).await;
    let node_id = text(node(&nodes, "say"), "id");
    let path = format!("{PATH}/{id}/nodes/{node_id}/artifacts/say-out:read");
    server.refused("GET", &path, None, (403, 7, "its own")).await;
    let run = server.get(&format!("{PATH}/{id}")).await;
    assert!(run["run"].get("metrics").is_none(), "{run}");
    let log = format!("{PATH}/{id}/nodes/{node_id}/artifacts/main-logs:read");
    assert_eq!(server.get(&log).await["data"], json!(BASE64_STANDARD.encode("printed")));
}
