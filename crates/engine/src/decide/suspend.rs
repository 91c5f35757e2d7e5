//! Tasks that wait: they begin to, time is up, or somebody lets them go on.

use std::collections::BTreeMap;

use pipewright_plan::{Component, Outcome, Suspend};

use super::Decision;
use crate::driver::{supply, wait_until};
use crate::event::{Event, Failure, FailureReason};
use crate::input::Resume;
use crate::state::NodeId;
use crate::view::{Released, TaskPhase};

impl Decision<'_> {
    pub(super) fn suspend(&mut self, id: NodeId, wait: (&Component, &Suspend)) {
        let task = self.key(id);
        match wait_until((self.plan, self.state), &self.state.nodes[id], wait, self.now) {
            Ok(until) => self.emit(Event::TaskSuspended { task, at: self.now, until }),
            Err(failure) => self.fail_key(task, failure),
        }
    }

    /// Lets the tasks go on that are meant; one that lacks a value goes on waiting.
    pub(super) fn release(&mut self, resume: &Resume) {
        let waiting: Vec<NodeId> = self.state.suspended.iter().copied().collect();
        for id in waiting {
            let task = self.key(id);
            if !resume.means(&task) {
                continue;
            }
            let outcome = match self.supplied(id, &resume.parameters) {
                _ if resume.declined => Err(declined(resume)),
                Ok(outcome) => Ok(outcome),
                Err(_) => continue,
            };
            let released = Released { by: resume.by.clone(), message: resume.message.clone() };
            let released = Box::new(released);
            self.emit(Event::TaskReleased { task: task.clone(), at: self.now, released });
            match outcome {
                Ok(outcome) => self.end_key(task, TaskPhase::Succeeded, outcome, None),
                Err(failure) => self.fail_key(task, failure),
            }
        }
    }

    /// A task has waited for as long as it was to.
    pub(super) fn wait_is_over(&mut self, id: NodeId) {
        let task = self.key(id);
        match self.supplied(id, &BTreeMap::new()) {
            Ok(outcome) => self.end_key(task, TaskPhase::Succeeded, outcome, None),
            Err(message) => {
                let hint = Some("give the output a `default`, or the value in time".to_owned());
                let failure = Failure { reason: FailureReason::Output, message, hint, exit_code: None };
                self.fail_key(task, failure);
            }
        }
    }

    fn supplied(
        &self,
        id: NodeId,
        given: &BTreeMap<String, pipewright_plan::Value>,
    ) -> Result<Outcome, String> {
        let node = &self.state.nodes[id];
        match self.plan.components.get_index(node.component) {
            Some((_, component)) => supply(component, &node.inputs, given),
            None => Ok(Outcome::default()),
        }
    }
}

fn declined(resume: &Resume) -> Failure {
    let message = resume.message.clone().unwrap_or_else(|| "it was declined".to_owned());
    Failure { reason: FailureReason::Declined, message, hint: None, exit_code: None }
}
