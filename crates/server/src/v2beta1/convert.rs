//! Our rows and views as messages of the API.
//!
//! **States.** `Cancelling` is `CANCELING`. A run that ended `Cancelled` is reported as `FAILED` with an
//! `error` that says "cancelled": the official client's `wait_for_run_completion` knows only succeeded, failed,
//! skipped and error as ends and would wait for ever on `CANCELED` (upstream, too, ends such runs as FAILED).
//! The run's `state_history` shows `CANCELING` before. Tasks have no such reader and say `CANCELED`.
//! `Cached` is `SUCCEEDED`; a task that never fired because of what happened upstream has no `state` at all.

use std::collections::BTreeMap;

use pipewright_plan::ArtifactValue;
use pipewright_store as store;
use store::engine::{AttemptId, Failure, FailureReason, RunPhase, RunView, TaskKey, TaskPhase, TaskView};

use super::types::{
    ArtifactIds, ChildTask, EPOCH, Experiment, Pipeline, PipelineVersion, PipelineVersionReference, Run,
    RunDetails, RuntimeConfig, RuntimeStatus, Status, TaskDetail, Url,
};
use crate::app::App;
use crate::companion::pod_name;
use crate::plugins;
use crate::time::rfc3339;

/// Returns the API's word for a run's phase.
pub fn run_state(phase: RunPhase) -> &'static str {
    match phase {
        RunPhase::Pending => "PENDING",
        RunPhase::Running => "RUNNING",
        RunPhase::Cancelling => "CANCELING",
        RunPhase::Succeeded => "SUCCEEDED",
        RunPhase::Failed | RunPhase::Cancelled => "FAILED",
    }
}

/// Returns the API's word for a task's phase; empty for a task that never fired.
pub fn task_state(phase: TaskPhase) -> &'static str {
    match phase {
        TaskPhase::Pending => "PENDING",
        TaskPhase::Running => "RUNNING",
        TaskPhase::Succeeded | TaskPhase::Cached => "SUCCEEDED",
        TaskPhase::Skipped => "SKIPPED",
        TaskPhase::Omitted => "",
        TaskPhase::Failed => "FAILED",
        TaskPhase::Cancelled => "CANCELED",
    }
}

fn status(failure: &Failure) -> Status {
    let code = match failure.reason {
        FailureReason::Cancelled => 1,
        FailureReason::TimedOut => 4,
        FailureReason::OutOfMemory => 8,
        FailureReason::Refused | FailureReason::Resolve | FailureReason::Declined => 9,
        FailureReason::ExitCode
        | FailureReason::Signal
        | FailureReason::Output
        | FailureReason::NotStarted
        | FailureReason::Lost
        | FailureReason::Inner => 2,
    };
    let message = match &failure.hint {
        Some(hint) => format!("{}\nhint: {hint}", failure.message),
        None => failure.message.clone(),
    };
    Status { code, message, details: Vec::new() }
}

/// Returns what the API says of why a run failed.
pub(crate) fn run_error(view: &RunView) -> Option<Status> {
    if view.phase != RunPhase::Cancelled {
        return view.error.as_ref().map(status);
    }
    let message = match &view.error {
        Some(failure) if failure.message.starts_with("cancelled") => failure.message.clone(),
        Some(failure) => format!("cancelled: {}", failure.message),
        None => "cancelled on request".to_owned(),
    };
    Some(Status { code: 1, message, details: Vec::new() })
}

fn history(view: &RunView) -> Vec<RuntimeStatus> {
    let last = view.history.len().saturating_sub(1);
    view.history
        .iter()
        .enumerate()
        .map(|(index, (at, phase))| RuntimeStatus {
            update_time: rfc3339(*at),
            state: run_state(*phase).to_owned(),
            error: if index == last && phase.is_terminal() { run_error(view) } else { None },
        })
        .collect()
}

/// Writes a run as the API shows it, with its tasks when given.
pub fn run_message(run: &store::Run, tasks: Option<&[TaskView]>) -> Run {
    let view = &run.view;
    let reference = run.pipeline_version_id.as_ref().map(|version| PipelineVersionReference {
        pipeline_id: run.pipeline_id.clone().unwrap_or_default(),
        pipeline_version_id: version.clone(),
    });
    let config = RuntimeConfig {
        parameters: run.parameters.as_object().cloned().unwrap_or_default(),
        pipeline_root: run.pipeline_root.clone().unwrap_or_default(),
    };
    let created_at = rfc3339(run.created_at);
    let mut state_history = history(view);
    if state_history.is_empty() {
        let state = run_state(RunPhase::Pending).to_owned();
        state_history.push(RuntimeStatus { update_time: created_at.clone(), state, error: None });
    }
    Run {
        experiment_id: run.experiment_id.clone(),
        run_id: run.id.to_string(),
        display_name: run.display_name.clone(),
        storage_state: storage_word(run.archived),
        description: run.description.clone(),
        pipeline_spec: if reference.is_none() { Some(run.pipeline_spec.clone()) } else { None },
        pipeline_version_reference: reference,
        runtime_config: (config != RuntimeConfig::default()).then_some(config),
        service_account: run.service_account.clone(),
        scheduled_at: rfc3339(run.scheduled_at),
        created_at,
        finished_at: view.ended_at.map_or_else(|| EPOCH.to_owned(), rfc3339),
        state: run_state(view.phase).to_owned(),
        error: run_error(view),
        recurring_run_id: run.recurring_run_id.clone().unwrap_or_default(),
        plugins_input: plugins::message(&run.plugins_input),
        run_details: tasks.filter(|tasks| !tasks.is_empty()).map(run_details),
        state_history,
        ..Run::default()
    }
}

