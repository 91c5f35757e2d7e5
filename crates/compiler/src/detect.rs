//! Which documents a source holds, and in which dialect.
//!
//! Source: v2 semantics 1.1. Unlike upstream, a document that is neither is told, not dropped in silence.

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::v1::Library;
use crate::yaml::{Node, Span};

/// The documents of one pipeline.
#[derive(Debug)]
pub(crate) enum Documents<'n> {
    /// The workflow, and the workflow templates beside it
    V1 {
        workflow: &'n Node,
        templates: Vec<&'n Node>,
    },
    V2 {
        pipeline: &'n Node,
        platform: Option<&'n Node>,
    },
}

const PIPELINE_KEYS: &[&str] = &[
    "pipelineInfo",
    "pipeline_info",
    "root",
    "components",
    "deploymentSpec",
    "deployment_spec",
    "schemaVersion",
    "schema_version",
    "sdkVersion",
];

/// Sorts the documents of a source; `None` when they are no pipeline, which is then told.
pub(crate) fn detect<'n>(nodes: &'n [Node], diagnostics: &mut Diagnostics) -> Option<Documents<'n>> {
    let mut pipelines: Vec<&Node> = Vec::new();
    let mut platforms: Vec<&Node> = Vec::new();
    let mut others: Vec<&Node> = Vec::new();
    for node in nodes.iter().filter(|node| !node.is_null()) {
        let (pipeline, platform) = unwrap(node);
        match (pipeline, platform) {
            (None, None) if has_any(node, PIPELINE_KEYS) => pipelines.push(node),
            (None, None) if has_any(node, &["platforms"]) => platforms.push(node),
            (None, None) => others.push(node),
            // The API wraps v1 documents as it wraps others.
            (Some(workflow), None) if is_workflow(workflow) => others.push(workflow),
            _ => {
                pipelines.extend(pipeline);
                platforms.extend(platform);
            }
        }
    }
    let (argo, others): (Vec<&Node>, Vec<&Node>) = others.into_iter().partition(|node| is_workflow(node));
    let (workflows, templates) = runnable(argo);
    for (found, kind) in [(&workflows, "workflow"), (&pipelines, "pipeline"), (&platforms, "platform")] {
        for extra in found.iter().skip(1) {
            let message = format!("there is more than one {kind} specification in this file");
            let at = start_of(extra);
            diagnostics
                .push(Diagnostic::new(Severity::Error, "several-documents", at, message))
                .hint("keep one pipeline per file");
        }
    }
    if let Some(workflow) = workflows.first() {
        ignore(others.into_iter().chain(pipelines).chain(platforms), diagnostics);
        return Some(Documents::V1 { workflow, templates });
    }
    let Some(pipeline) = pipelines.first() else {
        diagnostics.push(no_pipeline(&others, &platforms));
        return None;
    };
    ignore(others, diagnostics);
    Some(Documents::V2 { pipeline, platform: platforms.first().copied() })
}

fn ignore<'n>(others: impl IntoIterator<Item = &'n Node>, diagnostics: &mut Diagnostics) {
    for other in others {
        let message = "this document does not belong to the pipeline and is ignored";
        diagnostics.push(Diagnostic::new(Severity::Warning, "ignored-document", start_of(other), message));
    }
}

/// Returns the parts of a document that wraps both specifications.
fn unwrap(node: &Node) -> (Option<&Node>, Option<&Node>) {
    let get =
        |camel: &str, snake: &str| node.get(camel).or_else(|| node.get(snake)).filter(|node| !node.is_null());
    (get("pipelineSpec", "pipeline_spec"), get("platformSpec", "platform_spec"))
}

fn has_any(node: &Node, keys: &[&str]) -> bool {
    keys.iter().any(|key| node.get(key).is_some())
}

fn is_workflow(node: &Node) -> bool {
    node.get("apiVersion").and_then(Node::as_str).is_some_and(|version| version.starts_with("argoproj.io"))
}

/// Tells what runs from the templates beside it. Without a workflow a template that says where it begins runs.
fn runnable(nodes: Vec<&Node>) -> (Vec<&Node>, Vec<&Node>) {
    let is_template = |node: &&Node| {
        let kind = node.get("kind").and_then(Node::as_str);
        kind.is_some_and(|kind| Library::KINDS.contains(&kind))
    };
    let (templates, workflows): (Vec<&Node>, Vec<&Node>) = nodes.into_iter().partition(is_template);
    if !workflows.is_empty() {
        return (workflows, templates);
    }
    let begins = |node: &&Node| node.get("spec").is_some_and(|spec| spec.get("entrypoint").is_some());
    let (whole, parts): (Vec<&Node>, Vec<&Node>) = templates.into_iter().partition(begins);
    if whole.is_empty() { (parts, Vec::new()) } else { (whole, parts) }
}

fn start_of(node: &Node) -> Span {
    Span { start: node.span.start, end: node.span.start }
}

fn no_pipeline(others: &[&Node], platforms: &[&Node]) -> Diagnostic {
    let (at, message, hint) = match (others.first(), platforms.first()) {
        (None, None) => {
            (Span::default(), "the document is empty", "give a pipeline compiled by the `kfp` SDK")
        }
        (None, Some(platform)) => (
            start_of(platform),
            "there are platform settings but no pipeline specification",
            "the pipeline specification belongs into the same file, before a line `---`",
        ),
        (Some(other), _) if other.get("implementation").is_some() => (
            start_of(other),
            "this is a component definition, not a pipeline",
            "load it in a pipeline function and compile that",
        ),
        (Some(other), _) if other.as_mapping().is_none() => (
            start_of(other),
            "a pipeline specification is a mapping",
            "give a pipeline compiled by the `kfp` SDK",
        ),
        (Some(other), _) => (
            start_of(other),
            "there is no pipeline specification in this document",
            "a pipeline has the fields `pipelineInfo`, `root`, `components`, `deploymentSpec` and `schemaVersion`",
        ),
    };
    let mut diagnostic = Diagnostic::new(Severity::Error, "no-pipeline", at, message);
    diagnostic.hint(hint);
    diagnostic
}
