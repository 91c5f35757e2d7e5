//! Pipelines that benches and the crash test run, as PipelineSpec documents.

use serde_json::{Map, Value, json};

/// A pipeline in the making: components with their executors, and the root's tasks.
pub struct Pipeline {
    name: String,
    components: Map<String, Value>,
    executors: Map<String, Value>,
    tasks: Map<String, Value>,
}

impl Pipeline {
    /// Starts a pipeline without tasks.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), components: Map::new(), executors: Map::new(), tasks: Map::new() }
    }

    /// Adds a component that runs a container; `interface` holds input and output definitions.
    pub fn container(&mut self, name: &str, container: Value, interface: Value) -> &mut Self {
        let mut component = json!({ "executorLabel": format!("exec-{name}") });
        merge(&mut component, interface);
        self.components.insert(format!("comp-{name}"), component);
        self.executors.insert(format!("exec-{name}"), json!({ "container": container }));
        self
    }

    /// Adds a component that is a dag of these tasks.
    pub fn dag(&mut self, name: &str, tasks: Map<String, Value>, interface: Value) -> &mut Self {
        let mut component = json!({ "dag": { "tasks": tasks } });
        merge(&mut component, interface);
        self.components.insert(format!("comp-{name}"), component);
        self
    }

    /// Adds a component that is a dag of these tasks and hands on some of what they leave.
    pub fn dag_with_outputs(
        &mut self,
        name: &str,
        tasks: Map<String, Value>,
        interface: Value,
        outputs: Value,
    ) -> &mut Self {
        let mut component = json!({ "dag": { "tasks": tasks, "outputs": outputs } });
        merge(&mut component, interface);
        self.components.insert(format!("comp-{name}"), component);
        self
    }

    /// Adds a task to the root dag.
    pub fn task(&mut self, name: &str, task: Value) -> &mut Self {
        self.tasks.insert(name.to_owned(), task);
        self
    }

    /// Returns the document.
    pub fn build(&self) -> Value {
        json!({
            "pipelineInfo": { "name": self.name },
            "schemaVersion": "2.1.0",
            "sdkVersion": "kfp-2.17.0",
            "components": self.components,
            "deploymentSpec": { "executors": self.executors },
            "root": { "dag": { "tasks": self.tasks } },
        })
    }
}

/// Makes a task of this component; `more` adds fields (dependentTasks, inputs, retryPolicy, …).
pub fn task(name: &str, component: &str, more: Value) -> Value {
    let mut task = json!({
        "componentRef": { "name": format!("comp-{component}") },
        "taskInfo": { "name": name },
    });
    merge(&mut task, more);
    task
}

/// Makes a loop over the numbers below `count`, whose component receives each as `item`.
pub fn loop_task(name: &str, component: &str, count: u32) -> Value {
    let items = Value::from((0..count).collect::<Vec<_>>()).to_string();
    let iterator = json!({ "parameterIterator": { "itemInput": "item", "items": { "raw": items } } });
    task(name, component, iterator)
}

/// The interface of a component with one integer input `item`.
pub fn item_input() -> Value {
    json!({ "inputDefinitions": { "parameters": { "item": { "parameterType": "NUMBER_INTEGER" } } } })
}

/// A container that does nothing.
pub fn true_container() -> Value {
    json!({ "image": "busybox", "command": ["/bin/true"] })
}

