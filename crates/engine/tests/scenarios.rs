//! The course of runs, rule by rule. Expectations come from v2 semantics 1.4-1.6, 2.2 and 2.8-2.10.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod world;

use pipewright_engine::{Input, RunPhase};
use pipewright_plan::Value;
use serde_json::json;
use world::{Act, World, plan};

fn text_output() -> Value {
    json!({"outputs": {"parameters": {"out": {"type": "STRING"}}}})
}

/// `c` leaves a text `out`; `use` takes a text `x`.
fn leaves() -> Value {
    json!({
        "c": text_output(),
        "use": {"inputs": {"parameters": {"x": {"type": "STRING"}}}},
    })
}

fn after(component: &str, upstream: &[&str]) -> Value {
    json!({"component": component, "upstream": upstream})
}

fn completed(component: &str, upstream: &[&str]) -> Value {
    json!({"component": component, "upstream": upstream, "trigger": {"strategy": "all_completed"}})
}

fn from_output(task: &str) -> Value {
    json!({"source": {"kind": "task_output", "task": task, "key": "out"}})
}

fn constant(value: Value) -> Value {
    json!({"source": {"kind": "constant", "value": {"kind": "literal", "value": value}}})
}

fn when(truth: bool) -> Value {
    json!({"condition": {"kind": "literal", "value": truth}})
}

#[test]
fn values_flow_along_a_chain() {
    let tasks = json!({"a": after("c", &[]),
        "b": {"component": "use", "upstream": ["a"], "parameters": {"x": from_output("a")}}});
    let world = World::new(plan(json!({"tasks": tasks}), leaves())).run(json!({}));
    assert_eq!(world.phases(), ["a: succeeded", "b: succeeded"]);
    assert_eq!(world.inputs("b"), json!({"x": "a.out"}));
    assert_eq!(world.phase(), "succeeded");
}

#[test]
fn failure_omits_downstream_and_spares_siblings() {
    let tasks = json!({"a": after("c", &[]), "b": after("c", &["a"]), "d": after("c", &["b"]),
        "other": after("c", &[]), "next": after("c", &["other"]), "finally": completed("c", &["a"])});
    let world = World::new(plan(json!({"tasks": tasks}), leaves())).script("a", &[Act::Fail]).run(json!({}));
    let expected = [
        "a: failed",
        "b: omitted",
        "d: omitted",
        "finally: succeeded",
        "next: succeeded",
        "other: succeeded",
    ];
    assert_eq!(world.phases(), expected);
    assert_eq!(world.phase(), "failed");
}

#[test]
fn a_false_condition_skips_and_the_run_succeeds() {
    let tasks = json!({"a": after("c", &[]),
        "no": {"component": "c", "upstream": ["a"], "trigger": when(false)},
        "yes": {"component": "c", "upstream": ["a"], "trigger": when(true)},
        "after-no": after("c", &["no"]), "anyway": completed("c", &["no"])});
    let world = World::new(plan(json!({"tasks": tasks}), leaves())).run(json!({}));
    let expected =
        ["a: succeeded", "after-no: omitted", "anyway: succeeded", "no: skipped", "yes: succeeded"];
    assert_eq!(world.phases(), expected);
    assert_eq!(world.phase(), "succeeded");
}

#[test]
fn a_condition_that_cannot_be_evaluated_fails_its_task() {
    let condition = json!({"condition": {"kind": "variable", "name": "nobody"}});
    let tasks = json!({"a": {"component": "c", "trigger": condition}, "b": {"component": "c",
        "trigger": {"condition": {"kind": "literal", "value": 1}}}});
    let world = World::new(plan(json!({"tasks": tasks}), leaves())).run(json!({}));
    assert_eq!(world.phases(), ["a: failed", "b: failed"]);
    assert!(world.launched.is_empty());
}

