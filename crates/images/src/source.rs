//! Finds images in what a user has: an OCI layout, or an archive of `docker save`, `podman save` or `skopeo`.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::layer::{Hashing, plain};
use crate::manifest::{Config, Descriptor, Index, Manifest, Saved};
use crate::reference::{Reference, is_digest};

/// Longest document that is read.
const LIMIT: u64 = 16 << 20;

/// One image, ready to be unpacked.
#[derive(Debug)]
pub(crate) struct Found {
    /// Names that it has where it was found.
    pub(crate) names: Vec<Reference>,
    /// Of its manifest; of its configuration where there is none.
    pub(crate) digest: String,
    pub(crate) config: Config,
    /// Lowest first.
    pub(crate) layers: Vec<Blob>,
}

/// A file with the digest that it must have.
#[derive(Debug)]
pub(crate) struct Blob {
    pub(crate) path: PathBuf,
    pub(crate) digest: Option<String>,
}

/// Unpacks the files of an archive into a folder; folders of layouts are used where they are.
pub(crate) fn open(path: &Path, scratch: &Path) -> Result<PathBuf, Error> {
    let facts = fs::metadata(path).map_err(Error::io("open", path))?;
    if facts.is_dir() {
        return Ok(path.to_owned());
    }
    let file = File::open(path).map_err(Error::io("open", path))?;
    let failed = |error: io::Error| Error::Invalid { path: path.to_owned(), why: error.to_string() };
    let mut archive = tar::Archive::new(plain(file).map_err(failed)?);
    for entry in archive.entries().map_err(failed)? {
        let mut entry = entry.map_err(failed)?;
        let inner = entry.path().map_err(failed)?.into_owned();
        let is_honest =
            inner.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let target = scratch.join(&inner);
        let kind = entry.header().entry_type();
        if !is_honest {
            continue;
        }
        if kind.is_file() {
            fs::create_dir_all(target.parent().unwrap_or(scratch)).map_err(Error::io("create", &target))?;
            let mut file = File::options()
                .write(true)
                .create_new(true)
                .open(&target)
                .map_err(Error::io("create", &target))?;
            io::copy(&mut entry, &mut file).map_err(failed)?;
        } else if kind.is_symlink() || kind.is_hard_link() {
            // Older archives of Docker share layers by links: `../<id>/layer.tar`.
            let link = entry.link_name().map_err(failed)?.map(|link| link.into_owned()).unwrap_or_default();
            let from =
                if kind.is_symlink() { inner.parent().unwrap_or(Path::new("")).join(link) } else { link };
            let from = scratch.join(flat(&from).ok_or_else(|| Error::Invalid {
                path: path.to_owned(),
                why: format!("its entry {} leads out of it", inner.display()),
            })?);
            fs::create_dir_all(target.parent().unwrap_or(scratch)).map_err(Error::io("create", &target))?;
            fs::hard_link(&from, &target).map_err(Error::io("link", &target))?;
        }
    }
    Ok(scratch.to_owned())
}

/// Takes `..` out of a path; `None` when it leads out.
fn flat(path: &Path) -> Option<PathBuf> {
    let mut found = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => found.push(name),
            Component::CurDir => {}
            Component::ParentDir if found.pop() => {}
            _ => return None,
        }
    }
    Some(found)
}

/// Lists the images of an opened folder that this machine can run. `shown` is what the user named.
pub(crate) fn images(folder: &Path, shown: &Path) -> Result<Vec<Found>, Error> {
    let source = Source { folder, shown };
    let found = if folder.join("index.json").is_file() && folder.join("blobs").is_dir() {
        source.layout()?
    } else if folder.join("manifest.json").is_file() {
        source.saved()?
    } else {
        return Err(source
            .invalid("it is neither an OCI layout (index.json, blobs/) nor an archive of `docker save`"));
    };
    if found.is_empty() {
        let why = format!("none of its images is for linux/{}", crate::manifest::architecture());
        return Err(source.invalid(&why));
    }
    Ok(found)
}

struct Source<'a> {
    folder: &'a Path,
    shown: &'a Path,
}

