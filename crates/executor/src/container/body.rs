//! Makes the description of a container from what the launcher is told: pure but for looking at what is on disk.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use bollard::models::{
    ContainerCreateBody, DeviceMapping, DeviceRequest, HostConfig, Mount, ResourcesUlimits,
};
use pipewright_engine::{AttemptId, Failure, Launch, ResolvedResources};
use pipewright_plan::{ExecutorInput, LaunchSpec, TaskPlatform, Value};
use rustix::process::{Resource, getrlimit};

use super::engine::EngineFacts;
use super::image::{Facts, refused};
use super::layout::HOLD;
use super::mounts::{bind, mounts, text_of, volume};
use super::options::{Network, Options};
use super::pod::SharedMemory;
use super::program::{FOLDER, Program};
use super::room::Room;
use crate::process::pod::bytes_of;
use crate::security;

/// Label with the attempt's digest.
pub(super) const ATTEMPT: &str = "pipewright.attempt";
/// Label with the run's id.
pub(super) const RUN: &str = "pipewright.run";
/// Label with the home folder that a container belongs to.
pub(super) const HOME: &str = "pipewright.home";
/// Most processes of a user, beside the limit of each container.
const PROCESSES: i64 = 32_768;
/// Most processes of the container that holds a pod's network.
const HOLDER_PROCESSES: i64 = 8;

/// Everything that a container is made of.
pub(super) struct Parts<'a> {
    pub(super) launch: &'a Launch,
    pub(super) spec: &'a LaunchSpec,
    pub(super) facts: &'a Facts,
    pub(super) engine: &'a EngineFacts,
    pub(super) options: &'a Options,
    pub(super) program: &'a Program,
    pub(super) room: &'a Room,
    /// Folders that outputs go to.
    pub(super) outputs: &'a [PathBuf],
    /// Where the volumes of the pod's own lie.
    pub(super) pool: &'a Path,
    /// What the task reads, which all containers of its pod see.
    pub(super) inputs: &'a ExecutorInput,
    /// The container whose network the pod's containers share.
    pub(super) holder: Option<&'a str>,
    /// Memory that the pod's containers share, by volume.
    pub(super) memory: &'a BTreeMap<String, SharedMemory>,
}

/// Makes the description.
pub(super) fn body(parts: &Parts<'_>) -> Result<ContainerCreateBody, Failure> {
    let Parts { launch, spec, facts, engine, options, program, .. } = parts;
    let platform = &launch.container.platform;
    let user = user_of(launch, facts);
    check_security(platform, &user)?;
    let mut entrypoint = program.command.clone();
    let inside = ["launcher", "inside", "/pipewright/request.json", "/pipewright/log", "/pipewright/report"];
    entrypoint.extend(inside.map(str::to_owned));
    entrypoint.extend(["--grace-ms".to_owned(), options.grace.as_millis().to_string()]);
    let around = surroundings(parts);
    let gpus = launch.gpus.as_deref().unwrap_or_default();
    Ok(ContainerCreateBody {
        image: Some(facts.id.clone()),
        entrypoint: Some(entrypoint),
        cmd: Some(Vec::new()),
        user: Some(user),
        working_dir: Some("/".to_owned()),
        hostname: around.hostname.filter(|_| parts.holder.is_none()),
        labels: Some(labels(&launch.attempt, options)),
        host_config: Some(HostConfig {
            mounts: Some(mounts(spec, parts)?),
            network_mode: Some(match parts.holder {
                Some(holder) => format!("container:{holder}"),
                None => network(options.network, engine),
            }),
            ipc_mode: parts.holder.map(|holder| format!("container:{holder}")),
            extra_hosts: around.hosts.filter(|_| parts.holder.is_none()),
            shm_size: parts.holder.is_none().then_some(around.shared_memory).flatten(),
            pids_limit: i64::try_from(options.processes).ok(),
            ulimits: Some(ulimits()),
            readonly_rootfs: security::setting(platform, "readOnlyRootFilesystem").and_then(Value::as_bool),
            cap_add: capabilities(platform, "add"),
            cap_drop: capabilities(platform, "drop"),
            security_opt: Some(security_options(platform)),
            device_requests: devices(gpus, engine),
            devices: if engine.is_podman { device_files(gpus, Path::new("/dev"))? } else { None },
            ..limits(&launch.resources, engine)
        }),
        ..ContainerCreateBody::default()
    })
}

