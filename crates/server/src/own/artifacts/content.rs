//! An artifact's bytes: as they are, as a packed folder, or for a frame of a page that must not be harmed by them.
//!
//! Everything is answered with `nosniff` and a `Content-Security-Policy` that puts it into a sandbox, so that even a
//! page that is opened by itself reaches neither this server nor any other. The values of secrets are written over, byte
//! for byte, so that ranges and lengths stay true.

use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use pipewright_plan::{ArtifactValue, Value};
use pipewright_store::{Kind, Masks};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::place::{Media, Place, content_type, media_of};
use super::{blocking, find, nothing};
use crate::access::Permit;
use crate::app::App;
use crate::blank::Blanking;
use crate::companion::content_at;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::pieces;
use crate::ranges::{Range, unsatisfiable};
use crate::reach::Reach;

/// Nothing runs, nothing is loaded.
const LOCKED: &str =
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'";
/// Its own scripts run, apart from everything, and reach nothing.
const FRAMED: &str = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; \
     style-src 'unsafe-inline' data: blob:; img-src data: blob:; font-src data: blob:; media-src data: blob:; \
     connect-src 'none'; form-action 'none'; base-uri 'none'";
/// The largest text that is shown in a frame, since secrets are hidden in it as a whole.
const FRAME_LIMIT: u64 = 32 << 20;

pub(super) async fn content(
    State(app): State<App>,
    permit: Permit,
    Segments(id): Segments<String>,
    headers: HeaderMap,
    words: Words,
) -> Result<Response, Error> {
    let part = words.text("path");
    let (artifact, place) = find(&app, &permit, id, part.clone()).await?;
    let download = words.flag("download")?;
    let masks = app.store.masks().await?;
    let name = part.as_deref().and_then(|part| part.rsplit('/').next()).unwrap_or(&artifact.name).to_owned();
    let mut response = match place {
        Place::Inline(text) => whole(masks.mask(text.as_bytes()), "text/plain; charset=utf-8"),
        Place::File(path, _) => file(&artifact, path, &headers, (masks, app.reach.clone())).await?,
        Place::Folder(path) if download => {
            let body = packed(path, name.clone(), (masks, app.reach.clone()));
            let mut response = ([(header::CONTENT_TYPE, "application/gzip")], body).into_response();
            disposition(&mut response, &format!("{name}.tar.gz"), true);
            guard(&mut response, LOCKED);
            return Ok(response);
        }
        Place::Folder(_) => {
            return Err(Error::Invalid(
                "this is a folder: list it by `files`, or download it packed by download=1".to_owned(),
            ));
        }
        place => return Err(nothing(&artifact, &place)),
    };
    disposition(&mut response, &name, download);
    guard(&mut response, LOCKED);
    Ok(response)
}

