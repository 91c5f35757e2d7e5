//! The life of a container once it is made: waiting for its end, whatever becomes of its engine, and what the end
//! means.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error as EngineError;
use bollard::models::{ContainerState, ContainerWaitResponse};
use bollard::query_parameters::{
    InspectContainerOptions, RemoveContainerOptions, RemoveVolumeOptions, StartContainerOptions,
    StopContainerOptions, WaitContainerOptions,
};
use futures::{Stream, StreamExt};
use pipewright_engine::{AttemptEnd, AttemptId, Failure, FailureReason};
use pipewright_plan::ExitReport;

use super::body;
use super::claim::{self, Claim};
use super::executor::Shared;
use super::image::reason;
use super::layout::{REPORT, read_report, sweep, write_end};
use super::pod::{self, Pod};
use crate::process::{folder, outcome};

/// Pauses between questions to an engine that does not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How often an engine is asked again to remove what it does not remove: a good minute.
const REFUSALS: u32 = 15;
/// What the launcher needs after the grace of its command, before the engine ends it.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How a container is found that was waited for.
pub(super) enum Gone {
    /// Its report says that all went well, so nothing more was asked.
    Published,
    Ended(Box<ContainerState>),
    /// It could not be started, or was not to be any more.
    NeverStarted(String),
    /// There is none, or none that the engine knows to have run.
    Vanished,
}

impl Shared {
    /// Makes the end of an attempt whose container is gone: its report may be there all the same.
    pub(super) fn end_without(&self, attempt: &AttemptId) -> AttemptEnd {
        let folder = self.folder_of(attempt);
        match read_report(&folder) {
            Some(report) => end_by(report, folder::was_killed(&folder)),
            None if folder::was_killed(&folder) => outcome::cancelled(),
            None => outcome::lost(),
        }
    }

    /// Waits until an attempt's containers have ended; `is_fresh` says that the engine has just started the first.
    pub(super) async fn wait(&self, attempt: &AttemptId, is_fresh: bool) -> AttemptEnd {
        let folder = self.folder_of(attempt);
        let pod = Pod::read(&folder);
        if pod.has_holder() {
            return self.wait_pod(attempt, &pod).await;
        }
        let gone = self.outlast(attempt, &body::name_of(attempt), is_fresh).await;
        self.end_of(attempt, read_report(&folder), &gone)
    }

