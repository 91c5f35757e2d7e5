//! Where a run is looked at: a store in this process, or a server. Both give the same views.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Result};
use pipewright_engine::{AttemptId, Resume, RunId, RunPhase, TaskKey, TaskView, Timestamp};
use pipewright_executor::LogSource;
use pipewright_server::run_document;
use pipewright_server::v2beta1::types;
use pipewright_store::{Change, Masker, Masks, Request, Store};
use serde_json::{Value, json};
use tokio::sync::broadcast;

use crate::client::{Client, escape, is_away};
use crate::progress::Head;

/// How long to wait between two looks at a server.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// How long to wait for a server that is away before it is asked again.
const AWAY: Duration = Duration::from_secs(1);
/// Bytes of a log's end that are read for its last line.
const TAIL_BYTES: u64 = 2048;

/// One run, seen from here.
pub(crate) enum Watched {
    Local { store: Store, run: RunId, changes: broadcast::Receiver<Change>, logs: Arc<dyn LogSource> },
    Remote { client: Client, run: RunId, link: Link },
}

/// What is known of a server that is asked again and again.
#[derive(Default)]
pub(crate) struct Link {
    has_answered: AtomicBool,
    is_away: AtomicBool,
}

/// What a look showed.
pub(crate) struct Look {
    pub head: Head,
    pub tasks: Vec<TaskView>,
}

impl Watched {
    /// Looks at a run of a server, which may not be there at all.
    pub(crate) fn remote(client: Client, run: RunId) -> Self {
        Self::Remote { client, run, link: Link::default() }
    }

    /// Notes that the server is there: when it goes away from now on, it is waited for.
    pub(crate) fn known(self) -> Self {
        if let Self::Remote { link, .. } = &self {
            link.has_answered.store(true, Relaxed);
        }
        self
    }

    /// Tells whether a server that was there does not answer just now.
    pub(crate) fn is_away(&self) -> bool {
        matches!(self, Self::Remote { link, .. } if link.is_away.load(Relaxed))
    }

    /// Looks at the run and all its tasks.
    pub(crate) async fn look(&self) -> Result<Look> {
        match self {
            Self::Local { store, run, .. } => {
                let row = store.get_run(run).await?;
                let head = Head {
                    name: row.display_name.clone(),
                    phase: row.view.phase,
                    created_at: row.created_at,
                    ended_at: row.view.ended_at,
                };
                Ok(Look { head, tasks: store.tasks(run).await? })
            }
            Self::Remote { client, run, link } => {
                let path = format!("/apis/pipewright/v1/runs/{run}/tasks");
                let tasks = link.patiently(|| client.get(&path)).await?;
                let tasks =
                    serde_json::from_value(tasks).context("the server speaks of tasks in another way")?;
                // After the tasks: what has ended is complete.
                let path = format!("/apis/v2beta1/runs/{run}");
                let message = link.patiently(|| client.get(&path)).await?;
                let message: types::Run =
                    serde_json::from_value(message).context("the server speaks of runs in another way")?;
                Ok(Look { head: head_of(&message), tasks })
            }
        }
    }

