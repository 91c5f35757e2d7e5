//! Runs `conformance/corpus` and `conformance/invalid` through the real binary and compares with what must come
//! of it. The formats are described in `conformance/README.md`.
//!
//! `PIPEWRIGHT_TEST_ONLY=name,name` runs these pipelines alone, `PIPEWRIGHT_TEST_EXCEPT` all but these,
//! `PIPEWRIGHT_TEST_OFFLINE=1` leaves out those that need packages from the network, `PIPEWRIGHT_TEST_ONLINE=1` all
//! others.

#[path = "conformance/cached.rs"]
mod cached;
#[path = "conformance/case.rs"]
mod case;
#[path = "conformance/crashed.rs"]
mod crashed;
#[path = "conformance/expect.rs"]
mod expect;
#[path = "conformance/interactions.rs"]
mod interactions;
#[path = "conformance/invalid.rs"]
mod invalid;
#[path = "conformance/nodes.rs"]
mod nodes;
#[path = "conformance/once.rs"]
mod once;
#[path = "conformance/server.rs"]
mod server;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The folder that holds the corpus.
fn conformance() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance")
}

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_pipewright");

/// Longest time that one run may take, packages from the network and a busy machine included.
const PATIENCE: Duration = Duration::from_secs(180);

/// What was found of one case: its row in the table.
#[derive(Clone, Default)]
struct Found {
    state: String,
    tasks: usize,
    seconds: f64,
    wrong: Vec<String>,
}

impl Found {
    fn wrong(line: String) -> Self {
        Self { wrong: vec![line], ..Self::default() }
    }

    fn of(document: &Value, wrong: Vec<String>) -> Self {
        let state = document["state"].as_str().unwrap_or_default().to_owned();
        let tasks = || document["tasks"].as_array().into_iter().flatten();
        let never_began = |task: &Value| task["state"] == "CANCELED" && task["started_at"].is_null();
        let works = |task: &&Value| {
            let kind = task["kind"].as_str();
            matches!(kind, Some("container" | "importer" | "resource")) && !never_began(task)
        };
        let root = tasks().find(|task| task["task_id"] == "root");
        let seconds = root.and_then(|task| task["duration_seconds"].as_f64()).unwrap_or_default();
        Self { state, tasks: tasks().filter(works).count(), seconds, wrong }
    }
}

/// Works on all cases with as many threads as there are CPUs, prints a table, and fails when any case did.
fn check_all<C: Sync>(title: &str, cases: &[C], name: fn(&C) -> String, check: impl Fn(&C) -> Found + Sync) {
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let row = (name(case), check(case));
                    rows.lock().expect("no worker panics while it holds the lock").push(row);
                }
            });
        }
    });
    let mut rows = rows.into_inner().expect("all workers have ended");
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    let mut failed = 0;
    let mut table = format!("{title}\n       {:9} tasks  seconds\n", "state");
    for (name, found) in &rows {
        let word = if found.wrong.is_empty() { "ok" } else { "WRONG" };
        table.push_str(&format!(
            "{word:6} {:9} {:5}  {:7.2}  {name}\n",
            found.state, found.tasks, found.seconds
        ));
        for line in &found.wrong {
            table.push_str(&format!("         {line}\n"));
        }
        failed += usize::from(!found.wrong.is_empty());
    }
    let took = began.elapsed().as_secs();
    table.push_str(&format!("{} of {} as expected, {took} s\n", rows.len() - failed, rows.len()));
    println!("{table}");
    let chosen = ["PIPEWRIGHT_TEST_ONLY", "PIPEWRIGHT_TEST_OFFLINE", "PIPEWRIGHT_TEST_ONLINE"];
    let is_chosen = chosen.iter().any(|name| std::env::var_os(name).is_some());
    assert!(!rows.is_empty() || is_chosen, "{title}: no cases");
    assert_eq!(failed, 0, "{title}: see the table above");
}

/// Reads a YAML mapping by way of the product's own reader.
fn mapping(text: &[u8]) -> serde_json::Map<String, Value> {
    pipewright_compiler::parse_arguments(text).unwrap_or_else(|wrong| panic!("not readable: {wrong}"))
}