fn loop_plan(items: Value, parallelism: Option<u32>) -> pipewright_plan::Plan {
    let iterator = json!({"kind": "parameter", "items": {"kind": "static", "values": items},
        "item_input": "item", "parallelism": parallelism});
    let tasks = json!({
        "each": {"component": "body", "iterator": iterator},
        "sink": {"component": "sink", "upstream": ["each"], "parameters": {"all": from_output("each")}},
    });
    let inner = json!({"t": {"component": "one", "parameters": {
        "x": {"source": {"kind": "dag_input", "name": "item"}}}}});
    plan(
        json!({"tasks": tasks}),
        json!({
            "body": {"tasks": inner, "inputs": {"parameters": {"item": {"type": "NUMBER_INTEGER"}}},
                "outputs": {"parameters": {"out": {"type": "LIST"}}},
                "dag_outputs": {"parameters": {"out": {"sources": [["t", "out"]], "one_of": false}}}},
            "one": {"inputs": {"parameters": {"x": {"type": "NUMBER_INTEGER"}}},
                "outputs": {"parameters": {"out": {"type": "STRING"}}}},
            "sink": {"inputs": {"parameters": {"all": {"type": "LIST"}}}},
        }),
    )
}

#[test]
fn loops_collect_in_index_order_under_their_limit() {
    let world = World::new(loop_plan(json!([5, 6, 7]), Some(2)))
        .script("each[1]/t", &[Act::Succeed(json!({"out": "second"}))])
        .run(json!({}));
    assert_eq!(world.inputs("each[2]/t"), json!({"x": 7}));
    assert_eq!(world.inputs("sink"), json!({"all": ["t.out", "second", "t.out"]}));
    assert_eq!(world.most_at_once, 2);
    assert_eq!(world.phase(), "succeeded");
}

#[test]
fn an_empty_loop_succeeds_with_nothing_collected() {
    let world = World::new(loop_plan(json!([]), None)).run(json!({}));
    assert_eq!(world.inputs("sink"), json!({"all": []}));
    assert_eq!(world.phases(), ["each: succeeded", "sink: succeeded"]);
}

#[test]
fn a_failed_iteration_fails_the_loop_after_the_others() {
    let world =
        World::new(loop_plan(json!([1, 2, 3]), Some(1))).script("each[0]/t", &[Act::Fail]).run(json!({}));
    assert_eq!(world.launched, ["each[0]/t", "each[1]/t", "each[2]/t"]);
    assert!(world.phases().contains(&"each[0]: failed".to_owned()));
    assert!(world.phases().contains(&"each[2]: succeeded".to_owned()));
    assert!(world.phases().contains(&"sink: omitted".to_owned()));
    assert_eq!(world.phase(), "failed");
}

#[test]
fn items_that_do_not_fit_fail_their_iteration_alone() {
    let world = World::new(loop_plan(json!([1, "two"]), None)).run(json!({}));
    assert!(world.phases().contains(&"each[0]: succeeded".to_owned()));
    assert!(world.phases().contains(&"each[1]: failed".to_owned()));
}

#[test]
fn retries_back_off_and_give_up() {
    let retry = json!({"max_retries": 2, "backoff": {"secs": 60, "nanos": 0}, "factor": 2.0});
    let tasks = json!({"a": {"component": "c", "retry": retry}});
    let made = plan(json!({"tasks": tasks}), leaves());
    let lucky = World::new(made.clone()).script("a", &[Act::Fail, Act::Fail, Act::Succeed(json!({}))]);
    let start = lucky.now;
    let lucky = lucky.run(json!({}));
    assert_eq!(lucky.phases(), ["a: succeeded"]);
    assert!(lucky.now.0 - start.0 >= 180_000_000, "waited 60 s and 120 s");
    let unlucky = World::new(made).script("a", &[Act::Fail]).run(json!({}));
    assert_eq!(unlucky.launched.len(), 3);
    assert_eq!(unlucky.phase(), "failed");
}

