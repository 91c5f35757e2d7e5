//! What was asked for, settled: flag over environment over `<home>/pipewright.toml` over default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use jiff::tz::TimeZone;
use pipewright_controller::Retention;
use pipewright_executor::HostFolder;
use pipewright_server::{CacheAges, SampleFile, TlsFiles, UrlRules, V1Rules};
use serde::Deserialize;

use crate::{access, args};

mod retention;
mod v1;

/// Name of the settings file in the home folder.
const FILE: &str = "pipewright.toml";

/// Settings of a process that owns a home folder.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub home: PathBuf,
    pub listen: String,
    pub durability: args::Durability,
    pub isolation: args::Isolation,
    /// File that maps images, besides that of the home folder.
    pub images: Option<PathBuf>,
    pub any_image: bool,
    /// Folders of this machine that tasks may mount.
    pub host_paths: Vec<HostFolder>,
    pub executor: args::Executor,
    pub container_socket: Option<PathBuf>,
    pub container_network: args::ContainerNetwork,
    /// A task whose log grows longer is stopped.
    pub log_bytes: u64,
    /// A task whose files take more of the disk is stopped.
    pub disk_bytes: Option<u64>,
    /// When less than this is free, tasks that have written more than what is left are stopped.
    pub disk_reserve_bytes: u64,
    /// Most processes of a task in an image.
    pub process_limit: u64,
    /// Size of `/dev/shm` in containers.
    pub shared_memory_bytes: u64,
    pub max_parallel: Option<u32>,
    /// Names of the GPUs that tasks may use.
    pub gpus: Vec<String>,
    pub grace: Duration,
    /// Environment variables that every task gets; its own settings win.
    pub task_env: Vec<(String, String)>,
    /// In which cron expressions of recurring runs are read.
    pub cron_zone: TimeZone,
    /// The image that visualizations run in.
    pub visualization_image: Option<String>,
    /// How old results may be that steps of v1 pipelines take.
    pub cache_ages: CacheAges,
    /// From where pipelines may be fetched by URL.
    pub pipeline_urls: UrlRules,
    /// What v1 pipelines may do.
    pub v1: V1Rules,
    /// Pipelines that a server begins with.
    pub samples: Option<SampleFile>,
    /// How long a server keeps runs.
    pub retention: Retention,
    /// Host names by which the server may be called without authentication.
    pub allowed_hosts: Vec<String>,
    /// What users have is apart by namespace.
    pub multi_user: bool,
    /// Pipelines are in namespaces too.
    pub require_namespace_for_pipelines: bool,
    /// Who may call the server.
    pub access: access::Settings,
    /// What encrypts its connections.
    pub tls: Option<TlsFiles>,
}

/// `[tls]`; relative to the home folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    certificate: PathBuf,
    key: PathBuf,
}

/// The keys of `pipewright.toml`, all of them optional.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    listen: Option<String>,
    durability: Option<args::Durability>,
    isolation: Option<args::Isolation>,
    /// Relative to the home folder.
    images: Option<PathBuf>,
    any_image: Option<bool>,
    /// Absolute paths, `:ro` behind those that are only read.
    host_paths: Vec<String>,
    executor: Option<args::Executor>,
    /// Relative to the home folder.
    container_socket: Option<PathBuf>,
    container_network: Option<args::ContainerNetwork>,
    /// A quantity, as `512Mi`.
    log_limit: Option<String>,
    disk_limit: Option<String>,
    disk_reserve: Option<String>,
    process_limit: Option<u64>,
    /// A quantity, as `1Gi`.
    shared_memory: Option<String>,
    max_parallel: Option<u32>,
    gpus: Option<Vec<String>>,
    grace_seconds: Option<u64>,
    cron_timezone: Option<String>,
    visualization_image: Option<String>,
    allowed_hosts: Vec<String>,
    multi_user: bool,
    require_namespace_for_pipelines: bool,
    auth: access::Keys,
    tls: Option<Tls>,
    pipeline_urls: PipelineUrls,
    v1_cache: v1::V1Cache,
    v1_pipelines: v1::V1Pipelines,
    /// Relative to the home folder.
    sample_config: Option<PathBuf>,
    /// Of the pipelines that it lists.
    sample_tags: BTreeMap<String, String>,
    retention: retention::Keys,
    /// Names of this process's own variables that tasks get.
    pass_env: Vec<String>,
    /// Variables that tasks get, with their values; win over those passed.
    env: BTreeMap<String, String>,
}

