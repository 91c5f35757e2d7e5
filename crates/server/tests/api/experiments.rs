//! Experiments, all verbs.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{Server, take, take_instant, text};

const PATH: &str = "/apis/v2beta1/experiments";

#[tokio::test]
async fn an_experiment_is_created_and_found() {
    let server = Server::start().await;
    let mut created = server
        .post(PATH, json!({"display_name": "forecast", "description": "d", "namespace": "kubeflow"}))
        .await;
    let read = server.get(&format!("{PATH}/{}", text(&created, "experiment_id"))).await;
    assert_eq!(read, created);
    take(&mut created, "experiment_id");
    take_instant(&mut created, "created_at");
    assert_eq!(
        created,
        json!({
            "display_name": "forecast",
            "description": "d",
            "storage_state": "AVAILABLE",
            "last_run_created_at": "1970-01-01T00:00:00Z",
        })
    );
    // Exactly what the official client asks.
    let filter = "%7B%22predicates%22%3A%20%5B%7B%22operation%22%3A%201%2C%20%22key%22%3A%20%22display_name%22\
                  %2C%20%22stringValue%22%3A%20%22forecast%22%7D%5D%7D";
    let found = server.get(&format!("{PATH}?filter={filter}&namespace=")).await;
    assert_eq!(found, json!({"experiments": [read], "total_size": 1}));
    let twice = filter.replace('%', "%25");
    assert_eq!(server.get(&format!("{PATH}?filter={twice}")).await, found);
    let none = filter.replace("forecast", "other");
    assert_eq!(server.get(&format!("{PATH}?filter={none}")).await, json!({}));
}

#[tokio::test]
async fn wrong_experiments_are_refused() {
    let server = Server::start().await;
    server.post(PATH, json!({"display_name": "forecast"})).await;
    let named = |name: &str| Some(json!({"display_name": name}));
    server.refused("POST", PATH, named("forecast"), (409, 6, "forecast")).await;
    server.refused("POST", PATH, named(""), (400, 3, "display_name")).await;
    server.refused("POST", PATH, named(&"x".repeat(129)), (400, 3, "128")).await;
    server.refused("GET", &format!("{PATH}/unknown"), None, (404, 5, "unknown")).await;
    server.refused("DELETE", &format!("{PATH}/unknown"), None, (404, 5, "unknown")).await;
    server.refused("POST", &format!("{PATH}/unknown:archive"), None, (404, 5, "unknown")).await;
    server.refused("POST", &format!("{PATH}/x:jump"), None, (404, 5, "jump")).await;
}

#[tokio::test]
async fn lists_are_paged_and_sorted() {
    let server = Server::start().await;
    for name in ["b", "a", "c"] {
        server.post(PATH, json!({"display_name": name})).await;
    }
    let names = |page: &serde_json::Value| -> Vec<String> {
        page["experiments"].as_array().unwrap().iter().map(|found| text(found, "display_name")).collect()
    };
    let first =
        server.get(&format!("{PATH}?page_token=&page_size=2&sort_by=display_name+desc&namespace=")).await;
    assert_eq!(names(&first), ["c", "b"]);
    assert_eq!(first["total_size"], json!(4));
    let token = text(&first, "next_page_token").replace('+', "%2B").replace('=', "%3D");
    let second = server.get(&format!("{PATH}?page_token={token}&page_size=2")).await;
    assert_eq!(names(&second), ["a", "Default"]);
    assert!(second.get("next_page_token").is_none());
    server.refused("GET", &format!("{PATH}?page_size=-1"), None, (400, 3, "page_size")).await;
    server.refused("GET", &format!("{PATH}?page_size=x"), None, (400, 3, "page_size")).await;
    server.refused("GET", &format!("{PATH}?page_token=x"), None, (400, 3, "token")).await;
    server.refused("GET", &format!("{PATH}?sort_by=colour"), None, (400, 3, "colour")).await;
    server.refused("GET", &format!("{PATH}?filter=%7B"), None, (400, 3, "filter")).await;
}

#[tokio::test]
async fn archiving_takes_the_runs_along() {
    let server = Server::start().await;
    let run = server.create_run("r").await;
    let run_path = format!("/apis/v2beta1/runs/{run}");
    let id = text(&server.get(&run_path).await, "experiment_id");
    let answer = server.act(&format!("{PATH}/{id}:archive")).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "{}"));
    assert_eq!(server.get(&format!("{PATH}/{id}")).await["storage_state"], json!("ARCHIVED"));
    assert_eq!(server.get(&run_path).await["storage_state"], json!("ARCHIVED"));
    server.refused("POST", &format!("{run_path}:unarchive"), None, (400, 9, "archived")).await;
    assert_eq!(server.act(&format!("{PATH}/{id}:unarchive")).await.text, "{}");
    assert_eq!(server.get(&format!("{PATH}/{id}")).await["storage_state"], json!("AVAILABLE"));
    assert_eq!(server.get(&run_path).await["storage_state"], json!("ARCHIVED"));
    assert_eq!(server.act(&format!("{run_path}:unarchive")).await.text, "{}");
    assert_eq!(server.get(&run_path).await["storage_state"], json!("AVAILABLE"));
}

#[tokio::test]
async fn an_experiment_is_deleted_but_the_default_one_is_not() {
    let server = Server::start().await;
    let id = text(&server.post(PATH, json!({"display_name": "x"})).await, "experiment_id");
    let answer = server.call("DELETE", &format!("{PATH}/{id}"), None).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "{}"));
    server.refused("GET", &format!("{PATH}/{id}"), None, (404, 5, "does not exist")).await;
    let all = server.get(PATH).await;
    assert_eq!(all["experiments"][0]["display_name"], json!("Default"));
    let default = text(&all["experiments"][0], "experiment_id");
    server.refused("DELETE", &format!("{PATH}/{default}"), None, (409, 10, "default")).await;
}
