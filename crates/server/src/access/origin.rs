//! What foreign web pages could make a browser send here, and how that is told apart.

use std::net::IpAddr;

use axum::http::{HeaderMap, Method, header};

use crate::error::Error;

/// Refuses requests by a host name that is not ours: after rebinding a name to this machine's address, a page of
/// another site would be of the same origin. Only for a server that asks nobody who they are.
pub(super) fn check_host(host: Option<&str>, allowed: &[String]) -> Result<(), Error> {
    match host.filter(|host| !is_own_host(host, allowed)) {
        None => Ok(()),
        Some(host) => Err(Error::Denied(format!(
            "the host name `{host}` is not one of this server's; allow it in the settings if it is"
        ))),
    }
}

/// Refuses changes that a page of another site asks for. A run executes commands, so such a page must not be
/// able to create one: its requests carry an `Origin` or `Sec-Fetch-Site` that tells them apart.
pub(super) fn check_origin(
    method: &Method,
    headers: &HeaderMap,
    own: &[Option<&str>],
    has_cookie: bool,
) -> Result<(), Error> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let foreign = || Error::Denied("pages of other sites may not change anything here".to_owned());
    if let Some(site) = headers.get("sec-fetch-site") {
        return match site.as_bytes() {
            b"same-origin" | b"none" => Ok(()),
            _ => Err(foreign()),
        };
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        // Programs send neither; a browser that sends neither could be made to by any page.
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let is_browser = agent.is_some_and(|agent| agent.starts_with("Mozilla/"));
        return if has_cookie && is_browser { Err(foreign()) } else { Ok(()) };
    };
    let origin_host = origin.to_str().ok().and_then(|text| text.split_once("://")).map(|(_, rest)| rest);
    if origin_host.is_some() && own.contains(&origin_host) { Ok(()) } else { Err(foreign()) }
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

    #[test]
    fn changes_come_from_own_pages_and_from_programs() {
        type Pairs = &'static [(&'static str, &'static str)];
        const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0");
        let cases: [(&str, Pairs, bool, bool); 10] = [
            ("GET", &[("origin", "https://evil.example")], true, true),
            ("POST", &[], true, true),
            ("POST", &[("user-agent", "OpenAPI-Generator/2.17/python")], true, true),
            ("POST", &[BROWSER], true, false),
            ("POST", &[BROWSER], false, true),
            ("POST", &[("origin", "https://own.example")], true, true),
            ("POST", &[("origin", "https://proxy.example")], true, true),
            ("POST", &[("origin", "null")], true, false),
            ("POST", &[("origin", "https://own.example.evil.example")], true, false),
            ("POST", &[("sec-fetch-site", "same-site"), ("origin", "https://own.example")], true, false),
        ];
        for (method, pairs, has_cookie, fine) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            let own = [Some("own.example"), Some("proxy.example")];
            let method = method.parse().unwrap();
            assert_eq!(check_origin(&method, &headers, &own, has_cookie).is_ok(), fine, "{pairs:?}");
        }
    }
}
