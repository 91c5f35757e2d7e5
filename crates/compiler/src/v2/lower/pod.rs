//! Pod settings of an executor: volumes, variables from objects, labels and annotations.
//!
//! Source: v2 semantics 1.9. What only places a pod is `platform`'s.

use pipewright_plan::{EnvFrom, PodSettings, PodText, VolumeMount, VolumeSource};

use super::pod_name::{Found, Given, Place};
use crate::decode::{Context, Text};
use crate::v2::platform::{
    ConfigMapAsEnv, ConfigMapAsVolume, EmptyDirMount, FieldPathAsEnv, GenericEphemeralVolume,
    KubernetesExecutorConfig, PvcMount, SecretAsEnv, SecretAsVolume,
};
use crate::yaml::Span;

/// Fields of a pod that a variable may hold.
const FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Lowers an executor's pod settings; what is wrong is told where it stands.
pub(super) fn lower(
    place: &Place<'_, '_>,
    config: &KubernetesExecutorConfig,
    cx: &mut Context,
) -> PodSettings<PodText> {
    let mut pod = PodSettings::default();
    pod.volumes.extend(each("pvcMount", &config.pvc_mount, cx, |entry, cx| claim(place, entry, cx)));
    let secrets = each("secretAsVolume", &config.secret_as_volume, cx, |entry, cx| secret(place, entry, cx));
    pod.volumes.extend(secrets);
    let maps =
        each("configMapAsVolume", &config.config_map_as_volume, cx, |entry, cx| config_map(place, entry, cx));
    pod.volumes.extend(maps);
    pod.volumes.extend(each("emptyDirMounts", &config.empty_dir_mounts, cx, empty_dir));
    let ephemeral = each("genericEphemeralVolume", &config.generic_ephemeral_volume, cx, ephemeral);
    pod.volumes.extend(ephemeral);
    warn_of_same_path(config, &pod, cx);
    let secrets = each("secretAsEnv", &config.secret_as_env, cx, |entry, cx| secret_env(place, entry, cx));
    pod.env.extend(secrets.into_iter().flatten());
    let maps =
        each("configMapAsEnv", &config.config_map_as_env, cx, |entry, cx| config_map_env(place, entry, cx));
    pod.env.extend(maps.into_iter().flatten());
    pod.env.extend(each("fieldPathAsEnv", &config.field_path_as_env, cx, field));
    if let Some(metadata) = &config.pod_metadata {
        let mut texts = |map: &crate::decode::Map<String>| -> Vec<(String, PodText)> {
            let text = |keyed: &crate::decode::Keyed<String>| Text {
                value: keyed.value.clone(),
                span: keyed.key_span,
            };
            map.iter().map(|(key, keyed)| (key.clone(), place.text(&text(keyed), cx))).collect()
        };
        pod.labels.extend(texts(&metadata.labels));
        pod.annotations.extend(texts(&metadata.annotations));
    }
    pod
}

/// Lowers every entry of a list at its place.
fn each<E, R>(
    field: &'static str,
    entries: &[E],
    cx: &mut Context,
    mut lower: impl FnMut(&E, &mut Context) -> Option<R>,
) -> Vec<R> {
    cx.within(field, |cx| {
        let numbered = entries.iter().enumerate();
        numbered.filter_map(|(index, entry)| cx.within(format!("[{index}]"), |cx| lower(entry, cx))).collect()
    })
}

fn claim(place: &Place<'_, '_>, entry: &PvcMount, cx: &mut Context) -> Option<VolumeMount<PodText>> {
    let path = mount_path(entry.mount_path.as_ref(), entry.span, cx);
    let name = if entry.pvc_name_parameter.is_some() {
        let given = Given {
            parameter: entry.pvc_name_parameter.as_ref(),
            field: "pvcNameParameter",
            old: None,
            span: entry.span,
            optional_entry: false,
        };
        place.name(given, cx)
    } else {
        old_claim_name(place, entry, cx)
    };
    let sub_path = entry.sub_path.as_ref().filter(|path| !path.value.is_empty());
    if let Some(sub_path) = sub_path
        && (sub_path.value.starts_with('/') || sub_path.value.split('/').any(|part| part == ".."))
    {
        let message = format!("the sub-path `{}` leads out of the volume", sub_path.value);
        cx.within("subPath", |cx| {
            cx.error("wrong-value", sub_path.span, message).hint("name a folder inside of the volume");
        });
    }
    Some(VolumeMount {
        path: PodText::literal(path?),
        sub_path: sub_path.map(|path| place.text(path, cx)),
        read_only: false,
        source: VolumeSource::Claim { name: name? },
    })
}

