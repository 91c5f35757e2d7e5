//! What changes in lists: `events?kinds=runs,experiments,…`.
//!
//! Shape: `ready` comes first and names where the stream begins; `changed` says of one kind which ids are new,
//! others or gone (none named: many); `reset` asks to fetch everything that is shown again, for instance after a
//! restart. Ids of events are opaque; who comes back with one misses nothing or gets a `reset`.
//!
//! One task per server listens to the store and keeps the newest [`KEPT`] changes; readers take from there at
//! their own pace.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use axum::routing::get;
use pipewright_store::{Change, Kind, Store};
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};
use utoipa::ToSchema;

use super::events::last_event_id;
use crate::access::Permit;
use crate::app::App;
use crate::changes::streamed;
use crate::error::Error;
use crate::extract::Words;

/// Changes that are kept for readers who come back.
const KEPT: usize = 4096;
/// More ids than that are not named.
const MOST_IDS: usize = 100;
/// Things whose namespace is remembered.
const MOST_KNOWN: usize = 50_000;
/// Changes within this time are told together.
const TOGETHER: Duration = Duration::from_millis(250);

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/events", get(events))
}

/// What can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    Runs,
    Experiments,
    /// Pipelines and their versions, by the pipeline's id.
    Pipelines,
    RecurringRuns,
}

impl ChangeKind {
    const ALL: [Self; 4] = [Self::Runs, Self::Experiments, Self::Pipelines, Self::RecurringRuns];

    fn parse(word: &str) -> Result<Self, Error> {
        match word {
            "runs" => Ok(Self::Runs),
            "experiments" => Ok(Self::Experiments),
            "pipelines" => Ok(Self::Pipelines),
            "recurring_runs" => Ok(Self::RecurringRuns),
            other => Err(Error::Invalid(format!(
                "there is no kind `{other}`; known are runs, experiments, pipelines and recurring_runs"
            ))),
        }
    }
}

/// Some objects of one kind are new, others or gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ListChange {
    pub kind: ChangeKind,
    /// Empty: many.
    pub ids: Vec<String>,
}

/// The newest changes; a cheap handle.
#[derive(Clone)]
pub(crate) struct Feed {
    /// Tells this server's ids from those of the one before.
    name: Arc<str>,
    kept: Arc<Mutex<Kept>>,
    length: Arc<watch::Sender<u64>>,
}

#[derive(Default)]
struct Kept {
    listens: bool,
    /// How many changes there have been.
    length: u64,
    /// `None` stands for changes that were missed.
    newest: VecDeque<Option<Told>>,
}

