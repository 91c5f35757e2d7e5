//! What every database has to do; each case gets a fresh store.

use std::collections::BTreeMap;
use std::sync::Arc;

use pipewright_engine::{Event, RunId, RunPhase, RunView, TaskKey, TaskPhase, Timestamp};
use pipewright_plan::ArtifactId;
use pipewright_store::{
    Append, Change, Error, Kind, ListQuery, NewExperiment, NewPipeline, NewPipelineVersion, NewRun, Page,
    PipelineChange, PipelineOf, Request, Run, Store, Young,
};
use serde_json::{Value, json};

use crate::sample::{
    append, artifact, ended, fingerprint, new_run, outcome, plan, started, succeeded, task, view,
};

const ANY_AGE: Young = Young { now: Timestamp(10_000_000), than: None };

fn run_id(id: &str) -> RunId {
    RunId(id.to_owned())
}

fn is_missing<T: std::fmt::Debug>(result: Result<T, Error>, kind: Kind) {
    assert!(matches!(&result, Err(Error::NotFound { kind: found, .. }) if *found == kind), "{result:?}");
}

fn is_invalid<T: std::fmt::Debug>(result: Result<T, Error>, part: &str) {
    assert!(matches!(&result, Err(Error::Invalid(message)) if message.contains(part)), "{result:?}");
}

fn named(name: &str) -> PipelineOf<'_> {
    PipelineOf { namespace: "", name }
}

fn experiment(name: &str) -> NewExperiment {
    NewExperiment { display_name: name.to_owned(), ..NewExperiment::default() }
}

pub async fn experiments(store: Store) {
    let default = store.default_experiment().await.unwrap();
    assert_eq!(default.display_name, "Default");
    assert_eq!(default.last_run_created_at, None);
    let refused = store.delete_experiment(&default.id).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");

    let made = store.create_experiment(experiment("mine")).await.unwrap();
    assert_eq!(store.get_experiment(&made.id).await.unwrap(), made);
    let twice = store.create_experiment(experiment("mine")).await;
    assert!(matches!(twice, Err(Error::Exists { kind: Kind::Experiment, .. })), "{twice:?}");

    let run = NewRun { experiment_id: made.id.clone(), ..new_run("a", 7_000_000) };
    let run = store.create_run(run).await.unwrap();
    assert_eq!(store.get_experiment(&made.id).await.unwrap().last_run_created_at, Some(run.created_at));
    store.archive_experiment(&made.id).await.unwrap();
    assert!(store.get_experiment(&made.id).await.unwrap().archived);
    assert!(store.get_run(&run.id).await.unwrap().archived);
    is_invalid(store.unarchive_run(&run.id).await, "archived");
    store.unarchive_experiment(&made.id).await.unwrap();
    assert!(store.get_run(&run.id).await.unwrap().archived);
    store.unarchive_run(&run.id).await.unwrap();
    assert!(!store.get_run(&run.id).await.unwrap().archived);

    store.delete_experiment(&made.id).await.unwrap();
    is_missing(store.get_experiment(&made.id).await, Kind::Experiment);
    is_missing(store.archive_experiment(&made.id).await, Kind::Experiment);
    store.get_run(&run.id).await.unwrap();
    let orphan = NewRun { experiment_id: made.id, ..new_run("b", 1) };
    is_missing(store.create_run(orphan).await, Kind::Experiment);
}

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn version(pipeline: &str, name: &str) -> NewPipelineVersion {
    NewPipelineVersion {
        pipeline_id: pipeline.to_owned(),
        name: name.to_owned(),
        display_name: name.to_owned(),
        pipeline_spec: json!({"root": {}, "a": 1.5}),
        ..NewPipelineVersion::default()
    }
}

