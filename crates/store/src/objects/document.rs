//! Takes an object's text apart, and fills in what Kubernetes would.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pipewright_engine::Timestamp;
use pipewright_plan::PodDefault;
use serde_json::{Map, Value, json};

use super::masks::MASK;
use super::names::{check_namespace, is_key, is_quantity, is_subdomain};
use crate::error::Error;

pub(crate) const SECRET: &str = "Secret";
pub(crate) const CONFIG_MAP: &str = "ConfigMap";
pub(crate) const CLAIM: &str = "PersistentVolumeClaim";
pub(crate) const POD_DEFAULT: &str = "PodDefault";
pub(crate) const SNAPSHOT: &str = "VolumeSnapshot";

const TEMPLATES: [&str; 2] = ["WorkflowTemplate", "ClusterWorkflowTemplate"];

/// Largest secret or config map.
const LARGEST: usize = 1 << 20;
/// Annotations in which other tools repeat the whole object, with its values.
const REPEATING: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What an object is found by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectKey {
    pub namespace: String,
    pub kind: String,
    /// Part of the API version before the slash; empty for the core kinds.
    pub group: String,
    pub name: String,
}

impl ObjectKey {
    /// Names an object of a core kind.
    pub fn core(namespace: &str, kind: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            kind: kind.to_owned(),
            group: String::new(),
            name: name.to_owned(),
        }
    }

    /// Reads a manifest's identity.
    ///
    /// Errors: `Invalid` when it has none, or names that Kubernetes refuses.
    pub fn of(namespace: &str, manifest: &Value) -> Result<Self, Error> {
        let text = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (kind, version, name) = (text("/kind"), text("/apiVersion"), text("/metadata/name"));
        if kind.is_empty() || !kind.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::Invalid("the manifest has no kind".to_owned()));
        }
        if version.is_empty() {
            return Err(Error::Invalid(format!("the manifest of a {kind} has no apiVersion")));
        }
        let own = text("/metadata/namespace");
        let namespace = if own.is_empty() { namespace } else { own };
        check_namespace(namespace)?;
        if !is_subdomain(name) {
            return Err(Error::Invalid(format!(
                "{kind} `{name}` is invalid: metadata.name must consist of lower case letters, digits, `-` and \
                 `.`, and begin and end with a letter or digit"
            )));
        }
        let group = version.split_once('/').map_or("", |(group, _)| group);
        Ok(Self {
            namespace: namespace.to_owned(),
            kind: kind.to_owned(),
            group: group.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Writes the name as Kubernetes' messages do: `secrets "token"`.
    pub fn in_words(&self) -> String {
        let mut plural = self.kind.to_lowercase();
        plural.push_str(if plural.ends_with('s') { "es" } else { "s" });
        if !self.group.is_empty() {
            plural = format!("{plural}.{}", self.group);
        }
        format!("{plural} \"{}\"", self.name)
    }

    /// Says where a sealed document belongs.
    pub(crate) fn place(&self) -> String {
        [&*self.namespace, &*self.kind, &*self.group, &*self.name].join("\n")
    }

    pub(crate) fn is_core(&self, kind: &str) -> bool {
        self.group.is_empty() && self.kind == kind
    }

    fn is_workflow_template(&self) -> bool {
        self.group == "argoproj.io" && TEMPLATES.contains(&self.kind.as_str())
    }

    pub(crate) fn is_pod_default(&self) -> bool {
        self.group == "kubeflow.org" && self.kind == POD_DEFAULT
    }
}

/// What the keeper of an object adds to it.
pub(crate) struct Given<'a> {
    pub(crate) uid: &'a str,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// Completes a manifest: what is kept of it from now on.
///
/// Errors: `Invalid` with the field that is missing or wrong.
pub(crate) fn complete(key: &ObjectKey, manifest: Value, given: &Given<'_>) -> Result<Value, Error> {
    let Value::Object(mut document) = manifest else {
        return Err(Error::Invalid("the manifest is no object".to_owned()));
    };
    let Some(Value::Object(metadata)) = document.get_mut("metadata") else {
        return Err(Error::Invalid("the manifest has no metadata".to_owned()));
    };
    metadata.shift_remove("generateName");
    metadata.insert("namespace".to_owned(), Value::from(&*key.namespace));
    metadata.insert("uid".to_owned(), Value::from(given.uid));
    metadata.insert("creationTimestamp".to_owned(), Value::from(instant(given.created_at)));
    metadata.insert("resourceVersion".to_owned(), Value::from(given.updated_at.0.to_string()));
    if key.is_core(SECRET) {
        complete_secret(key, &mut document)?;
    } else if key.is_core(CONFIG_MAP) {
        check_config_map(key, &document)?;
    } else if key.is_core(CLAIM) {
        complete_claim(key, &mut document, given)?;
    } else if key.kind == SNAPSHOT {
        complete_snapshot(key, &mut document, given)?;
    } else if key.is_pod_default() {
        PodDefault::read(&Value::Object(document.clone())).map_err(|why| invalid(key, &why))?;
    } else if key.is_workflow_template() {
        check_workflow_template(key, &document)?;
    }
    Ok(Value::Object(document))
}

/// Writes a time as Kubernetes does.
fn instant(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.0)
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

fn invalid(key: &ObjectKey, why: &str) -> Error {
    Error::Invalid(format!("{} \"{}\" is invalid: {why}", key.kind, key.name))
}

/// Turns `stringData` into `data`, as the API server does.
fn complete_secret(key: &ObjectKey, document: &mut Map<String, Value>) -> Result<(), Error> {
    if let Some(Value::Object(annotations)) =
        document.get_mut("metadata").and_then(|it| it.get_mut("annotations"))
    {
        annotations.shift_remove(REPEATING);
    }
    let mut data = fields(key, document.get("data"), "data")?;
    for (name, text) in fields(key, document.get("stringData"), "stringData")? {
        data.insert(name, STANDARD.encode(text));
    }
    document.shift_remove("stringData");
    let mut size = 0;
    for (name, value) in &data {
        check_key(key, name)?;
        let bytes = STANDARD.decode(value).map_err(|_| {
            invalid(key, &format!("data.{name} is not base64 (plain text goes to stringData)"))
        })?;
        size += bytes.len();
    }
    check_size(key, size)?;
    document.entry("type").or_insert_with(|| Value::from("Opaque"));
    document.insert("data".to_owned(), json!(data));
    Ok(())
}

fn check_config_map(key: &ObjectKey, document: &Map<String, Value>) -> Result<(), Error> {
    let mut size = 0;
    for (name, text) in fields(key, document.get("data"), "data")? {
        check_key(key, &name)?;
        size += text.len();
    }
    for (name, text) in fields(key, document.get("binaryData"), "binaryData")? {
        check_key(key, &name)?;
        let bytes =
            STANDARD.decode(text).map_err(|_| invalid(key, &format!("binaryData.{name} is not base64")))?;
        size += bytes.len();
    }
    check_size(key, size)
}

/// What the templates do is looked at by those who run them.
fn check_workflow_template(key: &ObjectKey, document: &Map<String, Value>) -> Result<(), Error> {
    let templates = document.get("spec").and_then(|spec| spec.get("templates")).and_then(Value::as_array);
    let Some(templates) = templates.filter(|templates| !templates.is_empty()) else {
        return Err(invalid(key, "spec.templates holds no template"));
    };
    let mut seen = std::collections::BTreeSet::new();
    for (index, template) in templates.iter().enumerate() {
        let Some(name) = template.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
            return Err(invalid(key, &format!("spec.templates[{index}] has no name")));
        };
        if !seen.insert(name) {
            return Err(invalid(key, &format!("spec.templates has `{name}` twice")));
        }
    }
    Ok(())
}

