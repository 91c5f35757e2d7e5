//! What nodes were given and what they left, by value and by key. Source: v1 semantics 2.8 and 2.9.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use pipewright_plan::{ArtifactId, ArtifactValue, ComponentKind, Packing, Plan, text_form};
use pipewright_store::engine::{TaskPhase, TaskView, Timestamp, resource_name};
use serde_json::{Map, Value, json};

use super::build::Source;
use super::node::{Node, NodeType};
use super::stored::template;
use crate::time::civil;

/// The artifact that holds what a pod printed.
pub(in crate::v1beta1) const LOGS: &str = "main-logs";

/// How an artifact is packed, and what its command calls it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::v1beta1) struct Packed {
    pub(in crate::v1beta1) packing: Packing,
    /// The last name of its path; empty when that is not known.
    pub(in crate::v1beta1) entry: String,
}

impl Packed {
    /// Returns what a component says of its output.
    pub(in crate::v1beta1) fn of(plan: &Plan, component: &str, output: &str) -> Self {
        let kind = plan.component(component).map(|component| &component.kind);
        let Some(ComponentKind::Container(container)) = kind else { return Self::default() };
        let Some(place) = container.places.output_artifacts.get(output) else { return Self::default() };
        let path = place.path.as_literal().unwrap_or_default();
        let entry = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let entry = if entry == ".." { "" } else { entry };
        Self { packing: place.packing, entry: entry.to_owned() }
    }

    /// Names the file that it is handed out as.
    fn file(&self, name: &str) -> String {
        match self.packing {
            Packing::Tar { .. } => format!("{name}.tgz"),
            Packing::Zip => format!("{name}.zip"),
            Packing::Plain if self.entry.is_empty() => name.to_owned(),
            Packing::Plain => self.entry.clone(),
        }
    }
}

/// Fills in inputs and outputs of all nodes.
pub(super) fn fill(source: Source<'_>, created_at: Timestamp, nodes: &mut IndexMap<String, Node>) {
    let views: BTreeMap<&str, &TaskView> =
        source.tasks.iter().map(|view| (view.key.as_str(), view)).collect();
    let view_of = |node: &Node| views.get(node.task.as_ref()?.as_str()).copied();
    let day = civil(created_at).strftime("%Y/%m/%d").to_string();
    let mut keys: BTreeMap<&ArtifactId, String> = BTreeMap::new();
    // What has run names its artifacts; dags, loops and later tasks speak of them by the same keys.
    for node in nodes.values().filter(|node| node.node_type == NodeType::Pod) {
        let Some(view) = view_of(node).filter(|view| is_last(node, view)) else { continue };
        for artifact in view.outcome.artifacts.values().flatten() {
            let folder = match &view.cached_from {
                None => format!("{}/{day}/{}", source.workflow, node.id),
                Some(origin) => format!("{}/{}", resource_name(source.plan, &origin.run), artifact.id.0),
            };
            let file = Packed::of(source.plan, &node.component, &artifact.name).file(&artifact.name);
            keys.entry(&artifact.id).or_insert_with(|| format!("artifacts/{folder}/{file}"));
        }
    }
    for node in nodes.values_mut() {
        let Some(view) = view_of(node) else { continue };
        let writer = Writer { template: template(source.document, &node.component), keys: &keys };
        if !matches!(node.node_type, NodeType::TaskGroup | NodeType::StepGroup | NodeType::Skipped) {
            node.inputs = writer.inputs(view);
        }
        if !node.phase.is_over() || matches!(node.node_type, NodeType::TaskGroup | NodeType::Skipped) {
            continue;
        }
        let logs = format!("artifacts/{}/{day}/{}/main.log", source.workflow, node.id);
        node.outputs = writer.outputs(node, view, &logs);
    }
}

/// Tells whether the node stands for how the task ended: it is the last attempt, or the only one.
fn is_last(node: &Node, view: &TaskView) -> bool {
    node.attempt == view.attempts.last().map(|last| last.number)
}

struct Writer<'a> {
    template: Option<&'a Value>,
    keys: &'a BTreeMap<&'a ArtifactId, String>,
}

