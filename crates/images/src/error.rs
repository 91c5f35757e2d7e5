//! What goes wrong with images.

use std::io;
use std::path::PathBuf;

/// An image could not be named, read, unpacked or pulled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("image name `{name}` is not understood: {why}")]
    Name { name: String, why: &'static str },
    #[error("image `{name}` is not here")]
    NotFound { name: String },
    /// What is not an image, or not a whole one.
    #[error("{} holds no image that can be used: {why}", path.display())]
    Invalid { path: PathBuf, why: String },
    #[error("{what} has digest {found} instead of {wanted}")]
    Digest { what: String, found: String, wanted: String },
    #[error("layer {layer} cannot be unpacked: {why}")]
    Layer { layer: String, why: String },
    #[error("{what} {}: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("registry {registry} refuses {image}: {why}")]
    Refused { registry: String, image: String, why: String },
    #[error("registry {registry} cannot be reached for {image}: {why}")]
    Unreachable { registry: String, image: String, why: String },
    #[error("the user `{user}` of the image is not known in it")]
    User { user: String },
}

impl Error {
    /// Says what to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { .. } => Some(
                "`pipewright image import FILE` takes it from an archive (docker save, podman save, skopeo) or an OCI \
                 layout, `pipewright image pull NAME` from a registry",
            ),
            Self::Refused { .. } => Some(
                "log in with `docker login` or `podman login`: credentials are read from ~/.docker/config.json, \
                 $DOCKER_CONFIG and containers' auth.json",
            ),
            Self::Unreachable { .. } => {
                Some("check the network and the proxy variables, or import the image from an archive")
            }
            Self::Digest { .. } => Some("the file or the download is damaged: fetch it again"),
            Self::Name { .. }
            | Self::Invalid { .. }
            | Self::Layer { .. }
            | Self::Io { .. }
            | Self::User { .. } => None,
        }
    }

    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}
