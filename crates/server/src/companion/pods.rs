//! Attempts as pods: their logs, their state and what happened to them.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use pipewright_store::engine::{
    AttemptId, AttemptView, Failure, FailureReason, RunId, Submit, TaskPhase, TaskView, Timestamp,
};
use serde_json::{Value, json};

use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::logs::attempt_log;
use crate::placing::may_see;
use crate::time::rfc3339;
use crate::v1beta1::attempt_of_node;

/// Letters of a run's id and of an attempt's digest at the end of a pod's name.
const RUN: usize = 36;
const DIGEST: usize = 16;
/// The most that a task's name adds to a pod's name.
const NAME: usize = 63;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/k8s/pod/logs", get(logs))
        .route("/k8s/pod", get(pod))
        .route("/k8s/pod/events", get(events))
}

/// Names an attempt as a pod: the task's name, the run's id, the attempt's digest.
pub(crate) fn pod_name(attempt: &AttemptId) -> String {
    let name = attempt.task.name().to_ascii_lowercase();
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(NAME).collect();
    format!("{name}-{}-{}", attempt.run, attempt.digest())
}

/// Returns the run that a name made by [`pod_name`] holds.
fn run_of(pod: &str) -> Option<RunId> {
    let rest = pod.len().checked_sub(DIGEST + 1).and_then(|end| pod.get(..end))?;
    let id = rest.len().checked_sub(RUN).and_then(|start| rest.get(start..))?;
    uuid::Uuid::try_parse(id).ok().map(|_| RunId(id.to_owned()))
}

/// An attempt that stands for a pod.
struct Pod {
    task: TaskView,
    attempt: AttemptView,
}

impl Pod {
    fn id(&self) -> AttemptId {
        let Self { task, attempt } = self;
        AttemptId { run: task.run.clone(), task: task.key.clone(), number: attempt.number }
    }
}

/// Finds the attempt behind a pod's name: one of our own, the id of a node of a v1 run, or a task's path.
async fn pod_of(app: &App, permit: &Permit, (name, run): (&str, Option<&str>)) -> Result<Pod, Error> {
    let missing = || Error::NotFound(format!("there is no pod `{name}`"));
    let run = run.map(|id| RunId(id.to_owned())).or_else(|| run_of(name)).ok_or_else(|| {
        Error::NotFound(format!(
            "there is no pod `{name}`; name its run with runid if it is of a v1 pipeline"
        ))
    })?;
    may_see(app, permit, &run).await?;
    let tasks = app.store.tasks(&run).await?;
    let mut wanted = None;
    for (index, task) in tasks.iter().enumerate() {
        for attempt in &task.attempts {
            let id = AttemptId { run: run.clone(), task: task.key.clone(), number: attempt.number };
            if name.ends_with(&id.digest()) {
                wanted = Some((index, attempt.number));
            }
        }
        if task.key.as_str() == name {
            wanted = task.attempts.last().map(|attempt| (index, attempt.number));
        }
    }
    if wanted.is_none()
        && let Some((key, number)) = attempt_of_node(app, &run, &tasks, name).await?
    {
        wanted = tasks.iter().position(|task| task.key == key).map(|index| (index, number));
    }
    let (index, number) = wanted.ok_or_else(missing)?;
    let task = tasks.into_iter().nth(index).ok_or_else(missing)?;
    let attempt = task.attempts.iter().find(|attempt| attempt.number == number).cloned();
    Ok(Pod { attempt: attempt.ok_or_else(missing)?, task })
}

/// An error in the plain words of the field's UI server.
struct Plain(StatusCode, String);

impl IntoResponse for Plain {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

impl From<Error> for Plain {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Invalid(_) => StatusCode::BAD_REQUEST,
            Error::Denied(_) => StatusCode::FORBIDDEN,
            Error::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.to_string())
    }
}

fn required<'w>(words: &'w Words, key: &str) -> Result<&'w str, Plain> {
    let missing = || Plain(StatusCode::UNPROCESSABLE_ENTITY, format!("{key} argument is required"));
    words.get(key).ok_or_else(missing)
}

async fn logs(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    words: Words,
) -> Result<Response, Plain> {
    let name = required(&words, "podname")?;
    let pod = pod_of(&app, &permit, (name, words.get("runid"))).await?;
    Ok(attempt_log(app, pod.id(), &headers, &words).await?)
}

/// Streams the log of a node of a run.
pub(crate) async fn node_log(
    State(app): State<App>,
    permit: Permit,
    Segments((run, node)): Segments<(String, String)>,
    headers: HeaderMap,
    words: Words,
) -> Result<Response, Error> {
    let pod = pod_of(&app, &permit, (&node, Some(&run))).await?;
    attempt_log(app, pod.id(), &headers, &words).await
}

async fn pod(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<Value>, Plain> {
    let (name, namespace) = (required(&words, "podname")?, required(&words, "podnamespace")?);
    let pod = pod_of(&app, &permit, (name, words.get("runid"))).await?;
    Ok(Json(manifest(&pod, name, namespace)))
}

fn instant(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| json!(rfc3339(at)))
}

