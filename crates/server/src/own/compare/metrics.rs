//! Metrics of runs side by side: scalars, confusion matrices, ROC curves, as the SDK writes them into metadata.

use std::collections::BTreeMap;

use pipewright_plan::Value;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Side, differ, left};

/// One number of the runs.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MetricComparison {
    pub task: String,
    pub artifact: String,
    pub metric: String,
    /// Null: that run has none.
    #[schema(value_type = Vec<Value>)]
    pub values: Vec<Option<Value>>,
    pub differs: bool,
}

/// How often each class was taken for which.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ConfusionMatrixView {
    pub run_id: String,
    pub task: String,
    pub artifact: String,
    pub artifact_id: String,
    pub labels: Vec<String>,
    pub matrix: Vec<Vec<f64>>,
}

/// A receiver operating characteristic.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RocCurveView {
    pub run_id: String,
    pub task: String,
    pub artifact: String,
    pub artifact_id: String,
    pub points: Vec<RocPoint>,
}

/// One point of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct RocPoint {
    pub threshold: f64,
    pub fpr: f64,
    pub tpr: f64,
}

/// Where tasks of the old platform leave their numbers.
const OLD_METRICS: &str = "mlpipeline-metrics";

/// Lists the numbers and words in the metadata of `system.Metrics`, and the numbers of the old platform.
pub(super) fn scalars(sides: &[Side]) -> Vec<MetricComparison> {
    let mut found: BTreeMap<(String, String, String), Vec<Option<Value>>> = BTreeMap::new();
    for (index, side) in sides.iter().enumerate() {
        let metrics =
            left(side).filter(|(.., artifact)| artifact.artifact_type.schema_title == "system.Metrics");
        for (task, name, artifact) in metrics {
            let fields = artifact.metadata.iter().filter(|(key, value)| {
                key.as_str() != "display_name"
                    && (value.is_number() || value.is_string() || value.is_boolean())
            });
            for (metric, value) in fields {
                let key = (task.key.0.clone(), name.clone(), metric.clone());
                found.entry(key).or_insert_with(|| vec![None; sides.len()])[index] = Some(value.clone());
            }
        }
    }
    for (index, side) in sides.iter().enumerate() {
        for (task, name, value) in &side.old_metrics {
            let key = (task.clone(), OLD_METRICS.to_owned(), name.clone());
            found.entry(key).or_insert_with(|| vec![None; sides.len()])[index] = Some(Value::from(*value));
        }
    }
    found
        .into_iter()
        .map(|((task, artifact, metric), values)| MetricComparison {
            differs: differ(&values),
            task,
            artifact,
            metric,
            values,
        })
        .collect()
}

/// Reads `confusionMatrix` of `system.ClassificationMetrics`: `{annotationSpecs: [{displayName}], rows: [{row}]}`.
pub(super) fn confusion_matrices(sides: &[Side]) -> Vec<ConfusionMatrixView> {
    let mut found = Vec::new();
    for side in sides {
        for (task, name, artifact) in left(side) {
            let Some(matrix) = artifact.metadata.get("confusionMatrix").map(unpacked) else { continue };
            let items = |key: &str| matrix.get(key).and_then(Value::as_array).into_iter().flatten();
            let label =
                |spec: &Value| spec.get("displayName").and_then(Value::as_str).unwrap_or_default().to_owned();
            let labels: Vec<String> = items("annotationSpecs").map(label).collect();
            let rows: Option<Vec<Vec<f64>>> = items("rows").map(row).collect();
            let Some(rows) = rows.filter(|rows| rows.len() == labels.len() && !rows.is_empty()) else {
                continue;
            };
            found.push(ConfusionMatrixView {
                run_id: side.run.id.0.clone(),
                task: task.key.0.clone(),
                artifact: name.clone(),
                artifact_id: artifact.id.0.clone(),
                labels,
                matrix: rows,
            });
        }
    }
    found
}

fn row(row: &Value) -> Option<Vec<f64>> {
    let items = row.get("row").unwrap_or(row).as_array()?;
    items.iter().map(Value::as_f64).collect()
}

/// Reads `confidenceMetrics`: `[{confidenceThreshold, falsePositiveRate, recall}]`.
pub(super) fn roc_curves(sides: &[Side]) -> Vec<RocCurveView> {
    let mut found = Vec::new();
    for side in sides {
        for (task, name, artifact) in left(side) {
            let Some(metrics) = artifact.metadata.get("confidenceMetrics").map(unpacked) else { continue };
            let points: Option<Vec<RocPoint>> = metrics.as_array().into_iter().flatten().map(point).collect();
            let Some(points) = points.filter(|points| !points.is_empty()) else { continue };
            found.push(RocCurveView {
                run_id: side.run.id.0.clone(),
                task: task.key.0.clone(),
                artifact: name.clone(),
                artifact_id: artifact.id.0.clone(),
                points,
            });
        }
    }
    found
}

/// Protobuf's JSON leaves zeroes out; a threshold may be infinite, which JSON has no number for.
fn point(point: &Value) -> Option<RocPoint> {
    let number = |key: &str| match point.get(key) {
        None | Some(Value::Null) => Some(0.0),
        Some(Value::String(text)) => text.parse().ok(),
        Some(other) => other.as_f64(),
    };
    let point = RocPoint {
        threshold: number("confidenceThreshold")?,
        fpr: number("falsePositiveRate")?,
        tpr: number("recall")?,
    };
    Some(RocPoint {
        threshold: if point.threshold.is_finite() { point.threshold } else { f64::MAX },
        ..point
    })
}

/// The SDK may keep the metadata's own struct under its name, or the bare list.
fn unpacked(value: &Value) -> Value {
    match value {
        Value::Object(fields) if fields.len() == 1 => {
            match fields.get("list").or_else(|| fields.get("struct")) {
                Some(inner) => inner.clone(),
                None => value.clone(),
            }
        }
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    }
}
