//! The imperative shell around the engine: it carries out what a run desires and tells the run what happened.
//!
//! One [`Controller`] drives every live run of a store with one executor. It decides nothing itself: each run
//! has an actor that asks the engine, appends to the journal, and only then acts. HTTP, compilers and user
//! interfaces are unknown here; a request reaches a run as a durable inbox row and a wake-up.

mod admission;
mod claims;
mod clock;
mod controller;
mod gpus;
mod locks;
mod reconcile;
mod resource;
mod retention;
mod run_actor;

pub use admission::{Capacity, Load, Need, Queued};
pub use clock::{Clock, SystemClock};
pub use controller::{Controller, Options, Queue};
pub use retention::{Retention, enforce_retention};
