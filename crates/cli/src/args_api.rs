//! The command line over the API of a server: pipelines, versions, experiments, recurring runs, contexts, login.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::args::{Format, Place};
use crate::env;

/// How results of these commands are printed on stdout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// For people
    #[default]
    #[value(alias = "text")]
    Table,
    Json,
    Yaml,
    /// The ids alone, one a line
    Name,
}

/// Which server, and how to print.
#[derive(Debug, Clone, Args)]
pub(crate) struct Remote {
    /// Server to ask [default: that of the context in use, else the one that serves the home folder]
    #[arg(long, env = env::SERVER, value_name = "URL", hide_env_values = true)]
    pub server: Option<String>,
    /// Namespace to look in or to put into, on a server whose users have theirs [default: that of
    /// the context]; for pipelines an empty one means what all share
    #[arg(long, env = env::NAMESPACE, value_name = "NAMESPACE", hide_env_values = true)]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub home: crate::args::Home,
    /// How to print on stdout
    #[arg(short, long, value_enum, default_value_t)]
    pub output: Shape,
}

/// What to list.
#[derive(Debug, Clone, Args)]
pub(crate) struct Listing {
    /// Most rows to list
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub limit: u32,
    /// Field to sort by, as `created_at desc`
    #[arg(long, default_value = "created_at desc", value_name = "FIELD [asc|desc]")]
    pub sort: String,
    /// Only those with this in their name
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Filter as the API takes it, in JSON
    #[arg(long, value_name = "JSON", conflicts_with = "name")]
    pub filter: Option<String>,
    /// List again every two seconds until interrupted
    #[arg(short, long)]
    pub watch: bool,
    #[command(flatten)]
    pub remote: Remote,
}

/// One of them.
#[derive(Debug, Clone, Args)]
pub(crate) struct One {
    /// Id or name
    pub name: String,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Pipeline {
    /// List pipelines, newest first
    #[command(after_help = "Example:\n  pipewright pipeline list --name forecast")]
    List(Listing),
    /// Show a pipeline
    #[command(after_help = "Example:\n  pipewright pipeline get forecast --output yaml")]
    Get(One),
    /// Upload a file as a new pipeline with its first version
    #[command(
        visible_alias = "create",
        after_help = "Example:\n  pipewright pipeline upload pipeline.yaml --name forecast --tag team=ml"
    )]
    Upload {
        file: PathBuf,
        /// [default: the file's name]
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        description: Option<String>,
        #[arg(long = "tag", value_name = "KEY=VALUE")]
        tags: Vec<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Give a pipeline another display name or other tags
    #[command(
        after_help = "Example:\n  pipewright pipeline update forecast --display-name 'Forecast of sales' --tag team=ml"
    )]
    Update(Change),
    /// Delete a pipeline
    #[command(after_help = "Example:\n  pipewright pipeline delete forecast --cascade")]
    Delete {
        #[command(flatten)]
        one: One,
        /// Delete its versions as well
        #[arg(long)]
        cascade: bool,
    },
}

/// What of a pipeline or version changes.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub(crate) struct Change {
    #[command(flatten)]
    pub one: One,
    #[arg(long)]
    pub display_name: Option<String>,
    /// Tag to set; all that are given replace those there are
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    pub tags: Vec<String>,
}

