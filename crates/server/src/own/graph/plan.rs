//! A plan as the graph shows it. Pure; the cost is that of the plan's text.

use std::collections::BTreeMap;

use pipewright_plan::{
    ArtifactType, Component, ComponentKind, Container, Dialect, EnvFrom, Importer, Manifest, ParameterType,
    Plan, PodText, Resource, ResourceAction, Text, VolumeMount, VolumeSource,
};

use super::dag;
use super::types::{
    ArtifactPort, ComponentKindView, ComponentView, ContainerView, DialectView, EnvFromKind, EnvFromView,
    EnvView, GraphView, ImporterView, MetadataView, ParameterTypeView, ParameterView, PortsView,
    ResourceView, ResourcesView, SettingsView, SuspendView, VolumeKindView, VolumeView, WorkspaceView,
};

/// Shows a plan without any progress.
pub fn graph_of(plan: &Plan) -> GraphView {
    let components = plan
        .components
        .iter()
        .map(|(name, component)| (name.clone(), component_view(plan, component)))
        .collect();
    let inputs = plan.root_component().map(input_ports).unwrap_or_default();
    GraphView {
        name: plan.name.clone(),
        display_name: plan.display_name.clone(),
        description: plan.description.clone(),
        dialect: match plan.dialect {
            Dialect::V1 => DialectView::V1,
            Dialect::V2 => DialectView::V2,
        },
        sdk_version: plan.sdk_version.clone(),
        root: plan.root.clone(),
        parameters: inputs.parameters,
        artifact_inputs: inputs.artifacts,
        components,
        settings: settings(plan),
        run: None,
        seq: None,
        progress: None,
        progress_token: None,
    }
}

fn settings(plan: &Plan) -> SettingsView {
    let platform = &plan.platform;
    SettingsView {
        timeout_seconds: platform.timeout.map(|limit| limit.as_secs_f64()),
        parallelism: platform.parallelism,
        workspace: platform
            .workspace
            .as_ref()
            .map(|workspace| WorkspaceView { size: workspace.size.as_ref().map(Text::to_string) }),
        retention: platform.retention.clone(),
        default_pipeline_root: plan.default_pipeline_root.clone(),
    }
}

/// Shows one component.
pub(crate) fn component_view(plan: &Plan, component: &Component) -> ComponentView {
    let mut view = ComponentView {
        kind: ComponentKindView::Dag,
        inputs: input_ports(component),
        outputs: output_ports(component),
        dag: None,
        container: None,
        importer: None,
        resource: None,
        suspend: None,
    };
    match &component.kind {
        ComponentKind::Dag(inner) => view.dag = Some(dag::dag_view(plan, inner)),
        ComponentKind::Container(container) => {
            view.kind = ComponentKindView::Container;
            view.container = Some(container_view(container));
        }
        ComponentKind::Importer(importer) => {
            view.kind = ComponentKindView::Importer;
            view.importer = Some(importer_view(importer));
        }
        ComponentKind::Resource(resource) => {
            view.kind = ComponentKindView::Resource;
            view.resource = Some(resource_view(resource));
        }
        ComponentKind::Suspend(wait) => {
            view.kind = ComponentKindView::Suspend;
            view.suspend = Some(SuspendView {
                duration: wait.duration.as_ref().map(Text::to_string),
                supplied: wait.supplied.keys().cloned().collect(),
            });
        }
    }
    view
}

/// Returns the title of an artifact type, or its schema when it has no title.
pub(crate) fn type_title(artifact_type: &ArtifactType) -> String {
    let names = [&artifact_type.schema_title, &artifact_type.schema_uri, &artifact_type.instance_schema];
    names.into_iter().find(|name| !name.is_empty()).cloned().unwrap_or_default()
}