/// From where pipelines may be fetched by URL, besides the well-known places.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PipelineUrls {
    allow_http: bool,
    allowed_hosts: Vec<String>,
    allow_private: bool,
    timeout_seconds: Option<u64>,
}

impl PipelineUrls {
    fn rules(&self) -> Result<UrlRules> {
        let usual = UrlRules::default();
        if self.timeout_seconds == Some(0) {
            bail!("timeout_seconds of [pipeline_urls] is 0: nothing could ever be fetched");
        }
        Ok(UrlRules {
            allow_http: self.allow_http,
            allowed_hosts: self.allowed_hosts.clone(),
            allow_private: self.allow_private,
            timeout: self.timeout_seconds.map_or(usual.timeout, Duration::from_secs),
        })
    }
}

impl Settings {
    /// Settles the settings; reads the file of the home folder if there is one.
    ///
    /// `serve` are the flags that only a server has.
    pub(crate) fn resolve(
        home: &args::Home,
        machine: &args::Machine,
        serve: Option<&args::Serve>,
    ) -> Result<Self> {
        let home = home_folder(home)?;
        let file = File::read(&home.join(FILE))?;
        let max_parallel = machine.max_parallel.or(file.max_parallel);
        if max_parallel == Some(0) {
            bail!("max_parallel is 0: nothing could ever run");
        }
        let task_env = file.task_env();
        let cron_zone = match file.cron_timezone.as_deref() {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).with_context(|| {
                format!("cron_timezone `{name}` is no time zone that this machine knows, as Europe/Berlin")
            })?,
        };
        let images = match &machine.images {
            Some(path) => Some(
                std::path::absolute(path)
                    .with_context(|| format!("cannot make {} absolute", path.display()))?,
            ),
            None => file.images.as_ref().map(|path| home.join(path)),
        };
        if let Some(path) = images.as_ref().filter(|path| !path.is_file()) {
            bail!("there is no file {} to map images", path.display());
        }
        let samples = match serve.and_then(|serve| serve.sample_config.as_ref()) {
            Some(path) => Some(path.clone()),
            None => file.sample_config.as_ref().map(|path| home.join(path)),
        };
        let listen = serve.and_then(|serve| serve.listen.clone());
        let flags = serve.map(|serve| serve.access.clone()).unwrap_or_default();
        let files =
            file.tls.map(|tls| TlsFiles { certificate: home.join(tls.certificate), key: home.join(tls.key) });
        let tls = match (&flags.tls_certificate, &flags.tls_key) {
            (Some(certificate), Some(key)) => {
                Some(TlsFiles { certificate: certificate.clone(), key: key.clone() })
            }
            _ => files,
        };
        Ok(Self {
            tls,
            multi_user: flags.multi_user.unwrap_or(file.multi_user),
            require_namespace_for_pipelines: file.require_namespace_for_pipelines,
            access: access::Settings::resolve(&home, file.auth, &flags)?,
            allowed_hosts: file.allowed_hosts,
            listen: listen.or(file.listen).unwrap_or_else(|| "127.0.0.1:8080".to_owned()),
            durability: machine.durability.or(file.durability).unwrap_or(args::Durability::Grouped),
            isolation: machine.isolation.or(file.isolation).unwrap_or(args::Isolation::Auto),
            images,
            any_image: machine.any_image || file.any_image.unwrap_or(false),
            host_paths: host_paths(machine.host_paths.as_ref().unwrap_or(&file.host_paths))?,
            executor: machine.executor.or(file.executor).unwrap_or(args::Executor::Auto),
            container_socket: match &machine.container_socket {
                Some(path) => {
                    Some(std::path::absolute(path).context("cannot make the socket's path absolute")?)
                }
                None => file.container_socket.as_ref().map(|path| home.join(path)),
            },
            container_network: machine
                .container_network
                .or(file.container_network)
                .unwrap_or(args::ContainerNetwork::Default),
            log_bytes: bytes("log_limit", file.log_limit.as_deref(), 1 << 30)?,
            disk_bytes: match file.disk_limit.as_deref() {
                Some(limit) => Some(bytes("disk_limit", Some(limit), 0)?),
                None => None,
            },
            disk_reserve_bytes: bytes("disk_reserve", file.disk_reserve.as_deref(), 1 << 30)?,
            process_limit: file.process_limit.unwrap_or(4096),
            shared_memory_bytes: bytes("shared_memory", file.shared_memory.as_deref(), 1 << 30)?,
            max_parallel,
            gpus: match &machine.gpus {
                Some(names) => names.iter().filter(|name| !name.is_empty()).cloned().collect(),
                None => file.gpus.unwrap_or_else(crate::gpus::found),
            },
            grace: Duration::from_secs(machine.grace_seconds.or(file.grace_seconds).unwrap_or(10)),
            task_env,
            cron_zone,
            visualization_image: file.visualization_image,
            pipeline_urls: file.pipeline_urls.rules()?,
            cache_ages: file.v1_cache.ages()?,
            v1: file.v1_pipelines.rules(),
            samples: samples.map(|path| SampleFile { path, tags: file.sample_tags }),
            retention: file.retention.settled()?,
            home,
        })
    }
}

