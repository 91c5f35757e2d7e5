//! `cargo xtask crash`: kills a server with SIGKILL at random moments of a run and starts it again each time.
//!
//! Each attempt of each task reports to a listener here, which counts. At the end the run must have ended as it
//! would have undisturbed, every attempt must have happened exactly once, and no task that the API showed as
//! ended may have changed its mind.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::ir::{self, Pipeline};
use crate::served::{self, Served};
use crate::{container_crash, workspace};

/// How hard to try.
#[derive(clap::Args)]
pub struct Args {
    /// How many times the server is killed.
    #[arg(long, default_value_t = 30)]
    count: u32,
    /// Seed of the moments; printed, so that a run can be repeated.
    #[arg(long)]
    seed: Option<u64>,
    /// Build profile of the server.
    #[arg(long, default_value = "fast")]
    profile: String,
    /// Seconds that each task takes.
    #[arg(long, default_value = "0.3")]
    task_seconds: String,
    /// Kill it with containers running, and then the engine too: docker or podman.
    #[arg(long, conflicts_with_all = ["count", "seed", "task_seconds"])]
    engine: Option<String>,
    /// How often that is done.
    #[arg(long, default_value_t = 1, requires = "engine")]
    rounds: u32,
}

/// Iterations of the outer loop, of the inner loop, and links of the plain chain.
const OUTER: u32 = 20;
const INNER: u32 = 3;
const PLAIN: u32 = 40;
const PATIENCE: Duration = Duration::from_secs(300);

type Tally = Arc<Mutex<BTreeMap<String, u32>>>;

/// Runs the soak and fails on the first broken promise.
pub fn run(args: &Args) -> Result<()> {
    let binary = workspace::build(&args.profile)?;
    if let Some(engine) = &args.engine {
        return container_crash::run(&binary, engine, args.rounds);
    }
    let seed = args.seed.unwrap_or_else(|| u64::from(std::process::id()));
    soak(&binary, args.count, seed, &args.task_seconds)
}

/// Kills a server `count` times during one run of 200 tasks; see the module.
pub fn soak(binary: &std::path::Path, count: u32, seed: u64, task_seconds: &str) -> Result<()> {
    println!("crash: {count} kills, seed {seed}");
    let folder = tempfile::Builder::new().prefix("crash-").tempdir_in(workspace::target())?;
    let home = folder.path().join("home");
    let (port, tally) = listen()?;
    let mut random = Random(seed);
    let parallel = ["--max-parallel", "6"];
    let mut served = Served::start(binary, &home, &parallel)?;
    let id = served.submit("crash", &pipeline(port, task_seconds))?;
    let mut ended = BTreeMap::new();
    let mut kills = 0;
    while kills < count {
        std::thread::sleep(Duration::from_millis(20 + random.below(400)));
        let run = served.run(&id)?;
        if served::is_over(&run) {
            break;
        }
        remember(&run, &mut ended)?;
        served.kill()?;
        kills += 1;
        served = Served::start(binary, &home, &parallel)?;
    }
    let started = Instant::now();
    served.wait(&id, PATIENCE)?;
    let run = served.run(&id)?;
    remember(&run, &mut ended)?;
    served::must_succeed(&run)?;
    let tally = tally.lock().expect("no listener panics").clone();
    compare(&tally, &expected())?;
    if kills < count {
        bail!("the run ended after {kills} of {count} kills; give tasks more time with --task-seconds");
    }
    println!(
        "crash: {kills} kills survived; {} attempts of {} tasks, each exactly once ({:.1} s after the last kill)",
        tally.len(),
        ended.len(),
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Keeps the state of each task that has ended; fails when one that had ended shows another state now.
fn remember(run: &Value, ended: &mut BTreeMap<String, String>) -> Result<()> {
    let details = run["run_details"]["task_details"].as_array().context("the run has no task_details")?;
    let mut now = BTreeMap::new();
    for detail in details {
        let (Some(id), Some(state)) = (detail["task_id"].as_str(), detail["state"].as_str()) else {
            bail!("a task detail has no task_id or state: {detail}");
        };
        if matches!(state, "SUCCEEDED" | "SKIPPED" | "FAILED" | "CANCELED") {
            now.insert(id.to_owned(), state.to_owned());
        }
    }
    for (id, state) in ended.iter() {
        if now.get(id) != Some(state) {
            bail!("task {id} had ended {state} and is now {:?}", now.get(id));
        }
    }
    *ended = now;
    Ok(())
}

fn compare(found: &BTreeMap<String, u32>, expected: &[String]) -> Result<()> {
    let mut wrong = Vec::new();
    for name in expected {
        match found.get(name) {
            Some(1) => {}
            Some(times) => wrong.push(format!("{name} happened {times} times")),
            None => wrong.push(format!("{name} never happened")),
        }
    }
    for name in found.keys().filter(|name| !expected.contains(name)) {
        wrong.push(format!("{name} should not have happened"));
    }
    if !wrong.is_empty() {
        bail!("side effects are not exactly once:\n  {}", wrong.join("\n  "));
    }
    Ok(())
}

/// Counts the names that tasks send.
fn listen() -> Result<(u16, Tally)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let tally = Tally::default();
    let shared = Arc::clone(&tally);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut name = String::new();
            if stream.read_to_string(&mut name).is_ok() {
                *shared.lock().expect("no listener panics").entry(name.trim().to_owned()).or_default() += 1;
            }
        }
    });
    Ok((port, tally))
}

