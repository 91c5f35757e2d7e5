//! Refuses a pipeline that asks for more GPUs than this machine has, at the field that asks.

use pipewright_plan::{ComponentKind, Container, Plan};
use serde_json::Value;

use crate::error::Error;

/// Checks every number that is written in the pipeline; one that comes with the run is checked when its task is due.
pub(crate) fn check(plan: &Plan, specification: &Value, gpus: usize) -> Result<(), Error> {
    let mut wrong = Vec::new();
    for (name, component) in &plan.components {
        let ComponentKind::Container(container) = &component.kind else { continue };
        let companions = container.companions.iter().map(|companion| &companion.container);
        for container in std::iter::once(container).chain(companions) {
            if let Some(count) = count_of(container).filter(|count| *count as usize > gpus) {
                let place = place_of(specification, name);
                let has = if gpus == 0 { "has none".to_owned() } else { format!("has {gpus}") };
                wrong.push(format!(
                    "component `{name}` asks for {count} GPUs, and this machine {has} ({place}); hint: run it where \
                     they are, ask for fewer, or say `gpus` in pipewright.toml"
                ));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong.join("\n"))) }
}

fn count_of(container: &Container) -> Option<u32> {
    let resources = &container.resources;
    match &resources.accelerator_count {
        Some(count) => count.as_literal()?.trim().parse().ok(),
        None => resources.accelerator_type.as_ref().map(|_| 1),
    }
}

/// Finds the field in the document that asks.
fn place_of(specification: &Value, component: &str) -> String {
    let document = specification.get("pipeline_spec").unwrap_or(specification);
    let executor =
        document.pointer(&format!("/components/{component}/executorLabel")).and_then(Value::as_str);
    if let Some(executor) = executor {
        return format!("deploymentSpec.executors.{executor}.container.resources.accelerator");
    }
    let templates = document.pointer("/spec/templates").and_then(Value::as_array);
    let index = templates.and_then(|templates| {
        templates.iter().position(|template| template["name"].as_str() == Some(component))
    });
    match index {
        Some(index) => format!("spec.templates[{index}].container.resources"),
        None => "resources".to_owned(),
    }
}