fn storage_word(archived: bool) -> String {
    if archived { "ARCHIVED" } else { "AVAILABLE" }.to_owned()
}

fn run_details(tasks: &[TaskView]) -> RunDetails {
    let mut children: BTreeMap<&TaskKey, Vec<&TaskKey>> = BTreeMap::new();
    for task in tasks {
        if let Some(parent) = &task.parent {
            children.entry(parent).or_default().push(&task.key);
        }
    }
    let task_details = tasks
        .iter()
        .map(|task| task_detail(task, children.get(&task.key).map_or(&[], Vec::as_slice)))
        .collect();
    RunDetails { task_details }
}

fn task_detail(task: &TaskView, children: &[&TaskKey]) -> TaskDetail {
    let inner = children.iter().map(|key| ChildTask { task_id: key.to_string(), ..ChildTask::default() });
    let places = task.attempts.iter().filter(|attempt| attempt.place.is_some()).map(|attempt| {
        let id = AttemptId { run: task.run.clone(), task: task.key.clone(), number: attempt.number };
        ChildTask { pod_name: pod_name(&id), ..ChildTask::default() }
    });
    TaskDetail {
        run_id: task.run.to_string(),
        task_id: task.key.to_string(),
        display_name: task.display_name.clone(),
        create_time: rfc3339(task.created_at),
        start_time: task.started_at.map(rfc3339).unwrap_or_default(),
        end_time: task.ended_at.map(rfc3339).unwrap_or_default(),
        state: task_state(task.phase).to_owned(),
        error: task.error.as_ref().map(status),
        inputs: artifact_ids(&task.inputs.artifacts),
        outputs: artifact_ids(&task.outcome.artifacts),
        parent_task_id: task.parent.as_ref().map(ToString::to_string).unwrap_or_default(),
        state_history: Vec::new(),
        child_tasks: inner.chain(places).collect(),
    }
}

fn artifact_ids(artifacts: &BTreeMap<String, Vec<ArtifactValue>>) -> BTreeMap<String, ArtifactIds> {
    artifacts
        .iter()
        .map(|(key, list)| {
            let artifact_ids = list.iter().map(|artifact| artifact.id.0.clone()).collect();
            (key.clone(), ArtifactIds { artifact_ids })
        })
        .collect()
}

pub(super) fn experiment_message(app: &App, experiment: store::Experiment) -> Experiment {
    Experiment {
        experiment_id: experiment.id,
        display_name: experiment.display_name,
        description: experiment.description,
        created_at: rfc3339(experiment.created_at),
        namespace: app.shown(&experiment.namespace).to_owned(),
        storage_state: storage_word(experiment.archived),
        last_run_created_at: experiment.last_run_created_at.map_or_else(|| EPOCH.to_owned(), rfc3339),
    }
}

pub(super) fn pipeline_message(pipeline: store::Pipeline) -> Pipeline {
    Pipeline {
        pipeline_id: pipeline.id,
        display_name: pipeline.display_name,
        name: pipeline.name,
        description: pipeline.description,
        created_at: rfc3339(pipeline.created_at),
        namespace: pipeline.namespace,
        error: None,
        tags: Some(pipeline.tags).filter(|tags| !tags.is_empty()),
    }
}

pub(super) fn version_message(version: store::PipelineVersion) -> PipelineVersion {
    PipelineVersion {
        pipeline_id: version.pipeline_id,
        pipeline_version_id: version.id,
        display_name: version.display_name,
        name: version.name,
        description: version.description,
        created_at: rfc3339(version.created_at),
        package_url: version.package_url.map(|pipeline_url| Url { pipeline_url }),
        code_source_url: version.code_source_url.unwrap_or_default(),
        pipeline_spec: Some(version.pipeline_spec),
        error: None,
        tags: Some(version.tags).filter(|tags| !tags.is_empty()),
    }
}
