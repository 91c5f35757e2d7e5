//! The durable run, sans-IO: what happened becomes facts, facts become state, state says what should be done.
//!
//! [`decide`] turns (plan, state, input, now) into events, [`RunState::apply`] folds events, [`desired`] says
//! what the world should be doing. No dialect, SQL, container, runtime or clock is known here.

mod desired;
mod event;
mod id;
mod input;
mod view;

pub use desired::{CacheLookup, Desired, ImportRequest, Launch, ResolvedResources};
pub use event::{
    AttemptEnd, CacheSource, Doom, Event, Failure, FailureReason, Fingerprint, Resolved, SkipReason,
};
pub use id::{AttemptId, RunId, TaskKey, Timestamp};
pub use input::{CacheAnswer, ImportAnswer, Input, Observation, Observed, Submit};
pub use view::{AttemptView, RunPhase, RunView, TaskKind, TaskPhase, TaskView};
