//! Images of a home folder: unpacked once, found by name and digest, removed with the last name.
//!
//! `names.json` maps whole names to digests; a folder for each digest holds `image.json` and `root/`. A folder
//! comes into being by a rename, so one that exists is complete. Writers hold a lock.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::retry_on_intr;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::layer;
use crate::reference::{Reference, is_digest};
use crate::source::{self, Blob, Found};

/// An image that is here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Of its manifest, or of its configuration where it came without one.
    pub digest: String,
    #[serde(default)]
    pub user: String,
    #[serde(default)]
    pub env: Vec<(String, String)>,
    #[serde(default)]
    pub entrypoint: Vec<String>,
    #[serde(default)]
    pub cmd: Vec<String>,
    #[serde(default)]
    pub working_directory: Option<PathBuf>,
    pub bytes: u64,
    /// Seconds since 1970
    pub imported_at: u64,
}

/// An image and the folder of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    pub image: Image,
    pub root: PathBuf,
}

/// The images of one folder.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

type Names = BTreeMap<String, String>;

impl Store {
    /// Names a store; nothing is made before something is imported.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Looks an image up by name. A name with a digest fits whatever the image is called.
    pub fn find(&self, name: &str) -> Result<Option<Unpacked>, Error> {
        let reference = Reference::parse(name)?;
        // The digest of an index is that of another document than the image's own.
        let named = self.names()?.get(&reference.to_string()).cloned();
        named.or(reference.digest).map_or(Ok(None), |digest| self.open(&digest))
    }

    /// Lists names with their images.
    pub fn list(&self) -> Result<Vec<(String, Image)>, Error> {
        let mut found = Vec::new();
        for (name, digest) in self.names()? {
            found.extend(self.open(&digest)?.map(|unpacked| (name, unpacked.image)));
        }
        Ok(found)
    }

    /// Imports all images of a layout or an archive, or the only one by another name.
    pub fn import(&self, path: &Path, name: Option<&str>) -> Result<Vec<(String, Image)>, Error> {
        let name = name.map(Reference::parse).transpose()?;
        let lock = self.lock()?;
        let scratch = tempfile::tempdir_in(&self.folder).map_err(Error::io("write to", &self.folder))?;
        let opened = source::open(path, scratch.path())?;
        let found = source::images(&opened, path)?;
        if found.len() > 1 && name.is_some() {
            let why = format!("it holds {} images, which cannot all have one name", found.len());
            return Err(Error::Invalid { path: path.to_owned(), why });
        }
        let mut imported = Vec::new();
        for image in found {
            let names = match &name {
                Some(name) => vec![name.clone()],
                None if image.names.is_empty() => {
                    let why = "it does not say the image's name; give one".to_owned();
                    return Err(Error::Invalid { path: path.to_owned(), why });
                }
                None => image.names.clone(),
            };
            imported.extend(self.take(image, &names)?);
        }
        drop(lock);
        Ok(imported)
    }

