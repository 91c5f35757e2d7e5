//! Prints what came of a run: outputs, metrics, artifacts and failures, for people and for programs.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::Result;
use pipewright_engine::TaskView;
use serde_json::Value;

use crate::output::{BOLD, DIM, RED, clip, paint, table};

/// Failed tasks that are shown in full.
pub(crate) const FAILURES: usize = 5;
/// Log lines that are shown of a failed task.
const LOG_LINES: usize = 20;
/// Characters of a value that are shown.
const VALUE: usize = 100;

/// Prints a run's document on stdout.
pub(crate) fn print_json(document: &Value) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, document)?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}

/// Prints outputs and metrics on stdout.
pub(crate) fn print_text(document: &Value) -> Result<()> {
    anstream::stdout().write_all(text(document).as_bytes())?;
    Ok(())
}

/// Writes the sections that are not empty.
pub(crate) fn text(document: &Value) -> String {
    let mut text = String::new();
    section(&mut text, "Outputs", outputs(document));
    section(&mut text, "Metrics", metrics(document));
    section(&mut text, "Artifacts", artifacts(document));
    text
}

fn section(text: &mut String, title: &str, rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "{}", paint(BOLD, title));
    for line in table(&rows).lines() {
        let _ = writeln!(text, "  {line}");
    }
}

fn outputs(document: &Value) -> Vec<Vec<String>> {
    let Some(parameters) = document["outputs"]["parameters"].as_object() else { return Vec::new() };
    parameters.iter().map(|(name, value)| vec![name.clone(), shown(value)]).collect()
}

/// Lists the pipeline's own output artifacts, else those of its tasks.
fn artifacts(document: &Value) -> Vec<Vec<String>> {
    let row = |artifact: &Value| {
        ["name", "type", "uri"].map(|field| artifact[field].as_str().unwrap_or_default().to_owned()).to_vec()
    };
    document["outputs"]["artifacts"].as_array().into_iter().flatten().map(row).collect()
}

/// Lists the numbers of every Metrics artifact that a task made.
fn metrics(document: &Value) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for task in document["tasks"].as_array().into_iter().flatten() {
        // Groups hand on what a task inside made.
        if !matches!(task["kind"].as_str(), Some("container" | "importer")) {
            continue;
        }
        let path = task["task_id"].as_str().unwrap_or_default();
        let path = path.strip_prefix("root/").unwrap_or(path);
        for artifact in task["outputs"]["artifacts"].as_array().into_iter().flatten() {
            if artifact["type"] != "system.Metrics" {
                continue;
            }
            for (name, value) in artifact["metadata"].as_object().into_iter().flatten() {
                if value.is_number() || value.is_string() || value.is_boolean() {
                    rows.push(vec![path.to_owned(), name.clone(), shown(value)]);
                }
            }
        }
    }
    rows
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    clip(&text.replace('\n', "⏎"), VALUE)
}

/// Writes what is known of a failed task.
pub(crate) fn failure(task: &TaskView, log: &str) -> String {
    let path = task.key.as_str();
    let path = path.strip_prefix("root/").unwrap_or(path);
    let mut text = format!("\n{} {path}", paint(RED, "failed:"));
    if let Some(failure) = &task.error {
        let _ = write!(text, "  {}", failure.message);
    }
    text.push('\n');
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.len().saturating_sub(LOG_LINES);
    if from > 0 {
        let _ = writeln!(text, "  {}", paint(DIM, &format!("… {from} lines before")));
    }
    for line in &lines[from..] {
        let _ = writeln!(text, "  {}", paint(DIM, line));
    }
    if let Some(hint) = task.error.as_ref().and_then(|failure| failure.hint.as_ref()) {
        let _ = writeln!(text, "  hint: {hint}");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn results_are_printed_in_sections() {
        let document = json!({
            "outputs": {
                "parameters": { "Output": 12 },
                "artifacts": [{ "name": "model", "type": "system.Model", "uri": "/a/b" }],
            },
            "tasks": [
                { "task_id": "root/group", "kind": "dag", "outputs": { "artifacts": [
                    { "name": "m", "type": "system.Metrics", "metadata": { "rmse": 0.5 } }
                ] } },
                { "task_id": "root/group/evaluate", "kind": "container", "outputs": { "artifacts": [
                    { "name": "m", "type": "system.Metrics", "metadata": { "rmse": 0.5, "curve": [1] } }
                ] } },
            ],
        });
        let plain = text(&document).replace(BOLD, "").replace(crate::output::RESET, "");
        assert_eq!(
            plain,
            "Outputs\n  Output  12\nMetrics\n  group/evaluate  rmse  0.5\nArtifacts\n  model  system.Model  /a/b\n"
        );
    }
}
