//! Containers, scripts and resource templates: commands, places of inputs and outputs, manifests.

use pipewright_plan::{
    Container, EnvVar, InputSettings, Manifest, OutputPlace, Placeholder, Places, Resource, ResourceAction,
    ResourceOutput, Resources, Text, TextPart, Value, Word, quantity,
};

use super::source::{named, named_artifacts, unsupported};
use super::text::Interface;
use super::{artifact, pod};
use crate::decode::{self, Context};
use crate::v1::workflow::{AnyText, ContainerSpec, ResourceFieldRef, ResourceTemplate};
use crate::yaml::{self, Node, Span};

/// Where a script's text lies.
const SCRIPT_PATH: &str = "/tmp/argo/staging/script";
/// What `dsl.VolumeOp.delete()` compiles to.
const KUBECTL_IMAGES: &[&str] = &["gcr.io/cloud-builders/kubectl"];

/// Lowers the container of a template.
pub(super) fn lower(
    interface: &Interface<'_, '_>,
    spec: &ContainerSpec,
    cx: &mut Context,
) -> Option<Container> {
    if let Some(devices) = &spec.volume_devices {
        unsupported(cx, "volumeDevices", devices.span, "mount a volume");
    }
    let Some(image) = spec.image.as_ref().filter(|image| !image.value.is_empty()) else {
        cx.error("missing-field", spec.span, "the container has no `image`");
        return None;
    };
    let mut command = words(interface, "command", &spec.command, cx);
    let args = words(interface, "args", &spec.args, cx);
    let mut places = places(interface, cx);
    if let Some(source) = &spec.source {
        places
            .input_texts
            .insert(SCRIPT_PATH.to_owned(), cx.within("source", |cx| interface.text(source, cx)));
        command.push(Word::literal(SCRIPT_PATH));
    }
    Some(Container {
        image: cx.within("image", |cx| interface.text(image, cx)),
        command,
        args,
        env: env(interface, spec, cx),
        resources: resources(interface, spec, cx),
        platform: pod::lower(interface, spec, cx),
        places,
        working_directory: spec.working_dir.as_ref().map(|path| interface.text(path, cx)),
        companions: Vec::new(),
        result: None,
    })
}

/// Lowers words of a command line.
pub(super) fn words(
    interface: &Interface<'_, '_>,
    field: &'static str,
    list: &[AnyText],
    cx: &mut Context,
) -> Vec<Word> {
    cx.within(field, |cx| {
        let words = list.iter().enumerate().map(|(index, word)| {
            cx.within(format!("[{index}]"), |cx| Word::Text { text: interface.any_text(word, cx) })
        });
        words.collect()
    })
}

pub(super) fn env(interface: &Interface<'_, '_>, spec: &ContainerSpec, cx: &mut Context) -> Vec<EnvVar> {
    cx.within("env", |cx| {
        let mut variables = Vec::new();
        for (index, variable) in spec.env.iter().enumerate() {
            let field = variable.value_from.as_ref().map(|from| from.resource_field_ref.as_ref());
            // The others come from objects or from the pod.
            if field.is_some_and(|field| field.is_none()) {
                continue;
            }
            cx.within(format!("[{index}]"), |cx| {
                let name = variable.name.as_ref().map(|name| name.value.as_str()).unwrap_or_default();
                if name.is_empty() || name.contains(['=', '\0']) {
                    let message = format!("`{name}` is no name of an environment variable");
                    cx.error("wrong-value", variable.span, message);
                    return;
                }
                let value = match field.flatten() {
                    Some(field) => {
                        cx.within("valueFrom", |cx| own_resource(spec, field, cx)).map(Text::literal)
                    }
                    None => variable.value.as_ref().map(|value| interface.any_text(value, cx)),
                };
                variables.push(EnvVar { name: name.to_owned(), value: value.unwrap_or_default() });
            });
        }
        variables
    })
}

