//! The v1 API but for runs and jobs: health, experiments, pipelines, versions.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{HELLO, Server, WORKFLOW, take, take_instant, text};

const PATH: &str = "/apis/v1beta1";

fn path(rest: &str) -> String {
    format!("{PATH}{rest}")
}

fn filter(key: &str, value: &str) -> String {
    // As the client encodes it.
    let text = format!(r#"{{"predicates":[{{"op":1,"key":"{key}","stringValue":"{value}"}}]}}"#);
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn health_is_told_under_both_prefixes() {
    let server = Server::start().await;
    for path in ["/apis/v1beta1/healthz", "/pipeline/apis/v1beta1/healthz"] {
        let health = server.get(path).await;
        assert_eq!(health["multi_user"], json!(false));
        assert!(health["commit_sha"].is_string() && health["tag_name"].is_string());
        assert_eq!((&health["apiServerReady"], &health["apiServerMultiUser"]), (&json!(true), &json!(false)));
    }
}

#[tokio::test]
async fn an_experiment_lives() {
    let server = Server::start().await;
    let body = json!({"name": "mine", "description": "d", "resource_references": [
        {"key": {"type": "NAMESPACE", "id": "kubeflow"}, "relationship": "OWNER"},
    ]});
    let made = server.post(&path("/experiments"), body.clone()).await;
    let id = text(&made, "id");
    let mut shown = made.clone();
    take(&mut shown, "id");
    take_instant(&mut shown, "created_at");
    assert_eq!(
        shown,
        json!({
            "name": "mine",
            "description": "d",
            "resource_references": [{"key": {"type": "NAMESPACE"}, "relationship": "OWNER"}],
            "storage_state": "STORAGESTATE_AVAILABLE",
        })
    );
    let one = path(&format!("/experiments/{id}"));
    assert_eq!(server.get(&one).await, made);
    server.refused("POST", &path("/experiments"), Some(body), (409, 6, "mine")).await;
    server.refused("POST", &path("/experiments"), Some(json!({})), (400, 3, "name")).await;

    let wanted = path(&format!(
        "/experiments?page_token=&page_size=10&sort_by=&resource_reference_key.type=NAMESPACE\
         &resource_reference_key.id=&filter={}",
        filter("name", "mine")
    ));
    assert_eq!(server.get(&wanted).await, json!({"experiments": [made], "total_size": 1}));
    let none = path(&format!("/experiments?filter={}", filter("name", "other")));
    assert_eq!(server.get(&none).await, json!({}));

    assert_eq!(server.act(&format!("{one}:archive")).await.json(), json!({}));
    assert_eq!(server.get(&one).await["storage_state"], json!("STORAGESTATE_ARCHIVED"));
    assert_eq!(server.act(&format!("{one}:unarchive")).await.json(), json!({}));
    server.refused("POST", &format!("{one}:paint"), None, (404, 5, "paint")).await;
    assert_eq!(server.call("DELETE", &one, None).await.json(), json!({}));
    server.refused("GET", &one, None, (404, 5, &id)).await;
}

#[tokio::test]
async fn a_workflow_is_uploaded_with_versions() {
    let server = Server::start().await;
    let upload = path("/pipelines/upload?name=wf&description=what");
    let answer = server.upload(&upload, "wf.yaml", WORKFLOW.as_bytes()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let pipeline = answer.json();
    let id = text(&pipeline, "id");
    assert_eq!(pipeline["name"], json!("wf"));
    assert_eq!(pipeline["description"], json!("what"));
    let parameters = json!([{"name": "who", "value": "you"}, {"name": "count"}]);
    assert_eq!(pipeline["parameters"], parameters);
    let first = &pipeline["default_version"];
    assert_eq!(first["name"], json!("wf"));
    let owner = json!([{"key": {"type": "PIPELINE", "id": id}, "relationship": "OWNER"}]);
    assert_eq!(first["resource_references"], owner);
    assert_eq!(server.get(&path(&format!("/pipelines/{id}"))).await, pipeline);
    assert_eq!(server.get(&path("/namespaces/-/pipelines/wf")).await, pipeline);
    let listed = server.get(&path(&format!("/pipelines?filter={}", filter("name", "wf")))).await;
    assert_eq!(listed, json!({"pipelines": [pipeline], "total_size": 1}));

    let upload = path(&format!("/pipelines/upload_version?name=second&pipelineid={id}"));
    let second = server.upload(&upload, "hello.yaml", HELLO.as_bytes()).await.json();
    assert_eq!(second["parameters"], json!([{"name": "count", "value": "3"}, {"name": "who"}]));
    assert_eq!(server.get(&path(&format!("/pipelines/{id}"))).await["default_version"], second);
    let versions = path(&format!(
        "/pipeline_versions?resource_key.type=PIPELINE&resource_key.id={id}&sort_by=name&page_size=1"
    ));
    let page = server.get(&versions).await;
    assert_eq!((&page["versions"], &page["total_size"]), (&json!([second]), &json!(2)));
    let rest = server.get(&format!("{versions}&page_token={}", text(&page, "next_page_token"))).await;
    assert_eq!(rest["versions"], json!([first]));
    assert!(rest.get("next_page_token").is_none());

    let (first, second) = (text(first, "id"), text(&second, "id"));
    let template = server.get(&path(&format!("/pipeline_versions/{first}/templates"))).await;
    let template: Value = serde_json::from_str(template["template"].as_str().unwrap()).unwrap();
    assert_eq!(template["spec"]["entrypoint"], json!("main"));
    let template = server.get(&path(&format!("/pipelines/{id}/templates"))).await;
    assert!(template["template"].as_str().unwrap().contains("pipelineInfo"));
    let default = path(&format!("/pipelines/{id}/default_version/{first}"));
    assert_eq!(server.act(&default).await.json(), json!({}));
    server.refused("POST", &format!("{default}x"), None, (404, 5, &first)).await;

    let one = path(&format!("/pipelines/{id}"));
    server.refused("DELETE", &one, None, (400, 3, "2 version(s)")).await;
    for version in [first, second] {
        let one = path(&format!("/pipeline_versions/{version}"));
        assert_eq!(server.call("DELETE", &one, None).await.json(), json!({}));
        server.refused("GET", &one, None, (404, 5, &version)).await;
    }
    assert_eq!(server.call("DELETE", &one, None).await.json(), json!({}));
    server.refused("GET", &one, None, (404, 5, &id)).await;
}

#[tokio::test]
async fn wrong_uploads_are_told_as_uploads_are() {
    let server = Server::start().await;
    server.upload(&path("/pipelines/upload?name=wf"), "wf.yaml", WORKFLOW.as_bytes()).await;
    let broken = WORKFLOW.replace("template: say", "template: sya");
    for (rest, file, content, status, part) in [
        ("/pipelines/upload?name=wf", "wf.yaml", WORKFLOW, 409, "wf"),
        ("/pipelines/upload?name=b", "wf.yaml", broken.as_str(), 400, "sya"),
        ("/pipelines/upload?name=b", "wf.txt", WORKFLOW, 400, "wf.txt"),
        ("/pipelines/upload_version?name=b", "wf.yaml", WORKFLOW, 400, "pipelineid"),
        ("/pipelines/upload_version?name=b&pipelineid=x", "wf.yaml", WORKFLOW, 400, "x"),
    ] {
        let answer = server.upload(&path(rest), file, content.as_bytes()).await;
        assert_eq!(answer.status.as_u16(), status, "{rest}: {answer:?}");
        let found = answer.json();
        assert!(found["error_message"].as_str().unwrap().contains(part), "{rest}: {found}");
        assert_eq!(found["error_message"], found["error_details"]);
    }
}

#[tokio::test]
async fn wrong_lists_are_refused() {
    let server = Server::start().await;
    for (rest, part) in [
        ("/experiments?sort_by=nonsense", "nonsense"),
        ("/experiments?page_token=nonsense", "page_token"),
        ("/pipelines?filter=nonsense", "filter"),
        ("/pipelines?page_size=-1", "page_size"),
        ("/pipeline_versions", "resource_key"),
        ("/pipeline_versions?resource_key.type=RUN&resource_key.id=x", "RUN"),
        ("/runs?resource_reference_key.type=PIPELINE&resource_reference_key.id=x", "EXPERIMENT"),
        ("/runs?resource_reference_key.type=x", "resource_reference_key.type"),
    ] {
        server.refused("GET", &path(rest), None, (400, 3, part)).await;
    }
}

#[tokio::test]
async fn what_is_not_there_says_so() {
    let server = Server::start().await;
    let unknown = server.call("GET", &path("/nothing"), None).await;
    assert_eq!((unknown.status.as_u16(), &unknown.json()["code"]), (404, &json!(5)));
}
