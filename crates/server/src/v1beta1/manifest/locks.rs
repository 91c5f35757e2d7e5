//! What the status says of locks: who of the run holds which, and who waits. Source: v1 semantics 4.

use indexmap::IndexMap;
use pipewright_store::engine::{Submit, TaskKey, TaskPhase, TaskView};
use serde_json::{Map, Value, json};

use super::Facts;
use super::node::Node;

/// Tells whether a task waits for locks.
pub(super) fn is_waiting(view: &TaskView) -> bool {
    view.phase == TaskPhase::Pending && view.locks.as_ref().is_some_and(|locks| locks.acquired_at.is_none())
}

/// Returns the root of a run that waits for locks of its own.
pub(super) fn waiting_run<'a>(facts: Facts<'a>) -> Option<&'a TaskView> {
    let has_own = !facts.plan.platform.locks.is_empty();
    facts.tasks.iter().find(|view| view.key == TaskKey::root()).filter(|root| has_own && is_waiting(root))
}

/// Lists the locks that the run's tasks hold and wait for; nothing when there are none.
pub(super) fn synchronization(
    facts: Facts<'_>,
    workflow: &str,
    nodes: &IndexMap<String, Node>,
) -> Option<Value> {
    let mut found: Map<String, Value> = Map::new();
    let namespace = Submit::DEFAULT_NAMESPACE;
    for view in facts.tasks.iter().filter(|view| !view.phase.is_terminal()) {
        let Some(locks) = &view.locks else { continue };
        let node = nodes.values().find(|node| node.task.as_ref() == Some(&view.key));
        let of_run = format!("{namespace}/{workflow}");
        let holder = node.map_or(of_run.clone(), |node| format!("{of_run}/{}", node.id));
        let list = if is_waiting(view) { "waiting" } else { "holding" };
        for claim in &locks.claims {
            let (kind, entry) = match &claim.size {
                None => ("mutex", json!({"mutex": claim.name, "holder": holder})),
                Some(_) => ("semaphore", json!({"semaphore": claim.name, "holders": [holder]})),
            };
            let lists = found.entry(kind).or_insert_with(|| json!({}));
            match &mut lists[list] {
                Value::Array(known) => known.push(entry),
                none => *none = json!([entry]),
            }
        }
    }
    (!found.is_empty()).then_some(Value::Object(found))
}
