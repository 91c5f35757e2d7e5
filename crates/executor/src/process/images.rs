//! What an image's name stands for on this machine.
//!
//! Python images stand for an interpreter of the machine, well-known base images for its own programs; further
//! images are mapped by the user in `images.toml`. Nothing else is guessed.
//!
//! ```toml
//! [[image]]
//! pattern = "registry.example.com/team/*"   # `*` stands for any text
//! python = "3.11"                           # without it: the machine's own programs
//! requirements = ["pandas==2.2.3"]
//! env = { MODE = "local" }
//! working_directory = "/srv/data"
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use serde::Deserialize;

/// What an image is replaced by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stand {
    /// `Some` for a Python: the wanted `major.minor`, or `None` for whatever is there.
    pub(super) python: Option<Option<String>>,
    pub(super) requirements: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) working_directory: Option<PathBuf>,
    /// The user said what the image is, so nothing needs to be told.
    pub(super) is_mapped: bool,
}

/// Why an image cannot be run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    image: Vec<Entry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    pattern: String,
    python: Option<String>,
    #[serde(default)]
    requirements: Vec<String>,
    root: Option<PathBuf>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    working_directory: Option<PathBuf>,
}

/// Knows what images stand for; the user's file is read again when it has changed.
pub(super) struct Images {
    file: PathBuf,
    any_image: bool,
    read: Mutex<Option<(SystemTime, Result<Document, String>)>>,
}

const HOST_IMAGES: [&str; 6] = ["debian", "ubuntu", "alpine", "busybox", "bash", "ubi"];

impl Images {
    pub(super) fn new(home: &Path, any_image: bool) -> Self {
        Self { file: home.join("images.toml"), any_image, read: Mutex::default() }
    }

    /// Says what stands for an image.
    pub(super) fn stand(&self, image: &str) -> Result<Stand, Refusal> {
        let document = self.document().map_err(|message| Refusal {
            message: format!("{} cannot be used: {message}", self.file.display()),
            hint: Some("correct the file, or move it away".to_owned()),
        })?;
        if let Some(entry) = document.image.iter().find(|entry| matches(&entry.pattern, image)) {
            return mapped(entry, image);
        }
        match well_known(image) {
            Some(stand) => Ok(stand),
            None if self.any_image => Ok(Stand { python: Some(None), ..Stand::default() }),
            None => Err(Refusal {
                message: format!("image `{image}` is not known to the process executor"),
                hint: Some(format!(
                    "map it in {} (`[[image]]` with `pattern`, `python`, `requirements`, `env`), give the task a \
                     base image such as python:3.11, or run with --any-image to use this machine's own programs",
                    self.file.display()
                )),
            }),
        }
    }

    fn document(&self) -> Result<Document, String> {
        let changed = match fs::metadata(&self.file).and_then(|metadata| metadata.modified()) {
            Ok(changed) => changed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Document::default()),
            Err(error) => return Err(error.to_string()),
        };
        let mut read = self.read.lock().expect("no code panics while it holds the lock");
        if let Some((of, document)) = read.as_ref()
            && *of == changed
        {
            return document.clone();
        }
        let document = fs::read_to_string(&self.file)
            .map_err(|error| error.to_string())
            .and_then(|text| toml::from_str(&text).map_err(|error| error.to_string()));
        *read = Some((changed, document.clone()));
        document
    }
}

fn mapped(entry: &Entry, image: &str) -> Result<Stand, Refusal> {
    if let Some(root) = &entry.root {
        return Err(Refusal {
            message: format!(
                "image `{image}` is mapped to the folder {}, which cannot be run yet",
                root.display()
            ),
            hint: Some("map it to a `python` version and `requirements` instead".to_owned()),
        });
    }
    let python = match &entry.python {
        Some(version) => Some(minor_version(version)),
        None => (!entry.requirements.is_empty()).then_some(None),
    };
    Ok(Stand {
        python,
        requirements: entry.requirements.clone(),
        env: entry.env.clone().into_iter().collect(),
        working_directory: entry.working_directory.clone(),
        is_mapped: true,
    })
}

