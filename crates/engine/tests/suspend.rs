//! Tasks that wait: for a time, for an answer, and what comes between. Expectations come from v1 semantics 4.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod world;

use pipewright_engine::{Event, FailureReason, Input, Resume, TaskKey, TaskPhase};
use pipewright_plan::{Dialect, Plan, Value};
use serde_json::json;
use world::World;

/// `ask` wants `answer`, and `note` has a default; `pause` waits three seconds, `late` in vain, and `tell` takes
/// the answer.
fn plan(tasks: Value) -> Plan {
    let text = json!({"type": "STRING"});
    let components = json!({
        "ask": {
            "inputs": {"parameters": {"way": {"type": "STRING", "default": "left"}}},
            "outputs": {"parameters": {"answer": text, "note": {"type": "STRING", "default": "none"}}},
            "kind": {"kind": "suspend", "supplied": {"answer": {"choices": ["yes", "no"]}, "note": {}}},
        },
        "pause": {"kind": {"kind": "suspend", "duration": [{"kind": "literal", "text": "3"}]}},
        "late": {
            "outputs": {"parameters": {"answer": text}},
            "kind": {
                "kind": "suspend", "duration": [{"kind": "literal", "text": "1s"}], "supplied": {"answer": {}},
            },
        },
        "tell": {"inputs": {"parameters": {"x": text}}},
    });
    Plan { dialect: Dialect::V1, ..world::plan(json!({"tasks": tasks}), components) }
}

fn tell() -> Value {
    json!({
        "component": "tell", "upstream": ["ask"], "trigger": {"strategy": "none_failed"},
        "parameters": {"x": {"source": {"kind": "task_output", "task": "ask", "key": "answer"}}},
    })
}

fn resume(tasks: &[&str], parameters: Value) -> Resume {
    Resume {
        tasks: tasks.iter().map(|task| TaskKey(format!("root/{task}"))).collect(),
        parameters: serde_json::from_value(parameters).unwrap(),
        ..Resume::default()
    }
}

fn answer(world: &mut World, resume: Resume) {
    world.input(&Input::Resume { resume: Box::new(resume) });
    world.settle();
}

#[test]
fn a_wait_ends_by_itself() {
    let mut world = World::new(plan(json!({"pause": {"component": "pause"}})));
    world.submit(json!({}));
    let began = world.now;
    assert_eq!(world.phases(), ["pause: running"]);
    world.input(&Input::Tick);
    assert_eq!(world.phases(), ["pause: running"], "a tick before its time changes nothing");
    world.settle();
    assert_eq!(
        (world.phases(), world.phase()),
        (vec!["pause: succeeded".to_owned()], "succeeded".to_owned())
    );
    assert!(world.now.0 - began.0 >= 2_999_000, "{} us", world.now.0 - began.0);
}

#[test]
fn an_answer_hands_on_its_values() {
    let mut world = World::new(plan(json!({"ask": {"component": "ask"}, "tell": tell()})));
    world.submit(json!({}));
    for wrong in [json!({}), json!({"answer": "maybe"})] {
        answer(&mut world, resume(&[], wrong));
        assert_eq!(world.phases(), ["ask: running"], "what does not fit is passed over");
    }
    answer(&mut world, resume(&["other"], json!({"answer": "yes"})));
    assert_eq!(world.phases(), ["ask: running"], "another task is meant");
    let said =
        Resume { by: Some("ada".to_owned()), message: Some("go".to_owned()), ..resume(&[], json!({})) };
    let parameters = serde_json::from_value(json!({"answer": "yes"})).unwrap();
    answer(&mut world, Resume { parameters, ..said });
    assert_eq!(world.outputs("ask"), json!({"answer": "yes", "note": "none"}));
    assert_eq!(world.inputs("tell"), json!({"x": "yes"}));
    let view = world.state.task_view(&world.plan, &TaskKey("root/ask".to_owned())).unwrap();
    let released = view.suspension.unwrap().released.unwrap();
    assert_eq!((released.by.as_deref(), released.message.as_deref()), (Some("ada"), Some("go")));
    let before = world.journal.len();
    answer(&mut world, resume(&[], json!({"answer": "no"})));
    assert_eq!(world.journal.len(), before, "a second answer comes too late");
}

#[test]
fn no_is_a_failure_and_silence_an_error() {
    let tasks = json!({"ask": {"component": "ask"}, "tell": tell(), "late": {"component": "late"}});
    let mut world = World::new(plan(tasks));
    world.submit(json!({}));
    answer(&mut world, Resume { declined: true, ..resume(&["ask"], json!({})) });
    assert_eq!(world.phases(), ["ask: failed", "late: failed", "tell: omitted"]);
    let reason = |task: &str| {
        let key = TaskKey(format!("root/{task}"));
        world.state.task_view(&world.plan, &key).unwrap().error.unwrap().reason
    };
    assert_eq!((reason("ask"), reason("late")), (FailureReason::Declined, FailureReason::Output));
}

#[test]
fn a_cancel_ends_the_wait_and_a_retry_asks_again() {
    let mut world = World::new(plan(json!({"ask": {"component": "ask"}, "pause": {"component": "pause"}})));
    world.submit(json!({}));
    world.input(&Input::Terminate);
    assert_eq!(
        (world.phases(), world.phase()),
        (vec!["ask: cancelled".to_owned(), "pause: cancelled".to_owned()], "cancelled".to_owned())
    );
    world.retry(&[]);
    assert_eq!(world.phases(), ["ask: running", "pause: succeeded"]);
    answer(&mut world, resume(&["ask"], json!({"answer": "no"})));
    assert_eq!(world.phase(), "succeeded");
}

#[test]
fn each_iteration_asks_for_itself() {
    let looped = json!({"component": "ask", "iterator": {
        "kind": "parameter", "items": {"kind": "static", "values": ["a", "b"]}, "item_input": "way",
    }});
    let mut world = World::new(plan(json!({"ask": looped})));
    world.submit(json!({}));
    answer(&mut world, resume(&["ask[1]"], json!({"answer": "no"})));
    assert_eq!(world.phases(), ["ask: running", "ask[0]: running", "ask[1]: succeeded"]);
    // The loop stands for all that wait in it.
    answer(&mut world, resume(&["ask"], json!({"answer": "yes"})));
    assert_eq!(world.phase(), "succeeded");
    let waits = world.journal.iter().filter(|event| matches!(event, Event::TaskSuspended { .. })).count();
    assert_eq!(waits, 2);
    let phases = ["ask[0]", "ask[1]"].map(|task| {
        let key = TaskKey(format!("root/{task}"));
        world.state.task_view(&world.plan, &key).unwrap().phase
    });
    assert_eq!(phases, [TaskPhase::Succeeded, TaskPhase::Succeeded]);
}
