//! Inputs and outputs at paths that a command names itself: shown where they are expected, and places made for
//! what it leaves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pipewright_engine::{Failure, FailureReason, Launch};
use pipewright_plan::{
    Filling, InputSettings, LaunchFile, LaunchPlace, LaunchPlaces, LaunchVolume, Text, VolumeContent,
    VolumeFile, inline_text, local_path,
};

/// Every task has a folder of its own here.
const TMP: &str = "/tmp";

/// What the launcher is to show and to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) volumes: Vec<LaunchVolume>,
    pub(crate) files: Vec<LaunchFile>,
    pub(crate) places: LaunchPlaces,
}

/// Works out what a task's own paths need, beside the volumes that its pod brings and its image.
pub(crate) fn place(launch: &Launch, brought: &[LaunchVolume], image: Image<'_>) -> Result<Placed, Failure> {
    let filling =
        Filling { executor_input: &launch.executor_input, defaults: &launch.defaults, job: &launch.job };
    let wanted = &launch.container.places;
    let mut placed = Placed::default();
    for (name, path) in &wanted.input_artifacts {
        let list = launch.executor_input.inputs.artifacts.get(name);
        let Some(artifact) = list.and_then(|list| list.artifacts.first()) else { continue };
        let target = PathBuf::from(filling.text(path));
        let settings = wanted.input_settings.get(name).copied().unwrap_or_default();
        let number = placed.volumes.len();
        placed.volumes.extend(shown((name, number), &artifact.uri, target, settings)?);
    }
    for (path, text) in &wanted.input_texts {
        placed.volumes.push(text_file(PathBuf::from(path), &filling.text(text), 0o755));
    }
    let path_of = |text: &Text| PathBuf::from(filling.text(text));
    let places = &mut placed.places;
    for (name, path) in &wanted.output_parameters {
        // The engine knows what stands in for a value that is not left.
        let place = LaunchPlace { path: path_of(path), optional: true };
        places.output_parameters.insert(name.clone(), place);
    }
    for (name, output) in &wanted.output_artifacts {
        let place = LaunchPlace { path: path_of(&output.path), optional: output.optional };
        places.output_artifacts.insert(name.clone(), place);
    }
    for (name, text) in &wanted.output_texts {
        places.output_texts.insert(name.clone(), filling.text(text));
    }
    let paths = places.output_parameters.values().chain(places.output_artifacts.values());
    let paths: BTreeSet<PathBuf> = paths.map(|place| place.path.clone()).collect();
    for path in paths {
        if !path.is_absolute() {
            return Err(refused(format!("the output path `{}` is not absolute", path.display())));
        }
        let is_open = |volume: &LaunchVolume| path.starts_with(&volume.target);
        if image.has(&path) {
            continue;
        }
        if !path.starts_with(TMP) && !brought.iter().chain(&placed.volumes).any(is_open) {
            open(&path, &mut placed);
        }
    }
    Ok(placed)
}

/// What the task runs in.
#[derive(Clone, Copy)]
pub(crate) enum Image<'a> {
    /// The machine's own system.
    None,
    /// That with a folder over it.
    Folder(&'a Path),
    /// A whole system of its own.
    Whole,
}

impl Image<'_> {
    /// Tells whether a path lies where the image is the task's own to change.
    fn has(self, path: &Path) -> bool {
        let (root, Some(folder)) = (self, path.parent()) else { return false };
        match root {
            Self::None => false,
            Self::Whole => true,
            Self::Folder(root) => {
                let inside = root.join(folder.strip_prefix("/").unwrap_or(folder));
                !path.starts_with(TMP) && (folder == Path::new("/") || inside.is_dir() || !folder.exists())
            }
        }
    }
}

fn refused(message: String) -> Failure {
    Failure { reason: FailureReason::NotStarted, message, hint: None, exit_code: None }
}

/// Shows an input artifact, which nobody may change; one with a mode of its own is copied.
fn shown(
    (name, number): (&str, usize),
    uri: &str,
    target: PathBuf,
    settings: InputSettings,
) -> Result<Option<LaunchVolume>, Failure> {
    if let Some(text) = inline_text(uri) {
        return Ok(Some(text_file(target, &text, settings.mode.unwrap_or(0o644))));
    }
    let path = PathBuf::from(local_path(uri));
    let (Some(folder), Some(file)) = (path.parent(), path.file_name()) else {
        return Err(refused(format!("input artifact `{name}` has no usable URI: {uri}")));
    };
    if !path.exists() {
        if settings.optional {
            return Ok(None);
        }
        return Err(refused(format!(
            "input artifact `{name}` is gone: there is nothing at {}",
            path.display()
        )));
    }
    let (content, sub_path) = match settings.mode {
        Some(mode) => {
            let name = format!("input-{number}");
            (VolumeContent::Copy { path, name, mode, recurse: settings.recurse }, None)
        }
        None => (VolumeContent::Folder { path: folder.to_owned() }, Some(PathBuf::from(file))),
    };
    Ok(Some(LaunchVolume { target, sub_path, writable: settings.mode.is_some(), content }))
}

fn text_file(target: PathBuf, text: &str, mode: u32) -> LaunchVolume {
    let name = PathBuf::from("text");
    let file = VolumeFile { path: name.clone(), content: STANDARD.encode(text), mode };
    LaunchVolume {
        target,
        sub_path: Some(name),
        writable: false,
        content: VolumeContent::Files { files: vec![file] },
    }
}

/// Makes a writable place for an output outside of `/tmp`: the folder around it, or where that holds other things
/// the file alone (a folder when the name has no extension).
fn open(path: &Path, placed: &mut Placed) {
    let Some(folder) = path.parent() else { return };
    let is_free = !folder.exists() && folder != Path::new("/");
    let name = format!("output-{}", placed.volumes.len());
    if is_free {
        let content = VolumeContent::Scratch { name };
        placed.volumes.push(LaunchVolume {
            target: folder.to_owned(),
            sub_path: None,
            writable: true,
            content,
        });
        return;
    }
    let Some(file) = path.file_name() else { return };
    if path.extension().is_some() {
        let inside = Path::new("volumes").join(&name).join(file);
        placed.files.push(LaunchFile { path: inside, content: String::new() });
    }
    placed.volumes.push(LaunchVolume {
        target: path.to_owned(),
        sub_path: Some(PathBuf::from(file)),
        writable: true,
        content: VolumeContent::Scratch { name },
    });
}
