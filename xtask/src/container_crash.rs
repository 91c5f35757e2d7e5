//! `cargo xtask crash --engine NAME`: the server is killed with containers running, then the engine with it.
//!
//! Each task writes a line to a file of a volume when it begins, and one when it is done. Whatever is killed, every
//! task is done exactly once, and has begun as often as the API shows attempts of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Map, Value, json};

use crate::containers::{self, Engine};
use crate::ir::{self, Pipeline};
use crate::served::{self, Served};
use crate::workspace::must;
use crate::{http, images};

const TASKS: u32 = 12;
const AT_ONCE: &str = "4";
const TASK_MILLIS: u32 = 2500;
/// Kills of the server alone, then of both.
const KILLS: u32 = 4;
const BOTH: u32 = 2;
/// What Podman says of an entry whose container is gone.
const LOST: &str = "container not known";
const PATIENCE: Duration = Duration::from_secs(300);

/// Runs it in an engine of that name, with a server of its own.
pub fn run(binary: &Path, name: &str, rounds: u32) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let engines = containers::engines(folder.path());
    let engine = engines.iter().find(|engine| engine.is_called(name)).context("there is no such engine")?;
    (0..rounds).try_for_each(|_| soak(binary, engine))
}

/// Runs it in an engine.
pub fn soak(binary: &Path, engine: &Engine) -> Result<()> {
    containers::load(&images::make_noop_archive()?, &engine.socket)?;
    let folder = tempfile::tempdir()?;
    leave_nothing(binary, engine, &folder.path().join("pods"))?;
    // Containers that outlive their engine are tasks that go on; those that end with it are done again.
    for (what, kills, with_engine) in [("the server", KILLS, false), ("server and engine", BOTH, true)] {
        let home = folder.path().join(if with_engine { "both" } else { "server" });
        fs::create_dir_all(&home)?;
        must(
            Command::new(binary)
                .args(["volume", "create", "side", "--home"])
                .arg(&home)
                .stdout(std::process::Stdio::null()),
        )?;
        let socket = engine.socket.display().to_string();
        let extra = ["--executor", "container", "--container-network", "none", "--container-socket", &socket];
        let extra = [&extra[..], &["--max-parallel", AT_ONCE]].concat();
        let mut served = Served::start(binary, &home, &extra)?;
        let id = served.submit("container-crash", &pipeline(if with_engine { 10 } else { 0 }))?;
        let mut killed = 0;
        while killed < kills {
            wait_for_begun(&home, killed * 2 + 1)?;
            ensure!(!served::is_over(&served.run(&id)?), "the run ended after {killed} of {kills} kills");
            served.kill()?;
            killed += 1;
            let restarting = match with_engine {
                true => Some(Command::new("sh").arg(engine.restart()).spawn()?),
                false => None,
            };
            // It finds no engine at first.
            served = Served::start_patiently(binary, &home, &extra, PATIENCE)?;
            if let Some(mut restarting) = restarting {
                ensure!(restarting.wait()?.success(), "the engine does not start again");
            }
        }
        let ended = served.wait(&id, PATIENCE)?;
        served::must_succeed(&ended)?;
        let attempts = attempts(&served, &id)?;
        let (begun, done) = effects(&home)?;
        let mut wrong = Vec::new();
        for task in 0..TASKS {
            let [begun, done] = [&begun, &done].map(|found| found.get(&task).copied().unwrap_or_default());
            let known = attempts.get(&task).copied().unwrap_or_default();
            if done != 1 || begun > known || !with_engine && begun != 1 {
                wrong.push(format!(
                    "task {task} began {begun} times in {known} attempts and was done {done} times"
                ));
            }
        }
        if !wrong.is_empty() {
            bail!(
                "{}: {what} killed {kills} times; side effects are not exactly once:\n  {}",
                engine.name(),
                wrong.join("\n  ")
            );
        }
        ensure_nothing_left(engine, &home)?;
        let again: u32 = attempts.values().map(|count| count - 1).sum();
        println!(
            "crash: {}: {what} killed {kills} times; {TASKS} containers each done exactly once, {again} done again after they were lost",
            engine.name()
        );
    }
    Ok(())
}

/// A run of pods without a server: when the command has ended, all their containers are gone.
fn leave_nothing(binary: &Path, engine: &Engine, home: &Path) -> Result<()> {
    fs::create_dir_all(home)?;
    let file = home.join("pods.yaml");
    fs::write(&file, serde_json::to_vec(&pods())?)?;
    let mut run = Command::new(binary);
    run.arg("run").arg(&file).args(["--executor", "container", "--container-network", "none"]);
    run.arg("--container-socket").arg(&engine.socket).arg("--home").arg(home);
    must(run.stdout(std::process::Stdio::null()))?;
    let left = containers_of(engine, home)?;
    ensure!(left == 0, "{}: {left} containers are left after `pipewright run`", engine.name());
    println!("crash: {}: `pipewright run` leaves nothing of its pods", engine.name());
    Ok(())
}

/// A workflow of four tasks, each with a container before it and one beside it.
fn pods() -> Value {
    let act = |name: &str, millis: &str| json!({ "name": name, "image": images::NOOP, "command": ["/act", "/lines", "0", millis] });
    let main = json!({ "image": images::NOOP, "command": ["/act", "/lines", "0", "200"] });
    let tasks: Vec<Value> =
        (0..4).map(|number| json!({ "name": format!("pod-{number}"), "template": "pod" })).collect();
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": { "generateName": "pods-" },
        "spec": { "entrypoint": "all", "templates": [
            { "name": "all", "dag": { "tasks": tasks } },
            {
                "name": "pod",
                "initContainers": [act("before", "1")],
                "sidecars": [act("beside", "600000")],
                "container": main,
            },
        ] },
    })
}

