//! Logs by lines and ranges, searched and followed.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::Request;
use pipewright_plan::UsageSample;
use pipewright_store::engine::{AttemptId, RunId, RunPhase, RunView, TaskKey, TaskKind, TaskPhase};
use serde_json::json;

use crate::streams::Listener;
use crate::support::{Answer, Server, at, attempt, task};

const OWN: &str = "/apis/pipewright/v1";

/// A run with one task whose log has these bytes; returns the run and the path of the log's route.
async fn logged(server: &Server, phase: TaskPhase, text: &str) -> (String, String) {
    let run = server.create_run("r").await;
    let mut step = task(&run, "root/step", TaskKind::Container, phase);
    step.attempts = vec![attempt(0, phase)];
    let view = RunView { phase: RunPhase::Running, started_at: Some(at(1)), ..RunView::default() };
    server.record(&run, 0, view, vec![step]).await;
    std::fs::write(file(server, &run), text).unwrap();
    let path = format!("{OWN}/runs/{run}/tasks/root%2Fstep/log");
    (run, path)
}

fn file(server: &Server, run: &str) -> std::path::PathBuf {
    let attempt = AttemptId { run: RunId(run.to_owned()), task: TaskKey("root/step".to_owned()), number: 0 };
    server.home.path().join(attempt.digest())
}

async fn ranged(server: &Server, method: &str, path: &str, range: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("Range", range);
    server.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn ranges_of_a_log_are_answered() {
    let server = Server::start().await;
    let (_, path) = logged(&server, TaskPhase::Succeeded, "0123456789").await;
    for (range, status, text, content) in [
        ("bytes=2-4", 206, "234", Some("bytes 2-4/10")),
        ("bytes=-3", 206, "789", Some("bytes 7-9/10")),
        ("bytes=8-", 206, "89", Some("bytes 8-9/10")),
        ("bytes=10-", 416, "", Some("bytes */10")),
        ("bytes=1-2,4-5", 200, "0123456789", None),
    ] {
        let answer = ranged(&server, "GET", &path, range).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (status, text), "{range}");
        let found = answer.headers.get("content-range").map(|value| value.to_str().unwrap());
        assert_eq!(found, content, "{range}");
    }
    let head = ranged(&server, "HEAD", &path, "").await;
    assert_eq!((head.text.as_str(), &head.headers["content-length"]), ("", &"10".parse().unwrap()));

    // With something to hide the length is not known, and ranges are those of what is shown.
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "3456"}});
    server.post(&format!("{OWN}/namespaces/default/objects"), secret).await;
    let answer = ranged(&server, "GET", &path, "bytes=2-4").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (206, "2**"));
    assert_eq!(answer.headers["content-range"], "bytes 2-4/*");
    assert_eq!(ranged(&server, "GET", &path, "bytes=-3").await.text, "012***789");
}

#[tokio::test]
async fn lines_are_read_anywhere_and_searched() {
    let server = Server::start().await;
    let mut text = String::new();
    for number in 0..2000 {
        writeln!(text, "line {number}{}", if number % 500 == 7 { " Érror: hunter2" } else { "" }).unwrap();
    }
    let (_, path) = logged(&server, TaskPhase::Running, &text).await;
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "hunter2"}});
    server.post(&format!("{OWN}/namespaces/default/objects"), secret).await;
    let tail = server.get(&format!("{path}/lines?from=-2")).await;
    assert_eq!(
        (&tail["total_lines"], &tail["first"], &tail["complete"], &tail["size"]),
        (&json!(2000), &json!(1998), &json!(false), &json!(text.len()))
    );
    assert_eq!(tail["lines"][1]["text"], json!("line 1999"));
    let offset = text.find("line 1507").unwrap();
    let there = server.get(&format!("{path}/lines?offset={}&count=1", offset + 3)).await;
    assert_eq!(there["first"], json!(1507));
    assert_eq!(there["lines"], json!([{"offset": offset, "text": "line 1507 Érror: ***"}]));

    let found = server.get(&format!("{path}/search?query=rror&limit=2")).await;
    assert_eq!(found["matches"][1]["line"], json!(507));
    // Columns count in UTF-16 units: É is one.
    assert_eq!((&found["matches"][1]["start"], &found["matches"][1]["end"]), (&json!(10), &json!(14)));
    assert_eq!(found["next"], json!(508));
    let rest = server.get(&format!("{path}/search?query=rror&limit=10&from=508")).await;
    assert_eq!((rest["matches"].as_array().unwrap().len(), rest.get("next")), (2, None));
    let count = |answer: serde_json::Value| answer["matches"].as_array().unwrap().len();
    assert_eq!(count(server.get(&format!("{path}/search?query=hunter2")).await), 0);
    assert_eq!(count(server.get(&format!("{path}/search?query=LINE%201999")).await), 1);
    assert_eq!(count(server.get(&format!("{path}/search?query=LINE%201999&case=true")).await), 0);
    assert_eq!(count(server.get(&format!("{path}/search?query=line%201%5Cd7%24&regex=true")).await), 10);
    server.refused("GET", &format!("{path}/search?query=(&regex=true"), None, (400, 3, "regular")).await;
    server.refused("GET", &format!("{path}/search"), None, (400, 3, "query")).await;
}

