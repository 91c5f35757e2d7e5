//! A store with 100 000 runs, 1 000 pipelines and 5 million tasks: lists, reads, and many who create runs at once.
//!
//! Takes some minutes and 5 GB, so it runs only when it is named.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{Bench, mebibytes, millis};
use crate::served::{self, Served};
use crate::workspace::{self, must};
use crate::{http, ir};

const RUNS: &str = "100000";
const PIPELINES: &str = "1000";
const TASKS: &str = "5000000";
const REPEATS: usize = 100;
const LIST_LIMIT: Duration = Duration::from_millis(25);
const CREATE_LIMIT: Duration = Duration::from_millis(5);
const READS_LIMIT: f64 = 2_000.0;
const CLIENTS: usize = 50;
const RUNS_OF_CLIENT: usize = 200;
const MEMORY_LIMIT: u64 = 300_000_000;
const PATIENCE: Duration = Duration::from_secs(600);

const EXPERIMENT: &str = "00000000-0000-7000-8000-000000000005";
const RUN: &str = "00000000-0000-7000-8003-000000000309";
const SORTS: &[&str] = &[
    "created_at desc",
    "created_at",
    "name",
    "name desc",
    "finished_at desc",
    "scheduled_at",
    "state",
    "storage_state",
    "experiment_id",
    "description",
    "run_id",
    "metric:accuracy desc",
    "metric:accuracy",
];
const FILTERS: &[(&str, &str, &str)] = &[
    ("name", "IS_SUBSTRING", r#""string_value": "train""#),
    ("name", "IS_SUBSTRING", r#""string_value": "nowhere""#),
    ("name", "IS_SUBSTRING", r#""string_value": "99999""#),
    ("name", "EQUALS", r#""string_value": "train 1""#),
    ("name", "NOT_EQUALS", r#""string_value": "train 1""#),
    ("description", "IS_SUBSTRING", r#""string_value": "night""#),
    ("state", "EQUALS", r#""string_value": "FAILED""#),
    ("state", "EQUALS", r#""string_value": "RUNNING""#),
    ("state", "NOT_EQUALS", r#""string_value": "SUCCEEDED""#),
    ("storage_state", "EQUALS", r#""string_value": "ARCHIVED""#),
    ("storage_state", "NOT_EQUALS", r#""string_value": "ARCHIVED""#),
    ("created_at", "GREATER_THAN", r#""timestamp_value": "2025-09-01T00:00:00Z""#),
    ("finished_at", "LESS_THAN", r#""timestamp_value": "2025-02-01T00:00:00Z""#),
    ("run_id", "EQUALS", r#""string_value": "nothing""#),
];

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let home = bench.folder.join("load");
    let served = Served::start(&bench.binary, &home, &[])?;
    let id = served.submit("first", &ir::chain("first", ir::true_container(), 1))?;
    served::must_succeed(&served.wait(&id, PATIENCE)?)?;
    drop(served);
    let database = home.join("pipewright.db");
    let script = workspace::root().join("conformance/load/fill.py");
    must(Command::new("python3").arg(script).arg(database).args([RUNS, PIPELINES, TASKS]))?;

    let served = Served::start(&bench.binary, &home, &[])?;
    lists(bench, &served)?;
    reads(bench, &served)?;
    creation(bench, &served)?;
    crowd(bench, &served)
}

/// Every list a hundred times; the table has the slowest.
fn lists(bench: &mut Bench, served: &Served) -> Result<()> {
    let mut slowest = (Duration::ZERO, String::new());
    for path in paths() {
        let mut times = Vec::with_capacity(REPEATS);
        for _ in 0..REPEATS {
            let started = Instant::now();
            http::call(&served.url, "GET", &path, None)?;
            times.push(started.elapsed());
        }
        times.sort();
        let late = times[REPEATS * 99 / 100 - 1];
        if late > slowest.0 {
            slowest = (late, path);
        }
    }
    println!("  slowest: {}", slowest.1);
    let figures = [millis(slowest.0), "-".to_owned(), millis(LIST_LIMIT)];
    let what = format!("slowest list over {RUNS} runs, 99th of 100 requests");
    bench.row(what, figures, slowest.0 < LIST_LIMIT);
    Ok(())
}

fn paths() -> Vec<String> {
    let runs = "/apis/v2beta1/runs?page_size=20";
    let mut paths: Vec<String> = [
        "/apis/v2beta1/pipelines?page_size=20&sort_by=name",
        "/apis/v2beta1/experiments?page_size=20&sort_by=last_run_created_at%20desc",
        "/apis/v2beta1/recurringruns?page_size=20",
        "/apis/v1beta1/runs?page_size=20&sort_by=created_at%20desc",
        "/apis/pipewright/v1/executions",
        "/apis/pipewright/v1/executions?state=FAILED",
        "/apis/pipewright/v1/artifacts",
    ]
    .map(str::to_owned)
    .to_vec();
    for sort in SORTS {
        paths.push(format!("{runs}&sort_by={}", escape(sort)));
        paths.push(format!("{runs}&experiment_id={EXPERIMENT}&sort_by={}", escape(sort)));
    }
    for (key, operation, value) in FILTERS {
        let predicate = format!(r#"{{"key": "{key}", "operation": "{operation}", {value}}}"#);
        let filter = escape(&format!(r#"{{"predicates": [{predicate}]}}"#));
        for sort in ["created_at desc", "name", "finished_at desc", "state"] {
            paths.push(format!("{runs}&filter={filter}&sort_by={}", escape(sort)));
        }
        paths.push(format!("{runs}&filter={filter}&experiment_id={EXPERIMENT}"));
    }
    paths
}

/// Writes bytes that mean something in a URL, or are no ASCII letters, as escapes.
fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Reads by another program, on the same two cores.
fn reads(bench: &mut Bench, served: &Served) -> Result<()> {
    if Command::new("wrk").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        println!("  reads per second are not measured: wrk is not installed");
        return Ok(());
    }
    for (what, path) in [
        ("list of runs", "/apis/v2beta1/runs?page_size=20&sort_by=created_at%20desc".to_owned()),
        ("one run", format!("/apis/v2beta1/runs/{RUN}")),
    ] {
        let url = format!("{}{path}", served.url);
        let output = Command::new("wrk").args(["-t2", "-c16", "-d10s", &url]).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if text.contains("Non-2xx") {
            bail!("reads failed: {text}");
        }
        let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
        let rate: f64 = rate.context("wrk printed no rate")?.trim().parse()?;
        let figures = [format!("{rate:.0}"), "-".to_owned(), format!("{READS_LIMIT:.0}")];
        bench.row(format!("reads per second by wrk: {what}"), figures, rate >= READS_LIMIT);
    }
    Ok(())
}

fn creation(bench: &mut Bench, served: &Served) -> Result<()> {
    let spec = ir::chain("created", ir::true_container(), 1);
    let mut times = Vec::new();
    for _ in 0..REPEATS {
        let started = Instant::now();
        served.submit("created", &spec)?;
        times.push(started.elapsed());
    }
    times.sort();
    let median = times[REPEATS / 2];
    let figures = [millis(median), "-".to_owned(), millis(CREATE_LIMIT)];
    bench.row("creating a run, median", figures, median < CREATE_LIMIT);
    Ok(())
}

fn crowd(bench: &mut Bench, served: &Served) -> Result<()> {
    let spec = ir::chain("crowd", ir::true_container(), 1);
    let created = Mutex::new(Vec::new());
    let started = Instant::now();
    std::thread::scope(|scope| {
        let client = || -> Result<()> {
            for _ in 0..RUNS_OF_CLIENT {
                let id = served.submit("crowd", &spec)?;
                created.lock().map_err(|_| anyhow::anyhow!("another client failed"))?.push(id);
            }
            Ok(())
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        for client in clients {
            client.join().map_err(|_| anyhow::anyhow!("a client broke off"))??;
        }
        anyhow::Ok(())
    })?;
    println!("  {} runs created in {:.1} s", CLIENTS * RUNS_OF_CLIENT, started.elapsed().as_secs_f64());
    let ids = created.into_inner().map_err(|_| anyhow::anyhow!("a client failed"))?;
    let distinct: BTreeSet<&String> = ids.iter().collect();
    while count(served, "succeeded")? < distinct.len() as u64 {
        if started.elapsed() > PATIENCE {
            bail!("the runs did not end within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    println!("  all had ended after {:.1} s", started.elapsed().as_secs_f64());
    let (all, wanted) = (count(served, "")?, (CLIENTS * RUNS_OF_CLIENT) as u64);
    let holds = all == wanted && distinct.len() as u64 == wanted;
    let figures = [all.to_string(), "-".to_owned(), wanted.to_string()];
    bench.row(format!("runs of {CLIENTS} clients that create {RUNS_OF_CLIENT} each"), figures, holds);
    let peak = served.memory_bytes("VmHWM")?;
    let figures = [mebibytes(peak), "-".to_owned(), mebibytes(MEMORY_LIMIT)];
    bench.row("peak memory of the server meanwhile", figures, peak < MEMORY_LIMIT);
    Ok(())
}

/// Counts the runs of the crowd; all, or those in one state.
fn count(served: &Served, state: &str) -> Result<u64> {
    let mut predicates = vec![json!({"key": "name", "operation": "EQUALS", "string_value": "crowd"})];
    if !state.is_empty() {
        predicates.push(json!({"key": "state", "operation": "EQUALS", "string_value": state}));
    }
    let filter = escape(&json!({ "predicates": predicates }).to_string());
    let page: Value =
        http::call(&served.url, "GET", &format!("/apis/v2beta1/runs?page_size=1&filter={filter}"), None)?;
    Ok(page["total_size"].as_u64().unwrap_or(0))
}
