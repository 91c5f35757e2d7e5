//! Shapes of what is written by crates that know nothing of this description. A test holds each against the type
//! that travels.

#![expect(dead_code, reason = "shapes that are described here and made elsewhere")]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::ToSchema;

use crate::own::words::ErrorView;

/// One task instance, as `pipewright_engine::TaskView` is written. Instants are microseconds since 1970; a field
/// that says nothing is null.
#[derive(ToSchema)]
pub(crate) struct TaskRow {
    pub(crate) run: String,
    /// The task's path in the run: `root/for-each[3]/train`
    pub(crate) key: String,
    #[schema(required = true)]
    pub(crate) parent: Option<String>,
    pub(crate) name: String,
    pub(crate) display_name: String,
    /// `dag`, `loop`, `iteration`, `container`, `importer`, `resource` or `suspend`.
    pub(crate) kind: String,
    /// `pending`, `running`, `succeeded`, `cached`, `skipped`, `omitted`, `failed` or `cancelled`.
    pub(crate) phase: String,
    #[schema(required = true)]
    pub(crate) iteration: Option<u32>,
    #[schema(required = true)]
    pub(crate) iteration_count: Option<u32>,
    pub(crate) created_at: i64,
    #[schema(required = true)]
    pub(crate) started_at: Option<i64>,
    #[schema(required = true)]
    pub(crate) ended_at: Option<i64>,
    pub(crate) inputs: ValueRows,
    pub(crate) outcome: ValueRows,
    #[schema(required = true)]
    pub(crate) error: Option<ErrorView>,
    #[schema(required = true)]
    pub(crate) fingerprint: Option<FingerprintRow>,
    #[schema(required = true)]
    pub(crate) cached_from: Option<CacheReference>,
    pub(crate) attempts: Vec<AttemptRow>,
    /// Of a task that waits, or did.
    pub(crate) suspension: Option<SuspensionRow>,
    /// Of a task that holds locks, did, or waits for them.
    pub(crate) locks: Option<LocksRow>,
}

/// The locks of a task, as `pipewright_engine::Locks` are written.
#[derive(ToSchema)]
pub(crate) struct LocksRow {
    pub(crate) claims: Vec<LockRow>,
    pub(crate) wanted_at: i64,
    pub(crate) acquired_at: Option<i64>,
    /// The first that was not to be had.
    pub(crate) lock: Option<String>,
    pub(crate) message: Option<String>,
}

/// A lock by its name; one of a certain size says which config map has that.
#[derive(ToSchema)]
pub(crate) struct LockRow {
    pub(crate) name: String,
    pub(crate) size: Option<LockSizeRow>,
}

#[derive(ToSchema)]
pub(crate) struct LockSizeRow {
    pub(crate) namespace: String,
    pub(crate) config_map: String,
    pub(crate) key: String,
}

/// The task of an earlier run, as `pipewright_engine::CacheSource` is written.
#[derive(ToSchema)]
pub(crate) struct CacheReference {
    pub(crate) run: String,
    /// The task's path in the run.
    pub(crate) task: String,
}

/// What an attempt used, as `pipewright_plan::Usage` is written: microseconds, of instants since 1970.
#[derive(ToSchema)]
pub(crate) struct UsageDocument {
    pub(crate) started_at_us: i64,
    pub(crate) ended_at_us: i64,
    pub(crate) cpu_user_us: u64,
    pub(crate) cpu_system_us: u64,
    pub(crate) peak_memory_bytes: u64,
}

/// Parameters by value, artifacts as lists.
#[derive(ToSchema)]
pub(crate) struct ValueRows {
    pub(crate) parameters: Option<BTreeMap<String, Value>>,
    pub(crate) artifacts: Option<BTreeMap<String, Vec<ArtifactRow>>>,
}

/// One artifact.
#[derive(ToSchema)]
pub(crate) struct ArtifactRow {
    pub(crate) id: String,
    pub(crate) name: String,
    #[schema(rename = "type")]
    pub(crate) artifact_type: ArtifactTypeRow,
    pub(crate) uri: String,
    pub(crate) metadata: Option<BTreeMap<String, Value>>,
    /// The path inside of the recorded artifact that is meant.
    pub(crate) part: Option<String>,
}

/// The type of an artifact.
#[derive(ToSchema)]
pub(crate) struct ArtifactTypeRow {
    pub(crate) schema_title: Option<String>,
    pub(crate) schema_version: Option<String>,
    pub(crate) schema_uri: Option<String>,
    pub(crate) instance_schema: Option<String>,
}

/// What a cache entry is found by.
#[derive(ToSchema)]
pub(crate) struct FingerprintRow {
    pub(crate) key: String,
    pub(crate) document: BTreeMap<String, String>,
}

/// One attempt at a task.
#[derive(ToSchema)]
pub(crate) struct AttemptRow {
    pub(crate) number: u32,
    pub(crate) phase: String,
    pub(crate) created_at: i64,
    pub(crate) preparing_at: Option<i64>,
    #[schema(required = true)]
    pub(crate) started_at: Option<i64>,
    #[schema(required = true)]
    pub(crate) ended_at: Option<i64>,
    #[schema(required = true)]
    pub(crate) place: Option<String>,
    #[schema(required = true)]
    pub(crate) note: Option<String>,
    #[schema(required = true)]
    pub(crate) failure: Option<ErrorView>,
    #[schema(required = true)]
    pub(crate) usage: Option<UsageDocument>,
}

/// The wait of a task.
#[derive(ToSchema)]
pub(crate) struct SuspensionRow {
    pub(crate) until: Option<i64>,
    pub(crate) released: Option<ReleasedRow>,
}

/// Who let a task go on, and what they said to it.
#[derive(ToSchema)]
pub(crate) struct ReleasedRow {
    pub(crate) by: Option<String>,
    pub(crate) message: Option<String>,
}

