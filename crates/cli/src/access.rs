//! Who may call a server, as flags, variables and `pipewright.toml` say.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use pipewright_server::access::{AccessOptions, HeaderOptions, OidcOptions, Requirement, Secret, new_token};
use serde::Deserialize;

use crate::args::{self, Auth};
use crate::env;

/// Name of the access file in the home folder.
pub(crate) const FILE: &str = "access.toml";

/// What was settled about authentication.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Absent: by the address.
    auth: Option<Auth>,
    pub file: PathBuf,
    public_url: Option<String>,
    oidc: Option<OidcOptions>,
    header: Option<HeaderOptions>,
    session: Duration,
    /// Files with secrets, which nobody is shown.
    pub secret_files: Vec<PathBuf>,
}

/// The keys of `pipewright.toml` about authentication.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Keys {
    /// `none` or `required`.
    require: Option<Auth>,
    /// Relative to the home folder.
    file: Option<PathBuf>,
    public_url: Option<String>,
    session_hours: Option<u64>,
    oidc: Option<Oidc>,
    trusted_header: Option<TrustedHeader>,
}

/// `[auth.oidc]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Oidc {
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    #[serde(default)]
    audiences: Vec<String>,
    scopes: Option<Vec<String>>,
    user_claim: Option<String>,
    groups_claim: Option<String>,
    name: Option<String>,
}

/// `[auth.trusted_header]`
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TrustedHeader {
    name: String,
    prefix: String,
    groups: Option<String>,
    peers: Vec<String>,
    secret_header: String,
    secret_file: Option<PathBuf>,
}

impl Default for TrustedHeader {
    fn default() -> Self {
        Self {
            name: "kubeflow-userid".to_owned(),
            prefix: String::new(),
            groups: None,
            peers: Vec::new(),
            secret_header: "x-pipewright-secret".to_owned(),
            secret_file: None,
        }
    }
}

impl Settings {
    /// Settles flags over keys. Files named by keys are looked for from the home folder on.
    pub(crate) fn resolve(home: &Path, keys: Keys, flags: &args::Access) -> Result<Self> {
        let file = match &flags.file {
            Some(path) => std::path::absolute(path)
                .with_context(|| format!("cannot make {} absolute", path.display()))?,
            None => home.join(keys.file.unwrap_or_else(|| PathBuf::from(FILE))),
        };
        let public_url = flags.public_url.clone().or(keys.public_url);
        if let Some(url) = public_url.as_ref().filter(|url| !url.starts_with("http")) {
            bail!("public_url `{url}` is no URL, as https://ml.example.org");
        }
        let oidc_secret = keys.oidc.as_ref().and_then(|oidc| oidc.client_secret_file.as_ref());
        let header_secret = keys.trusted_header.as_ref().and_then(|header| header.secret_file.as_ref());
        Ok(Self {
            secret_files: oidc_secret.into_iter().chain(header_secret).map(|file| home.join(file)).collect(),
            auth: flags.auth.or(keys.require),
            file,
            public_url,
            oidc: keys.oidc.map(|oidc| oidc.options(home)).transpose()?,
            header: keys.trusted_header.map(|header| header.options(home)).transpose()?,
            session: Duration::from_secs(keys.session_hours.unwrap_or(12).saturating_mul(3600)),
        })
    }

    /// Returns the options of a server on this address: asked for is who calls when settings say so, when they
    /// name somebody who vouches for callers, and on every address that other machines can reach.
    pub(crate) fn options(&self, address: SocketAddr, has_tls: bool) -> Result<AccessOptions> {
        let is_open = !address.ip().is_loopback() || self.oidc.is_some() || self.header.is_some();
        let requirement = match (self.auth, is_open) {
            (Some(Auth::None), _) | (None, false) => Requirement::None,
            (Some(Auth::Required), _) | (None, true) => Requirement::Required,
        };
        let local_token = match requirement {
            Requirement::None => None,
            Requirement::Required => Some(new_token().context("cannot make a token")?),
        };
        Ok(AccessOptions {
            requirement,
            file: Some(self.file.clone()),
            oidc: self.oidc.clone(),
            header: self.header.clone(),
            local_token,
            secure_cookies: has_tls,
            session: self.session,
            public_url: self.public_url.clone(),
        })
    }
}

