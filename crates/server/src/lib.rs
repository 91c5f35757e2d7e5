//! The HTTP server: the pipelines API v2beta1 and v1beta1, our own additions beside it, and how a run is created.
//!
//! It reads projections and writes rows and requests through the store; it never drives a run. A request
//! becomes an inbox row, whoever runs the controller takes it from there.

pub mod access;
mod app;
mod archive;
mod blank;
mod cache_ages;
mod changes;
mod companion;
mod compile;
mod document;
mod error;
mod extract;
mod fetch;
mod gpus;
mod limits;
mod logs;
mod machine;
mod macros;
mod objects;
mod openapi;
pub mod own;
mod pieces;
mod placing;
mod plugins;
mod ranges;
mod reach;
mod recurring;
mod samples;
mod serving;
mod submit;
mod time;
mod ui;
mod v1_rules;
mod v1alpha1;
pub mod v1beta1;
pub mod v2beta1;
mod visualizations;

pub use app::{App, Settings, router};
pub use archive::pipeline_file;
pub use cache_ages::CacheAges;
pub use compile::{Compiled, library};
pub use document::{
    ArtifactDocument, AttemptDocument, RunDocument, TaskDocument, ValuesDocument, run_document,
};
pub use error::Error;
pub use fetch::UrlRules;
pub use machine::{AmountView, FindingView, Machine, MachineView, QueueView};
pub use openapi::{names as openapi_names, openapi};
pub use recurring::{Clock, fire_recurring_runs};
pub use samples::{SampleFile, load_samples};
pub use serving::{Patience, TlsFiles, serve};
pub use submit::{Source, Submission, resume, submit, terminate};
pub use v1_rules::V1Rules;
