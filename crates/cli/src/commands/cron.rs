//! `pipewright recurring-run create -f FILE`: a recurring run of a `CronWorkflow`.

use std::path::Path;

use anyhow::Result;
use pipewright_compiler::compile_cron;
use serde_json::{Map, Value, json};

use super::check;
use super::library::{self, Shelf};
use crate::client::Client;
use crate::source::{self, BadInput};

/// Most runs of it at once that a server allows.
const MANY: u32 = 10;

/// Reads the file; returns what is asked of the server.
pub(super) async fn recurring(
    client: &Client,
    (file, name): (&Path, Option<&str>),
    arguments: Map<String, Value>,
) -> Result<Value> {
    let text = source::read_pipeline(file)?;
    let (schedule, compiled) =
        match library::compiled(&text, (Shelf::Client(client), None), compile_cron).await? {
            Ok(read) => read,
            Err(found) => {
                check::print(file, &text, &found);
                let errors = found.iter().filter(|one| one.is_error()).count();
                return Err(BadInput(format!("{}: {errors} mistake(s)", file.display())).into());
            }
        };
    check::print(file, &text, &compiled.warnings);
    Ok(json!({
        "display_name": name.unwrap_or(&schedule.name),
        "namespace": client.namespace(),
        "pipeline_spec": compiled.pipeline_spec,
        "trigger": {"cron_schedule": {"cron": schedule.cron}},
        "mode": if schedule.is_enabled { "ENABLE" } else { "DISABLE" },
        "max_concurrency": if schedule.may_overlap { MANY } else { 1 },
        // Nobody catches up one by one with what a `CronWorkflow` has missed.
        "no_catchup": true,
        "runtime_config": {"parameters": arguments},
    }))
}
