//! The call to the object registry of a task that acts on an object.
//!
//! Source: v2 semantics 1.9 (claims), v1 semantics 1.5 (manifests). Names that the field takes at random are
//! functions of the attempt's id here, so that they are the same after a crash.

use std::collections::BTreeMap;

use pipewright_plan::{
    Component, Filling, Manifest, Plan, Resource, ResourceAction, ResourceOutput, Value, kind_name, text_form,
};
use serde_json::{Map, json};

use super::resolve::inputs_alone;
use super::tags::Asking;
use super::{defaults_of, unresolved, uuid_of};
use crate::desired::ResourceCall;
use crate::event::Failure;
use crate::id::AttemptId;
use crate::state::{Node, RunState};

/// Builds the call. Errors: an input that is missing or of the wrong kind.
pub(super) fn call(
    (plan, state): (&Plan, &RunState),
    node: &Node,
    (component, wanted): (&Component, &Resource),
    attempt: AttemptId,
) -> Result<ResourceCall, Failure> {
    let declared = component.outputs.parameters.iter();
    let mut call = ResourceCall {
        namespace: state.namespace().to_owned(),
        action: ResourceAction::Create,
        manifest: Value::Null,
        owned_by_run: false,
        success_condition: None,
        failure_condition: None,
        merge_strategy: None,
        flags: Vec::new(),
        outputs: BTreeMap::new(),
        output_parameters: declared.map(|(name, output)| (name.clone(), output.parameter_type)).collect(),
        attempt,
    };
    let input = inputs_alone(&node.inputs);
    let defaults = defaults_of(component, &node.inputs);
    let given = Given { values: &node.inputs.parameters, defaults: &defaults };
    match wanted {
        Resource::CreateClaim => {
            call.manifest = claim(&given, &call.attempt)?;
            let path = "{.metadata.name}".to_owned();
            call.outputs.insert("name".to_owned(), ResourceOutput::JsonPath { path });
        }
        Resource::DeleteClaim => {
            let name = given.required_text("pvc_name")?;
            call.action = ResourceAction::Delete;
            call.manifest = json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
            });
        }
        Resource::Manifest(manifest) => {
            let texts = [
                Some(&manifest.manifest),
                manifest.success_condition.as_ref(),
                manifest.failure_condition.as_ref(),
            ];
            let texts = texts.into_iter().flatten().chain(&manifest.flags);
            let values = &node.inputs.parameters;
            let asking = Asking { plan, state, key: &node.key, attempt: Some(&call.attempt), values };
            let job = asking.job_facts(texts);
            let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
            fill(&mut call, manifest, &filling);
        }
    }
    Ok(call)
}

fn fill(call: &mut ResourceCall, wanted: &Manifest, filling: &Filling<'_>) {
    let text = filling.text(&wanted.manifest);
    call.action = wanted.action;
    call.manifest = serde_json::from_str(&text).unwrap_or(Value::String(text));
    call.owned_by_run = wanted.set_owner_reference;
    call.success_condition = wanted.success_condition.as_ref().map(|text| filling.text(text));
    call.failure_condition = wanted.failure_condition.as_ref().map(|text| filling.text(text));
    call.merge_strategy = wanted.merge_strategy.clone();
    call.flags = wanted.flags.iter().map(|flag| filling.text(flag)).collect();
    call.outputs = wanted.outputs.iter().map(|(name, output)| (name.clone(), output.clone())).collect();
}

/// What the task was given; a null is as good as nothing.
struct Given<'a> {
    values: &'a BTreeMap<String, Value>,
    defaults: &'a BTreeMap<String, Value>,
}

impl Given<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).or_else(|| self.defaults.get(name)).filter(|value| !value.is_null())
    }

    /// Empty text counts as nothing.
    fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(text_form).filter(|text| !text.is_empty())
    }

    fn required_text(&self, name: &str) -> Result<String, Failure> {
        self.text(name).ok_or_else(|| unresolved(format!("input `{name}` is required and not given")))
    }

    fn object(&self, name: &str) -> Result<Option<Map<String, Value>>, Failure> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(fields.clone()).filter(|fields| !fields.is_empty())),
            Some(other) => {
                Err(unresolved(format!("input `{name}` is a {} value, not a struct", kind_name(other))))
            }
        }
    }

    fn list(&self, name: &str) -> Result<Vec<Value>, Failure> {
        match self.get(name) {
            None => Err(unresolved(format!("input `{name}` is required and not given"))),
            Some(Value::Array(items)) => Ok(items.clone()),
            Some(other) => {
                Err(unresolved(format!("input `{name}` is a {} value, not a list", kind_name(other))))
            }
        }
    }
}

/// The manifest of a claim. Source: v2 semantics 1.9.
fn claim(given: &Given<'_>, attempt: &AttemptId) -> Result<Value, Failure> {
    let name = match (given.text("pvc_name"), given.text("pvc_name_suffix")) {
        (Some(_), Some(_)) => {
            return Err(unresolved("both `pvc_name` and `pvc_name_suffix` are given; only one may be"));
        }
        (Some(name), None) => name,
        (None, suffix) => {
            format!("{}{}", uuid_of(&format!("{attempt}:claim")), suffix.unwrap_or_default())
        }
    };
    let mut metadata = json!({"name": name});
    if let Some(annotations) = given.object("annotations")? {
        metadata["annotations"] = Value::Object(annotations);
    }
    let modes = given.list("access_modes")?;
    if modes.is_empty() {
        return Err(unresolved("input `access_modes` names no access mode"));
    }
    let mut spec = json!({
        "accessModes": modes,
        "resources": {"requests": {"storage": given.required_text("size")?}},
    });
    // An explicit empty class asks for a volume that exists already; none, or the SDK's own default of the
    // input, asks for the default class.
    if let Some(class) = given.values.get("storage_class_name").filter(|class| !class.is_null()) {
        spec["storageClassName"] = Value::String(text_form(class));
    }
    if let Some(volume) = given.text("volume_name") {
        spec["volumeName"] = Value::String(volume);
    }
    if let Some(source) = given.object("data_source")? {
        spec["dataSource"] = Value::Object(source);
    }
    Ok(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}))
}