impl Source<'_> {
    fn invalid(&self, why: &str) -> Error {
        Error::Invalid { path: self.shown.to_owned(), why: why.to_owned() }
    }

    fn read<T: DeserializeOwned>(&self, path: &Path) -> Result<T, Error> {
        let bytes = read_small(path)?;
        serde_json::from_slice(&bytes).map_err(|error| self.invalid(&format!("{}: {error}", path.display())))
    }

    fn blob(&self, digest: &str) -> Result<PathBuf, Error> {
        if !is_digest(digest) {
            return Err(self.invalid(&format!("`{digest}` is no digest")));
        }
        Ok(self.folder.join("blobs").join(digest.replacen(':', "/", 1)))
    }

    /// Reads a document that must have a digest.
    fn document<T: DeserializeOwned>(&self, digest: &str) -> Result<T, Error> {
        let path = self.blob(digest)?;
        verify(&path, digest)?;
        self.read(&path)
    }

    fn layout(&self) -> Result<Vec<Found>, Error> {
        let index: Index = self.read(&self.folder.join("index.json"))?;
        let mut found: Vec<Found> = Vec::new();
        for entry in &index.manifests {
            let names: Vec<Reference> = names_of(entry);
            let Some(digest) = self.manifest_of(entry)? else { continue };
            if let Some(known) = found.iter_mut().find(|known| known.digest == digest) {
                known.names.extend(names);
                continue;
            }
            let manifest: Manifest = self.document(&digest)?;
            let config: Config = self.document(&manifest.config.digest)?;
            let layer = |layer: &Descriptor| {
                Ok(Blob { path: self.blob(&layer.digest)?, digest: Some(layer.digest.clone()) })
            };
            let layers = manifest.layers.iter().map(layer).collect::<Result<_, Error>>()?;
            found.push(Found { names, digest, config, layers });
        }
        Ok(found)
    }

    /// Follows indexes to the manifest for this machine.
    fn manifest_of(&self, entry: &Descriptor) -> Result<Option<String>, Error> {
        if !entry.fits() {
            return Ok(None);
        }
        if !entry.is_index() {
            return Ok(Some(entry.digest.clone()));
        }
        let inner: Index = self.document(&entry.digest)?;
        // Attestations have a platform that nobody has.
        Ok(inner
            .manifests
            .iter()
            .find(|inner| inner.fits() && !inner.is_index())
            .map(|inner| inner.digest.clone()))
    }

    fn saved(&self) -> Result<Vec<Found>, Error> {
        let entries: Vec<Saved> = self.read(&self.folder.join("manifest.json"))?;
        let place = |name: &str| {
            flat(Path::new(name))
                .map(|path| self.folder.join(path))
                .ok_or_else(|| self.invalid(&format!("its entry {name} leads out of it")))
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = place(&entry.config)?;
            let bytes = read_small(&path)?;
            let digest = digest_of(&path)?;
            let config: Config = serde_json::from_slice(&bytes)
                .map_err(|error| self.invalid(&format!("{}: {error}", entry.config)))?;
            let is_ours =
                config.architecture.is_empty() || config.architecture == crate::manifest::architecture();
            if !is_ours || !(config.os.is_empty() || config.os == "linux") {
                continue;
            }
            let names = entry.repo_tags.unwrap_or_default();
            let names = names.iter().filter_map(|name| Reference::parse(name).ok()).collect();
            let layer = |name: &String| Ok(Blob { path: place(name)?, digest: None });
            let layers = entry.layers.iter().map(layer).collect::<Result<_, Error>>()?;
            found.push(Found { names, digest, config, layers });
        }
        Ok(found)
    }
}

/// Reads the names that a layout gives an image; a bare tag is none.
fn names_of(entry: &Descriptor) -> Vec<Reference> {
    let named = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];
    let texts = named.iter().filter_map(|key| entry.annotations.get(*key));
    let whole = texts.filter(|text| text.contains([':', '/']));
    let mut names: Vec<Reference> = whole.filter_map(|text| Reference::parse(text).ok()).collect();
    names.dedup();
    names
}

fn read_small(path: &Path) -> Result<Vec<u8>, Error> {
    use std::io::Read;
    let file = File::open(path).map_err(Error::io("open", path))?;
    let mut bytes = Vec::new();
    file.take(LIMIT).read_to_end(&mut bytes).map_err(Error::io("read", path))?;
    Ok(bytes)
}

/// Returns the digest of a file.
pub(crate) fn digest_of(path: &Path) -> Result<String, Error> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    Hashing::new(io::BufReader::with_capacity(1 << 18, file)).finish().map_err(Error::io("read", path))
}

/// Fails unless a file has this digest.
pub(crate) fn verify(path: &Path, wanted: &str) -> Result<(), Error> {
    let found = digest_of(path)?;
    if found == wanted {
        return Ok(());
    }
    Err(Error::Digest { what: path.display().to_string(), found, wanted: wanted.to_owned() })
}
