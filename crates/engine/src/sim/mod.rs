//! Deterministic simulation: a run in a hostile world that is a function of one seed.
//!
//! The world launches, loses, repeats and delays; it crashes and replays, in virtual time. After every step the
//! live state equals the replayed one and what is in flight equals what is desired; at the end the
//! [`invariants`](crate::invariants) hold. The room's own tests make random plans besides, and hold what comes
//! of them against a slow and obvious interpreter.

#[cfg(test)]
mod case;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod coverage;
mod faults;
#[cfg(test)]
mod generate;
pub mod plans;
mod random;
#[cfg(test)]
mod reference;
mod script;
#[cfg(test)]
mod shrink;
#[cfg(test)]
mod tests;
mod world;

pub use faults::{Faults, Report};
pub use random::Random;
pub use world::World;
