//! What an installation lets v1 pipelines do: blocked ones, values that are filled in, parameters that are too long.

use pipewright_server::{Settings, V1Rules};
use pipewright_store::engine::RunId;
use pipewright_store::{NewExperiment, Request};
use serde_json::{Value, json};

use crate::support::{HELLO, Server, WORKFLOW, hello_spec, text};

const UPLOAD: &str = "/apis/v2beta1/pipelines/upload";
const NOT_TAKEN: &str = "V1 pipeline specs are not allowed. Please migrate to using KFP V2 pipelines.";

fn manifest() -> Value {
    pipewright_compiler::compile(WORKFLOW.as_bytes()).unwrap().pipeline_spec
}

fn block(settings: &mut Settings) {
    let allowed_namespaces = vec![" Team-A ".to_owned(), "other".to_owned()];
    settings.v1 = V1Rules { are_blocked: true, allowed_namespaces, ..V1Rules::default() };
}

fn not_run(namespace: &str) -> String {
    format!(
        "Namespace {namespace} is not allowed to run v1 pipelines. Please migrate to using KFP V2 pipelines."
    )
}

#[tokio::test]
async fn blocked_pipelines_are_neither_taken_nor_run() {
    let server = Server::start_as(|_, settings| block(settings)).await;
    server.upload_hello("second").await;
    let pipeline = text(&server.get("/apis/v2beta1/pipelines").await["pipelines"][0], "pipeline_id");
    for path in [
        format!("{UPLOAD}?name=first"),
        "/apis/v1beta1/pipelines/upload?name=first".to_owned(),
        format!("{UPLOAD}_version?name=v2&pipelineid={pipeline}"),
        format!("/apis/v1beta1/pipelines/upload_version?name=v2&pipelineid={pipeline}"),
    ] {
        let answer = server.upload(&path, "w.yaml", WORKFLOW.as_bytes()).await;
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert_eq!(answer.json()["error_message"], NOT_TAKEN, "{path}");
    }
    assert_eq!(server.upload(&format!("{UPLOAD}?name=more"), "h.yaml", HELLO.as_bytes()).await.status, 200);

    let trigger = json!({"periodic_schedule": {"interval_second": "60"}});
    let v2 = json!({"display_name": "r", "pipeline_spec": manifest()});
    let mut recurring = v2.clone();
    recurring["trigger"] = trigger.clone();
    recurring["max_concurrency"] = json!("1");
    let v1 = json!({"name": "r", "pipeline_spec": {"workflow_manifest": manifest().to_string()}});
    let mut job = v1.clone();
    job["trigger"] = trigger;
    job["max_concurrency"] = json!("1");
    for (path, body) in [
        ("/apis/v2beta1/runs", v2),
        ("/apis/v2beta1/recurringruns", recurring),
        ("/apis/v1beta1/runs", v1),
        ("/apis/v1beta1/jobs", job),
    ] {
        server.refused("POST", path, Some(body), (400, 3, &not_run("default"))).await;
    }
    // v2 pipelines are none of its business, by either API.
    server.create_run("second").await;
    let inline = json!({"name": "r", "pipeline_spec": {
        "pipeline_manifest": hello_spec().to_string(), "runtime_config": {"parameters": {"who": "you"}},
    }});
    server.post("/apis/v1beta1/runs", inline).await;
}

/// A version that was there before is refused when it is run; so is one that a recurring run takes at its slot.
#[tokio::test]
async fn versions_from_before_are_not_run() {
    let open = Server::start().await;
    let answer = open.upload(&format!("{UPLOAD}?name=first"), "w.yaml", WORKFLOW.as_bytes()).await;
    let pipeline = text(&answer.json(), "pipeline_id");
    let mut settings = Settings::new("/artifacts".to_owned());
    block(&mut settings);
    let source = pipewright_server::Source::Version { pipeline_id: Some(pipeline), version_id: None };
    let asked = || pipewright_server::Submission::new(source.clone(), "r".to_owned());
    let refused = pipewright_server::submit(&open.store, &settings, asked()).await.unwrap_err();
    assert_eq!(refused.to_string(), not_run("default"));

    // Where they are allowed they run, whatever the case of letters.
    let mut team = pipewright_server::Submission { ..asked() };
    let new =
        NewExperiment { namespace: "team-a".to_owned(), display_name: "e".to_owned(), ..Default::default() };
    team.experiment_id = Some(open.store.create_experiment(new).await.unwrap().id);
    pipewright_server::submit(&open.store, &settings, team).await.unwrap();
}