/// Reads the name of a well-known image, from whatever registry it is mirrored by.
fn well_known(image: &str) -> Option<Stand> {
    let image = image.split('@').next().unwrap_or(image);
    let (name, tag) = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (image, None),
    };
    let mut path: Vec<&str> = name.split('/').collect();
    if path.len() > 1 && (path[0].contains(['.', ':']) || path[0] == "localhost") {
        path.remove(0);
    }
    let name = match path.as_slice() {
        [name] | ["library", name] | ["docker", "library", name] => *name,
        // ubi9/python-311, ubi8/ubi-minimal
        [family, name] if family.starts_with("ubi") => {
            let python = name.strip_prefix("python-3").and_then(|digits| digits.parse::<u8>().ok());
            return Some(match python {
                Some(minor) => Stand { python: Some(Some(format!("3.{minor}"))), ..Stand::default() },
                None if name.starts_with("ubi") => Stand::default(),
                None => return None,
            });
        }
        _ => return None,
    };
    if name == "python" {
        return Some(Stand { python: Some(tag.and_then(minor_version)), ..Stand::default() });
    }
    let is_host = HOST_IMAGES.contains(&name) || ["ubi8", "ubi9", "ubi10"].contains(&name);
    is_host.then(Stand::default)
}

/// Returns `3.11` of `3.11`, `3.11.4`, `3.11-slim`; nothing of `3` or `latest`.
fn minor_version(tag: &str) -> Option<String> {
    let version = tag.split(|letter: char| !letter.is_ascii_digit() && letter != '.').next()?;
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?.parse::<u8>().ok()?, parts.next()?.parse::<u8>().ok()?);
    Some(format!("{major}.{minor}"))
}

/// Tells whether a text fits a pattern where `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(image: &str, expected: Option<Option<Option<&str>>>) {
        let stand = well_known(image).map(|stand| stand.python);
        let expected = expected.map(|python| python.map(|version| version.map(str::to_owned)));
        assert_eq!(stand, expected, "{image}");
    }

    #[test]
    fn well_known_images_have_stands() {
        check("python:3.11", Some(Some(Some("3.11"))));
        check("python", Some(Some(None)));
        check("python:3", Some(Some(None)));
        check("docker.io/library/python:3.12.1-slim-bookworm", Some(Some(Some("3.12"))));
        check("registry.example.com:5000/python:3.9-alpine@sha256:00", Some(Some(Some("3.9"))));
        check("registry.example.com/ubi9/python-311:latest", Some(Some(Some("3.11"))));
        check("ubi8/ubi-minimal", Some(None));
        check("busybox", Some(None));
        check("docker.io/alpine:3.20", Some(None));
        check("debian:bookworm-slim", Some(None));
        check("team/python:3.11", None);
        check("gcr.io/project/train:latest", None);
        check("pythonic", None);
        check("", None);
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*", "", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("*/x:*", "r.io/x:1", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn the_users_file_wins() {
        let home = tempfile::tempdir().unwrap();
        let images = Images::new(home.path(), false);
        assert!(images.stand("team/x:1").is_err());
        fs::write(
            home.path().join("images.toml"),
            "[[image]]\npattern = 'team/*'\npython = '3.12'\nrequirements = ['a==1']\nenv = { A = 'b' }\n",
        )
        .unwrap();
        let stand = images.stand("team/x:1").unwrap();
        assert_eq!(stand.python, Some(Some("3.12".to_owned())));
        assert_eq!(stand.env, [("A".to_owned(), "b".to_owned())]);
        fs::write(home.path().join("images.toml"), "[[image]]\npattern = 'team/*'\ncolour = 'red'\n")
            .unwrap();
        let refusal = Images::new(home.path(), false).stand("team/x:1").unwrap_err();
        assert!(refusal.message.contains("colour"), "{}", refusal.message);
        assert!(Images::new(&home.path().join("other"), true).stand("team/x:1").is_ok());
    }
}
