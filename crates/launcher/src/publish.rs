//! Reads what a successful command left: its metadata file, parameter files and artifacts.
//!
//! The metadata file wins over parameter files. A task may leave anything there (links, pipes, huge files),
//! so only regular files of bounded size are read. Source: v2 semantics 3.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use pipewright_plan::{
    ArtifactList, ExecutorArtifact, ExecutorInput, ExecutorOutput, LaunchPlace, LaunchPlaces, LaunchSpec,
    Published, local_path, normalize, parse_output_text,
};

use crate::command::working_directory;

/// Longest parameter file: a value travels through database and command lines.
const PARAMETER_LIMIT: u64 = 4 << 20;
/// Longest metadata file.
const METADATA_LIMIT: u64 = 32 << 20;

/// Reads all declared outputs; the error names the one that is missing or unreadable.
///
/// `host` turns a path as the command saw it into one by which the file can be moved.
pub(crate) fn publish(
    spec: &LaunchSpec,
    input: &ExecutorInput,
    host: &dyn Fn(&Path) -> PathBuf,
) -> Result<Published, String> {
    if !spec.places.is_empty() {
        return publish_places(spec, input, host);
    }
    let mut output = read_output(Path::new(&input.outputs.output_file))?;
    let mut published = Published::default();
    let mut missing = Vec::new();
    for (name, parameter_type) in &spec.output_parameters {
        if spec.result.as_ref() == Some(name) {
            continue;
        }
        if let Some(value) = output.parameter_values.remove(name) {
            published.parameters.insert(name.clone(), normalize(value));
            continue;
        }
        let file =
            input.outputs.parameters.get(name).map(|output| output.output_file.as_str()).unwrap_or_default();
        let text = match read_text(Path::new(file), PARAMETER_LIMIT) {
            Ok(text) => text,
            Err(ReadError::Missing) => {
                missing.push(format!("`{name}`"));
                continue;
            }
            Err(ReadError::Other(message)) => return Err(format!("output parameter `{name}` {message}")),
        };
        let value = parse_output_text(*parameter_type, &text).map_err(|message| {
            format!("output parameter `{name}` of type {}: {message}", parameter_type.name())
        })?;
        published.parameters.insert(name.clone(), value);
    }
    if !missing.is_empty() {
        let plural = if missing.len() > 1 { "s" } else { "" };
        return Err(format!(
            "the command wrote no value for output parameter{plural} {}",
            missing.join(", ")
        ));
    }
    let work = working_directory(spec);
    for (name, provisioned) in &input.outputs.artifacts {
        let left = output.artifacts.remove(name).and_then(|list| list.artifacts.into_iter().next());
        let merged = merge(name, provisioned, left, (&work, host))?;
        published.artifacts.insert(name.clone(), merged);
    }
    for artifact in published.artifacts.values().flat_map(|list| &list.artifacts) {
        protect(artifact, input, spec)?;
    }
    Ok(published)
}

/// Makes the folders above the places of outputs; one that cannot be made is the command's to complain of.
pub(crate) fn make_folders(places: &LaunchPlaces) {
    for place in places.output_parameters.values().chain(places.output_artifacts.values()) {
        let _ = place.path.parent().map(fs::create_dir_all);
    }
}

/// Reads what a command left at paths of its own. Source: v1 semantics 2.8.
fn publish_places(
    spec: &LaunchSpec,
    input: &ExecutorInput,
    host: &dyn Fn(&Path) -> PathBuf,
) -> Result<Published, String> {
    let mut published = Published::default();
    for (name, text) in &spec.places.output_texts {
        published.parameters.insert(name.clone(), text.clone().into());
    }
    for (name, place) in &spec.places.output_parameters {
        published.parameters.extend(parameter_at(name, place)?.map(|text| (name.clone(), text.into())));
    }
    for name in spec.places.output_artifacts.keys() {
        published.artifacts.extend(artifact_at(name, spec, input, host)?.map(|list| (name.clone(), list)));
    }
    Ok(published)
}

/// Takes what a command that failed has left at paths of its own; what is missing or unreadable is left out.
pub(crate) fn left(
    spec: &LaunchSpec,
    input: &ExecutorInput,
    host: &dyn Fn(&Path) -> PathBuf,
    result: Option<Result<String, String>>,
) -> Option<Published> {
    let places = &spec.places;
    let mut published = Published::default();
    for (name, place) in &places.output_parameters {
        let found = parameter_at(name, place).ok().flatten();
        published.parameters.extend(found.map(|text| (name.clone(), text.into())));
    }
    for name in places.output_artifacts.keys() {
        let found = artifact_at(name, spec, input, host).ok().flatten();
        published.artifacts.extend(found.map(|list| (name.clone(), list)));
    }
    if let (Some(name), Some(Ok(text))) = (&spec.result, result) {
        published.parameters.insert(name.clone(), text.into());
    }
    (published != Published::default()).then_some(published)
}

/// Reads the value at a place; nothing when there is none and none is needed.
fn parameter_at(name: &str, place: &LaunchPlace) -> Result<Option<String>, String> {
    match read_text(&place.path, PARAMETER_LIMIT) {
        Ok(text) => Ok(Some(text.strip_suffix('\n').unwrap_or(&text).to_owned())),
        Err(ReadError::Missing) if place.optional => Ok(None),
        Err(ReadError::Missing) => {
            let path = place.path.display();
            Err(format!("the command wrote no value for output parameter `{name}` at {path}"))
        }
        Err(ReadError::Other(message)) => Err(format!("output parameter `{name}` {message}")),
    }
}