fn fields(
    key: &ObjectKey,
    value: Option<&Value>,
    name: &str,
) -> Result<std::collections::BTreeMap<String, String>, Error> {
    match value {
        None | Some(Value::Null) => Ok(std::collections::BTreeMap::new()),
        Some(value) => serde_json::from_value(value.clone())
            .map_err(|_| invalid(key, &format!("{name} must map keys to text"))),
    }
}

fn check_key(key: &ObjectKey, name: &str) -> Result<(), Error> {
    if is_key(name) {
        return Ok(());
    }
    Err(invalid(key, &format!("key `{name}`: letters, digits, `-`, `_` and `.` are allowed")))
}

fn check_size(key: &ObjectKey, size: usize) -> Result<(), Error> {
    if size <= LARGEST { Ok(()) } else { Err(invalid(key, "it is larger than 1 MiB")) }
}

/// A claim is bound at once: its volume is a folder.
fn complete_claim(
    key: &ObjectKey,
    document: &mut Map<String, Value>,
    given: &Given<'_>,
) -> Result<(), Error> {
    let size = document.get("spec").and_then(|spec| spec.pointer("/resources/requests/storage"));
    let size = match size {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err(invalid(key, "spec.resources.requests.storage is required")),
    };
    if !is_quantity(&size) {
        return Err(invalid(key, &format!("spec.resources.requests.storage `{size}` is no quantity")));
    }
    let Some(Value::Object(spec)) = document.get_mut("spec") else {
        return Err(invalid(key, "spec is required"));
    };
    const MODES: [&str; 4] = ["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod"];
    let modes = spec.get("accessModes").and_then(Value::as_array).cloned().unwrap_or_default();
    if modes.is_empty() {
        return Err(invalid(key, "spec.accessModes is required"));
    }
    if let Some(wrong) = modes.iter().find(|mode| !MODES.iter().any(|known| *mode == known)) {
        return Err(invalid(key, &format!("spec.accessModes holds {wrong}; there are {}", MODES.join(", "))));
    }
    spec.entry("storageClassName").or_insert_with(|| Value::from("standard"));
    spec.entry("volumeMode").or_insert_with(|| Value::from("Filesystem"));
    spec.entry("volumeName").or_insert_with(|| Value::from(format!("pvc-{}", given.uid)));
    let status = json!({ "phase": "Bound", "accessModes": modes, "capacity": { "storage": size } });
    document.insert("status".to_owned(), status);
    Ok(())
}