pub async fn pipelines(store: Store) {
    let new = NewPipeline {
        name: "p".to_owned(),
        display_name: "P".to_owned(),
        description: "about p".to_owned(),
        tags: tags(&[("team", "a"), ("stage", "test")]),
        ..NewPipeline::default()
    };
    let (made, first) = store.create_pipeline_with_version(new.clone(), version("", "p")).await.unwrap();
    assert_eq!(store.get_pipeline(&made.id).await.unwrap(), made);
    assert_eq!(store.get_pipeline_by_name("", "p").await.unwrap(), made);
    assert_eq!(made.tags, new.tags);
    assert_eq!(first.pipeline_id, made.id);
    assert_eq!(first.pipeline_spec, json!({"root": {}, "a": 1.5}));
    let twice = store.create_pipeline(new).await;
    assert!(matches!(twice, Err(Error::Exists { kind: Kind::Pipeline, .. })), "{twice:?}");

    let second = store.create_pipeline_version(version(&made.id, "v2")).await.unwrap();
    assert_eq!(store.get_pipeline_version(&second.id).await.unwrap(), second);
    let twice = store.create_pipeline_version(version(&made.id, "v2")).await;
    assert!(matches!(twice, Err(Error::Exists { kind: Kind::PipelineVersion, .. })), "{twice:?}");
    is_missing(store.create_pipeline_version(version("gone", "v")).await, Kind::Pipeline);

    let change = PipelineChange { display_name: Some("Q".to_owned()), tags: None };
    let changed = store.change_pipeline(&made.id, change).await.unwrap();
    assert_eq!((changed.display_name.as_str(), changed.tags.len()), ("Q", 2));
    let change = PipelineChange { display_name: None, tags: Some(tags(&[("only", "one")])) };
    let changed = store.change_pipeline_version(&second.id, change).await.unwrap();
    assert_eq!((changed.display_name.as_str(), changed.tags), ("v2", tags(&[("only", "one")])));

    let of = |filter: &str| ListQuery {
        pipeline_id: Some(made.id.clone()),
        filter: Some(filter.to_owned()),
        ..ListQuery::default()
    };
    let tagged = r#"{"predicates":[{"key":"tags.only","operation":"EQUALS","string_value":"one"}]}"#;
    let found = store.list_pipeline_versions(&of(tagged)).await.unwrap();
    assert_eq!((found.items.len(), found.total_size), (1, 1));
    assert_eq!(found.items[0].id, second.id);
    assert_eq!(store.list_pipeline_versions(&of("")).await.unwrap().total_size, 2);

    let run = NewRun { pipeline_version_id: Some(first.id.clone()), ..new_run("r", 1) };
    let run = store.create_run(NewRun { pipeline_spec: first.pipeline_spec.clone(), ..run }).await.unwrap();
    assert_eq!(run.pipeline_spec, Value::Null);
    store.delete_pipeline_version(&second.id).await.unwrap();
    is_missing(store.get_pipeline_version(&second.id).await, Kind::PipelineVersion);
    store.delete_pipeline(&made.id).await.unwrap();
    is_missing(store.get_pipeline(&made.id).await, Kind::Pipeline);
    is_missing(store.get_pipeline_version(&first.id).await, Kind::PipelineVersion);
    assert_eq!(store.run_spec(&run.id).await.unwrap(), first.pipeline_spec);
}

pub async fn runs(store: Store) {
    let mut feed = store.changes();
    let new = new_run("a", 5_000_001);
    let run = store.create_run(new.clone()).await.unwrap();
    assert_eq!(feed.recv().await.unwrap(), Change::Run(run.id.clone()));
    assert_eq!(feed.recv().await.unwrap(), Change::Inbox(run.id.clone()));
    assert_eq!(store.get_run(&run.id).await.unwrap(), run);
    assert_eq!(run.experiment_id, store.default_experiment().await.unwrap().id);
    assert_eq!(run.pipeline_spec, new.pipeline_spec);
    assert_eq!(run.parameters, new.parameters);
    assert_eq!(run.view.history, [(Timestamp(5_000_001), RunPhase::Pending)]);
    assert_eq!(*store.run_plan(&run.id).await.unwrap(), *new.plan);
    assert_eq!(store.live_runs().await.unwrap(), std::slice::from_ref(&run.id));
    let pending = store.pending_requests(&run.id).await.unwrap();
    let expected = Request::Submit { submit: Box::new(new.submit.clone()) };
    assert_eq!(pending.iter().map(|(_, request)| request).collect::<Vec<_>>(), [&expected]);
    let twice = store.create_run(new).await;
    assert!(matches!(twice, Err(Error::Exists { kind: Kind::Run, .. })), "{twice:?}");

    let gone = run_id("gone");
    is_missing(store.get_run(&gone).await, Kind::Run);
    is_missing(store.tasks(&gone).await, Kind::Run);
    is_missing(store.journal(&gone).await, Kind::Run);
    is_missing(store.pending_requests(&gone).await, Kind::Run);
    is_missing(store.request(&gone, Request::Terminate).await, Kind::Run);
    is_missing(store.delete_run(&gone).await, Kind::Run);
    is_missing(store.append(&append(&gone, 0, Vec::new(), Vec::new())).await, Kind::Run);

    store.archive_run(&run.id).await.unwrap();
    assert!(store.get_run(&run.id).await.unwrap().archived);
    store.unarchive_run(&run.id).await.unwrap();
    assert!(!store.get_run(&run.id).await.unwrap().archived);
}

