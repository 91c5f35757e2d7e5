//! Pod settings and tasks that act on objects: names, nulls, the workspace, cache keys, what code is handed.
//!
//! Expectations come from v2 semantics 1.2, 1.9 and 2.7.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod world;

use pipewright_engine::{AttemptId, Order, RunId, TaskKey, launch};
use pipewright_plan::{Plan, Value};
use serde_json::json;
use world::{Act, World, plan};

fn text(text: &str) -> Value {
    json!({"kind": "text", "text": [{"kind": "literal", "text": text}]})
}

fn bound(source: Value, optional_entry: bool) -> Value {
    json!({"kind": "bound", "binding": {"source": source}, "optional_entry": optional_entry})
}

fn dag_input(name: &str) -> Value {
    json!({"kind": "dag_input", "name": name})
}

fn output_of(task: &str) -> Value {
    json!({"kind": "task_output", "task": task, "key": "out"})
}

fn secret(name: Value) -> Value {
    json!({"path": text("/s"), "read_only": true, "source": {"kind": "secret", "name": name}})
}

fn claim(name: Value) -> Value {
    json!({"path": text("/c"), "source": {"kind": "claim", "name": name}})
}

fn container(pod: Value) -> Value {
    json!({"kind": {"kind": "container", "image": [], "platform": {"pod": pod}}})
}

/// One task `use` of these settings in a dag with inputs `given` and `empty`, and a sibling `name`.
fn one_task(pod: Value) -> Plan {
    let tasks = json!({"name": {"component": "named"}, "use": {"component": "used", "upstream": ["name"]}});
    let optional = json!({"type": "STRING", "optional": true});
    let inputs = json!({"parameters": {"given": optional, "empty": optional}});
    let named = json!({"outputs": {"parameters": {"out": {"type": "STRING"}}}});
    plan(json!({"inputs": inputs, "tasks": tasks}), json!({"named": named, "used": container(pod)}))
}

fn world(plan: Plan) -> World {
    World::new(plan).script("name", &[Act::Succeed(json!({"out": "made"}))]).script("use", &[Act::Hang])
}

fn order(world: &World, task: &str) -> Order {
    let run = RunId("11111111-2222-3333-4444-555555555555".to_owned());
    let attempt = AttemptId { run, task: TaskKey(format!("root/{task}")), number: 0 };
    launch(&world.plan, &world.state, &attempt).unwrap_or_else(|| panic!("{task} is not in flight"))
}

fn error(world: &World, task: &str) -> String {
    let view = world.state.task_view(&world.plan, &TaskKey(format!("root/{task}"))).unwrap();
    view.error.map(|failure| failure.message).unwrap_or_default()
}

#[test]
fn names_come_from_around_the_task() {
    let check = |pod: Value, expected: Value| {
        let world = world(one_task(pod.clone())).run(json!({"given": "mine"}));
        let pod = order(&world, "use").into_container().unwrap().pod;
        assert_eq!(serde_json::to_value(pod).unwrap(), expected);
    };
    let seen = |name: &str| json!({"path": "/s", "read_only": true, "source": {"kind": "secret", "name": name, "optional": false}});
    check(json!({"volumes": [secret(text("fixed"))]}), json!({"volumes": [seen("fixed")]}));
    check(json!({"volumes": [secret(bound(dag_input("given"), true))]}), json!({"volumes": [seen("mine")]}));
    check(json!({"volumes": [secret(bound(output_of("name"), true))]}), json!({"volumes": [seen("made")]}));
    // A null on an entry that may be left out leaves it out, and only it.
    let volumes = json!([secret(bound(dag_input("empty"), true)), claim(bound(output_of("name"), false))]);
    let expected = json!([{"path": "/c", "read_only": false, "source": {"kind": "claim", "name": "made"}}]);
    check(json!({"volumes": volumes}), json!({"volumes": expected}));
    let variable = |name: Value| json!({"kind": "config_map", "name": name, "key": "k", "variable": "V"});
    let env = json!([variable(bound(dag_input("empty"), true)), variable(bound(dag_input("given"), true))]);
    let expected =
        json!([{"kind": "config_map", "name": "mine", "key": "k", "variable": "V", "optional": false}]);
    check(json!({"env": env, "labels": {"a": text("b")}}), json!({"env": expected, "labels": {"a": "b"}}));
}

