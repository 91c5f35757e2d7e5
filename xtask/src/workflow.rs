//! The pipelines of [`crate::ir`] in the v1 format, for benches that compare the two.

use serde_json::{Value, json};

fn workflow(name: &str, templates: Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": { "generateName": format!("{name}-") },
        "spec": { "entrypoint": "main", "templates": templates },
    })
}

/// A template that does nothing and takes no result from the cache.
fn noop(inputs: Value) -> Value {
    json!({
        "name": "noop",
        "inputs": inputs,
        "metadata": { "annotations": { "pipelines.kubeflow.org/max_cache_staleness": "P0D" } },
        "container": { "image": "busybox", "command": ["/bin/true"] },
    })
}

/// Returns a chain of `count` equal tasks, each after the one before.
pub fn chain(name: &str, count: u32) -> Value {
    let task = |index: u32| {
        let before: Vec<String> =
            index.checked_sub(1).map(|before| format!("t{before}")).into_iter().collect();
        json!({ "name": format!("t{index}"), "template": "noop", "dependencies": before })
    };
    let tasks: Vec<Value> = (0..count).map(task).collect();
    workflow(name, json!([{ "name": "main", "dag": { "tasks": tasks } }, noop(json!({}))]))
}

/// Returns a loop over a dag with one task, `count` times, as the SDK compiles it.
pub fn fan_out(name: &str, count: u32) -> Value {
    let items: Vec<u32> = (0..count).collect();
    let each = json!({
        "name": "for-each",
        "template": "body",
        "withItems": items,
        "arguments": { "parameters": [{ "name": "item", "value": "{{item}}" }] },
    });
    let body = json!({
        "name": "body",
        "inputs": { "parameters": [{ "name": "item" }] },
        "dag": { "tasks": [{ "name": "noop", "template": "noop" }] },
    });
    workflow(name, json!([{ "name": "main", "dag": { "tasks": [each] } }, body, noop(json!({}))]))
}
