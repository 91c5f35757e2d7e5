//! Pulls images from registries over HTTP, layer by layer, each checked against its digest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll};
use std::time::Duration;

use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWrite;

use crate::credentials::Credentials;
use crate::error::Error;
use crate::manifest::{Config, Descriptor, Index, Manifest};
use crate::reference::{Reference, is_digest};
use crate::source::{Blob, Found};
use crate::store::{Image, Store};

const ACCEPTED: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
/// A registry that says nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(15);
/// How often an interrupted layer is asked for.
const TRIES: u32 = 3;

/// How far a pull is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// There are so many layers.
    Layers { count: usize },
    /// So many bytes of the layer have come; layers count from 1.
    Bytes { layer: usize, bytes: u64 },
    /// All of it is here, and is being unpacked.
    Unpacking,
}

/// Pulls an image and unpacks it; one that is here already is only asked for its digest.
pub async fn pull(
    store: &Store,
    name: &str,
    credentials: &Credentials,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Image, Error> {
    let reference = Reference::parse(name)?;
    let puller = Puller::new(&reference, credentials)?;
    let (digest, manifest) = puller.manifest().await?;
    let known = store.find(&digest_name(&reference, &digest))?;
    let folder = store.folder().to_owned();
    let scratch = blocking({
        let store = store.clone();
        move || {
            drop(store.lock()?);
            tempfile::Builder::new()
                .prefix(".pull")
                .tempdir_in(&folder)
                .map_err(Error::io("write to", folder))
        }
    })
    .await?;
    let mut found = Found { names: Vec::new(), digest, config: Config::default(), layers: Vec::new() };
    if known.is_none() {
        let file = puller.blob(&manifest.config.digest, scratch.path(), &|_| {}).await?;
        let text = fs::read(&file).map_err(Error::io("read", &file))?;
        found.config = puller.parse(&text)?;
        progress(Progress::Layers { count: manifest.layers.len() });
        for (number, layer) in manifest.layers.iter().enumerate() {
            let told = |bytes| progress(Progress::Bytes { layer: number + 1, bytes });
            let path = puller.blob(&layer.digest, scratch.path(), &told).await?;
            found.layers.push(Blob { path, digest: Some(layer.digest.clone()) });
        }
        progress(Progress::Unpacking);
    }
    let store = store.clone();
    let names = vec![reference];
    let taken = blocking(move || {
        let _lock = store.lock()?;
        let taken = store.take(found, &names);
        drop(scratch);
        taken
    })
    .await?;
    taken.into_iter().next().map(|(_, image)| image).ok_or_else(|| Error::NotFound { name: name.to_owned() })
}

fn digest_name(reference: &Reference, digest: &str) -> String {
    format!("{}/{}@{digest}", reference.registry, reference.repository)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::io("unpack", PathBuf::from("image"))(io::Error::other(error))),
    }
}

struct Puller {
    client: oci_client::Client,
    image: oci_client::Reference,
    auth: RegistryAuth,
    reference: Reference,
}

