//! The messages of recurring runs, and what they mean to the store.

use pipewright_store as store;
use pipewright_store::engine::Timestamp;
use pipewright_store::{NewRecurringRun, TriggerKind, TriggerRule};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::types::{PipelineVersionReference, RuntimeConfig, Status};
use crate::app::App;
use crate::error::Error;
use crate::plugins;
use crate::time::rfc3339;

/// Something that is run again and again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RecurringRun {
    #[serde(alias = "recurringRunId", skip_serializing_if = "String::is_empty")]
    pub recurring_run_id: String,
    #[serde(alias = "displayName", skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Deprecated upstream and ignored there as here.
    #[serde(alias = "pipelineVersionId", skip_serializing_if = "String::is_empty")]
    pub pipeline_version_id: String,
    #[serde(alias = "pipelineSpec", skip_serializing_if = "Option::is_none")]
    pub pipeline_spec: Option<Value>,
    #[serde(alias = "pipelineVersionReference", skip_serializing_if = "Option::is_none")]
    pub pipeline_version_reference: Option<PipelineVersionReference>,
    #[serde(alias = "runtimeConfig", skip_serializing_if = "Option::is_none")]
    pub runtime_config: Option<RuntimeConfig>,
    #[serde(alias = "serviceAccount", skip_serializing_if = "String::is_empty")]
    pub service_account: String,
    /// Runs at once, 1 to 10; a number as text.
    #[serde(
        alias = "maxConcurrency",
        deserialize_with = "integer",
        skip_serializing_if = "String::is_empty"
    )]
    pub max_concurrency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<TriggerMessage>,
    /// `ENABLE` or `DISABLE`, by name or number; absent is disabled.
    #[serde(deserialize_with = "mode", skip_serializing_if = "String::is_empty")]
    pub mode: String,
    #[serde(alias = "createdAt", skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    #[serde(alias = "updatedAt", skip_serializing_if = "String::is_empty")]
    pub updated_at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Status>,
    #[serde(alias = "noCatchup", skip_serializing_if = "std::ops::Not::not")]
    pub no_catchup: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    #[serde(alias = "experimentId", skip_serializing_if = "String::is_empty")]
    pub experiment_id: String,
    #[serde(alias = "pluginsInput", skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = BTreeMap<String, Value>)]
    pub plugins_input: Map<String, Value>,
}

/// When it fires; only one of the two is set. Empty fires once, at creation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TriggerMessage {
    #[serde(alias = "cronSchedule", skip_serializing_if = "Option::is_none")]
    pub cron_schedule: Option<CronSchedule>,
    #[serde(alias = "periodicSchedule", skip_serializing_if = "Option::is_none")]
    pub periodic_schedule: Option<PeriodicSchedule>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CronSchedule {
    #[serde(alias = "startTime", skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    #[serde(alias = "endTime", skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// Seconds first.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cron: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PeriodicSchedule {
    #[serde(alias = "startTime", skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    #[serde(alias = "endTime", skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// A number as text.
    #[serde(
        alias = "intervalSecond",
        deserialize_with = "integer",
        skip_serializing_if = "String::is_empty"
    )]
    pub interval_second: String,
}

/// One page of recurring runs; the list's name is camelCase, unlike all others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ListRecurringRuns {
    #[serde(rename = "recurringRuns", skip_serializing_if = "Vec::is_empty")]
    pub recurring_runs: Vec<RecurringRun>,
    #[serde(skip_serializing_if = "is_none")]
    pub total_size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

fn is_none(size: &u64) -> bool {
    *size == 0
}

/// Takes a 64-bit integer as text or as a number.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(serde::de::Error::custom(format!("expected a whole number, found {other}"))),
    }
}

fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let names = ["MODE_UNSPECIFIED", "ENABLE", "DISABLE"];
    let found = match Value::deserialize(deserializer)? {
        Value::String(name) => names.iter().find(|known| **known == name).copied(),
        Value::Number(number) => number.as_u64().and_then(|at| names.get(usize::try_from(at).ok()?)).copied(),
        _ => None,
    };
    found.map(str::to_owned).ok_or_else(|| serde::de::Error::custom("mode is ENABLE or DISABLE"))
}

/// Reads what is to be created; the run prefix is left empty.
pub(super) fn new_recurring_run(asked: RecurringRun) -> Result<NewRecurringRun, Error> {
    if asked.display_name.is_empty() {
        return Err(Error::Invalid("a recurring run needs a display_name".to_owned()));
    }
    let max_concurrency = concurrency(&asked.max_concurrency)?;
    let reference = asked.pipeline_version_reference.unwrap_or_default();
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let (pipeline_id, pipeline_version_id) =
        (some(reference.pipeline_id), some(reference.pipeline_version_id));
    let is_referenced = pipeline_id.is_some() || pipeline_version_id.is_some();
    if is_referenced == asked.pipeline_spec.is_some() {
        return Err(Error::Invalid(
            "a recurring run needs either a pipeline_version_reference or a pipeline_spec".to_owned(),
        ));
    }
    let config = asked.runtime_config.unwrap_or_default();
    Ok(NewRecurringRun {
        run_prefix: String::new(),
        display_name: asked.display_name,
        description: asked.description,
        experiment_id: asked.experiment_id,
        pipeline_id,
        pipeline_version_id,
        pipeline_spec: asked.pipeline_spec.unwrap_or(Value::Null),
        parameters: Value::Object(config.parameters),
        pipeline_root: some(config.pipeline_root),
        service_account: asked.service_account,
        plugins_input: plugins::checked(asked.plugins_input)?,
        max_concurrency,
        trigger: rule(asked.trigger.unwrap_or_default())?,
        no_catchup: asked.no_catchup,
        enabled: asked.mode == "ENABLE",
    })
}

