//! Server-sent events: of one run with resume, of lists.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use http_body_util::BodyExt;
use pipewright_store::Append;
use pipewright_store::engine::{Event, RunId, RunPhase, RunView, TaskKind, TaskPhase, TaskView};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::graph::{iteration, looping};
use crate::support::{Server, at, task, text};

const OWN: &str = "/apis/pipewright/v1";

/// An event as a reader gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub name: String,
    pub id: Option<String>,
    pub data: Value,
}

/// Somebody who listens.
pub struct Listener {
    response: Response,
    text: String,
}

impl Listener {
    pub async fn start(server: &Server, path: &str, last_id: Option<&str>) -> Self {
        let mut request = Request::get(path);
        if let Some(id) = last_id {
            request = request.header("Last-Event-ID", id);
        }
        let router = pipewright_server::router(server.app());
        let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self { response, text: String::new() }
    }

    /// Waits for the next event; nothing when the stream has ended.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = read(event);
                self.text = rest.to_owned();
                return Some(event);
            }
            let frame = tokio::time::timeout(Duration::from_secs(20), self.response.body_mut().frame())
                .await
                .unwrap();
            self.text.push_str(std::str::from_utf8(&frame?.unwrap().into_data().unwrap()).unwrap());
        }
    }

    async fn until(&mut self, name: &str) -> Vec<Told> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            let is_last = event.name == name;
            events.push(event);
            if is_last {
                break;
            }
        }
        events
    }
}

fn read(event: &str) -> Told {
    let field = |name: &str| {
        event.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
    };
    let data = serde_json::from_str(&field("data").unwrap()).unwrap();
    Told { name: field("event").unwrap(), id: field("id"), data }
}

/// Records that these tasks came to where they are, one event for each.
async fn advance(server: &Server, run: &str, seq: u64, phase: RunPhase, tasks: Vec<TaskView>) -> u64 {
    let run_view = RunView {
        phase,
        started_at: Some(at(1)),
        ended_at: phase.is_terminal().then(|| at(9)),
        ..RunView::default()
    };
    let event =
        |task: &TaskView| Event::TaskStarted { task: task.key.clone(), at: at(2), inputs: Arc::default() };
    let append = Append {
        run: RunId(run.to_owned()),
        expected_seq: seq,
        events: tasks.iter().map(event).collect(),
        run_view,
        tasks,
        consumed: Vec::new(),
        flush: false,
    };
    server.store.append(&append).await.unwrap()
}

fn step(run: &str, name: &str, phase: TaskPhase) -> TaskView {
    task(run, &format!("root/{name}"), TaskKind::Container, phase)
}

#[tokio::test]
async fn a_run_is_told_from_any_event_on() {
    let server = Server::start().await;
    let run = server.create_run("r").await;
    let path = format!("{OWN}/runs/{run}/events?view=progress");
    let seq = advance(&server, &run, 0, RunPhase::Running, vec![step(&run, "a", TaskPhase::Running)]).await;

    let mut listener = Listener::start(&server, &path, None).await;
    let first = listener.until("run").await;
    assert_eq!(first[0].data["key"], json!("root/a"));
    let summary = first.last().unwrap();
    assert_eq!((summary.id.as_deref(), &summary.data["state"]), (Some("1"), &json!("RUNNING")));
    let both = vec![step(&run, "a", TaskPhase::Succeeded), step(&run, "b", TaskPhase::Running)];
    let seq = advance(&server, &run, seq, RunPhase::Running, both).await;
    let second = listener.until("run").await;
    let keys: Vec<_> = second.iter().filter_map(|event| event.data["key"].as_str()).collect();
    assert_eq!(keys, ["root/a", "root/b"]);
    assert_eq!(second.last().unwrap().id.as_deref(), Some("3"));
    drop(listener);

    // Missed by the first, told to who comes back; also by a query, as `EventSource` begins.
    let last = vec![step(&run, "b", TaskPhase::Succeeded)];
    advance(&server, &run, seq, RunPhase::Succeeded, last).await;
    for (path, id) in [(path.clone(), Some("3")), (format!("{path}&since=3"), None)] {
        let mut listener = Listener::start(&server, &path, id).await;
        let told = listener.until("end").await;
        let names: Vec<_> = told.iter().map(|event| event.name.as_str()).collect();
        assert_eq!(names, ["task", "run", "end"]);
        assert_eq!((&told[0].data["key"], &told[0].data["state"]), (&json!("root/b"), &json!("SUCCEEDED")));
        assert_eq!(listener.next().await, None);
    }
    // A position that the journal never had.
    let mut listener = Listener::start(&server, &path, Some("99")).await;
    assert_eq!(listener.next().await.unwrap().name, "reset");
    server.refused("GET", &format!("{path}&since=x"), None, (400, 3, "since")).await;
}

#[tokio::test]
async fn loops_are_told_by_their_counts_unless_somebody_looks_inside() {
    let server = Server::start().await;
    let run = looping(&server).await;
    let path = format!("{OWN}/runs/{run}/events?view=progress&since=1");
    let mut outside = Listener::start(&server, &path, None).await;
    let mut inside = Listener::start(&server, &format!("{path}&inside=root/for-each"), None).await;
    for listener in [&mut outside, &mut inside] {
        listener.until("run").await;
    }
    let ended = vec![
        iteration(&run, 10, TaskPhase::Succeeded),
        task(&run, "root/for-each[10]/make", TaskKind::Container, TaskPhase::Succeeded),
    ];
    advance(&server, &run, 1, RunPhase::Running, ended).await;
    let told = outside.until("run").await;
    assert_eq!((told.len(), &told[0].data["key"]), (2, &json!("root/for-each")));
    assert_eq!(told[0].data["iterations"]["counts"], json!({"SUCCEEDED": 9, "FAILED": 2}));
    let told = inside.until("run").await;
    assert_eq!((told.len(), &told[0].data["key"]), (3, &json!("root/for-each")));
    assert_eq!(told[1].data["key"], json!("root/for-each[10]"));
}

#[tokio::test]
async fn lists_are_told_what_changed_and_resume() {
    let server = Server::start().await;
    let path = format!("{OWN}/events?kinds=runs,experiments,pipelines");
    let mut listener = Listener::start(&server, &path, None).await;
    assert_eq!(listener.next().await.unwrap().name, "ready");
    let run = server.create_run("r").await;
    let told = listener.next().await.unwrap();
    assert_eq!(told.data, json!({"kind": "runs", "ids": [run]}));
    let id = told.id.unwrap();
    drop(listener);

    let experiment = server.post("/apis/v2beta1/experiments", json!({"display_name": "e"})).await;
    let pipeline = server.upload_hello("p").await;
    let mut listener = Listener::start(&server, &path, Some(&id)).await;
    assert_eq!(listener.next().await.unwrap().name, "ready");
    let told = [listener.next().await.unwrap(), listener.next().await.unwrap()].map(|event| event.data);
    let expected = [
        json!({"kind": "experiments", "ids": [text(&experiment, "experiment_id")]}),
        json!({"kind": "pipelines", "ids": [text(&pipeline, "pipeline_id")]}),
    ];
    assert_eq!(told, expected);

    // As after a restart.
    let mut listener = Listener::start(&server, &path, Some("of-another-server-7")).await;
    assert_eq!(listener.next().await.unwrap().name, "reset");
    server.refused("GET", &format!("{OWN}/events?kinds=cows"), None, (400, 3, "cows")).await;
}
