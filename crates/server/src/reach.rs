//! Which files of this machine may be shown to those who call.
//!
//! An artifact may name any path: whoever imports one chooses it. The home folder holds what opens the server's
//! secrets, and of it only the folders are shown in which users keep data. Paths count as they are in the end, with
//! all links followed, and a file is looked at again after it was opened, so that nobody wins by swapping it.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::Settings;

/// Folders of the home folder that hold what users keep.
const SHOWN: [&str; 3] = ["artifacts", "volumes", "workspaces"];
/// What the kernel tells of this process and of the machine: the server's environment among it.
const KERNEL: [&str; 2] = ["/proc", "/sys"];

/// Refuses to open a link: a task may have put one where the server looks for a file.
pub(crate) const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// Says what may be read; a cheap handle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach(Arc<Kept>);

#[derive(Debug, Default)]
struct Kept {
    home: Option<PathBuf>,
    /// Files elsewhere that the server keeps for itself.
    files: Vec<PathBuf>,
}

impl Reach {
    pub(crate) fn new(settings: &Settings) -> Self {
        let key = settings.tls.as_ref().map(|tls| tls.key.clone());
        let files = settings.private_files.iter().cloned().chain(settings.access.file.clone()).chain(key);
        let home = settings.home.as_ref().map(|home| home.canonicalize().unwrap_or_else(|_| home.clone()));
        Self(Arc::new(Kept { home, files: files.collect() }))
    }

    /// Tells whether what lies at a path is the server's own; nothing there is nobody's.
    pub(crate) fn is_private(&self, path: &Path) -> bool {
        path.canonicalize().is_ok_and(|path| self.has(&path))
    }

    /// Opens a file that is no link.
    ///
    /// Errors: `PermissionDenied` for one that is the server's own.
    pub(crate) fn open(&self, path: &Path) -> io::Result<File> {
        let file = open_itself(path)?;
        let opened = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
        if self.has(&opened) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(file)
    }

    /// Tells whether a path without links is the server's own.
    fn has(&self, path: &Path) -> bool {
        let below_home = self.0.home.as_ref().and_then(|home| path.strip_prefix(home).ok());
        KERNEL.iter().any(|kernel| path.starts_with(kernel))
            || below_home.is_some_and(|below| !SHOWN.iter().any(|shown| below.starts_with(shown)))
            // Links to keys are turned to other files when keys are renewed.
            || self.0.files.iter().any(|file| file.canonicalize().is_ok_and(|file| file == path))
    }
}

/// Opens a file that is no link.
pub(crate) fn open_itself(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(NO_LINK).open(path)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn of_the_home_only_what_users_keep_is_reached() {
        let outer = tempfile::tempdir().unwrap();
        let home = outer.path().join("home");
        for folder in ["artifacts/p", "volumes/default/data", "workspaces/r", "attempts/r", "secrets/a/b"] {
            fs::create_dir_all(home.join(folder)).unwrap();
            fs::write(home.join(folder).join("file"), "x").unwrap();
        }
        for file in ["key", "pipewright.db", "artifacts2"] {
            fs::write(home.join(file), "x").unwrap();
        }
        for file in ["tls.key", "data.csv"] {
            fs::write(outer.path().join(file), "x").unwrap();
        }
        symlink(&home, outer.path().join("link")).unwrap();
        symlink(home.join("key"), home.join("artifacts/p/key")).unwrap();
        symlink("../..", home.join("artifacts/p/up")).unwrap();
        let mut settings = Settings::new(home.join("artifacts").display().to_string());
        // A home that is named by a link is the same one.
        settings.home = Some(outer.path().join("link"));
        settings.private_files = vec![outer.path().join("tls.key")];
        let reach = Reach::new(&settings);
        for (path, expected) in [
            ("home/key", true),
            ("home/pipewright.db", true),
            ("home/artifacts2", true),
            ("home/attempts/r/file", true),
            ("home/secrets/a/b/file", true),
            ("link/key", true),
            ("home", true),
            ("home/artifacts/../key", true),
            ("home/artifacts/p/key", true),
            ("home/artifacts/p/up/key", true),
            ("tls.key", true),
            ("home/artifacts/p/file", false),
            ("home/artifacts/p/up/artifacts/p/file", false),
            ("link/volumes/default/data/file", false),
            ("home/workspaces/r/file", false),
            ("data.csv", false),
            ("nothing", false),
            ("", false),
        ] {
            assert_eq!(reach.is_private(&outer.path().join(path)), expected, "{path}");
        }
        for path in ["/proc/self/environ", "/proc/1/environ", "/sys/kernel"] {
            assert!(reach.is_private(Path::new(path)), "{path}");
        }
        // Whoever swaps a folder for a link between the look and the opening gains nothing.
        let kind = |path: &str| reach.open(&outer.path().join(path)).err().map(|error| error.kind());
        assert_eq!(kind("home/artifacts/p/up/key"), Some(io::ErrorKind::PermissionDenied));
        assert_eq!(kind("link/key"), Some(io::ErrorKind::PermissionDenied));
        assert_eq!(kind("home/artifacts/p/file"), None);
        assert!(kind("home/artifacts/p/key").is_some());
    }
}
