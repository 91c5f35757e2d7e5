//! A finished run goes on: what failed or was stopped is dropped with everything that depends on it, the dags and
//! loops around it are reopened, and everything else stays as it is.
//!
//! Source: KFP API reference 1.5: the same run, its succeeded and skipped tasks kept, its exit handlers run again.

use std::collections::BTreeSet;

use super::{Decision, Work};
use crate::event::Event;
use crate::id::TaskKey;
use crate::input::Retry;
use crate::state::{Children, NodeId, RunState, UNBORN};
use crate::view::{RunPhase, TaskPhase};

/// What is done anew of a part of the run.
#[derive(Debug, Default)]
struct Redo {
    dropped: Vec<TaskKey>,
    reopened: Vec<TaskKey>,
}

#[derive(Debug)]
enum Verdict {
    Keep,
    Drop,
    /// Goes on, with this done anew inside.
    Reopen(Redo),
}

impl Decision<'_> {
    /// Opens a finished run again; a run that is not over, or has nothing to do again, stays as it is.
    pub(super) fn retry(&mut self, retry: &Retry) {
        let phase = self.state.run_view().phase;
        let has_failed = matches!(phase, RunPhase::Failed | RunPhase::Cancelled);
        let may_go_on = has_failed || (self.state.is_over() && !retry.from.is_empty());
        let Some(root) = self.state.node(&TaskKey::root()).filter(|_| may_go_on) else { return };
        let redo = Judge::new(self.state, &retry.from).of_run(root);
        if redo.is_empty() {
            return;
        }
        let Redo { dropped, reopened } = redo;
        let requested_at = retry.requested_at;
        self.emit(Event::RunRetried { at: self.now, requested_at, dropped, reopened });
        match self.state.node(&TaskKey::root()) {
            Some(root) => self.resume(root),
            None => self.start_root(),
        }
    }

    /// Gives a reopened group its turn: what it has to do again fires.
    pub(super) fn resume(&mut self, id: NodeId) {
        self.emit(Event::TaskResumed { task: self.key(id), at: self.now });
        // One that is called off comes to its end without its locks.
        if self.state.is_called_off(id) || !self.lacks_locks(id) {
            self.go_on(id);
        }
    }

    /// Goes on with what a reopened group has to do again.
    pub(super) fn go_on(&mut self, id: NodeId) {
        match &self.state.nodes[id].children {
            Children::Dag { tasks, waiting, open } => {
                let has_turn = |(task, node): (usize, &NodeId)| {
                    let is_due = *node == UNBORN || self.state.nodes[*node].resting;
                    (is_due && waiting[task] == 0).then_some(Work::Consider { dag: id, task })
                };
                self.work.extend(tasks.iter().enumerate().filter_map(has_turn));
                if *open == 0 {
                    self.finish_dag(id);
                }
            }
            Children::Loop { .. } => self.work.push_back(Work::Pump(id)),
            Children::None => {}
        }
    }
}

impl Redo {
    fn is_empty(&self) -> bool {
        self.dropped.is_empty() && self.reopened.is_empty()
    }

    fn add(&mut self, key: &TaskKey, verdict: Verdict) {
        match verdict {
            Verdict::Keep => {}
            Verdict::Drop => self.dropped.push(key.clone()),
            Verdict::Reopen(inside) => {
                self.reopened.push(key.clone());
                self.reopened.extend(inside.reopened);
                self.dropped.extend(inside.dropped);
            }
        }
    }
}

/// Finds out what is done anew.
struct Judge<'a> {
    state: &'a RunState,
    chosen: BTreeSet<TaskKey>,
    /// Everything that holds something chosen.
    around: BTreeSet<TaskKey>,
}

impl<'a> Judge<'a> {
    fn new(state: &'a RunState, from: &[TaskKey]) -> Self {
        let chosen: BTreeSet<TaskKey> =
            from.iter().filter(|key| state.node(key).is_some()).cloned().collect();
        let mut around = BTreeSet::new();
        for key in &chosen {
            let mut next = key.parent();
            while let Some(parent) = next {
                next = parent.parent();
                around.insert(parent);
            }
        }
        Self { state, chosen, around }
    }

    /// The root goes on whatever there is to do, unless it never fired.
    fn of_run(&self, root: NodeId) -> Redo {
        let node = &self.state.nodes[root];
        let verdict = match self.verdict(root) {
            Verdict::Drop if node.fired && !self.chosen.contains(&node.key) => {
                Verdict::Reopen(Redo::default())
            }
            verdict => verdict,
        };
        let mut redo = Redo::default();
        redo.add(&node.key, verdict);
        redo
    }

    fn verdict(&self, id: NodeId) -> Verdict {
        let node = &self.state.nodes[id];
        let is_bad = matches!(node.phase, TaskPhase::Failed | TaskPhase::Cancelled);
        if self.chosen.contains(&node.key) {
            return Verdict::Drop;
        }
        if !is_bad && !self.around.contains(&node.key) {
            return Verdict::Keep;
        }
        let (inside, is_unfinished) = match &node.children {
            Children::None => (Redo::default(), false),
            Children::Dag { tasks, .. } => (self.inside_dag(id, tasks), false),
            Children::Loop { started, count, .. } => {
                (self.inside_loop(started), is_bad && started.len() < *count as usize)
            }
        };
        if !inside.is_empty() || is_unfinished {
            Verdict::Reopen(inside)
        } else if is_bad {
            Verdict::Drop
        } else {
            Verdict::Keep
        }
    }

    fn inside_loop(&self, started: &[NodeId]) -> Redo {
        let mut redo = Redo::default();
        for id in started.iter().filter(|id| **id != UNBORN) {
            redo.add(&self.state.nodes[*id].key, self.verdict(*id));
        }
        redo
    }

    /// What depends on something that is done anew is done anew itself.
    fn inside_dag(&self, dag: NodeId, tasks: &[NodeId]) -> Redo {
        let mut verdicts: Vec<Verdict> = Vec::with_capacity(tasks.len());
        let mut changed = Vec::new();
        for (task, id) in tasks.iter().enumerate() {
            let verdict = if *id == UNBORN { Verdict::Keep } else { self.verdict(*id) };
            if !matches!(verdict, Verdict::Keep) {
                changed.push(task);
            }
            verdicts.push(verdict);
        }
        let layout = self.state.layouts.get(&self.state.nodes[dag].component);
        while let Some(task) = changed.pop() {
            let downstream = layout.and_then(|layout| layout.downstream.get(task));
            for &next in downstream.map(Vec::as_slice).unwrap_or_default() {
                if tasks[next] != UNBORN && !matches!(verdicts[next], Verdict::Drop) {
                    verdicts[next] = Verdict::Drop;
                    changed.push(next);
                }
            }
        }
        let mut redo = Redo::default();
        for (id, verdict) in tasks.iter().zip(verdicts).filter(|(id, _)| **id != UNBORN) {
            redo.add(&self.state.nodes[*id].key, verdict);
        }
        redo
    }
}
