//! Compares a run's document with what an `expect.yaml` says. Returns sentences, none when all is well.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// How an expectation is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// To the letter.
    Exact,
    /// For a run that may take earlier results, though the expectation knows of none: such a task has succeeded,
    /// and how often or when it ran says nothing.
    Cached,
}

/// Compares everything that the expectation gives.
pub fn compare(expected: &Map<String, Value>, document: &Value, reading: Reading) -> Vec<String> {
    let mut wrong = Vec::new();
    let state = expected.get("state").and_then(Value::as_str).unwrap_or("SUCCEEDED");
    if document["state"] != state {
        wrong.push(format!("run is {}, not {state}: {}", document["state"], document["error"]["message"]));
    }
    let tasks = by_path(document);
    states(expected, &tasks, reading, &mut wrong);
    if let Some(outputs) = expected.get("outputs") {
        let found = &document["outputs"]["parameters"];
        if !equal(outputs, found) {
            wrong.push(format!("outputs are {found}, not {outputs}"));
        }
    }
    for (path, key, value) in entries(expected, "parameters") {
        let found = tasks.get(path).map_or(&Value::Null, |task| &task["outputs"]["parameters"][key]);
        if !equal(value, found) {
            wrong.push(format!("parameter {key} of {path} is {found}, not {value}"));
        }
    }
    for (path, key, facts) in entries(expected, "artifacts") {
        let owner = if path == "root" { Some(document) } else { tasks.get(path).copied() };
        artifact(path, key, facts, owner, &mut wrong);
    }
    if reading == Reading::Exact {
        order(expected, &tasks, &mut wrong);
        attempts(expected, &tasks, &mut wrong);
        if let Some(least) = expected.get("min_seconds").and_then(Value::as_f64) {
            let seconds = tasks.get("root").and_then(|root| root["duration_seconds"].as_f64());
            if seconds.is_none_or(|seconds| seconds < least) {
                wrong.push(format!("the run took {seconds:?} s, less than {least}"));
            }
        }
    }
    wrong
}

fn by_path(document: &Value) -> BTreeMap<&str, &Value> {
    let tasks = document["tasks"].as_array().into_iter().flatten();
    tasks.filter_map(|task| Some((task["task_id"].as_str()?, task))).collect()
}

fn attempts(expected: &Map<String, Value>, tasks: &BTreeMap<&str, &Value>, wrong: &mut Vec<String>) {
    for (path, count) in expected.get("attempts").and_then(Value::as_object).into_iter().flatten() {
        let found = tasks.get(path.as_str()).and_then(|task| task["attempts"].as_array()).map_or(0, Vec::len);
        if count.as_u64() != Some(found as u64) {
            wrong.push(format!("{path} took {found} attempts, not {count}"));
        }
    }
}

fn state_of(task: &Value, reading: Reading) -> &str {
    match task["state"].as_str() {
        Some("CACHED") if reading == Reading::Cached => "SUCCEEDED",
        state => state.unwrap_or("none"),
    }
}

fn states(
    expected: &Map<String, Value>,
    tasks: &BTreeMap<&str, &Value>,
    reading: Reading,
    wrong: &mut Vec<String>,
) {
    let Some(wanted) = expected.get("tasks").and_then(Value::as_object) else { return };
    for (path, state) in wanted {
        // With a lenient reading, what the expectation takes from the cache may be either.
        let state = match state.as_str() {
            Some("CACHED") if reading == Reading::Cached => "SUCCEEDED",
            state => state.unwrap_or("none"),
        };
        let found = tasks.get(path.as_str()).map_or("absent", |task| state_of(task, reading));
        if state != found {
            let why = tasks.get(path.as_str()).map_or(&Value::Null, |task| &task["error"]["message"]);
            wrong.push(format!("{path} is {found}, not {state} ({why})"));
        }
    }
    if expected.get("partial") == Some(&Value::Bool(true)) {
        return;
    }
    for (path, task) in tasks {
        let runs = matches!(task["kind"].as_str(), Some("container" | "importer" | "resource"));
        if runs && !wanted.contains_key(*path) {
            wrong.push(format!("{path} is {}, but was not expected at all", state_of(task, reading)));
        }
    }
}

