//! What whoever composed the server knows of the machine that tasks run on: how full it is, and what it lacks. The
//! server itself drives no runs, so it is told.

use pipewright_store::engine::AttemptId;
use serde::Serialize;
use utoipa::ToSchema;

/// Tells of the machine. What it finds out may take a while and may block.
pub trait Machine: Send + Sync {
    /// Looks at the machine.
    fn look(&self) -> MachineView;

    /// Tells where an attempt stands that waits for room; quick.
    fn queued(&self, attempt: &AttemptId) -> Option<QueueView>;
}

/// The machine that tasks run on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MachineView {
    /// How tasks are run: `process`, `container` or `auto`, which chooses.
    pub executor: String,
    pub capacity: AmountView,
    pub free: AmountView,
    /// Attempts at once, whatever they ask for.
    pub most_attempts: u64,
    pub running_attempts: u64,
    pub waiting_attempts: u64,
    /// What `pipewright doctor` says.
    pub findings: Vec<FindingView>,
}

/// CPUs, memory and GPUs.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AmountView {
    pub cpus: f64,
    pub memory_bytes: u64,
    pub gpus: u64,
}

/// Something that the machine has or lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FindingView {
    pub name: String,
    pub ok: bool,
    pub text: String,
    /// How to get what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Where an attempt stands that waits for room.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct QueueView {
    /// From 1.
    pub position: u64,
    /// How many wait.
    pub waiting: u64,
    pub needs: AmountView,
    pub free: AmountView,
    pub running_attempts: u64,
    pub most_attempts: u64,
}
