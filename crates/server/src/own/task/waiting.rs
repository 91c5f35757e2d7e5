//! Why a task does not go on: upstream, the cache, a place to run, a limit, a pause between attempts.

use pipewright_plan::{ComponentKind, Plan};
use pipewright_store::engine::{AttemptId, RunId, TaskKey, TaskPhase, TaskView};
use serde::Serialize;
use utoipa::ToSchema;

use super::dag_of;
use crate::app::App;
use crate::error::Error;
use crate::machine::QueueView;
use crate::own::progress::Place;
use crate::own::words::instant;

/// Why a task does not go on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WaitingView {
    pub kind: WaitKind,
    pub text: String,
    /// What it waits for.
    pub tasks: Vec<String>,
    /// Of an attempt that waits for room: where it stands. Of each run one attempt asks at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueView>,
}

/// The kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    Upstream,
    /// CPUs and memory of the machine.
    Room,
    /// So many at once and no more.
    Limit,
    Preparing,
    Backoff,
    Cache,
    /// A time, or somebody who lets it go on.
    Resume,
}

fn waits(kind: WaitKind, text: impl Into<String>, tasks: Vec<String>) -> Option<WaitingView> {
    Some(WaitingView { kind, text: text.into(), tasks, queue: None })
}

/// Explains; nothing for a task that runs or has ended, or of a run that is over.
pub(super) async fn explain(
    app: &App,
    plan: &Plan,
    (run, key): (&RunId, &TaskKey),
    task: Option<&TaskView>,
) -> Result<Option<WaitingView>, Error> {
    if app.store.get_run(run).await?.view.phase.is_terminal() {
        return Ok(None);
    }
    match task {
        Some(task) if task.phase == TaskPhase::Running => Ok(of_suspended(task)),
        Some(task) if task.phase == TaskPhase::Pending => {
            Ok(of_pending(plan, task).map(|waiting| with_queue(app, task, waiting)))
        }
        Some(_) => Ok(None),
        None => of_unborn(app, plan, run, key).await,
    }
}

fn of_suspended(task: &TaskView) -> Option<WaitingView> {
    let text = match task.suspension.as_ref()?.until {
        Some(until) => format!("it goes on at {}, or when somebody resumes it", instant(until)),
        None => "somebody has to resume it".to_owned(),
    };
    waits(WaitKind::Resume, text, Vec::new())
}

/// Adds the numbers of an attempt that waits for room.
fn with_queue(app: &App, task: &TaskView, waiting: WaitingView) -> WaitingView {
    let (Some(machine), Some(last)) = (&app.machine, task.attempts.last()) else { return waiting };
    if waiting.kind != WaitKind::Room {
        return waiting;
    }
    let attempt = AttemptId { run: task.run.clone(), task: task.key.clone(), number: last.number };
    match machine.queued(&attempt) {
        Some(queue) => WaitingView { text: queue_text(&queue), queue: Some(queue), ..waiting },
        None => WaitingView { text: "other attempts of its run come first".to_owned(), ..waiting },
    }
}

fn queue_text(queue: &QueueView) -> String {
    if queue.running_attempts >= queue.most_attempts {
        return format!(
            "it is number {} of {} that wait: {} attempts run, and no more may at once",
            queue.position, queue.waiting, queue.running_attempts
        );
    }
    if queue.needs.gpus > queue.free.gpus {
        return format!(
            "it is number {} of {} that wait: it needs {} GPUs, and {} are free",
            queue.position, queue.waiting, queue.needs.gpus, queue.free.gpus
        );
    }
    let mebibytes = |bytes: u64| bytes >> 20;
    format!(
        "it is number {} of {} that wait: it needs {} CPUs and {} MiB, and {} CPUs and {} MiB are free",
        queue.position,
        queue.waiting,
        queue.needs.cpus,
        mebibytes(queue.needs.memory_bytes),
        queue.free.cpus,
        mebibytes(queue.free.memory_bytes)
    )
}

fn of_pending(plan: &Plan, task: &TaskView) -> Option<WaitingView> {
    if let Some(locks) = task.locks.as_ref().filter(|locks| locks.acquired_at.is_none()) {
        return waits(WaitKind::Limit, locks.message.clone(), Vec::new());
    }
    let place = Place::of(plan, &task.key)?;
    let Some(last) = task.attempts.last() else {
        let caches = place.task.is_some_and(|task| task.caching.enabled);
        let is_container = matches!(place.component.kind, ComponentKind::Container(_));
        if caches && is_container && task.fingerprint.is_none() {
            return waits(WaitKind::Cache, "an earlier result is looked for", Vec::new());
        }
        if let Some(limit) = plan.platform.parallelism {
            return waits(WaitKind::Limit, format!("the pipeline runs {limit} tasks at once"), Vec::new());
        }
        return waits(WaitKind::Room, "its first attempt is about to be planned", Vec::new());
    };
    if last.ended_at.is_some() {
        return waits(WaitKind::Backoff, "it pauses before its next attempt", Vec::new());
    }
    match &last.note {
        Some(note) => waits(WaitKind::Preparing, note.clone(), Vec::new()),
        None => {
            waits(WaitKind::Room, "it waits for CPUs and memory of the machine to become free", Vec::new())
        }
    }
}

async fn of_unborn(app: &App, plan: &Plan, run: &RunId, key: &TaskKey) -> Result<Option<WaitingView>, Error> {
    let Some(parent) = key.parent() else {
        return Ok(waits(WaitKind::Room, "the run is about to begin", Vec::new()));
    };
    let around = match app.store.task(run, &parent).await {
        Ok(around) => around,
        Err(pipewright_store::Error::NotFound { .. }) => {
            return Ok(waits(WaitKind::Upstream, format!("`{parent}` has not begun"), vec![parent.0]));
        }
        Err(error) => return Err(error.into()),
    };
    if around.phase.is_terminal() {
        return Ok(None);
    }
    if key.as_str().ends_with(']') {
        let limit = Place::of(plan, &parent)
            .and_then(|place| place.task?.iterator.as_ref()?.parallelism)
            .map_or_else(String::new, |limit| format!(": {limit} iterations run at once"));
        return Ok(waits(WaitKind::Limit, format!("earlier iterations come first{limit}"), vec![parent.0]));
    }
    let Some(dag) = dag_of(plan, &parent) else { return Ok(None) };
    let Some(task) = dag.tasks.get(key.name()) else { return Ok(None) };
    let mut open = Vec::new();
    for upstream in &task.upstream {
        let sibling = parent.child(upstream);
        match app.store.task(run, &sibling).await {
            Ok(view) if view.phase.is_terminal() => {}
            Ok(_) | Err(pipewright_store::Error::NotFound { .. }) => open.push(sibling.0),
            Err(error) => return Err(error.into()),
        }
    }
    if open.is_empty() {
        let text = match dag.parallelism {
            Some(limit) => format!("{limit} tasks of `{parent}` run at once"),
            None => "it is about to begin".to_owned(),
        };
        return Ok(waits(WaitKind::Limit, text, Vec::new()));
    }
    let text = match open.len() {
        1 => "one task upstream has not ended".to_owned(),
        count => format!("{count} tasks upstream have not ended"),
    };
    Ok(waits(WaitKind::Upstream, text, open))
}
