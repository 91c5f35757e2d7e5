//! Puts store, executor and controller together on a home folder: the one place that does.
//!
//! `serve` adds the HTTP server to it, `run` submits one run and waits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::future::BoxFuture;
use pipewright_controller::{Capacity, Controller, Options, Queue};
use pipewright_engine::RunId;
use pipewright_executor::container::{self, ContainerExecutor};
use pipewright_executor::process::{self, ProcessExecutor};
use pipewright_executor::{Chooser, ObjectKind, Objects, Observations, Registry};
use pipewright_plan::PodDefault;
use pipewright_store::{self as store, ObjectKey, Store};
use serde_json::Value;

use crate::args::{ContainerNetwork, Durability, Executor, Isolation};
use crate::home::{self, Lock};
use crate::settings::Settings;

/// How long one that has containers waits for their engine, which may be starting as well.
const ENGINE_PATIENCE: Duration = Duration::from_secs(120);
const ENGINE_PAUSE: Duration = Duration::from_secs(1);
/// How long the end of the program waits for an engine to remove containers that have ended.
const TIDYING: Duration = Duration::from_secs(10);

/// Everything that makes runs of a home folder go on.
pub(crate) struct Engine {
    pub store: Store,
    pub executor: Arc<Chooser>,
    controller: Controller,
    _lock: Lock,
}

impl Engine {
    /// Takes the home folder and starts to drive its runs.
    pub(crate) async fn start(settings: &Settings) -> Result<Self> {
        let lock = home::own(&settings.home)?;
        Self::start_with(lock, settings).await
    }

    /// Starts on a home folder that is ours already.
    pub(crate) async fn start_with(lock: Lock, settings: &Settings) -> Result<Self> {
        let store = open_store(&settings.home, settings.durability)?;
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let options = process::Options {
            images: settings.images.clone(),
            any_image: settings.any_image,
            isolation: match settings.isolation {
                Isolation::Auto => process::Isolation::Auto,
                Isolation::On => process::Isolation::On,
                Isolation::Off => process::Isolation::Off,
            },
            grace: settings.grace,
            env: settings.task_env.clone(),
            objects: Registry::new(Arc::new(Kept { store: store.clone() }))
                .with_folders(settings.host_paths.clone()),
            processes: settings.process_limit,
            log_bytes: settings.log_bytes,
            disk_bytes: settings.disk_bytes,
            disk_reserve_bytes: settings.disk_reserve_bytes,
            ..process::Options::new(&settings.home, &program)
        };
        let objects = options.objects.clone();
        let processes = ProcessExecutor::start(options).context("cannot start the executor")?;
        let live = store.live_runs().await?;
        let has_open = live.iter().any(|run| ContainerExecutor::has_open(&settings.home, run));
        let patience = if has_open { ENGINE_PATIENCE } else { Duration::ZERO };
        let containers = containers(settings, &program, objects, patience).await?;
        let choice = settings.executor.choice();
        let (executor, observations) = Chooser::new(choice, &settings.home, processes, containers);
        let executor = Arc::new(executor);
        let capacity = capacity(settings.max_parallel, settings.gpus.clone());
        let options = Options { are_namespaces_apart: settings.multi_user, ..Options::new(capacity) };
        let controller = Controller::start(store.clone(), executor.clone(), observations, options);
        Ok(Self { store, executor, controller, _lock: lock })
    }

    /// Returns the settings of the HTTP server and of the way runs are created.
    pub(crate) fn server_settings(&self, settings: &Settings) -> pipewright_server::Settings {
        let has_containers = self.executor.has_containers();
        pipewright_server::Settings { has_containers, ..settings.server() }
    }

    /// Returns what tells how full the machine is.
    pub(crate) fn queue(&self) -> Queue {
        self.controller.queue()
    }

    /// Stops driving and closes the store; tasks that run go on and are found again at the next start.
    pub(crate) async fn stop(self) -> Result<()> {
        self.controller.shutdown().await;
        // What is not removed by then is found at the next start.
        let _ = tokio::time::timeout(TIDYING, self.executor.tidy()).await;
        self.store.close().await;
        Ok(())
    }
}

