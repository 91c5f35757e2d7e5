//! Settings that only a cluster can fully honour: what is kept, what takes effect, what the task's code is told.

use pipewright_compiler::compile;
use pipewright_plan::{ComponentKind, ParameterSource, PodText};
use serde_json::json;

const PIPELINE: &str = r#"
pipelineInfo: {name: platform}
schemaVersion: 2.1.0
components:
  comp-train:
    executorLabel: exec-train
    inputDefinitions:
      parameters:
        config: {parameterType: TASK_CONFIG, isOptional: true}
        size: {parameterType: STRING}
    taskConfigPassthroughs:
    - {field: RESOURCES}
    - {field: ENV, applyToTask: true}
    - {field: KUBERNETES_TOLERATIONS}
    - {field: KUBERNETES_NODE_SELECTOR}
deploymentSpec:
  executors:
    exec-train:
      container:
        image: python:3.11
        command: [python3, "{{$}}"]
        env: [{name: MODE, value: fast}]
        resources:
          memoryLimit: 2.0
          resourceMemoryLimit: "{{$.inputs.parameters['size']}}"
          cpuRequest: 0.5
          accelerator: {type: nvidia.com/gpu, count: '2'}
root:
  dag:
    tasks:
      train:
        componentRef: {name: comp-train}
        inputs: {parameters: {size: {runtimeValue: {constant: 1Gi}}}}
---
platforms:
  kubernetes:
    deploymentSpec:
      executors:
        exec-train:
          active_deadline_seconds: '90'
          node_selector: {labels: {disk: ssd}}
          tolerations: [{key: gpu, operator: Exists}]
          pod_metadata: {annotations: {team: a}}
          secretAsEnv: []
          imagePullPolicy: Always
    pipelineConfig: {activeDeadlineSeconds: 600, resourceTtlOnSuccess: 5}
"#;

#[test]
fn settings_reach_the_plan() {
    let compiled = compile(PIPELINE.as_bytes()).unwrap_or_else(|found| panic!("{found}"));
    assert!(compiled.warnings.is_empty(), "{}", compiled.warnings);
    let plan = compiled.plan;
    assert_eq!(plan.platform.timeout.map(|limit| limit.as_secs()), Some(600));
    assert_eq!(json!(plan.platform.retention), json!({"resourceTtlOnSuccess": 5}));
    let root = plan.root_component().expect("a checked plan has a root");
    let ComponentKind::Dag(dag) = &root.kind else { panic!("the root is a dag") };
    let task = &dag.tasks["train"];
    assert_eq!(task.timeout.map(|limit| limit.as_secs()), Some(90));
    let ComponentKind::Container(container) = &plan.components["comp-train"].kind else {
        panic!("a container")
    };
    assert_eq!(
        json!(container.platform.placement),
        json!({
            "nodeSelector": {"labels": {"disk": "ssd"}},
            "tolerations": [{"key": "gpu", "operator": "Exists"}],
            "imagePullPolicy": "Always",
        })
    );
    assert_eq!(json!(container.platform.pod), json!({"annotations": {"team": PodText::literal("a")}}));
    // RESOURCES go to the code alone, ENV to both.
    assert_eq!(container.resources, pipewright_plan::Resources::default());
    assert_eq!(container.env.len(), 1);
    let ParameterSource::TaskConfig { config } = &task.parameters["config"].source else {
        panic!("settings")
    };
    insta::assert_json_snapshot!(config);
}
