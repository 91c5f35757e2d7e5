//! The typed documents to a plan: names resolved, expressions parsed, mistakes told with their places.
//!
//! What a field means is decided here and nowhere else in the v2 half. Running is the engine's business.

mod claim;
mod component;
mod container;
mod dag;
mod inherit;
mod iterator;
mod platform;
mod pod;
mod pod_name;
mod source;
mod task;
mod task_config;
mod trigger;
mod value;
mod workspace;

pub(crate) use value::fits;

use indexmap::IndexMap;
use pipewright_plan::{Dialect, Plan};

use super::platform::PlatformSpec;
use super::spec::PipelineSpec;
use crate::decode::Context;
use crate::suggest;
use source::Source;

/// The schema version that this reader knows.
const SCHEMA_VERSION: &str = "2.1.0";

/// Turns a pipeline into a plan; `None` (or errors in the context) when it cannot be run.
pub(crate) fn lower(spec: &PipelineSpec, platform: Option<&PlatformSpec>, cx: &mut Context) -> Option<Plan> {
    let kubernetes = platform.and_then(|platform| platform.kubernetes.as_ref());
    let name = header(spec, cx);
    let Some(root) = &spec.root else {
        cx.error("missing-field", spec.span, "the field `root` is missing");
        return None;
    };
    let source = Source::new(spec, kubernetes);
    let mut components = IndexMap::new();
    for (name, component) in &spec.components {
        let lowered = cx.within("components", |cx| {
            cx.within(name.as_str(), |cx| component::lower(&source, name, &component.value, cx))
        });
        components.extend(lowered.map(|lowered| (name.clone(), lowered)));
    }
    // Component names come from the document, so that the root's own name must avoid them.
    let mut root_name = "root".to_owned();
    while components.contains_key(&root_name) {
        root_name.push('-');
    }
    let lowered = cx.within("root", |cx| {
        if root.dag.is_none() && root.executor_label.is_some() {
            cx.error("wrong-root", root.span, "the root must be a dag")
                .hint("compile the component as a pipeline with the `kfp` 2.x SDK");
        }
        component::lower(&source, &root_name, root, cx)
    });
    components.extend(lowered.map(|lowered| (root_name.clone(), lowered)));
    dag::refuse_recursion(&source, cx);
    let platform = platform::pipeline(&source, cx);
    let info = spec.pipeline_info.as_ref();
    Some(Plan {
        name: name?,
        display_name: info.and_then(|info| info.display_name.clone()).filter(|name| !name.is_empty()),
        description: info.and_then(|info| info.description.clone()).filter(|text| !text.is_empty()),
        dialect: Dialect::V2,
        sdk_version: spec.sdk_version.as_ref().map(|version| version.value.clone()),
        default_pipeline_root: spec
            .default_pipeline_root
            .as_ref()
            .map(|root| root.value.clone())
            .filter(|root| !root.is_empty()),
        platform,
        components: inherit::inherit_retries(components, &root_name),
        root: root_name,
    })
}

/// Checks what every pipeline must say of itself and returns its name.
fn header(spec: &PipelineSpec, cx: &mut Context) -> Option<String> {
    match &spec.schema_version {
        None => {
            cx.error("missing-field", spec.span, "the field `schemaVersion` is missing")
                .hint(format!("it must be `{SCHEMA_VERSION}`"));
        }
        Some(version) if version.value != SCHEMA_VERSION => {
            let message = format!("schema version `{}` is not supported", version.value);
            cx.within("schemaVersion", |cx| {
                cx.error("schema-version", version.span, message).hint(format!(
                    "this release reads schema version {SCHEMA_VERSION}, which the `kfp` 2.x SDK writes"
                ));
            });
        }
        Some(_) => {}
    }
    let name = spec.pipeline_info.as_ref().and_then(|info| info.name.as_ref());
    let Some(name) = name.filter(|name| !name.value.is_empty()) else {
        let at = spec.pipeline_info.as_ref().map_or(spec.span, |info| info.span);
        cx.error("missing-field", at, "the field `pipelineInfo.name` is missing");
        return None;
    };
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !name.value.chars().any(is_word) {
        let message = format!("the pipeline name `{}` has no lower-case letter and no digit", name.value);
        cx.error("wrong-name", name.span, message);
    }
    Some(name.value.clone())
}

/// Records that a name is not among those that exist.
fn unknown_name<'a>(
    cx: &mut Context,
    code: &'static str,
    name: &crate::decode::Text,
    message: String,
    known: impl Iterator<Item = &'a str>,
) {
    if cx.diagnostics.is_full() {
        return;
    }
    let known: Vec<&str> = known.collect();
    let hint =
        suggest::did_you_mean(&name.value, known.iter().copied()).unwrap_or_else(|| match known.as_slice() {
            [] => "there are none here".to_owned(),
            known => format!("known here: {}", known.iter().take(12).copied().collect::<Vec<_>>().join(", ")),
        });
    cx.error(code, name.span, message).hint(hint);
}
