//! Where an artifact's bytes lie, a part of a folder among them, and what kind of content they are.
//!
//! Paths inside an artifact are names alone; links are never followed, so nothing outside is reached. What the server
//! keeps for itself is not shown, wherever an artifact says that it lies.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use pipewright_artifacts::local_file;
use pipewright_plan::{ArtifactValue, inline_text};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;
use crate::reach::Reach;

/// What a content can be shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    Text,
    Json,
    Csv,
    Parquet,
    Image,
    Html,
    Markdown,
    Folder,
    Binary,
    /// There are no bytes, or not here.
    None,
}

/// What an artifact, or a part of it, is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The URI holds the text itself.
    Inline(String),
    File(PathBuf, u64),
    Folder(PathBuf),
    Missing,
    /// What lies there is the server's own.
    Private,
    /// Its bytes are in a store that cannot be reached from here.
    Elsewhere,
}

/// Looks at an artifact, or at a part of one that is a folder.
///
/// Errors: `Invalid` for a path that leaves the artifact.
pub(crate) fn look(reach: &Reach, artifact: &ArtifactValue, part: Option<&str>) -> Result<Place, Error> {
    if let Some(text) = inline_text(&artifact.uri) {
        return Ok(Place::Inline(text));
    }
    let Some(mut path) = local_file(&artifact.uri) else { return Ok(Place::Elsewhere) };
    let mut found = path.symlink_metadata();
    for name in part.into_iter().flat_map(|part| Path::new(part).components()) {
        let Component::Normal(name) = name else {
            return Err(Error::Invalid(format!("path `{}` leaves the artifact", part.unwrap_or_default())));
        };
        if !found.as_ref().is_ok_and(std::fs::Metadata::is_dir) {
            return Ok(Place::Missing);
        }
        path.push(name);
        found = path.symlink_metadata();
    }
    if reach.is_private(&path) {
        return Ok(Place::Private);
    }
    Ok(match found {
        Ok(metadata) if metadata.is_file() => Place::File(path, metadata.len()),
        Ok(metadata) if metadata.is_dir() => Place::Folder(path),
        // Links, pipes and devices are not followed, nor waited for.
        Ok(_) | Err(_) => Place::Missing,
    })
}

/// Tells what a content is, by the artifact's type, its name and its first bytes.
pub(crate) fn media_of(reach: &Reach, artifact: &ArtifactValue, place: &Place) -> Media {
    match place {
        Place::Missing | Place::Private | Place::Elsewhere => Media::None,
        Place::Folder(_) => Media::Folder,
        Place::Inline(text) => by_type(artifact).unwrap_or_else(|| by_bytes(text.as_bytes())),
        Place::File(path, _) => by_name(path).or_else(|| by_type(artifact)).unwrap_or_else(|| {
            let mut first = Vec::new();
            let read = reach.open(path).and_then(|file| file.take(4096).read_to_end(&mut first));
            if read.is_ok() { by_bytes(&first) } else { Media::None }
        }),
    }
}

fn by_type(artifact: &ArtifactValue) -> Option<Media> {
    match artifact.artifact_type.schema_title.as_str() {
        "system.HTML" => Some(Media::Html),
        "system.Markdown" => Some(Media::Markdown),
        _ => None,
    }
}

fn by_name(path: &Path) -> Option<Media> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match ending.as_str() {
        "csv" | "tsv" => Media::Csv,
        "parquet" => Media::Parquet,
        "json" | "jsonl" | "ndjson" | "ipynb" => Media::Json,
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "svg" | "bmp" => Media::Image,
        "html" | "htm" => Media::Html,
        "md" | "markdown" => Media::Markdown,
        "txt" | "log" | "yaml" | "yml" | "py" | "xml" | "toml" | "ini" => Media::Text,
        _ => return None,
    })
}

