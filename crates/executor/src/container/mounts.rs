//! Lists what is mounted into a container, and makes the places for it that lie in one another.

use std::path::{Path, PathBuf};

use bollard::models::{Mount, MountTmpfsOptions, MountType};
use pipewright_engine::Failure;
use pipewright_plan::{LaunchSpec, LaunchVolume, USAGE_FILE, VolumeContent, local_path};

use super::body::Parts;
use super::image::refused;
use super::layout::{LOG, REPORT, SCRATCH};
use super::program::FOLDER;

/// Lists all mounts, outer places first.
pub(super) fn mounts(spec: &LaunchSpec, parts: &Parts<'_>) -> Result<Vec<Mount>, Failure> {
    let folder = &spec.directory;
    let mut mounts: Vec<Mount> =
        parts.program.files.iter().map(|(file, place)| bind(file, place, true)).collect();
    mounts.push(bind(&parts.room.request(folder), &format!("{FOLDER}/request.json"), true));
    mounts.push(bind(&folder.join(LOG), &format!("{FOLDER}/log"), false));
    mounts.push(bind(&folder.join(REPORT), &format!("{FOLDER}/report"), false));
    mounts.push(bind(&folder.join(USAGE_FILE), &format!("{FOLDER}/{USAGE_FILE}"), false));
    mounts.push(bind(&folder.join(SCRATCH), &text_of(folder), false));
    for output in parts.outputs {
        mounts.push(bind(output, &text_of(output), false));
    }
    let inputs = parts.inputs.inputs.artifacts.values().flat_map(|list| &list.artifacts);
    let mut seen: Vec<PathBuf> = Vec::new();
    for artifact in inputs {
        let path = PathBuf::from(local_path(&artifact.uri));
        let is_shown = seen.contains(&path) || parts.outputs.iter().any(|output| path.starts_with(output));
        if path.is_absolute() && path.exists() && !is_shown {
            mounts.push(bind(&path, &text_of(&path), true));
            seen.push(path);
        }
    }
    for (number, volume) in spec.volumes.iter().enumerate() {
        mounts.extend(volume_mount(volume, parts, number)?);
    }
    mounts.sort_by_key(|mount| {
        mount.target.as_deref().map_or(0, |target| Path::new(target).components().count())
    });
    for (number, mount) in mounts.iter().enumerate() {
        make_place(mount, &mounts[..number])?;
    }
    Ok(mounts)
}

/// Makes the place of a mount that lies in a folder of this machine which may only be read: engines make it there,
/// and cannot.
fn make_place(mount: &Mount, outer: &[Mount]) -> Result<(), Failure> {
    let Some(target) = &mount.target else { return Ok(()) };
    let part = |outer: &Mount| {
        let around = outer.target.as_ref().filter(|around| *around != target)?;
        Path::new(target).strip_prefix(around).ok().map(Path::to_owned)
    };
    let Some((outer, part)) = outer.iter().rev().find_map(|outer| Some((outer, part(outer)?))) else {
        return Ok(());
    };
    let (Some(whole), Some(true), Some(MountType::BIND)) = (&outer.source, outer.read_only, outer.typ) else {
        return Ok(());
    };
    let is_file = |source: &String| mount.typ == Some(MountType::BIND) && Path::new(source).is_file();
    let is_folder = !mount.source.as_ref().is_some_and(is_file);
    let folder = if is_folder { Some(&*part) } else { part.parent() };
    let made = inside(Path::new(whole), folder).and_then(|place| {
        let file = place.join(part.file_name().unwrap_or_default());
        if is_folder || std::fs::symlink_metadata(&file).is_ok() {
            return Ok(());
        }
        std::fs::File::create_new(&file).map(drop).map_err(|error| error.to_string())
    });
    made.map_err(|why| refused(format!("failed to make a place for {target}: {why}"), None))
}

fn volume_mount(volume: &LaunchVolume, parts: &Parts<'_>, number: usize) -> Result<Option<Mount>, Failure> {
    let target = text_of(&volume.target);
    if ["/proc", "/sys"].iter().any(|taken| volume.target.starts_with(taken)) {
        let hint = "mount it elsewhere".to_owned();
        return Err(refused(
            format!("a volume cannot be mounted at {target}: that belongs to the kernel"),
            Some(hint),
        ));
    }
    let tmpfs = |size_bytes: Option<i64>| Mount {
        target: Some(target.clone()),
        typ: Some(MountType::TMPFS),
        tmpfs_options: Some(MountTmpfsOptions { size_bytes, mode: Some(0o1777), options: None }),
        ..Mount::default()
    };
    let part = |whole: &Path| -> Result<Mount, Failure> {
        let path = inside(whole, volume.sub_path.as_deref())
            .map_err(|why| refused(format!("failed to make the volume at {target} ready: {why}"), None))?;
        Ok(bind(&path, &target, !volume.writable))
    };
    Ok(match &volume.content {
        VolumeContent::Folder { path } => Some(part(path)?),
        VolumeContent::Scratch { name } => Some(part(&parts.pool.join(name))?),
        // The launcher copies into it.
        VolumeContent::Copy { name, .. } => {
            Some(bind(&copy_of(&parts.spec.directory, name), &target, !volume.writable))
        }
        VolumeContent::Memory { name, size_bytes } => Some(match parts.memory.get(name) {
            Some(shared) => self::volume(&shared.name, &target, !volume.writable),
            None => tmpfs(size_bytes.and_then(|bytes| i64::try_from(bytes).ok())),
        }),
        VolumeContent::Files { .. } => {
            Some(Mount { read_only: Some(true), ..part(&parts.room.files(&parts.spec.directory, number))? })
        }
    })
}

/// Names what stands for a copy of a container's own.
pub(super) fn copy_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(SCRATCH).join("copies").join(name)
}

/// Returns a part of a folder, made when it is missing, that no link leads out of.
fn inside(whole: &Path, part: Option<&Path>) -> Result<PathBuf, String> {
    std::fs::create_dir_all(whole).map_err(|error| error.to_string())?;
    let whole = std::fs::canonicalize(whole).map_err(|error| error.to_string())?;
    let Some(part) = part else { return Ok(whole) };
    let path = whole.join(part);
    if !path.exists() {
        // What is there of it must not lead out either.
        let known = path.ancestors().find(|path| path.exists()).unwrap_or(&whole);
        let known = std::fs::canonicalize(known).map_err(|error| error.to_string())?;
        if !known.starts_with(&whole) {
            return Err("a link in its sub path leaves the volume".to_owned());
        }
        std::fs::create_dir_all(&path).map_err(|error| error.to_string())?;
    }
    let path = std::fs::canonicalize(path).map_err(|error| error.to_string())?;
    if path.starts_with(&whole) {
        Ok(path)
    } else {
        Err("a link in its sub path leaves the volume".to_owned())
    }
}

pub(super) fn bind(source: &Path, target: &str, read_only: bool) -> Mount {
    Mount {
        source: Some(text_of(source)),
        target: Some(target.to_owned()),
        typ: Some(MountType::BIND),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

/// A volume that the engine keeps.
pub(super) fn volume(name: &str, target: &str, read_only: bool) -> Mount {
    Mount {
        source: Some(name.to_owned()),
        target: Some(target.to_owned()),
        typ: Some(MountType::VOLUME),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

pub(super) fn text_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