#[tokio::test]
async fn a_log_is_followed_by_lines_and_resumed() {
    let server = Server::start().await;
    let (run, path) = logged(&server, TaskPhase::Running, "one\ntwo\nthr").await;
    let mut listener = Listener::start(&server, &format!("{path}/follow?from=-2"), None).await;
    let told = listener.next().await.unwrap();
    // The last line has not ended; counted from the end it is one of the two.
    assert_eq!((&told.data["first"], &told.data["lines"]), (&json!(1), &json!(["two"])));
    assert_eq!(told.id.as_deref(), Some("2"));
    drop(listener);
    std::fs::write(file(&server, &run), "one\ntwo\nthree\nfour").unwrap();
    let mut listener = Listener::start(&server, &format!("{path}/follow"), Some("2")).await;
    assert_eq!(listener.next().await.unwrap().data["lines"], json!(["three"]));
    let mut step = task(&run, "root/step", TaskKind::Container, TaskPhase::Succeeded);
    step.attempts = vec![attempt(0, TaskPhase::Succeeded)];
    server.record(&run, 1, RunView::default(), vec![step]).await;
    assert_eq!(listener.next().await.unwrap().data["lines"], json!(["four"]));
    assert_eq!(listener.next().await.unwrap().name, "end");
    assert_eq!(listener.next().await, None);
}

#[tokio::test]
async fn use_over_time_is_what_samples_say() {
    let server = Server::start().await;
    let run = server.create_run("r").await;
    let mut greet = task(&run, "root/greet", TaskKind::Container, TaskPhase::Succeeded);
    greet.attempts = vec![attempt(0, TaskPhase::Succeeded)];
    server.record(&run, 0, RunView { phase: RunPhase::Running, ..RunView::default() }, vec![greet]).await;
    let detail = format!("{OWN}/runs/{run}/tasks/root%2Fgreet");
    let path = format!("{detail}/usage");
    let has_samples = async || server.get(&detail).await["attempt_list"][0]["has_samples"].clone();

    assert_eq!(has_samples().await, json!(false));
    let none = json!({"attempt": 0, "complete": true, "interval_seconds": 0.0, "points": []});
    assert_eq!(server.get(&path).await, none);

    let samples = [(1_000_000, 1_500_000, 4096), (2_000_000, 1_750_000, 8192)]
        .map(|(at_us, cpu_us, memory_bytes)| UsageSample { at_us, cpu_us, memory_bytes }.encode());
    std::fs::write(file(&server, &run).with_file_name("usage"), samples.concat()).unwrap();
    assert_eq!(has_samples().await, json!(true));
    let expected = json!({
        "attempt": 0, "complete": true, "interval_seconds": 1.0, "points": [[1.0, 1.5, 4096], [2.0, 0.25, 8192]],
    });
    assert_eq!(server.get(&path).await, expected);
    assert_eq!(server.call("GET", &format!("{path}?attempt=7"), None).await.status, 404);
}
