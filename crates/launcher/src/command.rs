//! Turns a request into the command line, environment and files that the user's process gets.

use std::ffi::CString;
use std::fs;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use pipewright_plan::{ExecutorInput, Filling, LaunchSpec, LaunchUser, local_path};

use crate::namespace::View;
use crate::sys::{Jail, Prepared, SpawnError};

/// Where programs are looked for when the environment does not say.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Longest single word that the kernel takes.
const LONGEST_WORD: usize = 128 * 1024 - 1;

/// Sets every path that the command is told to write its outputs to.
pub(crate) fn with_output_paths(spec: &LaunchSpec) -> ExecutorInput {
    let mut input = spec.executor_input.clone();
    for (name, output) in &mut input.outputs.parameters {
        let file = spec.directory.join("parameters").join(safe_name(name));
        output.output_file = file.to_string_lossy().into_owned();
    }
    if input.outputs.output_file.is_empty() {
        let root = task_root(&input).unwrap_or_else(|| spec.directory.clone());
        input.outputs.output_file = root.join("output_metadata.json").to_string_lossy().into_owned();
    }
    input
}

/// The folder that holds the task's output artifacts, when it has any.
fn task_root(input: &ExecutorInput) -> Option<PathBuf> {
    let first = input.outputs.artifacts.values().find_map(|list| list.artifacts.first())?;
    Path::new(&local_path(&first.uri)).parent().filter(|parent| parent.is_absolute()).map(Path::to_owned)
}

fn safe_name(name: &str) -> String {
    name.replace('/', "_")
}

/// Folders outside the attempt's own that the command writes to, without repetition.
pub(crate) fn output_folders(input: &ExecutorInput, own: &Path) -> Vec<PathBuf> {
    let artifacts = input.outputs.artifacts.values().flat_map(|list| &list.artifacts);
    let paths =
        artifacts.map(|artifact| local_path(&artifact.uri)).chain([input.outputs.output_file.clone()]);
    let mut folders: Vec<PathBuf> = Vec::new();
    for path in paths {
        let path = Path::new(&path);
        let Some(parent) = path.parent().filter(|_| path.is_absolute()) else { continue };
        if parent != own && !folders.iter().any(|folder| folder == parent) {
            folders.push(parent.to_owned());
        }
    }
    folders
}

/// Files and folders that the command reads.
pub(crate) fn input_paths(input: &ExecutorInput) -> Vec<PathBuf> {
    let artifacts = input.inputs.artifacts.values().flat_map(|list| &list.artifacts);
    artifacts.map(|artifact| PathBuf::from(local_path(&artifact.uri))).filter(|path| path.exists()).collect()
}

/// Makes the folders that the command's outputs go to.
///
/// `host` turns a path into one that can be written to.
pub(crate) fn create_output_folders(
    folders: &[PathBuf],
    host: impl Fn(&Path) -> PathBuf,
) -> Result<(), String> {
    for folder in folders {
        fs::create_dir_all(host(folder))
            .map_err(|error| format!("failed to create output folder {}: {error}", folder.display()))?;
    }
    Ok(())
}

/// Gives the folders that a task writes to to the user that it runs as.
pub(crate) fn hand_over(
    view: &View<'_>,
    user: &LaunchUser,
    host: impl Fn(&Path) -> PathBuf,
) -> Result<(), String> {
    let own = fs::read_dir(host(view.scratch)).into_iter().flatten().flatten();
    let own = own.map(|entry| view.scratch.join(entry.file_name()));
    for folder in own.chain(view.writable.iter().cloned()) {
        std::os::unix::fs::chown(host(&folder), Some(user.uid), Some(user.gid))
            .map_err(|error| format!("failed to give {} to the image's user: {error}", folder.display()))?;
    }
    Ok(())
}

/// Returns where the command starts.
pub(crate) fn working_directory(spec: &LaunchSpec) -> PathBuf {
    spec.working_directory.clone().unwrap_or_else(|| spec.directory.join("work"))
}

