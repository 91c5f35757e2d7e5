//! What a run does anew whatever earlier results there are: chosen tasks, and everything that depends on them.

use pipewright_plan::Plan;

use super::node::{Children, NodeId};
use super::{RunState, dag_at};
use crate::id::TaskKey;

impl RunState {
    /// Tells whether the run asked for this task to be done anew.
    pub(super) fn is_fresh(&self, plan: &Plan, id: NodeId) -> bool {
        let chosen = self.submit.as_deref().map(|submit| submit.fresh.as_slice()).unwrap_or_default();
        let mut next = Some(id).filter(|_| !chosen.is_empty());
        while let Some(id) = next {
            if chosen.contains(&self.nodes[id].key) || self.follows_chosen(plan, id, chosen) {
                return true;
            }
            next = self.nodes[id].parent;
        }
        false
    }

    /// Tells whether the node comes after something of its own dag that is chosen, or holds something chosen.
    fn follows_chosen(&self, plan: &Plan, id: NodeId, chosen: &[TaskKey]) -> bool {
        let node = &self.nodes[id];
        let (Some((owner, task)), Some(parent)) = (node.place, node.parent) else { return false };
        let parent = &self.nodes[parent];
        let (true, Some(dag), Some(layout)) =
            (matches!(parent.children, Children::Dag { .. }), dag_at(plan, owner), self.layouts.get(&owner))
        else {
            return false;
        };
        let before = format!("{}/", parent.key);
        let sibling = |key: &TaskKey| {
            let rest = key.as_str().strip_prefix(&before)?;
            dag.tasks.get_index_of(rest.split(['/', '[']).next()?)
        };
        let mut open: Vec<usize> = chosen.iter().filter_map(sibling).collect();
        let mut seen = vec![false; dag.tasks.len()];
        while let Some(from) = open.pop() {
            for &to in layout.downstream.get(from).map(Vec::as_slice).unwrap_or_default() {
                if to == task {
                    return true;
                }
                if !std::mem::replace(&mut seen[to], true) {
                    open.push(to);
                }
            }
        }
        false
    }
}