#[test]
fn a_timeout_ends_the_attempt_and_may_be_tried_again() {
    let retry = json!({"max_retries": 1, "backoff": {"secs": 0, "nanos": 0}, "factor": 2.0});
    let timeout = json!({"secs": 5, "nanos": 0});
    let tasks = json!({"a": {"component": "c", "retry": retry, "timeout": timeout}});
    let mut world = World::new(plan(json!({"tasks": tasks}), leaves())).script("a", &[Act::Hang]);
    world.submit(json!({}));
    for number in 0..2 {
        let task = pipewright_engine::TaskKey("root/a".to_owned());
        let run = pipewright_engine::RunId("11111111-2222-3333-4444-555555555555".to_owned());
        let attempt = pipewright_engine::AttemptId { run, task, number };
        let observed = pipewright_engine::Observed::Started { place: String::new(), image: None };
        let observation = pipewright_engine::Observation { attempt, at: world.now, observed };
        world.input(&Input::Observed { observation: Box::new(observation) });
        world.settle();
    }
    assert_eq!(world.phases(), ["a: failed"]);
    assert_eq!(world.launched.len(), 2);
    let view = world.state.task_view(&world.plan, &pipewright_engine::TaskKey("root/a".to_owned())).unwrap();
    assert_eq!(view.error.unwrap().reason, pipewright_engine::FailureReason::TimedOut);
}

fn exit_handler_plan() -> pipewright_plan::Plan {
    let status = json!({"source": {"kind": "final_status", "task": "group"}});
    let tasks = json!({
        "group": after("body", &[]),
        "exit": {"component": "exit", "upstream": ["group"], "trigger": {"strategy": "exit"},
            "parameters": {"status": status}},
    });
    plan(
        json!({"tasks": tasks}),
        json!({
            "body": {"tasks": {"t": after("c", &[]), "u": after("c", &["t"])}},
            "c": text_output(),
            "exit": {"inputs": {"parameters": {"status": {"type": "TASK_FINAL_STATUS"}}}},
        }),
    )
}

#[test]
fn exit_handlers_learn_how_their_group_ended() {
    let state = |world: &World| world.inputs("exit")["status"]["state"].clone();
    let good = World::new(exit_handler_plan()).run(json!({}));
    assert_eq!((state(&good), good.phase()), (json!("COMPLETE"), "succeeded".to_owned()));
    let bad = World::new(exit_handler_plan()).script("group/t", &[Act::Fail]).run(json!({}));
    assert_eq!((state(&bad), bad.phase()), (json!("FAILED"), "failed".to_owned()));
    assert!(bad.inputs("exit")["status"]["error"]["message"].as_str().unwrap().contains("group/t"));
    let exit_fails = World::new(exit_handler_plan()).script("exit", &[Act::Fail]).run(json!({}));
    assert_eq!(exit_fails.phase(), "failed");
}

#[test]
fn a_cancelled_run_cleans_up_once_and_starts_nothing_else() {
    let mut world = World::new(exit_handler_plan()).script("group/t", &[Act::Hang]);
    world.submit(json!({}));
    world.input(&Input::Terminate);
    world.input(&Input::Terminate);
    world.settle();
    assert_eq!(
        world.phases(),
        ["exit: succeeded", "group: cancelled", "group/t: cancelled", "group/u: cancelled"]
    );
    assert_eq!(world.launched, ["group/t", "exit"]);
    assert_eq!(world.inputs("exit")["status"]["state"], json!("CANCELED"));
    assert_eq!(world.state.run_view().phase, RunPhase::Cancelled);
}

#[test]
fn one_of_takes_the_branch_that_ran() {
    let branches = json!({"tasks": {
            "if": {"component": "c", "trigger": when(false)},
            "else": {"component": "c", "trigger": when(true)}},
        "outputs": {"parameters": {"out": {"type": "STRING"}}},
        "dag_outputs": {"parameters": {"out": {"sources": [["if", "out"], ["else", "out"]], "one_of": true}}}});
    let tasks = json!({"pick": after("branches", &[]),
        "b": {"component": "use", "upstream": ["pick"], "parameters": {"x": from_output("pick")}}});
    let mut components = leaves();
    components["branches"] = branches;
    let world = World::new(plan(json!({"tasks": tasks}), components)).run(json!({}));
    assert_eq!(world.inputs("b"), json!({"x": "else.out"}));
}