/// Lowers a claim's name as SDKs before `pvcNameParameter` wrote it.
fn old_claim_name(place: &Place<'_, '_>, entry: &PvcMount, cx: &mut Context) -> Option<PodText> {
    let bound = |source| {
        let binding = pipewright_plan::ParameterBinding { source, selector: None };
        Found::Bound(binding).into_text(false)
    };
    if let Some(input) = &entry.component_input_parameter {
        return place.dag_input(input, cx).map(bound);
    }
    if let Some(output) = &entry.task_output_parameter {
        return place.output(output, cx).map(bound);
    }
    let name = entry.constant.as_deref();
    let field = "pvcNameParameter";
    place.name(Given { parameter: None, field, old: name, span: entry.span, optional_entry: false }, cx)
}

fn secret(place: &Place<'_, '_>, entry: &SecretAsVolume, cx: &mut Context) -> Option<VolumeMount<PodText>> {
    let path = mount_path(entry.mount_path.as_ref(), entry.span, cx);
    let given = Given {
        parameter: entry.secret_name_parameter.as_ref(),
        field: "secretNameParameter",
        old: entry.secret_name.as_deref(),
        span: entry.span,
        optional_entry: true,
    };
    let name = place.name(given, cx);
    let optional = entry.optional.unwrap_or_default();
    let source = VolumeSource::Secret { name: name?, items: Vec::new(), mode: None, optional };
    Some(VolumeMount { path: PodText::literal(path?), sub_path: None, read_only: true, source })
}

fn config_map(
    place: &Place<'_, '_>,
    entry: &ConfigMapAsVolume,
    cx: &mut Context,
) -> Option<VolumeMount<PodText>> {
    let path = mount_path(entry.mount_path.as_ref(), entry.span, cx);
    let given = Given {
        parameter: entry.config_map_name_parameter.as_ref(),
        field: "configMapNameParameter",
        old: entry.config_map_name.as_deref(),
        span: entry.span,
        optional_entry: true,
    };
    let name = place.name(given, cx);
    let optional = entry.optional.unwrap_or_default();
    let source = VolumeSource::ConfigMap { name: name?, items: Vec::new(), mode: None, optional };
    Some(VolumeMount { path: PodText::literal(path?), sub_path: None, read_only: true, source })
}

fn empty_dir(entry: &EmptyDirMount, cx: &mut Context) -> Option<VolumeMount<PodText>> {
    let path = mount_path(entry.mount_path.as_ref(), entry.span, cx);
    let volume = volume_name(entry.volume_name.as_ref(), entry.span, cx);
    let medium = entry.medium.as_ref().filter(|medium| !medium.value.is_empty());
    if let Some(medium) = medium.filter(|medium| medium.value != "Memory") {
        let message = format!("`{}` is no medium of an empty folder here", medium.value);
        cx.within("medium", |cx| {
            cx.error("wrong-value", medium.span, message).hint("leave it out for disk, or write `Memory`");
        });
    }
    let size_limit = size("sizeLimit", entry.size_limit.as_ref(), cx);
    let source = VolumeSource::EmptyDir { volume: volume?, memory: medium.is_some(), size_limit };
    Some(VolumeMount { path: PodText::literal(path?), sub_path: None, read_only: false, source })
}

fn ephemeral(entry: &GenericEphemeralVolume, cx: &mut Context) -> Option<VolumeMount<PodText>> {
    let path = mount_path(entry.mount_path.as_ref(), entry.span, cx);
    let volume = volume_name(entry.volume_name.as_ref(), entry.span, cx);
    let class = entry.storage_class_name.clone().filter(|_| !entry.default_storage_class.unwrap_or_default());
    let source = VolumeSource::Ephemeral {
        volume: volume?,
        size: size("size", entry.size.as_ref(), cx),
        access_modes: entry.access_modes.clone(),
        storage_class: class.filter(|class| !class.is_empty()),
    };
    Some(VolumeMount { path: PodText::literal(path?), sub_path: None, read_only: false, source })
}

fn secret_env(place: &Place<'_, '_>, entry: &SecretAsEnv, cx: &mut Context) -> Option<Vec<EnvFrom<PodText>>> {
    let given = Given {
        parameter: entry.secret_name_parameter.as_ref(),
        field: "secretNameParameter",
        old: entry.secret_name.as_deref(),
        span: entry.span,
        optional_entry: true,
    };
    let name = place.name(given, cx);
    let optional = entry.optional.unwrap_or_default();
    let pairs = each("keyToEnv", &entry.key_to_env, cx, |pair, cx| {
        key_and_variable((pair.secret_key.as_deref(), pair.env_var.as_deref()), pair.span, cx)
    });
    let name = name?;
    let one = |(key, variable)| EnvFrom::Secret { name: name.clone(), key, variable, optional };
    Some(pairs.into_iter().map(one).collect())
}

