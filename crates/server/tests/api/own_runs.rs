//! Runs side by side, runs made from runs, statistics, and the documents that describe all of it.

use std::sync::Arc;

use pipewright_store::Request;
use pipewright_store::engine::{
    RunId, RunPhase, RunView, Suspension, TaskKey, TaskKind, TaskPhase, TaskView,
};
use serde_json::{Value, json};

use crate::graph::LOOPS;
use crate::support::{Server, artifact, at, attempt, hello_spec, task, text};

const OWN: &str = "/apis/pipewright/v1";

async fn greeting(server: &Server, who: &str, version: Option<&Value>) -> String {
    let mut body = json!({"display_name": "greet", "runtime_config": {"parameters": {"who": who}}});
    match version {
        Some(version) => {
            body["pipeline_version_reference"] = json!({
                "pipeline_id": version["pipeline_id"], "pipeline_version_id": version["pipeline_version_id"],
            });
        }
        None => body["pipeline_spec"] = hello_spec(),
    }
    text(&server.post("/apis/v2beta1/runs", body).await, "run_id")
}

fn ended(run: &str, phase: TaskPhase, accuracy: f64) -> Vec<TaskView> {
    let root = task(run, "root", TaskKind::Dag, phase);
    let mut greet = task(run, "root/greet", TaskKind::Container, phase);
    greet.attempts = vec![attempt(0, phase)];
    let metrics = artifact(
        &format!("{run}-m"),
        "metrics",
        "system.Metrics",
        json!({"accuracy": accuracy, "display_name": "m"}),
    );
    let classes = json!({
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": "cat"}, {"displayName": "dog"}],
            "rows": [{"row": [3, 1]}, {"row": [0, 4]}],
        },
        "confidenceMetrics": [
            {"confidenceThreshold": 0.5, "falsePositiveRate": 0.1, "recall": 0.8}, {"confidenceThreshold": 0.9},
        ],
    });
    let classes = artifact(&format!("{run}-c"), "classes", "system.ClassificationMetrics", classes);
    let page = artifact(&format!("{run}-h"), "page", "system.HTML", json!({}));
    for value in [metrics, classes, page] {
        greet.outcome.artifacts.insert(value.name.clone(), vec![value]);
    }
    vec![root, greet]
}

fn over(phase: RunPhase) -> RunView {
    RunView { phase, ended_at: Some(at(5)), ..RunView::default() }
}

#[tokio::test]
async fn runs_are_compared() {
    let server = Server::start().await;
    let (one, two) = (greeting(&server, "ann", None).await, greeting(&server, "bob", None).await);
    server.record_ended(&one, over(RunPhase::Succeeded), ended(&one, TaskPhase::Succeeded, 0.5)).await;
    server.record_ended(&two, over(RunPhase::Failed), ended(&two, TaskPhase::Failed, 0.75)).await;
    let view = server.get(&format!("{OWN}/compare?run_ids={one},{two}")).await;
    assert_eq!(view["runs"][1]["state"], json!("FAILED"));
    let parameter = |name: &str| {
        view["parameters"].as_array().unwrap().iter().find(|row| row["name"] == json!(name)).cloned().unwrap()
    };
    assert_eq!(parameter("who"), json!({"name": "who", "values": ["ann", "bob"], "differs": true}));
    assert_eq!(
        view["metrics"],
        json!([{
            "task": "root/greet", "artifact": "metrics", "metric": "accuracy", "values": [0.5, 0.75],
            "differs": true,
        }])
    );
    // What clients of the old platform report counts as well.
    let report =
        json!({"metrics": [{"name": "rmse", "node_id": "node-1", "number_value": 0.25, "format": "RAW"}]});
    server.post(&format!("/apis/v1beta1/runs/{two}:reportMetrics"), report).await;
    let view = server.get(&format!("{OWN}/compare?run_ids={one},{two}")).await;
    assert_eq!(
        view["metrics"][0],
        json!({
            "task": "node-1", "artifact": "mlpipeline-metrics", "metric": "rmse", "values": [null, 0.25],
            "differs": true,
        })
    );
    let matrix = &view["confusion_matrices"][0];
    assert_eq!(
        (&matrix["labels"], &matrix["matrix"]),
        (&json!(["cat", "dog"]), &json!([[3.0, 1.0], [0.0, 4.0]]))
    );
    let points = &view["roc_curves"][1]["points"];
    assert_eq!(points[1], json!({"threshold": 0.9, "fpr": 0.0, "tpr": 0.0}));
    assert_eq!(view["documents"][0]["kind"], json!("html"));
    let row = &view["tasks"][0];
    assert_eq!((&row["states"], &row["why"]), (&json!(["SUCCEEDED", "FAILED"]), &json!(["state"])));
    server
        .refused("GET", &format!("{OWN}/compare?run_ids={one},{one}"), None, (400, 3, "2 to 10 runs"))
        .await;
    server.refused("GET", &format!("{OWN}/compare?run_ids={one},none"), None, (404, 5, "none")).await;
}

