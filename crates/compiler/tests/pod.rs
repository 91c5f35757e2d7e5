//! Pod settings as older and newer SDKs write them, and the tasks that wait for the names in them.

use pipewright_compiler::compile;
use pipewright_plan::{ComponentKind, Plan};
use serde_json::{Value, json};

/// A pipeline whose task `use` stands in the root and in the dag `inner`, after these platform settings.
fn pipeline(settings: &str) -> Result<Plan, String> {
    let head = r#"
pipelineInfo: {name: pods}
schemaVersion: 2.1.0
components:
  comp-use: {executorLabel: exec-use}
  comp-name:
    executorLabel: exec-name
    outputDefinitions: {parameters: {out: {parameterType: STRING}}}
  comp-inner:
    dag: {tasks: {use: {componentRef: {name: comp-use}}}}
    inputDefinitions:
      parameters:
        pipelinechannel--given: {parameterType: STRING}
        shared: {parameterType: STRING}
        pipelinechannel--name-out: {parameterType: STRING}
deploymentSpec:
  executors:
    exec-use: {container: {image: busybox, command: ['true']}}
    exec-name: {container: {image: busybox, command: ['true']}}
root:
  inputDefinitions:
    parameters:
      shared: {parameterType: STRING}
  dag:
    tasks:
      name: {componentRef: {name: comp-name}}
      inner:
        componentRef: {name: comp-inner}
        inputs:
          parameters:
            shared: {componentInputParameter: shared}
            pipelinechannel--given: {componentInputParameter: shared}
            pipelinechannel--name-out: {taskOutputParameter: {producerTask: name, outputParameterKey: out}}
"#;
    let text = format!(
        "{head}---\nplatforms: {{kubernetes: {{deploymentSpec: {{executors: {{exec-use: {settings}}}}}}}}}\n"
    );
    compile(text.as_bytes()).map(|compiled| compiled.plan).map_err(|found| found.to_string())
}

fn pod(plan: &Plan) -> Value {
    let ComponentKind::Container(container) = &plan.components["comp-use"].kind else {
        panic!("a container")
    };
    json!(container.platform.pod)
}

fn claim(name: Value) -> Value {
    let path = json!({"kind": "text", "text": [{"kind": "literal", "text": "/d"}]});
    json!({"volumes": [{"path": path, "read_only": false, "source": {"kind": "claim", "name": name}}]})
}

fn input(name: &str) -> Value {
    let binding = json!({"source": {"kind": "dag_input", "name": name}});
    json!({"kind": "bound", "binding": binding, "optional_entry": false})
}

#[test]
fn a_claim_is_named_in_every_way_that_sdks_have_had() {
    let check = |settings: &str, name: Value| {
        let plan = pipeline(&format!("{{pvcMount: [{{mountPath: /d, {settings}}}]}}"));
        let plan = plan.unwrap_or_else(|found| panic!("{settings}: {found}"));
        assert_eq!(pod(&plan), claim(name), "{settings}");
    };
    let literal = json!({"kind": "text", "text": [{"kind": "literal", "text": "c"}]});
    check("constant: c", literal.clone());
    check("pvcNameParameter: {runtimeValue: {constant: c}}", literal.clone());
    // The newer field wins over the older one.
    check("constant: old, pvcNameParameter: {runtimeValue: {constant: c}}", literal);
    check("componentInputParameter: shared", input("shared"));
    // What the pipeline calls `given` is a channel in the dags inside.
    check("componentInputParameter: given", input("pipelinechannel--given"));
    check("pvcNameParameter: {componentInputParameter: given}", input("pipelinechannel--given"));
    let output = "taskOutputParameter: {producerTask: name, outputParameterKey: out}";
    check(output, input("pipelinechannel--name-out"));
    check(&format!("pvcNameParameter: {{{output}}}"), input("pipelinechannel--name-out"));
    let uuid = json!({"kind": "text", "text": [
        {"kind": "placeholder", "placeholder": {"kind": "job_uuid"}}, {"kind": "literal", "text": "-c"}]});
    check("pvcNameParameter: {runtimeValue: {constant: '{{$.pipeline_job_uuid}}-c'}}", uuid);
}

#[test]
fn a_channel_inside_a_text_is_refused() {
    let name = "{{channel:task=;name=given;type=String;}}-x";
    let found = pipeline(&format!(
        "{{secretAsVolume: [{{mountPath: /s, secretNameParameter: {{runtimeValue: {{constant: '{name}'}}}}}}]}}"
    ));
    let found = found.expect_err("the SDK does not fill it");
    assert!(found.contains("f-string"), "{found}");
}

#[test]
fn a_task_waits_for_the_task_that_names_its_volume() {
    let text = r#"
pipelineInfo: {name: pods}
schemaVersion: 2.1.0
components:
  comp-use: {executorLabel: exec-use}
  comp-create:
    executorLabel: exec-create
    inputDefinitions:
      parameters: {access_modes: {parameterType: LIST}, size: {parameterType: STRING}}
    outputDefinitions: {parameters: {name: {parameterType: STRING}}}
deploymentSpec:
  executors:
    exec-use: {container: {image: busybox, command: ['true']}}
    exec-create: {container: {image: argostub/createpvc}}
root:
  dag:
    tasks:
      create:
        componentRef: {name: comp-create}
        inputs:
          parameters:
            access_modes: {runtimeValue: {constant: [ReadWriteOnce]}}
            size: {runtimeValue: {constant: 1Gi}}
      use: {componentRef: {name: comp-use}}
---
platforms:
  kubernetes:
    deploymentSpec:
      executors:
        exec-use:
          pvcMount:
          - mountPath: /d
            pvcNameParameter: {taskOutputParameter: {producerTask: create, outputParameterKey: name}}
"#;
    let plan = compile(text.as_bytes()).unwrap_or_else(|found| panic!("{found}")).plan;
    let ComponentKind::Dag(root) = &plan.components["root"].kind else { panic!("a dag") };
    assert_eq!(json!(root.tasks["use"].upstream), json!(["create"]));
    assert_eq!(
        json!(plan.components["comp-create"].kind),
        json!({"kind": "resource", "resource": "create_claim"})
    );
    let cycle = text.replace(
        "producerTask: create, outputParameterKey: name",
        "producerTask: use, outputParameterKey: name",
    );
    assert!(compile(cycle.as_bytes()).is_err());
}
