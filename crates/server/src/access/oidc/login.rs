//! The login of a browser: away to the provider, and back with a code.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse,
};

use super::claims::Others;
use super::{Claims, FRESH, Provider, audience_of, fetch, is_about_keys};
use crate::access::secret::digest;
use crate::error::Error;

/// How long somebody may take at the provider.
pub(in crate::access) const LOGIN_TIME: Duration = Duration::from_secs(600);
/// Logins that may be under way.
const UNDER_WAY: usize = 1024;

type Fields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type ProviderClient = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A login that has begun; found again by the hash of its state.
pub(in crate::access) struct Pending {
    begun: Instant,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    callback: String,
    /// Where the browser goes in the end.
    pub(in crate::access) return_to: String,
}

/// Where to send the browser, and what it must bring back.
pub(in crate::access) struct Departure {
    pub(in crate::access) url: String,
    pub(in crate::access) state: String,
}

impl Provider {
    /// Begins a login. `callback` is where the provider sends the browser back to.
    pub(in crate::access) async fn begin(
        &self,
        callback: String,
        return_to: String,
    ) -> Result<Departure, Error> {
        let client = self.oidc_client(&*self.metadata(FRESH).await?, &callback)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        for scope in &self.options.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|_, login| login.begun.elapsed() < LOGIN_TIME);
        if pending.len() >= UNDER_WAY {
            return Err(Error::TooMany("too many logins are under way; try again in a minute".to_owned()));
        }
        let login = Pending { begun: Instant::now(), nonce, verifier, callback, return_to };
        pending.insert(digest(state.secret()), login);
        Ok(Departure { url: url.to_string(), state: state.secret().clone() })
    }

    /// Takes a login that has begun, once.
    pub(in crate::access) fn take(&self, state: &str) -> Option<Pending> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.remove(&digest(state)).filter(|login| login.begun.elapsed() < LOGIN_TIME)
    }

    /// Exchanges the code for what the provider says of the user.
    pub(in crate::access) async fn finish(&self, login: Pending, code: String) -> Result<Claims, Error> {
        let refused = |what: String| Error::Unauthenticated(format!("the login did not succeed: {what}"));
        let client = self.oidc_client(&*self.metadata(FRESH).await?, &login.callback)?;
        let http = self.fetcher.client().map_err(&refused)?;
        let exchange = client.exchange_code(AuthorizationCode::new(code));
        let exchange = exchange.map_err(|error| refused(error.to_string()))?;
        let answer = exchange.set_pkce_verifier(login.verifier).request_async(&http).await;
        let answer = answer.map_err(|error| refused(fetch::chain(&error)))?;
        let token = answer.id_token().ok_or_else(|| refused("the provider gave no ID token".to_owned()))?;
        let mut verified = token.claims(&client.id_token_verifier(), &login.nonce);
        let renewed;
        if verified.as_ref().is_err_and(is_about_keys) {
            renewed = self.oidc_client(&*self.metadata(self.options.again).await?, &login.callback)?;
            verified = token.claims(&renewed.id_token_verifier(), &login.nonce);
        }
        let claims = verified.map_err(|error| refused(fetch::chain(&error)))?;
        audience_of(claims, &self.options)
            .and_then(|()| Claims::of(claims, &self.options))
            .map_err(|error| refused(error.to_string()))
    }

    fn oidc_client(&self, metadata: &CoreProviderMetadata, callback: &str) -> Result<ProviderClient, Error> {
        let redirect = RedirectUrl::new(callback.to_owned())
            .map_err(|error| Error::internal("cannot name the way back from the provider", error))?;
        let secret = self.options.client_secret.as_ref().map(|secret| ClientSecret::new(secret.0.clone()));
        let id = ClientId::new(self.options.client_id.clone());
        Ok(Client::from_provider_metadata(metadata.clone(), id, secret).set_redirect_uri(redirect))
    }
}
