//! The course of runs under the policies that v1 asks for. Expectations come from v1 semantics 2.2-2.6.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod world;

use pipewright_engine::{FailureReason, Input, TaskKey};
use pipewright_plan::{Dialect, Plan, Value};
use serde_json::{Map, json};
use world::{Act, World};

/// `c` leaves a text `out`; `use` takes a text `x`; `list` leaves a JSON list.
fn plan(tasks: Value) -> Plan {
    plan_with(json!({"tasks": tasks}), json!({}))
}

fn plan_with(root: Value, more: Value) -> Plan {
    let mut components = json!({
        "c": {"outputs": {"parameters": {"out": {"type": "STRING"}}}},
        "d": {"outputs": {"parameters": {"out": {"type": "STRING", "default": "stand-in"}}}},
        "use": {"inputs": {"parameters": {"x": {"type": "STRING"}}},
            "outputs": {"parameters": {"out": {"type": "STRING"}}}},
    });
    let fields: &mut Map<String, Value> = components.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    Plan { dialect: Dialect::V1, ..world::plan(root, components) }
}

fn after(component: &str, upstream: &[&str]) -> Value {
    json!({"component": component, "upstream": upstream, "trigger": {"strategy": "none_failed"}})
}

fn with(mut task: Value, more: Value) -> Value {
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

fn skipped(component: &str, upstream: &[&str]) -> Value {
    let trigger = json!({"strategy": "none_failed", "condition": {"kind": "literal", "value": false}});
    with(after(component, upstream), json!({"trigger": trigger}))
}

fn fact(task: &str, fact: &str) -> Value {
    let index = json!({"kind": "index", "operand": {"kind": "variable", "name": "upstream"},
        "index": {"kind": "literal", "value": task}});
    json!({"kind": "select", "operand": index, "field": fact})
}

fn ready(component: &str, upstream: &[&str], expr: Value) -> Value {
    with(after(component, upstream), json!({"trigger": {"strategy": "none_failed", "ready": expr}}))
}

fn from_output(task: &str) -> Value {
    json!({"x": {"source": {"kind": "task_output", "task": task, "key": "out"}}})
}

fn text(parts: Value) -> Value {
    json!({"kind": "text", "text": parts})
}

fn tag(name: &str) -> Value {
    json!({"kind": "placeholder", "placeholder": {"kind": "tag", "name": name}})
}

fn item() -> Value {
    json!({"kind": "placeholder", "placeholder": {"kind": "input_parameter", "name": "loop.item"}})
}

fn each(items: Value, more: Value) -> Value {
    let mut each = json!({"parameters": {"x": text(json!([{"kind": "literal", "text": "item "}, item()]))}});
    each.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"iterator": {"kind": "parameter", "items": {"kind": "static", "values": items},
        "item_input": "loop.item", "each": each}})
}

fn check(tasks: Value, scripts: &[(&str, Act)], expected: &[&str], phase: &str) {
    let mut world = World::new(plan(tasks));
    for (task, act) in scripts {
        world = world.script(task, std::slice::from_ref(act));
    }
    let world = world.run(json!({}));
    assert_eq!(
        (world.phases(), world.phase().as_str()),
        (expected.iter().map(|e| (*e).to_owned()).collect(), phase)
    );
}

#[test]
fn a_skip_lets_pass_and_a_failure_does_not() {
    check(
        json!({"skip": skipped("c", &[]), "next": after("c", &["skip"]), "bad": after("c", &[]),
            "lost": after("c", &["bad", "skip"]), "far": after("c", &["lost"])}),
        &[("bad", Act::Fail)],
        &["bad: failed", "far: omitted", "lost: omitted", "next: succeeded", "skip: skipped"],
        "failed",
    );
}

#[test]
fn expressions_over_ends_decide_and_deciding_tasks_end_the_dag() {
    let tasks = json!({"bad": after("c", &[]), "repair": ready("c", &["bad"], fact("bad", "failed")),
        "unneeded": ready("c", &["bad"], fact("bad", "succeeded"))});
    let run = |deciding: Value| {
        let plan = world::plan(json!({"tasks": tasks}), json!({"c": {}}));
        let mut plan = serde_json::to_value(plan).unwrap();
        plan["dialect"] = json!("v1");
        plan["components"]["root"]["kind"]["deciding"] = deciding;
        let plan: Plan = serde_json::from_value(plan).unwrap();
        World::new(plan).script("bad", &[Act::Fail]).run(json!({}))
    };
    let world = run(json!(["repair"]));
    assert_eq!(world.phases(), ["bad: failed", "repair: succeeded", "unneeded: omitted"]);
    assert_eq!(world.phase(), "succeeded");
    assert_eq!(run(json!(["repair", "unneeded"])).phase(), "failed", "omitted for a failure");
    assert_eq!(run(Value::Null).phase(), "failed");
}

