//! The page of a visualization, once its run is over.

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use pipewright_store::engine::{AttemptId, RunId, RunPhase, TaskKey, TaskView};
use pipewright_store::{Request, Run};
use tokio::sync::broadcast::error::RecvError;

use super::{OUTPUT, TASK, namespace_of};
use crate::access::Permit;
use crate::app::App;
use crate::companion::content_at;
use crate::error::Error;
use crate::reach::open_itself;

/// How long a program may take when somebody waits for its page, as upstream's may.
const LIMIT: Duration = Duration::from_secs(100);
/// The largest page that is answered.
const MOST_PAGE: usize = 32 << 20;
/// How much of a log is told of a failure.
const TAIL: u64 = 4096;

/// Waits for the end of a visualization's run and returns its page; a run that takes too long is stopped.
///
/// Errors: `Precondition` with the end of its log when it failed, `Unavailable` when it was stopped.
pub(crate) async fn page_of(app: &App, permit: &Permit, run: &RunId) -> Result<String, Error> {
    let ended = match tokio::time::timeout(LIMIT, ended(app, run)).await {
        Ok(ended) => ended?,
        Err(_) => {
            app.store.request(run, Request::Terminate).await?;
            return Err(Error::Unavailable(format!(
                "the visualization was not ready after {} seconds and is stopped; its run is {run}",
                LIMIT.as_secs()
            )));
        }
    };
    let task = app.store.task(run, &TaskKey(TASK.to_owned())).await;
    if ended.view.phase != RunPhase::Succeeded {
        return Err(Error::Precondition(failure(app, run, task.ok()).await?));
    }
    let task = task?;
    let uri = task.outcome.artifacts.get(OUTPUT).and_then(|list| list.first()).map(|artifact| &artifact.uri);
    let Some(uri) = uri else {
        return Err(Error::Precondition(format!("the visualization left no page; its run is {run}")));
    };
    let namespace = namespace_of(app, run).await?;
    let bytes = content_at(app, (permit, &namespace), uri, MOST_PAGE).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn ended(app: &App, run: &RunId) -> Result<Run, Error> {
    let mut feed = app.store.changes();
    loop {
        let row = app.store.get_run(run).await?;
        if row.view.phase.is_terminal() {
            return Ok(row);
        }
        // Whatever the feed says (even that we lagged), the row is the truth.
        if let Err(RecvError::Closed) = feed.recv().await {
            return Err(Error::Unavailable("the server is stopping".to_owned()));
        }
    }
}

/// Says why there is no page.
async fn failure(app: &App, run: &RunId, task: Option<TaskView>) -> Result<String, Error> {
    let reason = task.as_ref().and_then(|task| task.error.as_ref()).map(|error| error.message.clone());
    let log = match task.as_ref().and_then(|task| Some((task, task.attempts.last()?.number))) {
        Some((task, number)) => end_of_log(app, task, number).await?,
        None => String::new(),
    };
    let told = if log.is_empty() { reason.unwrap_or_default() } else { log };
    Ok(format!("the visualization failed; its run is {run}\n{told}").trim_end().to_owned())
}

async fn end_of_log(app: &App, task: &TaskView, number: u32) -> Result<String, Error> {
    let attempt = AttemptId { run: task.run.clone(), task: task.key.clone(), number };
    let path = app.logs.log_path(&attempt);
    let read = tokio::task::spawn_blocking(move || {
        let mut file = open_itself(&path)?;
        let size = file.metadata()?.len();
        file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        std::io::Result::Ok(bytes)
    });
    let bytes = match read.await.map_err(|error| Error::internal("reading a log failed", error))? {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(Error::internal("reading a log failed", error)),
    };
    let text = String::from_utf8_lossy(&app.store.masks().await?.mask(&bytes)).into_owned();
    // A line that was cut tells nothing.
    let whole =
        if bytes.len() as u64 == TAIL { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
    Ok(whole.trim().to_owned())
}
