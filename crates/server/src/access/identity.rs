//! Who calls: by token, session, signed identity or trusted header.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::http::{HeaderMap, header};
use pipewright_store::engine::Timestamp;
use pipewright_store::{Session, Store};
use tokio::sync::Semaphore;

use super::cookie;
use super::file::AccessFile;
use super::oidc::Provider;
use super::options::{AccessOptions, Requirement};
use super::role::{Grants, Role};
use super::secret::{digest, is_password};
use super::throttle::Throttle;
use crate::error::Error;

/// Passwords that are checked at once: each takes 19 MiB and tens of milliseconds of a CPU.
const PASSWORDS_AT_ONCE: usize = 2;

/// A hash that no password has, checked for users that do not exist so that the time tells nothing.
const NOBODYS_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// How somebody is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Via {
    /// Nobody asks on this server.
    Nothing,
    /// By the hash of the session's cookie.
    Session(String),
    /// By name.
    Token(String),
    /// The home folder's owner, by the token of this process.
    Owner,
    Jwt,
    Header,
}

impl Via {
    /// Returns the word for pages and logs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Session(_) => "session",
            Self::Token(_) | Self::Owner => "token",
            Self::Jwt => "jwt",
            Self::Header => "header",
        }
    }
}

/// Somebody who is known.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) user: String,
    pub(crate) via: Via,
    pub(crate) grants: Grants,
    pub(crate) expires_at: Option<Timestamp>,
}

impl Identity {
    fn anonymous() -> Self {
        let grants = Grants::everywhere(Role::Admin);
        Self { user: "anonymous".to_owned(), via: Via::Nothing, grants, expires_at: None }
    }

    /// Returns the name of somebody who is known; on a server that asks nobody there is none.
    pub(crate) fn name(&self) -> Option<&str> {
        (self.via != Via::Nothing).then_some(self.user.as_str())
    }

    /// Returns how they are known, for the audit log.
    pub(crate) fn method(&self) -> String {
        match &self.via {
            Via::Token(name) => format!("token {name}"),
            Via::Owner => "home folder".to_owned(),
            other => other.word().to_owned(),
        }
    }
}

/// Knows who calls. One for the whole server.
pub(crate) struct Access {
    pub(crate) options: AccessOptions,
    pub(crate) provider: Option<Provider>,
    pub(super) throttle: Throttle,
    passwords: Semaphore,
    file: Mutex<Known>,
}

/// The access file as it was last read.
#[derive(Debug, Default)]
struct Known {
    /// Inode, size and time of change.
    stamp: Option<(u64, u64, i64, i64)>,
    file: Arc<AccessFile>,
}

impl Access {
    pub(crate) fn new(options: AccessOptions) -> Self {
        Self {
            provider: options.oidc.clone().map(Provider::new),
            options,
            throttle: Throttle::default(),
            passwords: Semaphore::new(PASSWORDS_AT_ONCE),
            file: Mutex::default(),
        }
    }

    pub(crate) fn is_required(&self) -> bool {
        self.options.requirement == Requirement::Required
    }

    /// Returns the access file, read again when it has changed. One that has become wrong is told and not used:
    /// what it said before holds.
    pub(crate) fn file(&self) -> Arc<AccessFile> {
        let Some(path) = &self.options.file else { return Arc::default() };
        let stamp = stamp(path);
        let mut known = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if known.stamp != stamp {
            known.stamp = stamp;
            match AccessFile::read(path) {
                Ok(file) => known.file = Arc::new(file),
                Err(message) => tracing::error!("{message}; what it said before still holds"),
            }
        }
        known.file.clone()
    }

