//! Recurring runs: the API, and that each slot is had once, whatever happens to the scheduler and the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use pipewright_server::{Clock, Settings, fire_recurring_runs};
use pipewright_store::ListQuery;
use pipewright_store::engine::{RunId, RunPhase, RunView, Timestamp};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{Server, hello_spec, take, take_instant, text};

const PATH: &str = "/apis/v2beta1/recurringruns";

fn asked(trigger: Value) -> Value {
    json!({
        "display_name": "Each Minute!",
        "pipeline_spec": hello_spec(),
        "runtime_config": {"parameters": {"who": "[[ScheduledTime]]"}},
        "max_concurrency": "2",
        "mode": "ENABLE",
        "trigger": trigger,
    })
}

#[tokio::test]
async fn recurring_runs_are_kept_as_asked() {
    let server = Server::start().await;
    let experiment = server.post("/apis/v2beta1/experiments", json!({"display_name": "mine"})).await;
    let mut body =
        asked(json!({"cronSchedule": {"cron": "0 0 9 * * *", "startTime": "2026-01-31T09:00:00+01:00"}}));
    body["experiment_id"] = experiment["experiment_id"].clone();
    body["no_catchup"] = json!(true);
    body["max_concurrency"] = json!(1);
    let mut made = server.post(PATH, body).await;
    let id = text(&made, "recurring_run_id");
    assert_eq!(server.get(&format!("{PATH}/{id}")).await, made);
    take(&mut made, "recurring_run_id");
    take_instant(&mut made, "created_at");
    take_instant(&mut made, "updated_at");
    let expected = json!({
        "display_name": "Each Minute!",
        "pipeline_spec": hello_spec(),
        "runtime_config": {"parameters": {"who": "[[ScheduledTime]]"}},
        "max_concurrency": "1",
        "trigger": {"cron_schedule": {"start_time": "2026-01-31T08:00:00Z", "cron": "0 0 9 * * *"}},
        "mode": "ENABLE",
        "status": "ENABLED",
        "no_catchup": true,
        "experiment_id": experiment["experiment_id"],
    });
    assert_eq!(made, expected);

    server.post(&format!("{PATH}/{id}:disable"), json!({})).await;
    assert_eq!(server.get(&format!("{PATH}/{id}")).await["status"], "DISABLED");
    server.post(&format!("{PATH}/{id}:enable"), json!({})).await;
    let archive = format!("/apis/v2beta1/experiments/{}:archive", text(&experiment, "experiment_id"));
    server.post(&archive, json!({})).await;
    assert_eq!(server.get(&format!("{PATH}/{id}")).await["mode"], "DISABLE");

    let other = server.post(PATH, asked(json!({"periodic_schedule": {"interval_second": "60"}}))).await;
    let list = server.get(&format!("{PATH}?experiment_id={}", text(&experiment, "experiment_id"))).await;
    assert_eq!((&list["recurringRuns"][0]["recurring_run_id"], &list["total_size"]), (&json!(id), &json!(1)));
    assert_eq!(server.get(PATH).await["total_size"], 2);
    let path = format!("{PATH}/{}", text(&other, "recurring_run_id"));
    assert_eq!(server.call("DELETE", &path, None).await.status, StatusCode::OK);
    server.refused("GET", &path, None, (404, 5, "recurring run")).await;
    assert_eq!(server.get(PATH).await["total_size"], 1);
}

#[tokio::test]
async fn what_could_never_fire_is_refused() {
    let server = Server::start().await;
    let with = |field: &str, value: Value| {
        let mut body = asked(json!({"periodic_schedule": {"interval_second": 60}}));
        body[field] = value;
        body
    };
    for (body, words) in [
        (with("display_name", json!("")), "display_name"),
        (with("max_concurrency", json!("11")), "1 to 10"),
        (with("max_concurrency", Value::Null), "1 to 10"),
        (with("mode", json!("SOMETIMES")), "ENABLE or DISABLE"),
        (with("trigger", json!({"cron_schedule": {"cron": "* * *"}})), "5 or 6 fields"),
        (with("trigger", json!({"cron_schedule": {"cron": "TZ=Mars/Base 0 0 3 * * *"}})), "no time zone"),
        (with("trigger", json!({"periodic_schedule": {"interval_second": "0"}})), "from 1"),
        (with("trigger", json!({"cron_schedule": {"cron": "@daily", "start_time": "soon"}})), "start_time"),
        (
            with("trigger", json!({"cron_schedule": {"cron": "@daily"}, "periodic_schedule": {}})),
            "either a cron_schedule",
        ),
        (with("pipeline_spec", Value::Null), "either a pipeline_version_reference"),
        (with("pipeline_spec", json!({"root": {}})), "the pipeline is wrong"),
        (with("runtime_config", json!({"parameters": {}})), "who"),
    ] {
        let answer = server.call("POST", PATH, Some(body.clone())).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let message = text(&answer.json(), "message");
        assert!(message.contains(words), "`{words}` is not in: {message}");
    }
}

