//! A run of a v1 pipeline as the live Argo workflow that readers of the v1 API expect: the document that was
//! submitted, its arguments, and a status of nodes. Made anew from plan and task views each time it is asked for.
//!
//! Source: v1 semantics 2.9. Left out: what only a cluster knows (hosts, addresses, durations of resources).

mod build;
mod condition;
mod edges;
mod hide;
mod locks;
mod names;
mod node;
mod retries;
mod settle;
mod stored;
mod values;

use indexmap::IndexMap;
use pipewright_plan::{ClaimEnd, Plan, text_form};
use pipewright_store as store;
use serde_json::{Map, Value, json};
use store::engine::{FailureReason, RunPhase, TaskKey, TaskView, resource_name};

use crate::time::rfc3339;

pub(super) use hide::hide;
pub(super) use node::{Node, NodeType};
pub(super) use values::{LOGS, Packed};

/// A run and everything that its manifest is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) run: &'a store::Run,
    pub(super) plan: &'a Plan,
    /// The workflow as it was submitted.
    pub(super) document: &'a Value,
    pub(super) tasks: &'a [TaskView],
}

/// Returns the nodes of a run by their ids.
pub(super) fn nodes(facts: Facts<'_>) -> IndexMap<String, Node> {
    if never_began(facts.run) || locks::waiting_run(facts).is_some() {
        return IndexMap::new();
    }
    let workflow = resource_name(facts.plan, &facts.run.id);
    let source =
        build::Source { workflow: &workflow, plan: facts.plan, document: facts.document, tasks: facts.tasks };
    let mut nodes = build::nodes(source);
    settle::settle(&mut nodes, facts.run);
    values::fill(source, facts.run.created_at, &mut nodes);
    nodes
}

/// Tells whether the run was called off before anything of it could begin: such a workflow has no nodes.
fn never_began(run: &store::Run) -> bool {
    run.view.error.as_ref().is_some_and(|error| error.reason == FailureReason::NotStarted)
}

/// Finds a node by its id or by the name of its pod.
pub(super) fn find<'n>(nodes: &'n IndexMap<String, Node>, wanted: &str) -> Option<&'n Node> {
    nodes.get(wanted).or_else(|| {
        let hash = wanted.rsplit_once('-')?.1;
        nodes.values().find(|node| {
            let own = node.id.rsplit_once('-');
            own.is_some_and(|(workflow, own)| {
                own == hash && wanted == format!("{workflow}-{}-{hash}", node.template_name)
            })
        })
    })
}

/// Returns the live workflow.
pub(super) fn manifest(facts: Facts<'_>) -> Value {
    let workflow = resource_name(facts.plan, &facts.run.id);
    let nodes = nodes(facts);
    let phase = match locks::waiting_run(facts) {
        Some(_) => "Pending",
        None => phase(facts.run, settle::decisive(&nodes, &workflow)),
    };
    let mut manifest = facts.document.clone();
    manifest["metadata"] = metadata(facts, &workflow, phase);
    manifest["spec"]["arguments"] = arguments(facts);
    let mut kept = stored::kept(&manifest["status"]);
    if let Some(whole) = kept.get_mut("storedWorkflowTemplateSpec") {
        whole["arguments"] = arguments(facts);
    }
    if !facts.run.service_account.is_empty() {
        manifest["spec"]["serviceAccountName"] = json!(facts.run.service_account);
    }
    manifest["status"] = status(facts, phase, &nodes);
    if let Value::Object(status) = &mut manifest["status"] {
        status.extend(kept);
    }
    manifest
}

/// Returns the workflow's word for how far a run is.
fn phase(run: &store::Run, decisive: Option<&Node>) -> &'static str {
    match run.view.phase {
        RunPhase::Pending => "Pending",
        RunPhase::Running | RunPhase::Cancelling => "Running",
        RunPhase::Succeeded => "Succeeded",
        RunPhase::Failed if decisive.is_some_and(|node| node.phase == node::Phase::Error) => "Error",
        RunPhase::Failed if decisive.is_none() && run.view.error.as_ref().is_some_and(node::is_error) => {
            "Error"
        }
        RunPhase::Failed | RunPhase::Cancelled => "Failed",
    }
}

fn metadata(facts: Facts<'_>, workflow: &str, phase: &str) -> Value {
    let mut metadata = facts.document["metadata"].as_object().cloned().unwrap_or_default();
    for key in ["labels", "annotations"] {
        if let Some(given) = stored::whole_spec(facts.document)["workflowMetadata"][key].as_object() {
            let pairs: Vec<(&str, String)> =
                given.iter().map(|(name, value)| (name.as_str(), text_form(value))).collect();
            let pairs: Vec<(&str, &str)> =
                pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
            add(&mut metadata, key, &pairs);
        }
    }
    let mut set = |key: &str, value: &str| metadata.insert(key.to_owned(), json!(value));
    set("name", workflow);
    set("namespace", &facts.run.namespace);
    set("uid", &facts.run.id.0);
    set("creationTimestamp", &rfc3339(facts.run.created_at));
    let is_over = facts.run.view.phase.is_terminal();
    add(
        &mut metadata,
        "labels",
        &[
            ("pipeline/runid", &facts.run.id.0),
            ("workflows.argoproj.io/completed", if is_over { "true" } else { "false" }),
            ("workflows.argoproj.io/phase", phase),
        ],
    );
    add(
        &mut metadata,
        "annotations",
        &[
            ("pipelines.kubeflow.org/run_name", &facts.run.display_name),
            ("workflows.argoproj.io/pod-name-format", "v1"),
        ],
    );
    Value::Object(metadata)
}

