//! The server on a real socket: large and slow requests, many connections, TLS, and how it stops.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use pipewright_server::{Patience, TlsFiles};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
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

/// Patience that a test can wait for.
fn little_patience() -> Patience {
    Patience {
        head: Duration::from_millis(300),
        handshake: Duration::from_millis(300),
        stalled: Duration::from_millis(300),
        connections: 2,
    }
}

#[tokio::test]
async fn slow_clients_are_cut_and_others_get_their_place() {
    let server = Server::start_as(|_, settings| settings.patience = little_patience()).await;
    let (address, stop, task) = serve(&server).await;
    // As many as there may be: one says nothing, one never ends its head.
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut slow = open(address, "GET /apis/v2beta1/healthz HTTP/1.1\nHost: localhost\n").await;
    let third = open(address, "GET /apis/v2beta1/healthz HTTP/1.1\nHost: localhost\nConnection: close\n\n");
    let mut third = third.await;
    let drip = tokio::spawn(async move {
        for letter in b"x-slow: " {
            if slow.write_all(&[*letter]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let mut rest = String::new();
        // A reset is as good an end as any.
        let _ = slow.read_to_string(&mut rest).await;
        rest
    });
    let mut answer = String::new();
    third.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest).await;
    assert!(rest.is_empty(), "nothing was asked");
    assert!(!drip.await.unwrap().contains("200 OK"), "the head never ended");
    stop.send(()).unwrap();
    task.await.unwrap();
}

#[tokio::test]
async fn a_client_that_takes_no_answer_is_cut() {
    let server = Server::start_as(|_, settings| settings.patience = little_patience()).await;
    let (address, stop, task) = serve(&server).await;
    let mut asks = open(address, "GET /apis/v2beta1/healthz HTTP/1.1\nHost: localhost\n\n").await;
    let request = b"GET /apis/v2beta1/experiments HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
    // Asks and asks without ever reading, until nothing more is taken from it.
    let asking = async {
        loop {
            if asks.write_all(&request).await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking).await.expect("the server goes on answering nobody");
    stop.send(()).unwrap();
    task.await.unwrap();
}

/// Writes a new certificate for `localhost` and its key into the folder; returns the certificate.
fn write_certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("tls.crt"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("tls.key"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

/// Connects with trust in one certificate, offering these protocols.
async fn connect(
    address: std::net::SocketAddr,
    trusted: &CertificateDer<'static>,
    protocols: &[&str],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await
}

#[tokio::test]
async fn tls_speaks_both_versions_of_http_and_takes_new_certificates() {
    let mut first = None;
    let server = Server::start_as(|home, settings| {
        first = Some(write_certificate(home));
        let files = TlsFiles { certificate: home.join("tls.crt"), key: home.join("tls.key") };
        settings.tls = Some(files);
    })
    .await;
    let first = first.unwrap();
    let (address, stop, task) = serve(&server).await;

    let mut stream = connect(address, &first, &["http/1.1"]).await.unwrap();
    let head = b"GET /apis/v2beta1/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let stream = connect(address, &first, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let made = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut sender, connection) = made.unwrap();
    let driver = tokio::spawn(connection);
    let request = Request::get("https://localhost/apis/v2beta1/experiments").body(Body::empty()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("Default"));
    drop(sender);
    driver.await.unwrap().unwrap();

    std::fs::write(server.home.path().join("tls.crt"), "no certificate").unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    connect(address, &first, &[]).await.expect("a broken file changes nothing");
    let second = write_certificate(server.home.path());
    let mut tries = 0;
    while let Err(error) = connect(address, &second, &[]).await {
        tries += 1;
        assert!(tries < 300, "the new certificate is not used: {error:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    connect(address, &first, &[]).await.expect_err("the old one is not");

    let mut plain = open(address, "GET / HTTP/1.1\nHost: localhost\n\n").await;
    let mut rest = Vec::new();
    let _ = plain.read_to_end(&mut rest).await;
    assert!(!String::from_utf8_lossy(&rest).contains("HTTP/1.1"), "nothing goes unencrypted");
    stop.send(()).unwrap();
    task.await.unwrap();
}
