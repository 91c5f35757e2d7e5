//! One case per mistake in a v1 file: a good workflow with one thing changed, where the complaint stands and what
//! it says.

use pipewright_compiler::{Severity, compile};
use pipewright_plan::Dialect;

const BASE: &str = include_str!("data/workflow.yaml");

/// From, to, the text that the complaint points at, its code, its words.
type Case = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
const ERRORS: &[Case] = &[
    ("entrypoint: main", "entrypoint: mian", "mian", "unknown-template", &["`mian`", "did you mean `main`"]),
    ("onExit: leave", "onExit: leaf", "leaf\n", "unknown-template", &["`leaf`"]),
    ("template: make}", "template: mkae}", "mkae", "unknown-template", &["did you mean `make`"]),
    ("dependencies: [one]", "dependencies: [oen]", "oen", "unknown-task", &["did you mean `one`"]),
    ("name: two", "nmae: two", "nmae", "unknown-field", &["`nmae`", "did you mean `name`"]),
    ("{name: one, template", "{name: two, template", "two\n        template: show", "duplicate-name", &["another task `two`"]),
    ("{name: one, template", "{name: a/b, template", "a/b", "wrong-name", &["`a/b`"]),
    ("tasks.one.outputs.parameters.out", "tasks.one.outputs.parameters.put", "'{{tasks.one.outputs.parameters.put", "unknown-tag", &["`put`", "did you mean `out`"]),
    ("tasks.one.outputs.parameters.out", "tasks.oen.outputs.parameters.out", "'{{tasks.oen", "unknown-tag", &["`oen`"]),
    ("tasks.one.outputs.parameters.out", "tasks.one.ip", "'{{tasks.one.ip", "unsupported", &["tasks.one.ip"]),
    ("{{workflow.parameters.count}}", "{{workflow.parameters.cuont}}", "'{{workflow.parameters.cuont", "unknown-tag", &["did you mean `count`"]),
    ("{{workflow.name}}", "{{workflow.nmae}}", "'{{workflow.nmae", "unknown-tag", &["did you mean `workflow.name`"]),
    ("{{inputs.parameters.text}}'", "{{inputs.parameters.txet}}'", "'{{inputs.parameters.txet", "unknown-tag", &["did you mean `text`"]),
    ("{{inputs.parameters.text}}'", "{{item}}'", "'{{item}}']}", "unknown-tag", &["`{{item}}`"]),
    ("{{inputs.parameters.text}}'", "{{=1 + }}'", "'{{=1 + ", "wrong-expression", &["ends too early"]),
    ("value: '{{item}}'", "value: '{{steps}}{{inputs.x}}'", "'{{steps}}", "unknown-tag", &["`{{inputs.x}}`"]),
    ("when: '{{item}} > 1'", "when: '{{item}} >'", "'{{item}} >'", "wrong-expression", &["ends where an operand"]),
    ("when: '{{item}} > 1'", "when: '{{item}} & '", "'{{item}} & '", "wrong-expression", &["ends where an operand"]),
    ("withItems: [1, 2]", "withItems: 3", "3\n        arguments", "wrong-type", &["list"]),
    ("withItems: [1, 2]", "withSequence: {count: many}", "many", "wrong-type", &["whole number"]),
    ("limit: 2", "limit: many", "many", "wrong-type", &["whole number"]),
    ("retryPolicy: Always", "retryPolicy: Sometimes", "Sometimes", "wrong-value", &["OnFailure"]),
    ("duration: 1m", "duration: soon", "soon", "wrong-value", &["`soon`", "30s"]),
    ("factor: 2", "factor: 1.5", "1.5", "wrong-value", &["whole number"]),
    ("image: busybox", "imgae: busybox", "imgae", "unknown-field", &["did you mean `image`"]),
    ("path: /tmp/out}", "path: out}", "out}}]", "wrong-value", &["not absolute"]),
    ("name: data, mountPath", "name: dtaa, mountPath", "dtaa, mountPath", "unknown-volume", &["`dtaa`"]),
    ("persistentVolumeClaim: {claimName: c}", "nfs: {path: /x}", "{path: /x}", "unsupported", &["hostPath"]),
    ("action: create", "action: make", "make\n      manifest", "wrong-value", &["apply"]),
    ("kind: ConfigMap", "kind: [", "apiVersion: v1\n        kind: [", "wrong-value", &["no YAML"]),
    ("arguments: {parameters: [{name: text, value: '{{tasks.one.outputs.parameters.out}}'}]}", "arguments: {}", "name: two", "missing-input", &["`text`"]),
    ("from: '{{tasks.one.outputs.artifacts.out}}'", "from: '{{tasks.one.outputs.artifacts.put}}'", "'{{tasks.one.outputs.artifacts.put", "unknown-tag", &["did you mean `out`"]),
    ("from: '{{tasks.one.outputs.artifacts.out}}'", "s3: {key: x}", "{key: x}", "unsupported", &["`s3`"]),
    ("depends: one.Succeeded", "depends: one.Sucseeded", "one.Sucseeded", "wrong-expression", &["did you mean `Succeeded`"]),
    ("depends: one.Succeeded", "depends: (one && three", "(one && three", "wrong-expression", &["three"]),
    ("container: {image: busybox, command: [echo]}", "suspend: {duration: soon}", "soon", "wrong-value", &["`soon`", "30s"]),
    ("container: {image: busybox, command: [echo]}", "suspend: {}\n    timeout: 3s", "3s", "unsupported", &["suspend.duration"]),
    ("container: {image: busybox, command: [echo]}", "sidecars: [{name: x}]\n    container: {image: busybox, command: [echo]}", "{name: x}", "missing-field", &["image"]),
    ("container: {image: busybox, command: [echo]}", "initContainers: [{image: x}]\n    container: {image: busybox, command: [echo]}", "{image: x}", "missing-field", &["name"]),
    ("container: {image: busybox, command: [echo]}", "sidecars: [{name: main, image: x}]\n    container: {image: busybox, command: [echo]}", "main, image", "duplicate-name", &["another container `main`"]),
    ("container: {image: busybox, command: [echo]}", "sidecars: [{name: X_1, image: x}]\n    container: {image: busybox, command: [echo]}", "X_1", "wrong-name", &["lower-case"]),
    ("container: {image: busybox, command: [echo]}", "sidecars: [{name: x, image: x, volumeMounts: [{name: lost, mountPath: /x}]}]\n    container: {image: busybox, command: [echo]}", "lost", "unknown-volume", &["`lost`"]),
    ("container: {image: busybox, command: [echo]}", "sidecars: [{name: x, image: x, source: y}]\n    container: {image: busybox, command: [echo]}", "y}]", "unsupported", &["args"]),
    ("  - name: object\n", "  - name: object\n    sidecars: [{name: x, image: x}]\n", "{name: x, image: x}", "unsupported", &["sidecars"]),
    ("serviceAccountName: runner", "templateDefaults: {sidecarz: []}", "sidecarz", "unknown-field", &["sidecars"]),
    ("serviceAccountName: runner", "hooks: {running: {template: make}}", "{template: make}}", "missing-field", &["`running`", "expression"]),
    ("serviceAccountName: runner", "hooks: {running: {template: maek, expression: 'true'}}", "maek", "unknown-template", &["`maek`"]),
    ("serviceAccountName: runner", "hooks: {a.b: {template: make, expression: 'true'}}", "{template: make,", "wrong-name", &["`a.b`"]),
    ("serviceAccountName: runner", "workflowTemplateRef: {name: x}", "name: main\n", "exclusive-fields", &["workflowTemplateRef"]),
    ("dependencies: [one]", "onExit: nobody", "nobody", "unknown-template", &["`nobody`"]),
];

