//! Attempts: planned, observed, ended, tried again; and the cache's and importer's answers.

use std::sync::Arc;
use std::time::Duration;

use pipewright_plan::{Outcome, Retry, RetryOn, Value};

use super::{Decision, is_retryable};
use crate::driver::{
    Asking, fingerprint, import_request, is_error, left_outcome, order, published_outcome, unresolved,
};
use crate::event::{AttemptEnd, Doom, Event, Failure, FailureReason, Fingerprint};
use crate::id::{AttemptId, Timestamp};
use crate::input::{CacheAnswer, ImportAnswer};
use crate::state::{NodeId, importer_at};
use crate::view::TaskPhase;

impl Decision<'_> {
    /// Plans the next attempt; a request that cannot be built fails the task instead.
    pub(super) fn plan_attempt(&mut self, id: NodeId) {
        let node = &self.state.nodes[id];
        if node.phase.is_terminal() || node.current_attempt().is_some() {
            return;
        }
        let number = u32::try_from(node.attempts.len()).unwrap_or(u32::MAX);
        let retry = self.task(id).and_then(|task| task.retry.as_ref());
        if let Some(Err(wrong)) = retry.map(|retry| retry.limit(&node.inputs.parameters)) {
            return self.fail_key(self.key(id), unresolved(wrong));
        }
        if let Err(failure) = order(self.plan, self.state, node, number) {
            return self.fail_key(self.key(id), failure);
        }
        self.emit(Event::AttemptPlanned { task: self.key(id), at: self.now, number });
    }

    pub(super) fn attempt_preparing(&mut self, id: NodeId, number: u32, note: &str) {
        let attempt = &self.state.nodes[id].attempts[number as usize];
        if attempt.started_at.is_none() && attempt.note.as_deref() != Some(note) {
            let (task, note) = (self.key(id), note.to_owned());
            self.emit(Event::AttemptPreparing { task, at: self.now, number, note });
        }
    }

    pub(super) fn attempt_started(
        &mut self,
        (id, number): (NodeId, u32),
        place: &str,
        image: Option<&str>,
        at: Timestamp,
    ) {
        if self.state.nodes[id].attempts[number as usize].started_at.is_none() {
            let (task, place) = (self.key(id), place.to_owned());
            let fingerprint = image.and_then(|digest| self.fingerprint_in(id, digest)).map(Arc::new);
            self.emit(Event::AttemptStarted { task, at, number, place, fingerprint });
        }
    }

    /// Returns a task's fingerprint in this image, unless that is the one it has: an image that was not here when
    /// an earlier result was looked for is known only now, and a name may have come to stand for another one.
    fn fingerprint_in(&self, id: NodeId, digest: &str) -> Option<Fingerprint> {
        let node = &self.state.nodes[id];
        let known = node.fingerprint.as_ref()?;
        if known.has_image(digest) {
            return None;
        }
        Some(fingerprint(self.plan, self.state, node)?.with_image(digest))
    }

    pub(super) fn attempt_ended(&mut self, id: NodeId, number: u32, end: &AttemptEnd, at: Timestamp) {
        let doomed = self.state.nodes[id].doomed;
        let task = self.key(id);
        let usage = match end {
            AttemptEnd::Succeeded { usage, .. } | AttemptEnd::Failed { usage, .. } => usage,
        };
        // Who watches sees it run, even when its end is the first that is heard of it.
        if usage.started_at_us > 0 && self.is_watched(id) {
            self.attempt_started((id, number), "", None, Timestamp(usage.started_at_us));
        }
        // What the limit stopped was not stopped by anybody.
        let mut end = end.clone();
        if let (Some(Doom::TimedOut), AttemptEnd::Failed { failure, .. }) = (doomed, &mut end) {
            *failure = self.timed_out(id);
        }
        self.emit(Event::AttemptEnded { task: task.clone(), at, number, end: Box::new(end.clone()) });
        let attempt = AttemptId { run: self.state.run.clone(), task: task.clone(), number };
        let component = self.plan.components.get_index(self.state.nodes[id].component);
        let Some((_, component)) = component else { return };
        let (failure, left) = match &end {
            AttemptEnd::Succeeded { published, .. } => {
                match published_outcome(component, &attempt, published) {
                    Ok(outcome) => return self.end_key(task, TaskPhase::Succeeded, outcome, None),
                    Err(failure) => (failure, Outcome::default()),
                }
            }
            AttemptEnd::Failed { failure, published, .. } => {
                let left = published.as_ref().map(|published| left_outcome(component, &attempt, published));
                (failure.clone(), left.unwrap_or_default())
            }
        };
        // One that ended by itself just then has no outputs that anybody wants.
        let failure = if doomed == Some(Doom::TimedOut) { self.timed_out(id) } else { failure };
        self.attempt_failed(id, number, failure, left);
    }

    fn timed_out(&self, id: NodeId) -> Failure {
        let limit = self.task(id).and_then(|task| task.timeout).unwrap_or_default();
        Failure {
            reason: FailureReason::TimedOut,
            message: format!("the attempt took longer than its limit of {} s", limit.as_secs_f64()),
            hint: Some("raise the task's timeout".to_owned()),
            exit_code: None,
        }
    }

    fn attempt_failed(&mut self, id: NodeId, number: u32, failure: Failure, left: Outcome) {
        let task = self.key(id);
        // A retried run gives each task its attempts anew.
        let number = number.saturating_sub(self.state.nodes[id].earlier);
        if self.state.nodes[id].doomed == Some(Doom::Cancelled) {
            return self.end_key(task, TaskPhase::Cancelled, Outcome::default(), Some(failure));
        }
        let retry = self.task(id).and_then(|task| task.retry.as_ref());
        let limit = |retry: &Retry| retry.limit(&self.state.nodes[id].inputs.parameters).unwrap_or(0);
        let is_worth = |retry: &&Retry| number < limit(retry) && is_worth_another(retry.on, failure.reason);
        match retry.filter(is_worth) {
            // It was about to be tried again when the run was called off: its end is the cancel's doing.
            Some(_) if self.state.is_called_off(id) => {
                self.end_key(task, TaskPhase::Cancelled, Outcome::default(), Some(failure));
            }
            Some(retry) if !self.is_wanted(id, number, retry) => {
                self.end_key(task, TaskPhase::Failed, left, Some(failure));
            }
            Some(retry) => {
                let delay = delay_before(retry, number + 1);
                if self.is_too_late(id, retry, delay) {
                    return self.end_key(task, TaskPhase::Failed, left, Some(failure));
                }
                if delay.is_zero() {
                    return self.plan_attempt(id);
                }
                let next = self.now.after(delay);
                self.emit(Event::RetryScheduled { task, at: self.now, next });
            }
            None => self.end_key(task, TaskPhase::Failed, left, Some(failure)),
        }
    }

    /// Tells whether the policy's own condition asks for another attempt after this one.
    fn is_wanted(&self, id: NodeId, number: u32, retry: &Retry) -> bool {
        let Some(condition) = &retry.condition else { return true };
        let node = &self.state.nodes[id];
        let next = AttemptId { run: self.state.run.clone(), task: node.key.clone(), number: number + 1 };
        let values = &node.inputs.parameters;
        let asking =
            Asking { plan: self.plan, state: self.state, key: &node.key, attempt: Some(&next), values };
        asking.compute(condition) == Ok(Value::Bool(true))
    }

    /// Tells whether another attempt would begin after the time that all of them have.
    fn is_too_late(&self, id: NodeId, retry: &Retry, delay: Duration) -> bool {
        let first = self.state.nodes[id].attempts.get(self.state.nodes[id].earlier as usize);
        let first = first.map(|first| first.started_at.unwrap_or(first.created_at));
        let end = retry.within.zip(first).map(|(within, first)| first.after(within));
        end.is_some_and(|end| self.now.after(delay) > end)
    }

    pub(super) fn cache_answered(&mut self, id: NodeId, answer: &CacheAnswer) {
        let task = self.key(id);
        let fingerprint = Arc::new(answer.fingerprint.clone());
        match &answer.hit {
            Some((source, outcome)) => {
                let source = source.clone();
                self.emit(Event::CacheHit { task: task.clone(), at: self.now, fingerprint, source });
                self.end_key(task, TaskPhase::Cached, outcome.clone(), None);
            }
            None => {
                self.emit(Event::CacheMissed { task, at: self.now, fingerprint });
                self.plan_attempt(id);
            }
        }
    }

    pub(super) fn imported(&mut self, id: NodeId, answer: &ImportAnswer) {
        let task = self.key(id);
        let Some(importer) = importer_at(self.plan, self.state.nodes[id].component) else { return };
        if let Some(message) = &answer.error {
            let failure = Failure {
                reason: FailureReason::NotStarted,
                message: message.clone(),
                hint: None,
                exit_code: None,
            };
            return self.fail_key(task, failure);
        }
        let requested = || import_request(self.plan, self.state, &self.state.nodes[id], importer).artifact;
        let artifact = answer.known.clone().unwrap_or_else(requested);
        let reused = answer.known.is_some();
        let outputs = self.plan.components.get_index(self.state.nodes[id].component);
        let names = outputs.map(|(_, component)| component.outputs.artifacts.keys()).into_iter().flatten();
        let mut outcome = Outcome::default();
        for name in names {
            outcome.artifacts.insert(name.clone(), vec![artifact.clone()]);
        }
        let artifact = Box::new(artifact);
        self.emit(Event::Imported { task: task.clone(), at: self.now, artifact, reused });
        self.end_key(task, TaskPhase::Succeeded, outcome, None);
    }

    pub(super) fn doom(&mut self, id: NodeId, why: Doom) {
        let node = &self.state.nodes[id];
        if let Some(number) = node.current_attempt().filter(|_| node.doomed.is_none()) {
            self.emit(Event::AttemptDoomed { task: self.key(id), at: self.now, number, why });
        }
    }
}