pub(crate) fn parameter_type(of: ParameterType) -> ParameterTypeView {
    match of {
        ParameterType::NumberDouble => ParameterTypeView::NumberDouble,
        ParameterType::NumberInteger => ParameterTypeView::NumberInteger,
        ParameterType::String => ParameterTypeView::String,
        ParameterType::Boolean => ParameterTypeView::Boolean,
        ParameterType::List => ParameterTypeView::List,
        ParameterType::Struct => ParameterTypeView::Struct,
        ParameterType::TaskFinalStatus => ParameterTypeView::TaskFinalStatus,
        ParameterType::TaskConfig => ParameterTypeView::TaskConfig,
        ParameterType::Any => ParameterTypeView::Any,
    }
}

fn version(artifact_type: &ArtifactType) -> Option<String> {
    Some(artifact_type.schema_version.clone()).filter(|version| !version.is_empty())
}

fn input_ports(component: &Component) -> PortsView {
    let parameters = component.inputs.parameters.iter().map(|(name, input)| ParameterView {
        name: name.clone(),
        parameter_type: parameter_type(input.parameter_type),
        default: input.default.clone(),
        optional: input.optional,
        literals: input.literals.clone(),
        description: input.description.clone(),
    });
    let artifacts = component.inputs.artifacts.iter().map(|(name, input)| ArtifactPort {
        name: name.clone(),
        artifact_type: type_title(&input.artifact_type),
        version: version(&input.artifact_type),
        is_list: input.is_list,
        optional: input.optional,
        description: input.description.clone(),
    });
    PortsView { parameters: parameters.collect(), artifacts: artifacts.collect() }
}

fn output_ports(component: &Component) -> PortsView {
    let parameters = component.outputs.parameters.iter().map(|(name, output)| ParameterView {
        name: name.clone(),
        parameter_type: parameter_type(output.parameter_type),
        default: output.default.clone(),
        optional: false,
        literals: Vec::new(),
        description: output.description.clone(),
    });
    let artifacts = component.outputs.artifacts.iter().map(|(name, output)| ArtifactPort {
        name: name.clone(),
        artifact_type: type_title(&output.artifact_type),
        version: version(&output.artifact_type),
        is_list: output.is_list,
        optional: false,
        description: output.description.clone(),
    });
    PortsView { parameters: parameters.collect(), artifacts: artifacts.collect() }
}

fn container_view(container: &Container) -> ContainerView {
    let resources = &container.resources;
    let pod = &container.platform.pod;
    let shown = |text: &Option<Text>| text.as_ref().map(Text::to_string);
    let texts = |map: &BTreeMap<String, PodText>| {
        map.iter().map(|(key, text)| (key.clone(), pod_text(text))).collect::<BTreeMap<_, _>>()
    };
    ContainerView {
        image: container.image.to_string(),
        command: container.command.iter().map(ToString::to_string).collect(),
        args: container.args.iter().map(ToString::to_string).collect(),
        env: container
            .env
            .iter()
            .map(|variable| EnvView { name: variable.name.clone(), value: variable.value.to_string() })
            .collect(),
        working_directory: shown(&container.working_directory),
        resources: ResourcesView {
            cpu_request: shown(&resources.cpu_request),
            cpu_limit: shown(&resources.cpu_limit),
            memory_request: shown(&resources.memory_request),
            memory_limit: shown(&resources.memory_limit),
            accelerator_type: shown(&resources.accelerator_type),
            accelerator_count: shown(&resources.accelerator_count),
        },
        volumes: pod.volumes.iter().map(volume_view).collect(),
        env_from: pod.env.iter().map(env_from_view).collect(),
        labels: texts(&pod.labels),
        annotations: texts(&pod.annotations),
        service_account: pod.service_account.as_ref().map(pod_text),
        placement: container.platform.placement.clone(),
    }
}

/// Writes a name of the pod settings; one that comes from elsewhere shows where from.
fn pod_text(text: &PodText) -> String {
    match text {
        PodText::Text { text } => text.to_string(),
        PodText::Bound { binding, .. } => dag::source_text(&binding.source),
    }
}

