//! What the v1 API tells of a run: the nodes, messages and logs that an `expect.yaml` asks for, and what holds of
//! the status of every workflow. Source: v1 semantics 2.7 and 2.9.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};

use super::server::Server;

/// Compares the workflow manifest of a run with the expectation's `nodes`, `message`, `metrics` and `logs`.
pub fn compare(expected: &Map<String, Value>, document: &Value, server: &Server) -> Vec<String> {
    let run = document["run_id"].as_str().unwrap_or_default();
    let answer = match server.call("GET", &format!("/apis/v1beta1/runs/{run}"), None) {
        Ok(answer) => answer,
        Err(wrong) => return vec![wrong],
    };
    let text = answer["pipeline_runtime"]["workflow_manifest"].as_str().unwrap_or_default();
    let Ok(manifest) = serde_json::from_str::<Value>(text) else {
        return vec!["the v1 API has no workflow manifest for the run".to_owned()];
    };
    let mut wrong = well_formed(&manifest, &answer["run"]);
    let workflow = manifest["metadata"]["name"].as_str().unwrap_or_default();
    let status = &manifest["status"];
    if let Some(message) = expected.get("message")
        && !equal(message, status.get("message").unwrap_or(&Value::from("")), &Value::Null)
    {
        wrong.push(format!("the workflow's message is {}, not {message}", status["message"]));
    }
    for (short, facts) in expected.get("nodes").and_then(Value::as_object).into_iter().flatten() {
        match node(status, workflow, short) {
            None => wrong.push(format!("there is no node {short}")),
            Some(found) => wrong.extend(
                differences(facts, found, (status, workflow)).map(|line| format!("node {short}: {line}")),
            ),
        }
    }
    for (short, metrics) in expected.get("metrics").and_then(Value::as_object).into_iter().flatten() {
        let id = node(status, workflow, short).map(|node| &node["id"]);
        let all = answer["run"]["metrics"].as_array().into_iter().flatten();
        let of_node = all.filter(|metric| Some(&metric["node_id"]) == id);
        let found: Map<String, Value> = of_node
            .filter_map(|metric| Some((metric["name"].as_str()?.to_owned(), metric["number_value"].clone())))
            .collect();
        let number = |value: &Value| value.as_f64();
        let asked = metrics.as_object().into_iter().flatten();
        let is_same = asked.clone().count() == found.len()
            && asked.clone().all(|(name, value)| found.get(name).and_then(number) == number(value));
        if !is_same {
            wrong.push(format!("the metrics of {short} are {}, not {metrics}", Value::Object(found)));
        }
    }
    if let Some(claims) = expected.get("claims") {
        wrong.extend(unlike_claims(claims, &manifest, server));
    }
    for (short, artifacts) in expected.get("reads").and_then(Value::as_object).into_iter().flatten() {
        let id = node(status, workflow, short).and_then(|node| node["id"].as_str()).unwrap_or_default();
        for (name, facts) in artifacts.as_object().into_iter().flatten() {
            let path = format!("/apis/v1beta1/runs/{run}/nodes/{id}/artifacts/{name}:read");
            match server.call("GET", &path, None) {
                Ok(answer) => {
                    wrong.extend(unlike(facts, &answer).map(|why| format!("{name} of {short} {why}")))
                }
                Err(why) => wrong.push(why),
            }
        }
    }
    for (short, text) in expected.get("logs").and_then(Value::as_object).into_iter().flatten() {
        let Some(found) = node(status, workflow, short) else {
            wrong.push(format!("there is no node {short}, so it has no log"));
            continue;
        };
        let id = found["id"].as_str().unwrap_or_default();
        let path = format!("/apis/v1alpha1/runs/{run}/nodes/{id}/log");
        // Lines of our own say which program stands for an image.
        let said = server.text("GET", &path).unwrap_or_else(|wrong| wrong);
        let lines = said.lines().filter(|line| !line.starts_with("pipewright: "));
        let said: String = lines.map(|line| format!("{line}\n")).collect();
        if Some(said.as_str()) != text.as_str() {
            wrong.push(format!("the log of {short} is {said:?}, not {text}"));
        }
    }
    wrong
}

