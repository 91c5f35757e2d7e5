//! Tasks that need locks: they ask for them before anything else, and begin once they hold all of them.
//!
//! Locks go beyond a run, so whoever drives runs hands them out. A task holds its locks until its end, through all
//! of its attempts. Source: v1 semantics 4.

use super::{Decision, Work};
use crate::driver::lock_claims;
use crate::event::{Event, Failure, FailureReason};
use crate::input::{LockAnswer, LockFound};
use crate::state::{Children, NodeId};

impl Decision<'_> {
    /// Has a task ask for its locks; false when it needs none that it has not.
    pub(super) fn lacks_locks(&mut self, id: NodeId) -> bool {
        if !self.state.lacks_locks(self.plan, id) {
            return false;
        }
        if self.state.nodes[id].locks.is_none() {
            let task = self.key(id);
            match lock_claims((self.plan, self.state), id) {
                Ok(locks) => self.emit(Event::LocksWanted { task, at: self.now, locks }),
                Err(failure) => self.fail_key(task, failure),
            }
        }
        true
    }

    pub(super) fn locks_answered(&mut self, id: NodeId, answer: &LockAnswer) {
        let task = self.key(id);
        match &answer.found {
            LockFound::Acquired => {
                let has_begun = !matches!(self.state.nodes[id].children, Children::None);
                self.emit(Event::LocksAcquired { task, at: self.now });
                if has_begun {
                    self.go_on(id);
                } else {
                    self.work.push_back(Work::Begin(id));
                }
            }
            LockFound::Waiting { lock, message } => {
                let known = self.state.nodes[id].locks.as_ref();
                if known.is_none_or(|known| known.message != *message) {
                    let (lock, message) = (lock.clone(), message.clone());
                    self.emit(Event::LocksAwaited { task, at: self.now, lock, message });
                }
            }
            LockFound::Refused { message, hint } => {
                let failure = Failure {
                    reason: FailureReason::Refused,
                    message: message.clone(),
                    hint: Some(hint.clone()),
                    exit_code: None,
                };
                self.fail_key(task, failure);
            }
        }
    }
}
