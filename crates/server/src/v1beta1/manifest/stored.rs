//! Templates of a workflow, those of objects that it refers to included: its status keeps them.

use serde_json::{Map, Value};

/// Returns the specification that is carried out: the workflow's own, or that put together from a template.
pub(super) fn whole_spec(document: &Value) -> &Value {
    document["status"].get("storedWorkflowTemplateSpec").unwrap_or(&document["spec"])
}

/// Finds the template that a component was made from.
pub(super) fn template<'a>(document: &'a Value, component: &str) -> Option<&'a Value> {
    let all = whole_spec(document)["templates"].as_array();
    let own = all.and_then(|all| all.iter().find(|template| template["name"] == component));
    own.or_else(|| document["status"]["storedTemplates"].get(component))
}

/// Returns what the status of a workflow keeps of other objects.
pub(super) fn kept(status: &Value) -> Map<String, Value> {
    let keys = ["storedTemplates", "storedWorkflowTemplateSpec"];
    keys.into_iter().filter_map(|key| Some((key.to_owned(), status.get(key)?.clone()))).collect()
}
