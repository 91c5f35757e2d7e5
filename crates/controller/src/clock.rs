//! The one place where the controller reads the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pipewright_engine::Timestamp;

/// Longest sleep before the wall clock is looked at again, so that a clock jump delays nothing for long.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// Tells the time.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The machine's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// Sleeps until `wake_at`, or for ever without one. May return early: the caller looks at the clock again.
pub(crate) async fn sleep_until(clock: &dyn Clock, wake_at: Option<Timestamp>) {
    let Some(wake_at) = wake_at else {
        return std::future::pending().await;
    };
    let left = wake_at.0.saturating_sub(clock.now().0);
    if let Ok(microseconds @ 1..) = u64::try_from(left) {
        tokio::time::sleep(Duration::from_micros(microseconds).min(LONGEST_SLEEP)).await;
    }
}
