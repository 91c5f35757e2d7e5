//! The one-way channel from launcher to executor. A message is one datagram, so many processes may write.

use std::os::fd::{AsFd, BorrowedFd};

use pipewright_plan::LaunchNotice;
use rustix::net::{SendFlags, send};

/// Sends notices; nobody listening is fine, since everything is found in files as well.
#[derive(Clone, Copy)]
pub(crate) struct Notices<'a> {
    socket: BorrowedFd<'a>,
}

impl<'a> Notices<'a> {
    pub(crate) fn to(socket: BorrowedFd<'a>) -> Self {
        Self { socket }
    }

    pub(crate) fn send(self, notice: &LaunchNotice) {
        let Ok(text) = serde_json::to_vec(notice) else { return };
        while let Err(rustix::io::Errno::INTR) = send(self.socket.as_fd(), &text, SendFlags::NOSIGNAL) {}
    }
}