fn read_secret(home: &Path, path: &Path) -> Result<Secret> {
    let path = home.join(path);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Secret(text.trim().to_owned()))
}

impl Oidc {
    fn options(self, home: &Path) -> Result<OidcOptions> {
        let usual = OidcOptions::new(self.issuer, self.client_id);
        if !usual.issuer.starts_with("https://") && !is_loopback(&usual.issuer) {
            bail!("the issuer {} of [auth.oidc] does not begin with https://", usual.issuer);
        }
        let client_secret = match (std::env::var(env::OIDC_CLIENT_SECRET), &self.client_secret_file) {
            (Ok(text), _) => Some(Secret(text)),
            (Err(_), Some(path)) => Some(read_secret(home, path)?),
            (Err(_), None) => None,
        };
        Ok(OidcOptions {
            client_secret,
            audiences: self.audiences,
            scopes: self.scopes.unwrap_or(usual.scopes),
            user_claim: self.user_claim.unwrap_or(usual.user_claim),
            groups_claim: self.groups_claim.unwrap_or(usual.groups_claim),
            name: self.name.unwrap_or(usual.name),
            issuer: usual.issuer,
            client_id: usual.client_id,
            again: usual.again,
        })
    }
}

fn is_loopback(url: &str) -> bool {
    ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|begin| url.starts_with(begin))
}

impl TrustedHeader {
    fn options(self, home: &Path) -> Result<HeaderOptions> {
        let header = |name: &str| {
            name.parse().map_err(|_| anyhow!("`{name}` of [auth.trusted_header] is no header's name"))
        };
        let secret = match &self.secret_file {
            Some(path) => Some((header(&self.secret_header)?, read_secret(home, path)?)),
            None => None,
        };
        let peers: Vec<_> = self
            .peers
            .iter()
            .map(|text| text.parse())
            .collect::<Result<_, String>>()
            .map_err(|error| anyhow!("peers of [auth.trusted_header]: {error}"))?;
        if peers.is_empty() && secret.is_none() {
            bail!(
                "[auth.trusted_header] trusts nobody: name the proxy's addresses in `peers`, or a file with a \
                 secret that it sends in `secret_file`"
            );
        }
        Ok(HeaderOptions {
            name: header(&self.name)?,
            prefix: self.prefix,
            groups: self.groups.as_deref().map(header).transpose()?,
            peers,
            secret,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_decide_who_is_asked() {
        let home = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(home.path().join("secret"), "hush\n").expect("a file");
        let check = |keys: &str, address: &str, expected: Result<Requirement, &str>| {
            let keys: Keys = toml::from_str(keys).expect("keys");
            let address = address.parse().expect("an address");
            let found = Settings::resolve(home.path(), keys, &args::Access::default())
                .and_then(|settings| settings.options(address, false));
            match (found, expected) {
                (Ok(found), Ok(expected)) => {
                    assert_eq!(found.requirement, expected);
                    assert_eq!(found.local_token.is_some(), expected == Requirement::Required);
                }
                (Err(error), Err(part)) => assert!(format!("{error:#}").contains(part), "{error:#}"),
                (found, expected) => panic!("{found:?} is not {expected:?}"),
            }
        };
        let (own, open) = ("127.0.0.1:80", "0.0.0.0:80");
        check("", own, Ok(Requirement::None));
        check("", open, Ok(Requirement::Required));
        check("require = 'none'", open, Ok(Requirement::None));
        check("require = 'required'", own, Ok(Requirement::Required));
        let oidc =
            "oidc = {issuer = 'https://id.example.org', client_id = 'x', client_secret_file = 'secret'}";
        check(oidc, own, Ok(Requirement::Required));
        check(&format!("require = 'none'\n{oidc}"), own, Ok(Requirement::None));
        check("oidc = {issuer = 'http://id.example.org', client_id = 'x'}", own, Err("https://"));
        check("trusted_header = {}", own, Err("trusts nobody"));
        check("trusted_header = {peers = ['gateway']}", own, Err("`gateway` is no address"));
        check("trusted_header = {secret_file = 'lost'}", own, Err("lost"));
        check("trusted_header = {secret_file = 'secret'}", own, Ok(Requirement::Required));
        check("public_url = 'ml.example.org'", own, Err("is no URL"));
    }
}