fn volume_view(mount: &VolumeMount<PodText>) -> VolumeView {
    let (kind, name, size) = match &mount.source {
        VolumeSource::Claim { name } => (VolumeKindView::Claim, Some(pod_text(name)), None),
        VolumeSource::Secret { name, .. } => (VolumeKindView::Secret, Some(pod_text(name)), None),
        VolumeSource::ConfigMap { name, .. } => (VolumeKindView::ConfigMap, Some(pod_text(name)), None),
        VolumeSource::EmptyDir { volume, size_limit, .. } => {
            (VolumeKindView::EmptyDir, Some(volume.clone()), size_limit.clone())
        }
        VolumeSource::Ephemeral { volume, size, .. } => {
            (VolumeKindView::Ephemeral, Some(volume.clone()), size.clone())
        }
        VolumeSource::Workspace => (VolumeKindView::Workspace, None, None),
        VolumeSource::Host { path, .. } => (VolumeKindView::HostPath, Some(pod_text(path)), None),
        VolumeSource::Projected { parts, .. } => {
            let names: Vec<String> =
                parts.iter().map(|part| part.name().map_or_else(|| "pod".to_owned(), pod_text)).collect();
            (VolumeKindView::Projected, Some(names.join(", ")), None)
        }
    };
    VolumeView {
        path: pod_text(&mount.path),
        sub_path: mount.sub_path.as_ref().map(pod_text),
        read_only: mount.read_only,
        kind,
        name,
        size,
    }
}

fn env_from_view(from: &EnvFrom<PodText>) -> EnvFromView {
    let prefix = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let (kind, name, key, variable, optional) = match from {
        EnvFrom::Secret { name, key, variable, optional } => {
            (EnvFromKind::Secret, Some(name), Some(key.clone()), Some(variable.clone()), *optional)
        }
        EnvFrom::ConfigMap { name, key, variable, optional } => {
            (EnvFromKind::ConfigMap, Some(name), Some(key.clone()), Some(variable.clone()), *optional)
        }
        EnvFrom::AllOfSecret { name, prefix: front, optional } => {
            (EnvFromKind::AllOfSecret, Some(name), None, prefix(front), *optional)
        }
        EnvFrom::AllOfConfigMap { name, prefix: front, optional } => {
            (EnvFromKind::AllOfConfigMap, Some(name), None, prefix(front), *optional)
        }
        EnvFrom::Field { variable, path } => {
            (EnvFromKind::Field, None, Some(path.clone()), Some(variable.clone()), false)
        }
    };
    EnvFromView { kind, name: name.map(pod_text), key, variable, optional }
}

fn importer_view(importer: &Importer) -> ImporterView {
    ImporterView {
        uri: importer.uri.to_string(),
        artifact_type: type_title(&importer.artifact_type),
        reimport: importer.reimport,
        metadata: importer
            .metadata
            .iter()
            .map(|(key, value)| MetadataView { key: key.to_string(), value: value.shown() })
            .collect(),
    }
}

fn resource_view(resource: &Resource) -> ResourceView {
    let of_manifest = |manifest: &Manifest| {
        let action = match manifest.action {
            ResourceAction::Create => "create",
            ResourceAction::Apply => "apply",
            ResourceAction::Get => "get",
            ResourceAction::Patch => "patch",
            ResourceAction::Replace => "replace",
            ResourceAction::Delete => "delete",
        };
        ResourceView { action: action.to_owned(), manifest: Some(manifest.manifest.to_string()) }
    };
    match resource {
        Resource::CreateClaim => ResourceView { action: "create_claim".to_owned(), manifest: None },
        Resource::DeleteClaim => ResourceView { action: "delete_claim".to_owned(), manifest: None },
        Resource::Manifest(manifest) => of_manifest(manifest),
    }
}
