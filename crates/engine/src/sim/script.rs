//! What attempts, cache and importer do in the simulated world: functions of seed and name alone.
//!
//! The world plays the script to the engine, the reference reads it; neither knows the other.

use std::collections::BTreeMap;

use pipewright_plan::{ParameterType, Value};
use serde_json::json;

use super::random::Random;
use crate::event::{Failure, FailureReason};
use crate::id::TaskKey;

/// A task whose attempts may take too long has this limit or a longer one; others end long before.
#[cfg(test)]
pub(super) const SHORTEST_TIMEOUT_S: u64 = 2_000;

/// The script of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) seed: u64,
    /// Attempts and imports may fail of their own.
    pub(super) tasks_fail: bool,
}

/// The course of one attempt when nobody interferes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Act {
    /// `None` hangs for ever.
    pub(super) duration_us: Option<i64>,
    pub(super) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Succeeds,
    /// The command succeeds and its first output parameter is not there.
    LeavesOut,
    /// The command succeeds and its numbers are texts.
    Garbles,
    Fails(FailureReason),
}

impl Script {
    /// Returns what an attempt does; only what has a limit may hang.
    pub(super) fn act(self, task: &TaskKey, number: u32, has_timeout: bool) -> Act {
        let mut random = Random::named(self.seed, &format!("{task}#{number}"));
        let duration_us = Some(1_001 + random.below(9_000_000) as i64);
        if !self.tasks_fail {
            return Act { duration_us, end: End::Succeeds };
        }
        // Some tasks are out of luck: one attempt after the other fails.
        let is_luckless = Random::named(self.seed, &format!("luck {task}")).chance(12);
        let end = match random.below(if is_luckless { 14 } else { 60 }) {
            0..=4 => End::Fails(FailureReason::ExitCode),
            5 => End::Fails(FailureReason::Lost),
            6..=7 => End::Fails(FailureReason::Refused),
            8 => End::Fails(FailureReason::OutOfMemory),
            9 => End::LeavesOut,
            10 => End::Garbles,
            11..=26 if has_timeout => {
                return Act { duration_us: None, end: End::Fails(FailureReason::TimedOut) };
            }
            _ => End::Succeeds,
        };
        Act { duration_us, end }
    }

    /// Returns the values that an attempt which got so far leaves.
    pub(super) fn outputs(
        self,
        task: &TaskKey,
        number: u32,
        declared: &BTreeMap<String, ParameterType>,
        end: End,
    ) -> BTreeMap<String, Value> {
        let maker = format!("{task}#{number}");
        let mut outputs: BTreeMap<String, Value> =
            declared.iter().map(|(name, kind)| (name.clone(), sample_of(*kind, self.seed, &maker))).collect();
        match end {
            End::LeavesOut => {
                outputs.pop_first();
            }
            End::Garbles => {
                for value in outputs.values_mut().filter(|value| value.is_number()) {
                    *value = json!("no number");
                }
            }
            End::Succeeds | End::Fails(_) => {}
        }
        outputs
    }

    /// Returns what somebody says to a task that waits: the value of its first output, or no.
    pub(super) fn reply(self, task: &TaskKey) -> Option<Value> {
        let declines = self.tasks_fail && Random::named(self.seed, &format!("reply {task}")).chance(20);
        (!declines).then(|| sample_of(ParameterType::String, self.seed, &format!("reply {task}")))
    }

    /// Tells whether the cache holds an earlier result of this task.
    pub(super) fn is_cached(self, task: &TaskKey) -> bool {
        Random::named(self.seed, &format!("cache {task}")).chance(40)
    }

    /// Returns the values of the earlier result.
    pub(super) fn cached(self, task: &TaskKey, name: &str, declared: ParameterType) -> Value {
        sample_of(declared, self.seed, &format!("{task} earlier {name}"))
    }

    /// Tells whether an import succeeds that is asked for when the run was retried so often.
    pub(super) fn can_import(self, task: &TaskKey, round: u32) -> bool {
        !self.tasks_fail || Random::named(self.seed, &format!("import {task} {round}")).chance(80)
    }

    /// Tells whether an equal artifact was registered before.
    pub(super) fn is_known(self, task: &TaskKey) -> bool {
        Random::named(self.seed, &format!("known {task}")).chance(40)
    }
}

pub(super) fn failure(reason: FailureReason) -> Failure {
    Failure { reason, message: format!("{reason:?}"), hint: None, exit_code: None }
}

/// Returns some value of that type, always the same for the same maker.
pub(super) fn sample_of(declared: ParameterType, seed: u64, maker: &str) -> Value {
    let mut random = Random::named(seed, &format!("{maker} {}", declared.name()));
    match declared {
        ParameterType::List => (0..random.below(5)).map(Value::from).collect(),
        ParameterType::NumberInteger | ParameterType::NumberDouble => Value::from(random.below(5)),
        ParameterType::Boolean => Value::from(random.chance(50)),
        ParameterType::Struct | ParameterType::TaskFinalStatus | ParameterType::TaskConfig => {
            json!({"a": random.below(5), "b": 2})
        }
        ParameterType::String | ParameterType::Any => match random.below(4) {
            0 => json!("a"),
            1 => json!("b"),
            _ => json!(maker),
        },
    }
}
