//! When a task fires: strategy first, then inputs, then condition.

use std::sync::Arc;

use pipewright_plan::{ComponentKind, Dialect, Outcome, Plan, Task, TriggerStrategy};

use super::{Decision, Work};
use crate::driver::{
    drop_helpers, fingerprint, is_ready, is_triggered, items_of, resolve, root_inputs, unresolved,
};
use crate::event::{Event, Failure, Resolved, SkipReason};
use crate::id::TaskKey;
use crate::state::{Children, Node, NodeId, dag_at, task_of};
use crate::view::{TaskKind, TaskPhase};

/// Deepest nesting of dags; what goes deeper is a recursion without end.
const DEEPEST: usize = 100;

impl Decision<'_> {
    pub(super) fn start_root(&mut self) {
        let Some(submit) = self.state.submit.clone() else { return };
        let task = TaskKey::root();
        match root_inputs(self.plan, self.state, &submit.arguments) {
            Ok(inputs) => {
                self.emit(Event::TaskStarted { task: task.clone(), at: self.now, inputs: Arc::new(inputs) });
                if let Some(id) = self.state.node(&task) {
                    self.work.push_back(Work::Begin(id));
                }
            }
            Err(failure) => self.fail_key(task, failure),
        }
    }

    /// A task whose upstream has ended fires, is passed over, or fails.
    pub(super) fn consider(&mut self, dag: NodeId, index: usize) {
        if let Some(child) = self.state.child(dag, index) {
            // A loop that goes on takes room by its iterations.
            let is_loop = child.kind == TaskKind::Loop;
            if child.resting && (is_loop || self.state.is_called_off(dag) || self.has_room(dag)) {
                let child = self.state.node(&child.key);
                child.into_iter().for_each(|child| self.resume(child));
            }
            return;
        }
        let plan = self.plan;
        let Some((name, task)) =
            dag_at(plan, self.state.nodes[dag].component).and_then(|dag| dag.tasks.get_index(index))
        else {
            return;
        };
        let key = self.state.nodes[dag].key.child(name);
        if let Some(reason) = self.reason_to_skip(dag, task) {
            return self.skip(key, reason);
        }
        if task.iterator.is_none() && !self.has_room(dag) {
            // Its turn comes again when a sibling ends.
            return;
        }
        let (mut inputs, resolved) = resolve(plan, self.state, dag, (name, task));
        let condition = task.trigger.condition.as_ref();
        let triggered = condition.map(|condition| is_triggered(condition, &inputs));
        match (resolved, triggered) {
            // A v1 task whose condition is false needs none of its other inputs.
            (Err(_), Some(Ok(false))) if plan.dialect == Dialect::V1 => {
                return self.skip(key, SkipReason::Condition);
            }
            (Err(_), None) if is_never_wanted(plan, task, &inputs) => {
                return self.skip(key, SkipReason::NoItems);
            }
            (Err(failure), _) | (Ok(()), Some(Err(failure))) => return self.fail_key(key, failure),
            (Ok(()), Some(Ok(false))) => return self.skip(key, SkipReason::Condition),
            (Ok(()), None | Some(Ok(true))) => {}
        }
        if task.iterator.is_none() {
            drop_helpers(plan, &task.component, &mut inputs);
        }
        let items = match task.iterator.as_ref().map(|iterator| items_of(iterator, &inputs)) {
            None => None,
            Some(Ok((0, _))) if plan.dialect == Dialect::V1 => return self.skip(key, SkipReason::NoItems),
            Some(Ok(items)) => Some(items),
            Some(Err(_)) if is_never_wanted(plan, task, &inputs) => {
                return self.skip(key, SkipReason::NoItems);
            }
            Some(Err(failure)) => return self.fail_key(key, failure),
        };
        let Some((count, items)) = items else { return self.fire(key, inputs) };
        self.emit(Event::TaskStarted { task: key.clone(), at: self.now, inputs: Arc::new(inputs) });
        let Some(id) = self.state.node(&key) else { return };
        self.emit(Event::TaskExpanded { task: key, at: self.now, count, items });
        self.work.push_back(Work::Pump(id));
    }

    /// Has a task that runs once begin.
    pub(super) fn fire(&mut self, key: TaskKey, inputs: Resolved) {
        self.emit(Event::TaskStarted { task: key.clone(), at: self.now, inputs: Arc::new(inputs) });
        if let Some(id) = self.state.node(&key) {
            self.work.push_back(Work::Begin(id));
        }
    }

    fn reason_to_skip(&self, dag: NodeId, task: &Task) -> Option<SkipReason> {
        let owner = dag_at(self.plan, self.state.nodes[dag].component)?;
        if self.is_stopped(dag) && !self.state.is_called_off(dag) {
            return Some(SkipReason::Stopped);
        }
        let upstream = task.upstream.iter().filter_map(|name| {
            let index = owner.tasks.get_index_of(name)?;
            self.state.child(dag, index)
        });
        if let Some(ready) = &task.trigger.ready {
            if self.state.is_called_off(dag) {
                return Some(SkipReason::Cancelled);
            }
            let ends: Vec<&Node> = upstream.collect();
            if is_ready((self.plan, self.state), ready, &ends) {
                return None;
            }
            let first = ends.iter().find(|node| !node.phase.is_success()).or(ends.first())?;
            return Some(SkipReason::Upstream { task: first.key.clone(), phase: first.phase });
        }
        match task.trigger.strategy {
            TriggerStrategy::NoneFailed => {
                if self.state.is_called_off(dag) {
                    return Some(SkipReason::Cancelled);
                }
                let lets_pass = |node: &&Node| node.phase.is_success() || node.phase == TaskPhase::Skipped;
                let failed = upstream.into_iter().find(|node| !lets_pass(node))?;
                Some(SkipReason::Upstream { task: failed.key.clone(), phase: failed.phase })
            }
            TriggerStrategy::AllSucceeded => {
                if self.state.is_called_off(dag) {
                    return Some(SkipReason::Cancelled);
                }
                let failed = upstream.into_iter().find(|node| !node.phase.is_success())?;
                Some(SkipReason::Upstream { task: failed.key.clone(), phase: failed.phase })
            }
            TriggerStrategy::AllCompleted => self.state.is_called_off(dag).then_some(SkipReason::Cancelled),
            // Clean-up runs after a cancel too, for what had begun.
            TriggerStrategy::Exit => {
                let cleans_up = !self.state.is_abandoned() && upstream.into_iter().any(|node| node.fired);
                (self.state.is_called_off(dag) && !cleans_up).then_some(SkipReason::Cancelled)
            }
        }
    }

    /// A fired task begins: a dag looks at its tasks, a leaf asks the cache or is launched.
    pub(super) fn begin(&mut self, id: NodeId) {
        if self.lacks_locks(id) {
            return;
        }
        let plan = self.plan;
        let node = &self.state.nodes[id];
        let Some((_, component)) = plan.components.get_index(node.component) else { return };
        match &component.kind {
            ComponentKind::Dag(_) if node.key.as_str().matches('/').count() > DEEPEST => {
                let message = format!("dags are nested more than {DEEPEST} deep: the recursion has no end");
                self.fail_key(self.key(id), unresolved(message));
            }
            ComponentKind::Dag(_) => {
                let Children::Dag { waiting, .. } = &node.children else { return };
                let free = waiting.iter().enumerate().filter(|(_, count)| **count == 0);
                let free: Vec<usize> = free.map(|(task, _)| task).collect();
                if waiting.is_empty() {
                    self.finish_dag(id);
                }
                self.work.extend(free.into_iter().map(|task| Work::Consider { dag: id, task }));
            }
            ComponentKind::Container(_) => {
                if self.state.lookups.contains(&id) {
                    return;
                }
                // The run asked for no look-ups; what it makes may still serve later runs.
                let cached = self.task(id).is_some_and(|task| task.caching.enabled);
                if let Some(fingerprint) = fingerprint(plan, self.state, node).filter(|_| cached) {
                    let fingerprint = Arc::new(fingerprint);
                    self.emit(Event::CacheMissed { task: self.key(id), at: self.now, fingerprint });
                }
                self.plan_attempt(id);
            }
            // What it does to an object is never known from before.
            ComponentKind::Resource(_) => self.plan_attempt(id),
            ComponentKind::Importer(_) => {}
            ComponentKind::Suspend(wait) => self.suspend(id, (component, wait)),
        }
    }

    pub(super) fn skip(&mut self, task: TaskKey, reason: SkipReason) {
        self.emit(Event::TaskSkipped { task: task.clone(), at: self.now, reason });
        if let Some(id) = self.state.node(&task) {
            self.work.push_back(Work::Ended(id));
        }
    }

    pub(super) fn fail_key(&mut self, task: TaskKey, failure: Failure) {
        self.end_key(task, TaskPhase::Failed, Outcome::default(), Some(failure));
    }

    pub(super) fn end_key(
        &mut self,
        task: TaskKey,
        phase: TaskPhase,
        outcome: Outcome,
        error: Option<Failure>,
    ) {
        let outcome = Box::new(outcome);
        self.emit(Event::TaskEnded { task: task.clone(), at: self.now, phase, outcome, error });
        if let Some(id) = self.state.node(&task) {
            self.work.push_back(Work::Ended(id));
        }
    }

    /// A node ended: its siblings that waited for it alone have their turn, or its parent ends.
    pub(super) fn ended(&mut self, id: NodeId) {
        let node = &self.state.nodes[id];
        let Some(parent) = node.parent else { return self.finish_run(id) };
        if self.state.nodes[parent].kind == TaskKind::Loop
            && matches!(self.state.nodes[parent].children, Children::Loop { .. })
        {
            self.work.push_back(Work::Pump(parent));
            if let Some(dag) = self.state.nodes[parent].parent {
                self.use_room(dag);
            }
            return;
        }
        let Children::Dag { waiting, open, .. } = &self.state.nodes[parent].children else { return };
        if let Some((owner, task)) = node.place
            && let Some(layout) = self.state.layouts.get(&owner)
        {
            let next = layout.downstream.get(task).map(Vec::as_slice).unwrap_or_default();
            for &task in next.iter().filter(|next| waiting[**next] == 0) {
                self.work.push_back(Work::Consider { dag: parent, task });
            }
        }
        if *open == 0 {
            self.finish_dag(parent);
        } else {
            self.use_room(parent);
        }
    }

    /// Returns the task behind a node.
    pub(super) fn task(&self, id: NodeId) -> Option<&Task> {
        task_of(self.plan, &self.state.nodes[id])
    }
}

/// Tells whether a v1 loop's condition is false whatever the item: then nobody minds that it has no items.
fn is_never_wanted(plan: &Plan, task: &Task, inputs: &Resolved) -> bool {
    let condition = task.iterator.as_ref().and_then(|iterator| iterator.each.condition.as_ref());
    plan.dialect == Dialect::V1 && condition.is_some_and(|it| is_triggered(it, inputs) == Ok(false))
}
