//! What a template's pod brings besides its image: volumes, variables from objects, labels, placement.

use std::collections::BTreeMap;

use pipewright_plan::{EnvFrom, PodSettings, PodText, TaskPlatform, Value, VolumeMount};

use super::source::unsupported;
use super::text::Interface;
use super::volume;
use crate::decode::{self, Context};
use crate::v1::workflow::{self, ContainerSpec, KeySelector};

/// Lowers the settings of one container.
pub(super) fn lower(interface: &Interface<'_, '_>, spec: &ContainerSpec, cx: &mut Context) -> TaskPlatform {
    TaskPlatform {
        placement: placement(interface, spec),
        pod: PodSettings {
            volumes: cx.within("volumeMounts", |cx| volumes(interface, spec, cx)),
            env: env(interface, spec, cx),
            labels: notes(interface, cx, |metadata| &metadata.labels),
            annotations: notes(interface, cx, |metadata| &metadata.annotations),
            service_account: service_account(interface)
                .map(|name| PodText::Text { text: interface.text(name, cx) }),
        },
    }
}

fn service_account<'w>(interface: &Interface<'_, 'w>) -> Option<&'w decode::Text> {
    let own = interface.template.service_account_name.as_ref();
    own.or(interface.source.spec.service_account_name.as_ref()).filter(|name| !name.value.is_empty())
}

/// What says where and how a pod runs, kept as it is written; whoever runs it says what it makes of that.
fn placement(interface: &Interface<'_, '_>, spec: &ContainerSpec) -> BTreeMap<String, Value> {
    let (template, workflow) = (interface.template, interface.source.spec);
    let fields = [
        ("nodeSelector", template.node_selector.as_ref().or(workflow.node_selector.as_ref())),
        ("affinity", template.affinity.as_ref().or(workflow.affinity.as_ref())),
        ("tolerations", template.tolerations.as_ref().or(workflow.tolerations.as_ref())),
        ("schedulerName", template.scheduler_name.as_ref().or(workflow.scheduler_name.as_ref())),
        ("hostAliases", template.host_aliases.as_ref().or(workflow.host_aliases.as_ref())),
        ("priority", template.priority.as_ref().or(workflow.pod_priority.as_ref())),
        (
            "priorityClassName",
            template.priority_class_name.as_ref().or(workflow.pod_priority_class_name.as_ref()),
        ),
        ("automountServiceAccountToken", template.automount_service_account_token.as_ref()),
        ("executor", template.executor.as_ref()),
        ("metrics", template.metrics.as_ref()),
        ("archiveLocation", template.archive_location.as_ref()),
    ];
    let mut all = of_container(interface, spec);
    all.extend(written(fields));
    all
}

/// The part of that which each container of a pod has for itself.
pub(super) fn of_container(interface: &Interface<'_, '_>, spec: &ContainerSpec) -> BTreeMap<String, Value> {
    let (template, workflow) = (interface.template, interface.source.spec);
    let lifecycle = spec.lifecycle.as_ref().map(|lifecycle| &lifecycle.value);
    let security = security(workflow.security_context.as_ref(), template, spec);
    let fields = [
        ("imagePullPolicy", spec.image_pull_policy.as_ref()),
        ("imagePullSecrets", workflow.image_pull_secrets.as_ref()),
        ("securityContext", security.as_ref()),
        ("ports", spec.ports.as_ref()),
        ("stdin", spec.stdin.as_ref()),
        ("stdinOnce", spec.stdin_once.as_ref()),
        ("tty", spec.tty.as_ref()),
        ("terminationMessagePath", spec.termination_message_path.as_ref()),
        ("terminationMessagePolicy", spec.termination_message_policy.as_ref()),
        ("livenessProbe", spec.liveness_probe.as_ref()),
        ("readinessProbe", spec.readiness_probe.as_ref()),
        ("startupProbe", spec.startup_probe.as_ref()),
        ("lifecycle", lifecycle),
    ];
    written(fields).collect()
}

fn written<const N: usize>(
    fields: [(&'static str, Option<&Value>); N],
) -> impl Iterator<Item = (String, Value)> {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())))
}

/// The container's own context over that of its pod, which the template or the workflow gives.
fn security(workflow: Option<&Value>, template: &workflow::Template, spec: &ContainerSpec) -> Option<Value> {
    let mut merged = template.security_context.as_ref().or(workflow).cloned();
    if let Some(own) = &spec.security_context {
        match (&mut merged, own) {
            (Some(Value::Object(merged)), Value::Object(own)) => merged.extend(own.clone()),
            _ => merged = Some(own.clone()),
        }
    }
    merged
}

fn notes(
    interface: &Interface<'_, '_>,
    cx: &mut Context,
    pick: impl Fn(&workflow::TemplateMetadata) -> &decode::Map<workflow::AnyText>,
) -> BTreeMap<String, PodText> {
    let shared = interface.source.spec.pod_metadata.as_ref();
    let mut notes = BTreeMap::new();
    // The SDK describes a component in notes that repeat all of it.
    let is_kept = |key: &str| {
        !matches!(
            key,
            "pipelines.kubeflow.org/component_spec"
                | "pipelines.kubeflow.org/component_ref"
                | "pipelines.kubeflow.org/arguments.parameters"
        )
    };
    let mut take = |map: &decode::Map<workflow::AnyText>, cx: &mut Context| {
        for (key, keyed) in map.iter().filter(|(key, _)| is_kept(key)) {
            notes.insert(key.clone(), PodText::Text { text: interface.any_text(&keyed.value, cx) });
        }
    };
    if let Some(shared) = shared {
        let same = workflow::TemplateMetadata {
            span: shared.span,
            labels: shared.labels.clone(),
            annotations: shared.annotations.clone(),
        };
        take(pick(&same), cx);
    }
    if let Some(metadata) = &interface.template.metadata {
        take(pick(metadata), cx);
    }
    notes
}

