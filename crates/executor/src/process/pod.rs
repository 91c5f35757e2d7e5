//! Turns what a task's pod brings into variables and volumes: looks objects up and picks what is asked for.
//!
//! A missing object fails the attempt with the command that would make it, unless it is optional. Values of
//! secrets go to the launcher alone.

mod projected;

use std::path::{Component, Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pipewright_engine::{Failure, FailureReason, Launch};
use pipewright_plan::{
    EnvFrom, KeyFile, LaunchCompanion, LaunchVolume, Value, VolumeContent, VolumeFile, VolumeMount,
    VolumeSource, WORKSPACE_PATH,
};

use crate::host_folders;
use crate::objects::{ObjectKind, Registry};

/// Permission bits of files when nobody says them.
const SECRET_MODE: u32 = 0o400;
const CONFIG_MODE: u32 = 0o444;

/// What a pod brings to the task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Brought {
    /// Variables of whole objects: all others win over them.
    pub(crate) whole: Vec<(String, String)>,
    /// Variables that are named one by one: they come last in the pod, so that they win over all.
    pub(crate) single: Vec<(String, String)>,
    pub(crate) volumes: Vec<LaunchVolume>,
}

impl Brought {
    /// Lists all variables, those that win last.
    pub(crate) fn env(&self) -> impl DoubleEndedIterator<Item = &(String, String)> {
        self.whole.iter().chain(&self.single)
    }
}

/// Looks up everything that the pod settings of a task name.
pub(crate) async fn bring(launch: &Launch, registry: &Registry) -> Result<Brought, Failure> {
    let finder = Finder { launch, registry };
    let mut whole = Vec::new();
    let mut single = Vec::new();
    for source in &launch.pod.env {
        finder.variables(source, &mut whole, &mut single).await?;
    }
    let mut volumes = Vec::new();
    for mount in &launch.pod.volumes {
        volumes.push(finder.volume(mount).await?);
    }
    Ok(Brought { whole, single, volumes })
}

/// Sees to it that one volume is the same thing in every command of a pod: one that somebody sees as `/tmp` lies
/// on the disk, since that is where a `/tmp` lies.
pub(crate) fn share(volumes: &mut [LaunchVolume], companions: &mut [LaunchCompanion]) {
    if companions.is_empty() {
        return;
    }
    let mut all: Vec<&mut LaunchVolume> = volumes.iter_mut().collect();
    all.extend(companions.iter_mut().flat_map(|companion| &mut companion.spec.volumes));
    let at_tmp = |volume: &&&mut LaunchVolume| volume.target == Path::new("/tmp");
    let names: Vec<String> =
        all.iter().filter(at_tmp).filter_map(|volume| memory_name(&volume.content)).collect();
    for volume in all {
        if let Some(name) = memory_name(&volume.content).filter(|name| names.contains(name)) {
            volume.content = VolumeContent::Scratch { name };
        }
    }
}

fn memory_name(content: &VolumeContent) -> Option<String> {
    match content {
        VolumeContent::Memory { name, .. } => Some(name.clone()),
        VolumeContent::Folder { .. }
        | VolumeContent::Scratch { .. }
        | VolumeContent::Files { .. }
        | VolumeContent::Copy { .. } => None,
    }
}

fn refused(message: String, hint: Option<String>) -> Failure {
    Failure { reason: FailureReason::NotStarted, message, hint, exit_code: None }
}

/// One key of an object, decoded.
struct Entry {
    key: String,
    value: Vec<u8>,
}

struct Finder<'a> {
    launch: &'a Launch,
    registry: &'a Registry,
}

