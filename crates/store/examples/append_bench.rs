//! Measures appends: what one costs in CPU and how many fit in a second.
//!
//! `cargo run --profile fast -p pipewright-store --example append_bench -- [appends per client]`

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use pipewright_engine::{
    AttemptView, Event, Fingerprint, Resolved, RunId, RunPhase, RunView, Submit, TaskKey, TaskKind,
    TaskPhase, TaskView, Timestamp,
};
use pipewright_plan::{Dialect, Outcome, Plan};
use pipewright_store::{Append, Durability, NewRun, Options, Store};
use serde_json::{Value, json};

type Any = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Any> {
    let count = std::env::args().nth(1).map_or(Ok(2000), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    println!("durability  clients  appends/s  µs wall each  µs CPU each  KiB written each");
    for durability in [Durability::Grouped, Durability::Full] {
        for clients in [1, 16, 64] {
            runtime.block_on(measure(durability, clients, count))?;
        }
    }
    Ok(())
}

async fn measure(durability: Durability, clients: usize, count: u64) -> Result<(), Any> {
    let home = tempfile::tempdir()?;
    let store = Store::open(&home.path().join("bench.db"), Options { durability })?;
    let count = if durability == Durability::Full { count / 4 } else { count };
    for client in 0..clients {
        store.create_run(new_run(client)).await?;
    }
    let (began, cpu, written) = (Instant::now(), cpu_seconds()?, written_bytes()?);
    let mut work = tokio::task::JoinSet::new();
    for client in 0..clients {
        let store = store.clone();
        work.spawn(async move {
            let run = RunId(client.to_string());
            for step in 0..count {
                store.append(&append(&run, step)).await?;
            }
            Ok::<(), pipewright_store::Error>(())
        });
    }
    while let Some(done) = work.join_next().await {
        done??;
    }
    let wall = began.elapsed().as_secs_f64();
    let (cpu, written) = (cpu_seconds()? - cpu, written_bytes()? - written);
    let appends = (clients as u64 * count) as f64;
    println!(
        "{:<10}  {clients:>7}  {:>9.0}  {:>12.1}  {:>11.1}  {:>17.1}",
        format!("{durability:?}"),
        appends / wall,
        wall / appends * 1e6,
        cpu / appends * 1e6,
        written / appends / 1024.0,
    );
    store.close().await;
    Ok(())
}

fn new_run(client: usize) -> NewRun {
    let plan = Plan {
        name: "bench".to_owned(),
        display_name: None,
        description: None,
        dialect: Dialect::V2,
        sdk_version: None,
        default_pipeline_root: None,
        platform: Default::default(),
        root: "root".to_owned(),
        components: Default::default(),
    };
    NewRun {
        id: RunId(client.to_string()),
        display_name: "bench".to_owned(),
        description: String::new(),
        experiment_id: String::new(),
        pipeline_id: None,
        pipeline_version_id: None,
        plan: Arc::new(plan),
        pipeline_spec: Value::Null,
        parameters: json!({}),
        pipeline_root: None,
        service_account: String::new(),
        plugins_input: Default::default(),
        firing: None,
        submit: Submit::default(),
    }
}

/// Three events of one task and its row; each task gets three such appends, as in a real run.
fn append(run: &RunId, step: u64) -> Append {
    let key = TaskKey::root().child("loop").iteration((step / 3) as u32).child("train-the-model");
    let at = Timestamp(1_700_000_000_000_000);
    let inputs = Resolved {
        parameters: BTreeMap::from([
            ("learning_rate".to_owned(), json!(0.05)),
            ("name".to_owned(), json!("x".repeat(100))),
        ]),
        artifacts: BTreeMap::new(),
    };
    let document = BTreeMap::from([("command".to_owned(), "c".repeat(300))]);
    let fingerprint = Fingerprint { key: "f".repeat(64), document };
    let outcome =
        Outcome { parameters: BTreeMap::from([("loss".to_owned(), json!(0.25))]), ..Outcome::default() };
    let attempt = AttemptView {
        number: 0,
        phase: TaskPhase::Running,
        created_at: at,
        started_at: Some(at),
        ended_at: None,
        place: Some("process 4711".to_owned()),
        note: None,
        preparing_at: None,
        failure: None,
        usage: None,
    };
    let events = match step % 3 {
        0 => vec![
            Event::TaskStarted { task: key.clone(), at, inputs: Arc::new(inputs.clone()) },
            Event::CacheMissed { task: key.clone(), at, fingerprint: Arc::new(fingerprint.clone()) },
            Event::AttemptPlanned { task: key.clone(), at, number: 0 },
        ],
        1 => vec![
            Event::AttemptStarted {
                task: key.clone(),
                at,
                number: 0,
                place: "process 4711".to_owned(),
                fingerprint: None
            };
            3
        ],
        _ => vec![
            Event::TaskEnded {
                task: key.clone(),
                at,
                phase: TaskPhase::Succeeded,
                outcome: Box::new(outcome.clone()),
                error: None,
            };
            3
        ],
    };
    let view = TaskView {
        run: run.clone(),
        parent: key.parent(),
        key,
        name: "train-the-model".to_owned(),
        display_name: "train-the-model".to_owned(),
        kind: TaskKind::Container,
        phase: if step % 3 == 2 { TaskPhase::Succeeded } else { TaskPhase::Running },
        iteration: None,
        iteration_count: None,
        created_at: at,
        started_at: Some(at),
        ended_at: None,
        inputs: Arc::new(inputs),
        outcome,
        error: None,
        fingerprint: Some(Arc::new(fingerprint)),
        cached_from: None,
        suspension: None,
        locks: None,
        attempts: vec![attempt],
    };
    Append {
        run: run.clone(),
        expected_seq: step * 3,
        events,
        run_view: RunView { phase: RunPhase::Running, ..RunView::default() },
        tasks: vec![view],
        consumed: Vec::new(),
        flush: false,
    }
}

/// User and system time of this process so far.
fn cpu_seconds() -> Result<f64, Any> {
    let mut nanoseconds = 0_u64;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(nanoseconds as f64 / 1e9)
}

/// Bytes passed to `write` so far.
fn written_bytes() -> Result<f64, Any> {
    let text = std::fs::read_to_string("/proc/self/io")?;
    let line = text.lines().find_map(|line| line.strip_prefix("wchar: ")).ok_or("no wchar")?;
    Ok(line.trim().parse()?)
}
