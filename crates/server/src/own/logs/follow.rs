//! A log as it grows, line by line, as server-sent events with resume.
//!
//! Shape: `lines` carries lines that have ended, its id is the line that comes next; `end` closes the stream once
//! the attempt has ended, and the last line with it.

use std::sync::PoisonError;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use pipewright_store::engine::AttemptId;
use serde::Serialize;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::{MOST_BYTES, blocking, first_line};
use crate::app::App;
use crate::changes::streamed;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::logs::has_ended;
use crate::own::events::last_event_id;

/// Lines of one event.
const LINES: u64 = 1000;
/// How often the file is looked at, and every how many looks the store is asked whether the attempt has ended.
const LOOK_EVERY: Duration = Duration::from_millis(150);
const ASK_EVERY: u32 = 4;

/// Lines that were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FollowedLines {
    /// The number of the first of them.
    pub first: u64,
    pub lines: Vec<String>,
    pub total_lines: u64,
    /// Bytes of the whole log.
    pub size: u64,
}

pub(super) async fn follow(
    State(app): State<App>,
    Segments((run, key)): Segments<(String, String)>,
    headers: HeaderMap,
    words: Words,
) -> Result<Response, Error> {
    let asked = super::asked(&app, run, key, &words).await?;
    let from = match last_event_id(&headers) {
        Some(id) => id.parse().map_err(|_| Error::Invalid(format!("Last-Event-ID `{id}` is no line")))?,
        None => words.number::<i64>("from")?.unwrap_or(0),
    };
    let closing = app.closing.clone();
    Ok(streamed(closing, move |sender| async move {
        if let Err(error) = tell(&app, asked.attempt, from, &sender).await {
            tracing::warn!("following a log ended: {error}");
        }
    }))
}

async fn tell(app: &App, attempt: AttemptId, from: i64, sender: &mpsc::Sender<Event>) -> Result<(), Error> {
    let path = app.logs.log_path(&attempt);
    let mut next: Option<u64> = None;
    let (mut looks, mut ended) = (0_u32, false);
    loop {
        if looks.is_multiple_of(ASK_EVERY) {
            // Asked before the look: what was printed until the end is in the file by then.
            ended = has_ended(&app.store, &attempt).await;
        }
        looks = looks.wrapping_add(1);
        let (index, path, masks) = (app.indexes.of(&path), path.clone(), app.store.masks().await?);
        let found = blocking(move || {
            let mut index = index.lock().unwrap_or_else(PoisonError::into_inner);
            let file = index.catch_up(&path)?;
            let first = next.unwrap_or_else(|| first_line(from, index.lines()));
            let mut found =
                FollowedLines { first, lines: Vec::new(), total_lines: index.lines(), size: index.size() };
            let until = if ended { index.lines() } else { index.ended_lines() };
            if let Some(mut file) = file {
                let count = until.saturating_sub(first).min(LINES);
                let lines = index.read(&mut file, first, (count, MOST_BYTES), &masks)?;
                found.lines = lines.into_iter().map(|line| line.text).collect();
            }
            Ok((found, until))
        });
        let (found, until) = found.await?;
        let reached = found.first + found.lines.len() as u64;
        next = Some(reached);
        if !found.lines.is_empty() {
            let event = Event::default().event("lines").id(reached.to_string()).json_data(&found);
            let event = event.map_err(|error| Error::internal("cannot write lines", error))?;
            if sender.send(event).await.is_err() {
                return Ok(());
            }
        }
        if reached < until {
            continue;
        }
        if ended {
            // Whoever is gone needs no answer.
            drop(sender.send(Event::default().event("end").data("{}")).await);
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = sender.closed() => return Ok(()),
        }
    }
}
