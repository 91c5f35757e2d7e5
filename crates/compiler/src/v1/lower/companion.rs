//! Init containers and sidecars: what runs in a task's pod besides the task's own command.
//!
//! Source: v1 semantics 2.7.

use std::collections::BTreeSet;

use pipewright_plan::{Companion, CompanionRole, Container, Places, PodSettings, TaskPlatform};

use super::source::unsupported;
use super::text::Interface;
use super::{container, pod};
use crate::decode::Context;
use crate::v1::workflow::ContainerSpec;

/// Names that a pod's own containers have.
const TAKEN: [&str; 3] = ["main", "wait", "init"];

/// Lowers all of a template's; `main` is the container that does the work.
pub(super) fn lower(interface: &Interface<'_, '_>, main: &Container, cx: &mut Context) -> Vec<Companion> {
    let template = interface.template;
    let mut names = BTreeSet::from(TAKEN);
    let mut companions = Vec::new();
    for (field, specs, role) in [
        ("initContainers", &template.init_containers, CompanionRole::Before),
        ("sidecars", &template.sidecars, CompanionRole::Beside),
    ] {
        cx.within(field, |cx| {
            for (index, spec) in specs.iter().enumerate() {
                let one = cx.within(format!("[{index}]"), |cx| {
                    let name = name_of(spec, &mut names, cx)?;
                    let container = container_of(interface, spec, main, cx)?;
                    Some(Companion { name, role, container })
                });
                companions.extend(one);
            }
        });
    }
    companions
}

/// Refuses them where no pod runs.
pub(super) fn refuse(interface: &Interface<'_, '_>, cx: &mut Context) {
    let template = interface.template;
    for (field, specs) in [("initContainers", &template.init_containers), ("sidecars", &template.sidecars)] {
        if let Some(first) = specs.first() {
            unsupported(cx, field, first.span, "containers and scripts alone have a pod; leave it out here");
        }
    }
}

/// Returns the name, once it is sure to be no other container's.
fn name_of<'w>(spec: &'w ContainerSpec, names: &mut BTreeSet<&'w str>, cx: &mut Context) -> Option<String> {
    let Some(name) = &spec.name else {
        cx.error("missing-field", spec.span, "the container has no `name`");
        return None;
    };
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let text = name.value.as_str();
    if text.is_empty()
        || text.len() > 63
        || !text.chars().all(is_inner)
        || text.starts_with('-')
        || text.ends_with('-')
    {
        cx.error("wrong-name", name.span, format!("`{text}` is no name of a container"))
            .hint("lower-case letters, digits and `-`, at most 63");
        return None;
    }
    if !names.insert(text) {
        cx.error("duplicate-name", name.span, format!("there is another container `{text}` in the pod"));
        return None;
    }
    Some(text.to_owned())
}

fn container_of(
    interface: &Interface<'_, '_>,
    spec: &ContainerSpec,
    main: &Container,
    cx: &mut Context,
) -> Option<Container> {
    let Some(image) = spec.image.as_ref().filter(|image| !image.value.is_empty()) else {
        cx.error("missing-field", spec.span, "the container has no `image`");
        return None;
    };
    if let Some(devices) = &spec.volume_devices {
        unsupported(cx, "volumeDevices", devices.span, "mount a volume");
    }
    if let Some(source) = &spec.source {
        unsupported(cx, "source", source.span, "put the text into `args`");
    }
    let mut volumes = cx.within("volumeMounts", |cx| pod::volumes(interface, spec, cx));
    let mut places = Places::default();
    if spec.mirror_volume_mounts.unwrap_or_default() {
        for mount in &main.platform.pod.volumes {
            if volumes.iter().all(|own| own.path != mount.path) {
                volumes.push(mount.clone());
            }
        }
        places.input_artifacts.clone_from(&main.places.input_artifacts);
        places.input_settings.clone_from(&main.places.input_settings);
    }
    let env = pod::env(interface, spec, cx);
    Some(Container {
        image: cx.within("image", |cx| interface.text(image, cx)),
        command: container::words(interface, "command", &spec.command, cx),
        args: container::words(interface, "args", &spec.args, cx),
        env: container::env(interface, spec, cx),
        resources: container::resources(interface, spec, cx),
        platform: TaskPlatform {
            pod: PodSettings { volumes, env, ..PodSettings::default() },
            placement: pod::of_container(interface, spec),
        },
        places,
        working_directory: spec.working_dir.as_ref().map(|path| interface.text(path, cx)),
        companions: Vec::new(),
        result: None,
    })
}
