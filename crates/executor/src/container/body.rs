//! Makes the description of a container from what the launcher is told: pure but for looking at what is on disk.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bollard::models::{
    ContainerCreateBody, DeviceRequest, HostConfig, Mount, MountTmpfsOptions, MountType, ResourcesUlimits,
};
use pipewright_engine::{Failure, Launch, ResolvedResources};
use pipewright_plan::{LaunchSpec, LaunchVolume, TaskPlatform, Value, VolumeContent, local_path};
use rustix::process::{Resource, getrlimit};

use super::engine::EngineFacts;
use super::image::{Facts, refused};
use super::layout::{LOG, REPORT, REQUEST, SCRATCH};
use super::options::{Network, Options};
use super::program::{FOLDER, Program};
use crate::security;

/// Label with the attempt's digest.
pub(super) const ATTEMPT: &str = "pipewright.attempt";
/// Label with the run's id.
pub(super) const RUN: &str = "pipewright.run";
/// Label with the home folder that a container belongs to.
pub(super) const HOME: &str = "pipewright.home";
/// Most processes of a user, beside the limit of each container.
const PROCESSES: i64 = 32_768;
/// Memory for the files of secrets.
const FILES_BYTES: i64 = 16 << 20;

/// Everything that a container is made of.
pub(super) struct Parts<'a> {
    pub(super) launch: &'a Launch,
    pub(super) spec: &'a LaunchSpec,
    pub(super) facts: &'a Facts,
    pub(super) engine: &'a EngineFacts,
    pub(super) options: &'a Options,
    pub(super) program: &'a Program,
    /// Folders that outputs go to.
    pub(super) outputs: &'a [PathBuf],
}

/// Makes the description.
pub(super) fn body(parts: &Parts<'_>) -> Result<ContainerCreateBody, Failure> {
    let Parts { launch, spec, facts, engine, options, program, .. } = parts;
    let platform = &launch.container.platform;
    let user = security::user_of(platform).unwrap_or_else(|| facts.user.clone());
    check_security(platform, &user)?;
    let mut entrypoint = program.command.clone();
    let inside = ["launcher", "inside", "/pipewright/request.json", "/pipewright/log", "/pipewright/report"];
    entrypoint.extend(inside.map(str::to_owned));
    entrypoint.extend(["--grace-ms".to_owned(), options.grace.as_millis().to_string()]);
    let labels = [
        (ATTEMPT, launch.attempt.digest()),
        (RUN, launch.attempt.run.0.clone()),
        (HOME, options.home.display().to_string()),
        ("pipewright.task", launch.attempt.task.0.clone()),
    ];
    let mut hostname = launch.pod_name.clone();
    hostname.truncate(63);
    Ok(ContainerCreateBody {
        image: Some(facts.id.clone()),
        entrypoint: Some(entrypoint),
        cmd: Some(Vec::new()),
        user: Some(user),
        working_dir: Some("/".to_owned()),
        hostname: (options.network != Network::Host).then_some(hostname),
        labels: Some(labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        host_config: Some(HostConfig {
            mounts: Some(mounts(spec, parts)?),
            network_mode: Some(network(options.network, engine)),
            extra_hosts: (options.network == Network::Default && engine.has_network && !engine.is_podman)
                .then(|| vec!["host.docker.internal:host-gateway".to_owned()]),
            shm_size: i64::try_from(options.shared_memory_bytes).ok(),
            pids_limit: i64::try_from(options.processes).ok(),
            ulimits: Some(ulimits()),
            readonly_rootfs: security::setting(platform, "readOnlyRootFilesystem").and_then(Value::as_bool),
            cap_add: capabilities(platform, "add"),
            cap_drop: capabilities(platform, "drop"),
            security_opt: Some(security_options(platform)),
            device_requests: devices(&launch.resources),
            ..limits(&launch.resources, engine)
        }),
        ..ContainerCreateBody::default()
    })
}

fn network(network: Network, engine: &EngineFacts) -> String {
    match network {
        Network::None => "none",
        Network::Host => "host",
        Network::Default if !engine.has_network => "none",
        Network::Default if engine.is_podman && engine.is_rootless => "slirp4netns",
        Network::Default if engine.is_podman => "bridge",
        Network::Default => "default",
    }
    .to_owned()
}

fn limits(resources: &ResolvedResources, engine: &EngineFacts) -> HostConfig {
    let whole = |number: Option<u64>| number.and_then(|number| i64::try_from(number).ok());
    let memory = whole(resources.memory_limit_bytes).filter(|_| engine.limits_memory || engine.is_podman);
    HostConfig {
        nano_cpus: whole(resources.cpu_limit_millis).map(|millis| millis.saturating_mul(1_000_000)),
        cpu_shares: whole(resources.cpu_request_millis)
            .map(|millis| (millis.saturating_mul(1024) / 1000).max(2)),
        memory,
        // Without swap: a limit is a limit.
        memory_swap: memory,
        ..HostConfig::default()
    }
}

fn devices(resources: &ResolvedResources) -> Option<Vec<DeviceRequest>> {
    let (_, count) = resources.accelerator.as_ref().filter(|(_, count)| *count > 0)?;
    Some(vec![DeviceRequest {
        driver: Some("nvidia".to_owned()),
        count: Some(i64::from(*count)),
        capabilities: Some(vec![vec!["gpu".to_owned()]]),
        ..DeviceRequest::default()
    }])
}

/// This process's own limits: an engine without privileges may not give more, and Podman would try to.
fn ulimits() -> Vec<ResourcesUlimits> {
    let limit = |name: &str, resource: Resource| {
        let found = getrlimit(resource);
        let number = |limit: Option<u64>| limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(-1));
        let hard = number(found.maximum);
        ResourcesUlimits { name: Some(name.to_owned()), soft: Some(hard), hard: Some(hard) }
    };
    let mut processes = limit("nproc", Resource::Nproc);
    // Podman's service lowers its own limit to this, and nobody can give more than they have.
    for bound in [&mut processes.soft, &mut processes.hard] {
        *bound = bound.map(|number| if number < 0 { PROCESSES } else { number.min(PROCESSES) });
    }
    vec![limit("nofile", Resource::Nofile), processes]
}