#[test]
fn nobody_stands_in_for_a_skipped_producer_unless_it_is_said() {
    let lone = |x: &str| with(after("use", &[x]), json!({"parameters": from_output(x)}));
    check(
        json!({"a": skipped("c", &[]), "b": skipped("d", &[]), "error": lone("a"), "default": lone("b"),
            "asked": with(skipped("use", &["a"]), json!({"parameters": from_output("a")}))}),
        &[],
        &["a: skipped", "asked: skipped", "b: skipped", "default: succeeded", "error: failed"],
        "failed",
    );
}

#[test]
fn iterations_differ_by_item_and_ask_for_themselves() {
    let read = json!({"kind": "index", "index": {"kind": "literal", "value": "x"}, "operand": {"kind": "select",
        "operand": {"kind": "variable", "name": "inputs"}, "field": "parameter_values"}});
    let condition = json!({"kind": "call", "function": "not_equal",
        "arguments": [read, {"kind": "literal", "value": "item b"}]});
    let looped = with(after("use", &[]), each(json!(["a", "b", 3]), json!({"condition": condition})));
    let none = with(after("use", &[]), each(json!([]), json!({})));
    let next = with(after("use", &["loop", "none"]), json!({"parameters": from_output("loop")}));
    let world = World::new(plan(json!({"loop": looped, "none": none, "next": next}))).run(json!({}));
    let expected = [
        "loop: succeeded",
        "loop[0]: succeeded",
        "loop[1]: skipped",
        "loop[2]: succeeded",
        "next: succeeded",
        "none: skipped",
    ];
    assert_eq!(world.phases(), expected);
    assert_eq!(world.inputs("loop[2]"), json!({"x": "item 3"}), "helpers are dropped");
    assert_eq!(
        world.inputs("next"),
        json!({"x": "[\"loop.out\",\"loop.out\"]"}),
        "those that succeeded, as JSON"
    );
}

#[test]
fn values_are_read_again_where_their_tags_have_an_answer() {
    let constant = |value: Value| json!({"x": {"source": {"kind": "constant", "value": value}}});
    let parts =
        json!([tag("workflow.parameters.who"), {"kind": "literal", "text": " {{pod.name}} {{ user }}"}]);
    let tasks = json!({"a": with(after("use", &[]), json!({"parameters": constant(text(parts))}))});
    let root = json!({"tasks": tasks, "inputs": {"parameters": {"who": {"type": "STRING"}}}});
    let world = World::new(plan_with(root, json!({}))).run(json!({"who": "{{workflow.uid}}"}));
    let uid = "11111111-2222-3333-4444-555555555555";
    assert_eq!(world.inputs("a"), json!({"x": format!("{uid} {{{{pod.name}}}} {{{{ user }}}}")}));
}

#[test]
fn a_dag_bounds_what_runs_inside() {
    let looped = with(after("use", &[]), each(json!([1, 2, 3]), json!({})));
    let root = json!({"tasks": {"a": after("c", &[]), "b": after("c", &[]), "loop": looped, "z": after("c", &["a"])}});
    let mut plan = serde_json::to_value(plan_with(root, json!({}))).unwrap();
    plan["components"]["root"]["kind"]["parallelism"] = json!(2);
    let world = World::new(serde_json::from_value(plan).unwrap()).run(json!({}));
    assert_eq!((world.most_at_once, world.launched.len(), world.phase().as_str()), (2, 6, "succeeded"));
}

#[test]
fn a_cancel_ends_what_waits_for_room() {
    let root = json!({"tasks": {"a": after("c", &[]), "b": after("c", &[])}});
    let mut plan = serde_json::to_value(plan_with(root, json!({}))).unwrap();
    plan["components"]["root"]["kind"]["parallelism"] = json!(1);
    let mut world = World::new(serde_json::from_value(plan).unwrap()).script("a", &[Act::Hang]);
    world.submit(json!({}));
    world.input(&Input::Terminate);
    assert_eq!(
        (world.phases(), world.phase()),
        (vec!["a: cancelled".to_owned(), "b: cancelled".to_owned()], "cancelled".to_owned())
    );
}

#[test]
fn a_run_that_cannot_begin_fails_and_cleans_nothing_up() {
    let exit = json!({"component": "c", "upstream": ["a"], "trigger": {"strategy": "exit"}});
    let mut world = World::new(plan(json!({"a": after("c", &[]), "leave": exit})));
    world.submit(json!({}));
    world.input(&Input::Abandon { reason: "no claim".to_owned() });
    world.settle();
    assert_eq!(world.phases(), ["a: cancelled", "leave: cancelled"]);
    assert_eq!(world.phase(), "failed");
    let error = world.state.run_view().error.clone().unwrap();
    assert_eq!((error.reason, error.message.as_str()), (FailureReason::NotStarted, "no claim"));
}

