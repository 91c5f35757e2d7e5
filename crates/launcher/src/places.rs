//! Makes places for volumes where the host has none.
//!
//! A folder that lacks a place is covered by one in memory that shows the same entries, and the place beside
//! them. For the root folder itself this process gets a new root.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, open};
use rustix::mount::{
    MountFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, move_mount, open_tree, unmount,
};
use rustix::process::{chdir, pivot_root};

/// Where a new root stands before it is one.
pub(crate) const STAGE: &str = "/tmp";

/// Makes these missing places, none of which lies in another; true stands for a folder, else it is a file.
pub(crate) fn make(wanted: &BTreeMap<&Path, bool>) -> Result<(), String> {
    let mut covers: Vec<(PathBuf, Vec<(PathBuf, bool)>)> = Vec::new();
    for (target, is_folder) in wanted {
        let failed = |error: io::Error| format!("failed to make {}: {error}", target.display());
        let (existing, missing) = split(target).map_err(failed)?;
        match covers.iter_mut().find(|(folder, _)| *folder == existing) {
            Some((_, all)) => all.push((missing, *is_folder)),
            None => covers.push((existing, vec![(missing, *is_folder)])),
        }
    }
    // A new root takes along what was covered before.
    covers.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.components().count()));
    for (folder, missing) in &covers {
        cover(folder, missing)
            .map_err(|error| format!("failed to make places for volumes in {}: {error}", folder.display()))?;
    }
    Ok(())
}

/// Makes a folder or an empty file, and the folders above it.
pub(crate) fn make_one(place: &Path, is_folder: bool) -> io::Result<()> {
    if is_folder {
        return fs::create_dir_all(place);
    }
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::File::create(place).map(drop)
}

/// Splits a path into the folder that exists, without links, and the rest.
fn split(target: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let existing = target.ancestors().skip(1).find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let missing = target.strip_prefix(existing).map_err(io::Error::other)?;
    if !existing.is_dir() {
        return Err(io::Error::other(format!("{} is a file", existing.display())));
    }
    Ok((fs::canonicalize(existing)?, missing.to_owned()))
}

pub(crate) enum Entry {
    Folder(OwnedFd),
    File(OwnedFd),
    Link(PathBuf),
}

fn cover(folder: &Path, missing: &[(PathBuf, bool)]) -> io::Result<()> {
    let is_root = folder == Path::new("/");
    let place = if is_root { Path::new(STAGE) } else { folder };
    let original = open(folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let mode = fs::metadata(folder)?.permissions().mode() & 0o7777;
    let names: Vec<OsString> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
    // Of the root all entries are taken before one of them is covered; it has few.
    let taken: Vec<(OsString, Option<Entry>)> = names
        .into_iter()
        .map(|name| {
            let entry = if is_root { take(&original, folder, &name)? } else { None };
            Ok((name, entry))
        })
        .collect::<io::Result<_>>()?;
    let listing = folder_of(&original);
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", place, "tmpfs", flags, Some(c"mode=0755"))?;
    for (name, entry) in taken {
        let entry = match entry {
            Some(entry) => Some(entry),
            None if is_root => None,
            None => take(&original, &listing, &name)?,
        };
        if let Some(entry) = entry {
            put(entry, &place.join(name))?;
        }
    }
    for (path, is_folder) in missing {
        make_one(&place.join(path), *is_folder)?;
    }
    fs::set_permissions(place, PermissionsExt::from_mode(mode))?;
    if is_root {
        enter(place)?;
    }
    crate::sys::set_mount_writable(
        if is_root { Path::new("/") } else { folder },
        false,
        crate::sys::Reach::This,
    )
}

/// Returns a path to a folder that may be covered.
pub(crate) fn folder_of(folder: &OwnedFd) -> PathBuf {
    use std::os::fd::AsRawFd;
    PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()))
}

/// Takes an entry; one that is gone or cannot be looked at is left out.
pub(crate) fn take(original: &OwnedFd, folder: &Path, name: &OsString) -> io::Result<Option<Entry>> {
    let path = folder.join(name);
    let Ok(facts) = fs::symlink_metadata(&path) else { return Ok(None) };
    if facts.is_symlink() {
        return Ok(Some(Entry::Link(fs::read_link(&path)?)));
    }
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let tree = match open_tree(original.as_fd(), name.as_os_str(), flags) {
        Ok(tree) => tree,
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::ACCESS) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(Some(if facts.is_dir() { Entry::Folder(tree) } else { Entry::File(tree) }))
}

pub(crate) fn put(entry: Entry, place: &Path) -> io::Result<()> {
    let tree = match entry {
        Entry::Link(target) => return symlink(target, place),
        Entry::Folder(tree) => {
            fs::create_dir(place)?;
            tree
        }
        Entry::File(tree) => {
            fs::File::create(place)?;
            tree
        }
    };
    Ok(move_mount(tree.as_fd(), "", CWD, place, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
}

/// Makes a folder the root of this process, and lets go of the old one.
pub(crate) fn enter(root: &Path) -> io::Result<()> {
    chdir(root)?;
    pivot_root(".", ".")?;
    // The old root lies on top of the new one.
    unmount(".", UnmountFlags::DETACH)?;
    Ok(chdir("/")?)
}
