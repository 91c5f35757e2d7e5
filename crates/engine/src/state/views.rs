//! Rows for readers outside, made from the state.

use std::collections::BTreeSet;

use pipewright_plan::Plan;

use super::{Children, Node, RunState, task_of};
use crate::event::Event;
use crate::id::TaskKey;
use crate::view::TaskView;

impl RunState {
    /// Returns one task instance as readers see it.
    pub fn task_view(&self, plan: &Plan, key: &TaskKey) -> Option<TaskView> {
        let node = &self.nodes[self.node(key)?];
        Some(TaskView {
            run: self.run.clone(),
            key: node.key.clone(),
            parent: node.parent.map(|parent| self.nodes[parent].key.clone()),
            name: key.name().to_owned(),
            display_name: display_name(plan, node),
            kind: node.kind,
            phase: node.phase,
            iteration: node.iteration,
            iteration_count: match &node.children {
                Children::Loop { count, .. } => Some(*count),
                Children::None | Children::Dag { .. } => None,
            },
            created_at: node.created_at,
            started_at: node.started_at,
            ended_at: node.ended_at,
            inputs: node.inputs.clone(),
            outcome: (*node.outcome).clone(),
            error: node.error.clone(),
            fingerprint: node.fingerprint.clone(),
            cached_from: node.cached_from.clone(),
            attempts: node.attempts.clone(),
            suspension: node.suspension.as_deref().cloned(),
            locks: node.locks.as_deref().cloned(),
        })
    }
}

fn display_name(plan: &Plan, node: &Node) -> String {
    let name = task_of(plan, node).map_or_else(|| "root".to_owned(), |task| task.display_name.clone());
    match node.iteration {
        Some(index) => format!("{name}[{index}]"),
        None => name,
    }
}

/// Names the task instances whose rows these events change.
pub fn changed_tasks(events: &[Event]) -> BTreeSet<TaskKey> {
    let mut changed = BTreeSet::new();
    for event in events {
        match event {
            Event::RunSubmitted { .. } | Event::CancelRequested { .. } | Event::RunEnded { .. } => {}
            Event::RunRetried { reopened, .. } => changed.extend(reopened.iter().cloned()),
            Event::TaskStarted { task, .. }
            | Event::TaskExpanded { task, .. }
            | Event::TaskSkipped { task, .. }
            | Event::CacheMissed { task, .. }
            | Event::CacheHit { task, .. }
            | Event::AttemptPlanned { task, .. }
            | Event::AttemptPreparing { task, .. }
            | Event::AttemptStarted { task, .. }
            | Event::AttemptDoomed { task, .. }
            | Event::AttemptEnded { task, .. }
            | Event::RetryScheduled { task, .. }
            | Event::Imported { task, .. }
            | Event::TaskResumed { task, .. }
            | Event::TaskSuspended { task, .. }
            | Event::TaskReleased { task, .. }
            | Event::LocksWanted { task, .. }
            | Event::LocksAwaited { task, .. }
            | Event::LocksAcquired { task, .. }
            | Event::TaskEnded { task, .. } => {
                changed.insert(task.clone());
            }
        }
    }
    changed
}
