//! `pipewright check FILE`: every mistake of a pipeline file at once.

use std::io::Write;
use std::mem::ManuallyDrop;
use std::path::Path;

use anyhow::Result;
use pipewright_compiler::{Diagnostics, check_with};
use pipewright_plan::Plan;
use serde_json::json;

use super::library::compiled_here;
use crate::args::{Check, Format};
use crate::{diagnostics, source};

/// Prints the mistakes; leaves with 0 when the file can be run, with 2 when it cannot.
pub(crate) fn run(args: &Check) -> Result<u8> {
    let text = source::read_pipeline(&args.file)?;
    let checked = compiled_here(&text, &args.place, check_with)?;
    // Never dropped: this process is about to end.
    let checked = ManuallyDrop::new(checked);
    let plan = checked.as_ref().ok().map(|checked| &checked.plan);
    let (found, summary) = match &*checked {
        Ok(checked) => {
            let summary = format!(
                "{}: pipeline `{}` can be run ({} components)",
                args.file.display(),
                checked.plan.name,
                checked.plan.components.len()
            );
            (&checked.warnings, summary)
        }
        Err(found) => {
            let errors = found.iter().filter(|one| one.is_error()).count();
            (found, format!("{}: {errors} mistake(s)", args.file.display()))
        }
    };
    match args.place.output {
        Format::Json => {
            let document = json!({
                "file": args.file.display().to_string(),
                "ok": plan.is_some(),
                "pipeline": plan.map(|plan| &plan.name),
                "not_applied": plan.map(Plan::cluster_settings).unwrap_or_default(),
                "containers_only": plan.map(Plan::container_settings).unwrap_or_default(),
                "diagnostics": found,
            });
            writeln!(std::io::stdout(), "{document:#}")?;
        }
        Format::Text => {
            print(&args.file, &text, found);
            writeln!(std::io::stdout(), "{summary}")?;
            if let Some(told) = plan.and_then(not_applied) {
                writeln!(std::io::stdout(), "{told}")?;
            }
        }
    }
    Ok(if plan.is_some() { 0 } else { 2 })
}

/// Says which settings are kept but have no effect off a cluster, and which only tasks in containers feel.
pub(crate) fn not_applied(plan: &Plan) -> Option<String> {
    let parts = [
        ("kept, but not applied on this machine", plan.cluster_settings()),
        ("applied to tasks in containers, not to processes", plan.container_settings()),
    ];
    let told = parts.into_iter().filter(|(_, settings)| !settings.is_empty()).map(|(what, settings)| {
        let named = settings.iter().map(|(setting, components)| match components.as_slice() {
            [] => (*setting).to_owned(),
            components => format!("{setting} ({})", components.join(", ")),
        });
        format!("{what}: {}", named.collect::<Vec<_>>().join(", "))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join("\n"))
}

/// Draws diagnostics on stderr.
pub(crate) fn print(file: &Path, text: &[u8], found: &Diagnostics) {
    let drawn = diagnostics::render(&file.display().to_string(), text, found);
    let _ = anstream::stderr().write_all(drawn.as_bytes());
}
