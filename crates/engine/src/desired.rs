//! What the world should be doing for a run, as data.

use std::collections::BTreeMap;
use std::time::Duration;

use pipewright_plan::{
    ArtifactList, ArtifactValue, CompanionRole, Container, ExecutorInput, JobFacts, ParameterType, Plan,
    PodSettings, ResourceAction, ResourceOutput, Value,
};

use crate::driver::{fingerprint, image_of, import_request, order};
use crate::event::{Event, Fingerprint, LockClaim};
use crate::id::{AttemptId, TaskKey, Timestamp};
use crate::input::ExecutorChoice;
use crate::state::{NodeId, RunState, importer_at, task_of};

/// Everything that should be in flight, or what changed in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Desired {
    /// Attempts that should run; `launch` makes the request for one of them.
    pub launches: Vec<AttemptId>,
    /// Attempts that should be stopped.
    pub kills: Vec<AttemptId>,
    pub lookups: Vec<CacheLookup>,
    pub imports: Vec<ImportRequest>,
    /// Tasks that need locks.
    pub locks: Vec<LockRequest>,
    /// When to send `Input::Tick`, if at all.
    pub wake_at: Option<Timestamp>,
}

/// Asks for an earlier result with this fingerprint, of this pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheLookup {
    pub task: TaskKey,
    pub pipeline: String,
    /// The component's name: explanations compare with its nearest earlier entry.
    pub component: String,
    /// The image after filling; what stands behind its name may change.
    pub image: String,
    /// The run's wish, which may decide what stands behind the image's name.
    pub executor: Option<ExecutorChoice>,
    pub fingerprint: Fingerprint,
    /// Older results do not count.
    pub max_age: Option<Duration>,
    /// The answer names it too.
    pub round: u32,
}

/// Asks whether an artifact is known already, or may be registered.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportRequest {
    pub task: TaskKey,
    pub pipeline: String,
    /// The artifact to register when none is known.
    pub artifact: ArtifactValue,
    /// Registers anew even when an equal artifact is known.
    pub reimport: bool,
    /// The answer names it too.
    pub round: u32,
}

/// Asks for locks, all of them at once; they are held until the task has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct LockRequest {
    pub task: TaskKey,
    pub claims: Vec<LockClaim>,
    /// Who asks first has them first, within a run.
    pub wanted_at: Timestamp,
    /// The answer names it too.
    pub round: u32,
}

/// What an attempt asks of the world.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// A command to run.
    Container(Box<Launch>),
    /// A call to the object registry.
    Resource(Box<ResourceCall>),
}

impl Order {
    /// Returns the attempt whose request this is.
    pub fn attempt(&self) -> &AttemptId {
        match self {
            Self::Container(launch) => &launch.attempt,
            Self::Resource(call) => &call.attempt,
        }
    }

    /// Returns the declared output parameters.
    pub fn output_parameters(&self) -> &BTreeMap<String, ParameterType> {
        match self {
            Self::Container(launch) => &launch.output_parameters,
            Self::Resource(call) => &call.output_parameters,
        }
    }

    /// Returns the provisioned output artifacts.
    pub fn output_artifacts(&self) -> &BTreeMap<String, ArtifactList> {
        static NONE: BTreeMap<String, ArtifactList> = BTreeMap::new();
        match self {
            Self::Container(launch) => &launch.executor_input.outputs.artifacts,
            Self::Resource(_) => &NONE,
        }
    }

    /// Returns the request to an executor, if it is one.
    pub fn into_container(self) -> Option<Launch> {
        match self {
            Self::Container(launch) => Some(*launch),
            Self::Resource(_) => None,
        }
    }

    /// Returns the call to the object registry, if it is one.
    pub fn into_resource(self) -> Option<ResourceCall> {
        match self {
            Self::Container(_) => None,
            Self::Resource(call) => Some(*call),
        }
    }
}

/// One attempt's complete call to the object registry.
///
/// The same attempt's call may come twice; the second finds what the first made and succeeds with it. The
/// answer is an ordinary observation: the output parameters are those of `outputs`.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceCall {
    pub attempt: AttemptId,
    /// Where the object lives when the manifest names no namespace.
    pub namespace: String,
    pub action: ResourceAction,
    /// The object, or the YAML text of one.
    pub manifest: Value,
    /// The object is deleted with the run.
    pub owned_by_run: bool,
    pub success_condition: Option<String>,
    pub failure_condition: Option<String>,
    pub merge_strategy: Option<String>,
    pub flags: Vec<String>,
    pub outputs: BTreeMap<String, ResourceOutput>,
    /// Declared output parameters: each must have a value of its type.
    pub output_parameters: BTreeMap<String, ParameterType>,
}

/// One attempt's complete request to an executor.
#[derive(Debug, Clone, PartialEq)]
pub struct Launch {
    pub attempt: AttemptId,
    pub display_name: String,
    pub pipeline: String,
    /// Output parameter files are left empty; the launcher sets them.
    pub executor_input: ExecutorInput,
    /// Defaults of optional inputs that were left out; placeholders alone see them.
    pub defaults: BTreeMap<String, Value>,
    pub job: JobFacts,
    /// With placeholders, as the plan has it.
    pub container: Container,
    /// The image after filling.
    pub image: String,
    /// The environment after filling, `KFP_RETRY_INDEX` among it when the task has a retry policy.
    pub env: Vec<(String, String)>,
    pub resources: ResolvedResources,
    pub output_parameters: BTreeMap<String, ParameterType>,
    /// Volumes, variables from objects, labels and annotations, names resolved.
    pub pod: PodSettings<String>,
    /// Where the objects that `pod` names live.
    pub namespace: String,
    /// Names the pod that stands for the attempt.
    pub pod_name: String,
    /// The v1 format's name for it; the task's path elsewhere.
    pub node_name: String,
    /// Containers of the same pod, in their order.
    pub companions: Vec<CompanionLaunch>,
    /// GPUs that this container alone may use; absent where the machine has none. Whoever admits attempts allots
    /// them.
    pub gpus: Option<Vec<String>>,
    /// The run's wish; absent: as the executor is set.
    pub executor: Option<ExecutorChoice>,
}