#[tokio::test]
async fn a_run_is_cloned_with_or_without_its_version() {
    let server = Server::start().await;
    let pipeline = server.upload_hello("hello").await;
    let versions =
        server.get(&format!("/apis/v2beta1/pipelines/{}/versions", text(&pipeline, "pipeline_id"))).await;
    let version = versions["pipeline_versions"][0].clone();
    let run = greeting(&server, "ann", Some(&version)).await;
    let body = server.get(&format!("{OWN}/runs/{run}/clone")).await;
    assert_eq!(body["runtime_config"]["parameters"], json!({"who": "ann"}));
    assert!(
        body.get("pipeline_version_reference").is_some() && body.get("pipeline_spec").is_none(),
        "{body}"
    );
    let made = server.post("/apis/v2beta1/runs", body).await;
    assert_eq!(made["display_name"], json!("Clone of greet"));
    let path = format!("/apis/v2beta1/pipelines/{}?cascade=true", text(&pipeline, "pipeline_id"));
    assert_eq!(server.call("DELETE", &path, None).await.status.as_u16(), 200);
    let body = server.get(&format!("{OWN}/runs/{run}/clone")).await;
    assert!(
        body.get("pipeline_version_reference").is_none() && body.get("pipeline_spec").is_some(),
        "{body}"
    );
    server.post("/apis/v2beta1/runs", body).await;
}

#[tokio::test]
async fn chosen_tasks_or_other_parameters_are_done_again() {
    let server = Server::start().await;
    let run = greeting(&server, "ann", None).await;
    server.record_ended(&run, over(RunPhase::Succeeded), ended(&run, TaskPhase::Succeeded, 0.5)).await;
    let path = format!("{OWN}/runs/{run}/retry");
    let made = server.post(&path, json!({"parameters": {"who": "bob"}})).await;
    assert_ne!(made["run_id"], json!(run));
    assert_eq!(made["runtime_config"]["parameters"], json!({"who": "bob"}));
    assert_eq!(made["display_name"], json!("Retry of greet"));
    server.refused("POST", &path, Some(json!({"parameters": {"whom": 1}})), (400, 3, "whom")).await;
    // Of a new run, chosen tasks take no earlier result.
    let both = server.post(&path, json!({"parameters": {"who": "x"}, "tasks": ["root/greet"]})).await;
    let id = RunId(text(&both, "run_id"));
    let requests = server.store.pending_requests(&id).await.unwrap();
    let [(_, Request::Submit { submit })] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(submit.fresh, [TaskKey("root/greet".to_owned())]);
    let both = json!({"parameters": {"who": "x"}, "tasks": ["root/none"]});
    server.refused("POST", &path, Some(both), (404, 5, "root/none")).await;
    server.refused("POST", &path, Some(json!({"tasks": ["root/none"]})), (404, 5, "root/none")).await;
    server.refused("POST", &path, Some(json!({})), (409, 10, "can be retried")).await;
    let again = server.post(&path, json!({"tasks": ["root/greet"]})).await;
    assert_eq!((&again["run_id"], &again["state"]), (&json!(run), &json!("PENDING")));
}

/// A workflow that asks, and takes yes or no for an answer.
fn question() -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "question-"},
        "spec": {"entrypoint": "main", "templates": [
            {"name": "main", "dag": {"tasks": [{"name": "ask", "template": "ask"}]}},
            {
                "name": "ask",
                "suspend": {},
                "inputs": {"parameters": [{"name": "answer", "default": "no", "enum": ["yes", "no"]}]},
                "outputs": {"parameters": [{"name": "answer", "valueFrom": {"supplied": {}}}]},
            },
        ]},
    })
}

