//! Attempts as processes of this machine, each under a launcher that outlives this process.
//!
//! The launcher's folders are the truth: an attempt whose folder exists was launched. In memory is only what
//! is in flight. What a folder says is read in `folder`, what it means in `outcome`; `link` talks to the
//! launcher's fork server, `request` makes its requests.

mod executor;
mod folder;
mod link;
mod outcome;
mod request;

pub use executor::{Error, Isolation, Options, ProcessExecutor};