/// Shows HTML, images and texts in a frame; the values of secrets are hidden in texts. Of a document of the old
/// platform (`mlpipeline-ui-metadata`) `view=N` shows the page that its entry N holds or names.
pub(super) async fn preview(
    State(app): State<App>,
    permit: Permit,
    Segments(id): Segments<String>,
    words: Words,
) -> Result<Response, Error> {
    let namespace = app.store.namespace_of(Kind::Artifact, &id).await?;
    let (artifact, place) = find(&app, &permit, id, words.text("path")).await?;
    let masks = app.store.masks().await?;
    let view = words.number::<usize>("view")?;
    let reach = app.reach.clone();
    let read = blocking(move || {
        let media = media_of(&reach, &artifact, &place);
        let bytes = match &place {
            Place::Inline(text) => text.clone().into_bytes(),
            Place::File(_, size) if *size > FRAME_LIMIT => {
                return Err(Error::Precondition(format!(
                    "the artifact has {} MiB, too many to be shown; download it instead",
                    size >> 20
                )));
            }
            Place::File(path, _) => {
                let mut bytes = Vec::new();
                let read = reach.open(path).and_then(|mut file| io::Read::read_to_end(&mut file, &mut bytes));
                read.map_err(|error| Error::internal("failed to read an artifact", error))?;
                bytes
            }
            Place::Folder(_) => {
                return Err(Error::Invalid("this is a folder; name a file by path".to_owned()));
            }
            Place::Missing | Place::Private | Place::Elsewhere => return Err(nothing(&artifact, &place)),
        };
        let path = match &place {
            Place::File(path, _) => Some(path.clone()),
            _ => None,
        };
        Ok((media, path, bytes))
    });
    let (media, path, bytes) = read.await?;
    if let Some(view) = view {
        let page = page_of(&app, (&permit, &namespace), &bytes, view).await?;
        let mut response = whole(masks.mask(&page), "text/html; charset=utf-8");
        guard(&mut response, FRAMED);
        return Ok(response);
    }
    let bytes = match media {
        Media::Image => bytes,
        Media::Html | Media::Markdown | Media::Text | Media::Json | Media::Csv => masks.mask(&bytes),
        Media::Binary | Media::Parquet | Media::Folder | Media::None => {
            return Err(Error::Precondition("this is no content that can be shown; download it".to_owned()));
        }
    };
    let mut response = whole(bytes, content_type(media, path.as_deref(), true));
    guard(&mut response, FRAMED);
    Ok(response)
}

/// Returns the page of an entry of `mlpipeline-ui-metadata`. Source: KFP API reference 4.1.
async fn page_of(
    app: &App,
    asker: (&Permit, &str),
    document: &[u8],
    number: usize,
) -> Result<Vec<u8>, Error> {
    let document: Value = serde_json::from_slice(document)
        .map_err(|error| Error::Precondition(format!("this is no document of views: {error}")))?;
    let entry = document.get("outputs").and_then(|views| views.get(number));
    let entry = entry.ok_or_else(|| Error::NotFound(format!("the document has no view {number}")))?;
    let field = |name: &str| entry.get(name).and_then(Value::as_str);
    match (field("type"), field("storage"), field("source")) {
        (Some("web-app"), Some("inline"), Some(page)) => Ok(page.as_bytes().to_vec()),
        (Some("web-app"), _, Some(uri)) => {
            Ok(content_at(app, asker, uri, FRAME_LIMIT as usize).await?.to_vec())
        }
        _ => Err(Error::Precondition(format!("view {number} is no page"))),
    }
}

fn whole(bytes: Vec<u8>, content_type: &'static str) -> Response {
    ([(header::CONTENT_TYPE, content_type)], Body::from(bytes)).into_response()
}

fn guard(response: &mut Response, policy: &'static str) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

/// Names the file that a browser saves.
fn disposition(response: &mut Response, name: &str, download: bool) {
    let plain: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "._- ".contains(letter) { letter } else { '_' })
        .collect();
    let kind = if download { "attachment" } else { "inline" };
    let value = HeaderValue::from_str(&format!("{kind}; filename=\"{plain}\""));
    response
        .headers_mut()
        .insert(header::CONTENT_DISPOSITION, value.expect("letters, digits and a few signs are header text"));
}

