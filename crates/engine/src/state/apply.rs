//! Taking one event into the state. Total: every event ever written is understood, on any state.

use std::sync::Arc;

use pipewright_plan::{ComponentKind, Plan, TriggerStrategy};

use super::node::{Children, Layout, Node, NodeId, UNBORN};
use super::{RunState, Timer, dag_at, has_attempts, task_of};
use crate::event::{AttemptEnd, Event, FailureReason, Resolved, SkipReason};
use crate::id::{TaskKey, Timestamp};
use crate::view::{AttemptView, RunPhase, Suspension, TaskKind, TaskPhase};

impl RunState {
    /// Takes one recorded fact into the state.
    pub fn apply(&mut self, plan: &Plan, event: &Event) {
        match event {
            Event::RunSubmitted { at, submit } => {
                self.submit = Some(Arc::new((**submit).clone()));
                self.view.started_at = Some(*at);
                self.set_phase(*at, RunPhase::Pending);
                self.set_phase(*at, RunPhase::Running);
                if let Some(limit) = plan.platform.timeout {
                    self.timers.insert((at.after(limit), Timer::RunDeadline));
                }
            }
            Event::CancelRequested { at, why, reason } => {
                self.cancelling = Some((*why, reason.clone()));
                self.withdraw_wishes();
                self.timers.retain(|(_, timer)| *timer != Timer::RunDeadline);
                self.set_phase(*at, RunPhase::Cancelling);
            }
            Event::RunEnded { at, phase, outcome, error } => {
                self.view.ended_at = Some(*at);
                self.view.outcome = (**outcome).clone();
                self.view.error.clone_from(error);
                self.set_phase(*at, *phase);
                self.timers.clear();
            }
            Event::RunRetried { at, requested_at, dropped, reopened } => {
                self.retry(plan, (*requested_at, *at), dropped, reopened);
            }
            Event::TaskResumed { task, .. } => self.resume(task),
            Event::TaskStarted { task, at, .. }
            | Event::TaskExpanded { task, at, .. }
            | Event::TaskSkipped { task, at, .. }
            | Event::CacheMissed { task, at, .. }
            | Event::CacheHit { task, at, .. }
            | Event::AttemptPlanned { task, at, .. }
            | Event::AttemptPreparing { task, at, .. }
            | Event::AttemptStarted { task, at, .. }
            | Event::AttemptDoomed { task, at, .. }
            | Event::AttemptEnded { task, at, .. }
            | Event::RetryScheduled { task, at, .. }
            | Event::Imported { task, at, .. }
            | Event::TaskSuspended { task, at, .. }
            | Event::TaskReleased { task, at, .. }
            | Event::LocksWanted { task, at, .. }
            | Event::LocksAwaited { task, at, .. }
            | Event::LocksAcquired { task, at, .. }
            | Event::TaskEnded { task, at, .. } => {
                if let Some(id) = self.ensure(plan, task, *at) {
                    self.apply_to_task(plan, id, *at, event);
                }
            }
        }
    }

