//! Containers of one pod: those that run before the task's, those beside it, and what they share.
//!
//! All of them are made at once and started in turn, so a server that comes back goes on from what the engine says
//! of each. A container that does nothing but wait holds the network and the memory that they share. Source: v1
//! semantics 2.7.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bollard::models::VolumeCreateRequest;
use futures::future::join_all;
use pipewright_engine::{AttemptEnd, AttemptId, Failure, FailureReason};
use pipewright_plan::{
    CompanionEnd, CompanionRole, ExitReport, ExitStatus, LaunchSpec, Usage, VolumeContent,
};
use serde::{Deserialize, Serialize};

use super::body;
use super::executor::Shared;
use super::image::{reason, refused};
use super::layout::{self, POD};
use super::life::Gone;
use crate::process::{folder, outcome};

/// What an attempt has beside its own container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pod {
    /// In their order.
    pub(super) members: Vec<Member>,
    /// Names of the engine's volumes.
    #[serde(default)]
    pub(super) volumes: Vec<String>,
}

/// A container of a pod beside the task's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) role: CompanionRole,
}

/// Memory that is mounted more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SharedMemory {
    /// The engine's name for it.
    pub(super) name: String,
    size_bytes: Option<u64>,
}

impl Pod {
    pub(super) fn read(folder: &Path) -> Self {
        let text = fs::read(folder.join(POD)).ok();
        text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// Writes it down before anything of it is made; most attempts have nothing to write.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        if *self == Self::default() {
            return Ok(());
        }
        fs::write(folder.join(POD), serde_json::to_vec(self).map_err(io::Error::other)?)
    }

    pub(super) fn has_holder(&self) -> bool {
        !self.members.is_empty()
    }

    fn of_role(&self, role: CompanionRole) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.role == role)
    }
}

/// Names the container that holds what a pod shares. No member is named so.
pub(super) fn holder_of(attempt: &AttemptId) -> String {
    format!("{}.pod_", body::name_of(attempt))
}

/// Tells whether a name is that of such a container.
pub(super) fn is_holder(name: &str) -> bool {
    name.ends_with(".pod_")
}

/// Names the container of a member.
pub(super) fn container_of(attempt: &AttemptId, member: &Member) -> String {
    format!("{}.{}", body::name_of(attempt), member.name)
}

/// Lists all containers of an attempt, the one that the others need last.
pub(super) fn containers_of(attempt: &AttemptId, pod: &Pod) -> Vec<String> {
    let mut names = vec![body::name_of(attempt)];
    names.extend(pod.members.iter().map(|member| container_of(attempt, member)));
    if pod.has_holder() {
        names.push(holder_of(attempt));
    }
    names
}

/// Finds the memory that several mounts show. Memory of which a part is mounted lies on the disk instead: engines
/// mount no parts of it.
pub(super) fn share_memory(
    specs: &mut [&mut LaunchSpec],
    attempt: &AttemptId,
) -> BTreeMap<String, SharedMemory> {
    let volumes = || specs.iter().flat_map(|spec| &spec.volumes);
    let mut on_disk = BTreeSet::new();
    let mut mounts: BTreeMap<String, (u32, Option<u64>)> = BTreeMap::new();
    for volume in volumes() {
        let VolumeContent::Memory { name, size_bytes } = &volume.content else { continue };
        if volume.sub_path.is_some() {
            on_disk.insert(name.clone());
        }
        mounts.entry(name.clone()).or_insert((0, *size_bytes)).0 += 1;
    }
    for spec in specs.iter_mut() {
        let notes = &mut spec.notes;
        for volume in &mut spec.volumes {
            let VolumeContent::Memory { name, .. } = &volume.content else { continue };
            if on_disk.contains(name) {
                notes.push(format!("volume {name} lies on the disk: a part of it is mounted"));
                volume.content = VolumeContent::Scratch { name: name.clone() };
            }
        }
    }
    let shared = mounts.into_iter().filter(|(name, (count, _))| *count > 1 && !on_disk.contains(name));
    shared
        .map(|(volume, (_, size_bytes))| {
            let name = format!("pipewright-{}-{volume}", attempt.digest());
            (volume, SharedMemory { name, size_bytes })
        })
        .collect()
}

/// Finds the report of one of an attempt's containers in the attempt's folder.
pub(super) fn report_of(folder: &Path, attempt: &AttemptId, name: &str) -> PathBuf {
    let own = body::name_of(attempt);
    match name.strip_prefix(&own).and_then(|rest| rest.strip_prefix('.')) {
        None => folder.join(layout::REPORT),
        Some(_) if is_holder(name) => folder.join(layout::HOLD),
        Some(member) => layout::folder_of_member(folder, member).join(layout::REPORT),
    }
}

