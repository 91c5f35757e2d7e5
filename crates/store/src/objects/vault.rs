//! Encrypts what must not be read from the database file: secrets, by a key that lies beside it.
//!
//! The key is made when it is first needed. Without it everything works but secrets.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::error::Error;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// First byte of everything sealed: how it was sealed.
const FORM: u8 = 1;

/// Seals and opens bytes.
pub(crate) struct Vault {
    file: PathBuf,
    cipher: OnceLock<XChaCha20Poly1305>,
}

impl Vault {
    /// Uses the key in this file, which need not exist yet.
    pub(crate) fn new(file: PathBuf) -> Self {
        Self { file, cipher: OnceLock::new() }
    }

    /// Encrypts; `place` says where it is kept and must be the same when it is opened.
    pub(crate) fn seal(&self, place: &str, clear: &[u8]) -> Result<Vec<u8>, Error> {
        let cipher = self.cipher(true)?;
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let sealed = cipher
            .encrypt(&nonce, Payload { msg: clear, aad: place.as_bytes() })
            .map_err(|_| Error::internal("a secret cannot be encrypted"))?;
        Ok([&[FORM], nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Self::seal`] made for the same place.
    pub(crate) fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let cipher = self.cipher(false)?;
        let parts = sealed.split_first().filter(|(form, rest)| **form == FORM && rest.len() > NONCE_BYTES);
        let (nonce, body) = parts
            .map(|(_, rest)| rest.split_at(NONCE_BYTES))
            .ok_or_else(|| Error::internal("a secret is kept in a form that this program does not know"))?;
        cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: body, aad: place.as_bytes() }).map_err(|_| {
            Error::internal(format!(
                "a secret cannot be decrypted by the key in {}: put back the key that it was made with, or \
                 create the secret anew",
                self.file.display()
            ))
        })
    }

    fn cipher(&self, may_make: bool) -> Result<&XChaCha20Poly1305, Error> {
        if let Some(cipher) = self.cipher.get() {
            return Ok(cipher);
        }
        let key = match fs::read(&self.file) {
            Ok(key) => key,
            Err(error) if error.kind() == ErrorKind::NotFound && may_make => make(&self.file)
                .map_err(|error| Error::io(format!("cannot make the key {}", self.file.display()), error))?,
            Err(error) => {
                return Err(Error::io(format!("cannot read the key {}", self.file.display()), error));
            }
        };
        let cipher = XChaCha20Poly1305::new_from_slice(&key).map_err(|_| {
            Error::internal(format!("{} is no key: it does not have {KEY_BYTES} bytes", self.file.display()))
        })?;
        Ok(self.cipher.get_or_init(|| cipher))
    }
}

/// Makes the key, whole or not at all; of two that do so at once, one wins.
fn make(file: &Path) -> std::io::Result<Vec<u8>> {
    let key = XChaCha20Poly1305::generate_key(&mut OsRng);
    let draft = file.with_extension(format!("new.{}", std::process::id()));
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let kept = new.write_all(&key).and_then(|()| new.sync_all()).and_then(|()| fs::hard_link(&draft, file));
    fs::remove_file(&draft)?;
    match kept {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    if let Some(folder) = file.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    fs::read(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let vault = Vault::new(file.clone());
        assert!(vault.open("a", b"x").is_err(), "there is no key to open with");
        assert!(!file.exists(), "opening makes no key");
        let sealed = vault.seal("a", b"pass").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!sealed.windows(4).any(|part| part == b"pass"));
        assert_ne!(sealed, vault.seal("a", b"pass").unwrap());
        let again = Vault::new(file.clone());
        assert_eq!(again.open("a", &sealed).unwrap(), b"pass");
        let mut bent = sealed.clone();
        *bent.last_mut().unwrap() ^= 1;
        for (place, sealed) in
            [("b", &sealed[..]), ("a", &bent), ("a", b""), ("a", &[1, 2, 3]), ("a", &[9; 60])]
        {
            assert!(again.open(place, sealed).is_err(), "{place} {sealed:?}");
        }
        fs::write(&file, b"short").unwrap();
        assert!(Vault::new(file).seal("a", b"pass").is_err());
    }
}
