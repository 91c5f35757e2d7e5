//! The virtual environments that tests use: the pinned kfp SDK and pytest, below the target folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace::{self, must};

/// A version of the SDK that conformance tests are written against: the folder of its environment and the list of
/// what goes in.
pub struct Sdk {
    pub folder: &'static str,
    pub requirements: &'static str,
}

/// The newest SDK.
pub const SDK: Sdk = Sdk { folder: "test-venv", requirements: "conformance/sdk/requirements.txt" };
/// The last SDK of the 1.x line, which knows the v1 API alone.
pub const SDK_V1: Sdk = Sdk { folder: "test-venv-v1", requirements: "conformance/sdk/requirements-v1.txt" };

/// Returns an environment's interpreter; makes the environment when it is not there yet.
pub fn environment(sdk: &Sdk) -> Result<PathBuf> {
    let folder = workspace::target().join(sdk.folder);
    let python = folder.join("bin/python");
    let stamp = folder.join("requirements");
    let list = workspace::root().join(sdk.requirements);
    let wanted = std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(python);
    }
    println!("installing {} into {}", sdk.requirements, folder.display());
    if has_program("uv") {
        must(Command::new("uv").args(["venv", "--quiet", "--clear"]).arg(&folder))?;
        let mut install = Command::new("uv");
        must(install.args(["pip", "install", "--quiet", "--python"]).arg(&python).arg("-r").arg(&list))?;
    } else {
        must(Command::new(host_python()?).args(["-m", "venv", "--clear"]).arg(&folder))?;
        must(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&list))?;
    }
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

/// Returns the host's Python 3.
pub fn host_python() -> Result<&'static str> {
    match ["python3", "python"].into_iter().find(|name| has_program(name)) {
        Some(name) => Ok(name),
        None => bail!("no python3 on the PATH; install Python 3.9 or newer with its venv module"),
    }
}

/// Tells whether a program answers `--version`.
pub fn has_program(name: impl AsRef<Path>) -> bool {
    Command::new(name.as_ref())
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
