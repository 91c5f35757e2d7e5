//! The server on a real socket: large requests, and how it stops.

use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::support::Server;

/// Starts serving on a free port; returns the address and what stops it.
async fn serve(server: &Server) -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let app = server.app();
    let task = tokio::spawn(async move {
        pipewright_server::serve(listener, app, async move { drop(stopped.await) }).await.unwrap();
    });
    (address, stop, task)
}

async fn open(address: std::net::SocketAddr, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.replace('\n', "\r\n").as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_request_of_100_megabytes_gets_a_reason() {
    let server = Server::start().await;
    let (address, stop, task) = serve(&server).await;
    for (path, field) in
        [("/apis/v2beta1/runs", "message"), ("/apis/v2beta1/pipelines/upload", "error_message")]
    {
        let size = 100 << 20;
        let head = format!(
            "POST {path} HTTP/1.1\nHost: localhost\nConnection: close\nContent-Type: application/json\n\
             Content-Length: {size}\n\n"
        );
        let mut stream = open(address, &head).await;
        let piece = vec![b' '; 1 << 20];
        for _ in 0..100 {
            stream.write_all(&piece).await.unwrap();
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        assert_eq!(body[field], "the request has 100 MiB; at most 32 MiB are accepted");
    }
    stop.send(()).unwrap();
    task.await.unwrap();
}

#[tokio::test]
async fn stopping_ends_streams() {
    let server = Server::start().await;
    let run = server.create_run("r").await;
    let (address, stop, task) = serve(&server).await;
    let head = format!("GET /apis/pipewright/v1/runs/{run}/events HTTP/1.1\nHost: localhost\n\n");
    let mut stream = open(address, &head).await;
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("event: run") {
        assert!(stream.read_buf(&mut seen).await.unwrap() > 0);
    }
    let began = Instant::now();
    stop.send(()).unwrap();
    stream.read_to_end(&mut seen).await.unwrap();
    task.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert!(String::from_utf8_lossy(&seen).ends_with("0\r\n\r\n"));
}