pub(super) fn env(
    interface: &Interface<'_, '_>,
    spec: &ContainerSpec,
    cx: &mut Context,
) -> Vec<EnvFrom<PodText>> {
    let mut found = Vec::new();
    cx.within("envFrom", |cx| {
        for (index, source) in spec.env_from.iter().enumerate() {
            cx.within(format!("[{index}]"), |cx| {
                let prefix = source.prefix.as_ref().map(|prefix| prefix.value.clone()).unwrap_or_default();
                let (object, is_secret) = match (&source.secret_ref, &source.config_map_ref) {
                    (Some(object), _) => (object, true),
                    (None, Some(object)) => (object, false),
                    (None, None) => {
                        cx.error("missing-field", source.span, "set `secretRef` or `configMapRef`");
                        return;
                    }
                };
                let Some(name) = name_of(interface, object.name.as_ref(), object.span, cx) else { return };
                let optional = object.optional.unwrap_or_default();
                found.push(if is_secret {
                    EnvFrom::AllOfSecret { name, prefix, optional }
                } else {
                    EnvFrom::AllOfConfigMap { name, prefix, optional }
                });
            });
        }
    });
    cx.within("env", |cx| {
        for (index, variable) in spec.env.iter().enumerate() {
            let (Some(name), Some(from)) = (&variable.name, &variable.value_from) else { continue };
            let variable = name.value.clone();
            cx.within(format!("[{index}]"), |cx| {
                cx.within("valueFrom", |cx| {
                    if from.resource_field_ref.is_some() {
                        // It is known here already: a value like any other.
                    } else if let Some(key) = &from.secret_key_ref {
                        found.extend(
                            keyed(interface, key, cx).map(|(name, key, optional)| EnvFrom::Secret {
                                name,
                                key,
                                variable,
                                optional,
                            }),
                        );
                    } else if let Some(key) = &from.config_map_key_ref {
                        found.extend(keyed(interface, key, cx).map(|(name, key, optional)| {
                            EnvFrom::ConfigMap { name, key, variable, optional }
                        }));
                    } else if let Some(path) =
                        from.field_ref.as_ref().and_then(|field| field.field_path.as_ref())
                    {
                        found.push(EnvFrom::Field { variable, path: path.value.clone() });
                    } else {
                        cx.error("missing-field", from.span, "nothing is said of where the value comes from");
                    }
                });
            });
        }
    });
    found
}

pub(super) fn name_of(
    interface: &Interface<'_, '_>,
    name: Option<&decode::Text>,
    span: crate::yaml::Span,
    cx: &mut Context,
) -> Option<PodText> {
    match name {
        Some(name) => Some(PodText::Text { text: interface.text(name, cx) }),
        None => {
            cx.error("missing-field", span, "the field `name` is missing");
            None
        }
    }
}

fn keyed(
    interface: &Interface<'_, '_>,
    selector: &KeySelector,
    cx: &mut Context,
) -> Option<(PodText, String, bool)> {
    let name = name_of(interface, selector.name.as_ref(), selector.span, cx)?;
    let Some(key) = &selector.key else {
        cx.error("missing-field", selector.span, "the field `key` is missing");
        return None;
    };
    Some((name, key.value.clone(), selector.optional.unwrap_or_default()))
}

pub(super) fn volumes(
    interface: &Interface<'_, '_>,
    spec: &ContainerSpec,
    cx: &mut Context,
) -> Vec<VolumeMount<PodText>> {
    let mut mounts = Vec::new();
    let mut paths = std::collections::BTreeSet::new();
    for (index, mount) in spec.volume_mounts.iter().enumerate() {
        let lowered = cx.within(format!("[{index}]"), |cx| {
            if let Some(path) = mount.mount_path.as_ref().filter(|path| !paths.insert(path.value.as_str())) {
                cx.error("wrong-value", path.span, format!("two volumes are at {}", path.value));
            }
            let (Some(name), Some(path)) = (&mount.name, &mount.mount_path) else {
                cx.error("missing-field", mount.span, "a mount wants `name` and `mountPath`");
                return None;
            };
            if let Some(field) = &mount.sub_path_expr {
                unsupported(cx, "subPathExpr", field.span, "use `subPath`");
            }
            let known = interface.template.volumes.iter().chain(&interface.source.volumes);
            let mut known = known.filter(|volume| volume.name.is_some());
            let Some(volume) =
                known.find(|volume| volume.name.as_ref().is_some_and(|n| n.value == name.value))
            else {
                let message = format!("there is no volume `{}`", name.value);
                cx.error("unknown-volume", name.span, message).hint("declare it in the template's `volumes`");
                return None;
            };
            let (source, is_read_only) = volume::source(interface, (spec, &name.value), volume, cx)?;
            let text =
                |text: &decode::Text, cx: &mut Context| PodText::Text { text: interface.text(text, cx) };
            Some(VolumeMount {
                path: cx.within("mountPath", |cx| text(path, cx)),
                sub_path: mount
                    .sub_path
                    .as_ref()
                    .filter(|path| !path.value.is_empty())
                    .map(|path| cx.within("subPath", |cx| text(path, cx))),
                read_only: mount.read_only.unwrap_or_default() || is_read_only,
                source,
            })
        });
        mounts.extend(lowered);
    }
    mounts
}