#[test]
fn a_name_that_cannot_be_had_fails_the_task_before_it_runs() {
    let check = |name: Value, words: &str| {
        let world = world(one_task(json!({"volumes": [claim(name)]}))).run(json!({"given": ""}));
        assert!(!world.launched.contains(&"use".to_owned()));
        assert!(error(&world, "use").contains(words), "{}", error(&world, "use"));
        assert_eq!(world.phase(), "failed");
    };
    check(bound(dag_input("empty"), false), "is null");
    check(bound(dag_input("given"), false), "is empty");
}

#[test]
fn names_inside_a_loop_come_from_the_iteration() {
    let component = container(json!({"volumes": [claim(bound(dag_input("item"), false))]}));
    let body = json!({"inputs": {"parameters": {"item": {"type": "STRING"}}},
        "tasks": {"use": {"component": "used"}}});
    let each =
        json!({"kind": "parameter", "items": {"kind": "static", "values": ["a", "b"]}, "item_input": "item"});
    let root = json!({"tasks": {"loop": {"component": "body", "iterator": each}}});
    let world = World::new(plan(root, json!({"body": body, "used": component})))
        .script("loop[0]/use", &[Act::Hang])
        .script("loop[1]/use", &[Act::Hang])
        .run(json!({}));
    let names = ["loop[0]/use", "loop[1]/use"].map(|task| {
        let pod = order(&world, task).into_container().unwrap().pod;
        pod.volumes[0].source.names()[0].clone()
    });
    assert_eq!(names, ["a", "b"]);
}

fn claims(parameters: Value) -> World {
    let optional = |kind: &str| json!({"type": kind, "optional": true});
    let inputs = json!({"access_modes": {"type": "LIST"}, "size": {"type": "STRING"},
        "pvc_name": optional("STRING"), "pvc_name_suffix": optional("STRING"),
        "storage_class_name": {"type": "STRING", "optional": true, "default": ""},
        "annotations": optional("STRUCT")});
    let create = json!({"inputs": {"parameters": inputs}, "kind": {"kind": "resource", "resource": "create_claim"},
        "outputs": {"parameters": {"name": {"type": "STRING"}}}});
    let delete = json!({"inputs": {"parameters": {"pvc_name": {"type": "STRING"}}},
        "kind": {"kind": "resource", "resource": "delete_claim"}});
    let from_name = json!({"source": {"kind": "task_output", "task": "create", "key": "name"}});
    let retry = json!({"max_retries": 1, "backoff": {"secs": 1, "nanos": 0}, "factor": 2.0});
    let root = json!({"tasks": {
        "create": {"component": "create", "parameters": parameters, "retry": retry,
            "caching": {"enabled": true}},
        "delete": {"component": "delete", "parameters": {"pvc_name": from_name}, "upstream": ["create"]}}});
    World::new(plan(root, json!({"create": create, "delete": delete})))
}

fn constant(value: Value) -> Value {
    json!({"source": {"kind": "constant", "value": {"kind": "literal", "value": value}}})
}

#[test]
fn claims_are_asked_for_as_their_inputs_say() {
    let modes = constant(json!(["ReadWriteOnce"]));
    let check = |more: Value, expected: Value| {
        let mut parameters = json!({"access_modes": modes, "size": constant(json!("1Gi"))});
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let world = claims(parameters).script("create", &[Act::Hang]).run(json!({}));
        let call = order(&world, "create").into_resource().unwrap();
        assert_eq!(call.namespace, "default");
        assert_eq!(call.manifest, expected);
        assert!(world.journal.iter().all(|event| !format!("{event:?}").contains("Cache")));
    };
    let manifest = |metadata: Value, class: Option<&str>| {
        let mut spec =
            json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}});
        if let Some(class) = class {
            spec["storageClassName"] = json!(class);
        }
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})
    };
    check(json!({"pvc_name": constant(json!("data"))}), manifest(json!({"name": "data"}), None));
    let given = json!({"pvc_name": constant(json!("data")), "storage_class_name": constant(json!("")),
        "annotations": constant(json!({"a": "b"}))});
    check(given, manifest(json!({"name": "data", "annotations": {"a": "b"}}), Some("")));
}

