//! How containers are run, as the caller wishes it.

use std::path::PathBuf;
use std::time::Duration;

use crate::objects::Registry;

/// What containers see of the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// The engine's own, from which the host is reached as `host.docker.internal`.
    #[default]
    Default,
    /// Nothing but loopback.
    None,
    /// The host's.
    Host,
}

/// How containers are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The home folder, absolute.
    pub home: PathBuf,
    /// The program with the launcher's subcommand.
    pub program: PathBuf,
    /// Where the engine answers; looked for when absent.
    pub socket: Option<PathBuf>,
    pub network: Network,
    /// From SIGTERM to SIGKILL.
    pub grace: Duration,
    /// Variables that tasks get besides those that lead to the network; a task's own settings win.
    pub env: Vec<(String, String)>,
    /// What tasks find of secrets, config maps and volume claims.
    pub objects: Registry,
    /// Size of `/dev/shm`.
    pub shared_memory_bytes: u64,
    /// Most processes of a container.
    pub processes: u64,
    /// A task whose log grows longer is stopped.
    pub log_bytes: u64,
    /// A task whose files take more of the disk is stopped.
    pub disk_bytes: Option<u64>,
    /// When less than this is free, tasks that have written more than what is left are stopped.
    pub disk_reserve_bytes: u64,
}

impl Options {
    /// Makes the usual options.
    pub fn new(home: impl Into<PathBuf>, program: impl Into<PathBuf>) -> Self {
        Self {
            home: home.into(),
            program: program.into(),
            socket: None,
            network: Network::Default,
            grace: Duration::from_secs(10),
            env: Vec::new(),
            objects: Registry::default(),
            shared_memory_bytes: 1 << 30,
            processes: 4096,
            log_bytes: 1 << 30,
            disk_bytes: None,
            disk_reserve_bytes: 1 << 30,
        }
    }
}

/// Why an executor did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no container engine answers: {0}")]
    NoEngine(String),
    #[error("launcher {} cannot be shown to containers: {why}", program.display())]
    Program { program: PathBuf, why: String },
}
