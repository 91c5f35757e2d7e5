//! Unpacks layers over each other into a folder, from which no entry escapes.
//!
//! Paths are walked inside the folder as if it were the root (`RESOLVE_IN_ROOT`), the last name is never
//! followed. Whiteouts remove what earlier layers left. Device nodes and extended attributes are left out: tasks
//! get devices of their own, and file capabilities would be the host's.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;
use rustix::fs::{
    AtFlags, CWD, FileType, Gid, Mode, OFlags, ResolveFlags, Timespec, Timestamps, Uid, chownat, fchmod,
    linkat, mkdirat, open, openat, openat2, statat, symlinkat, unlinkat, utimensat,
};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use tar::{Archive, Entry, EntryType};

use crate::zstd;

const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Passes bytes on and remembers their digest.
pub(crate) struct Hashing<R> {
    inner: R,
    hasher: Sha256,
}

impl<R: Read> Hashing<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, hasher: Sha256::new() }
    }

    /// Reads what is left, and returns the digest of everything.
    pub(crate) fn finish(mut self) -> io::Result<String> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(format!("sha256:{}", hex::encode(self.hasher.finalize())))
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

/// Returns a reader of the plain bytes of what may be compressed.
pub(crate) fn plain(mut file: File) -> io::Result<Box<dyn Read>> {
    use std::io::Seek;
    let mut magic = [0; 4];
    let read = file.read(&mut magic)?;
    file.rewind()?;
    match &magic[..read] {
        [0x1f, 0x8b, ..] => Ok(Box::new(MultiGzDecoder::new(io::BufReader::new(file)))),
        start if *start == zstd::MAGIC => Ok(Box::new(zstd::Decoder::new(file))),
        _ => Ok(Box::new(io::BufReader::new(file))),
    }
}

/// Unpacks one layer, plain or compressed, over what is there; returns the digest of the plain layer.
pub(crate) fn unpack(layer: File, root: &Path) -> io::Result<String> {
    let root = open(root, FOLDER, Mode::empty())?;
    let mut hashing = Hashing::new(plain(layer)?);
    let mut unpacking = Unpacking {
        root,
        made: HashSet::new(),
        parent: None,
        folders: Vec::new(),
        is_root: rustix::process::geteuid().is_root(),
    };
    {
        let mut archive = Archive::new(&mut hashing);
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            unpacking
                .take(&mut entry, &path)
                .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        }
    }
    unpacking.finish_folders()?;
    hashing.finish()
}

struct Unpacking {
    root: OwnedFd,
    /// What this very layer has made.
    made: HashSet<PathBuf>,
    /// The folder that was used last.
    parent: Option<(PathBuf, OwnedFd)>,
    /// Times and permissions of folders, which are set when nothing more is put into them.
    folders: Vec<(PathBuf, u32, Timestamps)>,
    is_root: bool,
}

