//! What the random cases have shown of the language and of how things end, so that they cannot test nothing.

use std::collections::{BTreeMap, BTreeSet};

use pipewright_plan::{
    Component, ComponentKind, Dag, Items, IterationKind, ParameterSource, Plan, Task, TriggerStrategy, Value,
    ValueTemplate,
};

use super::Report;
use super::case::Case;
use super::reference::Ended;
use crate::event::FailureReason;
use crate::id::TaskKey;
use crate::invariants::task_at;
use crate::view::{RunPhase, TaskPhase};

/// Counts cases by what was seen in them.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    counts: BTreeMap<&'static str, u32>,
}

/// Everything that must be seen, in words.
const FEATURES: &[&str] = &[
    "argument left out",
    "artifact iteration",
    "attempts numbered on",
    "attempt timed out",
    "cache hit",
    "caching disabled",
    "cancelled loop",
    "claim deleted",
    "clean-up after a cancel",
    "collected artifacts taken",
    "collected list of lists",
    "collected list taken",
    "collected partly",
    "component used twice",
    "condition cannot be evaluated",
    "condition false",
    "condition true",
    "crash",
    "default of an input",
    "empty dag",
    "empty loop",
    "exit task is a dag",
    "exit task learns of a cancel",
    "exit task learns of a failure",
    "exit task learns of a success",
    "failed iteration among others",
    "import fails",
    "import of a known artifact",
    "import",
    "input cannot be resolved",
    "input of a failed producer replaced",
    "iterations in turn",
    "holds locks",
    "items are no list",
    "items as text",
    "items of a dag's input",
    "items of an output",
    "items written down",
    "nested dag",
    "nested loop",
    "one of several",
    "optional input left out",
    "output missing or unfit",
    "reason ExitCode",
    "reason Declined",
    "reason Inner",
    "reason Lost",
    "reason Refused",
    "refused at once in spite of retries",
    "retries used up",
    "retry helps",
    "retry of the run helps",
    "run Cancelled",
    "run Failed",
    "run Succeeded",
    "run retried",
    "run retried in vain",
    "runs in spite of upstream",
    "selected field",
    "task Cached",
    "task Cancelled",
    "task Failed",
    "task Omitted",
    "task Skipped",
    "task Succeeded",
    "text with a placeholder",
    "value turned into text",
    "wait answered",
    "wait for a time",
];

impl Coverage {
    /// Names what was seen in fewer cases than this.
    pub(super) fn missing(&self, least: u32) -> Vec<(&'static str, u32)> {
        let count = |name: &&'static str| (*name, self.counts.get(name).copied().unwrap_or_default());
        FEATURES.iter().map(count).filter(|(_, count)| *count < least).collect()
    }

    pub(super) fn add(&mut self, case: &Case, report: &Report, ended: &BTreeMap<TaskKey, Ended>) {
        let mut seen = Seen { plan: &case.sample.plan, ended, names: BTreeSet::new() };
        seen.note(true, phase_name("run", &format!("{:?}", report.phase)));
        seen.note(report.crashes > 0, "crash");
        seen.note(report.retries > 0, "run retried");
        let has_succeeded = report.phase == RunPhase::Succeeded;
        seen.note(report.retries > 0 && has_succeeded, "retry of the run helps");
        seen.note(report.retries > 1 && !has_succeeded, "run retried in vain");
        seen.note(case.sample.caching_disabled, "caching disabled");
        for (key, end) in ended {
            seen.outcome(key, end);
            if let Some(task) = task_at(&case.sample.plan, key)
                && !key.as_str().ends_with(']')
            {
                seen.task(key, task, end);
            }
        }
        for name in seen.names {
            assert!(FEATURES.contains(&name), "`{name}` is not listed");
            *self.counts.entry(name).or_default() += 1;
        }
    }
}

fn phase_name(what: &str, phase: &str) -> &'static str {
    let name = format!("{what} {phase}");
    FEATURES.iter().find(|known| **known == name).copied().unwrap_or("crash")
}

struct Seen<'a> {
    plan: &'a Plan,
    ended: &'a BTreeMap<TaskKey, Ended>,
    names: BTreeSet<&'static str>,
}

impl<'a> Seen<'a> {
    fn note(&mut self, holds: bool, name: &'static str) {
        if holds {
            self.names.insert(name);
        }
    }

