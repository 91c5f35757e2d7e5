//! Files and folders of the local store: sizes, listings, read-only marks, moves and removals.
//!
//! Symbolic links are never followed, so nothing outside an artifact is touched through it.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// A file or folder could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{what} {}: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
}

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Missing,
    File,
    Folder,
    /// A link, socket, pipe or device
    Special,
}

/// Size of what lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub kind: Kind,
    pub bytes: u64,
    pub files: u64,
}

/// One file of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the folder.
    pub path: PathBuf,
    pub bytes: u64,
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { what, path, source }
}

fn walk_error(what: &'static str, root: &Path) -> impl FnOnce(walkdir::Error) -> Error {
    let root = root.to_owned();
    move |error| {
        let path = error.path().map_or(root, Path::to_owned);
        Error::Io { what, path, source: error.into() }
    }
}

fn kind_of(metadata: &Metadata) -> Kind {
    match metadata.file_type() {
        kind if kind.is_file() => Kind::File,
        kind if kind.is_dir() => Kind::Folder,
        _ => Kind::Special,
    }
}

/// Counts files and bytes at a path.
pub fn summarize(path: &Path) -> Result<Summary, Error> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Summary { kind: Kind::Missing, bytes: 0, files: 0 });
        }
        Err(error) => return Err(io_error("failed to look at", path)(error)),
    };
    let kind = kind_of(&metadata);
    if kind != Kind::Folder {
        return Ok(Summary { kind, bytes: metadata.len(), files: 1 });
    }
    let mut summary = Summary { kind, bytes: 0, files: 0 };
    for entry in WalkDir::new(path) {
        let entry = entry.map_err(walk_error("failed to read", path))?;
        if entry.file_type().is_file() {
            let metadata = entry.metadata().map_err(walk_error("failed to look at", path))?;
            summary.bytes += metadata.len();
            summary.files += 1;
        }
    }
    Ok(summary)
}

/// Lists the files of a folder in order of their names, at most `limit`.
pub fn list(path: &Path, limit: usize) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    for entry in WalkDir::new(path).min_depth(1).sort_by_file_name() {
        let entry = entry.map_err(walk_error("failed to read", path))?;
        if entries.len() == limit {
            break;
        }
        if entry.file_type().is_dir() {
            continue;
        }
        let bytes = entry.metadata().map_err(walk_error("failed to look at", path))?.len();
        let relative = entry.path().strip_prefix(path).expect("a walk stays inside its root").to_owned();
        entries.push(Entry { path: relative, bytes });
    }
    Ok(entries)
}

/// Finds a link at a path, or below it, that leads out of the path: an absolute one, or with too many `..`.
pub fn link_out_of(path: &Path) -> Option<PathBuf> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        return Some(path.to_owned());
    }
    let leads_out = |link: &Path| {
        let Ok(target) = fs::read_link(link) else { return true };
        let folder = link.strip_prefix(path).unwrap_or(link).parent();
        let mut depth = folder.map_or(0, |folder| folder.components().count());
        for part in target.components() {
            match part {
                std::path::Component::Normal(_) => depth += 1,
                std::path::Component::CurDir => {}
                std::path::Component::ParentDir if depth > 0 => depth -= 1,
                _ => return true,
            }
        }
        false
    };
    let links =
        WalkDir::new(path).into_iter().filter_map(Result::ok).filter(walkdir::DirEntry::path_is_symlink);
    links.map(walkdir::DirEntry::into_path).find(|link| leads_out(link))
}

/// Takes away everybody's right to write, at any depth. A missing path is fine.
pub fn make_read_only(path: &Path) -> Result<(), Error> {
    if let Err(error) = fs::symlink_metadata(path)
        && error.kind() == io::ErrorKind::NotFound
    {
        return Ok(());
    }
    for entry in WalkDir::new(path).contents_first(true) {
        let entry = entry.map_err(walk_error("failed to read", path))?;
        if entry.path_is_symlink() {
            continue;
        }
        let metadata = entry.metadata().map_err(walk_error("failed to look at", path))?;
        let mode = metadata.permissions().mode();
        if mode & 0o222 != 0 {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode & !0o222))
                .map_err(io_error("failed to make read-only", entry.path()))?;
        }
    }
    Ok(())
}

/// Removes a file or folder, read-only ones too. A missing path is fine.
pub fn remove_tree(path: &Path) -> Result<(), Error> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error("failed to look at", path)(error)),
    };
    if !metadata.is_dir() {
        return fs::remove_file(path).map_err(io_error("failed to remove", path));
    }
    if fs::remove_dir_all(path).is_ok() {
        return Ok(());
    }
    // Something in it may not be written to: folders must be writable before their entries can go.
    for entry in WalkDir::new(path).into_iter().filter_map(Result::ok) {
        if entry.file_type().is_dir() {
            let _ = fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o700));
        }
    }
    fs::remove_dir_all(path).map_err(io_error("failed to remove", path))
}

/// Moves a file or folder to another place, by copy when the two lie on different file systems.
pub fn place(from: &Path, to: &Path) -> Result<(), Error> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(io_error("failed to create", parent))?;
    }
    remove_tree(to)?;
    match fs::rename(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => copy_tree(from, to),
        Err(error) => Err(io_error("failed to move", from)(error)),
    }
}

