//! The command line as typed; what it means together with environment and file is settled in `settings`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use pipewright_engine::ExecutorChoice;

pub(crate) use crate::args_runs::{Resume, Runs};
use crate::{args_access, args_api, args_artifacts, args_images, args_objects, env};

/// Runs Kubeflow Pipelines on this machine.
#[derive(Debug, Parser)]
#[command(name = "pipewright", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    /// What to log on stderr, such as `info` or `pipewright_controller=debug`
    #[arg(long, global = true, env = env::LOG, value_name = "FILTER", hide_env_values = true)]
    pub log: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a compiled pipeline to its end
    #[command(after_help = "Examples:
  pipewright run pipeline.yaml
  pipewright run pipeline.yaml -p epochs=3 -p 'layers=[64, 32]' --output json
  pipewright run pipeline.yaml --explain-cache
  pipewright run release.yaml --resume approve:decision=YES

Leaves with 0 when the run succeeded, 1 when it failed or was cancelled, 2 when the input is wrong.")]
    Run(Run),
    /// Serve the REST API that the kfp SDK talks to
    #[command(after_help = "Examples:
  pipewright serve
  pipewright serve --listen 127.0.0.1:8888 --home ./pipelines
  pipewright serve --listen 0.0.0.0:8443 --tls-certificate tls.crt --tls-key tls.key")]
    Serve(Serve),
    /// Print every mistake of a pipeline file
    #[command(after_help = "Example:
  pipewright check pipeline.yaml

Leaves with 0 when the file can be run, 2 when it cannot.")]
    Check(Check),
    /// List, show and change runs, or read their logs
    #[command(
        subcommand,
        after_help = "Examples:
  pipewright runs list
  pipewright runs get 0199e5c4-…
  pipewright runs logs 0199e5c4-… --task train
  pipewright runs resume 0199e5c4-… approve -p decision=YES
  pipewright runs cancel 0199e5c4-… --server http://127.0.0.1:8080"
    )]
    Runs(Runs),
    /// Keep pipelines on a server
    #[command(
        subcommand,
        visible_alias = "pipelines",
        after_help = "Examples:
  pipewright pipeline upload pipeline.yaml --name forecast
  pipewright pipeline list
  pipewright pipeline delete forecast --cascade"
    )]
    Pipeline(args_api::Pipeline),
    /// Keep versions of a pipeline on a server
    #[command(
        subcommand,
        visible_alias = "versions",
        after_help = "Examples:
  pipewright version upload pipeline.yaml --pipeline forecast --name v2
  pipewright version list --pipeline forecast"
    )]
    Version(args_api::Version),
    /// Keep experiments on a server: groups of runs
    #[command(
        subcommand,
        visible_alias = "experiments",
        after_help = "Examples:
  pipewright experiment create tuning
  pipewright experiment archive tuning"
    )]
    Experiment(args_api::Experiment),
    /// Look at what tasks of a server have made
    #[command(
        subcommand,
        visible_alias = "artifacts",
        after_help = "Examples:
  pipewright artifact list --type system.Model
  pipewright artifact download 9f0c… --file model.bin
  pipewright artifact lineage 9f0c…"
    )]
    Artifact(args_artifacts::Artifact),
    /// Say who changed what on a server
    #[command(after_help = "Example:
  pipewright audit --limit 50")]
    Audit(args_artifacts::Audit),
    /// Run pipelines again and again, by a schedule
    #[command(
        subcommand,
        visible_alias = "recurring-runs",
        after_help = "Examples:
  pipewright recurring-run create nightly --pipeline forecast --cron '0 0 3 * * *'
  pipewright recurring-run disable nightly"
    )]
    RecurringRun(args_api::RecurringRun),
    /// Keep servers under names, and what is shown to them
    #[command(
        subcommand,
        visible_alias = "contexts",
        after_help = "Examples:
  pipewright context add lab --server https://ml.example.org
  pipewright context use lab"
    )]
    Context(args_api::ContextCommand),
    /// Keep a token or a session for a server that asks who calls
    #[command(after_help = "Examples:
  pipewright login --server https://ml.example.org
  pipewright login --user ada")]
    Login(args_api::Login),
    /// Say who one is on a server, and what one may do there
    #[command(after_help = "Example:
  pipewright whoami")]
    Whoami(args_api::Whoami),
    /// Keep secrets that tasks get as variables or files
    #[command(
        subcommand,
        after_help = "Examples:
  pipewright secret create token --from-file key=./token.txt
  printf %s \"$TOKEN\" | pipewright secret create token --from-file key=-
  pipewright secret list"
    )]
    Secret(args_objects::Keyed),
    /// Keep config maps that tasks get as variables or files
    #[command(
        subcommand,
        visible_alias = "config",
        after_help = "Examples:
  pipewright config-map create settings --from-literal mode=fast --from-file ./limits.json
  pipewright config-map get settings"
    )]
    ConfigMap(args_objects::Keyed),
    /// Keep volumes that tasks mount: each is a folder
    #[command(
        subcommand,
        after_help = "Examples:
  pipewright volume create data --size 10Gi
  cp faces.csv \"$(pipewright volume path data)\"
  pipewright volume list"
    )]
    Volume(args_objects::Volume),
    /// Keep objects of any kind, as Kubernetes manifests
    #[command(
        subcommand,
        after_help = "Examples:
  pipewright object apply -f claim.yaml
  pipewright object get PersistentVolumeClaim data
  pipewright object delete Secret token"
    )]
    Object(args_objects::Object),
    /// Keep who may use a server that asks
    #[command(
        subcommand,
        after_help = "Examples:
  pipewright user add ada --role admin
  pipewright user add bob --role viewer --role team-a=editor
  pipewright user list"
    )]
    User(args_access::User),
    /// Keep tokens that programs show to a server that asks
    #[command(
        subcommand,
        after_help = "Examples:
  pipewright token create ci --user ada --days 90
  pipewright token create robot --role editor
  pipewright token revoke ci"
    )]
    Token(args_access::Token),
    /// Keep images that tasks run in without a container engine
    #[command(
        subcommand,
        after_help = "Examples:
  docker save team/train:1 | gzip > train.tar.gz; pipewright image import train.tar.gz
  pipewright image pull python:3.11-slim
  pipewright image list"
    )]
    Image(args_images::Image),
    /// Say what this machine can do, what is missing and how to get it
    #[command(after_help = "Example:
  pipewright doctor --output json")]
    Doctor(Doctor),
    /// Print a completion script for a shell
    #[command(after_help = "Example:
  pipewright completion bash > ~/.local/share/bash-completion/completions/pipewright")]
    Completion {
        /// Shell to write for
        shell: clap_complete::Shell,
    },
}

