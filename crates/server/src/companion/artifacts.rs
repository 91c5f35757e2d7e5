//! Artifacts by their place: whole files, their beginnings, and folders packed into one file.
//!
//! Only what runs have left can be read: files under the artifacts of this home, what is registered as an
//! artifact, and the folders of volume claims. Symbolic links do not lead out of these. The values of secrets are
//! written over.

use std::io::Read;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::read::GzDecoder;
use pipewright_artifacts::{Kind, summarize};
use pipewright_store::Masks;
use pipewright_store::engine::Submit;

use crate::access::Permit;
use crate::app::App;
use crate::blank::Blanking;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::own::artifacts::packed;
use crate::pieces::{self, Pieces};
use crate::placing::may_reach;

/// The most that is unpacked of one entry.
const UNPACK_LIMIT: u64 = 1 << 30;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/artifacts/get", get(unpacked))
        .route("/artifacts/{source}/{bucket}/{*key}", get(raw))
}

/// An error in plain words.
struct Plain(StatusCode, String);

impl IntoResponse for Plain {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

fn refused(status: StatusCode, message: impl Into<String>) -> Plain {
    Plain(status, message.into())
}

impl From<Error> for Plain {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(message) => Self(StatusCode::BAD_REQUEST, message),
            Error::NotFound(message) => Self(StatusCode::NOT_FOUND, message),
            Error::Denied(message) => Self(StatusCode::FORBIDDEN, message),
            other => {
                tracing::error!(error = %other, "an artifact cannot be read");
                Self(StatusCode::INTERNAL_SERVER_ERROR, "the artifact cannot be read".to_owned())
            }
        }
    }
}

/// Answers with an artifact's content: a packed one is unpacked, of a tar the first file is taken.
async fn unpacked(State(app): State<App>, permit: Permit, words: Words) -> Result<Response, Plain> {
    let asked = |key: &str| words.get(key).unwrap_or_default().to_owned();
    let (source, bucket, key) = (asked("source"), asked("bucket"), asked("key"));
    for (name, value) in [("source", &source), ("key", &key)] {
        if value.is_empty() {
            return Err(refused(StatusCode::BAD_REQUEST, format!("{name} is missing")));
        }
    }
    let peek = words.number::<u64>("peek")?;
    let namespace = words.text("namespace").unwrap_or_default();
    let path = locate(&app, (&permit, &namespace), (&source, &bucket, &key)).await?;
    send(&app, path, true, peek).await
}

/// Answers with an artifact as it is.
async fn raw(
    State(app): State<App>,
    permit: Permit,
    Segments((source, bucket, key)): Segments<(String, String, String)>,
    words: Words,
) -> Result<Response, Plain> {
    let peek = words.number::<u64>("peek")?;
    let namespace = words.text("namespace").unwrap_or_default();
    let path = locate(&app, (&permit, &namespace), (&source, &bucket, &key)).await?;
    send(&app, path, false, peek).await
}

/// Finds what lies at an address, as a task wrote it down: `/path`, `file:///path` or `volume://claim/path`.
///
/// Claims of volumes are those of the namespace that is given.
///
/// Errors: `Invalid` for an address that leads nowhere here, `NotFound` when nothing lies there, `Denied`.
pub(crate) async fn path_at(app: &App, asker: (&Permit, &str), uri: &str) -> Result<PathBuf, Error> {
    let (source, place) = uri.split_once("://").unwrap_or(("file", uri));
    let (bucket, key) = match source {
        "file" => ("", place),
        _ => place.split_once('/').unwrap_or((place, "")),
    };
    locate(app, asker, (source, bucket, key)).await.map_err(told)
}

/// Reads what lies at an address; errors as of `path_at`, and `Precondition` when there is more than `most` bytes.
pub(crate) async fn content_at(
    app: &App,
    asker: (&Permit, &str),
    uri: &str,
    most: usize,
) -> Result<Bytes, Error> {
    let path = path_at(app, asker, uri).await?;
    let response = send(app, path, true, Some(most as u64 + 1)).await.map_err(told)?;
    let bytes = axum::body::to_bytes(response.into_body(), most).await;
    bytes.map_err(|_| Error::Precondition(format!("what lies at {uri} is too large to be shown")))
}

/// Says in the words of our own routes what these say plainly.
fn told(Plain(status, message): Plain) -> Error {
    match status {
        StatusCode::NOT_FOUND => Error::NotFound(message),
        StatusCode::FORBIDDEN => Error::Denied(message),
        status if status.is_server_error() => {
            Error::internal("reading an artifact failed", std::io::Error::other(message))
        }
        _ => Error::Invalid(message),
    }
}

