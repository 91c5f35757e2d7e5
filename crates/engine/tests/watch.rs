//! Tasks that watch another one: when they fire, and what waits for them. Expectations come from v1 semantics 4.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod world;

use pipewright_engine::{Event, Input, TaskKey, launch};
use pipewright_plan::{Dialect, Expr, Function, Plan};
use serde_json::{Value, json};
use world::{Act, World};

/// Watches task `t` for a state.
fn hook(state: &str) -> Value {
    let variable = Box::new(Expr::Variable { name: "tasks.t.status".to_owned() });
    let equal = Expr::Call {
        function: Function::Equal,
        arguments: vec![*variable, Expr::Literal { value: json!(state) }],
    };
    let inputs = Expr::Variable { name: "inputs".to_owned() };
    let values = Expr::Select { operand: Box::new(inputs), field: "parameter_values".to_owned() };
    let held =
        Expr::Index { operand: Box::new(values), index: Box::new(Expr::Literal { value: json!("hook") }) };
    let condition = Expr::Call { function: Function::ReadBare, arguments: vec![held] };
    let placeholder = json!({"kind": "expression", "text": "e", "expr": equal});
    let text = json!({"kind": "text", "text": [{"kind": "placeholder", "placeholder": placeholder}]});
    json!({
        "component": "c", "upstream": ["t"],
        "parameters": {"hook": {"source": {"kind": "constant", "value": text}}},
        "trigger": {"strategy": "all_completed", "condition": condition, "watches": "t"},
    })
}

fn plan(t: Value, hooks: &[(&str, &str)]) -> Plan {
    let mut tasks = json!({"t": t});
    let mut upstream = vec!["t"];
    for (name, state) in hooks {
        tasks[*name] = hook(state);
        upstream.push(name);
    }
    tasks["next"] = json!({"component": "c", "upstream": upstream, "trigger": {"strategy": "all_completed"}});
    let components = json!({
        "c": {"outputs": {"parameters": {"out": {"type": "STRING"}}}},
        "dag": {"tasks": {"leaf": {"component": "c"}}},
        "ask": {"kind": {"kind": "suspend"}},
    });
    Plan { dialect: Dialect::V1, ..world::plan(json!({"tasks": tasks}), components) }
}

const HOOKS: &[(&str, &str)] = &[
    ("pending", "Pending"),
    ("running", "Running"),
    ("good", "Succeeded"),
    ("bad", "Failed"),
    ("passed", "Skipped"),
];

fn check(t: Value, acts: &[Act], expected: &[&str]) {
    let world = World::new(plan(t, HOOKS)).script("t", acts).run(json!({}));
    assert_eq!(world.phases(), expected);
    check_order(&world);
}

/// Each hook fired at most once, and what comes after waited for all of them.
fn check_order(world: &World) {
    let begun = |task: &str| {
        let is_it =
            |event: &Event| matches!(event, Event::TaskStarted { task: key, .. } if key.name() == task);
        world.journal.iter().filter(|event| is_it(event)).count()
    };
    assert!(HOOKS.iter().all(|(name, _)| begun(name) <= 1));
    let place = |wanted: &dyn Fn(&Event) -> bool| world.journal.iter().rposition(wanted);
    let next = place(&|event| matches!(event, Event::TaskStarted { task, .. } if task.name() == "next"));
    let last = place(&|event| {
        matches!(event, Event::TaskEnded { task, .. } | Event::TaskSkipped { task, .. }
        if HOOKS.iter().any(|(name, _)| task.name() == *name))
    });
    assert!(last < next, "{last:?} {next:?}");
}

