//! What an image's name stands for on this machine.
//!
//! Python images stand for an interpreter of the machine, well-known base images for its own programs; further
//! images are mapped by the user in `images.toml`. Nothing else is guessed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pipewright_images::{Store, Unpacked};
use pipewright_plan::VolumeMount;

use super::images_file::{Entry, ImagesFile, PodDefault};
use super::pip::Pip;

/// What an image is replaced by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stand {
    /// `Some` for a Python: the wanted `major.minor`, or `None` for whatever is there.
    pub(super) python: Option<Option<String>>,
    pub(super) requirements: Vec<String>,
    pub(super) pip: Pip,
    /// A folder that plays the image's root.
    pub(super) root: Option<PathBuf>,
    /// Of tasks without a command.
    pub(super) entrypoint: Vec<String>,
    /// Of tasks without a command and arguments.
    pub(super) cmd: Vec<String>,
    /// Folders that come first where programs are looked for.
    pub(super) path: Vec<PathBuf>,
    pub(super) env: Vec<(String, String)>,
    pub(super) working_directory: Option<PathBuf>,
    /// The user said what the image is, so nothing needs to be told.
    pub(super) is_mapped: bool,
    /// An image that is here, to run as it is.
    pub(super) whole: Option<Unpacked>,
    /// Where it is to be had: a layout, an archive, or the folder of a whole system.
    pub(super) source: Option<PathBuf>,
    /// Whom it runs as, in place of the image's own user.
    pub(super) user: Option<String>,
    /// How the user wants it to be run.
    pub(super) kind: Option<Kind>,
}

/// What tasks can be run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Process,
    Container,
}

/// Why an image cannot be run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// What was found in the files that map images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImagesReport {
    /// Files that exist, with the number of their entries; broken ones have none.
    pub files: Vec<(PathBuf, usize)>,
    /// Mistakes, each with its file, line and key. Until they are corrected no mapping of that file counts.
    pub problems: Vec<String>,
    /// Folders and files that are named and are not there.
    pub missing: Vec<String>,
}

/// Looks through `images.toml` of a home folder, and a further file that wins over it.
pub fn check_images(home: &Path, further: Option<&Path>) -> ImagesReport {
    let mut report = ImagesReport::default();
    for file in Images::new(home, further, false).files {
        let shown = file.path.display();
        match file.document() {
            Ok(None) if Some(&*file.path) == further => {
                report.problems.push(format!("{shown}: there is no such file"));
            }
            Ok(None) => {}
            Ok(Some(document)) => {
                report.files.push((file.path.clone(), document.image.len()));
                report
                    .missing
                    .extend(file.missing(&document).into_iter().map(|text| format!("{shown}: {text}")));
            }
            Err(problems) => {
                report.files.push((file.path.clone(), 0));
                report.problems.extend(problems.into_iter().map(|text| format!("{shown}: {text}")));
            }
        }
    }
    report
}

/// Knows what images stand for; the user's files are read again when they have changed.
pub(super) struct Images {
    /// The first that maps an image counts.
    files: Vec<ImagesFile>,
    any_image: bool,
    store: Store,
}

const HOST_IMAGES: [&str; 6] = ["debian", "ubuntu", "alpine", "busybox", "bash", "ubi"];

impl Images {
    pub(super) fn new(home: &Path, further: Option<&Path>, any_image: bool) -> Self {
        let paths = further.map(Path::to_owned).into_iter().chain([home.join("images.toml")]);
        let store = Store::new(home.join("images"));
        Self { files: paths.map(ImagesFile::new).collect(), any_image, store }
    }

    /// Says what stands for an image.
    pub(super) fn stand(&self, image: &str) -> Result<Stand, Refusal> {
        let mut pip = Pip::default();
        let mut found = None;
        for file in &self.files {
            let refused = |problems: Vec<String>| Refusal {
                message: format!("{} cannot be used: {}", file.path.display(), problems.join("; ")),
                hint: Some("correct the file, or move it away; `pipewright doctor` checks it".to_owned()),
            };
            let Some(document) = file.document().map_err(refused)? else { continue };
            let refused = |problem: String| refused(vec![problem]);
            pip = pip.or(&file.pip(&document).map_err(refused)?);
            if found.is_none()
                && let Some(entry) = document.image.iter().find(|entry| matches(entry.pattern(), image))
            {
                let in_entry = |problem: String| refused(format!("image `{}`: {problem}", entry.pattern()));
                found = Some(mapped(file, entry, image).map_err(in_entry)?);
            }
        }
        let imported = || -> Result<Option<Stand>, Refusal> {
            // A name that is none has been refused elsewhere, or stands for something all the same.
            let whole = self.store.find(image).or_else(|error| match error {
                pipewright_images::Error::Name { .. } => Ok(None),
                other => Err(Refusal { message: other.to_string(), hint: None }),
            })?;
            Ok(whole.map(|whole| Stand { whole: Some(whole), is_mapped: true, ..Stand::default() }))
        };
        let found = match found {
            Some(found) => Some(found),
            None => imported()?,
        };
        let mut stand = match found.or_else(|| well_known(image)) {
            Some(stand) => stand,
            None if self.any_image => Stand { python: Some(None), ..Stand::default() },
            None => return Err(self.unknown(image)),
        };
        stand.pip = stand.pip.or(&pip);
        Ok(stand)
    }

