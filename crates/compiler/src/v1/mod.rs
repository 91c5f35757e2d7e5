//! The v1 format: Argo `Workflow` files to a plan.
//!
//! How its rules map onto the plan: `docs/adr/0007-v1-lowers-into-the-plan.md`.

mod cron;
mod defaults;
mod expression;
mod library;
mod link;
mod lower;
mod patch;
#[cfg(test)]
pub(crate) mod sites;
mod tags;
mod when;
mod workflow;

pub use cron::Schedule;
pub(crate) use cron::read as read_cron;
pub use library::Library;
pub(crate) use link::Stored;
pub use lower::staleness;

use pipewright_plan::Plan;

use crate::decode::{Context, Decode};
use crate::yaml::Node;

/// Kind of a workflow that runs again and again.
pub(crate) const CRON: &str = "CronWorkflow";

/// What a workflow file holds, and what else is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sources<'n> {
    pub workflow: &'n Node,
    /// Workflow templates of the same file.
    pub templates: &'n [&'n Node],
    pub library: &'n Library,
}

/// A workflow that can be run.
pub(crate) struct Compiled {
    pub plan: Plan,
    /// What it keeps of the templates that came with it.
    pub own: Stored,
    /// What a run of it keeps.
    pub all: Stored,
}

/// Reads and lowers one workflow; `None` (or errors in the context) when it cannot be run.
pub(crate) fn compile(sources: Sources<'_>, cx: &mut Context) -> Option<Compiled> {
    let node = sources.workflow;
    check_kind(node, cx)?;
    let linked = link::linked(node, sources.templates, sources.library, cx).ok()?;
    let node = linked.as_ref().map_or(node, |linked| &linked.workflow);
    let merged = defaults::merged(node, cx);
    let node = merged.as_ref().unwrap_or(node);
    let patched = patch::applied(node, cx);
    let workflow = workflow::Workflow::decode(patched.as_ref().unwrap_or(node), cx);
    let plan = workflow.and_then(|workflow| lower::lower(&workflow, cx));
    if let Some(linked) = &linked {
        linked.name_places(cx);
    }
    let (own, all) = linked.map(|linked| (linked.own, linked.all)).unwrap_or_default();
    Some(Compiled { plan: plan?, own, all })
}

/// Refuses kinds with fields of their own, of which reading on would only guess.
fn check_kind(node: &Node, cx: &mut Context) -> Option<()> {
    let kind = node.get("kind").and_then(Node::as_str).unwrap_or("object without a kind");
    let is_template = Library::KINDS.contains(&kind);
    let at = node.get("kind").map_or(node.span, |kind| kind.span);
    if is_template && node.get("spec").and_then(|spec| spec.get("entrypoint")).is_none() {
        cx.error(
            "missing-field",
            node.span,
            format!("this `{kind}` has no `spec.entrypoint`: nothing says what runs"),
        )
        .hint("keep it as an object (`pipewright object apply -f FILE`) for workflows that refer to it");
        return None;
    }
    if kind == "Workflow" || is_template {
        return Some(());
    }
    if kind == CRON {
        // Its mistakes are told all the same.
        cron::read(node, cx);
    }
    let hint = match kind {
        CRON => "make a recurring run of it: `pipewright recurring-run create -f FILE`",
        _ => "compile the pipeline with the `kfp` SDK",
    };
    cx.within("kind", |cx| {
        cx.error("unsupported", at, format!("an Argo `{kind}` cannot be run, only a `Workflow`")).hint(hint);
    });
    None
}
