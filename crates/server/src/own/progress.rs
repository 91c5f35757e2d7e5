//! How far a run and its tasks are, as graphs, timelines and streams of events show it.

use pipewright_plan::{Component, ComponentKind, Plan, Task, Value};
use pipewright_store::engine::{AttemptView, TaskKey, TaskKind, TaskPhase, Timestamp};
use pipewright_store::{Run, TaskBrief};
use serde::Serialize;
use utoipa::ToSchema;

use super::words::{Counts, ErrorView, RunState, TaskReference, TaskState, instant, seconds_between};

/// Bytes of an item that are shown beside an iteration.
const ITEM_SHOWN: usize = 1024;

/// A run at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RunSummary {
    pub run_id: String,
    pub display_name: String,
    pub state: RunState,
    pub created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// From its creation to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorView>,
    pub experiment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_version_id: Option<String>,
    pub pipeline_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recurring_run_id: Option<String>,
    pub archived: bool,
    /// Tasks that run, import or act on an object, by state; those that have not begun are in none.
    pub counts: Counts,
}

/// The kinds of task instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskKindView {
    Dag,
    /// The loop itself; its iterations are of their own kind.
    Loop,
    Iteration,
    Container,
    Importer,
    Resource,
    Suspend,
}

impl From<TaskKind> for TaskKindView {
    fn from(kind: TaskKind) -> Self {
        match kind {
            TaskKind::Dag => Self::Dag,
            TaskKind::Loop => Self::Loop,
            TaskKind::Iteration => Self::Iteration,
            TaskKind::Container => Self::Container,
            TaskKind::Importer => Self::Importer,
            TaskKind::Resource => Self::Resource,
            TaskKind::Suspend => Self::Suspend,
        }
    }
}

/// How far one task instance is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TaskProgress {
    /// Its path in the run: `root/for-each[3]/train`
    pub key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    pub name: String,
    pub display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    pub kind: TaskKindView,
    /// Absent: it has not begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<TaskState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u32>,
    /// Of an iteration in a list of them; a long one is cut and is a text then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<Value>,
    /// Of a loop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<IterationCounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// From its start to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<f64>,
    /// What its time went into, in order.
    pub spans: Vec<Span>,
    pub attempts: u32,
    /// What is being prepared just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_from: Option<TaskReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorView>,
}

/// How far the iterations of a loop are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct IterationCounts {
    pub count: u32,
    /// Those that have begun, by state.
    pub counts: Counts,
}

/// A stretch of a task's time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Span {
    pub kind: SpanKind,
    pub attempt: u32,
    pub from: String,
    /// Absent: it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What a task's time goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    /// For the cache's answer, for a place.
    Waiting,
    /// Its environment is made.
    Preparing,
    Running,
    /// Between two attempts.
    Backoff,
}

/// What a plan says of one task instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'p> {
    /// The root has none.
    pub(crate) task: Option<&'p Task>,
    pub(crate) component_name: &'p str,
    pub(crate) component: &'p Component,
    pub(crate) is_iteration: bool,
}

impl<'p> Place<'p> {
    /// Finds where a key leads; nothing when the plan has no such path.
    pub(crate) fn of(plan: &'p Plan, key: &TaskKey) -> Option<Self> {
        let mut place = Self {
            task: None,
            component_name: &plan.root,
            component: plan.root_component()?,
            is_iteration: false,
        };
        for segment in key.as_str().split('/').skip(1) {
            let (name, is_iteration) = match segment.split_once('[') {
                Some((name, _)) => (name, true),
                None => (segment, false),
            };
            let ComponentKind::Dag(dag) = &place.component.kind else { return None };
            let task = dag.tasks.get(name)?;
            place = Self {
                task: Some(task),
                component_name: &task.component,
                component: plan.component(&task.component)?,
                is_iteration,
            };
        }
        Some(place)
    }

    /// Tells whether the task is a loop, whose component runs once for each item.
    pub(crate) fn is_loop(&self) -> bool {
        !self.is_iteration && self.task.is_some_and(|task| task.iterator.is_some())
    }

    /// Tells whether nothing is inside.
    pub(crate) fn is_leaf(&self) -> bool {
        !self.is_loop() && !matches!(self.component.kind, ComponentKind::Dag(_))
    }
}

