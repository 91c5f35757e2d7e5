//! Metrics of runs: what clients report, and what tasks left in their `mlpipeline-metrics`. Source: v1 semantics
//! 2.10.
//!
//! A file of metrics is read when somebody asks; a file that is wrong adds nothing and harms nobody.

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::GzDecoder;
use pipewright_artifacts::local_file;
use pipewright_store as store;
use serde::Deserialize;
use serde_json::{Value, json};
use store::engine::RunId;

use super::convert::is_workflow;
use super::manifest::{Facts, NodeType, nodes};
use super::types::{ReportRunMetrics, RunMetric};
use crate::app::App;
use crate::error::Error;
use crate::extract::read_message;

/// The largest file of metrics that is read.
const FILE_LIMIT: u64 = 1 << 20;
/// Files that are read between two looks at the store.
const FILES_AT_ONCE: u32 = 200;
/// The most metrics that files add to a run.
const COUNT_LIMIT: usize = 50;
const NAME_LIMIT: usize = 64;
const NODE_LIMIT: usize = 128;

/// Records what a client reports; says of each metric what became of it.
pub(super) async fn report(app: &App, run: &RunId, asked: ReportRunMetrics) -> Result<Value, Error> {
    app.store.get_run(run).await?;
    let mut results = Vec::with_capacity(asked.metrics.len());
    for metric in asked.metrics {
        let (status, message) = match check(&metric) {
            Err(message) => ("INVALID_ARGUMENT", message),
            Ok(format) => {
                let row = store::Metric {
                    node: metric.node_id.clone(),
                    name: metric.name.clone(),
                    value: metric.number_value,
                    format: format.to_owned(),
                };
                match app.store.report_metrics(run, vec![row]).await?.first() {
                    Some(true) => ("OK", String::new()),
                    _ => {
                        ("DUPLICATE_REPORTING", "the metric was reported before; that value stays".to_owned())
                    }
                }
            }
        };
        let mut result =
            json!({"metric_name": metric.name, "metric_node_id": metric.node_id, "status": status});
        if !message.is_empty() {
            result["message"] = json!(message);
        }
        results.push(result);
    }
    Ok(if results.is_empty() { json!({}) } else { json!({"results": results}) })
}

/// Checks a metric; returns its format's name.
fn check(metric: &RunMetric) -> Result<&'static str, String> {
    let name = metric.name.as_bytes();
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_name = name.len() <= NAME_LIMIT
        && name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.last().is_some_and(u8::is_ascii_alphanumeric)
        && name.iter().all(is_inner);
    if !is_name {
        return Err(format!(
            "`{}` is no name of a metric: a letter, then letters, digits, `-` and `_`, {NAME_LIMIT} at most, \
             not ending in a sign",
            metric.name
        ));
    }
    if metric.node_id.len() > NODE_LIMIT {
        return Err(format!("a node_id has at most {NODE_LIMIT} characters"));
    }
    format_word(&metric.format).ok_or_else(|| format!("`{}` is no format of a metric", metric.format))
}

fn format_word(text: &str) -> Option<&'static str> {
    match text {
        "" | "UNSPECIFIED" | "0" => Some(""),
        "RAW" | "1" => Some("RAW"),
        "PERCENTAGE" | "2" => Some("PERCENTAGE"),
        _ => None,
    }
}

/// Returns all metrics of a run: those reported, then those in files.
pub(super) async fn of_run(app: &App, run: &store::Run) -> Result<Vec<RunMetric>, Error> {
    let (reported, files) = app.store.metrics(&run.id).await?;
    let mut metrics: Vec<RunMetric> = reported
        .into_iter()
        .map(|metric| RunMetric {
            name: metric.name,
            node_id: metric.node,
            number_value: metric.value,
            format: metric.format,
        })
        .collect();
    if files.is_empty() {
        return Ok(metrics);
    }
    let document = app.store.run_spec(&run.id).await?;
    if !is_workflow(&document) {
        return Ok(metrics);
    }
    let (plan, tasks) = (app.store.run_plan(&run.id).await?, app.store.tasks(&run.id).await?);
    let nodes = nodes(Facts { run, plan: &plan, document: &document, tasks: &tasks });
    let mut seen: BTreeSet<(String, String)> =
        metrics.iter().map(|metric| (metric.node_id.clone(), metric.name.clone())).collect();
    let mut left = COUNT_LIMIT;
    for file in files {
        // Of several attempts the last one left the file.
        let is_its = |node: &&super::manifest::Node| {
            node.node_type == NodeType::Pod && node.task.as_ref() == Some(&file.task)
        };
        let Some(node) = nodes.values().rfind(is_its) else { continue };
        for mut metric in in_file(app, &file.uri).await {
            let is_new = seen.insert((node.id.clone(), metric.name.clone()));
            if is_new && left > 0 {
                node.id.clone_into(&mut metric.node_id);
                metrics.push(metric);
                left -= 1;
            }
        }
    }
    Ok(metrics)
}