    fn outcome(&mut self, key: &TaskKey, end: &Ended) {
        let task = task_at(self.plan, key);
        let retries = task.and_then(|task| task.retry.as_ref()).map_or(0, |retry| retry.max_retries as usize);
        self.note(true, phase_name("task", &format!("{:?}", end.phase)));
        let reason = end.reason.filter(|_| end.phase == TaskPhase::Failed);
        match reason {
            Some(FailureReason::Resolve) => self.note(true, "input cannot be resolved"),
            Some(FailureReason::TimedOut) => self.note(true, "attempt timed out"),
            Some(FailureReason::NotStarted) => self.note(true, "import fails"),
            Some(FailureReason::Output) => self.note(true, "output missing or unfit"),
            Some(FailureReason::OutOfMemory) | None => {}
            Some(reason) => self.note(true, phase_name("reason", &format!("{reason:?}"))),
        }
        let is_refused = reason == Some(FailureReason::Refused);
        let attempts = end.attempts.len() - end.earlier;
        self.note(is_refused && attempts <= retries, "refused at once in spite of retries");
        self.note(end.phase == TaskPhase::Succeeded && attempts > 1, "retry helps");
        let used_up = reason.is_some() && !is_refused && attempts > 1;
        self.note(used_up && attempts == retries + 1, "retries used up");
        self.note(end.earlier > 0 && attempts > 0, "attempts numbered on");
        self.note(end.phase == TaskPhase::Cached, "cache hit");
        self.note(key.as_str().matches('/').count() >= 2, "nested dag");
        self.note(key.as_str().matches('[').count() >= 2, "nested loop");
        if end.phase == TaskPhase::Succeeded {
            let artifacts = end.outputs.artifacts.get("artifact").into_iter().flatten();
            let known = artifacts.clone().any(|tag| tag.starts_with("known "));
            self.note(artifacts.count() == 1, if known { "import of a known artifact" } else { "import" });
        }
    }

    fn task(&mut self, key: &TaskKey, task: &Task, end: &Ended) {
        let Some(component) = self.plan.component(&task.component) else { return };
        let uses = self.plan.components.values().filter_map(dag_of).flat_map(|dag| dag.tasks.values());
        let is_dag = dag_of(component).is_some();
        self.note(
            is_dag && uses.filter(|use_of| use_of.component == task.component).count() > 1,
            "component used twice",
        );
        self.note(end.fired && dag_of(component).is_some_and(|dag| dag.tasks.is_empty()), "empty dag");
        match end.phase {
            TaskPhase::Skipped => self.note(true, "condition false"),
            TaskPhase::Failed if !end.fired && task.trigger.condition.is_some() => {
                self.note(true, "condition cannot be evaluated");
            }
            _ => self.note(end.fired && task.trigger.condition.is_some(), "condition true"),
        }
        self.upstream(key, task, end);
        self.note(end.phase == TaskPhase::Succeeded && !component.locks.is_empty(), "holds locks");
        if end.fired {
            self.inputs(key, task, component, end);
            let one_of =
                dag_of(component).is_some_and(|dag| dag.outputs.parameters.values().any(|s| s.one_of));
            self.note(one_of && end.outputs.parameters.contains_key("text"), "one of several");
        }
        self.iteration(key, task, end);
    }

    fn upstream(&mut self, key: &TaskKey, task: &Task, end: &Ended) {
        let siblings: Vec<&Ended> = task.upstream.iter().filter_map(|name| self.sibling(key, name)).collect();
        let is_bad = siblings.iter().any(|up| !matches!(up.phase, TaskPhase::Succeeded | TaskPhase::Cached));
        let completed = task.trigger.strategy != TriggerStrategy::AllSucceeded;
        self.note(end.fired && is_bad && completed, "runs in spite of upstream");
        let stopped = siblings.iter().any(|up| up.phase == TaskPhase::Cancelled);
        self.note(end.fired && stopped && completed, "clean-up after a cancel");
        let is_answered = task.component == "approval" && end.phase == TaskPhase::Succeeded;
        self.note(is_answered, "wait answered");
        self.note(task.component == "pause" && end.phase == TaskPhase::Succeeded, "wait for a time");
        let is_claim = task.component == "claim" && end.phase == TaskPhase::Succeeded;
        self.note(is_claim, "claim deleted");
        for binding in task.parameters.values() {
            let ParameterSource::FinalStatus { task: of } = &binding.source else { continue };
            if !end.fired {
                continue;
            }
            match self.sibling(key, of).map(|group| group.phase) {
                Some(TaskPhase::Succeeded | TaskPhase::Cached) => {
                    self.note(true, "exit task learns of a success")
                }
                Some(TaskPhase::Failed) => self.note(true, "exit task learns of a failure"),
                _ => self.note(true, "exit task learns of a cancel"),
            }
            let component = self.plan.component(&task.component);
            self.note(component.is_some_and(|component| dag_of(component).is_some()), "exit task is a dag");
        }
    }

