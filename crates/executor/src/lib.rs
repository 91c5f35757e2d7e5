//! Makes attempts run: the [`Executor`] contract, host processes under a launcher, and a scripted fake.
//!
//! Executors decide nothing. They are told to launch, kill and forget attempts, and everything that happens
//! afterwards comes out of one bounded channel of observations. What an attempt publishes is read by the
//! launcher beside the command; what it means is the engine's business.

mod choice;
pub mod container;
pub mod contract;
pub mod fake;
mod host_folders;
mod objects;
pub mod pod_defaults;
pub mod process;
mod seam;
mod security;

pub use choice::Chooser;
pub use host_folders::HostFolder;
pub use objects::{ObjectKind, Objects, Registry};
pub use seam::{Executor, ImageState, LogSource, OBSERVATIONS_CAPACITY, Observations, timestamp_now};
