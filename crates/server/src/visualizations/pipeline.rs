//! The pipeline of a visualization: the source as an imported artifact, where it is a file here, and the program.

use serde_json::{Map, Value, json};

use super::Kind;
use super::source::Found;

/// The task that draws, and its output.
pub(crate) const TASK: &str = "root/visualize";
pub(crate) const OUTPUT: &str = "page";

const PROGRAM: &str = include_str!("program.py");

/// Returns the specification; it depends on where the source is, not on what it is called.
pub(super) fn specification(image: &str, source: &Found) -> Value {
    let mut parameters = parameters(&["type", "pattern"]);
    parameters["arguments"] = json!({"parameterType": "STRUCT"});
    let mut inputs = json!({"parameters": {
        "type": {"componentInputParameter": "type"},
        "pattern": {"componentInputParameter": "pattern"},
        "arguments": {"componentInputParameter": "arguments"},
    }});
    let mut definitions = json!({"parameters": parameters});
    let mut tasks = Map::new();
    let mut components = Map::new();
    let mut executors = Map::new();
    let place = match source {
        Found::Text(_) => {
            inputs["parameters"]["source"] = json!({"componentInputParameter": "source"});
            definitions["parameters"]["source"] = json!({"parameterType": "STRING"});
            "{{$.inputs.parameters['source']}}"
        }
        Found::Place { .. } => {
            inputs["artifacts"] = json!({"data": {"taskOutputArtifact": {
                "outputArtifactKey": "artifact", "producerTask": "source",
            }}});
            definitions["artifacts"] = json!({"data": {"artifactType": schema("system.Artifact")}});
            tasks.insert(
                "source".to_owned(),
                json!({
                    "componentRef": {"name": "comp-source"},
                    "inputs": {"parameters": {"uri": {"componentInputParameter": "source"}}},
                    "taskInfo": {"name": "source"},
                }),
            );
            components.insert("comp-source".to_owned(), json!({
                "executorLabel": "exec-source",
                "inputDefinitions": {"parameters": {"uri": {"parameterType": "STRING"}}},
                "outputDefinitions": {"artifacts": {"artifact": {"artifactType": schema("system.Artifact")}}},
            }));
            executors.insert(
                "exec-source".to_owned(),
                json!({"importer": {
                    "artifactUri": {"runtimeParameter": "uri"}, "typeSchema": schema("system.Artifact"),
                }}),
            );
            "{{$.inputs.artifacts['data'].path}}"
        }
    };
    let dependencies: Vec<&String> = tasks.keys().collect();
    let visualize = json!({
        "cachingOptions": {},
        "componentRef": {"name": "comp-visualize"},
        "dependentTasks": dependencies,
        "inputs": inputs,
        "taskInfo": {"name": "visualize"},
    });
    tasks.insert("visualize".to_owned(), visualize);
    components.insert(
        "comp-visualize".to_owned(),
        json!({
            "executorLabel": "exec-visualize",
            "inputDefinitions": definitions,
            "outputDefinitions": {"artifacts": {OUTPUT: {"artifactType": schema("system.HTML")}}},
        }),
    );
    executors.insert(
        "exec-visualize".to_owned(),
        json!({"container": {
            "image": image,
            "command": ["python3", "-c", PROGRAM],
            "args": [
                "{{$.inputs.parameters['type']}}", "{{$.inputs.parameters['arguments']}}", place,
                "{{$.inputs.parameters['pattern']}}", format!("{{{{$.outputs.artifacts['{OUTPUT}'].path}}}}"),
            ],
        }}),
    );
    let mut of_root = self::parameters(&["type", "pattern", "source"]);
    of_root["arguments"] = json!({"parameterType": "STRUCT"});
    json!({
        "components": components,
        "deploymentSpec": {"executors": executors},
        "pipelineInfo": {"name": "visualization"},
        "root": {"dag": {"tasks": tasks}, "inputDefinitions": {"parameters": of_root}},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.17.0",
    })
}

/// Returns the arguments of its run.
pub(super) fn arguments(kind: Kind, source: Found, arguments: Map<String, Value>) -> Map<String, Value> {
    let (source, pattern) = match source {
        Found::Text(text) => (text, String::new()),
        Found::Place { path, pattern } => (path, pattern),
    };
    Map::from_iter([
        ("type".to_owned(), Value::from(kind.name())),
        ("source".to_owned(), Value::from(source)),
        ("pattern".to_owned(), Value::from(pattern)),
        ("arguments".to_owned(), Value::Object(arguments)),
    ])
}

fn parameters(names: &[&str]) -> Value {
    Value::Object(names.iter().map(|name| ((*name).to_owned(), json!({"parameterType": "STRING"}))).collect())
}

fn schema(title: &str) -> Value {
    json!({"schemaTitle": title, "schemaVersion": "0.0.1"})
}

#[cfg(test)]
mod tests {
    use pipewright_compiler::{Library, compile_json};

    use super::*;

    #[test]
    fn it_compiles_wherever_the_source_is() {
        for (source, tasks) in [
            (Found::Text("gs://bucket/x".to_owned()), 1),
            (Found::Place { path: "/a".to_owned(), pattern: "*.csv".to_owned() }, 2),
        ] {
            let spec = specification("python", &source);
            compile_json(&spec, &Library::default()).unwrap();
            assert_eq!(spec["root"]["dag"]["tasks"].as_object().unwrap().len(), tasks);
        }
    }
}
