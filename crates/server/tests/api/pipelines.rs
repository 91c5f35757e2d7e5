//! Pipelines and their versions: upload, find, change, delete.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::support::{HELLO, Server, hello_spec, take, take_instant, text};

const PATH: &str = "/apis/v2beta1/pipelines";

#[tokio::test]
async fn an_upload_makes_a_pipeline_and_its_first_version() {
    let server = Server::start().await;
    let path = format!(
        "{PATH}/upload?name=hello&description=greets&namespace=kubeflow&tags=%7B%22team%22%3A%22a%22%7D"
    );
    let answer = server.upload(&path, "anything.yaml", HELLO.as_bytes()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let mut pipeline = answer.json();
    let id = text(&pipeline, "pipeline_id");
    assert_eq!(server.get(&format!("{PATH}/{id}")).await, pipeline);
    assert_eq!(server.get(&format!("{PATH}/names/hello?namespace=")).await, pipeline);
    assert_eq!(server.get(PATH).await, json!({"pipelines": [pipeline], "total_size": 1}));
    take(&mut pipeline, "pipeline_id");
    take_instant(&mut pipeline, "created_at");
    assert_eq!(
        pipeline,
        json!({"display_name": "hello", "name": "hello", "description": "greets", "tags": {"team": "a"}})
    );

    let mut versions = server.get(&format!("{PATH}/{id}/versions")).await;
    assert_eq!(versions["total_size"], json!(1));
    let mut version = versions["pipeline_versions"][0].take();
    let version_id = text(&version, "pipeline_version_id");
    assert_eq!(server.get(&format!("{PATH}/{id}/versions/{version_id}")).await, version);
    take(&mut version, "pipeline_version_id");
    take_instant(&mut version, "created_at");
    let spec = version.as_object_mut().unwrap().shift_remove("pipeline_spec").unwrap();
    check_spec(&spec);
    assert_eq!(
        version,
        json!({"pipeline_id": id, "display_name": "hello", "name": "hello", "description": "greets"})
    );
}

/// The specification comes out as it went in, with names in camel case.
fn check_spec(spec: &Value) {
    let mut expected = hello_spec();
    // Numbers are doubles on the wire; 3 and 3.0 are the same.
    let default = "/root/inputDefinitions/parameters/count/defaultValue";
    let found = spec.pointer(default).and_then(Value::as_f64);
    assert_eq!(found, Some(3.0));
    let mut spec = spec.clone();
    *spec.pointer_mut(default).unwrap() = json!(3);
    *expected.pointer_mut(default).unwrap() = json!(3);
    assert_eq!(spec, expected);
}

#[tokio::test]
async fn names_come_from_the_query_or_the_file() {
    let server = Server::start().await;
    for (query, file, name, display_name) in [
        ("", "a.yaml", "a.yaml", "a.yaml"),
        ("name=&display_name=&description=", "b.yml", "b.yml", "b.yml"),
        ("name=c", "x.yaml", "c", "c"),
        ("display_name=D%20d", "x.yaml", "D d", "D d"),
        ("name=e&display_name=E", "x.yaml", "e", "E"),
    ] {
        let answer = server.upload(&format!("{PATH}/upload?{query}"), file, HELLO.as_bytes()).await;
        let pipeline = answer.json();
        assert_eq!((&pipeline["name"], &pipeline["display_name"]), (&json!(name), &json!(display_name)));
    }
}

async fn check_upload(server: &Server, path: &str, file: &str, content: &[u8], expected: (u16, &str)) {
    let answer = server.upload(&format!("{PATH}/{path}"), file, content).await;
    let (status, part) = expected;
    assert_eq!(answer.status.as_u16(), status, "{path}: {answer:?}");
    let body = answer.json();
    let message = text(&body, "error_message");
    assert!(message.contains(part), "{path}: {message}");
    let fields: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["error_message", "error_details"]);
}

#[tokio::test]
async fn wrong_uploads_are_refused_in_their_own_shape() {
    let server = Server::start().await;
    server.upload_hello("hello").await;
    let hello = HELLO.as_bytes();
    check_upload(&server, "upload?name=hello", "x.yaml", hello, (409, "hello")).await;
    check_upload(&server, "upload?name=y", "x.txt", hello, (400, "expected .yaml")).await;
    check_upload(&server, "upload?name=y", "x.yaml", b"a: [", (400, "pipeline is wrong")).await;
    check_upload(&server, "upload?name=y", "x.yaml", b"\xff\xfe\x00", (400, "pipeline is wrong")).await;
    let unknown = HELLO.replace("name: comp-greet", "name: comp-other");
    check_upload(&server, "upload?name=y", "x.yaml", unknown.as_bytes(), (400, "comp-other")).await;
    check_upload(&server, "upload?name=y&tags=1", "x.yaml", hello, (400, "tags")).await;
    check_upload(&server, "upload?tags=%7B%22a.b%22%3A%22c%22%7D", "x.yaml", hello, (400, "a.b")).await;
    let long = format!("upload?name={}", "x".repeat(129));
    check_upload(&server, &long, "x.yaml", hello, (400, "128")).await;
    check_upload(&server, "upload_version?name=v2", "x.yaml", hello, (400, "pipelineid")).await;
    check_upload(&server, "upload_version?name=v&pipelineid=no", "x.yaml", hello, (400, "no")).await;
    let large = vec![b' '; (32 << 20) + 1];
    check_upload(&server, "upload?name=y", "x.yaml", &large, (400, "32 MiB")).await;
    let larger = vec![b' '; 34 << 20];
    check_upload(&server, "upload?name=y", "x.yaml", &larger, (400, "32 MiB")).await;
    // Nothing of all this was kept.
    assert_eq!(server.get(PATH).await["total_size"], json!(1));
    for (content_type, body) in [
        ("application/json", "{}"),
        (
            "multipart/form-data; boundary=xyz",
            "--xyz\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--xyz--\r\n",
        ),
        ("multipart/form-data; boundary=xyz", "--xyz\r\nbroken"),
    ] {
        let request = Request::post(format!("{PATH}/upload")).header(header::CONTENT_TYPE, content_type);
        let answer = server.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
        assert!(answer.json()["error_message"].is_string());
    }
}

