//! Private, writable layers over folders: what a task changes there is its own, and gone with its scratch.
//!
//! A layer lies on the disk of the scratch folder; where that file system carries none, in memory. Some kernels
//! and some containers allow neither.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, open};
use rustix::mount::{MountFlags, OpenTreeFlags, UnmountFlags, mount, mount_bind, open_tree, unmount};

use crate::places::STAGE;
use crate::sys::{self, Reach};

/// Folder of the layers, in the attempt's own.
const FOLDER: &str = "layers";
/// Ways to lay a layer, best first: nobody needs it flushed, and unprivileged users may not set other attributes.
const WAYS: [&str; 4] = [",volatile,userxattr", ",volatile", ",userxattr", ""];

/// Folders with layers over them, as mounts that hang nowhere yet.
#[derive(Default)]
pub(crate) struct Layers {
    /// Absent when there is no image, or layers are not possible.
    pub(crate) root: Option<OwnedFd>,
    pub(crate) folders: Vec<(PathBuf, OwnedFd)>,
}

/// Lays a layer over the image's root and each folder, where that is possible.
pub(crate) fn make(root: Option<&Path>, folders: &[PathBuf], scratch: &Path) -> Layers {
    if root.is_none() && folders.is_empty() {
        return Layers::default();
    }
    let lowers: Vec<&Path> = root.into_iter().chain(folders.iter().map(PathBuf::as_path)).collect();
    let on_disk = || -> io::Result<()> {
        mount_bind(scratch, STAGE)?;
        sys::set_mount_writable(Path::new(STAGE), true, Reach::This)
    };
    let in_memory = || -> io::Result<()> {
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        Ok(mount("tmpfs", STAGE, "tmpfs", flags, Some(c"mode=0755"))?)
    };
    let trees = laid(&lowers, on_disk).or_else(|_| laid(&lowers, in_memory));
    let Ok(trees) = trees else { return Layers::default() };
    let mut trees = trees.into_iter();
    let root = root.and_then(|_| trees.next());
    Layers { root, folders: folders.iter().cloned().zip(trees).collect() }
}

/// Lays all layers in what `mount_stage` mounts at the stage, which is left as it was.
fn laid(lowers: &[&Path], mount_stage: impl Fn() -> io::Result<()>) -> io::Result<Vec<OwnedFd>> {
    // Opened before the stage may hide them.
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let lowers: Vec<OwnedFd> =
        lowers.iter().map(|lower| open(*lower, flags, Mode::empty())).collect::<Result<_, _>>()?;
    mount_stage()?;
    let trees = lowers.iter().enumerate().map(|(number, lower)| lay(lower, number)).collect();
    unmount(STAGE, UnmountFlags::DETACH)?;
    trees
}

fn lay(lower: &OwnedFd, number: usize) -> io::Result<OwnedFd> {
    let folder = Path::new(STAGE).join(FOLDER).join(number.to_string());
    let merged = folder.join("merged");
    for part in ["upper", "work", "merged"] {
        fs::create_dir_all(folder.join(part))?;
    }
    // The root of what is seen has the permissions of the upper folder.
    let lower = format!("/proc/self/fd/{}", lower.as_raw_fd());
    fs::set_permissions(folder.join("upper"), fs::metadata(&lower)?.permissions())?;
    let folder = folder.display();
    let mut result = Err(io::ErrorKind::Unsupported.into());
    for way in WAYS {
        let text = format!("lowerdir={lower},upperdir={folder}/upper,workdir={folder}/work{way}");
        let data = CString::new(text).map_err(io::Error::other)?;
        result = mount("overlay", &merged, "overlay", MountFlags::NODEV, Some(data.as_c_str()))
            .map_err(io::Error::from);
        if result.is_ok() {
            break;
        }
    }
    result?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    Ok(open_tree(CWD, &merged, flags)?)
}
