//! `pipewright serve`: the engine of a home folder with the HTTP server in front of it.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use pipewright_controller::{Clock as _, SystemClock, enforce_retention};
use pipewright_engine::Submit;
use pipewright_server::access::{AccessFile, check_listen};
use pipewright_server::{App, fire_recurring_runs, load_samples};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::compose::Engine;
use crate::home;
use crate::machine::ThisMachine;
use crate::settings::Settings;
use crate::source::BadInput;

/// Serves until SIGINT or SIGTERM; tasks that run then go on and are found again at the next start.
pub(crate) async fn run(settings: &Settings) -> Result<u8> {
    let address = address(&settings.listen).await?;
    let access = settings.access.options(address, settings.tls.is_some())?;
    check_listen(address, &access).map_err(|error| BadInput(error.to_string()))?;
    if let Some(namespace) = unheeded(settings) {
        eprintln!(
            "roles in namespace `{namespace}` count for secrets, config maps and volumes alone: everything else is \
             in `{}`, unless the server keeps its users apart by --multi-user",
            Submit::DEFAULT_NAMESPACE
        );
    }
    let engine = Engine::start(settings).await?;
    if let Some(samples) = &settings.samples {
        let loaded = load_samples(&engine.store, &engine.server_settings(settings), samples).await;
        let loaded = loaded.map_err(|error| BadInput(format!("cannot load the samples: {error}")))?;
        loaded.iter().for_each(|name| eprintln!("loaded the sample `{name}`"));
    }
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; choose another address by --listen"))?;
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", listener.local_addr()?);
    home::write_note(&settings.home, &url, access.local_token.as_ref())?;
    eprintln!("serving on {url} with home {}", settings.home.display());
    if settings.tls.is_none() && !address.ip().is_loopback() {
        eprintln!("connections are not encrypted: put a proxy with TLS in front, or name a certificate");
    }
    let server_settings = pipewright_server::Settings { access, ..engine.server_settings(settings) };
    let machine = Arc::new(ThisMachine::new(engine.queue(), settings));
    let app = App::new(engine.store.clone(), engine.executor.clone(), server_settings).with_machine(machine);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let shutdown = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        eprintln!("stopping; tasks that run go on, and the next start finds them");
    };
    let store = engine.store.clone();
    tokio::spawn(async move {
        if let Err(error) = store.load_catalog().await {
            eprintln!("cannot read the runs into memory, so lists of them take longer: {error}");
        }
    });
    let stop = CancellationToken::new();
    let clock: pipewright_server::Clock = Arc::new(|| SystemClock.now());
    let recurring = tokio::spawn(fire_recurring_runs(
        engine.store.clone(),
        engine.server_settings(settings),
        clock,
        stop.clone(),
    ));
    let retention = tokio::spawn(enforce_retention(
        engine.store.clone(),
        settings.retention,
        Arc::new(SystemClock),
        stop.clone(),
    ));
    let served = pipewright_server::serve(listener, app, shutdown).await;
    stop.cancel();
    for (task, what) in
        [(recurring, "the scheduler of recurring runs"), (retention, "the keeper of old runs")]
    {
        if let Err(error) = task.await {
            eprintln!("{what} ended abnormally: {error}");
        }
    }
    home::remove_note(&settings.home);
    engine.stop().await?;
    served?;
    Ok(0)
}

/// Returns a namespace in which somebody has a role, when runs and pipelines are in none.
fn unheeded(settings: &Settings) -> Option<String> {
    let file = AccessFile::read(&settings.access.file).ok().filter(|_| !settings.multi_user)?;
    let found = file.namespaces().into_iter().find(|name| *name != Submit::DEFAULT_NAMESPACE);
    found.map(str::to_owned)
}

async fn address(text: &str) -> Result<SocketAddr> {
    let wrong =
        || BadInput(format!("`{text}` is no address to listen on; give HOST:PORT, as 127.0.0.1:8080"));
    let mut found = tokio::net::lookup_host(text).await.map_err(|_| wrong())?;
    Ok(found.next().ok_or_else(wrong)?)
}
