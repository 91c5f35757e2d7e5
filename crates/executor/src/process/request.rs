//! Makes the launcher's request from the engine's.

use std::path::{Path, PathBuf};

use pipewright_engine::{AttemptId, Launch};
use pipewright_plan::{
    LaunchCompanion, LaunchFile, LaunchLimits, LaunchPlaces, LaunchSpec, LaunchUser, Mount, Word,
};

use super::older_sdk;
use super::pod::Brought;
use super::references;

/// Where programs are looked for, after what an environment adds.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An image that a task runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedImage {
    pub(crate) name: String,
    pub(crate) digest: String,
}

/// What a task runs with, in place of its image.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Surroundings {
    /// In place of the component's own command and arguments.
    pub(crate) words: Option<Vec<Word>>,
    pub(crate) files: Vec<LaunchFile>,
    /// Folders that come before the system's.
    pub(crate) path: Vec<PathBuf>,
    /// Defaults; the task's own settings win.
    pub(crate) env: Vec<(String, String)>,
    pub(crate) working_directory: Option<PathBuf>,
    /// A folder that plays the image's root.
    pub(crate) image_root: Option<PathBuf>,
    /// A whole system that the task runs in.
    pub(crate) root_filesystem: Option<PathBuf>,
    pub(crate) user: Option<LaunchUser>,
    /// Folder of the user in it.
    pub(crate) home: Option<String>,
    /// What it is a copy of.
    pub(crate) image: Option<NamedImage>,
    /// Folders that the task may change for itself alone.
    pub(crate) layered: Vec<PathBuf>,
    /// Folders that must be seen at their own names even where a task has a `/tmp` of its own.
    pub(crate) shown: Vec<PathBuf>,
    /// What the pod brings.
    pub(crate) brought: Brought,
    /// Where the command leaves what it names paths for.
    pub(crate) places: LaunchPlaces,
    /// Said in the log before the command's own words.
    pub(crate) notes: Vec<String>,
    /// Commands of the same pod.
    pub(crate) companions: Vec<LaunchCompanion>,
}

/// Settings that hold for every request.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    pub(crate) home: PathBuf,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) flush: bool,
    /// Most processes of a task in an image.
    pub(crate) processes: u64,
    /// Longest log.
    pub(crate) log_bytes: u64,
    /// Most of the disk, and what is to be left of it.
    pub(crate) disk_bytes: Option<u64>,
    pub(crate) disk_reserve_bytes: u64,
}

/// Returns what tasks get of our own environment: how to reach the network and packages, nothing else.
///
/// Source: v2 semantics 3, proxy and certificate variables.
pub(crate) fn inherited_env() -> Vec<(String, String)> {
    const NAMES: [&str; 5] =
        ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"];
    const PIP: [&str; 12] = [
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_NO_INDEX",
        "PIP_TRUSTED_HOST",
        "PIP_CERT",
        "PIP_CLIENT_CERT",
        "PIP_CONSTRAINT",
        "PIP_CONFIG_FILE",
        "PIP_PROXY",
        "PIP_RETRIES",
        "PIP_DEFAULT_TIMEOUT",
    ];
    const PROXIES: [&str; 4] = ["http_proxy", "https_proxy", "no_proxy", "all_proxy"];
    let is_passed = |name: &str| {
        NAMES.contains(&name) || PIP.contains(&name) || PROXIES.contains(&name.to_ascii_lowercase().as_str())
    };
    std::env::vars().filter(|(name, _)| is_passed(name)).collect()
}

/// Returns what tells a process which GPUs are its own. Without such a word it would take all of them; so one that
/// is allotted none is told that, too. Source: CUDA's programming guide, environment variables.
pub(crate) fn gpu_variables(launch: &Launch) -> Vec<(String, String)> {
    let Some(gpus) = &launch.gpus else { return Vec::new() };
    let names = gpus.join(",");
    let of_containers = if names.is_empty() { "void".to_owned() } else { names.clone() };
    vec![("CUDA_VISIBLE_DEVICES".to_owned(), names), ("NVIDIA_VISIBLE_DEVICES".to_owned(), of_containers)]
}

/// Makes the request.
pub(crate) fn spec_of(launch: Launch, folder: &Path, around: Surroundings, common: &Common) -> LaunchSpec {
    let env = environment((&launch.attempt, &launch.pod_name), folder, &around, common, &launch.env);
    let (mut command, mut args) = match around.words {
        Some(words) => (words, Vec::new()),
        None => (launch.container.command, launch.container.args),
    };
    older_sdk::complete(&mut command);
    let is_own = |name: &str| {
        matches!(name, "KFP_POD_NAME" | "KFP_POD_UID")
            || launch.env.iter().chain(around.brought.env()).any(|(own, _)| own == name)
    };
    let value = |name: &str| {
        let found = env.iter().find(|(known, _)| known == name).filter(|_| is_own(name));
        found.map(|(_, value)| value.as_str())
    };
    references::fill(&mut command, &value);
    references::fill(&mut args, &value);
    LaunchSpec {
        attempt: launch.attempt.to_string(),
        directory: folder.to_owned(),
        executor_input: launch.executor_input,
        defaults: launch.defaults,
        job: launch.job,
        command,
        args,
        env,
        files: around.files,
        notes: around.notes,
        output_parameters: launch.output_parameters,
        mounts: mounts_of(around.shown, &common.home),
        volumes: around.brought.volumes,
        places: around.places,
        image_root: around.image_root,
        layered: around.layered,
        limits: LaunchLimits {
            memory_bytes: launch.resources.memory_limit_bytes.filter(|_| around.root_filesystem.is_some()),
            processes: around.root_filesystem.as_ref().map(|_| common.processes),
            log_bytes: Some(common.log_bytes),
            disk_bytes: common.disk_bytes,
            disk_reserve_bytes: Some(common.disk_reserve_bytes),
        },
        root_filesystem: around.root_filesystem,
        user: around.user,
        working_directory: around.working_directory,
        result: launch.container.result,
        flush: common.flush,
        companions: around.companions,
    }
}