/// Reads the folders that tasks may mount.
fn host_paths(listed: &[String]) -> Result<Vec<HostFolder>> {
    let listed = listed.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    listed.map(|text| HostFolder::read(text).map_err(|why| anyhow!("host_paths: {why}"))).collect()
}

impl Settings {
    /// Returns the settings of the HTTP server and of the way runs are created.
    pub(crate) fn server(&self) -> pipewright_server::Settings {
        let artifacts = self.home.join("artifacts").display().to_string();
        let image = self.visualization_image.as_deref();
        let image = image.unwrap_or(pipewright_server::Settings::VISUALIZATION_IMAGE).to_owned();
        pipewright_server::Settings {
            visualization_image: image,
            cron_zone: self.cron_zone.clone(),
            allowed_hosts: self.allowed_hosts.clone(),
            tls: self.tls.clone(),
            multi_user: self.multi_user,
            require_namespace_for_pipelines: self.require_namespace_for_pipelines,
            pipeline_urls: self.pipeline_urls.clone(),
            cache_ages: self.cache_ages,
            v1: self.v1.clone(),
            gpus: self.gpus.clone(),
            home: Some(self.home.clone()),
            private_files: self.access.secret_files.clone(),
            ..pipewright_server::Settings::new(artifacts)
        }
    }
}

impl File {
    fn task_env(&self) -> Vec<(String, String)> {
        let passed = self.pass_env.iter().filter_map(|name| Some((name.clone(), std::env::var(name).ok()?)));
        passed.chain(self.env.clone()).collect()
    }

    fn read(path: &Path) -> Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        toml::from_str(&text).with_context(|| format!("cannot read {}", path.display()))
    }
}

/// Reads a setting that is a number of bytes.
fn bytes(name: &str, text: Option<&str>, default: u64) -> Result<u64> {
    let Some(text) = text else { return Ok(default) };
    match pipewright_plan::quantity(text) {
        Some(bytes) if bytes >= 1.0 => Ok(bytes as u64),
        _ => bail!("{name} is `{text}`, which is no number of bytes, as 512Mi"),
    }
}

/// Returns the home folder as an absolute path; does not create it.
pub(crate) fn home_folder(home: &args::Home) -> Result<PathBuf> {
    let chosen = match &home.home {
        Some(folder) => folder.clone(),
        None => {
            let user = std::env::home_dir().context("this user has no home folder; give --home DIR")?;
            user.join(".pipewright")
        }
    };
    if chosen.as_os_str().is_empty() {
        bail!("the home folder's name is empty");
    }
    std::path::absolute(&chosen).with_context(|| format!("cannot make {} absolute", chosen.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, machine: args::Machine, expected: Result<(Option<u32>, bool, u64), &str>) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join(FILE), file).expect("the settings file");
        let home = args::Home { home: Some(folder.path().to_owned()) };
        match (Settings::resolve(&home, &machine, None), expected) {
            (Ok(found), Ok(expected)) => {
                assert_eq!((found.max_parallel, found.any_image, found.grace.as_secs()), expected);
            }
            (Err(error), Err(part)) => assert!(format!("{error:#}").contains(part), "{error:#}"),
            (found, expected) => panic!("{found:?} is not {expected:?}"),
        }
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let flags = || args::Machine { max_parallel: Some(2), ..args::Machine::default() };
        check("", args::Machine::default(), Ok((None, false, 10)));
        check("max_parallel = 5\nany_image = true", args::Machine::default(), Ok((Some(5), true, 10)));
        check("max_parallel = 5\ngrace_seconds = 3", flags(), Ok((Some(2), false, 3)));
        check("max_paralel = 5", flags(), Err("unknown field"));
        check("images = 'lost.toml'", args::Machine::default(), Err("lost.toml to map images"));
        check("max_parallel = 0", args::Machine::default(), Err("nothing could ever run"));
        check(
            "host_paths = ['data']",
            args::Machine::default(),
            Err("host_paths: `data` is no absolute path"),
        );
    }
}