/// Computes everything that starting needs.
pub(crate) fn prepare(
    spec: &LaunchSpec,
    input: &ExecutorInput,
    extra_env: &[(String, String)],
    jail: Option<Jail>,
    (stdin, stdout, stderr): (BorrowedFd<'_>, BorrowedFd<'_>, BorrowedFd<'_>),
) -> Result<Prepared, String> {
    let filling = Filling { executor_input: input, defaults: &spec.defaults, job: &spec.job };
    let mut words = filling.words(&spec.command);
    words.extend(filling.words(&spec.args));
    let Some(program) = words.first() else {
        return Err("the component has no command, and an image's own entry point is unknown here".to_owned());
    };
    if let Some(long) = words.iter().find(|word| word.len() > LONGEST_WORD) {
        return Err(format!(
            "a word of the command is {} KB long and the kernel takes 128 KB; hand large values over as artifacts",
            long.len() / 1024
        ));
    }
    let missing: Vec<&(String, String)> =
        extra_env.iter().filter(|(name, _)| spec.env.iter().all(|(given, _)| given != name)).collect();
    let env = spec.env.iter().chain(missing).map(|(name, value)| text(&format!("{name}={value}")));
    let path = spec.env.iter().rev().find(|(name, _)| name == "PATH").map_or(DEFAULT_PATH, |(_, path)| path);
    let work = working_directory(spec);
    Ok(Prepared {
        candidates: candidates(program, path)?,
        env: env.collect::<Result<_, _>>()?,
        working_directory: CString::new(work.as_os_str().as_bytes())
            .map_err(|_| "the working directory holds a zero byte".to_owned())?,
        stdin: stdin.as_raw_fd(),
        stdout: stdout.as_raw_fd(),
        stderr: stderr.as_raw_fd(),
        jail,
        argv: words.iter().map(|word| text(word)).collect::<Result<_, _>>()?,
    })
}

fn text(word: &str) -> Result<CString, String> {
    CString::new(word).map_err(|_| "a word of the command or its environment holds a zero byte".to_owned())
}

fn candidates(program: &str, path: &str) -> Result<Vec<CString>, String> {
    if program.is_empty() {
        return Err("the command's first word is empty".to_owned());
    }
    if program.contains('/') {
        return Ok(vec![text(program)?]);
    }
    path.split(':')
        .map(|folder| if folder.is_empty() { text(program) } else { text(&format!("{folder}/{program}")) })
        .collect()
}

/// Says why a command did not start in a container.
pub(crate) fn explain_inside(error: &SpawnError, prepared: &Prepared) -> String {
    explain_at(error, prepared, "in its image")
}

/// Says why a command did not start.
pub(crate) fn explain(error: &SpawnError, prepared: &Prepared) -> String {
    explain_at(error, prepared, if prepared.jail.is_some() { "in its image" } else { "on this machine" })
}

fn explain_at(error: &SpawnError, prepared: &Prepared, place: &str) -> String {
    let program = prepared.argv.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    match error {
        SpawnError::Fork(error) => format!("failed to make a process: {error}"),
        SpawnError::WorkingDirectory(error) => {
            format!(
                "failed to enter working directory {}: {error}",
                prepared.working_directory.to_string_lossy()
            )
        }
        SpawnError::Jail(error) => {
            format!("failed to keep the command apart from this machine, as its image asks for: {error}")
        }
        SpawnError::Exec(error) if error.kind() == std::io::ErrorKind::NotFound => {
            format!("program `{program}` was not found {place}")
        }
        SpawnError::Exec(error) if error.raw_os_error() == Some(libc::E2BIG) => {
            format!(
                "the command line of `{program}` is longer than the kernel takes; hand large values over as artifacts"
            )
        }
        SpawnError::Exec(error) => format!("failed to start `{program}`: {error}"),
    }
}
