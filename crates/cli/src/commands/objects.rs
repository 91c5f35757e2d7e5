//! `pipewright secret|config-map|volume|object`, against a server or a home folder.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pipewright_store::{FOLDER_ANNOTATION, ObjectKey, parse_manifests};
use serde_json::{Value, json};

use super::registry::Registry;
use crate::args::Format;
use crate::args_objects::{self, Content, Keyed, Volume};
use crate::output::table;
use crate::result;
use crate::source::BadInput;

const SECRET: &str = "Secret";
const CONFIG_MAP: &str = "ConfigMap";
const CLAIM: &str = "PersistentVolumeClaim";

pub(crate) async fn secrets(command: &Keyed) -> Result<u8> {
    keyed(SECRET, command).await
}

pub(crate) async fn config_maps(command: &Keyed) -> Result<u8> {
    keyed(CONFIG_MAP, command).await
}

async fn keyed(kind: &str, command: &Keyed) -> Result<u8> {
    match command {
        Keyed::Create { name, content, replace, registry } => {
            let manifest = with_content(kind, name, &values(content)?);
            write(registry, vec![manifest], *replace).await
        }
        Keyed::List { registry } => {
            let columns: &[Column] = &[("NAME", name_of), ("KEYS", keys_of), ("CREATED", created_of)];
            list(registry, Some(kind), columns).await
        }
        Keyed::Get { name, registry } => get(registry, kind, name).await,
        Keyed::Delete { name, registry } => delete(registry, kind, name).await,
    }
}

pub(crate) async fn volumes(command: &Volume) -> Result<u8> {
    match command {
        Volume::Create { name, size, access_mode, registry } => {
            let spec =
                json!({ "accessModes": [access_mode], "resources": { "requests": { "storage": size } } });
            let mut manifest = manifest_of(CLAIM, name);
            manifest["spec"] = spec;
            write(registry, vec![manifest], false).await
        }
        Volume::List { registry } => {
            let columns: &[Column] =
                &[("NAME", name_of), ("SIZE", size_of_claim), ("MODES", modes_of), ("FOLDER", folder_of)];
            list(registry, Some(CLAIM), columns).await
        }
        Volume::Path { name, registry } => {
            let open = Registry::open(&registry.place)?;
            let found = open
                .get(&ObjectKey::core(open.namespace(registry.place.namespace.as_deref()), CLAIM, name))
                .await;
            open.close().await;
            let folder = folder_of(&found?);
            match registry.place.output {
                Format::Json => result::print_json(&json!({ "name": name, "folder": folder }))?,
                Format::Text => writeln!(std::io::stdout(), "{folder}")?,
            }
            Ok(0)
        }
        Volume::Delete { name, registry } => delete(registry, CLAIM, name).await,
    }
}

pub(crate) async fn objects(command: &args_objects::Object) -> Result<u8> {
    use args_objects::Object;
    match command {
        Object::Apply { file, registry } => {
            let text = String::from_utf8(read(file)?).context("the file is no text")?;
            let manifests = parse_manifests(&text).map_err(|error| BadInput(error.to_string()))?;
            if manifests.is_empty() {
                return Err(BadInput(format!("{file} holds no manifest")).into());
            }
            write(registry, manifests, true).await
        }
        Object::List { kind, registry } => {
            let columns: &[Column] = &[("KIND", kind_of), ("NAME", name_of), ("CREATED", created_of)];
            list(registry, kind.as_deref().map(full_kind), columns).await
        }
        Object::Get { kind, name, registry } => get(registry, full_kind(kind), name).await,
        Object::Delete { kind, name, registry } => delete(registry, full_kind(kind), name).await,
    }
}

/// Understands what `kubectl` users type for a kind.
fn full_kind(kind: &str) -> &str {
    match kind.to_ascii_lowercase().as_str() {
        "secret" | "secrets" => SECRET,
        "configmap" | "configmaps" | "config-map" | "cm" => CONFIG_MAP,
        "persistentvolumeclaim" | "persistentvolumeclaims" | "pvc" | "pvcs" | "volume" => CLAIM,
        "poddefault" | "poddefaults" | "pod-default" => "PodDefault",
        "volumesnapshot" | "volumesnapshots" => "VolumeSnapshot",
        "workflowtemplate" | "workflowtemplates" | "wftmpl" => "WorkflowTemplate",
        "clusterworkflowtemplate" | "clusterworkflowtemplates" | "cwft" => "ClusterWorkflowTemplate",
        _ => kind,
    }
}

fn manifest_of(kind: &str, name: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": name } })
}

/// Makes a manifest; what is no text in a config map goes to `binaryData`.
fn with_content(kind: &str, name: &str, values: &BTreeMap<String, Vec<u8>>) -> Value {
    let mut manifest = manifest_of(kind, name);
    let mut data = BTreeMap::new();
    let mut binary = BTreeMap::new();
    for (key, value) in values {
        match std::str::from_utf8(value) {
            Ok(text) if kind == CONFIG_MAP => data.insert(key, text.to_owned()),
            _ if kind == CONFIG_MAP => binary.insert(key, STANDARD.encode(value)),
            _ => data.insert(key, STANDARD.encode(value)),
        };
    }
    manifest["data"] = json!(data);
    if !binary.is_empty() {
        manifest["binaryData"] = json!(binary);
    }
    manifest
}

