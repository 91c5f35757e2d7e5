//! The least HTTP that talks to a server on loopback: one request, one connection, JSON both ways.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Sends a request to `http://host:port` and returns the answer's JSON; fails on any status but 2xx.
pub fn call(base: &str, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
    let (status, text) = exchange(base, method, path, body)?;
    if !(200..300).contains(&status) {
        bail!("{method} {path} answered {status}: {}", text.trim());
    }
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text).with_context(|| format!("{method} {path} did not answer JSON"))
}

/// Sends a request in HTTP/1.0, so that the answer comes unchunked and the connection closes after it.
pub fn exchange(base: &str, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, String)> {
    let address = base.strip_prefix("http://").context("only http:// is spoken here")?;
    let mut stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, text) = answer.split_once("\r\n\r\n").context("the answer has no head")?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok((status.context("the answer has no status")?, text.to_owned()))
}
