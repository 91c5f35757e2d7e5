//! The names that a Python image has for its interpreter: `python`, `python3`, `pip`, `pip3`.
//!
//! Some machines lack a few of them, and a version that is not the machine's first has none of its own.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::interpreter::Interpreter;

const PYTHON: [&str; 2] = ["python", "python3"];
const PIP: [&str; 2] = ["pip", "pip3"];

/// Returns a folder with all names, made where it is missing; `None` when the interpreter's own folder has them.
pub(super) fn folder(parent: &Path, interpreter: &Interpreter) -> io::Result<Option<PathBuf>> {
    let has_all = |folder: &Path| PYTHON.iter().chain(&PIP).all(|name| folder.join(name).exists());
    let is_managed = interpreter.prefixes.first().is_some_and(|prefix| !prefix.starts_with("/usr"));
    if is_managed && interpreter.path.parent().is_some_and(has_all) {
        return Ok(None);
    }
    let digest = Sha256::digest(interpreter.path.as_os_str().as_encoded_bytes());
    let folder = parent.join(format!("names-{}", hex::encode(&digest[..8])));
    if has_all(&folder) {
        return Ok(Some(folder));
    }
    let draft = parent.join(format!(".names-{}-{:?}", std::process::id(), std::thread::current().id()));
    fs::create_dir_all(&draft)?;
    for name in PYTHON {
        symlink(&interpreter.path, draft.join(name))?;
    }
    for name in PIP {
        let file = draft.join(name);
        fs::write(&file, format!("#!/bin/sh\nexec \"{}\" -m pip \"$@\"\n", interpreter.path.display()))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    }
    match fs::rename(&draft, &folder) {
        Ok(()) => Ok(Some(folder)),
        // Another task was faster, or the interpreter is gone and came back.
        Err(_) if folder.exists() => {
            let _ = fs::remove_dir_all(&draft);
            Ok(Some(folder))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at once")]
    use super::*;

    #[test]
    fn names_are_made_once() {
        let parent = tempfile::tempdir().unwrap();
        let interpreter = Interpreter {
            path: PathBuf::from("/bin/sh"),
            version: "3.11.7".to_owned(),
            has_kfp: false,
            prefixes: vec![PathBuf::from("/usr")],
        };
        let first = folder(parent.path(), &interpreter).unwrap().unwrap();
        assert_eq!(fs::read_link(first.join("python")).unwrap(), PathBuf::from("/bin/sh"));
        assert_eq!(folder(parent.path(), &interpreter).unwrap().unwrap(), first);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