/// Tells whether the end of an attempt is one that the policy tries again after.
fn is_worth_another(on: RetryOn, reason: FailureReason) -> bool {
    is_retryable(reason)
        && match on {
            RetryOn::Any => true,
            RetryOn::Failure => !is_error(reason),
            RetryOn::Error => is_error(reason),
        }
}

/// Returns the pause before retry `k`, counted from 1. Source: v2 semantics 1.6.
fn delay_before(retry: &Retry, k: u32) -> Duration {
    let factor = if retry.factor.is_finite() && retry.factor > 0.0 { retry.factor } else { 1.0 };
    let exponent = i32::try_from(k.saturating_sub(1)).unwrap_or(i32::MAX);
    let seconds = retry.backoff.as_secs_f64() * factor.powi(exponent);
    let delay = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    retry.max_backoff.map_or(delay, |longest| delay.min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_its_cap() {
        let retry = Retry {
            max_retries: 9,
            limit_input: None,
            backoff: Duration::from_millis(1500),
            factor: 2.0,
            max_backoff: Some(Duration::from_secs(10)),
            on: RetryOn::Any,
            within: None,
            condition: None,
        };
        let pauses: Vec<u128> = (1..=5).map(|k| delay_before(&retry, k).as_millis()).collect();
        assert_eq!(pauses, [1500, 3000, 6000, 10_000, 10_000]);
        let endless = Retry { max_backoff: None, ..retry };
        assert!(delay_before(&endless, u32::MAX) > Duration::from_secs(1 << 40));
    }
}
