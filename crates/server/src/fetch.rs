//! Pipeline files that a client names by their URL: from which places they may come, and how they are read.
//!
//! The server asks on behalf of a client, so it must not become that client's way into a private network: only
//! https, only listed hosts, only public addresses, each redirect looked at like the first address.
//! Source: KFP API reference 1.8.

use std::error::Error as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Once};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use crate::app::App;
use crate::archive::{FILE_LIMIT, pipeline_file};
use crate::compile::{Compiled, compile_text};
use crate::error::Error;

/// Hosts that every server may ask; `*.` stands for any name in front.
const HOSTS: [&str; 4] =
    ["storage.googleapis.com", "s3.amazonaws.com", "github.com", "raw.githubusercontent.com"];
const REDIRECTS: usize = 5;
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// From where pipeline files may be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlRules {
    pub allow_http: bool,
    /// Hosts besides the well-known ones; `*.example.org` stands for every name under it, `*` for every host.
    pub allowed_hosts: Vec<String>,
    /// Lets hosts have loopback, private and link-local addresses.
    pub allow_private: bool,
    /// How long a file may take as a whole.
    pub timeout: Duration,
}

impl Default for UrlRules {
    fn default() -> Self {
        Self {
            allow_http: false,
            allowed_hosts: Vec::new(),
            allow_private: false,
            timeout: Duration::from_secs(30),
        }
    }
}

/// A pipeline file that was fetched and compiles.
pub(crate) struct Fetched {
    /// As the client wrote it.
    pub(crate) url: String,
    pub(crate) compiled: Compiled,
}

/// Fetches a pipeline file and compiles it for a namespace.
///
/// Errors: `Invalid` for a place that is not allowed, for what cannot be had, and for a pipeline that is wrong.
pub(crate) async fn fetch_pipeline(app: &App, namespace: &str, url: &str) -> Result<Fetched, Error> {
    let rules = &app.settings.pipeline_urls;
    let asked = Url::parse(url)
        .map_err(|error| Error::Invalid(format!("pipeline_url `{url}` is no URL: {error}")))?;
    rules.check(&asked).map_err(Error::Invalid)?;
    let name = asked.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned();
    let bytes = download(rules, asked).await?;
    let text = tokio::task::spawn_blocking(move || pipeline_file(&name, bytes))
        .await
        .map_err(|error| Error::internal("unpacking a pipeline file failed", error))??;
    let compiled = compile_text(&app.store, namespace, text).await?;
    app.settings.v1.check_upload(namespace, &compiled)?;
    Ok(Fetched { url: url.to_owned(), compiled })
}

async fn download(rules: &UrlRules, url: Url) -> Result<Vec<u8>, Error> {
    let failed = |error: reqwest::Error| {
        let mut message = format!("`{url}` cannot be fetched: {}", error.without_url_text());
        let mut source = error.source();
        while let Some(inner) = source {
            message = format!("{message}: {inner}");
            source = inner.source();
        }
        Error::Invalid(message)
    };
    let too_large = || Error::Invalid(format!("the file at `{url}` is larger than 32 MiB"));
    let client = client(rules)?;
    let response = client.get(url.clone()).send().await.and_then(reqwest::Response::error_for_status);
    let mut response = response.map_err(failed)?;
    if response.content_length().is_some_and(|length| length > FILE_LIMIT) {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > FILE_LIMIT {
            return Err(too_large());
        }
    }
    Ok(bytes)
}

/// Says what went wrong without the URL, which the message names already.
trait WithoutUrl {
    fn without_url_text(&self) -> String;
}

impl WithoutUrl for reqwest::Error {
    fn without_url_text(&self) -> String {
        match self.status() {
            Some(status) => format!("the server answers {status}"),
            None if self.is_timeout() => "it takes too long".to_owned(),
            None if self.is_redirect() => "a redirect is not followed".to_owned(),
            None => "the request failed".to_owned(),
        }
    }
}

