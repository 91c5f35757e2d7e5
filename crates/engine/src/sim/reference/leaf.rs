//! Leaves in the reference: attempts until one succeeds, an earlier result, an import.
//!
//! Source: v2 semantics 1.6, 2.7, 2.11 and 3.

use pipewright_plan::{Component, ComponentKind, Importer, Suspend, Task, TextPart, Value};

use super::expression::text_of;
use super::inputs::converted;
use super::{Course, Ended, Values};
use crate::event::FailureReason;
use crate::id::TaskKey;
use crate::sim::script::End;
use crate::view::TaskPhase;

impl Course<'_> {
    pub(super) fn container(
        &self,
        (_, component): (&str, &Component),
        key: &TaskKey,
        task: Option<&Task>,
        inputs: Values,
    ) -> Ended {
        let mut ended = Ended { inputs, fired: true, ..Ended::unfired(TaskPhase::Succeeded) };
        let can_hit = matches!(component.kind, ComponentKind::Container(_)) && !self.caching_disabled;
        let is_cached = can_hit && task.is_some_and(|task| task.caching.enabled);
        if is_cached && self.script.is_cached(key) {
            ended.phase = TaskPhase::Cached;
            for (name, output) in &component.outputs.parameters {
                let value = self.script.cached(key, name, output.parameter_type);
                ended.outputs.parameters.insert(name.clone(), value);
            }
            for name in component.outputs.artifacts.keys() {
                ended.outputs.artifacts.insert(name.clone(), vec![format!("earlier {key} {name}")]);
            }
            return ended;
        }
        let retries = task.and_then(|task| task.retry.as_ref()).map_or(0, |retry| retry.max_retries);
        let has_timeout = task.is_some_and(|task| task.timeout.is_some());
        let first = self.earlier.get(key).map_or(0, |earlier| u32::try_from(earlier.len()).unwrap_or(0));
        for number in first..=first + retries {
            match self.attempt(component, key, number, has_timeout) {
                Ok(outputs) => {
                    ended.outputs = outputs;
                    ended.attempts.push(TaskPhase::Succeeded);
                    return ended;
                }
                Err((phase, reason)) => {
                    ended.attempts.push(phase);
                    ended.reason = Some(reason);
                    if reason == FailureReason::Refused {
                        break;
                    }
                }
            }
        }
        ended.phase = TaskPhase::Failed;
        ended
    }

    /// Tells what an attempt leaves, or how the attempt itself ended and why the task has nothing of it: what takes
    /// too long has failed, though it is killed.
    fn attempt(
        &self,
        component: &Component,
        key: &TaskKey,
        number: u32,
        has_timeout: bool,
    ) -> Result<Values, (TaskPhase, FailureReason)> {
        let end = self.script.act(key, number, has_timeout).end;
        match end {
            End::Fails(reason) => return Err((TaskPhase::Failed, reason)),
            End::Succeeds | End::LeavesOut | End::Garbles => {}
        }
        let parameters = component.outputs.parameters.iter();
        let declared = parameters.map(|(name, output)| (name.clone(), output.parameter_type)).collect();
        let left = self.script.outputs(key, number, &declared, end);
        let mut outputs = Values::default();
        for (name, kind) in &declared {
            let value = left.get(name).ok_or(()).and_then(|value| converted(*kind, value));
            let unfit = (TaskPhase::Succeeded, FailureReason::Output);
            outputs.parameters.insert(name.clone(), value.map_err(|()| unfit)?);
        }
        for name in component.outputs.artifacts.keys() {
            outputs.artifacts.insert(name.clone(), vec![format!("{key}#{number}")]);
        }
        Ok(outputs)
    }

    /// A task that waits leaves what it is given, and defaults for the rest; time alone gives nothing. Source: v1
    /// semantics 4.
    pub(super) fn wait(
        &self,
        (component, wait): (&Component, &Suspend),
        key: &TaskKey,
        inputs: Values,
    ) -> Ended {
        let mut ended = Ended { inputs, fired: true, ..Ended::unfired(TaskPhase::Succeeded) };
        let reply = self.script.reply(key).filter(|_| wait.duration.is_none());
        if wait.duration.is_none() && reply.is_none() {
            return Ended { phase: TaskPhase::Failed, reason: Some(FailureReason::Declined), ..ended };
        }
        for (name, output) in &component.outputs.parameters {
            match reply.clone().filter(|_| name == "text").or_else(|| output.default.clone()) {
                Some(value) => {
                    ended.outputs.parameters.insert(name.clone(), value);
                }
                None => {
                    let outputs = Values::default();
                    let reason = Some(FailureReason::Output);
                    return Ended { phase: TaskPhase::Failed, reason, outputs, ..ended };
                }
            }
        }
        ended
    }

    pub(super) fn import(&self, importer: &Importer, key: &TaskKey, inputs: Values) -> Ended {
        let mut ended = Ended { fired: true, ..Ended::unfired(TaskPhase::Succeeded) };
        if self.script.can_import(key, self.round) {
            let part = |part: &TextPart| match part {
                TextPart::Literal { text } => text.clone(),
                TextPart::Placeholder { .. } => text_of(inputs.parameters.get("uri").unwrap_or(&Value::Null)),
            };
            let mut tag: String = importer.uri.parts.iter().map(part).collect();
            if !importer.reimport && self.script.is_known(key) {
                tag = format!("known {key}");
            }
            ended.outputs.artifacts.insert("artifact".to_owned(), vec![tag]);
        } else {
            ended.phase = TaskPhase::Failed;
            ended.reason = Some(FailureReason::NotStarted);
        }
        ended.inputs = inputs;
        ended
    }
}
