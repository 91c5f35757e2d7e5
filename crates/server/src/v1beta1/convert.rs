//! Our rows as messages of the v1 API.
//!
//! **Status.** `Cancelling` is `Terminating`. A run that ended `Cancelled` is `Failed`, as upstream: the client
//! waits for succeeded, failed, skipped or error and for nothing else.

use pipewright_plan::text_form;
use pipewright_store as store;
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::engine::RunPhase;

use super::references::{creator, owner};
use super::types::{
    Experiment, Parameter, Pipeline, PipelineSpec, PipelineVersion, ResourceReference, ResourceType, Run,
    RuntimeConfig, Url,
};
use crate::app::App;
use crate::time::rfc3339;
use crate::v2beta1::run_error;
use crate::v2beta1::types::EPOCH;

/// Returns the v1 API's word for a run's phase.
pub(super) fn run_status(phase: RunPhase) -> &'static str {
    match phase {
        RunPhase::Pending => "Pending",
        RunPhase::Running => "Running",
        RunPhase::Cancelling => "Terminating",
        RunPhase::Succeeded => "Succeeded",
        RunPhase::Failed | RunPhase::Cancelled => "Failed",
    }
}

/// Tells whether a pipeline's document is an Argo workflow.
pub(super) fn is_workflow(spec: &Value) -> bool {
    spec["apiVersion"].as_str().is_some_and(|version| version.starts_with("argoproj.io"))
}

/// Puts one page of a list together; what is empty is left out.
pub(super) fn page<T: Serialize>(
    key: &str,
    rows: Vec<T>,
    total_size: u64,
    next_page_token: Option<String>,
) -> Value {
    let mut fields = Map::new();
    if !rows.is_empty() {
        fields.insert(key.to_owned(), json!(rows));
    }
    if total_size > 0 {
        fields.insert("total_size".to_owned(), json!(total_size));
    }
    if let Some(token) = next_page_token {
        fields.insert("next_page_token".to_owned(), json!(token));
    }
    Value::Object(fields)
}

pub(super) fn experiment_message(app: &App, experiment: store::Experiment) -> Experiment {
    let state = if experiment.archived { "STORAGESTATE_ARCHIVED" } else { "STORAGESTATE_AVAILABLE" };
    Experiment {
        id: experiment.id,
        name: experiment.display_name,
        description: experiment.description,
        created_at: rfc3339(experiment.created_at),
        resource_references: vec![owner(ResourceType::Namespace, app.shown(&experiment.namespace), "")],
        storage_state: state.to_owned(),
    }
}

pub(super) fn pipeline_message(
    pipeline: store::Pipeline,
    newest: Option<store::PipelineVersion>,
) -> Pipeline {
    let default_version = newest.map(version_message);
    let version = default_version.as_ref();
    Pipeline {
        id: pipeline.id,
        created_at: rfc3339(pipeline.created_at),
        name: pipeline.name,
        description: pipeline.description,
        parameters: version.map(|version| version.parameters.clone()).unwrap_or_default(),
        url: version.and_then(|version| version.package_url.clone()),
        default_version,
        // What all share has no owner.
        resource_references: match pipeline.namespace.as_str() {
            "" => Vec::new(),
            namespace => vec![owner(ResourceType::Namespace, namespace, "")],
        },
        ..Pipeline::default()
    }
}

pub(super) fn version_message(version: store::PipelineVersion) -> PipelineVersion {
    PipelineVersion {
        parameters: parameters_of(&version.pipeline_spec),
        id: version.id,
        name: version.name,
        created_at: rfc3339(version.created_at),
        code_source_url: version.code_source_url.unwrap_or_default(),
        package_url: version.package_url.map(|pipeline_url| Url { pipeline_url }),
        resource_references: vec![owner(ResourceType::Pipeline, &version.pipeline_id, "")],
        description: version.description,
    }
}

