//! A private view of the file system for each attempt.
use std::path::{Path, PathBuf};

use pipewright_plan::Mount;

pub(crate) struct Base {}

impl Base {
    pub(crate) fn prepare(_home: &Path) -> Result<Self, String> {
        Err("not there".to_owned())
    }

    pub(crate) fn enter(
        &self,
        _folder: &Path,
        _writable: &[PathBuf],
        _mounts: &[Mount],
    ) -> Result<(), String> {
        Ok(())
    }
}

pub(crate) fn obstacle(_home: &Path) -> Option<String> {
    None
}