/// Starts the executor of containers where an engine answers; one that is demanded must answer.
async fn containers(
    settings: &Settings,
    program: &Path,
    objects: Registry,
    patience: Duration,
) -> Result<Option<(ContainerExecutor, Observations)>> {
    if settings.executor == Executor::Process && patience.is_zero() {
        return Ok(None);
    }
    let options = container::Options {
        socket: settings.container_socket.clone(),
        network: match settings.container_network {
            ContainerNetwork::Default => container::Network::Default,
            ContainerNetwork::None => container::Network::None,
            ContainerNetwork::Host => container::Network::Host,
        },
        grace: settings.grace,
        env: settings.task_env.clone(),
        objects,
        shared_memory_bytes: settings.shared_memory_bytes,
        processes: settings.process_limit,
        log_bytes: settings.log_bytes,
        disk_bytes: settings.disk_bytes,
        disk_reserve_bytes: settings.disk_reserve_bytes,
        ..container::Options::new(&settings.home, program)
    };
    let (began, mut is_told) = (Instant::now(), false);
    let started = loop {
        match ContainerExecutor::start(options.clone()).await {
            Err(container::Error::NoEngine(why)) if began.elapsed() < patience => {
                if !is_told {
                    eprintln!("waiting for the engine of containers that were started before: {why}");
                    is_told = true;
                }
                tokio::time::sleep(ENGINE_PAUSE).await;
            }
            started => break started,
        }
    };
    match started {
        Ok(started) => Ok(Some(started)),
        Err(error) if settings.executor == Executor::Container || settings.container_socket.is_some() => {
            Err(error).context("cannot run containers")
        }
        // `doctor` says why.
        Err(_) => Ok(None),
    }
}

/// The store's objects, as an executor looks them up.
struct Kept {
    store: Store,
}

impl Objects for Kept {
    fn find(
        &self,
        namespace: &str,
        kind: ObjectKind,
        name: &str,
    ) -> BoxFuture<'_, Result<Option<Value>, String>> {
        let kind = match kind {
            ObjectKind::Claim => "PersistentVolumeClaim",
            ObjectKind::Secret => "Secret",
            ObjectKind::ConfigMap => "ConfigMap",
        };
        let key = ObjectKey::core(namespace, kind, name);
        Box::pin(async move {
            match self.store.get_object(&key).await {
                Ok(object) => Ok(Some(object.document)),
                Err(store::Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error.to_string()),
            }
        })
    }

    fn pod_defaults(&self, namespace: &str) -> BoxFuture<'_, Result<Arc<Vec<PodDefault>>, String>> {
        let namespace = namespace.to_owned();
        Box::pin(async move { self.store.pod_defaults(&namespace).await.map_err(|error| error.to_string()) })
    }

    fn claim_folder(&self, namespace: &str, name: &str) -> Result<PathBuf, String> {
        self.store.claim_folder(namespace, name).map_err(|error| error.to_string())
    }

    fn workspace_folder(&self, run: &RunId) -> PathBuf {
        self.store.workspace_folder(run)
    }
}

/// Opens the store of a home folder.
pub(crate) fn open_store(home: &Path, durability: Durability) -> Result<Store> {
    let durability = match durability {
        Durability::Grouped => store::Durability::Grouped,
        Durability::Full => store::Durability::Full,
    };
    let path = home.join("pipewright.db");
    Store::open(&path, store::Options { durability })
        .with_context(|| format!("cannot open {}", path.display()))
}

/// Returns what tasks may use: this machine's CPUs and memory, within the cgroup's limits, or as set.
fn capacity(max_parallel: Option<u32>, gpus: Vec<String>) -> Capacity {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cpu_millis = processors as u64 * 1000;
    let attempts = max_parallel.map_or(processors.max(2) * 2, |number| number as usize);
    Capacity {
        cpu_millis: match max_parallel {
            Some(number) => cpu_millis.max(u64::from(number) * 1000),
            None => cpu_millis,
        },
        memory_bytes: memory_bytes().unwrap_or(u64::MAX),
        default_cpu_millis: 1000,
        attempts,
        gpus,
    }
}

/// Returns the machine's memory, or the cgroup's limit when that is less.
pub(crate) fn memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    let total = line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024;
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let limit = limits.iter().find_map(|file| std::fs::read_to_string(file).ok()?.trim().parse::<u64>().ok());
    Some(limit.map_or(total, |limit| limit.min(total)))
}
