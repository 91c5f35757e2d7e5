//! Artifacts: where those that a task is given come from, how commands want them and how they are packed.
//!
//! Source: v1 semantics 2.8 and 4.

use pipewright_plan::{ArtifactBinding, Expr, InputSettings, Packing};

use super::bind::{Bindings, Scope, mentions_item};
use super::source::named_artifacts;
use super::template;
use super::text::{is_known, known, no_meaning, run_variable};
use crate::decode::{Context, Text};
use crate::v1::expression::Wrong;
use crate::v1::tags::{Piece, Tag, split};
use crate::v1::workflow::Artifact;

/// What tags of artifacts begin with that the whole run knows.
const GLOBAL: &str = "workflow.outputs.artifacts.";

/// Reads how a command wants an input artifact.
pub(super) fn settings(input: &Artifact) -> InputSettings {
    let mode = mode(input);
    InputSettings {
        mode,
        recurse: mode.is_some() && input.recurse_mode.unwrap_or_default(),
        optional: input.optional.unwrap_or_default(),
    }
}

fn mode(input: &Artifact) -> Option<u32> {
    let bits = input.mode.as_ref()?.value.and_then(|value| u32::try_from(value).ok());
    bits.filter(|bits| *bits <= 0o777)
}

/// Reads how an output artifact is packed.
pub(super) fn packing(output: &Artifact) -> Packing {
    match &output.archive {
        Some(archive) if archive.none.is_some() => Packing::Plain,
        Some(archive) if archive.zip.is_some() => Packing::Zip,
        _ => Packing::Tar { level: level(output) },
    }
}

fn level(output: &Artifact) -> Option<i32> {
    let level = output.archive.as_ref()?.tar.as_ref()?.compression_level.as_ref()?;
    level.value.and_then(|value| i32::try_from(value).ok()).filter(|level| (-2..=9).contains(level))
}

/// Reports what makes no sense in an artifact's mode or archive.
pub(super) fn check(artifact: &Artifact, cx: &mut Context) {
    if let Some(written) = artifact.mode.as_ref().filter(|_| mode(artifact).is_none()) {
        cx.within("mode", |cx| {
            cx.error("wrong-value", written.span, "the mode of an artifact is a number from 0 to 0777");
        });
    }
    let tar = artifact.archive.as_ref().and_then(|archive| archive.tar.as_ref());
    let written = tar.and_then(|tar| tar.compression_level.as_ref());
    if let Some(written) = written.filter(|_| level(artifact).is_none()) {
        cx.within("archive", |cx| {
            cx.within("compressionLevel", |cx| {
                cx.error("wrong-value", written.span, "the compression level is a number from -2 to 9");
            });
        });
    }
}

/// Binds one artifact that a task is given.
pub(super) fn argument(bindings: &mut Bindings<'_, '_>, name: &Text, artifact: &Artifact, cx: &mut Context) {
    let data = artifact.raw.as_ref().and_then(|raw| raw.data.as_ref());
    let binding = if let Some(text) = &artifact.from_expression {
        cx.within("fromExpression", |cx| chosen(bindings, text, cx))
    } else if let Some(from) = &artifact.from {
        cx.within("from", |cx| reference(bindings, from, cx))
    } else if let Some(data) = data {
        return cx.within("raw", |cx| bindings.raw_artifact(&name.value, data, cx));
    } else {
        if !template::has_location(artifact, cx) {
            let message = format!("nothing is said of where `{}` comes from", name.value);
            cx.error("missing-field", artifact.span, message).hint("set `from` or `raw`");
        }
        return;
    };
    let Some(binding) = binding else { return };
    let part = artifact.sub_path.as_ref().filter(|path| !path.value.is_empty());
    let binding = match part {
        Some(path) => cx.within("subPath", |cx| part_of(bindings, (&name.value, binding), path, cx)),
        None => binding,
    };
    bindings.artifacts.insert(name.value.clone(), binding);
}

