//! How processes are run, as the caller wishes it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::objects::Registry;

/// Whether tasks get a private view of the file system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Where the kernel allows it.
    #[default]
    Auto,
    /// Or nothing runs.
    On,
    Off,
}

/// How processes are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The home folder, absolute.
    pub home: PathBuf,
    /// The program with the launcher's subcommand.
    pub program: PathBuf,
    /// Maps images; wins over `images.toml` of the home folder.
    pub images: Option<PathBuf>,
    /// Runs any image on the host's own programs.
    pub any_image: bool,
    pub isolation: Isolation,
    /// Flushes exit reports to disk before they are told.
    pub flush: bool,
    /// From SIGTERM to SIGKILL.
    pub grace: Duration,
    /// Variables that tasks get besides those that lead to the network; a task's own settings win.
    pub env: Vec<(String, String)>,
    /// Most processes of a task that runs in an image of its own.
    pub processes: u64,
    /// A task whose log grows longer is stopped.
    pub log_bytes: u64,
    /// A task whose files take more of the disk is stopped.
    pub disk_bytes: Option<u64>,
    /// When less than this is free, tasks that have written more than what is left are stopped.
    pub disk_reserve_bytes: u64,
    /// What tasks find of secrets, config maps and volume claims.
    pub objects: Registry,
}

impl Options {
    /// Makes the usual options.
    pub fn new(home: impl Into<PathBuf>, program: impl Into<PathBuf>) -> Self {
        Self {
            home: home.into(),
            program: program.into(),
            images: None,
            any_image: false,
            isolation: Isolation::Auto,
            flush: false,
            grace: Duration::from_secs(10),
            env: Vec::new(),
            processes: 4096,
            log_bytes: 1 << 30,
            disk_bytes: None,
            disk_reserve_bytes: 1 << 30,
            objects: Registry::default(),
        }
    }
}

/// Why an executor did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("start launcher {}: {source}", program.display())]
    Launcher { program: PathBuf, source: io::Error },
    #[error("home folder {} is not an absolute path", home.display())]
    Home { home: PathBuf },
}
