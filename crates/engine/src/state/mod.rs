//! The fold of a run's events: everything the engine knows, with an index for every question it asks.
//!
//! Applying an event costs what it changes. Nothing is decided here; unknown or repeated facts are harmless.

mod apply;
mod fresh;
mod locks;
mod node;
mod retry;
mod views;

pub use views::changed_tasks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use pipewright_plan::{ComponentKind, Container, Dag, Dialect, Importer, JobFacts, Plan, Task};

use crate::event::{Doom, Event};
use crate::id::{AttemptId, RunId, TaskKey, Timestamp};
use crate::input::{ExecutorChoice, Submit};
use crate::view::{AttemptView, RunPhase, RunView};

pub(crate) use node::{Children, Layout, Node, NodeId, UNBORN};

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    RunDeadline,
    Retry(NodeId),
    Deadline(NodeId),
    /// A task has waited long enough.
    Wait(NodeId),
}

/// The state of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    pub(crate) run: RunId,
    pub(crate) submit: Option<Arc<Submit>>,
    pub(crate) view: RunView,
    pub(crate) cancelling: Option<(Doom, String)>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) index: BTreeMap<TaskKey, NodeId>,
    pub(crate) layouts: BTreeMap<usize, Arc<Layout>>,
    pub(crate) timers: BTreeSet<(Timestamp, Timer)>,
    /// Leaves with an attempt that has not ended.
    pub(crate) in_flight: BTreeSet<NodeId>,
    /// Leaves that wait for the cache's answer.
    pub(crate) lookups: BTreeSet<NodeId>,
    pub(crate) imports: BTreeSet<NodeId>,
    /// Leaves that wait for a time or for somebody.
    pub(crate) suspended: BTreeSet<NodeId>,
    /// Tasks that wait for locks.
    pub(crate) locking: BTreeSet<NodeId>,
    /// Tasks that hold locks.
    pub(crate) holding: BTreeSet<NodeId>,
    /// How often the run was retried.
    pub(crate) round: u32,
    /// Attempts of tasks that a retry dropped: those that follow are numbered on.
    pub(crate) former: BTreeMap<TaskKey, Vec<AttemptView>>,
}

impl RunState {
    /// Makes the state of a run of which nothing is known yet.
    pub fn new(run: RunId) -> Self {
        Self {
            run,
            submit: None,
            view: RunView::default(),
            cancelling: None,
            nodes: Vec::new(),
            index: BTreeMap::new(),
            layouts: BTreeMap::new(),
            timers: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            lookups: BTreeSet::new(),
            imports: BTreeSet::new(),
            suspended: BTreeSet::new(),
            locking: BTreeSet::new(),
            holding: BTreeSet::new(),
            round: 0,
            former: BTreeMap::new(),
        }
    }

