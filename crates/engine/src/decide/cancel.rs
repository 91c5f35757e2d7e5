//! Stopping a run: what runs is doomed, what waits is called off. Clean-up still happens, and goes on when it
//! runs already: the field's exit handlers are not stopped by a cancel or a deadline of the run.

use pipewright_plan::Outcome;

use super::Decision;
use crate::event::{Doom, Event, Failure, FailureReason};
use crate::id::TaskKey;
use crate::state::{NodeId, Timer};
use crate::view::{RunPhase, TaskPhase};

impl Decision<'_> {
    pub(super) fn cancel(&mut self, why: Doom, reason: &str) {
        if self.state.is_cancelling() {
            return;
        }
        let reopened = self.state.reopened_waiters();
        self.emit(Event::CancelRequested { at: self.now, why, reason: reason.to_owned() });
        if self.state.submit.is_none() || self.state.node(&TaskKey::root()).is_none() {
            let error = Some(called_off(why, reason));
            let (phase, outcome) = (phase_of(why), Box::default());
            return self.emit(Event::RunEnded { at: self.now, phase, outcome, error });
        }
        let called_off_now = |id: &NodeId| self.state.is_called_off(*id);
        let in_flight: Vec<NodeId> = self.state.in_flight.iter().copied().filter(called_off_now).collect();
        for id in in_flight {
            self.doom(id, Doom::Cancelled);
        }
        let retrying = self.state.timers.iter().filter_map(|(_, timer)| match timer {
            Timer::Retry(id) => Some(*id),
            Timer::RunDeadline | Timer::Deadline(_) | Timer::Wait(_) => None,
        });
        let waiting = self.state.lookups.iter().chain(&self.state.imports).chain(&self.state.suspended);
        let waiting = waiting.chain(&self.state.locking);
        let waiting = waiting.copied().chain(retrying);
        let waiting: Vec<NodeId> = waiting.filter(|id| self.state.is_called_off(*id)).collect();
        for id in waiting {
            let failure = called_off(why, reason);
            self.end_key(self.key(id), TaskPhase::Cancelled, Outcome::default(), Some(failure));
        }
        // Those that had begun before come to their end with what they have.
        reopened
            .into_iter()
            .filter(|id| !self.state.locking.contains(id))
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|id| self.go_on(id));
    }
}

/// A run that ran out of time or could not begin failed; one that somebody stopped was cancelled.
pub(super) fn phase_of(why: Doom) -> RunPhase {
    match why {
        Doom::Cancelled => RunPhase::Cancelled,
        Doom::TimedOut | Doom::Abandoned => RunPhase::Failed,
    }
}

pub(super) fn called_off(why: Doom, reason: &str) -> Failure {
    let kind = match why {
        Doom::Cancelled => FailureReason::Cancelled,
        Doom::TimedOut => FailureReason::TimedOut,
        Doom::Abandoned => FailureReason::NotStarted,
    };
    Failure { reason: kind, message: reason.to_owned(), hint: None, exit_code: None }
}