    /// Finds out who calls; nobody when the request says nothing of it.
    ///
    /// Errors: `Unauthenticated` when what it says does not count.
    pub(crate) async fn identify(
        &self,
        store: &Store,
        headers: &HeaderMap,
        peer: Option<IpAddr>,
    ) -> Result<Option<Identity>, Error> {
        if !self.is_required() {
            return Ok(Some(Identity::anonymous()));
        }
        let refused = |message: String| Error::Unauthenticated(message);
        if let Some(header) = &self.options.header
            && let Some(named) = header.read(headers, peer).map_err(refused)?
        {
            let grants = self.file().grants_of(&named.user, &named.groups);
            let identity = Identity { user: named.user, via: Via::Header, grants, expires_at: None };
            return Ok(Some(identity));
        }
        if let Some(given) = headers.get(header::AUTHORIZATION) {
            let text = given.to_str().ok().and_then(|text| text.split_once(' '));
            let Some((_, token)) = text.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
                return Err(refused("the Authorization header is not of the form `Bearer TOKEN`".to_owned()));
            };
            return self.by_token(token.trim()).await.map(Some);
        }
        match cookie::session_of(headers) {
            Some(text) => self.by_session(store, digest(text)).await,
            None => Ok(None),
        }
    }

    async fn by_token(&self, text: &str) -> Result<Identity, Error> {
        if let Some(own) = &self.options.local_token
            && digest(&own.0) == digest(text)
        {
            return Ok(Identity { user: "owner".to_owned(), via: Via::Owner, ..Identity::anonymous() });
        }
        let file = self.file();
        if let Some(token) = file.token(text, jiff::Timestamp::now()) {
            return Ok(Identity {
                user: token.user.clone(),
                via: Via::Token(token.name.clone()),
                grants: file.token_grants(token),
                expires_at: token.expires_at.map(|end| Timestamp(end.as_microsecond())),
            });
        }
        let Some(provider) = self.provider.as_ref().filter(|_| text.split('.').count() == 3) else {
            return Err(Error::Unauthenticated(
                "the token is not known here, or its time is over".to_owned(),
            ));
        };
        let claims = provider.verify_bearer(text).await?;
        Ok(Identity {
            grants: file.grants_of(&claims.user, &claims.groups),
            user: claims.user,
            via: Via::Jwt,
            expires_at: Some(claims.expires_at),
        })
    }

    async fn by_session(&self, store: &Store, hash: String) -> Result<Option<Identity>, Error> {
        let now = Timestamp(jiff::Timestamp::now().as_microsecond());
        let Some(session) = store.session(hash.clone(), now).await? else { return Ok(None) };
        let file = self.file();
        let grants = if session.stamp.is_empty() {
            file.grants_of(&session.user, &session.groups)
        } else {
            let user = file.user(&session.user);
            let stamp = user.and_then(|user| user.password.as_deref()).map(digest);
            match user.filter(|_| stamp.as_ref() == Some(&session.stamp)) {
                Some(user) => user.roles.clone(),
                // The user is gone or has another password.
                None => return Ok(None),
            }
        };
        let Session { user, expires_at, .. } = session;
        Ok(Some(Identity { user, via: Via::Session(hash), grants, expires_at: Some(expires_at) }))
    }

    /// Checks a password; returns what the session is to rest on.
    ///
    /// Errors: `Unauthenticated`, the same whether the user exists or not; `TooMany` after many failures.
    pub(super) async fn check_password(
        &self,
        name: &str,
        password: String,
        peer: Option<IpAddr>,
    ) -> Result<String, Error> {
        if !self.throttle.may_try(peer, Instant::now()) {
            return Err(Error::TooMany("too many failed logins from this address; wait a minute".to_owned()));
        }
        let file = self.file();
        let kept = file.user(name).and_then(|user| user.password.clone());
        let hash = kept.clone().unwrap_or_else(|| NOBODYS_HASH.to_owned());
        let permit = self.passwords.acquire().await;
        let _permit = permit.map_err(|error| Error::internal("cannot check a password", error))?;
        let checked = tokio::task::spawn_blocking(move || is_password(&password, &hash)).await;
        let is_right = checked.map_err(|error| Error::internal("cannot check a password", error))?;
        match kept.filter(|_| is_right) {
            Some(hash) => Ok(digest(&hash)),
            None => {
                self.throttle.failed(peer, Instant::now());
                Err(Error::Unauthenticated("there is no such user with this password".to_owned()))
            }
        }
    }
}

fn stamp(path: &PathBuf) -> Option<(u64, u64, i64, i64)> {
    use std::os::unix::fs::MetadataExt;
    let data = std::fs::metadata(path).ok()?;
    Some((data.ino(), data.size(), data.mtime(), data.mtime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checking_nobodys_password_takes_as_long_as_anybodys() {
        use argon2::password_hash::phc::PasswordHash;
        let nobodys = PasswordHash::new(NOBODYS_HASH).unwrap();
        let real = super::super::secret::hash_password("correct horse").unwrap();
        let real = PasswordHash::new(&real).unwrap();
        assert_eq!(nobodys.params.to_string(), real.params.to_string());
        assert!(nobodys.hash.is_some() && nobodys.salt.is_some());
        assert!(!is_password("", NOBODYS_HASH));
    }
}