    /// Folds a whole journal.
    pub fn replay<'a>(run: RunId, plan: &Plan, events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut state = Self::new(run);
        for event in events {
            state.apply(plan, event);
        }
        state
    }

    /// Tells whether nothing follows.
    pub fn is_over(&self) -> bool {
        self.view.phase.is_terminal()
    }

    /// Tells whether the run has been asked for.
    pub fn is_submitted(&self) -> bool {
        self.submit.is_some()
    }

    /// Tells how often the run was retried.
    pub fn round(&self) -> u32 {
        self.round
    }

    /// Returns the run as a whole.
    pub fn run_view(&self) -> RunView {
        self.view.clone()
    }

    /// Lists every task instance that has fired or was passed over, in path order.
    pub fn task_keys(&self) -> impl Iterator<Item = &TaskKey> {
        self.index.keys()
    }

    /// Tells whether the attempt was seen running.
    pub fn has_started(&self, attempt: &AttemptId) -> bool {
        self.attempt_view(attempt).is_some_and(|view| view.started_at.is_some())
    }

    /// Says where an attempt runs or ran.
    pub fn place(&self, attempt: &AttemptId) -> Option<&str> {
        self.attempt_view(attempt)?.place.as_deref()
    }

    pub(crate) fn attempt_view(&self, attempt: &AttemptId) -> Option<&AttemptView> {
        let node = self.index.get(&attempt.task).map(|id| &self.nodes[*id]);
        node.and_then(|node| node.attempts.get(attempt.number as usize))
    }

    pub(crate) fn node(&self, key: &TaskKey) -> Option<NodeId> {
        self.index.get(key).copied()
    }

    pub(crate) fn child(&self, dag: NodeId, task: usize) -> Option<&Node> {
        match &self.nodes[dag].children {
            Children::Dag { tasks, .. } => match tasks.get(task) {
                Some(&id) if id != UNBORN => Some(&self.nodes[id]),
                _ => None,
            },
            Children::None | Children::Loop { .. } => None,
        }
    }

    /// Returns the namespace of the run's objects.
    pub fn namespace(&self) -> &str {
        self.submit.as_deref().map_or(Submit::DEFAULT_NAMESPACE, Submit::namespace)
    }

    /// Returns how the run's tasks are to be run, if it says so.
    pub(crate) fn executor(&self) -> Option<ExecutorChoice> {
        self.submit.as_deref().and_then(|submit| submit.executor)
    }

    /// Returns what job placeholders stand for in this task.
    pub(crate) fn job_facts(&self, plan: &Plan, key: &TaskKey) -> JobFacts {
        let submit = self.submit.as_deref();
        let created = submit.map(|submit| submit.created_at).unwrap_or_default();
        let scheduled = submit.and_then(|submit| submit.scheduled_at).unwrap_or(created);
        JobFacts {
            name: submit.map(|submit| submit.display_name.clone()).unwrap_or_default(),
            resource_name: resource_name(plan, &self.run),
            uuid: self.run.0.clone(),
            task_name: key.name().to_owned(),
            task_uuid: crate::driver::uuid_of(&format!("{}/{key}", self.run)),
            create_time: rfc3339(created),
            schedule_time: rfc3339(scheduled),
            pipeline_root: submit.map(|submit| submit.pipeline_root.clone()).unwrap_or_default(),
            tags: BTreeMap::new(),
            workspace_path: "/kfp-workspace".to_owned(),
        }
    }

    pub(crate) fn is_cancelling(&self) -> bool {
        self.cancelling.is_some()
    }

    /// Tells whether this node's part of the run was called off; clean-up was not.
    pub(crate) fn is_called_off(&self, id: NodeId) -> bool {
        self.is_cancelling() && !self.nodes[id].cleanup
    }

    /// Tells whether the run could not begin, so that there is nothing to clean up.
    pub(crate) fn is_abandoned(&self) -> bool {
        matches!(self.cancelling, Some((Doom::Abandoned, _)))
    }

    pub(crate) fn set_phase(&mut self, at: Timestamp, phase: RunPhase) {
        if self.view.phase != phase || self.view.history.is_empty() {
            self.view.phase = phase;
            self.view.history.push((at, phase));
        }
    }
}

/// Returns the task that a node stands for; the root and unknown nodes have none.
pub(crate) fn task_of<'a>(plan: &'a Plan, node: &Node) -> Option<&'a Task> {
    let (owner, task) = node.place?;
    dag_at(plan, owner)?.tasks.get_index(task).map(|(_, task)| task)
}

pub(crate) fn dag_at(plan: &Plan, component: usize) -> Option<&Dag> {
    match &plan.components.get_index(component)?.1.kind {
        ComponentKind::Dag(dag) => Some(dag),
        _ => None,
    }
}

pub(crate) fn container_at(plan: &Plan, component: usize) -> Option<&Container> {
    match &plan.components.get_index(component)?.1.kind {
        ComponentKind::Container(container) => Some(container),
        _ => None,
    }
}

/// Tells whether tasks of this component run in attempts.
pub(crate) fn has_attempts(plan: &Plan, component: usize) -> bool {
    plan.components.get_index(component).is_some_and(|(_, component)| match component.kind {
        ComponentKind::Container(_) | ComponentKind::Resource(_) => true,
        ComponentKind::Dag(_) | ComponentKind::Importer(_) | ComponentKind::Suspend(_) => false,
    })
}

pub(crate) fn importer_at(plan: &Plan, component: usize) -> Option<&Importer> {
    match &plan.components.get_index(component)?.1.kind {
        ComponentKind::Importer(importer) => Some(importer),
        _ => None,
    }
}

/// Letters of a run's id in the name of its object. Objects are named after it, so no two runs may share it; an
/// id begins with the time, which many do.
const SUFFIX: usize = 10;
/// Most letters of a workflow's own name in what its objects are called.
const LONGEST_NAME: usize = 52;

/// Returns the name that the field gives the object behind a run: pipeline name, a dash, a suffix of the run's own.
pub fn resource_name(plan: &Plan, run: &RunId) -> String {
    let name = plan.name.rsplit('/').next().unwrap_or(&plan.name);
    // With what follows it is as long as the name of an object may be.
    let name: String = match plan.dialect {
        Dialect::V1 => name.chars().take(LONGEST_NAME).collect(),
        Dialect::V2 => name.to_owned(),
    };
    let letters: Vec<char> = run.0.chars().filter(char::is_ascii_alphanumeric).collect();
    let suffix: String = letters[letters.len().saturating_sub(SUFFIX)..].iter().collect();
    format!("{name}-{suffix}")
}

pub(crate) fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0)
        .map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}