pub async fn retried_runs_are_live_again(store: Store) {
    let run = store.create_run(new_run("a", 1)).await.unwrap().id;
    let is_refused = |result: Result<(), Error>| matches!(result, Err(Error::Conflict { .. }));
    assert!(is_refused(store.retry_run(&run, Vec::new()).await), "it has not ended");
    let pending: Vec<i64> = store.pending_requests(&run).await.unwrap().into_iter().map(|it| it.0).collect();
    let keep = succeeded(&run, "keep", "k", "/a/keep");
    let (drop, inside) =
        (task(&run, "drop", TaskPhase::Failed), task(&run, "drop[1]/x", TaskPhase::Succeeded));
    let similar = task(&run, "drop-not", TaskPhase::Succeeded);
    let ends = [&keep, &drop, &inside, &similar].map(ended).to_vec();
    let end = RunView { ended_at: Some(Timestamp(9)), ..view(RunPhase::Failed) };
    let last = Append {
        run_view: end,
        consumed: pending,
        ..append(&run, 0, ends, vec![keep, drop, inside, similar])
    };
    store.append(&last).await.unwrap();
    assert!(store.live_runs().await.unwrap().is_empty());

    is_missing(store.retry_run(&run, vec![TaskKey("root/nobody".to_owned())]).await, Kind::Task);
    store.retry_run(&run, vec![TaskKey("root/keep".to_owned())]).await.unwrap();
    let row = store.get_run(&run).await.unwrap();
    assert_eq!((row.view.phase, row.view.ended_at), (RunPhase::Pending, None));
    assert_eq!(row.view.history.last().map(|(_, phase)| *phase), Some(RunPhase::Pending));
    assert_eq!(store.live_runs().await.unwrap(), std::slice::from_ref(&run));
    assert!(is_refused(store.retry_run(&run, Vec::new()).await), "one request is enough");
    let requests = store.pending_requests(&run).await.unwrap();
    let [(number, Request::Retry { retry })] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(retry.from, [TaskKey("root/keep".to_owned())]);

    let retried = Event::RunRetried {
        at: Timestamp(11),
        requested_at: retry.requested_at,
        dropped: vec![TaskKey("root/drop".to_owned())],
        reopened: Vec::new(),
    };
    let step = Append { consumed: vec![*number], ..append(&run, 4, vec![retried], Vec::new()) };
    store.append(&step).await.unwrap();
    let left: Vec<String> = store.tasks(&run).await.unwrap().into_iter().map(|task| task.key.0).collect();
    assert_eq!(left, ["root/keep", "root/drop-not"]);
}

