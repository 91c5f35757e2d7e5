//! The folder of an attempt that is a container: what is laid out for it, and what it leaves.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use pipewright_engine::AttemptEnd;
use pipewright_plan::{ExitReport, LaunchSpec, USAGE_FILE, VolumeContent};

use super::mounts;
use super::room::Room;
use crate::process::folder;

/// Says that an attempt is a container's.
pub(super) const MARKER: &str = "container";
/// The end of an attempt as it was told.
pub(super) const END: &str = "end.json";
/// The container has been started.
pub(super) const STARTED: &str = "started";
/// The other containers of its pod.
pub(super) const POD: &str = "pod.json";
/// What it leaves.
pub(super) const REPORT: &str = "report";
/// The report of the container that holds what a pod shares.
pub(super) const HOLD: &str = "hold";
pub(super) const LOG: &str = "log";
/// What the task sees in place of the attempt's folder.
pub(super) const SCRATCH: &str = "scratch";
/// Longest report that is read.
const REPORT_BYTES: u64 = 64 << 20;

/// Lists the folders outside of the attempt's own that outputs go to.
pub(super) fn output_folders(spec: &LaunchSpec) -> Vec<PathBuf> {
    let artifacts = spec.executor_input.outputs.artifacts.values().flat_map(|list| &list.artifacts);
    let paths = artifacts.map(|artifact| pipewright_plan::local_path(&artifact.uri)).chain([spec
        .executor_input
        .outputs
        .output_file
        .clone()]);
    let mut folders: Vec<PathBuf> = Vec::new();
    for path in paths {
        let Some(parent) = Path::new(&path).parent().filter(|parent| parent.is_absolute()) else { continue };
        if *parent != *spec.directory && !folders.iter().any(|known| known == parent) {
            folders.push(parent.to_owned());
        }
    }
    folders
}

/// Makes the attempt's folder, or takes up one that was left half made.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    if let Some(runs) = folder.parent() {
        fs::create_dir_all(runs)?;
        // Files in it are open to the image's user, whoever that is; the folder around them is ours alone.
        fs::set_permissions(runs, Permissions::from_mode(0o700))?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    fs::write(folder.join(MARKER), b"")
}

/// Names the folder of another container of the same pod.
pub(super) fn folder_of_member(folder: &Path, name: &str) -> PathBuf {
    folder.join("companions").join(name)
}

/// Lays out what a holder's launcher needs.
pub(super) fn prepare_holder(folder: &Path) -> io::Result<()> {
    offer(&folder.join(HOLD), b"")
}

/// What is laid out for a container.
pub(super) struct Layout<'a> {
    pub(super) spec: &'a LaunchSpec,
    pub(super) outputs: &'a [PathBuf],
    /// Holds the volumes that a pod's containers share.
    pub(super) pool: &'a Path,
    pub(super) room: &'a Room,
    /// The image's user is root.
    pub(super) is_root: bool,
}

/// Lays everything out that is mounted into a container. It may be there already: an engine that was away may have
/// started the container, whose launcher has the files.
pub(super) fn prepare(layout: &Layout<'_>) -> io::Result<()> {
    let Layout { spec, outputs, pool, room, is_root } = *layout;
    let folder = &spec.directory;
    let scratch = folder.join(SCRATCH);
    let parts = ["tmp", "work", "parameters", "program"].map(|part| scratch.join(part));
    for place in std::iter::once(&scratch).chain(&parts).chain(outputs) {
        open_folder(place)?;
    }
    for (number, volume) in spec.volumes.iter().enumerate() {
        match (&volume.content, &volume.sub_path) {
            (VolumeContent::Files { files }, _) => room.write_files(folder, number, files, is_root)?,
            (VolumeContent::Scratch { name }, part) => {
                open_folder(&pool.join(name))?;
                if let Some(part) = part {
                    open_folder(&pool.join(name).join(part))?;
                }
            }
            (VolumeContent::Copy { path, name, .. }, _) => {
                let place = mounts::copy_of(folder, name);
                if path.is_dir() {
                    open_folder(&place)?;
                } else {
                    fs::create_dir_all(place.parent().unwrap_or(folder))?;
                    offer(&place, b"")?;
                }
            }
            _ => {}
        }
    }
    let mut log = String::new();
    for note in &spec.notes {
        log.push_str(&format!("pipewright: {note}\n"));
    }
    offer(&folder.join(LOG), log.as_bytes())?;
    offer(&folder.join(REPORT), b"")?;
    offer(&folder.join(USAGE_FILE), b"")?;
    let spec = LaunchSpec { volumes: to_fill(spec), notes: Vec::new(), ..spec.clone() };
    room.write_request(folder, &serde_json::to_vec(&spec).map_err(io::Error::other)?)
}

/// Makes a folder that whoever an image's user is may write to.
fn open_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o777))
}

/// Volumes that the launcher fills; all others are mounted as they are.
fn to_fill(spec: &LaunchSpec) -> Vec<pipewright_plan::LaunchVolume> {
    let is_filled =
        |volume: &&pipewright_plan::LaunchVolume| matches!(volume.content, VolumeContent::Copy { .. });
    spec.volumes.iter().filter(is_filled).cloned().collect()
}

/// Makes a file that whoever an image's user is may write to; what it holds already stays.
fn offer(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    if file.metadata()?.len() == 0 {
        file.write_all(content)?;
    }
    fs::set_permissions(path, Permissions::from_mode(0o666))
}

/// Removes what only the running containers needed; logs, report and end stay.
pub(super) fn sweep(folder: &Path, room: &Room) {
    room.sweep(folder);
    let members = fs::read_dir(folder.join("companions")).into_iter().flatten().flatten();
    for member in members.map(|entry| entry.path()) {
        sweep_one(&member, &[SCRATCH, REPORT, USAGE_FILE]);
    }
    sweep_one(folder, &[SCRATCH, STARTED, POD, HOLD]);
}

fn sweep_one(folder: &Path, names: &[&str]) {
    for name in names {
        let path = folder.join(name);
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
        let removed = if is_folder { folder::remove(&path) } else { fs::remove_file(&path) };
        if let Err(error) = removed
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(path = %path.display(), %error, "scratch could not be removed");
        }
    }
}

/// Reads what a container's launcher left; a task may have written anything there.
pub(super) fn read_report(folder: &Path) -> Option<ExitReport> {
    use std::io::Read;
    let mut bytes = Vec::new();
    fs::File::open(folder.join(REPORT)).ok()?.take(REPORT_BYTES).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Lists the reports of all containers that an attempt has or may have had.
pub(super) fn reports_in(folder: &Path) -> Vec<PathBuf> {
    let members = fs::read_dir(folder.join("companions")).into_iter().flatten().flatten();
    let members = members.map(|member| member.path().join(REPORT));
    members.chain([REPORT, HOLD].map(|name| folder.join(name))).collect()
}

pub(super) fn read_end(folder: &Path) -> Option<AttemptEnd> {
    serde_json::from_slice(&fs::read(folder.join(END)).ok()?).ok()
}

pub(super) fn write_end(folder: &Path, end: &AttemptEnd) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let draft = folder.join(".end.json");
    fs::write(&draft, serde_json::to_vec(end).map_err(io::Error::other)?)?;
    fs::rename(draft, folder.join(END))
}
