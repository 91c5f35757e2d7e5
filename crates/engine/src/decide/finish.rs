//! Ends of dags, loops and the run, from the ends of what is inside.

use pipewright_plan::Outcome;

use super::Decision;
use super::cancel::{called_off, phase_of};
use crate::driver::{collect, dag_outcome};
use crate::event::{Event, Failure, FailureReason};
use crate::state::{Children, NodeId, UNBORN, dag_at};
use crate::view::{RunPhase, TaskPhase};

impl Decision<'_> {
    pub(super) fn finish_dag(&mut self, id: NodeId) {
        let node = &self.state.nodes[id];
        if node.phase.is_terminal() {
            return;
        }
        let Children::Dag { tasks, .. } = &node.children else { return };
        let ended: Vec<NodeId> = tasks.iter().copied().filter(|child| *child != UNBORN).collect();
        let outcome = match dag_at(self.plan, node.component) {
            Some(dag) => dag_outcome(self.state, dag, id),
            None => Outcome::default(),
        };
        self.finish_group(id, &ended, outcome);
    }

    pub(super) fn finish_loop(&mut self, id: NodeId) {
        let node = &self.state.nodes[id];
        let Children::Loop { started, .. } = &node.children else { return };
        let outcome = collect(self.plan, self.state, node.component, started);
        let started = started.clone();
        self.finish_group(id, &started, outcome);
    }

    /// A group failed when anything inside failed, was cancelled when anything was, and succeeded otherwise.
    fn finish_group(&mut self, id: NodeId, inside: &[NodeId], outcome: Outcome) {
        let phases = |wanted: TaskPhase| {
            inside.iter().map(|child| &self.state.nodes[*child]).filter(move |child| child.phase == wanted)
        };
        let failed: Vec<&str> = phases(TaskPhase::Failed).map(|child| child.key.as_str()).collect();
        let (phase, error) = if let Some(first) = failed.first() {
            let message = match failed.len() {
                1 => format!("task `{first}` failed"),
                count => format!("{count} tasks failed, among them `{first}`"),
            };
            let failure = Failure { reason: FailureReason::Inner, message, hint: None, exit_code: None };
            (TaskPhase::Failed, Some(failure))
        } else if self.state.is_cancelling()
            && (phases(TaskPhase::Cancelled).next().is_some() || self.has_unstarted(id))
        {
            let cancelled = self.state.cancelling.as_ref().map(|(why, reason)| called_off(*why, reason));
            (TaskPhase::Cancelled, cancelled)
        } else {
            (TaskPhase::Succeeded, None)
        };
        self.end_key(self.key(id), phase, outcome, error);
    }

    fn has_unstarted(&self, id: NodeId) -> bool {
        match &self.state.nodes[id].children {
            Children::Loop { count, started, .. } => started.len() < *count as usize,
            Children::None | Children::Dag { .. } => false,
        }
    }

    pub(super) fn finish_run(&mut self, root: NodeId) {
        let node = &self.state.nodes[root];
        let (phase, error) = match (node.phase, &self.state.cancelling) {
            (TaskPhase::Cancelled, Some((why, reason))) => (phase_of(*why), Some(called_off(*why, reason))),
            (TaskPhase::Failed, Some((why, reason))) => (phase_of(*why), Some(called_off(*why, reason))),
            (TaskPhase::Failed | TaskPhase::Cancelled, None) => (RunPhase::Failed, node.error.clone()),
            _ => (RunPhase::Succeeded, None),
        };
        let outcome = Box::new((*node.outcome).clone());
        self.emit(Event::RunEnded { at: self.now, phase, outcome, error });
    }
}
