//! Seeds in number, the corpus, and that large runs cost what small ones do.

use super::case::run;
use super::coverage::Coverage;
use super::{Faults, Random, World, plans};
use crate::invariants;
use crate::view::RunPhase;

/// Cases of the ordinary test command; `PIPEWRIGHT_SEEDS` asks for more or fewer, `PIPEWRIGHT_SEED` is the first.
const SEEDS: u64 = 1_000;
/// Of a thousand cases, so many at least show each thing that there is.
const LEAST_SEEN: u32 = 12;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn runs_come_out_as_the_reference_says() {
    let first = number("PIPEWRIGHT_SEED").unwrap_or(0);
    let count = number("PIPEWRIGHT_SEEDS").unwrap_or(SEEDS);
    let mut coverage = Coverage::default();
    for seed in first..first + count {
        run(seed, &mut coverage).unwrap_or_else(|broken| panic!("{broken}"));
    }
    // The cases must be as various as they claim to be.
    if count >= SEEDS {
        assert_eq!(coverage.missing(LEAST_SEEN), [], "seen too rarely");
    }
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
            // What v1 compares and loops over are texts that samples know nothing of.
            let is_told = plan.dialect == pipewright_plan::Dialect::V2;
            if seed == 0 && is_told && world.report().phase != RunPhase::Succeeded {
                failed.push((
                    name.clone(),
                    world.state().run_view().error.expect("a failure says why").message,
                ));
            }
        }
    }
    // Sample lists hold numbers, optional arguments are left out and attempts take seconds: some plans rightly
    // fail of that.
    let rightly = ["does not fit", "of `root` is null", "cannot be given to a run", "longer than its limit"];
    failed.retain(|(_, message)| !rightly.iter().any(|part| message.contains(part)));
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn ten_thousand_tasks_come_to_their_end() {
    for make in [plans::fan_out as fn(usize) -> _, plans::chain, plans::loop_of, plans::nested_loops_of] {
        let mut world = World::new(make(10_000), 1, Faults::none());
        world.run_to_end().expect("a calm world ends");
        assert_eq!(world.report().phase, RunPhase::Succeeded);
    }
}