/// A loop of tasks that leave lines in a volume.
fn pipeline(retries: u32) -> Value {
    let mut pipeline = Pipeline::new("container-crash");
    let item = "{{$.inputs.parameters['item']}}";
    let command = json!(["/act", "/side/lines", item, TASK_MILLIS.to_string()]);
    pipeline.container("act", json!({ "image": images::NOOP, "command": command }), ir::item_input());
    let input = json!({ "componentInputParameter": "item" });
    let mut more = json!({ "inputs": { "parameters": { "item": input } } });
    if retries > 0 {
        more["retryPolicy"] =
            json!({ "maxRetryCount": retries, "backoffDuration": "0.1s", "backoffFactor": 1.0 });
    }
    let body = Map::from_iter([("act".to_owned(), ir::task("act", "act", more))]);
    pipeline.dag("body", body, ir::item_input());
    pipeline.task("for-each", ir::loop_task("for-each", "body", TASKS));
    let mount = json!([{ "mountPath": "/side", "constant": "side",
        "pvcNameParameter": { "runtimeValue": { "constant": "side" } } }]);
    let platform = json!({ "platforms": { "kubernetes": { "deploymentSpec": { "executors": { "exec-act": { "pvcMount": mount } } } } } });
    json!({ "pipeline_spec": pipeline.build(), "platform_spec": platform })
}

/// Counts, by task, the lines that say that it began and that it was done.
fn effects(home: &Path) -> Result<(BTreeMap<u32, u32>, BTreeMap<u32, u32>)> {
    let text = fs::read_to_string(home.join("volumes/default/side/lines")).unwrap_or_default();
    let (mut begun, mut done) = (BTreeMap::new(), BTreeMap::new());
    for line in text.lines() {
        let (word, task) = line.split_once(' ').with_context(|| format!("a strange line: {line}"))?;
        let counted = if word == "begun" { &mut begun } else { &mut done };
        *counted.entry(task.parse()?).or_default() += 1;
    }
    Ok((begun, done))
}

fn wait_for_begun(home: &Path, count: u32) -> Result<()> {
    let began = Instant::now();
    while effects(home)?.0.len() < count as usize {
        ensure!(began.elapsed() < PATIENCE, "no containers begin");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Counts the attempts that the API shows, by task.
fn attempts(served: &Served, id: &str) -> Result<BTreeMap<u32, u32>> {
    let mut counts = BTreeMap::new();
    for task in 0..TASKS {
        let path = format!("/apis/pipewright/v1/runs/{id}/tasks/root%2Ffor-each%5B{task}%5D%2Fact");
        let document = http::call(&served.url, "GET", &path, None)?;
        let list =
            document["attempt_list"].as_array().with_context(|| format!("task {task} has no attempts"))?;
        ensure!(
            list.iter().all(|attempt| attempt["executor"] == "container" || attempt["place"].is_null()),
            "{list:?}"
        );
        counts.insert(task, u32::try_from(list.len())?);
    }
    Ok(counts)
}

/// No container of the home folder may stay.
fn ensure_nothing_left(engine: &Engine, home: &Path) -> Result<()> {
    let began = Instant::now();
    loop {
        // An engine that has just been killed, or that loses a container while it counts, refuses for a moment.
        let left = match containers_of(engine, home) {
            Ok(0) => return Ok(()),
            Ok(left) => anyhow!("{left} containers are left"),
            Err(error) => error,
        };
        ensure!(began.elapsed() < Duration::from_secs(30), "{}: {left:#}", engine.name());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Counts the containers of a home folder, those that have ended too.
///
/// Podman that was killed while it removed a container keeps an entry without one, and lists nothing in Docker's words
/// any more; it still does in its own. Such entries are its own loss: it does not know them when it is asked.
fn containers_of(engine: &Engine, home: &Path) -> Result<usize> {
    let filter = format!("filters={{\"label\":[\"pipewright.home={}\"]}}", home.display());
    let list = |path: &str| get(engine, path, &["--get", "--data-urlencode", &filter, "--data", "all=true"]);
    let found = match list("containers/json") {
        Err(refusal) if refusal.to_string().contains(LOST) => {
            list("v4.0.0/libpod/containers/json").context(refusal)?
        }
        found => found?,
    };
    let mut left = 0;
    for container in found.as_array().context("the engine lists in another way")? {
        let id = container["Id"].as_str().context("a container has no id")?;
        match get(engine, &format!("containers/{id}/json"), &[]) {
            Err(refusal) if refusal.to_string().contains(LOST) => {
                println!(
                    "left out: {} keeps an entry of a container that it has removed, {id}",
                    engine.name()
                );
            }
            // One that goes away meanwhile is none.
            Err(refusal) if refusal.to_string().contains("no such container") => {}
            Err(refusal) => return Err(refusal),
            Ok(_) => left += 1,
        }
    }
    Ok(left)
}

fn get(engine: &Engine, path: &str, extra: &[&str]) -> Result<Value> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail-with-body", "--unix-socket"])
        .arg(&engine.socket)
        .args(extra);
    let output = curl.arg(format!("http://engine/{path}")).output().context("cannot start curl")?;
    let [said, trouble] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    ensure!(output.status.success(), "the engine does not answer {path}: {trouble} {said}");
    serde_json::from_slice(&output.stdout).context("the engine speaks in another way")
}
