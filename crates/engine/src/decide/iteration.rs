//! Loops: which iterations start, and when a loop is done.

use std::sync::Arc;

use super::{Decision, Work};
use crate::driver::{drop_helpers, is_triggered, iteration_inputs};
use crate::event::{Event, SkipReason};
use crate::state::{Children, NodeId, UNBORN, task_of};

impl Decision<'_> {
    /// Starts iterations up to the loop's parallelism, or ends the loop when all have ended.
    pub(super) fn pump(&mut self, id: NodeId) {
        let limit = self.task(id).and_then(|task| task.iterator.as_ref()?.parallelism);
        let limit = limit.filter(|limit| *limit > 0).unwrap_or(u32::MAX);
        loop {
            let node = &self.state.nodes[id];
            if node.phase.is_terminal() {
                return;
            }
            let Children::Loop { items, count, started, open, again } = &node.children else { return };
            let next = again.first().copied();
            let next = next.unwrap_or_else(|| u32::try_from(started.len()).unwrap_or(u32::MAX));
            // What a retry reopened comes to its own end, in a run that is called off too.
            let mut resting = again.iter().filter_map(|index| self.resting(started, *index));
            if self.state.is_called_off(id)
                && let Some(resting) = resting.next()
            {
                self.resume(resting);
                continue;
            }
            let is_stopped = node.parent.is_some_and(|dag| self.is_stopped(dag));
            if next >= *count || is_stopped || self.state.is_called_off(id) {
                if *open == 0 {
                    self.finish_loop(id);
                }
                return;
            }
            if *open >= limit || !node.parent.is_none_or(|dag| self.has_room(dag)) {
                return;
            }
            if let Some(resting) = self.resting(started, next) {
                self.resume(resting);
                continue;
            }
            let key = node.key.iteration(next);
            let Some(task) = task_of(self.plan, node) else { return };
            let plan = self.plan;
            let found = iteration_inputs((plan, self.state), task, (&node.inputs, items), &key, next);
            let condition = task.iterator.as_ref().and_then(|iterator| iterator.each.condition.as_ref());
            let triggered = match (&found, condition) {
                (Ok(inputs), Some(condition)) => is_triggered(condition, inputs),
                _ => Ok(true),
            };
            match triggered.and_then(|triggered| Ok((triggered, found?))) {
                Ok((false, _)) => self.skip(key, SkipReason::Condition),
                Ok((true, mut inputs)) => {
                    drop_helpers(plan, &task.component, &mut inputs);
                    let inputs = Arc::new(inputs);
                    self.emit(Event::TaskStarted { task: key.clone(), at: self.now, inputs });
                    if let Some(iteration) = self.state.node(&key) {
                        self.work.push_back(Work::Begin(iteration));
                    }
                }
                Err(failure) => self.fail_key(key, failure),
            }
        }
    }

    fn resting(&self, started: &[NodeId], index: u32) -> Option<NodeId> {
        started.get(index as usize).copied().filter(|id| *id != UNBORN && self.state.nodes[*id].resting)
    }
}