/// Says which of the run's own claims are there after it, when others should be. They go soon after its end.
fn unlike_claims(expected: &Value, manifest: &Value, server: &Server) -> Option<String> {
    let workflow = manifest["metadata"]["name"].as_str().unwrap_or_default();
    let mut left = Value::Null;
    for _ in 0..100 {
        let path = "/apis/pipewright/v1/namespaces/default/objects?kind=PersistentVolumeClaim";
        let Ok(answer) = server.call("GET", path, None) else {
            return Some("no claims are listed".to_owned());
        };
        let all = answer["objects"].as_array().into_iter().flatten();
        let names = all.filter_map(|object| object["metadata"]["name"].as_str());
        let mut own: Vec<&str> =
            names.filter_map(|name| name.strip_prefix(workflow)?.strip_prefix('-')).collect();
        own.sort_unstable();
        left = Value::from(own);
        if left == *expected {
            let status = manifest["status"]["persistentVolumeClaims"].as_array().map_or(0, Vec::len);
            let shown = expected.as_array().map_or(0, Vec::len);
            return (status != shown).then(|| format!("the status shows {status} claims, not {shown}"));
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Some(format!("the claims {left} are left, not {expected}"))
}

/// Says in what an artifact that was read is not as expected: its `text`, the `kind` of archive, what it `holds`.
fn unlike(facts: &Value, answer: &Value) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(answer["data"].as_str()?).unwrap_or_default();
    let kind = match bytes.as_slice() {
        [0x1f, 0x8b, ..] => "gzip",
        [b'P', b'K', 3, 4, ..] => "zip",
        _ => "plain",
    };
    if facts.get("kind").is_some_and(|expected| expected != kind) {
        return Some(format!("is {kind}, not {}", facts["kind"]));
    }
    let text = String::from_utf8_lossy(&bytes);
    if facts.get("text").and_then(Value::as_str).is_some_and(|expected| expected != text) {
        return Some(format!("is {text:?}, not {}", facts["text"]));
    }
    let held = facts.get("holds").and_then(Value::as_str)?;
    (!text.contains(held)).then(|| format!("does not hold {held}"))
}

/// Finds a node by its name, with `root` for the workflow's own name.
fn node<'a>(status: &'a Value, workflow: &str, short: &str) -> Option<&'a Value> {
    let name = format!("{workflow}{}", short.strip_prefix("root")?);
    status["nodes"].as_object()?.values().find(|node| node["name"] == *name)
}

/// Says in what a node is not as expected; the keys are the format's own, `inputs` and `outputs` name parameters,
/// `children` and `outboundNodes` nodes.
fn differences<'a>(
    facts: &'a Value,
    found: &'a Value,
    (status, workflow): (&'a Value, &'a str),
) -> impl Iterator<Item = String> + 'a {
    facts.as_object().into_iter().flatten().filter_map(move |(key, expected)| {
        let shown = match key.as_str() {
            "inputs" | "outputs" => {
                let list = found[key]["parameters"].as_array().into_iter().flatten();
                let pairs =
                    list.filter_map(|one| Some((one["name"].as_str()?.to_owned(), one["value"].clone())));
                let all: Map<String, Value> = pairs.collect();
                let asked = expected.as_object().into_iter().flatten();
                // Only those that are asked for are compared.
                Value::Object(
                    asked
                        .map(|(name, _)| (name.clone(), all.get(name).cloned().unwrap_or_default()))
                        .collect(),
                )
            }
            "exitCode" => found["outputs"]["exitCode"].clone(),
            "artifacts" => {
                let list = found["outputs"]["artifacts"].as_array().into_iter().flatten();
                Value::Array(list.map(|artifact| artifact["name"].clone()).collect())
            }
            "keys" => {
                let list = found["outputs"]["artifacts"].as_array().into_iter().flatten();
                let last = |key: &Value| key.as_str()?.rsplit('/').next().map(Value::from);
                let keys = list.filter_map(|one| {
                    let name = one["name"].as_str().filter(|name| *name != "main-logs")?;
                    Some((name.to_owned(), last(&one["s3"]["key"])?))
                });
                Value::Object(keys.collect())
            }
            "children" | "outboundNodes" => {
                let ids = found[key].as_array().into_iter().flatten();
                let names = ids.filter_map(|id| status["nodes"][id.as_str()?]["name"].as_str());
                let mut names: Vec<String> = names.map(|name| name.replacen(workflow, "root", 1)).collect();
                names.sort();
                Value::from(names)
            }
            "message" => found.get(key).cloned().unwrap_or_else(|| Value::from("")),
            _ => found[key].clone(),
        };
        (!equal(expected, &shown, &found["id"])).then(|| format!("{key} is {shown}, not {expected}"))
    })
}