pub async fn requests_are_consumed_by_appends(store: Store) {
    let run = store.create_run(new_run("a", 1)).await.unwrap().id;
    store.request(&run, Request::Terminate).await.unwrap();
    let pending = store.pending_requests(&run).await.unwrap();
    assert_eq!(pending.len(), 2);
    let consume = Append { consumed: vec![pending[0].0], ..append(&run, 0, Vec::new(), Vec::new()) };
    assert_eq!(store.append(&consume).await.unwrap(), 0);
    assert_eq!(store.pending_requests(&run).await.unwrap(), pending[1..]);
    // A failed append consumes nothing.
    let late = Append { consumed: vec![pending[1].0], ..append(&run, 9, Vec::new(), Vec::new()) };
    assert!(matches!(store.append(&late).await, Err(Error::Conflict { .. })));
    assert_eq!(store.pending_requests(&run).await.unwrap(), pending[1..]);

    let over = Append { run_view: view(RunPhase::Cancelled), ..append(&run, 0, Vec::new(), Vec::new()) };
    store.append(&over).await.unwrap();
    assert_eq!(store.pending_requests(&run).await.unwrap(), []);
    assert_eq!(store.live_runs().await.unwrap(), []);
    is_invalid(store.request(&run, Request::Terminate).await, "is over");
}

pub async fn appends_are_atomic_and_ordered(store: Store) {
    let run = store.create_run(new_run("a", 1)).await.unwrap().id;
    let mut feed = store.changes();
    let (zeta, alpha) = (task(&run, "zeta", TaskPhase::Pending), task(&run, "alpha", TaskPhase::Pending));
    let events = vec![started(&zeta), started(&alpha)];
    let first = append(&run, 0, events.clone(), vec![zeta.clone(), alpha.clone()]);
    assert_eq!(store.append(&first).await.unwrap(), 2);
    assert_eq!(feed.recv().await.unwrap(), Change::Run(run.clone()));
    assert_eq!(feed.recv().await.unwrap(), Change::Tasks(run.clone()));
    for expected_seq in [0, 1, 3] {
        let wrong = store.append(&Append { expected_seq, ..first.clone() }).await;
        assert!(matches!(wrong, Err(Error::Conflict { .. })), "{wrong:?}");
    }
    assert_eq!(store.journal(&run).await.unwrap(), events);
    assert_eq!(store.tasks(&run).await.unwrap(), [zeta.clone(), alpha.clone()]);

    let done = succeeded(&run, "zeta", "k1", "/a/1");
    let end = append(&run, 2, vec![ended(&done)], vec![done.clone()]);
    assert_eq!(store.append(&end).await.unwrap(), 3);
    // An unchanged run row is no news.
    assert_eq!(feed.recv().await.unwrap(), Change::Tasks(run.clone()));
    assert_eq!(store.tasks(&run).await.unwrap(), [done.clone(), alpha]);
    assert_eq!(store.task(&run, &done.key).await.unwrap(), done);
    is_missing(store.task(&run, &TaskKey::root().child("none")).await, Kind::Task);
    let all: Vec<Event> = events.into_iter().chain([ended(&done)]).collect();
    assert_eq!(store.journal(&run).await.unwrap(), all);

    let over = Append { run_view: view(RunPhase::Succeeded), ..append(&run, 3, Vec::new(), Vec::new()) };
    store.append(&over).await.unwrap();
    assert_eq!(store.get_run(&run).await.unwrap().view, view(RunPhase::Succeeded));
}

