//! The contract on SQLite, and what is SQLite's alone.

use std::path::{Path, PathBuf};

use pipewright_engine::TaskPhase;
use pipewright_store::{Durability, Error, Options, Store};

use crate::contract;
use crate::sample::{append, new_run, started, task};

/// A folder that goes with the test.
pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("pipewright.db")
    }

    pub fn store(&self) -> Store {
        open(&self.path(), Durability::Grouped)
    }
}

pub fn open(path: &Path, durability: Durability) -> Store {
    Store::open(path, Options { durability }).unwrap()
}

macro_rules! on_sqlite {
    ($($case:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let home = Home::new();
            contract::$case(home.store()).await;
        }
    )*};
}

on_sqlite![
    experiments,
    pipelines,
    runs,
    requests_are_consumed_by_appends,
    retried_runs_are_live_again,
    appends_are_atomic_and_ordered,
    results_are_found_again,
    deleted_runs_leave_nothing,
    pages_stay_put_under_inserts,
    page_tokens_carry_sort_and_filter,
    filters_select_runs,
    many_runs_append_at_once,
    closing_keeps_what_was_queued,
];

#[tokio::test]
async fn reopening_finds_everything() {
    let home = Home::new();
    let store = home.store();
    let default = store.default_experiment().await.unwrap();
    let run = store.create_run(new_run("a", 1)).await.unwrap();
    let view = task(&run.id, "t", TaskPhase::Running);
    store.append(&append(&run.id, 0, vec![started(&view)], vec![view.clone()])).await.unwrap();
    store.close().await;
    assert!(!home.path().with_extension("db-wal").exists(), "a closed database is one file");

    let store = open(&home.path(), Durability::Full);
    assert_eq!(store.default_experiment().await.unwrap().id, default.id);
    assert_eq!(store.tasks(&run.id).await.unwrap(), std::slice::from_ref(&view));
    let next = append(&run.id, 1, vec![started(&view)], Vec::new());
    assert_eq!(store.append(&next).await.unwrap(), 2);
}

#[tokio::test]
async fn unusable_files_are_named() {
    let home = Home::new();
    let missing = home.path().join("no").join("such");
    for (path, content) in [(missing, None), (home.path(), Some("no database at all, but long enough"))] {
        if let Some(content) = content {
            std::fs::write(&path, content.repeat(50)).unwrap();
        }
        let refused = Store::open(&path, Options::default());
        assert!(matches!(refused, Err(Error::Unavailable(_) | Error::Internal(_))), "{refused:?}");
    }
}

/// Documents go with the last run that refers to them; rows of deleted runs are gone.
#[tokio::test]
async fn deleting_empties_the_tables() {
    let home = Home::new();
    let store = home.store();
    for id in ["a", "b"] {
        let run = store.create_run(new_run(id, 1)).await.unwrap().id;
        let view = crate::sample::succeeded(&run, "t", id, id);
        store.append(&append(&run, 0, vec![crate::sample::ended(&view)], vec![view])).await.unwrap();
    }
    for (left, documents) in [("b", 2), ("", 0)] {
        let gone = if left.is_empty() { "b" } else { "a" };
        store.delete_run(&pipewright_engine::RunId(gone.to_owned())).await.unwrap();
        let rows = rusqlite::Connection::open(home.path()).unwrap();
        let count = |table: &str| -> i64 {
            rows.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
        };
        for table in ["runs", "journal", "tasks", "task_inputs", "cache_entries", "inbox"] {
            assert_eq!(count(table), i64::from(!left.is_empty()), "{table}");
        }
        assert_eq!(count("documents"), documents);
    }
}
