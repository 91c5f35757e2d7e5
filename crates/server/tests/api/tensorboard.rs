//! TensorBoards: started for folders that runs left, reached through the server alone, stopped.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::support::{Server, text};

const OWN: &str = "/apis/pipewright/v1";

/// Stands in for the program: says where it listens as that does, and answers with what it was asked.
const PROGRAM: &str = r#"#!/usr/bin/env python3
import http.server, sys
arguments = sys.argv[1:]
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = "\n".join([self.path, self.headers.get("cookie", "no cookie"), *arguments]).encode()
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-security-policy", "script-src 'self'")
        self.send_header("set-cookie", "a=b")
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"posted " + body)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
print("Serving TensorBoard on localhost", file=sys.stderr)
print(f"TensorBoard 2.0 at http://127.0.0.1:{server.server_port}/prefix/ (Press CTRL+C to quit)", file=sys.stderr, flush=True)
server.serve_forever()
"#;

fn program(home: &Path, text: &str) -> std::path::PathBuf {
    let file = home.join("tensorboard");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    file
}

async fn server(text: &'static str) -> Server {
    Server::start_as(|home, settings| {
        settings.tensorboard = Some(program(home, text));
        settings.artifacts_root = home.join("artifacts").display().to_string();
        std::fs::create_dir_all(home.join("artifacts/logs")).unwrap();
    })
    .await
}

async fn asked(
    server: &Server,
    method: &str,
    path: &str,
    body: &'static str,
) -> (axum::http::HeaderMap, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:8080")
        .header("cookie", "secret=1");
    let request = request.header("content-length", body.len()).body(Body::from(body)).unwrap();
    let response = server.raw(request).await;
    assert_eq!(response.status().as_u16(), 200, "{path}");
    let headers = response.headers().clone();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (headers, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn a_board_is_started_shown_and_stopped() {
    let server = server(PROGRAM).await;
    let logs = server.home.path().join("artifacts/logs");
    let folders = json!({"folders": [{"name": "first", "uri": logs}]});
    let board = server.post(&format!("{OWN}/tensorboard"), folders.clone()).await;
    let again = server.post(&format!("{OWN}/tensorboard"), folders).await;
    assert_eq!(board, again);
    let all = server.get(&format!("{OWN}/tensorboard")).await;
    assert_eq!((&all["available"], &all["boards"]), (&json!(true), &json!([board])));

    let path = text(&board, "path");
    for base in ["", "/pipeline"] {
        let (headers, body) = asked(&server, "GET", &format!("{base}{path}data/runs?tag=a%2Fb"), "").await;
        let mut lines = body.lines();
        assert_eq!(lines.next().unwrap(), format!("{path}data/runs?tag=a%2Fb"));
        assert_eq!(lines.next().unwrap(), "no cookie");
        let arguments: Vec<&str> = lines.collect();
        assert!(
            arguments.contains(&"127.0.0.1") && arguments.contains(&path.trim_end_matches('/')),
            "{arguments:?}"
        );
        assert!(arguments.contains(&format!("first:{}", logs.display()).as_str()), "{arguments:?}");
        assert!(!headers.contains_key("set-cookie"));
        let policies: Vec<&str> = headers
            .get_all("content-security-policy")
            .iter()
            .map(|policy| policy.to_str().unwrap())
            .collect();
        assert_eq!(policies[0], "script-src 'self'");
        assert!(policies[1].contains(&format!("connect-src 127.0.0.1:8080{base}{path};")), "{policies:?}");
        assert!(policies[1].contains("frame-ancestors 'none'") && !policies[1].contains("allow-popups"));
    }
    let (_, front) = asked(&server, "GET", &path, "").await;
    assert!(front.starts_with(&path));
    let (_, posted) = asked(&server, "POST", &format!("{path}data/x"), "a=1").await;
    assert_eq!(posted, "posted a=1");

    let id = text(&board, "id");
    server.call("DELETE", &format!("{OWN}/tensorboard/{id}"), None).await;
    assert_eq!(server.get(&format!("{OWN}/tensorboard")).await["boards"], json!([]));
    server.refused("GET", &path, None, (404, 5, "no TensorBoard")).await;
}

#[tokio::test]
async fn what_cannot_be_shown_is_refused() {
    let server = server("#!/bin/sh\necho 'no module named x' >&2\nexit 1\n").await;
    let logs = server.home.path().join("artifacts/logs");
    let path = format!("{OWN}/tensorboard");
    for (folders, expected) in [
        (json!([]), (400, 3, "1 to 32 folders")),
        (json!([{"name": "a", "uri": "/etc"}]), (404, 5, "there is no artifact")),
        (json!([{"name": "a", "uri": "gs://bucket/logs"}]), (404, 5, "reads local artifacts only")),
        (json!([{"name": "a:b", "uri": logs}]), (400, 3, "cannot be handed to TensorBoard")),
        (json!([{"name": "a", "uri": logs}]), (503, 14, "no module named x")),
    ] {
        server.refused("POST", &path, Some(json!({"folders": folders})), expected).await;
    }
}
