//! How the server finds out who calls, as settings say.

use std::path::PathBuf;
use std::time::Duration;

use super::header::HeaderOptions;
use super::oidc::OidcOptions;
use super::secret::Secret;

/// Whether callers must be known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Requirement {
    /// Everybody who reaches the server is its administrator: for addresses of this machine alone.
    #[default]
    None,
    Required,
}

/// Settings of authentication.
#[derive(Debug, Clone)]
pub struct AccessOptions {
    pub requirement: Requirement,
    /// The access file; need not exist.
    pub file: Option<PathBuf>,
    pub oidc: Option<OidcOptions>,
    pub header: Option<HeaderOptions>,
    /// What the owner of the home folder proves themselves by; made anew for each process.
    pub local_token: Option<Secret>,
    /// Cookies are for encrypted connections only.
    pub secure_cookies: bool,
    /// How long a login lasts.
    pub session: Duration,
    /// Where users reach the server, when that is not what their requests say.
    pub public_url: Option<String>,
}

impl Default for AccessOptions {
    fn default() -> Self {
        Self {
            requirement: Requirement::None,
            file: None,
            oidc: None,
            header: None,
            local_token: None,
            secure_cookies: false,
            session: Duration::from_secs(12 * 3600),
            public_url: None,
        }
    }
}
