//! Small plans, runs, tasks and events to fill a store with.

use std::collections::BTreeMap;
use std::sync::Arc;

use pipewright_engine::{
    Event, Fingerprint, Resolved, RunId, RunPhase, RunView, Submit, TaskKey, TaskKind, TaskPhase, TaskView,
    Timestamp,
};
use pipewright_plan::{ArtifactId, ArtifactType, ArtifactValue, Dialect, Outcome, Plan};
use pipewright_store::{Append, NewRun};
use serde_json::json;

pub fn plan(name: &str) -> Arc<Plan> {
    Arc::new(Plan {
        name: name.to_owned(),
        display_name: None,
        description: None,
        dialect: Dialect::V2,
        sdk_version: None,
        default_pipeline_root: None,
        platform: Default::default(),
        root: "root".to_owned(),
        components: Default::default(),
    })
}

pub fn new_run(id: &str, created_at: i64) -> NewRun {
    NewRun {
        id: RunId(id.to_owned()),
        display_name: format!("run {id}"),
        description: String::new(),
        experiment_id: String::new(),
        pipeline_id: None,
        pipeline_version_id: None,
        plan: plan("numbers"),
        pipeline_spec: json!({"pipelineInfo": {"name": "numbers"}}),
        parameters: json!({"n": 3, "x": 0.12345678901234568}),
        pipeline_root: None,
        service_account: String::new(),
        plugins_input: Default::default(),
        firing: None,
        submit: Submit { created_at: Timestamp(created_at), ..Submit::default() },
    }
}

/// An artifact whose id is its URI.
pub fn artifact(uri: &str) -> ArtifactValue {
    ArtifactValue {
        id: ArtifactId(uri.to_owned()),
        name: "data".to_owned(),
        artifact_type: ArtifactType::system("system.Dataset"),
        uri: uri.to_owned(),
        metadata: serde_json::Map::from_iter([("rows".to_owned(), json!(7))]),
        part: None,
    }
}

pub fn outcome(uri: &str) -> Outcome {
    Outcome {
        parameters: BTreeMap::from([("sum".to_owned(), json!(0.30000000000000004))]),
        artifacts: BTreeMap::from([("data".to_owned(), vec![artifact(uri)])]),
    }
}

pub fn fingerprint(key: &str) -> Fingerprint {
    Fingerprint { key: key.to_owned(), document: BTreeMap::from([("image".to_owned(), key.to_owned())]) }
}

pub fn task(run: &RunId, name: &str, phase: TaskPhase) -> TaskView {
    let key = TaskKey::root().child(name);
    TaskView {
        run: run.clone(),
        parent: key.parent(),
        key,
        name: name.to_owned(),
        display_name: name.to_owned(),
        kind: TaskKind::Container,
        phase,
        iteration: None,
        iteration_count: None,
        created_at: Timestamp(1),
        started_at: None,
        ended_at: None,
        inputs: Arc::new(Resolved {
            parameters: BTreeMap::from([("text".to_owned(), json!("x".repeat(200)))]),
            artifacts: BTreeMap::new(),
        }),
        outcome: Outcome::default(),
        error: None,
        fingerprint: None,
        cached_from: None,
        suspension: None,
        locks: None,
        attempts: Vec::new(),
    }
}

pub fn started(task: &TaskView) -> Event {
    Event::TaskStarted { task: task.key.clone(), at: Timestamp(1), inputs: task.inputs.clone() }
}

pub fn ended(task: &TaskView) -> Event {
    Event::TaskEnded {
        task: task.key.clone(),
        at: Timestamp(2),
        phase: task.phase,
        outcome: Box::new(task.outcome.clone()),
        error: None,
    }
}

pub fn view(phase: RunPhase) -> RunView {
    let ended_at = phase.is_terminal().then_some(Timestamp(5_000_000));
    RunView { phase, started_at: Some(Timestamp(1)), ended_at, ..RunView::default() }
}

pub fn append(run: &RunId, expected_seq: u64, events: Vec<Event>, tasks: Vec<TaskView>) -> Append {
    Append {
        run: run.clone(),
        expected_seq,
        events,
        run_view: view(RunPhase::Running),
        tasks,
        consumed: Vec::new(),
        flush: false,
    }
}

/// A task that succeeded with an artifact and can be reused under this key.
pub fn succeeded(run: &RunId, name: &str, key: &str, uri: &str) -> TaskView {
    TaskView {
        outcome: outcome(uri),
        fingerprint: Some(Arc::new(fingerprint(key))),
        ended_at: Some(Timestamp(2)),
        ..task(run, name, TaskPhase::Succeeded)
    }
}
