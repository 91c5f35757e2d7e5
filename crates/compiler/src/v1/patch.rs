//! `podSpecPatch`: a template's pod as it is changed once more, put into the template before it is read.
//!
//! What the patch says of the pod is what the template could say itself: it is merged by the same names as
//! Kubernetes merges, a null takes a field away. Its tags are filled where they come to stand, so that it need not
//! be whole before. Source: v1 semantics 2.7; upstream fills the text, then merges it strategically.

use super::link::field_mut;
use crate::decode::Context;
use crate::yaml::{self, Entry, Mapping, Node, NodeValue, Span};

/// The container that runs the template's command.
const MAIN: &str = "main";
/// Containers that only Argo has.
const OF_ARGO: &[&str] = &["wait", "init"];
/// Fields of a pod that a template has, too.
const OF_TEMPLATES: &[&str] = &[
    "activeDeadlineSeconds",
    "affinity",
    "automountServiceAccountToken",
    "hostAliases",
    "nodeSelector",
    "priority",
    "priorityClassName",
    "schedulerName",
    "securityContext",
    "serviceAccountName",
    "tolerations",
    "volumes",
];
/// Lists of things that are told apart by a field; other lists are replaced.
const KEYED: &[(&str, &str)] = &[
    ("env", "name"),
    ("volumeMounts", "mountPath"),
    ("volumes", "name"),
    ("ports", "containerPort"),
    ("hostAliases", "ip"),
];
/// Of these a thing takes the place of its namesake as a whole.
const WHOLE: &[&str] = &["env", "volumes"];

/// Returns the workflow with all patches in their templates; nothing when it has none.
pub(super) fn applied(workflow: &Node, cx: &mut Context) -> Option<Node> {
    let spec = workflow.get("spec")?;
    let shared = cx.within("spec", |cx| read(spec, cx));
    let has_own = |node: &Node| has_patch(node);
    if shared.is_none() && !has_own(spec) {
        return None;
    }
    let mut workflow = workflow.clone();
    let spec = field_mut(&mut workflow, "spec")?;
    cx.within("spec", |cx| {
        cx.within("templates", |cx| {
            let Some(Node { value: NodeValue::List(templates), .. }) = field_mut(spec, "templates") else {
                return;
            };
            for (index, template) in templates.iter_mut().enumerate() {
                cx.within(format!("[{index}]"), |cx| patch(template, shared.as_ref(), cx));
            }
        });
    });
    Some(workflow)
}

fn has_patch(node: &Node) -> bool {
    match &node.value {
        NodeValue::Mapping(mapping) => {
            mapping.iter().any(|(key, entry)| key == "podSpecPatch" || has_patch(&entry.node))
        }
        NodeValue::List(items) => items.iter().any(has_patch),
        _ => false,
    }
}

/// Patches a template, and those that stand inside its tasks.
fn patch(template: &mut Node, shared: Option<&Node>, cx: &mut Context) {
    for tasks in ["dag", "steps"] {
        let Some(group) = field_mut(template, tasks) else { continue };
        inside(group, shared, cx);
    }
    let runs = ["container", "script"].into_iter().find(|kind| template.get(kind).is_some());
    let Some(runs) = runs else {
        say_it_changes_nothing(template, cx);
        return;
    };
    let own = read(template, cx);
    cx.within("podSpecPatch", |cx| {
        for whole in shared.into_iter().chain(own.as_ref()) {
            merge(template, runs, whole, cx);
        }
    });
}

/// Only where a pod of the user's runs there is something to change; upstream takes no notice of the others, either.
fn say_it_changes_nothing(template: &Node, cx: &mut Context) {
    let field = template.get("podSpecPatch");
    let Some(field) = field.filter(|field| field.as_str().is_some_and(|text| !text.trim().is_empty())) else {
        return;
    };
    cx.within("podSpecPatch", |cx| {
        cx.warning("unsupported", field.span, "the patch changes nothing: this template runs no container")
            .hint("set it in templates with a container or a script, or for all of them in the workflow");
    });
}

