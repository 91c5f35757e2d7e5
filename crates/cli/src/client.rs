//! A small HTTP/1 client, with TLS and with what tells the server who calls.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::StreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::Request;
use hyper::body::Frame;
use hyper::header::{HeaderMap, SET_COOKIE};
use hyper_util::rt::TokioIo;
use pipewright_server::access::Secret;
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::io::ReaderStream;

use crate::contexts;
use crate::env;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest answer that is read.
const LARGEST: usize = 256 << 20;
/// The cookie of logins by password.
const SESSION: &str = "pipewright_session";

/// Talks to one server.
#[derive(Clone)]
pub(crate) struct Client {
    authority: String,
    /// Path before `/apis`, without a slash at its end.
    prefix: String,
    /// Set for https.
    tls: Option<Tls>,
    shows: Shows,
    /// Where lists look and new things go, on a server whose users have namespaces.
    namespace: Option<String>,
}

#[derive(Clone)]
struct Tls {
    host: ServerName<'static>,
    connector: TlsConnector,
}

/// What tells the server who calls.
#[derive(Clone, Default)]
enum Shows {
    #[default]
    Nothing,
    Token(String),
    Session(String),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// An answer that is no success.
#[derive(Debug)]
pub(crate) struct Refused {
    pub status: u16,
    pub message: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "the server answered {}: {}", self.status, self.message)
    }
}

impl std::error::Error for Refused {}

/// An answer that did not come, or not whole.
#[derive(Debug)]
struct NoAnswer(String);

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for NoAnswer {}

/// Tells whether the server may answer later what it did not answer now: it is gone, or just starting.
pub(crate) fn is_away(error: &anyhow::Error) -> bool {
    if let Some(refused) = error.downcast_ref::<Refused>() {
        return matches!(refused.status, 502..=504);
    }
    // A certificate that nobody trusts will not be trusted later.
    let is_io = |cause: &(dyn std::error::Error + 'static)| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() != std::io::ErrorKind::InvalidData)
    };
    error.chain().any(|cause| cause.is::<hyper::Error>() || cause.is::<NoAnswer>() || is_io(cause))
}