#[test]
fn a_dag_may_start_nothing_more_after_a_failure() {
    let tasks = json!({
        "a": after("c", &[]),
        "b": after("c", &[]),
        "c": after("c", &["b"]),
        "each": with(after("use", &[]), each(json!([1, 2]), json!({}))),
    });
    let mut plan = serde_json::to_value(plan_with(json!({"tasks": tasks}), json!({}))).unwrap();
    plan["components"]["root"]["kind"]["parallelism"] = json!(1);
    let go_on = World::new(serde_json::from_value(plan.clone()).unwrap()).script("a", &[Act::Fail]);
    assert_eq!(go_on.run(json!({})).launched.len(), 5);
    plan["components"]["root"]["kind"]["fail_fast"] = json!(true);
    let world = World::new(serde_json::from_value(plan).unwrap()).script("a", &[Act::Fail]).run(json!({}));
    assert_eq!((world.launched.len(), world.phase().as_str()), (1, "failed"));
    let begun = world.phases().into_iter().filter(|phase| !phase.ends_with("cancelled"));
    assert_eq!(begun.collect::<Vec<_>>(), ["a: failed"]);
}

#[test]
fn retries_follow_their_policy() {
    let retry = |on: &str| json!({"retry": {"max_retries": 2, "backoff": {"secs": 0, "nanos": 0}, "factor": 1.0, "on": on}});
    let tasks = json!({"failure": with(after("c", &[]), retry("failure")), "error": with(after("c", &[]), retry("error"))});
    let world =
        World::new(plan(tasks)).script("failure", &[Act::Fail]).script("error", &[Act::Fail]).run(json!({}));
    let attempts = |task: &str| {
        let view = world.state.task_view(&world.plan, &TaskKey(format!("root/{task}"))).unwrap();
        view.attempts.len()
    };
    assert_eq!((attempts("failure"), attempts("error")), (3, 1));
}

#[test]
fn endless_recursion_fails() {
    let again = json!({"tasks": {"again": after("again", &[])}});
    let world =
        World::new(plan_with(json!({"tasks": {"again": after("again", &[])}}), json!({"again": again})))
            .run(json!({}));
    assert_eq!(world.phase(), "failed");
    let error = world.state.run_view().error.unwrap();
    assert!(error.message.contains("nested more than 100 deep"), "{}", error.message);
    assert_eq!(error.reason, FailureReason::Inner);
}

#[test]
fn a_condition_decides_about_another_attempt() {
    let retry = |wanted: &str| {
        let exit_code = json!({"kind": "variable", "name": "lastRetry.exitCode"});
        let arguments = json!([exit_code, {"kind": "literal", "value": wanted}]);
        let condition = json!({"kind": "call", "function": "equal", "arguments": arguments});
        json!({"retry": {"max_retries": 2, "backoff": {"secs": 0, "nanos": 0}, "factor": 1.0, "condition": condition}})
    };
    let tasks =
        json!({"wanted": with(after("c", &[]), retry("1")), "enough": with(after("c", &[]), retry("7"))});
    let world =
        World::new(plan(tasks)).script("wanted", &[Act::Fail]).script("enough", &[Act::Fail]).run(json!({}));
    let attempts = |task: &str| {
        let view = world.state.task_view(&world.plan, &TaskKey(format!("root/{task}"))).unwrap();
        view.attempts.len()
    };
    assert_eq!((attempts("wanted"), attempts("enough")), (3, 1));
}

#[test]
fn expressions_compute_what_a_dag_hands_on() {
    let run = |expr: Value| {
        let inner = json!({"tasks": {"a": after("c", &[]), "b": skipped("c", &[])},
            "outputs": {"parameters": {"out": {"type": "STRING"}}}});
        let root = json!({"tasks": {"inner": after("inner", &[])}});
        let mut plan = serde_json::to_value(plan_with(root, json!({"inner": inner}))).unwrap();
        plan["components"]["inner"]["kind"]["outputs"] = json!({"computed": {"out": expr}});
        World::new(serde_json::from_value(plan).unwrap()).run(json!({}))
    };
    let variable = |name: &str| json!({"kind": "variable", "name": name});
    let first = |names: [&str; 2]| json!({"kind": "named", "name": "coalesce", "arguments": [variable(names[0]), variable(names[1])]});
    let world = run(first(["tasks.b.outputs.parameters.out", "tasks.a.status"]));
    assert_eq!(world.phase(), "succeeded");
    let view = world.state.task_view(&world.plan, &TaskKey("root/inner".to_owned())).unwrap();
    assert_eq!(
        view.outcome.parameters["out"],
        json!("Succeeded"),
        "of one that was skipped nothing is there"
    );
    let world = run(variable("tasks.b.outputs.parameters.out"));
    assert_eq!(world.phases().first().map(String::as_str), Some("inner: failed"));
    let view = world.state.task_view(&world.plan, &TaskKey("root/inner".to_owned())).unwrap();
    assert_eq!(view.error.unwrap().reason, FailureReason::Resolve);
}