/// What all containers of a pod have in common.
struct Around {
    hostname: Option<String>,
    hosts: Option<Vec<String>>,
    shared_memory: Option<i64>,
}

fn surroundings(parts: &Parts<'_>) -> Around {
    let Parts { launch, options, engine, .. } = parts;
    let mut hostname = launch.pod_name.clone();
    hostname.truncate(63);
    let has_own = options.network == Network::Default && engine.has_network && !engine.is_podman;
    Around {
        hostname: (options.network != Network::Host).then_some(hostname),
        hosts: has_own.then(|| vec!["host.docker.internal:host-gateway".to_owned()]),
        shared_memory: i64::try_from(
            shared_memory(&launch.container.platform).unwrap_or(options.shared_memory_bytes),
        )
        .ok(),
    }
}

/// Reads how much shared memory a task asks for. Source: `enabledSharedMemory` of the Kubernetes platform, which is
/// an empty folder in memory at `/dev/shm`.
fn shared_memory(platform: &TaskPlatform) -> Option<u64> {
    bytes_of(platform.placement.get("enabledSharedMemory")?.get("size")?.as_str()?)
}

/// Labels that say whose a container or volume is.
pub(super) fn labels(attempt: &AttemptId, options: &Options) -> HashMap<String, String> {
    let labels = [
        (ATTEMPT, attempt.digest()),
        (RUN, attempt.run.0.clone()),
        (HOME, options.home.display().to_string()),
        ("pipewright.task", attempt.task.0.clone()),
    ];
    labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Describes the container that a pod's others share a network with: it does nothing, in the task's image.
pub(super) fn holder(parts: &Parts<'_>) -> ContainerCreateBody {
    let Parts { launch, facts, engine, options, program, .. } = parts;
    let around = surroundings(parts);
    let mut entrypoint = program.command.clone();
    entrypoint.extend(["launcher", "hold", "/pipewright/report"].map(str::to_owned));
    let mut mounts: Vec<Mount> = program.files.iter().map(|(file, place)| bind(file, place, true)).collect();
    mounts.push(bind(&parts.spec.directory.join(HOLD), &format!("{FOLDER}/report"), false));
    mounts.extend(
        parts
            .memory
            .values()
            .map(|shared| volume(&shared.name, &format!("{FOLDER}/memory/{}", shared.name), true)),
    );
    ContainerCreateBody {
        image: Some(facts.id.clone()),
        entrypoint: Some(entrypoint),
        cmd: Some(Vec::new()),
        user: Some("65534:65534".to_owned()),
        working_dir: Some("/".to_owned()),
        hostname: around.hostname,
        labels: Some(labels(&launch.attempt, options)),
        host_config: Some(HostConfig {
            mounts: Some(mounts),
            network_mode: Some(network(options.network, engine)),
            ipc_mode: Some("shareable".to_owned()),
            extra_hosts: around.hosts,
            shm_size: around.shared_memory,
            pids_limit: Some(HOLDER_PROCESSES),
            ulimits: Some(ulimits()),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(security_options(&TaskPlatform::default())),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
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

/// Files of the driver that every user of a GPU needs.
const DRIVER_FILES: [&str; 4] = ["nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset"];

/// Lists the device files of the GPUs that were allotted, for Podman: most of its versions pass over in silence what
/// their Docker API is asked for by the container device interface. Source: Podman's issues 19338 and 22645.
fn device_files(gpus: &[String], folder: &Path) -> Result<Option<Vec<DeviceMapping>>, Failure> {
    if gpus.is_empty() {
        return Ok(None);
    }
    let mapping = |path: PathBuf| DeviceMapping {
        path_on_host: Some(text_of(&path)),
        path_in_container: Some(text_of(&Path::new("/dev").join(path.file_name().unwrap_or_default()))),
        cgroup_permissions: Some("rwm".to_owned()),
    };
    let mut files = Vec::new();
    for gpu in gpus {
        let file = folder.join(format!("nvidia{gpu}"));
        if !file.exists() {
            let hint = "name GPUs by their numbers in `gpus` of pipewright.toml, or use Docker".to_owned();
            let message = format!("GPU {gpu} has no file {}, by which Podman is given GPUs", file.display());
            return Err(refused(message, Some(hint)));
        }
        files.push(file);
    }
    files.extend(DRIVER_FILES.iter().map(|name| folder.join(name)).filter(|file| file.exists()));
    Ok(Some(files.into_iter().map(mapping).collect()))
}

/// Asks for the GPUs that were allotted: Docker's NVIDIA runtime knows them by number or id, Podman by their names in
/// the container device interface, where its version looks at that.
fn devices(gpus: &[String], engine: &EngineFacts) -> Option<Vec<DeviceRequest>> {
    if gpus.is_empty() {
        return None;
    }
    Some(vec![if engine.is_podman {
        DeviceRequest {
            driver: Some("cdi".to_owned()),
            device_ids: Some(gpus.iter().map(|gpu| format!("nvidia.com/gpu={gpu}")).collect()),
            ..DeviceRequest::default()
        }
    } else {
        DeviceRequest {
            driver: Some("nvidia".to_owned()),
            device_ids: Some(gpus.to_vec()),
            capabilities: Some(vec![vec!["gpu".to_owned()]]),
            ..DeviceRequest::default()
        }
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
    if is_set("runAsNonRoot") && is_root(user) {
        let hint = "set runAsUser, or give the image a user".to_owned();
        return Err(refused("the task must not run as root, and its image does".to_owned(), Some(hint)));
    }
    Ok(())
}

/// Names the user of a container: the task's own, else its image's.
pub(super) fn user_of(launch: &Launch, facts: &Facts) -> String {
    security::user_of(&launch.container.platform).unwrap_or_else(|| facts.user.clone())
}

/// Tells whether a container's user is root.
pub(super) fn is_root(user: &str) -> bool {
    matches!(user.split(':').next(), None | Some("" | "0" | "root"))
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

/// Names the container of an attempt.
pub(super) fn name_of(attempt: &AttemptId) -> String {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let task: String =
        attempt.task.name().chars().map(|c| if is_kept(c) { c } else { '-' }).take(40).collect();
    format!("pipewright-{task}-{}", attempt.digest())
}

/// Filters that find the containers of a home folder.
pub(super) fn filters(home: &Path) -> HashMap<String, Vec<String>> {
    HashMap::from([("label".to_owned(), vec![format!("{HOME}={}", home.display())])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_asked_for_by_name() {
        let engine = |is_podman| EngineFacts {
            socket: PathBuf::new(),
            name: String::new(),
            is_podman,
            is_rootless: false,
            has_network: true,
            limits_memory: true,
        };
        let gpus = ["0".to_owned(), "3".to_owned()];
        for (is_podman, expected) in [(false, ["0", "3"]), (true, ["nvidia.com/gpu=0", "nvidia.com/gpu=3"])] {
            let found = devices(&gpus, &engine(is_podman)).unwrap_or_default();
            let ids = found.iter().flat_map(|request| request.device_ids.iter().flatten());
            assert_eq!(ids.collect::<Vec<_>>(), expected);
        }
        assert_eq!(devices(&[], &engine(false)), None);
    }

    #[test]
    fn gpus_of_podman_are_files() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["nvidia0", "nvidia3", "nvidiactl", "nvidia-uvm", "null"] {
            std::fs::write(folder.path().join(name), b"").expect("a file");
        }
        let found = device_files(&["3".to_owned()], folder.path()).expect("there is one").unwrap_or_default();
        let places = found.iter().filter_map(|mapping| mapping.path_in_container.as_deref());
        assert_eq!(places.collect::<Vec<_>>(), ["/dev/nvidia3", "/dev/nvidiactl", "/dev/nvidia-uvm"]);
        let refused = device_files(&["0".to_owned(), "GPU-1a".to_owned()], folder.path()).unwrap_err();
        assert!(refused.message.contains("GPU GPU-1a has no file"), "{}", refused.message);
        assert_eq!(device_files(&[], folder.path()), Ok(None));
    }
}
