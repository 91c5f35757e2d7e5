//! Volume claims that runs have for themselves: made before anything of a run is launched, deleted after it.
//!
//! Both are done again when it is not known whether they were done: a claim that its run owns is there already,
//! and one that outlived its run is found at the next start.

use std::time::Duration;

use pipewright_engine::{Input, RunPhase, run_claims};
use pipewright_plan::{ClaimEnd, Value};
use pipewright_store::{Error, Object, ObjectAuthor, ObjectKey, ObjectWrite, Store};

use crate::run_actor::RunActor;

const CLAIM: &str = "PersistentVolumeClaim";
/// Says of a claim that it ends with its run, and after which end.
const END: &str = "pipewright/claim-end";
const SUCCESS: &str = "success";
const COMPLETION: &str = "completion";
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl RunActor {
    /// Makes the run's own claims; false when they cannot be had and the run is called off.
    pub(crate) async fn make_claims(&mut self) -> Result<bool, Error> {
        let is_wanted = !self.plan.platform.claims.is_empty() && !self.has_claims;
        if !is_wanted || !self.state.is_submitted() || self.state.is_over() {
            return Ok(true);
        }
        self.has_claims = true;
        let claims = match run_claims(&self.plan, &self.state) {
            Ok(claims) => claims,
            Err(reason) => return Ok(self.abandon(reason)),
        };
        let namespace = self.state.namespace().to_owned();
        for (_, mut manifest) in claims {
            manifest["metadata"]["annotations"][END] = Value::from(match self.plan.platform.claim_end {
                ClaimEnd::Success => SUCCESS,
                ClaimEnd::Completion => COMPLETION,
            });
            let mut pause = FIRST_PAUSE;
            loop {
                match self.make_claim(&namespace, &manifest).await {
                    Ok(()) => break,
                    Err(Error::Unavailable(cause)) => {
                        tracing::error!(%cause, "cannot make a volume claim; trying again");
                        tokio::select! {
                            () = self.shared.stop.cancelled() => return Err(Error::Unavailable(cause)),
                            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                        }
                    }
                    Err(error) => return Ok(self.abandon(format!("pvc create error: {error}"))),
                }
            }
        }
        Ok(true)
    }

    /// Calls the run off; true when it was called off before, so that what has begun comes to its end.
    fn abandon(&mut self, reason: String) -> bool {
        if self.state.run_view().phase == RunPhase::Cancelling {
            return true;
        }
        tracing::error!(%reason, "the run is called off");
        self.step(&Input::Abandon { reason });
        false
    }

    async fn make_claim(&self, namespace: &str, manifest: &Value) -> Result<(), Error> {
        let key = ObjectKey::of(namespace, manifest)?;
        let store = &self.shared.store;
        match store.get_object(&key).await {
            Ok(found) if found.owner.as_ref() == Some(&self.run) => return Ok(()),
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let author = ObjectAuthor { attempt: None, owner: Some(self.run.clone()) };
        store.write_object(namespace, manifest.clone(), ObjectWrite::Create, &author).await.map(drop)
    }

    /// Deletes the run's own claims, when they end with it.
    pub(crate) async fn delete_claims(&self) -> Result<(), Error> {
        if self.plan.platform.claims.is_empty() {
            return Ok(());
        }
        let phase = self.state.run_view().phase;
        let claims = self.shared.store.list_objects(Some(self.state.namespace()), Some(CLAIM)).await?;
        for claim in claims.iter().filter(|claim| claim.owner.as_ref() == Some(&self.run)) {
            if ends(claim, phase) {
                delete(&self.shared.store, claim).await?;
            }
        }
        Ok(())
    }
}

/// Tells whether a claim ends with a run that has ended so.
fn ends(claim: &Object, phase: RunPhase) -> bool {
    match claim.document["metadata"]["annotations"][END].as_str() {
        Some(SUCCESS) => phase == RunPhase::Succeeded,
        Some(COMPLETION) => phase.is_terminal(),
        _ => false,
    }
}

async fn delete(store: &Store, claim: &Object) -> Result<(), Error> {
    match store.delete_object(&claim.key, &ObjectAuthor::default()).await {
        Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Deletes claims whose runs ended while nobody could delete them.
pub(crate) async fn sweep(store: &Store) -> Result<(), Error> {
    for claim in store.list_objects(None, Some(CLAIM)).await? {
        let Some(owner) = &claim.owner else { continue };
        match store.get_run(owner).await {
            Ok(run) if ends(&claim, run.view.phase) => delete(store, &claim).await?,
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
