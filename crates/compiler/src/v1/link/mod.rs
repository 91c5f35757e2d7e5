//! References to workflow templates, put in place before anything else is read: `workflowTemplateRef` becomes the
//! specification it names, `templateRef` a template of the workflow under the name `namespaced/OBJECT/TEMPLATE`.
//!
//! What was put in place can be kept with the workflow (`status.storedTemplates`), so that it stays the same
//! whatever becomes of the objects. Source: v1 semantics 4; upstream resolves at each step and keeps likewise.

mod merge;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::library::{Library, Missing, Owner, Shelf, Shelves};
use crate::decode::Context;
use crate::suggest;
use crate::yaml::{Entry, Mapping, Node, NodeValue, Span};

/// What a workflow keeps of the objects that it refers to, in the words of its status.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Stored {
    /// `storedTemplates`
    templates: Map<String, Value>,
    /// `storedWorkflowTemplateSpec`
    spec: Option<Value>,
}

impl Stored {
    /// Adds it to a workflow's status.
    pub fn keep_in(&self, workflow: &mut Value) {
        if self.templates.is_empty() && self.spec.is_none() {
            return;
        }
        let status = &mut workflow["status"];
        if !self.templates.is_empty() {
            for (key, template) in &self.templates {
                status["storedTemplates"][key] = template.clone();
            }
        }
        if let Some(spec) = &self.spec {
            status["storedWorkflowTemplateSpec"] = spec.clone();
        }
    }
}

/// A workflow without references.
pub(super) struct Linked {
    pub workflow: Node,
    /// What came with the file.
    pub own: Stored,
    /// What came from the caller, and what came with the file.
    pub all: Stored,
    origins: Origins,
}

/// From where the parts of a linked workflow are, for messages.
#[derive(Default)]
struct Origins {
    /// The first templates are the workflow's own.
    first: usize,
    templates: Vec<String>,
    /// The object that the specification is of, and the fields that the workflow has itself.
    spec: Option<(String, BTreeSet<String>)>,
}

impl Linked {
    /// Lets diagnostics from this place on speak of the objects in which the mistakes stand.
    pub fn name_places(&self, cx: &mut Context) {
        let Origins { first, templates, spec } = &self.origins;
        for diagnostic in cx.diagnostics.iter_mut() {
            let Some(rest) = diagnostic.path.strip_prefix("spec.") else { continue };
            let indexed = rest.strip_prefix("templates[").and_then(|rest| rest.split_once(']'));
            let foreign = indexed.and_then(|(index, rest)| {
                Some((templates.get(index.parse::<usize>().ok()?.checked_sub(*first)?)?, rest))
            });
            let field = rest.split(['.', '[']).next().unwrap_or_default();
            diagnostic.path = match (foreign, spec) {
                (Some((origin, rest)), _) => format!("{origin}{}", rest.replacen('.', ": ", 1)),
                (None, Some((object, own))) if !own.contains(field) => format!("{object}: spec.{rest}"),
                _ => continue,
            };
        }
    }
}

/// Puts everything that a workflow refers to in place; nothing when it refers to nothing.
///
/// Errors: `Err` when not even the specification is known, which is told.
pub(super) fn linked(
    workflow: &Node,
    file: &[&Node],
    library: &Library,
    cx: &mut Context,
) -> Result<Option<Linked>, ()> {
    if !refers(workflow) {
        return Ok(None);
    }
    let status = workflow.get("status").and_then(Node::as_mapping);
    let own = file.iter().copied().chain([workflow]).filter_map(|node| Some((Owner::of(node)?, node)));
    let shelves = Shelves { file: own.collect(), status, library };
    let mut workflow = workflow.clone();
    let mut linker =
        Linker { shelves, added: Vec::new(), known: BTreeSet::new(), origins: Origins::default() };
    let (mut own, mut all) = (Stored::default(), Stored::default());
    let Some(spec) = field_mut(&mut workflow, "spec") else { return Ok(None) };
    if let Some((whole, shelf)) = cx.within("spec", |cx| linker.whole(spec, cx))? {
        all.spec = Some(whole.to_json());
        if shelf == Shelf::Own {
            own.spec = all.spec.clone();
        }
        *spec = whole;
    }
    cx.within("spec", |cx| linker.spec(spec, cx));
    for (key, template, shelf) in &linker.added {
        let value = template.to_json();
        if *shelf == Shelf::Own {
            own.templates.insert(key.clone(), value.clone());
        }
        all.templates.insert(key.clone(), value);
    }
    Ok(Some(Linked { workflow, own, all, origins: linker.origins }))
}

/// Tells whether anything in here refers to an object.
fn refers(node: &Node) -> bool {
    match &node.value {
        NodeValue::Mapping(mapping) => mapping.iter().any(|(key, entry)| {
            matches!(&**key, "templateRef" | "workflowTemplateRef") || refers(&entry.node)
        }),
        NodeValue::List(items) => items.iter().any(refers),
        _ => false,
    }
}

