//! TLS by a certificate and a key in files. When the files change, new connections get the new certificate; one
//! that cannot be used is told, and the one before goes on being used.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::error::Error;

/// How often the files are looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where certificate and key are, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's own certificate first, then those that vouch for it.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Makes what takes connections over to TLS.
pub(super) fn acceptor(files: TlsFiles) -> Result<TlsAcceptor, Error> {
    let provider = Arc::new(ring::default_provider());
    let resolver = Resolver::new(files, provider.clone()).map_err(Error::Precondition)?;
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal("cannot use TLS", error))?;
    let mut config = config.with_no_client_auth().with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Gives each handshake the newest certificate.
struct Resolver {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: Mutex<Current>,
}

struct Current {
    key: Arc<CertifiedKey>,
    changed: Changed,
    looked_at: Instant,
}

type Changed = (Option<SystemTime>, Option<SystemTime>);

impl Resolver {
    fn new(files: TlsFiles, provider: Arc<CryptoProvider>) -> Result<Self, String> {
        let changed = changed(&files);
        let key = Arc::new(load(&files, &provider)?);
        let current = Mutex::new(Current { key, changed, looked_at: Instant::now() });
        Ok(Self { files, provider, current })
    }

    fn newest(&self) -> Arc<CertifiedKey> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked_at.elapsed() < LOOK_EVERY {
            return current.key.clone();
        }
        current.looked_at = Instant::now();
        let changed = changed(&self.files);
        if changed != current.changed {
            match load(&self.files, &self.provider) {
                Ok(key) => {
                    tracing::info!(certificate = %self.files.certificate.display(), "using a new certificate");
                    current.key = Arc::new(key);
                    current.changed = changed;
                }
                // Perhaps only one of the two files is new yet: they are looked at again.
                Err(message) => tracing::error!("{message}; the certificate before is used"),
            }
        }
        current.key.clone()
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Resolver").field("files", &self.files).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.newest())
    }
}

fn changed(files: &TlsFiles) -> Changed {
    let time = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    (time(&files.certificate), time(&files.key))
}

fn load(files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, String> {
    let cannot = |path: &Path, what: &dyn fmt::Display| format!("cannot use {}: {what}", path.display());
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| cannot(&files.certificate, &error))?;
    if certificates.is_empty() {
        return Err(cannot(&files.certificate, &"there is no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| cannot(&files.key, &error))?;
    CertifiedKey::from_der(certificates, key, provider).map_err(|error| cannot(&files.key, &error))
}