/// Lets `run list` stand for `runs list`, unless there is such a file to run.
pub(crate) fn spelled(mut words: Vec<OsString>) -> Vec<OsString> {
    let verbs = [
        "list",
        "get",
        "logs",
        "create",
        "cancel",
        "terminate",
        "archive",
        "unarchive",
        "retry",
        "resume",
        "delete",
        "export",
        "import",
        "help",
    ];
    let is_verb = |word: &OsString| verbs.iter().any(|verb| word == verb) && !Path::new(word).exists();
    if words.get(1).is_some_and(|word| word == "run") && words.get(2).is_some_and(is_verb) {
        words[1] = OsString::from("runs");
    }
    words
}

/// How results are printed on stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// When what was recorded is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Durability {
    /// What users asked for at once, what tasks report in groups soon after
    Grouped,
    /// Everything before it is acted upon
    Full,
}

/// Whether tasks get private folders and a read-only file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Isolation {
    /// Where the kernel allows it
    Auto,
    /// Refuse to start without
    On,
    /// Tasks share this machine's file system as it is
    Off,
}

/// How tasks are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Executor {
    /// Containers where an engine answers and the image is no plain Python image, processes otherwise
    Auto,
    /// Processes of this machine
    Process,
    /// Containers of Docker or Podman
    Container,
}

impl Executor {
    /// Returns the choice that it names.
    pub(crate) fn choice(self) -> ExecutorChoice {
        match self {
            Self::Auto => ExecutorChoice::Auto,
            Self::Process => ExecutorChoice::Process,
            Self::Container => ExecutorChoice::Container,
        }
    }
}

