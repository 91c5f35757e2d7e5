//! What this machine lets tasks have, found by trying.

use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use pipewright_plan::LaunchNotice;
use rustix::io::retry_on_intr;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, recv, socketpair};

/// How long the launcher may take to find out.
const PATIENCE: Duration = Duration::from_secs(10);

/// What tasks can have here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Tasks get a view of the file system of their own.
    pub isolation: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// Finds out with this very program as the launcher. Blocks for some milliseconds.
pub fn capabilities() -> Capabilities {
    let home = env::temp_dir().join(format!("pipewright-trial-{}", std::process::id()));
    let reason = env::current_exe().and_then(|program| obstacle(&program, &home));
    let _ = fs::remove_dir_all(&home);
    match reason {
        Ok(None) => Capabilities { isolation: true, reason: None },
        Ok(Some(reason)) => Capabilities { isolation: false, reason: Some(reason) },
        Err(error) => Capabilities {
            isolation: false,
            reason: Some(format!("the launcher could not be asked: {error}")),
        },
    }
}

/// Tells whether control groups can be made here, in which memory and processes of images are limited.
pub fn lends_limits() -> bool {
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let of = |controller: &str| {
        own.lines().find_map(|line| {
            let (names, path) = line.split_once(':')?.1.split_once(':')?;
            names.split(',').any(|name| name == controller).then(|| path.trim_start_matches('/').to_owned())
        })
    };
    let mount = Path::new("/sys/fs/cgroup");
    let folder = if mount.join("cgroup.controllers").exists() {
        of("").map(|path| mount.join(path))
    } else {
        of("memory").map(|path| mount.join("memory").join(path))
    };
    let trial = folder.map(|folder| folder.join(format!("pipewright-trial-{}", std::process::id())));
    let Some(trial) = trial else { return false };
    let lends = fs::create_dir(&trial).is_ok()
        && ["memory.max", "memory.limit_in_bytes"].iter().any(|file| trial.join(file).exists());
    let _ = fs::remove_dir(&trial);
    lends
}

/// Asks a launcher for what keeps tasks from being isolated.
pub fn obstacle(program: &Path, home: &Path) -> io::Result<Option<String>> {
    fs::create_dir_all(home)?;
    let pair = || socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
    let (requests, requests_far) = pair()?;
    let (notices, notices_far) = pair()?;
    set_socket_timeout(&notices, Timeout::Recv, Some(PATIENCE))?;
    let mut child = Command::new(program)
        .args(["launcher", "serve", "--isolation", "auto", "--home"])
        .arg(home)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(requests_far))
        .stdout(Stdio::from(notices_far))
        .stderr(Stdio::null())
        .spawn()?;
    let mut buffer = [0; 16 * 1024];
    let received = retry_on_intr(|| recv(&notices, &mut buffer[..], RecvFlags::empty()));
    // Without requests to come, the launcher leaves.
    drop(requests);
    child.wait()?;
    let (read, _) = received?;
    match serde_json::from_slice(&buffer[..read]) {
        Ok(LaunchNotice::Ready { isolation }) => Ok(isolation),
        _ => Err(io::Error::other("it gave no answer")),
    }
}