fn check_security(platform: &TaskPlatform, user: &str) -> Result<(), Failure> {
    let is_set = |name: &str| security::setting(platform, name).and_then(Value::as_bool) == Some(true);
    if is_set("privileged") {
        let hint = "have the task ask for the capabilities that it needs".to_owned();
        return Err(refused(
            "the task asks to be privileged, which would give it this machine".to_owned(),
            Some(hint),
        ));
    }
    let is_root = matches!(user.split(':').next(), None | Some("" | "0" | "root"));
    if is_set("runAsNonRoot") && is_root {
        let hint = "set runAsUser, or give the image a user".to_owned();
        return Err(refused("the task must not run as root, and its image does".to_owned(), Some(hint)));
    }
    Ok(())
}

fn capabilities(platform: &TaskPlatform, which: &str) -> Option<Vec<String>> {
    let list = security::setting(platform, "capabilities")?.get(which)?.as_array()?;
    Some(list.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect())
}

fn security_options(platform: &TaskPlatform) -> Vec<String> {
    let mut options = Vec::new();
    if security::setting(platform, "allowPrivilegeEscalation").and_then(Value::as_bool) == Some(false) {
        options.push("no-new-privileges".to_owned());
    }
    if Path::new("/sys/fs/selinux/enforce").exists() {
        // Folders of this machine are mounted; their labels stay as they are.
        options.push("label=disable".to_owned());
    }
    options
}

/// Lists all mounts, outer places first.
fn mounts(spec: &LaunchSpec, parts: &Parts<'_>) -> Result<Vec<Mount>, Failure> {
    let folder = &spec.directory;
    let mut mounts: Vec<Mount> =
        parts.program.files.iter().map(|(file, place)| bind(file, place, true)).collect();
    mounts.push(bind(&folder.join(REQUEST), &format!("{FOLDER}/request.json"), true));
    mounts.push(bind(&folder.join(LOG), &format!("{FOLDER}/log"), false));
    mounts.push(bind(&folder.join(REPORT), &format!("{FOLDER}/report"), false));
    mounts.push(bind(&folder.join(SCRATCH), &text_of(folder), false));
    for output in parts.outputs {
        mounts.push(bind(output, &text_of(output), false));
    }
    let inputs = spec.executor_input.inputs.artifacts.values().flat_map(|list| &list.artifacts);
    let mut seen: Vec<PathBuf> = Vec::new();
    for artifact in inputs {
        let path = PathBuf::from(local_path(&artifact.uri));
        let is_shown = seen.contains(&path) || parts.outputs.iter().any(|output| path.starts_with(output));
        if path.is_absolute() && path.exists() && !is_shown {
            mounts.push(bind(&path, &text_of(&path), true));
            seen.push(path);
        }
    }
    for (number, volume) in spec.volumes.iter().enumerate() {
        mounts.extend(volume_mount(volume, folder, number)?);
    }
    mounts.sort_by_key(|mount| {
        mount.target.as_deref().map_or(0, |target| Path::new(target).components().count())
    });
    Ok(mounts)
}

