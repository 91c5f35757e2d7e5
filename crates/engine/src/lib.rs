//! The durable run, sans-IO: what happened becomes facts, facts become state, state says what should be done.
//!
//! [`decide`] advances a run by an input and returns the events, [`RunState::apply`] folds recorded events,
//! [`desired`] says what the world should be doing. No dialect, SQL, container, runtime or clock is known here.

mod cron;
mod decide;
mod desired;
mod driver;
mod event;
mod id;
mod input;
#[cfg(any(test, feature = "sim"))]
pub mod invariants;
mod node_name;
mod schedule;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
mod state;
mod view;

pub use cron::{Cron, CronError};
pub use decide::decide;
pub use desired::{
    CacheLookup, CompanionLaunch, Desired, ImportRequest, Launch, LockRequest, Order, ResolvedResources,
    ResourceCall, desired, desired_after, launch,
};
pub use driver::{Awaited, MAX_AGE, awaited, check_resume, run_claims, written_items};
pub use event::{
    AttemptEnd, CacheSource, Doom, Event, Failure, FailureReason, Fingerprint, LockClaim, LockSize, Resolved,
    SkipReason,
};
pub use id::{AttemptId, RunId, TaskKey, Timestamp};
pub use input::{
    CacheAnswer, ExecutorChoice, ImportAnswer, Input, LockAnswer, LockFound, Observation, Observed, Resume,
    Retry, Submit,
};
pub use node_name::{display_name, failure_message, item_name, node_id};
pub use schedule::{Schedule, Trigger};
pub use state::{RunState, changed_tasks, resource_name};
pub use view::{AttemptView, Locks, Released, RunPhase, RunView, Suspension, TaskKind, TaskPhase, TaskView};
