//! Makes the world do what the run desires: launches, kills, imports.
//!
//! Nothing here may fail the run: an executor reports refusals as observations, and what is wanted still is
//! wanted after a restart.

use pipewright_engine::{
    AttemptEnd, AttemptId, Desired, Failure, FailureReason, ImportAnswer, ImportRequest, Input, Observation,
    Observed, Order, ResourceCall, launch,
};
use pipewright_plan::{ArtifactValue, Usage};
use pipewright_store::PipelineOf;

use crate::gpus;
use crate::resource;
use crate::run_actor::RunActor;

/// Launches in a row.
const LAUNCHES: usize = 64;

impl RunActor {
    pub(crate) async fn reconcile(&mut self, wanted: Desired) {
        self.set_wake_at(wanted.wake_at);
        for import in wanted.imports {
            let answer = self.import(import).await;
            self.step(&Input::Import { answer: Box::new(answer) });
        }
        for wish in wanted.locks {
            self.request_locks(wish).await;
        }
        self.queue_lookups(wanted.lookups);
        for attempt in wanted.kills {
            self.kill(attempt).await;
        }
        self.queued.extend(wanted.launches.iter().cloned());
        self.queue.extend(wanted.launches);
        self.launch_queued().await;
    }

    /// Launches from the head of the queue as long as there is a place, a bounded number at a time: the
    /// mailbox must be emptied in between, since every launch fills it again.
    pub(crate) async fn launch_queued(&mut self) {
        let mut launched = 0;
        self.may_launch = false;
        while let Some(attempt) = self.queue.front() {
            if launched == LAUNCHES {
                self.may_launch = true;
                return;
            }
            let wanted = self.queued.contains(attempt);
            let Some(order) = wanted.then(|| launch(&self.plan, &self.state, attempt)).flatten() else {
                // Called off, or ended in the meantime.
                if self.queued.remove(attempt) {
                    self.shared.admission.release(attempt);
                }
                self.queue.pop_front();
                continue;
            };
            let mut launch = match order {
                Order::Container(launch) => *launch,
                Order::Resource(call) => {
                    self.queued.remove(&call.attempt);
                    self.queue.pop_front();
                    self.call(*call);
                    launched += 1;
                    continue;
                }
            };
            let limit = self.plan.platform.parallelism.map_or(usize::MAX, |limit| limit as usize);
            if self.running.len() >= limit && !self.state.has_started(attempt) {
                // An end makes room, and then the queue is looked at again.
                return;
            }
            let admission = &self.shared.admission;
            if self.state.has_started(attempt) {
                let gpus = gpus::of_place(self.state.place(attempt));
                admission.adopt(attempt, &launch.resources, &gpus);
            } else if let Err(failure) = gpus::check(&launch, admission.gpus()) {
                self.queued.remove(&launch.attempt);
                self.queue.pop_front();
                self.ended_here(launch.attempt, failure);
                continue;
            } else if !self.shared.admission.request(attempt, &launch.resources, &self.granted) {
                return;
            }
            let admission = &self.shared.admission;
            let granted = admission.gpus_of(&launch.attempt);
            gpus::hand_out(&mut launch, admission.gpus(), granted);
            self.queued.remove(&launch.attempt);
            self.queue.pop_front();
            if limit < usize::MAX {
                self.running.insert(launch.attempt.clone());
            }
            self.shared.executor.launch(launch).await;
            launched += 1;
        }
    }

    /// An attempt that still waits for a place ends at once; any other is the executor's to stop.
    async fn kill(&mut self, attempt: AttemptId) {
        if !self.queued.remove(&attempt) {
            return self.shared.executor.kill(attempt).await;
        }
        self.shared.admission.release(&attempt);
        let failure = Failure {
            reason: FailureReason::Cancelled,
            message: "cancelled before it was launched".to_owned(),
            hint: None,
            exit_code: None,
        };
        self.ended_here(attempt, failure);
    }

    /// Takes the end of an attempt that no executor knows.
    fn ended_here(&mut self, attempt: AttemptId, failure: Failure) {
        let end = AttemptEnd::Failed { failure, usage: Usage::default(), published: None };
        let observation = Observation {
            attempt,
            at: self.shared.clock.now(),
            observed: Observed::Ended { end: Box::new(end) },
        };
        self.step(&Input::Observed { observation: Box::new(observation) });
    }

    /// Calls the object registry beside everything else; the answer comes as observations.
    fn call(&self, call: ResourceCall) {
        tokio::spawn(resource::perform(self.shared.clone(), call));
    }

    async fn import(&self, request: ImportRequest) -> ImportAnswer {
        let mut answer = ImportAnswer { task: request.task, known: None, error: None, round: request.round };
        if request.reimport {
            return answer;
        }
        let wanted = &request.artifact;
        let title = &wanted.artifact_type.schema_title;
        let pipeline = PipelineOf { namespace: self.state.namespace(), name: &request.pipeline };
        match self.shared.store.find_artifact(pipeline, title, &wanted.uri).await {
            Ok(known) => answer.known = known.into_iter().find(|known| is_reusable(known, wanted)),
            Err(error) => answer.error = Some(format!("cannot look up artifact `{}`: {error}", wanted.uri)),
        }
        answer
    }
}

/// A known artifact serves when it has all the metadata that is asked for.
fn is_reusable(known: &ArtifactValue, wanted: &ArtifactValue) -> bool {
    wanted.metadata.iter().all(|(key, value)| known.metadata.get(key) == Some(value))
}