pub(super) fn field_mut<'n>(node: &'n mut Node, name: &str) -> Option<&'n mut Node> {
    match &mut node.value {
        NodeValue::Mapping(mapping) => mapping.get_mut(name).map(|entry| &mut entry.node),
        _ => None,
    }
}

fn items_mut(node: Option<&mut Node>) -> &mut [Node] {
    match node.map(|node| &mut node.value) {
        Some(NodeValue::List(items)) => items,
        _ => &mut [],
    }
}

fn text(value: String, span: Span) -> Node {
    Node { value: NodeValue::String(value), span }
}

struct Linker<'a> {
    shelves: Shelves<'a>,
    /// Templates by their keys, as they are written where they come from.
    added: Vec<(String, Node, Shelf)>,
    known: BTreeSet<String>,
    origins: Origins,
}

impl Linker<'_> {
    /// Returns the specification of a workflow that is made from an object.
    fn whole(&mut self, spec: &Node, cx: &mut Context) -> Result<Option<(Node, Shelf)>, ()> {
        let Some(reference) = spec.get("workflowTemplateRef").filter(|node| !node.is_null()) else {
            return Ok(None);
        };
        let own: BTreeSet<String> = spec.as_mapping().into_iter().flat_map(Mapping::keys).cloned().collect();
        if let Some(templates) = spec.get("templates").filter(|node| !is_empty(node)) {
            cx.within("templates", |cx| {
                cx.error(
                    "exclusive-fields",
                    templates.span,
                    "a workflow with a `workflowTemplateRef` has no `templates` of its own",
                )
                .hint("keep one of the two, or name templates of others by `templateRef`");
            });
            return Err(());
        }
        cx.within("workflowTemplateRef", |cx| {
            let Some(name) = reference.get("name").and_then(Node::as_str) else {
                cx.error("missing-field", reference.span, "the reference does not name an object")
                    .hint("set `name`");
                return Err(());
            };
            let owner = owner(reference, name);
            self.origins.spec = Some((format!("{} {name}", owner.kind()), own));
            if let Some(stored) =
                self.shelves.stored_spec().filter(|_| !self.shelves.file.contains_key(&owner))
            {
                return Ok(Some((stored, Shelf::Own)));
            }
            match self.shelves.spec(&owner) {
                Ok((base, shelf)) => Ok(Some((merge::merged(&base, spec), shelf))),
                Err(missing) => {
                    told(&owner, ("", reference.span), missing, cx);
                    Err(())
                }
            }
        })
    }

    /// Replaces the references of a specification, and those of what they name.
    fn spec(&mut self, spec: &mut Node, cx: &mut Context) {
        let span = spec.span;
        cx.within("hooks", |cx| self.hooks(spec, None, cx));
        let own = items_mut(field_mut(spec, "templates"));
        self.origins.first = own.len();
        let mut placed = Vec::new();
        cx.within("templates", |cx| {
            for (index, template) in own.iter_mut().enumerate() {
                cx.within(format!("[{index}]"), |cx| self.template(template, None, cx));
            }
            // What is put in place may refer to more.
            while let Some((key, template, _)) = self.added.get(placed.len()) {
                let (mut template, scope) = (template.clone(), scope_of(key));
                if let NodeValue::Mapping(mapping) = &mut template.value {
                    let name = mapping.get("name").map_or(template.span, |entry| entry.node.span);
                    let entry = Entry { key_span: name, node: text(key.clone(), name) };
                    mapping.insert("name".to_owned(), entry);
                }
                let index = self.origins.first + placed.len();
                cx.within(format!("[{index}]"), |cx| self.template(&mut template, scope.as_ref(), cx));
                placed.push(template);
            }
        });
        if placed.is_empty() {
            return;
        }
        let NodeValue::Mapping(fields) = &mut spec.value else { return };
        if fields.get("templates").is_none_or(|entry| entry.node.is_null()) {
            let node = Node { value: NodeValue::List(Vec::new()), span };
            fields.insert("templates".to_owned(), Entry { key_span: span, node });
        }
        if let Some(Entry { node: Node { value: NodeValue::List(all), .. }, .. }) =
            fields.get_mut("templates")
        {
            all.extend(placed);
        }
    }

    /// Replaces the references of one template; `scope` is the object that it is of.
    fn template(&mut self, template: &mut Node, scope: Option<&Owner>, cx: &mut Context) {
        cx.within("dag", |cx| {
            cx.within("tasks", |cx| {
                let tasks = field_mut(template, "dag").and_then(|dag| field_mut(dag, "tasks"));
                for (index, task) in items_mut(tasks).iter_mut().enumerate() {
                    cx.within(format!("[{index}]"), |cx| self.task(task, scope, cx));
                }
            });
        });
        cx.within("steps", |cx| {
            for (index, group) in items_mut(field_mut(template, "steps")).iter_mut().enumerate() {
                cx.within(format!("[{index}]"), |cx| match &mut group.value {
                    NodeValue::List(steps) => {
                        for (index, step) in steps.iter_mut().enumerate() {
                            cx.within(format!("[{index}]"), |cx| self.task(step, scope, cx));
                        }
                    }
                    _ => self.task(group, scope, cx),
                });
            }
        });
    }

    fn task(&mut self, task: &mut Node, scope: Option<&Owner>, cx: &mut Context) {
        self.named(task, "template", scope, cx);
        self.named(task, "onExit", scope, cx);
        self.reference(task, cx);
        cx.within("hooks", |cx| self.hooks(task, scope, cx));
        if let Some(inline) = field_mut(task, "inline") {
            cx.within("inline", |cx| self.template(inline, scope, cx));
        }
    }

    fn hooks(&mut self, owner: &mut Node, scope: Option<&Owner>, cx: &mut Context) {
        let Some(Node { value: NodeValue::Mapping(hooks), .. }) = field_mut(owner, "hooks") else { return };
        for hook in hooks.nodes_mut() {
            self.named(hook, "template", scope, cx);
            self.reference(hook, cx);
        }
    }

    /// Replaces a name that means another template of the same object.
    fn named(&mut self, task: &mut Node, field: &'static str, scope: Option<&Owner>, cx: &mut Context) {
        let (Some(scope), Some(found)) = (scope, field_mut(task, field)) else { return };
        let Some(name) = found.as_str().filter(|name| !name.is_empty()).map(str::to_owned) else { return };
        let span = found.span;
        if let Some(key) = cx.within(field, |cx| self.add(scope, (&name, span), cx)) {
            found.value = NodeValue::String(key);
        }
    }

    /// Replaces a reference to a template of an object.
    fn reference(&mut self, task: &mut Node, cx: &mut Context) {
        let Some(reference) = task.get("templateRef").filter(|node| !node.is_null()) else { return };
        let span = reference.span;
        let key = cx.within("templateRef", |cx| {
            let field =
                |name: &str| reference.get(name).and_then(Node::as_str).filter(|text| !text.is_empty());
            let (Some(object), Some(template)) = (field("name"), field("template")) else {
                cx.error("missing-field", span, "the reference wants `name` and `template`")
                    .hint("`name` is that of the object, `template` one of its templates");
                return None;
            };
            if let Some(wrong) = unknown_field(reference, &["name", "template", "clusterScope"]) {
                let message = format!("a reference has no field `{wrong}`");
                cx.error("unknown-field", span, message).hint("it has `name`, `template` and `clusterScope`");
            }
            self.add(&owner(reference, object), (template, span), cx)
        });
        // One that leads nowhere stays, so that nobody looks for a template.
        let (Some(key), NodeValue::Mapping(fields)) = (key, &mut task.value) else { return };
        if fields.get("template").is_none_or(|entry| entry.node.is_null()) {
            let kept = std::mem::take(fields).into_iter().filter(|(name, _)| name != "templateRef");
            *fields = kept.collect();
            fields.insert("template".to_owned(), Entry { key_span: span, node: text(key, span) });
        }
    }

    /// Makes a template of an object one of the workflow, and names it.
    fn add(&mut self, owner: &Owner, (name, span): (&str, Span), cx: &mut Context) -> Option<String> {
        let key = owner.key(name);
        if self.known.contains(&key) {
            return Some(key);
        }
        match self.shelves.template(owner, name) {
            Ok((template, shelf)) => {
                self.known.insert(key.clone());
                self.added.push((key.clone(), template, shelf));
                self.origins.templates.push(format!("{} {}, template {name}", owner.kind(), owner.name));
                Some(key)
            }
            Err(missing) => {
                told(owner, (name, span), missing, cx);
                None
            }
        }
    }
}

