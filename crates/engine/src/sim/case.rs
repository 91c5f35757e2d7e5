//! One seed's case: a plan, arguments, a hostile world, and everything that must hold in it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::coverage::Coverage;
use super::generate::{self, Sample, Size};
use super::reference::Ended;
use super::{Faults, Random, Report, World, compare, shrink};
use crate::id::TaskKey;
use crate::invariants;

/// A seed's case: what runs, and in what world.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) seed: u64,
    pub(super) faults: Faults,
    pub(super) sample: Sample,
}

/// A case that broke a rule, with the story of it.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) why: String,
    pub(super) transcript: String,
}

pub(super) type Played = (Report, BTreeMap<TaskKey, Ended>);

impl Case {
    pub(super) fn of(seed: u64, size: Size) -> Self {
        let mut random = Random::named(seed, "case");
        let faults = Faults::random(&mut random);
        Self { seed, faults, sample: generate::random(&mut random, size) }
    }

    /// Plays the case to its end and checks everything that must hold.
    pub(super) fn play(&self) -> Result<Played, Broken> {
        if let Err(broken) = pipewright_plan::check(&self.sample.plan) {
            let why = format!("the plan is not valid: {broken:?}");
            return Err(Broken { why, transcript: String::new() });
        }
        let Sample { plan, arguments, caching_disabled } = self.sample.clone();
        let mut world = World::new(plan, self.seed, self.faults).with_submission(arguments, caching_disabled);
        let played = catch_unwind(AssertUnwindSafe(|| {
            world.run_to_end()?;
            invariants::check(world.plan(), world.journal())?;
            compare::compare(&world)
        }));
        let why = match played {
            Ok(Ok(expected)) => return Ok((world.report(), expected)),
            Ok(Err(why)) => why,
            Err(_) => "the engine panicked".to_owned(),
        };
        Err(Broken { why, transcript: world.steps() })
    }
}

/// Plays the case of a seed. Errors: the smallest case found that breaks a rule too, with its plan and transcript.
pub(super) fn run(seed: u64, coverage: &mut Coverage) -> Result<Report, String> {
    let case = Case::of(seed, Size::of(seed));
    match case.play() {
        Ok((report, expected)) => {
            coverage.add(&case, &report, &expected);
            Ok(report)
        }
        Err(broken) => Err(shrink::explain(case, broken)),
    }
}