fn inside(node: &mut Node, shared: Option<&Node>, cx: &mut Context) {
    match &mut node.value {
        NodeValue::Mapping(mapping) => {
            if let Some(inline) = mapping.get_mut("inline") {
                patch(&mut inline.node, shared, cx);
            }
            if let Some(tasks) = mapping.get_mut("tasks") {
                inside(&mut tasks.node, shared, cx);
            }
        }
        NodeValue::List(items) => items.iter_mut().for_each(|item| inside(item, shared, cx)),
        _ => {}
    }
}

/// Reads the patch of a template or of the workflow.
fn read(node: &Node, cx: &mut Context) -> Option<Node> {
    let field = node.get("podSpecPatch")?;
    let text = field.as_str().filter(|text| !text.trim().is_empty())?;
    let (mut nodes, mistakes) = yaml::load(quoted(text).as_bytes());
    let is_one = nodes.len() == 1 && !mistakes.has_errors() && nodes[0].as_mapping().is_some();
    if !is_one {
        cx.within("podSpecPatch", |cx| {
            cx.error("wrong-value", field.span, "the patch is no mapping in JSON or YAML")
                .hint("write it as a pod's `spec`, such as {\"containers\": [{\"name\": \"main\", …}]}");
        });
        return None;
    }
    let mut patch = nodes.remove(0);
    place(&mut patch, field.span);
    Some(patch)
}