#[test]
fn optional_inputs_are_left_out_of_containers_and_explicit_in_dags() {
    let optional = json!({"type": "STRING", "optional": true});
    let with_default = json!({"type": "STRING", "optional": true, "default": "d"});
    let inner = json!({"t": {"component": "leaf", "parameters": {
        "x": {"source": {"kind": "dag_input", "name": "x"}}, "y": {"source": {"kind": "dag_input", "name": "y"}}}}});
    let inputs = json!({"parameters": {"x": optional, "y": with_default}});
    let made = plan(
        json!({"tasks": {"sub": after("sub", &[]), "leaf": after("leaf", &[])}}),
        json!({"sub": {"tasks": inner, "inputs": inputs}, "leaf": {"inputs": inputs}}),
    );
    let world = World::new(made).run(json!({}));
    assert_eq!(world.inputs("leaf"), json!({}));
    assert_eq!(world.inputs("sub"), json!({"x": null, "y": "d"}));
    assert_eq!(world.inputs("sub/t"), json!({"y": "d"}));
}

#[test]
fn values_become_text_but_text_becomes_nothing_else() {
    let number = json!({"inputs": {"parameters": {"x": {"type": "NUMBER_INTEGER"}}}});
    let tasks = json!({
        "text": {"component": "use", "parameters": {"x": constant(json!([1, 2]))}},
        "number": {"component": "number", "parameters": {"x": constant(json!("3"))}}});
    let mut components = leaves();
    components["number"] = number;
    let world = World::new(plan(json!({"tasks": tasks}), components)).run(json!({}));
    assert_eq!(world.inputs("text"), json!({"x": "[1,2]"}));
    assert_eq!(world.phases(), ["number: failed", "text: succeeded"]);
}

#[test]
fn a_missing_text_of_a_failed_producer_is_empty() {
    let tasks = json!({"a": after("c", &[]), "b": {"component": "use", "upstream": ["a"],
        "trigger": {"strategy": "all_completed"}, "parameters": {"x": from_output("a")}}});
    let world = World::new(plan(json!({"tasks": tasks}), leaves())).script("a", &[Act::Fail]).run(json!({}));
    assert_eq!(world.inputs("b"), json!({"x": ""}));
    assert_eq!(world.phases(), ["a: failed", "b: succeeded"]);
}

#[test]
fn nested_loops_give_nested_lists() {
    let iterator = |items: Value| json!({"kind": "parameter", "items": items, "item_input": "item"});
    let over = |values: Value| json!({"kind": "static", "values": values});
    let out = json!({"parameters": {"out": {"type": "LIST"}}});
    let made = plan(
        json!({"tasks": {"outer": {"component": "outer", "iterator": iterator(over(json!([1, 2])))}}}),
        json!({
            "outer": {"tasks": {"inner": {"component": "inner", "iterator": iterator(over(json!(["x", "y"])))}},
                "inputs": {"parameters": {"item": {"type": "NUMBER_INTEGER"}}}, "outputs": out,
                "dag_outputs": {"parameters": {"out": {"sources": [["inner", "out"]], "one_of": false}}}},
            "inner": {"tasks": {"t": after("c", &[])},
                "inputs": {"parameters": {"item": {"type": "STRING"}}}, "outputs": out,
                "dag_outputs": {"parameters": {"out": {"sources": [["t", "out"]], "one_of": false}}}},
            "c": text_output(),
        }),
    );
    let world = World::new(made).run(json!({}));
    assert_eq!(world.outputs("outer"), json!({"out": [["t.out", "t.out"], ["t.out", "t.out"]]}));
}

#[test]
fn ten_thousand_iterations_cost_linear_time_and_bounded_state() {
    let world = World::new(loop_plan((0..10_000).collect(), Some(64))).run(json!({}));
    assert_eq!(world.launched.len(), 10_001);
    assert_eq!(world.phase(), "succeeded");
}
