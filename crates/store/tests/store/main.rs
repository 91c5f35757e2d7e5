//! The store at its door. `contract` asks nothing of a particular database; this file runs it on SQLite.
#![allow(clippy::unwrap_used)]

mod access;
mod contract;
mod crash;
mod metrics;
mod namespaces;
mod objects;
mod retention;
mod sample;
mod sqlite;