/// The pipeline that versions are of.
#[derive(Debug, Clone, Args)]
pub(crate) struct OfPipeline {
    /// Id or name of the pipeline
    #[arg(short, long, value_name = "PIPELINE")]
    pub pipeline: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Version {
    /// List versions of a pipeline, newest first
    #[command(after_help = "Example:\n  pipewright version list --pipeline forecast")]
    List {
        #[command(flatten)]
        of: OfPipeline,
        #[command(flatten)]
        listing: Listing,
    },
    /// Show a version
    #[command(after_help = "Example:\n  pipewright version get v2 --pipeline forecast --output json")]
    Get {
        #[command(flatten)]
        of: OfPipeline,
        #[command(flatten)]
        one: One,
    },
    /// Upload a file as a new version
    #[command(
        visible_alias = "create",
        after_help = "Example:\n  pipewright version upload pipeline.yaml --pipeline forecast --name v2"
    )]
    Upload {
        file: PathBuf,
        #[command(flatten)]
        of: OfPipeline,
        /// [default: the file's name]
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Give a version another display name or other tags
    #[command(
        after_help = "Example:\n  pipewright version update v2 --pipeline forecast --display-name stable"
    )]
    Update {
        #[command(flatten)]
        of: OfPipeline,
        #[command(flatten)]
        change: Change,
    },
    /// Delete a version
    #[command(after_help = "Example:\n  pipewright version delete v2 --pipeline forecast")]
    Delete {
        #[command(flatten)]
        of: OfPipeline,
        #[command(flatten)]
        one: One,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Experiment {
    /// List experiments, newest first
    #[command(after_help = "Example:\n  pipewright experiment list")]
    List(Listing),
    /// Show an experiment
    #[command(after_help = "Example:\n  pipewright experiment get Default")]
    Get(One),
    /// Make an experiment
    #[command(after_help = "Example:\n  pipewright experiment create tuning --description 'learning rates'")]
    Create {
        name: String,
        #[arg(long)]
        description: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Archive an experiment and its runs
    #[command(after_help = "Example:\n  pipewright experiment archive tuning")]
    Archive(One),
    /// Bring an experiment back
    #[command(after_help = "Example:\n  pipewright experiment unarchive tuning")]
    Unarchive(One),
    /// Delete an experiment; its runs stay
    #[command(after_help = "Example:\n  pipewright experiment delete tuning")]
    Delete(One),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RecurringRun {
    /// List recurring runs, newest first
    #[command(after_help = "Example:\n  pipewright recurring-run list")]
    List(Listing),
    /// Show a recurring run
    #[command(after_help = "Example:\n  pipewright recurring-run get nightly")]
    Get(One),
    /// Make a recurring run
    #[command(after_help = "Examples:
  pipewright recurring-run create nightly --pipeline forecast --cron '0 0 3 * * *'
  pipewright recurring-run create often --pipeline forecast --every 3600 -a epochs=3
  pipewright recurring-run create -f cron-workflow.yaml")]
    Create(CreateRecurring),
    /// Let a recurring run fire again
    #[command(after_help = "Example:\n  pipewright recurring-run enable nightly")]
    Enable(One),
    /// Let a recurring run fire no more
    #[command(after_help = "Example:\n  pipewright recurring-run disable nightly")]
    Disable(One),
    /// Delete a recurring run; its runs stay
    #[command(after_help = "Example:\n  pipewright recurring-run delete nightly")]
    Delete(One),
}

#[derive(Debug, Clone, Args)]
pub(crate) struct CreateRecurring {
    /// Name of it [default: that in the file]
    #[arg(required_unless_present = "file")]
    pub name: Option<String>,
    /// Id or name of the pipeline
    #[arg(short, long, value_name = "PIPELINE", required_unless_present = "file")]
    pub pipeline: Option<String>,
    /// File with a `CronWorkflow` of Argo, which says what runs and when
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["pipeline", "pipeline_version", "cron", "every", "max_concurrency", "no_catchup"])]
    pub file: Option<PathBuf>,
    /// Id or name of the version [default: the newest at each time]
    #[arg(long, value_name = "VERSION")]
    pub pipeline_version: Option<String>,
    /// When, as `SECOND MINUTE HOUR DAY MONTH WEEKDAY`, `TZ=ZONE` before it for another zone than the server's
    #[arg(long, required_unless_present_any = ["every", "file"], conflicts_with = "every")]
    pub cron: Option<String>,
    /// Every so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub every: Option<u64>,
    /// Pipeline parameter; lists and structs as JSON
    #[arg(short = 'a', long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// Runs of it at once
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub max_concurrency: u32,
    /// Leave out what was missed while nobody served
    #[arg(long)]
    pub no_catchup: bool,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContextCommand {
    /// Keep a server under a name, or change what is kept
    #[command(after_help = "Examples:
  pipewright context add lab --server https://ml.example.org
  pipewright context add lab --server https://ml.example.org --token-stdin < token.txt")]
    Add {
        name: String,
        #[arg(long, value_name = "URL")]
        server: String,
        /// Namespace that commands mean when they name none, on a server whose users have theirs
        #[arg(long, value_name = "NAMESPACE")]
        namespace: Option<String>,
        /// Read a token from stdin and keep it
        #[arg(long)]
        token_stdin: bool,
        /// File with certificates to trust besides the machine's own, as PEM
        #[arg(long, value_name = "FILE")]
        ca: Option<PathBuf>,
        /// Use it from now on; the first one always is
        #[arg(long = "use")]
        select: bool,
    },
    /// Use a server from now on
    #[command(after_help = "Example:\n  pipewright context use lab")]
    Use { name: String },
    /// List servers that are kept
    #[command(after_help = "Example:\n  pipewright context list")]
    List {
        /// How to print on stdout
        #[arg(long, value_enum, default_value_t)]
        output: Format,
    },
    /// Forget a server
    #[command(after_help = "Example:\n  pipewright context remove lab")]
    Remove { name: String },
}

/// Keeps a token or a session for a server.
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// Server [default: that of the context in use]
    #[arg(long, env = env::SERVER, value_name = "URL", hide_env_values = true)]
    pub server: Option<String>,
    /// Log in by this user's password instead of a token
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// File with certificates to trust besides the machine's own, as PEM
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Whoami {
    #[command(flatten)]
    pub place: Place,
}