#[tokio::test]
async fn further_versions_are_uploaded() {
    let server = Server::start().await;
    let id = text(&server.upload_hello("hello").await, "pipeline_id");
    let path = format!("{PATH}/upload_version?name=v2&pipelineid={id}&description=second");
    let answer = server.upload(&path, "hello.yaml", HELLO.as_bytes()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let version = answer.json();
    assert_eq!((&version["name"], &version["pipeline_id"]), (&json!("v2"), &json!(id)));
    check_upload(&server, &path[PATH.len() + 1..], "x.yaml", HELLO.as_bytes(), (409, "v2")).await;
    let newest = server.get(&format!("{PATH}/{id}/versions?page_size=1&sort_by=created_at%20desc")).await;
    assert_eq!(newest["pipeline_versions"][0]["name"], json!("v2"));
    assert_eq!(newest["total_size"], json!(2));
}

#[tokio::test]
async fn pipelines_are_made_without_a_version_and_changed() {
    let server = Server::start().await;
    let pipeline = server.post(PATH, json!({"name": "empty", "tags": {"a": "1"}})).await;
    assert_eq!(pipeline["display_name"], json!("empty"));
    let path = format!("{PATH}/{}", text(&pipeline, "pipeline_id"));
    assert_eq!(server.get(&format!("{path}/versions")).await, json!({}));
    for (change, display_name, tags) in [
        (json!({"display_name": "Named"}), "Named", Some(json!({"a": "1"}))),
        (json!({"tags": {"b": "2"}}), "Named", Some(json!({"b": "2"}))),
        (json!({"display_name": "", "tags": {}}), "Named", None),
    ] {
        let answer = server.call("PATCH", &path, Some(change)).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let changed = answer.json();
        assert_eq!(changed["display_name"], json!(display_name));
        assert_eq!(changed.get("tags").cloned(), tags);
        assert_eq!(server.get(&path).await, changed);
    }
    server.refused("POST", PATH, Some(json!({})), (400, 3, "name")).await;
    server.refused("POST", PATH, Some(json!({"name": "empty"})), (409, 6, "empty")).await;
    let by_url = Some(json!({"package_url": {"pipeline_url": "https://example.org/p.yaml"}}));
    server.refused("POST", &format!("{path}/versions"), by_url, (400, 3, "")).await;
    server.refused("POST", &format!("{PATH}/create"), Some(json!({})), (400, 3, "name")).await;
}

#[tokio::test]
async fn a_version_is_renamed() {
    let server = Server::start().await;
    let id = text(&server.upload_hello("hello").await, "pipeline_id");
    let versions = server.get(&format!("{PATH}/{id}/versions")).await;
    let version = text(&versions["pipeline_versions"][0], "pipeline_version_id");
    let path = format!("{PATH}/{id}/versions/{version}");
    let answer = server.call("PATCH", &path, Some(json!({"display_name": "first"}))).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(server.get(&path).await["display_name"], json!("first"));
    assert_eq!(server.get(&path).await["name"], json!("hello"));
}

#[tokio::test]
async fn a_pipeline_with_versions_is_deleted_only_on_purpose() {
    let server = Server::start().await;
    let id = text(&server.upload_hello("hello").await, "pipeline_id");
    let path = format!("{PATH}/{id}");
    server.refused("DELETE", &path, None, (400, 3, "cascade")).await;
    server.refused("DELETE", &format!("{path}?cascade=false"), None, (400, 3, "cascade")).await;
    server.refused("DELETE", &format!("{path}?cascade=maybe"), None, (400, 3, "cascade")).await;
    let versions = server.get(&format!("{path}/versions")).await;
    let version = text(&versions["pipeline_versions"][0], "pipeline_version_id");
    let version_path = format!("{path}/versions/{version}");
    assert_eq!(server.call("DELETE", &version_path, None).await.text, "{}");
    server.refused("GET", &version_path, None, (404, 5, "does not exist")).await;
    assert_eq!(server.call("DELETE", &path, None).await.text, "{}");
    server.refused("GET", &path, None, (404, 5, "does not exist")).await;
    let id = text(&server.upload_hello("hello").await, "pipeline_id");
    assert_eq!(server.call("DELETE", &format!("{PATH}/{id}?cascade=true"), None).await.text, "{}");
    assert_eq!(server.get(PATH).await, json!({}));
    server.refused("DELETE", &format!("{PATH}/{id}"), None, (404, 5, "does not exist")).await;
    server.refused("GET", &format!("{PATH}/names/hello"), None, (404, 5, "hello")).await;
}
