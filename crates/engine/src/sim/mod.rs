//! Deterministic simulation: a run in a hostile world that is a function of one seed.
//!
//! The world launches, loses, repeats and delays; it crashes and replays, in virtual time. After every step the
//! live state equals the replayed one and what is in flight equals what is desired; at the end the
//! [`invariants`](crate::invariants) hold and the results are those of a slow and obvious evaluation.

mod faults;
pub mod plans;
mod random;
mod reference;
mod tasks;
mod world;

pub use faults::{Faults, Report};
pub use random::Random;
pub use world::World;

use crate::invariants;

/// Runs a random plan under random faults. Errors: what broke, after the transcript that led to it.
pub fn run(seed: u64) -> Result<Report, String> {
    let mut random = Random::new(seed);
    let faults = Faults::random(&mut random);
    let plan = plans::random(&mut random, faults.has_timeouts);
    let mut world = World::new(plan, seed, faults);
    let result = world.run_to_end().and_then(|()| {
        invariants::check(world.plan(), world.journal())?;
        if world.is_comparable() { reference::compare(&world) } else { Ok(()) }
    });
    match result {
        Ok(()) => Ok(world.report()),
        Err(broken) => Err(format!("{}seed {seed}: {broken}", world.transcript())),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Instant;

    use super::{Faults, Random, World, plans, run};
    use crate::invariants;
    use crate::view::RunPhase;

    #[test]
    fn runs_keep_their_invariants_in_a_hostile_world() {
        let mut ends = [0_u32; 3];
        let (mut crashes, mut launches, mut compared) = (0, 0, 0);
        let first: u64 =
            std::env::var("PIPEWRIGHT_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        for seed in first..first + 400 {
            let result = catch_unwind(AssertUnwindSafe(|| run(seed)));
            let report = match result {
                Ok(Ok(report)) => report,
                Ok(Err(broken)) => panic!("{broken}"),
                Err(_) => panic!("seed {seed} panicked"),
            };
            match report.phase {
                RunPhase::Succeeded => ends[0] += 1,
                RunPhase::Failed => ends[1] += 1,
                RunPhase::Cancelled => ends[2] += 1,
                other => panic!("seed {seed} ended as {other:?}"),
            }
            crashes += report.crashes;
            launches += report.launches;
            compared += u32::from(report.is_comparable);
        }
        // The worlds must be as various as they claim to be.
        assert!(ends.iter().all(|count| *count > 30), "ends {ends:?}");
        assert!(crashes > 1000 && launches > 2000 && compared > 100, "{crashes} {launches} {compared}");
    }

    /// Every recorded plan of the corpus comes to an end, whatever the world does to it.
    #[test]
    fn plans_of_the_corpus_end() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/plans");
        let entries = std::fs::read_dir(folder).expect("the corpus is part of the repository");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
        paths.sort();
        assert!(paths.len() > 100, "{} plans", paths.len());
        let mut failed = Vec::new();
        for path in paths {
            let name = path.file_stem().expect("files have names").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("a readable file");
            let body = text.splitn(3, "---\n").nth(2).expect("a snapshot has a head");
            let plan: pipewright_plan::Plan =
                serde_json::from_str(body).unwrap_or_else(|error| panic!("{name}: {error}"));
            let calm = Faults { is_checked: true, ..Faults::none() };
            for seed in 0..6 {
                let faults = if seed == 0 { calm } else { Faults::random(&mut Random::new(seed)) };
                let mut world = World::new(plan.clone(), seed, faults).with_sample_arguments();
                let result = world.run_to_end().and_then(|()| invariants::check(&plan, world.journal()));
                result.unwrap_or_else(|broken| panic!("{}{name}, seed {seed}: {broken}", world.transcript()));
                if seed == 0 && world.report().phase != RunPhase::Succeeded {
                    failed.push((
                        name.clone(),
                        world.state().run_view().error.expect("a failure says why").message,
                    ));
                }
            }
        }
        // Sample lists hold numbers, which loops over structs or lists cannot take.
        failed.retain(|(_, message)| !message.contains("does not fit"));
        assert!(failed.is_empty(), "{failed:#?}");
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn ten_thousand_tasks_cost_what_one_thousand_do_each() {
        for make in [plans::fan_out as fn(usize) -> _, plans::chain, plans::loop_of] {
            let time = |count: usize| {
                let mut world = World::new(make(count), 1, Faults::none());
                let start = Instant::now();
                world.run_to_end().expect("a calm world ends");
                assert_eq!(world.report().phase, RunPhase::Succeeded);
                start.elapsed().as_secs_f64() / count as f64
            };
            let (small, large) = (time(1000), time(10_000));
            assert!(
                large < small * 6.0 || large < 0.000_3,
                "{small} s a task of 1 000, {large} s a task of 10 000"
            );
            assert!(large < 0.003, "{large} s a task");
        }
    }
}
