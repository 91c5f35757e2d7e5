//! Where `pip` finds packages and which versions it may choose: the `[pip]` table and an image's own settings.
//!
//! The same settings hold when Pipewright makes an environment and when a task calls `pip` itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Settings of `pip`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Pip {
    pub(super) index_url: Option<String>,
    pub(super) extra_index_url: Vec<String>,
    /// URLs and absolute paths.
    pub(super) find_links: Vec<String>,
    pub(super) trusted_host: Vec<String>,
    pub(super) no_index: Option<bool>,
    /// Lines of a constraints file.
    pub(super) constraints: Vec<String>,
}

impl Pip {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what only the other settings say. Constraints are added for packages that have none yet.
    pub(super) fn or(mut self, other: &Self) -> Self {
        let list = |own: &mut Vec<String>, others: &[String]| {
            if own.is_empty() {
                own.extend_from_slice(others);
            }
        };
        // An index that is given stands alone: the packages of another must not slip in.
        if self.index_url.is_none() {
            list(&mut self.extra_index_url, &other.extra_index_url);
        }
        list(&mut self.find_links, &other.find_links);
        list(&mut self.trusted_host, &other.trusted_host);
        self.no_index = self.no_index.or(other.no_index);
        self.index_url = self.index_url.or_else(|| other.index_url.clone());
        let known: Vec<String> = self.constraints.iter().map(|line| package(line)).collect();
        let added = other.constraints.iter().filter(|line| !known.contains(&package(line)));
        self.constraints.extend(added.cloned());
        self
    }

    /// Writes the constraints where `pip` can read them, and returns the variables that tell it everything.
    pub(super) fn variables(&self, folder: &Path) -> io::Result<Vec<(String, String)>> {
        let mut variables = Vec::new();
        let mut set = |name: &str, value: String| variables.push((name.to_owned(), value));
        if let Some(url) = &self.index_url {
            set("PIP_INDEX_URL", url.clone());
            if self.extra_index_url.is_empty() {
                set("PIP_EXTRA_INDEX_URL", String::new());
            }
        }
        for (name, list) in [
            ("PIP_EXTRA_INDEX_URL", &self.extra_index_url),
            ("PIP_FIND_LINKS", &self.find_links),
            ("PIP_TRUSTED_HOST", &self.trusted_host),
        ] {
            if !list.is_empty() {
                let words: Vec<String> = list.iter().map(|word| one_word(word)).collect();
                set(name, words.join(" "));
            }
        }
        if let Some(no_index) = self.no_index {
            set("PIP_NO_INDEX", u8::from(no_index).to_string());
        }
        if !self.constraints.is_empty() {
            let file = constraints_file(folder, &self.constraints)?;
            set("PIP_CONSTRAINT", one_word(&file.to_string_lossy()));
        }
        Ok(variables)
    }

    /// Returns the same for `uv`.
    pub(super) fn variables_of_uv(&self, folder: &Path) -> io::Result<Vec<(String, String)>> {
        let mut variables = Vec::new();
        let mut set = |name: &str, value: String| variables.push((name.to_owned(), value));
        if let Some(url) = &self.index_url {
            set("UV_DEFAULT_INDEX", url.clone());
            set("UV_INDEX", self.extra_index_url.join(" "));
        } else if !self.extra_index_url.is_empty() {
            set("UV_INDEX", self.extra_index_url.join(" "));
        }
        if !self.find_links.is_empty() {
            set("UV_FIND_LINKS", self.find_links.join(","));
        }
        if !self.trusted_host.is_empty() {
            set("UV_INSECURE_HOST", self.trusted_host.join(" "));
        }
        if let Some(no_index) = self.no_index {
            set("UV_NO_INDEX", no_index.to_string());
        }
        if !self.constraints.is_empty() {
            set("UV_CONSTRAINT", one_word(&constraints_file(folder, &self.constraints)?.to_string_lossy()));
        }
        Ok(variables)
    }
}

