//! The world around one run: an executor that survives crashes of the server, and everything that goes wrong.

mod effects;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pipewright_plan::{Plan, Value};

use super::faults::{Faults, Report};
use super::random::Random;
use super::script::Script;
#[cfg(test)]
use super::script::sample_of;
use crate::decide::decide;
use crate::desired::{LockRequest, desired, desired_after};
use crate::event::{AttemptEnd, Event};
use crate::id::{AttemptId, RunId, TaskKey, Timestamp};
use crate::input::{Input, Observation, Observed, Retry, Submit};
use crate::state::RunState;
use crate::view::{RunPhase, RunView, TaskView};

const MOST_STEPS: u32 = 400_000;
/// When a hanging attempt ends.
const NEVER: Timestamp = Timestamp(i64::MAX);
/// The key of the metadata that tells simulated artifacts apart.
pub(super) const MAKER: &str = "maker";

#[derive(Debug, Clone)]
enum Delivery {
    Input(Input),
    /// The executor gets to the launch.
    Admit(AttemptId),
    Started(AttemptId),
    Ended(AttemptId),
}

/// What happened at one moment, for the transcript.
#[derive(Debug, Clone)]
enum Step {
    Input(Input, Vec<Event>),
    Crash,
}

/// An attempt as the executor knows it.
#[derive(Debug, Clone)]
struct Known {
    ends_at: Timestamp,
    end: AttemptEnd,
}

/// A run, its plan and the world around it.
#[derive(Debug)]
pub struct World {
    plan: Plan,
    seed: u64,
    faults: Faults,
    random: Random,
    state: RunState,
    journal: Vec<Event>,
    now: Timestamp,
    queue: BTreeMap<(Timestamp, u64), Delivery>,
    counter: u64,
    executor: BTreeMap<AttemptId, Known>,
    /// What was asked for and has not come to its end, with kills marked: what `desired` must give.
    flying: BTreeSet<(AttemptId, bool)>,
    asked: BTreeSet<TaskKey>,
    /// Wishes for locks, oldest first, each with whether it was granted.
    locks: Vec<(LockRequest, bool)>,
    /// Tasks that know that they have to wait for locks.
    told: BTreeSet<TaskKey>,
    wake_at: Option<Timestamp>,
    transcript: Vec<(Timestamp, Step)>,
    crashes: u32,
    launches: u32,
    arguments: BTreeMap<String, Value>,
    caching_disabled: bool,
    /// How the run was when it ended, each time but the last.
    endings: Vec<Ending>,
}

/// A run at an end from which it went on.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) run: RunView,
    pub(super) tasks: Vec<TaskView>,
    /// How long the journal was.
    pub(super) events: usize,
}

impl World {
    /// Makes the world of a run that has not been submitted yet.
    pub fn new(plan: Plan, seed: u64, faults: Faults) -> Self {
        Self {
            plan,
            seed,
            faults,
            random: Random::named(seed, "world"),
            state: RunState::new(run_id()),
            journal: Vec::new(),
            now: Timestamp(1_700_000_000_000_000),
            queue: BTreeMap::new(),
            counter: 0,
            executor: BTreeMap::new(),
            flying: BTreeSet::new(),
            asked: BTreeSet::new(),
            locks: Vec::new(),
            told: BTreeSet::new(),
            wake_at: None,
            transcript: Vec::new(),
            crashes: 0,
            launches: 0,
            arguments: BTreeMap::new(),
            caching_disabled: false,
            endings: Vec::new(),
        }
    }

    /// Gives every parameter of the run without a default some value of its type.
    #[cfg(test)]
    pub(super) fn with_sample_arguments(mut self) -> Self {
        let root = self.plan.root_component().expect("a plan has a root");
        for (name, input) in &root.inputs.parameters {
            let missing = input.default.is_none() && !input.optional;
            if missing {
                let sample = input.literals.first().cloned();
                let sample = sample.unwrap_or_else(|| sample_of(input.parameter_type, self.seed, "argument"));
                self.arguments.insert(name.clone(), sample);
            }
        }
        self
    }

