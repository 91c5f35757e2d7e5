//! Where the secrets of containers lie while these run: in this machine's memory, else beside the log.
//!
//! What a container is told, and the files of its secrets and config maps, are files that the engine mounts
//! read-only. They go with the attempt; those of a server that was killed go at the next start.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pipewright_engine::AttemptId;
use pipewright_plan::VolumeFile;
use rustix::fs::{StatVfsMountFlags, statfs, statvfs};
use serde_json::Value;

use crate::process::folder;

/// What the launcher is told.
const REQUEST: &str = "request.json";
/// Volumes of files, by number.
const FILES: &str = "files";
/// Memory that programs share is the only one that every Linux has and anybody may use.
const MEMORY: &str = "/dev/shm";
const TMPFS: u64 = 0x0102_1994;

/// Knows where an attempt's secrets lie.
#[derive(Debug, Clone)]
pub(super) struct Room {
    attempts: PathBuf,
    memory: Option<PathBuf>,
    /// Held while a folder is made, and while the one around all is removed.
    gate: Arc<Mutex<()>>,
}

impl Room {
    /// Looks for memory. It must be memory, its programs must be allowed to run, and nobody else may own the folder.
    pub(super) fn find(home: &Path) -> Self {
        let attempts = home.join("attempts");
        let memory = own_folder(home, Path::new(MEMORY)).inspect_err(|why| {
            tracing::info!(%why, "secrets of containers lie in the home folder while these run");
        });
        let room = Self { attempts, memory: memory.ok(), gate: Arc::default() };
        room.leave();
        room
    }

    /// Returns the folder of an attempt's secrets, or of one of its other containers'.
    fn of(&self, folder: &Path) -> PathBuf {
        match (&self.memory, folder.strip_prefix(&self.attempts)) {
            (Some(memory), Ok(part)) => {
                // One folder each: two attempts of a run have none in common that one of them could remove.
                let mut parts = part.components();
                let names = [parts.next(), parts.next()].map(|name| {
                    name.map(|name| name.as_os_str().to_string_lossy().into_owned()).unwrap_or_default()
                });
                memory.join(names.join(".")).join(parts.as_path())
            }
            _ => folder.to_owned(),
        }
    }

    /// Returns the file that tells a launcher what to do.
    pub(super) fn request(&self, folder: &Path) -> PathBuf {
        self.of(folder).join(REQUEST)
    }

    /// Returns the folder of a volume of files.
    pub(super) fn files(&self, folder: &Path, number: usize) -> PathBuf {
        self.of(folder).join(FILES).join(number.to_string())
    }

    /// Writes what a launcher is told.
    pub(super) fn write_request(&self, folder: &Path, text: &[u8]) -> io::Result<()> {
        self.make(&self.of(folder))?;
        write(&self.request(folder), text, 0o444)
    }

    /// Writes the files of a volume. Whoever an image's user is may read them: nobody else sees them.
    pub(super) fn write_files(
        &self,
        folder: &Path,
        number: usize,
        files: &[VolumeFile],
        is_root: bool,
    ) -> io::Result<()> {
        let whole = self.files(folder, number);
        self.make(&whole)?;
        for file in files {
            let is_inside = file.path.components().all(|part| matches!(part, Component::Normal(_)));
            if !is_inside || file.path.as_os_str().is_empty() {
                let path = file.path.display();
                return Err(io::Error::other(format!("file {path} leaves the volume")));
            }
            let path = whole.join(&file.path);
            if let Some(parent) = file.path.parent() {
                make_folders(&whole, parent)?;
            }
            let content = STANDARD.decode(&file.content).map_err(io::Error::other)?;
            let own = file.mode & 0o777;
            let mode = if is_root { own } else { own | own >> 3 & 0o070 | own >> 6 & 0o007 };
            write(&path, &content, mode)?;
        }
        Ok(())
    }

    fn make(&self, path: &Path) -> io::Result<()> {
        let _gate = self.hold();
        if let Some(memory) = &self.memory {
            make_private(memory)?;
        }
        fs::create_dir_all(path)
    }

    /// Tells whether a container can still be started with what it was told.
    pub(super) fn is_ready(&self, folder: &Path) -> bool {
        self.request(folder).exists()
    }

    /// Removes the secrets of an attempt.
    pub(super) fn sweep(&self, attempt: &Path) {
        let room = self.of(attempt);
        let removed = match room == attempt {
            true => {
                let members = fs::read_dir(attempt.join("companions")).into_iter().flatten().flatten();
                let members = members.map(|entry| entry.path());
                std::iter::once(attempt.to_owned()).chain(members).try_for_each(|folder| {
                    gone(fs::remove_file(folder.join(REQUEST)))?;
                    gone(folder::remove(&folder.join(FILES)))
                })
            }
            false => gone(folder::remove(&room)),
        };
        if let Err(error) = removed {
            tracing::warn!(path = %room.display(), %error, "secrets of an attempt could not be removed");
        }
        self.leave();
    }

    /// Lists runs and digests of the attempts that have secrets in memory.
    pub(super) fn attempts(&self) -> Vec<(String, String)> {
        let Some(memory) = &self.memory else { return Vec::new() };
        let names = fs::read_dir(memory).into_iter().flatten().flatten().map(|entry| entry.file_name());
        names
            .filter_map(|name| {
                name.to_str()?.split_once('.').map(|(run, digest)| (run.into(), digest.into()))
            })
            .collect()
    }

    /// Says whose a folder is, as its launcher is told.
    pub(super) fn attempt_in(&self, folder: &Path) -> Option<AttemptId> {
        let text = fs::read(self.request(folder)).ok()?;
        AttemptId::parse(serde_json::from_slice::<Value>(&text).ok()?.get("attempt")?.as_str()?)
    }