/// Returns the numbers that a run has beside its artifacts' metadata, each with the task that left it, or with the
/// node that a client reported it for.
pub(crate) async fn by_task(app: &App, run: &RunId) -> Result<Vec<(String, RunMetric)>, Error> {
    let (reported, files) = app.store.metrics(run).await?;
    let mut metrics: Vec<(String, RunMetric)> = reported
        .into_iter()
        .map(|metric| {
            let store::Metric { node, name, value, format } = metric;
            (node.clone(), RunMetric { name, node_id: node, number_value: value, format })
        })
        .collect();
    for file in files {
        let left = in_file(app, &file.uri).await;
        metrics.extend(left.into_iter().map(|metric| (file.task.0.clone(), metric)));
    }
    metrics.truncate(COUNT_LIMIT);
    Ok(metrics)
}

/// Sees to it that runs can be sorted by what is in files, when they are to be sorted by a metric.
pub(crate) async fn sortable(app: &App, query: &store::ListQuery) -> Result<(), Error> {
    let given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    let by_metric = match &query.sort_by {
        Some(sort) if given(&query.sort_by) => sort.to_ascii_lowercase().contains("metric:"),
        // A page token has its sort in it.
        _ => given(&query.page_token),
    };
    if !by_metric {
        return Ok(());
    }
    loop {
        let files = app.store.unread_metrics(FILES_AT_ONCE).await?;
        if files.is_empty() {
            return Ok(());
        }
        let mut read = Vec::with_capacity(files.len());
        for file in files {
            let found = in_file(app, &file.uri).await;
            let values = found.into_iter().map(|metric| (metric.name, metric.number_value)).collect();
            read.push((file, values));
        }
        app.store.sort_by_metrics(read).await?;
    }
}

/// Reads a file of metrics; nothing when it is none.
async fn in_file(app: &App, uri: &str) -> Vec<RunMetric> {
    let Some(path) = local_file(uri) else { return Vec::new() };
    let reach = app.reach.clone();
    let shown = path.display().to_string();
    let read =
        tokio::task::spawn_blocking(move || reach.open(&path).and_then(content).map(|bytes| parse(&bytes)))
            .await;
    match read {
        Ok(Ok(Ok(metrics))) => metrics,
        Ok(Ok(Err(message))) => {
            tracing::debug!(path = shown, message, "the file of metrics is wrong");
            Vec::new()
        }
        Ok(Err(error)) => {
            tracing::debug!(path = shown, %error, "the file of metrics cannot be read");
            Vec::new()
        }
        Err(error) => {
            tracing::warn!(path = shown, %error, "reading metrics failed");
            Vec::new()
        }
    }
}

/// Returns the file's content; of a packed one that of its first entry.
fn content(file: std::fs::File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(FILE_LIMIT).read_to_end(&mut bytes)?;
    if !bytes.starts_with(b"\x1f\x8b") {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_slice()).take(2 * FILE_LIMIT));
    if let Some(entry) = archive.entries()?.next() {
        entry?.take(FILE_LIMIT).read_to_end(&mut unpacked)?;
    }
    Ok(unpacked)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "runId", alias = "run_id")]
    _run: Option<String>,
    #[serde(default)]
    metrics: Vec<RunMetric>,
}

/// Reads the text of a file of metrics. One wrong field spoils the file, a wrong name only its metric.
fn parse(text: &[u8]) -> Result<Vec<RunMetric>, String> {
    let file: File = read_message(text).map_err(|error| error.to_string())?;
    let mut metrics = file.metrics;
    metrics.retain_mut(|metric| match check(metric) {
        Ok(format) => {
            format.clone_into(&mut metric.format);
            true
        }
        Err(_) => false,
    });
    Ok(metrics)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_parse(text: &str, expected: Option<&str>) {
        let found = parse(text.as_bytes()).ok().map(|metrics| {
            let shown = metrics.iter().map(|it| format!("{}={} {}", it.name, it.number_value, it.format));
            shown.collect::<Vec<_>>().join(", ")
        });
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn files_of_metrics_are_read() {
        check_parse(
            r#"{"metrics": [{"name": "rmse", "numberValue": 0.5, "format": "RAW"}, {"name": "a", "number_value": 1}]}"#,
            Some("rmse=0.5 RAW, a=1 "),
        );
        check_parse(
            r#"{"metrics": [{"name": "x", "numberValue": "0.25", "format": 2}]}"#,
            Some("x=0.25 PERCENTAGE"),
        );
        check_parse(
            r#"{"metrics": [{"name": "0x", "numberValue": 1}, {"name": "x_", "numberValue": 1}]}"#,
            Some(""),
        );
        let named = |name: &str| format!(r#"{{"metrics": [{{"name": "{name}", "numberValue": 1}}]}}"#);
        for (name, is_name) in [
            ("x", true),
            ("a-b_C9", true),
            (&"a".repeat(64), true),
            (&"a".repeat(65), false),
            ("9a", false),
            ("a-", false),
            ("a b", false),
            ("", false),
        ] {
            check_parse(&named(name), Some(&if is_name { format!("{name}=1 ") } else { String::new() }));
        }
        check_parse(r#"{"runId": "r", "metrics": [{"name": "x", "numberValue": 1}]}"#, Some("x=1 "));
        check_parse(r#"{"run": "r", "metrics": []}"#, None);
        check_parse(r#"{"metrics": [{"name": "x", "numberValue": 1, "colour": "red"}]}"#, None);
        check_parse(r#"{"metrics": [{"name": "x", "numberValue": NaN}]}"#, None);
        check_parse(r#"{"metrics": []} more"#, None);
        check_parse("{}", Some(""));
        check_parse("[]", None);
    }
}
