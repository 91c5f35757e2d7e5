//! Logs line by line: any part at once, search, and following: `…/log/lines`, `…/log/search`, `…/log/follow`.
//!
//! Lines and offsets count from 0; offsets are those of the file. The values of secrets are hidden, also from
//! search.

mod follow;
mod index;

use std::sync::PoisonError;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use pipewright_store::Masks;
use pipewright_store::engine::{AttemptId, RunId, TaskKey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::logs::attempt_of;

pub use follow::FollowedLines;
pub(crate) use index::Indexes;
use index::Line;

/// Lines and bytes of one answer.
const LINES: u64 = 1000;
const MOST_LINES: u64 = 10_000;
const MOST_BYTES: u64 = 4 << 20;
/// What a search finds and reads at once; then it says where to go on.
const MATCHES: usize = 200;
const MOST_MATCHES: usize = 2000;
const SEARCHED: u64 = 64 << 20;
const BLOCK: u64 = 4096;
const QUERY: usize = 1000;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/runs/{id}/tasks/{key}/log/lines", get(lines))
        .route("/runs/{id}/tasks/{key}/log/search", get(search))
        .route("/runs/{id}/tasks/{key}/log/follow", get(follow::follow))
}

/// Some lines of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogLines {
    pub attempt: u32,
    /// Bytes of the whole log.
    pub size: u64,
    pub total_lines: u64,
    /// The attempt has ended: there will be no more.
    pub complete: bool,
    /// The number of the first of these lines.
    pub first: u64,
    pub lines: Vec<LogLine>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogLine {
    pub offset: u64,
    pub text: String,
    /// Its whole length in bytes, when only the beginning is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<u64>,
}

/// Where a log has what was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogMatches {
    pub matches: Vec<LogMatch>,
    /// The line to go on at; absent when all was searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    pub total_lines: u64,
}

/// One place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LogMatch {
    pub line: u64,
    pub offset: u64,
    /// In the text, in UTF-16 units.
    pub start: u64,
    pub end: u64,
    pub text: String,
}

impl From<Line> for LogLine {
    fn from(line: Line) -> Self {
        Self { offset: line.offset, text: line.text, cut: line.cut }
    }
}

/// A log that somebody asks for.
struct Asked {
    attempt: AttemptId,
    ended: bool,
    masks: Masks,
}

async fn asked(app: &App, run: String, key: String, words: &Words) -> Result<Asked, Error> {
    let (attempt, ended) = attempt_of(app, RunId(run), TaskKey(key), words).await?;
    Ok(Asked { attempt, ended, masks: app.store.masks().await? })
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let result = tokio::task::spawn_blocking(work).await;
    let result = result.map_err(|error| Error::internal("reading a log failed", error))?;
    result.map_err(|error| Error::internal("failed to read a log", error))
}

async fn lines(
    State(app): State<App>,
    Segments((run, key)): Segments<(String, String)>,
    words: Words,
) -> Result<Json<LogLines>, Error> {
    let asked = asked(&app, run, key, &words).await?;
    let from = words.number::<i64>("from")?.unwrap_or(0);
    let offset = words.number::<u64>("offset")?;
    let count = words.number::<u64>("count")?.unwrap_or(LINES).min(MOST_LINES);
    let path = app.logs.log_path(&asked.attempt);
    let index = app.indexes.of(&path);
    let view = blocking(move || {
        let mut index = index.lock().unwrap_or_else(PoisonError::into_inner);
        let mut view = LogLines {
            attempt: asked.attempt.number,
            size: 0,
            total_lines: 0,
            complete: asked.ended,
            first: 0,
            lines: Vec::new(),
        };
        let Some(mut file) = index.catch_up(&path)? else { return Ok(view) };
        (view.size, view.total_lines) = (index.size(), index.lines());
        view.first = match offset {
            Some(offset) => index.line_at(&mut file, offset)?,
            None => first_line(from, view.total_lines),
        };
        let lines = index.read(&mut file, view.first, (count, MOST_BYTES), &asked.masks)?;
        view.lines = lines.into_iter().map(LogLine::from).collect();
        Ok(view)
    });
    Ok(Json(view.await?))
}

/// Turns what was asked for into a line; negative counts from the end.
fn first_line(from: i64, total: u64) -> u64 {
    if from < 0 { total.saturating_sub(from.unsigned_abs()) } else { from.unsigned_abs().min(total) }
}

/// What is looked for.
enum Needle {
    Exact(String),
    /// In small ASCII letters; texts are made so as well.
    AnyCase(String),
    Pattern(regex_lite::Regex),
}

impl Needle {
    fn of(words: &Words) -> Result<Self, Error> {
        let text = words.text("query").ok_or_else(|| Error::Invalid("query is missing".to_owned()))?;
        if text.len() > QUERY {
            return Err(Error::Invalid(format!("query is longer than {QUERY} bytes")));
        }
        let exact = words.flag("case")?;
        if words.flag("regex")? {
            let pattern = regex_lite::RegexBuilder::new(&text).case_insensitive(!exact).build();
            return pattern
                .map(Self::Pattern)
                .map_err(|error| Error::Invalid(format!("query is no regular expression: {error}")));
        }
        Ok(if exact { Self::Exact(text) } else { Self::AnyCase(text.to_ascii_lowercase()) })
    }

    fn find(&self, text: &str) -> Option<(usize, usize)> {
        match self {
            Self::Exact(needle) => text.find(needle).map(|at| (at, at + needle.len())),
            Self::AnyCase(needle) => {
                let at = text.to_ascii_lowercase().find(needle)?;
                Some((at, at + needle.len()))
            }
            Self::Pattern(pattern) => {
                pattern.find(text).filter(|found| !found.is_empty()).map(|found| (found.start(), found.end()))
            }
        }
    }
}

async fn search(
    State(app): State<App>,
    Segments((run, key)): Segments<(String, String)>,
    words: Words,
) -> Result<Json<LogMatches>, Error> {
    let asked = asked(&app, run, key, &words).await?;
    let needle = Needle::of(&words)?;
    let from = words.number::<u64>("from")?.unwrap_or(0);
    let limit =
        words.number::<usize>("limit")?.filter(|limit| *limit > 0).unwrap_or(MATCHES).min(MOST_MATCHES);
    let path = app.logs.log_path(&asked.attempt);
    let index = app.indexes.of(&path);
    let found = blocking(move || {
        let mut view = LogMatches { matches: Vec::new(), next: None, total_lines: 0 };
        let (mut line, mut read) = (from, 0);
        loop {
            // Not held between blocks: others read the same log.
            let mut index = index.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(mut file) = index.catch_up(&path)? else { return Ok(view) };
            view.total_lines = index.lines();
            let block = index.read(&mut file, line, (BLOCK, MOST_BYTES), &asked.masks)?;
            drop(index);
            if block.is_empty() {
                return Ok(view);
            }
            for shown in block {
                if view.matches.len() == limit {
                    view.next = Some(line);
                    return Ok(view);
                }
                read += shown.text.len() as u64 + 1;
                if let Some((start, end)) = needle.find(&shown.text) {
                    let units = |at: usize| shown.text[..at].encode_utf16().count() as u64;
                    let (start, end) = (units(start), units(end));
                    view.matches.push(LogMatch { line, offset: shown.offset, start, end, text: shown.text });
                }
                line += 1;
            }
            if read > SEARCHED {
                view.next = Some(line).filter(|line| *line < view.total_lines);
                return Ok(view);
            }
        }
    });
    Ok(Json(found.await?))
}
