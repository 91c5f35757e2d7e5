//! Back from the end: a retry forgets some tasks, reopens the groups around them and keeps everything else.

use pipewright_plan::{Outcome, Plan};

use super::node::{Children, NodeId, UNBORN};
use super::{RunState, Timer};
use crate::id::{TaskKey, Timestamp};
use crate::view::{RunPhase, TaskPhase};

impl RunState {
    pub(super) fn retry(
        &mut self,
        plan: &Plan,
        (requested_at, at): (Timestamp, Timestamp),
        dropped: &[TaskKey],
        reopened: &[TaskKey],
    ) {
        self.round += 1;
        self.cancelling = None;
        self.view.ended_at = None;
        self.view.error = None;
        self.view.outcome = Outcome::default();
        self.set_phase(requested_at, RunPhase::Pending);
        self.set_phase(at, RunPhase::Running);
        if let Some(limit) = plan.platform.timeout {
            self.timers.insert((at.after(limit), Timer::RunDeadline));
        }
        for key in dropped {
            if let Some(id) = self.node(key) {
                self.leave_parent(id);
                self.forget(id);
            }
        }
        for key in reopened {
            if let Some(id) = self.node(key) {
                self.reopen(id);
            }
        }
    }

    /// Empties the node's place in its dag or loop.
    fn leave_parent(&mut self, id: NodeId) {
        self.reopen_in_parent(id);
        let (place, iteration) = (self.nodes[id].place, self.nodes[id].iteration);
        let Some(parent) = self.nodes[id].parent else { return };
        let slot = match (&mut self.nodes[parent].children, place, iteration) {
            (Children::Loop { started, .. }, _, Some(index)) => started.get_mut(index as usize),
            (Children::Dag { tasks, .. }, Some((_, task)), _) => tasks.get_mut(task),
            _ => None,
        };
        if let Some(slot) = slot {
            *slot = UNBORN;
        }
    }

    /// Takes back what the node's end told its parent.
    fn reopen_in_parent(&mut self, id: NodeId) {
        if !self.nodes[id].phase.is_terminal() {
            return;
        }
        let (place, iteration) = (self.nodes[id].place, self.nodes[id].iteration);
        let Some(parent) = self.nodes[id].parent else { return };
        match &mut self.nodes[parent].children {
            Children::Dag { waiting, open, .. } => {
                *open += 1;
                if let Some((owner, task)) = place
                    && let Some(layout) = self.layouts.get(&owner)
                {
                    for next in layout.downstream.get(task).map(Vec::as_slice).unwrap_or_default() {
                        waiting[*next] += 1;
                    }
                }
            }
            // It is open again when its turn comes.
            Children::Loop { again, .. } => again.extend(iteration),
            Children::None => {}
        }
    }

    /// Forgets a node and everything inside but for the attempts.
    fn forget(&mut self, id: NodeId) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let children = std::mem::replace(&mut self.nodes[id].children, Children::None);
            let inside = match children {
                Children::None => Vec::new(),
                Children::Dag { tasks, .. } => tasks,
                Children::Loop { started, .. } => started,
            };
            open.extend(inside.into_iter().filter(|child| *child != UNBORN));
            let node = &mut self.nodes[id];
            let attempts = std::mem::take(&mut node.attempts);
            node.inputs = Default::default();
            node.outcome = Default::default();
            node.fingerprint = None;
            node.locks = None;
            self.index.remove(&node.key);
            if !attempts.is_empty() {
                self.former.insert(node.key.clone(), attempts);
            }
        }
    }

    fn reopen(&mut self, id: NodeId) {
        self.reopen_in_parent(id);
        let node = &mut self.nodes[id];
        node.phase = TaskPhase::Pending;
        node.ended_at = None;
        node.outcome = Default::default();
        node.error = None;
        node.has_failed_inside = false;
        node.locks = None;
        node.resting = true;
    }

    pub(super) fn resume(&mut self, key: &TaskKey) {
        let Some(id) = self.node(key).filter(|id| self.nodes[*id].resting) else { return };
        self.nodes[id].resting = false;
        self.nodes[id].phase = TaskPhase::Running;
        let (parent, iteration) = (self.nodes[id].parent, self.nodes[id].iteration);
        if let Some(parent) = parent
            && let (Children::Loop { open, again, .. }, Some(index)) =
                (&mut self.nodes[parent].children, iteration)
        {
            again.remove(&index);
            *open += 1;
        }
    }
}