/// Copies a file or folder to another place, in place of what is there.
pub fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(io_error("failed to create", parent))?;
    }
    remove_tree(to)?;
    copy_tree(from, to)
}

/// Copies a file or folder over what is there, which stays the same file or folder. Everything copied can be
/// written to by its owner.
pub fn copy_into(from: &Path, to: &Path) -> Result<(), Error> {
    for entry in WalkDir::new(from) {
        let entry = entry.map_err(walk_error("failed to read", from))?;
        let relative = entry.path().strip_prefix(from).expect("a walk stays inside its root");
        let target = if relative.as_os_str().is_empty() { to.to_owned() } else { to.join(relative) };
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target).map_err(io_error("failed to create", &target))?;
        } else if entry.path_is_symlink() {
            let link = fs::read_link(entry.path()).map_err(io_error("failed to read", entry.path()))?;
            std::os::unix::fs::symlink(link, &target).map_err(io_error("failed to create", &target))?;
        } else if entry.file_type().is_file() {
            let copied = File::open(entry.path())
                .and_then(|mut source| io::copy(&mut source, &mut File::create(&target)?));
            copied.map_err(io_error("failed to copy", entry.path()))?;
        }
    }
    Ok(())
}

/// Sets permission bits of a file or folder, or of everything in it. Links stay as they are.
pub fn set_mode(path: &Path, mode: u32, recurse: bool) -> Result<(), Error> {
    let depth = if recurse { usize::MAX } else { 0 };
    // What is inside comes first: afterwards nobody may be able to look into a folder.
    for entry in WalkDir::new(path).max_depth(depth).contents_first(true) {
        let entry = entry.map_err(walk_error("failed to read", path))?;
        if !entry.path_is_symlink() {
            fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode))
                .map_err(io_error("failed to change", entry.path()))?;
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), Error> {
    for entry in WalkDir::new(from) {
        let entry = entry.map_err(walk_error("failed to read", from))?;
        let relative = entry.path().strip_prefix(from).expect("a walk stays inside its root");
        let target = if relative.as_os_str().is_empty() { to.to_owned() } else { to.join(relative) };
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target).map_err(io_error("failed to create", &target))?;
        } else if entry.path_is_symlink() {
            let link = fs::read_link(entry.path()).map_err(io_error("failed to read", entry.path()))?;
            std::os::unix::fs::symlink(link, &target).map_err(io_error("failed to create", &target))?;
        } else if entry.file_type().is_file() {
            fs::copy(entry.path(), &target).map_err(io_error("failed to copy", entry.path()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let tree = outer.path().join("tree");
        fs::create_dir_all(tree.join("sub")).unwrap();
        fs::write(tree.join("a"), b"four").unwrap();
        fs::write(tree.join("sub/b"), b"sixsix").unwrap();
        fs::write(outer.path().join("outside"), b"x").unwrap();
        std::os::unix::fs::symlink(outer.path().join("outside"), tree.join("link")).unwrap();
        (outer, tree)
    }

    #[test]
    fn trees_are_counted_and_listed() {
        let (_outer, tree) = folder();
        assert_eq!(summarize(&tree).unwrap(), Summary { kind: Kind::Folder, bytes: 10, files: 2 });
        assert_eq!(summarize(&tree.join("none")).unwrap().kind, Kind::Missing);
        assert_eq!(summarize(&tree.join("link")).unwrap().kind, Kind::Special);
        let names: Vec<_> = list(&tree, 10).unwrap().into_iter().map(|entry| entry.path).collect();
        assert_eq!(names, [Path::new("a"), Path::new("link"), Path::new("sub/b")]);
        assert_eq!(list(&tree, 1).unwrap().len(), 1);
    }

    #[test]
    fn read_only_stays_inside_and_can_be_removed() {
        let (outer, tree) = folder();
        make_read_only(&tree).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o222;
        assert_eq!((mode(&tree), mode(&tree.join("sub/b"))), (0, 0));
        assert_ne!(mode(&outer.path().join("outside")), 0, "links are not followed");
        make_read_only(&tree.join("none")).unwrap();
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
        assert!(outer.path().join("outside").exists());
    }

    #[test]
    fn links_that_lead_out_are_found() {
        let (outer, tree) = folder();
        let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, tree.join(name)).unwrap();
        assert_eq!(link_out_of(&tree), Some(tree.join("link")));
        fs::remove_file(tree.join("link")).unwrap();
        link("../a", "sub/fine");
        link("sub/b", "fine");
        assert_eq!(link_out_of(&tree), None);
        link("../../outside", "sub/far");
        assert_eq!(link_out_of(&tree), Some(tree.join("sub/far")));
        std::os::unix::fs::symlink("tree/a", outer.path().join("whole")).unwrap();
        assert!(link_out_of(&outer.path().join("whole")).is_some());
    }

    #[test]
    fn placing_replaces_what_was_there() {
        let (outer, tree) = folder();
        let target = outer.path().join("new/place");
        fs::create_dir_all(&target).unwrap();
        place(&tree, &target).unwrap();
        assert_eq!(fs::read(target.join("sub/b")).unwrap(), b"sixsix");
        assert!(!tree.exists());
    }
}
