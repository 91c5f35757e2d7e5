//! `images.toml`: what it says, and what it names. What is wrong with its text is found in `problems`.
//!
//! ```toml
//! [pip]                                       # for all images
//! constraints = ["lightgbm<4"]
//!
//! [[image]]
//! pattern = "registry.example.com/team/*"     # `*` stands for any text
//! python = "3.11"                             # without it: this machine's own programs
//! requirements = "train/requirements.txt"     # or a list
//! root = "train"                              # plays the image's root
//! entrypoint = ["python3", "/train.py"]
//! env = { MODE = "local" }
//! working_directory = "/"
//!
//! [[image]]
//! pattern = "team/tool:*"
//! image = "tool.tar"                          # an archive, an OCI layout, or the folder of a whole system
//! user = "1000"
//! executor = "process"                        # or "container"
//! ```
//!
//! Paths are relative to the file's own folder.

mod problems;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use pipewright_plan::{VolumeMount, VolumeSource};
use serde::Deserialize;
use toml::Spanned;

use super::images::Kind;
use super::pip::{Pip, requirement_lines};

/// What tells the root of a whole system, whose programs need its own libraries.
const WHOLE: [&str; 2] = ["bin/sh", "usr/bin/sh"];

/// What a file says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(default)]
    pip: PipTable,
    #[serde(default)]
    pub(super) image: Vec<Entry>,
    #[serde(default)]
    pub(super) pod_default: Vec<PodDefault>,
}

/// A secret that tasks with certain labels get besides what they ask for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PodDefault {
    /// All of them must be there.
    pub(super) labels: BTreeMap<String, String>,
    secret: Spanned<String>,
    /// Where its keys are seen as files.
    path: Spanned<String>,
    /// Nothing happens where the secret is missing.
    #[serde(default)]
    optional: bool,
}

impl PodDefault {
    pub(super) fn mount(&self) -> VolumeMount<String> {
        VolumeMount {
            path: self.path.get_ref().clone(),
            sub_path: None,
            read_only: true,
            source: VolumeSource::Secret {
                name: self.secret.get_ref().clone(),
                items: Vec::new(),
                mode: None,
                optional: self.optional,
            },
        }
    }
}

/// What stands for the images of one pattern.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pattern: Spanned<String>,
    python: Option<Spanned<String>>,
    requirements: Option<Spanned<Lines>>,
    root: Option<Spanned<PathBuf>>,
    image: Option<Spanned<PathBuf>>,
    pub(super) user: Option<String>,
    executor: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) entrypoint: Vec<String>,
    #[serde(default)]
    pub(super) cmd: Vec<String>,
    /// Folders that come first where programs are looked for.
    #[serde(default)]
    pub(super) path: Vec<PathBuf>,
    #[serde(default)]
    pub(super) env: BTreeMap<Spanned<String>, String>,
    working_directory: Option<Spanned<PathBuf>>,
    // The keys of a `[pip]` table. Not flattened, since that would lose the lines of mistakes.
    index_url: Option<String>,
    extra_index_url: Option<Texts>,
    find_links: Option<Texts>,
    trusted_host: Option<Texts>,
    no_index: Option<bool>,
    constraints: Option<Spanned<Lines>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PipTable {
    index_url: Option<String>,
    extra_index_url: Option<Texts>,
    find_links: Option<Texts>,
    trusted_host: Option<Texts>,
    no_index: Option<bool>,
    constraints: Option<Spanned<Lines>>,
}

/// One text or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
enum Texts {
    One(String),
    Many(Vec<String>),
}

/// Lines as `pip` reads them, here or in a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected the name of a file or a list of texts")]
enum Lines {
    File(PathBuf),
    Here(Vec<String>),
}

impl Texts {
    fn list(texts: Option<&Self>) -> Vec<String> {
        match texts {
            None => Vec::new(),
            Some(Self::One(text)) => vec![text.clone()],
            Some(Self::Many(texts)) => texts.clone(),
        }
    }
}

/// What a file said, or all that is wrong with it.
type Reading = Result<Document, Vec<String>>;

/// A file that may change while it is used.
pub(super) struct ImagesFile {
    pub(super) path: PathBuf,
    read: Mutex<Option<(SystemTime, Reading)>>,
}