/// Finds the file or folder that is meant.
async fn locate(
    app: &App,
    (permit, namespace): (&Permit, &str),
    (source, bucket, key): (&str, &str, &str),
) -> Result<PathBuf, Plain> {
    let missing = || {
        let shown = match source {
            "file" => format!("/{}", format!("{bucket}/{key}").trim_start_matches('/')),
            _ => format!("{source}://{bucket}/{key}"),
        };
        refused(StatusCode::NOT_FOUND, format!("there is no artifact {shown}"))
    };
    match source {
        "file" => {
            let path = PathBuf::from(format!("/{bucket}/{key}").replace("//", "/"));
            let path = resolved(&path).await.ok_or_else(missing)?;
            let root = resolved(Path::new(&app.settings.artifacts_root)).await;
            let is_ours =
                root.is_some_and(|root| path.starts_with(root)) || is_registered(app, &path).await?;
            let is_private = app.reach.is_private(&path);
            if is_ours && !is_private {
                check_place(app, permit, &path).await?;
            }
            match (is_ours, is_private) {
                (false, _) => Err(missing()),
                (true, true) => Err(refused(
                    StatusCode::FORBIDDEN,
                    format!("{} is the server's own and not shown", path.display()),
                )),
                (true, false) => Ok(path),
            }
        }
        "volume" => {
            let namespace = permit.within("an artifact in a volume", Some(namespace.to_owned()))?;
            let namespace = namespace.as_deref().unwrap_or(Submit::DEFAULT_NAMESPACE);
            let folder = app.store.claim_folder(namespace, bucket).map_err(Error::from)?;
            let folder = resolved(&folder).await.ok_or_else(missing)?;
            let path = resolved(&folder.join(key.trim_start_matches('/'))).await.ok_or_else(missing)?;
            if path.starts_with(&folder) { Ok(path) } else { Err(missing()) }
        }
        "minio" | "s3" | "gcs" | "gs" => Err(refused(
            StatusCode::NOT_FOUND,
            format!(
                "{source}://{bucket}/{key} is in an object store; this server reads local artifacts only"
            ),
        )),
        "http" | "https" => {
            Err(refused(StatusCode::FORBIDDEN, "this server fetches no artifacts from other servers"))
        }
        other => Err(refused(StatusCode::BAD_REQUEST, format!("unknown storage source `{other}`"))),
    }
}

/// Returns where a path leads to in the end.
async fn resolved(path: &Path) -> Option<PathBuf> {
    tokio::fs::canonicalize(path).await.ok()
}

/// Tells whether an artifact lies there, or around it.
async fn is_registered(app: &App, path: &Path) -> Result<bool, Error> {
    for place in path.ancestors().filter(|place| place.parent().is_some()) {
        let uri = place.display().to_string();
        if app.store.is_artifact(&uri).await? || app.store.is_artifact(&format!("file://{uri}")).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Refuses what lies in no namespace that the caller may read: its volume or the run in whose folder it is decides, else
/// the artifacts that are registered there or around it.
async fn check_place(app: &App, permit: &Permit, path: &Path) -> Result<(), Error> {
    if may_reach(app, permit, path).await? {
        return Ok(());
    }
    let mut refusal = None;
    for place in path.ancestors().filter(|place| place.parent().is_some()) {
        let uri = place.display().to_string();
        let mut namespaces = app.store.namespaces_of_uri(&uri).await?;
        namespaces.extend(app.store.namespaces_of_uri(&format!("file://{uri}")).await?);
        for namespace in namespaces {
            match permit.check(&namespace) {
                Ok(()) => return Ok(()),
                Err(error) => refusal = Some(error),
            }
        }
    }
    Err(refusal.unwrap_or_else(|| {
        Error::Denied(format!("{} is in no namespace: no run or artifact is known there", path.display()))
    }))
}

async fn send(app: &App, path: PathBuf, unpack: bool, peek: Option<u64>) -> Result<Response, Plain> {
    let masks = app.store.masks().await.map_err(Error::from)?;
    let looked = path.clone();
    let summary = tokio::task::spawn_blocking(move || summarize(&looked))
        .await
        .map_err(|error| Error::internal("looking at an artifact failed", error))?
        .map_err(|error| Error::internal("an artifact cannot be looked at", error))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match (summary.kind, peek) {
        (Kind::Folder, Some(_)) => {
            let text =
                format!("Directory artifact `{name}`: {} file(s), {} bytes", summary.files, summary.bytes);
            Ok(answer("text/plain; charset=utf-8", Body::from(text), None))
        }
        (Kind::Folder, None) => {
            let file = format!("{}.tar.gz", header_safe(&name));
            Ok(answer("application/gzip", packed(path, name, (masks, app.reach.clone())), Some(&file)))
        }
        (Kind::File, peek) => {
            let limit = peek.unwrap_or(u64::MAX);
            let reach = app.reach.clone();
            let body = pieces::body(move |out| copy(reach.open(&path)?, (unpack, limit), &masks, out));
            Ok(answer("application/octet-stream", body, None))
        }
        (Kind::Missing | Kind::Special, _) => {
            Err(refused(StatusCode::NOT_FOUND, format!("there is no file at {}", path.display())))
        }
    }
}

fn header_safe(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
}

/// Puts an answer together that no browser takes for a page of this server.
fn answer(kind: &'static str, body: Body, file: Option<&str>) -> Response {
    let disposition = match file {
        Some(name) => format!("attachment; filename=\"{name}\""),
        None => "inline".to_owned(),
    };
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned()),
    ];
    (headers, body).into_response()
}

fn copy(
    mut file: std::fs::File,
    (unpack, limit): (bool, u64),
    masks: &Masks,
    out: &mut Pieces,
) -> std::io::Result<()> {
    let mut show = |content: &mut dyn Read| {
        std::io::copy(&mut Blanking::new(content, masks.clone()).take(limit), out).map(drop)
    };
    let mut head = [0; 2];
    let count = file.read(&mut head)?;
    let mut file = head[..count].chain(file);
    if !unpack || head != [0x1f, 0x8b] {
        return show(&mut file);
    }
    // A tar begins with a header of 512 bytes that carries its own sum; anything else is one packed file.
    let mut packed = GzDecoder::new(file).take(UNPACK_LIMIT);
    let mut first = Vec::new();
    packed.by_ref().take(512).read_to_end(&mut first)?;
    let is_tar = first.len() == 512 && &first[257..262] == b"ustar";
    let mut content = first.chain(packed);
    if !is_tar {
        return show(&mut content);
    }
    let mut archive = tar::Archive::new(&mut content);
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            return show(&mut entry);
        }
    }
    Ok(())
}