/// One change.
struct Told {
    kind: ChangeKind,
    id: String,
    /// Empty for what all share, and where there are no users; `None` for what is gone and was never seen.
    namespace: Option<String>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self {
            name: uuid::Uuid::new_v4().simple().to_string().into(),
            kept: Arc::default(),
            length: Arc::new(watch::Sender::new(0)),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to listen when nobody does yet.
    fn listen(&self, app: &App) {
        let (store, closing) = (app.store.clone(), app.closing.clone());
        let mut kept = self.kept();
        if std::mem::replace(&mut kept.listens, true) {
            return;
        }
        let (mut changes, feed) = (store.changes(), self.clone());
        let mut known = app.settings.multi_user.then(BTreeMap::new);
        tokio::spawn(async move {
            loop {
                let change = tokio::select! {
                    change = changes.recv() => change,
                    () = closing.cancelled() => return,
                };
                match change {
                    Ok(change) => {
                        if let Some((kind, id)) = told(change) {
                            let namespace = match &mut known {
                                Some(known) => namespace_of(&store, known, (kind, &id)).await,
                                None => Some(String::new()),
                            };
                            feed.push(Some(Told { kind, id, namespace }));
                        }
                    }
                    Err(RecvError::Lagged(_)) => feed.push(None),
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }

    fn push(&self, change: Option<Told>) {
        let length = {
            let mut kept = self.kept();
            kept.newest.push_back(change);
            if kept.newest.len() > KEPT {
                kept.newest.pop_front();
            }
            kept.length += 1;
            kept.length
        };
        self.length.send_replace(length);
    }

    /// Returns the changes from there on, and where they end; nothing when some are not kept any more.
    fn since(&self, position: u64, reader: &Reader) -> (u64, Option<Vec<ListChange>>) {
        let kept = self.kept();
        let Some(behind) = kept.length.checked_sub(position) else { return (kept.length, None) };
        let Ok(behind) = usize::try_from(behind) else { return (kept.length, None) };
        if behind > kept.newest.len() {
            return (kept.length, None);
        }
        let mut ids: BTreeMap<ChangeKind, BTreeSet<&str>> = BTreeMap::new();
        let mut unnamed = BTreeSet::new();
        for change in kept.newest.iter().skip(kept.newest.len() - behind) {
            let Some(Told { kind, id, namespace }) = change else { return (kept.length, None) };
            match namespace {
                _ if !reader.kinds.contains(kind) => {}
                Some(namespace) if !reader.sees(namespace) => {}
                Some(_) => {
                    ids.entry(*kind).or_default().insert(id);
                }
                // Whose it was nobody knows any more: that there was something is all that is said.
                None => {
                    ids.entry(*kind).or_default();
                    unnamed.insert(*kind);
                }
            }
        }
        let changes = ids.into_iter().map(|(kind, ids)| {
            let is_many = ids.len() > MOST_IDS || unnamed.contains(&kind);
            let ids = if is_many { Vec::new() } else { ids.into_iter().map(str::to_owned).collect() };
            ListChange { kind, ids }
        });
        (kept.length, Some(changes.collect()))
    }

    fn id(&self, position: u64) -> String {
        format!("{}-{position}", self.name)
    }

    /// Reads an id of this server's own.
    fn position(&self, id: &str) -> Option<u64> {
        id.strip_prefix(&*self.name)?.strip_prefix('-')?.parse().ok()
    }
}

/// What a list shows of a change; how far tasks are is not in any list.
fn told(change: Change) -> Option<(ChangeKind, String)> {
    match change {
        Change::Run(run) => Some((ChangeKind::Runs, run.0)),
        Change::Experiment(id) => Some((ChangeKind::Experiments, id)),
        Change::Pipeline(id) => Some((ChangeKind::Pipelines, id)),
        Change::RecurringRun(id) => Some((ChangeKind::RecurringRuns, id)),
        Change::Inbox(_) | Change::Tasks(_) | Change::Object(_) => None,
    }
}

/// Finds out in which namespace something is, or was when it changed before.
async fn namespace_of(
    store: &Store,
    known: &mut BTreeMap<(ChangeKind, String), String>,
    (kind, id): (ChangeKind, &str),
) -> Option<String> {
    let key = (kind, id.to_owned());
    if let Some(namespace) = known.get(&key) {
        return Some(namespace.clone());
    }
    let of = match kind {
        ChangeKind::Runs => Kind::Run,
        ChangeKind::Experiments => Kind::Experiment,
        ChangeKind::Pipelines => Kind::Pipeline,
        ChangeKind::RecurringRuns => Kind::RecurringRun,
    };
    let namespace = store.namespace_of(of, id).await.ok()?;
    if known.len() == MOST_KNOWN {
        known.clear();
    }
    known.insert(key, namespace.clone());
    Some(namespace)
}

/// Who listens, and to what.
struct Reader {
    kinds: BTreeSet<ChangeKind>,
    /// Only this one, and what all share.
    namespace: Option<String>,
    permit: Permit,
}

impl Reader {
    fn sees(&self, namespace: &str) -> bool {
        let is_meant = self.namespace.as_ref().is_none_or(|it| namespace.is_empty() || it == namespace);
        is_meant && self.permit.allows(namespace)
    }
}

async fn events(
    State(app): State<App>,
    permit: Permit,
    headers: HeaderMap,
    words: Words,
) -> Result<Response, Error> {
    let kinds: BTreeSet<ChangeKind> = match words.get("kinds") {
        Some(text) => text.split(',').map(ChangeKind::parse).collect::<Result<_, _>>()?,
        None => ChangeKind::ALL.into(),
    };
    let feed = app.feed.clone();
    feed.listen(&app);
    let namespace = words.text("namespace").filter(|_| permit.is_multi_user());
    permit.check(namespace.as_deref().unwrap_or_default())?;
    let reader = Reader { kinds, namespace, permit };
    let asked = last_event_id(&headers).or_else(|| words.get("since")).map(str::to_owned);
    Ok(streamed(app.closing.clone(), move |sender| async move {
        tell(&feed, &reader, asked.as_deref(), &sender).await;
    }))
}

/// Tells changes until nobody listens.
async fn tell(feed: &Feed, reader: &Reader, asked: Option<&str>, sender: &mpsc::Sender<Event>) {
    let mut length = feed.length.subscribe();
    let known = asked.and_then(|id| feed.position(id));
    let mut position = known.unwrap_or(feed.kept().length);
    let word = if asked.is_some() && known.is_none() { "reset" } else { "ready" };
    let event = Event::default().event(word).data("{}").id(feed.id(position));
    if sender.send(event).await.is_err() {
        return;
    }
    loop {
        length.borrow_and_update();
        let (end, changes) = feed.since(position, reader);
        let events: Vec<Event> = match changes {
            None => vec![Event::default().event("reset").data("{}")],
            Some(changes) => changes
                .iter()
                .filter_map(|change| Event::default().event("changed").json_data(change).ok())
                .collect(),
        };
        // The last of a batch carries the position: who comes back before it gets the batch again.
        let last = events.len().saturating_sub(1);
        for (index, event) in events.into_iter().enumerate() {
            let event = if index == last { event.id(feed.id(end)) } else { event };
            if sender.send(event).await.is_err() {
                return;
            }
        }
        position = end;
        tokio::select! {
            changed = length.changed() => if changed.is_err() { return },
            () = sender.closed() => return,
        }
        tokio::time::sleep(TOGETHER).await;
    }
}
