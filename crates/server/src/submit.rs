//! How a run comes to be: compile, check the arguments, settle where outputs go, create the row. The command
//! line's embedded runs take the very same way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pipewright_compiler::{ArgumentMistake, complete_arguments, parse_argument};
use pipewright_plan::{Dialect, Plan};
use pipewright_store::engine::{ExecutorChoice, Resume, RunId, Submit, TaskKey, Timestamp, check_resume};
use pipewright_store::{Firing, ListQuery, NewRun, Request, Run, Store};
use serde_json::{Map, Value};

use crate::app::Settings;
use crate::compile::{Compiled, compile_spec};
use crate::error::Error;
use crate::gpus;
use crate::macros::{self, Facts};
use crate::plugins;
use crate::time;
use crate::v1_rules::V1Rules;

/// Where a run's pipeline comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Compiled by the caller.
    Compiled(Compiled),
    /// A specification as JSON, bare or wrapped with its platform document.
    Spec(Value),
    /// An uploaded version; of a pipeline alone, its newest one.
    Version { pipeline_id: Option<String>, version_id: Option<String> },
}

/// A run that somebody asks for.
#[derive(Debug, Clone)]
pub struct Submission {
    pub source: Source,
    pub display_name: String,
    pub description: String,
    /// `None` is the default experiment.
    pub experiment_id: Option<String>,
    /// Values of the pipeline's parameters, before macros are expanded.
    pub arguments: Map<String, Value>,
    /// Further values as texts, read by the types that the pipeline declares.
    pub texts: Vec<(String, String)>,
    pub pipeline_root: Option<String>,
    pub service_account: String,
    /// No cache look-ups at all, whatever the tasks say.
    pub caching_disabled: bool,
    /// Tasks that take no earlier result, and with them everything that depends on them.
    pub fresh: Vec<TaskKey>,
    /// For plugins, kept as it is; null for nothing.
    pub plugins_input: Value,
    /// The slot of a recurring run that asks.
    pub firing: Option<Firing>,
}

impl Submission {
    /// Makes a submission with everything else left to its default.
    pub fn new(source: Source, display_name: String) -> Self {
        Self {
            source,
            display_name,
            description: String::new(),
            experiment_id: None,
            arguments: Map::new(),
            texts: Vec::new(),
            pipeline_root: None,
            service_account: String::new(),
            caching_disabled: false,
            fresh: Vec::new(),
            plugins_input: Value::Null,
            firing: None,
        }
    }
}

/// A submission's pipeline, found.
pub(crate) struct Found {
    pub(crate) compiled: Compiled,
    pipeline_id: Option<String>,
    version_id: Option<String>,
}

/// Creates a run; it is on disk when this returns.
///
/// Errors: `Invalid` with every diagnostic or every mistaken argument, `NotFound` for unknown ids.
pub async fn submit(store: &Store, settings: &Settings, submission: Submission) -> Result<Run, Error> {
    let experiment = match submission.experiment_id {
        Some(id) => store.get_experiment(&id).await?,
        None => store.default_experiment().await?,
    };
    let found = find(store, &experiment.namespace, submission.source).await?;
    settings.v1.check_run(&experiment.namespace, &found.compiled.plan)?;
    let (mut plan, pipeline_spec) = found.compiled.into_run();
    if settings.cache_ages.concern(&plan) {
        settings.cache_ages.apply(Arc::make_mut(&mut plan));
    }
    let plugins::Own { executor, without_cache } = plugins::own(&submission.plugins_input)?;
    if executor == Some(ExecutorChoice::Container) && !settings.has_containers {
        return Err(Error::Invalid(
            "the run is to be one of containers, and no container engine answers here; hint: start Docker or \
             Podman and then the server, or have the run choose another executor"
                .to_owned(),
        ));
    }
    gpus::check(&plan, &pipeline_spec, settings.gpus.len())?;
    let id = match &submission.firing {
        // The same for the same slot, whoever fires it.
        Some(firing) => {
            let name = format!("{}/{}", firing.recurring_run_id, submission.display_name);
            uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes())
        }
        None => uuid::Uuid::now_v7(),
    };
    let id = RunId(id.to_string());
    let created_at = time::now();
    let scheduled_at = submission.firing.as_ref().map(|firing| firing.slot);
    let instants = (&id, created_at, submission.firing.as_ref());
    let of = (&*plan, &settings.v1);
    let arguments = arguments(of, submission.arguments, &submission.texts, instants)?;
    let pipeline_root = pipeline_root(submission.pipeline_root.as_deref(), &plan, settings)?;
    let new = NewRun {
        id,
        display_name: submission.display_name.clone(),
        description: submission.description,
        experiment_id: experiment.id,
        pipeline_id: found.pipeline_id,
        pipeline_version_id: found.version_id,
        plan,
        pipeline_spec,
        parameters: Value::Object(arguments.given),
        pipeline_root: submission.pipeline_root,
        service_account: submission.service_account.clone(),
        plugins_input: submission.plugins_input,
        firing: submission.firing,
        submit: Submit {
            namespace: String::new(),
            display_name: submission.display_name,
            arguments: arguments.complete,
            pipeline_root,
            created_at,
            scheduled_at,
            service_account: submission.service_account,
            caching_disabled: submission.caching_disabled || without_cache,
            fresh: submission.fresh,
            executor,
        },
    };
    Ok(store.create_run(new).await?)
}