    fn apply_to_task(&mut self, plan: &Plan, id: NodeId, at: Timestamp, event: &Event) {
        match event {
            Event::TaskStarted { inputs, .. } => self.start(plan, id, at, inputs),
            Event::TaskExpanded { count, items, .. } => {
                let items = Arc::new(items.clone());
                self.nodes[id].children = Children::loop_of(items, *count);
            }
            Event::TaskSkipped { reason, .. } => {
                let phase = match reason {
                    SkipReason::Condition | SkipReason::NoItems => TaskPhase::Skipped,
                    SkipReason::Upstream { .. } => TaskPhase::Omitted,
                    SkipReason::Cancelled | SkipReason::Stopped => TaskPhase::Cancelled,
                };
                self.end(id, at, phase);
            }
            Event::CacheMissed { fingerprint, .. } => {
                self.lookups.remove(&id);
                self.nodes[id].fingerprint = Some(fingerprint.clone());
            }
            Event::CacheHit { fingerprint, source, .. } => {
                self.lookups.remove(&id);
                self.nodes[id].fingerprint = Some(fingerprint.clone());
                self.nodes[id].cached_from = Some(source.clone());
                self.nodes[id].started_at = Some(at);
            }
            Event::AttemptPlanned { number, .. } => self.plan_attempt(id, at, *number),
            Event::AttemptPreparing { number, note, .. } => {
                if let Some(attempt) = self.attempt(id, *number) {
                    attempt.note = Some(note.clone());
                    attempt.preparing_at.get_or_insert(at);
                }
            }
            Event::AttemptStarted { number, place, fingerprint, .. } => {
                if let Some(fingerprint) = fingerprint {
                    self.nodes[id].fingerprint = Some(Arc::clone(fingerprint));
                }
                if let Some(attempt) = self.attempt(id, *number) {
                    attempt.started_at = Some(at);
                    attempt.place = Some(place.clone());
                    attempt.note = None;
                    attempt.phase = TaskPhase::Running;
                    self.nodes[id].phase = TaskPhase::Running;
                    self.nodes[id].started_at.get_or_insert(at);
                    let limit = task_of(plan, &self.nodes[id]).and_then(|task| task.timeout);
                    // What is to be killed anyway needs no deadline.
                    if let Some(limit) = limit.filter(|_| self.nodes[id].doomed.is_none()) {
                        self.set_timer(id, Timer::Deadline(id), at.after(limit));
                    }
                }
            }
            Event::AttemptDoomed { why, .. } => {
                self.clear_timer(id);
                self.nodes[id].doomed = Some(*why);
            }
            Event::AttemptEnded { number, end, .. } => self.end_attempt(id, at, *number, end),
            Event::RetryScheduled { next, .. } => {
                self.nodes[id].phase = TaskPhase::Pending;
                self.set_timer(id, Timer::Retry(id), *next);
            }
            Event::Imported { .. } => {
                self.imports.remove(&id);
            }
            Event::TaskSuspended { until, .. } => {
                self.nodes[id].phase = TaskPhase::Running;
                self.nodes[id].suspension = Some(Box::new(Suspension { until: *until, released: None }));
                self.suspended.insert(id);
                if let Some(until) = until {
                    self.set_timer(id, Timer::Wait(id), *until);
                }
            }
            Event::TaskReleased { released, .. } => {
                let suspension = self.nodes[id].suspension.get_or_insert_default();
                suspension.released = Some((**released).clone());
            }
            Event::LocksWanted { locks, .. } => self.want_locks(id, at, locks),
            Event::LocksAwaited { lock, message, .. } => self.await_locks(id, lock, message),
            Event::LocksAcquired { .. } => {
                self.acquire_locks(id, at);
                // One that a retry reopened has begun before.
                if matches!(self.nodes[id].children, Children::None) {
                    self.open(plan, id, at);
                }
            }
            Event::TaskEnded { phase, outcome, error, .. } => {
                self.nodes[id].outcome = Arc::new((**outcome).clone());
                self.nodes[id].error.clone_from(error);
                self.end(id, at, *phase);
            }
            Event::RunSubmitted { .. }
            | Event::CancelRequested { .. }
            | Event::RunEnded { .. }
            | Event::RunRetried { .. }
            | Event::TaskResumed { .. } => {}
        }
    }

    fn start(&mut self, plan: &Plan, id: NodeId, at: Timestamp, inputs: &Arc<Resolved>) {
        // A task that takes just what its dag was given shares it: loops have many of these.
        let around = self.nodes[id].parent.map(|parent| &self.nodes[parent].inputs);
        self.nodes[id].inputs = match around {
            Some(around) if around == inputs => Arc::clone(around),
            _ => Arc::clone(inputs),
        };
        self.nodes[id].fired = true;
        let in_cleanup = self.nodes[id].parent.is_some_and(|parent| self.nodes[parent].cleanup);
        let is_exit =
            task_of(plan, &self.nodes[id]).is_some_and(|task| task.trigger.strategy == TriggerStrategy::Exit);
        self.nodes[id].cleanup = in_cleanup || is_exit;
        if !self.lacks_locks(plan, id) {
            self.open(plan, id, at);
        }
    }

