//! What the node around several attempts says of them: why there is no other one, or for how long it waits.
//!
//! Source: v1 semantics 2.6.

use std::time::Duration;

use pipewright_plan::{Retry, RetryOn};
use pipewright_store::engine::{AttemptView, TaskPhase, TaskView, Timestamp};

use super::node::{Node, Phase, is_error};

/// Gives the node its message, and while it waits its phase.
pub(super) fn settle(node: &mut Node, retry: &Retry, view: &TaskView) {
    let Some(last) = view.attempts.last().filter(|last| last.failure.is_some()) else { return };
    match view.phase {
        TaskPhase::Failed => {
            if let Some(why) = why_no_more(retry, view, last) {
                why.clone_into(&mut node.message);
            }
        }
        TaskPhase::Pending => {
            node.phase = Phase::Running;
            let pause = pause_after(retry, view.attempts.len());
            if !pause.is_zero() {
                node.message = format!("Backoff for {}", in_words(pause));
            }
        }
        _ => {}
    }
}

/// Says why nothing is tried again after the last attempt; nothing when its own message says it all.
fn why_no_more(retry: &Retry, view: &TaskView, last: &AttemptView) -> Option<&'static str> {
    let began = |attempt: &AttemptView| attempt.started_at.unwrap_or(attempt.created_at);
    let limit = retry.within.zip(view.attempts.first()).map(|(within, first)| after(began(first), within));
    if let (Some(limit), Some(ended)) = (limit, last.ended_at) {
        if ended > limit {
            return Some("Max duration limit exceeded");
        }
        if after(ended, pause_after(retry, view.attempts.len())) > limit {
            return Some("Backoff would exceed max duration limit");
        }
    }
    let is_error = last.failure.as_ref().is_some_and(is_error);
    let is_worth = match retry.on {
        RetryOn::Any => true,
        RetryOn::Failure => !is_error,
        RetryOn::Error => is_error,
    };
    if !is_worth {
        return None;
    }
    if retry.limit(&view.inputs.parameters).is_ok_and(|limit| view.attempts.len() > limit as usize) {
        return Some("No more retries left");
    }
    retry.condition.as_ref().map(|_| "retryStrategy.expression evaluated to false")
}

fn after(at: Timestamp, pause: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add(i64::try_from(pause.as_micros()).unwrap_or(i64::MAX)))
}

/// Returns the pause after so many attempts.
fn pause_after(retry: &Retry, attempts: usize) -> Duration {
    let exponent = i32::try_from(attempts.saturating_sub(1)).unwrap_or(i32::MAX);
    let seconds = retry.backoff.as_secs_f64() * retry.factor.powi(exponent);
    let pause = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    retry.max_backoff.map_or(pause, |longest| pause.min(longest))
}

/// Writes a duration by its two largest units.
fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} seconds"),
        (0, 0, _) => format!("{minutes} minutes {} seconds", seconds % 60),
        (0, _, _) => format!("{hours} hours {} minutes", minutes % 60),
        _ => format!("{days} days {} hours", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;
    use std::time::Duration;

    #[test]
    fn durations_have_two_units() {
        for (seconds, expected) in [
            (2, "2 seconds"),
            (60, "1 minutes 0 seconds"),
            (150, "2 minutes 30 seconds"),
            (7_260, "2 hours 1 minutes"),
            (180_000, "2 days 2 hours"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), expected);
        }
    }
}