/// Lists (task path, output, expectation) of a two-level mapping.
fn entries<'a>(expected: &'a Map<String, Value>, key: &str) -> Vec<(&'a str, &'a str, &'a Value)> {
    let tasks = expected.get(key).and_then(Value::as_object).into_iter().flatten();
    tasks
        .flat_map(|(path, outputs)| {
            let outputs = outputs.as_object().into_iter().flatten();
            outputs.map(move |(key, value)| (path.as_str(), key.as_str(), value))
        })
        .collect()
}

fn artifact(path: &str, key: &str, facts: &Value, owner: Option<&Value>, wrong: &mut Vec<String>) {
    let list = owner.and_then(|owner| owner["outputs"]["artifacts"].as_array()).into_iter().flatten();
    let found: Vec<&Value> = list.filter(|artifact| artifact["name"] == key).collect();
    let facts = match facts {
        Value::Array(several) => several.as_slice(),
        one => std::slice::from_ref(one),
    };
    if found.len() != facts.len() {
        wrong.push(format!("{path} has {} artifacts {key}, not {}", found.len(), facts.len()));
        return;
    }
    for (facts, found) in facts.iter().zip(found) {
        one_artifact(path, key, facts, found, wrong);
    }
}

fn one_artifact(path: &str, key: &str, facts: &Value, found: &Value, wrong: &mut Vec<String>) {
    if let Some(title) = facts.get("type")
        && !equal(title, &found["type"])
    {
        wrong.push(format!("artifact {key} of {path} is a {}, not a {title}", found["type"]));
    }
    for (name, value) in facts.get("metadata").and_then(Value::as_object).into_iter().flatten() {
        if !equal(value, &found["metadata"][name]) {
            wrong.push(format!(
                "{name} of artifact {key} of {path} is {}, not {value}",
                found["metadata"][name]
            ));
        }
    }
    if let Some(text) = facts.get("text").and_then(Value::as_str) {
        let uri = found["uri"].as_str().unwrap_or_default();
        match std::fs::read_to_string(uri) {
            Ok(content) if content == text => {}
            Ok(content) => wrong.push(format!("artifact {key} of {path} holds {content:?}, not {text:?}")),
            Err(error) => wrong.push(format!("artifact {key} of {path} at {uri}: {error}")),
        }
    }
}

fn order(expected: &Map<String, Value>, tasks: &BTreeMap<&str, &Value>, wrong: &mut Vec<String>) {
    for pair in expected.get("order").and_then(Value::as_array).into_iter().flatten() {
        let (Some(first), Some(second)) = (pair[0].as_str(), pair[1].as_str()) else {
            wrong.push(format!("order {pair} is no pair of tasks"));
            continue;
        };
        let ended = tasks.get(first).and_then(|task| edge(task, "ended"));
        let started = tasks.get(second).and_then(|task| edge(task, "started"));
        match (ended, started) {
            (Some(ended), Some(started)) if ended <= started => {}
            times => wrong.push(format!("{first} had not ended when {second} started: {times:?}")),
        }
    }
}

/// Returns when a task's command started (its first attempt) or ended (its last), in microseconds.
fn edge(task: &Value, which: &str) -> Option<i64> {
    let attempts = task["attempts"].as_array()?;
    let attempt = if which == "started" { attempts.first() } else { attempts.last() };
    attempt?["usage"][format!("{which}_at_us")].as_i64()
}

/// Compares JSON values, numbers by value.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|found| equal(value, found)))
        }
        (Value::Object(empty), Value::Null) => empty.is_empty(),
        _ => one == other,
    }
}
