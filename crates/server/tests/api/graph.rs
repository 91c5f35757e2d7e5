//! Graphs: of documents, of versions, of runs with their progress and their loops.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use pipewright_store::engine::{RunPhase, RunView, TaskKind, TaskPhase, TaskView};
use serde_json::{Value, json};

use crate::support::{HELLO, Server, WORKFLOW, at, attempt, task, text};

const OWN: &str = "/apis/pipewright/v1";

/// A loop over a list, inside of which one task feeds another under a condition, then an exit handler.
pub const LOOPS: &str = r#"
components:
  comp-make:
    executorLabel: exec
    inputDefinitions: {parameters: {item: {parameterType: NUMBER_INTEGER}}}
    outputDefinitions:
      artifacts: {model: {artifactType: {schemaTitle: system.Model, schemaVersion: 0.0.1}}}
      parameters: {score: {parameterType: NUMBER_DOUBLE}}
  comp-use:
    executorLabel: exec-plain
    inputDefinitions:
      artifacts: {model: {artifactType: {schemaTitle: system.Model, schemaVersion: 0.0.1}}}
      parameters: {score: {parameterType: NUMBER_DOUBLE}}
  comp-each:
    inputDefinitions: {parameters: {item: {parameterType: NUMBER_INTEGER}, items: {parameterType: LIST}}}
    dag:
      tasks:
        make:
          componentRef: {name: comp-make}
          inputs: {parameters: {item: {componentInputParameter: item}}}
          taskInfo: {name: make}
        use:
          componentRef: {name: comp-use}
          dependentTasks: [make]
          inputs:
            artifacts: {model: {taskOutputArtifact: {outputArtifactKey: model, producerTask: make}}}
            parameters: {score: {taskOutputParameter: {outputParameterKey: score, producerTask: make}}}
          taskInfo: {name: use it}
          triggerPolicy: {condition: "inputs.parameter_values['score'] > 0.5"}
  comp-bye:
    executorLabel: exec-plain
deploymentSpec:
  executors:
    exec:
      container:
        image: python:3.12
        command: [work, "{{$.inputs.parameters['item']}}"]
        env: [{name: MODE, value: fast}]
        resources: {cpuLimit: 2.0, resourceMemoryLimit: 1Gi}
    exec-plain: {container: {image: alpine, command: [echo]}}
pipelineInfo: {name: loops, description: over a list}
root:
  inputDefinitions:
    parameters:
      items: {parameterType: LIST, defaultValue: [1, 2], isOptional: true, description: what to go over}
  dag:
    tasks:
      for-each:
        componentRef: {name: comp-each}
        parameterIterator: {itemInput: item, items: {inputParameter: items}}
        inputs: {parameters: {items: {componentInputParameter: items}}}
        iteratorPolicy: {parallelismLimit: 4}
        taskInfo: {name: for-each}
      bye:
        componentRef: {name: comp-bye}
        dependentTasks: [for-each]
        retryPolicy: {maxRetryCount: 2, backoffDuration: 5s, backoffFactor: 2}
        taskInfo: {name: bye}
        triggerPolicy: {strategy: ALL_UPSTREAM_TASKS_COMPLETED}
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
"#;