/// Compares; `$id` stands for the node's own id, and a text that ends with `…` for all that begin so.
fn equal(expected: &Value, shown: &Value, id: &Value) -> bool {
    match (expected, shown) {
        (Value::String(expected), _) if expected == "$id" => shown == id,
        (Value::String(expected), Value::String(shown)) => match expected.strip_suffix('…') {
            Some(start) => shown.starts_with(start),
            None => expected == shown,
        },
        (Value::Object(expected), Value::Object(shown)) => {
            expected.iter().all(|(key, value)| shown.get(key).is_some_and(|found| equal(value, found, id)))
        }
        _ => expected == shown,
    }
}

/// What holds of every workflow that has ended.
fn well_formed(manifest: &Value, run: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let workflow = manifest["metadata"]["name"].as_str().unwrap_or_default();
    let status = &manifest["status"];
    if run["name"] != manifest["metadata"]["annotations"]["pipelines.kubeflow.org/run_name"] {
        wrong.push("the workflow's annotation is not the run's name".to_owned());
    }
    if manifest["metadata"]["labels"]["pipeline/runid"] != run["id"] {
        wrong.push("the workflow's label is not the run's id".to_owned());
    }
    if !status["artifactRepositoryRef"]["artifactRepository"]["s3"].is_object() {
        wrong.push("the status names no artifact repository".to_owned());
    }
    let none = Map::new();
    let nodes = status["nodes"].as_object().unwrap_or(&none);
    let mut reached: Vec<&str> = vec![workflow];
    for (id, node) in nodes {
        let name = node["name"].as_str().unwrap_or_default();
        let mut must = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("node {name}: {what}"));
            }
        };
        let expected =
            if name == workflow { workflow.to_owned() } else { format!("{workflow}-{}", fnv1a(name)) };
        must(*id == expected && node["id"] == *id, "its id is not that of its name");
        must(name.starts_with(workflow), "its name does not begin with the workflow's");
        let around = node["boundaryID"].as_str().unwrap_or_default();
        must(around.is_empty() || nodes.contains_key(around), "there is no node of its boundary");
        let is_over = !matches!(node["phase"].as_str(), Some("Pending" | "Running"));
        must(is_over, "it has not ended, though the workflow has");
        must(node["finishedAt"].is_string() && node["startedAt"].is_string(), "it has no times");
        let is_pod = node["type"] == "Pod";
        must(!is_pod || node["progress"] == "1/1", "its progress is not 1/1");
        must(!is_pod || nodes.contains_key(around) || around.is_empty(), "it lies outside");
        for key in ["children", "outboundNodes"] {
            for other in node[key].as_array().into_iter().flatten().filter_map(Value::as_str) {
                must(nodes.contains_key(other), &format!("{key} names {other}, which is no node"));
                if key == "children" {
                    reached.push(other);
                }
            }
        }
    }
    let exit = format!("{workflow}.onExit");
    for node in nodes.values() {
        let id = node["id"].as_str().unwrap_or_default();
        let is_exit = node["name"] == *exit;
        if !reached.contains(&id) && !is_exit {
            wrong.push(format!("node {} is nobody's child", node["name"]));
        }
    }
    wrong
}

fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
