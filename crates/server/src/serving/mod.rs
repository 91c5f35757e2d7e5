//! Connections: how they are accepted, how many there may be, how slow they may be, how they end.
//!
//! A connection that sends no request, sends it byte by byte, or does not take its answer, is closed after a
//! while; what the server has to say itself (changes, logs) may take as long as it likes. When there are as many
//! connections as there may be, new ones wait in the operating system's queue.

mod stall;
mod tls;

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::access::Peer;
use crate::app::{App, router};
use crate::error::Error;
use crate::limits::DRAIN_LIMIT;
use stall::Watched;
pub use tls::TlsFiles;

/// How patient the server is with the other end, and how many ends it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until a request's head is there; also how long a connection may be idle between requests.
    pub head: Duration,
    /// For a TLS handshake.
    pub handshake: Duration,
    /// Until something of an answer is taken.
    pub stalled: Duration,
    pub connections: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            handshake: Duration::from_secs(10),
            stalled: Duration::from_secs(60),
            connections: 512,
        }
    }
}

/// Most of a request's head, in bytes. Filters stand in the address, so it may be long.
const HEAD_SIZE: usize = 128 << 10;
/// Requests at once on one connection of HTTP/2.
const STREAMS: u32 = 128;
/// How often a silent connection of HTTP/2 is asked whether it is there.
const PING: Duration = Duration::from_secs(20);

/// Serves until `shutdown` completes, then ends streams and waits a little for the rest.
///
/// Errors: the certificate cannot be used.
pub async fn serve(
    listener: TcpListener,
    app: App,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let acceptor = match &app.settings.tls {
        Some(files) => Some(tls::acceptor(files.clone())?),
        None => None,
    };
    let (closing, patience) = (app.closing.clone(), app.settings.patience);
    let server = Arc::new(Server { routes: router(app), builder: builder(patience), acceptor, patience });
    let room = Arc::new(Semaphore::new(patience.connections));
    let ending = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let permit = tokio::select! {
            permit = room.clone().acquire_owned() => permit,
            () = &mut shutdown => break,
        };
        let permit = permit.map_err(|error| Error::internal("the server stopped", error))?;
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut shutdown => break,
        };
        let (server, watcher) = (server.clone(), ending.watcher());
        tokio::spawn(async move {
            server.connection(stream, peer, watcher).await;
            drop(permit);
        });
    }
    drop(listener);
    closing.cancel();
    if tokio::time::timeout(DRAIN_LIMIT, ending.shutdown()).await.is_err() {
        tracing::warn!("some connections did not end in time and are cut");
    }
    Ok(())
}

/// Accepts the next connection; what is wrong with one of them stops nobody else.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                let passes = matches!(
                    error.kind(),
                    ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
                );
                if !passes {
                    // Most likely there are no more file handles: others must be closed first.
                    tracing::error!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }
}

fn builder(patience: Patience) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience.head).max_buf_size(HEAD_SIZE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_SIZE as u32)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}

/// What all connections share.
struct Server {
    routes: Router,
    builder: Builder<TokioExecutor>,
    acceptor: Option<TlsAcceptor>,
    patience: Patience,
}

impl Server {
    async fn connection(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        // Answers are small and wait for nothing.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot send small packets at once");
        }
        let peer = Peer { address: address.ip(), secure: self.acceptor.is_some() };
        let stream = Watched::new(stream, self.patience.head, self.patience.stalled);
        let Some(acceptor) = &self.acceptor else {
            return self.exchange(stream, peer, watcher).await;
        };
        match tokio::time::timeout(self.patience.handshake, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => self.exchange(stream, peer, watcher).await,
            Ok(Err(error)) => tracing::debug!(%error, %address, "no TLS handshake"),
            Err(_) => tracing::debug!(%address, "the TLS handshake took too long"),
        }
    }

    async fn exchange<S>(&self, stream: S, peer: Peer, watcher: hyper_util::server::graceful::Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let routes = self.routes.clone();
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            routes.clone().oneshot(request)
        });
        let connection = self.builder.serve_connection(TokioIo::new(stream), service).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(error = %error, "a connection ended early");
        }
    }
}
