//! Turns what the launcher says, and what attempts' folders say when it is gone, into their ends.

use std::sync::{Arc, Weak};

use pipewright_engine::{AttemptId, FailureReason, Observed};
use pipewright_plan::LaunchNotice;

use super::executor::{Flight, Shared};
use super::folder::{self, Found};
use super::link::Notices;
use super::outcome;
use super::request::NamedImage;

impl Shared {
    /// Takes up an attempt from what its folder says.
    pub(super) async fn adopt(self: &Arc<Self>, attempt: &AttemptId) {
        match folder::look(&self.folder_of(attempt)) {
            Ok(Found::Ended(report)) => self.end_with(attempt, *report).await,
            Ok(Found::Running { pid }) => {
                let is_new = {
                    let mut state = self.state();
                    match state.in_flight.insert(attempt.clone(), Flight::Adopted) {
                        Some(Flight::Adopted) => return,
                        Some(Flight::Launched { is_running, .. }) => !is_running,
                        Some(Flight::Preparing { .. }) | None => true,
                    }
                };
                if let Some(pid) = pid.filter(|_| is_new) {
                    self.observe(
                        attempt,
                        Observed::Started { place: format!("supervisor {pid}"), image: None },
                    )
                    .await;
                }
                self.watch(attempt.clone());
            }
            Ok(Found::Nothing | Found::Lost) => self.end(attempt, outcome::lost()).await,
            Err(error) => {
                let message = format!("failed to read the attempt's folder: {error}");
                self.end(attempt, outcome::end_without_report(FailureReason::Lost, message, None)).await;
            }
        }
    }

    async fn end_with(&self, attempt: &AttemptId, report: pipewright_plan::ExitReport) {
        let killed = report.published.is_none() && folder::was_killed(&self.folder_of(attempt));
        self.end(attempt, outcome::end_of(report, killed)).await;
    }

    /// Waits for an adopted attempt in a thread: its lock is all that tells of its end.
    fn watch(self: &Arc<Self>, attempt: AttemptId) {
        let folder = self.folder_of(&attempt);
        let shared = Arc::downgrade(self);
        let runtime = tokio::runtime::Handle::current();
        let waiting = std::thread::Builder::new().name("attempt-watch".to_owned()).stack_size(128 * 1024);
        let spawned = waiting.spawn(move || {
            let waited = folder::wait_until_free(&folder);
            let Some(shared) = shared.upgrade() else { return };
            runtime.spawn(async move {
                if let Err(error) = waited {
                    tracing::warn!(%error, "waiting for an attempt's lock failed");
                }
                shared.adopt_after_end(&attempt).await;
            });
        });
        if let Err(error) = spawned {
            tracing::error!(%error, "no thread to wait for an adopted attempt");
        }
    }

    async fn adopt_after_end(self: &Arc<Self>, attempt: &AttemptId) {
        match folder::read_report(&self.folder_of(attempt)) {
            Ok(Some(report)) => self.end_with(attempt, report).await,
            Ok(None) => self.end(attempt, outcome::lost()).await,
            Err(error) => {
                let message = format!("failed to read the exit report: {error}");
                self.end(attempt, outcome::end_without_report(FailureReason::Lost, message, None)).await;
            }
        }
    }

    async fn notice(self: &Arc<Self>, notice: LaunchNotice) {
        let attempt_of = |token: u64| self.state().tokens.get(&token).cloned();
        match notice {
            LaunchNotice::Ready { isolation: None } => tracing::debug!("tasks are isolated"),
            LaunchNotice::Ready { isolation: Some(why) } => {
                tracing::info!(reason = why, "tasks cannot be isolated");
                self.state().obstacle = Some(why);
            }
            LaunchNotice::Started { token, pid } => {
                let Some(attempt) = attempt_of(token) else { return };
                let (stop_now, image) = match self.state().in_flight.get_mut(&attempt) {
                    Some(Flight::Launched { is_running, stop, image, .. }) => {
                        *is_running = true;
                        (*stop, image.take())
                    }
                    Some(Flight::Preparing { .. } | Flight::Adopted) | None => return,
                };
                let (place, image) = match image {
                    Some(NamedImage { name, digest }) => {
                        // A folder that holds a system has none.
                        let known = digest.starts_with("sha256:").then(|| digest.clone());
                        (format!("process {pid} in image {name}, {digest}"), known)
                    }
                    None => (format!("process {pid}"), None),
                };
                self.observe(&attempt, Observed::Started { place, image }).await;
                if stop_now {
                    self.stop(&attempt);
                }
            }
            LaunchNotice::Ended { token } => {
                let attempt = self.state().tokens.remove(&token);
                if let Some(attempt) = attempt {
                    self.adopt_after_end(&attempt).await;
                }
            }
            LaunchNotice::Exists { token } => {
                if let Some(attempt) = attempt_of(token) {
                    self.adopt(&attempt).await;
                }
            }
            LaunchNotice::Refused { token, message } => {
                let Some(attempt) = attempt_of(token) else { return };
                let is_running = matches!(
                    self.state().in_flight.get(&attempt),
                    Some(Flight::Launched { is_running: true, .. })
                );
                let reason = if is_running { FailureReason::Lost } else { FailureReason::NotStarted };
                self.end(&attempt, outcome::end_without_report(reason, message, None)).await;
            }
            LaunchNotice::Gone { token } => {
                let Some(attempt) = self.state().tokens.remove(&token) else { return };
                let is_in_flight =
                    matches!(self.state().in_flight.get(&attempt), Some(Flight::Launched { .. }));
                if is_in_flight {
                    self.adopt_after_end(&attempt).await;
                }
            }
        }
    }

    pub(super) fn stop(&self, attempt: &AttemptId) {
        if let Err(error) = folder::signal_stop(&self.folder_of(attempt)) {
            tracing::error!(%attempt, %error, "an attempt could not be asked to stop");
        }
    }

    /// The fork server and all its supervisors are gone: what is not told yet is in the folders.
    async fn disconnected(self: &Arc<Self>, generation: u64) {
        self.drop_requests(generation);
        let left: Vec<AttemptId> = {
            let state = self.state();
            let is_left = |flight: &Flight| matches!(flight, Flight::Launched { generation: of, .. } if *of == generation);
            state.in_flight.iter().filter(|(_, flight)| is_left(flight)).map(|(id, _)| id.clone()).collect()
        };
        for attempt in left {
            match folder::look(&self.folder_of(&attempt)) {
                Ok(Found::Nothing) => {
                    let message = self.why_unreachable("it ended before it could start the command");
                    let end = outcome::end_without_report(FailureReason::NotStarted, message, None);
                    self.end(&attempt, end).await;
                }
                _ => self.adopt(&attempt).await,
            }
        }
    }
}

pub(super) async fn listen(shared: Weak<Shared>, mut notices: Notices, generation: u64) {
    loop {
        let notice = notices.next().await;
        let Some(shared) = shared.upgrade() else { return };
        match notice {
            Ok(Some(notice)) => shared.notice(notice).await,
            Ok(None) => return shared.disconnected(generation).await,
            Err(error) => {
                tracing::error!(%error, "the launcher cannot be heard any more");
                return shared.disconnected(generation).await;
            }
        }
    }
}
