//! What holds for every route: health, prefixes, unknown paths, foreign pages, limits.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn health_is_told_under_both_prefixes() {
    let server = Server::start().await;
    for path in ["/apis/v2beta1/healthz", "/pipeline/apis/v2beta1/healthz"] {
        let health = server.get(path).await;
        assert_eq!(health["multi_user"], json!(false));
        assert_eq!(health["pipeline_store"], json!("database"));
        assert!(health["commit_sha"].is_string() && health["tag_name"].is_string());
    }
    for path in ["/apis/v2beta1/experiments", "/pipeline/apis/v2beta1/experiments"] {
        assert_eq!(server.get(path).await["total_size"], json!(1));
    }
}

/// With the pages built in or without: both are HTML, and neither lets a script in that it does not name.
#[tokio::test]
async fn a_browser_gets_the_page_under_both_prefixes() {
    let server = Server::start().await;
    for path in ["/", "/pipeline/"] {
        let answer = server.call("GET", path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.content_type.starts_with("text/html"));
        assert!(answer.text.contains("<title>Pipewright</title>"));
        let headers = answer.headers;
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["cache-control"], "no-cache");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'self'"), "{policy}");
        let scripts = policy.split(';').find(|part| part.trim().starts_with("script-src"));
        assert!(!scripts.unwrap_or_default().contains("unsafe"), "{policy}");
    }
    let answer = server.call("GET", "/pipeline", None).await;
    assert_eq!((answer.status.as_u16(), &answer.headers["location"]), (308, &"/pipeline/".parse().unwrap()));
}

#[tokio::test]
async fn unknown_routes_and_wrong_methods_are_told_as_the_gateway_does() {
    let server = Server::start().await;
    let not_found = json!({"code": 5, "message": "Not Found"});
    let wrong_method = json!({"code": 12, "message": "Method Not Allowed"});
    for (method, path, status, body) in [
        ("GET", "/apis/v2beta1/nothing", 404, &not_found),
        ("GET", "/pipeline/apis/v2beta1/nothing", 404, &not_found),
        ("GET", "/apis/v3/runs", 404, &not_found),
        ("GET", "/nothing", 404, &not_found),
        ("PUT", "/apis/v2beta1/runs", 501, &wrong_method),
        ("PATCH", "/pipeline/apis/v2beta1/experiments/x", 501, &wrong_method),
    ] {
        let answer = server.call(method, path, None).await;
        assert_eq!((answer.status.as_u16(), &answer.json()), (status, body), "{method} {path}");
    }
}

#[tokio::test]
async fn foreign_pages_and_names_are_refused() {
    let server = Server::start().await;
    type Headers = &'static [(&'static str, &'static str)];
    let cases: [(&str, Headers, bool); 10] = [
        ("POST", &[], true),
        ("POST", &[("host", "127.0.0.1:8080")], true),
        ("POST", &[("host", "ml.example.org")], true),
        ("POST", &[("host", "localhost:8080"), ("origin", "http://localhost:8080")], true),
        ("POST", &[("host", "localhost:8080"), ("sec-fetch-site", "same-origin")], true),
        ("POST", &[("host", "localhost:8080"), ("origin", "http://evil.example")], false),
        ("POST", &[("host", "localhost:8080"), ("origin", "null")], false),
        ("POST", &[("host", "localhost:8080"), ("sec-fetch-site", "cross-site")], false),
        ("GET", &[("host", "localhost:8080"), ("origin", "http://evil.example")], true),
        ("GET", &[("host", "evil.example:8080")], false),
    ];
    for (index, (method, headers, fine)) in cases.into_iter().enumerate() {
        let mut request = Request::builder().method(method).uri("/apis/v2beta1/experiments");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = json!({"display_name": format!("e{index}")}).to_string();
        let answer = server.send(request.body(Body::from(body)).unwrap()).await;
        let expected = if fine { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status, expected, "{method} {headers:?}: {answer:?}");
        if !fine {
            assert_eq!(answer.json()["code"], json!(7));
        }
    }
}

#[tokio::test]
async fn bodies_follow_the_rules_of_protobuf_json() {
    let server = Server::start().await;
    let path = "/apis/v2beta1/experiments";
    for (body, part) in [
        ("{", "body is wrong"),
        ("[]", "not a JSON object"),
        (r#"{"display_name": "x", "nothing": 1}"#, "unknown field `nothing`"),
        (r#"{"display_name": 3}"#, "expected a string"),
        ("", "display_name"),
    ] {
        let request = Request::post(path).body(Body::from(body)).unwrap();
        let answer = server.send(request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(part), "{body}: {message}");
    }
    let camel = json!({"displayName": "camel", "description": null, "storageState": 1});
    assert_eq!(server.post(path, camel).await["display_name"], json!("camel"));
}
