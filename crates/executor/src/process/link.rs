//! The connection to the launcher's fork server: requests go out over a stream, notices come in as datagrams.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use pipewright_plan::{LaunchNotice, LaunchSpec};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, recv, socketpair};
use tokio::io::unix::AsyncFd;

/// How long the fork server may leave a request unread.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// Longest notice.
const NOTICE_BYTES: usize = 16 * 1024;

/// Sends requests.
pub(super) struct Requests {
    stream: Mutex<UnixStream>,
}

impl Requests {
    /// Sends one request, whole.
    pub(super) fn send(&self, token: u64, spec: &LaunchSpec) -> io::Result<()> {
        let mut frame = vec![0; 12];
        serde_json::to_writer(&mut frame, spec).map_err(io::Error::other)?;
        let length = u32::try_from(frame.len() - 12).map_err(io::Error::other)?;
        frame[..4].copy_from_slice(&length.to_le_bytes());
        frame[4..12].copy_from_slice(&token.to_le_bytes());
        self.stream.lock().expect("no code panics while it holds the lock").write_all(&frame)
    }
}

/// Receives notices.
pub(super) struct Notices {
    socket: AsyncFd<OwnedFd>,
}

impl Notices {
    /// Waits for the next notice; `None` when the fork server and all its supervisors are gone.
    pub(super) async fn next(&self) -> io::Result<Option<LaunchNotice>> {
        let mut buffer = vec![0; NOTICE_BYTES];
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

/// Starts a fork server.
pub(super) fn start(program: &Path, args: &[OsString]) -> io::Result<(Requests, Notices)> {
    let flags = SocketFlags::CLOEXEC;
    let (requests, requests_far) = UnixStream::pair()?;
    let (notices, notices_far) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    requests.set_write_timeout(Some(WRITE_LIMIT))?;
    let child = tokio::process::Command::new(program)
        .args(args)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(requests_far)))
        .stdout(Stdio::from(notices_far))
        .stderr(Stdio::null())
        .kill_on_drop(false)
        .spawn()?;
    tracing::debug!(pid = child.id(), "launcher started");
    rustix::io::ioctl_fionbio(&notices, true)?;
    Ok((Requests { stream: Mutex::new(requests) }, Notices { socket: watch(notices)? }))
}

#[allow(unsafe_code)]
fn watch(socket: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an owned descriptor stays the same and open until the `AsyncFd` drops it.
    Ok(unsafe { AsyncFd::register(socket) }?)
}