    /// Returns the plan that runs.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the facts recorded so far.
    pub fn journal(&self) -> &[Event] {
        &self.journal
    }

    pub(super) fn script(&self) -> Script {
        Script { seed: self.seed, tasks_fail: self.faults.tasks_fail }
    }

    #[cfg(test)]
    pub(super) fn state(&self) -> &RunState {
        &self.state
    }

    /// Returns what became of the run.
    pub fn report(&self) -> Report {
        Report {
            phase: self.state.run_view().phase,
            crashes: self.crashes,
            retries: self.state.round(),
            launches: self.launches,
            events: self.journal.len(),
        }
    }

    /// Returns the plan and what happened, a line each.
    pub fn transcript(&self) -> String {
        let plan = serde_json::to_string(&self.plan.components).unwrap_or_default();
        format!("{plan}\n{:?}\n{}", self.faults, self.steps())
    }

    /// Returns what happened, a line each.
    pub(super) fn steps(&self) -> String {
        let mut text = String::new();
        for (at, step) in &self.transcript {
            let at = at.0 % 100_000_000_000;
            match step {
                Step::Input(input, events) => {
                    let facts = serde_json::to_string(events).unwrap_or_default();
                    text.push_str(&format!("{at} {input:?}\n    -> {facts}\n"));
                }
                Step::Crash => text.push_str(&format!("{at} crash\n")),
            }
        }
        text
    }

    /// Submits the run and lets the world go on until it has ended. Errors: what broke on the way.
    pub fn run_to_end(&mut self) -> Result<(), String> {
        let submit = Submit {
            display_name: "simulated run".to_owned(),
            pipeline_root: "/artifacts".to_owned(),
            created_at: self.now,
            arguments: self.arguments.clone(),
            caching_disabled: self.caching_disabled,
            ..Submit::default()
        };
        self.push(0, Delivery::Input(Input::Submit { submit: Box::new(submit) }));
        if let Some(after) = self.faults.cancel_after {
            self.push(after.as_micros() as i64, Delivery::Input(Input::Terminate));
        }
        for _ in 0..MOST_STEPS {
            if self.state.is_over() {
                let has_failed = self.state.run_view().phase != RunPhase::Succeeded;
                let may_go_on = has_failed && self.state.node(&TaskKey::root()).is_some();
                if self.endings.len() >= self.faults.retries as usize || !may_go_on {
                    return self.drain();
                }
                self.have_it_retried();
                while (self.state.round() as usize) < self.endings.len() {
                    self.step()?;
                }
                continue;
            }
            self.step()?;
        }
        Err("the run does not end".to_owned())
    }

    /// Returns how the run is now.
    pub(super) fn ending(&self) -> Ending {
        let keys = self.state.task_keys();
        let tasks = keys.filter_map(|key| self.state.task_view(&self.plan, key)).collect();
        Ending { run: self.state.run_view(), tasks, events: self.journal.len() }
    }

    /// Has a user retry the run, and maybe stop it again soon after.
    fn have_it_retried(&mut self) {
        self.endings.push(self.ending());
        let mut random = Random::named(self.seed, &format!("retry {}", self.endings.len()));
        let after = 1 + random.below(60_000_000) as i64;
        let requested_at = Timestamp(self.now.0 + after);
        let retry = Retry { requested_at, from: Vec::new() };
        self.push(after, Delivery::Input(Input::Retry { retry }));
        if random.chance(25) {
            let stop = after + random.below(12_000_000) as i64;
            self.push(stop, Delivery::Input(Input::Terminate));
        }
    }