/// An object of the registry, as Kubernetes writes it.
#[derive(ToSchema)]
pub(crate) struct ObjectManifest {
    #[schema(rename = "apiVersion")]
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) metadata: ObjectMetadata,
}

/// What every object says of itself. More may be there.
#[derive(ToSchema)]
pub(crate) struct ObjectMetadata {
    pub(crate) name: Option<String>,
    pub(crate) namespace: Option<String>,
    pub(crate) labels: Option<BTreeMap<String, String>>,
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

/// Objects of the registry.
#[derive(ToSchema)]
pub(crate) struct ObjectList {
    pub(crate) objects: Vec<ObjectManifest>,
}

#[cfg(test)]
mod tests {
    use pipewright_store::engine::{
        AttemptView, CacheSource, Failure, FailureReason, Fingerprint, LockClaim, LockSize, Locks, Released,
        RunId, Suspension, TaskKey, TaskKind, TaskPhase, TaskView, Timestamp,
    };
    use serde_json::json;

    use super::*;
    use crate::openapi::openapi;

    /// Says where a value is not what its schema says.
    fn check(document: &Value, schema: &Value, value: &Value, at: &str) {
        if let Some(target) = schema["$ref"].as_str() {
            let name = target.rsplit('/').next().unwrap();
            return check(document, &document["components"]["schemas"][name], value, at);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let choice = choices.iter().find(|it| (it["type"] == json!("null")) == value.is_null());
            return check(document, choice.unwrap_or_else(|| panic!("{at}: {value}")), value, at);
        }
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let kinds = &schema["type"];
        let fits = kinds.is_null()
            || *kinds == json!(kind)
            || kinds.as_array().is_some_and(|it| it.contains(&json!(kind)));
        assert!(fits, "{at}: {value} is no {kinds}");
        for item in value.as_array().into_iter().flatten() {
            check(document, &schema["items"], item, at);
        }
        let Some(properties) = schema["properties"].as_object() else { return };
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(value.get(name.as_str().unwrap()).is_some(), "{at}: {name} is missing");
        }
        for (name, inner) in value.as_object().into_iter().flatten() {
            let property = properties.get(name).unwrap_or_else(|| panic!("{at}: {name} is not described"));
            check(document, property, inner, &format!("{at}.{name}"));
        }
        // What may be there is there in one of the values.
        if at == "full" {
            assert_eq!(properties.len(), value.as_object().unwrap().len(), "{at}");
        }
    }

    fn task() -> TaskView {
        TaskView {
            run: RunId("r".to_owned()),
            key: TaskKey("root/a".to_owned()),
            parent: None,
            name: "a".to_owned(),
            display_name: "a".to_owned(),
            kind: TaskKind::Container,
            phase: TaskPhase::Pending,
            iteration: None,
            iteration_count: None,
            created_at: Timestamp(1),
            started_at: None,
            ended_at: None,
            inputs: Default::default(),
            outcome: Default::default(),
            error: None,
            fingerprint: None,
            cached_from: None,
            attempts: Vec::new(),
            suspension: None,
            locks: None,
        }
    }

    #[test]
    fn rows_are_what_travels() {
        let failure = Failure {
            reason: FailureReason::ExitCode,
            message: "exit code 2".to_owned(),
            hint: Some("look".to_owned()),
            exit_code: Some(2),
        };
        let outcome = json!({"parameters": {"n": [1, {"a": null}]}, "artifacts": {"model": [{
            "id": "1", "name": "model", "type": {"schema_title": "system.Model", "schema_version": "0.0.1"},
            "uri": "/x", "metadata": {"a": 1}, "part": "b",
        }]}});
        let attempt = AttemptView {
            number: 1,
            phase: TaskPhase::Failed,
            created_at: Timestamp(1),
            preparing_at: Some(Timestamp(2)),
            started_at: Some(Timestamp(3)),
            ended_at: Some(Timestamp(4)),
            place: Some("process".to_owned()),
            note: Some("image".to_owned()),
            failure: Some(failure.clone()),
            usage: Some(Default::default()),
        };
        let full = TaskView {
            parent: Some(TaskKey("root".to_owned())),
            iteration: Some(1),
            iteration_count: Some(2),
            started_at: Some(Timestamp(2)),
            ended_at: Some(Timestamp(3)),
            inputs: std::sync::Arc::new(serde_json::from_value(outcome.clone()).unwrap()),
            outcome: serde_json::from_value(outcome).unwrap(),
            error: Some(failure),
            fingerprint: Some(std::sync::Arc::new(Fingerprint::default())),
            cached_from: Some(CacheSource { run: RunId("q".to_owned()), task: TaskKey("root/a".to_owned()) }),
            attempts: vec![attempt],
            suspension: Some(Suspension {
                until: Some(Timestamp(5)),
                released: Some(Released { by: Some("ada".to_owned()), message: Some("go".to_owned()) }),
            }),
            locks: Some(Locks {
                claims: vec![LockClaim {
                    name: "n/ConfigMap/c/k".to_owned(),
                    size: Some(LockSize {
                        namespace: "n".to_owned(),
                        config_map: "c".to_owned(),
                        key: "k".to_owned(),
                    }),
                }],
                wanted_at: Timestamp(2),
                acquired_at: Some(Timestamp(3)),
                lock: Some("n/ConfigMap/c/k".to_owned()),
                message: "wait".to_owned(),
            }),
            ..task()
        };
        let document = openapi("pipewright").unwrap();
        let row = &document["components"]["schemas"]["TaskRow"];
        check(&document, row, &serde_json::to_value(full).unwrap(), "full");
        check(&document, row, &serde_json::to_value(task()).unwrap(), "empty");
    }
}
