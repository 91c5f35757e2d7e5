//! Loops: which iterations start, and when a loop is done.

use super::{Decision, Work};
use crate::driver::{drop_helpers, is_triggered, iteration_inputs};
use crate::event::{Event, SkipReason};
use crate::state::{Children, NodeId, task_of};

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
            let Children::Loop { items, count, started, open } = &node.children else { return };
            let next = u32::try_from(started.len()).unwrap_or(u32::MAX);
            if next >= *count || self.state.is_called_off(id) {
                if *open == 0 {
                    self.finish_loop(id);
                }
                return;
            }
            if *open >= limit || !node.parent.is_none_or(|dag| self.has_room(dag)) {
                return;
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
                    let inputs = Box::new(inputs);
                    self.emit(Event::TaskStarted { task: key.clone(), at: self.now, inputs });
                    if let Some(iteration) = self.state.node(&key) {
                        self.work.push_back(Work::Begin(iteration));
                    }
                }
                Err(failure) => self.fail_key(key, failure),
            }
        }
    }
}
