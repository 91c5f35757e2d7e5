//! Who may talk to the server. There is no authentication yet, so the server stays on the machine's own
//! loopback addresses and refuses what a foreign web page could make a browser send there.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::error::Error;

/// Refuses addresses that other machines can reach.
///
/// Errors: `Precondition` with what to do instead.
pub fn check_listen(address: SocketAddr) -> Result<(), Error> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    Err(Error::Precondition(format!(
        "{address} can be reached from other machines, and whoever reaches this server can run programs \
         here: there is no authentication yet. Listen on a loopback address (127.0.0.1:{port}) and forward \
         the port from the other machine, for instance `ssh -L {port}:127.0.0.1:{port} HOST`",
        port = address.port()
    )))
}

/// Lets requests pass that programs on this machine make, and pages of this very server.
///
/// A run executes commands, so a page of another site must not be able to create one: its requests carry an
/// `Origin` or `Sec-Fetch-Site` that tells them apart, or (after rebinding a name to 127.0.0.1) a foreign
/// `Host`.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Result<Response, Error> {
    let host = header_text(request.headers(), &header::HOST)
        .or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    if let Some(host) = host
        && !is_own_host(host, &app.settings.allowed_hosts)
    {
        return Err(Error::Denied(format!(
            "the host name `{host}` is not one of this server's; allow it in the settings if it is"
        )));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        check_origin(request.headers(), host)?;
    }
    Ok(next.run(request).await)
}

fn check_origin(headers: &HeaderMap, host: Option<&str>) -> Result<(), Error> {
    let foreign = || Error::Denied("pages of other sites may not change anything here".to_owned());
    if let Some(site) = headers.get("sec-fetch-site") {
        return match site.as_bytes() {
            b"same-origin" | b"none" => Ok(()),
            _ => Err(foreign()),
        };
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin_host = origin.to_str().ok().and_then(|text| text.split_once("://")).map(|(_, rest)| rest);
    if origin_host.is_some() && origin_host == host { Ok(()) } else { Err(foreign()) }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_own_host(host: &str, allowed: &[String]) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    };
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok()
        || allowed.iter().any(|other| other.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_listened_on() {
        for (address, fine) in [
            ("127.0.0.1:8080", true),
            ("127.1.2.3:0", true),
            ("[::1]:8080", true),
            ("0.0.0.0:8080", false),
            ("[::]:8080", false),
            ("192.168.1.2:80", false),
        ] {
            let result = check_listen(address.parse().expect("an address"));
            assert_eq!(result.is_ok(), fine, "{address}");
            if let Err(error) = result {
                assert!(error.to_string().contains("ssh -L"), "{error}");
            }
        }
    }

    #[test]
    fn host_names_are_told_apart() {
        let allowed = ["ml.example.org".to_owned()];
        for (host, own) in [
            ("localhost", true),
            ("localhost:8080", true),
            ("a.localhost:8080", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("10.1.2.3", true),
            ("ml.example.org:443", true),
            ("evil.example", false),
            ("localhost.evil.example:8080", false),
            ("127.0.0.1.evil.example", false),
        ] {
            assert_eq!(is_own_host(host, &allowed), own, "{host}");
        }
    }
}