/// A component made from a Python function, with the bootstrap that the kfp SDK 2.17.0 compiles.
pub fn python_container(function: &str, source: &str) -> Value {
    let install = "\nif ! [ -x \"$(command -v pip)\" ]; then\n    python3 -m ensurepip || python3 -m ensurepip \
                   --user || apt-get install python3-pip\nfi\n\nPIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip \
                   install --quiet --no-warn-script-location 'kfp==2.17.0' '--no-deps' \
                   'typing-extensions>=3.7.4,<5; python_version<\"3.9\"' && \"$0\" \"$@\"\n";
    let start = "program_path=$(mktemp -d)\n\nprintf \"%s\" \"$0\" > \"$program_path/ephemeral_component.py\"\n\
                 _KFP_RUNTIME=true python3 -m kfp.dsl.executor_main                         \
                 --component_module_path                         \"$program_path/ephemeral_component.py\"                         \
                 \"$@\"\n";
    let preamble = "\nimport kfp\nfrom kfp import dsl\nfrom kfp.dsl import *\nfrom typing import *\n\n";
    json!({
        "image": "python:3.11",
        "command": ["sh", "-c", install, "sh", "-ec", start, format!("{preamble}{source}\n")],
        "args": ["--executor_input", "{{$}}", "--function_to_execute", function],
    })
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

/// Returns a chain of `count` equal tasks, each after the one before.
pub fn chain(name: &str, container: Value, count: u32) -> Value {
    let mut pipeline = Pipeline::new(name);
    pipeline.container("noop", container, json!({}));
    for index in 0..count {
        let before: Vec<String> =
            index.checked_sub(1).map(|before| format!("t{before}")).into_iter().collect();
        let own = format!("t{index}");
        pipeline.task(&own, task(&own, "noop", json!({ "dependentTasks": before })));
    }
    pipeline.build()
}

/// Returns a loop whose `count` iterations hold one task each.
pub fn fan_out(name: &str, container: Value, count: u32) -> Value {
    let mut pipeline = Pipeline::new(name);
    pipeline.container("noop", container, json!({}));
    let inner = Map::from_iter([("noop".to_owned(), task("noop", "noop", json!({})))]);
    pipeline.dag("body", inner, item_input());
    pipeline.task("for-each", loop_task("for-each", "body", count));
    pipeline.build()
}

/// Returns groups of twenty Python steps each, every step a component of its own, as the SDK compiles them.
pub fn many_components(steps: u32) -> Value {
    let source = "def step(text: str, number: int, out: Output[Model]) -> str:\n    import json\n    rows = []\n    \
                  with open(out.path) as source:\n        for line in source:\n            row = json.loads(line)\n            \
                  if row[\"number\"] > number and \"quoted\" in text:\n                rows.append({'key': row['key']})\n    \
                  with open(out.path, \"w\") as target:\n        \
                  target.write(\"\\n\".join(json.dumps(row) for row in rows))\n    return text + str(len(rows))\n";
    let model = json!({ "artifactType": { "schemaTitle": "system.Model", "schemaVersion": "0.0.1" } });
    let interface = json!({
        "inputDefinitions": { "parameters": {
            "text": { "parameterType": "STRING" },
            "number": { "parameterType": "NUMBER_INTEGER", "defaultValue": 5, "isOptional": true },
        } },
        "outputDefinitions": {
            "parameters": { "Output": { "parameterType": "STRING" } },
            "artifacts": { "out": model },
        },
    });
    let text_input =
        json!({ "inputDefinitions": { "parameters": { "text": { "parameterType": "STRING" } } } });
    let mut pipeline = Pipeline::new("many-components");
    for group in 0..steps.div_ceil(20) {
        let mut tasks = Map::new();
        for index in 0..20 {
            let name = format!("step-{group}-{index}");
            pipeline.container(&name, python_container("step", source), interface.clone());
            let before = format!("step-{group}-{}", index.max(1) - 1);
            let (text, after) = if index == 0 {
                (json!({ "componentInputParameter": "text" }), json!([]))
            } else {
                let output = json!({ "producerTask": before, "outputParameterKey": "Output" });
                (json!({ "taskOutputParameter": output }), json!([before]))
            };
            let number = json!({ "runtimeValue": { "constant": index } });
            let more = json!({
                "inputs": { "parameters": { "text": text, "number": number } },
                "dependentTasks": after,
                "cachingOptions": { "enableCache": true },
            });
            tasks.insert(name.clone(), task(&name, &name, more));
        }
        let name = format!("group-{group}");
        pipeline.dag(&name, tasks, text_input.clone());
        let text = json!({ "runtimeValue": { "constant": "a" } });
        pipeline.task(&name, task(&name, &name, json!({ "inputs": { "parameters": { "text": text } } })));
    }
    pipeline.build()
}