/// 20 iterations of (one task, a loop of 3 with two tasks, one flaky task) and a chain of 40 beside them: 200.
fn pipeline(port: u16, task_seconds: &str) -> Value {
    let report = format!("sleep {task_seconds}; echo \"$0\" > /dev/tcp/127.0.0.1/{port}");
    let flaky = format!(
        "sleep {task_seconds}; echo \"$0-try-${{KFP_RETRY_INDEX:-0}}\" > /dev/tcp/127.0.0.1/{port}; \
         test \"${{KFP_RETRY_INDEX:-0}}\" -ge 1"
    );
    let item = "{{$.inputs.parameters['item']}}";
    let outer = "{{$.inputs.parameters['outer']}}";
    let integer = json!({ "parameterType": "NUMBER_INTEGER" });
    let both = json!({ "inputDefinitions": { "parameters": { "item": integer, "outer": integer } } });
    let bash =
        |script: &str, name: String| json!({ "image": "bash", "command": ["bash", "-c", script, name] });
    let mut pipeline = Pipeline::new("crash");
    pipeline.container("before", bash(&report, format!("before-{item}")), ir::item_input());
    pipeline.container("flaky", bash(&flaky, format!("flaky-{item}")), ir::item_input());
    pipeline.container("left", bash(&report, format!("left-{outer}-{item}")), both.clone());
    pipeline.container("right", bash(&report, format!("right-{outer}-{item}")), both.clone());
    pipeline.container("link", bash(&report, format!("link-{item}")), ir::item_input());

    let input = |name: &str| json!({ "componentInputParameter": name });
    let own = json!({ "inputs": { "parameters": { "item": input("item") } } });
    let pair = json!({ "inputs": { "parameters": { "item": input("item"), "outer": input("outer") } } });
    let mut inner = Map::new();
    inner.insert("left".to_owned(), ir::task("left", "left", pair.clone()));
    let mut right = ir::task("right", "right", pair);
    right["dependentTasks"] = json!(["left"]);
    inner.insert("right".to_owned(), right);
    pipeline.dag("inner", inner, both);

    let mut body = Map::new();
    body.insert("before".to_owned(), ir::task("before", "before", own.clone()));
    let mut inner_loop = ir::loop_task("inner", "inner", INNER);
    inner_loop["inputs"] = json!({ "parameters": { "outer": input("item") } });
    inner_loop["dependentTasks"] = json!(["before"]);
    body.insert("inner".to_owned(), inner_loop);
    let mut flaky_task = ir::task("flaky", "flaky", own);
    flaky_task["dependentTasks"] = json!(["inner"]);
    flaky_task["retryPolicy"] =
        json!({ "maxRetryCount": 2, "backoffDuration": "0.1s", "backoffFactor": 2.0 });
    body.insert("flaky".to_owned(), flaky_task);
    pipeline.dag("body", body, ir::item_input());

    pipeline.task("for-each", ir::loop_task("for-each", "body", OUTER));
    for index in 0..PLAIN {
        let name = format!("link-{index}");
        let before: Vec<String> =
            index.checked_sub(1).map(|before| format!("link-{before}")).into_iter().collect();
        let constant = json!({ "runtimeValue": { "constant": index } });
        let more = json!({ "inputs": { "parameters": { "item": constant } }, "dependentTasks": before });
        pipeline.task(&name, ir::task(&name, "link", more));
    }
    pipeline.build()
}

fn expected() -> Vec<String> {
    let mut names: Vec<String> = (0..PLAIN).map(|index| format!("link-{index}")).collect();
    for outer in 0..OUTER {
        names.push(format!("before-{outer}"));
        names.push(format!("flaky-{outer}-try-0"));
        names.push(format!("flaky-{outer}-try-1"));
        for inner in 0..INNER {
            names.push(format!("left-{outer}-{inner}"));
            names.push(format!("right-{outer}-{inner}"));
        }
    }
    names
}

/// A small generator (SplitMix64): the moments need to differ, no more.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