#[test]
fn each_state_is_looked_at_once() {
    check(
        json!({"component": "c"}),
        &[],
        &[
            "bad: skipped",
            "good: succeeded",
            "next: succeeded",
            "passed: skipped",
            "pending: succeeded",
            "running: succeeded",
            "t: succeeded",
        ],
    );
    check(
        json!({"component": "c"}),
        &[Act::Fail],
        &[
            "bad: succeeded",
            "good: skipped",
            "next: succeeded",
            "passed: skipped",
            "pending: succeeded",
            "running: succeeded",
            "t: failed",
        ],
    );
    let never = json!({"component": "c", "trigger": {"condition": {"kind": "literal", "value": false}}});
    check(
        never,
        &[],
        &[
            "bad: skipped",
            "good: skipped",
            "next: succeeded",
            "passed: succeeded",
            "pending: skipped",
            "running: skipped",
            "t: skipped",
        ],
    );
    // A dag runs from its beginning.
    check(
        json!({"component": "dag"}),
        &[],
        &[
            "bad: skipped",
            "good: succeeded",
            "next: succeeded",
            "passed: skipped",
            "pending: skipped",
            "running: succeeded",
            "t: succeeded",
            "t/leaf: succeeded",
        ],
    );
}

#[test]
fn a_hook_runs_beside_what_it_watches() {
    let mut world = World::new(plan(json!({"component": "c"}), HOOKS)).script("t", &[Act::Hang]);
    world.submit(json!({}));
    let attempt = world.launched_attempts().into_iter().find(|it| it.task.name() == "t").unwrap();
    world.observe_start(&attempt);
    world.settle();
    assert_eq!(world.phases(), ["pending: succeeded", "running: succeeded", "t: running"]);
    // A task that waits runs.
    let mut world = World::new(plan(json!({"component": "ask"}), HOOKS));
    world.submit(json!({}));
    world.settle();
    assert_eq!(world.phases(), ["pending: succeeded", "running: succeeded", "t: running"]);
    world.input(&Input::Terminate);
    let view = |task: &str| world.state.task_view(&world.plan, &TaskKey(format!("root/{task}"))).unwrap();
    assert_eq!(serde_json::to_value(view("good").phase).unwrap(), "cancelled");
}

/// A value that was not there when the hook fired stays as it is written, however late its attempt is launched.
#[test]
fn what_is_not_there_stays_as_it_is_written() {
    let tag = json!({"kind": "tag", "name": "tasks.t.outputs.parameters.out"});
    let text = json!({"kind": "text", "text": [{"kind": "placeholder", "placeholder": tag}]});
    let mut watching = hook("Running");
    watching["component"] = json!("tell");
    watching["parameters"]["x"] = json!({"source": {"kind": "constant", "value": text}});
    let mut later = hook("Succeeded");
    later["component"] = json!("tell");
    later["parameters"]["x"] = watching["parameters"]["x"].clone();
    let given = json!([{"kind": "placeholder", "placeholder": {"kind": "input_parameter", "name": "x"}}]);
    let components = json!({
        "c": {"outputs": {"parameters": {"out": {"type": "STRING"}}}},
        "tell": {
            "inputs": {"parameters": {"x": {"type": "STRING"}}},
            "kind": {"kind": "container", "image": [], "env": [{"name": "X", "value": given}]},
        },
    });
    let tasks = json!({"t": {"component": "c"}, "now": watching, "then": later});
    let plan = Plan { dialect: Dialect::V1, ..world::plan(json!({"tasks": tasks}), components) };
    let mut world = World::new(plan).script("now", &[Act::Hang]).script("then", &[Act::Hang]);
    world.submit(json!({}));
    world.settle();
    assert_eq!(world.phases(), ["now: pending", "t: succeeded", "then: pending"]);
    let told = |task: &str| {
        let attempt = world.launched_attempts().into_iter().find(|it| it.task.name() == task).unwrap();
        let launch = launch(&world.plan, &world.state, &attempt).unwrap().into_container().unwrap();
        launch.env.into_iter().find(|(name, _)| name == "X").unwrap().1
    };
    assert_eq!(told("now"), "{{tasks.t.outputs.parameters.out}}");
    assert_eq!(told("then"), "t.out");
}
