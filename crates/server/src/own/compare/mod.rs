//! Runs side by side: `compare?run_ids=a,b,…`. Arrays of values are in the order of the runs.

mod metrics;

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use pipewright_plan::{ArtifactValue, Plan, Value};
use pipewright_store::Run;
use pipewright_store::engine::{RunId, TaskPhase, TaskView};
use serde::Serialize;
use utoipa::ToSchema;

use super::graph::{component_view, type_title};
use super::progress::{Place, RunSummary};
use super::words::{TaskState, seconds_between};
use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::Words;
use crate::v1beta1::metrics::by_task;

pub use metrics::{ConfusionMatrixView, MetricComparison, RocCurveView, RocPoint};

/// Runs that are compared, and tasks of each.
const MOST_RUNS: usize = 10;
const MOST_TASKS: usize = 5000;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/compare", get(compare))
}

/// Runs side by side.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CompareView {
    pub runs: Vec<RunSummary>,
    pub parameters: Vec<ParameterComparison>,
    pub metrics: Vec<MetricComparison>,
    pub confusion_matrices: Vec<ConfusionMatrixView>,
    pub roc_curves: Vec<RocCurveView>,
    pub documents: Vec<DocumentReference>,
    pub artifacts: Vec<ArtifactComparison>,
    pub tasks: Vec<TaskComparison>,
    /// Some run has more tasks than were looked at.
    pub truncated: bool,
}

/// One parameter of the runs.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ParameterComparison {
    pub name: String,
    /// Null: that run has none.
    #[schema(value_type = Vec<Value>)]
    pub values: Vec<Option<Value>>,
    pub differs: bool,
}

/// HTML or Markdown that a task left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DocumentReference {
    pub run_id: String,
    pub task: String,
    pub artifact: String,
    pub artifact_id: String,
    pub kind: DocumentKind,
}

/// The kinds of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    Html,
    Markdown,
}

/// One artifact of the runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ArtifactComparison {
    pub task: String,
    pub name: String,
    #[serde(rename = "type")]
    pub artifact_type: String,
    #[schema(nullable = true)]
    pub artifact_ids: Vec<Option<String>>,
    pub uris: Vec<Option<String>>,
    pub differs: bool,
}

/// One task of the runs.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TaskComparison {
    pub key: String,
    pub display_name: String,
    pub states: Vec<Option<TaskState>>,
    /// In seconds.
    pub durations: Vec<Option<f64>>,
    pub differs: bool,
    pub why: Vec<DifferenceKind>,
}

/// What differs between runs of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    Absent,
    State,
    Inputs,
    Outputs,
    Component,
}

/// One run with what it did.
struct Side {
    plan: std::sync::Arc<Plan>,
    run: Run,
    tasks: BTreeMap<String, TaskView>,
    /// Numbers of the old platform: the task, the name, the value.
    old_metrics: Vec<(String, String, f64)>,
}

