//! The ExecutorInput of an attempt, its launch request, and the request of an importer.
//!
//! Source: v2 semantics 2.5, 2.6 and 2.11. Every name outside is a function of the attempt's id.

use std::collections::BTreeMap;

use pipewright_plan::{
    ArtifactId, ArtifactList, ArtifactValue, Companion, CompanionRole, Component, Container,
    ExecutorArtifact, ExecutorInput, Filling, Importer, OutputParameter, Plan,
};

use super::pod::pod_of;
use super::quantity::resources;
use super::resolve::inputs_alone;
use super::tags::Asking;
use super::{defaults_of, unresolved, uuid_of};
use crate::desired::{CompanionLaunch, ImportRequest, Launch, ResolvedResources};
use crate::event::{Failure, Resolved};
use crate::id::AttemptId;
use crate::node_name::{node_name, pod_name};
use crate::state::{Node, RunState, container_at, task_of};

/// Lists resolved artifacts as a command sees them; `name` is the record's id.
pub(crate) fn executor_artifacts(resolved: &Resolved) -> BTreeMap<String, ArtifactList> {
    let list = |artifacts: &Vec<ArtifactValue>| ArtifactList {
        artifacts: artifacts
            .iter()
            .map(|artifact| ExecutorArtifact {
                name: artifact.id.0.clone(),
                artifact_type: artifact.artifact_type.clone(),
                uri: artifact.uri.clone(),
                metadata: artifact.metadata.clone(),
                custom_path: None,
            })
            .collect(),
    };
    resolved.artifacts.iter().map(|(name, artifacts)| (name.clone(), list(artifacts))).collect()
}

/// Makes the ExecutorInput of an attempt; output files are the launcher's to set.
fn executor_input(
    plan: &Plan,
    component: &Component,
    resolved: &Resolved,
    attempt: &AttemptId,
    pipeline_root: &str,
) -> ExecutorInput {
    let mut input = ExecutorInput::default();
    input.inputs.parameter_values = resolved.parameters.clone();
    input.inputs.artifacts = executor_artifacts(resolved);
    for name in component.outputs.parameters.keys() {
        input.outputs.parameters.insert(name.clone(), OutputParameter::default());
    }
    let (run, task, digest) = (&attempt.run, attempt.task.name(), attempt.digest());
    // A bucket's options follow it at the root alone, not at each artifact.
    let root = match pipeline_root.split_once('?') {
        Some((bucket, _)) if bucket.contains("://") => bucket,
        _ => pipeline_root,
    };
    let root = root.trim_end_matches('/');
    let folder = format!("{root}/{}/{run}/{task}/{digest}", plan.name);
    for (name, output) in &component.outputs.artifacts {
        let artifact = ExecutorArtifact {
            name: name.clone(),
            artifact_type: output.artifact_type.clone(),
            uri: format!("{folder}/{name}"),
            metadata: output.metadata.clone(),
            custom_path: None,
        };
        input.outputs.artifacts.insert(name.clone(), ArtifactList { artifacts: vec![artifact] });
    }
    if !component.outputs.artifacts.is_empty() {
        // The folder is told by this path: the launcher puts the command's own report there, and keeps that
        // with its own files when there is no such folder.
        input.outputs.output_file = format!("{folder}/output_metadata.json");
    }
    input
}

/// Builds an attempt's launch request. Errors: a quantity or a pod setting that makes no sense.
pub(super) fn prepare(
    (plan, state): (&Plan, &RunState),
    node: &Node,
    (component, container): (&Component, &Container),
    attempt: AttemptId,
) -> Result<Launch, Failure> {
    let root = state.submit.as_ref().map(|submit| submit.pipeline_root.as_str()).unwrap_or_default();
    let mut executor_input = executor_input(plan, component, &node.inputs, &attempt, root);
    let defaults = defaults_of(component, &node.inputs);
    let none = BTreeMap::new();
    Asking { plan, state, key: &node.key, attempt: Some(&attempt), values: &none }
        .reread(&mut executor_input.inputs.parameter_values);
    let values = &executor_input.inputs.parameter_values;
    let asking = Asking { plan, state, key: &node.key, attempt: Some(&attempt), values };
    let job = asking.container_facts(container);
    let filling = Filling { executor_input: &executor_input, defaults: &defaults, job: &job };
    let mut env: Vec<(String, String)> =
        container.env.iter().map(|variable| (variable.name.clone(), filling.text(&variable.value))).collect();
    let task = task_of(plan, node);
    if task.is_some_and(|task| task.retry.is_some()) {
        env.push(("KFP_RETRY_INDEX".to_owned(), attempt.number.saturating_sub(node.earlier).to_string()));
    }
    let image = filling.text(&container.image);
    let resources = resources(&container.resources, &filling).map_err(unresolved)?;
    let pod = pod_of((plan, state), node, container, &filling)?;
    let pod_name = pod_name(plan, state, &attempt);
    let node_name = node_name(plan, state, &attempt).unwrap_or_else(|| node.key.to_string());
    let outputs = component.outputs.parameters.iter();
    let output_parameters = outputs.map(|(name, output)| (name.clone(), output.parameter_type)).collect();
    let mut launch = Launch {
        display_name: task.map(|task| task.display_name.clone()).unwrap_or_default(),
        pipeline: plan.name.clone(),
        container: container.clone(),
        image,
        env,
        resources,
        output_parameters,
        attempt,
        defaults,
        job,
        executor_input,
        pod,
        namespace: state.namespace().to_owned(),
        pod_name,
        node_name,
        companions: Vec::new(),
        gpus: None,
        executor: state.executor(),
    };
    for companion in &container.companions {
        launch.companions.push(companion_of((plan, state), node, companion, &launch)?);
    }
    add_requests(&mut launch);
    Ok(launch)
}

