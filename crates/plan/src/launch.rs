//! What a launcher is told about one attempt, and what it leaves when the attempt has ended.
//!
//! Executors write a [`LaunchSpec`]; the launcher beside the user's command reads it and leaves an
//! [`ExitReport`]. Both are JSON, so either side may be older than the other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::component::CompanionRole;
use crate::executor_io::{ArtifactList, ExecutorInput};
use crate::placeholder::{JobFacts, Word};
use crate::types::ParameterType;
use crate::value::Value;

/// Everything that one attempt needs to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaunchSpec {
    /// The attempt's id as text.
    pub attempt: String,
    /// The attempt's own folder. The launcher creates it; if it exists, the attempt has been launched before
    /// and is not started again. Holds `log` and `lock`, which becomes `exit.json`. The command sees in its
    /// place a folder with `tmp/`, `work/`, `parameters/` and `program/`, which is swept when it has ended.
    pub directory: PathBuf,
    /// Output files are left empty here: the launcher sets them to paths of its own.
    pub executor_input: ExecutorInput,
    #[serde(default)]
    pub defaults: BTreeMap<String, Value>,
    #[serde(default)]
    pub job: JobFacts,
    pub command: Vec<Word>,
    #[serde(default)]
    pub args: Vec<Word>,
    /// The whole environment, in order; nothing is inherited.
    pub env: Vec<(String, String)>,
    /// Files written into the attempt's folder before the start.
    #[serde(default)]
    pub files: Vec<LaunchFile>,
    /// Lines that come before the command's own in the log.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Declared output parameters: each must have a value when the command succeeds.
    #[serde(default)]
    pub output_parameters: BTreeMap<String, ParameterType>,
    /// Host folders that appear at a path of the task's own, writable or not.
    #[serde(default)]
    pub mounts: Vec<Mount>,
    /// Volumes, which need a view of the task's own. Of two at one path the later is seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<LaunchVolume>,
    /// Where a command that names its own paths leaves its outputs.
    #[serde(default, skip_serializing_if = "LaunchPlaces::is_empty")]
    pub places: LaunchPlaces,
    /// A folder that plays the image's root, which needs a view of the task's own: its entries are seen at their
    /// absolute names. What the command writes there is gone with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_root: Option<PathBuf>,
    /// Folders that the command may change for itself alone, where the kernel allows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layered: Vec<PathBuf>,
    /// A whole system that the command runs in: of the machine nothing else is seen but what is named here. It
    /// needs a view of the task's own; what the command writes there is gone with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_filesystem: Option<PathBuf>,
    /// Whom the command runs as; the launcher's own user when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<LaunchUser>,
    #[serde(default)]
    pub limits: LaunchLimits,
    /// Where the command starts; the attempt's `work` folder when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<PathBuf>,
    /// The output parameter that is the end of what the command writes to its standard output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Flushes the exit report to disk before it is announced.
    #[serde(default)]
    pub flush: bool,
    /// Commands of the same pod, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<LaunchCompanion>,
}

/// A command that runs before or beside an attempt's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaunchCompanion {
    /// Names its folder in the attempt's own, which keeps its `log`.
    pub name: String,
    pub role: CompanionRole,
    /// Its folder is not claimed, and it leaves no report. Scratch and memory volumes are shared by name with
    /// the attempt's command.
    pub spec: LaunchSpec,
}

/// Numbers of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchUser {
    pub uid: u32,
    pub gid: u32,
    #[serde(default)]
    pub groups: Vec<u32>,
}

/// What a command may use at most; held where the machine can hold it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LaunchLimits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Processes and threads at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<u64>,
    /// A command whose log grows longer is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bytes: Option<u64>,
    /// A command whose files take more of the disk is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_bytes: Option<u64>,
    /// When less than this is free, a command that has written more than what is left is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_reserve_bytes: Option<u64>,
}

/// Paths at which outputs are found, as the command sees them. The folders above them are made before it starts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LaunchPlaces {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub output_parameters: BTreeMap<String, LaunchPlace>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub output_artifacts: BTreeMap<String, LaunchPlace>,
    /// Output parameters that are known before.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub output_texts: BTreeMap<String, String>,
}

impl LaunchPlaces {
    /// Tells whether nothing has a place of its own.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One such path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchPlace {
    pub path: PathBuf,
    /// Nothing there is no failure.
    #[serde(default)]
    pub optional: bool,
}

/// A file placed beside the command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchFile {
    /// Relative to the attempt's folder.
    pub path: PathBuf,
    pub content: String,
}

/// A host folder that a task sees at another path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    pub source: PathBuf,
    pub target: PathBuf,
    pub writable: bool,
}

/// A volume at a path that need not exist on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchVolume {
    /// Absolute, without `.` and `..`.
    pub target: PathBuf,
    /// The part of the volume that appears there: relative, and made when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_path: Option<PathBuf>,
    pub writable: bool,
    pub content: VolumeContent,
}

