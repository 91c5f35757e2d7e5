//! Locks of tasks: who needs them, who waits for them, who holds them.

use pipewright_plan::Plan;

use super::RunState;
use super::node::{Children, NodeId};
use crate::event::LockClaim;
use crate::id::{TaskKey, Timestamp};
use crate::view::{Locks, TaskKind, TaskPhase};

impl RunState {
    /// Tells whether a node needs locks that it does not hold. A loop needs none: its iterations do.
    pub(crate) fn lacks_locks(&self, plan: &Plan, id: NodeId) -> bool {
        let node = &self.nodes[id];
        let own = plan.components.get_index(node.component).is_some_and(|(_, it)| !it.locks.is_empty());
        let of_run = node.parent.is_none() && !plan.platform.locks.is_empty();
        (own || of_run) && node.kind != TaskKind::Loop && !self.holding.contains(&id)
    }

    pub(super) fn want_locks(&mut self, id: NodeId, at: Timestamp, claims: &[LockClaim]) {
        let locks = Locks { claims: claims.to_vec(), wanted_at: at, ..Locks::default() };
        self.nodes[id].locks = Some(Box::new(locks));
        self.nodes[id].phase = TaskPhase::Pending;
        self.locking.insert(id);
    }

    /// Lists those that wait for locks and had begun before a retry of the run.
    pub(crate) fn reopened_waiters(&self) -> Vec<NodeId> {
        let has_begun = |id: &NodeId| !matches!(self.nodes[*id].children, Children::None);
        self.locking.iter().copied().filter(has_begun).collect()
    }

    /// Takes back the wishes of those that come to their end without locks: the run is called off.
    pub(super) fn withdraw_wishes(&mut self) {
        for id in self.reopened_waiters() {
            if self.is_called_off(id) {
                self.locking.remove(&id);
                self.nodes[id].phase = TaskPhase::Running;
            }
        }
    }

    pub(super) fn await_locks(&mut self, id: NodeId, lock: &str, message: &str) {
        let locks = self.nodes[id].locks.get_or_insert_default();
        locks.lock = Some(lock.to_owned());
        message.clone_into(&mut locks.message);
    }

    pub(super) fn acquire_locks(&mut self, id: NodeId, at: Timestamp) {
        self.locking.remove(&id);
        self.holding.insert(id);
        self.nodes[id].locks.get_or_insert_default().acquired_at = Some(at);
        if !matches!(self.nodes[id].children, Children::None) {
            self.nodes[id].phase = TaskPhase::Running;
        }
    }

    /// Lists the tasks that hold locks, with these.
    pub fn lock_holders(&self) -> impl Iterator<Item = (&TaskKey, &[LockClaim])> {
        self.holding.iter().filter_map(|id| {
            let node = &self.nodes[*id];
            Some((&node.key, node.locks.as_ref()?.claims.as_slice()))
        })
    }

    /// Lists the tasks that wait for locks.
    pub fn lock_waiters(&self) -> impl Iterator<Item = &TaskKey> {
        self.locking.iter().map(|id| &self.nodes[*id].key)
    }

    /// Tells whether a task waits for locks.
    pub fn awaits_locks(&self, task: &TaskKey) -> bool {
        self.node(task).is_some_and(|id| self.locking.contains(&id))
    }

    /// Tells whether a task holds locks.
    pub fn holds_locks(&self, task: &TaskKey) -> bool {
        self.node(task).is_some_and(|id| self.holding.contains(&id))
    }

    /// Returns when the run was asked for.
    pub fn created_at(&self) -> Timestamp {
        self.submit.as_deref().map(|submit| submit.created_at).unwrap_or_default()
    }
}
