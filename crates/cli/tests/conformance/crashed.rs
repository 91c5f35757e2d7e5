//! Every pipeline once more, on a server that is killed in the middle of it and started again: what comes of the
//! run is the same.
//!
//! Many runs live at once while the server dies at random moments. Those that had ended before a kill are
//! submitted again, fewer at a time and killed sooner, until each has lived through at least one.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::case::{self, Case, without_cache};
use super::expect::{self, Reading};
use super::server::{Pending, Server, shared_home};
use super::{Found, check_all};

/// Runs that live at once in the first round.
const GROUP: usize = 24;
/// How often the server is killed while one group lives.
const KILLS: usize = 3;
/// Rounds until every run has lived through a kill.
const ROUNDS: u32 = 12;
/// A run that takes no more seconds is not met by a kill but by luck.
const INSTANT: f64 = 0.02;
/// Longest wait before a kill in the first round.
const MOMENT: u64 = 500;

#[test]
fn runs_survive_the_death_of_their_server() {
    let home = shared_home();
    let server = Server::start(&home.path);
    survive_all("corpus, through kills", &case::all(), server);
}

#[test]
fn v1_runs_survive_the_death_of_their_server() {
    let home = shared_home();
    let server = Server::start_with_images(&home.path, &case::v1_images());
    survive_all("corpus of v1, through kills", &case::v1(), server);
}

fn survive_all(title: &str, cases: &[Case], server: Server) {
    let seed = u64::from(std::process::id());
    println!("kills at moments of seed {seed}");
    let mut soak = Soak { server, random: Random(seed), found: BTreeMap::new() };
    let mut left: Vec<&Case> = cases.iter().collect();
    for round in 0..ROUNDS {
        let group = (GROUP >> round).max(1);
        let mut missed = Vec::new();
        for some in left.chunks(group) {
            missed.extend(soak.survive(some, round));
        }
        left = missed;
    }
    for case in left {
        let found = soak.found.entry(case.name()).or_default();
        // A run in which nothing is started, or only what the server does itself, is over before anything can come
        // between.
        if found.tasks > 0 && found.seconds > INSTANT {
            found.wrong.push("no kill came while it ran".to_owned());
        }
    }
    soak.server.stop();
    let found = soak.found;
    check_all(title, cases, Case::name, |case| found[&case.name()].clone());
}

struct Soak {
    server: Server,
    random: Random,
    found: BTreeMap<String, Found>,
}

impl Soak {
    /// Runs a group through kills; returns those that none of the kills has met.
    fn survive<'a>(&mut self, group: &[&'a Case], round: u32) -> Vec<&'a Case> {
        let mut pending: Vec<Pending<'a>> = Vec::new();
        for case in group {
            let mut specification = case.specification();
            if !case.uses_cache() {
                without_cache(&mut specification);
            }
            rename(&mut specification, round);
            match self.server.submit(case, &specification) {
                Ok(run) => pending.push(Pending::new(case, run)),
                Err(wrong) => self.note(case, Found::wrong(wrong)),
            }
        }
        let mut kills = Vec::new();
        while kills.len() < KILLS && (kills.is_empty() || pending.iter().any(|one| !one.is_over)) {
            let moment = Duration::from_millis(self.random.below(MOMENT >> round));
            std::thread::sleep(moment);
            kills.push(now_ms());
            self.server.crash();
            pending.iter_mut().for_each(|one| one.look(&self.server));
        }
        let mut missed = Vec::new();
        for mut one in pending {
            let found = match one.wait(&self.server) {
                Err(wrong) => Found::wrong(wrong),
                Ok(document) => {
                    let mut wrong = expect::compare(&one.case.expect, &document, Reading::Exact);
                    if !wrong.is_empty() {
                        wrong.extend(self.server.failures(&document));
                    }
                    if !has_met(&document, &kills) {
                        missed.push(one.case);
                    }
                    Found::of(&document, wrong)
                }
            };
            self.note(one.case, found);
        }
        missed
    }

    fn note(&mut self, case: &Case, found: Found) {
        let known = self.found.entry(case.name()).or_default();
        let wrong = std::mem::take(&mut known.wrong);
        *known = found;
        known.wrong.splice(0..0, wrong);
    }
}

/// Tells whether a kill came after the run was created and before it ended. The id tells when it was created to
/// the millisecond, which the API's times do not.
fn has_met(document: &Value, kills: &[u64]) -> bool {
    let id = document["run_id"].as_str().unwrap_or_default().replace('-', "");
    let created = u64::from_str_radix(id.get(..12).unwrap_or("0"), 16).expect("a run's id is hexadecimal");
    let mut tasks = document["tasks"].as_array().into_iter().flatten();
    let root = tasks.find(|task| task["task_id"] == "root");
    let took = root.and_then(|task| task["duration_seconds"].as_f64()).unwrap_or_default();
    let ended = created + (took * 1_000.0) as u64;
    kills.iter().any(|kill| (created..ended).contains(kill))
}

/// Gives the pipeline another name in each round: results of an earlier round are not its own.
fn rename(specification: &mut Value, round: u32) {
    if specification["kind"] == "Workflow" {
        let start = specification["metadata"]["generateName"].as_str().unwrap_or_default();
        specification["metadata"]["generateName"] = Value::from(format!("{start}{round}-"));
        return;
    }
    let root = match specification.get("pipeline_spec") {
        Some(_) => &mut specification["pipeline_spec"],
        None => specification,
    };
    let name = root["pipelineInfo"]["name"].as_str().unwrap_or_default().to_owned();
    root["pipelineInfo"]["name"] = Value::from(format!("{name}-{round}"));
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    u64::try_from(since.as_millis()).expect("milliseconds of this age fit")
}

/// A small generator (SplitMix64): the moments need to differ, no more.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}
