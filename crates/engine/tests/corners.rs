//! Corners of the rules where an engine easily goes wrong. Expectations come from v2 semantics 2.2 and 2.8-2.10.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod world;

use pipewright_engine::{FailureReason, Input, RunPhase, Timestamp};
use pipewright_plan::Value;
use serde_json::json;
use world::{Act, World, failed, plan};

fn components() -> Value {
    json!({
        "c": {"outputs": {"parameters": {"out": {"type": "STRING"}}}},
        "use": {"inputs": {"parameters": {"x": {"type": "STRING"}}}},
    })
}

fn with(name: &str, body: Value) -> Value {
    let mut all = components();
    all[name] = body;
    all
}

fn completed(component: &str, upstream: &[&str]) -> Value {
    json!({"component": component, "upstream": upstream, "trigger": {"strategy": "all_completed"}})
}

fn exits(component: &str, upstream: &[&str]) -> Value {
    json!({"component": component, "upstream": upstream, "trigger": {"strategy": "exit"}})
}

fn from(task: &str) -> Value {
    json!({"source": {"kind": "task_output", "task": task, "key": "out"}})
}

fn never() -> Value {
    json!({"condition": {"kind": "literal", "value": false}})
}

#[test]
fn clean_up_that_is_a_dag_runs_to_its_end_after_a_cancel() {
    let retry = json!({"max_retries": 1, "backoff": {"secs": 1, "nanos": 0}, "factor": 2.0});
    let each = json!({"kind": "parameter", "items": {"kind": "static", "values": [1, 2]}, "item_input": "i"});
    let clean = json!({"tasks": {"first": {"component": "c", "retry": retry},
        "then": {"component": "c", "upstream": ["first"]},
        "each": {"component": "c", "upstream": ["then"], "iterator": each}}});
    let tasks = json!({"work": {"component": "c"}, "next": {"component": "c", "upstream": ["work"]},
        "exit": exits("clean", &["work"])});
    let made = plan(json!({"tasks": tasks}), with("clean", clean));
    let mut world = World::new(made)
        .script("work", &[Act::Hang])
        .script("exit/first", &[Act::Fail, Act::Succeed(json!({}))]);
    world.submit(json!({}));
    world.input(&Input::Terminate);
    world.settle();
    let expected = [
        "exit: succeeded",
        "exit/each: succeeded",
        "exit/each[0]: succeeded",
        "exit/each[1]: succeeded",
        "exit/first: succeeded",
        "exit/then: succeeded",
        "next: cancelled",
        "work: cancelled",
    ];
    assert_eq!(world.phases(), expected);
    assert_eq!(world.state.run_view().phase, RunPhase::Cancelled);
}

#[test]
fn what_ignores_failures_is_called_off_by_a_cancel() {
    let tasks = json!({"work": {"component": "c"}, "anyway": completed("c", &["work"]),
        "exit": exits("c", &["work"])});
    let mut world = World::new(plan(json!({"tasks": tasks}), components())).script("work", &[Act::Hang]);
    world.submit(json!({}));
    world.input(&Input::Terminate);
    world.settle();
    assert_eq!(world.phases(), ["anyway: cancelled", "exit: succeeded", "work: cancelled"]);
    assert_eq!(world.phase(), "cancelled");
}

#[test]
fn clean_up_that_runs_at_a_cancel_goes_on() {
    let retry = json!({"max_retries": 1, "backoff": {"secs": 5, "nanos": 0}, "factor": 2.0});
    let clean = json!({"tasks": {"first": {"component": "c", "retry": retry},
        "then": {"component": "c", "upstream": ["first"]}}});
    let tasks = json!({"work": {"component": "c"}, "other": {"component": "c"},
        "exit": exits("clean", &["work"])});
    let made = plan(json!({"tasks": tasks}), with("clean", clean));
    let mut world = World::new(made).script("other", &[Act::Hang]).script("exit/first", &[Act::Hang]);
    world.submit(json!({}));
    world.settle();
    assert_eq!(world.launched, ["work", "other", "exit/first"]);
    world.input(&Input::Terminate);
    let mut world = world.script("exit/first", &[Act::Fail, Act::Succeed(json!({}))]);
    world.settle();
    let expected = [
        "exit: succeeded",
        "exit/first: succeeded",
        "exit/then: succeeded",
        "other: cancelled",
        "work: succeeded",
    ];
    assert_eq!(world.phases(), expected);
    assert_eq!(world.phase(), "cancelled");
}

#[test]
fn an_exit_task_of_a_group_that_never_began_does_not_fire_after_a_cancel() {
    let tasks = json!({"work": {"component": "c"}, "group": {"component": "c", "upstream": ["work"]},
        "exit": exits("c", &["group"])});
    let mut world = World::new(plan(json!({"tasks": tasks}), components())).script("work", &[Act::Hang]);
    world.submit(json!({}));
    world.input(&Input::Terminate);
    world.settle();
    assert_eq!(world.phases(), ["exit: cancelled", "group: cancelled", "work: cancelled"]);
    assert_eq!(world.phase(), "cancelled");
}