/// Streams a file, or the part of it that is asked for.
async fn file(
    artifact: &ArtifactValue,
    path: PathBuf,
    headers: &HeaderMap,
    (masks, reach): (Masks, Reach),
) -> Result<Response, Error> {
    let cannot = |error| Error::internal("failed to read an artifact", error);
    let (opened, media_path) = (path.clone(), path.clone());
    let artifact = artifact.clone();
    let (opened, media) = blocking(move || {
        let file = reach.open(&opened).map_err(cannot)?;
        let size = file.metadata().map_err(cannot)?.len();
        Ok((file, media_of(&reach, &artifact, &Place::File(media_path, size))))
    })
    .await?;
    let mut opened = tokio::fs::File::from_std(opened);
    let metadata = opened.metadata().await.map_err(cannot)?;
    let size = metadata.len();
    let tag = etag(&metadata);
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let asked = headers.get(header::RANGE).and_then(|range| Range::parse(range.to_str().ok()?));
        let range = match asked.map(|range| range.within(size)) {
            Some(None) => return Ok(unsatisfiable(size)),
            Some(Some(range)) => Some(range),
            None => None,
        };
        let (first, length) = range.map_or((0, size), |(first, last)| (first, last - first + 1));
        let body = if masks.is_empty() {
            opened.seek(io::SeekFrom::Start(first)).await.map_err(cannot)?;
            Body::from_stream(ReaderStream::new(opened.take(length)))
        } else {
            hidden(opened.into_std().await, (first, length), masks)
        };
        let mut response = body.into_response();
        let answered = response.headers_mut();
        answered.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        let kind = content_type(media, Some(&path), false);
        answered.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        answered.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if let Some((first, last)) = range {
            let content = HeaderValue::from_str(&format!("bytes {first}-{last}/{size}"));
            answered.insert(header::CONTENT_RANGE, content.expect("digits are header text"));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        response
    };
    response.headers_mut().insert(header::ETAG, tag);
    Ok(response)
}

/// Reads a part of a file with the values of secrets written over, those that reach into it from outside too.
fn hidden(mut file: std::fs::File, (first, length): (u64, u64), masks: Masks) -> Body {
    pieces::body(move |pieces| {
        let around = masks.longest() as u64;
        let begin = first.saturating_sub(around);
        file.seek(io::SeekFrom::Start(begin))?;
        let mut shown = Blanking::new(file.take(first - begin + length + around), masks);
        io::copy(&mut (&mut shown).take(first - begin), &mut io::sink())?;
        io::copy(&mut shown.take(length), pieces)?;
        Ok(())
    })
}

/// Names a file's content by its size and when it was written; finished artifacts do not change.
fn etag(metadata: &std::fs::Metadata) -> HeaderValue {
    let since = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let nanoseconds = since.unwrap_or_default().as_nanos();
    HeaderValue::from_str(&format!("\"{:x}-{nanoseconds:x}\"", metadata.len()))
        .expect("digits are header text")
}

/// Packs a folder while it is read.
pub(crate) fn packed(path: PathBuf, name: String, (masks, reach): (Masks, Reach)) -> Body {
    pieces::body(move |pieces| {
        let mut archive = tar::Builder::new(GzEncoder::new(pieces, Compression::fast()));
        append(&mut archive, (Path::new(&name), &path), (&masks, &reach))?;
        archive.into_inner()?.finish()?;
        Ok(())
    })
}

/// Adds a file or folder under a name; links are kept as links, what is the server's own stays behind.
pub(crate) fn append<W: Write>(
    archive: &mut tar::Builder<W>,
    (name, path): (&Path, &Path),
    (masks, reach): (&Masks, &Reach),
) -> io::Result<()> {
    archive.follow_symlinks(false);
    let found = path.symlink_metadata()?;
    if !found.is_symlink() && reach.is_private(path) {
        return Ok(());
    }
    if found.is_file() {
        let mut header = tar::Header::new_gnu();
        header.set_metadata(&found);
        // As long as it was announced, whatever happens to it meanwhile.
        let content = Blanking::new(reach.open(path)?, masks.clone()).chain(io::repeat(0));
        return archive.append_data(&mut header, name, content.take(found.len()));
    }
    if !found.is_dir() {
        return if found.is_symlink() { archive.append_path_with_name(path, name) } else { Ok(()) };
    }
    archive.append_dir(name, path)?;
    let mut entries: Vec<_> = path.read_dir()?.collect::<io::Result<_>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        append(archive, (&name.join(entry.file_name()), &entry.path()), (masks, reach))?;
    }
    Ok(())
}
