//! Every pipeline twice in a row on one server with the cache on: the second run takes each result that Kubeflow
//! Pipelines would take again, and gives the very same outputs.
//!
//! What must hit follows from the document and the two runs, not from what was found: a container task whose
//! document turns caching on, which succeeded before, and whose inputs are the same (parameters by value,
//! artifacts by identity) or whose cache key is. Groups and importers have no cache; an importer that does not
//! import anew gives the artifact of before.

use std::collections::BTreeMap;

use serde_json::Value;

use super::case::{self, Case, task_of};
use super::expect::{self, Reading};
use super::server::{Pending, Server, shared_home};
use super::{Found, check_all};

#[test]
fn second_runs_take_what_the_first_made() {
    let home = shared_home();
    let mut server = Server::start(&home.path);
    let mut cases = case::all();
    cases.retain(|case| case.cancel_after().is_none());
    check_all("corpus, twice with the cache", &cases, Case::name, |case| check(case, &server));
    server.stop();
}

fn check(case: &Case, server: &Server) -> Found {
    let specification = case.specification();
    let run = || server.submit(case, &specification).and_then(|run| Pending::new(case, run).wait(server));
    let (first, second) = match run().and_then(|first| Ok((first, run()?))) {
        Ok(both) => both,
        Err(wrong) => return Found::wrong(wrong),
    };
    // Without expectations of their own, runs with the cache do what those without it do.
    let reading = if case.uses_cache() { Reading::Exact } else { Reading::Cached };
    let mut wrong = expect::compare(&case.expect, &first, reading);
    let second_says = match case.expect.get("again").and_then(Value::as_object) {
        Some(again) => expect::compare(again, &second, reading),
        None => expect::compare(&case.expect, &second, Reading::Cached),
    };
    wrong.extend(second_says.into_iter().map(|line| format!("second run: {line}")));
    wrong.extend(hits(case, &specification, &first, &second));
    if !wrong.is_empty() {
        wrong.extend(server.failures(&second));
    }
    Found::of(&second, wrong)
}

/// Compares the tasks of the second run with those of the first.
fn hits(case: &Case, specification: &Value, first: &Value, second: &Value) -> Vec<String> {
    let before = by_path(first);
    let mut wrong = Vec::new();
    for (path, task) in by_path(second) {
        let (Some(document), Some(earlier)) = (task_of(specification, path), before.get(path)) else {
            continue;
        };
        let had_succeeded = matches!(earlier["state"].as_str(), Some("SUCCEEDED" | "CACHED"));
        match task["kind"].as_str() {
            Some("container") if case.is_never_cached(path) => {
                let is_cached = task["state"] == "CACHED";
                wrong.extend(
                    is_cached.then(|| format!("{path} is CACHED, but what it mounts is the run's own")),
                );
            }
            Some("container") if had_succeeded => wrong.extend(hit(path, document, earlier, task)),
            Some("importer") if had_succeeded => {
                wrong.extend(import(path, specification, document, earlier, task))
            }
            _ if task["state"] == "CACHED" => {
                wrong.push(format!("{path} is CACHED, but had not succeeded before"))
            }
            _ => {}
        }
    }
    wrong
}

fn hit(path: &str, document: &Value, earlier: &Value, task: &Value) -> Option<String> {
    let options = &document["cachingOptions"];
    let is_cached = task["state"] == "CACHED";
    if options["enableCache"] != true {
        return is_cached.then(|| format!("{path} is CACHED, but has caching turned off"));
    }
    let has_key = options["cacheKey"].as_str().is_some_and(|key| !key.is_empty());
    let is_same = same(&earlier["inputs"], &task["inputs"]);
    if (is_same || has_key) && !is_cached {
        return Some(format!("{path} is {}, but an earlier result was there", task["state"]));
    }
    if is_same && !same(&earlier["outputs"], &task["outputs"]) {
        return Some(format!("{path} gave {} from the cache, not {}", task["outputs"], earlier["outputs"]));
    }
    None
}

fn import(
    path: &str,
    specification: &Value,
    document: &Value,
    earlier: &Value,
    task: &Value,
) -> Option<String> {
    let specification = specification.get("pipeline_spec").unwrap_or(specification);
    let component = &specification["components"][document["componentRef"]["name"].as_str()?];
    let executors = &specification["deploymentSpec"]["executors"];
    let importer = &executors[component["executorLabel"].as_str()?]["importer"];
    if task["state"] == "CACHED" {
        return Some(format!("{path} is CACHED, but importers have no cache"));
    }
    let is_same = identities(earlier) == identities(task);
    let is_wanted = importer["reimport"] != true && same(&earlier["inputs"], &task["inputs"]);
    match (is_wanted, is_same) {
        (true, false) => Some(format!("{path} made another artifact, though it may take the one of before")),
        (false, true) => Some(format!("{path} took the artifact of before, though it imports anew")),
        _ => None,
    }
}

fn identities(task: &Value) -> Vec<&Value> {
    let artifacts = task["outputs"]["artifacts"].as_array().into_iter().flatten();
    artifacts.map(|artifact| &artifact["artifact_id"]).collect()
}

/// Compares inputs or outputs: parameters by value, artifacts by name and identity.
fn same(one: &Value, other: &Value) -> bool {
    let artifacts = |values: &Value| -> Vec<(Value, Value, Value)> {
        let list = values["artifacts"].as_array().into_iter().flatten();
        list.map(|one| (one["name"].clone(), one["artifact_id"].clone(), one["uri"].clone())).collect()
    };
    one["parameters"] == other["parameters"] && artifacts(one) == artifacts(other)
}

fn by_path(document: &Value) -> BTreeMap<&str, &Value> {
    let tasks = document["tasks"].as_array().into_iter().flatten();
    tasks.filter_map(|task| Some((task["task_id"].as_str()?, task))).collect()
}
