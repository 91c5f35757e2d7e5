//! `pipewright runs list|get|logs|cancel`, against a server or a home folder.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use pipewright_engine::{AttemptId, RunId, TaskView, Timestamp};
use pipewright_executor::LogSource;
use pipewright_executor::process;
use pipewright_server::v2beta1::{run_message, types};
use pipewright_store::{ListQuery, Store};
use serde_json::{Value, json};

use crate::args::{self, Durability, Format, Machine, Place, Runs};
use crate::client::Client;
use crate::compose::{Engine, open_store};
use crate::contexts::server_of;
use crate::home::{self, Claim, Lock};
use crate::output::{now, run_word, span, table};
use crate::progress::{Row, draw_tree};
use crate::result;
use crate::settings::{Settings, home_folder};
use crate::source::BadInput;
use crate::watch::{Watched, head_of};

/// Where runs are found.
pub(super) enum Found {
    Server(Client),
    /// A home folder that nobody else uses now.
    Home {
        home: PathBuf,
        lock: Lock,
    },
}

pub(crate) async fn run(command: &Runs) -> Result<u8> {
    match command {
        Runs::List { place, limit } => list(place, *limit).await,
        Runs::Get { run, place } => get(place, run).await,
        Runs::Logs { run, task, follow: true, place } => follow(place, run, task.as_deref()).await,
        Runs::Logs { run, task, follow: false, place } => logs(place, run, task.as_deref()).await,
        Runs::Create(asked) => super::run_files::create(asked).await,
        Runs::Export(asked) => super::run_files::export(asked).await,
        Runs::Import(asked) => super::run_files::import(asked).await,
        Runs::Archive(one) => super::api::run("archive", one).await,
        Runs::Unarchive(one) => super::api::run("unarchive", one).await,
        Runs::Retry(asked) => super::run_files::retry(asked).await,
        Runs::Delete(one) => super::api::run("delete", one).await,
        Runs::Resume(args) => super::resume::run(args).await,
        Runs::Cancel { run, place } => cancel(place, run).await,
    }
}

pub(super) fn find(place: &Place) -> Result<Found> {
    if let Some(url) = server_of(place)? {
        return Ok(Found::Server(Client::new(&url)?.within(place.namespace.as_ref())));
    }
    let home = home_folder(&place.home)?;
    if !home.is_dir() {
        let hint = "name another by --home, or a server by --server";
        return Err(BadInput(format!("there is no home folder {}; {hint}", home.display())).into());
    }
    match home::claim(&home)? {
        Claim::Ours(lock) => Ok(Found::Home { home, lock }),
        Claim::Theirs(occupied) => match &occupied.url {
            Some(url) => {
                let client = Client::of_home(url, occupied.token.as_ref())?;
                Ok(Found::Server(client.within(place.namespace.as_ref())))
            }
            None => Err(occupied.into()),
        },
    }
}

/// Looks at one run, wherever it is; the lock is held while it is looked at.
async fn watch(place: &Place, run: &str) -> Result<(Watched, Option<(Lock, Store)>)> {
    let run = RunId(run.to_owned());
    match find(place)? {
        Found::Server(client) => Ok((Watched::remote(client, run), None)),
        Found::Home { home, lock } => {
            let store = open_store(&home, Durability::Grouped)?;
            let changes = store.changes();
            let logs = std::sync::Arc::new(HomeLogs { home });
            Ok((Watched::Local { store: store.clone(), run, changes, logs }, Some((lock, store))))
        }
    }
}

async fn close(held: Option<(Lock, Store)>) {
    if let Some((_lock, store)) = held {
        store.close().await;
    }
}

/// Finds logs in a home folder that no executor works in.
struct HomeLogs {
    home: PathBuf,
}

impl LogSource for HomeLogs {
    fn log_path(&self, attempt: &AttemptId) -> PathBuf {
        process::log_path(&self.home, attempt)
    }
}