/// Writes an attempt as the object that a cluster would have.
fn manifest(pod: &Pod, name: &str, namespace: &str) -> Value {
    let Pod { task, attempt } = pod;
    let failure = attempt.failure.as_ref();
    let (phase, state) = match attempt.phase {
        TaskPhase::Pending => {
            let reason = if attempt.note.is_some() { "ContainerCreating" } else { "Unschedulable" };
            ("Pending", json!({"waiting": {"reason": reason, "message": attempt.note}}))
        }
        TaskPhase::Running => ("Running", json!({"running": {"startedAt": instant(attempt.started_at)}})),
        TaskPhase::Succeeded => ("Succeeded", terminated(attempt, 0, "Completed", "")),
        _ => {
            let code = failure.and_then(|failure| failure.exit_code).unwrap_or(-1);
            let message = failure.map(|failure| failure.message.as_str()).unwrap_or_default();
            ("Failed", terminated(attempt, code, failure.map_or("Error", reason), message))
        }
    };
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": if namespace.is_empty() { Submit::DEFAULT_NAMESPACE } else { namespace },
            "creationTimestamp": rfc3339(attempt.created_at),
            "labels": {"pipeline/runid": task.run.0},
            "annotations": {
                "pipewright.dev/task": task.key.0,
                "pipewright.dev/attempt": attempt.number.to_string(),
                "pipewright.dev/place": attempt.place,
            },
        },
        "spec": {"containers": [{"name": "main"}], "restartPolicy": "Never"},
        "status": {
            "phase": phase,
            "startTime": instant(attempt.started_at),
            "message": failure.map(|failure| &failure.message),
            "containerStatuses": [{
                "name": "main",
                "ready": attempt.phase == TaskPhase::Running,
                "restartCount": 0,
                "state": state,
            }],
        },
    })
}

fn terminated(attempt: &AttemptView, code: i32, reason: &str, message: &str) -> Value {
    json!({"terminated": {
        "exitCode": code,
        "reason": reason,
        "message": message,
        "startedAt": instant(attempt.started_at),
        "finishedAt": instant(attempt.ended_at),
    }})
}

fn reason(failure: &Failure) -> &'static str {
    match failure.reason {
        FailureReason::OutOfMemory => "OOMKilled",
        FailureReason::TimedOut => "DeadlineExceeded",
        FailureReason::Cancelled => "Killed",
        FailureReason::NotStarted | FailureReason::Refused => "ContainerCannotRun",
        FailureReason::Lost => "NodeLost",
        FailureReason::ExitCode
        | FailureReason::Signal
        | FailureReason::Output
        | FailureReason::Resolve
        | FailureReason::Inner
        | FailureReason::Declined => "Error",
    }
}

async fn events(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<Value>, Plain> {
    let (name, namespace) = (required(&words, "podname")?, required(&words, "podnamespace")?);
    let pod = pod_of(&app, &permit, (name, words.get("runid"))).await?;
    Ok(Json(happenings(&pod, name, namespace)))
}

/// Lists what is known of an attempt as the events of a pod.
fn happenings(pod: &Pod, name: &str, namespace: &str) -> Value {
    let attempt = &pod.attempt;
    let mut items = Vec::new();
    let mut add = |at: Option<Timestamp>, kind: &str, reason: &str, message: String| {
        let Some(at) = at.map(rfc3339) else { return };
        items.push(json!({
            "metadata": {"name": format!("{name}.{}", items.len()), "namespace": namespace},
            "involvedObject": {"kind": "Pod", "name": name, "namespace": namespace},
            "type": kind, "reason": reason, "message": message, "count": 1,
            "firstTimestamp": at, "lastTimestamp": at, "source": {"component": "pipewright"},
        }));
    };
    let place = attempt.place.clone().unwrap_or_else(|| "this machine".to_owned());
    add(Some(attempt.created_at), "Normal", "Scheduled", format!("attempt {} was planned", attempt.number));
    if let Some(note) = &attempt.note {
        add(Some(attempt.created_at), "Normal", "Pulling", note.clone());
    }
    add(attempt.started_at, "Normal", "Started", format!("started as {place}"));
    match (&attempt.failure, attempt.phase) {
        (Some(failure), _) => {
            let hint = failure.hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
            add(attempt.ended_at, "Warning", reason(failure), format!("{}{hint}", failure.message));
        }
        (None, TaskPhase::Succeeded) => {
            add(attempt.ended_at, "Normal", "Completed", "the command ended with code 0".to_owned());
        }
        (None, _) => {}
    }
    json!({"apiVersion": "v1", "kind": "EventList", "items": items})
}

#[cfg(test)]
mod tests {
    use pipewright_store::engine::TaskKey;

    use super::*;

    #[test]
    fn names_of_pods_hold_their_run() {
        let run = RunId("0190a5d4-0000-7000-8000-000000000001".to_owned());
        let task = TaskKey("root/for-each[3]/Train it!".to_owned());
        let name = pod_name(&AttemptId { run: run.clone(), task, number: 2 });
        assert!(name.starts_with("train-it--0190a5d4-"), "{name}");
        assert_eq!(run_of(&name), Some(run));
        for other in ["", "wf-abc-123", "ü-0190a5d4-0000-7000-8000-00000000000ü-0123456789abcdef"] {
            assert_eq!(run_of(other), None, "{other}");
        }
    }
}