fn position(text: &str, at: &str) -> (u32, u32) {
    let Some(start) = text.find(at) else { return (0, 0) };
    let before = &text[..start];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (u32::try_from(line).unwrap_or(0), u32::try_from(column).unwrap_or(0))
}

#[test]
fn the_good_workflow_is_good() {
    let compiled = compile(BASE.as_bytes()).unwrap_or_else(|found| panic!("{found}"));
    assert!(compiled.warnings.is_empty(), "{}", compiled.warnings);
    assert_eq!(compiled.dialect, Dialect::V1);
    assert_eq!(compiled.pipeline_spec["kind"], "Workflow");
    let text = serde_json::to_string(&compiled.plan).expect("a plan is JSON");
    let again: pipewright_plan::Plan = serde_json::from_str(&text).expect("a plan is read back");
    assert_eq!(again, compiled.plan);
}

#[test]
fn mistakes_are_told_at_their_place() {
    let mut wrong = Vec::new();
    for (from, to, at, code, words) in ERRORS {
        assert!(BASE.contains(from), "`{from}` is not in the workflow");
        let text = BASE.replacen(from, to, 1);
        let found = match compile(text.as_bytes()) {
            Ok(_) => {
                wrong.push(format!("`{to}` was accepted"));
                continue;
            }
            Err(found) => found,
        };
        let expected = position(&text, at);
        let meets = found.iter().any(|one| {
            let all = format!("{one}");
            one.severity == Severity::Error
                && one.code == *code
                && (one.line, one.column) == expected
                && words.iter().all(|word| all.contains(word))
        });
        if !meets {
            wrong.push(format!("`{to}` should give {code} at {expected:?} with {words:?}:\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_only_a_cluster_does_is_named() {
    let text = include_str!("../../../conformance/corpus-v1/every-field/pipeline.yaml");
    let plan = compile(text.as_bytes()).unwrap_or_else(|found| panic!("{found}")).plan;
    let kept: Vec<&str> = plan.cluster_settings().into_keys().collect();
    let expected = "affinity archiveLogs dnsConfig dnsPolicy lifecycle livenessProbe nodeSelector podDisruptionBudget \
                    podGC ports priorityClassName readinessProbe schedulerName stdin stdinOnce \
                    terminationMessagePath terminationMessagePolicy tolerations ttlStrategy tty";
    assert_eq!(kept.join(" "), expected);
    let of_containers: Vec<&str> = plan.container_settings().into_keys().collect();
    assert_eq!(of_containers, ["imagePullPolicy", "imagePullSecrets", "securityContext"]);
    let root = plan.root_component().and_then(|root| match &root.kind {
        pipewright_plan::ComponentKind::Dag(dag) => plan.component(&dag.tasks.values().next()?.component),
        _ => None,
    });
    let Some(pipewright_plan::ComponentKind::Container(container)) = root.map(|root| &root.kind) else {
        panic!("the entry runs a container")
    };
    let security = serde_json::json!({"fsGroup": 100, "privileged": false});
    assert_eq!(container.platform.placement["securityContext"], security);
}

/// `set_gpu_limit` of the SDK writes another name when the number is a parameter.
#[test]
fn gpus_go_by_both_names_of_the_sdk() {
    for resources in ["resources: {limits: {nvidia.com/gpu: '2'}}", "resources: {}"] {
        let text = format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{generateName: gpu-}}\nspec:\n  \
             entrypoint: main\n  arguments: {{parameters: [{{name: gpus, value: '2'}}]}}\n  templates:\n  - name: main\n    \
             podSpecPatch: '{patch}'\n    container: {{image: busybox, command: [echo], {resources}}}\n",
            patch = if resources.contains("gpu") {
                "{}"
            } else {
                r#"{"containers": [{"name": "main", "resources": {"limits": {"nvidia": "{{workflow.parameters.gpus}}"}}}]}"#
            },
        );
        let plan = compile(text.as_bytes()).unwrap_or_else(|found| panic!("{found}")).plan;
        let container = plan.components.values().find_map(|component| match &component.kind {
            pipewright_plan::ComponentKind::Container(container) => Some(container),
            _ => None,
        });
        let resources = &container.expect("the template runs a container").resources;
        assert!(resources.accelerator_count.is_some(), "{text}");
        let name = resources.accelerator_type.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(name.starts_with("nvidia"), "{name}");
    }
}

#[test]
fn settings_without_effect_are_named() {
    let text = BASE.replace(
        "container: {image: busybox, command: [echo]}",
        "sidecars: [{name: x, image: x, readinessProbe: {exec: {command: [a]}}, lifecycle: {}, securityContext: {runAsUser: 1}}]\n    \
         container: {image: busybox, command: [echo]}",
    );
    let plan = compile(text.as_bytes()).unwrap_or_else(|found| panic!("{found}")).plan;
    let settings = plan.cluster_settings();
    assert_eq!(settings.keys().copied().collect::<Vec<_>>(), ["lifecycle", "readinessProbe"]);
    assert_eq!(plan.container_settings().into_keys().collect::<Vec<_>>(), ["securityContext"]);

    let text = BASE.replacen("  - name: object\n", "  - name: object\n    podSpecPatch: '{}'\n", 1);
    let compiled = compile(text.as_bytes()).unwrap_or_else(|found| panic!("{found}"));
    let warnings: Vec<_> =
        compiled.warnings.iter().map(|one| (one.code.as_ref(), one.line, one.column)).collect();
    let (line, column) = position(&text, "'{}'");
    assert_eq!(warnings, [("unsupported", line, column)], "{}", compiled.warnings);
}
