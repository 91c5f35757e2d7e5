//! The command line of the object registry: secrets, config maps, volumes, objects of any kind.

use clap::{Args, Subcommand};

use crate::args::Place;

/// Where objects are looked for.
#[derive(Debug, Clone, Args)]
pub(crate) struct Registry {
    /// Namespace of the objects
    #[arg(short, long, default_value = pipewright_engine::Submit::DEFAULT_NAMESPACE, value_name = "NAME")]
    pub namespace: String,
    #[command(flatten)]
    pub place: Place,
}

/// Keys and values of a secret or config map.
#[derive(Debug, Args)]
pub(crate) struct Content {
    /// One key with its value; the value ends up in your shell's history
    #[arg(long, value_name = "KEY=VALUE")]
    pub from_literal: Vec<String>,
    /// One key with a file's content [key default: the file's name]; `-` reads stdin
    #[arg(long, value_name = "[KEY=]FILE")]
    pub from_file: Vec<String>,
    /// File with a `KEY=VALUE` on each line
    #[arg(long, value_name = "FILE")]
    pub from_env_file: Vec<std::path::PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keyed {
    /// Make one
    Create {
        name: String,
        #[command(flatten)]
        content: Content,
        /// Replace it when it exists
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        registry: Registry,
    },
    /// List names and keys
    List {
        #[command(flatten)]
        registry: Registry,
    },
    /// Show one; the values of secrets are never shown
    Get {
        name: String,
        #[command(flatten)]
        registry: Registry,
    },
    /// Delete one
    Delete {
        name: String,
        #[command(flatten)]
        registry: Registry,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Volume {
    /// Make an empty one
    Create {
        name: String,
        /// Size to show; it does not limit the folder
        #[arg(long, default_value = "10Gi", value_name = "QUANTITY")]
        size: String,
        /// ReadWriteOnce, ReadWriteMany or ReadOnlyMany, which tasks cannot write to
        #[arg(long, default_value = "ReadWriteMany", value_name = "MODE")]
        access_mode: String,
        #[command(flatten)]
        registry: Registry,
    },
    /// List volumes and their folders
    List {
        #[command(flatten)]
        registry: Registry,
    },
    /// Print the folder of one
    Path {
        name: String,
        #[command(flatten)]
        registry: Registry,
    },
    /// Delete one with all its files
    Delete {
        name: String,
        #[command(flatten)]
        registry: Registry,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Object {
    /// Make or replace objects from a file of manifests
    Apply {
        /// YAML or JSON; `-` reads stdin
        #[arg(short, long, value_name = "FILE")]
        file: String,
        #[command(flatten)]
        registry: Registry,
    },
    /// List objects, of one kind when it is given
    List {
        kind: Option<String>,
        #[command(flatten)]
        registry: Registry,
    },
    /// Show one
    Get {
        kind: String,
        name: String,
        #[command(flatten)]
        registry: Registry,
    },
    /// Delete one
    Delete {
        kind: String,
        name: String,
        #[command(flatten)]
        registry: Registry,
    },
}
