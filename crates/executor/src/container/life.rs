//! The life of a container once it is made: waiting for its end, whatever becomes of its engine, and what the end
//! means.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error as EngineError;
use bollard::models::ContainerState;
use bollard::query_parameters::{
    InspectContainerOptions, RemoveContainerOptions, StartContainerOptions, StopContainerOptions,
    WaitContainerOptions,
};
use futures::StreamExt;
use pipewright_engine::{AttemptEnd, AttemptId, Failure, FailureReason};

use super::body;
use super::executor::Shared;
use super::layout::{read_report, sweep, write_end};
use crate::process::{folder, outcome};

/// Pauses between questions to an engine that does not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// What the launcher needs after the grace of its command, before the engine ends it.
const LAST_WORDS: Duration = Duration::from_secs(5);

impl Shared {
    /// Makes the end of an attempt whose container is gone: its report may be there all the same.
    pub(super) fn end_without(&self, attempt: &AttemptId) -> AttemptEnd {
        let folder = self.folder_of(attempt);
        match read_report(&folder) {
            Some(report) => outcome::end_of(report, folder::was_killed(&folder)),
            None if folder::was_killed(&folder) => outcome::cancelled(),
            None => outcome::lost(),
        }
    }

    /// Waits until the container has ended, however often the engine goes away meanwhile.
    pub(super) async fn wait(&self, attempt: &AttemptId) -> AttemptEnd {
        let name = body::name_of(attempt);
        let mut pause = FIRST_PAUSE;
        loop {
            let options = WaitContainerOptions { condition: "not-running".to_owned() };
            let waited = self.docker.wait_container(&name, Some(options)).next().await;
            let is_told = matches!(waited, Some(Ok(_) | Err(EngineError::DockerContainerWaitError { .. })));
            match self.inspect(attempt).await {
                Some(state) if state.running == Some(true) || state.restarting == Some(true) => {}
                // Made, and not started before the engine or we went away.
                Some(state) if state.started_at.as_deref().is_none_or(|at| at.starts_with("0001")) => {
                    let _ = self.docker.start_container(&name, None::<StartContainerOptions>).await;
                }
                Some(state) => return self.end_of(attempt, &state),
                None => return self.end_without(attempt),
            }
            if !is_told {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    fn end_of(&self, attempt: &AttemptId, state: &ContainerState) -> AttemptEnd {
        let folder = self.folder_of(attempt);
        let killed = folder::was_killed(&folder);
        let code = state.exit_code.and_then(|code| i32::try_from(code).ok());
        let report = read_report(&folder);
        let usage = report.as_ref().map(|report| report.usage).unwrap_or_default();
        let is_success = report.as_ref().is_some_and(|report| report.published.is_some());
        let fail = |reason: FailureReason, message: String, hint: Option<&str>| AttemptEnd::Failed {
            failure: Failure { reason, message, hint: hint.map(str::to_owned), exit_code: code },
            usage,
        };
        if state.oom_killed == Some(true) && !killed && !is_success {
            let hint = "raise its memory limit, or have it use less";
            return fail(
                FailureReason::OutOfMemory,
                "memory ran out: the task used all that its limit allows".to_owned(),
                Some(hint),
            );
        }
        match report {
            Some(report) => outcome::end_of(report, killed),
            None if killed => fail(FailureReason::Cancelled, "attempt was stopped".to_owned(), None),
            // Nobody could leave a report: the engine went away with it, or somebody killed it.
            None if matches!(code, Some(137 | 143) | None) => outcome::lost(),
            None => {
                let why = state.error.clone().filter(|why| !why.is_empty());
                let why = why.unwrap_or_else(|| "the launcher could not run in it".to_owned());
                fail(
                    FailureReason::NotStarted,
                    format!("container ended with {}: {why}", code.unwrap_or(-1)),
                    None,
                )
            }
        }
    }

    /// Writes an end down, then removes the container and what lies around it.
    pub(super) async fn settle(&self, attempt: &AttemptId, end: &AttemptEnd) {
        let folder = self.folder_of(attempt);
        let mut pause = FIRST_PAUSE;
        while let Err(error) = write_end(&folder, end) {
            tracing::error!(%attempt, %error, "an attempt's end cannot be written; trying again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        self.remove(attempt).await;
        let _ = tokio::task::spawn_blocking(move || sweep(&folder)).await;
    }

    pub(super) async fn remove(&self, attempt: &AttemptId) {
        let options = RemoveContainerOptions { force: true, v: true, link: false };
        match self.docker.remove_container(&body::name_of(attempt), Some(options)).await {
            Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => {}
            // It is found again at the next start.
            Err(error) => tracing::warn!(%attempt, %error, "a container could not be removed"),
        }
    }

    /// Asks for a container until the engine answers; `None` when there is none.
    pub(super) async fn inspect(&self, attempt: &AttemptId) -> Option<ContainerState> {
        let name = body::name_of(attempt);
        let mut pause = FIRST_PAUSE;
        loop {
            match self.docker.inspect_container(&name, None::<InspectContainerOptions>).await {
                Ok(found) => return Some(found.state.unwrap_or_default()),
                Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => return None,
                Err(error) => tracing::debug!(%error, "the engine does not answer"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks a container to stop: its launcher passes that on, and the engine ends what does not follow.
    pub(super) fn stop(self: &Arc<Self>, attempt: &AttemptId) {
        let _ = fs::write(self.folder_of(attempt).join("killed"), b"");
        let limit = self.options.grace + LAST_WORDS;
        let t = i32::try_from(limit.as_secs()).ok();
        let (shared, name) = (Arc::clone(self), body::name_of(attempt));
        tokio::spawn(async move {
            let options = StopContainerOptions { signal: Some("SIGTERM".to_owned()), t };
            if let Err(error) = shared.docker.stop_container(&name, Some(options)).await {
                tracing::debug!(%name, %error, "stopping a container");
            }
        });
    }
}