#[test]
fn random_names_are_the_same_each_time_they_are_asked_for() {
    let parameters = json!({"access_modes": constant(json!(["ReadWriteMany"])),
        "size": constant(json!("1Gi")), "pvc_name_suffix": constant(json!("-data"))});
    let world = claims(parameters).script("create", &[Act::Hang]).run(json!({}));
    let name = || {
        let call = order(&world, "create").into_resource().unwrap();
        call.manifest["metadata"]["name"].as_str().unwrap().to_owned()
    };
    assert!(name().ends_with("-data"), "{}", name());
    assert_eq!(name().len(), 36 + "-data".len());
    assert_eq!(name(), name());
}

#[test]
fn resource_tasks_have_attempts_like_any_other() {
    let parameters = json!({"access_modes": constant(json!(["ReadWriteOnce"])),
        "size": constant(json!("1Gi")), "pvc_name": constant(json!("data"))});
    let world = claims(parameters)
        .script("create", &[Act::Fail, Act::Succeed(json!({"name": "data"}))])
        .run(json!({}));
    assert_eq!(world.phases(), ["create: succeeded", "delete: succeeded"]);
    assert_eq!(world.launched, ["create", "create", "delete"]);
    assert_eq!(world.outputs("create"), json!({"name": "data"}));
    assert_eq!(world.inputs("delete"), json!({"pvc_name": "data"}));
    let both = json!({"access_modes": constant(json!(["ReadWriteOnce"])), "size": constant(json!("1Gi")),
        "pvc_name": constant(json!("a")), "pvc_name_suffix": constant(json!("b"))});
    let world = claims(both).run(json!({}));
    assert_eq!(world.phases(), ["create: failed", "delete: omitted"]);
    assert!(error(&world, "create").contains("only one may be"));
}

#[test]
fn the_workspace_is_for_tasks_that_speak_of_it() {
    let mut made = {
        let component = json!({"inputs": {"parameters": {"x": {"type": "STRING"}}},
            "kind": {"kind": "container", "image": []}});
        let given = |value: &str| json!({"component": "c", "parameters": {"x": constant(json!(value))}});
        let tasks = json!({"with": given("/kfp-workspace/a"), "without": given("/a")});
        plan(json!({"tasks": tasks}), json!({"c": component}))
    };
    made.platform.workspace = Some(Default::default());
    let world = World::new(made).script("with", &[Act::Hang]).script("without", &[Act::Hang]).run(json!({}));
    let volumes = |task: &str| {
        let launch = order(&world, task).into_container().unwrap();
        serde_json::to_value(launch.pod.volumes).unwrap()
    };
    let workspace = json!([{"path": "/kfp-workspace", "read_only": false, "source": {"kind": "workspace"}}]);
    assert_eq!(volumes("with"), workspace);
    assert_eq!(volumes("without"), json!([]));
}

/// The cache key of a task with these settings.
fn key(pod: Value) -> (String, Vec<String>) {
    let mut made = one_task(pod);
    let pipewright_plan::ComponentKind::Dag(dag) = &mut made.components["root"].kind else { panic!() };
    dag.tasks["use"].caching.enabled = true;
    let world = world(made).run(json!({"given": "mine"}));
    let view = world.state.task_view(&world.plan, &TaskKey("root/use".to_owned())).unwrap();
    let fingerprint = view.fingerprint.unwrap();
    (fingerprint.key.clone(), fingerprint.document.keys().cloned().collect())
}

#[test]
fn names_of_objects_are_part_of_the_cache_key() {
    let env =
        |name: &str| json!({"env": [{"kind": "secret", "name": text(name), "key": "k", "variable": "V"}]});
    assert_ne!(key(env("one")).0, key(env("other")).0);
    let by_input = json!({"volumes": [claim(bound(dag_input("given"), false))]});
    let by_text = json!({"volumes": [claim(text("mine"))]});
    assert_eq!(key(by_input), key(by_text.clone()));
    assert!(key(by_text).1.contains(&"volume claims".to_owned()));
    // Where a pod runs and what it is called changes no result, unless the command can see it.
    let labels = |value: &str| json!({"labels": {"team": text(value)}});
    assert_eq!(key(labels("a")).0, key(json!({})).0);
    let seen = |value: &str| {
        json!({"labels": {"team": text(value)},
            "env": [{"kind": "field", "variable": "T", "path": "metadata.labels['team']"}]})
    };
    assert_ne!(key(seen("a")).0, key(seen("b")).0);
}

