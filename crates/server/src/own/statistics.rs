//! How the runs of a pipeline went: `pipelines/{id}/statistics`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use pipewright_store::engine::{TaskKey, TaskPhase, Timestamp};
use pipewright_store::{RunTimes, TaskTimes};
use serde::Serialize;
use utoipa::ToSchema;

use super::progress::Place;
use super::words::{RunState, instant, seconds_between};
use crate::access::{Permit, Verb};
use crate::app::App;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::time;

const DAYS: i64 = 30;
const MOST_DAYS: i64 = 3650;
/// Runs that are looked at, the newest; those of them whose tasks are.
const RUNS: u32 = 2000;
const RUNS_WITH_TASKS: usize = 200;
const RECENT: usize = 100;
const DAY: i64 = 86_400_000_000;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/pipelines/{pipeline}/statistics", get(statistics))
}

/// How the newest runs of a pipeline went.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StatisticsView {
    pub runs: u64,
    pub counts: BTreeMap<RunState, u64>,
    /// Of runs that succeeded, from creation to end.
    pub durations: Quantiles,
    /// The share of tasks that could have run and took an earlier result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_rate: Option<f64>,
    /// Of the newest runs; iterations of a loop count as one task.
    pub per_task: Vec<TaskStatistics>,
    pub recent: Vec<RecentRun>,
}

/// How one task went.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TaskStatistics {
    /// Its path without the root and without iterations.
    pub name: String,
    pub runs: u64,
    pub failed: u64,
    pub cached: u64,
    /// Of those that succeeded, from start to end.
    pub durations: Quantiles,
}

/// Durations in seconds; empty without any.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Quantiles {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// One of the newest runs.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecentRun {
    pub run_id: String,
    pub state: RunState,
    pub created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
}

impl Quantiles {
    /// By nearest rank: a duration that there was.
    fn of(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        let rank = |share: f64| {
            let at = (share * seconds.len() as f64).ceil() as usize;
            seconds.get(at.saturating_sub(1)).copied()
        };
        let mean = (!seconds.is_empty()).then(|| seconds.iter().sum::<f64>() / seconds.len() as f64);
        Self {
            p50: rank(0.5),
            p90: rank(0.9),
            p99: rank(0.99),
            mean,
            min: seconds.first().copied(),
            max: seconds.last().copied(),
        }
    }
}

async fn statistics(
    State(app): State<App>,
    permit: Permit,
    Segments(pipeline): Segments<String>,
    words: Words,
) -> Result<Json<StatisticsView>, Error> {
    app.store.get_pipeline(&pipeline).await?;
    let days = words.number("days")?.unwrap_or(DAYS).clamp(1, MOST_DAYS);
    let since = Timestamp(time::now().0 - days * DAY);
    let mut times = app.store.pipeline_times(&pipeline, since, RUNS, RUNS_WITH_TASKS).await?;
    if permit.is_multi_user() {
        // A pipeline that is shared runs in many namespaces.
        let wanted = words.get("namespace");
        times.retain(|run| wanted.is_none_or(|wanted| wanted == run.namespace));
        times.retain(|run| permit.check_as((Verb::List, "runs"), &run.namespace).is_ok());
    }
    let mut tasks: BTreeMap<String, Tally> = BTreeMap::new();
    for run in times.iter().filter(|run| !run.tasks.is_empty()) {
        let plan = app.store.run_plan(&run.run).await?;
        let leaves =
            run.tasks.iter().filter(|task| Place::of(&plan, &task.task).is_some_and(|place| place.is_leaf()));
        leaves.for_each(|task| tasks.entry(plain_name(&task.task)).or_default().count(task));
    }
    Ok(Json(view(&times, tasks)))
}

/// What was counted of one task.
#[derive(Default)]
struct Tally {
    ran: u64,
    failed: u64,
    cached: u64,
    seconds: Vec<f64>,
}

impl Tally {
    fn count(&mut self, task: &TaskTimes) {
        match task.phase {
            TaskPhase::Succeeded => {
                self.ran += 1;
                self.seconds.extend(seconds_between(task.started_at, task.ended_at));
            }
            TaskPhase::Cached => {
                self.ran += 1;
                self.cached += 1;
            }
            TaskPhase::Failed => {
                self.ran += 1;
                self.failed += 1;
            }
            TaskPhase::Pending | TaskPhase::Running => self.ran += 1,
            TaskPhase::Skipped | TaskPhase::Omitted | TaskPhase::Cancelled => {}
        }
    }
}

fn view(times: &[RunTimes], tasks: BTreeMap<String, Tally>) -> StatisticsView {
    let mut counts: BTreeMap<RunState, u64> = BTreeMap::new();
    for run in times {
        *counts.entry(run.phase.into()).or_default() += 1;
    }
    let duration = |run: &RunTimes| seconds_between(Some(run.created_at), run.finished_at);
    let succeeded = times.iter().filter(|run| RunState::from(run.phase) == RunState::Succeeded);
    let recent = times.iter().take(RECENT).map(|run| RecentRun {
        run_id: run.run.0.clone(),
        state: run.phase.into(),
        created_at: instant(run.created_at),
        duration_seconds: duration(run),
    });
    let (ran, cached) = tasks.values().fold((0, 0), |(ran, cached), it| (ran + it.ran, cached + it.cached));
    StatisticsView {
        runs: times.len() as u64,
        counts,
        durations: Quantiles::of(succeeded.filter_map(duration).collect()),
        cache_rate: (ran > 0).then(|| cached as f64 / ran as f64),
        per_task: tasks
            .into_iter()
            .map(|(name, tally)| TaskStatistics {
                name,
                runs: tally.ran,
                failed: tally.failed,
                cached: tally.cached,
                durations: Quantiles::of(tally.seconds),
            })
            .collect(),
        recent: recent.collect(),
    }
}

/// Takes the root and the iterations out of a path.
fn plain_name(key: &TaskKey) -> String {
    let parts = key.as_str().split('/').skip(1).map(|part| part.split('[').next().unwrap_or(part));
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_durations_that_there_were() {
        assert_eq!(Quantiles::of(Vec::new()), Quantiles::default());
        let found = Quantiles::of((1..=100).rev().map(f64::from).collect());
        assert_eq!((found.p50, found.p90, found.p99), (Some(50.0), Some(90.0), Some(99.0)));
        assert_eq!((found.mean, found.min, found.max), (Some(50.5), Some(1.0), Some(100.0)));
        assert_eq!(Quantiles::of(vec![3.0]).p99, Some(3.0));
    }

    #[test]
    fn iterations_share_a_name() {
        assert_eq!(plain_name(&TaskKey("root/for-each[3]/train".to_owned())), "for-each/train");
    }
}
