//! Slows down who tries passwords: after a few failures an address waits.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures of one address before it waits.
const FAILURES: u32 = 10;
/// How long it waits, from its first failure on.
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses that are remembered at most.
const ADDRESSES: usize = 4096;

/// Failures by address.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    failures: Mutex<HashMap<Option<IpAddr>, (Instant, u32)>>,
}

impl Throttle {
    /// Returns whether this address may try now.
    pub(super) fn may_try(&self, address: Option<IpAddr>, now: Instant) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(&address).is_none_or(|(since, count)| *count < FAILURES || now - *since >= WINDOW)
    }

    /// Counts a failure.
    pub(super) fn failed(&self, address: Option<IpAddr>, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ADDRESSES {
            failures.retain(|_, (since, _)| now - *since < WINDOW);
        }
        if failures.len() >= ADDRESSES && !failures.contains_key(&address) {
            return;
        }
        let entry = failures.entry(address).or_insert((now, 0));
        if now - entry.0 >= WINDOW {
            *entry = (now, 0);
        }
        entry.1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_waits_after_its_failures() {
        let throttle = Throttle::default();
        let (start, one, other) = (Instant::now(), "10.0.0.1".parse().ok(), "10.0.0.2".parse().ok());
        for _ in 0..FAILURES {
            assert!(throttle.may_try(one, start));
            throttle.failed(one, start);
        }
        assert!(!throttle.may_try(one, start + WINDOW / 2));
        assert!(throttle.may_try(other, start));
        assert!(throttle.may_try(one, start + WINDOW));
    }
}
