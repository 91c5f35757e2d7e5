//! Says what is seen of one attempt.

use pipewright_engine::{AttemptId, Observation, Observed};
use tokio::sync::mpsc;

use crate::seam::timestamp_now;

/// Sends observations of one attempt.
pub(crate) struct Teller {
    pub(crate) attempt: AttemptId,
    pub(crate) observations: mpsc::Sender<Observation>,
}

impl Teller {
    /// Sends one observation; waits while the reader is behind.
    pub(crate) async fn tell(&self, observed: Observed) {
        let observation = Observation { attempt: self.attempt.clone(), at: timestamp_now(), observed };
        // A closed channel means that nobody is interested any more.
        let _ = self.observations.send(observation).await;
    }

    /// Says what happens before the command can start.
    pub(crate) async fn note(&self, note: String) {
        self.tell(Observed::Preparing { note }).await;
    }
}