    /// Removes a name, and the image with its last one. Tasks that run from it keep what they see.
    pub fn remove(&self, name: &str) -> Result<Image, Error> {
        let reference = Reference::parse(name)?;
        let _lock = self.lock()?;
        let mut names = self.names()?;
        let missing = || Error::NotFound { name: name.to_owned() };
        let digest = match &reference.digest {
            Some(digest) => {
                let digest = names.get(&reference.to_string()).unwrap_or(digest).clone();
                names.retain(|_, of| *of != digest);
                digest
            }
            None => names.remove(&reference.to_string()).ok_or_else(missing)?,
        };
        let image = self.open(&digest)?.ok_or_else(missing)?.image;
        self.write_names(&names)?;
        if !names.values().any(|of| *of == digest) {
            self.discard(&self.folder_of(&digest))?;
        }
        Ok(image)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Unpacks an image unless it is here, and gives it names.
    pub(crate) fn take(&self, found: Found, names: &[Reference]) -> Result<Vec<(String, Image)>, Error> {
        let digest = found.digest.clone();
        let image = match self.open(&digest)? {
            Some(unpacked) => unpacked.image,
            None => self.unpack(found)?,
        };
        let mut all = self.names()?;
        let mut replaced = Vec::new();
        for name in names {
            replaced.extend(all.insert(name.to_string(), digest.clone()).filter(|old| *old != digest));
        }
        self.write_names(&all)?;
        for old in replaced.into_iter().filter(|old| !all.values().any(|digest| digest == old)) {
            self.discard(&self.folder_of(&old))?;
        }
        Ok(names.iter().map(|name| (name.to_string(), image.clone())).collect())
    }

    /// Keeps others from writing. Makes the folder, which is for its owner alone: programs in it may be setuid.
    pub(crate) fn lock(&self) -> Result<File, Error> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(Error::io("create", &self.folder))?;
        let path = self.folder.join("lock");
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::io("open", &path))?;
        retry_on_intr(|| flock(&file, FlockOperation::LockExclusive))
            .map_err(|error| Error::io("lock", &path)(error.into()))?;
        Ok(file)
    }

    fn unpack(&self, found: Found) -> Result<Image, Error> {
        let draft = tempfile::Builder::new()
            .prefix(".draft")
            .tempdir_in(&self.folder)
            .map_err(Error::io("write to", &self.folder))?;
        let root = draft.path().join("root");
        fs::DirBuilder::new().mode(0o755).create(&root).map_err(Error::io("create", &root))?;
        let promised = &found.config.rootfs.diff_ids;
        for (number, blob) in found.layers.iter().enumerate() {
            let plain = unpack_layer(blob, &root)?;
            if let Some(wanted) = promised.get(number).filter(|wanted| **wanted != plain) {
                let what = format!("layer {}", number + 1);
                return Err(Error::Digest { what, found: plain, wanted: wanted.clone() });
            }
        }
        let settings = found.config.config.unwrap_or_default();
        let pair =
            |text: &String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let image = Image {
            digest: found.digest,
            user: settings.user.unwrap_or_default(),
            env: settings.env.unwrap_or_default().iter().filter_map(pair).collect(),
            entrypoint: settings.entrypoint.unwrap_or_default(),
            cmd: settings.cmd.unwrap_or_default(),
            working_directory: settings.working_dir.filter(|path| path.starts_with('/')).map(PathBuf::from),
            bytes: bytes_of(&root),
            imported_at: now(),
        };
        let file = draft.path().join("image.json");
        let text = serde_json::to_vec_pretty(&image).expect("an image is plain data");
        fs::write(&file, text).map_err(Error::io("write", &file))?;
        let target = self.folder_of(&image.digest);
        fs::rename(draft.keep(), &target).map_err(Error::io("create", &target))?;
        Ok(image)
    }

    fn open(&self, digest: &str) -> Result<Option<Unpacked>, Error> {
        let folder = self.folder_of(digest);
        let file = folder.join("image.json");
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", &file)(error)),
        };
        let image = serde_json::from_slice(&text)
            .map_err(|error| Error::Invalid { path: file, why: error.to_string() })?;
        Ok(Some(Unpacked { image, root: folder.join("root") }))
    }

    fn folder_of(&self, digest: &str) -> PathBuf {
        // Whatever is no digest names nothing.
        let name = if is_digest(digest) { digest.trim_start_matches("sha256:") } else { "none" };
        self.folder.join(name)
    }

    fn names(&self) -> Result<Names, Error> {
        let path = self.folder.join("names.json");
        match fs::read(&path) {
            Ok(text) => {
                serde_json::from_slice(&text).map_err(|error| Error::Invalid { path, why: error.to_string() })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Names::new()),
            Err(error) => Err(Error::io("read", path)(error)),
        }
    }

    fn write_names(&self, names: &Names) -> Result<(), Error> {
        let path = self.folder.join("names.json");
        let draft = self.folder.join(".names.json");
        let text = serde_json::to_vec_pretty(names).expect("names are plain data");
        fs::write(&draft, text).map_err(Error::io("write", &draft))?;
        fs::rename(&draft, &path).map_err(Error::io("write", &path))
    }

    fn discard(&self, folder: &Path) -> Result<(), Error> {
        // Out of sight first, so that nobody finds half of it.
        let gone = tempfile::Builder::new()
            .prefix(".gone")
            .tempdir_in(&self.folder)
            .map_err(Error::io("write to", &self.folder))?;
        let place = gone.path().join("image");
        match fs::rename(folder, &place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", folder)(error)),
            _ => Ok(()),
        }
    }
}

fn unpack_layer(blob: &Blob, root: &Path) -> Result<String, Error> {
    if let Some(digest) = &blob.digest {
        source::verify(&blob.path, digest)?;
    }
    let layer = || blob.digest.clone().unwrap_or_else(|| blob.path.display().to_string());
    let file = File::open(&blob.path).map_err(Error::io("open", &blob.path))?;
    layer::unpack(file, root).map_err(|error| Error::Layer { layer: layer(), why: error.to_string() })
}

fn bytes_of(folder: &Path) -> u64 {
    let mut bytes = 0;
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(facts) if facts.is_dir() => waiting.push(entry.path()),
                Ok(facts) => bytes += facts.blocks() * 512 / facts.nlink().max(1),
                Err(_) => {}
            }
        }
    }
    bytes
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