#[tokio::test]
async fn tasks_that_wait_are_resumed() {
    let server = Server::start().await;
    let body = json!({"display_name": "ask", "pipeline_spec": question()});
    let run = text(&server.post("/apis/v2beta1/runs", body).await, "run_id");
    let path = format!("{OWN}/runs/{run}:resume");
    server.refused("POST", &path, Some(json!({})), (400, 3, "no task of the run waits")).await;
    let mut ask = task(&run, "root/ask", TaskKind::Suspend, TaskPhase::Running);
    ask.suspension = Some(Suspension::default());
    Arc::make_mut(&mut ask.inputs).parameters.insert("answer".to_owned(), json!("no"));
    let running = RunView { phase: RunPhase::Running, ..RunView::default() };
    let seq = server
        .record(&run, 0, running, vec![task(&run, "root", TaskKind::Dag, TaskPhase::Running), ask.clone()])
        .await;
    let detail = server.get(&format!("{OWN}/runs/{run}/tasks/root%2Fask")).await;
    assert_eq!((&detail["kind"], &detail["waiting"]["kind"]), (&json!("suspend"), &json!("resume")));
    let awaited = json!([{"name": "answer", "choices": ["yes", "no"], "suggested": "no"}]);
    assert_eq!(detail["suspension"], json!({"waits": true, "awaited": awaited}));
    for (body, part) in [
        (json!({}), "has not been set"),
        (json!({"parameters": {"answer": "maybe"}}), "`maybe` is none of the choices"),
        (json!({"parameters": {"answer": "yes", "more": 1}}), "`more` is not expected"),
        (json!({"tasks": ["root/other"], "parameters": {"answer": "yes"}}), "`root/other` does not wait"),
    ] {
        server.refused("POST", &path, Some(body), (400, 3, part)).await;
    }
    let unknown = server.call("POST", &path, Some(json!({"task": "root/ask"}))).await;
    assert_eq!(unknown.status.as_u16(), 400, "{unknown:?}");
    server.refused("POST", &path.replace(":resume", ":explode"), None, (404, 5, "explode")).await;
    let body = json!({"tasks": ["root"], "parameters": {"answer": "yes"}, "message": "fine"});
    assert_eq!(server.post(&path, body).await, json!({"tasks": ["root/ask"]}));
    let requests = server.store.pending_requests(&RunId(run.clone())).await.unwrap();
    let Some((_, Request::Resume { resume })) = requests.last() else { panic!("{requests:?}") };
    assert_eq!((resume.message.as_deref(), resume.declined, &resume.by), (Some("fine"), false, &None));
    let no = json!({"decline": true});
    assert_eq!(server.post(&path, no).await, json!({"tasks": ["root/ask"]}));
    server.record(&run, seq, over(RunPhase::Succeeded), Vec::new()).await;
    server.refused("POST", &path, Some(json!({})), (400, 9, "is over")).await;
}

