//! The controller at its door, on a real store: with a scripted executor and paused time, or a clock of its own.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod locks;
mod objects;
mod retention;
mod runs;
mod sample;
