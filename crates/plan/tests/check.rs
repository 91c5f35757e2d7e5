//! Invariants of plans: each broken one is found and named.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use pipewright_plan::{Plan, check};
use serde_json::{Value, json};

fn broken(edit: impl FnOnce(&mut Value)) -> Vec<String> {
    let container = json!({"kind": {"kind": "container", "image": [], "resources": {}},
        "outputs": {"parameters": {"out": {"type": "STRING"}}}});
    let mut plan = json!({
        "name": "p", "dialect": "v2", "root": "root",
        "components": {
            "root": {"kind": {"kind": "dag", "tasks": {
                "a": {"display_name": "a", "component": "c"},
                "b": {"display_name": "b", "component": "c", "upstream": ["a"], "parameters": {
                    "x": {"source": {"kind": "task_output", "task": "a", "key": "out"}}}}
            }}},
            "c": container
        }
    });
    edit(&mut plan);
    let plan: Plan = serde_json::from_value(plan).unwrap();
    check(&plan).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn a_sound_plan_passes() {
    assert_eq!(broken(|_| {}), Vec::<String>::new());
}

#[test]
fn every_broken_invariant_is_named() {
    let tasks = |plan: &mut Value| plan["components"]["root"]["kind"]["tasks"].take();
    let one = |edit: &dyn Fn(&mut Value), expected: &str| {
        let found = broken(|plan| {
            let mut edited = tasks(plan);
            edit(&mut edited);
            plan["components"]["root"]["kind"]["tasks"] = edited;
        });
        assert!(found.iter().any(|line| line == expected), "{found:?} lacks {expected:?}");
    };
    one(&|t| t["a"]["component"] = json!("nobody"), "root/a: component `nobody` does not exist");
    one(&|t| t["a"]["upstream"] = json!(["ghost"]), "root/a: upstream task `ghost` does not exist");
    one(&|t| t["b"]["upstream"] = json!([]), "root/b: uses an output of `a` without waiting for it");
    one(&|t| t["a"]["upstream"] = json!(["b"]), "root: tasks wait for each other: b -> a -> b");
    one(
        &|t| t["b"]["parameters"]["x"]["source"] = json!({"kind": "dag_input", "name": "gone"}),
        "root/b.x: the dag has no parameter `gone`",
    );
    assert_eq!(broken(|plan| plan["root"] = json!("missing")), ["root: component `missing` does not exist"]);
    assert_eq!(broken(|plan| plan["root"] = json!("c")), ["root: the entry component is no dag"]);
}
