//! The command line of `pipewright image`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::args::{Format, Home};

#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    #[command(flatten)]
    pub home: Home,
    /// How to print on stdout
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Image {
    /// Take images in from an archive (docker save, podman save, skopeo) or an OCI layout
    #[command(after_help = "Example:
  pipewright image import train.tar.gz --name team/train:1")]
    Import {
        /// Archive, compressed or not, or folder of a layout
        path: PathBuf,
        /// Name for it, when the file says none or another
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Fetch an image from its registry
    #[command(after_help = "Example:
  pipewright image pull python:3.11-slim")]
    Pull {
        /// Image, as pipelines name it
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// List images that are here
    #[command(after_help = "Example:
  pipewright image list --output json")]
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Remove a name, and the image with its last one
    #[command(after_help = "Example:
  pipewright image remove team/train:1")]
    Remove {
        /// Image, as `list` shows it or as pipelines name it
        name: String,
        #[command(flatten)]
        place: Place,
    },
}