    /// Returns where images are kept that are run as they are.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Lists the secrets that tasks with these labels get besides their own.
    pub(super) fn mounts_of(&self, labels: &BTreeMap<String, String>) -> Vec<VolumeMount<String>> {
        let documents = self.files.iter().filter_map(|file| file.document().ok().flatten());
        let defaults = documents.flat_map(|document| document.pod_default);
        let fits =
            |default: &PodDefault| default.labels.iter().all(|(key, value)| labels.get(key) == Some(value));
        defaults.filter(fits).map(|default| default.mount()).collect()
    }

    fn unknown(&self, image: &str) -> Refusal {
        let file = self.files.last().map(|file| file.path.display().to_string()).unwrap_or_default();
        Refusal {
            message: format!("image `{image}` is not known to the process executor"),
            hint: Some(format!(
                "take the image in by `pipewright image import FILE` or `pipewright image pull {image}`, map it in \
                 {file} (`[[image]]` with `pattern`, and `image`, or `python`, `requirements`, `root`, `env`), give \
                 the task a base image such as python:3.11, or run with --any-image to use this machine's own programs"
            )),
        }
    }
}

fn mapped(file: &ImagesFile, entry: &Entry, image: &str) -> Result<Stand, String> {
    let requirements = file.requirements_of(entry)?;
    let python = match entry.python() {
        Some(version) => Some(minor_version(version)),
        // A well-known Python stays one.
        None => well_known(image)
            .and_then(|stand| stand.python)
            .or_else(|| (!requirements.is_empty()).then_some(None)),
    };
    let root = file.root_of(entry)?;
    let source = file.source_of(entry)?;
    let in_root = root.is_some().then(|| PathBuf::from("/"));
    let python = if source.is_some() { None } else { python };
    Ok(Stand {
        python,
        requirements,
        pip: file.pip_of(entry)?,
        root,
        entrypoint: entry.entrypoint.clone(),
        cmd: entry.cmd.clone(),
        path: entry.path.clone(),
        env: entry.env.iter().map(|(name, value)| (name.get_ref().clone(), value.clone())).collect(),
        working_directory: entry.working_directory().map(Path::to_owned).or(in_root),
        is_mapped: true,
        whole: None,
        source,
        user: entry.user.clone(),
        kind: entry.kind(),
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
    #![allow(clippy::unwrap_used, reason = "a test may stop at once")]
    use std::fs;

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
        let images = Images::new(home.path(), None, false);
        assert!(images.stand("team/x:1").is_err());
        fs::write(
            home.path().join("images.toml"),
            "[[image]]\npattern = 'team/*'\npython = '3.12'\nrequirements = ['a==1']\nenv = { A = 'b' }\n",
        )
        .unwrap();
        let stand = images.stand("team/x:1").unwrap();
        assert_eq!(stand.python, Some(Some("3.12".to_owned())));
        let text = "[[image]]\npattern = 'python:3.7*'\nconstraints = ['a<4']\npath = ['/x/bin']\n";
        fs::write(home.path().join("images.toml"), text).unwrap();
        let python = Images::new(home.path(), None, false).stand("python:3.7.1").unwrap();
        assert_eq!(python.python, Some(Some("3.7".to_owned())));
        assert_eq!(python.path, [PathBuf::from("/x/bin")]);
        assert_eq!(stand.env, [("A".to_owned(), "b".to_owned())]);
        fs::write(home.path().join("images.toml"), "[[image]]\npattern = 'team/*'\ncolour = 'red'\n")
            .unwrap();
        let refusal = Images::new(home.path(), None, false).stand("team/x:1").unwrap_err();
        assert!(refusal.message.contains("colour"), "{}", refusal.message);
        assert!(Images::new(&home.path().join("other"), None, true).stand("team/x:1").is_ok());
    }
}