pub async fn results_are_found_again(store: Store) {
    let mut last = String::new();
    for (id, key, uri) in [("a", "k1", "/a"), ("b", "k1", "/b"), ("c", "k2", "/c")] {
        let run = store.create_run(new_run(id, 1)).await.unwrap().id;
        let done = succeeded(&run, "train", key, uri);
        store.append(&append(&run, 0, vec![ended(&done)], vec![done])).await.unwrap();
        last = id.to_owned();
    }
    let (source, found) = store.cache_lookup(named("numbers"), "k1", ANY_AGE).await.unwrap().unwrap();
    assert_eq!((source.run.0.as_str(), source.task.as_str(), found), ("b", "root/train", outcome("/b")));
    assert_eq!(store.cache_lookup(named("numbers"), "k9", ANY_AGE).await.unwrap(), None);
    assert_eq!(store.cache_lookup(named("letters"), "k1", ANY_AGE).await.unwrap(), None);
    for name in ["train", "comp-train"] {
        let (source, nearest) = store.cache_nearest(named("numbers"), name).await.unwrap().unwrap();
        assert_eq!((source.run.0, nearest), (last.clone(), fingerprint("k2")));
    }
    assert_eq!(store.cache_nearest(named("numbers"), "test").await.unwrap(), None);
    assert_eq!(
        store.find_artifact(named("numbers"), "system.Dataset", "/b").await.unwrap(),
        [artifact("/b")]
    );
    assert_eq!(store.find_artifact(named("numbers"), "system.Model", "/b").await.unwrap(), []);
    assert_eq!(store.get_artifact(&ArtifactId("/c".to_owned())).await.unwrap(), artifact("/c"));
    is_missing(store.get_artifact(&ArtifactId("/d".to_owned())).await, Kind::Artifact);

    // It ended at 2 µs: 10 s later it is too old for some who ask, or by its own word.
    let mut limited = succeeded(&run_id("c"), "short", "k4", "/s");
    let document = &mut Arc::make_mut(limited.fingerprint.as_mut().unwrap()).document;
    document.insert(pipewright_engine::MAX_AGE.to_owned(), "5".to_owned());
    let run = store.create_run(new_run("e", 1)).await.unwrap().id;
    let limited = pipewright_engine::TaskView { run: run.clone(), ..limited };
    store.append(&append(&run, 0, vec![ended(&limited)], vec![limited])).await.unwrap();
    for (key, now_s, than_s, expected) in [
        ("k1", 10, Some(9), false),
        ("k1", 10, Some(11), true),
        ("k4", 4, None, true),
        ("k4", 6, None, false),
        ("k4", 4, Some(3), false),
    ] {
        let young =
            Young { now: Timestamp(now_s * 1_000_000), than: than_s.map(std::time::Duration::from_secs) };
        let found = store.cache_lookup(named("numbers"), key, young).await.unwrap();
        assert_eq!(found.is_some(), expected, "{key} at {now_s} s, younger than {than_s:?}");
    }

    // What did not succeed, or was cached itself, is not offered.
    let run = store.create_run(new_run("d", 1)).await.unwrap().id;
    for (seq, phase) in [TaskPhase::Cached, TaskPhase::Failed].into_iter().enumerate() {
        let task = pipewright_engine::TaskView { phase, ..succeeded(&run, "train", "k3", "/e") };
        store.append(&append(&run, seq as u64, vec![ended(&task)], vec![task])).await.unwrap();
    }
    assert_eq!(store.cache_lookup(named("numbers"), "k3", ANY_AGE).await.unwrap(), None);

    store.delete_run(&run_id("b")).await.unwrap();
    let (source, _) = store.cache_lookup(named("numbers"), "k1", ANY_AGE).await.unwrap().unwrap();
    assert_eq!(source.run.0, "a");
    assert_eq!(
        store.find_artifact(named("numbers"), "system.Dataset", "/b").await.unwrap(),
        [artifact("/b")]
    );
}

pub async fn deleted_runs_leave_nothing(store: Store) {
    for id in ["a", "b"] {
        let run = store.create_run(new_run(id, 1)).await.unwrap().id;
        let done = succeeded(&run, "train", id, id);
        store.append(&append(&run, 0, vec![ended(&done)], vec![done])).await.unwrap();
    }
    let (a, b) = (run_id("a"), run_id("b"));
    store.delete_run(&a).await.unwrap();
    is_missing(store.get_run(&a).await, Kind::Run);
    is_missing(store.journal(&a).await, Kind::Run);
    assert_eq!(*store.run_plan(&b).await.unwrap(), *plan("numbers"));
    // A run of the same id starts afresh.
    store.create_run(new_run("a", 1)).await.unwrap();
    assert_eq!(store.journal(&a).await.unwrap(), []);
    assert_eq!(store.tasks(&a).await.unwrap(), []);
    assert_eq!(store.pending_requests(&a).await.unwrap().len(), 1);
    assert_eq!(store.journal(&b).await.unwrap().len(), 1);
}

fn names(page: &Page<Run>) -> String {
    page.items.iter().map(|run| run.id.0.as_str()).collect::<Vec<_>>().join(" ")
}

