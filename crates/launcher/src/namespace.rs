//! A private view of the file system for each attempt, where the kernel allows it.
//!
//! The fork server moves once into a mount namespace where everything is read-only. Each supervisor copies
//! that and adds what its task may write to: the attempt's folder, the folders of its outputs, a `/tmp` and a
//! `/dev/shm` of its own. Everything keeps its absolute name. Supervisors reach the writable host through a
//! descriptor of its root that was opened before.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use pipewright_plan::{LaunchVolume, Mount, VolumeContent};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, mount_bind,
    mount_change, move_mount, open_tree, unmount,
};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use crate::layers::{Laid, Layers};
use crate::sys::{self, Fork, Reach};
use crate::volumes::{self, Ready};
use crate::{image_root, layers, places, whole_root};

const TMP: &str = "/tmp";
pub(crate) const SHM: &str = "/dev/shm";

/// What an attempt sees differently.
pub(crate) struct View<'a> {
    /// The attempt's folder.
    pub(crate) folder: &'a Path,
    /// What is shown in its place; its `tmp` becomes `/tmp`.
    pub(crate) scratch: &'a Path,
    /// Further folders that the task writes to.
    pub(crate) writable: &'a [PathBuf],
    /// Files and folders below `/tmp` that must stay visible.
    pub(crate) readable: &'a [PathBuf],
    pub(crate) mounts: &'a [Mount],
    pub(crate) volumes: &'a [LaunchVolume],
    /// Plays the image's root.
    pub(crate) image_root: Option<&'a Path>,
    /// Folders that the task may change for itself alone.
    pub(crate) layered: &'a [PathBuf],
    /// Scratch folder of the attempt, where volumes of its own lie.
    pub(crate) pool: &'a Path,
    /// Volumes of the attempt's own are shared with other commands: memory was mounted where they lie.
    pub(crate) is_shared: bool,
    /// A whole system, in which nothing else of the machine is seen.
    pub(crate) root_filesystem: Option<&'a Path>,
}

impl View<'_> {
    /// Returns what is shown as `/tmp`: a folder of its own, or a volume that is shared there.
    pub(crate) fn tmp(&self) -> PathBuf {
        let at_tmp = self.volumes.iter().rev().find(|volume| volume.target == Path::new(TMP));
        let shared = at_tmp.filter(|_| self.is_shared).and_then(|volume| match &volume.content {
            VolumeContent::Scratch { name } => {
                Some(volumes::place(self.pool, name, volume.sub_path.as_deref()))
            }
            _ => None,
        });
        shared.unwrap_or_else(|| self.scratch.join("tmp"))
    }

    /// Tells whether all that is shown is mounts of ours, which can be taken away again.
    fn is_plain(&self) -> bool {
        self.mounts.is_empty()
            && self.volumes.is_empty()
            && self.image_root.is_none()
            && self.root_filesystem.is_none()
            && !self.is_shared
    }

    /// Tells whether a path lies in a volume.
    fn is_in_volume(&self, path: &Path) -> bool {
        self.volumes.iter().any(|volume| path.starts_with(&volume.target))
    }
}

/// What an attempt's view has beyond the one that every attempt starts from, in the order in which it was added.
pub(crate) struct Shown {
    targets: Vec<PathBuf>,
}

/// The read-only view that every attempt starts from.
pub(crate) struct Base {
    /// The host's root, writable.
    root: OwnedFd,
    home: PathBuf,
    /// Layers that are in this process's view and may serve several attempts.
    laid: RefCell<Option<Laid>>,
}

impl Base {
    /// Moves this process into the read-only view. The error says why that is not possible, after which nothing
    /// has changed: everything is tried in a child first.
    pub(crate) fn prepare(home: &Path) -> Result<Self, String> {
        let trial = home.join("scratch/trial");
        fs::create_dir_all(trial.join("tmp"))
            .map_err(|error| format!("failed to create {}: {error}", trial.display()))?;
        try_in_child(home, &trial)?;
        enter_base(home)
    }

