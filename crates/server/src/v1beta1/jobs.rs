//! Jobs, the old form of recurring runs: the same rows as in the v2 API, told in the old words.
//!
//! What differs: the newest version of a pipeline is taken once, when the job is created.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use pipewright_plan::text_form;
use pipewright_store::{self as store, NewRecurringRun};
use serde_json::{Map, Value, json};

use super::convert::{is_workflow, namespace_reference, page};
use super::lists::{Owned, owned_list};
use super::references::{self, creator, owner};
use super::runs::{ROOT_PARAMETER, check_parameters, source, wish};
use super::types::{Job, Parameter, PipelineSpec, ResourceType, RuntimeConfig};
use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, Words};
use crate::placing::{Placed, may_use, narrow, place};
use crate::recurring::{check, run_prefix};
use crate::submit::{Source, newest_version, read_texts};
use crate::time::rfc3339;
use crate::v2beta1::recurring::{concurrency, rule, trigger_message};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/jobs", get(list).post(create))
        .route("/jobs/{id}", get(read).delete(delete))
        .route("/jobs/{id}/enable", post(enable))
        .route("/jobs/{id}/disable", post(disable))
}

async fn create(
    State(app): State<App>,
    permit: Permit,
    Message(asked): Message<Job>,
) -> Result<Json<Job>, Error> {
    let placed = place(&app, &permit, wish("a recurring run", &asked.resource_references)?).await?;
    let mut new = new_job(&app, &permit, asked, placed).await?;
    new.run_prefix = run_prefix(&new.display_name);
    check(&app.store, &app.settings, &new).await?;
    let created = app.store.create_recurring_run(new).await?;
    Ok(Json(message(&app, created).await?))
}

/// Reads what is to be created; the run prefix is left empty.
async fn new_job(app: &App, permit: &Permit, asked: Job, placed: Placed) -> Result<NewRecurringRun, Error> {
    if asked.name.is_empty() {
        return Err(Error::Invalid("a job needs a name".to_owned()));
    }
    let version_id = references::find(&asked.resource_references, ResourceType::PipelineVersion)?;
    let spec = asked.pipeline_spec.unwrap_or_default();
    check_parameters(&spec)?;
    let source = source(app, &placed.namespace, &spec, version_id).await?;
    may_use(app, permit, &source).await?;
    let source = match source {
        Source::Version { pipeline_id: Some(pipeline), version_id: None } => Source::Version {
            version_id: Some(newest_version(&app.store, pipeline.clone()).await?.id),
            pipeline_id: Some(pipeline),
        },
        source => source,
    };
    let config = spec.runtime_config.unwrap_or_default();
    let mut texts: Vec<(String, String)> =
        spec.parameters.into_iter().map(|parameter| (parameter.name, parameter.value)).collect();
    let root = texts.iter().position(|(name, _)| name == ROOT_PARAMETER).map(|at| texts.remove(at).1);
    let parameters =
        read_texts(&app.store, (&placed.namespace, source.clone()), config.parameters, &texts).await?;
    let (pipeline_id, pipeline_version_id, pipeline_spec) = match source {
        Source::Version { pipeline_id, version_id } => (pipeline_id, version_id, Value::Null),
        Source::Compiled(compiled) => (None, None, compiled.pipeline_spec),
        Source::Spec(spec) => (None, None, spec),
    };
    Ok(NewRecurringRun {
        display_name: asked.name,
        description: asked.description,
        experiment_id: placed.experiment_id.unwrap_or_default(),
        pipeline_id,
        pipeline_version_id,
        pipeline_spec,
        parameters: Value::Object(parameters),
        pipeline_root: root.or(Some(config.pipeline_root)).filter(|root| !root.is_empty()),
        service_account: asked.service_account,
        max_concurrency: concurrency(&asked.max_concurrency)?,
        trigger: rule(asked.trigger.unwrap_or_default())?,
        no_catchup: asked.no_catchup,
        enabled: match asked.mode.as_str() {
            "ENABLED" => true,
            "DISABLED" => false,
            _ => asked.enabled,
        },
        ..NewRecurringRun::default()
    })
}

