//! A server without sockets, and pipelines to feed it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use pipewright_executor::LogSource;
use pipewright_plan::{ArtifactId, ArtifactType, ArtifactValue, Outcome};
use pipewright_server::access::AccessOptions;
use pipewright_server::{App, Settings, router};
use pipewright_store::engine::{
    AttemptId, AttemptView, Doom, Event, RunId, RunView, TaskKey, TaskKind, TaskPhase, TaskView, Timestamp,
};
use pipewright_store::{Append, Options, Store};
use serde_json::{Value, json};
use tower::ServiceExt;

/// One task that greets; `who` must be given, `count` need not.
pub const HELLO: &str = r#"
components:
  comp-greet:
    executorLabel: exec-greet
    inputDefinitions:
      parameters:
        count: {parameterType: NUMBER_INTEGER}
        who: {parameterType: STRING}
deploymentSpec:
  executors:
    exec-greet:
      container:
        image: alpine
        command: [echo, "{{$.inputs.parameters['who']}}"]
pipelineInfo: {name: hello}
root:
  inputDefinitions:
    parameters:
      count: {parameterType: NUMBER_INTEGER, defaultValue: 3.0, isOptional: true}
      who: {parameterType: STRING}
  dag:
    tasks:
      greet:
        cachingOptions: {enableCache: true}
        componentRef: {name: comp-greet}
        inputs:
          parameters:
            count: {componentInputParameter: count}
            who: {componentInputParameter: who}
        taskInfo: {name: greet}
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
"#;

/// A workflow of the v1 format: one step, whose file of metrics and whose text are handed on, in front of another
/// that a condition guards.
pub const WORKFLOW: &str = r#"
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: wf-
  annotations: {pipelines.kubeflow.org/kfp_sdk_version: 1.8.22}
spec:
  entrypoint: main
  serviceAccountName: pipeline-runner
  arguments:
    parameters:
    - {name: who, value: you}
    - {name: count}
  templates:
  - name: main
    inputs:
      parameters: [{name: who}]
    dag:
      tasks:
      - name: condition-1
        template: condition-1
        when: '"{{tasks.say.outputs.parameters.say-out}}" == "{{inputs.parameters.who}}"'
        dependencies: [say]
      - name: say
        template: say
        arguments:
          parameters: [{name: who, value: '{{inputs.parameters.who}}'}]
  - name: condition-1
    dag:
      tasks:
      - {name: again, template: again}
  - name: say
    inputs:
      parameters: [{name: who}]
    outputs:
      parameters:
      - {name: say-out, valueFrom: {path: /tmp/outputs/out/data}}
      artifacts:
      - {name: mlpipeline-metrics, path: /tmp/outputs/mlpipeline_metrics/data}
      - {name: say-out, path: /tmp/outputs/out/data}
    container:
      image: alpine
      command: [sh, -c, 'echo "$0"', '{{inputs.parameters.who}}']
  - name: again
    retryStrategy: {limit: 2}
    container:
      image: alpine
      command: [echo, again]
"#;

/// The same as JSON, as the official client sends it inline.
pub fn hello_spec() -> Value {
    json!({
        "components": {"comp-greet": {
            "executorLabel": "exec-greet",
            "inputDefinitions": {"parameters": {
                "count": {"parameterType": "NUMBER_INTEGER"},
                "who": {"parameterType": "STRING"},
            }},
        }},
        "deploymentSpec": {"executors": {"exec-greet": {"container": {
            "image": "alpine", "command": ["echo", "{{$.inputs.parameters['who']}}"],
        }}}},
        "pipelineInfo": {"name": "hello"},
        "root": {
            "inputDefinitions": {"parameters": {
                "count": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3.0, "isOptional": true},
                "who": {"parameterType": "STRING"},
            }},
            "dag": {"tasks": {"greet": {
                "cachingOptions": {"enableCache": true},
                "componentRef": {"name": "comp-greet"},
                "inputs": {"parameters": {
                    "count": {"componentInputParameter": "count"},
                    "who": {"componentInputParameter": "who"},
                }},
                "taskInfo": {"name": "greet"},
            }}},
        },
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.17.0",
    })
}

