//! The edges between nodes. A task's successors hang on what is at its end: a pod itself, the last attempt of a
//! retry, all repetitions of a loop, the last tasks of a dag. Source: v1 semantics 2.9.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use pipewright_plan::Dag;

use super::node::{Label, Node, NodeType, Phase, Span};

/// How the name of a task's exit hook ends.
const EXIT: &str = ".onExit";
/// What stands before the name of another hook.
const MOMENT: &str = ".hooks.";

/// Tells whether a task is a hook of another; names of tasks have no dots.
pub(super) fn is_hook(task: &str) -> bool {
    task.ends_with(EXIT) || task.contains(MOMENT)
}

/// Tells whether a task is a hook of this one.
pub(super) fn is_hook_of(hook: &str, task: &str) -> bool {
    hook.strip_prefix(task).is_some_and(|rest| rest == EXIT || rest.starts_with(MOMENT))
}

/// A task that has nodes.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    /// The node that stands for all of it.
    pub(super) id: String,
    /// Its turn among all tasks of the run.
    pub(super) order: usize,
    /// The nodes at its end.
    pub(super) outbound: Vec<String>,
}

/// Lists the nodes in the order in which they came to be.
pub(super) fn ids(placed: &[Placed]) -> Vec<String> {
    let mut sorted: Vec<&Placed> = placed.iter().collect();
    sorted.sort_by_key(|placed| placed.order);
    sorted.into_iter().map(|placed| placed.id.clone()).collect()
}

/// Lists the nodes at the end of all of these.
pub(super) fn outbound(placed: &[Placed]) -> Vec<String> {
    placed.iter().flat_map(|placed| placed.outbound.iter().cloned()).collect()
}

/// Adds children to a node, each once.
pub(super) fn connect(nodes: &mut IndexMap<String, Node>, from: &str, to: &[String]) {
    let Some(node) = nodes.get_mut(from) else { return };
    for id in to {
        if !node.children.contains(id) {
            node.children.push(id.clone());
        }
    }
}

/// Connects the tasks of a dag; returns the nodes at its end.
pub(super) fn link(
    nodes: &mut IndexMap<String, Node>,
    owner: &str,
    dag: &Dag,
    placed: &BTreeMap<&str, Placed>,
) -> Vec<String> {
    let mut in_order: Vec<(&str, &Placed)> = placed.iter().map(|(name, placed)| (*name, placed)).collect();
    in_order.sort_by_key(|(_, placed)| placed.order);
    let mut waited_for: BTreeSet<&str> = BTreeSet::new();
    for (name, _) in in_order.iter().filter(|(name, _)| !is_hook(name)) {
        waited_for.extend(dag.tasks[*name].upstream.iter().map(String::as_str));
    }
    let mut ends = Vec::new();
    for (name, task) in in_order {
        // What waits for a hook hangs on the task that it belongs to.
        let before = dag.tasks[name].upstream.iter().filter(|upstream| !is_hook(upstream));
        let upstream: Vec<&Placed> = before.filter_map(|upstream| placed.get(upstream.as_str())).collect();
        let id = std::slice::from_ref(&task.id);
        if upstream.is_empty() {
            connect(nodes, owner, id);
        }
        // Beside a task that may not have ended hooks hang on the task itself.
        if let Some(watched) =
            dag.tasks[name].trigger.watches.as_ref().and_then(|name| placed.get(name.as_str()))
        {
            connect(nodes, &watched.id, id);
            continue;
        }
        for from in upstream.iter().flat_map(|upstream| &upstream.outbound) {
            connect(nodes, from, id);
        }
        if !waited_for.contains(name) && !is_hook(name) {
            ends.extend(task.outbound.iter().cloned());
        }
    }
    ends
}

/// Makes the node around steps that run together.
pub(super) fn step_group(
    label: Label,
    nodes: &IndexMap<String, Node>,
    members: &[String],
    is_tolerated: &dyn Fn(&str) -> bool,
) -> Node {
    let members = || members.iter().filter_map(|id| nodes.get(id));
    let is_over = members().all(|node| node.phase.is_over());
    let has_failed = |node: &&Node| matches!(node.phase, Phase::Failed | Phase::Error);
    let first = members().filter(has_failed).find(|node| !is_tolerated(&node.id)).filter(|_| is_over);
    let phase = match first {
        Some(_) => Phase::Failed,
        None if is_over => Phase::Succeeded,
        None => Phase::Running,
    };
    let mut node = Node::new(label, NodeType::StepGroup, phase, Span::default());
    node.message = first.map(|first| format!("child '{}' failed", first.id)).unwrap_or_default();
    node.started_at = members().filter_map(|node| node.started_at.clone()).min();
    node.finished_at = members().filter_map(|node| node.finished_at.clone()).max().filter(|_| is_over);
    node
}
