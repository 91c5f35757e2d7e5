//! The connection to the launcher's fork server: datagrams both ways.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use pipewright_plan::{LaunchNotice, LaunchSpec};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socketpair};
use tokio::io::unix::AsyncFd;
use tokio::process::{Child, Command};

/// How long the fork server may leave a request unread.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// Longest request that goes through the socket.
const REQUEST_BYTES: usize = 64 * 1024;
/// Longest notice.
const NOTICE_BYTES: usize = 16 * 1024;

/// Sends requests.
pub(super) struct Requests {
    socket: OwnedFd,
    /// Where requests are left that are too long for the socket.
    spill: PathBuf,
}

impl Requests {
    /// Sends one request: a token, a byte that tells the JSON from a file's path, and one of these.
    pub(super) fn send(&self, token: u64, spec: &LaunchSpec) -> io::Result<()> {
        let mut message = token.to_le_bytes().to_vec();
        message.push(0);
        serde_json::to_writer(&mut message, spec).map_err(io::Error::other)?;
        if message.len() > REQUEST_BYTES {
            fs::create_dir_all(&self.spill)?;
            let file = self.spill.join(format!(".request.{}.{token}", std::process::id()));
            // It may hold the values of secrets.
            let mut options = fs::OpenOptions::new();
            let mut spilled = options.write(true).create(true).truncate(true).mode(0o600).open(&file)?;
            spilled.write_all(&message[9..])?;
            message.truncate(8);
            message.push(1);
            message.extend_from_slice(file.as_os_str().as_bytes());
        }
        loop {
            match send(&self.socket, &message, SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Receives notices.
pub(super) struct Notices {
    socket: AsyncFd<OwnedFd>,
    buffer: Vec<u8>,
}

impl Notices {
    /// Waits for the next notice; `None` when the fork server and all its supervisors are gone.
    pub(super) async fn next(&mut self) -> io::Result<Option<LaunchNotice>> {
        let buffer = &mut self.buffer;
        loop {
            let mut ready = self.socket.readable().await?;
            let received = ready.try_io(|socket| {
                recv(socket.get_ref(), &mut buffer[..], RecvFlags::DONTWAIT)
                    .map(|(read, _)| read)
                    .map_err(io::Error::from)
            });
            match received {
                Err(_would_block) => {}
                Ok(Ok(0)) => return Ok(None),
                Ok(Ok(read)) => match serde_json::from_slice(&buffer[..read]) {
                    Ok(notice) => return Ok(Some(notice)),
                    Err(error) => tracing::debug!(%error, "notice of the launcher is not understood"),
                },
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
                Ok(Err(error)) => return Err(error),
            }
        }
    }
}

/// Starts a fork server; requests that are too long go through files in `spill`. It outlives its handle.
pub(super) fn start(
    program: &Path,
    args: &[OsString],
    spill: PathBuf,
) -> io::Result<(Requests, Notices, Child)> {
    let pair = || socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None);
    let (requests, requests_far) = pair()?;
    let (notices, notices_far) = pair()?;
    set_socket_timeout(&requests, Timeout::Send, Some(WRITE_LIMIT))?;
    let child = Command::new(program)
        .args(args)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(requests_far))
        .stdout(Stdio::from(notices_far))
        .stderr(Stdio::null())
        .kill_on_drop(false)
        .spawn()?;
    tracing::debug!(pid = child.id(), "launcher started");
    rustix::io::ioctl_fionbio(&notices, true)?;
    let notices = Notices { socket: watch(notices)?, buffer: vec![0; NOTICE_BYTES] };
    Ok((Requests { socket: requests, spill }, notices, child))
}

#[allow(unsafe_code)]
fn watch(socket: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an owned descriptor stays the same and open until the `AsyncFd` drops it.
    Ok(unsafe { AsyncFd::register(socket) }?)
}