fn volume_mount(volume: &LaunchVolume, folder: &Path, number: usize) -> Result<Option<Mount>, Failure> {
    let target = text_of(&volume.target);
    let tmpfs = |size_bytes: Option<i64>| Mount {
        target: Some(target.clone()),
        typ: Some(MountType::TMPFS),
        tmpfs_options: Some(MountTmpfsOptions { size_bytes, mode: Some(0o1777), options: None }),
        ..Mount::default()
    };
    let part = |whole: &Path| -> Result<Mount, Failure> {
        let path = inside(whole, volume.sub_path.as_deref())
            .map_err(|why| refused(format!("failed to make the volume at {target} ready: {why}"), None))?;
        Ok(bind(&path, &target, !volume.writable))
    };
    Ok(match &volume.content {
        VolumeContent::Folder { path } => Some(part(path)?),
        VolumeContent::Scratch { name } => Some(part(&folder.join(SCRATCH).join("volumes").join(name))?),
        VolumeContent::Memory { size_bytes, .. } => {
            if volume.sub_path.is_some() {
                let hint = "mount the whole of it, or leave out the medium".to_owned();
                return Err(refused(
                    format!("a part of a volume in memory cannot be mounted at {target}"),
                    Some(hint),
                ));
            }
            Some(tmpfs(size_bytes.and_then(|bytes| i64::try_from(bytes).ok())))
        }
        VolumeContent::Files { .. } if volume.sub_path.is_some() => {
            Some(bind(&file_of(folder, number), &target, true))
        }
        VolumeContent::Files { .. } => Some(tmpfs(Some(FILES_BYTES))),
    })
}

/// Names the file that stands for the only file of a volume that is shown.
pub(super) fn file_of(folder: &Path, number: usize) -> PathBuf {
    folder.join("files").join(number.to_string())
}

/// Returns a part of a folder, made when it is missing, that no link leads out of.
fn inside(whole: &Path, part: Option<&Path>) -> Result<PathBuf, String> {
    std::fs::create_dir_all(whole).map_err(|error| error.to_string())?;
    let whole = std::fs::canonicalize(whole).map_err(|error| error.to_string())?;
    let Some(part) = part else { return Ok(whole) };
    let path = whole.join(part);
    if !path.exists() {
        // What is there of it must not lead out either.
        let known = path.ancestors().find(|path| path.exists()).unwrap_or(&whole);
        let known = std::fs::canonicalize(known).map_err(|error| error.to_string())?;
        if !known.starts_with(&whole) {
            return Err("a link in its sub path leaves the volume".to_owned());
        }
        std::fs::create_dir_all(&path).map_err(|error| error.to_string())?;
    }
    let path = std::fs::canonicalize(path).map_err(|error| error.to_string())?;
    if path.starts_with(&whole) {
        Ok(path)
    } else {
        Err("a link in its sub path leaves the volume".to_owned())
    }
}

fn bind(source: &Path, target: &str, read_only: bool) -> Mount {
    Mount {
        source: Some(text_of(source)),
        target: Some(target.to_owned()),
        typ: Some(MountType::BIND),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

fn text_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Names the container of an attempt.
pub(super) fn name_of(attempt: &pipewright_engine::AttemptId) -> String {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let task: String =
        attempt.task.name().chars().map(|c| if is_kept(c) { c } else { '-' }).take(40).collect();
    format!("pipewright-{task}-{}", attempt.digest())
}

/// Filters that find the containers of a home folder.
pub(super) fn filters(home: &Path) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![format!("{HOME}={}", home.display())])])
}