/// Lists a pipeline's parameters with their defaults as texts.
fn parameters_of(spec: &Value) -> Vec<Parameter> {
    if is_workflow(spec) {
        let given = spec["spec"]["arguments"]["parameters"].as_array().map(Vec::as_slice);
        let read = |given: &Value| Parameter {
            name: given["name"].as_str().unwrap_or_default().to_owned(),
            value: given.get("value").or_else(|| given.get("default")).map(text_form).unwrap_or_default(),
        };
        return given.unwrap_or_default().iter().map(read).collect();
    }
    let inner = spec.get("pipeline_spec").unwrap_or(spec);
    let declared = inner["root"]["inputDefinitions"]["parameters"].as_object();
    let read = |(name, declared): (&String, &Value)| Parameter {
        name: name.clone(),
        value: declared.get("defaultValue").map(text_form).unwrap_or_default(),
    };
    declared.into_iter().flatten().map(read).collect()
}

/// Names the namespace that something is in, where they are apart.
pub(super) fn namespace_reference(app: &App, namespace: &str) -> Option<ResourceReference> {
    let shown = app.shown(namespace);
    (!shown.is_empty()).then(|| owner(ResourceType::Namespace, shown, ""))
}

/// What a run belongs to, with names where they are known.
#[derive(Debug, Default)]
pub(super) struct Owners {
    pub(super) experiment_name: String,
    pub(super) version_name: String,
}

/// Writes a run as the v1 API shows it. `spec` is its pipeline's document when that is at hand.
pub(super) fn run_message(app: &App, run: &store::Run, spec: Option<&Value>, owners: &Owners) -> Run {
    let view = &run.view;
    let mut references = vec![owner(ResourceType::Experiment, &run.experiment_id, &owners.experiment_name)];
    references.extend(namespace_reference(app, &run.namespace));
    references.extend(version_reference(run, owners));
    references.extend(run.recurring_run_id.as_ref().map(|id| creator(ResourceType::Job, id, "")));
    let state = if run.archived { "STORAGESTATE_ARCHIVED" } else { "" };
    Run {
        id: run.id.to_string(),
        name: run.display_name.clone(),
        storage_state: state.to_owned(),
        description: run.description.clone(),
        pipeline_spec: Some(pipeline_spec(run, spec)),
        resource_references: references,
        service_account: run.service_account.clone(),
        created_at: rfc3339(run.created_at),
        scheduled_at: rfc3339(run.scheduled_at),
        finished_at: view.ended_at.map_or_else(|| EPOCH.to_owned(), rfc3339),
        status: run_status(view.phase).to_owned(),
        error: run_error(view).map(|error| error.message).unwrap_or_default(),
        metrics: Vec::new(),
    }
}

fn version_reference(run: &store::Run, owners: &Owners) -> Option<ResourceReference> {
    let version = run.pipeline_version_id.as_ref()?;
    Some(creator(ResourceType::PipelineVersion, version, &owners.version_name))
}

fn pipeline_spec(run: &store::Run, spec: Option<&Value>) -> PipelineSpec {
    let given = run.parameters.as_object().cloned().unwrap_or_default();
    let texts =
        given.iter().map(|(name, value)| Parameter { name: name.clone(), value: text_form(value) }).collect();
    let mut message = PipelineSpec {
        pipeline_id: run.pipeline_id.clone().unwrap_or_default(),
        pipeline_name: run.pipeline_name.clone(),
        parameters: texts,
        ..PipelineSpec::default()
    };
    match spec {
        Some(spec) if is_workflow(spec) => message.workflow_manifest = spec.to_string(),
        Some(spec) => {
            message.pipeline_manifest = spec.to_string();
            let pipeline_root = run.pipeline_root.clone().unwrap_or_default();
            message.runtime_config = Some(RuntimeConfig { parameters: given, pipeline_root })
                .filter(|config| *config != RuntimeConfig::default());
        }
        None => {}
    }
    message
}
