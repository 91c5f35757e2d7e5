//! Runs `conformance/corpus` and `conformance/invalid` through the real binary and compares with what must come
//! of it. The formats are described in `conformance/README.md`.

#[path = "conformance/corpus.rs"]
mod corpus;
#[path = "conformance/expect.rs"]
mod expect;
#[path = "conformance/invalid.rs"]
mod invalid;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// The folder that holds the corpus.
fn conformance() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance")
}

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_pipewright");

/// Works on all cases with as many threads as there are CPUs, prints a table, and fails when any case did.
fn check_all<C: Sync>(
    title: &str,
    cases: &[C],
    name: fn(&C) -> String,
    check: impl Fn(&C) -> Vec<String> + Sync,
) {
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    let wrong = check(case);
                    let row = (name(case), wrong, began.elapsed().as_secs_f64());
                    rows.lock().expect("no worker panics while it holds the lock").push(row);
                }
            });
        }
    });
    let mut rows = rows.into_inner().expect("all workers have ended");
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    let mut failed = 0;
    let mut table = format!("{title}\n");
    for (name, wrong, seconds) in &rows {
        let word = if wrong.is_empty() { "ok" } else { "WRONG" };
        table.push_str(&format!("{word:6} {seconds:6.2} s  {name}\n"));
        for line in wrong {
            table.push_str(&format!("         {line}\n"));
        }
        failed += usize::from(!wrong.is_empty());
    }
    table.push_str(&format!("{} of {} as expected\n", rows.len() - failed, rows.len()));
    println!("{table}");
    assert!(!rows.is_empty(), "{title}: there are no cases");
    assert_eq!(failed, 0, "{title}: see the table above");
}

/// Reads a YAML mapping by way of the product's own reader.
fn mapping(text: &[u8]) -> serde_json::Map<String, serde_json::Value> {
    pipewright_compiler::parse_arguments(text).unwrap_or_else(|wrong| panic!("not readable: {wrong}"))
}