impl Shared {
    pub(super) async fn make_volumes(
        &self,
        attempt: &AttemptId,
        shared: impl Iterator<Item = &SharedMemory>,
    ) -> Result<(), Failure> {
        for SharedMemory { name, size_bytes } in shared {
            let size = size_bytes.map_or_else(String::new, |bytes| format!("size={bytes},"));
            let options =
                [("type", "tmpfs"), ("device", "tmpfs"), ("o", &format!("{size}mode=1777,nosuid,nodev"))];
            let request = VolumeCreateRequest {
                name: Some(name.clone()),
                driver: Some("local".to_owned()),
                driver_opts: Some(options.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
                labels: Some(body::labels(attempt, &self.options)),
                ..VolumeCreateRequest::default()
            };
            self.docker.create_volume(request).await.map_err(|error| {
                refused(format!("failed to make the volume {name} in memory: {}", reason(&error)), None)
            })?;
        }
        Ok(())
    }

    /// Runs a pod's containers in their order, from wherever they are, until the task's own has ended and all others
    /// are stopped.
    pub(super) async fn wait_pod(&self, attempt: &AttemptId, pod: &Pod) -> AttemptEnd {
        let folder = self.folder_of(attempt);
        let mut before = Usage::default();
        if !self.see_started(attempt, &holder_of(attempt)).await {
            return self.end_without(attempt);
        }
        for member in pod.of_role(CompanionRole::Before) {
            let gone = self.outlast(attempt, &container_of(attempt, member), false).await;
            let Some(report) = layout::read_report(&layout::folder_of_member(&folder, &member.name)) else {
                return match gone {
                    Gone::NeverStarted(why) if !folder::was_killed(&folder) => not_started(member, &why),
                    _ => self.end_without(attempt),
                };
            };
            if folder::was_killed(&folder) {
                return outcome::end_of(report, true);
            }
            add(&mut before, &report.usage);
            if report.status != (ExitStatus::Exited { code: 0 }) {
                if report.stopped {
                    return outcome::stopped_by_engine();
                }
                return failed_by(member, report);
            }
        }
        for member in pod.of_role(CompanionRole::Beside) {
            self.see_started(attempt, &container_of(attempt, member)).await;
        }
        let gone = self.outlast(attempt, &body::name_of(attempt), false).await;
        let beside: Vec<&Member> = pod.of_role(CompanionRole::Beside).collect();
        join_all(beside.iter().map(|member| self.stop_one(container_of(attempt, member)))).await;
        let mut report = layout::read_report(&folder);
        for member in beside {
            let Some(own) = layout::read_report(&layout::folder_of_member(&folder, &member.name)) else {
                // The engine ended what did not follow in time.
                continue;
            };
            if let Some(report) = &mut report {
                add(&mut report.usage, &own.usage);
                let has_failed = !own.status.is_end_by_stopping() && report.companion.is_none();
                if has_failed && !folder::was_killed(&folder) {
                    report.companion = Some(CompanionEnd { name: member.name.clone(), status: own.status });
                }
            }
        }
        if let Some(report) = &mut report {
            add(&mut report.usage, &before);
            if let Some(CompanionEnd { name, status: ExitStatus::NotStarted { message } }) = &report.companion
                && report.published.is_some()
            {
                report.status = ExitStatus::NotStarted { message: format!("{name}: {message}") };
                report.companion = None;
            }
        }
        self.end_of(attempt, report, &gone)
    }
}

/// Adds what another container of the pod used to what the task's own did.
fn add(usage: &mut Usage, other: &Usage) {
    usage.cpu_user_us += other.cpu_user_us;
    usage.cpu_system_us += other.cpu_system_us;
    usage.peak_memory_bytes = usage.peak_memory_bytes.max(other.peak_memory_bytes);
}

fn failed_by(member: &Member, mut report: ExitReport) -> AttemptEnd {
    match &report.status {
        ExitStatus::NotStarted { message } => not_started(member, message),
        status => {
            report.companion = Some(CompanionEnd { name: member.name.clone(), status: status.clone() });
            outcome::end_of(report, false)
        }
    }
}

fn not_started(member: &Member, why: &str) -> AttemptEnd {
    let message = format!("{}: {why}", member.name);
    outcome::end_without_report(FailureReason::NotStarted, message, None)
}
