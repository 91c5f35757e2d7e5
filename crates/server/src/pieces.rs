//! An answer's body that is written while it is sent: what blocks writes, the client reads.

use std::io::{self, Write};

use axum::body::Body;
use bytes::Bytes;
use tokio::sync::mpsc;

/// Pieces that wait for the client; then the writing waits.
const WAITING: usize = 8;
const PIECE: usize = 64 << 10;

/// Hands written bytes on, a piece at a time.
pub(crate) struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    bytes: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.bytes));
        self.sender.blocking_send(Ok(piece)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Makes a body of what `work` writes on a thread that may block. An error breaks the body off.
pub(crate) fn body(work: impl FnOnce(&mut Pieces) -> io::Result<()> + Send + 'static) -> Body {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut pieces = Pieces { sender, bytes: Vec::new() };
        if let Err(error) = work(&mut pieces).and_then(|()| pieces.flush())
            // A broken pipe is a reader who left.
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            tracing::warn!(%error, "an answer broke off");
            drop(pieces.sender.blocking_send(Err(error)));
        }
    });
    Body::from_stream(futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    }))
}