    /// Waits until something may have changed.
    pub(crate) async fn changed(&mut self) {
        match self {
            Self::Local { run, changes, .. } => loop {
                match changes.recv().await {
                    Ok(Change::Run(id) | Change::Tasks(id)) if id == *run => return,
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Lagged(_)) => return,
                    // The store is closed; whoever looks again learns why.
                    Err(broadcast::error::RecvError::Closed) => return tokio::time::sleep(ASK_EVERY).await,
                }
            },
            Self::Remote { .. } => tokio::time::sleep(ASK_EVERY).await,
        }
    }

    /// Asks the run to stop.
    pub(crate) async fn cancel(&self) -> Result<()> {
        match self {
            Self::Local { store, run, .. } => Ok(store.request(run, Request::Terminate).await?),
            Self::Remote { client, run, .. } => {
                client.post(&format!("/apis/v2beta1/runs/{run}:terminate"), &Value::Null).await.map(drop)
            }
        }
    }

    /// Lets waiting tasks go on; returns their paths.
    ///
    /// Errors: a value that is missing or does not fit, or nobody who waits.
    pub(crate) async fn resume(&self, resume: Resume) -> Result<Vec<String>> {
        match self {
            Self::Local { store, run, .. } => {
                let meant = pipewright_server::resume(store, run, resume).await?;
                Ok(meant.into_iter().map(|key| key.0).collect())
            }
            Self::Remote { client, run, .. } => {
                let tasks: Vec<&str> = resume.tasks.iter().map(TaskKey::as_str).collect();
                let body = json!({
                    "tasks": tasks,
                    "parameters": resume.parameters,
                    "decline": resume.declined,
                    "message": resume.message.unwrap_or_default(),
                });
                let answer = client.post(&format!("/apis/pipewright/v1/runs/{run}:resume"), &body).await?;
                let meant = answer["tasks"].as_array().into_iter().flatten();
                Ok(meant.filter_map(Value::as_str).map(str::to_owned).collect())
            }
        }
    }

    /// Returns the run as a document: the API's message and what `--output json` adds to it.
    pub(crate) async fn document(&self) -> Result<Value> {
        match self {
            Self::Local { store, run, .. } => {
                let row = store.get_run(run).await?;
                let mut document = serde_json::to_value(run_document(&row, &store.tasks(run).await?))?;
                if let Some(ended) = row.view.ended_at {
                    document["duration_seconds"] = Value::from((ended.0 - row.created_at.0) as f64 / 1e6);
                }
                Ok(document)
            }
            Self::Remote { client, run, link } => {
                let path = format!("/apis/pipewright/v1/runs/{run}");
                link.patiently(|| client.get(&path)).await
            }
        }
    }

    /// Returns what an attempt has written so far.
    pub(crate) async fn log(&self, task: &TaskKey, attempt: u32) -> Result<Vec<u8>> {
        match self {
            Self::Local { store, run, logs, .. } => {
                let id = AttemptId { run: run.clone(), task: task.clone(), number: attempt };
                let path = logs.log_path(&id);
                match std::fs::read(&path) {
                    Ok(text) => Ok(store.masks().await?.mask(&text)),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
                    Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
                }
            }
            Self::Remote { client, run, link } => {
                let key = escape(task.as_str());
                let path = format!("/apis/pipewright/v1/runs/{run}/tasks/{key}/log?attempt={attempt}");
                link.patiently(|| client.bytes(&path)).await
            }
        }
    }

    /// Returns what an attempt has written beyond the first bytes of what is shown.
    pub(crate) async fn log_from(&self, task: &TaskKey, attempt: u32, offset: u64) -> Result<Vec<u8>> {
        match self {
            Self::Local { .. } => {
                let mut log = self.log(task, attempt).await?;
                let known = usize::try_from(offset).unwrap_or(usize::MAX).min(log.len());
                Ok(log.split_off(known))
            }
            Self::Remote { client, run, link } => {
                let key = escape(task.as_str());
                let path = format!(
                    "/apis/pipewright/v1/runs/{run}/tasks/{key}/log?attempt={attempt}&offset={offset}"
                );
                link.patiently(|| client.bytes(&path)).await
            }
        }
    }

    /// Returns the last log line of these tasks, given with their newest attempt. Only local logs are cheap enough.
    /// The values of secrets are hidden in them, as everywhere.
    pub(crate) async fn tails(&self, tasks: &[(String, u32)]) -> BTreeMap<String, String> {
        let Self::Local { store, run, logs, .. } = self else { return BTreeMap::new() };
        if tasks.is_empty() {
            return BTreeMap::new();
        }
        let Ok(masks) = store.masks().await else { return BTreeMap::new() };
        let line = |(key, number): &(String, u32)| {
            let id = AttemptId { run: run.clone(), task: TaskKey(key.clone()), number: *number };
            Some((key.clone(), last_line(logs.log_path(&id), &masks)?))
        };
        tasks.iter().filter_map(line).collect()
    }
}

impl Link {
    /// Asks until there is an answer, where there was one before: a server that is started anew goes on with its
    /// runs. What is asked must change nothing.
    async fn patiently<T, F: Future<Output = Result<T>>>(&self, ask: impl Fn() -> F) -> Result<T> {
        loop {
            match ask().await {
                Err(error) if self.has_answered.load(Relaxed) && is_away(&error) => {
                    if !self.is_away.swap(true, Relaxed) {
                        anstream::eprintln!("{error:#}; waiting for the server, the run goes on with it");
                    }
                }
                answer => {
                    self.has_answered.fetch_or(answer.is_ok(), Relaxed);
                    if self.is_away.swap(false, Relaxed) {
                        anstream::eprintln!("the server answers again");
                    }
                    return answer;
                }
            }
            tokio::time::sleep(AWAY).await;
        }
    }
}

fn last_line(path: PathBuf, masks: &Masks) -> Option<String> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = std::fs::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES))).ok()?;
    let mut end = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut end).ok()?;
    // What may be the beginning of a secret is kept back; one whose beginning is cut off must not be shown.
    let is_cut = length > TAIL_BYTES && !end.trim_ascii_end().contains(&b'\n');
    if is_cut && !masks.is_empty() {
        return None;
    }
    let end = Masker::default().push(masks, &end);
    let text = String::from_utf8_lossy(&end);
    // A progress bar returns to the line's beginning without ending it.
    let line = text.trim_end().rsplit(['\n', '\r']).next().unwrap_or_default().trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// Takes a run's head from the API's message. A cancelled run says FAILED there, and CANCELING in its history.
pub(crate) fn head_of(message: &types::Run) -> Head {
    let was_cancelled = message.state_history.iter().any(|step| step.state == "CANCELING");
    let phase = match message.state.as_str() {
        "SUCCEEDED" => RunPhase::Succeeded,
        "FAILED" if was_cancelled => RunPhase::Cancelled,
        "FAILED" => RunPhase::Failed,
        "CANCELED" => RunPhase::Cancelled,
        "CANCELING" => RunPhase::Cancelling,
        "RUNNING" => RunPhase::Running,
        _ => RunPhase::Pending,
    };
    let time = |text: &str| {
        text.parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_microsecond())).filter(|at| at.0 > 0)
    };
    Head {
        name: message.display_name.clone(),
        phase,
        created_at: time(&message.created_at).unwrap_or_default(),
        ended_at: time(&message.finished_at).filter(|_| phase.is_terminal()),
    }
}
