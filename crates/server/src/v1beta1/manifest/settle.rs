//! What groups of nodes take from those inside, and how the end of the run shows in its nodes.
//!
//! Source: v1 semantics 2.3, 2.4 and 2.6.

use indexmap::IndexMap;
use pipewright_store as store;
use store::engine::FailureReason;

use super::node::{Node, NodeType, Phase};

/// What nodes say that the deadline of the workflow has ended.
const DEADLINE: &str = "Step exceeded its deadline";

/// Gives groups that failed the phase of the node that decided, and those that the run's deadline stopped its
/// message.
pub(super) fn settle(nodes: &mut IndexMap<String, Node>, run: &store::Run) {
    let is_out_of_time = run.view.error.as_ref().is_some_and(|error| error.reason == FailureReason::TimedOut);
    if is_out_of_time {
        for node in nodes.values_mut().filter(|node| node.message == "terminated") {
            DEADLINE.clone_into(&mut node.message);
        }
    }
    // Those inside come after what is around them.
    for index in (0..nodes.len()).rev() {
        let (id, node) = (&nodes.keys()[index], &nodes[index]);
        if node.phase != Phase::Failed || node.node_type == NodeType::StepGroup {
            continue;
        }
        // Steps end as the group that stopped them, whatever failed inside.
        if node.node_type == NodeType::Steps {
            let groups = nodes.values().filter(|other| other.boundary_id == *id);
            let mut stopped = groups.filter(|other| other.node_type == NodeType::StepGroup);
            if let Some(group) = stopped.rfind(|group| has_failed(group.phase)) {
                let message = group.message.clone();
                nodes[index].message = message;
            }
            continue;
        }
        let is_inside = |other: &&Node| match node.node_type {
            NodeType::Dag => other.boundary_id == *id,
            NodeType::TaskGroup => node.children.contains(&other.id),
            NodeType::Retry => node.children.last() == Some(&other.id),
            NodeType::Pod | NodeType::Skipped | NodeType::Suspend | NodeType::Steps | NodeType::StepGroup => {
                false
            }
        };
        let failed = nodes.values().filter(is_inside).filter(|other| has_failed(other.phase));
        let first = failed.min_by(|one, other| one.display_name.cmp(&other.display_name));
        if let Some(phase) = first.map(|first| first.phase) {
            nodes[index].phase = phase;
        }
    }
}

fn has_failed(phase: Phase) -> bool {
    matches!(phase, Phase::Failed | Phase::Error)
}

/// Returns the node that a workflow failed of: its root, else its exit handler.
pub(super) fn decisive<'n>(nodes: &'n IndexMap<String, Node>, workflow: &str) -> Option<&'n Node> {
    let exit = format!("{workflow}.onExit");
    let root = nodes.get(workflow).filter(|root| has_failed(root.phase));
    root.or_else(|| nodes.values().find(|node| node.name == exit && has_failed(node.phase)))
}
