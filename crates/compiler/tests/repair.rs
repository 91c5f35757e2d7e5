//! Pipelines for which the SDK forgets to hand loop items down: the plan has every value where it is used.

use std::fs;
use std::path::Path;

use pipewright_compiler::compile;
use pipewright_plan::{ComponentKind, ParameterSource, Plan};

/// Shows the bindings of every task of every dag, one a line.
fn bindings(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for (name, component) in &plan.components {
        let ComponentKind::Dag(dag) = &component.kind else { continue };
        let inputs: Vec<&str> = component.inputs.parameters.keys().map(String::as_str).collect();
        lines.push(format!("{name}({})", inputs.join(", ").replace("pipelinechannel--", "")));
        for (task_name, task) in &dag.tasks {
            let item = task.iterator.as_ref().map(|iterator| format!(" for {}", iterator.item_input));
            lines.push(format!("  {task_name}{}", item.unwrap_or_default().replace("pipelinechannel--", "")));
            for (input, binding) in &task.parameters {
                let source = match binding.source.inner() {
                    ParameterSource::DagInput { name } => format!("dag {name}"),
                    ParameterSource::TaskOutput { task, key } => format!("task {task}.{key}"),
                    ParameterSource::Constant { .. } => "constant".to_owned(),
                    ParameterSource::FinalStatus { task } => format!("status {task}"),
                    ParameterSource::Optional { .. } => "optional".to_owned(),
                    ParameterSource::TaskConfig { .. } => "task config".to_owned(),
                };
                let selected = if binding.selector.is_some() { " selected" } else { "" };
                lines.push(format!("    {input} = {source}{selected}").replace("pipelinechannel--", ""));
            }
        }
    }
    lines.join("\n")
}

#[test]
fn what_the_sdk_forgets_is_handed_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sdk");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("the folder is part of the repository")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(names.len(), 6);
    for name in names {
        let source = fs::read(folder.join(format!("{name}.yaml"))).expect("the file was just listed");
        let compiled = compile(&source).unwrap_or_else(|found| panic!("{name}: {found}"));
        assert!(compiled.warnings.is_empty(), "{name}: {}", compiled.warnings);
        insta::assert_snapshot!(name, bindings(&compiled.plan));
    }
}
