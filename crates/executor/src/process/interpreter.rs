//! Finds Python interpreters of this machine.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;

/// The oldest Python that kfp components run on.
const OLDEST_MINOR: u8 = 9;
/// The oldest that anything else runs on, when it is asked for by its version.
const OLDEST_NAMED_MINOR: u8 = 6;
/// The newest version that is looked for by name.
const NEWEST_MINOR: u8 = 15;
const PROBE_LIMIT: Duration = Duration::from_secs(20);

/// One interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interpreter {
    /// The real executable, no shim.
    pub(super) path: PathBuf,
    /// `3.11.7`
    pub(super) version: String,
    /// Whether kfp can be imported without any environment.
    pub(super) has_kfp: bool,
    /// Folders that it needs at run time.
    pub(super) prefixes: Vec<PathBuf>,
}

impl Interpreter {
    /// Returns `3.11`.
    pub(super) fn minor(&self) -> &str {
        let end = self.version.rfind('.').unwrap_or(self.version.len());
        &self.version[..end]
    }
}

/// Remembers what was found, by wanted version.
#[derive(Default)]
pub(super) struct Interpreters {
    found: Mutex<BTreeMap<(Option<String>, bool), Interpreter>>,
}

impl Interpreters {
    /// Finds an interpreter of this version, or any other when there is none; one that kfp runs on, if it must.
    pub(super) async fn find(&self, wanted: Option<&str>, for_kfp: bool) -> Option<Interpreter> {
        let wanted = (wanted.map(str::to_owned), for_kfp);
        let mut found = self.found.lock().await;
        if let Some(known) = found.get(&wanted)
            && known.path.exists()
        {
            return Some(known.clone());
        }
        let interpreter = search(wanted.0.as_deref(), for_kfp).await?;
        found.insert(wanted, interpreter.clone());
        Some(interpreter)
    }
}

async fn search(wanted: Option<&str>, for_kfp: bool) -> Option<Interpreter> {
    if let Some(version) = wanted {
        let oldest = if for_kfp { OLDEST_MINOR } else { OLDEST_NAMED_MINOR };
        for candidate in candidates(&format!("python{version}"), version) {
            if let Some(interpreter) = probe(&candidate, oldest).await
                && interpreter.minor() == version
            {
                return Some(interpreter);
            }
        }
    }
    if let Some(candidate) = on_path("python3")
        && let Some(interpreter) = probe(&candidate, OLDEST_MINOR).await
    {
        return Some(interpreter);
    }
    for minor in (OLDEST_MINOR..=NEWEST_MINOR).rev() {
        let version = format!("3.{minor}");
        for candidate in candidates(&format!("python{version}"), &version) {
            if let Some(interpreter) = probe(&candidate, OLDEST_MINOR).await {
                return Some(interpreter);
            }
        }
    }
    None
}

/// Lists where a version may be, installed ones of version managers before shims that have to ask them.
fn candidates(name: &str, version: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let managers = [(home.join(".pyenv/versions"), ""), (home.join(".local/share/uv/python"), "cpython-")];
    let path = on_path(name);
    let is_shim = path.as_ref().is_some_and(|path| path.components().any(|part| part.as_os_str() == "shims"));
    if !is_shim {
        found.extend(path.clone());
    }
    for (folder, prefix) in managers {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        let mut versions: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        versions.sort();
        for entry in versions.into_iter().rev() {
            let fits = entry.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
                name.strip_prefix(prefix)
                    .and_then(|name| name.strip_prefix(version))
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
            });
            let file = entry.join("bin").join(name);
            if fits && file.exists() {
                found.push(file);
            }
        }
    }
    if is_shim {
        found.extend(path);
    }
    found
}

/// Looks a program up on this process's `PATH`.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

const PROBE: &str = "import sys, importlib.util as u\n\
    print(sys.executable)\n\
    print('%d.%d.%d' % sys.version_info[:3])\n\
    print(u.find_spec('kfp') is not None)\n\
    print(sys.prefix)\n\
    print(sys.base_prefix)\n";

async fn probe(candidate: &Path, oldest: u8) -> Option<Interpreter> {
    // A working directory of its own, since `-c` would import from it.
    let run = Command::new(candidate)
        .args(["-c", PROBE])
        .current_dir("/")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PROBE_LIMIT, run).await.ok()?.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut lines = text.lines();
    let (path, version, has_kfp) = (lines.next()?, lines.next()?, lines.next()?);
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?.parse::<u8>().ok()?, parts.next()?.parse::<u8>().ok()?);
    if !output.status.success() || major != 3 || minor < oldest {
        return None;
    }
    let mut prefixes: Vec<PathBuf> = lines.take(2).map(PathBuf::from).collect();
    prefixes.dedup();
    Some(Interpreter {
        path: PathBuf::from(path),
        version: version.to_owned(),
        has_kfp: has_kfp == "True",
        prefixes,
    })
}