    /// Waits until a container has ended, however often the engine goes away meanwhile; starts it when nobody has.
    ///
    /// An engine that was killed while it started a container may hold that it was never started, or that it runs
    /// for ever: then its launcher's report is believed.
    pub(super) async fn outlast(&self, attempt: &AttemptId, name: &str, is_fresh: bool) -> Gone {
        let folder = self.folder_of(attempt);
        let report = pod::report_of(&folder, attempt, name);
        let is_main = name == body::name_of(attempt);
        let mut is_known_to_run = is_fresh;
        let mut pause = FIRST_PAUSE;
        loop {
            if is_known_to_run {
                let mut ending = self.ending(name);
                let waited = tokio::select! {
                    waited = ending.next() => waited,
                    () = self.published(&folder), if is_main => return Gone::Published,
                };
                let is_told =
                    matches!(waited, Some(Ok(_) | Err(EngineError::DockerContainerWaitError { .. })));
                if is_told && is_main && has_published(&folder) {
                    return Gone::Published;
                }
                if !is_told {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            let state = self.inspect(name).await;
            let was_started = state.as_ref().is_some_and(was_started);
            is_known_to_run = was_started && state.as_ref().is_some_and(is_running);
            match (claim::look(&report), state) {
                _ if is_known_to_run => {}
                (Claim::Held, _) => claim::outwait(&report).await,
                (_, None) => return Gone::Vanished,
                (_, Some(state)) if was_started => return Gone::Ended(Box::new(state)),
                (Claim::Over, Some(_)) => return Gone::Vanished,
                // Its launcher is about to come. One that does not for long shall not later.
                (Claim::Open, Some(state)) if is_running(&state) => {
                    if pause == LONGEST_PAUSE {
                        claim::close(&report);
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                // Made, and not started before the engine or we went away.
                (Claim::Open, Some(_)) => match self.start_one(attempt, name).await {
                    Ok(()) => {}
                    Err(why) => return Gone::NeverStarted(why),
                },
            }
        }
    }

    /// Has the engine tell once a container does not run.
    fn ending(&self, name: &str) -> impl Stream<Item = Result<ContainerWaitResponse, EngineError>> + Unpin {
        let options = WaitContainerOptions { condition: "not-running".to_owned() };
        Box::pin(self.docker.wait_container(name, Some(options)))
    }

    /// Waits until a launcher is gone and has left a report of success.
    async fn published(&self, folder: &Path) {
        let report = folder.join(REPORT);
        let Some(watch) = self.reports.watch(&report) else { return std::future::pending().await };
        loop {
            if has_published(folder) {
                // What the command has written there itself does not count: the launcher writes over it at its end.
                claim::outwait(&report).await;
                if has_published(folder) {
                    return;
                }
            }
            watch.changed().await;
        }
    }

    /// Sees to it that a container runs, or ran; tells whether it does or did.
    pub(super) async fn see_started(&self, attempt: &AttemptId, name: &str) -> bool {
        match self.inspect(name).await {
            Some(state) if is_new(&state) => self.start_one(attempt, name).await.is_ok(),
            found => found.is_some(),
        }
    }

    /// Starts a container, unless its attempt is to stop.
    async fn start_one(&self, attempt: &AttemptId, name: &str) -> Result<(), String> {
        let folder = self.folder_of(attempt);
        if folder::was_killed(&folder) {
            return Err("the attempt was stopped before".to_owned());
        }
        match self.docker.start_container(name, None::<StartContainerOptions>).await {
            Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 304, .. }) => {}
            Err(error @ EngineError::DockerResponseServerError { .. }) => {
                // It may have been started before, and the engine has forgotten.
                if claim::close(&pod::report_of(&folder, attempt, name)) == Claim::Open {
                    return Err(reason(&error));
                }
            }
            // The engine is away: it is asked again.
            Err(error) => tracing::debug!(%error, "the engine does not answer"),
        }
        if folder::was_killed(&folder) {
            // Whoever stopped the attempt may have found nothing to stop.
            self.stop_one(name.to_owned()).await;
        }
        Ok(())
    }

    /// Says how an attempt ended whose container is gone.
    pub(super) fn end_of(&self, attempt: &AttemptId, report: Option<ExitReport>, gone: &Gone) -> AttemptEnd {
        let killed = folder::was_killed(&self.folder_of(attempt));
        let state = match gone {
            Gone::Ended(state) => state,
            Gone::NeverStarted(_) if killed => return outcome::cancelled(),
            Gone::NeverStarted(why) => {
                let message = format!("failed to start the container: {why}");
                return outcome::end_without_report(FailureReason::NotStarted, message, None);
            }
            Gone::Published | Gone::Vanished => {
                return report.map_or_else(|| self.end_without(attempt), |report| end_by(report, killed));
            }
        };
        let code = state.exit_code.and_then(|code| i32::try_from(code).ok());
        let usage = report.as_ref().map(|report| report.usage).unwrap_or_default();
        let is_success = report.as_ref().is_some_and(|report| report.published.is_some());
        let fail = |reason: FailureReason, message: String, hint: Option<&str>| AttemptEnd::Failed {
            failure: Failure { reason, message, hint: hint.map(str::to_owned), exit_code: code },
            usage,
            published: None,
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
            Some(report) => end_by(report, killed),
            None if killed => fail(FailureReason::Cancelled, "attempt was stopped".to_owned(), None),
            // Nobody could leave a report: the engine went away with it, or somebody killed it.
            None if matches!(code, Some(137 | 143 | 255) | None) => outcome::lost(),
            None => {
                let why = state.error.clone().filter(|why| !why.is_empty());
                let why = why.unwrap_or_else(|| "the launcher could not run in it".to_owned());
                let message = format!("container ended with {}: {why}", code.unwrap_or(-1));
                fail(FailureReason::NotStarted, message, None)
            }
        }
    }

    /// Writes an end down and tells it, then removes the containers and what lies around them.
    pub(super) async fn settle(&self, attempt: &AttemptId, end: AttemptEnd) {
        let folder = self.folder_of(attempt);
        let mut pause = FIRST_PAUSE;
        while let Err(error) = write_end(&folder, &end) {
            tracing::error!(%attempt, %error, "an attempt's end cannot be written; trying again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        let pod = Pod::read(&folder);
        let _leaving = self.leaving.token();
        let may_be_ending = matches!(end, AttemptEnd::Succeeded { .. });
        self.end(attempt, end).await;
        if may_be_ending {
            // Its launcher has told before the engine could: to have it kill what has ended costs more than to wait.
            let name = body::name_of(attempt);
            let _ = tokio::time::timeout(LAST_WORDS, self.ending(&name).next()).await;
        }
        if !self.is_making(attempt) {
            self.clear(attempt, &pod).await;
        }
    }

    /// Removes an attempt's containers, then what lies around them.
    pub(super) async fn clear(&self, attempt: &AttemptId, pod: &Pod) {
        self.remove(attempt, pod).await;
        self.sweep(self.folder_of(attempt)).await;
    }

    pub(super) async fn sweep(&self, folder: PathBuf) {
        let room = self.room.clone();
        let _ = tokio::task::spawn_blocking(move || sweep(&folder, &room)).await;
    }

    /// Removes whatever there is of an attempt in the engine.
    pub(super) async fn remove(&self, attempt: &AttemptId, pod: &Pod) {
        let folder = self.folder_of(attempt);
        for name in pod::containers_of(attempt, pod) {
            self.remove_container(&name).await;
            stop_forgotten(&pod::report_of(&folder, attempt, &name)).await;
        }
        for name in &pod.volumes {
            self.remove_volume(name).await;
        }
    }

    /// Removes a container if there is one, and tries again while the engine is away or still busy with it.
    pub(super) async fn remove_container(&self, name: &str) {
        let options = RemoveContainerOptions { force: true, v: true, link: false };
        self.insist(name, || self.docker.remove_container(name, Some(options.clone()))).await;
    }

    /// Removes a volume if there is one, likewise.
    pub(super) async fn remove_volume(&self, name: &str) {
        let options = RemoveVolumeOptions { force: true };
        self.insist(name, || self.docker.remove_volume(name, Some(options.clone()))).await;
    }

    async fn insist<F: Future<Output = Result<(), EngineError>>>(&self, name: &str, remove: impl Fn() -> F) {
        let mut pause = FIRST_PAUSE;
        let mut refusals = 0;
        loop {
            let is_refused = match remove().await {
                Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => return,
                Err(error) => {
                    let is_refused = matches!(error, EngineError::DockerResponseServerError { .. });
                    if is_refused && refusals == REFUSALS {
                        // It is found again at the next start.
                        tracing::warn!(name, %error, "the engine does not remove it");
                        return;
                    }
                    tracing::debug!(name, %error, "removing it once more");
                    is_refused
                }
            };
            refusals += u32::from(is_refused);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks for a container until the engine answers; `None` when there is none.
    pub(super) async fn inspect(&self, name: &str) -> Option<ContainerState> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.docker.inspect_container(name, None::<InspectContainerOptions>).await {
                Ok(found) => return Some(found.state.unwrap_or_default()),
                Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => return None,
                Err(error) => tracing::debug!(%error, "the engine does not answer"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks an attempt's containers to stop: their launchers pass that on, and the engine ends what does not follow.
    pub(super) fn stop(self: &Arc<Self>, attempt: &AttemptId) {
        let folder = self.folder_of(attempt);
        let _ = fs::write(folder.join("killed"), b"");
        let mut names = pod::containers_of(attempt, &Pod::read(&folder));
        names.retain(|name| *name != pod::holder_of(attempt));
        for name in names {
            claim::call_off(&pod::report_of(&folder, attempt, &name));
            let shared = Arc::clone(self);
            tokio::spawn(async move { shared.stop_one(name).await });
        }
    }

    pub(super) async fn stop_one(&self, name: String) {
        let limit = self.options.grace + LAST_WORDS;
        let t = i32::try_from(limit.as_secs()).ok();
        let options = StopContainerOptions { signal: Some("SIGTERM".to_owned()), t };
        if let Err(error) = self.docker.stop_container(&name, Some(options)).await {
            tracing::debug!(%name, %error, "stopping a container");
        }
    }
}

/// Stops what the engine runs without knowing that it does.
pub(super) async fn stop_forgotten(report: &Path) {
    if claim::look(report) == Claim::Held {
        claim::call_off(report);
        claim::outwait(report).await;
    }
}

/// Tells whether the engine holds that a container was made and never started.
pub(super) fn is_new(state: &ContainerState) -> bool {
    !is_running(state) && !was_started(state)
}

/// Makes the end that a report tells of.
fn end_by(report: ExitReport, killed: bool) -> AttemptEnd {
    // Nobody here asked for that: the engine ended its containers, or somebody stopped this one by hand.
    if report.stopped && report.published.is_none() && !killed {
        return outcome::stopped_by_engine();
    }
    outcome::end_of(report, killed)
}

fn is_running(state: &ContainerState) -> bool {
    [state.running, state.restarting].contains(&Some(true))
}

/// Tells whether the engine knows when a container was started.
fn was_started(state: &ContainerState) -> bool {
    state.started_at.as_deref().is_some_and(|at| !at.starts_with("0001"))
}

fn has_published(folder: &Path) -> bool {
    read_report(folder).is_some_and(|report| report.published.is_some())
}
