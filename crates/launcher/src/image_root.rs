//! Makes a folder the root of what a task sees, completed by this machine's own entries.
//!
//! What the folder has wins; where both have a folder, it shows the entries of both. `/proc`, `/sys`, `/dev` and
//! `/tmp` are never the folder's. The task may write where the folder's layer lies, and its changes are its own.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, open};
use rustix::mount::{MountFlags, MoveMountFlags, mount, move_mount};

use crate::places::{self, Entry, STAGE};

/// Entries of the root that are always this machine's.
const OWN: [&str; 4] = ["proc", "sys", "dev", "tmp"];

/// Moves this process into the root; `layered` is the folder with a layer over it, if that was possible.
pub(crate) fn enter(image: &Path, layered: Option<OwnedFd>) -> Result<(), String> {
    enter_root(image, layered)
        .map_err(|error| format!("failed to show the image's folder {}: {error}", image.display()))
}

fn enter_root(image: &Path, layered: Option<OwnedFd>) -> io::Result<()> {
    let stage = Path::new(STAGE);
    let open_folder =
        |path: &Path| open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let image = open_folder(image)?;
    let machine = open_folder(Path::new("/"))?;
    // All are taken before the stage covers one of them.
    let mut entries = Vec::new();
    for name in names_of(Path::new("/"))? {
        if let Some(entry) = places::take(&machine, Path::new("/"), &name)? {
            entries.push((name, entry));
        }
    }
    match layered {
        Some(tree) => attach(&tree, stage)?,
        None => {
            mount("tmpfs", stage, "tmpfs", MountFlags::NODEV, Some(c"mode=0755"))?;
            lay_out(&image, stage, Path::new("/"))?;
        }
    }
    for (name, entry) in entries {
        let place = stage.join(&name);
        let is_own = OWN.iter().any(|own| name == *own);
        match (&entry, place.is_dir()) {
            (Entry::Folder(tree), true) if is_own => attach(tree, &place)?,
            _ if fs::symlink_metadata(&place).is_err() => places::put(entry, &place)?,
            _ => complete(&place, &Path::new("/").join(&name))?,
        }
    }
    places::enter(stage)
}

fn names_of(folder: &Path) -> io::Result<Vec<OsString>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect()
}

fn attach(tree: &OwnedFd, place: &Path) -> io::Result<()> {
    Ok(move_mount(tree.as_fd(), "", CWD, place, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
}

/// Adds to a place what only the machine has; nothing when one of the two is no folder.
fn complete(place: &Path, machine: &Path) -> io::Result<()> {
    let is_folder =
        fs::symlink_metadata(place)?.is_dir() && fs::metadata(machine).is_ok_and(|found| found.is_dir());
    if !is_folder {
        return Ok(());
    }
    let folder = open(machine, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let listing = places::folder_of(&folder);
    // What cannot be listed cannot be used either.
    for name in names_of(&listing).unwrap_or_default() {
        let inner = place.join(&name);
        if fs::symlink_metadata(&inner).is_ok() {
            complete(&inner, &machine.join(&name))?;
        } else if let Some(entry) = places::take(&folder, &listing, &name)? {
            places::put(entry, &inner)?;
        }
    }
    Ok(())
}

/// Shows the folder without a layer: files as copies, folders that the machine lacks read-only.
fn lay_out(image: &OwnedFd, place: &Path, machine: &Path) -> io::Result<()> {
    let listing = places::folder_of(image);
    let is_root = machine == Path::new("/");
    for name in names_of(&listing)? {
        if is_root && OWN.iter().any(|own| name == *own) {
            continue;
        }
        let (path, inner) = (listing.join(&name), place.join(&name));
        let facts = fs::symlink_metadata(&path)?;
        if facts.is_symlink() {
            symlink(fs::read_link(&path)?, &inner)?;
        } else if facts.is_file() {
            fs::copy(&path, &inner)?;
        } else if facts.is_dir() && machine.join(&name).is_dir() {
            fs::create_dir(&inner)?;
            let folder = open(&path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
            lay_out(&folder, &inner, &machine.join(&name))?;
        } else if let Some(entry) = places::take(image, &listing, &name)? {
            places::put(entry, &inner)?;
        }
    }
    Ok(())
}