/// Makes the request for a container that runs with the task's own.
fn companion_of(
    (plan, state): (&Plan, &RunState),
    node: &Node,
    companion: &Companion,
    main: &Launch,
) -> Result<CompanionLaunch, Failure> {
    let container = &companion.container;
    let filling = Filling { executor_input: &main.executor_input, defaults: &main.defaults, job: &main.job };
    let mut pod = pod_of((plan, state), node, container, &filling)?;
    pod.labels.clone_from(&main.pod.labels);
    pod.annotations.clone_from(&main.pod.annotations);
    pod.service_account.clone_from(&main.pod.service_account);
    let env = container.env.iter().map(|variable| (variable.name.clone(), filling.text(&variable.value)));
    let mut executor_input = main.executor_input.clone();
    executor_input.outputs.parameters.clear();
    executor_input.outputs.artifacts.clear();
    let launch = Launch {
        display_name: main.display_name.clone(),
        pipeline: main.pipeline.clone(),
        image: filling.text(&container.image),
        env: env.collect(),
        resources: resources(&container.resources, &filling).map_err(unresolved)?,
        output_parameters: BTreeMap::new(),
        attempt: main.attempt.clone(),
        defaults: main.defaults.clone(),
        job: main.job.clone(),
        container: container.clone(),
        executor_input,
        pod,
        namespace: main.namespace.clone(),
        pod_name: main.pod_name.clone(),
        node_name: main.node_name.clone(),
        companions: Vec::new(),
        gpus: None,
        executor: main.executor,
    };
    Ok(CompanionLaunch { name: companion.name.clone(), role: companion.role, launch })
}

/// Raises what the attempt asks of the machine to what its pod needs: as in Kubernetes, all containers that run
/// together, or the largest of those that run before if that is more.
fn add_requests(launch: &mut Launch) {
    let Launch { companions, resources, .. } = launch;
    for pick in [
        (|asked: &mut ResolvedResources| &mut asked.cpu_request_millis) as fn(&mut _) -> &mut Option<u64>,
        |asked| &mut asked.memory_request_bytes,
    ] {
        let mut together = *pick(resources);
        let mut before = None;
        for companion in companions.iter_mut() {
            let asked = *pick(&mut companion.launch.resources);
            match companion.role {
                CompanionRole::Before => before = before.max(asked),
                CompanionRole::Beside => {
                    together = together.map_or(asked, |sum| Some(sum + asked.unwrap_or_default()));
                }
            }
        }
        *pick(resources) = together.max(before);
    }
    let asked = |launch: &Launch| launch.resources.accelerator.as_ref().map_or(0, |(_, count)| *count);
    let of_role = |role| companions.iter().filter(move |companion| companion.role == role);
    let beside: u32 = of_role(CompanionRole::Beside).map(|companion| asked(&companion.launch)).sum();
    let before = of_role(CompanionRole::Before).map(|companion| asked(&companion.launch)).max().unwrap_or(0);
    let own = resources.accelerator.as_ref().map_or(0, |(_, count)| *count);
    let all = (own + beside).max(before);
    if all > own {
        let kinds = companions.iter().filter_map(|companion| companion.launch.resources.accelerator.clone());
        let kind = resources.accelerator.clone().into_iter().chain(kinds).next();
        resources.accelerator = kind.map(|(kind, _)| (kind, all));
    }
}

/// Returns the image that a leaf would run with; empty when it has no container.
pub(crate) fn image_of(plan: &Plan, state: &RunState, node: &Node) -> String {
    let (Some(container), Some((_, component))) =
        (container_at(plan, node.component), plan.components.get_index(node.component))
    else {
        return String::new();
    };
    let (input, defaults) = (inputs_alone(&node.inputs), defaults_of(component, &node.inputs));
    let values = &node.inputs.parameters;
    let job = Asking { plan, state, key: &node.key, attempt: None, values }.container_facts(container);
    Filling { executor_input: &input, defaults: &defaults, job: &job }.text(&container.image)
}

/// Makes the request of an importer from its resolved inputs.
pub(crate) fn import_request(
    plan: &Plan,
    state: &RunState,
    node: &Node,
    importer: &Importer,
) -> ImportRequest {
    let input = inputs_alone(&node.inputs);
    let job = state.job_facts(plan, &node.key);
    let component = plan.components.get_index(node.component);
    let defaults = component.map(|(_, component)| defaults_of(component, &node.inputs)).unwrap_or_default();
    let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
    let metadata =
        importer.metadata.iter().map(|(key, value)| (filling.text(key), filling.value(value))).collect();
    let artifact = ArtifactValue {
        id: ArtifactId(uuid_of(&format!("{}/{}:artifact", state.run, node.key))),
        name: "artifact".to_owned(),
        artifact_type: importer.artifact_type.clone(),
        uri: filling.text(&importer.uri),
        metadata,
        part: None,
    };
    ImportRequest {
        task: node.key.clone(),
        pipeline: plan.name.clone(),
        artifact,
        reimport: importer.reimport,
        round: state.round,
    }
}