async fn compare(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<CompareView>, Error> {
    let mut ids: Vec<&str> = Vec::new();
    for id in words.get("run_ids").unwrap_or_default().split(',').filter(|id| !id.is_empty()) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if !(2..=MOST_RUNS).contains(&ids.len()) {
        return Err(Error::Invalid(format!("name 2 to {MOST_RUNS} runs by run_ids, not {}", ids.len())));
    }
    let (mut sides, mut runs, mut truncated) = (Vec::new(), Vec::new(), false);
    for id in ids {
        let id = RunId(id.to_owned());
        let run = app.store.get_run(&id).await?;
        permit.check(&run.namespace)?;
        let (tasks, is_cut) = app.store.leading_tasks(&id, MOST_TASKS).await?;
        truncated |= is_cut;
        runs.push(super::graph::summary_now(&app, run.clone()).await?);
        let tasks = tasks.into_iter().map(|task| (task.key.0.clone(), task)).collect();
        let old_metrics = by_task(&app, &id).await?;
        let old_metrics =
            old_metrics.into_iter().map(|(task, metric)| (task, metric.name, metric.number_value)).collect();
        sides.push(Side { plan: app.store.run_plan(&id).await?, run, tasks, old_metrics });
    }
    let view = tokio::task::spawn_blocking(move || view(runs, &sides, truncated)).await;
    view.map(Json).map_err(|error| Error::internal("comparing runs failed", error))
}

fn view(runs: Vec<RunSummary>, sides: &[Side], truncated: bool) -> CompareView {
    CompareView {
        runs,
        parameters: parameters(sides),
        metrics: metrics::scalars(sides),
        confusion_matrices: metrics::confusion_matrices(sides),
        roc_curves: metrics::roc_curves(sides),
        documents: documents(sides),
        artifacts: artifacts(sides),
        tasks: tasks(sides),
        truncated,
    }
}

fn differ<T: PartialEq>(values: &[T]) -> bool {
    values.windows(2).any(|pair| pair[0] != pair[1])
}

fn parameters(sides: &[Side]) -> Vec<ParameterComparison> {
    // With defaults: what the run really had is what its root was given.
    let given = |side: &Side, name: &str| {
        let root = side.tasks.get("root").and_then(|root| root.inputs.parameters.get(name));
        root.or_else(|| side.run.parameters.get(name)).cloned()
    };
    let mut names: Vec<&String> = Vec::new();
    for side in sides {
        let declared = side.plan.root_component().into_iter().flat_map(|root| root.inputs.parameters.keys());
        for name in declared {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let compare = |name: &String| {
        let values: Vec<Option<Value>> = sides.iter().map(|side| given(side, name)).collect();
        ParameterComparison { name: name.clone(), differs: differ(&values), values }
    };
    names.into_iter().map(compare).collect()
}

/// Lists what tasks that have nothing inside left, by task and name.
fn left(side: &Side) -> impl Iterator<Item = (&TaskView, &String, &ArtifactValue)> {
    let leaves = side
        .tasks
        .values()
        .filter(|task| Place::of(&side.plan, &task.key).is_some_and(|place| place.is_leaf()));
    leaves.flat_map(|task| {
        let lists = task.outcome.artifacts.iter();
        lists.flat_map(move |(name, list)| list.iter().map(move |artifact| (task, name, artifact)))
    })
}

fn documents(sides: &[Side]) -> Vec<DocumentReference> {
    let mut found = Vec::new();
    for side in sides {
        for (task, name, artifact) in left(side) {
            let kind = match artifact.artifact_type.schema_title.as_str() {
                "system.HTML" => DocumentKind::Html,
                "system.Markdown" => DocumentKind::Markdown,
                _ => continue,
            };
            found.push(DocumentReference {
                run_id: side.run.id.0.clone(),
                task: task.key.0.clone(),
                artifact: name.clone(),
                artifact_id: artifact.id.0.clone(),
                kind,
            });
        }
    }
    found
}

fn artifacts(sides: &[Side]) -> Vec<ArtifactComparison> {
    let mut found: BTreeMap<(String, String), ArtifactComparison> = BTreeMap::new();
    for (index, side) in sides.iter().enumerate() {
        for (task, name, artifact) in left(side) {
            let row = found.entry((task.key.0.clone(), name.clone())).or_insert_with(|| ArtifactComparison {
                task: task.key.0.clone(),
                name: name.clone(),
                artifact_type: type_title(&artifact.artifact_type),
                artifact_ids: vec![None; sides.len()],
                uris: vec![None; sides.len()],
                differs: false,
            });
            row.artifact_ids[index] = Some(artifact.id.0.clone());
            row.uris[index] = Some(artifact.uri.clone());
        }
    }
    let mut rows: Vec<ArtifactComparison> = found.into_values().collect();
    rows.iter_mut().for_each(|row| row.differs = differ(&row.artifact_ids));
    rows
}

fn tasks(sides: &[Side]) -> Vec<TaskComparison> {
    let mut keys: BTreeMap<&String, &TaskView> = BTreeMap::new();
    for side in sides.iter().rev() {
        keys.extend(side.tasks.iter());
    }
    keys.into_iter()
        .filter(|(key, _)| key.as_str() != "root")
        .map(|(key, shown)| task(sides, key, shown))
        .collect()
}

fn task(sides: &[Side], key: &str, shown: &TaskView) -> TaskComparison {
    let views: Vec<Option<&TaskView>> = sides.iter().map(|side| side.tasks.get(key)).collect();
    let there: Vec<&TaskView> = views.iter().flatten().copied().collect();
    let mut why = Vec::new();
    if there.len() < sides.len() {
        why.push(DifferenceKind::Absent);
    }
    // An earlier result is a success like any other.
    let ends = |task: &&TaskView| match task.phase {
        TaskPhase::Cached => TaskPhase::Succeeded,
        phase => phase,
    };
    if differ(&there.iter().map(ends).collect::<Vec<_>>()) {
        why.push(DifferenceKind::State);
    }
    if differ(&there.iter().map(|task| &task.inputs.parameters).collect::<Vec<_>>()) {
        why.push(DifferenceKind::Inputs);
    }
    if differ(&there.iter().map(|task| &task.outcome.parameters).collect::<Vec<_>>()) {
        why.push(DifferenceKind::Outputs);
    }
    let component = |side: &Side| {
        let place = Place::of(&side.plan, &shown.key)?;
        Some(component_view(&side.plan, place.component))
    };
    let components: Vec<_> = sides.iter().filter_map(component).collect();
    if differ(&components) {
        why.push(DifferenceKind::Component);
    }
    TaskComparison {
        key: key.to_owned(),
        display_name: shown.display_name.clone(),
        states: views.iter().map(|view| view.map(|task| task.phase.into())).collect(),
        durations: views
            .iter()
            .map(|view| view.and_then(|task| seconds_between(task.started_at, task.ended_at)))
            .collect(),
        differs: !why.is_empty(),
        why,
    }
}