impl Unpacking {
    fn take(&mut self, entry: &mut Entry<'_, impl Read>, path: &Path) -> io::Result<()> {
        let path = inside(path)?;
        let header = entry.header();
        let kind = header.entry_type();
        if kind.is_pax_global_extensions() {
            return Ok(());
        }
        let mode = header.mode().unwrap_or(0o755) & 0o7777;
        let times = times_of(header.mtime().unwrap_or(0));
        let owner = (header.uid().unwrap_or(0), header.gid().unwrap_or(0));
        let (Some(folder), Some(name)) =
            (path.parent().map(Path::to_owned), path.file_name().map(PathBuf::from))
        else {
            // The root itself.
            self.folders.push((PathBuf::from("."), mode, times));
            return Ok(());
        };
        let text = name.to_string_lossy().into_owned();
        if text == OPAQUE {
            return self.clear(&folder);
        }
        if let Some(hidden) = text.strip_prefix(WHITEOUT) {
            let hidden = folder.join(hidden);
            if !self.made.contains(&hidden) && hidden.file_name().is_some() {
                self.parent = None;
                self.remove(&hidden)?;
            }
            return Ok(());
        }
        let link = entry.link_name()?.map(std::borrow::Cow::into_owned);
        let is_there = self.make_room(&path, kind)?;
        let at = self.enter(&folder)?;
        match kind {
            EntryType::Directory => {
                if !is_there {
                    mkdirat(at, &name, Mode::from_raw_mode(0o755))?;
                }
                self.folders.push((path.clone(), mode, times.clone()));
            }
            EntryType::Symlink => {
                let target = link.ok_or_else(|| io::Error::other("a link without a target"))?;
                symlinkat(target, at, &name)?;
            }
            EntryType::Link => {
                let target = inside(&link.ok_or_else(|| io::Error::other("a link without a target"))?)?;
                let leaf =
                    target.file_name().ok_or_else(|| io::Error::other("a link to the root"))?.to_owned();
                let from = resolve(&self.root, target.parent().unwrap_or(Path::new("")))?;
                let at = self.enter(&folder)?;
                linkat(&from, leaf, at, &name, AtFlags::empty())?;
                self.made.insert(path);
                return Ok(());
            }
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let flags =
                    OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = openat(at, &name, flags, Mode::from_raw_mode(0o600))?;
                let mut file = File::from(file);
                io::copy(entry, &mut file)?;
                self.own(&folder, &name, owner)?;
                // After the owner, whose change takes away some bits.
                fchmod(&file, Mode::from_raw_mode(mode))?;
                rustix::fs::futimens(&file, &times)?;
                self.made.insert(path);
                return Ok(());
            }
            // Devices and pipes.
            _ => return Ok(()),
        }
        self.own(&folder, &name, owner)?;
        if kind == EntryType::Symlink {
            let at = self.enter(&folder)?;
            utimensat(at, &name, &times, AtFlags::SYMLINK_NOFOLLOW)?;
        }
        self.made.insert(path);
        Ok(())
    }

    fn own(&mut self, folder: &Path, name: &Path, (uid, gid): (u64, u64)) -> io::Result<()> {
        if !self.is_root {
            return Ok(());
        }
        let id = |number: u64| u32::try_from(number).ok().filter(|id| *id != u32::MAX);
        let (Some(uid), Some(gid)) = (id(uid), id(gid)) else {
            return Err(io::Error::other("an owner that no system has"));
        };
        let at = self.enter(folder)?;
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        Ok(chownat(at, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Removes what lies where an entry comes; tells whether a folder is there that stays.
    fn make_room(&mut self, path: &Path, kind: EntryType) -> io::Result<bool> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(true) };
        let at = self.enter(folder)?;
        let found = match statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => FileType::from_raw_mode(found.st_mode),
            Err(Errno::NOENT) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        if found.is_dir() && kind == EntryType::Directory {
            return Ok(true);
        }
        self.parent = None;
        self.remove(path)?;
        Ok(false)
    }

    /// Opens a folder inside the root, and makes what is missing of it.
    fn enter(&mut self, folder: &Path) -> io::Result<&OwnedFd> {
        if self.parent.as_ref().is_none_or(|(of, _)| of != folder) {
            let mut path = PathBuf::new();
            let mut at = resolve(&self.root, &path)?;
            match resolve(&self.root, folder) {
                Ok(found) => at = found,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    for name in folder.components() {
                        path.push(name);
                        at = match resolve(&self.root, &path) {
                            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                                mkdirat(&at, name.as_os_str(), Mode::from_raw_mode(0o755))?;
                                resolve(&self.root, &path)?
                            }
                            other => other?,
                        };
                    }
                }
                Err(error) => return Err(error),
            }
            self.parent = Some((folder.to_owned(), at));
        }
        Ok(&self.parent.as_ref().expect("it was just set").1)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
        match resolve(&self.root, folder) {
            Ok(at) => remove_at(&at, Path::new(name)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes everything in a folder that this layer has not made itself.
    fn clear(&mut self, folder: &Path) -> io::Result<()> {
        self.parent = None;
        let at = match resolve(&self.root, folder) {
            Ok(at) => at,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for name in names_in(&at)? {
            let path = folder.join(&name);
            if !self.made.contains(&path) {
                remove_at(&at, &name)?;
            } else if statat(&at, &name, AtFlags::SYMLINK_NOFOLLOW)
                .is_ok_and(|found| FileType::from_raw_mode(found.st_mode).is_dir())
            {
                self.clear(&path)?;
            }
        }
        Ok(())
    }

    fn finish_folders(&mut self) -> io::Result<()> {
        for (path, mode, times) in std::mem::take(&mut self.folders).into_iter().rev() {
            let Ok(found) = resolve(&self.root, &path) else { continue };
            // Without root's rights, later layers and removal must still get into it.
            let mode = if self.is_root { mode } else { mode | 0o700 };
            let place = format!("/proc/self/fd/{}", found.as_raw_fd());
            rustix::fs::chmod(&place, Mode::from_raw_mode(mode))?;
            utimensat(CWD, &place, &times, AtFlags::empty())?;
        }
        Ok(())
    }
}

/// Opens a folder as seen from inside the root.
fn resolve(root: &OwnedFd, path: &Path) -> io::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let how = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    Ok(openat2(root, path, FOLDER, Mode::empty(), how)?)
}

fn names_in(at: &OwnedFd) -> io::Result<Vec<PathBuf>> {
    let listing = format!("/proc/self/fd/{}", at.as_raw_fd());
    std::fs::read_dir(listing)?.map(|entry| Ok(PathBuf::from(entry?.file_name()))).collect()
}

fn remove_at(at: &OwnedFd, name: &Path) -> io::Result<()> {
    match unlinkat(at, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(error) => return Err(error.into()),
    }
    let folder = openat(at, name, FOLDER | OFlags::NOFOLLOW, Mode::empty())?;
    for inner in names_in(&folder)? {
        remove_at(&folder, &inner)?;
    }
    Ok(unlinkat(at, name, AtFlags::REMOVEDIR)?)
}

/// Returns an entry's path relative to the root. One that leads upwards is no honest path.
fn inside(path: &Path) -> io::Result<PathBuf> {
    let mut found = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => found.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(io::Error::other("a path that leaves the image"));
            }
        }
    }
    Ok(found)
}