async fn list(place: &Place, limit: u32) -> Result<u8> {
    let runs: Vec<types::Run> = match find(place)? {
        Found::Server(client) => {
            let path = format!("/apis/v2beta1/runs?page_size={limit}&sort_by=created_at%20desc");
            let page: types::ListRuns = serde_json::from_value(client.get(&path).await?)
                .context("the server speaks of runs in another way")?;
            page.runs
        }
        Found::Home { home, lock } => {
            let store = open_store(&home, Durability::Grouped)?;
            let query = ListQuery {
                page_size: Some(limit),
                sort_by: Some("created_at desc".to_owned()),
                namespace: place.namespace.clone(),
                ..ListQuery::default()
            };
            let page = store.list_runs(&query).await?;
            close(Some((lock, store))).await;
            page.items.iter().map(|run| run_message(run, None)).collect()
        }
    };
    match place.output {
        Format::Json => {
            // What a pipeline is made of says nothing in a list.
            let without = |mut run: types::Run| {
                run.pipeline_spec = None;
                run
            };
            let runs: Vec<types::Run> = runs.into_iter().map(without).collect();
            result::print_json(&json!({ "runs": runs }))?;
        }
        Format::Text => {
            let mut rows = vec![["RUN", "STATE", "CREATED", "TOOK", "NAME"].map(str::to_owned).to_vec()];
            rows.extend(runs.iter().map(list_row));
            std::io::stdout().write_all(table(&rows).as_bytes())?;
        }
    }
    Ok(0)
}

fn list_row(run: &types::Run) -> Vec<String> {
    let head = head_of(run);
    let took = match (head.created_at, head.ended_at) {
        (Timestamp(0), _) => String::new(),
        (from, to) => span(from, to.unwrap_or_else(now)),
    };
    let state = run_word(head.phase).to_owned();
    vec![run.run_id.clone(), state, run.created_at.clone(), took, run.display_name.clone()]
}

async fn get(place: &Place, run: &str) -> Result<u8> {
    let (watched, held) = watch(place, run).await?;
    let document = watched.document().await?;
    if place.output == Format::Json {
        result::print_json(&document)?;
    } else {
        let look = watched.look().await?;
        let mut text = draw_tree(look.head, look.tasks.iter().map(Row::of));
        text.push_str(&super::resume::waiting(run, &look.tasks));
        text.push_str(&result::text(&document));
        if let Some(message) = document["error"]["message"].as_str() {
            text.push_str(&format!("Error\n  {}\n", message.replace('\n', "\n  ")));
        }
        anstream::stdout().write_all(text.as_bytes())?;
    }
    close(held).await;
    Ok(0)
}

/// Prints what tasks write as they write it, until the run has ended. Of several tasks each line says whose it is.
async fn follow(place: &Place, run: &str, wanted: Option<&str>) -> Result<u8> {
    let (mut watched, held) = watch(place, run).await?;
    let mut printed: BTreeMap<(String, u32), usize> = BTreeMap::new();
    let mut found = false;
    loop {
        let look = watched.look().await?;
        let is_over = look.head.phase.is_terminal();
        for task in look.tasks.iter().filter(|task| wanted.is_none_or(|wanted| is_called(task, wanted))) {
            found = true;
            for attempt in task.attempts.iter().filter(|attempt| attempt.started_at.is_some()) {
                let shown = printed.entry((task.key.to_string(), attempt.number)).or_default();
                let log = watched.log_from(&task.key, attempt.number, *shown as u64).await?;
                // A line goes out whole, so that lines of several tasks do not mix.
                let is_complete = attempt.phase.is_terminal();
                let whole = if is_complete {
                    log.len()
                } else {
                    log.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
                };
                *shown += whole;
                write_lines(&task.key.to_string(), wanted.is_none(), &log[..whole])?;
            }
        }
        if is_over {
            break;
        }
        watched.changed().await;
    }
    close(held).await;
    match (found, wanted) {
        (false, Some(name)) => Err(BadInput(format!("run {run} has no task `{name}` that ran")).into()),
        _ => Ok(0),
    }
}