impl Finder<'_> {
    async fn find(&self, kind: ObjectKind, name: &str) -> Result<Option<Value>, Failure> {
        let Some(objects) = self.registry.get() else {
            return Err(refused(format!("there is no registry to look up {kind} `{name}` in"), None));
        };
        let found = objects.find(&self.launch.namespace, kind, name).await;
        found.map_err(|error| refused(format!("failed to look up {kind} `{name}`: {error}"), None))
    }

    fn missing(&self, kind: ObjectKind, name: &str) -> Failure {
        let namespace = &self.launch.namespace;
        let (command, what) = match kind {
            ObjectKind::Claim => ("volume", " --size 10Gi"),
            ObjectKind::Secret => ("secret", " --from-literal KEY=VALUE"),
            ObjectKind::ConfigMap => ("config-map", " --from-literal KEY=VALUE"),
        };
        refused(
            format!("{kind} `{name}` does not exist in namespace `{namespace}`"),
            Some(format!("make it: pipewright {command} create {name}{what} --namespace {namespace}")),
        )
    }

    /// Returns the keys of an object; `None` when it is missing and may be.
    async fn entries(
        &self,
        kind: ObjectKind,
        name: &str,
        optional: bool,
    ) -> Result<Option<Vec<Entry>>, Failure> {
        match self.find(kind, name).await? {
            Some(object) => Ok(Some(entries_of(kind, &object))),
            None if optional => Ok(None),
            None => Err(self.missing(kind, name)),
        }
    }

    async fn variables(
        &self,
        source: &EnvFrom<String>,
        whole: &mut Vec<(String, String)>,
        single: &mut Vec<(String, String)>,
    ) -> Result<(), Failure> {
        let (kind, name, optional) = match source {
            EnvFrom::Secret { name, optional, .. } | EnvFrom::AllOfSecret { name, optional, .. } => {
                (ObjectKind::Secret, name, *optional)
            }
            EnvFrom::ConfigMap { name, optional, .. } | EnvFrom::AllOfConfigMap { name, optional, .. } => {
                (ObjectKind::ConfigMap, name, *optional)
            }
            EnvFrom::Field { variable, path } => {
                single.push((variable.clone(), self.field(path)?));
                return Ok(());
            }
        };
        let Some(entries) = self.entries(kind, name, optional).await? else { return Ok(()) };
        match source {
            EnvFrom::Secret { key, variable, .. } | EnvFrom::ConfigMap { key, variable, .. } => {
                match entries.into_iter().find(|entry| entry.key == *key) {
                    Some(entry) => single.push((variable.clone(), text_of(kind, name, entry)?)),
                    None if optional => {}
                    None => return Err(no_key(kind, name, key)),
                }
            }
            EnvFrom::AllOfSecret { prefix, .. } | EnvFrom::AllOfConfigMap { prefix, .. } => {
                for entry in entries {
                    let variable = format!("{prefix}{}", entry.key);
                    if is_variable(&variable) {
                        whole.push((variable, text_of(kind, name, entry)?));
                    }
                }
            }
            EnvFrom::Field { .. } => {}
        }
        Ok(())
    }

    /// Returns a field of the pod that would run this task.
    fn field(&self, path: &str) -> Result<String, Failure> {
        let launch = self.launch;
        let of_map = |start: &str| path.strip_prefix(start)?.strip_prefix("['")?.strip_suffix("']");
        if let Some(key) = of_map("metadata.labels") {
            let own = launch.pod.labels.get(key).cloned();
            let known = || match key {
                "pipeline/runid" => Some(launch.attempt.run.0.clone()),
                "workflows.argoproj.io/workflow" => Some(launch.job.resource_name.clone()),
                "workflows.argoproj.io/completed" => Some("false".to_owned()),
                _ => None,
            };
            return Ok(own.or_else(known).unwrap_or_default());
        }
        if let Some(key) = of_map("metadata.annotations") {
            let known = || match key {
                "workflows.argoproj.io/node-id" => Some(launch.pod_name.clone()),
                "workflows.argoproj.io/node-name" => Some(launch.node_name.clone()),
                _ => None,
            };
            return Ok(launch.pod.annotations.get(key).cloned().or_else(known).unwrap_or_default());
        }
        Ok(match path {
            "metadata.name" => launch.pod_name.clone(),
            "metadata.uid" => launch.attempt.digest(),
            "metadata.namespace" => launch.namespace.clone(),
            "spec.nodeName" => rustix::system::uname().nodename().to_string_lossy().into_owned(),
            "spec.serviceAccountName" => {
                launch.pod.service_account.clone().unwrap_or_else(|| "pipeline-runner".to_owned())
            }
            "status.podIP" | "status.hostIP" | "status.podIPs" | "status.hostIPs" => "127.0.0.1".to_owned(),
            _ => {
                return Err(refused(
                    format!("field path `{path}` is not known"),
                    Some(
                        "there are metadata.name, metadata.uid, metadata.namespace, metadata.labels['…'], \
                         metadata.annotations['…'], spec.nodeName, spec.serviceAccountName, status.podIP and \
                         status.hostIP"
                            .to_owned(),
                    ),
                ));
            }
        })
    }

    /// Makes one volume; an empty one when its object is missing and may be, as on a cluster.
    async fn volume(&self, mount: &VolumeMount<String>) -> Result<LaunchVolume, Failure> {
        let target = target_of(&mount.path)?;
        let sub_path = mount.sub_path.as_deref().map(sub_path_of).transpose()?.flatten();
        let mut writable = !mount.read_only;
        let content = match &mount.source {
            VolumeSource::Claim { name } => {
                let Some(claim) = self.find(ObjectKind::Claim, name).await? else {
                    return Err(self.missing(ObjectKind::Claim, name));
                };
                writable &= !is_read_only(&claim);
                let folder =
                    self.registry.get().map(|objects| objects.claim_folder(&self.launch.namespace, name));
                match folder {
                    Some(Ok(path)) => VolumeContent::Folder { path },
                    Some(Err(error)) => return Err(refused(error, None)),
                    None => return Err(self.missing(ObjectKind::Claim, name)),
                }
            }
            VolumeSource::Secret { name, items, mode, optional } => {
                let kind = ObjectKind::Secret;
                let entries = self.entries(kind, name, *optional).await?.unwrap_or_default();
                let pick = Pick { items, mode: mode.unwrap_or(SECRET_MODE), optional: *optional };
                VolumeContent::Files { files: pick.files(kind, name, &entries)? }
            }
            VolumeSource::ConfigMap { name, items, mode, optional } => {
                let kind = ObjectKind::ConfigMap;
                let entries = self.entries(kind, name, *optional).await?.unwrap_or_default();
                let pick = Pick { items, mode: mode.unwrap_or(CONFIG_MODE), optional: *optional };
                VolumeContent::Files { files: pick.files(kind, name, &entries)? }
            }
            VolumeSource::EmptyDir { volume, memory: true, size_limit } => VolumeContent::Memory {
                name: scratch_name(volume),
                size_bytes: size_limit.as_deref().and_then(bytes_of),
            },
            VolumeSource::EmptyDir { volume, .. } | VolumeSource::Ephemeral { volume, .. } => {
                VolumeContent::Scratch { name: scratch_name(volume) }
            }
            VolumeSource::Workspace => match self.registry.get() {
                Some(objects) => {
                    VolumeContent::Folder { path: objects.workspace_folder(&self.launch.attempt.run) }
                }
                None => return Err(refused(format!("there is no workspace for {WORKSPACE_PATH}"), None)),
            },
            VolumeSource::Host { path, create } => {
                let folder = host_folders::allowed(self.registry.folders(), path, *create)?;
                writable &= !folder.read_only;
                VolumeContent::Folder { path: folder.path }
            }
            VolumeSource::Projected { parts, mode } => {
                VolumeContent::Files { files: self.projected(parts, *mode).await? }
            }
        };
        // Objects do not change under a task that writes to their files.
        writable &= !matches!(content, VolumeContent::Files { .. });
        Ok(LaunchVolume { target, sub_path, writable, content })
    }
}

