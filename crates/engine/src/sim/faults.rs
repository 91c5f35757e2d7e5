//! What may go wrong in a simulated world, and what came of it.

use std::time::Duration;

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
    pub has_timeouts: bool,
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
            has_timeouts: false,
            tasks_fail: false,
            is_checked: false,
        }
    }

    pub(super) fn random(random: &mut Random) -> Self {
        let mut faults = Self { is_checked: true, tasks_fail: true, ..Self::none() };
        if random.chance(80) {
            // The last one crashes after every event that is recorded.
            faults.crash = [0, 5, 30, 100][random.below(4) as usize];
            faults.lost = [0, 20, 60][random.below(3) as usize];
            faults.repeated = [0, 20, 60][random.below(3) as usize];
            faults.delayed = [0, 30][random.below(2) as usize];
        }
        faults.has_timeouts = random.chance(30);
        if random.chance(35) {
            faults.cancel_after = Some(Duration::from_micros(random.below(12_000_000)));
        }
        faults
    }
}

/// What became of a simulated run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    pub phase: RunPhase,
    pub crashes: u32,
    pub launches: u32,
    pub events: usize,
    /// Nothing interfered from outside, so results are a function of the plan.
    pub is_comparable: bool,
}