/// Reads how many runs there may be at once.
pub(crate) fn concurrency(text: &str) -> Result<u32, Error> {
    match text.parse() {
        Ok(number @ 1..=10) => Ok(number),
        _ => Err(Error::Invalid(format!("max_concurrency goes from 1 to 10, found `{text}`"))),
    }
}

/// Reads what makes it fire.
pub(crate) fn rule(trigger: TriggerMessage) -> Result<TriggerRule, Error> {
    let (kind, start, end) = match (trigger.cron_schedule, trigger.periodic_schedule) {
        (Some(_), Some(_)) => {
            return Err(Error::Invalid(
                "a trigger has either a cron_schedule or a periodic_schedule".to_owned(),
            ));
        }
        (Some(cron), None) => (TriggerKind::Cron { expression: cron.cron }, cron.start_time, cron.end_time),
        (None, Some(periodic)) => {
            let seconds = match periodic.interval_second.parse() {
                Ok(seconds @ 1..) => seconds,
                _ => {
                    let found = periodic.interval_second;
                    return Err(Error::Invalid(format!(
                        "interval_second is a whole number of seconds from 1, found `{found}`"
                    )));
                }
            };
            (TriggerKind::Periodic { seconds }, periodic.start_time, periodic.end_time)
        }
        (None, None) => (TriggerKind::Once, None, None),
    };
    let rule = TriggerRule { kind, start: time("start_time", start)?, end: time("end_time", end)? };
    rule.schedule(false, Timestamp(0))
        .map_err(|error| Error::Invalid(format!("the trigger's cron expression is wrong: {error}")))?;
    if let (Some(start), Some(end)) = (rule.start, rule.end)
        && end < start
    {
        return Err(Error::Invalid("the trigger's end_time is before its start_time".to_owned()));
    }
    Ok(rule)
}

/// An absent time, an empty one and the epoch are none.
fn time(what: &str, text: Option<String>) -> Result<Option<Timestamp>, Error> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let at: jiff::Timestamp = text.parse().map_err(|_| {
        Error::Invalid(format!("{what} is a time such as 2026-01-31T09:00:00Z, found `{text}`"))
    })?;
    Ok(Some(Timestamp(at.as_microsecond())).filter(|at| at.0 != 0))
}

/// Writes what makes it fire.
pub(crate) fn trigger_message(rule: &TriggerRule) -> TriggerMessage {
    let start_time = rule.start.map(rfc3339);
    let end_time = rule.end.map(rfc3339);
    match &rule.kind {
        TriggerKind::Once => TriggerMessage::default(),
        TriggerKind::Cron { expression } => TriggerMessage {
            cron_schedule: Some(CronSchedule { start_time, end_time, cron: expression.clone() }),
            periodic_schedule: None,
        },
        TriggerKind::Periodic { seconds } => TriggerMessage {
            cron_schedule: None,
            periodic_schedule: Some(PeriodicSchedule {
                start_time,
                end_time,
                interval_second: seconds.to_string(),
            }),
        },
    }
}

/// Writes a recurring run as the API shows it.
pub(super) fn recurring_run_message(app: &App, row: store::RecurringRun) -> RecurringRun {
    let new = row.new;
    let is_referenced = new.pipeline_id.is_some() || new.pipeline_version_id.is_some();
    let reference = PipelineVersionReference {
        pipeline_id: new.pipeline_id.unwrap_or_default(),
        pipeline_version_id: new.pipeline_version_id.unwrap_or_default(),
    };
    let config = RuntimeConfig {
        parameters: new.parameters.as_object().cloned().unwrap_or_default(),
        pipeline_root: new.pipeline_root.unwrap_or_default(),
    };
    let (mode, status) = if new.enabled { ("ENABLE", "ENABLED") } else { ("DISABLE", "DISABLED") };
    RecurringRun {
        recurring_run_id: row.id,
        display_name: new.display_name,
        description: new.description,
        pipeline_version_id: String::new(),
        pipeline_spec: Some(new.pipeline_spec).filter(|spec| !spec.is_null()),
        pipeline_version_reference: is_referenced.then_some(reference),
        runtime_config: (config != RuntimeConfig::default()).then_some(config),
        service_account: new.service_account,
        max_concurrency: new.max_concurrency.to_string(),
        trigger: Some(trigger_message(&new.trigger)),
        mode: mode.to_owned(),
        created_at: rfc3339(row.created_at),
        updated_at: rfc3339(row.updated_at),
        status: status.to_owned(),
        error: (!row.error.is_empty()).then(|| Status { code: 9, message: row.error, details: Vec::new() }),
        no_catchup: new.no_catchup,
        namespace: app.shown(&row.namespace).to_owned(),
        experiment_id: new.experiment_id,
        plugins_input: plugins::message(&new.plugins_input),
    }
}
