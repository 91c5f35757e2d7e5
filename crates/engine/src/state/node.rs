//! One task instance in the state, and the bookkeeping of its children.

use std::collections::BTreeSet;
use std::sync::Arc;

use pipewright_plan::{Dag, Outcome, Value};

use crate::event::{CacheSource, Doom, Failure, Fingerprint, Resolved};
use crate::id::{TaskKey, Timestamp};
use crate::view::{AttemptView, Locks, Suspension, TaskKind, TaskPhase};

/// A node's place in the arena.
pub(crate) type NodeId = usize;

/// Stands for a child that has not come to be yet.
pub(crate) const UNBORN: NodeId = usize::MAX;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) key: TaskKey,
    pub(crate) parent: Option<NodeId>,
    /// Component that owns the dag, and the task's index in it; the root has none.
    pub(crate) place: Option<(usize, usize)>,
    /// The component that runs.
    pub(crate) component: usize,
    pub(crate) kind: TaskKind,
    pub(crate) iteration: Option<u32>,
    pub(crate) phase: TaskPhase,
    /// Its trigger policy held and its inputs were there.
    pub(crate) fired: bool,
    /// An exit task or a part of one: goes on to its own end when the run is called off.
    pub(crate) cleanup: bool,
    /// Of a dag: a task, or an iteration of one, has failed.
    pub(crate) has_failed_inside: bool,
    pub(crate) created_at: Timestamp,
    /// Of a container: when its first attempt ran; of anything else: when it fired.
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) inputs: Arc<Resolved>,
    pub(crate) outcome: Arc<Outcome>,
    pub(crate) error: Option<Failure>,
    pub(crate) fingerprint: Option<Arc<Fingerprint>>,
    pub(crate) cached_from: Option<CacheSource>,
    pub(crate) attempts: Vec<AttemptView>,
    /// How many of them were made before the run was retried: policies count from there.
    pub(crate) earlier: u32,
    /// Of a task that waits, or did.
    pub(crate) suspension: Option<Box<Suspension>>,
    /// Of a task that needs locks, once it has asked for them.
    pub(crate) locks: Option<Box<Locks>>,
    /// Reopened, and has not had its turn yet.
    pub(crate) resting: bool,
    /// The current attempt is to be killed.
    pub(crate) doomed: Option<Doom>,
    pub(crate) timer: Option<Timestamp>,
    pub(crate) children: Children,
}

impl Node {
    /// Returns the number of the attempt that has not ended.
    pub(crate) fn current_attempt(&self) -> Option<u32> {
        self.attempts.last().filter(|attempt| attempt.ended_at.is_none()).map(|attempt| attempt.number)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Children {
    None,
    Dag {
        /// By task index; [`UNBORN`] until the task fires or is passed over.
        tasks: Vec<NodeId>,
        /// Upstream tasks that have not ended, by task index.
        waiting: Vec<u32>,
        /// Tasks that have not ended.
        open: usize,
    },
    Loop {
        items: Arc<Vec<Value>>,
        count: u32,
        /// In index order, [`UNBORN`] for one that a retry dropped; the next to start is its length.
        started: Vec<NodeId>,
        open: u32,
        /// Iterations that have their turn again, dropped or resting.
        again: BTreeSet<u32>,
    },
}

impl Children {
    /// Makes the children of a loop of which no iteration has started.
    pub(crate) fn loop_of(items: Arc<Vec<Value>>, count: u32) -> Self {
        Self::Loop { items, count, started: Vec::new(), open: 0, again: BTreeSet::new() }
    }
}

/// A dag's edges by task index, shared by all its instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) upstream: Vec<u32>,
    pub(crate) downstream: Vec<Vec<usize>>,
    /// Tasks that watch a task's state, by the watched one; none are listed when nothing is watched.
    pub(crate) watchers: Vec<Vec<usize>>,
}

impl Layout {
    pub(crate) fn of(dag: &Dag) -> Self {
        let count = dag.tasks.len();
        let mut layout =
            Self { upstream: vec![0; count], downstream: vec![Vec::new(); count], watchers: Vec::new() };
        for (index, task) in dag.tasks.values().enumerate() {
            for upstream in &task.upstream {
                if let Some(from) = dag.tasks.get_index_of(upstream) {
                    layout.upstream[index] += 1;
                    layout.downstream[from].push(index);
                }
            }
            let watched = task.trigger.watches.as_ref().and_then(|name| dag.tasks.get_index_of(name));
            if let Some(watched) = watched {
                layout.watchers.resize(count, Vec::new());
                layout.watchers[watched].push(index);
            }
        }
        layout
    }
}
