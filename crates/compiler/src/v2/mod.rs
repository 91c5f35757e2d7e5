//! The v2 format: PipelineSpec IR and Kubernetes platform document to a plan.

pub(crate) mod cel;
pub(crate) mod lower;
mod placeholder;
pub(crate) mod platform;
mod repair;
pub(crate) mod spec;

pub(crate) use repair::repair;
