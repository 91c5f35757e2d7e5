//! Passwords and tokens: how they are made, and what of them is kept.
//!
//! Passwords are kept as Argon2id with a salt of their own, because people choose them. Tokens and sessions are
//! 256 random bits, so their SHA-256 tells nothing and is quick to look up.

use std::fmt;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What tokens begin with, so that people and scanners know one when they see it.
pub const TOKEN_PREFIX: &str = "pwt_";

/// The shortest password that is accepted.
pub const SHORTEST_PASSWORD: usize = 8;

/// A text that never shows in logs and messages.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

/// Returns a new random token.
///
/// Errors: the operating system has no randomness to give.
pub fn new_token() -> Result<Secret, getrandom::Error> {
    Ok(Secret(format!("{TOKEN_PREFIX}{}", random_text()?)))
}

/// Returns 256 random bits as text that fits into cookies and URLs.
pub fn random_text() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns what is kept of a token.
pub fn digest(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Returns what is kept of a password. Takes tens of milliseconds of CPU on purpose.
///
/// Errors: a message, when the password is too short or there is no randomness.
pub fn hash_password(password: &str) -> Result<String, String> {
    if password.chars().count() < SHORTEST_PASSWORD {
        return Err(format!("a password has at least {SHORTEST_PASSWORD} characters"));
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| format!("cannot hash the password: {error}"))
}

/// Returns whether the password is the one that the hash was made of. As slow as making it.
pub fn is_password(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_told_apart_by_their_hashes() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$") && !hash.contains("correct"), "{hash}");
        assert_ne!(hash, hash_password("correct horse").unwrap());
        for (password, hash, same) in [
            ("correct horse", hash.as_str(), true),
            ("correct horsf", hash.as_str(), false),
            ("", hash.as_str(), false),
            ("correct horse", "correct horse", false),
            ("", "", false),
        ] {
            assert_eq!(is_password(password, hash), same, "{password}");
        }
        assert!(hash_password("short").unwrap_err().contains("at least 8"));
    }

    #[test]
    fn tokens_differ_and_do_not_show() {
        let (one, other) = (new_token().unwrap(), new_token().unwrap());
        assert_ne!(one, other);
        assert!(one.0.starts_with(TOKEN_PREFIX) && one.0.len() == TOKEN_PREFIX.len() + 43);
        assert_eq!(format!("{one:?}"), "***");
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest("abc"), abc);
    }
}
