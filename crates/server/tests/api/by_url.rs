//! Pipelines and versions that are fetched by their URL, from a server of the test's own.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::Redirect;
use axum::routing::get;
use pipewright_server::UrlRules;
use serde_json::{Value, json};

use crate::support::{HELLO, Server, WORKFLOW, text};

/// Serves pipeline files, and what is none, on a free port; returns its address.
async fn files() -> String {
    let routes = Router::new()
        .route("/hello.yaml", get(|| async { HELLO }))
        .route("/workflow.yaml", get(|| async { WORKFLOW }))
        .route("/wrong.yaml", get(|| async { "a: b" }))
        .route("/large.yaml", get(|| async { vec![b' '; (32 << 20) + 1] }))
        .route("/slow.yaml", get(|| async { tokio::time::sleep(Duration::from_secs(60)).await }))
        .route("/moved.yaml", get(|| async { Redirect::temporary("/hello.yaml") }))
        .route("/away.yaml", get(|| async { Redirect::temporary("http://elsewhere.example/hello.yaml") }))
        .route("/round.yaml", get(|| async { Redirect::temporary("/round.yaml") }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    format!("http://{address}")
}

async fn server() -> Server {
    let rules = UrlRules {
        allow_http: true,
        allowed_hosts: vec!["127.0.0.1".to_owned()],
        allow_private: true,
        timeout: Duration::from_secs(2),
    };
    Server::start_as(|_, settings| settings.pipeline_urls = rules).await
}

fn from(url: &str) -> Value {
    json!({"pipeline_url": url})
}

#[tokio::test]
async fn pipelines_and_versions_are_fetched() {
    let (server, files) = (server().await, files().await);
    let url = format!("{files}/moved.yaml");
    let body = json!({
        "pipeline": {"display_name": "Greet", "name": "greet", "description": "d", "tags": {"team": "a"}},
        "pipeline_version": {"package_url": from(&url), "tags": {"stage": "b"}},
    });
    let made = server.post("/apis/v2beta1/pipelines/create", body.clone()).await;
    assert_eq!((&made["name"], &made["display_name"]), (&json!("greet"), &json!("Greet")));
    let id = text(&made, "pipeline_id");
    let versions = format!("/apis/v2beta1/pipelines/{id}/versions");
    let first = server.get(&versions).await["pipeline_versions"][0].take();
    assert_eq!((&first["name"], &first["description"]), (&json!("greet"), &json!("d")));
    assert_eq!((&first["package_url"], &first["tags"]), (&from(&url), &json!({"stage": "b"})));
    assert_eq!(first["pipeline_spec"]["pipelineInfo"]["name"], json!("hello"));
    server.refused("POST", "/apis/v2beta1/pipelines/create", Some(body), (409, 6, "greet")).await;

    let body = json!({"pipeline_id": id, "display_name": "Second", "package_url": from(&format!("{files}/hello.yaml")),
        "code_source_url": "https://code.example/1", "tags": {"x": "y"}});
    let second = server.post(&versions, body).await;
    assert_eq!(
        (&second["name"], &second["code_source_url"]),
        (&json!("Second"), &json!("https://code.example/1"))
    );
    let other = json!({"pipeline_id": "other", "name": "v", "package_url": from(&url)});
    server.refused("POST", &versions, Some(other), (400, 3, "pipeline_id is `other`")).await;
    let nowhere = json!({"pipeline_id": id, "name": "v"});
    server.refused("POST", &versions, Some(nowhere), (400, 3, "pipeline_url is missing")).await;
}

#[tokio::test]
async fn the_old_api_fetches_too() {
    let (server, files) = (server().await, files().await);
    let url = json!({"pipeline_url": format!("{files}/workflow.yaml")});
    let made =
        server.post("/apis/v1beta1/pipelines", json!({"name": "old", "url": url, "description": "d"})).await;
    assert_eq!((&made["name"], &made["url"], &made["description"]), (&json!("old"), &url, &json!("d")));
    assert_eq!(made["default_version"]["package_url"], url);
    let pipeline = json!([{"key": {"type": "PIPELINE", "id": made["id"]}, "relationship": "OWNER"}]);
    let body =
        json!({"name": "next", "package_url": url, "resource_references": pipeline, "code_source_url": "c"});
    let next = server.post("/apis/v1beta1/pipeline_versions", body).await;
    assert_eq!((&next["name"], &next["code_source_url"]), (&json!("next"), &json!("c")));
    let default = server.get(&format!("/apis/v1beta1/pipelines/{}", text(&made, "id"))).await;
    assert_eq!(default["default_version"]["id"], next["id"]);
    let nobody = json!({"name": "v", "package_url": url});
    server.refused("POST", "/apis/v1beta1/pipeline_versions", Some(nobody), (400, 3, "PIPELINE")).await;
}

#[tokio::test]
async fn what_cannot_be_had_is_told() {
    let (server, files) = (server().await, files().await);
    for (url, part) in [
        ("no url", "is no URL"),
        ("ftp://127.0.0.1/a.yaml", "must begin with https://"),
        (&format!("{files}/nothing.yaml"), "404"),
        (&format!("{files}/wrong.yaml"), "the pipeline is wrong"),
        (&format!("{files}/large.yaml"), "larger than 32 MiB"),
        (&format!("{files}/slow.yaml"), "too long"),
        (&format!("{files}/away.yaml"), "elsewhere.example"),
        (&format!("{files}/round.yaml"), "redirects"),
        ("http://127.0.0.1:1/a.yaml", "cannot be fetched"),
    ] {
        let body = json!({"pipeline": {"name": "p"}, "pipeline_version": {"package_url": from(url)}});
        server.refused("POST", "/apis/v2beta1/pipelines/create", Some(body), (400, 3, part)).await;
    }
    // Without settings nothing but the well-known places is asked.
    let closed = Server::start().await;
    for (url, part) in [
        (format!("{files}/hello.yaml"), "must begin with https://"),
        ("https://127.0.0.1/hello.yaml".to_owned(), "may not be fetched from"),
    ] {
        let body = json!({"pipeline": {"name": "p"}, "pipeline_version": {"package_url": from(&url)}});
        closed.refused("POST", "/apis/v2beta1/pipelines/create", Some(body), (400, 3, part)).await;
    }
    assert_eq!(server.get("/apis/v2beta1/pipelines").await, json!({}));
    let status = server.act("/apis/v2beta1/pipelines/create").await.status;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}