async fn read(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Job>, Error> {
    let row = app.store.get_recurring_run(&id).await?;
    Ok(Json(message(&app, row).await?))
}

async fn list(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<Value>, Error> {
    let Owned { mut query, owner, namespace } = owned_list(&words, "resource_reference_key")?;
    match owner {
        None => {}
        Some((ResourceType::Experiment, id)) => query.experiment_id = Some(id),
        Some(_) => {
            return Err(Error::Invalid("jobs can be listed by EXPERIMENT or NAMESPACE only".to_owned()));
        }
    }
    narrow(&app, &permit, &mut query, ("a recurring run", namespace)).await?;
    let found = app.store.list_recurring_runs(&query).await?;
    let mut rows = Vec::with_capacity(found.items.len());
    for row in found.items {
        rows.push(message(&app, row).await?);
    }
    Ok(Json(page("jobs", rows, found.total_size, found.next_page_token)))
}

async fn enable(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Value>, Error> {
    app.store.enable_recurring_run(&id, true).await?;
    Ok(Json(json!({})))
}

async fn disable(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Value>, Error> {
    app.store.enable_recurring_run(&id, false).await?;
    Ok(Json(json!({})))
}

async fn delete(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Value>, Error> {
    app.store.delete_recurring_run(&id).await?;
    Ok(Json(json!({})))
}

/// Writes a recurring run as a job. Names of what is gone are left out.
async fn message(app: &App, row: store::RecurringRun) -> Result<Job, Error> {
    let new = row.new;
    let known = |found: Result<String, store::Error>| match found {
        Ok(name) => Ok(name),
        Err(store::Error::NotFound { .. }) => Ok(String::new()),
        Err(error) => Err(error),
    };
    let experiment = app.store.get_experiment(&new.experiment_id).await;
    let experiment = known(experiment.map(|experiment| experiment.display_name))?;
    let mut references = vec![owner(ResourceType::Experiment, &new.experiment_id, &experiment)];
    references.extend(namespace_reference(app, &row.namespace));
    if let Some(id) = &new.pipeline_version_id {
        let version = known(app.store.get_pipeline_version(id).await.map(|version| version.name))?;
        references.push(creator(ResourceType::PipelineVersion, id, &version));
    }
    let status = if new.enabled { "ENABLED" } else { "DISABLED" }.to_owned();
    Ok(Job {
        id: row.id,
        name: new.display_name.clone(),
        description: new.description.clone(),
        resource_references: references,
        service_account: new.service_account.clone(),
        max_concurrency: new.max_concurrency.to_string(),
        trigger: Some(trigger_message(&new.trigger)),
        mode: status.clone(),
        created_at: rfc3339(row.created_at),
        updated_at: rfc3339(row.updated_at),
        status,
        error: row.error,
        enabled: new.enabled,
        no_catchup: new.no_catchup,
        pipeline_spec: Some(pipeline_spec(new)),
    })
}

fn pipeline_spec(new: NewRecurringRun) -> PipelineSpec {
    let given: Map<String, Value> = new.parameters.as_object().cloned().unwrap_or_default();
    let texts =
        given.iter().map(|(name, value)| Parameter { name: name.clone(), value: text_form(value) }).collect();
    let mut message = PipelineSpec {
        pipeline_id: new.pipeline_id.unwrap_or_default(),
        parameters: texts,
        ..PipelineSpec::default()
    };
    match new.pipeline_spec {
        Value::Null => {}
        spec if is_workflow(&spec) => message.workflow_manifest = spec.to_string(),
        spec => {
            message.pipeline_manifest = spec.to_string();
            let pipeline_root = new.pipeline_root.unwrap_or_default();
            message.runtime_config = Some(RuntimeConfig { parameters: given, pipeline_root })
                .filter(|config| *config != RuntimeConfig::default());
        }
    }
    message
}