/// Counts tasks that have nothing inside.
pub(crate) fn leaf_counts(plan: &Plan, phases: &[(TaskKey, TaskPhase)]) -> Counts {
    let mut counts = Counts::new();
    for (key, phase) in phases {
        if Place::of(plan, key).is_some_and(|place| place.is_leaf()) {
            *counts.entry((*phase).into()).or_insert(0) += 1;
        }
    }
    counts
}

/// Shows a run at a glance.
pub(crate) fn run_summary(run: &Run, counts: Counts) -> RunSummary {
    let view = &run.view;
    RunSummary {
        run_id: run.id.0.clone(),
        display_name: run.display_name.clone(),
        state: view.phase.into(),
        created_at: instant(run.created_at),
        started_at: view.started_at.map(instant),
        ended_at: view.ended_at.map(instant),
        duration_seconds: seconds_between(Some(run.created_at), view.ended_at),
        error: view.error.as_ref().map(ErrorView::from),
        experiment_id: run.experiment_id.clone(),
        pipeline_id: run.pipeline_id.clone(),
        pipeline_version_id: run.pipeline_version_id.clone(),
        pipeline_name: run.pipeline_name.clone(),
        recurring_run_id: run.recurring_run_id.clone(),
        archived: run.archived,
        counts,
    }
}

/// Shows how far a task is.
pub(crate) fn task_progress(plan: &Plan, task: TaskBrief) -> TaskProgress {
    let iterations = task.iteration_count.map(|count| IterationCounts {
        count,
        counts: task.iterations.iter().map(|(phase, count)| ((*phase).into(), *count)).collect(),
    });
    TaskProgress {
        component: Place::of(plan, &task.key).map(|place| place.component_name.to_owned()),
        parent: task.parent.map(|parent| parent.0),
        name: task.name,
        display_name: task.display_name,
        kind: task.kind.into(),
        state: Some(task.phase.into()),
        iteration: task.iteration,
        item: task.item.map(short),
        iterations,
        created_at: Some(instant(task.created_at)),
        started_at: task.started_at.map(instant),
        ended_at: task.ended_at.map(instant),
        duration_seconds: seconds_between(task.started_at, task.ended_at),
        spans: spans(task.created_at, task.ended_at, &task.attempts),
        attempts: u32::try_from(task.attempts.len()).unwrap_or(u32::MAX),
        note: task.attempts.last().and_then(|attempt| attempt.note.clone()),
        cached_from: task.cached_from.as_ref().map(TaskReference::from),
        error: task.error.as_ref().map(ErrorView::from),
        key: task.key.0,
    }
}

impl TaskProgress {
    /// Shows a task that has not begun.
    pub(crate) fn unborn(place: &Place<'_>, key: &TaskKey) -> Self {
        let iteration = key.as_str().strip_suffix(']').and_then(|text| text.rsplit_once('[')?.1.parse().ok());
        let name = place.task.map_or(key.name(), |task| task.display_name.as_str());
        let kind = match &place.component.kind {
            _ if place.is_iteration => TaskKindView::Iteration,
            _ if place.is_loop() => TaskKindView::Loop,
            ComponentKind::Dag(_) => TaskKindView::Dag,
            ComponentKind::Container(_) => TaskKindView::Container,
            ComponentKind::Importer(_) => TaskKindView::Importer,
            ComponentKind::Resource(_) => TaskKindView::Resource,
            ComponentKind::Suspend(_) => TaskKindView::Suspend,
        };
        Self {
            key: key.0.clone(),
            parent: key.parent().map(|parent| parent.0),
            name: key.name().to_owned(),
            display_name: iteration.map_or_else(|| name.to_owned(), |index: u32| format!("{name}[{index}]")),
            component: Some(place.component_name.to_owned()),
            kind,
            state: None,
            iteration,
            item: None,
            iterations: None,
            created_at: None,
            started_at: None,
            ended_at: None,
            duration_seconds: None,
            spans: Vec::new(),
            attempts: 0,
            note: None,
            cached_from: None,
            error: None,
        }
    }
}