struct Logs(PathBuf);

impl LogSource for Logs {
    fn log_path(&self, attempt: &AttemptId) -> PathBuf {
        self.0.join(attempt.digest())
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub content_type: String,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// Reads the body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The server under test.
pub struct Server {
    pub store: Store,
    pub home: tempfile::TempDir,
    app: App,
    router: Router,
}

impl Server {
    /// Starts on an empty store, asking nobody who they are.
    pub async fn start() -> Self {
        Self::start_with(|_| AccessOptions::default()).await
    }

    /// Starts on an empty store; `access` gets the home folder.
    pub async fn start_with(access: impl FnOnce(&Path) -> AccessOptions) -> Self {
        Self::start_as(|home, settings| settings.access = access(home)).await
    }

    /// Starts on an empty store; `change` gets the home folder and the settings.
    pub async fn start_as(change: impl FnOnce(&Path, &mut Settings)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let store = Store::open(&home.path().join("pipewright.db"), Options::default()).unwrap();
        let mut settings = Settings::new("/home-artifacts".to_owned());
        settings.allowed_hosts.push("ml.example.org".to_owned());
        settings.delete_wait = Duration::from_millis(200);
        change(home.path(), &mut settings);
        let app = App::new(store.clone(), Arc::new(Logs(home.path().to_owned())), settings);
        Self { store, home, router: router(app.clone()), app }
    }

    /// Returns what the server is built from.
    pub fn app(&self) -> App {
        self.app.clone()
    }

    /// Sends a request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let content_type = response
            .headers()
            .get(header::CONTENT_TYPE)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default();
        let headers = response.headers().clone();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, content_type, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// Gets bytes that must be there.
    pub async fn bytes(&self, path: &str) -> Vec<u8> {
        let response =
            self.router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.into_body().collect().await.unwrap().to_bytes().to_vec()
    }

    /// Sends a request; the answer's body is not read.
    pub async fn raw(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends what the official client sends: JSON as content type, even without a body.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let body = body.map_or_else(Body::empty, |value| Body::from(value.to_string()));
        let request =
            Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body).unwrap()).await
    }

    /// Gets JSON that must be there.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
        answer.json()
    }

    /// Posts JSON that must be accepted.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.call("POST", path, Some(body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
        answer.json()
    }

    /// Posts an action, which has no body.
    pub async fn act(&self, path: &str) -> Answer {
        self.call("POST", path, None).await
    }

    /// Expects an error in the API's shape whose message has this part.
    pub async fn refused(&self, method: &str, path: &str, body: Option<Value>, expected: (u16, i64, &str)) {
        let answer = self.call(method, path, body).await;
        let (status, code, part) = expected;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}: {answer:?}");
        let found = answer.json();
        let message = found["message"].as_str().unwrap();
        assert!(message.contains(part), "{method} {path}: {message}");
        let detail =
            json!({"@type": "type.googleapis.com/google.rpc.Status", "code": code, "message": message});
        assert_eq!(found, json!({"code": code, "message": message, "details": [detail]}));
    }

    /// Uploads a file as the official client does.
    pub async fn upload(&self, path: &str, file_name: &str, content: &[u8]) -> Answer {
        let mut body = format!(
            "--xyz\r\nContent-Disposition: form-data; name=\"uploadfile\"; filename=\"{file_name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n--xyz--\r\n");
        let request = Request::post(path).header(header::CONTENT_TYPE, "multipart/form-data; boundary=xyz");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Uploads the greeting pipeline; returns the pipeline.
    pub async fn upload_hello(&self, name: &str) -> Value {
        let path = format!("/apis/v2beta1/pipelines/upload?name={name}");
        let answer = self.upload(&path, "hello.yaml", HELLO.as_bytes()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()
    }

    /// Creates a run of the greeting pipeline; returns its id.
    pub async fn create_run(&self, name: &str) -> String {
        let body = json!({
            "display_name": name,
            "pipeline_spec": hello_spec(),
            "runtime_config": {"parameters": {"who": "you"}},
        });
        let run = self.post("/apis/v2beta1/runs", body).await;
        text(&run, "run_id")
    }
}

/// Returns a text field that must be there.
pub fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}")).to_owned()
}