    fn inputs(&mut self, key: &TaskKey, task: &Task, component: &Component, end: &Ended) {
        for (name, binding) in &task.parameters {
            let declared = component.inputs.parameters.get(name);
            let value = end.inputs.parameters.get(name);
            self.note(binding.selector.is_some() && value.is_some(), "selected field");
            match &binding.source {
                ParameterSource::Constant { value: ValueTemplate::Text { .. } } => {
                    self.note(true, "text with a placeholder");
                }
                ParameterSource::TaskOutput { task: of, key: output } => {
                    let producer = self.sibling(key, of);
                    let found =
                        producer.and_then(|producer| producer.outputs.parameters.get(output)).cloned();
                    let is_failed = producer.is_some_and(|producer| producer.phase == TaskPhase::Failed);
                    let is_text = found.as_ref().is_some_and(|found| !found.is_string());
                    self.note(is_text && value.is_some_and(Value::is_string), "value turned into text");
                    self.note(found.is_none() && is_failed, "input of a failed producer replaced");
                    let from_loop = self.sibling_task(key, of).is_some_and(|task| task.iterator.is_some());
                    let items = found.as_ref().and_then(Value::as_array);
                    self.note(from_loop && items.is_some(), "collected list taken");
                    let nested = items.is_some_and(|items| items.iter().any(Value::is_array));
                    self.note(from_loop && nested, "collected list of lists");
                }
                _ => {}
            }
            self.note(
                value.is_none() && declared.is_some_and(|input| input.optional),
                "optional input left out",
            );
        }
        for (name, input) in &component.inputs.parameters {
            let is_default =
                input.default.is_some() && input.default.as_ref() == end.inputs.parameters.get(name);
            self.note(is_default && !task.parameters.contains_key(name), "default of an input");
        }
        for binding in task.artifacts.values() {
            let pipewright_plan::ArtifactBinding::TaskOutput { task: of, .. } = binding else { continue };
            let from_loop = self.sibling_task(key, of).is_some_and(|task| task.iterator.is_some());
            self.note(from_loop, "collected artifacts taken");
        }
        if *key == TaskKey::root().child("t0") {
            let root = &self.ended[&TaskKey::root()];
            self.note(root.inputs.parameters.values().any(Value::is_null), "argument left out");
        }
    }

    fn iteration(&mut self, key: &TaskKey, task: &Task, end: &Ended) {
        let Some(policy) = &task.iterator else { return };
        if !end.fired {
            let has_list =
                matches!(&policy.items, Items::Input { name } if task.parameters.contains_key(name));
            let failed = end.phase == TaskPhase::Failed && task.trigger.condition.is_none();
            return self.note(has_list && failed, "items are no list");
        }
        match &policy.items {
            Items::Static { .. } => self.note(true, "items written down"),
            Items::Input { .. } if policy.kind == IterationKind::Artifact => {
                self.note(true, "artifact iteration")
            }
            Items::Input { name } => match task.parameters.get(name).map(|binding| &binding.source) {
                Some(ParameterSource::DagInput { .. }) => self.note(true, "items of a dag's input"),
                Some(ParameterSource::TaskOutput { .. }) => self.note(true, "items of an output"),
                _ => self.note(true, "items as text"),
            },
        }
        let iterations: Vec<&Ended> =
            (0..).map_while(|index| self.ended.get(&key.iteration(index))).collect();
        let has = |phase| iterations.iter().any(|ended| ended.phase == phase);
        let (failed, succeeded) = (has(TaskPhase::Failed), has(TaskPhase::Succeeded));
        let lists = end.outputs.parameters.values().filter_map(Value::as_array);
        let partly = lists.clone().any(|list| !list.is_empty() && list.len() < iterations.len());
        let is_limited = policy.parallelism.is_some_and(|limit| limit > 0);
        let in_turn = is_limited && iterations.len() > 1;
        let is_empty = iterations.is_empty();
        self.note(failed && succeeded, "failed iteration among others");
        self.note(partly, "collected partly");
        self.note(in_turn, "iterations in turn");
        self.note(is_empty, "empty loop");
        self.note(end.phase == TaskPhase::Cancelled, "cancelled loop");
    }

    fn sibling(&self, key: &TaskKey, name: &str) -> Option<&'a Ended> {
        self.ended.get(&key.parent()?.child(name))
    }

    fn sibling_task(&self, key: &TaskKey, name: &str) -> Option<&'a Task> {
        task_at(self.plan, &key.parent()?.child(name))
    }
}

fn dag_of(component: &Component) -> Option<&Dag> {
    match &component.kind {
        ComponentKind::Dag(dag) => Some(dag),
        _ => None,
    }
}
