//! What all of these tests begin with.

use std::sync::Arc;

use pipewright_controller::Capacity;
use pipewright_engine::{RunId, Submit};
use pipewright_plan::Plan;
use pipewright_store::{NewRun, Store};
use serde_json::json;
use tempfile::TempDir;

/// Opens a store in a folder of its own.
pub fn store() -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let store = Store::open(&folder.path().join("pipewright.db"), Default::default()).unwrap();
    (folder, store)
}

/// Describes a machine with room for so many attempts.
pub fn capacity(attempts: usize) -> Capacity {
    Capacity {
        cpu_millis: 64_000,
        memory_bytes: 1 << 40,
        default_cpu_millis: 100,
        attempts,
        gpus: Vec::new(),
    }
}

/// Describes a run that has its id for its name.
pub fn new_run(id: &RunId, plan: Plan, submit: Submit) -> NewRun {
    NewRun {
        id: id.clone(),
        display_name: id.0.clone(),
        description: String::new(),
        experiment_id: String::new(),
        pipeline_id: None,
        pipeline_version_id: None,
        plan: Arc::new(plan),
        pipeline_spec: json!({}),
        parameters: json!({}),
        pipeline_root: None,
        service_account: String::new(),
        plugins_input: Default::default(),
        firing: None,
        submit,
    }
}
