//! Attempts as containers of Docker or Podman, over the Engine API.
//!
//! A container's name is a function of its attempt, and its end is written beside the log before it is removed, so
//! whatever is asked again is answered alike. The launcher is a container's first process: it is shown there with
//! the libraries that it was built against, which makes it run in any image, the empty one included. Inputs and
//! outputs are the host's own folders, mounted where they lie.

mod body;
mod claim;
mod engine;
mod executor;
mod image;
mod layout;
mod life;
mod make;
mod mounts;
mod options;
mod pod;
mod program;
mod reports;
mod room;

pub use engine::{EngineFacts, find_engine};
pub use executor::ContainerExecutor;
pub use options::{Error, Network, Options};
