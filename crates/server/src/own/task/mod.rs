//! Everything about one task instance: `runs/{id}/tasks/{key}`, and below it what it used over time.

mod cache;
mod usage;
mod waiting;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use pipewright_plan::{Component, Outcome, ParameterSource, Plan, Usage, Value};
use pipewright_store::TaskBrief;
use pipewright_store::engine::{
    AttemptId, AttemptView as Attempt, Awaited, Resolved, RunId, TaskKey, TaskView, Timestamp, awaited,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::artifacts::{ArtifactView, artifact_view};
use super::graph::{
    ComponentView, ParameterTypeView, TaskDefinition, component_view, parameter_type, task_definition,
};
use super::hide::Hide;
use super::progress::{Place, TaskProgress, task_progress};
use super::words::{ErrorView, TaskState, instant};
use crate::app::App;
use crate::error::Error;
use crate::extract::Segments;

pub use cache::{CacheDifference, CacheExplanation, CacheVerdict};
pub use usage::UsageOverTime;
pub use waiting::{WaitKind, WaitingView};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/runs/{id}/tasks/{key}", get(detail))
        .route("/runs/{id}/tasks/{key}/usage", get(usage::usage))
}

/// Everything about one task instance.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TaskDetailView {
    #[serde(flatten)]
    pub progress: TaskProgress,
    pub inputs: ValuesView,
    pub outputs: ValuesView,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub definition: Option<TaskDefinition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_view: Option<ComponentView>,
    pub attempt_list: Vec<AttemptDetail>,
    pub timeline: Vec<TimelineEntry>,
    pub cache: CacheExplanation,
    /// Why it does not go on, when it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingView>,
    /// Of a task that waits for a time or for somebody, or did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspension: Option<SuspensionView>,
}

/// The wait of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SuspensionView {
    /// It can be let go on now.
    pub waits: bool,
    /// When it goes on by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What whoever lets it go on gives.
    pub awaited: Vec<AwaitedView>,
    /// Who let it go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A value that a waiting task expects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AwaitedView {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The only values allowed, when not empty.
    pub choices: Vec<String>,
    /// Stands in when nothing is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What is usual; it has to be given all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested: Option<String>,
}

/// Parameters by value, artifacts with where they lie.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ValuesView {
    pub parameters: Vec<ValueView>,
    /// A list of artifacts has several entries of the same name.
    pub artifacts: Vec<ArtifactView>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ValueView {
    pub name: String,
    #[serde(rename = "type")]
    pub value_type: ParameterTypeView,
    pub value: Value,
    /// Where it comes from: `pipeline input x`, `task.output`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// One attempt at a task.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AttemptDetail {
    pub number: u32,
    pub state: TaskState,
    pub created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Where it ran: `process 4711`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The kind of executor: `process`, `container`, `registry` or `unknown`
    pub executor: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageView>,
    /// Absent when nothing was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<LogView>,
    /// Its use of the machine over time is known.
    pub has_samples: bool,
}

/// What an attempt used.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UsageView {
    pub cpu_user_seconds: f64,
    pub cpu_system_seconds: f64,
    pub peak_memory_bytes: u64,
    pub wall_seconds: f64,
}

impl From<&Usage> for UsageView {
    fn from(usage: &Usage) -> Self {
        Self {
            cpu_user_seconds: usage.cpu_user_us as f64 / 1e6,
            cpu_system_seconds: usage.cpu_system_us as f64 / 1e6,
            peak_memory_bytes: usage.peak_memory_bytes,
            wall_seconds: (usage.ended_at_us - usage.started_at_us).max(0) as f64 / 1e6,
        }
    }
}

/// An attempt's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogView {
    /// In bytes.
    pub size: u64,
}

/// Something that happened to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TimelineEntry {
    pub at: String,
    /// `created`, `planned`, `preparing`, `started`, `ended`, `cached`, `suspended`, `resumed`, `finished`
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    pub text: String,
}