/// Takes the artifact at a place into the store; nothing when there is none and none is needed.
fn artifact_at(
    name: &str,
    spec: &LaunchSpec,
    input: &ExecutorInput,
    host: &dyn Fn(&Path) -> PathBuf,
) -> Result<Option<ArtifactList>, String> {
    let all = &spec.places.output_artifacts;
    let (Some(place), Some(list)) = (all.get(name), input.outputs.artifacts.get(name)) else {
        return Ok(None);
    };
    let Some(first) = list.artifacts.first() else { return Ok(None) };
    let target = PathBuf::from(local_path(&first.uri));
    let Some(real) = left_at(&place.path, place.optional) else {
        if place.optional {
            return Ok(None);
        }
        return Err(format!("the command left no output artifact `{name}` at {}", place.path.display()));
    };
    // What several outputs share must stay for the next one.
    let is_shared = all.values().filter(|other| other.path == place.path).count() > 1;
    let (from, to) = (host(&real), host(&target));
    let moved = if is_shared {
        pipewright_artifacts::copy(&from, &to)
    } else {
        pipewright_artifacts::place(&from, &to)
    };
    moved.map_err(|error| format!("output artifact `{name}`: {error}"))?;
    for artifact in &list.artifacts {
        protect(artifact, input, spec)?;
    }
    Ok(Some(list.clone()))
}

/// Returns what lies at a path, links followed. An optional output that is an empty file was only made room for.
fn left_at(path: &Path, optional: bool) -> Option<PathBuf> {
    let real = fs::canonicalize(path).ok()?;
    let facts = fs::metadata(&real).ok()?;
    let is_empty = facts.is_file() && facts.len() == 0;
    (!(optional && is_empty)).then_some(real)
}

fn read_output(path: &Path) -> Result<ExecutorOutput, String> {
    match read_text(path, METADATA_LIMIT) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| format!("the command's output metadata file is not valid JSON: {error}")),
        Err(ReadError::Missing) => Ok(ExecutorOutput::default()),
        Err(ReadError::Other(message)) => Err(format!("the command's output metadata file {message}")),
    }
}

fn merge(
    name: &str,
    provisioned: &ArtifactList,
    left: Option<ExecutorArtifact>,
    (work, host): (&Path, &dyn Fn(&Path) -> PathBuf),
) -> Result<ArtifactList, String> {
    let mut merged = provisioned.clone();
    let (Some(first), Some(left)) = (merged.artifacts.first_mut(), left) else { return Ok(merged) };
    if !left.uri.is_empty() {
        first.uri = left.uri;
    }
    first.metadata.extend(left.metadata.into_iter().map(|(key, value)| (key, normalize(value))));
    if let Some(custom) = left.custom_path.filter(|custom| !custom.is_empty()) {
        let target = PathBuf::from(local_path(&first.uri));
        let real = match fs::canonicalize(work.join(&custom)) {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(merged),
            Err(error) => {
                return Err(format!("output artifact `{name}` at {custom} cannot be read: {error}"));
            }
        };
        if target.is_absolute() && real != target {
            pipewright_artifacts::place(&host(&real), &host(&target))
                .map_err(|error| format!("output artifact `{name}`: {error}"))?;
        }
    }
    Ok(merged)
}

/// A finished artifact is read-only; one that lies outside the task's own folder is not ours to change.
fn protect(artifact: &ExecutorArtifact, input: &ExecutorInput, spec: &LaunchSpec) -> Result<(), String> {
    let path = PathBuf::from(local_path(&artifact.uri));
    let provisioned = input.outputs.artifacts.values().flat_map(|list| &list.artifacts);
    let is_ours = provisioned.map(|own| local_path(&own.uri)).any(|own| path.starts_with(&own));
    let leaves = path.components().any(|part| part == std::path::Component::ParentDir);
    if !is_ours || leaves {
        return Ok(());
    }
    if spec.root_filesystem.is_some()
        && let Some(link) = pipewright_artifacts::link_out_of(&path)
    {
        // Outside of its image, it would lead to a file of the machine.
        return Err(format!(
            "output artifact `{}` holds a link that leads out of it: {}",
            artifact.name,
            link.display()
        ));
    }
    pipewright_artifacts::make_read_only(&path)
        .map_err(|error| format!("output artifact `{}`: {error}", artifact.name))
}

enum ReadError {
    Missing,
    Other(String),
}

fn read_text(path: &Path, limit: u64) -> Result<String, ReadError> {
    if path.as_os_str().is_empty() {
        return Err(ReadError::Missing);
    }
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => ReadError::Missing,
        _ => ReadError::Other(format!("cannot be read: {error}")),
    };
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(ReadError::Other("is not a regular file".to_owned()));
    }
    let too_long = || ReadError::Other(format!("is longer than {} MB; use an artifact", limit >> 20));
    if metadata.len() > limit {
        return Err(too_long());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(too_long());
    }
    String::from_utf8(bytes).map_err(|_| ReadError::Other("is not valid UTF-8".to_owned()))
}
