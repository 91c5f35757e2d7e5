//! What a signed token says of somebody, and which of it counts.

use std::collections::BTreeMap;

use openidconnect::core::{
    CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm as Algorithm,
};
use openidconnect::{AdditionalClaims, ClaimsVerificationError, IdToken, IdTokenClaims};
use pipewright_store::engine::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::OidcOptions;

/// Claims that the standard does not name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Others {
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl AdditionalClaims for Others {}

pub(super) type SignedClaims = IdTokenClaims<Others, CoreGenderClaim>;
pub(super) type SignedToken = IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, Algorithm>;

/// Algorithms with a key that only the provider has. Shared secrets and `none` are not among them.
pub(super) fn accepted_algorithms() -> [Algorithm; 9] {
    [
        Algorithm::RsaSsaPkcs1V15Sha256,
        Algorithm::RsaSsaPkcs1V15Sha384,
        Algorithm::RsaSsaPkcs1V15Sha512,
        Algorithm::RsaSsaPssSha256,
        Algorithm::RsaSsaPssSha384,
        Algorithm::RsaSsaPssSha512,
        Algorithm::EcdsaP256Sha256,
        Algorithm::EcdsaP384Sha384,
        Algorithm::EdDsa,
    ]
}

/// What counts of a token that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) user: String,
    pub(crate) groups: Vec<String>,
    pub(crate) expires_at: Timestamp,
}

impl Claims {
    /// Reads who it is and until when.
    pub(super) fn of(claims: &SignedClaims, options: &OidcOptions) -> Result<Self, ClaimsVerificationError> {
        let other = |what: String| ClaimsVerificationError::Other(what);
        let rest = &claims.additional_claims().rest;
        let now = jiff::Timestamp::now();
        if let Some(begin) = rest.get("nbf").and_then(Value::as_i64)
            && begin > now.as_second()
        {
            return Err(other("its time has not come (nbf)".to_owned()));
        }
        let name = options.user_claim.as_str();
        let user = match name {
            "sub" => Some(claims.subject().to_string()),
            "preferred_username" => claims.preferred_username().map(|name| name.to_string()),
            "email" if claims.email_verified() == Some(false) => {
                return Err(other("its e-mail address is not verified".to_owned()));
            }
            "email" => claims.email().map(|email| email.to_string()),
            other => rest.get(other).and_then(Value::as_str).map(str::to_owned),
        };
        let user = user.filter(|user| !user.trim().is_empty());
        let user = user.ok_or_else(|| other(format!("it has no claim `{name}` to name the user by")))?;
        let groups = match rest.get(&options.groups_claim) {
            Some(Value::Array(groups)) => {
                groups.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(Value::String(group)) => vec![group.clone()],
            _ => Vec::new(),
        };
        Ok(Self { user, groups, expires_at: Timestamp(claims.expiration().timestamp_micros()) })
    }

    pub(super) fn is_expired(&self) -> bool {
        self.expires_at.0 <= jiff::Timestamp::now().as_microsecond()
    }
}

/// Checks that a token is meant for this server.
pub(super) fn audience_of(
    claims: &SignedClaims,
    options: &OidcOptions,
) -> Result<(), ClaimsVerificationError> {
    let is_own = |name: &str| name == options.client_id || options.audiences.iter().any(|it| it == name);
    let names: Vec<&str> = claims.audiences().iter().map(|audience| audience.as_str()).collect();
    if names.iter().any(|name| is_own(name)) {
        return Ok(());
    }
    let found = names.join(", ");
    Err(ClaimsVerificationError::InvalidAudience(format!("it is for `{found}`, not for this server")))
}
