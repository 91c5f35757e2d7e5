//! Artifacts of a server, and its audit log.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::args_api::Remote;

#[derive(Debug, Subcommand)]
pub(crate) enum Artifact {
    /// List artifacts, newest first
    #[command(after_help = "Example:\n  pipewright artifact list --type system.Model --pipeline forecast")]
    List {
        /// Most rows to list
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: u32,
        /// Only of this type, as `system.Model`
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// Only of runs of a pipeline of this name
        #[arg(long, value_name = "NAME")]
        pipeline: Option<String>,
        /// Only of this run
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
        /// Only those with this in their name
        #[arg(long, value_name = "TEXT")]
        name: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Show an artifact: what made it, what used it, where it lies
    #[command(after_help = "Example:\n  pipewright artifact get 9f0c… --output json")]
    Get(ArtifactOne),
    /// Write an artifact into a file; a folder comes packed as .tar.gz
    #[command(
        after_help = "Examples:\n  pipewright artifact download 9f0c… --file model.bin\n  pipewright artifact download 9f0c… --path part-0.csv --file -"
    )]
    Download {
        #[command(flatten)]
        one: ArtifactOne,
        /// File in the artifact's folder
        #[arg(long, value_name = "PATH")]
        path: Option<String>,
        /// File to write; `-` is stdout [default: the artifact's name]
        #[arg(short, long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print the beginning of an artifact: text, the first rows of a table, or the files of a folder
    #[command(after_help = "Example:\n  pipewright artifact preview 9f0c… --rows 5")]
    Preview {
        #[command(flatten)]
        one: ArtifactOne,
        /// File in the artifact's folder
        #[arg(long, value_name = "PATH")]
        path: Option<String>,
        /// Most rows of a table
        #[arg(long, default_value_t = 20, value_name = "N")]
        rows: u32,
    },
    /// Show what an artifact was made of, and what was made of it
    #[command(after_help = "Example:\n  pipewright artifact lineage 9f0c… --direction up --depth 5")]
    Lineage {
        #[command(flatten)]
        one: ArtifactOne,
        /// How many steps
        #[arg(long, default_value_t = 3, value_name = "N")]
        depth: u32,
        #[arg(long, value_enum, default_value_t)]
        direction: Direction,
    },
}

/// Which way to look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Direction {
    /// What it was made of
    Up,
    /// What was made of it
    Down,
    #[default]
    Both,
}

/// One artifact.
#[derive(Debug, Clone, Args)]
pub(crate) struct ArtifactOne {
    /// Artifact id
    pub artifact: String,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Audit {
    /// Most entries to list
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub limit: u32,
    #[command(flatten)]
    pub remote: Remote,
}