fn by_bytes(first: &[u8]) -> Media {
    let is_image = first.starts_with(b"\x89PNG")
        || first.starts_with(b"\xff\xd8\xff")
        || first.starts_with(b"GIF8")
        || (first.starts_with(b"RIFF") && first.get(8..12) == Some(b"WEBP"));
    if is_image {
        return Media::Image;
    }
    if first.starts_with(b"PAR1") {
        return Media::Parquet;
    }
    // A character may be cut at the end.
    let valid = std::str::from_utf8(first).map_or_else(|error| error.valid_up_to(), str::len);
    if first.contains(&0) || valid + 4 <= first.len() {
        return Media::Binary;
    }
    let text = String::from_utf8_lossy(first);
    let start = text.trim_start();
    let lower = start.get(..15.min(start.len())).unwrap_or_default().to_ascii_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        Media::Html
    } else if start.starts_with('{') || start.starts_with('[') {
        Media::Json
    } else {
        Media::Text
    }
}

/// Returns the content type that a browser is told; what could run there is told as text unless `runs`.
pub(crate) fn content_type(media: Media, path: Option<&Path>, runs: bool) -> &'static str {
    let ending = path.and_then(Path::extension).and_then(|ending| ending.to_str()).unwrap_or_default();
    match (media, ending.to_ascii_lowercase().as_str()) {
        (Media::Html, _) if runs => "text/html; charset=utf-8",
        (Media::Image, "jpg" | "jpeg") => "image/jpeg",
        (Media::Image, "gif") => "image/gif",
        (Media::Image, "webp") => "image/webp",
        (Media::Image, "svg") => "image/svg+xml",
        (Media::Image, "bmp") => "image/bmp",
        (Media::Image, _) => "image/png",
        (Media::Json, _) => "application/json",
        (Media::Csv, _) => "text/csv; charset=utf-8",
        (Media::Text | Media::Html | Media::Markdown, _) => "text/plain; charset=utf-8",
        (Media::Parquet | Media::Binary | Media::Folder | Media::None, _) => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_told_apart_by_their_bytes() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n"[..], Media::Image),
            (b"PAR1....", Media::Parquet),
            (b"  <!DOCTYPE html><p>", Media::Html),
            (b"{\"a\": 1}", Media::Json),
            (b"plain\n", Media::Text),
            (b"", Media::Text),
            ("caf\u{e9}".as_bytes(), Media::Text),
            (&"caf\u{e9}".as_bytes()[..4], Media::Text),
            (b"\x00\x01", Media::Binary),
            (b"\xff\xfe\xfd\xfc\xfb\xfa", Media::Binary),
        ] {
            assert_eq!(by_bytes(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn nothing_outside_an_artifact_is_reached() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("artifact");
        std::fs::create_dir_all(folder.join("inner")).unwrap();
        std::fs::write(folder.join("inner/file"), "12345").unwrap();
        std::fs::write(home.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink(home.path().join("secret"), folder.join("link")).unwrap();
        std::os::unix::fs::symlink(home.path(), folder.join("up")).unwrap();
        let artifact = ArtifactValue {
            id: pipewright_plan::ArtifactId("1".to_owned()),
            name: "a".to_owned(),
            artifact_type: pipewright_plan::ArtifactType::default(),
            uri: folder.display().to_string(),
            metadata: serde_json::Map::new(),
            part: None,
        };
        let file = Place::File(folder.join("inner/file"), 5);
        let look = |artifact: &ArtifactValue, part: Option<&str>| look(&Reach::default(), artifact, part);
        assert_eq!(look(&artifact, Some("inner/file")).unwrap(), file);
        assert_eq!(look(&artifact, None).unwrap(), Place::Folder(folder));
        for part in ["link", "up/secret", "inner/file/x", "nothing"] {
            assert_eq!(look(&artifact, Some(part)).unwrap(), Place::Missing, "{part}");
        }
        for part in ["../secret", "/etc/passwd", "inner/../../secret"] {
            look(&artifact, Some(part)).unwrap_err();
        }
    }
}
