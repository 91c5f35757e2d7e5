//! What the world does about the engine's wishes: executor, cache and store of artifacts, with their faults.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pipewright_plan::{ArtifactId, ArtifactValue, Outcome, Published, Usage, Value};

use super::{Delivery, Known, MAKER, NEVER, World};
use crate::desired::{Desired, Order, launch};
use crate::driver::awaited;
use crate::event::{AttemptEnd, CacheSource, FailureReason};
use crate::id::{AttemptId, RunId, TaskKey, Timestamp};
use crate::input::{CacheAnswer, ImportAnswer, Input, LockAnswer, LockFound, Resume};
use crate::invariants;
use crate::sim::script::{End, failure};

impl World {
    pub(super) fn perform(&mut self, wanted: Desired) {
        self.wake_at = wanted.wake_at;
        for attempt in wanted.launches {
            self.flying.insert((attempt.clone(), false));
            let delay = self.delay();
            self.push(delay, Delivery::Admit(attempt));
        }
        for attempt in wanted.kills {
            self.flying.remove(&(attempt.clone(), false));
            self.flying.insert((attempt.clone(), true));
            self.kill(attempt);
        }
        for lookup in wanted.lookups {
            self.asked.insert(lookup.task.clone());
            let hit = self.script().is_cached(&lookup.task).then(|| {
                let source = CacheSource { run: RunId("earlier".to_owned()), task: lookup.task.clone() };
                (source, self.earlier_outcome(&lookup.task, &lookup.component))
            });
            let answer =
                CacheAnswer { task: lookup.task, fingerprint: lookup.fingerprint, hit, round: lookup.round };
            self.answer(Input::Cache { answer: Box::new(answer) });
        }
        for import in wanted.imports {
            self.asked.insert(import.task.clone());
            let script = self.script();
            let (task, round) = (import.task.clone(), import.round);
            let mut answer = ImportAnswer { task, known: None, error: None, round };
            if !script.can_import(&import.task, round) {
                answer.error = Some("no such place".to_owned());
            } else if !import.reimport && script.is_known(&import.task) {
                let mut known = import.artifact;
                known.metadata.insert(MAKER.to_owned(), Value::from(format!("known {}", import.task)));
                answer.known = Some(known);
            }
            self.answer(Input::Import { answer: Box::new(answer) });
        }
        self.locks.extend(wanted.locks.into_iter().map(|wish| (wish, false)));
    }

    /// Grants locks that nobody holds to those who wait longest.
    pub(super) fn hand_out_locks(&mut self) {
        let held = self.state.lock_holders().flat_map(|(_, claims)| claims);
        let granted = self.locks.iter().filter(|(_, is_granted)| *is_granted);
        let granted = granted.flat_map(|(wish, _)| &wish.claims);
        let mut taken: BTreeSet<String> = held.chain(granted).map(|claim| claim.name.clone()).collect();
        let mut answers = Vec::new();
        let told = &mut self.told;
        for (wish, is_granted) in self.locks.iter_mut().filter(|(_, is_granted)| !is_granted) {
            let first = wish.claims.iter().find(|claim| taken.contains(&claim.name));
            let found = match first {
                None => LockFound::Acquired,
                Some(claim) => LockFound::Waiting { lock: claim.name.clone(), message: "wait".to_owned() },
            };
            *is_granted = first.is_none();
            let is_news = *is_granted || told.insert(wish.task.clone());
            taken.extend(wish.claims.iter().map(|claim| claim.name.clone()));
            if !is_news {
                continue;
            }
            answers.push(LockAnswer { task: wish.task.clone(), found, round: wish.round });
        }
        for answer in answers {
            self.answer(Input::Lock { answer: Box::new(answer) });
        }
    }

    /// Has a user let a task go on, or say no to it.
    pub(super) fn reply(&mut self, task: &TaskKey) {
        let text = self.script().reply(task);
        let declined = text.is_none();
        let mut parameters: BTreeMap<String, Value> =
            text.into_iter().map(|text| ("text".to_owned(), text)).collect();
        // Plans of the corpus expect values of other names.
        let node = self.state.node(task).map(|id| &self.state.nodes[id]);
        let component = node.and_then(|node| Some((self.plan.components.get_index(node.component)?.1, node)));
        for awaited in component.iter().flat_map(|(component, node)| awaited(component, &node.inputs)) {
            if awaited.name != "text" && awaited.default.is_none() {
                let choice = awaited.choices.first().cloned().unwrap_or_default();
                parameters.insert(awaited.name, Value::from(choice));
            }
        }
        let resume = Resume { tasks: vec![task.clone()], parameters, declined, ..Resume::default() };
        self.answer(Input::Resume { resume: Box::new(resume) });
    }