    /// A task that has what it needs begins.
    fn open(&mut self, plan: &Plan, id: NodeId, at: Timestamp) {
        if self.nodes[id].kind == TaskKind::Loop || !has_attempts(plan, self.nodes[id].component) {
            self.nodes[id].started_at = Some(at);
        }
        if self.nodes[id].kind == TaskKind::Loop {
            self.nodes[id].phase = TaskPhase::Running;
            return;
        }
        let component = self.nodes[id].component;
        let Some((_, body)) = plan.components.get_index(component) else { return };
        match &body.kind {
            ComponentKind::Dag(dag) => {
                let layout = self.layouts.entry(component).or_insert_with(|| Arc::new(Layout::of(dag)));
                let tasks = vec![UNBORN; layout.upstream.len()];
                let waiting = layout.upstream.clone();
                self.nodes[id].phase = TaskPhase::Running;
                self.nodes[id].children = Children::Dag { open: tasks.len(), tasks, waiting };
            }
            ComponentKind::Container(_) => {
                let disabled = self.submit.as_ref().is_some_and(|submit| submit.caching_disabled);
                let enabled = task_of(plan, &self.nodes[id]).is_some_and(|task| task.caching.enabled);
                if enabled && !disabled && !self.is_fresh(plan, id) {
                    self.lookups.insert(id);
                }
            }
            ComponentKind::Resource(_) | ComponentKind::Suspend(_) => {}
            ComponentKind::Importer(_) => {
                self.nodes[id].phase = TaskPhase::Running;
                self.imports.insert(id);
            }
        }
    }

    fn plan_attempt(&mut self, id: NodeId, at: Timestamp, number: u32) {
        self.clear_timer(id);
        self.lookups.remove(&id);
        if self.nodes[id].attempts.len() != number as usize {
            return;
        }
        self.nodes[id].doomed = None;
        self.nodes[id].phase = TaskPhase::Pending;
        // Most tasks have one attempt, and there may be very many tasks.
        self.nodes[id].attempts.reserve_exact(1);
        self.nodes[id].attempts.push(AttemptView {
            number,
            phase: TaskPhase::Pending,
            created_at: at,
            preparing_at: None,
            started_at: None,
            ended_at: None,
            place: None,
            note: None,
            failure: None,
            usage: None,
        });
        self.in_flight.insert(id);
    }

    fn attempt(&mut self, id: NodeId, number: u32) -> Option<&mut AttemptView> {
        self.nodes[id].attempts.get_mut(number as usize)
    }

    fn end_attempt(&mut self, id: NodeId, at: Timestamp, number: u32, end: &AttemptEnd) {
        self.clear_timer(id);
        self.in_flight.remove(&id);
        let Some(attempt) = self.attempt(id, number) else { return };
        attempt.ended_at = Some(at);
        attempt.note = None;
        let usage = match end {
            AttemptEnd::Succeeded { usage, .. } => {
                attempt.phase = TaskPhase::Succeeded;
                usage
            }
            AttemptEnd::Failed { failure, usage, .. } => {
                let cancelled = failure.reason == FailureReason::Cancelled;
                attempt.phase = if cancelled { TaskPhase::Cancelled } else { TaskPhase::Failed };
                attempt.failure = Some(failure.clone());
                usage
            }
        };
        attempt.usage = Some(*usage);
        // An end may be seen without its start.
        if attempt.started_at.is_none() && usage.started_at_us > 0 {
            attempt.started_at = Some(Timestamp(usage.started_at_us));
        }
        let started = attempt.started_at;
        self.nodes[id].started_at = self.nodes[id].started_at.or(started);
    }

    /// Gives the node a terminal phase and tells its parent, once.
    fn end(&mut self, id: NodeId, at: Timestamp, phase: TaskPhase) {
        if self.nodes[id].phase.is_terminal() {
            return;
        }
        self.clear_timer(id);
        self.lookups.remove(&id);
        self.imports.remove(&id);
        self.in_flight.remove(&id);
        self.suspended.remove(&id);
        self.locking.remove(&id);
        self.holding.remove(&id);
        self.nodes[id].phase = phase;
        self.nodes[id].ended_at = Some(at);
        let Some(parent) = self.nodes[id].parent else { return };
        if phase == TaskPhase::Failed {
            // Iterations count as tasks of the dag around their loop.
            let is_loop = matches!(self.nodes[parent].children, Children::Loop { .. });
            let dag = if is_loop { self.nodes[parent].parent } else { Some(parent) };
            dag.into_iter().for_each(|dag| self.nodes[dag].has_failed_inside = true);
        }
        let place = self.nodes[id].place;
        match &mut self.nodes[parent].children {
            Children::Dag { waiting, open, .. } => {
                *open = open.saturating_sub(1);
                if let Some((owner, task)) = place
                    && let Some(layout) = self.layouts.get(&owner)
                {
                    for next in layout.downstream.get(task).map(Vec::as_slice).unwrap_or_default() {
                        waiting[*next] = waiting[*next].saturating_sub(1);
                    }
                }
            }
            Children::Loop { open, .. } => *open = open.saturating_sub(1),
            Children::None => {}
        }
    }