fn owner(reference: &Node, name: &str) -> Owner {
    let is_cluster = reference.get("clusterScope").is_some_and(|node| node.value == NodeValue::Boolean(true));
    Owner { is_cluster, name: name.to_owned() }
}

/// Returns the object that a key is of.
fn scope_of(key: &str) -> Option<Owner> {
    let mut parts = key.split('/');
    let is_cluster = parts.next()? == "cluster";
    Some(Owner { is_cluster, name: parts.next()?.to_owned() })
}

fn is_empty(node: &Node) -> bool {
    node.is_null() || matches!(&node.value, NodeValue::List(items) if items.is_empty())
}

fn unknown_field<'n>(node: &'n Node, known: &[&str]) -> Option<&'n str> {
    node.as_mapping()?.keys().map(String::as_str).find(|key| !known.contains(key))
}

/// Reports what a reference leads to and is not there.
fn told(owner: &Owner, (name, span): (&str, Span), missing: Missing, cx: &mut Context) {
    let (kind, object) = (owner.kind(), &owner.name);
    match missing {
        Missing::Object => {
            cx.error("unknown-object", span, format!("there is no {kind} `{object}`")).hint(
                "make it with `pipewright object apply -f FILE`, or add it to this file after a line `---`",
            );
        }
        Missing::Template(known) => {
            let hint = suggest::did_you_mean(name, known.iter().map(String::as_str))
                .unwrap_or_else(|| format!("it has: {}", known.join(", ")));
            cx.error("unknown-template", span, format!("the {kind} `{object}` has no template `{name}`"))
                .hint(hint);
        }
    }
}
