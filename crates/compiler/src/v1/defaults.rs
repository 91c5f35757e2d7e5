//! `templateDefaults`: what every template has that does not say otherwise.
//!
//! Mappings are merged field by field, anything else is the template's own when it has one. Source: v1 semantics
//! 3; upstream merges strategically and keeps the kind of the template.

use crate::decode::Context;
use crate::yaml::{Mapping, Node, NodeValue};

/// What makes a template's kind: a default for another kind is no default for this one.
const KINDS: &[&str] =
    &["container", "script", "resource", "dag", "steps", "suspend", "http", "data", "containerSet", "plugin"];
/// What only a template that runs something can have here.
const OF_LEAVES: &[&str] = &["retryStrategy", "activeDeadlineSeconds", "timeout"];

/// Returns the workflow with its defaults in each template; nothing when it has none.
pub(super) fn merged(workflow: &Node, cx: &mut Context) -> Option<Node> {
    let defaults = workflow.get("spec")?.get("templateDefaults")?.as_mapping()?.clone();
    let mut workflow = workflow.clone();
    let spec = field_mut(&mut workflow, "spec")?;
    let mut left_out = Vec::new();
    if let Some(Node { value: NodeValue::List(templates), .. }) = field_mut(spec, "templates") {
        for template in templates {
            add(&defaults, template, &mut left_out);
        }
    }
    if let Some(field) = left_out.first() {
        let span = defaults.get(field).map(|entry| entry.key_span).unwrap_or_default();
        let message =
            format!("the default `{field}` is given to templates that run something, not to dags and steps");
        cx.within("spec", |cx| {
            cx.within("templateDefaults", |cx| {
                cx.warning("unsupported", span, message)
                    .hint("the tasks inside have it, so that they are tried again");
            })
        });
    }
    Some(workflow)
}

fn field_mut<'n>(node: &'n mut Node, name: &str) -> Option<&'n mut Node> {
    match &mut node.value {
        NodeValue::Mapping(mapping) => mapping.get_mut(name).map(|entry| &mut entry.node),
        _ => None,
    }
}

fn add(defaults: &Mapping, template: &mut Node, left_out: &mut Vec<&'static str>) {
    let NodeValue::Mapping(own) = &mut template.value else { return };
    let is_group = own.get("dag").is_some() || own.get("steps").is_some();
    for (name, entry) in defaults.iter() {
        let is_other_kind = KINDS.contains(&name.as_str()) && own.get(name).is_none();
        let of_leaves = OF_LEAVES.iter().find(|field| *field == name).filter(|_| is_group);
        left_out.extend(of_leaves);
        if name == "name" || is_other_kind || of_leaves.is_some() {
            continue;
        }
        match own.get_mut(name) {
            Some(found) => fill(&mut found.node, &entry.node),
            None => own.insert(name.clone(), entry.clone()),
        }
    }
}

/// Adds the fields of a mapping that another has besides.
fn fill(own: &mut Node, defaults: &Node) {
    let (NodeValue::Mapping(own), Some(defaults)) = (&mut own.value, defaults.as_mapping()) else { return };
    for (name, entry) in defaults.iter() {
        match own.get_mut(name) {
            Some(found) => fill(&mut found.node, &entry.node),
            None => own.insert(name.clone(), entry.clone()),
        }
    }
}
