//! Limits of a command that runs in an image: control groups, where this machine lets us make some.
//!
//! Both generations are known: folders of the `memory` and `pids` controllers, or one folder of the unified tree.
//! A machine that lends none leaves commands without these limits, which `doctor` tells.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};

use pipewright_plan::{BrokenLimit, LaunchLimits};

/// Where control groups are mounted.
const MOUNT: &str = "/sys/fs/cgroup";

/// The control groups of one command; removed with [`Limits::remove`].
#[derive(Default)]
pub(crate) struct Limits {
    folders: Vec<PathBuf>,
    /// Files that take the command's id.
    members: Vec<File>,
    memory_bytes: Option<u64>,
}

impl Limits {
    /// Makes what is possible; `part` tells several commands of this process apart. `host` turns a path into one
    /// that can be written to.
    pub(crate) fn make(wanted: &LaunchLimits, part: &str, host: impl Fn(&Path) -> PathBuf) -> Self {
        let mut limits = Self::default();
        if wanted.memory_bytes.is_none() && wanted.processes.is_none() {
            return limits;
        }
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let name = format!("pipewright-{}{part}", std::process::id());
        let processes = wanted.processes.map(|count| count.to_string());
        let memory = wanted.memory_bytes.map(|bytes| bytes.to_string());
        if Path::new(MOUNT).join("cgroup.controllers").exists() {
            let path = line_of(&own, "0::").unwrap_or("/");
            let folder = host(&Path::new(MOUNT).join(path.trim_start_matches('/')));
            // Allowed where the group holds no process itself, as the root group may.
            let _ = fs::write(folder.join("cgroup.subtree_control"), "+memory +pids");
            let settings = [
                ("memory.max", &memory),
                ("memory.swap.max", &memory.as_ref().map(|_| "0".to_owned())),
                ("pids.max", &processes),
            ];
            limits.add(&folder.join(&name), &settings, "cgroup.procs");
        } else {
            for (controller, settings) in [
                ("memory", [("memory.limit_in_bytes", &memory), ("memory.memsw.limit_in_bytes", &memory)]),
                ("pids", [("pids.max", &processes), ("pids.max", &None)]),
            ] {
                let path = own.lines().find_map(|line| {
                    let (names, path) = line.split_once(':')?.1.split_once(':')?;
                    names.split(',').any(|name| name == controller).then_some(path)
                });
                if let Some(path) = path {
                    let folder = host(&Path::new(MOUNT).join(controller).join(path.trim_start_matches('/')));
                    limits.add(&folder.join(&name), &settings, "cgroup.procs");
                }
            }
        }
        limits.memory_bytes = wanted.memory_bytes;
        limits
    }

    fn add(&mut self, folder: &Path, settings: &[(&str, &Option<String>)], members: &str) {
        if fs::create_dir(folder).is_err() {
            return;
        }
        self.folders.push(folder.to_owned());
        let is_set = settings.iter().all(|(file, value)| {
            let Some(value) = value else { return true };
            // Without accounting of swap there is no such file.
            let is_optional = file.contains("swap") || file.contains("memsw");
            write(&folder.join(file), value) || is_optional
        });
        if is_set && let Ok(file) = OpenOptions::new().write(true).open(folder.join(members)) {
            self.members.push(file);
        }
    }

    /// Lists descriptors that the command writes its own id to.
    pub(crate) fn descriptors(&self) -> Vec<RawFd> {
        self.members.iter().map(AsRawFd::as_raw_fd).collect()
    }

    /// Tells which limit the kernel has held against the command.
    pub(crate) fn broken(&self) -> Option<BrokenLimit> {
        let bytes = self.memory_bytes?;
        let was_hit = |folder: &PathBuf| {
            ["memory.events", "memory.oom_control"].iter().any(|file| {
                let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
                line_of(&text, "oom_kill ").is_some_and(|count| count.trim() != "0")
            })
        };
        self.folders.iter().any(was_hit).then_some(BrokenLimit::Memory { bytes })
    }

    /// Removes the groups, which are empty by now.
    pub(crate) fn remove(&self) {
        for folder in &self.folders {
            let _ = fs::remove_dir(folder);
        }
    }

    /// Hands the groups on to whoever removes all of them at the end.
    pub(crate) fn join(&mut self, other: Self) {
        self.folders.extend(other.folders);
    }
}

fn write(path: &Path, value: &str) -> bool {
    let file = OpenOptions::new().write(true).open(path);
    file.is_ok_and(|mut file| file.write_all(value.as_bytes()).is_ok())
}

fn line_of<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(start))
}