#[test]
fn an_output_of_no_branch_is_an_error_for_who_needs_it() {
    let branches = json!({"tasks": {"if": {"component": "c", "trigger": never()},
            "else": {"component": "c", "trigger": never()}},
        "outputs": {"parameters": {"out": {"type": "STRING"}}},
        "dag_outputs": {"parameters": {"out": {"sources": [["if", "out"], ["else", "out"]], "one_of": true}}}});
    let tasks = json!({"pick": {"component": "branches"},
        "needs": {"component": "use", "upstream": ["pick"], "parameters": {"x": from("pick")}}});
    let world = World::new(plan(json!({"tasks": tasks}), with("branches", branches))).run(json!({}));
    let expected = ["needs: failed", "pick: succeeded", "pick/else: skipped", "pick/if: skipped"];
    assert_eq!(world.phases(), expected);
}

#[test]
fn a_dag_gets_its_default_when_it_is_handed_null() {
    let optional = json!({"parameters": {"x": {"type": "STRING", "optional": true, "default": "d"}}});
    let handed = json!({"x": {"source": {"kind": "dag_input", "name": "p"}}});
    let inner = json!({"t": {"component": "use", "parameters": {"x": {"source": {"kind": "dag_input", "name": "x"}}}}});
    let root = json!({"inputs": {"parameters": {"p": {"type": "STRING", "optional": true}}},
        "tasks": {"sub": {"component": "sub", "parameters": handed}, "leaf": {"component": "leaf", "parameters": handed}}});
    let mut all = with("sub", json!({"tasks": inner, "inputs": optional}));
    all["leaf"] = json!({"inputs": optional});
    let world = World::new(plan(root, all)).run(json!({}));
    assert_eq!(world.inputs("sub"), json!({"x": "d"}));
    assert_eq!(world.inputs("sub/t"), json!({"x": "d"}));
    assert_eq!(world.inputs("leaf"), json!({}), "a container applies its own default");
}

#[test]
fn a_constant_names_its_own_task() {
    let part = json!({"kind": "placeholder", "placeholder": {"kind": "task_name"}});
    let value = json!({"kind": "text", "text": [part]});
    let tasks = json!({"t": {"component": "use", "parameters": {"x": {"source": {"kind": "constant", "value": value}}}}});
    let world = World::new(plan(json!({"tasks": tasks}), components())).run(json!({}));
    assert_eq!(world.inputs("t"), json!({"x": "t"}));
}

#[test]
fn an_attempt_that_was_to_be_tried_again_when_the_run_was_cancelled_is_cancelled() {
    let retry = json!({"max_retries": 1, "backoff": {"secs": 0, "nanos": 0}, "factor": 2.0});
    let slow = json!({"component": "c", "retry": retry, "timeout": {"secs": 5, "nanos": 0}});
    let mut world = World::new(plan(json!({"tasks": {"slow": slow}}), components()));
    world.dying_slowly = true;
    let mut world = world.script("slow", &[Act::Hang]);
    world.submit(json!({}));
    let attempt = world.launched_attempts()[0].clone();
    world.observe_start(&attempt);
    world.now = Timestamp(world.now.0 + 6_000_000);
    world.input(&Input::Tick);
    world.input(&Input::Terminate);
    world.observe(attempt, failed(FailureReason::Cancelled));
    assert_eq!(world.phases(), ["slow: cancelled"]);
    assert_eq!(world.phase(), "cancelled");
}

#[test]
fn a_loop_that_may_run_none_at_once_runs_all() {
    let each = json!({"kind": "parameter", "items": {"kind": "static", "values": [1, 2]}, "item_input": "i",
        "parallelism": 0});
    let tasks = json!({"each": {"component": "c", "iterator": each}});
    let world = World::new(plan(json!({"tasks": tasks}), components())).run(json!({}));
    assert_eq!(world.phase(), "succeeded");
    assert_eq!(world.outputs("each"), json!({"out": ["each.out", "each.out"]}));
}

#[test]
fn a_failure_names_the_task_at_the_bottom() {
    let body = json!({"tasks": {"t": {"component": "c"}}});
    let tasks = json!({"group": {"component": "body"}});
    let world = World::new(plan(json!({"tasks": tasks}), with("body", body)))
        .script("group/t", &[Act::Fail])
        .run(json!({}));
    let error = world.state.run_view().error.unwrap();
    assert_eq!(error.message, "task `root/group/t` failed: no luck");
    assert_eq!(error.exit_code, Some(1));
}
