//! What follows from an input: new facts, applied as they are found.
//!
//! One input may set off a cascade (an attempt ends, its task ends, five tasks fire); the cascade is a work
//! list, so nothing recurses and each step costs what it changes.

mod attempt;
mod cancel;
mod finish;
mod iteration;
mod locks;
mod retry;
mod room;
mod suspend;
mod trigger;
mod watch;

use std::collections::VecDeque;

use pipewright_plan::{Dialect, Plan};

use crate::event::{Doom, Event, FailureReason};
use crate::id::{TaskKey, Timestamp};
use crate::input::{Input, Observed};
use crate::state::{NodeId, RunState, Timer};

/// Something whose turn has come.
#[derive(Debug, Clone, Copy)]
enum Work {
    /// A task of a dag has no upstream left to wait for.
    Consider { dag: NodeId, task: usize },
    /// A task that watches another may fire.
    Look { dag: NodeId, task: usize },
    /// A task fired.
    Begin(NodeId),
    /// A node ended.
    Ended(NodeId),
    /// A loop may start iterations, or is done.
    Pump(NodeId),
}

/// Turns an input into events and advances the state by them.
///
/// The returned events are exactly what changed `state`; a caller that cannot record them drops the state.
/// Late, repeated and unknown inputs yield nothing.
pub fn decide(plan: &Plan, state: &mut RunState, input: &Input, now: Timestamp) -> Vec<Event> {
    let mut decision = Decision { plan, state, now, events: Vec::new(), work: VecDeque::new() };
    match input {
        Input::Retry { retry } => decision.retry(retry),
        _ if decision.state.is_over() => return Vec::new(),
        _ => decision.take(input),
    }
    decision.settle();
    decision.events
}

struct Decision<'a> {
    plan: &'a Plan,
    state: &'a mut RunState,
    now: Timestamp,
    events: Vec<Event>,
    work: VecDeque<Work>,
}

impl Decision<'_> {
    fn take(&mut self, input: &Input) {
        if self.state.submit.is_none() && !matches!(input, Input::Submit { .. } | Input::Terminate) {
            return;
        }
        match input {
            Input::Submit { submit } => {
                if self.state.submit.is_none() {
                    self.emit(Event::RunSubmitted { at: self.now, submit: submit.clone() });
                    self.start_root();
                }
            }
            Input::Terminate => self.cancel(Doom::Cancelled, "cancelled by request"),
            Input::Abandon { reason } => self.cancel(Doom::Abandoned, reason),
            Input::Retry { .. } => {}
            Input::Resume { resume } => self.release(resume),
            Input::Observed { observation } => {
                if observation.attempt.run != self.state.run {
                    return;
                }
                let Some(id) = self.state.node(&observation.attempt.task) else { return };
                let number = observation.attempt.number;
                if self.state.nodes[id].current_attempt() != Some(number) {
                    return;
                }
                match &observation.observed {
                    Observed::Preparing { note } => self.attempt_preparing(id, number, note),
                    Observed::Started { place, image } => {
                        self.attempt_started((id, number), place, image.as_deref(), observation.at);
                    }
                    Observed::Ended { end } => self.attempt_ended(id, number, end, observation.at),
                }
            }
            Input::Cache { answer } => {
                let id = self.state.node(&answer.task);
                if let Some(id) =
                    id.filter(|id| self.state.lookups.contains(id) && answer.round == self.state.round)
                {
                    self.cache_answered(id, answer);
                }
            }
            Input::Import { answer } => {
                let id = self.state.node(&answer.task);
                if let Some(id) =
                    id.filter(|id| self.state.imports.contains(id) && answer.round == self.state.round)
                {
                    self.imported(id, answer);
                }
            }
            Input::Lock { answer } => {
                let id = self.state.node(&answer.task);
                if let Some(id) =
                    id.filter(|id| self.state.locking.contains(id) && answer.round == self.state.round)
                {
                    self.locks_answered(id, answer);
                }
            }
            Input::Tick => self.tick(),
        }
    }

    /// Works until nothing follows any more.
    fn settle(&mut self) {
        while let Some(work) = self.work.pop_front() {
            match work {
                Work::Consider { dag, task } => self.consider(dag, task),
                Work::Look { dag, task } => self.look(dag, task),
                Work::Begin(id) => self.begin(id),
                Work::Ended(id) => self.ended(id),
                Work::Pump(id) => self.pump(id),
            }
        }
    }

    fn tick(&mut self) {
        while let Some((at, timer)) = self.state.timers.first().copied() {
            if at > self.now {
                return;
            }
            self.state.timers.remove(&(at, timer));
            match timer {
                Timer::RunDeadline => self.cancel(Doom::TimedOut, "the run took longer than its limit"),
                Timer::Retry(id) => self.plan_attempt(id),
                Timer::Deadline(id) => self.doom(id, Doom::TimedOut),
                Timer::Wait(id) => self.wait_is_over(id),
            }
        }
    }

    fn emit(&mut self, event: Event) {
        self.state.apply(self.plan, &event);
        // Only workflows have hooks; nobody else pays for looking.
        let changed = watch::moved(&event).filter(|_| self.plan.dialect == Dialect::V1).cloned();
        self.events.push(event);
        if let Some(task) = changed {
            self.notice(&task);
        }
    }

    fn key(&self, id: NodeId) -> TaskKey {
        self.state.nodes[id].key.clone()
    }
}

/// Tells whether another attempt may bring another end.
fn is_retryable(reason: FailureReason) -> bool {
    match reason {
        FailureReason::ExitCode
        | FailureReason::Signal
        | FailureReason::OutOfMemory
        | FailureReason::Output
        | FailureReason::NotStarted
        | FailureReason::Lost
        | FailureReason::TimedOut => true,
        FailureReason::Refused
        | FailureReason::Cancelled
        | FailureReason::Resolve
        | FailureReason::Inner
        | FailureReason::Declined => false,
    }
}