fn no_key(kind: ObjectKind, name: &str, key: &str) -> Failure {
    refused(
        format!("{kind} `{name}` has no key `{key}`"),
        Some("add the key, or have the task ask for one that is there".to_owned()),
    )
}

fn entries_of(kind: ObjectKind, object: &Value) -> Vec<Entry> {
    let of = |field: &str, decode: bool| -> Vec<Entry> {
        let fields = object.get(field).and_then(Value::as_object);
        fields
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| {
                let text = value.as_str()?;
                let value = if decode { STANDARD.decode(text).ok()? } else { text.as_bytes().to_vec() };
                Some(Entry { key: key.clone(), value })
            })
            .collect()
    };
    match kind {
        ObjectKind::Secret => of("data", true),
        ObjectKind::ConfigMap => {
            let mut all = of("data", false);
            all.extend(of("binaryData", true));
            all
        }
        ObjectKind::Claim => Vec::new(),
    }
}

fn text_of(kind: ObjectKind, name: &str, entry: Entry) -> Result<String, Failure> {
    let key = entry.key;
    String::from_utf8(entry.value).ok().filter(|text| !text.contains('\0')).ok_or_else(|| {
        refused(
            format!("key `{key}` of {kind} `{name}` is no text, so no variable can hold it"),
            Some("mount it as a volume instead".to_owned()),
        )
    })
}