async fn check(server: &Server, body: &[u8]) -> Value {
    let request = Request::post(format!("{OWN}/check")).body(Body::from(body.to_vec())).unwrap();
    let answer = server.send(request).await;
    assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn a_document_is_checked_and_drawn_without_being_kept() {
    let server = Server::start().await;
    let view = check(&server, LOOPS.as_bytes()).await;
    assert_eq!((&view["ok"], &view["diagnostics"]), (&json!(true), &json!([])));
    let graph = &view["graph"];
    assert_eq!(
        graph["parameters"],
        json!([{
            "name": "items", "type": "LIST", "default": [1, 2], "optional": true, "literals": [],
            "description": "what to go over",
        }])
    );
    let root = &graph["components"][text(graph, "root")]["dag"];
    assert_eq!(root["edges"], json!([{"from": "for-each", "to": "bye", "data": []}]));
    let each = &root["tasks"][0];
    assert_eq!(
        each["loop"],
        json!({"kind": "parameter", "item_input": "item", "items_input": "items", "parallelism": 4})
    );
    let bye = &root["tasks"][1];
    assert_eq!(bye["retry"]["backoff_seconds"], json!(5.0));
    let inner = &graph["components"]["comp-each"]["dag"];
    assert_eq!(
        inner["edges"],
        json!([{"from": "make", "to": "use", "data": [
            {"output": "score", "input": "score", "kind": "parameter", "type": "NUMBER_DOUBLE"},
            {"output": "model", "input": "model", "kind": "artifact", "type": "system.Model"},
        ]}])
    );
    assert_eq!(inner["tasks"][1]["condition"], json!("inputs.parameter_values['score'] > 0.5"));
    let container = &graph["components"]["comp-make"]["container"];
    assert_eq!(container["image"], json!("python:3.12"));
    assert_eq!(container["command"], json!(["work", "{{$.inputs.parameters['item']}}"]));
    assert_eq!(container["env"], json!([{"name": "MODE", "value": "fast"}]));
    assert!(graph.get("run").is_none() && graph.get("progress").is_none());
    assert_eq!(server.get("/apis/v2beta1/pipelines").await, json!({}));
}

#[tokio::test]
async fn a_wrong_document_has_diagnostics_with_places() {
    let server = Server::start().await;
    let wrong = HELLO.replace("componentRef: {name: comp-greet}", "componentRef: {name: comp-gret}");
    let view = check(&server, wrong.as_bytes()).await;
    assert_eq!(view["ok"], json!(false));
    assert!(view.get("graph").is_none());
    let found = &view["diagnostics"][0];
    let line = wrong.lines().position(|line| line.contains("comp-gret}")).unwrap() as u64 + 1;
    assert_eq!((found["severity"].as_str(), found["line"].as_u64()), (Some("error"), Some(line)));
    assert!(found["path"].as_str().unwrap().contains("greet"), "{found}");
    let broken = check(&server, b"PK\x03\x04 no archive").await;
    assert_eq!(broken["ok"], json!(false));
    assert!(text(&broken["diagnostics"][0], "message").contains("cannot be unpacked"), "{broken}");
}

#[tokio::test]
async fn versions_of_both_formats_have_one_shape() {
    let server = Server::start().await;
    let path = "/apis/v2beta1/pipelines/upload?name=old";
    let pipeline = server.upload(path, "wf.yaml", WORKFLOW.as_bytes()).await.json();
    let id = text(&pipeline, "pipeline_id");
    let graph = server.get(&format!("{OWN}/pipelines/{id}/graph")).await;
    assert_eq!(graph["dialect"], json!("v1"));
    let root = &graph["components"][text(&graph, "root")]["dag"];
    let condition =
        root["tasks"].as_array().unwrap().iter().find(|task| task["name"] == json!("condition-1"));
    assert!(text(condition.unwrap(), "condition").contains(" == "), "{root}");
    let data = &root["edges"][0]["data"];
    assert_eq!((&root["edges"][0]["from"], &data[0]["output"]), (&json!("say"), &json!("say-out")), "{root}");
    let versions = server.get(&format!("/apis/v2beta1/pipelines/{id}/versions")).await;
    let version = text(&versions["pipeline_versions"][0], "pipeline_version_id");
    assert_eq!(server.get(&format!("{OWN}/pipelines/{id}/versions/{version}/graph")).await, graph);
    let foreign = format!("{OWN}/pipelines/other/versions/{version}/graph");
    server.refused("GET", &foreign, None, (404, 5, "has no version")).await;
    server.refused("GET", &format!("{OWN}/pipelines/nobody/graph"), None, (404, 5, "nobody")).await;
}

pub fn iteration(run: &str, index: u32, phase: TaskPhase) -> TaskView {
    let mut view = task(run, &format!("root/for-each[{index}]"), TaskKind::Iteration, phase);
    view.iteration = Some(index);
    Arc::make_mut(&mut view.inputs).parameters.insert("item".to_owned(), json!(10 * index));
    view
}

/// Creates a run whose loop has 12 iterations: 10 of them have ended, one goes on, one has not begun.
pub async fn looping(server: &Server) -> String {
    let pipeline =
        server.upload("/apis/v2beta1/pipelines/upload?name=loops", "l.yaml", LOOPS.as_bytes()).await;
    let body = json!({
        "display_name": "r",
        "pipeline_version_reference": {"pipeline_id": text(&pipeline.json(), "pipeline_id")},
    });
    let run = text(&server.post("/apis/v2beta1/runs", body).await, "run_id");
    let mut each = task(&run, "root/for-each", TaskKind::Loop, TaskPhase::Running);
    each.iteration_count = Some(12);
    let mut tasks = vec![task(&run, "root", TaskKind::Dag, TaskPhase::Running), each];
    for index in 0..11 {
        let phase = match index {
            10 => TaskPhase::Running,
            3 | 7 => TaskPhase::Failed,
            _ => TaskPhase::Succeeded,
        };
        tasks.push(iteration(&run, index, phase));
        let mut make = task(&run, &format!("root/for-each[{index}]/make"), TaskKind::Container, phase);
        make.attempts = vec![attempt(0, phase)];
        tasks.push(make);
    }
    let view = RunView { phase: RunPhase::Running, started_at: Some(at(1)), ..RunView::default() };
    server.record(&run, 0, view, tasks).await;
    run
}

#[tokio::test]
async fn a_run_shows_loops_folded_and_their_iterations_on_demand() {
    let server = Server::start().await;
    let run = looping(&server).await;
    let graph = server.get(&format!("{OWN}/runs/{run}/graph")).await;
    assert_eq!(graph["run"]["state"], json!("RUNNING"));
    assert_eq!(graph["run"]["counts"], json!({"RUNNING": 1, "SUCCEEDED": 8, "FAILED": 2}));
    assert_eq!(graph["seq"], json!(1));
    let progress = graph["progress"].as_array().unwrap();
    let keys: Vec<&str> = progress.iter().map(|task| task["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["root", "root/for-each"]);
    let counts = json!({"RUNNING": 1, "SUCCEEDED": 8, "FAILED": 2});
    assert_eq!(progress[1]["iterations"], json!({"count": 12, "counts": counts}));
    assert_eq!(progress[1]["component"], json!("comp-each"));

    let path = format!("{OWN}/runs/{run}/iterations?task=root/for-each");
    let page = server.get(&format!("{path}&page_size=10")).await;
    assert_eq!((&page["count"], &page["counts"]), (&json!(12), &counts));
    assert_eq!(page["iterations"][2]["item"], json!(20));
    let rest =
        server.get(&format!("{path}&page_size=10&page_token={}", text(&page, "next_page_token"))).await;
    let rest = rest["iterations"].as_array().unwrap();
    assert_eq!((&rest[0]["key"], &rest[0]["state"]), (&json!("root/for-each[10]"), &json!("RUNNING")));
    assert_eq!((&rest[1]["key"], rest[1].get("state")), (&json!("root/for-each[11]"), None));
    let failed = server.get(&format!("{path}&state=failed&page_size=1")).await;
    assert_eq!(failed["iterations"][0]["iteration"], json!(3));
    let failed =
        server.get(&format!("{path}&state=FAILED&page_token={}", text(&failed, "next_page_token"))).await;
    assert_eq!((&failed["iterations"][0]["iteration"], failed.get("next_page_token")), (&json!(7), None));

    let inside = server.get(&format!("{OWN}/runs/{run}/progress?under=root/for-each%5B3%5D")).await;
    let make = &inside["tasks"][0];
    assert_eq!((&make["key"], &make["state"]), (&json!("root/for-each[3]/make"), &json!("FAILED")));
    let (from, to) = ("2026-01-01T00:00:01.000000Z", "2026-01-01T00:00:02.000000Z");
    assert_eq!(make["spans"][0], json!({"kind": "waiting", "attempt": 0, "from": from, "to": to}));
    let wrong = format!("{OWN}/runs/{run}/iterations?task=root/bye");
    server.refused("GET", &wrong, None, (400, 3, "is no loop")).await;
    server.refused("GET", &format!("{path}&state=DONE"), None, (400, 3, "DONE")).await;
}

#[tokio::test]
async fn progress_is_paged_by_key() {
    let server = Server::start().await;
    let run = server.create_run("r").await;
    // A name that sorts between a dag and what is inside it.
    let keys = ["root", "root/a", "root/a/x", "root/a-b", "root/a/y", "root/b"];
    let tasks = keys.iter().map(|key| task(&run, key, TaskKind::Container, TaskPhase::Succeeded)).collect();
    server.record(&run, 0, RunView::default(), tasks).await;
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{OWN}/runs/{run}/progress?page_size=2&page_token={token}")).await;
        seen.extend(page["tasks"].as_array().unwrap().iter().map(|task| text(task, "key")));
        match page.get("next_page_token") {
            Some(next) => token = next.as_str().unwrap().to_owned(),
            None => break,
        }
    }
    seen.sort_unstable();
    let mut keys = keys.map(str::to_owned);
    keys.sort_unstable();
    assert_eq!(seen, keys);
    let inside = server.get(&format!("{OWN}/runs/{run}/progress?under=root/a")).await;
    assert_eq!(inside["tasks"].as_array().unwrap().len(), 2);
}