/// A snapshot is ready at once: its content is a copy of the claim's folder.
fn complete_snapshot(
    key: &ObjectKey,
    document: &mut Map<String, Value>,
    given: &Given<'_>,
) -> Result<(), Error> {
    if snapshot_source(document.get("spec").unwrap_or(&Value::Null)).is_none() {
        return Err(invalid(key, "spec.source.persistentVolumeClaimName is required"));
    }
    let size = document.get("status").and_then(|status| status.get("restoreSize")).cloned();
    let mut status = json!({ "readyToUse": true, "creationTime": instant(given.created_at) });
    if let Some(size) = size {
        status["restoreSize"] = size;
    }
    document.insert("status".to_owned(), status);
    Ok(())
}

/// Returns the claim that a snapshot is taken of.
pub(crate) fn snapshot_source(spec: &Value) -> Option<&str> {
    // Before v1 the source was a typed reference.
    let name = spec.pointer("/source/persistentVolumeClaimName").or_else(|| spec.pointer("/source/name"));
    name.and_then(Value::as_str).filter(|name| is_subdomain(name))
}

/// Lists a secret's values.
pub(crate) fn secret_values(document: &Value) -> Vec<Vec<u8>> {
    let data = document.get("data").and_then(Value::as_object);
    let values = data.into_iter().flat_map(|data| data.values()).filter_map(Value::as_str);
    values.filter_map(|value| STANDARD.decode(value).ok()).collect()
}

/// Returns a document as it may be shown: a secret's values are hidden.
pub(crate) fn shown(key: &ObjectKey, mut document: Value) -> Value {
    if key.is_core(SECRET)
        && let Some(Value::Object(data)) = document.get_mut("data")
    {
        for value in data.values_mut() {
            *value = Value::from(MASK);
        }
    }
    document
}

/// Applies a merge patch. Source: RFC 7386.
pub(crate) fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (name, value) in patch {
        if value.is_null() {
            fields.shift_remove(&name);
        } else {
            merge(fields.entry(name).or_insert(Value::Null), value);
        }
    }
}
