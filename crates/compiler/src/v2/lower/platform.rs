//! Kubernetes settings: what is honoured, what is kept for a cluster, and what this release refuses.

use std::collections::BTreeMap;
use std::time::Duration;

use pipewright_plan::{PipelinePlatform, TaskPlatform, Value};

use super::component;
use super::source::Source;
use crate::decode::Context;
use crate::suggest;
use crate::v2::spec::WorkspaceConfig;

/// Settings that change what a task sees or computes, with what to do instead.
const REFUSED: &[(&str, &str)] = &[
    ("secretAsVolume", "read the secret from the environment that the server is started in"),
    ("secretAsEnv", "read the secret from the environment that the server is started in"),
    ("configMapAsVolume", "pass the content as a parameter or an artifact"),
    ("configMapAsEnv", "use `set_env_variable`"),
    ("pvcMount", "hand files on as artifacts"),
    ("emptyDirMounts", "use a temporary folder in the task"),
    ("genericEphemeralVolume", "use a temporary folder in the task"),
    ("fieldPathAsEnv", "use `set_env_variable` or a job placeholder"),
    ("initContainers", "run the preparation as a task of its own"),
    ("securityContext", "remove the setting; tasks run as the user who started the server"),
];

/// Words that an image pull policy may be.
const PULL_POLICIES: &[&str] = &["Always", "Never", "IfNotPresent"];

/// Lowers the settings of one executor's pod.
pub(super) fn task(source: &Source<'_>, label: &str, cx: &mut Context) -> TaskPlatform {
    let mut lowered = TaskPlatform::default();
    let Some(config) = source.platform_of(label) else { return lowered };
    at_executor(label, cx, |cx| {
        for setting in &config.raw {
            if is_empty(&setting.value) || setting.name == "activeDeadlineSeconds" {
                continue;
            }
            if let Some((name, hint)) = REFUSED.iter().find(|(name, _)| *name == setting.name) {
                let message = format!("the platform setting `{name}` is not supported by this release");
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
            if let Some(workspace) = &config.workspace {
                cx.error("unsupported", workspace.span, "workspaces are not supported by this release")
                    .hint("hand files on as artifacts");
            }
            if let Some(seconds) = &config.active_deadline_seconds {
                if seconds.value < 0 {
                    cx.error("wrong-value", seconds.span, "the time limit is negative");
                }
                lowered.timeout =
                    u64::try_from(seconds.value).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
            }
        });
        let times = [
            ("resourceTtlOnCompletion", config.resource_ttl_on_completion),
            ("resourceTtlOnSuccess", config.resource_ttl_on_success),
            ("resourceTtlOnFailure", config.resource_ttl_on_failure),
        ];
        lowered.retention = times
            .into_iter()
            .filter_map(|(name, seconds)| Some((name.to_owned(), Value::from(seconds.filter(|s| *s != 0)?))))
            .collect::<BTreeMap<_, _>>();
    });
    lowered
}

/// Returns the workspace that the pipeline asks for; asking is reported once, where it stands.
pub(super) fn workspace<'s>(source: &Source<'s>) -> Option<&'s WorkspaceConfig> {
    source.kubernetes?.pipeline_config.as_ref()?.workspace.as_ref()
}

/// Returns the static content of a setting for a task's own eyes.
pub(super) fn raw<'s>(source: &Source<'s>, label: &str, name: &str) -> Option<&'s Value> {
    source.platform_of(label)?.raw.iter().find(|setting| setting.name == name).map(|setting| &setting.value)
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
