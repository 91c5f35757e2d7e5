//! Workflows that refer to workflow templates: what a pipeline keeps, and what a run keeps.

use pipewright_compiler::{Library, compile, compile_cron, compile_json, compile_with};
use serde_json::{Value, json};

fn templates(word: &str) -> Library {
    let object = json!({
        "kind": "WorkflowTemplate",
        "metadata": {"name": "texts"},
        "spec": {
            "entrypoint": "say",
            "templates": [{"name": "say", "container": {"image": "busybox", "command": ["echo", word]}}],
        },
    });
    Library::new([object])
}

const REFERRING: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: refers-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: own, templateRef: {name: numbers, template: one}}
      - {name: theirs, templateRef: {name: texts, template: say}}
---
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: numbers}
spec:
  templates:
  - {name: one, container: {image: busybox, command: [echo, '1']}}
";

fn frozen(source: &str, library: &Library) -> (Value, Value) {
    let compiled = compile_with(source.as_bytes(), library).unwrap_or_else(|found| panic!("{found}"));
    let mut run = compiled.pipeline_spec.clone();
    run["status"] = compiled.frozen.expect("a run keeps more than the pipeline");
    (compiled.pipeline_spec, run)
}

#[test]
fn a_pipeline_keeps_what_came_with_it_and_a_run_all() {
    let library = templates("before");
    let (pipeline, run) = frozen(REFERRING, &library);
    let keys = |spec: &Value| {
        let stored = spec["status"]["storedTemplates"].as_object().expect("stored templates");
        stored.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys(&pipeline), ["namespaced/numbers/one"]);
    assert_eq!(keys(&run), ["namespaced/numbers/one", "namespaced/texts/say"]);
    let plan = compile_json(&pipeline, &library).expect("the library has the rest").plan;
    // What becomes of the object is nothing to the run.
    let again = compile_json(&run, &templates("after")).expect("it is whole");
    assert_eq!((again.plan, again.frozen), (plan.clone(), None));
    assert_eq!(compile_json(&run, &Library::default()).expect("it is whole").plan, plan);
    // To the pipeline it is.
    let later = compile_json(&pipeline, &templates("after")).expect("the library has the rest");
    assert_ne!(later.plan, plan);
    assert!(compile(REFERRING.as_bytes()).is_err(), "nobody knows `texts`");
}

#[test]
fn a_workflow_made_from_a_template_is_kept_whole() {
    let source = "
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: made-}
spec: {workflowTemplateRef: {name: texts}}
";
    let (pipeline, run) = frozen(source, &templates("before"));
    assert_eq!(pipeline.get("status"), None);
    assert_eq!(run["status"]["storedWorkflowTemplateSpec"]["entrypoint"], "say");
    let plan = compile_json(&pipeline, &templates("before")).expect("the library has it").plan;
    assert_eq!(compile_json(&run, &templates("after")).expect("it is whole").plan, plan);
}

#[test]
fn a_file_refers_to_nothing_that_it_need_not_say() {
    assert!(Library::is_wanted(REFERRING.as_bytes()));
    assert!(!Library::is_wanted(include_bytes!("data/workflow.yaml")));
    let source = REFERRING.replace("      - {name: theirs, templateRef: {name: texts, template: say}}\n", "");
    let compiled = compile(source.as_bytes()).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(compiled.frozen, None);
}

#[test]
fn a_schedule_is_read_with_what_it_runs() {
    let source = "
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: nightly}
spec:
  schedule: 0 3 * * 1-5
  timezone: Europe/Berlin
  concurrencyPolicy: Forbid
  suspend: true
  successfulJobsHistoryLimit: 3
  workflowMetadata: {labels: {from: cron}}
  workflowSpec:
    workflowTemplateRef: {name: texts}
";
    let (schedule, compiled) =
        compile_cron(source.as_bytes(), &templates("x")).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(
        (schedule.name.as_str(), schedule.cron.as_str()),
        ("nightly", "TZ=Europe/Berlin 0 0 3 * * 1-5")
    );
    assert_eq!((schedule.is_enabled, schedule.may_overlap), (false, false));
    let metadata = json!({"generateName": "nightly-", "labels": {"from": "cron"}});
    assert_eq!(
        (&compiled.pipeline_spec["kind"], &compiled.pipeline_spec["metadata"]),
        (&json!("Workflow"), &metadata)
    );
    // Each firing looks the templates up.
    assert_eq!(compiled.pipeline_spec["spec"], json!({"workflowTemplateRef": {"name": "texts"}}));
    let missing = compile_cron(source.as_bytes(), &Library::default()).expect_err("nobody knows `texts`");
    let first = missing.iter().next().expect("a mistake");
    assert_eq!((first.line, first.path.as_str()), (13, "spec.workflowSpec.workflowTemplateRef"));
    let daily = source.replace("0 3 * * 1-5", "'@daily'").replace("  timezone: Europe/Berlin\n", "");
    let (schedule, _) =
        compile_cron(daily.as_bytes(), &templates("x")).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(schedule.cron, "@daily");
    assert!(compile_cron(REFERRING.as_bytes(), &templates("x")).is_err(), "there is no schedule");
}
