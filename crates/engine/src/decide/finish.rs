//! Ends of dags, loops and the run, from the ends of what is inside.

use pipewright_plan::{Dag, Outcome};

use super::Decision;
use super::cancel::{called_off, phase_of};
use crate::driver::{collect, computed, dag_outcome};
use crate::event::{Event, Failure, FailureReason};
use crate::state::{Children, Node, NodeId, UNBORN, dag_at};
use crate::view::{RunPhase, TaskPhase};

impl Decision<'_> {
    pub(super) fn finish_dag(&mut self, id: NodeId) {
        let node = &self.state.nodes[id];
        if node.phase.is_terminal() {
            return;
        }
        let Children::Dag { tasks, .. } = &node.children else { return };
        let ended: Vec<NodeId> = tasks.iter().copied().filter(|child| *child != UNBORN).collect();
        let (outcome, ended) = match dag_at(self.plan, node.component) {
            Some(dag) => (dag_outcome(self.state, dag, id), self.deciding(dag, id, ended)),
            None => (Outcome::default(), ended),
        };
        self.finish_group(id, &ended, outcome);
    }

    /// Lists the tasks whose ends decide how the dag ends: all, or those that it names and, for one that was
    /// omitted, what it was omitted for.
    fn deciding(&self, dag: &Dag, id: NodeId, all: Vec<NodeId>) -> Vec<NodeId> {
        let Some(names) = &dag.deciding else { return all };
        let mut deciding = Vec::new();
        let mut waiting: Vec<usize> =
            names.iter().rev().filter_map(|name| dag.tasks.get_index_of(name)).collect();
        let mut seen = std::collections::BTreeSet::new();
        let Children::Dag { tasks, .. } = &self.state.nodes[id].children else { return all };
        while let Some(index) = waiting.pop() {
            let node = tasks.get(index).copied().filter(|node| *node != UNBORN && seen.insert(index));
            let Some(node) = node else { continue };
            match self.state.nodes[node].phase {
                TaskPhase::Omitted => {
                    let upstream = dag.tasks[index].upstream.iter();
                    waiting.extend(upstream.filter_map(|name| dag.tasks.get_index_of(name)));
                }
                _ => deciding.push(node),
            }
        }
        deciding
    }

    pub(super) fn finish_loop(&mut self, id: NodeId) {
        let node = &self.state.nodes[id];
        let Children::Loop { started, .. } = &node.children else { return };
        let started: Vec<NodeId> = started.iter().copied().filter(|id| *id != UNBORN).collect();
        let outcome = collect(self.plan, self.state, node.component, &started);
        self.finish_group(id, &started, outcome);
    }

    /// A group failed when anything inside failed, was cancelled when anything was, and succeeded otherwise.
    fn finish_group(&mut self, id: NodeId, inside: &[NodeId], mut outcome: Outcome) {
        let phases = |wanted: TaskPhase| {
            inside.iter().map(|child| &self.state.nodes[*child]).filter(move |child| child.phase == wanted)
        };
        let mut failed = phases(TaskPhase::Failed);
        let is_stopped = self.state.nodes[id].parent.is_some_and(|dag| self.is_stopped(dag));
        let is_called_off = self.state.is_called_off(id) || (is_stopped && self.has_unstarted(id));
        let (phase, error) = if let Some(first) = failed.next() {
            (TaskPhase::Failed, Some(inner_failure(first, failed.count())))
        } else if is_called_off
            && (self.state.nodes[id].parent.is_none()
                || phases(TaskPhase::Cancelled).next().is_some()
                || self.has_unstarted(id))
        {
            let cancelled = self.state.cancelling.as_ref().map(|(why, reason)| called_off(*why, reason));
            (TaskPhase::Cancelled, cancelled)
        } else {
            match computed(self.plan, self.state, id, &mut outcome) {
                Ok(()) => (TaskPhase::Succeeded, None),
                Err(failure) => (TaskPhase::Failed, Some(failure)),
            }
        };
        self.end_key(self.key(id), phase, outcome, error);
    }

    fn has_unstarted(&self, id: NodeId) -> bool {
        match &self.state.nodes[id].children {
            Children::Loop { count, started, again, .. } => {
                started.len() < *count as usize || !again.is_empty()
            }
            Children::None | Children::Dag { .. } => false,
        }
    }

    pub(super) fn finish_run(&mut self, root: NodeId) {
        let node = &self.state.nodes[root];
        let (phase, error) = match (node.phase, &self.state.cancelling) {
            (_, Some((why, reason))) => (phase_of(*why), Some(called_off(*why, reason))),
            (TaskPhase::Succeeded, None) => (RunPhase::Succeeded, None),
            (_, None) => (RunPhase::Failed, node.error.clone()),
        };
        let outcome = Box::new((*node.outcome).clone());
        self.emit(Event::RunEnded { at: self.now, phase, outcome, error });
    }
}

/// Names the task at the bottom of a group's failure, with its own words.
fn inner_failure(first: &Node, others: usize) -> Failure {
    let (mut message, exit_code) = match &first.error {
        Some(error) if error.reason == FailureReason::Inner => (error.message.clone(), error.exit_code),
        Some(error) => (format!("task `{}` failed: {}", first.key, error.message), error.exit_code),
        None => (format!("task `{}` failed", first.key), None),
    };
    if others > 0 && first.error.as_ref().is_none_or(|error| error.reason != FailureReason::Inner) {
        message = format!("{message} (and {others} more beside it)");
    }
    let hint = first.error.as_ref().and_then(|error| error.hint.clone());
    Failure { reason: FailureReason::Inner, message, hint, exit_code }
}
