//! Names of images, as Docker and Kubernetes read them.

use std::fmt;

use crate::error::Error;

/// Where names without a registry live.
const HUB: &str = "docker.io";

/// A name taken apart. `Display` gives the whole of it: `docker.io/library/busybox:latest`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    pub registry: String,
    pub repository: String,
    pub tag: Option<String>,
    /// `sha256:…`; wins over the tag.
    pub digest: Option<String>,
}

impl Reference {
    /// Reads a name; a missing registry, `library/` and tag are filled in.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let wrong = |why| Error::Name { name: name.to_owned(), why };
        let (rest, digest) = match name.split_once('@') {
            Some((rest, digest)) if is_digest(digest) => (rest, Some(digest.to_owned())),
            Some(_) => return Err(wrong("after `@` comes sha256: and 64 hexadecimal digits")),
            None => (name, None),
        };
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong("a tag holds letters, digits, `_`, `.` and `-`, at most 128"));
        }
        let (registry, repository) = match path.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
            _ => (HUB, path),
        };
        let registry = if registry == "index.docker.io" { HUB } else { registry };
        let is_short = registry == HUB && !repository.contains('/');
        let repository = if is_short { format!("library/{repository}") } else { repository.to_owned() };
        if !repository.split('/').all(is_part) {
            return Err(wrong("its parts hold lower case letters, digits, and `.`, `_` or `-` between them"));
        }
        let tag = match (tag, &digest) {
            (Some(tag), _) => Some(tag.to_owned()),
            (None, Some(_)) => None,
            (None, None) => Some("latest".to_owned()),
        };
        Ok(Self { registry: registry.to_owned(), repository, tag, digest })
    }

    /// Tells whether Kubernetes would pull it at every start when nobody says otherwise.
    pub fn is_latest(&self) -> bool {
        self.digest.is_none() && self.tag.as_deref() == Some("latest")
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.registry, self.repository)?;
        match (&self.digest, &self.tag) {
            (Some(digest), _) => write!(out, "@{digest}"),
            (None, Some(tag)) => write!(out, ":{tag}"),
            (None, None) => Ok(()),
        }
    }
}

pub(crate) fn is_digest(text: &str) -> bool {
    let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(is_hex))
}

fn is_tag(text: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    !text.is_empty() && text.len() <= 128 && !text.starts_with(['.', '-']) && text.chars().all(is_inner)
}

fn is_part(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(is_word)
        && text.ends_with(is_word)
        && text.chars().all(|c| is_word(c) || "._-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<&str>) {
        let found = Reference::parse(name).ok().map(|reference| reference.to_string());
        assert_eq!(found.as_deref(), expected, "{name}");
    }

    #[test]
    fn names_are_completed() {
        check("busybox", Some("docker.io/library/busybox:latest"));
        check("team/x:1.0", Some("docker.io/team/x:1.0"));
        check("index.docker.io/library/python:3.11-slim", Some("docker.io/library/python:3.11-slim"));
        check("localhost:5000/a/b", Some("localhost:5000/a/b:latest"));
        check("r.io:5000/a/b:t", Some("r.io:5000/a/b:t"));
        let digest = format!("sha256:{}", "0a".repeat(32));
        check(&format!("r.io/a:t@{digest}"), Some(&format!("r.io/a@{digest}")));
        for wrong in ["", "A", "a//b", "a:", "a@sha256:00", "r.io/", "-a", "a/../b", "a b"] {
            check(wrong, None);
        }
    }
}