fn times_of(seconds: u64) -> Timestamps {
    let time = Timespec { tv_sec: i64::try_from(seconds).unwrap_or(0), tv_nsec: 0 };
    Timestamps { last_access: time, last_modification: time }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at once")]
    use std::fs;
    use std::io::{Seek, Write};

    use super::*;

    /// One entry: path, kind, and content or target.
    type Row<'a> = (&'a str, EntryType, &'a str);

    pub(crate) fn layer(rows: &[Row<'_>]) -> File {
        let mut builder = tar::Builder::new(tempfile::tempfile().unwrap());
        for (path, kind, text) in rows {
            let mut header = tar::Header::new_gnu();
            // Written as they are: the builder would refuse some of them.
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_entry_type(*kind);
            header.set_mode(0o755);
            header.set_mtime(1000);
            let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
            if is_link {
                header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
            }
            let content = if is_link { "" } else { text };
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        let mut file = builder.into_inner().unwrap();
        file.rewind().unwrap();
        file
    }

    const DIR: EntryType = EntryType::Directory;
    const FILE: EntryType = EntryType::Regular;
    const LINK: EntryType = EntryType::Symlink;

    fn tree(root: &Path) -> Vec<String> {
        fn add(folder: &Path, root: &Path, found: &mut Vec<String>) {
            let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
            entries.sort();
            for path in entries {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
                if !path.is_symlink() && path.is_dir() {
                    add(&path, root, found);
                }
            }
        }
        let mut found = Vec::new();
        add(root, root, &mut found);
        found
    }

    #[test]
    fn whiteouts_remove_what_was_below() {
        let root = tempfile::tempdir().unwrap();
        let below = [
            ("a", DIR, ""),
            ("a/old", FILE, "1"),
            ("a/deep", DIR, ""),
            ("a/deep/old", FILE, "1"),
            ("b", DIR, ""),
            ("b/gone", FILE, "1"),
            ("b/stays", FILE, "1"),
            ("c", FILE, "1"),
        ];
        unpack(layer(&below), root.path()).unwrap();
        let above = [
            ("a/new", FILE, "2"),
            ("a/deep/new", FILE, "2"),
            ("a/deep", DIR, ""),
            ("a/.wh..wh..opq", FILE, ""),
            ("b/.wh.gone", FILE, ""),
            (".wh.c", FILE, ""),
            ("d/e/f", FILE, "2"),
        ];
        unpack(layer(&above), root.path()).unwrap();
        let expected = ["a", "a/deep", "a/deep/new", "a/new", "b", "b/stays", "d", "d/e", "d/e/f"];
        assert_eq!(tree(root.path()), expected);
    }

    #[test]
    fn later_entries_replace_earlier_ones() {
        let root = tempfile::tempdir().unwrap();
        unpack(layer(&[("a", FILE, "1"), ("b", DIR, ""), ("b/x", FILE, "1"), ("l", LINK, "a")]), root.path())
            .unwrap();
        unpack(layer(&[("a", DIR, ""), ("b", FILE, "2"), ("l", FILE, "3")]), root.path()).unwrap();
        assert!(root.path().join("a").is_dir());
        assert_eq!(fs::read_to_string(root.path().join("b")).unwrap(), "2");
        assert_eq!(fs::read_to_string(root.path().join("l")).unwrap(), "3");
        let modified = fs::metadata(root.path().join("b")).unwrap().modified().unwrap();
        assert_eq!(modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(), 1000);
    }

    #[test]
    fn nothing_escapes() {
        let outer = tempfile::tempdir().unwrap();
        let (root, secret) = (outer.path().join("root"), outer.path().join("secret"));
        fs::create_dir(&root).unwrap();
        fs::write(&secret, "untouched").unwrap();
        let far = outer.path().display().to_string();
        unpack(layer(&[(far.trim_start_matches('/'), DIR, "")]), &root).unwrap();
        // Links lead back into the root, whatever they say.
        let rows =
            [("out", LINK, &*far), ("up", LINK, "../.."), ("out/secret", FILE, "x"), ("up/y", FILE, "y")];
        unpack(layer(&rows), &root).unwrap();
        assert_eq!(fs::read_to_string(&secret).unwrap(), "untouched");
        assert_eq!(fs::read_to_string(root.join("y")).unwrap(), "y");
        assert_eq!(fs::read_to_string(root.join(far.trim_start_matches('/')).join("secret")).unwrap(), "x");
        // A hard link to a symbolic one does not open what that names.
        let rows = [("s", LINK, "/etc/passwd"), ("h", EntryType::Link, "s"), ("h", FILE, "mine")];
        unpack(layer(&rows), &root).unwrap();
        assert_eq!(fs::read_to_string(root.join("h")).unwrap(), "mine");
        for path in ["../x", "a/../../x"] {
            let error = unpack(layer(&[(path, FILE, "x")]), &root).unwrap_err();
            assert!(error.to_string().contains("leaves the image"), "{error}");
        }
        assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 2);
        // Removing through a link that leaves removes nothing outside.
        unpack(layer(&[("out/.wh.secret", FILE, ""), ("up/.wh.secret", FILE, "")]), &root).unwrap();
        assert!(secret.exists());
    }

    #[test]
    fn devices_are_left_out_and_compression_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let mut plain = layer(&[("null", EntryType::Char, ""), ("f", FILE, "1")]);
        let mut bytes = Vec::new();
        plain.read_to_end(&mut bytes).unwrap();
        let mut encoder =
            flate2::write::GzEncoder::new(tempfile::tempfile().unwrap(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        let mut packed = encoder.finish().unwrap();
        packed.rewind().unwrap();
        let mut other = tempfile::tempfile().unwrap();
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        other.write_all(&ruzstd::encoding::compress_to_vec(bytes.as_slice(), level)).unwrap();
        other.rewind().unwrap();
        for packed in [packed, other] {
            let digest = unpack(packed, root.path()).unwrap();
            assert_eq!(digest, format!("sha256:{}", hex::encode(Sha256::digest(&bytes))));
            assert_eq!(tree(root.path()), ["f"]);
        }
    }
}
