//! Attempts as processes of this machine, each under a launcher that outlives this process.
//!
//! The launcher's folders are the truth: an attempt whose folder exists was launched. In memory is only what
//! is in flight. What a folder says is read in `folder`, what it means in `outcome`; `link` talks to the
//! launcher's fork server, `request` makes its requests, `stop` asks for an end. What stands for an image is decided in
//! `surroundings`, with `images` (and `images_file`, `pip`), `bootstrap`, `interpreter`, `names` and `python_env`.

mod bootstrap;
mod capabilities;
mod executor;
pub(crate) mod folder;
mod images;
mod images_file;
mod interpreter;
mod link;
mod names;
mod notices;
mod older_sdk;
mod options;
pub(crate) mod outcome;
mod pip;
pub(crate) mod places;
pub(crate) mod pod;
mod prepare;
mod python_env;
mod references;
pub(crate) mod request;
mod stop;
mod surroundings;
pub(crate) mod teller;
mod whole;

pub use capabilities::{Capabilities, capabilities, lends_limits, obstacle};
pub use executor::{ProcessExecutor, log_path};
pub(crate) use surroundings::Fitness;

pub use images::{ImagesReport, Kind, check_images};
pub use options::{Error, Isolation, Options};