/// Puts quotes around tags that stand by themselves, as in `cpu: {{inputs.parameters.cpu}}`.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let (mut quote, mut is_escaped) = (None, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let tag = rest.starts_with("{{").then(|| rest.find("}}")).flatten().filter(|_| quote.is_none());
        let word =
            out.chars().next_back().is_none_or(|before| before.is_whitespace() || ":[,{".contains(before));
        if let Some(end) = tag.filter(|_| word) {
            out.push('\'');
            out.push_str(&rest[..end + 2].replace('\'', "''"));
            out.push('\'');
            rest = &rest[end + 2..];
            continue;
        }
        match quote {
            Some('"') if is_escaped => is_escaped = false,
            Some('"') if c == '\\' => is_escaped = true,
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// Lets everything in it stand where the patch stands.
fn place(node: &mut Node, span: Span) {
    node.span = span;
    match &mut node.value {
        NodeValue::Mapping(mapping) => mapping.nodes_mut().for_each(|node| place(node, span)),
        NodeValue::List(items) => items.iter_mut().for_each(|node| place(node, span)),
        _ => {}
    }
}

fn merge(template: &mut Node, runs: &str, patch: &Node, cx: &mut Context) {
    for (field, entry) in patch.as_mapping().into_iter().flat_map(Mapping::iter) {
        let at = entry.node.span;
        match (field.as_str(), &entry.node.value) {
            ("containers", NodeValue::List(all)) => {
                for one in all {
                    container(template, (Some(runs), "sidecars"), one, cx);
                }
            }
            ("initContainers", NodeValue::List(all)) => {
                for one in all {
                    container(template, (None, "initContainers"), one, cx);
                }
            }
            (known, _) if OF_TEMPLATES.contains(&known) => {
                let NodeValue::Mapping(own) = &mut template.value else { return };
                put(own, known, &entry.node, at);
            }
            (other, _) => {
                cx.error("unsupported", at, format!("`{other}` of a pod cannot be patched here"))
                    .hint(format!("there are containers, initContainers, {}", OF_TEMPLATES.join(", ")));
            }
        }
    }
}

/// Merges a container of the pod into the one of that name.
fn container(template: &mut Node, (runs, list): (Option<&str>, &str), patch: &Node, cx: &mut Context) {
    let name = patch.get("name").and_then(Node::as_str).unwrap_or_default().to_owned();
    if name.is_empty() || OF_ARGO.contains(&name.as_str()) {
        let what = if name.is_empty() { "a container without a name" } else { "a container of Argo's own" };
        cx.error("unsupported", patch.span, format!("{what} cannot be patched"))
            .hint(format!("name `{MAIN}`, or one of the template's other containers"));
        return;
    }
    let (NodeValue::Mapping(own), Some(fields)) = (&mut template.value, patch.as_mapping()) else { return };
    if let Some(runs) = runs.filter(|_| name == MAIN) {
        let Some(Entry { node: Node { value: NodeValue::Mapping(main), .. }, .. }) = own.get_mut(runs) else {
            return;
        };
        let named = fields.iter().filter(|(field, _)| *field != "name");
        named.for_each(|(field, entry)| put(main, field, &entry.node, patch.span));
        return;
    }
    if own.get(list).is_none_or(|entry| entry.node.is_null()) {
        let node = Node { value: NodeValue::List(Vec::new()), span: patch.span };
        own.insert(list.to_owned(), Entry { key_span: patch.span, node });
    }
    let Some(Entry { node: Node { value: NodeValue::List(all), .. }, .. }) = own.get_mut(list) else {
        return;
    };
    let found = all.iter_mut().find(|known| known.get("name").and_then(Node::as_str) == Some(name.as_str()));
    match found.map(|known| &mut known.value) {
        Some(NodeValue::Mapping(known)) => {
            fields.iter().for_each(|(field, entry)| put(known, field, &entry.node, patch.span));
        }
        _ => all.push(patch.clone()),
    }
}

/// Merges a value into a field.
fn put(own: &mut Mapping, field: &str, value: &Node, span: Span) {
    if value.is_null() {
        let kept = std::mem::take(own).into_iter().filter(|(name, _)| name != field);
        *own = kept.collect();
        return;
    }
    let Some(known) = own.get_mut(field).filter(|known| !known.node.is_null()) else {
        own.insert(field.to_owned(), Entry { key_span: span, node: value.clone() });
        return;
    };
    match (&mut known.node.value, &value.value) {
        (NodeValue::Mapping(known), NodeValue::Mapping(fields)) => {
            fields.iter().for_each(|(field, entry)| put(known, field, &entry.node, span));
        }
        (NodeValue::List(known), NodeValue::List(items)) => {
            match KEYED.iter().find(|(list, _)| *list == field) {
                Some((_, key)) => {
                    items.iter().for_each(|item| put_item(known, (field, key), item, span));
                }
                None => known.clone_from(items),
            }
        }
        _ => known.node = value.clone(),
    }
}

fn put_item(known: &mut Vec<Node>, (list, key): (&str, &str), item: &Node, span: Span) {
    let name = |node: &Node| node.get(key).map(|node| node.value.clone());
    let found = known.iter_mut().find(|known| name(known).is_some() && name(known) == name(item));
    match (found, item.as_mapping()) {
        (Some(Node { value: NodeValue::Mapping(own), .. }), Some(fields)) if !WHOLE.contains(&list) => {
            fields.iter().for_each(|(field, entry)| put(own, field, &entry.node, span));
        }
        (Some(known), _) => known.clone_from(item),
        (None, _) => known.push(item.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_by_themselves_become_texts() {
        for (text, expected) in [
            ("cpu: {{a.b}}", "cpu: '{{a.b}}'"),
            ("{\"a\": {{x}}, \"b\": \"{{y}}\"}", "{\"a\": '{{x}}', \"b\": \"{{y}}\"}"),
            ("a: [{{x}},{{y}}]", "a: ['{{x}}','{{y}}']"),
            ("a: '{{x}}'", "a: '{{x}}'"),
            ("a: x{{y}}", "a: x{{y}}"),
            (r#"{"a": "\"{{x}}"}"#, r#"{"a": "\"{{x}}"}"#),
            ("a: {{=f('x')}}", "a: '{{=f(''x'')}}'"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
