//! Runs of a server: made, done again, written into files.

use std::path::PathBuf;

use clap::Args;

use crate::args::Executor;
use crate::args_api::Remote;

/// A run to start.
#[derive(Debug, Clone, Args)]
pub(crate) struct Create {
    /// Name of the run [default: the pipeline's name and the time]
    pub name: Option<String>,
    /// Id or name of the pipeline
    #[arg(long, value_name = "PIPELINE")]
    pub pipeline: String,
    /// Id or name of its version [default: the newest]
    #[arg(long = "pipeline-version", visible_alias = "pv", value_name = "VERSION")]
    pub pipeline_version: Option<String>,
    /// Pipeline parameter; lists and structs as JSON
    #[arg(short, long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// File with pipeline parameters, JSON or YAML; -p wins over it
    #[arg(long = "params", value_name = "FILE")]
    pub parameter_file: Option<PathBuf>,
    /// Id or name of the experiment [default: Default]
    #[arg(long, value_name = "EXPERIMENT")]
    pub experiment: Option<String>,
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Run its tasks as processes or as containers [default: as the server is set]
    #[arg(long, value_name = "HOW")]
    pub executor: Option<Executor>,
    /// Wait until the run has ended; leaves with 1 when it failed or was cancelled
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub remote: Remote,
}

/// A run to do again.
#[derive(Debug, Clone, Args)]
pub(crate) struct Retry {
    /// Run id
    pub run: String,
    /// Task to do again with everything that depends on it, by its path such as `root/train` [default: what failed]
    #[arg(long = "task", value_name = "PATH")]
    pub tasks: Vec<String>,
    /// Parameter that is another than before; the retry is a new run then
    #[arg(short, long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    #[command(flatten)]
    pub remote: Remote,
}

/// A run to write into a file.
#[derive(Debug, Clone, Args)]
pub(crate) struct Export {
    /// Run id
    pub run: String,
    /// File to write; `-` is stdout [default: run-ID.zip]
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Artifacts to take along: `none`, `all`, or ids separated by commas
    #[arg(long, default_value = "none", value_name = "WHICH")]
    pub artifacts: String,
    /// Leave logs out
    #[arg(long)]
    pub no_logs: bool,
    #[command(flatten)]
    pub remote: Remote,
}

/// A file to take a run from.
#[derive(Debug, Clone, Args)]
pub(crate) struct Import {
    pub file: PathBuf,
    /// Put it into the archive
    #[arg(long)]
    pub archived: bool,
    /// Id or name of the experiment [default: the one of the same name, made when there is none]
    #[arg(long, value_name = "EXPERIMENT")]
    pub experiment: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}