fn part_of(
    bindings: &mut Bindings<'_, '_>,
    (name, whole): (&str, ArtifactBinding),
    path: &Text,
    cx: &mut Context,
) -> ArtifactBinding {
    if path.value.split('/').any(|part| part == "..") {
        cx.error("wrong-value", path.span, "the path leads out of the artifact");
    }
    let pieces = split(&path.value);
    let text = bindings.text(&pieces, path.span, cx);
    if bindings.loops && mentions_item(&pieces) {
        bindings.each_parts.insert(name.to_owned(), text);
        return whole;
    }
    ArtifactBinding::Part { whole: Box::new(whole), path: text }
}

fn reference(bindings: &mut Bindings<'_, '_>, from: &Text, cx: &mut Context) -> Option<ArtifactBinding> {
    let pieces = split(&from.value);
    match pieces.as_slice() {
        [Piece::Tag(tag @ Tag::InputArtifact(input))] => {
            let known = named_artifacts(bindings.scope.owner.input_artifacts());
            is_known(tag, input, known.map(|(name, _)| name.value.as_str()), from.span, cx)
                .then(|| ArtifactBinding::DagInput { name: input.clone() })
        }
        [Piece::Tag(tag @ Tag::TaskArtifact { task, name: key })] => {
            let template = bindings.sibling(tag, task, from.span, cx)?;
            let known = named_artifacts(template.output_artifacts()).map(|(name, _)| name.value.as_str());
            if !is_known(tag, key, known, from.span, cx) {
                return None;
            }
            bindings.upstream.insert(task.clone());
            Some(ArtifactBinding::TaskOutput { task: task.clone(), key: key.clone() })
        }
        [Piece::Tag(tag @ Tag::Run(name))] if name.starts_with(GLOBAL) => {
            let name = &name[GLOBAL.len()..];
            let known = bindings.scope.source.global_artifacts.keys().map(String::as_str);
            is_known(tag, name, known, from.span, cx)
                .then(|| ArtifactBinding::Global { name: name.to_owned() })
        }
        _ => {
            let message = format!("`{}` is no reference to an artifact", crate::yaml::shorten(&from.value));
            cx.error("wrong-value", from.span, message)
                .hint("write `{{inputs.artifacts.NAME}}` or `{{tasks.TASK.outputs.artifacts.NAME}}`");
            None
        }
    }
}

/// Lowers an expression that chooses an artifact; the tasks that it speaks of come before.
fn chosen(bindings: &mut Bindings<'_, '_>, text: &Text, cx: &mut Context) -> Option<ArtifactBinding> {
    let scope = bindings.scope;
    let mut upstream = Vec::new();
    let expr = super::text::expression(&text.value, text.span, cx, &mut |tag| {
        if let Tag::TaskArtifact { task, .. }
        | Tag::TaskParameter { task, .. }
        | Tag::TaskResult { task }
        | Tag::TaskFact { task, .. } = tag
        {
            upstream.push(task.clone());
        }
        choosing_variable(&scope, tag)
    })?;
    bindings.upstream.extend(upstream);
    Some(ArtifactBinding::Chosen { expr })
}

/// Says what a tag is in an expression that chooses an artifact; one that is an artifact stands for itself.
pub(super) fn choosing_variable(scope: &Scope<'_, '_>, tag: &Tag) -> Result<Expr, Wrong> {
    match tag {
        Tag::InputArtifact(name) => {
            let declared = named_artifacts(scope.owner.input_artifacts());
            known(tag, name, declared.map(|(name, _)| name.value.as_str()))?;
            Ok(Expr::Variable { name: tag.name() })
        }
        Tag::Run(name) if name.starts_with(GLOBAL) => {
            known(tag, &name[GLOBAL.len()..], scope.source.global_artifacts.keys().map(String::as_str))?;
            Ok(Expr::Variable { name: tag.name() })
        }
        Tag::InputArtifactPath(_) | Tag::OutputArtifactPath(_) | Tag::OutputParameterPath(_) => {
            Err(no_meaning(tag))
        }
        Tag::Run(_) | Tag::RunParameter(_) => run_variable(scope.source, tag),
        tag => scope.output_variable(tag),
    }
}