/// A scheduler with a clock that the test sets.
struct Scheduler {
    server: Server,
    clock: Arc<AtomicI64>,
    running: JoinHandle<()>,
    stop: CancellationToken,
}

impl Scheduler {
    fn start(server: Server, clock: Arc<AtomicI64>) -> Self {
        let stop = CancellationToken::new();
        let running = Self::spawn(&server, &clock, &stop);
        Self { server, clock, running, stop }
    }

    fn spawn(server: &Server, clock: &Arc<AtomicI64>, stop: &CancellationToken) -> JoinHandle<()> {
        let clock = clock.clone();
        let now: Clock = Arc::new(move || Timestamp(clock.load(Ordering::SeqCst)));
        let settings = Settings::new("/artifacts".to_owned());
        tokio::spawn(fire_recurring_runs(server.store.clone(), settings, now, stop.clone()))
    }

    /// Ends it wherever it is, as `kill -9` would, and starts another.
    async fn crash(&mut self) {
        self.running.abort();
        let _ = (&mut self.running).await;
        self.running = Self::spawn(&self.server, &self.clock, &self.stop);
    }

    /// Runs of a recurring run in order of their slots: scheduled at, name, id, phase.
    async fn runs(&self, id: &str) -> Vec<(Timestamp, String, RunId, RunPhase)> {
        let mut found = Vec::new();
        let mut query = ListQuery {
            page_size: Some(200),
            sort_by: Some("scheduled_at".to_owned()),
            filter: Some(format!(
                r#"{{"predicates": [{{"key": "recurring_run_id", "operation": "EQUALS", "string_value": "{id}"}}]}}"#
            )),
            ..ListQuery::default()
        };
        loop {
            let page = self.server.store.list_runs(&query).await.unwrap();
            found.extend(
                page.items
                    .into_iter()
                    .map(|run| (run.scheduled_at, run.display_name, run.id, run.view.phase)),
            );
            match page.next_page_token {
                Some(token) => query.page_token = Some(token),
                None => return found,
            }
        }
    }

    /// Lets the scheduler go on until that many runs are there, or for a while.
    async fn until(&self, id: &str, count: usize) -> Vec<(Timestamp, String, RunId, RunPhase)> {
        for _ in 0..400 {
            let runs = self.runs(id).await;
            if runs.len() >= count {
                return runs;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.runs(id).await
    }

    /// Has it look at the clock again, which it does by itself after a while.
    async fn poke(&self, id: &str) {
        for enabled in [false, true] {
            self.server.store.enable_recurring_run(id, enabled).await.unwrap();
        }
    }

    async fn end(&self, run: &RunId) {
        let view = RunView { phase: RunPhase::Succeeded, ..RunView::default() };
        self.server.record(&run.0, 0, view, Vec::new()).await;
    }
}

/// Seconds after 1970 of an instant.
fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000_000)
}

#[tokio::test]
async fn each_slot_is_had_once_whatever_happens() {
    let server = Server::start().await;
    let mut body = asked(json!({"cron_schedule": {"cron": "*/10 * * * * *"}}));
    body["max_concurrency"] = json!(3);
    let id = text(&server.post(PATH, body).await, "recurring_run_id");
    let created = server.store.get_recurring_run(&id).await.unwrap().created_at;
    let clock = Arc::new(AtomicI64::new(created.0));
    let mut scheduler = Scheduler::start(server, clock.clone());
    // Jumps in seconds, forward and back; small ones, a long rest, a clock that was wrong for a while.
    for (step, jump) in [3, 15, -40, 60, 1, 9, 300, -200, 25, 190, 7, 30].into_iter().enumerate() {
        clock.fetch_add(jump * 1_000_000, Ordering::SeqCst);
        for _ in 0..4 {
            scheduler.poke(&id).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
            for (_, _, run, phase) in scheduler.runs(&id).await {
                if phase == RunPhase::Pending {
                    scheduler.end(&run).await;
                }
            }
            if step % 2 == 1 {
                scheduler.crash().await;
            }
        }
    }
    let last = clock.load(Ordering::SeqCst) / 1_000_000;
    let wanted: Vec<i64> = (seconds(created) + 1..=last).filter(|second| second % 10 == 0).collect();
    scheduler.poke(&id).await;
    let mut runs = scheduler.runs(&id).await;
    while runs.len() < wanted.len() {
        for (_, _, run, phase) in &runs {
            if *phase == RunPhase::Pending {
                scheduler.end(run).await;
            }
        }
        let before = runs.len();
        runs = scheduler.until(&id, before + 1).await;
        assert!(runs.len() > before, "stuck at {before} of {}", wanted.len());
    }
    assert_eq!(runs.iter().map(|run| seconds(run.0)).collect::<Vec<_>>(), wanted);
    for (index, (_, name, ..)) in runs.iter().enumerate() {
        assert!(name.starts_with("eachminute") && name.contains(&format!("-{}-", index + 1)), "{name}");
    }
    scheduler.stop.cancel();
}

