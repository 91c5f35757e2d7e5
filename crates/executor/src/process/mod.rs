//! Host processes under the launcher.