    /// Returns a path by which the host's own, writable file is reached.
    pub(crate) fn host(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/self/fd/{}", self.root.as_raw_fd()));
        root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Returns where something that the task sees lies on the host.
    pub(crate) fn host_of_seen(&self, path: &Path, view: &View<'_>) -> PathBuf {
        let is_shown =
            |shown: &Path| shown.starts_with(TMP) && (path.starts_with(shown) || shown.starts_with(path));
        if view.is_in_volume(path) {
            // This process sees what the task sees.
            return path.to_owned();
        }
        let mut shown =
            [&*self.home, view.folder].into_iter().chain(view.writable.iter().map(PathBuf::as_path));
        if let Ok(inside) = path.strip_prefix(view.folder) {
            return self.host(&view.scratch.join(inside));
        }
        if view.root_filesystem.is_some() {
            let is_host = view.writable.iter().any(|shown| path.starts_with(shown));
            return if is_host { self.host(path) } else { path.to_owned() };
        }
        match path.strip_prefix(TMP) {
            Ok(inside) if !shown.any(is_shown) => self.host(&view.tmp().join(inside)),
            Err(_) if view.image_root.is_some() && !shown.any(|shown| path.starts_with(shown)) => {
                // It lies in the image, which this process sees too.
                path.to_owned()
            }
            _ => self.host(path),
        }
    }

    /// Gives this process a copy of the view, to be changed for one attempt.
    pub(crate) fn separate(&self) -> Result<(), String> {
        new_namespace(UnshareFlags::NEWNS)
            .map_err(|error| format!("failed to make a mount namespace: {error}"))?;
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        let _ = mount("tmpfs", SHM, "tmpfs", flags, Some(c"mode=1777"));
        Ok(())
    }

    /// Gives this process, separated before, a copy of its own once more; `/dev/shm` is shared.
    pub(crate) fn separate_again(&self) -> Result<(), String> {
        new_namespace(UnshareFlags::NEWNS)
            .map_err(|error| format!("failed to make a mount namespace: {error}"))
    }

    /// Keeps the layers of the attempt before for one that wants the same, and removes them before any other.
    pub(crate) fn settle(&self, view: &View<'_>) -> Result<(), String> {
        let laid = self.laid.take();
        let wanted = view.layered.iter().map(PathBuf::as_path);
        match laid {
            Some(laid) if view.is_plain() && laid.folders().eq(wanted) && laid.are_seen() => {
                self.laid.replace(Some(laid));
                Ok(())
            }
            Some(laid) => laid.remove(),
            None => Ok(()),
        }
    }

    /// Tells whether there are layers which the attempt has left as they were; others are removed.
    pub(crate) fn keeps_layers(&self) -> Result<bool, String> {
        let Some(laid) = self.laid.take() else { return Ok(false) };
        if !laid.are_unchanged() {
            return laid.remove().map(|()| false);
        }
        self.laid.replace(Some(laid));
        Ok(true)
    }

    /// Shows this process, once separated and settled, what belongs to the attempt. Gives what [`Base::hide`] takes away
    /// again, when that is possible.
    pub(crate) fn show(&self, view: &View<'_>) -> Result<Option<Shown>, String> {
        if let Some(root) = view.root_filesystem {
            // This process is inside of the image from then on.
            return whole_root::show(self, view, root).map(|()| None);
        }
        let in_tmp = |path: &&PathBuf| path.starts_with(TMP);
        let mut shown: Vec<&PathBuf> = [&self.home].into_iter().filter(in_tmp).collect();
        for path in view.writable.iter().chain(view.readable).filter(in_tmp) {
            if !shown.iter().any(|outer| path.starts_with(outer)) {
                shown.push(path);
            }
        }
        // Taken before `/tmp` is covered.
        let mut trees = Vec::new();
        for path in shown {
            trees.push((path.as_path(), tree_of(path)?, false));
        }
        for asked in view.mounts {
            trees.push((asked.target.as_path(), tree_of(&asked.source)?, asked.writable));
        }
        let volumes = if view.volumes.is_empty() {
            Vec::new()
        } else {
            volumes::prepare(view.volumes, (view.pool, view.is_shared), |path| self.host(path))?
        };
        let layers = match *self.laid.borrow() {
            Some(_) => Layers::default(),
            None => layers::make(view.image_root, view.layered, view.scratch),
        };
        if let Some(root) = view.image_root {
            image_root::enter(root, layers.root)?;
        }
        if !volumes.is_empty() || !view.mounts.is_empty() {
            make_places(view, &volumes)?;
        }
        let private = view.tmp();
        if view.is_shared {
            fs::create_dir_all(self.host(&private))
                .map_err(|error| format!("failed to make {}: {error}", private.display()))?;
        }
        mount_bind(&private, TMP)
            .map_err(|error| format!("failed to give the task a {TMP} of its own: {error}"))?;
        set_writable(Path::new(TMP), true)?;
        for (target, tree, writable) in &trees {
            attach(tree, target, *writable, &private, self)?;
        }
        let own = [(view.scratch, view.folder)];
        for (source, target) in view.writable.iter().map(|path| (&**path, &**path)).chain(own) {
            mount_bind(source, target)
                .map_err(|error| format!("failed to open {}: {error}", target.display()))?;
            set_writable(target, true)?;
        }
        for (target, tree) in &layers.folders {
            attach_here(tree, target)?;
        }
        let is_kept = view.is_plain() && self.note_layers(view, &layers.folders);
        let own = [&*self.home, view.folder].into_iter();
        let own = own.chain(view.writable.iter().chain(view.readable).map(PathBuf::as_path));
        let kept = kept_in_sight(own.chain(view.mounts.iter().map(|asked| &*asked.target)), &volumes)?;
        attach_volumes(&volumes, kept)?;
        let shown = || {
            let targets = [Path::new(TMP)].into_iter().chain(trees.iter().map(|(target, ..)| *target));
            let targets = targets.chain(view.writable.iter().map(PathBuf::as_path)).chain([view.folder]);
            let layered = layers.folders.iter().filter(|_| !is_kept).map(|(target, _)| target.as_path());
            let targets = targets.chain(layered);
            Shown { targets: targets.map(Path::to_owned).collect() }
        };
        Ok(view.is_plain().then(shown))
    }

    /// Takes down new layers that may serve other attempts; tells whether they do.
    fn note_layers(&self, view: &View<'_>, folders: &[(PathBuf, OwnedFd)]) -> bool {
        let mut folders = folders.iter().map(|(target, _)| &**target).peekable();
        // What is shown in a `/tmp` of the task's own goes with that.
        if folders.peek().is_none() || view.layered.iter().any(|path| path.starts_with(TMP)) {
            return false;
        }
        // Layers in memory cannot be looked into.
        let laid = Laid::note(self.host(&view.scratch.join(layers::FOLDER)), folders).ok();
        let is_kept = laid.is_some();
        self.laid.replace(laid);
        is_kept
    }

    /// Takes away what an attempt saw. Tells whether the view is as it was before, shared memory included.
    pub(crate) fn hide(&self, shown: &Shown) -> bool {
        let is_hidden =
            shown.targets.iter().rev().all(|target| unmount(target, UnmountFlags::DETACH).is_ok());
        let is_empty = |folder| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
        is_hidden && is_empty(SHM)
    }
}

/// Sees to it that mounts and volumes have places outside of `/tmp`.
fn make_places(view: &View<'_>, volumes: &[Ready<'_>]) -> Result<(), String> {
    let mounts = view.mounts.iter().filter(|asked| asked.source != asked.target);
    let folders = mounts.map(|asked| (&*asked.target, !asked.source.is_file()));
    let targets = folders.chain(volumes.iter().map(|volume| (volume.target, volume.is_folder)));
    let is_wanted = |target: &Path| !target.starts_with(TMP) && !target.starts_with(SHM) && !target.exists();
    // A place in another volume is made there.
    let is_inside =
        |path: &Path| volumes.iter().any(|volume| path != volume.target && path.starts_with(volume.target));
    let mut missing: BTreeMap<&Path, bool> =
        targets.filter(|(target, _)| is_wanted(target) && !is_inside(target)).collect();
    if view.image_root.is_some() {
        // The image is the task's own.
        missing.retain(|target, is_folder| places::make_one(target, *is_folder).is_err());
    }
    if missing.is_empty() { Ok(()) } else { places::make(&missing) }
}