fn config_map_env(
    place: &Place<'_, '_>,
    entry: &ConfigMapAsEnv,
    cx: &mut Context,
) -> Option<Vec<EnvFrom<PodText>>> {
    let given = Given {
        parameter: entry.config_map_name_parameter.as_ref(),
        field: "configMapNameParameter",
        old: entry.config_map_name.as_deref(),
        span: entry.span,
        optional_entry: true,
    };
    let name = place.name(given, cx);
    let optional = entry.optional.unwrap_or_default();
    let pairs = each("keyToEnv", &entry.key_to_env, cx, |pair, cx| {
        key_and_variable((pair.config_map_key.as_deref(), pair.env_var.as_deref()), pair.span, cx)
    });
    let name = name?;
    let one = |(key, variable)| EnvFrom::ConfigMap { name: name.clone(), key, variable, optional };
    Some(pairs.into_iter().map(one).collect())
}

fn field(entry: &FieldPathAsEnv, cx: &mut Context) -> Option<EnvFrom<PodText>> {
    let variable = variable(entry.name.as_deref(), entry.span, cx);
    let Some(path) = entry.field_path.as_ref().filter(|path| !path.value.is_empty()) else {
        cx.error("missing-field", entry.span, "the entry names no field: `fieldPath` is missing");
        return None;
    };
    let is_keyed = ["metadata.labels", "metadata.annotations"].iter().any(|prefix| {
        let key = path.value.strip_prefix(prefix);
        let key = key.and_then(|rest| rest.strip_prefix("['")).and_then(|rest| rest.strip_suffix("']"));
        key.is_some_and(|key| !key.is_empty())
    });
    if !is_keyed && !FIELDS.contains(&path.value.as_str()) {
        let message = format!("`{}` is no field of a pod that a variable may hold", path.value);
        let hint = crate::suggest::did_you_mean(&path.value, FIELDS.iter().copied());
        let all = || format!("one of {}, metadata.labels['x'], metadata.annotations['x']", FIELDS.join(", "));
        cx.within("fieldPath", |cx| {
            cx.error("wrong-value", path.span, message).hint(hint.unwrap_or_else(all));
        });
        return None;
    }
    Some(EnvFrom::Field { variable: variable?, path: path.value.clone() })
}

fn key_and_variable(
    (key, name): (Option<&str>, Option<&str>),
    span: Span,
    cx: &mut Context,
) -> Option<(String, String)> {
    let variable = variable(name, span, cx);
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        cx.error("missing-field", span, "the entry names no key of the object");
        return None;
    };
    Some((key.to_owned(), variable?))
}

fn variable(name: Option<&str>, span: Span, cx: &mut Context) -> Option<String> {
    let name = name.unwrap_or_default();
    if name.is_empty() || name.contains(['=', '\0']) {
        cx.error("wrong-value", span, format!("`{name}` is no name of an environment variable"));
        return None;
    }
    Some(name.to_owned())
}

fn volume_name(name: Option<&Text>, span: Span, cx: &mut Context) -> Option<String> {
    let name = name.filter(|name| !name.value.is_empty());
    if name.is_none() {
        cx.error("missing-field", span, "the volume has no name: `volumeName` is missing");
    }
    name.map(|name| name.value.clone())
}

fn mount_path(path: Option<&Text>, span: Span, cx: &mut Context) -> Option<String> {
    let Some(path) = path.filter(|path| !path.value.is_empty()) else {
        cx.error(
            "missing-field",
            span,
            "nothing is said of where the volume appears: `mountPath` is missing",
        );
        return None;
    };
    let folders = path.value.trim_matches('/');
    let problem = if !path.value.starts_with('/') {
        Some("is not absolute")
    } else if folders.is_empty() {
        Some("is the root of the file system")
    } else if folders.split('/').any(|part| part == "..") || path.value.contains([':', '\0']) {
        Some("is no path that a volume may appear at")
    } else {
        None
    };
    if let Some(problem) = problem {
        cx.within("mountPath", |cx| {
            cx.error("wrong-value", path.span, format!("the mount path `{}` {problem}", path.value))
                .hint("use a path such as `/mnt/data`");
        });
        return None;
    }
    Some(path.value.clone())
}

/// Checks a quantity and returns it.
pub(super) fn size(field: &'static str, text: Option<&Text>, cx: &mut Context) -> Option<String> {
    let text = text.filter(|text| !text.value.is_empty())?;
    if pipewright_plan::quantity(&text.value).is_none() {
        cx.within(field, |cx| {
            cx.error("wrong-value", text.span, format!("`{}` is no quantity", text.value))
                .hint("write it as `500Mi` or `10Gi`");
        });
    }
    Some(text.value.clone())
}

/// A cluster refuses two volumes at one path; here the later one is seen.
fn warn_of_same_path(config: &KubernetesExecutorConfig, pod: &PodSettings<PodText>, cx: &mut Context) {
    for (index, mount) in pod.volumes.iter().enumerate() {
        if pod.volumes[..index].iter().any(|earlier| earlier.path == mount.path) {
            let PodText::Text { text } = &mount.path else { continue };
            let path = text.as_literal().unwrap_or_default();
            let message = format!("two volumes are mounted at `{path}`; the task sees the later one");
            cx.warning("same-path", config.span, message).hint("a cluster refuses such a pod");
        }
    }
}