impl ImagesFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, read: Mutex::default() }
    }

    /// Returns what the file says now, or all that is wrong with it; nothing at all when there is none.
    pub(super) fn document(&self) -> Result<Option<Document>, Vec<String>> {
        let changed = match fs::metadata(&self.path).and_then(|metadata| metadata.modified()) {
            Ok(changed) => changed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(vec![error.to_string()]),
        };
        let mut read = self.read.lock().expect("no code panics while it holds the lock");
        if let Some((of, document)) = read.as_ref()
            && *of == changed
        {
            return document.clone().map(Some);
        }
        let document = fs::read_to_string(&self.path)
            .map_err(|error| vec![error.to_string()])
            .and_then(|text| problems::parse(&text));
        *read = Some((changed, document.clone()));
        document.map(Some)
    }

    /// Returns an absolute path of what the file names.
    fn path_of(&self, path: &Path) -> PathBuf {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        folder.join(path).components().collect()
    }

    fn lines(&self, key: &str, lines: Option<&Spanned<Lines>>) -> Result<Vec<String>, String> {
        match lines.map(Spanned::get_ref) {
            None => Ok(Vec::new()),
            Some(Lines::Here(lines)) => Ok(lines.clone()),
            Some(Lines::File(path)) => {
                let path = self.path_of(path);
                let text = fs::read_to_string(&path)
                    .map_err(|error| format!("`{key}` names {}: {error}", path.display()))?;
                requirement_lines(&text).map_err(|error| format!("{}, {error}", path.display()))
            }
        }
    }

    fn links(&self, texts: Option<&Texts>) -> Vec<String> {
        let absolute = |text: String| match text.contains("://") {
            true => text,
            false => self.path_of(Path::new(&text)).to_string_lossy().into_owned(),
        };
        Texts::list(texts).into_iter().map(absolute).collect()
    }

    /// Returns what the file says of `pip` for all images.
    pub(super) fn pip(&self, document: &Document) -> Result<Pip, String> {
        let table = &document.pip;
        Ok(Pip {
            index_url: table.index_url.clone(),
            extra_index_url: Texts::list(table.extra_index_url.as_ref()),
            find_links: self.links(table.find_links.as_ref()),
            trusted_host: Texts::list(table.trusted_host.as_ref()),
            no_index: table.no_index,
            constraints: self.lines("pip.constraints", table.constraints.as_ref())?,
        })
    }

    /// Returns what an entry says of `pip`.
    pub(super) fn pip_of(&self, entry: &Entry) -> Result<Pip, String> {
        Ok(Pip {
            index_url: entry.index_url.clone(),
            extra_index_url: Texts::list(entry.extra_index_url.as_ref()),
            find_links: self.links(entry.find_links.as_ref()),
            trusted_host: Texts::list(entry.trusted_host.as_ref()),
            no_index: entry.no_index,
            constraints: self.lines("constraints", entry.constraints.as_ref())?,
        })
    }

    pub(super) fn requirements_of(&self, entry: &Entry) -> Result<Vec<String>, String> {
        self.lines("requirements", entry.requirements.as_ref())
    }

    /// Returns the folder that plays the image's root, if the entry has one.
    pub(super) fn root_of(&self, entry: &Entry) -> Result<Option<PathBuf>, String> {
        let Some(root) = &entry.root else { return Ok(None) };
        let root = self.path_of(root.get_ref());
        match fs::metadata(&root) {
            Ok(_) if WHOLE.iter().any(|shell| fs::symlink_metadata(root.join(shell)).is_ok()) => {
                Err(format!(
                    "`root` names {}, which holds a whole system with a shell of its own; `root` must hold only what \
                     the image adds to the programs of this machine, `image` names whole systems",
                    root.display()
                ))
            }
            Ok(found) if found.is_dir() => Ok(Some(root)),
            Ok(_) => Err(format!("`root` names {}, which is no folder", root.display())),
            Err(error) => Err(format!("`root` names {}: {error}", root.display())),
        }
    }

    /// Returns where the whole image is to be had, if the entry says so.
    pub(super) fn source_of(&self, entry: &Entry) -> Result<Option<PathBuf>, String> {
        let Some(image) = &entry.image else { return Ok(None) };
        let path = self.path_of(image.get_ref());
        match fs::metadata(&path) {
            Ok(_) => Ok(Some(path)),
            Err(error) => Err(format!("`image` names {}: {error}", path.display())),
        }
    }

    /// Lists what the file names and this machine lacks.
    pub(super) fn missing(&self, document: &Document) -> Vec<String> {
        let mut missing: Vec<String> = self.pip(document).err().into_iter().collect();
        for entry in &document.image {
            let of = |error: String| format!("image `{}`: {error}", entry.pattern());
            missing.extend(self.requirements_of(entry).err().map(of));
            missing.extend(self.pip_of(entry).err().map(of));
            missing.extend(self.root_of(entry).err().map(of));
            missing.extend(self.source_of(entry).err().map(of));
        }
        missing
    }
}

impl Entry {
    pub(super) fn pattern(&self) -> &str {
        self.pattern.get_ref()
    }

    pub(super) fn python(&self) -> Option<&str> {
        self.python.as_ref().map(|version| version.get_ref().as_str())
    }

    /// How the user wants tasks of the image to be run.
    pub(super) fn kind(&self) -> Option<Kind> {
        self.executor.as_ref().and_then(|kind| match kind.get_ref().as_str() {
            "process" => Some(Kind::Process),
            "container" => Some(Kind::Container),
            _ => None,
        })
    }

    pub(super) fn working_directory(&self) -> Option<&Path> {
        self.working_directory.as_ref().map(|path| path.get_ref().as_path())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at once")]
    use super::*;

    #[test]
    fn paths_belong_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = ImagesFile::new(folder.path().join("images.toml"));
        fs::create_dir(folder.path().join("train")).unwrap();
        fs::write(folder.path().join("train/requirements.txt"), "# two\na==1\nb\n").unwrap();
        fs::write(
            &file.path,
            "[pip]\nfind_links = ['wheels', 'https://x']\n[[image]]\npattern = 'a'\nroot = 'train'\n\
             requirements = 'train/requirements.txt'\n[[image]]\npattern = 'b'\nroot = 'other'\n",
        )
        .unwrap();
        let document = file.document().unwrap().unwrap();
        let wheels = folder.path().join("wheels").to_string_lossy().into_owned();
        assert_eq!(file.pip(&document).unwrap().find_links, [wheels, "https://x".to_owned()]);
        let entry = &document.image[0];
        assert_eq!(file.root_of(entry).unwrap().unwrap(), folder.path().join("train"));
        assert_eq!(file.requirements_of(entry).unwrap(), ["a==1", "b"]);
        let missing = file.missing(&document);
        assert_eq!(missing.len(), 1, "{missing:?}");
        assert!(missing[0].starts_with("image `b`: `root` names "), "{missing:?}");
        fs::create_dir_all(folder.path().join("other/usr/bin")).unwrap();
        assert_eq!(file.missing(&document).len(), 0);
        fs::write(folder.path().join("other/usr/bin/sh"), "").unwrap();
        let missing = file.missing(&document);
        assert!(missing[0].contains("holds a whole system"), "{missing:?}");
    }
}