impl Writer<'_> {
    fn declared(&self, side: &str, name: &str) -> Option<&Value> {
        let declared = self.template?[side]["artifacts"].as_array()?;
        declared.iter().find(|artifact| artifact["name"] == name)
    }

    fn inputs(&self, view: &TaskView) -> Option<Value> {
        let inputs = &view.inputs;
        let helper = |name: &str| name.contains('.');
        let parameters = inputs.parameters.iter().filter(|(name, _)| !helper(name));
        let parameters = parameters.map(|(name, value)| parameter(name, value));
        let artifacts = inputs
            .artifacts
            .iter()
            .flat_map(|(name, list)| list.first().map(|artifact| self.artifact(("inputs", name), artifact)));
        sides(parameters.collect(), artifacts.collect())
    }

    fn outputs(&self, node: &Node, view: &TaskView, logs: &str) -> Option<Value> {
        let is_pod = node.node_type == NodeType::Pod;
        if is_pod && !is_last(node, view) {
            let exit = view.attempts.iter().find(|attempt| Some(attempt.number) == node.attempt);
            let code = exit.and_then(|attempt| attempt.failure.as_ref()?.exit_code);
            return code.map(|code| json!({"exitCode": code.to_string()}));
        }
        let outcome = &view.outcome;
        let parameters = outcome.parameters.iter().map(|(name, value)| parameter(name, value));
        let mut artifacts: Vec<Value> = outcome
            .artifacts
            .iter()
            .flat_map(|(name, list)| list.first().map(|artifact| self.artifact(("outputs", name), artifact)))
            .collect();
        let has_run = is_pod && view.attempts.iter().any(|attempt| attempt.started_at.is_some());
        if has_run {
            artifacts.push(json!({"name": LOGS, "s3": {"key": logs}}));
        }
        let code = match view.phase {
            TaskPhase::Succeeded | TaskPhase::Cached => Some(0),
            _ => view.error.as_ref().and_then(|error| error.exit_code),
        };
        let sides = sides(parameters.collect(), artifacts);
        match code.filter(|_| matches!(node.node_type, NodeType::Pod | NodeType::Retry)) {
            None => sides,
            Some(code) => {
                let mut sides = sides.unwrap_or_else(|| json!({}));
                sides["exitCode"] = json!(code.to_string());
                Some(sides)
            }
        }
    }

    fn artifact(&self, (side, name): (&str, &str), artifact: &ArtifactValue) -> Value {
        let mut fields = Map::new();
        fields.insert("name".to_owned(), json!(name));
        if let Some(declared) = self.declared(side, name) {
            for field in ["path", "mode", "recurseMode", "archive", "globalName"] {
                if let Some(value) = declared.get(field) {
                    fields.insert(field.to_owned(), value.clone());
                }
            }
        }
        match self.keys.get(&artifact.id) {
            Some(key) => {
                let key = match &artifact.part {
                    Some(part) => format!("{key}/{part}"),
                    None => key.clone(),
                };
                fields.insert("s3".to_owned(), json!({"key": key}))
            }
            None => {
                let text = self.raw(name).unwrap_or_default();
                fields.insert("raw".to_owned(), json!({"data": text}))
            }
        };
        Value::Object(fields)
    }

    /// Returns the text that the template itself gives an input artifact.
    fn raw(&self, name: &str) -> Option<&str> {
        let declared = self.template?["inputs"]["artifacts"].as_array()?;
        declared.iter().find(|artifact| artifact["name"] == name)?["raw"]["data"].as_str()
    }
}

fn parameter(name: &str, value: &Value) -> Value {
    json!({"name": name, "value": text_form(value)})
}

fn sides(parameters: Vec<Value>, artifacts: Vec<Value>) -> Option<Value> {
    let mut fields = Map::new();
    for (key, list) in [("parameters", parameters), ("artifacts", artifacts)] {
        if !list.is_empty() {
            fields.insert(key.to_owned(), Value::Array(list));
        }
    }
    (!fields.is_empty()).then_some(Value::Object(fields))
}