/// Returns a limit or request of the container in units of a divisor, as Kubernetes rounds it.
pub(super) fn own_resource(
    spec: &ContainerSpec,
    field: &ResourceFieldRef,
    cx: &mut Context,
) -> Option<String> {
    let resource = field.resource.as_ref().map(|resource| resource.value.as_str()).unwrap_or_default();
    let (kind, name) = resource.split_once('.').unwrap_or_default();
    let given = spec.resources.as_ref().and_then(|all| {
        let limit = all.limits.get(name);
        // What is not asked for is asked for as far as the limit goes.
        if kind == "requests" { all.requests.get(name).or(limit) } else { limit.filter(|_| kind == "limits") }
    });
    let is_own = field.container_name.as_ref().is_none_or(|name| {
        name.value == "main" || spec.name.as_ref().is_some_and(|own| own.value == name.value)
    });
    let amount = given.and_then(|given| quantity(&given.value.value)).filter(|_| is_own);
    let divisor = field.divisor.as_ref().map_or(Some(1.0), |divisor| quantity(&divisor.value));
    match (amount, divisor.map(|divisor| if divisor > 0.0 { divisor } else { 1.0 })) {
        (Some(amount), Some(divisor)) => Some(format!("{:.0}", (amount / divisor - 1e-9).ceil())),
        _ => {
            let hint = "set the limit in `resources` of the same container, as a number";
            unsupported(cx, "resourceFieldRef", field.span, hint);
            None
        }
    }
}

pub(super) fn resources(interface: &Interface<'_, '_>, spec: &ContainerSpec, cx: &mut Context) -> Resources {
    let mut lowered = Resources::default();
    let Some(spec) = &spec.resources else { return lowered };
    cx.within("resources", |cx| {
        for (field, map, is_limit) in [("limits", &spec.limits, true), ("requests", &spec.requests, false)] {
            cx.within(field, |cx| {
                for (name, quantity) in map {
                    let text = interface.any_text(&quantity.value, cx);
                    set_resource(&mut lowered, name, is_limit, text);
                }
            });
        }
    });
    lowered
}

/// Sets one quantity; names that this release knows nothing of only say where a pod may run.
fn set_resource(resources: &mut Resources, name: &str, is_limit: bool, quantity: Text) {
    match (name, is_limit) {
        ("cpu", true) => resources.cpu_limit = Some(quantity),
        ("cpu", false) => resources.cpu_request = Some(quantity),
        ("memory", true) => resources.memory_limit = Some(quantity),
        ("memory", false) => resources.memory_request = Some(quantity),
        (name, _) if name == "nvidia" || name.ends_with("/gpu") || name.contains("tpu") => {
            resources.accelerator_type = Some(Text::literal(name));
            resources.accelerator_count = Some(quantity);
        }
        _ => {}
    }
}

/// Collects where the command finds its inputs and leaves its outputs.
fn places(interface: &Interface<'_, '_>, cx: &mut Context) -> Places {
    let template = interface.template;
    let mut places = Places::default();
    for (name, input) in named_artifacts(template.input_artifacts()) {
        if let Some(path) = &input.path {
            places.input_artifacts.insert(name.value.clone(), absolute(interface, path, cx));
            let settings = artifact::settings(input);
            if settings != InputSettings::default() {
                places.input_settings.insert(name.value.clone(), settings);
            }
        }
    }
    for (name, output) in named(template.output_parameters()) {
        let from = output.value_from.as_ref();
        if let Some(path) = from.and_then(|from| from.path.as_ref()) {
            places.output_parameters.insert(name.value.clone(), absolute(interface, path, cx));
        } else if let Some(text) = &output.value {
            places.output_texts.insert(name.value.clone(), interface.any_text(text, cx));
        } else {
            let message = format!("nothing is said of where output `{}` comes from", name.value);
            cx.error("unsupported", output.span, message).hint("set `valueFrom.path`");
        }
    }
    for (name, output) in named_artifacts(template.output_artifacts()) {
        let Some(path) = &output.path else { continue };
        // What only shows results never decides whether there are any.
        let shows = matches!(name.value.as_str(), "mlpipeline-ui-metadata" | "mlpipeline-metrics");
        let optional = output.optional.unwrap_or(shows);
        let path = absolute(interface, path, cx);
        let packing = artifact::packing(output);
        places.output_artifacts.insert(name.value.clone(), OutputPlace { path, optional, packing });
    }
    places
}

