//! Containers and importers: commands, images, resources and URIs, with their placeholders typed.

use pipewright_plan::{Container, EnvVar, Importer, Resources, Text, Word};

use super::source::Source;
use super::{component, platform, task_config, value};
use crate::decode::{self, Context};
use crate::v2::placeholder::{self, Mention, Reader};
use crate::v2::spec::{ComponentSpec, ContainerSpec, ImporterSpec, ResourceSpec, ValueOrRuntimeParameter};
use crate::yaml::Span;

/// What the placeholders of a container may speak of.
pub(super) struct Interface<'s> {
    /// The component's name
    pub name: &'s str,
    pub spec: &'s ComponentSpec,
    pub helpers: Vec<&'s str>,
}

impl Interface<'_> {
    fn knows(&self, mention: Mention<'_>) -> bool {
        match mention {
            Mention::InputParameter(name) => {
                self.spec.declares_parameter(name) || self.helpers.contains(&name)
            }
            Mention::InputArtifact(name) => self.spec.declares_artifact(name),
            Mention::Input(name) => {
                self.knows(Mention::InputParameter(name)) || self.knows(Mention::InputArtifact(name))
            }
            Mention::OutputParameter(name) => self.spec.output_parameters().any(|output| output == name),
            Mention::OutputArtifact(name) => self.spec.output_artifacts().any(|output| output == name),
            Mention::Workspace => true,
        }
    }

    fn hint(&self, unknown: &str) -> String {
        let name = unknown.split(['\'', '"']).nth(1).unwrap_or(unknown);
        if unknown.contains("outputs") {
            component::suggestion(name, self.spec.output_parameters().chain(self.spec.output_artifacts()))
        } else {
            component::suggestion(name, self.spec.input_parameters().chain(self.spec.input_artifacts()))
        }
    }

    /// Reads text in which placeholders may stand, and tells what is none.
    fn read<R>(
        &self,
        source: &decode::Text,
        cx: &mut Context,
        read: impl FnOnce(&str, &mut Reader<'_>) -> R,
    ) -> R {
        let knows = |mention: Mention<'_>| self.knows(mention);
        let mut reader = Reader { knows: &knows, unknown: Vec::new() };
        let result = read(&source.value, &mut reader);
        for unknown in reader.unknown {
            // A program's own text may speak of placeholders; a word of the command is meant to be filled.
            let names_interface = unknown.contains(".inputs") || unknown.contains(".outputs");
            if names_interface && !source.value.trim().contains('\n') {
                let message = format!("placeholder `{unknown}` names nothing in the component's interface");
                cx.error("unknown-placeholder", source.span, message).hint(self.hint(&unknown));
            } else {
                let message = format!(
                    "`{}` is no known placeholder and stays as it is",
                    crate::yaml::shorten(&unknown)
                );
                cx.warning("unknown-placeholder", source.span, message);
            }
        }
        result
    }

    pub(super) fn text(&self, source: &decode::Text, cx: &mut Context) -> Text {
        self.read(source, cx, placeholder::text)
    }

    fn words(&self, sources: &[decode::Text], cx: &mut Context) -> Vec<Word> {
        let word = |(index, source): (usize, &decode::Text)| {
            cx.within(format!("[{index}]"), |cx| self.read(source, cx, placeholder::word))
        };
        sources.iter().enumerate().map(word).collect()
    }
}

/// Lowers one container.
pub(super) fn container(
    source: &Source<'_>,
    interface: &Interface<'_>,
    (label, spec): (&str, &ContainerSpec),
    cx: &mut Context,
) -> Option<Container> {
    cx.within("container", |cx| {
        let image = spec.image.as_ref().filter(|image| !image.value.is_empty());
        if image.is_none() {
            cx.error("missing-field", spec.span, "the container has no image");
        } else if spec.command.is_empty() && spec.args.is_empty() {
            cx.error("missing-field", spec.span, "the container has no command")
                .hint("set `command`; the image's own entry point is never run");
        }
        let passthroughs = task_config::not_applied(interface.spec);
        let lowered = Container {
            image: image.map(|image| cx.within("image", |cx| interface.text(image, cx))).unwrap_or_default(),
            command: cx.within("command", |cx| interface.words(&spec.command, cx)),
            args: cx.within("args", |cx| interface.words(&spec.args, cx)),
            env: if passthroughs.env { Vec::new() } else { env(interface, spec, cx) },
            resources: match &spec.resources {
                Some(spec) if !passthroughs.resources => resources(interface, spec, cx),
                _ => Resources::default(),
            },
            platform: platform::task(source, interface, label, cx),
            ..Container::default()
        };
        image.map(|_| lowered)
    })
}

