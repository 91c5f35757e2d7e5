//! The values of secrets in what a live workflow tells of its run: parameters, results and messages of nodes.
//!
//! Names, ids and edges stay as they are, since readers find one by the other; so does what was submitted.
//! Source: v1 semantics 5.4.

use pipewright_store::Masks;
use serde_json::Value;

use crate::own::hide::Hide;

/// Fields of a node, or of the whole status, that hold what its task was given, left or said.
const TOLD: &[&str] = &["inputs", "outputs", "message", "memoizationStatus"];

/// Writes over the values of secrets in a manifest's status.
pub(in crate::v1beta1) fn hide(manifest: &mut Value, masks: &Masks) {
    let Some(status) = manifest.get_mut("status").filter(|_| !masks.is_empty()) else { return };
    if let Some(nodes) = status.get_mut("nodes").and_then(Value::as_object_mut) {
        nodes.values_mut().for_each(|node| hide_told(node, masks));
    }
    hide_told(status, masks);
}

fn hide_told(told: &mut Value, masks: &Masks) {
    for field in TOLD {
        if let Some(value) = told.get_mut(*field) {
            hide_values(value, masks);
        }
    }
}

/// Like [`Hide::hide`], but for what things are called and where they lie.
fn hide_values(value: &mut Value, masks: &Masks) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                if !matches!(key.as_str(), "name" | "path" | "s3" | "from") {
                    hide_values(field, masks);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_values(item, masks)),
        other => other.hide(masks),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_told_is_hidden_and_names_are_not() {
        let manifest = |value: &str| {
            json!({
                "spec": {"arguments": {"parameters": [{"name": "p", "value": "hunter2"}]}},
                "status": {
                    "message": format!("said {value}"),
                    "nodes": {"w-1": {
                        "id": "w-1",
                        "name": "w.hunter2",
                        "message": value,
                        "inputs": {"parameters": [{"name": "hunter2", "value": format!("<{value}>")}],
                            "artifacts": [{"name": "hunter2", "raw": {"data": value}, "path": "/tmp/hunter2"}]},
                        "outputs": {"result": value, "parameters": [{"name": "p", "value": value}],
                            "artifacts": [{"name": "a", "s3": {"key": "artifacts/hunter2.tgz"}}]},
                    }},
                },
            })
        };
        let mut found = manifest("hunter2");
        hide(&mut found, &Masks::new([b"hunter2".to_vec()]));
        assert_eq!(found, manifest("***"));
    }
}
