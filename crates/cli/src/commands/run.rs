//! `pipewright run FILE`: one run from file to result, in this process or on a server.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use pipewright_compiler::{Compiled, compile_with};
use pipewright_engine::{RunId, RunPhase, TaskPhase};
use pipewright_server::{Source, Submission, submit};
use pipewright_store::Store;
use serde_json::{Map, Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Format, Run};
use crate::client::Client;
use crate::commands::check;
use crate::commands::library::{self, Shelf};
use crate::commands::resume::Answers;
use crate::commands::run_files::plugins_input;
use crate::compose::Engine;
use crate::explain::Before;
use crate::output::{DIM, paint};
use crate::progress::{Head, Progress, REDRAW, Row};
use crate::settings::Settings;
use crate::source::{self, BadInput};
use crate::watch::{Look, Watched};
use crate::{experiments, parameters, result};

/// Least time between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// A look costs at most this share of the time between two looks.
const LOOK_SHARE: u32 = 10;
/// What a shell expects of a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// A pipeline with its arguments, ready to be submitted.
struct Prepared {
    compiled: Compiled,
    arguments: Map<String, Value>,
    display_name: String,
}

/// Runs the pipeline; leaves with 0 when it succeeded, 1 when not, 2 when the input is wrong.
pub(crate) async fn run(args: &Run) -> Result<u8> {
    let text = source::read_pipeline(&args.file)?;
    let client = match &args.server {
        Some(url) => Some(Client::new(url)?.within(args.namespace.as_ref())),
        None => None,
    };
    let shelf = client.as_ref().map_or(Shelf::Home(&args.home), Shelf::Client);
    let compiled = match library::compiled(&text, (shelf, args.namespace.as_deref()), compile_with).await? {
        Ok(compiled) => compiled,
        Err(found) => {
            check::print(&args.file, &text, &found);
            let errors = found.iter().filter(|one| one.is_error()).count();
            return Err(BadInput(format!("{}: {errors} mistake(s)", args.file.display())).into());
        }
    };
    check::print(&args.file, &text, &compiled.warnings);
    if let Some(told) = check::not_applied(&compiled.plan) {
        anstream::eprintln!("{told}");
    }
    let arguments = parameters::gather(&compiled.plan, args.parameter_file.as_deref(), &args.parameters)?;
    let display_name = args.name.clone().unwrap_or_else(|| {
        let now = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
        format!("{} {now}", compiled.plan.name)
    });
    Answers::read(&args.resume)?;
    let prepared = Prepared { compiled, arguments, display_name };
    match client {
        Some(client) => remote(args, client, prepared).await,
        None => local(args, prepared).await,
    }
}

async fn local(args: &Run, prepared: Prepared) -> Result<u8> {
    let settings = Settings::resolve(&args.home, &args.machine, None)?;
    let engine = Engine::start(&settings).await?;
    let ended = on_engine(args, &settings, &engine, prepared).await;
    engine.stop().await?;
    ended
}

async fn on_engine(args: &Run, settings: &Settings, engine: &Engine, prepared: Prepared) -> Result<u8> {
    let store = engine.store.clone();
    tell_of_other_runs(&store).await?;
    let plan = Arc::new(prepared.compiled.plan.clone());
    let before = if args.explain_cache { Some(Before::take(&store, &plan).await?) } else { None };
    let source = Source::Compiled(prepared.compiled.into());
    let submission = Submission {
        arguments: prepared.arguments,
        plugins_input: plugins_input(args.machine.executor, args.no_cache),
        experiment_id: experiments::local(&store, args.namespace.as_deref(), args.experiment.as_deref())
            .await?,
        ..Submission::new(source, prepared.display_name)
    };
    let server_settings = engine.server_settings(settings);
    let changes = store.changes();
    let row = submit(&store, &server_settings, submission).await.context("cannot create the run")?;
    let mut watched =
        Watched::Local { store: store.clone(), run: row.id, changes, logs: engine.executor.clone() };
    let look = follow(&mut watched, Answers::read(&args.resume)?).await?;
    if let Some(before) = before {
        let told = before.explain(&plan, &look.tasks);
        anstream::eprint!("{told}");
    }
    report(args, &watched, &look).await
}