/// Checks that the field is a recent instant in whole seconds, and takes it out.
pub fn take_instant(value: &mut Value, field: &str) {
    let found = value.as_object_mut().unwrap().shift_remove(field);
    let found = found.unwrap_or_else(|| panic!("no {field} in {value}"));
    let found = found.as_str().unwrap();
    assert!(found.len() == 20 && found.ends_with('Z') && found > "2024", "{field}: {found}");
    found.parse::<jiff::Timestamp>().unwrap();
}

/// Takes a text field out and returns it.
pub fn take(value: &mut Value, field: &str) -> String {
    let taken = text(value, field);
    value.as_object_mut().unwrap().shift_remove(field);
    taken
}

/// Returns an instant of the tests' own day, in seconds after 2026-01-01T00:00:00Z.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp((1_767_225_600 + seconds) * 1_000_000)
}

/// Makes a task as a controller would report it.
pub fn task(run: &str, key: &str, kind: TaskKind, phase: TaskPhase) -> TaskView {
    let key = TaskKey(key.to_owned());
    TaskView {
        run: RunId(run.to_owned()),
        parent: key.parent(),
        name: key.name().to_owned(),
        display_name: key.name().to_owned(),
        key,
        kind,
        phase,
        iteration: None,
        iteration_count: None,
        created_at: at(1),
        started_at: Some(at(2)),
        ended_at: phase.is_terminal().then(|| at(4)),
        inputs: Arc::default(),
        outcome: Outcome::default(),
        error: None,
        fingerprint: None,
        cached_from: None,
        suspension: None,
        locks: None,
        attempts: Vec::new(),
    }
}

/// Makes one attempt of a task.
pub fn attempt(number: u32, phase: TaskPhase) -> AttemptView {
    AttemptView {
        number,
        phase,
        created_at: at(1),
        started_at: Some(at(2)),
        ended_at: phase.is_terminal().then(|| at(4)),
        place: Some(format!("process {}", 4711 + number)),
        note: None,
        preparing_at: None,
        failure: None,
        usage: None,
    }
}

/// Makes an artifact.
pub fn artifact(id: &str, name: &str, title: &str, metadata: Value) -> ArtifactValue {
    ArtifactValue {
        id: ArtifactId(id.to_owned()),
        name: name.to_owned(),
        artifact_type: ArtifactType::system(title),
        uri: format!("/home-artifacts/{id}"),
        metadata: metadata.as_object().cloned().unwrap_or_default(),
        part: None,
    }
}

impl Server {
    /// Records what a controller would have recorded of a run, `seq` events being there already.
    pub async fn record(&self, run: &str, seq: u64, run_view: RunView, tasks: Vec<TaskView>) -> u64 {
        let run = RunId(run.to_owned());
        let consumed =
            self.store.pending_requests(&run).await.unwrap().into_iter().map(|(id, _)| id).collect();
        let event = Event::CancelRequested {
            at: at(0),
            why: Doom::Cancelled,
            reason: "stands for any event".to_owned(),
        };
        let append =
            Append { run, expected_seq: seq, events: vec![event], run_view, tasks, consumed, flush: false };
        self.store.append(&append).await.unwrap()
    }

    /// Records that a run and its tasks came to their end.
    pub async fn record_ended(&self, run: &str, run_view: RunView, tasks: Vec<TaskView>) {
        let run = RunId(run.to_owned());
        let pending = self.store.pending_requests(&run).await.unwrap();
        let consumed = pending.into_iter().map(|(id, _)| id).collect();
        let ends = tasks.iter().filter(|task| task.phase.is_terminal()).map(|task| Event::TaskEnded {
            task: task.key.clone(),
            at: at(4),
            phase: task.phase,
            outcome: Box::new(task.outcome.clone()),
            error: task.error.clone(),
        });
        let events = ends.collect();
        let append = Append { run, expected_seq: 0, events, run_view, tasks, consumed, flush: false };
        self.store.append(&append).await.unwrap();
    }
}