/// A container that runs before or beside an attempt's own.
#[derive(Debug, Clone, PartialEq)]
pub struct CompanionLaunch {
    pub name: String,
    pub role: CompanionRole,
    /// The attempt's own request with this container in place of the command; it asks for no outputs.
    pub launch: Launch,
}

/// Resource requests and limits as numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResolvedResources {
    /// Thousandths of a CPU.
    pub cpu_request_millis: Option<u64>,
    pub cpu_limit_millis: Option<u64>,
    pub memory_request_bytes: Option<u64>,
    pub memory_limit_bytes: Option<u64>,
    /// Device kind and count.
    pub accelerator: Option<(String, u32)>,
}

/// Returns everything that should be in flight: what a controller does after it has replayed a run.
pub fn desired(plan: &Plan, state: &RunState) -> Desired {
    let mut wanted = Desired { wake_at: wake_at(state), ..Desired::default() };
    for id in &state.in_flight {
        wanted.add_attempt(state, *id);
    }
    for id in &state.lookups {
        wanted.add_lookup(plan, state, *id);
    }
    for id in &state.imports {
        wanted.add_import(plan, state, *id);
    }
    for id in &state.locking {
        wanted.add_locks(state, *id);
    }
    wanted
}

/// Returns what these events, just applied, newly ask for; `wake_at` is always the earliest there is.
pub fn desired_after(plan: &Plan, state: &RunState, events: &[Event]) -> Desired {
    let mut wanted = Desired { wake_at: wake_at(state), ..Desired::default() };
    for event in events {
        match event {
            Event::TaskStarted { task, .. } | Event::LocksAcquired { task, .. } => {
                let Some(id) = state.node(task) else { continue };
                if state.lookups.contains(&id) {
                    wanted.add_lookup(plan, state, id);
                }
                if state.imports.contains(&id) {
                    wanted.add_import(plan, state, id);
                }
            }
            Event::LocksWanted { task, .. } => {
                let id = state.node(task).filter(|id| state.locking.contains(id));
                id.into_iter().for_each(|id| wanted.add_locks(state, id));
            }
            Event::AttemptPlanned { task, number, .. } | Event::AttemptDoomed { task, number, .. } => {
                let Some(id) = state.node(task) else { continue };
                let doomed = matches!(event, Event::AttemptDoomed { .. });
                let current = state.nodes[id].current_attempt() == Some(*number);
                if current && doomed == state.nodes[id].doomed.is_some() {
                    wanted.add_attempt(state, id);
                }
            }
            _ => {}
        }
    }
    wanted
}

/// Builds the request of an attempt; `None` when it is not to run (any more).
pub fn launch(plan: &Plan, state: &RunState, attempt: &AttemptId) -> Option<Order> {
    let node = &state.nodes[state.node(&attempt.task)?];
    let current = node.current_attempt() == Some(attempt.number) && node.doomed.is_none();
    if !current || attempt.run != state.run {
        return None;
    }
    order(plan, state, node, attempt.number).ok()
}

fn wake_at(state: &RunState) -> Option<Timestamp> {
    state.timers.first().map(|(at, _)| *at)
}

impl Desired {
    fn add_attempt(&mut self, state: &RunState, id: NodeId) {
        let node = &state.nodes[id];
        if let Some(number) = node.current_attempt() {
            let attempt = AttemptId { run: state.run.clone(), task: node.key.clone(), number };
            if node.doomed.is_some() { self.kills.push(attempt) } else { self.launches.push(attempt) }
        }
    }

    fn add_lookup(&mut self, plan: &Plan, state: &RunState, id: NodeId) {
        let node = &state.nodes[id];
        let Some(fingerprint) = fingerprint(plan, state, node) else { return };
        let component = plan.components.get_index(node.component).map(|(name, _)| name.clone());
        self.lookups.push(CacheLookup {
            task: node.key.clone(),
            pipeline: plan.name.clone(),
            component: component.unwrap_or_default(),
            image: image_of(plan, state, node),
            executor: state.executor(),
            fingerprint,
            max_age: task_of(plan, node).and_then(|task| task.caching.max_age),
            round: state.round,
        });
    }

    fn add_locks(&mut self, state: &RunState, id: NodeId) {
        let node = &state.nodes[id];
        if let Some(locks) = &node.locks {
            let (task, claims) = (node.key.clone(), locks.claims.clone());
            self.locks.push(LockRequest { task, claims, wanted_at: locks.wanted_at, round: state.round });
        }
    }

    fn add_import(&mut self, plan: &Plan, state: &RunState, id: NodeId) {
        let node = &state.nodes[id];
        if let Some(importer) = importer_at(plan, node.component) {
            self.imports.push(import_request(plan, state, node, importer));
        }
    }
}