#[tokio::test]
async fn statistics_count_runs_and_tasks() {
    let server = Server::start().await;
    let pipeline = server.upload_hello("hello").await;
    let id = text(&pipeline, "pipeline_id");
    let versions = server.get(&format!("/apis/v2beta1/pipelines/{id}/versions")).await;
    for phase in [TaskPhase::Succeeded, TaskPhase::Cached, TaskPhase::Failed] {
        let run = greeting(&server, "ann", Some(&versions["pipeline_versions"][0])).await;
        let end = if phase == TaskPhase::Failed { RunPhase::Failed } else { RunPhase::Succeeded };
        server.record_ended(&run, over(end), ended(&run, phase, 0.5)).await;
    }
    let view = server.get(&format!("{OWN}/pipelines/{id}/statistics")).await;
    assert_eq!((&view["runs"], &view["counts"]), (&json!(3), &json!({"SUCCEEDED": 2, "FAILED": 1})));
    let greet = &view["per_task"][0];
    assert_eq!(
        (&greet["name"], &greet["runs"], &greet["failed"], &greet["cached"]),
        (&json!("greet"), &json!(3), &json!(1), &json!(1))
    );
    // Only the one that ran to its end took time.
    assert_eq!(greet["durations"]["p50"], json!(2.0));
    assert!((view["cache_rate"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!(view["recent"].as_array().unwrap().len(), 3);
    server.refused("GET", &format!("{OWN}/pipelines/none/statistics"), None, (404, 5, "none")).await;
}

#[tokio::test]
async fn documents_describe_the_interface() {
    let server = Server::start().await;
    for name in ["pipewright", "v2beta1", "v1beta1"] {
        let document = server.get(&format!("/apis/openapi/{name}.json")).await;
        assert_eq!(document["openapi"], json!("3.1.0"));
        assert!(document["paths"].as_object().unwrap().len() > 10, "{name}");
    }
    server.refused("GET", "/apis/openapi/other.json", None, (404, 5, "other")).await;
    let page = server.call("GET", "/pipeline/apis/docs", None).await;
    assert!(page.text.contains("openapi/pipewright.json") && !page.text.contains("<script"));
    assert!(!page.headers["content-security-policy"].to_str().unwrap().contains("unsafe"));
}

/// What our own routes answer is what the document says of it.
#[tokio::test]
async fn answers_are_as_they_are_described() {
    let server = Server::start().await;
    let run = crate::graph::looping(&server).await;
    let pipelines = server.get("/apis/v2beta1/pipelines").await;
    let pipeline = text(&pipelines["pipelines"][0], "pipeline_id");
    let document = server.get("/apis/openapi/pipewright.json").await;
    for (path, route) in [
        (format!("runs/{run}/graph"), "runs/{id}/graph"),
        (format!("runs/{run}/progress?under=root/for-each%5B3%5D"), "runs/{id}/progress"),
        (format!("runs/{run}/iterations?task=root/for-each"), "runs/{id}/iterations"),
        (format!("runs/{run}/tasks/root%2Ffor-each%5B3%5D%2Fmake"), "runs/{id}/tasks/{key}"),
        (format!("runs/{run}/tasks/root%2Fbye"), "runs/{id}/tasks/{key}"),
        (format!("runs/{run}/clone"), "runs/{id}/clone"),
        (format!("pipelines/{pipeline}/statistics"), "pipelines/{pipeline}/statistics"),
        ("executions".to_owned(), "executions"),
        ("artifacts".to_owned(), "artifacts"),
    ] {
        let answer = server.get(&format!("{OWN}/{path}")).await;
        let schema = &document["paths"][format!("{OWN}/{route}")]["get"]["responses"]["200"]["content"]["application/json"]
            ["schema"];
        let mut wrong = Vec::new();
        judge(&document, schema, &answer, "", &mut wrong);
        assert!(wrong.is_empty(), "{path}: {wrong:#?}");
    }
    let wrong_yaml = LOOPS.replace("comp-each", "comp-other");
    assert_ne!(wrong_yaml, LOOPS);
}

/// Lists what a value has that its schema does not allow: further fields, missing ones, other types.
fn judge(document: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap();
        return judge(document, &document["components"]["schemas"][name], value, at, wrong);
    }
    if let Some(words) = schema["enum"].as_array() {
        if !words.contains(value) {
            wrong.push(format!("{at}: {value} is none of {words:?}"));
        }
        return;
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = choices.iter().any(|choice| {
            let mut found = Vec::new();
            judge(document, choice, value, at, &mut found);
            found.is_empty()
        });
        if !fits {
            wrong.push(format!("{at}: {value} fits none of {choices:?}"));
        }
        return;
    }
    let (mut properties, mut required) = (serde_json::Map::new(), Vec::new());
    collect(document, schema, &mut properties, &mut required);
    if !properties.is_empty() {
        let Some(fields) = value.as_object() else {
            return wrong.push(format!("{at}: {value} is no object"));
        };
        for name in required {
            if !fields.contains_key(&name) {
                wrong.push(format!("{at}.{name} is missing"));
            }
        }
        for (name, field) in fields {
            match properties.get(name) {
                Some(schema) => judge(document, schema, field, &format!("{at}.{name}"), wrong),
                None => wrong.push(format!("{at}.{name} is not described")),
            }
        }
        return;
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let fits = kinds.iter().any(|kind| match *kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    });
    if !fits {
        wrong.push(format!("{at}: {value} is no {kinds:?}"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        judge(document, &schema["items"], item, &format!("{at}[{index}]"), wrong);
    }
    if let (Some(fields), true) = (value.as_object(), schema["additionalProperties"].is_object()) {
        for (name, field) in fields {
            judge(document, &schema["additionalProperties"], field, &format!("{at}.{name}"), wrong);
        }
    }
}

fn collect(
    document: &Value,
    schema: &Value,
    properties: &mut serde_json::Map<String, Value>,
    required: &mut Vec<String>,
) {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap();
        return collect(document, &document["components"]["schemas"][name], properties, required);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        collect(document, part, properties, required);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        properties.insert(name.clone(), property.clone());
    }
    required.extend(
        schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned)),
    );
}