pub async fn pages_stay_put_under_inserts(store: Store) {
    for number in 0..5 {
        store.create_run(new_run(&format!("r{number}"), 1_000_000 * (number + 1))).await.unwrap();
    }
    for (sort_by, insert_at, expected) in [
        ("", 1_500_000, ["r0 r1", "r2 r3", "r4"]),
        ("created_at desc", 9_000_000, ["r4 r3", "r2 r1", "r0"]),
        ("name desc", 9_000_000, ["r4 r3", "r2 r1", "r0"]),
        ("state", 0, ["r0 r1", "r2 r3", "r4"]),
    ] {
        let mut query =
            ListQuery { page_size: Some(2), sort_by: Some(sort_by.to_owned()), ..ListQuery::default() };
        let mut seen = Vec::new();
        loop {
            let page = store.list_runs(&query).await.unwrap();
            seen.push(names(&page));
            let Some(token) = page.next_page_token else { break };
            query.page_token = Some(token);
            if seen.len() == 1 && insert_at > 0 {
                let id = format!("z{}", sort_by.len());
                let new = NewRun { display_name: "zzz".to_owned(), ..new_run(&id, insert_at) };
                store.create_run(new).await.unwrap();
            }
        }
        for number in [0, 12, 15, 9] {
            // Those that came in between do not count for the next case.
            drop(store.delete_run(&run_id(&format!("z{number}"))).await);
        }
        assert_eq!(seen, expected, "{sort_by}");
    }
    let query = ListQuery { page_size: Some(0), ..ListQuery::default() };
    let page = store.list_runs(&query).await.unwrap();
    assert_eq!((page.items.len(), page.total_size, page.next_page_token), (5, 5, None));
}

pub async fn page_tokens_carry_sort_and_filter(store: Store) {
    for id in ["a", "b", "c"] {
        store.create_run(new_run(id, 1)).await.unwrap();
    }
    let filter = r#"{"predicates":[{"key":"name","operation":"IS_SUBSTRING","string_value":"RUN"}]}"#;
    let first = ListQuery {
        page_size: Some(1),
        sort_by: Some("name desc".to_owned()),
        filter: Some(filter.to_owned()),
        ..ListQuery::default()
    };
    let page = store.list_runs(&first).await.unwrap();
    assert_eq!((names(&page).as_str(), page.total_size), ("c", 3));
    let token = page.next_page_token;
    let next = ListQuery { page_token: token.clone(), page_size: Some(1), ..ListQuery::default() };
    assert_eq!(names(&store.list_runs(&next).await.unwrap()), "b");
    let same = ListQuery { page_token: token.clone(), ..first.clone() };
    assert_eq!(names(&store.list_runs(&same).await.unwrap()), "b");
    for (changed, part) in [
        (ListQuery { sort_by: Some("name asc".to_owned()), ..same.clone() }, "another sort_by or filter"),
        (ListQuery { filter: Some("{}".to_owned()), ..same.clone() }, "another sort_by or filter"),
        (ListQuery { page_token: Some("nonsense!".to_owned()), ..first.clone() }, "bad page_token"),
        (
            ListQuery { sort_by: Some("size".to_owned()), ..ListQuery::default() },
            "cannot be sorted by `size`",
        ),
        (ListQuery { sort_by: Some("name up".to_owned()), ..ListQuery::default() }, "expected `field`"),
        (ListQuery { sort_by: Some("name asc x".to_owned()), ..ListQuery::default() }, "expected `field`"),
    ] {
        is_invalid(store.list_runs(&changed).await, part);
    }
    let foreign = ListQuery { page_token: token, ..ListQuery::default() };
    is_invalid(store.list_experiments(&foreign).await, "belongs to runs");
}

