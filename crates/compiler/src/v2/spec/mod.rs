//! The PipelineSpec IR, the whole of it, typed and positioned.
//!
//! Mirrors schema version 2.1.0 message by message; what the fields mean is the business of lowering.

mod component;
mod deployment;
mod pipeline;
mod task;

pub(crate) use component::*;
pub(crate) use deployment::*;
pub(crate) use pipeline::*;
pub(crate) use task::*;
