//! What attempts, cache and importer do in the simulated world: functions of seed and name alone.

use pipewright_plan::{ParameterType, Value};

use super::random::Random;
use crate::event::{Failure, FailureReason};
use crate::id::TaskKey;

/// The course of one attempt when nobody interferes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Act {
    pub(super) duration_us: i64,
    pub(super) end: Result<(), FailureReason>,
}

pub(super) fn act(seed: u64, task: &TaskKey, number: u32) -> Act {
    let mut random = Random::named(seed, &format!("{task}#{number}"));
    let end = match random.below(40) {
        0..=3 => Err(FailureReason::ExitCode),
        4 => Err(FailureReason::Lost),
        5 => Err(FailureReason::Refused),
        _ => Ok(()),
    };
    Act { duration_us: 1_001 + random.below(9_000_000) as i64, end }
}

pub(super) fn is_cached(seed: u64, task: &TaskKey) -> bool {
    Random::named(seed, &format!("cache {task}")).chance(40)
}

pub(super) fn can_import(seed: u64, task: &TaskKey) -> bool {
    Random::named(seed, &format!("import {task}")).chance(80)
}

/// Returns how many items a `list` task leaves.
pub(super) fn items_of(seed: u64, task: &TaskKey) -> u64 {
    Random::named(seed, &format!("items {task}")).below(5)
}

pub(super) fn failure(reason: FailureReason) -> Failure {
    Failure { reason, message: format!("{reason:?}"), hint: None, exit_code: None }
}

/// Returns some value of that type, the same for each attempt at a task.
pub(super) fn sample_of(declared: ParameterType, seed: u64, task: &TaskKey) -> Value {
    match declared {
        ParameterType::List => (0..items_of(seed, task)).map(Value::from).collect(),
        ParameterType::NumberInteger | ParameterType::NumberDouble => Value::from(items_of(seed, task)),
        ParameterType::Boolean => Value::from(items_of(seed, task).is_multiple_of(2)),
        ParameterType::Struct | ParameterType::TaskFinalStatus | ParameterType::TaskConfig => {
            serde_json::json!({"a": 1, "b": 2})
        }
        ParameterType::String | ParameterType::Any => Value::from(task.as_str()),
    }
}
