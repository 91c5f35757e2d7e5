//! Runs: create, get with the live workflow, list, and their actions. Metrics are in `metrics`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use pipewright_store::{self as store, engine::RunId};
use serde_json::{Value, json};

use super::convert::{Owners, is_workflow, page, run_message};
use super::lists::{Owned, owned_list};
use super::manifest::{Facts, hide, manifest};
use super::types::{PipelineRuntime, PipelineSpec, ResourceReference, ResourceType, Run, RunDetail};
use super::{metrics, references};
use crate::access::Permit;
use crate::app::App;
use crate::compile::compile_text;
use crate::error::Error;
use crate::extract::{Message, Segments, Words, id_and_verb, read_message};
use crate::placing::{Placed, Wish, may_use, narrow, place};
use crate::submit::{Source, Submission, submit, terminate};
use crate::v1_rules::check_size;
use crate::v2beta1::runs::{current, remove, retry, unarchive};

/// The parameter by which the client asks for another place of outputs.
pub(super) const ROOT_PARAMETER: &str = "pipeline-root";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/runs", post(create).get(list))
        .route("/runs/{id}", get(read).post(act).delete(delete))
        .route("/runs/{id}/terminate", post(stop))
        .route("/runs/{id}/retry", post(again))
}

async fn create(
    State(app): State<App>,
    permit: Permit,
    Message(asked): Message<Run>,
) -> Result<Json<RunDetail>, Error> {
    let wish = wish("a run", &asked.resource_references)?;
    let submission = submission(&app, asked, place(&app, &permit, wish).await?).await?;
    may_use(&app, &permit, &submission.source).await?;
    let run = submit(&app.store, &app.settings, submission).await?;
    Ok(Json(detail(&app, run).await?))
}

/// Reads where a run or a job belongs.
pub(super) fn wish(what: &'static str, references: &[ResourceReference]) -> Result<Wish, Error> {
    Ok(Wish {
        what,
        experiment_id: references::find(references, ResourceType::Experiment)?,
        namespace: references::find(references, ResourceType::Namespace)?,
    })
}

/// Reads what a run is made of; everything that only the server writes is passed over.
async fn submission(app: &App, asked: Run, placed: Placed) -> Result<Submission, Error> {
    if asked.name.is_empty() {
        return Err(Error::Invalid("a run needs a name".to_owned()));
    }
    let version_id = references::find(&asked.resource_references, ResourceType::PipelineVersion)?;
    let spec = asked.pipeline_spec.unwrap_or_default();
    check_parameters(&spec)?;
    let source = source(app, &placed.namespace, &spec, version_id).await?;
    let config = spec.runtime_config.unwrap_or_default();
    let mut texts: Vec<(String, String)> =
        spec.parameters.into_iter().map(|parameter| (parameter.name, parameter.value)).collect();
    let root = texts.iter().position(|(name, _)| name == ROOT_PARAMETER).map(|at| texts.remove(at).1);
    Ok(Submission {
        description: asked.description,
        experiment_id: placed.experiment_id,
        arguments: config.parameters,
        texts,
        pipeline_root: root.or(Some(config.pipeline_root)).filter(|root| !root.is_empty()),
        service_account: asked.service_account,
        ..Submission::new(source, asked.name)
    })
}

/// Refuses more parameters than the v1 API takes.
pub(super) fn check_parameters(spec: &PipelineSpec) -> Result<(), Error> {
    check_size(&spec.parameters)?;
    spec.runtime_config.as_ref().map_or(Ok(()), |config| check_size(&config.parameters))
}

/// Finds out where the pipeline of a run or a job comes from.
pub(super) async fn source(
    app: &App,
    namespace: &str,
    spec: &PipelineSpec,
    version_id: Option<String>,
) -> Result<Source, Error> {
    let pipeline_id = Some(spec.pipeline_id.clone()).filter(|id| !id.is_empty());
    let is_named = pipeline_id.is_some() || version_id.is_some();
    let manifests = [&spec.workflow_manifest, &spec.pipeline_manifest];
    let mut manifests = manifests.into_iter().filter(|text| !text.is_empty());
    match (manifests.next(), manifests.next()) {
        (None, _) if is_named => Ok(Source::Version { pipeline_id, version_id }),
        (Some(text), None) if !is_named => {
            Ok(Source::Compiled(compile_text(&app.store, namespace, text.clone().into()).await?))
        }
        (None, _) => Err(Error::Invalid(
            "a run needs a pipeline: a manifest in its pipeline_spec, a pipeline_id, or a reference to a \
             PIPELINE_VERSION"
                .to_owned(),
        )),
        (Some(_), _) => Err(Error::Invalid(
            "a run has one pipeline: a workflow_manifest, a pipeline_manifest, or a pipeline or version by id"
                .to_owned(),
        )),
    }
}