fn absolute(interface: &Interface<'_, '_>, path: &decode::Text, cx: &mut Context) -> Text {
    let text = interface.text(path, cx);
    if text.as_literal().is_some_and(|text| !text.starts_with('/')) {
        cx.error("wrong-value", path.span, format!("the path `{}` is not absolute", path.value));
    }
    text
}

/// Lowers a template that acts on an object.
pub(super) fn resource(
    interface: &Interface<'_, '_>,
    spec: &ResourceTemplate,
    cx: &mut Context,
) -> Option<Resource> {
    let manifest = cx.within("resource", |cx| {
        if let Some(from) = &spec.manifest_from {
            unsupported(cx, "manifestFrom", from.span, "put the manifest into the file");
        }
        let action = action(spec, cx)?;
        let manifest = match &spec.manifest {
            Some(text) => cx.within("manifest", |cx| document(interface, text, cx))?,
            None => {
                cx.error("missing-field", spec.span, "the field `manifest` is missing");
                return None;
            }
        };
        let condition = |text: &Option<decode::Text>, cx: &mut Context| {
            text.as_ref().filter(|text| !text.value.is_empty()).map(|text| interface.text(text, cx))
        };
        Some(Manifest {
            action,
            manifest,
            set_owner_reference: spec.set_owner_reference.unwrap_or_default(),
            success_condition: condition(&spec.success_condition, cx),
            failure_condition: condition(&spec.failure_condition, cx),
            merge_strategy: spec.merge_strategy.as_ref().map(|strategy| strategy.value.clone()),
            flags: spec.flags.iter().map(|flag| interface.text(flag, cx)).collect(),
            outputs: Default::default(),
        })
    });
    let mut manifest = manifest?;
    for (name, output) in named(interface.template.output_parameters()) {
        let from = output.value_from.as_ref();
        let found = match (
            from.and_then(|from| from.json_path.as_ref()),
            from.and_then(|from| from.jq_filter.as_ref()),
        ) {
            (Some(path), _) => ResourceOutput::JsonPath { path: path.value.clone() },
            (None, Some(filter)) => ResourceOutput::Jq { filter: filter.value.clone() },
            (None, None) => {
                let message = format!("nothing is said of where output `{}` comes from", name.value);
                cx.error("missing-field", output.span, message).hint("set `valueFrom.jsonPath`");
                continue;
            }
        };
        manifest.outputs.insert(name.value.clone(), found);
    }
    Some(Resource::Manifest(Box::new(manifest)))
}

fn action(spec: &ResourceTemplate, cx: &mut Context) -> Option<ResourceAction> {
    let Some(action) = &spec.action else {
        cx.error("missing-field", spec.span, "the field `action` is missing");
        return None;
    };
    Some(match action.value.as_str() {
        "create" => ResourceAction::Create,
        "apply" => ResourceAction::Apply,
        "get" => ResourceAction::Get,
        "patch" => ResourceAction::Patch,
        "replace" => ResourceAction::Replace,
        "delete" => ResourceAction::Delete,
        other => {
            let message = format!("`{other}` is no action on an object");
            cx.within("action", |cx| {
                cx.error("wrong-value", action.span, message)
                    .hint("one of: create, apply, get, patch, replace, delete");
            });
            return None;
        }
    })
}

/// Marks the tags of a manifest while it is read as YAML; no document holds this character.
const MARK: char = '\u{E000}';