async fn detail(
    State(app): State<App>,
    Segments((run, key)): Segments<(String, String)>,
) -> Result<Json<TaskDetailView>, Error> {
    let (run, key) = (RunId(run), TaskKey(key));
    let plan = app.store.run_plan(&run).await?;
    let place = Place::of(&plan, &key)
        .ok_or_else(|| Error::NotFound(format!("the pipeline of run {run} has no task `{key}`")))?;
    let task = match app.store.task(&run, &key).await {
        Ok(task) => Some(task),
        Err(pipewright_store::Error::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let masks = app.store.masks().await?;
    let mut definition = place.task.map(|definition| task_definition(key.name(), definition));
    let mut component = component_view(&plan, place.component);
    definition.hide(&masks);
    component.hide(&masks);
    let waiting = waiting::explain(&app, &plan, (&run, &key), task.as_ref()).await?;
    let Some(task) = task else {
        return Ok(Json(TaskDetailView {
            progress: TaskProgress::unborn(&place, &key),
            inputs: ValuesView::default(),
            outputs: ValuesView::default(),
            definition,
            component_view: Some(component),
            attempt_list: Vec::new(),
            timeline: Vec::new(),
            cache: cache::not_asked(),
            waiting,
            suspension: None,
        }));
    };
    let mut cache = cache::explain(&app, &plan, &place, &task).await?;
    let image = component.container.as_ref().map(|container| container.image.clone());
    let attempt_list = attempts(&app, &task, image.as_deref()).await;
    let (mut inputs, mut outputs) = (inputs(&place, &task.inputs), outputs(place.component, &task.outcome));
    inputs.hide(&masks);
    cache.hide(&masks);
    outputs.hide(&masks);
    Ok(Json(TaskDetailView {
        inputs,
        outputs,
        definition,
        component_view: Some(component),
        attempt_list,
        timeline: timeline(&task),
        cache,
        waiting,
        suspension: suspension(place.component, &task),
        progress: task_progress(&plan, brief(&app, &run, task).await?),
    }))
}

fn suspension(component: &Component, task: &TaskView) -> Option<SuspensionView> {
    let wait = task.suspension.as_ref()?;
    let shown = |awaited: Awaited| AwaitedView {
        name: awaited.name,
        description: awaited.description,
        choices: awaited.choices,
        default: awaited.default,
        suggested: awaited.suggested,
    };
    Some(SuspensionView {
        waits: !task.phase.is_terminal(),
        until: wait.until.map(instant),
        awaited: awaited(component, &task.inputs).into_iter().map(shown).collect(),
        by: wait.released.as_ref().and_then(|released| released.by.clone()),
        message: wait.released.as_ref().and_then(|released| released.message.clone()),
    })
}

/// Takes what graphs show of a task; a loop with its counts.
async fn brief(app: &App, run: &RunId, task: TaskView) -> Result<TaskBrief, Error> {
    let found = app.store.task_brief(run, &task.key).await?;
    found.ok_or_else(|| Error::NotFound(format!("task `{}` of run {run} is not there any more", task.key)))
}

fn inputs(place: &Place<'_>, resolved: &Resolved) -> ValuesView {
    let parameters = resolved.parameters.iter().map(|(name, value)| ValueView {
        name: name.clone(),
        value_type: place
            .component
            .inputs
            .parameters
            .get(name)
            .map_or(ParameterTypeView::Any, |input| parameter_type(input.parameter_type)),
        value: value.clone(),
        source: place.task.and_then(|task| task.parameters.get(name)).map(|binding| source(&binding.source)),
    });
    ValuesView { parameters: parameters.collect(), artifacts: artifacts(&resolved.artifacts) }
}

fn source(source: &ParameterSource) -> String {
    match source.inner() {
        ParameterSource::DagInput { name } => format!("input {name}"),
        ParameterSource::TaskOutput { task, key } => format!("{task}.{key}"),
        ParameterSource::Constant { .. } => "constant".to_owned(),
        ParameterSource::FinalStatus { task } => format!("how {task} ended"),
        ParameterSource::Optional { .. } | ParameterSource::TaskConfig { .. } => {
            "settings of the task".to_owned()
        }
    }
}

fn outputs(component: &Component, outcome: &Outcome) -> ValuesView {
    let parameters = outcome.parameters.iter().map(|(name, value)| ValueView {
        name: name.clone(),
        value_type: component
            .outputs
            .parameters
            .get(name)
            .map_or(ParameterTypeView::Any, |output| parameter_type(output.parameter_type)),
        value: value.clone(),
        source: None,
    });
    ValuesView { parameters: parameters.collect(), artifacts: artifacts(&outcome.artifacts) }
}

fn artifacts(
    lists: &std::collections::BTreeMap<String, Vec<pipewright_plan::ArtifactValue>>,
) -> Vec<ArtifactView> {
    let all = lists.iter().flat_map(|(name, list)| list.iter().map(move |artifact| (name, artifact)));
    all.map(|(name, artifact)| artifact_view(name, artifact)).collect()
}

async fn attempts(app: &App, task: &TaskView, image: Option<&str>) -> Vec<AttemptDetail> {
    let mut details = Vec::with_capacity(task.attempts.len());
    for attempt in &task.attempts {
        let id = AttemptId { run: task.run.clone(), task: task.key.clone(), number: attempt.number };
        let size = tokio::fs::metadata(app.logs.log_path(&id)).await.ok().map(|metadata| metadata.len());
        let has_samples = usage::has_samples(app, &id).await;
        details.push(AttemptDetail { has_samples, ..attempt_detail(attempt, image, size) });
    }
    details
}

fn attempt_detail(attempt: &Attempt, image: Option<&str>, log: Option<u64>) -> AttemptDetail {
    let (kind, name) = attempt.place.as_deref().and_then(|place| place.split_once(' ')).unwrap_or_default();
    AttemptDetail {
        number: attempt.number,
        state: attempt.phase.into(),
        created_at: instant(attempt.created_at),
        started_at: attempt.started_at.map(instant),
        ended_at: attempt.ended_at.map(instant),
        place: attempt.place.clone(),
        executor: if kind.is_empty() { "unknown".to_owned() } else { kind.to_owned() },
        pid: name.parse().ok().filter(|_| kind == "process"),
        image: image.map(str::to_owned),
        note: attempt.note.clone(),
        error: attempt.failure.as_ref().map(ErrorView::from),
        exit_code: match (&attempt.failure, attempt.phase.is_success()) {
            (Some(failure), _) => failure.exit_code,
            (None, true) => Some(0),
            (None, false) => None,
        },
        usage: attempt.usage.as_ref().map(UsageView::from),
        log: log.map(|size| LogView { size }),
        has_samples: false,
    }
}

/// Tells what happened to a task, in order.
fn timeline(task: &TaskView) -> Vec<TimelineEntry> {
    let mut entries: Vec<(Timestamp, &str, Option<u32>, String)> =
        vec![(task.created_at, "created", None, "everything upstream is there".to_owned())];
    if let Some(locks) = task.locks.as_ref().filter(|locks| locks.lock.is_some()) {
        entries.push((locks.wanted_at, "suspended", None, locks.message.clone()));
        if let Some(at) = locks.acquired_at {
            let names: Vec<&str> = locks.claims.iter().map(|claim| claim.name.as_str()).collect();
            entries.push((at, "resumed", None, format!("holds {}", names.join(", "))));
        }
    }
    for attempt in &task.attempts {
        let number = Some(attempt.number);
        entries.push((attempt.created_at, "planned", number, "asks for a place to run".to_owned()));
        if let Some(at) = attempt.preparing_at {
            let text = attempt.note.clone().unwrap_or_else(|| "its environment is prepared".to_owned());
            entries.push((at, "preparing", number, text));
        }
        if let Some(at) = attempt.started_at {
            let text = attempt.place.as_ref().map_or("runs".to_owned(), |place| format!("runs as {place}"));
            entries.push((at, "started", number, text));
        }
        if let Some(at) = attempt.ended_at {
            let text =
                attempt.failure.as_ref().map_or("succeeded".to_owned(), |failure| failure.message.clone());
            entries.push((at, "ended", number, text));
        }
    }
    if let (Some(source), Some(at)) = (&task.cached_from, task.ended_at) {
        let text = format!("took the result of task {} of run {}", source.task, source.run);
        entries.push((at, "cached", None, text));
    }
    if let (Some(wait), Some(at)) = (&task.suspension, task.started_at) {
        let text = match wait.until {
            Some(until) => format!("waits until {}, or to be resumed", instant(until)),
            None => "waits to be resumed".to_owned(),
        };
        entries.push((at, "suspended", None, text));
    }
    if let (Some(released), Some(at)) =
        (task.suspension.as_ref().and_then(|wait| wait.released.as_ref()), task.ended_at)
    {
        let by = released.by.as_ref().map_or(String::new(), |by| format!(" by {by}"));
        let said = released.message.as_ref().map_or(String::new(), |message| format!(": {message}"));
        entries.push((at, "resumed", None, format!("answered{by}{said}")));
    }
    if let Some(at) = task.ended_at {
        let state: TaskState = task.phase.into();
        let word = serde_json::to_value(state).ok().and_then(|word| word.as_str().map(str::to_lowercase));
        let text = match &task.error {
            Some(error) => error.message.clone(),
            None => word.unwrap_or_default(),
        };
        entries.push((at, "finished", None, text));
    }
    entries.sort_by_key(|(at, ..)| *at);
    entries
        .into_iter()
        .map(|(at, kind, attempt, text)| TimelineEntry {
            at: instant(at),
            kind: kind.to_owned(),
            attempt,
            text,
        })
        .collect()
}

/// Names the tasks of a plan that the explanation of waiting speaks of.
pub(super) fn dag_of<'p>(plan: &'p Plan, key: &TaskKey) -> Option<&'p pipewright_plan::Dag> {
    match &Place::of(plan, key)?.component.kind {
        pipewright_plan::ComponentKind::Dag(dag) => Some(dag),
        _ => None,
    }
}
