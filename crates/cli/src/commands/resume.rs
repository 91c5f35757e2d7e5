//! `pipewright runs resume`, and the answers that `pipewright run --resume` gives as soon as they are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result};
use pipewright_engine::{Resume, RunId, TaskKey, TaskView};
use serde_json::{Value, json};

use super::runs::{Found, find, is_called};
use crate::args::{self, Format, Machine};
use crate::compose::Engine;
use crate::output::run_word;
use crate::progress::Row;
use crate::result;
use crate::settings::Settings;
use crate::source::BadInput;
use crate::watch::Watched;

/// Lets the tasks go on; leaves with 0 when they do.
pub(crate) async fn run(args: &args::Resume) -> Result<u8> {
    let run = RunId(args.run.clone());
    let parameters = texts(&args.parameters)?;
    let (tasks, phase) = match find(&args.place)? {
        Found::Server(client) => {
            let watched = Watched::remote(client, run);
            (answer(&watched, args, parameters).await?, None)
        }
        // Nobody drives this home's runs now: drive them until this one ends, or waits for the next answer.
        Found::Home { home, lock } => {
            let home_args = args::Home { home: Some(home) };
            let settings = Settings::resolve(&home_args, &Machine::default(), None)?;
            let engine = Engine::start_with(lock, &settings).await?;
            let driven = drive(&engine, run, args, parameters).await;
            engine.stop().await?;
            let (tasks, phase) = driven?;
            (tasks, Some(phase))
        }
    };
    match args.place.output {
        Format::Json => {
            let mut document = json!({ "run_id": args.run, "tasks": tasks });
            if let Some(phase) = phase {
                document["phase"] = Value::from(run_word(phase));
            }
            result::print_json(&document)?;
        }
        Format::Text => {
            let word = if args.decline { "declined" } else { "resumed" };
            tasks.iter().for_each(|task| println!("{task}: {word}"));
            if let Some(phase) = phase {
                println!("run {}: {}", args.run, run_word(phase));
            }
        }
    }
    Ok(0)
}

async fn answer(
    watched: &Watched,
    args: &args::Resume,
    parameters: BTreeMap<String, Value>,
) -> Result<Vec<String>> {
    let look = watched.look().await?;
    let mut tasks = Vec::new();
    for wanted in &args.tasks {
        let path = if wanted == "root" || wanted.starts_with("root/") {
            vec![TaskKey(wanted.clone())]
        } else {
            let called = look.tasks.iter().filter(|task| is_called(task, wanted));
            called.map(|task| task.key.clone()).collect()
        };
        if path.is_empty() {
            return Err(BadInput(format!("run {} has no task `{wanted}`", args.run)).into());
        }
        tasks.extend(path);
    }
    let (declined, message) = (args.decline, args.message.clone());
    watched.resume(Resume { tasks, parameters, declined, message, by: None }).await
}

async fn drive(
    engine: &Engine,
    run: RunId,
    args: &args::Resume,
    parameters: BTreeMap<String, Value>,
) -> Result<(Vec<String>, pipewright_engine::RunPhase)> {
    let changes = engine.store.changes();
    let logs: Arc<dyn pipewright_executor::LogSource> = engine.executor.clone();
    let mut watched = Watched::Local { store: engine.store.clone(), run, changes, logs };
    let tasks = answer(&watched, args, parameters).await?;
    loop {
        let look = watched.look().await?;
        let leaves = look.tasks.iter().filter(|task| Row::of(task).is_leaf() && !task.phase.is_terminal());
        let others: Vec<&TaskView> = leaves.collect();
        let answered = |key: &String| !others.iter().any(|task| task.key.as_str() == key);
        let all_wait = !others.is_empty() && others.iter().all(|task| is_waiting(task));
        if look.head.phase.is_terminal() || (tasks.iter().all(answered) && all_wait) {
            return Ok((tasks, look.head.phase));
        }
        watched.changed().await;
    }
}

/// Reads values as texts, as tasks that wait take them.
fn texts(given: &[String]) -> Result<BTreeMap<String, Value>> {
    let mut values = BTreeMap::new();
    for pair in given {
        let Some((name, text)) = pair.split_once('=') else {
            return Err(BadInput(format!("`{pair}` is no NAME=VALUE")).into());
        };
        values.insert(name.to_owned(), Value::from(text));
    }
    Ok(values)
}

/// Tells whether the task waits for somebody.
fn is_waiting(task: &TaskView) -> bool {
    !task.phase.is_terminal() && task.suspension.as_ref().is_some_and(|wait| wait.until.is_none())
}

/// Says which tasks wait for somebody and what to do about them; nothing when none does.
pub(crate) fn waiting(run: &str, tasks: &[TaskView]) -> String {
    let keys: Vec<&TaskKey> = tasks.iter().filter(|task| is_waiting(task)).map(|task| &task.key).collect();
    if keys.is_empty() {
        return String::new();
    }
    let lines = keys.iter().map(|key| format!("  pipewright runs resume {run} {key}\n"));
    format!("Waiting to be resumed\n{}", lines.collect::<String>())
}

/// Answers that were given before they are asked for: of each task the values.
pub(crate) struct Answers {
    given: BTreeMap<String, BTreeMap<String, Value>>,
    /// Tasks that were answered, or told of.
    told: BTreeSet<TaskKey>,
}

impl Answers {
    /// Reads `TASK` and `TASK:NAME=VALUE`. Errors: [`BadInput`] for anything else.
    pub(crate) fn read(given: &[String]) -> Result<Self> {
        let mut answers = Self { given: BTreeMap::new(), told: BTreeSet::new() };
        for text in given {
            let (task, pair) = match text.split_once(':') {
                Some((task, pair)) => (task, Some(pair.to_owned())),
                None => (text.as_str(), None),
            };
            let values = answers.given.entry(task.to_owned()).or_default();
            values.extend(texts(pair.as_slice())?);
        }
        Ok(answers)
    }

    /// Lets tasks go on that there is an answer for; returns what to say of the others, once.
    pub(crate) async fn give(&mut self, watched: &Watched, tasks: &[TaskView]) -> Result<Vec<String>> {
        let mut said = Vec::new();
        for task in tasks.iter().filter(|task| !task.phase.is_terminal() && task.suspension.is_some()) {
            let is_new = self.told.insert(task.key.clone());
            if !is_new {
                continue;
            }
            let found = self.given.iter().find(|(wanted, _)| is_called(task, wanted));
            if let Some((_, parameters)) = found {
                let tasks = vec![task.key.clone()];
                let resume = Resume { tasks, parameters: parameters.clone(), ..Resume::default() };
                watched.resume(resume).await.with_context(|| format!("cannot resume `{}`", task.key))?;
            } else if is_waiting(task) {
                let task = &task.key;
                said.push(match watched {
                    Watched::Remote { run, .. } => {
                        format!("`{task}` waits: pipewright runs resume {run} {task}")
                    }
                    Watched::Local { .. } => format!(
                        "`{task}` waits for an answer: give it by --resume from the start, or run the pipeline \
                         on a server"
                    ),
                });
            }
        }
        Ok(said)
    }
}
