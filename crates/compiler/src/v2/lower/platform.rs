//! Kubernetes settings: what is honoured, what is kept for a cluster, and what this release refuses.

use std::collections::BTreeMap;
use std::time::Duration;

use pipewright_plan::{PipelinePlatform, PodSettings, PodText, TaskPlatform, Value, VolumeSource};

use super::source::Source;
use super::{component, container, pod, pod_name, task_config, workspace};
use crate::decode::Context;
use crate::suggest;
use crate::v2::platform::KubernetesExecutorConfig;
use crate::v2::spec::{PipelineConfig, WorkspaceConfig};
use crate::yaml::Span;

/// Settings that change what a task sees or computes and that are lowered elsewhere.
const HONOURED: &[&str] = &[
    "secretAsVolume",
    "secretAsEnv",
    "configMapAsVolume",
    "configMapAsEnv",
    "pvcMount",
    "emptyDirMounts",
    "genericEphemeralVolume",
    "fieldPathAsEnv",
    "podMetadata",
    "activeDeadlineSeconds",
];

/// Settings that change results and that nothing here can honour, with what to do instead.
const REFUSED: &[(&str, &str)] = &[(
    "initContainers",
    "init containers need an executor of containers; run the preparation as a task of its own",
)];

/// Words that an image pull policy may be.
const PULL_POLICIES: &[&str] = &["Always", "Never", "IfNotPresent"];

/// Lowers the settings of one executor's pod.
pub(super) fn task(
    source: &Source<'_>,
    interface: &container::Interface<'_>,
    label: &str,
    cx: &mut Context,
) -> TaskPlatform {
    let mut lowered = TaskPlatform::default();
    let Some(config) = source.platform_of(label) else { return lowered };
    at_executor(label, cx, |cx| {
        lowered.pod = pod_settings(source, interface, &config.typed, cx);
        for setting in &config.raw {
            if is_empty(&setting.value) || HONOURED.contains(&setting.name.as_str()) {
                continue;
            }
            if let Some((name, hint)) = REFUSED.iter().find(|(name, _)| *name == setting.name) {
                let message = format!("the platform setting `{name}` cannot be honoured here");
                cx.within(*name, |cx| {
                    cx.error("unsupported", setting.key_span, message).hint(*hint);
                });
                continue;
            }
            component::check_depth(&setting.value, setting.key_span, cx);
            lowered.placement.insert(setting.name.clone(), setting.value.clone());
        }
        if let Some(policy) = &config.typed.image_pull_policy
            && !policy.value.is_empty()
            && !PULL_POLICIES.contains(&policy.value.as_str())
        {
            let message = format!("`{}` is no image pull policy", policy.value);
            let hint = suggest::did_you_mean(&policy.value, PULL_POLICIES.iter().copied());
            cx.within("imagePullPolicy", |cx| {
                cx.error("wrong-value", policy.span, message)
                    .hint(hint.unwrap_or_else(|| format!("one of {}", PULL_POLICIES.join(", "))));
            });
        }
    });
    lowered
}

