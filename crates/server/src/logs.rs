//! Our own routes for what tasks are and what they printed: `runs/{id}`, `runs/{id}/tasks`,
//! `runs/{id}/tasks/{key}/log`.

use std::io::ErrorKind;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use futures::Stream;
use pipewright_store::engine::{AttemptId, RunId, TaskKey, TaskView};
use pipewright_store::{Masker, Masks, Store};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::changes::unbuffered;
use crate::document::{RunDocument, run_document};
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::ranges::{Range, unsatisfiable};
use crate::reach::NO_LINK;

const CHUNK: usize = 64 << 10;
/// How often a followed log is looked at for more. A file says nothing when it grows.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often the store is asked whether the attempt has ended.
const ASK_EVERY: u32 = 5;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/runs/{id}", get(document))
        .route("/runs/{id}/tasks", get(tasks))
        .route("/runs/{id}/tasks/{key}/log", get(log))
}

async fn document(
    State(app): State<App>,
    Segments(id): Segments<String>,
) -> Result<Json<RunDocument>, Error> {
    let run = RunId(id);
    let row = app.store.get_run(&run).await?;
    Ok(Json(run_document(&row, &app.store.tasks(&run).await?)))
}

async fn tasks(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Vec<TaskView>>, Error> {
    let run = RunId(id);
    app.store.get_run(&run).await?;
    Ok(Json(app.store.tasks(&run).await?))
}

/// Returns the attempt that is asked for (the last one when not said), and whether it has ended.
pub(crate) async fn attempt_of(
    app: &App,
    run: RunId,
    task: TaskKey,
    words: &Words,
) -> Result<(AttemptId, bool), Error> {
    let view = app.store.task(&run, &task).await?;
    let number = match words.number::<u32>("attempt")? {
        Some(number) => number,
        None => view.attempts.last().map(|attempt| attempt.number).ok_or_else(|| {
            Error::NotFound(format!("task `{task}` of run {run} has no log: nothing was started for it"))
        })?,
    };
    let known = view.attempts.iter().find(|known| known.number == number);
    let ended = known.map(|attempt| attempt.phase.is_terminal());
    let attempt = AttemptId { run, task, number };
    match ended {
        Some(ended) => Ok((attempt, ended)),
        None => Err(Error::NotFound(format!("there is no attempt {attempt}"))),
    }
}

/// Streams the log of one attempt (the last one when not said), from `offset` bytes on; with `follow=true`
/// until the attempt has ended; a part of it when a `Range` says so. The values of secrets are hidden, so offsets
/// are those of what is shown; with `in_place=true` values are written over byte by byte, so they are the file's.
async fn log(
    State(app): State<App>,
    Segments((run, key)): Segments<(String, String)>,
    headers: HeaderMap,
    words: Words,
) -> Result<Response, Error> {
    let (attempt, _) = attempt_of(&app, RunId(run), TaskKey(key), &words).await?;
    attempt_log(app, attempt, &headers, &words).await
}

/// Streams the log of an attempt as the request asks: a range of it, from an offset on, or followed to its end.
/// The values of secrets are hidden.
pub(crate) async fn attempt_log(
    app: App,
    attempt: AttemptId,
    headers: &HeaderMap,
    words: &Words,
) -> Result<Response, Error> {
    let follow = words.flag("follow")?;
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).and_then(Range::parse);
    let masks = app.store.masks().await?;
    let is_in_place = words.flag("in_place")?;
    let path = app.logs.log_path(&attempt);
    let size = tokio::fs::metadata(&path).await.map_or(0, |metadata| metadata.len());
    // Whether a byte is shown where it is in the file.
    let is_true = masks.is_empty() || is_in_place;
    let range = match (range.filter(|_| !follow), is_true) {
        (None, _) => None,
        (Some(range), true) => match range.within(size) {
            Some(range) => Some(range),
            None => return Ok(unsatisfiable(size)),
        },
        // How long what is shown is nobody knows before its end, so a range from there is not answered.
        (Some(range), false) => range.told_ends(),
    };
    let offset = range.map_or(words.number("offset")?.unwrap_or(0), |(first, _)| first);
    let left = range.map(|(first, last)| last - first + 1);
    let known = (is_true && !follow).then(|| left.unwrap_or(size.saturating_sub(offset)));
    // A value may lie across the offset; and where what is hidden has another length, only what is shown is counted.
    let from = if is_true { offset.saturating_sub(masks.longest() as u64) } else { 0 };
    let tail = Tail {
        path,
        offset: from,
        skip: offset - from,
        // A log that grows meanwhile is shown as long as it was announced.
        left: left.or(known).unwrap_or(u64::MAX),
        masker: if is_in_place { Masker::in_place() } else { Masker::default() },
        masks,
        follow,
        attempt,
        store: app.store,
        closing: app.closing,
        file: None,
        looks: 0,
        ended: false,
    };
    let total = known.map_or_else(|| "*".to_owned(), |_| size.to_string());
    let mut response = Body::from_stream(tail.stream()).into_response();
    let answered = response.headers_mut();
    answered.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answered.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(length) = known {
        answered.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if let Some((first, last)) = range {
        let content = HeaderValue::from_str(&format!("bytes {first}-{last}/{total}"));
        answered.insert(header::CONTENT_RANGE, content.expect("digits are header text"));
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(if follow { unbuffered(response) } else { response })
}

/// A log file being read, maybe while it grows.
struct Tail {
    path: std::path::PathBuf,
    offset: u64,
    masks: Masks,
    masker: Masker,
    /// Bytes that are shown to nobody any more.
    skip: u64,
    /// Bytes that may still be shown.
    left: u64,
    follow: bool,
    attempt: AttemptId,
    store: Store,
    closing: CancellationToken,
    file: Option<File>,
    looks: u32,
    /// The attempt has ended, so the next end of the file is the log's.
    ended: bool,
}

impl Tail {
    fn stream(self) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
        futures::stream::try_unfold(self, |mut tail| async move {
            let chunk = tail.next().await?;
            Ok(chunk.map(|chunk| (chunk, tail)))
        })
    }

    /// Returns the next piece; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, std::io::Error> {
        loop {
            if self.left == 0 {
                return Ok(None);
            }
            if let Some(chunk) = self.read().await? {
                let shown = self.masker.push(&self.masks, &chunk);
                if let Some(shown) = self.skipped(shown) {
                    return Ok(Some(shown));
                }
                continue;
            }
            if !self.follow || self.ended || self.closing.is_cancelled() {
                let rest = self.masker.finish(&self.masks);
                return Ok(self.skipped(rest));
            }
            if self.looks.is_multiple_of(ASK_EVERY) {
                // Asked before the next look: what was printed until the end is in the file by then.
                self.ended = has_ended(&self.store, &self.attempt).await;
            }
            self.looks += 1;
            if !self.ended {
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    () = self.closing.cancelled() => {}
                }
            }
        }
    }

    /// Leaves out what the reader has already; `None` when nothing is left.
    fn skipped(&mut self, mut shown: Vec<u8>) -> Option<Bytes> {
        let gone = usize::try_from(self.skip).unwrap_or(usize::MAX).min(shown.len());
        self.skip -= gone as u64;
        shown.drain(..gone);
        shown.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= shown.len() as u64;
        (!shown.is_empty()).then(|| Bytes::from(shown))
    }

    async fn read(&mut self) -> Result<Option<Bytes>, std::io::Error> {
        if self.file.is_none() {
            match OpenOptions::new().read(true).custom_flags(NO_LINK).open(&self.path).await {
                Ok(mut file) => {
                    file.seek(SeekFrom::Start(self.offset)).await?;
                    self.file = Some(file);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        let Some(file) = self.file.as_mut() else { return Ok(None) };
        let mut chunk = Vec::with_capacity(CHUNK);
        let count = file.read_buf(&mut chunk).await?;
        Ok((count > 0).then(|| Bytes::from(chunk)))
    }
}

/// Tells whether nothing more is printed; a run that is gone prints nothing either.
pub(crate) async fn has_ended(store: &Store, of: &AttemptId) -> bool {
    match store.task(&of.run, &of.task).await {
        Ok(task) => task
            .attempts
            .iter()
            .find(|attempt| attempt.number == of.number)
            .is_none_or(|attempt| attempt.phase.is_terminal()),
        Err(_) => true,
    }
}