fn client(rules: &UrlRules) -> Result<Client, Error> {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::debug!("a TLS provider is installed already");
        }
    });
    let hops = rules.clone();
    let policy = Policy::custom(move |attempt| {
        if attempt.previous().len() > REDIRECTS {
            return attempt.error("there are too many redirects");
        }
        match hops.check(attempt.url()) {
            Ok(()) => attempt.follow(),
            Err(message) => attempt.error(message),
        }
    });
    Client::builder()
        .redirect(policy)
        .timeout(rules.timeout)
        .connect_timeout(CONNECT_LIMIT.min(rules.timeout))
        .dns_resolver(Arc::new(Resolver { allow_private: rules.allow_private }))
        .user_agent(concat!("pipewright/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Error::internal("cannot make an HTTP client", error))
}

impl UrlRules {
    /// Tells why a place may not be asked.
    fn check(&self, url: &Url) -> Result<(), String> {
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http => {}
            other => return Err(format!("pipeline_url must begin with https://, found {other}://")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("pipeline_url must not carry a user name or a password".to_owned());
        }
        let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        let known = HOSTS.into_iter().chain(self.allowed_hosts.iter().map(String::as_str));
        if !known.into_iter().any(|pattern| matches(pattern, &host)) {
            return Err(format!(
                "pipelines may not be fetched from `{host}`; add it to allowed_hosts of [pipeline_urls] in \
                 pipewright.toml if it is to be trusted"
            ));
        }
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match literal {
            Ok(address) if !self.allow_private && !is_public(address) => {
                Err(format!("pipelines may not be fetched from the private address {address}"))
            }
            _ => Ok(()),
        }
    }
}

fn matches(pattern: &str, host: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    match pattern.strip_prefix("*.") {
        Some(rest) => host.strip_suffix(rest).is_some_and(|front| front.ends_with('.')),
        None => pattern == "*" || pattern == host,
    }
}

/// Looks names up and leaves out addresses that are not public, so that no name leads into a private network.
struct Resolver {
    allow_private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let usable: Vec<SocketAddr> =
                found.filter(|address| allow_private || is_public(address.ip())).collect();
            if usable.is_empty() {
                return Err(format!("`{}` has private addresses only", name.as_str()).into());
            }
            Ok(Box::new(usable.into_iter()) as Addrs)
        })
    }
}

/// Tells whether an address belongs to the internet at large.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => {
            let parts = address.segments();
            let embedded =
                |high: u16, low: u16| is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
            match parts {
                [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                    embedded(high, low)
                }
                [0x2002, high, low, ..] => embedded(high, low),
                [0x2001, 0 | 0xdb8, ..] => false,
                // Global unicast is all that is left.
                _ => parts[0] & 0xe000 == 0x2000,
            }
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = matches!(
        (first, second, third),
        (0 | 10 | 127 | 224.., ..)
            | (100, 64..=127, _)
            | (172, 16..=31, _)
            | (198, 18 | 19, _)
            | (169, 254, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_places_are_asked() {
        let usual = UrlRules::default();
        let wide = UrlRules {
            allow_http: true,
            allowed_hosts: vec!["*.example.org".to_owned(), "10.1.2.3".to_owned(), "127.0.0.1".to_owned()],
            ..UrlRules::default()
        };
        let inside = UrlRules { allow_private: true, ..wide.clone() };
        for (rules, url, expected) in [
            (&usual, "https://github.com/a/b.yaml", ""),
            (&usual, "https://GITHUB.com./a/b.yaml", ""),
            (&usual, "http://github.com/a/b.yaml", "https://"),
            (&usual, "file:///etc/passwd", "https://"),
            (&usual, "https://me:secret@github.com/a", "password"),
            (&usual, "https://github.com.evil.example/a", "evil.example"),
            (&usual, "https://example.org/a", "example.org"),
            (&wide, "http://a.b.example.org/a", ""),
            (&wide, "http://example.org/a", "may not be fetched from"),
            (&wide, "http://notexample.org/a", "may not be fetched from"),
            (&wide, "http://10.1.2.3/a", "private address"),
            (&wide, "http://127.0.0.1:80/a", "private address"),
            (&wide, "http://[::ffff:127.0.0.1]/a", "may not be fetched from"),
            (&inside, "http://127.0.0.1:80/a", ""),
        ] {
            let found = rules.check(&Url::parse(url).expect("a URL"));
            match expected {
                "" => assert_eq!(found, Ok(()), "{url}"),
                part => assert!(found.as_ref().is_err_and(|why| why.contains(part)), "{url}: {found:?}"),
            }
        }
    }

    #[test]
    fn private_addresses_are_told_apart() {
        for (address, public) in [
            ("8.8.8.8", true),
            ("172.32.0.1", true),
            ("172.31.255.255", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("2606:4700::1111", true),
            ("::1", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("::ffff:10.0.0.1", false),
            ("64:ff9b::a00:1", false),
            ("2002:7f00:1::", false),
        ] {
            assert_eq!(is_public(address.parse().expect("an address")), public, "{address}");
        }
    }
}
