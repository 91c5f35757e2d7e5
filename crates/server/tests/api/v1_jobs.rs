//! Jobs of the v1 API: the same rows as recurring runs, in the old words.

use serde_json::{Value, json};

use crate::support::{Server, WORKFLOW, hello_spec, take, take_instant, text};

const PATH: &str = "/apis/v1beta1/jobs";

/// As the kfp 1.8 client asks.
fn asked(name: &str, spec: Value, references: Value) -> Value {
    json!({
        "name": name, "enabled": true, "max_concurrency": 2, "no_catchup": true, "pipeline_spec": spec,
        "resource_references": references,
        "trigger": {"periodic_schedule": {"start_time": "2100-01-01T00:00:00Z", "interval_second": 60}},
    })
}

fn experiment(id: &str) -> Value {
    json!({"key": {"type": "EXPERIMENT", "id": id}, "relationship": "OWNER"})
}

#[tokio::test]
async fn a_job_lives() {
    let server = Server::start().await;
    let mine = text(&server.post("/apis/v1beta1/experiments", json!({"name": "mine"})).await, "id");
    let manifest = pipewright_compiler::compile(WORKFLOW.as_bytes()).unwrap().pipeline_spec.to_string();
    let spec = json!({"workflow_manifest": manifest, "parameters": [{"name": "count", "value": "7"}]});
    let mut made = server.post(PATH, asked("each minute", spec, json!([experiment(&mine)]))).await;
    let id = text(&made, "id");
    let one = format!("{PATH}/{id}");
    assert_eq!(server.get(&one).await, made);
    assert_eq!(server.get(&format!("/pipeline{one}")).await, made);
    take(&mut made, "id");
    take_instant(&mut made, "created_at");
    take_instant(&mut made, "updated_at");
    let shown = made["pipeline_spec"].as_object_mut().unwrap().remove("workflow_manifest").unwrap();
    let shown: Value = serde_json::from_str(shown.as_str().unwrap()).unwrap();
    assert_eq!(shown["kind"], json!("Workflow"));
    let expected = json!({
        "name": "each minute", "enabled": true, "mode": "ENABLED", "status": "ENABLED", "no_catchup": true,
        "max_concurrency": "2", "pipeline_spec": {"parameters": [{"name": "count", "value": "7"}]},
        "trigger": {"periodic_schedule": {"start_time": "2100-01-01T00:00:00Z", "interval_second": "60"}},
        "resource_references": [
            {"key": {"type": "EXPERIMENT", "id": mine}, "name": "mine", "relationship": "OWNER"},
        ],
    });
    assert_eq!(made, expected);

    assert_eq!(server.act(&format!("{one}/disable")).await.text, "{}");
    let job = server.get(&one).await;
    assert_eq!((job.get("enabled"), &job["status"]), (None, &json!("DISABLED")));
    assert_eq!(server.act(&format!("{one}/enable")).await.text, "{}");
    assert_eq!(server.get(&one).await["enabled"], json!(true));
    let of_mine = format!(
        "{PATH}?page_token=&page_size=10&sort_by=&resource_reference_key.type=EXPERIMENT\
         &resource_reference_key.id={mine}"
    );
    assert_eq!(server.get(&of_mine).await["jobs"].as_array().unwrap().len(), 1);
    let other = format!("{PATH}?resource_reference_key.type=EXPERIMENT&resource_reference_key.id=other");
    assert_eq!(server.get(&other).await, json!({}));
    // The new API shows the same.
    let new = server.get(&format!("/apis/v2beta1/recurringruns/{id}")).await;
    assert_eq!((&new["display_name"], &new["mode"]), (&json!("each minute"), &json!("ENABLE")));

    assert_eq!(server.call("DELETE", &one, None).await.text, "{}");
    for (method, rest) in [("GET", ""), ("DELETE", ""), ("POST", "/enable"), ("POST", "/disable")] {
        server.refused(method, &format!("{one}{rest}"), None, (404, 5, "does not exist")).await;
    }
}

#[tokio::test]
async fn the_newest_version_is_taken_once() {
    let server = Server::start().await;
    let pipeline = text(&server.upload_hello("hello").await, "pipeline_id");
    let versions = server.get(&format!("/apis/v2beta1/pipelines/{pipeline}/versions")).await;
    let first = text(&versions["pipeline_versions"][0], "pipeline_version_id");
    let spec = json!({"pipeline_id": pipeline, "parameters": [
        {"name": "who", "value": "you"}, {"name": "count", "value": "[[Index]]"},
    ]});
    server.refused("POST", PATH, Some(asked("j", spec, json!([]))), (400, 3, "count")).await;
    let spec = json!({"pipeline_id": pipeline, "parameters": [
        {"name": "who", "value": "[[Index]]"}, {"name": "count", "value": "4"},
    ]});
    let job = server.post(PATH, asked("j", spec, json!([]))).await;
    let id = text(&job, "id");
    let creator =
        json!({"key": {"type": "PIPELINE_VERSION", "id": first}, "name": "hello", "relationship": "CREATOR"});
    assert!(job["resource_references"].as_array().unwrap().contains(&creator), "{job}");
    let new = server.get(&format!("/apis/v2beta1/recurringruns/{id}")).await;
    assert_eq!(new["pipeline_version_reference"]["pipeline_version_id"], json!(first));
    assert_eq!(new["runtime_config"]["parameters"], json!({"who": "[[Index]]", "count": 4}));

    let spec = json!({"parameters": [{"name": "who", "value": "you"}], "pipeline_manifest": hello_spec().to_string()});
    let inline = server.post(PATH, asked("inline", spec, json!([]))).await;
    let manifest: Value =
        serde_json::from_str(inline["pipeline_spec"]["pipeline_manifest"].as_str().unwrap()).unwrap();
    assert_eq!(manifest["pipelineInfo"]["name"], json!("hello"));
}

#[tokio::test]
async fn wrong_jobs_are_refused() {
    let server = Server::start().await;
    let spec =
        json!({"pipeline_manifest": hello_spec().to_string(), "parameters": [{"name": "who", "value": "x"}]});
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = asked("j", spec.clone(), json!([]));
        change(&mut body);
        Some(body)
    };
    for (body, expected) in [
        (with(&|body| body["name"] = json!("")), (400, 3, "name")),
        (with(&|body| body["max_concurrency"] = json!(11)), (400, 3, "max_concurrency")),
        (with(&|body| body["max_concurrency"] = json!("x")), (400, 3, "max_concurrency")),
        (with(&|body| body["mode"] = json!("SOMETIMES")), (400, 3, "mode")),
        (with(&|body| body["colour"] = json!(1)), (400, 3, "colour")),
        (with(&|body| body["pipeline_spec"] = json!({})), (400, 3, "pipeline")),
        (with(&|body| body["pipeline_spec"] = json!({"pipeline_id": "nobody"})), (404, 5, "nobody")),
        (with(&|body| body["resource_references"] = json!([experiment("nobody")])), (404, 5, "nobody")),
        (
            with(&|body| body["trigger"] = json!({"cron_schedule": {"cron": "61 * * * * *"}})),
            (400, 3, "cron"),
        ),
        (with(&|body| body["trigger"] = json!({"periodic_schedule": {}})), (400, 3, "interval_second")),
    ] {
        server.refused("POST", PATH, body, expected).await;
    }
    assert_eq!(server.get(PATH).await, json!({}));
    let by_pipeline = format!("{PATH}?resource_reference_key.type=PIPELINE&resource_reference_key.id=x");
    server.refused("GET", &by_pipeline, None, (400, 3, "EXPERIMENT")).await;
}
