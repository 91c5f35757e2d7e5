//! Makes the volumes of an attempt ready to be shown: as mounts that hang nowhere yet.
//!
//! A sub path is walked one name at a time and never leaves its volume, whatever links a task has left in it.
//! Files of secrets are written into memory that goes with the attempt's view.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pipewright_plan::{LaunchVolume, VolumeContent, VolumeFile};
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, mkdirat, open, openat2};
use rustix::io::Errno;
use rustix::mount::{MountFlags, OpenTreeFlags, UnmountFlags, mount, open_tree, unmount};

/// Where memory is mounted while it is filled; what was there is seen again afterwards.
const STAGE: &str = "/tmp";
/// Folder of scratch volumes, in the attempt's own.
const SCRATCH: &str = "volumes";
/// Name of a copy in the scratch volume of its own.
const COPY: &str = "copy";

/// A volume that can be attached.
pub(crate) struct Ready<'a> {
    pub(crate) target: &'a Path,
    pub(crate) writable: bool,
    /// It is no single file.
    pub(crate) is_folder: bool,
    pub(crate) tree: OwnedFd,
}

impl<'a> Ready<'a> {
    fn new(volume: &'a LaunchVolume, tree: OwnedFd) -> io::Result<Self> {
        let is_folder = FileType::from_raw_mode(fstat(&tree)?.st_mode).is_dir();
        Ok(Self { target: &volume.target, writable: volume.writable, is_folder, tree })
    }
}

/// Returns where a volume of the attempt's own lies, or a part of it; `pool` is the attempt's scratch folder.
pub(crate) fn place(pool: &Path, name: &str, sub_path: Option<&Path>) -> PathBuf {
    let folder = pool.join(SCRATCH).join(name);
    sub_path.map_or_else(|| folder.clone(), |part| folder.join(part))
}

/// Makes all volumes of an attempt ready, outer targets first.
///
/// Volumes of the attempt's own lie in its scratch folder; when those are shared, memory is mounted there.
/// `host` turns a path into one that can be written to; `/tmp` must not hide anything that is still needed.
pub(crate) fn prepare<'a>(
    volumes: &'a [LaunchVolume],
    (pool, is_shared): (&Path, bool),
    host: impl Fn(&Path) -> PathBuf,
) -> Result<Vec<Ready<'a>>, String> {
    let mut ready = Vec::new();
    let mut memory: Vec<&str> = Vec::new();
    for volume in volumes {
        check(volume)?;
        let failed = |error: io::Error| {
            format!("failed to make the volume at {} ready: {error}", volume.target.display())
        };
        let from_host = |path: &Path| {
            let tree = host_tree(path, volume.sub_path.as_deref(), &host);
            tree.and_then(|tree| Ready::new(volume, tree)).map_err(failed)
        };
        match &volume.content {
            // There is one of the attempt's own already.
            VolumeContent::Scratch { .. } | VolumeContent::Memory { .. }
                if volume.target == Path::new(STAGE) => {}
            VolumeContent::Folder { path } => ready.push(from_host(path)?),
            VolumeContent::Scratch { name } => {
                let lies_at = place(pool, name, None);
                ready.push(from_host(&lies_at)?);
                // Whoever the task runs as may write to it, as in a pod.
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
                fs::set_permissions(host(&lies_at), mode).map_err(failed)?;
            }
            VolumeContent::Memory { name, .. } if is_shared => {
                let tree = host_tree(&place(pool, name, None), volume.sub_path.as_deref(), Path::to_owned);
                ready.push(tree.and_then(|tree| Ready::new(volume, tree)).map_err(failed)?);
            }
            VolumeContent::Memory { name, size_bytes } => {
                if !memory.contains(&name.as_str()) {
                    memory.push(name);
                    ready.extend(memory_trees(volumes, name, *size_bytes).map_err(failed)?);
                }
            }
            VolumeContent::Copy { path, name, mode, recurse } => {
                let lies_in = place(pool, name, None);
                let whole = host(&lies_in);
                fs::create_dir_all(&whole).map_err(failed)?;
                // The pod's other commands share it.
                if !whole.join(COPY).exists() {
                    copy_with_mode(&host(path), &whole.join(COPY), *mode, *recurse)
                        .map_err(|error| format!("failed to copy {}: {error}", path.display()))?;
                }
                let tree = host_tree(&lies_in, Some(Path::new(COPY)), &host);
                ready.push(tree.and_then(|tree| Ready::new(volume, tree)).map_err(failed)?);
            }
            VolumeContent::Files { files } => {
                let tree = files_tree(files, volume.sub_path.as_deref());
                ready.push(tree.and_then(|tree| Ready::new(volume, tree)).map_err(failed)?);
            }
        }
    }
    // Stable: of two at one target the later covers the other.
    ready.sort_by_key(|volume| volume.target.components().count());
    Ok(ready)
}

/// Refuses paths that mean another place than they say.
fn check(volume: &LaunchVolume) -> Result<(), String> {
    let target = volume.target.display();
    let mut parts = volume.target.components();
    let is_absolute = parts.next() == Some(Component::RootDir);
    let names: Vec<Component<'_>> = parts.collect();
    if !is_absolute || names.is_empty() || !names.iter().all(|part| matches!(part, Component::Normal(_))) {
        return Err(format!("a volume cannot be mounted at `{target}`"));
    }
    let in_shm = volume.target.starts_with("/dev/shm");
    if ["/proc", "/sys", "/dev"].iter().any(|kernel| volume.target.starts_with(kernel)) && !in_shm {
        return Err(format!("a volume cannot be mounted at `{target}`, which belongs to the kernel"));
    }
    let name = match &volume.content {
        VolumeContent::Scratch { name }
        | VolumeContent::Memory { name, .. }
        | VolumeContent::Copy { name, .. } => Some(Path::new(name)),
        VolumeContent::Folder { .. } | VolumeContent::Files { .. } => None,
    };
    if name.is_some_and(|name| !is_inside(name) || name.components().count() != 1) {
        return Err(format!("the volume at `{target}` has no usable name"));
    }
    match &volume.sub_path {
        Some(path) if !is_inside(path) => {
            Err(format!("sub path `{}` of the volume at `{target}` leaves the volume", path.display()))
        }
        _ => Ok(()),
    }
}

