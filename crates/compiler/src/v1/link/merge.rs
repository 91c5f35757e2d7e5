//! A workflow's own specification over the one that it is made from.
//!
//! Mappings are merged field by field, lists of named things by name, anything else is the workflow's own when it
//! has it. Source: upstream merges strategically, by the same keys.

use crate::yaml::{Mapping, Node, NodeValue};

/// Lists of things that are told apart by a field.
const KEYED: &[(&str, &str)] = &[
    ("parameters", "name"),
    ("artifacts", "name"),
    ("volumes", "name"),
    ("imagePullSecrets", "name"),
    ("hostAliases", "ip"),
    ("tolerations", "key"),
];
/// Sources of a parameter's or an artifact's value: an own one takes the place of all.
const SOURCES: &[&str] = &[
    "value",
    "valueFrom",
    "from",
    "fromExpression",
    "raw",
    "s3",
    "gcs",
    "http",
    "git",
    "hdfs",
    "oss",
    "azure",
];

/// Returns the whole specification, without the reference.
pub(super) fn merged(base: &Node, own: &Node) -> Node {
    let mut whole = base.clone();
    if whole.as_mapping().is_none() {
        whole.value = NodeValue::Mapping(Mapping::new());
    }
    let (NodeValue::Mapping(fields), Some(own)) = (&mut whole.value, own.as_mapping()) else { return whole };
    over(fields, own);
    let kept = std::mem::take(fields).into_iter().filter(|(name, _)| name != "workflowTemplateRef");
    *fields = kept.collect();
    whole
}

fn over(base: &mut Mapping, own: &Mapping) {
    let has_source = SOURCES.iter().any(|source| own.get(source).is_some());
    if has_source {
        let kept = std::mem::take(base).into_iter().filter(|(name, _)| !SOURCES.contains(&name.as_str()));
        *base = kept.collect();
    }
    for (name, entry) in own.iter().filter(|(_, entry)| !entry.node.is_null()) {
        match base.get_mut(name) {
            Some(found) => put(name, &mut found.node, &entry.node),
            None => base.insert(name.clone(), entry.clone()),
        }
    }
}

fn put(name: &str, base: &mut Node, own: &Node) {
    match (&mut base.value, &own.value) {
        (NodeValue::Mapping(base), NodeValue::Mapping(own)) => over(base, own),
        (NodeValue::List(base), NodeValue::List(own)) => match KEYED.iter().find(|(list, _)| *list == name) {
            Some((_, key)) => own.iter().for_each(|item| put_item(base, item, key, name)),
            None => base.clone_from(own),
        },
        _ => *base = own.clone(),
    }
}

fn put_item(base: &mut Vec<Node>, item: &Node, key: &str, list: &str) {
    let name = |node: &Node| node.get(key).map(|node| node.value.clone());
    let found = base.iter_mut().find(|known| name(known).is_some() && name(known) == name(item));
    match (found, &item.value) {
        (Some(Node { value: NodeValue::Mapping(known), .. }), NodeValue::Mapping(own))
            if list != "volumes" =>
        {
            over(known, own);
        }
        (Some(known), _) => known.clone_from(item),
        (None, _) => base.push(item.clone()),
    }
}