/// What containers see of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ContainerNetwork {
    /// The engine's own
    Default,
    /// Nothing but loopback
    None,
    /// This machine's
    Host,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Home {
    /// Folder with everything that is kept: database, artifacts, logs, environments [default: ~/.pipewright]
    #[arg(long, env = env::HOME, value_name = "DIR", hide_env_values = true)]
    pub home: Option<PathBuf>,
}

/// How tasks are run; the same for a server and for a run without one.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Machine {
    /// Tasks at once [default: bounded by CPUs and memory]
    #[arg(long, env = env::MAX_PARALLEL, value_name = "N", hide_env_values = true)]
    pub max_parallel: Option<u32>,
    /// GPUs that tasks may use, by number or id; an empty list for none [default: all of NVIDIA's]
    #[arg(long, env = env::GPUS, value_name = "LIST", value_delimiter = ',', hide_env_values = true)]
    pub gpus: Option<Vec<String>>,
    /// File that maps images, before images.toml of the home folder
    #[arg(long, env = env::IMAGES, value_name = "FILE", hide_env_values = true)]
    pub images: Option<PathBuf>,
    /// Run tasks of any image with this machine's own programs
    #[arg(long, env = env::ANY_IMAGE, hide_env_values = true)]
    pub any_image: bool,
    /// Folders of this machine that tasks may mount by `hostPath`, `:ro` behind those that are only read [default: none]
    #[arg(long, env = env::HOST_PATHS, value_name = "LIST", value_delimiter = ',', hide_env_values = true)]
    pub host_paths: Option<Vec<String>>,
    /// Run tasks as processes or as containers [default: auto]
    #[arg(long, env = env::EXECUTOR, value_name = "HOW", hide_env_values = true)]
    pub executor: Option<Executor>,
    /// Socket of the container engine [default: where Docker and Podman listen]
    #[arg(long, env = env::CONTAINER_SOCKET, value_name = "FILE", hide_env_values = true)]
    pub container_socket: Option<PathBuf>,
    /// What containers see of the network [default: default]
    #[arg(long, env = env::CONTAINER_NETWORK, value_name = "WHAT", hide_env_values = true)]
    pub container_network: Option<ContainerNetwork>,
    /// Private folders and a read-only file system for tasks [default: auto]
    #[arg(long, env = env::ISOLATION, value_name = "WHEN", hide_env_values = true)]
    pub isolation: Option<Isolation>,
    /// When what was recorded is on disk [default: grouped]
    #[arg(long, env = env::DURABILITY, value_name = "HOW", hide_env_values = true)]
    pub durability: Option<Durability>,
    /// Seconds that a cancelled task gets between SIGTERM and SIGKILL [default: 10]
    #[arg(long, env = env::GRACE_SECONDS, value_name = "SECONDS", hide_env_values = true)]
    pub grace_seconds: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Pipeline file as compiled by the kfp SDK, 2.x or 1.8 (YAML or JSON), or a package of it (.zip, .tar.gz)
    pub file: PathBuf,
    /// Pipeline parameter; lists and structs as JSON
    #[arg(short, long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// File with pipeline parameters, JSON or YAML; -p wins over it
    #[arg(long = "params", value_name = "FILE")]
    pub parameter_file: Option<PathBuf>,
    #[command(flatten)]
    pub home: Home,
    #[command(flatten)]
    pub machine: Machine,
    /// Run every task anew instead of taking earlier results
    #[arg(long)]
    pub no_cache: bool,
    /// Say for each task why it took an earlier result or did not
    #[arg(long)]
    pub explain_cache: bool,
    /// Experiment that the run belongs to; made when there is none of that name
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,
    /// Namespace of the run and of the objects that it finds [default: default; on a server that of the context]
    #[arg(long, env = env::NAMESPACE, value_name = "NAMESPACE", hide_env_values = true)]
    pub namespace: Option<String>,
    /// Name of the run [default: the pipeline's name and the time]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Let this task go on as soon as it waits, with a value that it expects; give it again for more
    #[arg(long, value_name = "TASK[:NAME=VALUE]")]
    pub resume: Vec<String>,
    /// Run on this server instead of in this process
    #[arg(long, env = env::SERVER, value_name = "URL", hide_env_values = true)]
    pub server: Option<String>,
    /// How to print the result on stdout
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, env = env::LISTEN, value_name = "ADDRESS", hide_env_values = true)]
    pub listen: Option<String>,
    /// List of pipelines that the server begins with, as sample_config.json
    #[arg(long, env = env::SAMPLE_CONFIG, value_name = "FILE", hide_env_values = true)]
    pub sample_config: Option<PathBuf>,
    #[command(flatten)]
    pub access: Access,
    #[command(flatten)]
    pub home: Home,
    #[command(flatten)]
    pub machine: Machine,
}

