//! What the world should be doing for a run, as data.

use std::collections::BTreeMap;

use pipewright_plan::{ArtifactValue, Container, ExecutorInput, JobFacts, ParameterType, Value};

use crate::event::Fingerprint;
use crate::id::{AttemptId, TaskKey, Timestamp};

/// Everything that should be in flight, or what changed in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Desired {
    /// Attempts that should run; `launch` makes the request for one of them.
    pub launches: Vec<AttemptId>,
    /// Attempts that should be stopped.
    pub kills: Vec<AttemptId>,
    pub lookups: Vec<CacheLookup>,
    pub imports: Vec<ImportRequest>,
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
    pub fingerprint: Fingerprint,
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
