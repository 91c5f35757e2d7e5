//! What changes in a run, with resume: `runs/{id}/events?view=progress`.
//!
//! Shape: `task` carries a [`TaskProgress`], `run` a [`RunSummary`] and ends a batch: its id is the length of the
//! journal that the batch goes up to. Who comes back with that id (`Last-Event-ID`, or `since`) gets what changed
//! after it, also from a server that has been restarted. `reset` asks to fetch the graph again, `end` closes.
//! What is inside a loop is told by the loop's counts, unless `inside` names the loop (its iterations are told) or
//! an iteration (its tasks are).
//!
//! A slow reader holds back only itself: the next batch goes from what it had to what is then.

use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use pipewright_store::engine::{RunId, TaskKey};
use pipewright_store::{Change, Scope};
use serde::Serialize;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

use super::graph::summary_now;
use super::progress::task_progress;
#[cfg(doc)]
use super::progress::{RunSummary, TaskProgress};
use crate::app::App;
use crate::changes::{concerns, streamed};
use crate::error::Error;
use crate::extract::Words;

/// More changed tasks than that are not told one by one.
const MOST_TASKS: usize = 2000;
const PAGE: usize = 1000;
/// The least time between two looks at a run, and how much longer than a look itself it is.
const LOOK_EVERY: Duration = Duration::from_millis(150);
const LOOK_SHARE: u32 = 15;
/// Parts of loops that one reader may look into.
const MOST_INSIDE: usize = 50;

/// Nobody listens any more, or the run cannot be read.
struct Gone;

struct Watcher {
    app: App,
    run: RunId,
    inside: Vec<String>,
    sender: mpsc::Sender<Event>,
}

pub(crate) async fn run_events(
    app: App,
    run: RunId,
    headers: &HeaderMap,
    words: &Words,
) -> Result<Response, Error> {
    let since = match last_event_id(headers) {
        Some(id) => {
            let wrong = || Error::Invalid(format!("Last-Event-ID must be a number, found `{id}`"));
            Some(id.parse().map_err(|_| wrong())?)
        }
        None => words.number("since")?,
    };
    let inside: Vec<String> = words
        .get("inside")
        .unwrap_or_default()
        .split(',')
        .filter(|key| !key.is_empty())
        .map(str::to_owned)
        .collect();
    if inside.len() > MOST_INSIDE {
        return Err(Error::Invalid(format!("inside names more than {MOST_INSIDE} parts")));
    }
    // Before the first look, so that nothing is missed in between.
    let feed = app.store.changes();
    app.store.get_run(&run).await?;
    let closing = app.closing.clone();
    Ok(streamed(closing, move |sender| async move {
        let watcher = Watcher { app, run, inside, sender };
        // Whoever is gone needs no answer.
        let _gone: Result<(), Gone> = watcher.watch(since, feed).await;
    }))
}

/// Returns the id of the last event that a reader had.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("last-event-id").and_then(|value| value.to_str().ok()).filter(|id| !id.is_empty())
}