async fn read(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<RunDetail>, Error> {
    let run = current(&app, &RunId(id)).await?;
    Ok(Json(detail(&app, run).await?))
}

/// Puts a run together with its live workflow. Runs of v2 pipelines have none.
async fn detail(app: &App, run: store::Run) -> Result<RunDetail, Error> {
    let document = app.store.run_spec(&run.id).await?;
    let mut names = Names::default();
    let mut message = run_message(app, &run, Some(&document), &names.of(app, &run).await?);
    let mut pipeline_runtime = PipelineRuntime::default();
    let tasks = if is_workflow(&document) { app.store.tasks(&run.id).await? } else { Vec::new() };
    if is_workflow(&document) {
        let plan = app.store.run_plan(&run.id).await?;
        let facts = Facts { run: &run, plan: &plan, document: &document, tasks: &tasks };
        let mut manifest = manifest(facts);
        hide(&mut manifest, &app.store.masks().await?);
        pipeline_runtime.workflow_manifest = manifest.to_string();
    }
    message.metrics = metrics::of_run(app, &run).await?;
    Ok(RunDetail { run: message, pipeline_runtime })
}

/// Names of experiments and versions, each asked for once.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    /// Returns the names of what a run belongs to; of what is gone there is none.
    async fn of(&mut self, app: &App, run: &store::Run) -> Result<Owners, Error> {
        if !self.0.contains_key(&run.experiment_id) {
            let found = app.store.get_experiment(&run.experiment_id).await;
            self.keep(&run.experiment_id, found.map(|experiment| experiment.display_name))?;
        }
        let version = run.pipeline_version_id.as_ref();
        if let Some(id) = version.filter(|id| !self.0.contains_key(*id)) {
            let found = app.store.get_pipeline_version(id).await;
            self.keep(id, found.map(|version| version.name))?;
        }
        let name = |id: &String| self.0.get(id).cloned().unwrap_or_default();
        Ok(Owners {
            experiment_name: name(&run.experiment_id),
            version_name: version.map(name).unwrap_or_default(),
        })
    }

    fn keep(&mut self, id: &str, found: Result<String, store::Error>) -> Result<(), Error> {
        let name = match found {
            Ok(name) => name,
            Err(store::Error::NotFound { .. }) => String::new(),
            Err(error) => return Err(error.into()),
        };
        self.0.insert(id.to_owned(), name);
        Ok(())
    }
}

async fn list(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<Value>, Error> {
    let Owned { mut query, owner, namespace } = owned_list(&words, "resource_reference_key")?;
    match owner {
        None => {}
        Some((ResourceType::Experiment, id)) => query.experiment_id = Some(id),
        Some(_) => {
            return Err(Error::Invalid("runs can be listed by EXPERIMENT or NAMESPACE only".to_owned()));
        }
    }
    narrow(&app, &permit, &mut query, ("a run", namespace)).await?;
    metrics::sortable(&app, &query).await?;
    let found = app.store.list_runs(&query).await?;
    let mut names = Names::default();
    let mut rows = Vec::with_capacity(found.items.len());
    for run in &found.items {
        let spec = Some(&run.pipeline_spec).filter(|spec| !spec.is_null());
        let mut row = run_message(&app, run, spec, &names.of(&app, run).await?);
        row.metrics = metrics::of_run(&app, run).await?;
        rows.push(row);
    }
    Ok(Json(page("runs", rows, found.total_size, found.next_page_token)))
}

async fn act(
    State(app): State<App>,
    Segments(segment): Segments<String>,
    body: Bytes,
) -> Result<Json<Value>, Error> {
    let (id, verb) = id_and_verb(&segment)?;
    let id = RunId(id.to_owned());
    match verb {
        "archive" => app.store.archive_run(&id).await?,
        "unarchive" => unarchive(&app, &id).await?,
        "reportMetrics" => return Ok(Json(metrics::report(&app, &id, read_message(&body)?).await?)),
        _ => return Err(Error::NotFound(format!("a run has no action `{verb}`"))),
    };
    Ok(Json(json!({})))
}

async fn stop(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Value>, Error> {
    terminate(&app.store, &RunId(id)).await?;
    Ok(Json(json!({})))
}

async fn again(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Value>, Error> {
    retry(&app, &RunId(id)).await?;
    Ok(Json(json!({})))
}

async fn delete(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Value>, Error> {
    remove(&app, &RunId(id)).await?;
    Ok(Json(json!({})))
}
