//! The command line of the object registry: secrets, config maps, volumes, objects of any kind.

use clap::{Args, Subcommand};

use crate::args::Place;

/// Where objects are looked for.
#[derive(Debug, Clone, Args)]
pub(crate) struct Registry {
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
    #[command(after_help = "Examples:
  pipewright secret create token --from-file key=./token.txt
  pipewright config-map create settings --from-literal mode=fast --replace")]
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
    #[command(after_help = "Examples:
  pipewright secret list --output json
  pipewright config-map list --namespace team-a")]
    List {
        #[command(flatten)]
        registry: Registry,
    },
    /// Show one; the values of secrets are never shown
    #[command(after_help = "Examples:
  pipewright secret get token
  pipewright config-map get settings --output json")]
    Get {
        name: String,
        #[command(flatten)]
        registry: Registry,
    },
    /// Delete one
    #[command(after_help = "Examples:
  pipewright secret delete token
  pipewright config-map delete settings")]
    Delete {
        name: String,
        #[command(flatten)]
        registry: Registry,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Volume {
    /// Make an empty one
    #[command(after_help = "Example:
  pipewright volume create data --size 10Gi --access-mode ReadOnlyMany")]
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
    #[command(after_help = "Example:
  pipewright volume list")]
    List {
        #[command(flatten)]
        registry: Registry,
    },
    /// Print the folder of one
    #[command(after_help = "Example:
  pipewright volume path data")]
    Path {
        name: String,
        #[command(flatten)]
        registry: Registry,
    },
    /// Delete one with all its files
    #[command(after_help = "Example:
  pipewright volume delete data")]
    Delete {
        name: String,
        #[command(flatten)]
        registry: Registry,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Object {
    /// Make or replace objects from a file of manifests
    #[command(after_help = "Examples:
  pipewright object apply -f claim.yaml
  pipewright object apply -f - < pod-default.yaml")]
    Apply {
        /// YAML or JSON; `-` reads stdin
        #[arg(short, long, value_name = "FILE")]
        file: String,
        #[command(flatten)]
        registry: Registry,
    },
    /// List objects, of one kind when it is given
    #[command(after_help = "Example:
  pipewright object list PersistentVolumeClaim")]
    List {
        kind: Option<String>,
        #[command(flatten)]
        registry: Registry,
    },
    /// Show one
    #[command(after_help = "Example:
  pipewright object get PersistentVolumeClaim data --output json")]
    Get {
        kind: String,
        name: String,
        #[command(flatten)]
        registry: Registry,
    },
    /// Delete one
    #[command(after_help = "Example:
  pipewright object delete Secret token")]
    Delete {
        kind: String,
        name: String,
        #[command(flatten)]
        registry: Registry,
    },
}
