//! OpenID Connect: logging in at a provider by the authorization code flow with PKCE, and the tokens of clients
//! that the provider has signed.
//!
//! What the provider says of itself and its keys are kept for an hour, and read again when a token names a key
//! that is not among them, but not more often than every ten seconds.

mod claims;
mod fetch;
mod login;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use openidconnect::core::CoreProviderMetadata;
use openidconnect::{ClaimsVerificationError, ClientId, IdTokenVerifier, Nonce};
use openidconnect::{IssuerUrl, JsonWebTokenType};
use openidconnect::{NormalizedJsonWebTokenType, SignatureVerificationError};

use super::secret::{Secret, digest};
use crate::error::Error;
pub(crate) use claims::Claims;
use claims::{SignedToken, accepted_algorithms, audience_of};
use fetch::Fetcher;
pub(super) use login::{LOGIN_TIME, Pending};

/// How long what the provider says is used without asking again.
const FRESH: Duration = Duration::from_secs(3600);
/// How long a token that was checked is not checked again, and how many such are remembered.
const CHECKED_FOR: Duration = Duration::from_secs(300);
const CHECKED: usize = 1024;

/// Which provider, and what of its claims counts.
#[derive(Debug, Clone)]
pub struct OidcOptions {
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<Secret>,
    /// Audiences besides the client id that tokens of clients may be for.
    pub audiences: Vec<String>,
    /// Scopes besides `openid`.
    pub scopes: Vec<String>,
    /// The claim that users are named by.
    pub user_claim: String,
    /// The claim that lists groups.
    pub groups_claim: String,
    /// What the login page calls it.
    pub name: String,
    /// How soon it is asked again for its keys because of one that is not known.
    pub again: Duration,
}

impl OidcOptions {
    /// Makes options with the usual claims and scopes.
    pub fn new(issuer: String, client_id: String) -> Self {
        Self {
            issuer,
            client_id,
            client_secret: None,
            audiences: Vec::new(),
            scopes: vec!["email".to_owned(), "profile".to_owned()],
            user_claim: "email".to_owned(),
            groups_claim: "groups".to_owned(),
            name: "single sign-on".to_owned(),
            again: Duration::from_secs(10),
        }
    }
}

/// What is known of the provider, and logins that have begun.
pub(crate) struct Provider {
    pub(crate) options: OidcOptions,
    fetcher: Fetcher,
    known: tokio::sync::Mutex<Option<(Instant, Arc<CoreProviderMetadata>)>>,
    checked: Mutex<HashMap<String, (Instant, Claims)>>,
    pub(super) pending: Mutex<HashMap<String, Pending>>,
}

impl Provider {
    pub(crate) fn new(options: OidcOptions) -> Self {
        Self {
            options,
            fetcher: Fetcher::default(),
            known: tokio::sync::Mutex::default(),
            checked: Mutex::default(),
            pending: Mutex::default(),
        }
    }

    /// Returns what the provider says of itself, its keys included; asks it when that is older than `age`.
    async fn metadata(&self, age: Duration) -> Result<Arc<CoreProviderMetadata>, Error> {
        // Held while asking: others wait for the same answer instead of asking as well.
        let mut known = self.known.lock().await;
        if let Some((at, metadata)) = &*known
            && at.elapsed() < age
        {
            return Ok(metadata.clone());
        }
        let issuer = self.options.issuer.clone();
        let wrong = |what: String| {
            Error::Unavailable(format!(
                "the identity provider {} cannot be used: {what}",
                self.options.issuer
            ))
        };
        let url = IssuerUrl::new(issuer).map_err(|error| wrong(error.to_string()))?;
        let client = self.fetcher.client().map_err(&wrong)?;
        let fetched = CoreProviderMetadata::discover_async(url, &client).await;
        let metadata = Arc::new(fetched.map_err(|error| wrong(fetch::chain(&error)))?);
        *known = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }

    /// Checks a token that a client sent.
    ///
    /// Errors: `Unauthenticated` with what is wrong with it; `Unavailable` when the provider does not answer.
    pub(crate) async fn verify_bearer(&self, text: &str) -> Result<Claims, Error> {
        let key = digest(text);
        if let Some(claims) = self.remembered(&key) {
            return Ok(claims);
        }
        let token: SignedToken = text.parse().map_err(|error| {
            Error::Unauthenticated(format!("the token is no JWT that is understood: {error}"))
        })?;
        let verified = match self.verify(&token, &*self.metadata(FRESH).await?) {
            Err(error) if is_about_keys(&error) => {
                self.verify(&token, &*self.metadata(self.options.again).await?)
            }
            other => other,
        };
        let claims = verified.map_err(|error| {
            Error::Unauthenticated(format!("the token is not accepted: {}", fetch::chain(&error)))
        })?;
        self.remember(key, &claims);
        Ok(claims)
    }

    fn verify(
        &self,
        token: &SignedToken,
        metadata: &CoreProviderMetadata,
    ) -> Result<Claims, ClaimsVerificationError> {
        let options = &self.options;
        let types = ["JWT", "at+jwt", "jose"].map(|name| JsonWebTokenType::new(name.to_owned()));
        let types = types.into_iter().filter_map(|name| name.normalize().ok());
        let verifier = IdTokenVerifier::new_public_client(
            ClientId::new(options.client_id.clone()),
            metadata.issuer().clone(),
            metadata.jwks().clone(),
        )
        .set_allowed_algs(accepted_algorithms())
        .set_allowed_jose_types(types.collect::<Vec<NormalizedJsonWebTokenType>>())
        .require_audience_match(false);
        let claims = token.claims(&verifier, |_: Option<&Nonce>| Ok(()))?;
        audience_of(claims, options)?;
        Claims::of(claims, options)
    }

    fn remembered(&self, key: &str) -> Option<Claims> {
        let checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, claims) = checked.get(key)?;
        let is_fresh = at.elapsed() < CHECKED_FOR && !claims.is_expired();
        is_fresh.then(|| claims.clone())
    }

    fn remember(&self, key: String, claims: &Claims) {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.len() >= CHECKED {
            checked.clear();
        }
        checked.insert(key, (Instant::now(), claims.clone()));
    }
}

fn is_about_keys(error: &ClaimsVerificationError) -> bool {
    let ClaimsVerificationError::SignatureVerification(error) = error else { return false };
    !matches!(
        error,
        SignatureVerificationError::DisallowedAlg(_) | SignatureVerificationError::UnsupportedAlg(_)
    )
}
