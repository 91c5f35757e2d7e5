//! Old runs are archived and deleted when they are due, by a clock that the test sets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use pipewright_controller::{Clock, Retention, enforce_retention};
use pipewright_engine::{RunId, RunPhase, RunView, Submit, Timestamp};
use pipewright_plan::Plan;
use pipewright_store::{Change, ListQuery, RunImport, Store};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::sample::{new_run, store};

const HOUR: i64 = 3_600_000_000;

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

struct Bench {
    _folder: TempDir,
    store: Store,
    clock: Arc<Hand>,
}

impl Bench {
    /// Its clock begins with the real one, by which the store notes when runs are archived.
    fn new() -> Self {
        let (folder, store) = store();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
        Self { _folder: folder, store, clock: Arc::new(Hand(AtomicI64::new(i64::try_from(now).unwrap()))) }
    }

    fn keep(&self, retention: Retention) -> (JoinHandle<()>, CancellationToken) {
        let stop = CancellationToken::new();
        let clock = self.clock.clone();
        (tokio::spawn(enforce_retention(self.store.clone(), retention, clock, stop.clone())), stop)
    }

    /// Makes a run that was over that many hours before now, or that goes on.
    async fn run(&self, id: &str, hours: Option<i64>) -> RunId {
        let run = RunId(id.to_owned());
        let plan: Plan =
            serde_json::from_value(json!({"name": "p", "dialect": "v2", "root": "root", "components": {}}))
                .unwrap();
        let live = self.store.create_run(new_run(&run, plan.clone(), Submit::default())).await.unwrap();
        let Some(hours) = hours else { return run };
        self.store.delete_run(&run).await.unwrap();
        let ended_at = Some(Timestamp(self.clock.now().0 - hours * HOUR));
        let view = RunView { phase: RunPhase::Failed, ended_at, ..RunView::default() };
        let over = pipewright_store::Run { view, ..live };
        self.store.import_run(over, Arc::new(plan), json!({}), RunImport::new(run.clone())).await.unwrap();
        run
    }

    /// Returns what is left: the name, and whether it is archived.
    async fn left(&self) -> BTreeMap<String, bool> {
        let query = ListQuery { page_size: Some(200), ..ListQuery::default() };
        let page = self.store.list_runs(&query).await.unwrap();
        page.items.into_iter().map(|run| (run.id.0, run.archived)).collect()
    }

    /// Waits until this is left.
    async fn until(&self, expected: &[(&str, bool)]) {
        let expected: BTreeMap<String, bool> =
            expected.iter().map(|(id, archived)| ((*id).to_owned(), *archived)).collect();
        for _ in 0..2_000 {
            if self.left().await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        panic!("{:?} is not {expected:?}", self.left().await);
    }

    fn pass(&self, hours: i64) {
        self.clock.0.fetch_add(hours * HOUR, Ordering::SeqCst);
    }
}

fn hours(hours: i64) -> Option<Duration> {
    Some(Duration::from_micros(u64::try_from(hours * HOUR).unwrap()))
}

#[tokio::test(start_paused = true)]
async fn runs_are_archived_and_deleted_when_they_are_due() {
    let bench = Bench::new();
    bench.run("live", None).await;
    bench.run("old", Some(30)).await;
    bench.run("young", Some(1)).await;
    let (keeper, stop) = bench.keep(Retention { archive_after: hours(24), delete_after: hours(48) });
    bench.until(&[("live", false), ("old", true), ("young", false)]).await;
    // A run that goes on is left alone, also where somebody has archived it.
    bench.store.archive_run(&RunId("live".to_owned())).await.unwrap();
    bench.pass(25);
    bench.until(&[("live", true), ("old", true), ("young", true)]).await;
    bench.pass(24);
    bench.until(&[("live", true)]).await;
    stop.cancel();
    keeper.await.unwrap();
}

/// What comes later is found, without a clock that moves: a run that came from elsewhere, one that is archived.
#[tokio::test(start_paused = true)]
async fn what_changes_is_looked_at() {
    let bench = Bench::new();
    let (keeper, stop) = bench.keep(Retention { archive_after: hours(24), delete_after: None });
    tokio::time::sleep(Duration::from_secs(600)).await;
    bench.run("late", Some(100)).await;
    bench.until(&[("late", true)]).await;
    // One that is brought back stays as long as any other.
    bench.store.unarchive_run(&RunId("late".to_owned())).await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    bench.until(&[("late", false)]).await;
    bench.pass(25);
    bench.until(&[("late", true)]).await;
    stop.cancel();
    keeper.await.unwrap();
}

/// Many at once go in batches, each of them once; whoever is killed in between is followed by one who finds the rest.
#[tokio::test(start_paused = true)]
async fn keepers_that_are_killed_lose_nothing() {
    let bench = Bench::new();
    for number in 0..250 {
        bench.run(&format!("r{number:03}"), Some(100 + number)).await;
    }
    bench.run("live", None).await;
    let mut changes = bench.store.changes();
    for (is_archived, count) in [(true, 251), (false, 1)] {
        for _ in 0..10 {
            let (keeper, _) = bench.keep(Retention { archive_after: hours(24), delete_after: hours(24) });
            for _ in 0..25 {
                assert!(matches!(changes.recv().await.unwrap(), Change::Run(_)));
            }
            keeper.abort();
            let _ = keeper.await;
        }
        assert!(changes.try_recv().is_err(), "each run is archived once and deleted once");
        let left = bench.store.list_runs(&ListQuery::default()).await.unwrap();
        assert_eq!(left.total_size, count);
        assert_eq!(left.items[0].archived, is_archived);
        bench.pass(25);
    }
    assert_eq!(bench.left().await, BTreeMap::from([("live".to_owned(), false)]));
}

#[tokio::test(start_paused = true)]
async fn without_times_nothing_is_done() {
    let bench = Bench::new();
    bench.run("old", Some(100_000)).await;
    let (keeper, _) = bench.keep(Retention::default());
    keeper.await.unwrap();
    bench.until(&[("old", false)]).await;
}