/// Reads a manifest's YAML and writes it as JSON whose texts hold placeholders, so that no value can change its
/// structure.
fn document(interface: &Interface<'_, '_>, text: &decode::Text, cx: &mut Context) -> Option<Text> {
    let lowered = interface.text(text, cx);
    let mut marked = String::new();
    let mut placeholders = Vec::new();
    for part in &lowered.parts {
        match part {
            TextPart::Literal { text } => marked.push_str(text),
            TextPart::Placeholder { placeholder } => {
                marked.push_str(&format!("{MARK}{}{MARK}", placeholders.len()));
                placeholders.push(placeholder.clone());
            }
        }
    }
    let (nodes, diagnostics) = yaml::load(marked.as_bytes());
    if let Some(first) = diagnostics.iter().find(|found| found.is_error()) {
        let message = format!("the manifest is no YAML: {} (its line {})", first.message, first.line);
        cx.error("wrong-value", text.span, message);
        return None;
    }
    let documents: Vec<&Node> = nodes.iter().filter(|node| !node.is_null()).collect();
    let [document] = documents.as_slice() else {
        cx.error("wrong-value", text.span, "a manifest is one document");
        return None;
    };
    check_object(document, text.span, cx);
    Some(unmark(&document.to_json().to_string(), &placeholders))
}

fn check_object(document: &Node, span: Span, cx: &mut Context) {
    for field in ["apiVersion", "kind"] {
        if document.get(field).is_none() {
            cx.error("missing-field", span, format!("the manifest has no `{field}`"));
        }
    }
}

/// Puts placeholders back into JSON, escaped as its texts are.
fn unmark(json: &str, placeholders: &[Placeholder]) -> Text {
    let mut parts = Vec::new();
    for (index, piece) in json.split(MARK).enumerate() {
        let placeholder = piece.parse::<usize>().ok().filter(|_| index % 2 == 1);
        match placeholder.and_then(|index| placeholders.get(index)) {
            Some(placeholder) => {
                let inner = Box::new(placeholder.clone());
                parts
                    .push(TextPart::Placeholder { placeholder: Placeholder::JsonEscape { inner, times: 1 } });
            }
            None if !piece.is_empty() => parts.push(TextPart::Literal { text: piece.to_owned() }),
            None => {}
        }
    }
    Text { parts }
}

/// Recognises `kubectl delete KIND NAME …`, which needs no image. Source: v1 semantics 5.3.
pub(super) fn deletion(
    interface: &Interface<'_, '_>,
    spec: &ContainerSpec,
    cx: &mut Context,
) -> Option<Resource> {
    let image = spec.image.as_ref()?.value.split(':').next()?;
    if !KUBECTL_IMAGES.contains(&image) {
        return None;
    }
    let words: Vec<&AnyText> = spec.command.iter().chain(&spec.args).collect();
    let [kubectl, delete, kind, name, flags @ ..] = words.as_slice() else { return None };
    if kubectl.value != "kubectl" || delete.value != "delete" || kind.value.contains("{{") {
        return None;
    }
    let kind = match kind.value.to_ascii_lowercase().as_str() {
        "pvc" | "persistentvolumeclaim" | "persistentvolumeclaims" => "PersistentVolumeClaim".to_owned(),
        _ => kind.value.clone(),
    };
    let api_version = match kind.as_str() {
        "VolumeSnapshot" => "snapshot.storage.k8s.io/v1beta1",
        _ => "v1",
    };
    let object = serde_json::json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": format!("{MARK}0{MARK}")}});
    let mut manifest = Text::default();
    let name = interface.any_text(name, cx);
    for (index, piece) in object.to_string().split(MARK).enumerate() {
        if index % 2 == 1 {
            for part in &name.parts {
                manifest.parts.push(match part {
                    TextPart::Placeholder { placeholder } => {
                        let inner = Box::new(placeholder.clone());
                        TextPart::Placeholder { placeholder: Placeholder::JsonEscape { inner, times: 1 } }
                    }
                    TextPart::Literal { text } => {
                        let quoted = Value::from(text.as_str()).to_string();
                        TextPart::Literal { text: quoted[1..quoted.len() - 1].to_owned() }
                    }
                });
            }
        } else {
            manifest.parts.push(TextPart::Literal { text: piece.to_owned() });
        }
    }
    Some(Resource::Manifest(Box::new(Manifest {
        action: ResourceAction::Delete,
        manifest,
        set_owner_reference: false,
        success_condition: None,
        failure_condition: None,
        merge_strategy: None,
        flags: flags.iter().map(|flag| interface.any_text(flag, cx)).collect(),
        outputs: Default::default(),
    })))
}
