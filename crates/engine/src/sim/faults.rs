//! What may go wrong in a simulated world, and what came of it.

use std::time::Duration;

#[cfg(test)]
use super::random::Random;
use crate::view::RunPhase;

/// What goes wrong, in percent of the occasions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    pub crash: u64,
    pub lost: u64,
    pub repeated: u64,
    pub delayed: u64,
    /// When a user cancels the run, from its start.
    pub cancel_after: Option<Duration>,
    /// How often a user has a run go on that did not succeed.
    pub retries: u32,
    /// Attempts and imports may fail of their own.
    pub tasks_fail: bool,
    /// Compares live and replayed state, wishes and facts after each step.
    pub is_checked: bool,
}

impl Faults {
    /// Lets nothing go wrong, and checks nothing between.
    pub fn none() -> Self {
        Self {
            crash: 0,
            lost: 0,
            repeated: 0,
            delayed: 0,
            cancel_after: None,
            retries: 0,
            tasks_fail: false,
            is_checked: false,
        }
    }

    #[cfg(test)]
    pub(super) fn random(random: &mut Random) -> Self {
        let mut faults = Self { is_checked: true, tasks_fail: true, ..Self::none() };
        if random.chance(80) {
            // The last one crashes after every event that is recorded.
            faults.crash = [0, 5, 30, 100][random.below(4) as usize];
            faults.lost = [0, 20, 60][random.below(3) as usize];
            faults.repeated = [0, 20, 60][random.below(3) as usize];
            faults.delayed = [0, 30][random.below(2) as usize];
        }
        if random.chance(36) {
            // Soon, any time, or about when attempts that hang are killed for it.
            let (earliest, window) =
                [(0, 12), (0, 12), (0, 12), (0, 3_000), (2_000, 25)][random.below(5) as usize];
            let after = earliest * 1_000_000 + random.below(window * 1_000_000);
            faults.cancel_after = Some(Duration::from_micros(after));
        }
        faults.retries = [0, 0, 0, 1, 2, 4][random.below(6) as usize];
        faults
    }
}

/// What became of a simulated run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    pub phase: RunPhase,
    pub crashes: u32,
    pub retries: u32,
    pub launches: u32,
    pub events: usize,
}