/// `pip` splits its settings at blanks; a path with blanks is written as a URL.
fn one_word(text: &str) -> String {
    match text.contains(' ') {
        true if text.starts_with('/') => format!("file://{}", text.replace('%', "%25").replace(' ', "%20")),
        true => text.replace(' ', "%20"),
        false => text.to_owned(),
    }
}

/// Names the package of a requirement, as indexes compare names.
fn package(line: &str) -> String {
    let name: String = line
        .trim()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
        .map(|c| if c == '_' || c == '.' { '-' } else { c.to_ascii_lowercase() })
        .collect();
    // A line without a name, such as a URL, stands for itself.
    if name.is_empty() { line.to_owned() } else { name }
}

/// Writes the lines to a file of their own; equal lines share one.
fn constraints_file(folder: &Path, lines: &[String]) -> io::Result<PathBuf> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let name = format!("constraints-{}.txt", hex::encode(&Sha256::digest(&text)[..8]));
    let path = folder.join(name);
    if !path.exists() {
        fs::create_dir_all(folder)?;
        let draft =
            folder.join(format!(".constraints-{}-{:?}", std::process::id(), std::thread::current().id()));
        fs::write(&draft, text)?;
        fs::rename(&draft, &path)?;
    }
    Ok(path)
}

/// Reads the lines of a requirements or constraints file: no comments, no options.
pub(super) fn requirement_lines(text: &str) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = match line.split_once(" #") {
            Some((line, _)) => line.trim(),
            None => line.trim(),
        };
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('-') || line.ends_with('\\') || line.contains(" --") {
            return Err(format!(
                "line {}: `{line}` is an option of pip; only requirements are understood (indexes and constraints \
                 have keys of their own in images.toml)",
                number + 1
            ));
        }
        lines.push(line.to_owned());
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at once")]
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn own_settings_win() {
        let global = Pip {
            index_url: Some("https://a/simple".to_owned()),
            extra_index_url: texts(&["https://b/simple"]),
            find_links: texts(&["/wheels"]),
            constraints: texts(&["LightGBM<4", "numpy<2"]),
            ..Pip::default()
        };
        let own = Pip { constraints: texts(&["lightgbm==4.6.0"]), ..Pip::default() }.or(&global);
        assert_eq!(own.constraints, ["lightgbm==4.6.0", "numpy<2"]);
        assert_eq!(own.extra_index_url, ["https://b/simple"]);
        let own = Pip { index_url: Some("https://c/simple".to_owned()), ..Pip::default() }.or(&global);
        assert_eq!((own.extra_index_url.len(), own.find_links.len()), (0, 1));
    }

    #[test]
    fn variables_say_everything() {
        let folder = tempfile::tempdir().unwrap();
        let pip = Pip {
            index_url: Some("https://a/simple".to_owned()),
            find_links: texts(&["/my wheels", "https://c"]),
            no_index: Some(true),
            constraints: texts(&["lightgbm<4"]),
            ..Pip::default()
        };
        let variables = pip.variables(folder.path()).unwrap();
        let of = |name: &str| {
            let found = variables.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        for (name, expected) in [
            ("PIP_INDEX_URL", Some("https://a/simple")),
            ("PIP_EXTRA_INDEX_URL", Some("")),
            ("PIP_FIND_LINKS", Some("file:///my%20wheels https://c")),
            ("PIP_NO_INDEX", Some("1")),
            ("PIP_TRUSTED_HOST", None),
        ] {
            assert_eq!(of(name), expected, "{name}");
        }
        let constraints = fs::read_to_string(of("PIP_CONSTRAINT").unwrap()).unwrap();
        assert_eq!(constraints, "lightgbm<4\n");
        assert_eq!(Pip::default().variables(folder.path()).unwrap(), []);
    }

    #[test]
    fn requirements_files_are_read() {
        for (text, expected) in [
            ("a==1\n\n# all of it\nb  # why\n", Some(&["a==1", "b"][..])),
            ("c @ https://x/c#egg=c", Some(&["c @ https://x/c#egg=c"])),
            ("-r other.txt", None),
            ("a==1 --hash=sha256:00", None),
        ] {
            assert_eq!(requirement_lines(text).ok().as_deref(), expected.map(texts).as_deref(), "{text}");
        }
    }
}
