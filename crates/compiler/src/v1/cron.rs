//! `CronWorkflow`: a workflow and when it runs, as a recurring run knows it.
//!
//! Whether an expression names moments is for those who fire. Source: v1 semantics 4; a recurring run differs in
//! what becomes of missed moments, see `docs/guide/recurring-runs.md`.

use serde_json::Value;

use super::workflow::{ObjectMeta, PodMetadata};
use crate::decode::{Context, Decode, Spanned, Text, messages};
use crate::yaml::{Entry, Mapping, Node, NodeValue, Span};

messages! {
    CronWorkflow {
        api_version: Option<Text> = "apiVersion",
        kind: Option<Text> = "kind",
        metadata: Option<ObjectMeta> = "metadata",
        spec: Option<CronSpec> = "spec",
        status: Option<Value> = "status",
    };

    CronSpec {
        schedule: Option<Text> = "schedule",
        schedules: Vec<Text> = "schedules",
        timezone: Option<Text> = "timezone",
        concurrency_policy: Option<Text> = "concurrencyPolicy",
        starting_deadline_seconds: Option<Spanned<Value>> = "startingDeadlineSeconds",
        suspend: Option<bool> = "suspend",
        successful_jobs_history_limit: Option<Value> = "successfulJobsHistoryLimit",
        failed_jobs_history_limit: Option<Value> = "failedJobsHistoryLimit",
        workflow_spec: Option<Value> = "workflowSpec",
        workflow_metadata: Option<PodMetadata> = "workflowMetadata",
        stop_strategy: Option<Spanned<Value>> = "stopStrategy",
        when: Option<Spanned<Value>> = "when",
    } one of "schedule" | "schedules";
}

/// When a workflow runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// What the recurring run is called.
    pub name: String,
    /// Seconds first, its time zone before it.
    pub cron: String,
    /// It fires from the beginning.
    pub is_enabled: bool,
    /// Runs may overlap.
    pub may_overlap: bool,
}

/// Reads a document; returns the schedule and the workflow that it makes. `None` when either is missing.
pub(crate) fn read(node: &Node, cx: &mut Context) -> Option<(Schedule, Node)> {
    let cron = CronWorkflow::decode(node, cx)?;
    let name = cron.metadata.as_ref().and_then(|metadata| metadata.name.as_ref());
    if name.is_none() {
        cx.error("missing-field", cron.span, "the schedule has no name").hint("set `metadata.name`");
    }
    let Some(spec) = &cron.spec else {
        cx.error("missing-field", cron.span, "the field `spec` is missing");
        return None;
    };
    cx.within("spec", |cx| {
        refuse(spec, cx);
        let expression = expression(spec, cx);
        let may_overlap = may_overlap(spec, cx);
        let Some(inner) = node.get("spec").and_then(|spec| spec.get("workflowSpec")) else {
            cx.error("missing-field", spec.span, "nothing says what runs").hint("set `workflowSpec`");
            return None;
        };
        let name = name?.value.clone();
        let workflow = workflow(node, inner, &name);
        let is_enabled = !spec.suspend.unwrap_or_default();
        Some((Schedule { name, cron: expression?, is_enabled, may_overlap }, workflow))
    })
}

/// Refuses what a recurring run has nothing for.
fn refuse(spec: &CronSpec, cx: &mut Context) {
    let fields = [
        ("stopStrategy", &spec.stop_strategy, "disable the recurring run when it has done its work"),
        ("when", &spec.when, "put the condition into the workflow"),
    ];
    for (name, field, hint) in fields {
        if let Some(field) = field {
            super::lower::unsupported(cx, name, field.span, hint);
        }
    }
    if let Some(deadline) = spec.starting_deadline_seconds.as_ref().filter(|it| it.value != 0) {
        let hint = "leave it out: of the moments that were missed the newest is had";
        super::lower::unsupported(cx, "startingDeadlineSeconds", deadline.span, hint);
    }
}

/// Turns the schedule into one with the seconds first.
fn expression(spec: &CronSpec, cx: &mut Context) -> Option<String> {
    let mut all = spec.schedule.iter().chain(&spec.schedules);
    let Some(schedule) = all.next() else {
        cx.error("missing-field", spec.span, "nothing says when it runs").hint("set `schedule`");
        return None;
    };
    if let Some(second) = all.next() {
        cx.within("schedules", |cx| {
            cx.error("unsupported", second.span, "a recurring run has one schedule")
                .hint("make a `CronWorkflow` of each");
        });
    }
    let zone = spec.timezone.as_ref().map(|zone| zone.value.trim()).filter(|zone| !zone.is_empty());
    let text = schedule.value.trim();
    let moments = match text.split_whitespace().count() {
        _ if text.starts_with('@') => text.to_owned(),
        5 => format!("0 {text}"),
        count => {
            let message = format!("expected 5 fields (minute, hour, day, month, weekday), found {count}");
            cx.within("schedule", |cx| {
                cx.error("wrong-value", schedule.span, message)
                    .hint("a time zone goes into `timezone`, or the schedule is such as `@daily`");
            });
            return None;
        }
    };
    Some(zone.map_or_else(|| moments.clone(), |zone| format!("TZ={zone} {moments}")))
}

fn may_overlap(spec: &CronSpec, cx: &mut Context) -> bool {
    let policy = spec.concurrency_policy.as_ref().map(|policy| (policy.value.as_str(), policy.span));
    match policy {
        None | Some(("" | "Allow", _)) => true,
        Some(("Forbid", _)) => false,
        Some((other, span)) => {
            cx.within("concurrencyPolicy", |cx| {
                let message = format!("the policy `{other}` is not known to recurring runs");
                cx.error("unsupported", span, message).hint("one of: Allow, Forbid");
            });
            true
        }
    }
}

/// Makes the workflow that each firing runs.
fn workflow(node: &Node, spec: &Node, name: &str) -> Node {
    let text = |text: &str| Node { value: NodeValue::String(text.to_owned()), span: Span::default() };
    let entry = |node: Node| Entry { key_span: node.span, node };
    let mut metadata = Mapping::new();
    metadata.insert("generateName".to_owned(), entry(text(&format!("{name}-"))));
    let notes = node.get("spec").and_then(|spec| spec.get("workflowMetadata"));
    for (key, found) in notes.and_then(Node::as_mapping).into_iter().flat_map(Mapping::iter) {
        metadata.insert(key.clone(), found.clone());
    }
    let metadata = Node { value: NodeValue::Mapping(metadata), span: node.span };
    let fields = [
        ("apiVersion", text("argoproj.io/v1alpha1")),
        ("kind", text("Workflow")),
        ("metadata", metadata),
        ("spec", spec.clone()),
    ];
    let fields = fields.into_iter().map(|(key, node)| (key.to_owned(), entry(node)));
    Node { value: NodeValue::Mapping(fields.collect()), span: node.span }
}
