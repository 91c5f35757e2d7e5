//! Visualizations: which are refused, what their runs are, and how their pages and failures are answered.

use pipewright_store::engine::{Failure, FailureReason, RunPhase, RunView, TaskKind, TaskPhase};
use serde_json::{Value, json};

use crate::support::{Answer, Server, artifact, at, attempt, task, text};

const PATH: &str = "/apis/v1beta1/visualizations/any";
const OWN: &str = "/apis/pipewright/v1/visualizations";

async fn server() -> Server {
    Server::start_as(|home, settings| {
        settings.artifacts_root = home.join("artifacts").display().to_string();
        settings.visualization_image = "python:3.11".to_owned();
        std::fs::create_dir_all(home.join("artifacts/logs")).unwrap();
        std::fs::write(home.join("artifacts/data.csv"), "a,b\n1,2\n").unwrap();
        std::fs::write(home.join("secret.csv"), "a,b\n1,2\n").unwrap();
    })
    .await
}

fn asked(kind: impl Into<Value>, source: &str, arguments: &str) -> Value {
    json!({"type": kind.into(), "source": source, "arguments": arguments})
}

#[tokio::test]
async fn what_may_not_be_read_or_drawn_is_refused() {
    let server = server().await;
    let secret = server.home.path().join("secret.csv").display().to_string();
    let up = server.home.path().join("artifacts/*/../../secret.csv").display().to_string();
    for (body, expected) in [
        (asked("PIE", "/x", "{}"), (400, 3, "type is one of")),
        (asked("TABLE", "", "{}"), (400, 3, "source")),
        (asked("TABLE", "/x", "{"), (400, 3, "JSON")),
        (asked("TABLE", "/x", "[]"), (400, 3, "a JSON object")),
        (asked("CUSTOM", "/x", "{}"), (400, 3, "needs code")),
        (asked("TABLE", "/etc/passwd", "{}"), (404, 5, "there is no artifact")),
        (asked("TABLE", "/etc/pass*", "{}"), (404, 5, "there is no artifact")),
        (asked("CUSTOM", "/etc/passwd", r#"{"code": ["1"]}"#), (404, 5, "there is no artifact")),
        (asked("ROC_CURVE", &secret, "{}"), (404, 5, "there is no artifact")),
        (asked("TABLE", &up, "{}"), (400, 3, "leads out of its folder")),
        (asked("TABLE", "gs://bucket/x", "{}"), (404, 5, "reads local artifacts only")),
        (asked("TABLE", "http://127.0.0.1/x", "{}"), (403, 7, "fetches no artifacts")),
    ] {
        server.refused("POST", PATH, Some(body), expected).await;
    }
    server.refused("POST", OWN, Some(json!({"type": "TABLE"})), (400, 3, "source")).await;
    assert_eq!(server.get("/apis/v2beta1/runs").await, json!({}));
}

#[tokio::test]
async fn its_run_is_one_of_an_experiment_of_its_own() {
    let server = server().await;
    let data = server.home.path().join("artifacts/data.csv").display().to_string();
    for (kind, source, tasks) in
        [("TABLE", data.as_str(), 2), ("CUSTOM", "gs://bucket/x", 1), ("CUSTOM", "", 1)]
    {
        let arguments = json!({"code": ["print(source)", "# {{$.inputs.parameters['type']}} [[Index]]"]});
        let made = server.post(OWN, json!({"type": kind, "source": source, "arguments": arguments})).await;
        assert_eq!((text(&made, "task"), text(&made, "output")), ("root/visualize".into(), "page".into()));
        let run = server.get(&format!("/apis/v2beta1/runs/{}", text(&made, "run_id"))).await;
        let given = &run["runtime_config"]["parameters"];
        assert_eq!((&given["source"], &given["arguments"]), (&json!(source), &arguments));
        let spec = &run["pipeline_spec"];
        assert_eq!(spec["root"]["dag"]["tasks"].as_object().unwrap().len(), tasks);
        let image = &spec["deploymentSpec"]["executors"]["exec-visualize"]["container"]["image"];
        assert_eq!(image, "python:3.11");
        let experiment = text(&run, "experiment_id");
        let experiment = server.get(&format!("/apis/v2beta1/experiments/{experiment}")).await;
        assert_eq!(experiment["display_name"], "Visualizations");
    }
    let experiments = server.get("/apis/v2beta1/experiments").await;
    assert_eq!(experiments["total_size"], 2, "{experiments}");
    let names: Vec<String> = server.get("/apis/v2beta1/runs").await["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| text(run, "display_name"))
        .collect();
    assert_eq!(names, ["TABLE of data.csv", "CUSTOM of x", "CUSTOM visualization"]);
}

/// Asks for a table, and ends its run so; the page, if any, is this text.
async fn answered(server: &Server, phase: RunPhase, page: Option<&str>, log: &str) -> Answer {
    let data = server.home.path().join("artifacts/data.csv").display().to_string();
    let end = async {
        let id = loop {
            let runs = server.get("/apis/v2beta1/runs").await;
            match runs["runs"].as_array() {
                Some(runs) => break text(&runs[0], "run_id"),
                None => tokio::task::yield_now().await,
            }
        };
        let ended = if page.is_some() { TaskPhase::Succeeded } else { TaskPhase::Failed };
        let mut view = task(&id, "root/visualize", TaskKind::Container, ended);
        view.attempts = vec![attempt(0, ended)];
        if let Some(page) = page {
            let mut left = artifact("page", "page", "system.HTML", json!({}));
            left.uri = server.home.path().join("artifacts/page").display().to_string();
            std::fs::write(&left.uri, page).unwrap();
            view.outcome.artifacts.insert("page".to_owned(), vec![left]);
        } else {
            view.error = Some(Failure {
                reason: FailureReason::ExitCode,
                message: "it ended with code 1".to_owned(),
                hint: None,
                exit_code: Some(1),
            });
            let attempt = pipewright_store::engine::AttemptId {
                run: view.run.clone(),
                task: view.key.clone(),
                number: 0,
            };
            std::fs::write(server.home.path().join(attempt.digest()), log).unwrap();
        }
        let over = RunView { phase, ended_at: Some(at(5)), ..RunView::default() };
        server.record_ended(&id, over, vec![view]).await;
    };
    let body = asked("TABLE", &data, "");
    tokio::join!(server.call("POST", PATH, Some(body)), end).0
}

#[tokio::test]
async fn the_page_is_the_answer() {
    let server = server().await;
    let answer = answered(&server, RunPhase::Succeeded, Some("<p>page</p>"), "").await;
    let data = server.home.path().join("artifacts/data.csv").display().to_string();
    let expected = json!({"type": "TABLE", "source": data, "arguments": "{}", "html": "<p>page</p>"});
    assert_eq!((answer.status.as_u16(), answer.json()), (200, expected));
}

#[tokio::test]
async fn a_failure_is_told_with_the_end_of_its_log() {
    let server = server().await;
    let answer = answered(&server, RunPhase::Failed, None, "first\nthere is no column `x`\n").await;
    let found = answer.json();
    assert_eq!((answer.status.as_u16(), &found["code"]), (400, &json!(9)));
    let message = text(&found, "message");
    assert!(
        message.contains("failed; its run is") && message.ends_with("there is no column `x`"),
        "{message}"
    );
}