impl Client {
    /// Takes a URL such as `http://127.0.0.1:8080` or `https://host/pipeline`. The token comes from the variable,
    /// or with the certificates to trust from the context of this server.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let known = contexts::known(url)?;
        let mut client = match &known {
            Some(context) => Self::of(context)?,
            None => Self::with_ca(url, None)?,
        };
        if let Ok(token) = std::env::var(env::TOKEN) {
            client.shows = Shows::Token(token);
        }
        Ok(client)
    }

    /// Takes the server that a home folder's owner has started, with what it lets that owner show.
    pub(crate) fn of_home(url: &str, token: Option<&Secret>) -> Result<Self> {
        let shows = token.map_or(Shows::Nothing, |token| Shows::Token(token.0.clone()));
        let mut client = Self::with_ca(url, None)?;
        // It is this machine's own server: whoever can write its note can read its database.
        if let Some(tls) = &mut client.tls {
            tls.connector = crate::tls::trusting_anybody()?;
        }
        Ok(Self { shows, ..client })
    }

    /// Takes what a context says.
    pub(crate) fn of(context: &contexts::Context) -> Result<Self> {
        let shows = match (&context.token, &context.session) {
            (Some(token), _) => Shows::Token(token.clone()),
            (None, Some(session)) => Shows::Session(session.clone()),
            (None, None) => Shows::Nothing,
        };
        let namespace = context.namespace.clone();
        Ok(Self { shows, namespace, ..Self::with_ca(&context.server, context.ca.as_deref())? })
    }

    /// Looks in another namespace than that of the context, if one is named.
    pub(crate) fn within(self, namespace: Option<&String>) -> Self {
        Self { namespace: namespace.cloned().or(self.namespace), ..self }
    }

    /// Returns the namespace in which it looks; empty for what all share, or when none is named.
    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or_default()
    }

    /// Names the namespace in a request that does not say it itself.
    fn named<'p>(&self, path: &'p str) -> Cow<'p, str> {
        match &self.namespace {
            Some(namespace) if !path.contains("namespace=") => {
                let sign = if path.contains('?') { '&' } else { '?' };
                Cow::Owned(format!("{path}{sign}namespace={}", escape(namespace)))
            }
            _ => Cow::Borrowed(path),
        }
    }

    /// Checks that this is a URL of a server.
    pub(crate) fn check(url: &str) -> Result<()> {
        parts(url).map(drop)
    }

    fn with_ca(url: &str, ca: Option<&Path>) -> Result<Self> {
        let Parts { secure, authority, host, prefix } = parts(url)?;
        let tls = if secure {
            let host = ServerName::try_from(host).with_context(|| format!("`{url}` names no host"))?;
            Some(Tls { host, connector: crate::tls::trusting(ca)? })
        } else {
            None
        };
        Ok(Self { authority, prefix, tls, shows: Shows::Nothing, namespace: None })
    }

    /// Logs in by password; returns the session's cookie.
    pub(crate) async fn log_in(&self, user: &str, password: &str) -> Result<String> {
        let body = json!({"user": user, "password": password});
        let answer = self.answer("POST", "/apis/pipewright/v1/login", Body::Json(&body)).await?;
        let cookies = answer.headers.get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
        let session = cookies.filter_map(|line| line.split(';').next()?.split_once('='));
        let found = session.into_iter().find(|(name, _)| *name == SESSION);
        found.map(|(_, value)| value.to_owned()).context("the server gave no session")
    }

    /// Changes what is there.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        self.json("PATCH", path, Some(body)).await
    }

    /// Uploads a file as the official clients do.
    pub(crate) async fn upload(&self, path: &str, file_name: &str, content: &[u8]) -> Result<Value> {
        let answer = self.answer("POST", path, Body::File { name: file_name, content }).await?;
        serde_json::from_slice(&answer.body)
            .with_context(|| format!("{} did not answer JSON", self.authority))
    }

    /// Gets a JSON document.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.json("GET", path, None).await
    }

    /// Posts a JSON document and returns the answer.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.json("POST", path, Some(body)).await
    }

    /// Deletes what is there.
    pub(crate) async fn delete(&self, path: &str) -> Result<()> {
        self.json("DELETE", path, None).await.map(drop)
    }

    /// Gets bytes, such as a log.
    pub(crate) async fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        Ok(self.call("GET", path, None).await?.to_vec())
    }

    async fn json(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let bytes = self.call(method, path, body).await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).with_context(|| format!("{} did not answer JSON", self.authority))
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Bytes> {
        let body = body.map_or(Body::Nothing, Body::Json);
        Ok(self.answer(method, path, body).await?.body)
    }

    async fn answer(&self, method: &str, path: &str, body: Body<'_>) -> Result<Answer> {
        let exchange = self.exchange(method, path, body);
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(self.silent()),
        }
    }

    fn silent(&self) -> anyhow::Error {
        NoAnswer(format!("{} did not answer within {} s", self.authority, PATIENCE.as_secs())).into()
    }

    async fn connect(&self) -> Result<Box<dyn Stream>> {
        let port = if self.tls.is_some() { 443 } else { 80 };
        let has_port = self.authority.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok());
        let address = if has_port { self.authority.clone() } else { format!("{}:{port}", self.authority) };
        let stream = TcpStream::connect(&address)
            .await
            .with_context(|| format!("no server answers on {address}; start one with `pipewright serve`"))?;
        match &self.tls {
            None => Ok(Box::new(stream)),
            Some(tls) => {
                let stream = tls.connector.connect(tls.host.clone(), stream).await;
                let hint = "name the file with its certificate by `pipewright context add … --ca FILE`";
                Ok(Box::new(stream.with_context(|| format!("{address} is not trusted; {hint}"))?))
            }
        }
    }

    async fn exchange(&self, method: &str, path: &str, body: Body<'_>) -> Result<Answer> {
        let kind = body.content_type();
        let sent = Full::new(body.bytes()).map_err(|never| match never {}).boxed_unsync();
        let open = self.open(method, path, (&kind, sent)).await?;
        let (headers, body) = open.read().await?;
        Ok(Answer { headers, body })
    }

    /// Sends a request; the answer's body is still to be read. Errors: [`Refused`], with its message read.
    async fn open(&self, method: &str, path: &str, (kind, body): (&str, Sent)) -> Result<Open> {
        let stream = self.connect().await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driver = Driver(tokio::spawn(connection));
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{}", self.prefix, self.named(path)))
            .header("host", &self.authority)
            .header("user-agent", concat!("pipewright/", env!("CARGO_PKG_VERSION")))
            .header("content-type", kind);
        match &self.shows {
            Shows::Nothing => {}
            Shows::Token(token) => request = request.header("authorization", format!("Bearer {token}")),
            Shows::Session(session) => request = request.header("cookie", format!("{SESSION}={session}")),
        }
        let answer = sender.send_request(request.body(body)?).await?;
        let status = answer.status();
        let open = Open { answer, _driver: driver, authority: self.authority.clone() };
        if status.is_success() {
            return Ok(open);
        }
        let (_, body) = open.read().await?;
        let mut message = message_of(&body);
        if status.as_u16() == 401 {
            message.push_str("; `pipewright login` keeps a token or a session for this server");
        }
        Err(Refused { status: status.as_u16(), message }.into())
    }

    /// Hands the answer's bytes on as they come; returns how many.
    pub(crate) async fn save(&self, path: &str, to: &mut (impl AsyncWrite + Unpin)) -> Result<u64> {
        let nothing = Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync();
        let asked = self.open("GET", path, ("application/json", nothing));
        let open = match tokio::time::timeout(PATIENCE, asked).await {
            Ok(open) => open?,
            Err(_) => return Err(self.silent()),
        };
        let mut body = open.answer.into_body();
        let mut saved = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.with_context(|| format!("the answer of {} broke off", self.authority))?;
            if let Some(piece) = frame.data_ref() {
                to.write_all(piece).await?;
                saved += piece.len() as u64;
            }
        }
        to.flush().await?;
        Ok(saved)
    }

    /// Posts a file while it is read.
    pub(crate) async fn send(&self, path: &str, file: tokio::fs::File) -> Result<Value> {
        let pieces = ReaderStream::with_capacity(file, 64 << 10).map(|piece| piece.map(Frame::data));
        let body = StreamBody::new(pieces).boxed_unsync();
        let open = self.open("POST", path, ("application/octet-stream", body)).await?;
        let (_, body) = open.read().await?;
        serde_json::from_slice(&body).with_context(|| format!("{} did not answer JSON", self.authority))
    }
}