/// Something that stays in sight although a volume is shown over a folder around it.
pub(crate) struct Kept {
    target: PathBuf,
    is_folder: bool,
    tree: OwnedFd,
}

/// Takes the outermost of these paths that volumes would cover: the task needs them wherever it mounts something.
pub(crate) fn kept_in_sight<'a>(
    paths: impl Iterator<Item = &'a Path>,
    volumes: &[Ready<'_>],
) -> Result<Vec<Kept>, String> {
    let is_covered =
        |path: &Path| volumes.iter().any(|volume| path != volume.target && path.starts_with(volume.target));
    let mut outermost: Vec<&Path> = Vec::new();
    for path in paths.filter(|path| is_covered(path) && path.exists()) {
        if !outermost.iter().any(|outer| path.starts_with(outer)) {
            outermost.retain(|inner| !inner.starts_with(path));
            outermost.push(path);
        }
    }
    let take =
        |path: &Path| Ok(Kept { target: path.to_owned(), is_folder: path.is_dir(), tree: tree_of(path)? });
    outermost.into_iter().map(take).collect()
}

/// Shows volumes, and over them what is kept in sight.
pub(crate) fn attach_volumes(volumes: &[Ready<'_>], mut kept: Vec<Kept>) -> Result<(), String> {
    for (number, volume) in volumes.iter().enumerate() {
        let target = volume.target;
        let failed = |error: io::Error| format!("failed to show a volume at {}: {error}", target.display());
        if !target.exists() {
            places::make_one(target, volume.is_folder).map_err(failed)?;
        }
        move_mount(volume.tree.as_fd(), "", CWD, target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
            .map_err(|error| failed(error.into()))?;
        set_writable(target, true)?;
        // Once no other volume comes between.
        let later = &volumes[number + 1..];
        let is_due = |one: &Kept| !later.iter().any(|later| one.target.starts_with(later.target));
        for one in kept.extract_if(.., |one| is_due(one)) {
            if !one.target.exists() {
                places::make_one(&one.target, one.is_folder).map_err(failed)?;
            }
            attach_here(&one.tree, &one.target)?;
        }
    }
    // Last, since places of inner volumes were made in outer ones.
    for volume in volumes.iter().filter(|volume| !volume.writable) {
        set_writable(volume.target, false)?;
    }
    Ok(())
}

pub(crate) fn tree_of(path: &Path) -> Result<OwnedFd, String> {
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    open_tree(CWD, path, flags).map_err(|error| format!("failed to show {}: {error}", path.display()))
}

fn attach(
    tree: &OwnedFd,
    target: &Path,
    writable: bool,
    private_tmp: &Path,
    base: &Base,
) -> Result<(), String> {
    let failed = |error: io::Error| format!("failed to show {}: {error}", target.display());
    if let Ok(inside) = target.strip_prefix(TMP) {
        let place = base.host(&private_tmp.join(inside));
        if fs::metadata(format!("/proc/self/fd/{}", tree.as_raw_fd())).map_err(failed)?.is_dir() {
            fs::create_dir_all(place).map_err(failed)?;
        } else {
            fs::create_dir_all(place.parent().unwrap_or(&place)).map_err(failed)?;
            File::create(place).map_err(failed)?;
        }
    } else if !target.exists() {
        return Err(format!("mount target {} does not exist on this machine", target.display()));
    }
    attach_here(tree, target)?;
    if writable { set_writable(target, true) } else { Ok(()) }
}

pub(crate) fn attach_here(tree: &OwnedFd, target: &Path) -> Result<(), String> {
    move_mount(tree.as_fd(), "", CWD, target, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
        .map_err(|error| format!("failed to show {}: {error}", target.display()))
}

pub(crate) fn set_writable(path: &Path, writable: bool) -> Result<(), String> {
    sys::set_mount_writable(path, writable, Reach::This)
        .map_err(|error| format!("failed to change the mount of {}: {error}", path.display()))
}

#[allow(unsafe_code)]
fn new_namespace(flags: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: mount and user namespaces do not affect descriptors; the process has one thread.
    unsafe { unshare_unsafe(flags) }
}

/// Moves into a namespace where all is read-only but `/proc`, whose files are no files.
fn enter_base(home: &Path) -> Result<Base, String> {
    let root = rustix::fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| format!("failed to open /: {error}"))?;
    if new_namespace(UnshareFlags::NEWNS).is_err() {
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        new_namespace(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)
            .map_err(|error| format!("the kernel does not allow user and mount namespaces here ({error})"))?;
        let map = |file: &str, text: String| {
            fs::write(file, text).map_err(|error| format!("failed to write {file}: {error}"))
        };
        map("/proc/self/setgroups", "deny".to_owned())?;
        map("/proc/self/uid_map", format!("{uid} {uid} 1"))?;
        map("/proc/self/gid_map", format!("{gid} {gid} 1"))?;
    }
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
        .map_err(|error| format!("failed to separate mounts: {error}"))?;
    sys::set_mount_writable(Path::new("/"), false, Reach::All)
        .map_err(|error| format!("failed to make the file system read-only: {error}"))?;
    let _ = set_writable(Path::new("/proc"), true);
    Ok(Base { root, home: home.to_owned(), laid: RefCell::default() })
}

/// Tries everything in a child, so that a failure halfway changes nothing.
fn try_in_child(home: &Path, trial: &Path) -> Result<(), String> {
    let (mut reader, writer) = io::pipe().map_err(|error| format!("failed to make a pipe: {error}"))?;
    match sys::fork().map_err(|error| format!("failed to make a process: {error}"))? {
        Fork::Child => {
            drop(reader);
            let message = try_here(home, trial).err().unwrap_or_else(|| "ok".to_owned());
            let _ = rustix::io::write(&writer, message.as_bytes());
            sys::exit_now(0)
        }
        Fork::Parent(pid) => {
            drop(writer);
            let mut message = String::new();
            let _ = reader.read_to_string(&mut message);
            sys::wait_for(pid);
            match message.as_str() {
                "ok" => Ok(()),
                "" => Err("trying to isolate a task ended without an answer".to_owned()),
                _ => Err(message),
            }
        }
    }
}

fn try_here(home: &Path, trial: &Path) -> Result<(), String> {
    let base = enter_base(home)?;
    base.separate()?;
    base.show(&View {
        folder: trial,
        scratch: trial,
        writable: &[],
        readable: &[],
        mounts: &[],
        volumes: &[],
        image_root: None,
        layered: &[],
        pool: trial,
        is_shared: false,
        root_filesystem: None,
    })?;
    for folder in [trial, Path::new(TMP)] {
        let probe = folder.join(".probe");
        fs::write(&probe, b"")
            .map_err(|error| format!("{} cannot be written to: {error}", folder.display()))?;
        let _ = fs::remove_file(probe);
    }
    if File::create(home.join(".probe")).is_ok() {
        let _ = fs::remove_file(home.join(".probe"));
        return Err("the rest of the file system stays writable".to_owned());
    }
    Ok(())
}
