//! The v1 format: Argo `Workflow` files to a plan.
//!
//! How its rules map onto the plan: `docs/adr/0007-v1-lowers-into-the-plan.md`.

mod defaults;
mod expression;
mod lower;
#[cfg(test)]
pub(crate) mod sites;
mod tags;
mod when;
mod workflow;

pub use lower::staleness;

use pipewright_plan::Plan;

use crate::decode::{Context, Decode};
use crate::yaml::Node;

/// Reads and lowers one workflow; `None` (or errors in the context) when it cannot be run.
pub(crate) fn compile(node: &Node, cx: &mut Context) -> Option<Plan> {
    // The other kinds have fields of their own, so that reading on would only guess.
    let kind = node.get("kind").and_then(Node::as_str).unwrap_or("object without a kind");
    if kind != "Workflow" {
        let at = node.get("kind").map_or(node.span, |kind| kind.span);
        cx.within("kind", |cx| {
            cx.error("unsupported", at, format!("an Argo `{kind}` cannot be run, only a `Workflow`"))
                .hint("compile the pipeline with the `kfp` SDK");
        });
        return None;
    }
    let merged = defaults::merged(node, cx);
    let workflow = workflow::Workflow::decode(merged.as_ref().unwrap_or(node), cx)?;
    lower::lower(&workflow, cx)
}