    fn step(&mut self) -> Result<(), String> {
        let next = self.queue.keys().next().copied();
        if let Some(wake) = self.wake_at
            && next.is_none_or(|(at, _)| wake <= at)
        {
            self.now = self.now.max(wake);
            let crashes = self.crashes;
            self.input(&Input::Tick)?;
            let rings = self.wake_at.is_some_and(|at| at <= self.now);
            return if rings && crashes == self.crashes {
                Err("a timer rings for ever".to_owned())
            } else {
                Ok(())
            };
        }
        let Some(key) = next else { return Err("nothing is in flight and no timer is set".to_owned()) };
        self.now = self.now.max(key.0);
        match self.queue.remove(&key) {
            Some(delivery) => self.deliver(delivery),
            None => Ok(()),
        }
    }

    fn deliver(&mut self, delivery: Delivery) -> Result<(), String> {
        match delivery {
            Delivery::Input(input) => self.input(&input),
            Delivery::Admit(attempt) => {
                self.admit(attempt);
                Ok(())
            }
            Delivery::Started(attempt) => {
                let observed = Observed::Started { place: "somewhere".to_owned(), image: None };
                self.observe(attempt, observed)
            }
            Delivery::Ended(attempt) => match self.executor.get(&attempt) {
                Some(known) if known.ends_at <= self.now => {
                    let end = Box::new(known.end.clone());
                    self.observe(attempt, Observed::Ended { end })
                }
                _ => Ok(()),
            },
        }
    }

    fn observe(&mut self, attempt: AttemptId, observed: Observed) -> Result<(), String> {
        let observation = Box::new(Observation { attempt, at: self.now, observed });
        self.input(&Input::Observed { observation })
    }

    /// What is still under way when the run is over changes nothing.
    fn drain(&mut self) -> Result<(), String> {
        self.faults.crash = 0;
        while let Some((_, delivery)) = self.queue.pop_first() {
            let before = self.journal.len();
            self.now = self.now.after(Duration::from_secs(100));
            if !matches!(delivery, Delivery::Admit(_)) {
                self.deliver(delivery)?;
            }
            if self.journal.len() != before {
                return Err(format!("{:?} after the run was over", &self.journal[before..]));
            }
        }
        Ok(())
    }

    fn input(&mut self, input: &Input) -> Result<(), String> {
        let events = decide(&self.plan, &mut self.state, input, self.now);
        if self.faults.is_checked {
            self.transcript.push((self.now, Step::Input(input.clone(), events.clone())));
        }
        // Long journals are read again and again by then; a crash now and then will do.
        let crash = if self.journal.len() < 200 { self.faults.crash } else { self.faults.crash.min(3) };
        if !events.is_empty() && self.random.chance(crash) {
            if self.random.chance(60) {
                self.journal.extend(events);
            } else if is_request(input) {
                // Requests are durable until what they caused is.
                self.push(10, Delivery::Input(input.clone()));
            }
            return self.crash();
        }
        for event in &events {
            match event {
                Event::AttemptEnded { task, number, .. } => {
                    let attempt = AttemptId { run: run_id(), task: task.clone(), number: *number };
                    self.flying.remove(&(attempt.clone(), false));
                    self.flying.remove(&(attempt, true));
                }
                Event::CacheHit { task, .. }
                | Event::CacheMissed { task, .. }
                | Event::Imported { task, .. }
                | Event::LocksAcquired { task, .. }
                | Event::TaskEnded { task, .. } => {
                    self.asked.remove(task);
                    self.locks.retain(|(wish, _)| wish.task != *task);
                }
                Event::CancelRequested { .. } => {
                    let waiting: BTreeSet<&TaskKey> = self.state.lock_waiters().collect();
                    self.locks.retain(|(wish, _)| waiting.contains(&wish.task));
                }
                _ => {}
            }
        }
        let wanted = desired_after(&self.plan, &self.state, &events);
        for event in &events {
            if let Event::TaskSuspended { task, until: None, .. } = event {
                self.reply(task);
            }
        }
        self.journal.extend(events);
        self.perform(wanted);
        self.hand_out_locks();
        if self.faults.is_checked { self.check() } else { Ok(()) }
    }