fn values(content: &Content) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut values = BTreeMap::new();
    let mut add = |key: String, value: Vec<u8>| match values.insert(key.clone(), value) {
        Some(_) => Err(BadInput(format!("key `{key}` is given twice"))),
        None => Ok(()),
    };
    for literal in &content.from_literal {
        let (key, value) =
            literal.split_once('=').ok_or_else(|| BadInput("--from-literal takes KEY=VALUE".to_owned()))?;
        add(key.to_owned(), value.as_bytes().to_vec())?;
    }
    for given in &content.from_file {
        let (key, file) = match given.split_once('=') {
            Some((key, file)) => (key.to_owned(), file),
            None => {
                let name = Path::new(given).file_name().filter(|_| given != "-");
                let name =
                    name.ok_or_else(|| BadInput(format!("--from-file {given} needs a key: KEY={given}")))?;
                (name.to_string_lossy().into_owned(), given.as_str())
            }
        };
        add(key, read(file)?)?;
    }
    for file in &content.from_env_file {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (key, value) = line.split_once('=').ok_or_else(|| {
                // The line itself may be a secret.
                BadInput(format!("{} has a line without `=`", file.display()))
            })?;
            add(key.trim().to_owned(), value.as_bytes().to_vec())?;
        }
    }
    if values.is_empty() {
        let ways = "give --from-literal, --from-file or --from-env-file";
        return Err(BadInput(format!("there are no keys; {ways}")).into());
    }
    Ok(values)
}

fn read(file: &str) -> Result<Vec<u8>> {
    if file == "-" {
        let mut text = Vec::new();
        std::io::stdin().read_to_end(&mut text).context("cannot read stdin")?;
        return Ok(text);
    }
    std::fs::read(file).map_err(|error| BadInput(format!("cannot read {file}: {error}")).into())
}

async fn write(registry: &args_objects::Registry, manifests: Vec<Value>, may_replace: bool) -> Result<u8> {
    let open = Registry::open(&registry.place)?;
    let mut made = Vec::new();
    let mut failed = None;
    for manifest in manifests {
        match open.write(open.namespace(registry.place.namespace.as_deref()), manifest, may_replace).await {
            Ok(object) => made.push(object),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    open.close().await;
    if let Some(error) = failed {
        return Err(error);
    }
    match registry.place.output {
        Format::Json if made.len() == 1 => result::print_json(&made[0])?,
        Format::Json => result::print_json(&json!({ "objects": made }))?,
        Format::Text => {
            for object in &made {
                let folder = folder_of(object);
                let more = if folder.is_empty() { folder } else { format!(": {folder}") };
                writeln!(std::io::stdout(), "{} {}{more}", kind_of(object), name_of(object))?;
            }
        }
    }
    Ok(0)
}

type Column = (&'static str, fn(&Value) -> String);

async fn list(registry: &args_objects::Registry, kind: Option<&str>, columns: &[Column]) -> Result<u8> {
    let open = Registry::open(&registry.place)?;
    let found = open.list(open.namespace(registry.place.namespace.as_deref()), kind).await;
    open.close().await;
    let found = found?;
    match registry.place.output {
        Format::Json => result::print_json(&json!({ "objects": found }))?,
        Format::Text => {
            let mut rows = vec![columns.iter().map(|(title, _)| (*title).to_owned()).collect::<Vec<_>>()];
            rows.extend(found.iter().map(|object| columns.iter().map(|(_, cell)| cell(object)).collect()));
            std::io::stdout().write_all(table(&rows).as_bytes())?;
        }
    }
    Ok(0)
}

async fn get(registry: &args_objects::Registry, kind: &str, name: &str) -> Result<u8> {
    let open = Registry::open(&registry.place)?;
    let found =
        open.get(&ObjectKey::core(open.namespace(registry.place.namespace.as_deref()), kind, name)).await;
    open.close().await;
    // A document is a document: text and JSON are the same.
    result::print_json(&found?)?;
    Ok(0)
}

async fn delete(registry: &args_objects::Registry, kind: &str, name: &str) -> Result<u8> {
    let open = Registry::open(&registry.place)?;
    let done =
        open.delete(&ObjectKey::core(open.namespace(registry.place.namespace.as_deref()), kind, name)).await;
    open.close().await;
    done?;
    match registry.place.output {
        Format::Json => result::print_json(&json!({ "kind": kind, "name": name, "deleted": true }))?,
        Format::Text => writeln!(std::io::stdout(), "{kind} {name} deleted")?,
    }
    Ok(0)
}

fn text_at(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn kind_of(object: &Value) -> String {
    text_at(object, "/kind")
}

fn name_of(object: &Value) -> String {
    text_at(object, "/metadata/name")
}

fn created_of(object: &Value) -> String {
    text_at(object, "/metadata/creationTimestamp")
}

fn size_of_claim(object: &Value) -> String {
    text_at(object, "/status/capacity/storage")
}

fn folder_of(object: &Value) -> String {
    let annotations = object.pointer("/metadata/annotations");
    annotations
        .and_then(|all| all.get(FOLDER_ANNOTATION))
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn modes_of(object: &Value) -> String {
    let modes = object.pointer("/spec/accessModes").and_then(Value::as_array);
    modes.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
}

fn keys_of(object: &Value) -> String {
    let of =
        |field: &str| object.get(field).and_then(Value::as_object).map(|map| map.keys().cloned().collect());
    let all: Vec<String> =
        ["data", "binaryData"].into_iter().filter_map(of).flat_map(|keys: Vec<String>| keys).collect();
    all.join(",")
}