    /// Returns the node of that path, made when this is the first that is heard of it.
    fn ensure(&mut self, plan: &Plan, key: &TaskKey, at: Timestamp) -> Option<NodeId> {
        if let Some(id) = self.index.get(key) {
            return Some(*id);
        }
        let id = self.nodes.len();
        let node = match key.parent() {
            None => self.born(key, (None, None), plan.components.get_index_of(&plan.root)?, at),
            Some(parent) => {
                let parent = *self.index.get(&parent)?;
                let owner = self.nodes[parent].component;
                match &mut self.nodes[parent].children {
                    Children::Loop { started, open, again, .. } => {
                        let next = u32::try_from(started.len()).ok()?;
                        let index = key.index().filter(|index| again.remove(index)).unwrap_or(next);
                        match started.get_mut(index as usize) {
                            Some(place) => *place = id,
                            None => started.push(id),
                        }
                        *open += 1;
                        let (place, component) = (self.nodes[parent].place, self.nodes[parent].component);
                        let mut node = self.born(key, (Some(parent), place), component, at);
                        node.iteration = Some(index);
                        node.kind = TaskKind::Iteration;
                        node
                    }
                    Children::Dag { tasks, .. } => {
                        let (task, _, body) = dag_at(plan, owner)?.tasks.get_full(key.name())?;
                        let component = plan.components.get_index_of(&body.component)?;
                        tasks[task] = id;
                        let mut node = self.born(key, (Some(parent), Some((owner, task))), component, at);
                        node.kind =
                            if body.iterator.is_some() { TaskKind::Loop } else { kind_of(plan, component) };
                        node
                    }
                    Children::None => return None,
                }
            }
        };
        let mut node = node;
        if let Some(former) = self.former.remove(key) {
            node.earlier = u32::try_from(former.len()).unwrap_or(u32::MAX);
            node.attempts = former;
        }
        self.nodes.push(node);
        self.index.insert(key.clone(), id);
        Some(id)
    }

    fn born(
        &self,
        key: &TaskKey,
        (parent, place): (Option<NodeId>, Option<(usize, usize)>),
        component: usize,
        at: Timestamp,
    ) -> Node {
        Node {
            key: key.clone(),
            parent,
            place,
            component,
            kind: TaskKind::Dag,
            iteration: None,
            phase: TaskPhase::Pending,
            fired: false,
            cleanup: false,
            has_failed_inside: false,
            created_at: at,
            started_at: None,
            ended_at: None,
            inputs: Arc::default(),
            outcome: Arc::default(),
            error: None,
            fingerprint: None,
            cached_from: None,
            attempts: Vec::new(),
            earlier: 0,
            suspension: None,
            locks: None,
            resting: false,
            doomed: None,
            timer: None,
            children: Children::None,
        }
    }

    fn set_timer(&mut self, id: NodeId, timer: Timer, at: Timestamp) {
        self.clear_timer(id);
        self.nodes[id].timer = Some(at);
        self.timers.insert((at, timer));
    }

    fn clear_timer(&mut self, id: NodeId) {
        if let Some(at) = self.nodes[id].timer.take() {
            self.timers.remove(&(at, Timer::Retry(id)));
            self.timers.remove(&(at, Timer::Deadline(id)));
            self.timers.remove(&(at, Timer::Wait(id)));
        }
    }
}

fn kind_of(plan: &Plan, component: usize) -> TaskKind {
    match plan.components.get_index(component).map(|(_, component)| &component.kind) {
        Some(ComponentKind::Container(_)) => TaskKind::Container,
        Some(ComponentKind::Importer(_)) => TaskKind::Importer,
        Some(ComponentKind::Resource(_)) => TaskKind::Resource,
        Some(ComponentKind::Suspend(_)) => TaskKind::Suspend,
        Some(ComponentKind::Dag(_)) | None => TaskKind::Dag,
    }
}