/// Which files a volume of an object shows: all keys, or those that are listed.
struct Pick<'a> {
    items: &'a [KeyFile],
    mode: u32,
    optional: bool,
}

impl Pick<'_> {
    fn files(&self, kind: ObjectKind, name: &str, entries: &[Entry]) -> Result<Vec<VolumeFile>, Failure> {
        let file = |path: PathBuf, entry: &Entry, mode: u32| VolumeFile {
            path,
            content: STANDARD.encode(&entry.value),
            mode,
        };
        if self.items.is_empty() {
            return Ok(entries
                .iter()
                .map(|entry| file(entry.key.clone().into(), entry, self.mode))
                .collect());
        }
        let mut files = Vec::new();
        for item in self.items {
            match entries.iter().find(|entry| entry.key == item.key) {
                Some(entry) => {
                    let Some(path) = sub_path_of(&item.path)? else {
                        return Err(refused(
                            format!("key `{}` of {kind} `{name}` has no path", item.key),
                            None,
                        ));
                    };
                    files.push(file(path, entry, item.mode.unwrap_or(self.mode)));
                }
                None if self.optional => {}
                None => return Err(no_key(kind, name, &item.key)),
            }
        }
        Ok(files)
    }
}

/// Reads a mount path.
fn target_of(text: &str) -> Result<PathBuf, Failure> {
    let path = Path::new(text);
    let is_plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    if path.is_absolute() && path.components().count() > 1 && path.components().all(is_plain) {
        return Ok(path.components().collect());
    }
    Err(refused(
        format!("a volume cannot be mounted at `{text}`"),
        Some("give an absolute path without `..`".to_owned()),
    ))
}

/// Reads a path inside a volume; `None` for the whole volume.
fn sub_path_of(text: &str) -> Result<Option<PathBuf>, Failure> {
    let mut path = PathBuf::new();
    for part in Path::new(text).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => {
                return Err(refused(
                    format!("path `{text}` leaves its volume"),
                    Some("give a relative path without `..`".to_owned()),
                ));
            }
        }
    }
    Ok((!path.as_os_str().is_empty()).then_some(path))
}

/// A claim for reading by many is never written to.
fn is_read_only(claim: &Value) -> bool {
    let modes = claim.pointer("/spec/accessModes").and_then(Value::as_array);
    modes.is_some_and(|modes| !modes.is_empty() && modes.iter().all(|mode| mode == "ReadOnlyMany"))
}

/// Turns a volume's name into a folder's.
fn scratch_name(volume: &str) -> String {
    let is_kept = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let name: String = volume.chars().map(|c| if is_kept(c) { c } else { '_' }).collect();
    if name.is_empty() { "volume".to_owned() } else { name }
}

/// Tells whether Kubernetes takes this as a variable's name.
fn is_variable(name: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    !name.is_empty() && name.chars().all(is_inner) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// Reads a quantity of bytes such as `64Mi`.
pub(crate) fn bytes_of(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let unit: f64 = match suffix {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some((number.parse::<f64>().ok()? * unit) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_where_they_belong() {
        for (text, expected) in [
            ("/data", Some("/data")),
            ("/data//sub/", Some("/data/sub")),
            ("/", None),
            ("data", None),
            ("", None),
            ("/data/../etc", None),
        ] {
            assert_eq!(target_of(text).ok(), expected.map(PathBuf::from), "{text}");
        }
        for (text, expected) in [
            ("a/b", Ok(Some("a/b"))),
            ("./a/", Ok(Some("a"))),
            ("", Ok(None)),
            (".", Ok(None)),
            ("/a", Err(())),
            ("a/../b", Err(())),
            ("..", Err(())),
        ] {
            let expected = expected.map(|path| path.map(PathBuf::from));
            assert_eq!(sub_path_of(text).map_err(drop), expected, "{text}");
        }
    }

    #[test]
    fn names_and_sizes_are_understood() {
        assert_eq!(scratch_name("a/../b"), "a____b");
        for (text, expected) in
            [("64Mi", Some(64 << 20)), ("1.5k", Some(1500)), ("9", Some(9)), ("much", None)]
        {
            assert_eq!(bytes_of(text), expected, "{text}");
        }
        for (text, expected) in [("A_b", true), ("a.b-c", true), ("1a", false), ("a b", false), ("", false)] {
            assert_eq!(is_variable(text), expected, "{text}");
        }
    }
}