#[tokio::test]
async fn what_the_installation_knows_is_filled_in() {
    let server = Server::start_as(|_, settings| {
        settings.v1 = V1Rules {
            default_bucket: Some("mine".to_owned()),
            project_id: Some("p-1".to_owned()),
            ..V1Rules::default()
        };
    })
    .await;
    let mut workflow = manifest();
    let parameters = workflow["spec"]["arguments"]["parameters"].as_array_mut().unwrap();
    parameters.iter_mut().find(|one| one["name"] == "who").unwrap()["value"] =
        json!("gs://{{kfp-default-bucket}}/{{kfp-project-id}}");
    let given = json!([{"name": "count", "value": "{{kfp-project-id}}-[[RunUUID]]"}]);
    let body = json!({"name": "r", "pipeline_spec": {
        "workflow_manifest": workflow.to_string(), "parameters": given,
    }});
    let detail = server.post("/apis/v1beta1/runs", body).await;
    let id = text(&detail["run"], "id");
    let pending = server.store.pending_requests(&RunId(id.clone())).await.unwrap();
    let Some((_, Request::Submit { submit })) = pending.into_iter().next() else { panic!("no submit") };
    assert_eq!(submit.arguments["who"], "gs://mine/p-1");
    assert_eq!(submit.arguments["count"], format!("p-1-{id}"));
    let shown = detail["run"]["pipeline_spec"]["parameters"].as_array().unwrap();
    assert!(shown.iter().all(|one| !one["value"].as_str().unwrap().contains("{{kfp")), "{shown:?}");

    // A v2 pipeline's values are its own.
    let body = json!({"display_name": "r", "pipeline_spec": hello_spec(),
        "runtime_config": {"parameters": {"who": "{{kfp-default-bucket}}"}}});
    let run = RunId(text(&server.post("/apis/v2beta1/runs", body).await, "run_id"));
    let pending = server.store.pending_requests(&run).await.unwrap();
    let Some((_, Request::Submit { submit })) = pending.into_iter().next() else { panic!("no submit") };
    assert_eq!(submit.arguments["who"], "{{kfp-default-bucket}}");
}

#[tokio::test]
async fn parameters_that_are_too_long_are_refused() {
    const TOO_LONG: &str = "The input parameter length exceed maximum size of 10000";
    let server = Server::start().await;
    let run = |length: usize| {
        json!({"name": "r", "pipeline_spec": {
            "workflow_manifest": manifest().to_string(),
            "parameters": [{"name": "who", "value": "x".repeat(length)}],
        }})
    };
    // Around it stands `[{"name":"who","value":""}]`.
    let frame = r#"[{"name":"who","value":""}]"#.len();
    server.post("/apis/v1beta1/runs", run(10_000 - frame)).await;
    server.refused("POST", "/apis/v1beta1/runs", Some(run(10_001 - frame)), (400, 3, TOO_LONG)).await;
    let mut job = run(10_000);
    job["max_concurrency"] = json!("1");
    job["trigger"] = json!({"periodic_schedule": {"interval_second": "60"}});
    server.refused("POST", "/apis/v1beta1/jobs", Some(job), (400, 3, TOO_LONG)).await;
    let mut config = run(0);
    config["pipeline_spec"] = json!({
        "pipeline_manifest": hello_spec().to_string(),
        "runtime_config": {"parameters": {"who": "x".repeat(10_000)}},
    });
    server.refused("POST", "/apis/v1beta1/runs", Some(config), (400, 3, TOO_LONG)).await;
    // The newer API takes them.
    let body = json!({"display_name": "r", "pipeline_spec": hello_spec(),
        "runtime_config": {"parameters": {"who": "x".repeat(20_000)}}});
    server.post("/apis/v2beta1/runs", body).await;

    let mut workflow = manifest();
    workflow["spec"]["arguments"]["parameters"][0]["value"] = json!("x".repeat(10_000));
    let answer =
        server.upload(&format!("{UPLOAD}?name=long"), "w.json", workflow.to_string().as_bytes()).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error_message"]), (400, &json!(TOO_LONG)));
}