type Sent = UnsyncBoxBody<Bytes, std::io::Error>;

/// Ends the connection with whoever holds it.
struct Driver(tokio::task::JoinHandle<hyper::Result<()>>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An answer whose body is still to be read.
struct Open {
    answer: hyper::Response<hyper::body::Incoming>,
    _driver: Driver,
    authority: String,
}

impl Open {
    async fn read(self) -> Result<(HeaderMap, Bytes)> {
        let (head, body) = self.answer.into_parts();
        match Limited::new(body, LARGEST).collect().await {
            Ok(body) => Ok((head.headers, body.to_bytes())),
            Err(error) => {
                Err(NoAnswer(format!("cannot read the answer of {}: {error}", self.authority)).into())
            }
        }
    }
}

struct Answer {
    headers: HeaderMap,
    body: Bytes,
}

/// What is sent.
enum Body<'a> {
    Nothing,
    Json(&'a Value),
    File { name: &'a str, content: &'a [u8] },
}

/// Separates the parts of an upload; no pipeline file holds it.
const BOUNDARY: &str = "pipewright-3f1c2e6b9d5a47c08a6e";

impl Body<'_> {
    fn content_type(&self) -> String {
        match self {
            Self::File { .. } => format!("multipart/form-data; boundary={BOUNDARY}"),
            _ => "application/json".to_owned(),
        }
    }

    fn bytes(&self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::Json(value) => Bytes::from(value.to_string()),
            Self::File { name, content } => {
                let name = name.replace(['"', '\r', '\n'], "_");
                let mut bytes = format!(
                    "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"uploadfile\"; \
                     filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
                )
                .into_bytes();
                bytes.extend_from_slice(content);
                bytes.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
                Bytes::from(bytes)
            }
        }
    }
}

/// What a URL says.
struct Parts {
    secure: bool,
    authority: String,
    host: String,
    prefix: String,
}

fn parts(url: &str) -> Result<Parts> {
    let (secure, rest) = match (url.strip_prefix("http://"), url.strip_prefix("https://")) {
        (Some(rest), _) => (false, rest),
        (None, Some(rest)) => (true, rest),
        (None, None) => bail!("`{url}` begins with neither http:// nor https://"),
    };
    let (authority, prefix) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
    if authority.is_empty() {
        bail!("`{url}` names no host");
    }
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.split(':').next().unwrap_or(authority),
    };
    let prefix = prefix.trim_end_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
    Ok(Parts { secure, authority: authority.to_owned(), host: host.to_owned(), prefix })
}

/// Takes the message out of an error's body.
fn message_of(body: &[u8]) -> String {
    let fields: Option<Value> = serde_json::from_slice(body).ok();
    let message = fields.as_ref().and_then(|fields| {
        ["message", "error_message", "error"].iter().find_map(|key| fields.get(*key).and_then(Value::as_str))
    });
    message.map_or_else(|| String::from_utf8_lossy(body).trim().to_owned(), str::to_owned)
}

/// Writes text so that it can stand in a URL's path or query.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte))
            }
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let check = |url: &str, expected: Result<(bool, &str, &str, &str), &str>| match (parts(url), expected)
        {
            (Ok(parts), Ok(expected)) => {
                let found = (parts.secure, &*parts.authority, &*parts.host, &*parts.prefix);
                assert_eq!(found, expected, "{url}");
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            _ => panic!("{url}: not as expected"),
        };
        check("http://127.0.0.1:8080", Ok((false, "127.0.0.1:8080", "127.0.0.1", "")));
        check("http://host:1/pipeline/", Ok((false, "host:1", "host", "/pipeline")));
        check("https://[::1]:8443/a/b", Ok((true, "[::1]:8443", "::1", "/a/b")));
        check("ftp://host", Err("neither http:// nor https://"));
        check("http://", Err("names no host"));
    }

    #[test]
    fn paths_are_escaped() {
        assert_eq!(escape("root/for-each[3]"), "root%2Ffor-each%5B3%5D");
    }
}