/// Cuts what is too long to stand beside an iteration.
fn short(item: Value) -> Value {
    let text = match &item {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.len() <= ITEM_SHOWN {
        return item;
    }
    let end = (0..=ITEM_SHOWN).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    Value::String(format!("{}…", &text[..end]))
}

/// Says what a task's time went into. A task without attempts (a dag, a cached one) has no parts.
fn spans(created_at: Timestamp, ended_at: Option<Timestamp>, attempts: &[AttemptView]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut push = |kind, attempt, from: Timestamp, to: Option<Timestamp>| {
        if to != Some(from) {
            spans.push(Span { kind, attempt, from: instant(from), to: to.map(instant) });
        }
    };
    let mut before = created_at;
    for attempt in attempts {
        let number = attempt.number;
        let kind = if number == 0 { SpanKind::Waiting } else { SpanKind::Backoff };
        push(kind, number, before, Some(attempt.created_at));
        // Whatever comes next ends what came before; an attempt that never ran has its end alone.
        let began = attempt.started_at.or(attempt.ended_at);
        push(SpanKind::Waiting, number, attempt.created_at, attempt.preparing_at.or(began));
        if let Some(preparing_at) = attempt.preparing_at {
            push(SpanKind::Preparing, number, preparing_at, began);
        }
        if let Some(started_at) = attempt.started_at {
            push(SpanKind::Running, number, started_at, attempt.ended_at);
        }
        before = attempt.ended_at.unwrap_or(before);
    }
    // A retry is on its way.
    if let Some(last) = attempts.last()
        && let Some(ended) = last.ended_at
        && ended_at.is_none()
    {
        push(SpanKind::Backoff, last.number + 1, ended, None);
    }
    join_waiting(spans)
}

/// Makes one stretch of two that follow each other: waiting for the cache, then for a place.
fn join_waiting(spans: Vec<Span>) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if last.kind == span.kind && last.attempt == span.attempt => last.to = span.to,
            _ => joined.push(span),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(number: u32, times: [Option<i64>; 4]) -> AttemptView {
        let [created, preparing, started, ended] = times.map(|time| time.map(Timestamp));
        AttemptView {
            number,
            phase: TaskPhase::Running,
            created_at: created.unwrap(),
            preparing_at: preparing,
            started_at: started,
            ended_at: ended,
            place: None,
            note: None,
            failure: None,
            usage: None,
        }
    }

    #[test]
    fn time_is_told_apart() {
        use SpanKind::{Backoff, Preparing, Running, Waiting};
        type Expected = Vec<(SpanKind, u32, i64, Option<i64>)>;
        let cases: Vec<(Vec<AttemptView>, Option<i64>, Expected)> = vec![
            (vec![], None, vec![]),
            (vec![attempt(0, [Some(1), None, None, None])], None, vec![(Waiting, 0, 0, None)]),
            (
                vec![attempt(0, [Some(0), Some(2), None, None])],
                None,
                vec![(Waiting, 0, 0, Some(2)), (Preparing, 0, 2, None)],
            ),
            (
                vec![attempt(0, [Some(0), None, Some(3), Some(5)])],
                None,
                vec![(Waiting, 0, 0, Some(3)), (Running, 0, 3, Some(5)), (Backoff, 1, 5, None)],
            ),
            (
                vec![
                    attempt(0, [Some(0), None, Some(3), Some(5)]),
                    attempt(1, [Some(7), None, Some(7), Some(9)]),
                ],
                Some(9),
                vec![
                    (Waiting, 0, 0, Some(3)),
                    (Running, 0, 3, Some(5)),
                    (Backoff, 1, 5, Some(7)),
                    (Running, 1, 7, Some(9)),
                ],
            ),
            // Cancelled before it ran.
            (vec![attempt(0, [Some(1), None, None, Some(4)])], Some(4), vec![(Waiting, 0, 0, Some(4))]),
        ];
        for (attempts, ended, expected) in cases {
            let found = spans(Timestamp(0), ended.map(Timestamp), &attempts);
            let at = |time: i64| instant(Timestamp(time));
            let expected: Vec<Span> = expected
                .into_iter()
                .map(|(kind, attempt, from, to)| Span { kind, attempt, from: at(from), to: to.map(at) })
                .collect();
            assert_eq!(found, expected, "{attempts:?}");
        }
    }

    #[test]
    fn long_items_are_cut_between_characters() {
        assert_eq!(short(Value::from(3)), Value::from(3));
        let long = "é".repeat(600);
        let Value::String(cut) = short(Value::from(long)) else { panic!("a text was expected") };
        assert_eq!(cut.chars().count(), 513);
    }
}
