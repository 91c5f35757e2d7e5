//! What changes in a run, as server-sent events: `runs/{id}/events`.
//!
//! Shape: `run` carries the run's document without tasks whenever the run changed, `task` one task whenever
//! that task changed, `end` closes the stream. The first events describe everything as it is, so a client that
//! reconnects needs nothing but to listen again. With `view=progress` see [`crate::own::events`].

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use pipewright_store::Change;
use pipewright_store::engine::{RunId, TaskKey, TaskView};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::own;
use crate::v2beta1::run_message;

/// Events waiting for a slow reader; when full, the watcher waits and then tells the newest state only.
const WAITING: usize = 64;
/// The least time between two looks at a run, and how much longer than a look itself it is.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOK_SHARE: u32 = 10;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/runs/{id}/events", get(events))
}

async fn events(
    State(app): State<App>,
    Segments(id): Segments<String>,
    headers: HeaderMap,
    words: Words,
) -> Result<Response, Error> {
    let run = RunId(id);
    if words.get("view") == Some("progress") {
        return own::events::run_events(app, run, &headers, &words).await;
    }
    let feed = app.store.changes();
    app.store.get_run(&run).await?;
    let closing = app.closing.clone();
    Ok(streamed(closing, move |sender| watch(app, run, feed, sender)))
}

/// Answers with what a task sends, until that ends, nobody listens any more, or the server stops.
pub(crate) fn streamed<F>(closing: CancellationToken, tell: impl FnOnce(mpsc::Sender<Event>) -> F) -> Response
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(WAITING);
    let telling = tell(sender);
    tokio::spawn(async move {
        tokio::select! {
            () = telling => {}
            () = closing.cancelled() => {}
        }
    });
    let stream = futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|event| (Ok::<_, Infallible>(event), receiver))
    });
    unbuffered(Sse::new(stream).keep_alive(KeepAlive::default()).into_response())
}

/// Asks proxies to pass an answer on as it comes. Source: `X-Accel-Buffering` of nginx, which others know too.
pub(crate) fn unbuffered(mut response: Response) -> Response {
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Tells what changed until the run is over, gone, or nobody listens.
async fn watch(app: App, run: RunId, mut feed: broadcast::Receiver<Change>, sender: mpsc::Sender<Event>) {
    let mut told = Told::default();
    loop {
        let began = Instant::now();
        let Ok(over) = tell(&app, &run, &mut told, &sender).await else { return };
        if over {
            return;
        }
        let pause = LOOK_EVERY.max(began.elapsed() * LOOK_SHARE);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = sender.closed() => return,
        }
        loop {
            tokio::select! {
                change = feed.recv() => match change {
                    Ok(change) if concerns(&change, &run) => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                },
                () = sender.closed() => return,
            }
        }
    }
}

pub(crate) fn concerns(change: &Change, run: &RunId) -> bool {
    match change {
        Change::Inbox(other) | Change::Run(other) | Change::Tasks(other) => other == run,
        Change::Experiment(_) | Change::Pipeline(_) | Change::RecurringRun(_) | Change::Object(_) => false,
    }
}

/// What a reader has been told, by hash.
#[derive(Default)]
struct Told {
    run: u64,
    tasks: BTreeMap<TaskKey, u64>,
}

/// Nobody listens any more, or the run cannot be read.
struct Gone;

async fn tell(app: &App, run: &RunId, told: &mut Told, sender: &mpsc::Sender<Event>) -> Result<bool, Gone> {
    let row = app.store.get_run(run).await.map_err(|_| Gone)?;
    let tasks = app.store.tasks(run).await.map_err(|_| Gone)?;
    for task in &tasks {
        let text = task_text(task);
        let hash = hash_of(&text);
        if told.tasks.get(&task.key) != Some(&hash) {
            told.tasks.insert(task.key.clone(), hash);
            send(sender, "task", text).await?;
        }
    }
    let text = serde_json::to_string(&run_message(&row, None)).map_err(|_| Gone)?;
    let hash = hash_of(&text);
    if told.run != hash {
        told.run = hash;
        send(sender, "run", text).await?;
    }
    let over = row.view.phase.is_terminal();
    if over {
        send(sender, "end", "{}".to_owned()).await?;
    }
    Ok(over)
}

fn task_text(task: &TaskView) -> String {
    serde_json::to_string(task).unwrap_or_default()
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

async fn send(sender: &mpsc::Sender<Event>, name: &str, text: String) -> Result<(), Gone> {
    sender.send(Event::default().event(name).data(text)).await.map_err(|_| Gone)
}
