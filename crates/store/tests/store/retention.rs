//! Old runs: which are archived, which are deleted, and that what goes on or came back is left alone.

use std::fs;

use pipewright_engine::{RunId, RunPhase, RunView, Timestamp};
use pipewright_store::{Expired, Store};

use crate::sample::{append, ended, new_run, succeeded};
use crate::sqlite::Home;

/// Makes a run that was over at this time, or that goes on.
async fn run(store: &Store, id: &str, ended_at: Option<i64>) -> RunId {
    let run = store.create_run(new_run(id, 1)).await.unwrap().id;
    let view = match ended_at {
        Some(at) => {
            RunView { phase: RunPhase::Succeeded, ended_at: Some(Timestamp(at)), ..RunView::default() }
        }
        None => RunView { phase: RunPhase::Running, ..RunView::default() },
    };
    let task = succeeded(&run, "t", id, id);
    let mut first = append(&run, 0, vec![ended(&task)], vec![task]);
    first.run_view = view;
    store.append(&first).await.unwrap();
    run
}

async fn archived(store: &Store, limit: u32) -> Vec<String> {
    let runs = store.archive_finished(Timestamp(50), limit).await.unwrap();
    runs.into_iter().map(|run| run.0).collect()
}

async fn expired(store: &Store, since: i64) -> Vec<Expired> {
    store.expired_runs(Timestamp(since), None, 10).await.unwrap()
}

fn names(expired: &[Expired]) -> Vec<&str> {
    expired.iter().map(|one| one.run.0.as_str()).collect()
}

#[tokio::test]
async fn runs_that_were_over_long_ago_are_archived_oldest_first() {
    let home = Home::new();
    let store = home.store();
    assert_eq!(store.oldest_finished().await.unwrap(), None);
    for (id, at) in [("c", Some(30)), ("a", Some(10)), ("new", Some(51)), ("live", None), ("b", Some(20))] {
        run(&store, id, at).await;
    }
    assert_eq!(store.oldest_finished().await.unwrap(), Some(Timestamp(10)));
    assert_eq!(archived(&store, 2).await, ["a", "b"]);
    assert_eq!(archived(&store, 2).await, ["c"]);
    assert!(archived(&store, 2).await.is_empty());
    assert_eq!(store.oldest_finished().await.unwrap(), Some(Timestamp(51)));
    assert!(store.get_run(&RunId("c".to_owned())).await.unwrap().archived);
    assert!(!store.get_run(&RunId("live".to_owned())).await.unwrap().archived);

    // Who brings one back means to see it for as long again.
    store.unarchive_run(&RunId("a".to_owned())).await.unwrap();
    assert!(archived(&store, 2).await.is_empty());
    assert!(!store.get_run(&RunId("a".to_owned())).await.unwrap().archived);
}

#[tokio::test]
async fn only_what_is_over_and_archived_long_ago_is_deleted() {
    let home = Home::new();
    let store = home.store();
    let now = || jiff::Timestamp::now().as_microsecond();
    let (old, live, seen) = (
        run(&store, "old", Some(10)).await,
        run(&store, "live", None).await,
        run(&store, "seen", Some(10)).await,
    );
    for run in [&old, &live] {
        store.archive_run(run).await.unwrap();
    }
    let before = store.oldest_archived().await.unwrap().unwrap();
    // A second time changes nothing.
    store.archive_run(&old).await.unwrap();
    assert_eq!(store.oldest_archived().await.unwrap(), Some(before));
    // From when it was archived on, not from its end.
    assert!(expired(&store, 60).await.is_empty());
    let found = expired(&store, now()).await;
    assert_eq!(names(&found), ["old"]);
    assert!(store.expired_runs(Timestamp(now()), Some(found[0].clone()), 10).await.unwrap().is_empty());

    // Somebody brings it back before it is deleted.
    store.unarchive_run(&old).await.unwrap();
    assert!(!store.delete_expired(&found[0], Timestamp(now())).await.unwrap());
    store.get_run(&old).await.unwrap();
    store.archive_run(&old).await.unwrap();
    assert!(!store.delete_expired(&found[0], Timestamp(before.0)).await.unwrap(), "archived anew");

    let logs = home.path().parent().unwrap().join("attempts").join("old");
    fs::create_dir_all(logs.join("attempt")).unwrap();
    fs::write(logs.join("attempt").join("log"), "hello").unwrap();
    assert!(store.delete_expired(&found[0], Timestamp(now())).await.unwrap());
    assert!(!logs.exists(), "logs go with their run");
    assert!(store.get_run(&old).await.is_err());
    assert!(!store.delete_expired(&found[0], Timestamp(now())).await.unwrap(), "it is gone");
    for run in [&live, &seen] {
        store.get_run(run).await.unwrap();
    }
}

/// Experiments archive their runs, which then count from that.
#[tokio::test]
async fn runs_archived_with_their_experiment_count_from_then() {
    let home = Home::new();
    let store = home.store();
    run(&store, "a", Some(10)).await;
    let experiment = store.default_experiment().await.unwrap().id;
    let before = jiff::Timestamp::now().as_microsecond();
    store.archive_experiment(&experiment).await.unwrap();
    let at = store.oldest_archived().await.unwrap().unwrap().0;
    assert!(at >= before, "{at} is before {before}");
    let found = expired(&store, at).await;
    assert_eq!(names(&found), ["a"]);
}