/// Checks that the pipeline compiles and that its arguments fit; returns it.
pub(crate) async fn compiled_arguments(
    store: &Store,
    namespace: &str,
    source: Source,
    arguments: &Map<String, Value>,
) -> Result<Arc<Plan>, Error> {
    let plan = find(store, namespace, source).await?.compiled.plan;
    complete_arguments(&plan, arguments).map_err(|mistakes| refused(&mistakes))?;
    Ok(plan)
}

/// Reads further arguments that are given as texts by the types that the pipeline declares. What holds a macro is
/// left as it is until the macro is expanded.
pub(crate) async fn read_texts(
    store: &Store,
    (namespace, source): (&str, Source),
    mut arguments: Map<String, Value>,
    texts: &[(String, String)],
) -> Result<Map<String, Value>, Error> {
    let plan = find(store, namespace, source).await?.compiled.plan;
    let mut mistakes = Vec::new();
    for (name, text) in texts {
        match parse_argument(&plan, name, text) {
            Ok(value) => {
                arguments.insert(name.clone(), value);
            }
            Err(_) if text.contains("[[") || text.contains("{{") => {
                arguments.insert(name.clone(), Value::String(text.clone()));
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(arguments) } else { Err(refused(&mistakes)) }
}

/// Finds a pipeline and compiles it for a namespace.
pub(crate) async fn find(store: &Store, namespace: &str, source: Source) -> Result<Found, Error> {
    let (pipeline_id, version_id) = match source {
        Source::Compiled(compiled) => return Ok(Found { compiled, pipeline_id: None, version_id: None }),
        Source::Spec(spec) => {
            let compiled = compile_spec(store, namespace, spec).await?;
            return Ok(Found { compiled, pipeline_id: None, version_id: None });
        }
        Source::Version { pipeline_id, version_id } => (pipeline_id, version_id),
    };
    let version = match (version_id, pipeline_id) {
        (Some(version), _) => store.get_pipeline_version(&version).await?,
        (None, Some(pipeline)) => newest_version(store, pipeline).await?,
        (None, None) => {
            return Err(Error::Invalid("the pipeline_version_reference names no version".to_owned()));
        }
    };
    let compiled = compile_spec(store, namespace, version.pipeline_spec).await?;
    Ok(Found { compiled, pipeline_id: Some(version.pipeline_id), version_id: Some(version.id) })
}

/// Returns the newest version of a pipeline.
pub(crate) async fn newest_version(
    store: &Store,
    pipeline: String,
) -> Result<pipewright_store::PipelineVersion, Error> {
    store.get_pipeline(&pipeline).await?;
    let query = ListQuery {
        pipeline_id: Some(pipeline.clone()),
        page_size: Some(1),
        sort_by: Some("created_at desc".to_owned()),
        ..ListQuery::default()
    };
    let page = store.list_pipeline_versions(&query).await?;
    page.items
        .into_iter()
        .next()
        .ok_or_else(|| Error::NotFound(format!("pipeline {pipeline} has no version; upload one first")))
}

/// Makes one error of all mistaken arguments, a line each.
fn refused(mistakes: &[ArgumentMistake]) -> Error {
    let line = |mistake: &ArgumentMistake| match &mistake.hint {
        Some(hint) => format!("{mistake}; hint: {hint}"),
        None => mistake.to_string(),
    };
    Error::Invalid(mistakes.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// A run's arguments as they were given, and as the run gets them.
struct Arguments {
    given: Map<String, Value>,
    complete: BTreeMap<String, Value>,
}

/// Completes the arguments and expands macros in those that are texts. In a v1 pipeline macros may stand in its own
/// defaults as well, and what the installation fills in.
fn arguments(
    (plan, rules): (&Plan, &V1Rules),
    mut shown: Map<String, Value>,
    texts: &[(String, String)],
    (run, at, firing): (&RunId, Timestamp, Option<&Firing>),
) -> Result<Arguments, Error> {
    let now = time::civil(at);
    let scheduled = firing.map(|firing| time::civil(firing.slot));
    let index = firing.filter(|_| plan.dialect == Dialect::V1).map(|firing| firing.number);
    let facts = Facts { run: &run.0, now: &now, scheduled: scheduled.as_ref(), index };
    let expand = |value: &Value| match value {
        Value::String(text) => Value::String(macros::expand(text, &facts)),
        other => other.clone(),
    };
    let mut given: Map<String, Value> =
        shown.iter().map(|(name, value)| (name.clone(), expand(value))).collect();
    let mut mistakes = Vec::new();
    for (name, text) in texts {
        match parse_argument(plan, name, &macros::expand(text, &facts)) {
            Ok(value) => given.insert(name.clone(), value),
            Err(mistake) => {
                mistakes.push(mistake);
                continue;
            }
        };
        let as_given = parse_argument(plan, name, text).unwrap_or_else(|_| Value::String(text.clone()));
        shown.insert(name.clone(), as_given);
    }
    if !mistakes.is_empty() {
        return Err(refused(&mistakes));
    }
    let mut complete = complete_arguments(plan, &given).map_err(|mistakes| refused(&mistakes))?;
    if plan.dialect == Dialect::V1 {
        let defaults = complete.iter_mut().filter(|(name, _)| !given.contains_key(*name));
        defaults.for_each(|(_, value)| *value = expand(value));
        complete.values_mut().chain(shown.values_mut()).for_each(|value| rules.fill(value));
    }
    Ok(Arguments { given: shown, complete })
}

/// Settles where outputs go: the run's own wish, then the pipeline's, then the home's artifacts.
///
/// A wish of the run that cannot be met is an error. The pipeline's default is often a bucket that was right
/// for another installation; then the home's artifacts are used, as upstream does with every such default.
fn pipeline_root(asked: Option<&str>, plan: &Plan, settings: &Settings) -> Result<String, Error> {
    if let Some(root) = asked {
        return local_root(root).ok_or_else(|| {
            Error::Invalid(format!(
                "pipeline_root `{root}` is not usable here: this version stores artifacts in local folders \
                 only, so give an absolute path"
            ))
        });
    }
    if let Some(default) = plan.default_pipeline_root.as_deref().filter(|root| !root.is_empty()) {
        match local_root(default) {
            Some(root) => return Ok(root),
            None => tracing::warn!(
                pipeline_root = default,
                "the pipeline's default root is no local folder; using the home's artifacts"
            ),
        }
    }
    Ok(settings.artifacts_root.clone())
}

fn local_root(root: &str) -> Option<String> {
    let path = root.strip_prefix("file://").unwrap_or(root);
    let is_plain = path.starts_with('/') && !path.split('/').any(|part| part == "..");
    let trimmed = path.trim_end_matches('/');
    (is_plain && !trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// Asks a run to stop; the wish is on disk when this returns.
///
/// Errors: `Precondition` when the run is over.
pub async fn terminate(store: &Store, run: &RunId) -> Result<(), Error> {
    let row = store.get_run(run).await?;
    if row.view.phase.is_terminal() {
        return Err(Error::Precondition(format!("run {run} is over and cannot be terminated")));
    }
    store.request(run, Request::Terminate).await?;
    Ok(())
}

/// Lets waiting tasks of a run go on, and names them; the wish is on disk when this returns.
///
/// Errors: `Precondition` when the run is over, `Invalid` when nobody who waits is meant or a value does not fit.
pub async fn resume(store: &Store, run: &RunId, resume: Resume) -> Result<Vec<TaskKey>, Error> {
    if store.get_run(run).await?.view.phase.is_terminal() {
        return Err(Error::Precondition(format!("run {run} is over: nothing in it waits")));
    }
    let (plan, waiting) = (store.run_plan(run).await?, store.waiting_tasks(run).await?);
    let meant = check_resume(&plan, &waiting, &resume).map_err(Error::Invalid)?;
    let resume = Box::new(Resume { tasks: meant.clone(), ..resume });
    store.request(run, Request::Resume { resume }).await?;
    Ok(meant)
}

/// Asks a live run to stop and waits for its end, at most that long; a run that is over returns at once.
pub(crate) async fn terminate_and_wait(store: &Store, run: &RunId, limit: Duration) -> Result<(), Error> {
    let mut feed = store.changes();
    if store.get_run(run).await?.view.phase.is_terminal() {
        return Ok(());
    }
    store.request(run, Request::Terminate).await?;
    let ended = async {
        while !store.get_run(run).await?.view.phase.is_terminal() {
            // Whatever the feed says (even that we lagged), the row is the truth; a closed feed tells nothing.
            if let Err(tokio::sync::broadcast::error::RecvError::Closed) = feed.recv().await {
                return Err(Error::Unavailable("the server is stopping".to_owned()));
            }
        }
        Ok(())
    };
    match tokio::time::timeout(limit, ended).await {
        Ok(result) => result,
        Err(_) => {
            tracing::warn!(run_id = %run, "the run did not stop in time and goes on unseen for a while");
            Ok(())
        }
    }
}