/// Returns the limit for one attempt of an executor.
pub(super) fn timeout(source: &Source<'_>, label: &str, cx: &mut Context) -> Option<Duration> {
    let seconds = source.platform_of(label)?.typed.active_deadline_seconds.as_ref()?;
    if seconds.value < 0 {
        at_executor(label, cx, |cx| {
            cx.within("activeDeadlineSeconds", |cx| {
                cx.error("wrong-value", seconds.span, "the time limit is negative");
            });
        });
    }
    u64::try_from(seconds.value).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

/// Lowers the settings of the whole pipeline.
pub(super) fn pipeline(source: &Source<'_>, cx: &mut Context) -> PipelinePlatform {
    let mut lowered = PipelinePlatform::default();
    let Some(kubernetes) = source.kubernetes else { return lowered };
    at_platform(cx, |cx| {
        let executors = kubernetes.deployment_spec.iter().flat_map(|deployment| &deployment.executors);
        for (label, keyed) in executors {
            if source.executors().is_none_or(|executors| !executors.contains_key(label)) {
                let message = format!("executor `{label}` does not exist in the pipeline");
                let known = source.executors().into_iter().flat_map(|executors| executors.keys());
                cx.warning("unknown-executor", keyed.key_span, message)
                    .hint(component::suggestion(label, known.map(String::as_str)));
            }
        }
        let Some(config) = &kubernetes.pipeline_config else { return };
        cx.within("pipelineConfig", |cx| {
            lowered.workspace = config.workspace.as_ref().map(|asked| workspace::lower(asked, cx));
            if let Some(seconds) = &config.active_deadline_seconds {
                if seconds.value < 0 {
                    cx.error("wrong-value", seconds.span, "the time limit is negative");
                }
                lowered.timeout =
                    u64::try_from(seconds.value).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
            }
        });
        lowered.retention = retention(config, cx);
    });
    lowered
}

fn retention(config: &PipelineConfig, cx: &mut Context) -> BTreeMap<String, Value> {
    let times = [
        ("resourceTtlOnCompletion", &config.resource_ttl_on_completion),
        ("resourceTtlOnSuccess", &config.resource_ttl_on_success),
        ("resourceTtlOnFailure", &config.resource_ttl_on_failure),
    ];
    let mut lowered = BTreeMap::new();
    for (name, seconds) in times.into_iter().filter_map(|(name, given)| Some((name, given.as_ref()?))) {
        if seconds.value < 0 {
            cx.within("pipelineConfig", |cx| {
                cx.within(name, |cx| {
                    cx.error("wrong-value", seconds.span, "the time to live is negative");
                });
            });
        } else if seconds.value > 0 {
            lowered.insert(name.to_owned(), Value::from(seconds.value));
        }
    }
    lowered
}

/// Lowers what the pod brings, less what the component hands to its code alone.
fn pod_settings(
    source: &Source<'_>,
    interface: &container::Interface<'_>,
    config: &KubernetesExecutorConfig,
    cx: &mut Context,
) -> PodSettings<PodText> {
    let users = source.users(interface.name);
    let mut pod = pod::lower(&pod_name::Place { source, interface, users }, config, cx);
    let passthroughs = task_config::not_applied(interface.spec);
    if passthroughs.env {
        pod.env.clear();
    }
    if passthroughs.volumes {
        // What lives no longer than the pod is its own in any case.
        pod.volumes.retain(|mount| {
            matches!(mount.source, VolumeSource::EmptyDir { .. } | VolumeSource::Ephemeral { .. })
        });
    }
    pod
}

/// Returns the workspace that the pipeline asks for.
pub(super) fn workspace<'s>(source: &Source<'s>) -> Option<&'s WorkspaceConfig> {
    source.kubernetes?.pipeline_config.as_ref()?.workspace.as_ref()
}

/// Tells that something needs the workspace that the pipeline does not ask for.
pub(super) fn missing_workspace(span: Span, cx: &mut Context) {
    cx.error("missing-workspace", span, "the pipeline asks for no workspace").hint(
        "ask for one: `@dsl.pipeline(pipeline_config=dsl.PipelineConfig(workspace=dsl.WorkspaceConfig(size='1Gi')))`",
    );
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Runs a step at the platform document, which has a path of its own.
fn at_platform(cx: &mut Context, step: impl FnOnce(&mut Context)) {
    let mut inner = Context::new();
    std::mem::swap(&mut inner.diagnostics, &mut cx.diagnostics);
    inner.within("platforms", |cx| cx.within("kubernetes", step));
    std::mem::swap(&mut inner.diagnostics, &mut cx.diagnostics);
}

fn at_executor(label: &str, cx: &mut Context, step: impl FnOnce(&mut Context)) {
    at_platform(cx, |cx| {
        cx.within("deploymentSpec", |cx| cx.within("executors", |cx| cx.within(label, step)));
    });
}