pub(super) fn env(interface: &Interface<'_>, spec: &ContainerSpec, cx: &mut Context) -> Vec<EnvVar> {
    let mut variables = Vec::new();
    cx.within("env", |cx| {
        for (index, variable) in spec.env.iter().enumerate() {
            cx.within(format!("[{index}]"), |cx| {
                let name = variable.name.as_ref().map(|name| name.value.as_str()).unwrap_or_default();
                if name.is_empty() || name.contains(['=', '\0']) {
                    let message = format!("`{name}` is no name of an environment variable");
                    cx.error("wrong-value", variable.span, message);
                    return;
                }
                let value =
                    variable.value.as_ref().map(|value| interface.text(value, cx)).unwrap_or_default();
                variables.push(EnvVar { name: name.to_owned(), value });
            });
        }
    });
    variables
}

pub(super) fn resources(interface: &Interface<'_>, spec: &ResourceSpec, cx: &mut Context) -> Resources {
    cx.within("resources", |cx| {
        let mut pick = |text: &Option<decode::Text>, number: Option<f64>, unit: &str| match text {
            Some(text) if !text.value.is_empty() => Some(interface.text(text, cx)),
            _ => number.filter(|number| *number > 0.0).map(|number| Text::literal(format!("{number}{unit}"))),
        };
        let mut lowered = Resources {
            cpu_request: pick(&spec.resource_cpu_request, spec.cpu_request, ""),
            cpu_limit: pick(&spec.resource_cpu_limit, spec.cpu_limit, ""),
            memory_request: pick(&spec.resource_memory_request, spec.memory_request, "G"),
            memory_limit: pick(&spec.resource_memory_limit, spec.memory_limit, "G"),
            ..Resources::default()
        };
        if let Some(accelerator) = &spec.accelerator {
            let kind = accelerator.resource_type.as_ref().or(accelerator.old_type.as_ref());
            let count = accelerator.old_count.filter(|count| *count > 0).map(|count| count as f64);
            lowered.accelerator_type =
                kind.map(|kind| interface.text(kind, cx)).filter(|kind| *kind != Text::default());
            lowered.accelerator_count = match &accelerator.resource_count {
                Some(text) if !text.value.is_empty() => Some(interface.text(text, cx)),
                _ => count.map(|count| Text::literal(count.to_string())),
            };
        }
        lowered
    })
}

/// Lowers one importer.
pub(super) fn importer(
    source: &Source<'_>,
    interface: &Interface<'_>,
    spec: &ImporterSpec,
    cx: &mut Context,
) -> Option<Importer> {
    cx.within("importer", |cx| {
        let download = spec.download_to_workspace.as_ref().filter(|flag| flag.value);
        if let Some(flag) = download.filter(|_| platform::workspace(source).is_none()) {
            cx.within("downloadToWorkspace", |cx| platform::missing_workspace(flag.span, cx));
        }
        let mut metadata = Vec::new();
        for (key, property) in spec.properties.iter().chain(&spec.custom_properties) {
            if let Some(literal) = property.value.literal() {
                metadata.push(entry(interface, key, &literal.value, literal.span, cx));
            }
        }
        for (key, item) in spec.metadata.iter().flatten() {
            metadata.push(entry(interface, key, item, spec.span, cx));
        }
        let uri = uri(interface, spec.artifact_uri.as_ref(), spec.span, cx)?;
        Some(Importer {
            uri,
            artifact_type: value::artifact_type(spec.type_schema.as_ref()),
            metadata,
            reimport: spec.reimport.unwrap_or_default(),
            download_to_workspace: download.is_some(),
        })
    })
}

fn entry(
    interface: &Interface<'_>,
    key: &str,
    item: &pipewright_plan::Value,
    span: Span,
    cx: &mut Context,
) -> (Text, pipewright_plan::ValueTemplate) {
    component::check_depth(item, span, cx);
    let key = decode::Text { value: key.to_owned(), span };
    let name = interface.text(&key, cx);
    (name, interface.read(&key, cx, |_, reader| placeholder::template(item, reader)))
}

fn uri(
    interface: &Interface<'_>,
    uri: Option<&ValueOrRuntimeParameter>,
    span: Span,
    cx: &mut Context,
) -> Option<Text> {
    let Some(uri) = uri else {
        cx.error("missing-field", span, "the importer has no `artifactUri`");
        return None;
    };
    cx.within("artifactUri", |cx| {
        if let Some(parameter) = &uri.runtime_parameter {
            let text = format!("{{{{$.inputs.parameters['{}']}}}}", parameter.value);
            return Some(interface.text(&decode::Text { value: text, span: parameter.span }, cx));
        }
        let literal = uri.literal();
        let text = literal.as_ref().and_then(|literal| literal.value.as_str());
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            cx.error("wrong-value", uri.span, "the URI of an importer is a text, maybe with placeholders");
            return None;
        };
        Some(interface.text(&decode::Text { value: text.to_owned(), span: uri.span }, cx))
    })
}