#[test]
fn code_is_handed_its_settings_in_the_notation_of_kubernetes() {
    let literal = |value: Value| json!({"kind": "literal", "value": value});
    let name = |name: &str| json!([{"kind": "literal", "text": name}]);
    let base = json!({"kind": "struct", "fields": [
        [name("tolerations"), literal(json!([{"key": "a"}]))],
        [name("nodeSelector"), literal(json!({"old": "1"}))],
        [name("affinity"), literal(Value::Null)],
    ]});
    let pod = json!({
        "volumes": [claim(bound(dag_input("given"), false)), secret(bound(dag_input("empty"), true))],
        "env": [{"kind": "secret", "name": text("s"), "key": "k", "variable": "V", "optional": true}],
    });
    let terms = json!({"requiredDuringSchedulingIgnoredDuringExecution":
        {"nodeSelectorTerms": [{"matchExpressions": []}]}});
    let config = json!({"base": base, "pod": pod, "workspace": true,
        "node_selector": constant(json!({"new": "1"})), "affinity": [constant(terms.clone())],
        "tolerations": [constant(json!([{"key": "b"}])), constant(json!({"key": "c"})), constant(json!({}))]});
    let component = json!({"inputs": {"parameters": {"config": {"type": "TASK_CONFIG"}}},
        "kind": {"kind": "container", "image": []}});
    let bound = json!({"source": {"kind": "task_config", "config": config}});
    let tasks = json!({"use": {"component": "c", "parameters": {"config": bound}}});
    let optional = json!({"type": "STRING", "optional": true});
    let inputs = json!({"parameters": {"given": optional, "empty": optional}});
    let made = plan(json!({"inputs": inputs, "tasks": tasks}), json!({"c": component}));
    let world = World::new(made).run(json!({"given": "mine"}));
    let variable =
        json!({"name": "V", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": true}}});
    let expected = json!({"config": {
        "affinity": {"nodeAffinity": terms},
        "tolerations": [{"key": "a"}, {"key": "b"}, {"key": "c"}],
        "nodeSelector": {"new": "1"},
        "env": [variable],
        "volumes": [{"name": "mine", "persistentVolumeClaim": {"claimName": "mine"}}],
        "volumeMounts": [{"name": "mine", "mountPath": "/c"}],
    }});
    assert_eq!(world.inputs("use"), expected);
}

#[test]
fn companions_are_asked_for_with_their_own_settings() {
    let companion = |name: &str, role: &str, memory: &str| {
        json!({"name": name, "role": role, "container": {
            "image": [{"kind": "literal", "text": name}],
            "env": [{"name": "WHO", "value": [{"kind": "literal", "text": name}]}],
            "platform": {"pod": {"volumes": [secret(text(name))]}},
            "resources": {"memory_request": [{"kind": "literal", "text": memory}]}}})
    };
    let used = json!({"kind": {"kind": "container", "image": [{"kind": "literal", "text": "main"}],
        "platform": {"pod": {"labels": {"l": text("v")}}},
        "resources": {"memory_request": [{"kind": "literal", "text": "100"}]},
        "companions": [companion("one", "before", "250"), companion("two", "beside", "70"),
            companion("three", "beside", "50")]}});
    let plan = plan(json!({"tasks": {"use": {"component": "used"}}}), json!({"used": used}));
    let world = World::new(plan).script("use", &[Act::Hang]).run(json!({}));
    let launch = order(&world, "use").into_container().unwrap();
    // The largest of 100 + 70 + 50, together, and 250, before them.
    assert_eq!(launch.resources.memory_request_bytes, Some(250));
    for (companion, name) in launch.companions.iter().zip(["one", "two", "three"]) {
        let own = &companion.launch;
        assert_eq!((&*companion.name, &*own.image), (name, name));
        assert_eq!(own.env, [("WHO".to_owned(), name.to_owned())]);
        assert_eq!((own.pod.labels["l"].as_str(), own.pod.volumes.len()), ("v", 1));
        assert_eq!(own.attempt, launch.attempt);
    }
    assert!(launch.pod.volumes.is_empty());
}
