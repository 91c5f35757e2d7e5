//! Private, writable layers over folders: what a task changes there is its own, and gone with its scratch.
//!
//! A layer lies on the disk of the scratch folder; where that file system carries none, in memory. Some kernels
//! and some containers allow neither. A layer in which a task has changed nothing serves the next one: laying one
//! costs little, but what was found through it once is found again without looking.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, open};
use rustix::mount::{MountFlags, OpenTreeFlags, UnmountFlags, mount, mount_bind, open_tree, unmount};

use crate::places::STAGE;
use crate::sys::{self, Reach};

/// Folder of the layers, in the attempt's own.
pub(crate) const FOLDER: &str = "layers";
/// Ways to lay a layer, best first: nobody needs it flushed, and unprivileged users may not set other attributes.
const WAYS: [&str; 4] = [",volatile,userxattr", ",volatile", ",userxattr", ""];

/// Folders with layers over them, as mounts that hang nowhere yet.
#[derive(Default)]
pub(crate) struct Layers {
    /// Absent when there is no image, or layers are not possible.
    pub(crate) root: Option<OwnedFd>,
    pub(crate) folders: Vec<(PathBuf, OwnedFd)>,
}

/// Layers that are in a process's view, over folders alone.
#[derive(Debug)]
pub(crate) struct Laid {
    /// Where they lie, by a name through which that can be written to.
    place: PathBuf,
    layers: Vec<LaidOne>,
}

#[derive(Debug)]
struct LaidOne {
    over: PathBuf,
    /// Number of its file system, by which it is known.
    device: u64,
    mark: Mark,
}

/// How the upper folder of a layer looks: everything that a task changes in it changes this.
#[derive(Debug, PartialEq, Eq)]
struct Mark {
    changed: (i64, i64),
    mode: u32,
}

impl Laid {
    /// Takes down that these folders have layers on the disk, in which nothing was changed so far.
    pub(crate) fn note<'a>(place: PathBuf, folders: impl Iterator<Item = &'a Path>) -> io::Result<Self> {
        let note = |(number, over): (usize, &Path)| -> io::Result<LaidOne> {
            let mark = mark(&upper(&place, number))?;
            Ok(LaidOne { over: over.to_owned(), device: fs::metadata(over)?.dev(), mark })
        };
        let layers = folders.enumerate().map(note).collect::<io::Result<_>>()?;
        Ok(Self { place, layers })
    }

    /// Lists what is under the layers.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.layers.iter().map(|layer| &*layer.over)
    }

    /// Tells whether the layers are still in the view; one goes when the folder under it is removed.
    pub(crate) fn are_seen(&self) -> bool {
        let is_seen = |layer: &LaidOne| fs::metadata(&layer.over).is_ok_and(|it| it.dev() == layer.device);
        self.layers.iter().all(is_seen)
    }

    /// Tells whether nothing was changed in any of them.
    pub(crate) fn are_unchanged(&self) -> bool {
        let is_unchanged = |(number, layer): (usize, &LaidOne)| {
            mark(&upper(&self.place, number)).is_ok_and(|mark| mark == layer.mark)
        };
        self.layers.iter().enumerate().all(is_unchanged)
    }

    /// Takes the layers out of the view; what lies on the disk can be used by no other.
    pub(crate) fn remove(self) -> Result<(), String> {
        for layer in self.layers.iter().filter(|_| self.are_seen()) {
            unmount(&layer.over, UnmountFlags::DETACH)
                .map_err(|error| format!("failed to take a layer off {}: {error}", layer.over.display()))?;
        }
        pipewright_artifacts::remove_tree(&self.place)
            .map_err(|error| format!("failed to remove {}: {error}", self.place.display()))
    }
}

fn upper(place: &Path, number: usize) -> PathBuf {
    place.join(number.to_string()).join("upper")
}

/// Reads the mark of an upper folder, which has to be empty.
fn mark(upper: &Path) -> io::Result<Mark> {
    if fs::read_dir(upper)?.next().is_some() {
        return Err(io::ErrorKind::DirectoryNotEmpty.into());
    }
    let facts = fs::symlink_metadata(upper)?;
    Ok(Mark { changed: (facts.ctime(), facts.ctime_nsec()), mode: facts.mode() })
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