fn add(metadata: &mut Map<String, Value>, key: &str, pairs: &[(&str, &str)]) {
    let mut marks = metadata.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    marks.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    metadata.insert(key.to_owned(), Value::Object(marks));
}

/// Returns the workflow's arguments with the values that the run has.
fn arguments(facts: Facts<'_>) -> Value {
    let mut arguments =
        stored::whole_spec(facts.document)["arguments"].as_object().cloned().unwrap_or_default();
    let root = facts.tasks.iter().find(|view| view.key == TaskKey::root());
    let value = |name: &str| {
        let resolved = root.and_then(|root| root.inputs.parameters.get(name));
        resolved.or_else(|| facts.run.parameters.get(name)).map(text_form)
    };
    let declared = arguments.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let parameters: Vec<Value> = declared
        .into_iter()
        .map(|mut parameter| {
            let found = parameter["name"].as_str().and_then(value);
            let written = found.or_else(|| parameter.get("value").map(text_form)).unwrap_or_default();
            parameter["value"] = json!(written);
            parameter
        })
        .collect();
    if !parameters.is_empty() {
        arguments.insert("parameters".to_owned(), Value::Array(parameters));
    }
    Value::Object(arguments)
}

/// Lists the volumes of claims that the run has for itself, as long as it has them.
fn claims(facts: Facts<'_>) -> Vec<Value> {
    let (phase, platform) = (facts.run.view.phase, &facts.plan.platform);
    let are_gone = match platform.claim_end {
        ClaimEnd::Success => phase == RunPhase::Succeeded,
        ClaimEnd::Completion => phase.is_terminal(),
    };
    let workflow = resource_name(facts.plan, &facts.run.id);
    let claims = platform.claims.iter().filter(|_| !are_gone && !never_began(facts.run));
    let volume = |name: &str| json!({"name": name, "persistentVolumeClaim": {"claimName": format!("{workflow}-{name}")}});
    claims.map(|claim| volume(&claim.name)).collect()
}

fn status(facts: Facts<'_>, phase: &str, nodes: &IndexMap<String, Node>) -> Value {
    let view = &facts.run.view;
    let pods = || nodes.values().filter(|node| node.node_type == NodeType::Pod);
    let over = pods().filter(|node| node.progress == "1/1").count();
    let mut status = Map::new();
    let mut set = |key: &str, value: Value| status.insert(key.to_owned(), value);
    set("phase", json!(phase));
    set("startedAt", json!(view.started_at.map(rfc3339)));
    set("finishedAt", json!(view.ended_at.map(rfc3339)));
    set("progress", json!(format!("{over}/{}", pods().count())));
    let own =
        settle::decisive(nodes, &resource_name(facts.plan, &facts.run.id)).map(|node| node.message.clone());
    let waiting = locks::waiting_run(facts).and_then(|root| root.locks.as_ref());
    let own = waiting.map(|locks| locks.message.clone()).or(own);
    let message = own
        .filter(|message| !message.is_empty())
        .unwrap_or_else(|| view.error.as_ref().map(|error| node::message(error, true)).unwrap_or_default());
    if !message.is_empty() {
        set("message", json!(message));
    }
    set("nodes", json!(nodes));
    let workflow = resource_name(facts.plan, &facts.run.id);
    if let Some(found) = locks::synchronization(facts, &workflow, nodes) {
        set("synchronization", found);
    }
    let claims = claims(facts);
    if !claims.is_empty() {
        set("persistentVolumeClaims", Value::Array(claims));
    }
    if view.phase.is_terminal() {
        set("conditions", json!([{"type": "Completed", "status": "True"}]));
    } else if view.phase != RunPhase::Pending && phase != "Pending" {
        set("conditions", json!([{"type": "PodRunning", "status": "True"}]));
    }
    let format = "artifacts/{{workflow.name}}/{{workflow.creationTimestamp.Y}}/\
                  {{workflow.creationTimestamp.m}}/{{workflow.creationTimestamp.d}}/{{pod.name}}";
    let bucket = json!({"bucket": "mlpipeline", "endpoint": "local", "keyFormat": format});
    set("artifactRepositoryRef", json!({"artifactRepository": {"archiveLogs": true, "s3": bucket}}));
    Value::Object(status)
}