async fn remote(args: &Run, client: Client, prepared: Prepared) -> Result<u8> {
    if args.explain_cache {
        return Err(
            BadInput("--explain-cache needs a home folder and does not go with --server".to_owned()).into()
        );
    }
    let spec = match prepared.compiled.platform_spec {
        Some(platform) => {
            json!({ "pipeline_spec": prepared.compiled.pipeline_spec, "platform_spec": platform })
        }
        None => prepared.compiled.pipeline_spec,
    };
    let mut body = json!({
        "display_name": prepared.display_name,
        "pipeline_spec": spec,
        "runtime_config": { "parameters": prepared.arguments },
    });
    if args.machine.executor.is_some() || args.no_cache {
        body["plugins_input"] = plugins_input(args.machine.executor, args.no_cache);
    }
    if let Some(name) = &args.experiment {
        body["experiment_id"] = Value::from(experiments::remote(&client, name).await?);
    }
    let created = client.post("/apis/v2beta1/runs", &body).await?;
    let id = created["run_id"].as_str().context("the server created a run without an id")?;
    let mut watched = Watched::remote(client, RunId(id.to_owned())).known();
    let look = follow(&mut watched, Answers::read(&args.resume)?).await?;
    report(args, &watched, &look).await
}

/// Says that runs which were left unfinished go on as well.
async fn tell_of_other_runs(store: &Store) -> Result<()> {
    let live = store.live_runs().await?.len();
    if live > 0 {
        eprintln!("{live} earlier run(s) of this home had not ended and go on beside this one");
    }
    Ok(())
}

/// Shows the run until it has ended. The first interrupt cancels it, the second leaves at once.
async fn follow(watched: &mut Watched, mut answers: Answers) -> Result<Look> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut progress = Progress::new(Head::default());
    let mut cancelled = false;
    loop {
        let began = tokio::time::Instant::now();
        let look = loop {
            tokio::select! {
                look = watched.look() => break look?,
                _ = interrupt.recv() => stop(watched, &mut progress, &mut cancelled).await?,
                _ = terminate.recv() => stop(watched, &mut progress, &mut cancelled).await?,
            }
        };
        progress.update(look.head.clone(), look.tasks.iter().map(Row::of));
        if look.head.phase.is_terminal() {
            progress.finish();
            return Ok(look);
        }
        for told in answers.give(watched, &look.tasks).await? {
            progress.say(&told);
        }
        // The tasks of a large run are large: the rows are enough until the next look.
        drop(look);
        // Looking at a large run takes time that its tasks need, too.
        let pause = LOOK.max(began.elapsed() * LOOK_SHARE);
        let rest = tokio::time::sleep(pause);
        tokio::pin!(rest);
        let mut rested = false;
        let mut news = false;
        while !(rested && news) {
            redraw(watched, &mut progress).await;
            let tick =
                tokio::time::sleep(if progress.is_live() { REDRAW } else { Duration::from_secs(3600) });
            tokio::select! {
                () = &mut rest, if !rested => rested = true,
                () = watched.changed(), if !news => news = true,
                () = tick => {}
                _ = interrupt.recv() => stop(watched, &mut progress, &mut cancelled).await?,
                _ = terminate.recv() => stop(watched, &mut progress, &mut cancelled).await?,
            }
        }
    }
}

async fn redraw(watched: &Watched, progress: &mut Progress) {
    if progress.is_live() {
        let tails = watched.tails(&progress.wants_tails()).await;
        progress.draw(&tails);
    }
}

async fn stop(watched: &Watched, progress: &mut Progress, cancelled: &mut bool) -> Result<()> {
    if *cancelled {
        std::process::exit(INTERRUPTED);
    }
    if watched.is_away() {
        progress.say("the server is away and cannot be told to cancel the run, which goes on with it");
        std::process::exit(INTERRUPTED);
    }
    *cancelled = true;
    progress.say("cancelling the run; once more leaves at once");
    watched.cancel().await
}

/// Prints what came of the run.
async fn report(args: &Run, watched: &Watched, look: &Look) -> Result<u8> {
    let document = watched.document().await?;
    match args.output {
        Format::Json => result::print_json(&document)?,
        Format::Text => result::print_text(&document)?,
    }
    if look.head.phase != RunPhase::Succeeded {
        show_failures(watched, look).await?;
    }
    let id = document["run_id"].as_str().unwrap_or_default();
    anstream::eprintln!("{}", paint(DIM, &format!("run {id}")));
    Ok(if look.head.phase == RunPhase::Succeeded { 0 } else { 1 })
}

/// Prints of the first failed tasks what is known: message, hint, the end of the log.
async fn show_failures(watched: &Watched, look: &Look) -> Result<()> {
    let failed = look.tasks.iter().filter(|task| task.phase == TaskPhase::Failed && Row::of(task).is_leaf());
    for task in failed.take(result::FAILURES) {
        let log = match task.attempts.last() {
            Some(attempt) => watched.log(&task.key, attempt.number).await.unwrap_or_default(),
            None => Vec::new(),
        };
        anstream::eprint!("{}", result::failure(task, &String::from_utf8_lossy(&log)));
    }
    Ok(())
}
