//! The beginning of an artifact as text, and what is in a folder.

use std::io::Read;
use std::path::Path;

use axum::Json;
use axum::extract::State;
use pipewright_store::Masks;
use serde::Serialize;
use utoipa::ToSchema;

use super::place::{Media, Place, media_of};
use super::{blocking, find, nothing};
use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::reach::Reach;

const HEAD: usize = 64 << 10;
const MOST_HEAD: usize = 4 << 20;
/// Entries of a folder in one page, and the most that a folder may have to be listed.
const FILES: usize = 500;
const MOST_FILES: usize = 100_000;

/// The beginning of a content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HeadView {
    pub media: Media,
    /// Empty when the content is no text.
    pub text: String,
    /// Of the whole, in bytes.
    pub size: u64,
    pub truncated: bool,
}

/// Some entries of a folder, folders first, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FilePage {
    pub files: Vec<FileView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FileView {
    /// In the artifact.
    pub path: String,
    pub name: String,
    pub is_folder: bool,
    /// In bytes; 0 of a folder.
    pub size: u64,
}

pub(super) async fn head(
    State(app): State<App>,
    permit: Permit,
    Segments(id): Segments<String>,
    words: Words,
) -> Result<Json<HeadView>, Error> {
    let (artifact, place) = find(&app, &permit, id, words.text("path")).await?;
    let most = words.number("bytes")?.unwrap_or(HEAD).min(MOST_HEAD);
    let masks = app.store.masks().await?;
    let reach = app.reach.clone();
    let view = blocking(move || {
        let media = media_of(&reach, &artifact, &place);
        let size = match &place {
            Place::Inline(text) => text.len() as u64,
            Place::File(_, size) => *size,
            Place::Folder(_) => 0,
            Place::Missing | Place::Private | Place::Elsewhere => return Err(nothing(&artifact, &place)),
        };
        let is_text = matches!(media, Media::Text | Media::Json | Media::Csv | Media::Html | Media::Markdown);
        let text = if is_text { beginning(&place, most, (&masks, &reach))? } else { String::new() };
        Ok(HeadView { media, truncated: is_text && size > most as u64, text, size })
    });
    Ok(Json(view.await?))
}

/// Reads the first bytes as text, with the values of secrets hidden.
pub(super) fn beginning(
    place: &Place,
    most: usize,
    (masks, reach): (&Masks, &Reach),
) -> Result<String, Error> {
    // A value that crosses the end is seen as a whole before it is cut.
    let wanted = most + masks.longest();
    let mut bytes = match place {
        Place::Inline(text) => text.as_bytes()[..wanted.min(text.len())].to_vec(),
        Place::File(path, _) => {
            let mut bytes = Vec::new();
            let read = reach.open(path).and_then(|file| file.take(wanted as u64).read_to_end(&mut bytes));
            read.map_err(|error| Error::internal("failed to read an artifact", error))?;
            bytes
        }
        Place::Folder(_) | Place::Missing | Place::Private | Place::Elsewhere => Vec::new(),
    };
    bytes = masks.mask(&bytes);
    if bytes.len() > most {
        bytes.truncate(most);
        // Not in the middle of a character.
        if let Err(error) = std::str::from_utf8(&bytes)
            && error.error_len().is_none()
        {
            bytes.truncate(error.valid_up_to());
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) async fn files(
    State(app): State<App>,
    permit: Permit,
    Segments(id): Segments<String>,
    words: Words,
) -> Result<Json<FilePage>, Error> {
    let part = words.text("path");
    let (artifact, place) = find(&app, &permit, id, part.clone()).await?;
    let start: usize = words.number("page_token")?.unwrap_or(0);
    let page = blocking(move || {
        let mut all = match &place {
            Place::Folder(path) => entries(path, part.as_deref())?,
            Place::File(_, size) => {
                vec![FileView {
                    path: String::new(),
                    name: artifact.name.clone(),
                    is_folder: false,
                    size: *size,
                }]
            }
            Place::Inline(text) => {
                let size = text.len() as u64;
                vec![FileView { path: String::new(), name: artifact.name.clone(), is_folder: false, size }]
            }
            Place::Missing | Place::Private | Place::Elsewhere => return Err(nothing(&artifact, &place)),
        };
        all.sort_by(|one, other| other.is_folder.cmp(&one.is_folder).then_with(|| one.name.cmp(&other.name)));
        let end = start.saturating_add(FILES);
        let next_page_token = (end < all.len()).then(|| end.to_string());
        Ok(FilePage { files: all.into_iter().skip(start).take(FILES).collect(), next_page_token })
    });
    Ok(Json(page.await?))
}

fn entries(folder: &Path, part: Option<&str>) -> Result<Vec<FileView>, Error> {
    let cannot = |error| Error::internal("failed to read a folder", error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)?.take(MOST_FILES) {
        let entry = entry.map_err(cannot)?;
        let metadata = entry.metadata().map_err(cannot)?;
        // What is neither file nor folder cannot be opened either.
        if !metadata.is_file() && !metadata.is_dir() {
            continue;
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = part
            .filter(|part| !part.is_empty())
            .map_or_else(|| name.clone(), |part| format!("{part}/{name}"));
        let size = if metadata.is_dir() { 0 } else { metadata.len() };
        found.push(FileView { path, name, is_folder: metadata.is_dir(), size });
    }
    Ok(found)
}