fn write_lines(task: &str, is_named: bool, text: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if is_named {
            write!(out, "{} | ", task.strip_prefix("root/").unwrap_or(task))?;
        }
        out.write_all(line)?;
    }
    Ok(out.flush()?)
}

async fn logs(place: &Place, run: &str, wanted: Option<&str>) -> Result<u8> {
    let (watched, held) = watch(place, run).await?;
    let look = watched.look().await?;
    let is_wanted = |task: &&TaskView| wanted.is_none_or(|wanted| is_called(task, wanted));
    let mut found = 0;
    let mut pieces = Vec::new();
    for task in look.tasks.iter().filter(is_wanted) {
        found += 1;
        for attempt in &task.attempts {
            let text = String::from_utf8_lossy(&watched.log(&task.key, attempt.number).await?).into_owned();
            pieces.push((task.key.to_string(), attempt.number, text));
        }
    }
    close(held).await;
    if found == 0 {
        let names = wanted.unwrap_or_default();
        return Err(BadInput(format!(
            "run {run} has no task `{names}`; `pipewright runs get {run}` lists them"
        ))
        .into());
    }
    if place.output == Format::Json {
        let list: Vec<Value> = pieces
            .iter()
            .map(|(task, attempt, log)| json!({ "task_id": task, "attempt": attempt, "log": log }))
            .collect();
        result::print_json(&Value::from(list))?;
        return Ok(0);
    }
    let mut out = std::io::stdout().lock();
    let several = pieces.len() > 1;
    for (task, attempt, log) in pieces {
        if several {
            writeln!(out, "==> {task}, attempt {attempt} <==")?;
        }
        out.write_all(log.as_bytes())?;
        if several && !log.is_empty() && !log.ends_with('\n') {
            writeln!(out)?;
        }
    }
    Ok(0)
}

/// Tells whether a user means this task: by its path, with or without the root, or by its name.
pub(super) fn is_called(task: &TaskView, wanted: &str) -> bool {
    let path = task.key.as_str();
    wanted == path
        || path.strip_prefix("root/") == Some(wanted)
        || wanted == task.name
        || wanted == task.display_name
}

async fn cancel(place: &Place, run: &str) -> Result<u8> {
    let id = RunId(run.to_owned());
    let phase = match find(place)? {
        Found::Server(client) => {
            let watched = Watched::remote(client, id);
            watched.cancel().await?;
            watched.look().await?.head.phase
        }
        // Nobody drives this home's runs now: drive them until this one has stopped.
        Found::Home { home, lock } => {
            let home_args = args::Home { home: Some(home) };
            let settings = Settings::resolve(&home_args, &Machine::default(), None)?;
            let engine = Engine::start_with(lock, &settings).await?;
            let phase = cancel_here(&engine, id).await;
            engine.stop().await?;
            phase?
        }
    };
    match place.output {
        Format::Json => result::print_json(&json!({ "run_id": run, "phase": run_word(phase) }))?,
        Format::Text => println!("run {run}: {}", run_word(phase)),
    }
    Ok(0)
}

async fn cancel_here(engine: &Engine, run: RunId) -> Result<pipewright_engine::RunPhase> {
    let phase = engine.store.get_run(&run).await?.view.phase;
    if phase.is_terminal() {
        bail!("run {run} has ended already: {}", run_word(phase));
    }
    let changes = engine.store.changes();
    let logs = engine.executor.clone();
    let mut watched = Watched::Local { store: engine.store.clone(), run, changes, logs };
    watched.cancel().await?;
    loop {
        let look = watched.look().await?;
        if look.head.phase.is_terminal() {
            return Ok(look.head.phase);
        }
        watched.changed().await;
    }
}
