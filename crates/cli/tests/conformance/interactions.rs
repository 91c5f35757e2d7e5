//! Every two features that meet in pipelines have a pipeline of the corpus in which they do: the table
//! `conformance/interactions.yaml` has a row for each pair, and what it names has both features.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::case::{self, Case};
use super::{conformance, mapping};

/// The features whose interactions are told apart.
const FEATURES: [&str; 9] = [
    "loop",
    "condition",
    "nested pipeline",
    "exit handler",
    "retry",
    "cache",
    "Collected",
    "OneOf",
    "optional input",
];

#[test]
fn every_two_features_meet_in_a_pipeline() {
    let text = std::fs::read(conformance().join("interactions.yaml")).expect("the table of interactions");
    let mut table = mapping(&text);
    let cases = case::all();
    let features: BTreeMap<String, BTreeSet<&str>> =
        cases.iter().map(|case| (case.name(), features(case))).collect();
    let mut wrong = Vec::new();
    for (index, one) in FEATURES.iter().enumerate() {
        for other in &FEATURES[index + 1..] {
            let pair = format!("{one} + {other}");
            let names = table.remove(&pair).unwrap_or_default();
            let names: Vec<&str> = names.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if names.is_empty() {
                wrong.push(format!("{pair}: no pipeline is named"));
            }
            for name in names {
                match features.get(name) {
                    None => wrong.push(format!("{pair}: there is no pipeline {name}")),
                    Some(found) if found.contains(one) && found.contains(other) => {}
                    Some(found) => wrong.push(format!("{pair}: {name} has {found:?}")),
                }
            }
        }
    }
    wrong.extend(table.keys().map(|pair| format!("{pair} is no pair of features")));
    assert!(wrong.is_empty(), "interactions.yaml:\n{}", wrong.join("\n"));
}

/// Lists the features that a pipeline's document and expectations show.
fn features(case: &Case) -> BTreeSet<&'static str> {
    let specification = case.specification();
    let specification = specification.get("pipeline_spec").unwrap_or(&specification);
    let none = Map::new();
    let components = specification["components"].as_object().unwrap_or(&none);
    let mut found = BTreeSet::new();
    if case.uses_cache() {
        found.insert("cache");
    }
    for component in components.values().chain([&specification["root"]]) {
        if has_optional_input(component) {
            found.insert("optional input");
        }
        let Some(tasks) = component["dag"]["tasks"].as_object() else { continue };
        for task in tasks.values() {
            found.extend(of_task(task, tasks, components));
        }
        found.extend(of_outputs(&component["dag"]["outputs"], tasks));
    }
    found
}

/// A default makes an input optional too; only those without one can be absent where they are used.
fn has_optional_input(component: &Value) -> bool {
    let inputs = ["parameters", "artifacts"].map(|kind| component["inputDefinitions"][kind].as_object());
    inputs.into_iter().flatten().flat_map(Map::values).any(|input| {
        input["isOptional"] == true
            && input.get("defaultValue").is_none()
            && input["parameterType"] != "TASK_FINAL_STATUS"
    })
}

fn is_loop(task: &Value) -> bool {
    task.get("parameterIterator").is_some() || task.get("artifactIterator").is_some()
}

fn of_task(
    task: &Value,
    siblings: &Map<String, Value>,
    components: &Map<String, Value>,
) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let name = task["componentRef"]["name"].as_str().unwrap_or_default();
    let has_condition = task["triggerPolicy"].get("condition").is_some();
    let is_branches = name.starts_with("comp-condition-branches-");
    let is_exit_handler = name.starts_with("comp-exit-handler-");
    let is_dag = components.get(name).is_some_and(|component| component.get("dag").is_some());
    let facts = [
        ("loop", is_loop(task)),
        ("condition", has_condition),
        ("exit handler", is_exit_handler),
        ("retry", task.get("retryPolicy").is_some()),
        ("nested pipeline", is_dag && !is_loop(task) && !has_condition && !is_branches && !is_exit_handler),
        ("Collected", takes_from_loop(task, siblings)),
    ];
    found.extend(facts.into_iter().filter(|(_, is_so)| *is_so).map(|(feature, _)| feature));
    found
}

fn takes_from_loop(task: &Value, siblings: &Map<String, Value>) -> bool {
    let inputs = ["parameters", "artifacts"].map(|kind| task["inputs"][kind].as_object());
    inputs.into_iter().flatten().flat_map(Map::values).any(|input| {
        let sources =
            ["taskOutputParameter", "taskOutputArtifact"].map(|source| &input[source]["producerTask"]);
        sources.into_iter().filter_map(Value::as_str).any(|name| siblings.get(name).is_some_and(is_loop))
    })
}

fn of_outputs(outputs: &Value, tasks: &Map<String, Value>) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let all = ["parameters", "artifacts"].map(|kind| outputs[kind].as_object());
    for output in all.into_iter().flatten().flat_map(Map::values) {
        let selectors = output["artifactSelectors"].as_array().map_or(0, Vec::len);
        if output.get("valueFromOneof").is_some() || selectors > 1 {
            found.insert("OneOf");
        }
        let one = [&output["valueFromParameter"], &output["artifactSelectors"][0]];
        let producers = one.into_iter().filter_map(|source| source["producerSubtask"].as_str());
        if producers.into_iter().any(|name| tasks.get(name).is_some_and(is_loop)) {
            found.insert("Collected");
        }
    }
    found
}