impl Puller {
    fn new(reference: &Reference, credentials: &Credentials) -> Result<Self, Error> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Somebody else may have chosen the same before.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let name = reference.to_string();
        let image = name.parse().map_err(|_| Error::Name { name, why: "registries do not take it" })?;
        let auth = match credentials.find(&reference.registry) {
            Some((name, password)) => RegistryAuth::Basic(name, password),
            None => RegistryAuth::Anonymous,
        };
        let config = ClientConfig {
            protocol: if is_loopback(&reference.registry) {
                ClientProtocol::Http
            } else {
                ClientProtocol::Https
            },
            read_timeout: Some(SILENCE),
            connect_timeout: Some(CONNECT),
            user_agent: concat!("pipewright/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = oci_client::Client::try_from(config)
            .map_err(|error| unreachable_registry(reference, &error.to_string()))?;
        Ok(Self { client, image, auth, reference: reference.clone() })
    }

    /// Fetches the manifest for this machine, through an index if need be.
    async fn manifest(&self) -> Result<(String, Manifest), Error> {
        let (text, digest) = self.document(&self.image, self.reference.digest.as_deref()).await?;
        let index: Index = self.parse(&text)?;
        if index.manifests.is_empty() {
            return Ok((digest, self.parse(&text)?));
        }
        let is_ours = |entry: &&Descriptor| entry.fits() && !entry.is_index() && is_digest(&entry.digest);
        let entry = index.manifests.iter().find(is_ours).ok_or_else(|| {
            self.refused(format!("it is not made for linux/{}", crate::manifest::architecture()))
        })?;
        let image = self.image.clone_with_digest(entry.digest.clone());
        let (text, digest) = self.document(&image, Some(&entry.digest)).await?;
        Ok((digest, self.parse(&text)?))
    }

    async fn document(
        &self,
        image: &oci_client::Reference,
        wanted: Option<&str>,
    ) -> Result<(Vec<u8>, String), Error> {
        let pulled = self.client.pull_manifest_raw(image, &self.auth, &ACCEPTED).await;
        let (text, _) = pulled.map_err(|error| self.explain(error))?;
        let found = format!("sha256:{}", hex::encode(Sha256::digest(&text)));
        match wanted {
            Some(wanted) if wanted != found => Err(Error::Digest {
                what: format!("the manifest of {}", self.reference),
                found,
                wanted: wanted.to_owned(),
            }),
            _ => Ok((text.to_vec(), found)),
        }
    }

    /// Fetches a blob into a file; what is there already is not fetched again.
    async fn blob(
        &self,
        digest: &str,
        folder: &Path,
        told: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<PathBuf, Error> {
        if !is_digest(digest) {
            return Err(self.refused(format!("`{digest}` is no digest")));
        }
        let path = folder.join(digest.replace(':', "-"));
        if path.exists() {
            return Ok(path);
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let file = tokio::fs::File::create(&path).await.map_err(Error::io("create", &path))?;
            let counting = Counting { file, bytes: 0, told };
            match self.client.pull_blob(&self.image, digest, counting).await {
                Ok(()) => return Ok(path),
                Err(OciDistributionError::RequestError(_)) if tries < TRIES => {}
                Err(error) => return Err(self.explain(error)),
            }
        }
    }

    fn parse<T: DeserializeOwned>(&self, text: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(text)
            .map_err(|error| self.refused(format!("a document is not understood: {error}")))
    }

    fn refused(&self, why: String) -> Error {
        Error::Refused { registry: self.reference.registry.clone(), image: self.reference.to_string(), why }
    }

    fn explain(&self, error: OciDistributionError) -> Error {
        match error {
            OciDistributionError::RequestError(error) => {
                let mut why = error.to_string();
                let mut source = std::error::Error::source(&error);
                while let Some(inner) = source {
                    why = format!("{why}: {inner}");
                    source = inner.source();
                }
                unreachable_registry(&self.reference, &why)
            }
            OciDistributionError::DigestError(error) => {
                Error::Layer { layer: self.reference.to_string(), why: error.to_string() }
            }
            OciDistributionError::IoError(error) => Error::io("write", PathBuf::from("a layer"))(error),
            OciDistributionError::UnauthorizedError { .. } => self.refused("not authorized".to_owned()),
            OciDistributionError::ImageManifestNotFoundError(_) => {
                self.refused("there is no such image".to_owned())
            }
            other => self.refused(other.to_string()),
        }
    }
}

fn unreachable_registry(reference: &Reference, why: &str) -> Error {
    Error::Unreachable {
        registry: reference.registry.clone(),
        image: reference.to_string(),
        why: why.to_owned(),
    }
}

/// Registries of this machine speak plain HTTP, as Docker takes it.
fn is_loopback(registry: &str) -> bool {
    let host = registry.rsplit_once(':').map_or(registry, |(host, _)| host);
    host == "localhost" || host.starts_with("127.") || host == "[::1]"
}

/// Counts what is written.
struct Counting<'a> {
    file: tokio::fs::File,
    bytes: u64,
    told: &'a (dyn Fn(u64) + Send + Sync),
}

impl AsyncWrite for Counting<'_> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.file).poll_write(cx, buffer);
        if let Poll::Ready(Ok(written)) = &polled {
            self.bytes += *written as u64;
            (self.told)(self.bytes);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.file).poll_shutdown(cx)
    }
}