/// Shows what a private `/tmp` would hide; what lies in the home folder is shown anyway.
fn mounts_of(shown: Vec<PathBuf>, home: &Path) -> Vec<Mount> {
    shown
        .into_iter()
        .filter(|path| path.starts_with("/tmp") && !path.starts_with(home))
        .map(|path| Mount { source: path.clone(), target: path, writable: false })
        .collect()
}

/// Lists the whole environment; later settings replace earlier ones of the same name.
fn environment(
    (attempt, pod_name): (&AttemptId, &str),
    folder: &Path,
    around: &Surroundings,
    common: &Common,
    own: &[(String, String)],
) -> Vec<(String, String)> {
    let is_whole = around.root_filesystem.is_some();
    let home = match &around.home {
        Some(home) if is_whole => home.clone(),
        _ => folder.join("work").to_string_lossy().into_owned(),
    };
    let mut path: String = around.path.iter().map(|folder| format!("{}:", folder.display())).collect();
    path.push_str(SYSTEM_PATH);
    let defaults = [
        ("PATH", path),
        ("HOME", home),
        ("LANG", "C.UTF-8".to_owned()),
        ("PYTHONUNBUFFERED", "1".to_owned()),
        ("KFP_POD_NAME", pod_name.to_owned()),
        ("KFP_POD_UID", attempt.digest()),
        ("KFP_RUN_ID", attempt.run.0.clone()),
    ];
    let brought: Vec<(String, String)> = around.brought.env().cloned().collect();
    let own = expanded(own, &brought);
    let mut env: Vec<(String, String)> = defaults.map(|(name, value)| (name.to_owned(), value)).into();
    let (whole, single) = (&around.brought.whole, &around.brought.single);
    if is_whole {
        // The image says how it speaks; a pod's host name is the pod's.
        env.retain(|(name, _)| name != "LANG");
        env.push(("HOSTNAME".to_owned(), pod_name.to_owned()));
    }
    // Files of the machine are not there in an image.
    let is_passed = |(_, value): &&(String, String)| !(is_whole && value.starts_with('/'));
    for (name, value) in
        common.env.iter().filter(is_passed).chain(&around.env).chain(whole).chain(&own).chain(single)
    {
        match env.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.clone_from(value),
            None => env.push((name.clone(), value.clone())),
        }
    }
    env
}

/// Replaces `$(NAME)` in values by what the list has set before, or what is brought, as Kubernetes does; `$$`
/// stands for `$`, and a name that is not set stays as it is written.
fn expanded(own: &[(String, String)], brought: &[(String, String)]) -> Vec<(String, String)> {
    let mut env: Vec<(String, String)> = Vec::with_capacity(own.len());
    for (name, value) in own {
        let mut text = String::with_capacity(value.len());
        let mut rest = value.as_str();
        while let Some((before, after)) = rest.split_once('$') {
            text.push_str(before);
            rest = after;
            let reference = rest.strip_prefix('(').and_then(|body| body.split_once(')'));
            if let Some(escaped) = rest.strip_prefix('$') {
                text.push('$');
                rest = escaped;
            } else if let Some((wanted, after)) = reference {
                match env.iter().rev().chain(brought.iter().rev()).find(|(known, _)| known == wanted) {
                    Some((_, found)) => text.push_str(found),
                    None => text.push_str(&format!("$({wanted})")),
                }
                rest = after;
            } else {
                text.push('$');
            }
        }
        text.push_str(rest);
        env.push((name.clone(), text));
    }
    env
}

#[cfg(test)]
mod tests {
    use super::expanded;

    #[test]
    fn values_refer_to_earlier_variables() {
        let cases = [
            ("[$(ONE)]", "[1 $(ONE)]"),
            ("$$(ONE)", "$(ONE)"),
            ("$(TWO) $(TEXT)", "$(TWO) $(TEXT)"),
            ("$ONE $ $( $$ cost 5$", "$ONE $ $( $ cost 5$"),
            ("$(ONE", "$(ONE"),
            ("$(TOKEN)", "$(ONE)"),
        ];
        let brought = [("TOKEN".to_owned(), "$(ONE)".to_owned())];
        for (value, expected) in cases {
            let own = [("ONE", "1 $$(ONE)"), ("TEXT", value)].map(|(n, v)| (n.to_owned(), v.to_owned()));
            assert_eq!(expanded(&own, &brought)[1].1, expected, "{value}");
        }
    }
}