/// Copies a file or folder and gives the copy these permission bits, inside as well when asked to.
pub(crate) fn copy_with_mode(from: &Path, to: &Path, mode: u32, recurse: bool) -> Result<(), String> {
    pipewright_artifacts::copy_into(from, to).map_err(|error| error.to_string())?;
    pipewright_artifacts::set_mode(to, mode & 0o777, recurse).map_err(|error| error.to_string())
}

fn is_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// Returns a folder of the host, or a part of it; both are made when they are missing.
fn host_tree(path: &Path, sub_path: Option<&Path>, host: impl Fn(&Path) -> PathBuf) -> io::Result<OwnedFd> {
    let place = host(path);
    fs::create_dir_all(&place)?;
    let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::DIRECTORY;
    let mut seen = open(path, flags, Mode::empty())?;
    if let Some(sub_path) = sub_path {
        let mut writable = open(&place, flags, Mode::empty())?;
        let count = sub_path.components().count();
        for (index, name) in sub_path.components().enumerate() {
            let name = Path::new(name.as_os_str());
            let is_last = index + 1 == count;
            (writable, seen) = step(&writable, &seen, name, is_last)?;
        }
    }
    Ok(tree_at(&seen)?)
}

/// Enters one name, both where it can be written to and where it is seen.
fn step(writable: &OwnedFd, seen: &OwnedFd, name: &Path, is_last: bool) -> io::Result<(OwnedFd, OwnedFd)> {
    // The last one may be a file.
    let kind = if is_last { OFlags::empty() } else { OFlags::DIRECTORY };
    let flags = OFlags::PATH | OFlags::CLOEXEC | kind;
    let enter = |at: &OwnedFd| {
        openat2(at, name, flags, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS)
    };
    let inner = match enter(writable) {
        Err(Errno::NOENT) => {
            match mkdirat(writable, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            enter(writable)?
        }
        other => other.map_err(escape)?,
    };
    Ok((inner, enter(seen).map_err(escape)?))
}

fn escape(error: Errno) -> io::Error {
    if error == Errno::XDEV {
        io::Error::other("a link in its sub path leaves the volume")
    } else {
        error.into()
    }
}

fn tree_at(place: &OwnedFd) -> rustix::io::Result<OwnedFd> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE
        | OpenTreeFlags::AT_EMPTY_PATH;
    open_tree(place.as_fd(), "", flags)
}

/// Mounts memory, lets it be filled and parts of it be taken, and removes it from sight.
fn staged<T>(options: &str, fill: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let options = std::ffi::CString::new(options)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", STAGE, "tmpfs", flags, Some(options.as_c_str()))?;
    let filled = fill();
    unmount(STAGE, UnmountFlags::DETACH)?;
    filled
}

/// Makes all volumes that share one memory.
fn memory_trees<'a>(
    volumes: &'a [LaunchVolume],
    wanted: &str,
    size_bytes: Option<u64>,
) -> io::Result<Vec<Ready<'a>>> {
    let size = size_bytes.map_or_else(String::new, |size| format!(",size={size}"));
    staged(&format!("mode=0777{size}"), || {
        let mut ready = Vec::new();
        for volume in volumes {
            match &volume.content {
                VolumeContent::Memory { name, .. } if name == wanted && volume.target != Path::new(STAGE) => {
                }
                _ => continue,
            }
            check(volume).map_err(io::Error::other)?;
            let part = Path::new(STAGE).join(volume.sub_path.as_deref().unwrap_or(Path::new("")));
            fs::create_dir_all(&part)?;
            let tree = open_tree(CWD, &part, clone_flags())?;
            ready.push(Ready::new(volume, tree)?);
        }
        Ok(ready)
    })
}

fn clone_flags() -> OpenTreeFlags {
    OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC
}

/// Makes a volume of files, or of the file or folder among them that is asked for.
fn files_tree(files: &[VolumeFile], sub_path: Option<&Path>) -> io::Result<OwnedFd> {
    let mode = if files.iter().all(|file| file.mode & 0o077 == 0) { 0o700 } else { 0o755 };
    staged(&format!("mode={mode:o}"), || {
        for file in files {
            if !is_inside(&file.path) || file.path.as_os_str().is_empty() {
                return Err(io::Error::other(format!("file {} leaves the volume", file.path.display())));
            }
            let path = Path::new(STAGE).join(&file.path);
            if let Some(parent) = path.parent() {
                fs::DirBuilder::new().recursive(true).mode(mode).create(parent)?;
            }
            let content = STANDARD.decode(&file.content).map_err(io::Error::other)?;
            let mut options = OpenOptions::new();
            let mut new = options.write(true).create_new(true).mode(file.mode & 0o777).open(&path)?;
            new.write_all(&content)?;
            // Whatever the mask took away.
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(file.mode & 0o777))?;
        }
        let part = Path::new(STAGE).join(sub_path.unwrap_or(Path::new("")));
        if fs::symlink_metadata(&part).is_err() {
            fs::DirBuilder::new().recursive(true).mode(mode).create(&part)?;
        }
        Ok(open_tree(CWD, &part, clone_flags())?)
    })
}
