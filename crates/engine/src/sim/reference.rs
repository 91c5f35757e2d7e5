//! The slow and obvious evaluation: what must come of a run that nobody stops, by recursion over the plan.

use std::collections::BTreeMap;

use pipewright_plan::{ComponentKind, Dag, Expr, Items, ParameterSource, Plan, Task, TriggerStrategy, Value};

use super::tasks::{act, can_import, is_cached, items_of};
use super::world::World;
use crate::event::FailureReason;
use crate::id::TaskKey;
use crate::view::TaskPhase;

/// Phase, the output `out`, and how many `items` there are.
type Result3 = (TaskPhase, Option<Value>, Option<u64>);

struct Evaluation<'a> {
    plan: &'a Plan,
    seed: u64,
    phases: BTreeMap<TaskKey, TaskPhase>,
}

/// Compares every task's phase. Errors: the first that differs.
pub(super) fn compare(world: &World) -> Result<(), String> {
    let mut evaluation = Evaluation { plan: world.plan(), seed: world.seed(), phases: BTreeMap::new() };
    evaluation.component("root", &TaskKey::root(), None);
    let mut found: BTreeMap<TaskKey, TaskPhase> = BTreeMap::new();
    for key in world.state().task_keys() {
        let view = world.state().task_view(world.plan(), key).ok_or("a task without a view")?;
        found.insert(key.clone(), view.phase);
    }
    if found == evaluation.phases {
        return Ok(());
    }
    let keys = found.keys().chain(evaluation.phases.keys());
    let wrong = keys.into_iter().find(|key| found.get(key) != evaluation.phases.get(key));
    let wrong = wrong.ok_or("maps differ in nothing")?;
    Err(format!("{wrong} is {:?}, expected {:?}", found.get(wrong), evaluation.phases.get(wrong)))
}

impl Evaluation<'_> {
    fn component(&mut self, name: &str, key: &TaskKey, task: Option<&Task>) -> Result3 {
        let plan = self.plan;
        let result = match &plan.components[name].kind {
            ComponentKind::Dag(dag) => self.dag(dag, key),
            ComponentKind::Importer(_) if can_import(self.seed, key) => (TaskPhase::Succeeded, None, None),
            ComponentKind::Importer(_) => (TaskPhase::Failed, None, None),
            ComponentKind::Container(_) | ComponentKind::Resource(_) => self.container(key, task),
        };
        self.phases.insert(key.clone(), result.0);
        result
    }

    fn container(&self, key: &TaskKey, task: Option<&Task>) -> Result3 {
        let good = |phase| (phase, Some(Value::from(key.as_str())), Some(items_of(self.seed, key)));
        if task.is_some_and(|task| task.caching.enabled) && is_cached(self.seed, key) {
            return good(TaskPhase::Cached);
        }
        let retries = task.and_then(|task| task.retry.as_ref()).map_or(0, |retry| retry.max_retries);
        for number in 0..=retries {
            match act(self.seed, key, number).end {
                Ok(()) => return good(TaskPhase::Succeeded),
                Err(FailureReason::Refused) => break,
                Err(_) => {}
            }
        }
        (TaskPhase::Failed, None, None)
    }

    fn dag(&mut self, dag: &Dag, key: &TaskKey) -> Result3 {
        let mut ended: BTreeMap<&str, Result3> = BTreeMap::new();
        // Tasks of simulated plans stand in an order that respects their edges.
        for (name, task) in &dag.tasks {
            let result = self.task(task, &key.child(name), &ended);
            self.phases.insert(key.child(name), result.0);
            ended.insert(name, result);
        }
        let is_failed = ended.values().any(|(phase, ..)| *phase == TaskPhase::Failed);
        let phase = if is_failed { TaskPhase::Failed } else { TaskPhase::Succeeded };
        let selector = dag.outputs.parameters.get("out");
        let out = selector.and_then(|selector| {
            let good = selector
                .sources
                .iter()
                .map(|(task, _)| &ended[task.as_str()])
                .filter(|(phase, ..)| !selector.one_of || phase.is_success());
            good.filter_map(|(_, out, _)| out.clone()).next()
        });
        (phase, out, None)
    }

    fn task(&mut self, task: &Task, key: &TaskKey, ended: &BTreeMap<&str, Result3>) -> Result3 {
        let all_succeeded = task.upstream.iter().all(|name| ended[name.as_str()].0.is_success());
        if task.trigger.strategy == TriggerStrategy::AllSucceeded && !all_succeeded {
            return (TaskPhase::Omitted, None, None);
        }
        let failed = (TaskPhase::Failed, None, None);
        let mut items = None;
        for (input, binding) in &task.parameters {
            match (&binding.source, input.as_str()) {
                (ParameterSource::TaskOutput { task, .. }, "items") => items = ended[task.as_str()].2,
                (ParameterSource::FinalStatus { task }, _) if !ended.contains_key(task.as_str()) => {
                    return failed;
                }
                _ => {}
            }
        }
        if matches!(&task.iterator, Some(policy) if matches!(policy.items, Items::Input { .. }))
            && items.is_none()
        {
            return failed;
        }
        match &task.trigger.condition {
            Some(Expr::Literal { value: Value::Bool(false) }) => return (TaskPhase::Skipped, None, None),
            Some(Expr::Variable { .. }) => return failed,
            _ => {}
        }
        let Some(policy) = &task.iterator else { return self.component(&task.component, key, Some(task)) };
        let count = match &policy.items {
            Items::Static { values } => values.len() as u64,
            Items::Input { .. } => items.unwrap_or_default(),
        };
        let mut phase = TaskPhase::Succeeded;
        let mut collected = Vec::new();
        for index in 0..count {
            let (ended, out, _) = self.component(&task.component, &key.iteration(index as u32), Some(task));
            if ended == TaskPhase::Failed {
                phase = TaskPhase::Failed;
            }
            collected.extend(out);
        }
        (phase, Some(Value::Array(collected)), None)
    }
}