    fn crash(&mut self) -> Result<(), String> {
        self.transcript.push((self.now, Step::Crash));
        self.crashes += 1;
        self.queue.retain(|_, delivery| matches!(delivery, Delivery::Input(input) if is_request(input)));
        self.state = self.replayed()?;
        self.flying.clear();
        self.asked.clear();
        self.locks.clear();
        let wanted = desired(&self.plan, &self.state);
        self.perform(wanted);
        self.hand_out_locks();
        // Whoever is asked sees the question again.
        let waiting = self.state.suspended.iter().map(|id| &self.state.nodes[*id]);
        let endless =
            waiting.filter(|node| node.suspension.as_ref().is_some_and(|wait| wait.until.is_none()));
        let asked: Vec<TaskKey> = endless.map(|node| node.key.clone()).collect();
        asked.iter().for_each(|task| self.reply(task));
        Ok(())
    }

    /// Reads the journal as it lies on disk.
    fn replayed(&self) -> Result<RunState, String> {
        let text = serde_json::to_string(&self.journal).map_err(|error| error.to_string())?;
        let events: Vec<Event> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        Ok(RunState::replay(run_id(), &self.plan, &events))
    }

    fn check(&self) -> Result<(), String> {
        if self.journal.len() < 30 || self.counter.is_multiple_of(8) {
            let replayed = self.replayed()?;
            if replayed != self.state {
                return Err(format!("live state differs from replayed: {:#?}\n{replayed:#?}", self.state));
            }
        }
        let wanted = desired(&self.plan, &self.state);
        let launches = wanted.launches.into_iter().map(|attempt| (attempt, false));
        let kills = wanted.kills.into_iter().map(|attempt| (attempt, true));
        let flying: BTreeSet<(AttemptId, bool)> = launches.chain(kills).collect();
        let lookups = wanted.lookups.into_iter().map(|lookup| lookup.task);
        let asked: BTreeSet<TaskKey> =
            lookups.chain(wanted.imports.into_iter().map(|import| import.task)).collect();
        let locking: BTreeSet<&TaskKey> = wanted.locks.iter().map(|wish| &wish.task).collect();
        if locking != self.locks.iter().map(|(wish, _)| &wish.task).collect() {
            return Err(format!("wished for locks of {locking:?}, waiting are {:?}", self.locks));
        }
        if flying != self.flying || asked != self.asked || wanted.wake_at != self.wake_at {
            return Err(format!(
                "wished {flying:?} {asked:?} {:?}, in flight {:?} {:?} {:?}",
                wanted.wake_at, self.flying, self.asked, self.wake_at
            ));
        }
        Ok(())
    }

    fn push(&mut self, delay_us: i64, delivery: Delivery) {
        self.counter += 1;
        self.queue.insert((Timestamp(self.now.0 + delay_us), self.counter), delivery);
    }

    fn delay(&mut self) -> i64 {
        if self.random.chance(self.faults.delayed) { self.random.below(3_000_000) as i64 } else { 7 }
    }
}

#[cfg(test)]
impl World {
    /// Gives the run these arguments, and maybe takes the cache away from it.
    pub(super) fn with_submission(
        mut self,
        arguments: BTreeMap<String, Value>,
        caching_disabled: bool,
    ) -> Self {
        self.arguments = arguments;
        self.caching_disabled = caching_disabled;
        self
    }

    pub(super) fn endings(&self) -> &[Ending] {
        &self.endings
    }

    pub(super) fn arguments(&self) -> &BTreeMap<String, Value> {
        &self.arguments
    }

    pub(super) fn caching_disabled(&self) -> bool {
        self.caching_disabled
    }
}

/// Tells whether the store keeps it until what it caused is recorded.
fn is_request(input: &Input) -> bool {
    matches!(input, Input::Submit { .. } | Input::Terminate | Input::Retry { .. } | Input::Resume { .. })
}

fn run_id() -> RunId {
    RunId("5eed0000-0000-4000-8000-000000000000".to_owned())
}
