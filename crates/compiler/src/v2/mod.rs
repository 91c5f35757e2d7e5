//! The v2 format: PipelineSpec IR and Kubernetes platform document to a plan.

pub(crate) mod cel;
pub(crate) mod lower;
mod placeholder;
pub(crate) mod platform;
pub(crate) mod spec;
