//! Workflow templates that a workflow may refer to: where they are looked for, and in what order.
//!
//! Those of the same file come first, then what is kept with the workflow (`status.storedTemplates`, as a run has
//! it), then those that the caller knows. Reading objects from anywhere is the caller's business.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::yaml::{Mapping, Node, NodeValue};

/// Kind of templates of a namespace.
pub(super) const OF_NAMESPACE: &str = "WorkflowTemplate";
/// Kind of templates of the whole cluster.
pub(super) const OF_CLUSTER: &str = "ClusterWorkflowTemplate";

/// Objects that workflows may refer to.
#[derive(Debug, Clone, Default)]
pub struct Library {
    objects: BTreeMap<Owner, Value>,
}

impl Library {
    /// The kinds of objects that belong here.
    pub const KINDS: [&'static str; 2] = [OF_NAMESPACE, OF_CLUSTER];

    /// Takes the templates among some manifests.
    pub fn new(manifests: impl IntoIterator<Item = Value>) -> Self {
        let owned = |manifest: Value| {
            let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str);
            Some((Owner::new(text("/kind")?, text("/metadata/name")?)?, manifest))
        };
        Self { objects: manifests.into_iter().filter_map(owned).collect() }
    }

    /// Tells whether a text may refer to such objects, so that they are worth fetching.
    pub fn is_wanted(source: &[u8]) -> bool {
        let word = b"emplateRef";
        source.windows(word.len()).any(|window| window == word)
    }
}

/// An object that holds templates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    pub is_cluster: bool,
    pub name: String,
}

impl Owner {
    pub fn new(kind: &str, name: &str) -> Option<Self> {
        let is_cluster = match kind {
            OF_NAMESPACE => false,
            OF_CLUSTER => true,
            _ => return None,
        };
        Some(Self { is_cluster, name: name.to_owned() })
    }

    pub fn of(node: &Node) -> Option<Self> {
        let name = node.get("metadata").and_then(|metadata| metadata.get("name"));
        Self::new(node.get("kind")?.as_str()?, name?.as_str()?)
    }

    pub fn kind(&self) -> &'static str {
        if self.is_cluster { OF_CLUSTER } else { OF_NAMESPACE }
    }

    /// Names a template as a workflow's status does: `namespaced/OBJECT/TEMPLATE`.
    pub fn key(&self, template: &str) -> String {
        let scope = if self.is_cluster { "cluster" } else { "namespaced" };
        format!("{scope}/{}/{template}", self.name)
    }
}

/// Returns a template's own name, whatever object it comes from.
pub(super) fn own_name(key: &str) -> &str {
    let is_foreign = ["namespaced/", "cluster/"].iter().any(|scope| key.starts_with(scope));
    let own = key.rsplit_once('/').map(|(_, own)| own).filter(|_| is_foreign);
    own.unwrap_or(key)
}

/// Where something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shelf {
    /// It goes with the file, or is kept with the workflow.
    Own,
    /// It is the caller's, and may change.
    Library,
}

/// Why something was not found.
pub(super) enum Missing {
    Object,
    /// The object has others.
    Template(Vec<String>),
}

/// All that is known to one workflow.
pub(super) struct Shelves<'a> {
    pub file: BTreeMap<Owner, &'a Node>,
    /// `status` of the workflow.
    pub status: Option<&'a Mapping>,
    pub library: &'a Library,
}

impl Shelves<'_> {
    /// Finds the specification that a workflow is made from.
    pub fn spec(&self, owner: &Owner) -> Result<(Node, Shelf), Missing> {
        let of = |node: &Node| node.get("spec").cloned().unwrap_or_else(empty);
        if let Some(object) = self.file.get(owner) {
            return Ok((of(object), Shelf::Own));
        }
        let object = self.library.objects.get(owner).ok_or(Missing::Object)?;
        Ok((of(&Node::from_json(object)), Shelf::Library))
    }

    /// Returns the specification that was kept with the workflow, already put together.
    pub fn stored_spec(&self) -> Option<Node> {
        let stored = self.status?.get("storedWorkflowTemplateSpec")?;
        Some(stored.node.clone()).filter(|node| node.as_mapping().is_some())
    }

    /// Finds one template.
    pub fn template(&self, owner: &Owner, name: &str) -> Result<(Node, Shelf), Missing> {
        let pick = |object: &Node| {
            let all = templates(object);
            let found = all.iter().find(|template| name_of(template) == Some(name)).cloned();
            let names = || all.iter().filter_map(name_of).map(str::to_owned).collect();
            found.ok_or_else(|| Missing::Template(names()))
        };
        if let Some(object) = self.file.get(owner) {
            return Ok((pick(object)?, Shelf::Own));
        }
        if let Some(stored) = self.stored(&owner.key(name)) {
            return Ok((stored, Shelf::Own));
        }
        let object = self.library.objects.get(owner).ok_or(Missing::Object)?;
        Ok((pick(&Node::from_json(object))?, Shelf::Library))
    }

    fn stored(&self, key: &str) -> Option<Node> {
        let stored = self.status?.get("storedTemplates")?.node.get(key)?;
        Some(stored.clone()).filter(|node| node.as_mapping().is_some())
    }
}

fn templates(object: &Node) -> &[Node] {
    match object.get("spec").and_then(|spec| spec.get("templates")).map(|node| &node.value) {
        Some(NodeValue::List(templates)) => templates,
        _ => &[],
    }
}

pub(super) fn name_of(template: &Node) -> Option<&str> {
    template.get("name").and_then(Node::as_str)
}

fn empty() -> Node {
    Node { value: NodeValue::Mapping(Mapping::new()), span: crate::yaml::Span::default() }
}
