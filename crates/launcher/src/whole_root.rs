//! Makes a whole system the root of a task: of the machine nothing is left in sight but what is named.
//!
//! The folder of the system stays as it is; a private layer over it takes what the task writes. The new root is
//! entered before anything is put into it, so that no link in it leads outside. Devices are the harmless ones, and
//! those of GPUs.

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode};
use rustix::mount::{MountFlags, mount};

use crate::namespace::{Base, SHM, View, attach_here, attach_volumes, kept_in_sight, set_writable, tree_of};
use crate::places::{self, STAGE};
use crate::{layers, volumes};

const DEVICES: [&str; 6] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"];
const LINKS: [(&str, &str); 4] = [
    ("/proc/self/fd", "/dev/fd"),
    ("/proc/self/fd/0", "/dev/stdin"),
    ("/proc/self/fd/1", "/dev/stdout"),
    ("/proc/self/fd/2", "/dev/stderr"),
];
/// How names are found in the network, which is this machine's.
const NAMES: [&str; 3] = ["/etc/resolv.conf", "/etc/hosts", "/etc/hostname"];

/// Something of the machine, and where the task sees it.
struct Shown {
    tree: OwnedFd,
    target: PathBuf,
    is_folder: bool,
    writable: bool,
}

/// Moves this process into the system.
pub(crate) fn show(base: &Base, view: &View<'_>, root: &Path) -> Result<(), String> {
    let mut shown = Vec::new();
    let of = |path: &Path, target: &Path, writable: bool| -> Result<Shown, String> {
        let is_folder = path.is_dir();
        Ok(Shown { tree: tree_of(path)?, target: target.to_owned(), is_folder, writable })
    };
    shown.push(of(view.scratch, view.folder, true)?);
    for path in view.writable {
        shown.push(of(path, path, true)?);
    }
    for path in view.readable.iter().filter(|path| !view.writable.iter().any(|own| path.starts_with(own))) {
        shown.push(of(path, path, false)?);
    }
    for asked in view.mounts {
        shown.push(of(&asked.source, &asked.target, asked.writable)?);
    }
    // Outer ones first.
    shown.sort_by_key(|shown| shown.target.components().count());
    let kernel =
        [of(Path::new("/proc"), Path::new("/proc"), true)?, of(Path::new("/sys"), Path::new("/sys"), false)?];
    let devices: Vec<Shown> =
        devices().iter().map(|path| of(path, path, false)).collect::<Result<_, String>>()?;
    let names = NAMES.iter().filter_map(|name| Some((fs::canonicalize(name).ok()?, Path::new(*name))));
    let names: Vec<Shown> =
        names.map(|(path, name)| of(&path, name, false)).collect::<Result<_, String>>()?;
    if view.is_shared && view.volumes.iter().any(|volume| volume.target == Path::new("/tmp")) {
        let tmp = view.tmp();
        fs::create_dir_all(base.host(&tmp))
            .map_err(|error| format!("failed to make {}: {error}", tmp.display()))?;
        shown.push(of(&tmp, Path::new("/tmp"), true)?);
    }
    let volumes = volumes::prepare(view.volumes, (view.pool, view.is_shared), |path| base.host(path))?;
    let failed =
        |error: io::Error| format!("failed to make the image {} the task's root: {error}", root.display());
    let layered = layers::make(Some(root), &[], view.scratch).root.ok_or_else(|| {
        failed(io::Error::other("this kernel lays no private layer over it (an overlay file system)"))
    })?;
    attach_here(&layered, Path::new(STAGE))?;
    places::enter(Path::new(STAGE)).map_err(failed)?;
    for part in &kernel {
        real_folder(&part.target).map_err(failed)?;
        put(part)?;
    }
    make_devices(&devices).map_err(failed)?;
    real_folder(Path::new("/etc")).map_err(failed)?;
    for name in &names {
        let _ = fs::remove_file(&name.target);
        put(name)?;
    }
    if !Path::new("/tmp").exists() {
        let _ = fs::create_dir("/tmp");
        let _ = rustix::fs::chmod("/tmp", Mode::from_raw_mode(0o1777));
    }
    for part in &shown {
        put(part)?;
    }
    let kept = kept_in_sight(shown.iter().map(|shown| &*shown.target), &volumes)?;
    attach_volumes(&volumes, kept)
}

/// Lists the devices that a task may have.
fn devices() -> Vec<PathBuf> {
    let is_gpu = |name: &str| name.starts_with("nvidia") || name == "dri" || name == "kfd";
    let found = fs::read_dir("/dev").into_iter().flatten().flatten();
    let gpus = found.filter(|entry| entry.file_name().to_str().is_some_and(is_gpu)).map(|entry| entry.path());
    DEVICES.iter().map(PathBuf::from).filter(|path| path.exists()).chain(gpus).collect()
}

/// Sees to it that a path of the new root is a folder and no link.
fn real_folder(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => fs::remove_file(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    fs::create_dir(path)
}

fn put(shown: &Shown) -> Result<(), String> {
    let target = &shown.target;
    let is_right = fs::metadata(target).is_ok_and(|found| found.is_dir() == shown.is_folder);
    if !is_right {
        places::make_one(target, shown.is_folder)
            .map_err(|error| format!("failed to make {} in the image: {error}", target.display()))?;
    }
    attach_here(&shown.tree, target)?;
    if shown.writable { set_writable(target, true) } else { Ok(()) }
}

fn make_devices(devices: &[Shown]) -> io::Result<()> {
    real_folder(Path::new("/dev"))?;
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount("tmpfs", "/dev", "tmpfs", flags, Some(c"mode=0755,size=64k"))?;
    for device in devices {
        if device.is_folder {
            fs::create_dir(&device.target)?;
        } else {
            File::create(&device.target)?;
        }
        let flags = rustix::mount::MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        rustix::mount::move_mount(&device.tree, "", CWD, &device.target, flags)?;
    }
    for (target, link) in LINKS {
        symlink(target, link)?;
    }
    fs::create_dir(SHM)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    Ok(mount("tmpfs", SHM, "tmpfs", flags, Some(c"mode=1777"))?)
}
