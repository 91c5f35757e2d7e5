//! Runs that do chosen tasks anew: these, what is inside them and what depends on them ask for no earlier result.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod world;

use pipewright_engine::TaskKey;
use pipewright_plan::Value;
use serde_json::json;
use world::{World, plan};

fn after(component: &str, upstream: &[&str]) -> Value {
    json!({"component": component, "upstream": upstream, "caching": {"enabled": true}})
}

/// Two chains beside each other; the middle of one is a group, and a loop comes last.
fn looked_up(fresh: &[&str]) -> Vec<String> {
    let items = json!({"kind": "static", "values": ["a", "b"]});
    let mut last = after("c", &["group"]);
    last["iterator"] = json!({"kind": "parameter", "items": items, "item_input": "x"});
    let tasks = json!({
        "first": after("c", &[]), "group": after("group", &["first"]), "last": last,
        "aside": after("c", &[]), "behind": after("c", &["aside"]),
    });
    let components = json!({
        "c": {"outputs": {"parameters": {"out": {"type": "STRING"}}}},
        "group": {"tasks": {"one": after("c", &[]), "two": after("c", &["one"]), "three": after("c", &[])}},
    });
    let mut world = World::new(plan(json!({"tasks": tasks}), components));
    world.fresh = fresh.iter().map(|task| TaskKey(format!("root/{task}"))).collect();
    let mut world = world.run(json!({}));
    assert_eq!(world.phase(), "succeeded");
    assert_eq!(world.launched.len(), 8, "every task runs: nothing is known from before");
    world.looked_up.sort();
    world.looked_up
}

#[test]
fn chosen_tasks_and_what_depends_on_them_ask_for_nothing() {
    let all = ["aside", "behind", "first", "group/one", "group/three", "group/two", "last[0]", "last[1]"];
    let without =
        |gone: &[&str]| -> Vec<&str> { all.into_iter().filter(|task| !gone.contains(task)).collect() };
    for (fresh, expected) in [
        (vec![], without(&[])),
        (vec!["aside"], without(&["aside", "behind"])),
        (vec!["behind"], without(&["behind"])),
        (vec!["group"], without(&["group/one", "group/two", "group/three", "last[0]", "last[1]"])),
        (vec!["group/one"], without(&["group/one", "group/two", "last[0]", "last[1]"])),
        (vec!["last[1]"], without(&["last[1]"])),
        (vec!["last"], without(&["last[0]", "last[1]"])),
        (vec!["first", "behind"], vec!["aside"]),
        (vec!["nothing"], without(&[])),
    ] {
        assert_eq!(looked_up(&fresh), expected, "{fresh:?}");
    }
}