/// What a volume holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VolumeContent {
    /// A folder of the host, made when it is missing.
    Folder { path: PathBuf },
    /// A folder of the attempt's own; volumes of one name share it.
    Scratch { name: String },
    /// Memory of the attempt's own; volumes of one name share it.
    Memory {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size_bytes: Option<u64>,
    },
    /// Files in memory that are never on a disk.
    Files { files: Vec<VolumeFile> },
    /// A copy, the attempt's own, of a file or folder of the host, with these permission bits.
    Copy {
        path: PathBuf,
        /// Another one for each copy.
        name: String,
        mode: u32,
        /// The bits are for everything inside as well.
        #[serde(default)]
        recurse: bool,
    },
}

/// A file of a volume.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeFile {
    /// Relative to the volume.
    pub path: PathBuf,
    /// Base64
    pub content: String,
    /// Permission bits
    pub mode: u32,
}

impl std::fmt::Debug for VolumeFile {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The content may be a secret.
        out.debug_struct("VolumeFile")
            .field("path", &self.path)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// Tells the value that comes with a request to stop the attempt of this folder. A signal that carries another
/// one is meant for an attempt that its receiver had before.
pub fn stop_mark(directory: &Path) -> Option<u64> {
    u64::from_str_radix(directory.file_name()?.to_str()?, 16).ok()
}

/// What a container's launcher adds to its empty report before anything else. It holds the report's lock from then
/// on, so a report that is not empty says that a command was or is being run, and its lock which of the two. Nobody
/// runs it a second time.
///
/// Whoever wants it to stop without its engine adds the same again. It is white space, over which a report in JSON
/// may be written, and after which it may end.
pub const REPORT_BEGUN: &[u8] = b" ";

/// How an attempt ended; written once, atomically.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExitReport {
    pub attempt: String,
    pub status: ExitStatus,
    pub usage: Usage,
    /// Present when the command succeeded and everything declared could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
    /// What a command with places of its own has left of its outputs though it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<Published>,
    /// Why a command that exited with 0 still failed: which output is missing or unreadable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_error: Option<String>,
    /// The limit that the command broke, for which it was stopped or would have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_limit: Option<BrokenLimit>,
    /// Somebody asked the launcher to stop the command.
    #[serde(default)]
    pub stopped: bool,
    /// The companion that failed the attempt; `status` is then its own when it ran before the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub companion: Option<CompanionEnd>,
}

/// How a companion ended that should not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanionEnd {
    pub name: String,
    pub status: ExitStatus,
}

/// Which limit a command broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BrokenLimit {
    Memory {
        bytes: u64,
    },
    Log {
        bytes: u64,
    },
    Disk {
        bytes: u64,
    },
    /// The disk was nearly full, and the command had written `bytes` of it.
    DiskReserve {
        bytes: u64,
        free: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ExitStatus {
    Exited {
        code: i32,
    },
    Signaled {
        signal: i32,
    },
    /// The command never ran.
    NotStarted {
        message: String,
    },
}

impl ExitStatus {
    /// Tells whether a command may end like this that was asked to stop: on its own, by SIGTERM or by SIGKILL, or as
    /// a shell passes these on.
    pub fn is_end_by_stopping(&self) -> bool {
        match self {
            Self::Exited { code } => [0, 137, 143].contains(code),
            Self::Signaled { signal } => [9, 15].contains(signal),
            Self::NotStarted { .. } => false,
        }
    }
}

/// What an attempt used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Microseconds since 1970 when the command started and when it was reaped.
    pub started_at_us: i64,
    pub ended_at_us: i64,
    pub cpu_user_us: u64,
    pub cpu_system_us: u64,
    pub peak_memory_bytes: u64,
}

/// Output values and artifacts as the command left them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Published {
    pub parameters: BTreeMap<String, Value>,
    /// Every declared output artifact, with the command's changes to URI and metadata merged in.
    pub artifacts: BTreeMap<String, ArtifactList>,
}

/// What a launcher tells the executor that feeds it; one JSON document per message.
///
/// `token` is the number that came with the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum LaunchNotice {
    /// The launcher takes requests; `isolation` says why tasks run without a private view of the file
    /// system, if so.
    Ready { isolation: Option<String> },
    /// The command runs as this process.
    Started { token: u64, pid: u32 },
    /// The exit report is there.
    Ended { token: u64 },
    /// The attempt's folder exists already; nothing was started.
    Exists { token: u64 },
    /// Nothing could be started and no report could be left.
    Refused { token: u64, message: String },
    /// The process beside the command is gone; without an earlier `Ended` it was killed. One that went on to
    /// another attempt is not told of.
    Gone { token: u64 },
}