/// Whether callers of a server must be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Auth {
    /// Whoever reaches the server is its owner; on loopback addresses only
    None,
    /// By token, login, identity provider or trusted header
    Required,
}

/// Who may call a server.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Access {
    /// Whether callers must be known [default: none on loopback addresses, required elsewhere]
    #[arg(long, env = env::AUTH, value_name = "WHETHER", hide_env_values = true)]
    pub auth: Option<Auth>,
    /// Keep what users have apart by namespace [default: false]
    #[arg(
        long,
        env = env::MULTI_USER,
        value_name = "WHETHER",
        num_args = 0..=1,
        default_missing_value = "true",
        hide_env_values = true
    )]
    pub multi_user: Option<bool>,
    /// File with users and tokens [default: access.toml of the home folder]
    #[arg(long = "access", env = env::ACCESS, value_name = "FILE", hide_env_values = true)]
    pub file: Option<PathBuf>,
    /// Where users reach the server when that differs, as `https://ml.example.org`
    #[arg(long, env = env::PUBLIC_URL, value_name = "URL", hide_env_values = true)]
    pub public_url: Option<String>,
    /// Certificate to encrypt connections with, as PEM; read again when it changes
    #[arg(long, env = env::TLS_CERTIFICATE, value_name = "FILE", hide_env_values = true, requires = "tls_key")]
    pub tls_certificate: Option<PathBuf>,
    /// Key of the certificate, as PEM
    #[arg(long, env = env::TLS_KEY, value_name = "FILE", hide_env_values = true, requires = "tls_certificate")]
    pub tls_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Pipeline file to check
    pub file: PathBuf,
    /// Where workflow templates are that it refers to
    #[command(flatten)]
    pub place: Place,
}

/// Where runs are looked for.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    #[command(flatten)]
    pub home: Home,
    /// Server to ask instead of a home folder
    #[arg(long, env = env::SERVER, value_name = "URL", hide_env_values = true)]
    pub server: Option<String>,
    /// Namespace to look in or to put into [default: that of the context]
    #[arg(short, long, env = env::NAMESPACE, value_name = "NAMESPACE", hide_env_values = true)]
    pub namespace: Option<String>,
    /// How to print on stdout
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub home: Home,
    /// File that maps images, to be checked with images.toml of the home folder
    #[arg(long, env = env::IMAGES, value_name = "FILE", hide_env_values = true)]
    pub images: Option<PathBuf>,
    /// How to print on stdout
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::Arguments;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_shows_an_example() {
        fn look(command: &Command, path: &str) {
            for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
                let path = format!("{path} {}", command.get_name());
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(
                    help.contains("Example") && help.contains("  pipewright "),
                    "`{path}` has no example"
                );
                look(command, &path);
            }
        }
        look(&Arguments::command(), "pipewright");
    }

    /// What every command says of itself; review changes like code.
    #[test]
    fn help() {
        fn write(command: &mut Command, path: &str, all: &mut String) {
            *command = command.clone().term_width(100).bin_name(path);
            all.push_str(&format!("# {path}\n\n{}\n\n", command.render_long_help()));
            for command in command.get_subcommands_mut().filter(|command| command.get_name() != "help") {
                let path = format!("{path} {}", command.get_name());
                write(command, &path, all);
            }
        }
        let mut all = String::new();
        write(&mut Arguments::command(), "pipewright", &mut all);
        insta::assert_snapshot!(all);
    }
}
