//! Runs that go on after their end. Expectations come from the KFP API reference, 1.5.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod world;

use pipewright_engine::{Event, Input, TaskKey};
use pipewright_plan::Value;
use serde_json::json;
use world::{Act, World, plan};

fn components() -> Value {
    json!({
        "c": {"outputs": {"parameters": {"out": {"type": "STRING"}}}},
        "use": {"inputs": {"parameters": {"x": {"type": "STRING"}}}},
        "group": {"tasks": {"one": after("c", &[]), "two": after("c", &["one"]), "aside": after("c", &[])}},
    })
}

fn after(component: &str, upstream: &[&str]) -> Value {
    json!({"component": component, "upstream": upstream})
}

fn exits(upstream: &[&str]) -> Value {
    json!({"component": "c", "upstream": upstream, "trigger": {"strategy": "exit"}})
}

fn takes(task: &str) -> Value {
    let source = json!({"kind": "task_output", "task": task, "key": "out"});
    json!({"component": "use", "upstream": [task], "parameters": {"x": {"source": source}}})
}

fn over(component: &str, parallelism: Option<u32>) -> Value {
    let items = json!({"kind": "static", "values": ["a", "b", "c", "d"]});
    let mut iterator = json!({"kind": "parameter", "items": items, "item_input": "x"});
    if let Some(limit) = parallelism {
        iterator["parallelism"] = json!(limit);
    }
    json!({"component": component, "iterator": iterator})
}

fn world(tasks: Value) -> World {
    World::new(plan(json!({"tasks": tasks}), components()))
}

/// Fails so often, then succeeds.
fn fails(times: usize) -> Vec<Act> {
    let mut acts = vec![Act::Fail; times];
    acts.push(Act::Succeed(json!({})));
    acts
}

fn history(world: &World) -> Vec<String> {
    let phases = world.state.run_view().history.into_iter();
    phases.map(|(_, phase)| serde_json::to_value(phase).unwrap().as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_failed_and_what_depends_on_it_is_done_again() {
    let mut world = world(json!({"a": after("c", &[]), "b": takes("a"), "d": after("c", &["b"]),
        "other": after("c", &[]), "exit": exits(&["b", "other"])}))
    .script("b", &fails(1))
    .run(json!({}));
    assert_eq!(
        world.phases(),
        ["a: succeeded", "b: failed", "d: omitted", "exit: succeeded", "other: succeeded"]
    );
    world.retry(&[]);
    assert_eq!(world.launched, ["b", "d", "exit"]);
    let expected = ["a: succeeded", "b: succeeded", "d: succeeded", "exit: succeeded", "other: succeeded"];
    assert_eq!(world.phases(), expected);
    assert_eq!(world.inputs("b"), json!({"x": "a.out"}));
    assert_eq!(world.phase(), "succeeded");
    assert_eq!(history(&world), ["pending", "running", "failed", "pending", "running", "succeeded"]);
    assert_eq!(world.state.round(), 1);
}

#[test]
fn attempts_are_numbered_on_and_the_policy_counts_anew() {
    let retry = json!({"max_retries": 1, "backoff": {"secs": 0, "nanos": 0}, "factor": 1.0});
    let mut world =
        world(json!({"a": {"component": "c", "retry": retry}})).script("a", &fails(3)).run(json!({}));
    assert_eq!((world.phase().as_str(), world.launched.len()), ("failed", 2));
    world.retry(&[]);
    assert_eq!((world.phase().as_str(), world.launched.len()), ("succeeded", 2));
    let view = world.state.task_view(&world.plan, &TaskKey("root/a".to_owned())).unwrap();
    let numbers: Vec<u32> = view.attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
}

#[test]
fn groups_go_on_around_what_they_keep() {
    let mut world = world(json!({"g": after("group", &[]), "then": after("c", &["g"])}))
        .script("g/one", &fails(1))
        .run(json!({}));
    world.retry(&[]);
    assert_eq!(world.launched, ["g/one", "g/two", "then"]);
    assert_eq!(world.phase(), "succeeded");
}

#[test]
fn loops_keep_their_limit_when_they_go_on() {
    let mut world = world(json!({"each": over("group", Some(2))}));
    for index in [0, 1, 3] {
        world = world.script(&format!("each[{index}]/one"), &fails(1));
    }
    let mut world = world.run(json!({}));
    world.most_at_once = 0;
    world.retry(&[]);
    let expected = ["each[0]/one", "each[1]/one", "each[0]/two", "each[1]/two", "each[3]/one", "each[3]/two"];
    let mut launched = world.launched.clone();
    launched.sort();
    let mut sorted = expected;
    sorted.sort_unstable();
    assert_eq!(launched, sorted);
    assert_eq!(world.most_at_once, 2, "{:?}", world.launched);
    assert_eq!(world.phase(), "succeeded");
}

#[test]
fn failed_iterations_of_a_leaf_fill_their_places() {
    let mut world = world(json!({"each": over("use", Some(1)), "then": after("c", &["each"])}))
        .script("each[1]", &fails(2))
        .run(json!({}));
    world.retry(&[]);
    assert_eq!(
        (world.phase().as_str(), world.launched.as_slice()),
        ("failed", ["each[1]".to_owned()].as_slice())
    );
    world.retry(&[]);
    assert_eq!(world.launched, ["each[1]", "then"]);
    assert_eq!(world.inputs("each[1]"), json!({"x": "b"}));
    assert_eq!(world.phase(), "succeeded");
}

#[test]
fn a_cancelled_run_goes_on_and_can_be_cancelled_again() {
    let mut world =
        world(json!({"a": after("c", &[]), "b": after("c", &["a"]), "each": over("use", Some(1))}))
            .script("a", &[Act::Hang, Act::Hang, Act::Succeed(json!({}))]);
    world.submit(json!({}));
    world.input(&Input::Terminate);
    assert_eq!(world.phase(), "cancelled");
    world.retry(&[]);
    assert_eq!(world.phase(), "running");
    world.input(&Input::Terminate);
    assert_eq!(world.phase(), "cancelled");
    world.retry(&[]);
    assert_eq!(world.phase(), "succeeded");
    let expected = [
        "a: succeeded",
        "b: succeeded",
        "each: succeeded",
        "each[0]: succeeded",
        "each[1]: succeeded",
        "each[2]: succeeded",
        "each[3]: succeeded",
    ];
    assert_eq!(world.phases(), expected);
}

#[test]
fn chosen_tasks_are_done_again_in_a_run_that_succeeded() {
    let tasks = json!({"g": after("group", &[]), "a": after("c", &[]), "b": takes("a")});
    let mut world = world(tasks).run(json!({}));
    let events = world.journal.len();
    world.retry(&[]);
    assert_eq!(world.journal.len(), events, "a run that succeeded has nothing to retry");
    world.retry(&["nobody"]);
    assert_eq!(world.journal.len(), events);
    world.retry(&["g/one"]);
    assert_eq!(world.launched, ["g/one", "g/two"]);
    world.retry(&["a"]);
    assert_eq!(world.launched, ["a", "b"]);
    assert_eq!(world.phase(), "succeeded");
}

#[test]
fn a_run_that_is_not_over_is_not_retried() {
    let mut world = world(json!({"a": after("c", &[])})).script("a", &[Act::Hang]);
    world.submit(json!({}));
    world.retry(&["a"]);
    assert!(!world.journal.iter().any(|event| matches!(event, Event::RunRetried { .. })));
}