#[tokio::test]
async fn no_more_run_at_once_than_allowed() {
    let server = Server::start().await;
    let id = text(
        &server.post(PATH, asked(json!({"periodic_schedule": {"interval_second": "60"}}))).await,
        "recurring_run_id",
    );
    let created = server.store.get_recurring_run(&id).await.unwrap().created_at;
    let clock = Arc::new(AtomicI64::new(created.0 + 600_000_000));
    let scheduler = Scheduler::start(server, clock);
    let runs = scheduler.until(&id, 2).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(scheduler.runs(&id).await.len(), 2);
    scheduler.end(&runs[0].2).await;
    let runs = scheduler.until(&id, 3).await;
    assert_eq!(runs.iter().map(|run| (run.0.0 - created.0) / 60_000_000).collect::<Vec<_>>(), [1, 2, 3]);
    scheduler.stop.cancel();
}

#[tokio::test]
async fn each_slot_takes_the_newest_version() {
    let server = Server::start().await;
    let pipeline = server.upload_hello("versions").await;
    let mut body = asked(json!({}));
    body["pipeline_spec"] = Value::Null;
    body["pipeline_version_reference"] = json!({"pipeline_id": pipeline["pipeline_id"]});
    let id = text(&server.post(PATH, body).await, "recurring_run_id");
    let clock = Arc::new(AtomicI64::new(i64::MAX / 2));
    let scheduler = Scheduler::start(server, clock);
    let runs = scheduler.until(&id, 1).await;
    let run = scheduler.server.store.get_run(&runs[0].2).await.unwrap();
    let made = scheduler.server.get(&format!("/apis/v2beta1/runs/{}", run.id)).await;
    assert_eq!(made["recurring_run_id"], json!(id));
    assert_eq!(made["pipeline_version_reference"]["pipeline_id"], pipeline["pipeline_id"]);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(scheduler.runs(&id).await.len(), 1, "without a trigger it fires once");

    // What can make no run any more is passed over, and says why.
    let mut body =
        asked(json!({"periodic_schedule": {"interval_second": "60", "end_time": "2100-01-01T00:00:00Z"}}));
    body["pipeline_spec"] = Value::Null;
    body["no_catchup"] = json!(true);
    body["pipeline_version_reference"] = json!({"pipeline_id": pipeline["pipeline_id"]});
    scheduler.stop.cancel();
    let second = text(&scheduler.server.post(PATH, body).await, "recurring_run_id");
    let version = text(&made["pipeline_version_reference"], "pipeline_version_id");
    scheduler.server.store.delete_pipeline_version(&version).await.unwrap();
    let clock = Arc::new(AtomicI64::new(i64::MAX / 2));
    let again = Scheduler::start(scheduler.server, clock);
    for _ in 0..200 {
        let row = again.server.store.get_recurring_run(&second).await.unwrap();
        if row.fired == 1 {
            assert!(row.error.contains("has no version"), "{}", row.error);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the slot was not passed over");
}

/// Runs of v1 pipelines know how many there were before them, and which slot is theirs.
#[tokio::test]
async fn macros_of_v1_pipelines_tell_index_and_slot() {
    let server = Server::start().await;
    let manifest = pipewright_compiler::compile(crate::support::WORKFLOW.as_bytes()).unwrap().pipeline_spec;
    let parameters = json!([
        {"name": "who", "value": "[[Index]] of [[RunUUID]]"},
        {"name": "count", "value": "[[ScheduledTime.2006-01-02T15:04:05]] {{$.scheduledTime.strftime('%s')}} [[Other]]"},
    ]);
    let body = json!({
        "name": "job", "enabled": true, "max_concurrency": 2,
        "pipeline_spec": {"workflow_manifest": manifest.to_string(), "parameters": parameters},
        "trigger": {"periodic_schedule": {"interval_second": 60}},
    });
    let id = text(&server.post("/apis/v1beta1/jobs", body).await, "id");
    let created = server.store.get_recurring_run(&id).await.unwrap().created_at;
    let clock = Arc::new(AtomicI64::new(created.0));
    let scheduler = Scheduler::start(server, clock.clone());
    // The first run is one interval after the job was made.
    clock.fetch_add(125 * 1_000_000, Ordering::SeqCst);
    scheduler.poke(&id).await;
    let runs = scheduler.until(&id, 2).await;
    assert_eq!(runs.len(), 2);
    for (number, (slot, name, run, _)) in (1..).zip(&runs) {
        assert_eq!(seconds(*slot), seconds(created) + 60 * number);
        let stem = name.rsplit_once('-').unwrap().0;
        assert!(stem.ends_with(&format!("-{number}")), "{name}");
        let pending = scheduler.server.store.pending_requests(run).await.unwrap();
        let Some((_, pipewright_store::Request::Submit { submit })) = pending.into_iter().next() else {
            panic!("the run was not asked for")
        };
        assert_eq!(submit.arguments["who"], json!(format!("{number} of {}", run.0)));
        let at = jiff::Timestamp::from_second(seconds(*slot)).unwrap().strftime("%Y-%m-%dT%H:%M:%S");
        assert_eq!(submit.arguments["count"], json!(format!("{at} {} [[Other]]", seconds(*slot))));
    }
}