    /// Removes the folder in memory unless something is in it.
    fn leave(&self) {
        let _gate = self.hold();
        if let Some(memory) = &self.memory {
            let _ = fs::remove_dir(memory);
        }
    }

    fn hold(&self) -> MutexGuard<'_, ()> {
        self.gate.lock().expect("no code panics while it holds the lock")
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Names the folder in memory of a home folder, and sees that it can be used.
fn own_folder(home: &Path, memory: &Path) -> io::Result<PathBuf> {
    let not = |why: &str| Err(io::Error::other(format!("{} {why}", memory.display())));
    if u64::try_from(statfs(memory)?.f_type) != Ok(TMPFS) {
        return not("is no memory");
    }
    if statvfs(memory)?.f_flag.contains(StatVfsMountFlags::NOEXEC) {
        return not("runs no programs");
    }
    fs::create_dir_all(home)?;
    let home = fs::metadata(home)?;
    let user = rustix::process::geteuid().as_raw();
    let own = memory.join(format!("pipewright-{user}-{:x}-{:x}", home.dev(), home.ino()));
    make_private(&own)?;
    Ok(own)
}

/// Makes a folder that only we may enter, or finds that it is one.
fn make_private(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let found = fs::symlink_metadata(path)?;
    let mode = found.permissions().mode();
    let is_ours = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() && mode & 0o022 == 0;
    if !is_ours {
        return Err(io::Error::other(format!("{} is somebody else's", path.display())));
    }
    if mode & 0o077 != 0 {
        // Nobody else could write there. Podman makes folders so, in place of what it is to mount and does not find.
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Makes folders of a volume, which everybody may enter whatever the mask is.
fn make_folders(whole: &Path, part: &Path) -> io::Result<()> {
    fs::create_dir_all(whole.join(part))?;
    for part in part.ancestors() {
        fs::set_permissions(whole.join(part), fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Writes a file anew: one of an earlier try may not be open to us any more.
fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    gone(fs::remove_file(path))?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, mode: u32) -> VolumeFile {
        VolumeFile { path: path.into(), content: STANDARD.encode(path), mode }
    }

    fn check(room: &Room, attempt: &Path, lies_in: &Path) {
        for folder in [attempt.to_owned(), attempt.join("companions/a.b")] {
            fs::create_dir_all(&folder).expect("a folder");
            // A second try finds what the first has left.
            for is_root in [true, false] {
                room.write_request(&folder, b"{}").expect("a request");
                let files = [file("deep/in/key", 0o400), file("run", 0o500)];
                room.write_files(&folder, 3, &files, is_root).expect("files");
                let whole = room.files(&folder, 3);
                assert!(whole.starts_with(lies_in) && room.is_ready(&folder), "{}", whole.display());
                let mode = |path: &str| {
                    fs::metadata(whole.join(path)).expect("it is there").permissions().mode() & 0o777
                };
                let expected = if is_root { [0o400, 0o500, 0o755] } else { [0o444, 0o555, 0o755] };
                assert_eq!(["deep/in/key", "run", "deep"].map(mode), expected);
            }
            let refused = room.write_files(&folder, 4, &[file("../out", 0o400)], true);
            assert!(refused.is_err_and(|error| error.to_string().contains("leaves the volume")));
        }
        room.sweep(attempt);
        for folder in [attempt.to_owned(), attempt.join("companions/a.b")] {
            assert!(!room.is_ready(&folder) && !room.files(&folder, 3).exists());
        }
    }

    #[test]
    fn secrets_lie_in_memory_or_beside_the_log() {
        let home = tempfile::tempdir().expect("a folder");
        let attempt = home.path().join("attempts/run/digest");
        let room = Room { attempts: home.path().join("attempts"), memory: None, gate: Arc::default() };
        check(&room, &attempt, &attempt);

        let memory = home.path().join("memory");
        let room = Room { memory: Some(memory.clone()), ..room };
        check(&room, &attempt, &memory);
        assert_eq!(room.attempt_in(&attempt), None);
        room.write_request(&attempt, br#"{ "attempt": "run/root/loop[1]/act#2" }"#).expect("a request");
        let found = room.attempt_in(&attempt).map(|attempt| (attempt.task.0, attempt.number));
        assert_eq!(found, Some(("root/loop[1]/act".to_owned(), 2)));
        assert_eq!(room.attempts(), [("run".to_owned(), "digest".to_owned())]);
        room.sweep(&home.path().join("attempts/run/other"));
        assert_eq!(fs::metadata(&memory).expect("it is used").permissions().mode() & 0o777, 0o700);
        room.sweep(&attempt);
        assert!(!memory.exists());
    }

    #[test]
    fn a_folder_of_somebody_else_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = folder.path().join("open");
        fs::create_dir(&open).expect("a folder");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).expect("permissions");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).expect("a link");
        for path in [open, link] {
            assert!(make_private(&path).is_err_and(|error| error.to_string().contains("somebody else's")));
        }
        let seen = folder.path().join("seen");
        fs::create_dir(&seen).expect("a folder");
        fs::set_permissions(&seen, fs::Permissions::from_mode(0o755)).expect("permissions");
        make_private(&seen).expect("it is ours");
        assert_eq!(fs::metadata(&seen).expect("it is there").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn disks_are_no_memory() {
        let refused = own_folder(Path::new("/"), Path::new("/proc"));
        assert!(refused.is_err_and(|error| error.to_string().contains("is no memory")));
    }
}
