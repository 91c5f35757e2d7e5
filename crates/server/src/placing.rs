//! In which namespace lists look and new things go, and whether who asks may. On a server without users there is one
//! namespace, and whatever requests say of it is passed over.

use std::path::Path;

use pipewright_store::engine::{RunId, Submit};
use pipewright_store::{Kind, ListQuery};

use crate::access::{Permit, Verb};
use crate::app::App;
use crate::error::Error;
use crate::submit::Source;

/// What a new run, or a recurring one, says of where it belongs.
pub(crate) struct Wish {
    /// What it is, with its article.
    pub(crate) what: &'static str,
    pub(crate) experiment_id: Option<String>,
    pub(crate) namespace: Option<String>,
}

/// Where a new run goes.
pub(crate) struct Placed {
    /// None: the default one.
    pub(crate) experiment_id: Option<String>,
    pub(crate) namespace: String,
}

/// Finds the experiment that a new run belongs to.
///
/// Errors: `Invalid` when it would be in no namespace, or in two; `Denied` when the caller may not create it there.
pub(crate) async fn place(app: &App, permit: &Permit, wish: Wish) -> Result<Placed, Error> {
    let Wish { what, experiment_id, namespace } = wish;
    if !permit.is_multi_user() {
        return Ok(Placed { experiment_id, namespace: Submit::DEFAULT_NAMESPACE.to_owned() });
    }
    let namespace = namespace.filter(|name| !name.is_empty());
    match experiment_id.filter(|id| !id.is_empty()) {
        Some(id) => {
            let found = app.store.namespace_of(Kind::Experiment, &id).await?;
            permit.check(&found)?;
            if let Some(namespace) = namespace.filter(|namespace| *namespace != found) {
                return Err(Error::Invalid(format!(
                    "experiment {id} is in namespace `{found}`, not in `{namespace}`; name one of the two alone"
                )));
            }
            Ok(Placed { experiment_id: Some(id), namespace: found })
        }
        None => {
            let namespace = permit.within(what, namespace)?.unwrap_or_default();
            let id = app.store.default_experiment_of(&namespace).await?.id;
            Ok(Placed { experiment_id: Some(id), namespace })
        }
    }
}

/// Refuses a pipeline that the caller may not see.
pub(crate) async fn may_use(app: &App, permit: &Permit, source: &Source) -> Result<(), Error> {
    let Source::Version { pipeline_id, version_id } = source else { return Ok(()) };
    if !permit.is_multi_user() {
        return Ok(());
    }
    let namespace = match (version_id, pipeline_id) {
        // It says what runs, whatever pipeline is named beside it.
        (Some(version), _) => app.store.namespace_of(Kind::PipelineVersion, version).await?,
        (None, Some(pipeline)) => app.store.namespace_of(Kind::Pipeline, pipeline).await?,
        (None, None) => return Ok(()),
    };
    permit.check_as((Verb::Get, "pipelines"), &namespace)
}

/// Narrows a list of what belongs to experiments down to the one that is named, or to a namespace.
pub(crate) async fn narrow(
    app: &App,
    permit: &Permit,
    query: &mut ListQuery,
    (what, namespace): (&str, Option<String>),
) -> Result<(), Error> {
    match query.experiment_id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) if permit.is_multi_user() => {
            permit.check(&app.store.namespace_of(Kind::Experiment, id).await?)
        }
        Some(_) => Ok(()),
        None => {
            query.namespace = permit.within(what, namespace)?;
            Ok(())
        }
    }
}

/// Returns the namespace that a list of what runs left looks in: none for the run that is named.
pub(crate) async fn run_or_namespace(
    app: &App,
    permit: &Permit,
    run: Option<&RunId>,
    (what, namespace): (&str, Option<String>),
) -> Result<Option<String>, Error> {
    match run {
        Some(run) => {
            may_see(app, permit, run).await?;
            Ok(None)
        }
        None => permit.within(what, namespace),
    }
}

/// Refuses unless the caller may do what the route does to this run.
pub(crate) async fn may_see(app: &App, permit: &Permit, run: &RunId) -> Result<(), Error> {
    if !permit.is_multi_user() {
        return Ok(());
    }
    permit.check(&app.store.namespace_of(Kind::Run, &run.0).await?)
}

/// Refuses what lies in the volumes of a namespace, or in the folder of a run, where the caller may not do what the
/// route does; tells whether it lies in either. `path` has no links in it.
pub(crate) async fn may_reach(app: &App, permit: &Permit, path: &Path) -> Result<bool, Error> {
    if !permit.is_multi_user() {
        return Ok(true);
    }
    if let Some(home) = &app.settings.home
        && let Ok(home) = tokio::fs::canonicalize(home).await
        && let Ok(below) = path.strip_prefix(home.join("volumes"))
        && let Some(namespace) = below.iter().next().and_then(|name| name.to_str())
    {
        return permit.check(namespace).map(|()| true);
    }
    let parts = path.iter().filter_map(|part| part.to_str());
    for run in parts.filter(|part| uuid::Uuid::try_parse(part).is_ok()) {
        if let Ok(namespace) = app.store.namespace_of(Kind::Run, run).await {
            return permit.check(&namespace).map(|()| true);
        }
    }
    Ok(false)
}

/// Refuses unless the caller may do what the route does to this pipeline.
pub(crate) async fn of_pipeline(app: &App, permit: &Permit, pipeline: &str) -> Result<(), Error> {
    if !permit.is_multi_user() {
        return Ok(());
    }
    permit.check(&app.store.namespace_of(Kind::Pipeline, pipeline).await?)
}