pub async fn filters_select_runs(store: Store) {
    let mine = store.create_experiment(experiment("mine")).await.unwrap().id;
    for (id, at, phase) in [
        ("a", 1_000_000, RunPhase::Running),
        ("b", 2_500_000, RunPhase::Failed),
        ("c", 3_000_000, RunPhase::Cancelled),
        ("d", 4_000_000, RunPhase::Succeeded),
    ] {
        let new = NewRun { experiment_id: mine.clone(), ..new_run(id, at) };
        let run = store.create_run(new).await.unwrap().id;
        let step = Append { run_view: view(phase), ..append(&run, 0, Vec::new(), Vec::new()) };
        store.append(&step).await.unwrap();
    }
    store.create_run(new_run("other", 5_000_000)).await.unwrap();
    store.archive_run(&run_id("d")).await.unwrap();
    for (predicates, expected) in [
        ("", "a b c d"),
        (r#"{"key":"state","operation":"EQUALS","string_value":"FAILED"}"#, "b c"),
        (r#"{"key":"status","op":2,"stringValue":"Failed"}"#, "a d"),
        (r#"{"key":"state","operation":"IN","string_values":{"values":["RUNNING","SUCCEEDED"]}}"#, "a d"),
        (r#"{"key":"storage_state","operation":"EQUALS","string_value":"AVAILABLE"}"#, "a b c"),
        (r#"{"key":"created_at","operation":"EQUALS","timestamp_value":"1970-01-01T00:00:02Z"}"#, "b"),
        (r#"{"key":"created_at","operation":5,"timestamp_value":"1970-01-01T00:00:03Z"}"#, "c d"),
        (r#"{"key":"finished_at","operation":"EQUALS","long_value":"0"}"#, "a"),
        (
            r#"{"key":"name","operation":9,"string_value":"run"},{"key":"run_id","operation":"EQUALS","string_value":"c"}"#,
            "c",
        ),
        (r#"{"key":"name","operation":9,"string_value":"%"}"#, ""),
    ] {
        let query = ListQuery {
            experiment_id: Some(mine.clone()),
            filter: Some(format!(r#"{{"predicates":[{predicates}]}}"#)),
            ..ListQuery::default()
        };
        let page = store.list_runs(&query).await.unwrap();
        assert_eq!(names(&page), expected, "{predicates}");
        assert_eq!(page.total_size, page.items.len() as u64, "{predicates}");
    }
}

pub async fn many_runs_append_at_once(store: Store) {
    const RUNS: usize = 40;
    const STEPS: u64 = 25;
    let mut work = tokio::task::JoinSet::new();
    for number in 0..RUNS {
        let store = store.clone();
        work.spawn(async move {
            let run = store.create_run(new_run(&format!("r{number}"), 1)).await.unwrap().id;
            let mut rivals = 0;
            for seq in 0..STEPS {
                let mut view = task(&run, &format!("t{seq}"), TaskPhase::Running);
                view.iteration = u32::try_from(seq).ok();
                let step = append(&run, seq, vec![started(&view)], vec![view]);
                // Two drivers of one run: exactly one of them gets through.
                let (one, other) = tokio::join!(store.append(&step), store.append(&step));
                for result in [one, other] {
                    match result {
                        Ok(end) => assert_eq!(end, seq + 1),
                        Err(Error::Conflict { .. }) => rivals += 1,
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            assert_eq!(rivals, STEPS);
            let tasks = store.tasks(&run).await.unwrap();
            let order: Vec<_> = tasks.iter().map(|task| u64::from(task.iteration.unwrap())).collect();
            assert_eq!(order, (0..STEPS).collect::<Vec<_>>());
            assert_eq!(store.journal(&run).await.unwrap().len() as u64, STEPS);
        });
    }
    while let Some(done) = work.join_next().await {
        done.unwrap();
    }
    assert_eq!(store.live_runs().await.unwrap().len(), RUNS);
}

pub async fn closing_keeps_what_was_queued(store: Store) {
    let run = store.create_run(new_run("a", 1)).await.unwrap().id;
    let step = append(&run, 0, vec![started(&task(&run, "t", TaskPhase::Running))], Vec::new());
    let queued = tokio::spawn({
        let store = store.clone();
        async move { store.append(&step).await }
    });
    queued.await.unwrap().unwrap();
    store.close().await;
    store.close().await;
    for result in
        [store.append(&append(&run, 1, Vec::new(), Vec::new())).await, store.journal(&run).await.map(|_| 0)]
    {
        assert!(
            matches!(&result, Err(Error::Unavailable(cause)) if cause.message.contains("closed")),
            "{result:?}"
        );
    }
}
