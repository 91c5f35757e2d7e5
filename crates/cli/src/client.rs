//! A small HTTP/1 client for a server on this machine or behind a forwarded port.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Largest answer that is read.
const LARGEST: usize = 256 << 20;

/// Talks to one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    authority: String,
    /// Path before `/apis`, without a slash at its end.
    prefix: String,
}

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

impl Client {
    /// Takes a URL such as `http://127.0.0.1:8080` or `http://host:8080/pipeline`.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let Some(rest) = url.strip_prefix("http://") else {
            bail!(
                "`{url}` does not begin with http://; for https, forward a port and use http://127.0.0.1:PORT"
            );
        };
        let (authority, prefix) = rest.split_once('/').map_or((rest, ""), |(host, path)| (host, path));
        if authority.is_empty() {
            bail!("`{url}` names no host");
        }
        let prefix = prefix.trim_end_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
        Ok(Self { authority: authority.to_owned(), prefix })
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
        let exchange = self.exchange(method, path, body);
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(answer) => answer,
            Err(_) => bail!("{} did not answer within {} s", self.authority, PATIENCE.as_secs()),
        }
    }

    async fn exchange(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Bytes> {
        let address = if self.authority.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok()) {
            self.authority.clone()
        } else {
            format!("{}:80", self.authority)
        };
        let stream = TcpStream::connect(&address)
            .await
            .with_context(|| format!("no server answers on {address}; start one with `pipewright serve`"))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header("host", &self.authority)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.map(Value::to_string).unwrap_or_default())))?;
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        let read = Limited::new(answer.into_body(), LARGEST).collect().await;
        driver.abort();
        let bytes = match read {
            Ok(body) => body.to_bytes(),
            Err(error) => bail!("cannot read the answer of {}: {error}", self.authority),
        };
        if status.is_success() {
            return Ok(bytes);
        }
        Err(Refused { status: status.as_u16(), message: message_of(&bytes) }.into())
    }
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
        let check = |url: &str, expected: Result<(&str, &str), &str>| match (Client::new(url), expected) {
            (Ok(client), Ok((authority, prefix))) => {
                assert_eq!((client.authority.as_str(), client.prefix.as_str()), (authority, prefix), "{url}");
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, expected) => panic!("{url}: {found:?} is not {expected:?}"),
        };
        check("http://127.0.0.1:8080", Ok(("127.0.0.1:8080", "")));
        check("http://host:1/pipeline/", Ok(("host:1", "/pipeline")));
        check("https://host", Err("does not begin with http://"));
        check("http://", Err("names no host"));
    }

    #[test]
    fn paths_are_escaped() {
        assert_eq!(escape("root/for-each[3]"), "root%2Ffor-each%5B3%5D");
    }
}
