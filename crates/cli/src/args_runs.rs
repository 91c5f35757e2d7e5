//! Runs: looked at, made, answered, done again, written into files.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::{Executor, Place};
use crate::args_api::{self, Remote};

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

#[derive(Debug, Subcommand)]
pub(crate) enum Runs {
    /// List runs, newest first
    #[command(after_help = "Example:\n  pipewright runs list --limit 50")]
    List {
        #[command(flatten)]
        place: Place,
        /// Most runs to list
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: u32,
    },
    /// Show a run and its tasks
    #[command(after_help = "Example:\n  pipewright runs get 0199e5c4-…")]
    Get {
        /// Run id
        run: String,
        #[command(flatten)]
        place: Place,
    },
    /// Print what tasks wrote to stdout and stderr
    #[command(after_help = "Example:\n  pipewright runs logs 0199e5c4-… --task train --follow")]
    Logs {
        /// Run id
        run: String,
        /// Task by name, or by path such as `root/for-each[3]/train` [default: every task that ran]
        #[arg(long, value_name = "TASK")]
        task: Option<String>,
        /// Go on as tasks write, until the run has ended
        #[arg(short, long)]
        follow: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Start a run on a server, of a version of a pipeline
    #[command(
        after_help = "Examples:\n  pipewright runs create --pipeline forecast -p epochs=3\n  pipewright runs create nightly --pipeline forecast --version v2 --experiment tuning --wait"
    )]
    Create(Create),
    /// Write a finished run of a server into a file: facts, logs, and artifacts by choice
    #[command(
        after_help = "Examples:\n  pipewright runs export 0199e5c4-…\n  pipewright runs export 0199e5c4-… --artifacts all --file run.zip"
    )]
    Export(Export),
    /// Take a run from such a file into a server
    #[command(after_help = "Example:\n  pipewright runs import run.zip --archived")]
    Import(Import),
    /// Archive a run of a server
    #[command(after_help = "Example:\n  pipewright run archive 0199e5c4-…")]
    Archive(args_api::One),
    /// Bring a run of a server back from the archive
    #[command(after_help = "Example:\n  pipewright run unarchive 0199e5c4-…")]
    Unarchive(args_api::One),
    /// Let a failed run of a server go on from what failed, or do chosen tasks again
    #[command(
        after_help = "Examples:\n  pipewright runs retry 0199e5c4-…\n  pipewright runs retry 0199e5c4-… --task root/train -p epochs=5"
    )]
    Retry(Retry),
    /// Delete a run of a server with its tasks
    #[command(after_help = "Example:\n  pipewright run delete 0199e5c4-…")]
    Delete(args_api::One),
    /// Let tasks that wait go on, or say no to them
    #[command(after_help = "Examples:
  pipewright runs resume 0199e5c4-…
  pipewright runs resume 0199e5c4-… approve -p decision=YES --message 'looks good'
  pipewright runs resume 0199e5c4-… approve --decline

`pipewright runs get` lists the tasks that wait and what they expect.")]
    Resume(Resume),
    /// Ask a run to stop
    #[command(visible_alias = "terminate", after_help = "Example:\n  pipewright runs cancel 0199e5c4-…")]
    Cancel {
        /// Run id
        run: String,
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// Run id
    pub run: String,
    /// Waiting tasks by name, or by path such as `root/for-each[3]/approve` [default: all that wait]
    pub tasks: Vec<String>,
    /// Value that a task expects
    #[arg(short, long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// Say no: the tasks fail
    #[arg(long)]
    pub decline: bool,
    /// What to say to it, kept with the run
    #[arg(long, value_name = "TEXT")]
    pub message: Option<String>,
    #[command(flatten)]
    pub place: Place,
}