    fn answer(&mut self, input: Input) {
        let delay = self.delay();
        if self.random.chance(self.faults.repeated) {
            self.push(delay + 50, Delivery::Input(input.clone()));
        }
        self.push(delay, Delivery::Input(input));
    }

    fn earlier_outcome(&self, task: &TaskKey, component: &str) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(component) = self.plan.component(component) else { return outcome };
        for (name, output) in &component.outputs.parameters {
            let value = self.script().cached(task, name, output.parameter_type);
            outcome.parameters.insert(name.clone(), value);
        }
        for (name, output) in &component.outputs.artifacts {
            let mut metadata = output.metadata.clone();
            metadata.insert(MAKER.to_owned(), Value::from(format!("earlier {task} {name}")));
            let artifact = ArtifactValue {
                id: ArtifactId(format!("earlier {task} {name}")),
                name: name.clone(),
                artifact_type: output.artifact_type.clone(),
                uri: format!("/earlier/{name}"),
                metadata,
                part: None,
            };
            outcome.artifacts.insert(name.clone(), vec![artifact]);
        }
        outcome
    }

    /// Launches an attempt, or adopts what runs or has ended since an earlier life.
    pub(super) fn admit(&mut self, attempt: AttemptId) {
        if let Some(known) = self.executor.get(&attempt) {
            let rest = (known.ends_at.0 - self.now.0).max(0);
            let hangs = known.ends_at == NEVER;
            if rest > 0 {
                self.push(0, Delivery::Started(attempt.clone()));
            }
            if !hangs {
                self.push(rest, Delivery::Ended(attempt));
            }
            return;
        }
        let Some(request) = launch(&self.plan, &self.state, &attempt) else { return };
        self.launches += 1;
        let task = invariants::task_at(&self.plan, &attempt.task);
        let has_timeout = task.is_some_and(|task| task.timeout.is_some());
        let act = self.script().act(&attempt.task, attempt.number, has_timeout);
        let end = match act.end {
            End::Fails(reason) => {
                AttemptEnd::Failed { failure: failure(reason), usage: Usage::default(), published: None }
            }
            end => {
                AttemptEnd::Succeeded { published: self.published(&request, end), usage: Usage::default() }
            }
        };
        let ends_at = act.duration_us.map_or(NEVER, |duration| Timestamp(self.now.0 + duration));
        self.executor.insert(attempt.clone(), Known { ends_at, end });
        for _ in 0..=u32::from(self.random.chance(self.faults.repeated)) {
            // Nobody would ever learn of an attempt that neither was seen to start nor ends.
            if act.duration_us.is_none() || !self.random.chance(self.faults.lost) {
                let delay = self.delay();
                self.push(delay, Delivery::Started(attempt.clone()));
            }
        }
        let Some(mut seen) = act.duration_us else { return };
        if self.random.chance(self.faults.lost) {
            // The first word is lost; a later look finds it.
            seen += 30_000_000;
        }
        if self.random.chance(self.faults.repeated) {
            let again = seen + self.random.below(60_000_000) as i64;
            self.push(again, Delivery::Ended(attempt.clone()));
        }
        self.push(seen, Delivery::Ended(attempt));
    }

    fn kill(&mut self, attempt: AttemptId) {
        // Some are slow to die.
        let grace = if self.random.chance(30) { self.random.below(20_000_000) as i64 } else { self.delay() };
        let end = AttemptEnd::Failed {
            failure: failure(FailureReason::Cancelled),
            usage: Usage::default(),
            published: None,
        };
        let now = self.now;
        let known =
            self.executor.entry(attempt.clone()).or_insert_with(|| Known { ends_at: now, end: end.clone() });
        if known.ends_at > now {
            *known = Known { ends_at: now.after(Duration::from_micros(grace as u64)), end };
        }
        self.push(grace, Delivery::Ended(attempt));
    }

    fn published(&self, request: &Order, end: End) -> Published {
        let AttemptId { task, number, .. } = request.attempt();
        let parameters = self.script().outputs(task, *number, request.output_parameters(), end);
        let mut artifacts = request.output_artifacts().clone();
        for artifact in artifacts.values_mut().flat_map(|list| &mut list.artifacts) {
            artifact.metadata.insert(MAKER.to_owned(), Value::from(format!("{task}#{number}")));
        }
        Published { parameters, artifacts }
    }
}