impl Watcher {
    async fn watch(self, since: Option<u64>, mut feed: broadcast::Receiver<Change>) -> Result<(), Gone> {
        let mut seq = match since {
            Some(seq) => seq,
            None => self.everything().await?,
        };
        loop {
            let began = Instant::now();
            let (next, over) = self.tell(seq).await?;
            seq = next;
            if over {
                return self.send(Event::default().event("end").data("{}")).await;
            }
            let pause = LOOK_EVERY.max(began.elapsed() * LOOK_SHARE);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.sender.closed() => return Err(Gone),
            }
            self.changed(&mut feed).await?;
        }
    }

    async fn changed(&self, feed: &mut broadcast::Receiver<Change>) -> Result<(), Gone> {
        loop {
            tokio::select! {
                change = feed.recv() => match change {
                    Ok(change) if concerns(&change, &self.run) => return Ok(()),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return Ok(()),
                    Err(RecvError::Closed) => return Err(Gone),
                },
                () = self.sender.closed() => return Err(Gone),
            }
        }
    }

    /// Tells all tasks; returns how long the journal was before.
    async fn everything(&self) -> Result<u64, Gone> {
        let mut scope = Scope { under: TaskKey::root(), after: None, limit: PAGE };
        let mut first = None;
        loop {
            let page = self.app.store.run_progress(&self.run, scope.clone()).await.map_err(unreadable)?;
            first.get_or_insert(page.seq);
            self.tasks(page.tasks).await?;
            match page.next {
                Some(key) => scope.after = Some(key),
                None => return Ok(first.unwrap_or_default()),
            }
        }
    }

    /// Tells what changed since; returns how long the journal is, and whether the run is over.
    async fn tell(&self, since: u64) -> Result<(u64, bool), Gone> {
        let inside = self.inside.clone();
        let shown = move |key: &TaskKey| shown(key, &inside);
        let changes =
            self.app.store.run_changes(&self.run, since, MOST_TASKS, shown).await.map_err(unreadable)?;
        match changes.tasks {
            Some(tasks) => self.tasks(tasks).await?,
            None => self.send(Event::default().event("reset").data("{}")).await?,
        }
        let over = changes.run.view.phase.is_terminal();
        let summary = summary_now(&self.app, changes.run).await.map_err(unreadable)?;
        let event = json_event("run", &summary)?.id(changes.seq.to_string());
        self.send(event).await?;
        Ok((changes.seq, over))
    }

    async fn tasks(&self, tasks: Vec<pipewright_store::TaskBrief>) -> Result<(), Gone> {
        let plan = self.app.store.run_plan(&self.run).await.map_err(unreadable)?;
        for task in tasks {
            self.send(json_event("task", &task_progress(&plan, task))?).await?;
        }
        Ok(())
    }

    async fn send(&self, event: Event) -> Result<(), Gone> {
        self.sender.send(event).await.map_err(|_| Gone)
    }
}

/// Ends a stream of a run that cannot be read: it was deleted, or the store is in trouble.
fn unreadable(error: impl std::fmt::Display) -> Gone {
    tracing::warn!("following a run ended: {error}");
    Gone
}

fn json_event(name: &str, data: &impl Serialize) -> Result<Event, Gone> {
    Event::default().event(name).json_data(data).map_err(|_| Gone)
}

/// Returns the tasks that stand for a changed one: itself, or the outermost loop that nobody looks into; and the
/// loops around that somebody does look into, for their counts.
fn shown(key: &TaskKey, inside: &[String]) -> Vec<TaskKey> {
    let text = key.as_str();
    // Up to where somebody looks, and whether only at what begins there.
    let (mut seen, mut is_iteration) = (0, false);
    for part in inside {
        let Some(rest) = text.strip_prefix(part.as_str()) else { continue };
        let (end, of_loop) = match rest.bytes().next() {
            None | Some(b'/') => (part.len(), false),
            Some(b'[') => (part.len() + rest.find(']').map_or(0, |at| at + 1), true),
            Some(_) => continue,
        };
        if end > seen || (end == seen && !of_loop) {
            (seen, is_iteration) = (end, of_loop);
        }
    }
    let end = match text[seen..].find('[') {
        _ if is_iteration => seen,
        Some(at) => seen + at,
        None => text.len(),
    };
    let loops = text[..end].match_indices('[').map(|(at, _)| &text[..at]);
    loops.chain([&text[..end]]).map(|key| TaskKey(key.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_stand_for_what_nobody_looks_into() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("root/a", &[], &["root/a"]),
            ("root/l", &[], &["root/l"]),
            ("root/l[3]", &[], &["root/l"]),
            ("root/l[3]/x", &[], &["root/l"]),
            ("root/l[3]", &["root/l"], &["root/l", "root/l[3]"]),
            ("root/l[3]/x", &["root/l"], &["root/l", "root/l[3]"]),
            ("root/l[3]/x", &["root/l", "root/l[3]"], &["root/l", "root/l[3]/x"]),
            ("root/l[3]/x[1]", &["root/l[3]"], &["root/l", "root/l[3]/x"]),
            ("root/l[3]/x", &["root/l[30]"], &["root/l"]),
            ("root/l[30]/x", &["root/l[3]"], &["root/l"]),
            ("root/l[3]/x[1]/y", &["root/l[3]/x"], &["root/l", "root/l[3]/x", "root/l[3]/x[1]"]),
            ("root/long[3]", &["root/l"], &["root/long"]),
        ];
        for (key, inside, expected) in cases {
            let inside: Vec<String> = inside.iter().map(|part| (*part).to_owned()).collect();
            let found = shown(&TaskKey((*key).to_owned()), &inside);
            let found: Vec<&str> = found.iter().map(TaskKey::as_str).collect();
            assert_eq!(found, *expected, "{key} {inside:?}");
        }
    }
}
