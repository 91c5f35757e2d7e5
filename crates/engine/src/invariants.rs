//! What must hold of every journal, whatever the world did. For tests and the simulation.

use std::collections::{BTreeMap, BTreeSet};

use pipewright_plan::{ComponentKind, Dag, Dialect, Plan, Task, TriggerStrategy};

use crate::event::{Event, SkipReason};
use crate::id::TaskKey;
use crate::view::{RunPhase, TaskPhase};

/// What the journal has said so far.
#[derive(Default)]
struct Seen<'a> {
    plan: Option<&'a Plan>,
    started: BTreeSet<TaskKey>,
    ended: BTreeMap<TaskKey, TaskPhase>,
    attempts: BTreeMap<TaskKey, Attempts>,
    items: BTreeMap<TaskKey, u32>,
    is_cancelled: bool,
    /// Exit tasks that fired, and what is inside them.
    clean_up: BTreeSet<TaskKey>,
    is_over: bool,
    phase: RunPhase,
    /// Reopened groups that have not had their turn.
    resting: BTreeSet<TaskKey>,
    /// Tasks that wait or did.
    waiting: BTreeSet<TaskKey>,
    /// What the last retry dropped.
    dropped: BTreeSet<TaskKey>,
    /// Tasks that want locks, with them and whether they hold them.
    locks: BTreeMap<TaskKey, (Vec<String>, bool)>,
}

/// The attempts at one task.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Attempts {
    planned: u32,
    /// Those from before the task was dropped.
    earlier: u32,
    /// The last one has not ended.
    is_running: bool,
}

/// Checks a journal from its beginning. Errors: the first broken invariant, by number.
///
/// - I1 a task fires once, when its upstream has ended and its strategy holds
/// - I2 attempts are numbered, one at a time, within the retry policy, and of tasks that fired
/// - I3 after a cancel only exit tasks begin, and clean-up goes on to its end
/// - I4 a task ends once, and nothing is said of it after
/// - I5 a group ends after everything inside, and failed exactly if something inside did
/// - I6 no more iterations at once than the loop allows, each once, none left out
/// - I7 tasks that wait for any end are never omitted
/// - I8 nothing follows the end of the run but a retry
/// - I9 a retry drops what did not succeed or depends on what is done anew, reopens what is around it, each group
///   has its turn once, and a task that was dropped has its attempts numbered on
/// - I11 nothing of a task that needs locks begins before it holds them, and no mutex has two holders
/// - I10 a task that fired waits once, and only one that waits is let go on
pub fn check(plan: &Plan, journal: &[Event]) -> Result<(), String> {
    let mut seen = Seen { plan: Some(plan), ..Seen::default() };
    for (index, event) in journal.iter().enumerate() {
        seen.take(event).map_err(|broken| format!("event {index} {event:?} breaks {broken}"))?;
    }
    Ok(())
}

impl<'a> Seen<'a> {
    fn take(&mut self, event: &Event) -> Result<(), String> {
        if let Event::RunRetried { dropped, reopened, .. } = event {
            return self.retried(dropped, reopened);
        }
        if self.is_over {
            return Err("I8".to_owned());
        }
        if let Event::TaskResumed { task, .. } = event {
            return self.resumed(task);
        }
        if let Some(task) = crate::changed_tasks(std::slice::from_ref(event)).first()
            && self.ended.contains_key(task)
        {
            return Err("I4".to_owned());
        }
        match event {
            Event::TaskStarted { task, .. } => self.started(task),
            Event::TaskExpanded { task, count, .. } => {
                self.items.insert(task.clone(), *count);
                Ok(())
            }
            Event::TaskSkipped { task, reason, .. } => self.skipped(task, reason),
            Event::AttemptPlanned { task, number, .. } => self.planned(task, *number),
            Event::AttemptEnded { task, .. } => match self.attempts.get_mut(task) {
                Some(Attempts { is_running: running @ true, .. }) => {
                    *running = false;
                    Ok(())
                }
                _ => Err("I2: an end without an attempt".to_owned()),
            },
            Event::TaskSuspended { task, .. } => {
                let in_clean_up = self.clean_up.contains(task);
                if !self.started.contains(task) || !self.waiting.insert(task.clone()) {
                    Err("I10: a wait out of turn".to_owned())
                } else if self.is_cancelled && !in_clean_up {
                    Err("I3".to_owned())
                } else {
                    Ok(())
                }
            }
            Event::LocksWanted { task, locks, .. } => {
                let names = locks.iter().map(|lock| lock.name.clone()).collect();
                self.locks.insert(task.clone(), (names, false));
                Ok(())
            }
            Event::LocksAcquired { task, .. } => self.locked(task),
            Event::TaskReleased { task, .. } if !self.waiting.contains(task) => {
                Err("I10: an answer that nobody waited for".to_owned())
            }
            Event::TaskEnded { task, phase, .. } => self.ended(task, *phase),
            Event::CancelRequested { .. } => {
                self.is_cancelled = true;
                Ok(())
            }
            Event::RunEnded { phase, .. } => {
                self.is_over = true;
                self.phase = *phase;
                if !self.resting.is_empty() {
                    return Err("I9: a reopened group had no turn".to_owned());
                }
                let begun = self.started.contains(&TaskKey::root());
                if begun && !self.ended.contains_key(&TaskKey::root()) {
                    Err("I8: no end of the root".to_owned())
                } else {
                    Ok(())
                }
            }
            _ => Ok(()),
        }
    }

    fn locked(&mut self, key: &TaskKey) -> Result<(), String> {
        let Some((wanted, _)) = self.locks.get(key) else {
            return Err("I11: locks that nobody wanted".to_owned());
        };
        let others = self.locks.iter().filter(|(other, (_, is_held))| *is_held && *other != key);
        let mut held = others.flat_map(|(_, (names, _))| names);
        if held.any(|name| wanted.contains(name)) {
            return Err("I11: a lock with two holders".to_owned());
        }
        if let Some((_, is_held)) = self.locks.get_mut(key) {
            *is_held = true;
        }
        Ok(())
    }

    /// Tells whether something wants locks and does not hold them.
    fn lacks_locks(&self, key: &TaskKey) -> bool {
        let Some(plan) = self.plan else { return false };
        let component = match place_of(plan, key) {
            Some((_, task)) if task.iterator.is_some() && key.index().is_none() => return false,
            Some((_, task)) => plan.component(&task.component),
            None => plan.root_component(),
        };
        component.is_some_and(|component| !component.locks.is_empty())
            && !self.locks.get(key).is_some_and(|(_, is_held)| *is_held)
    }

    fn started(&mut self, key: &TaskKey) -> Result<(), String> {
        if !self.started.insert(key.clone()) {
            return Err("I1: fired twice".to_owned());
        }
        if key.parent().is_some_and(|parent| self.lacks_locks(&parent)) {
            return Err("I11: it begins inside of what lacks its locks".to_owned());
        }
        let in_clean_up = key.parent().is_some_and(|parent| self.clean_up.contains(&parent));
        let is_exit = self.task(key).is_some_and(|(_, task)| task.trigger.strategy == TriggerStrategy::Exit);
        if in_clean_up || is_exit {
            self.clean_up.insert(key.clone());
        }
        if key.as_str().ends_with(']') {
            if self.is_cancelled && !in_clean_up {
                return Err("I3".to_owned());
            }
            return self.iteration(key);
        }
        let Some((dag, task)) = self.task(key) else { return Ok(()) };
        let upstream = self.upstream(key, dag, task)?;
        match task.trigger.strategy {
            TriggerStrategy::AllSucceeded if !upstream.iter().all(|(_, phase)| phase.is_success()) => {
                return Err("I1: upstream did not succeed".to_owned());
            }
            TriggerStrategy::NoneFailed
                if task.trigger.ready.is_none()
                    && !upstream
                        .iter()
                        .all(|(_, phase)| phase.is_success() || *phase == TaskPhase::Skipped) =>
            {
                return Err("I1: upstream failed".to_owned());
            }
            TriggerStrategy::AllSucceeded
            | TriggerStrategy::NoneFailed
            | TriggerStrategy::AllCompleted
            | TriggerStrategy::Exit => {}
        }
        let fired =
            |key: &TaskKey| self.started.contains(key) || self.ended.get(key) == Some(&TaskPhase::Failed);
        let cleans_up = is_exit && upstream.iter().any(|(key, _)| fired(key));
        if self.is_cancelled && !in_clean_up && !cleans_up { Err("I3".to_owned()) } else { Ok(()) }
    }

    fn iteration(&self, key: &TaskKey) -> Result<(), String> {
        let parent = key.parent().ok_or("I6: no loop")?;
        let count = self.items.get(&parent).ok_or("I6: a loop without items")?;
        let begun: Vec<TaskKey> = (0..*count)
            .map(|index| parent.iteration(index))
            .filter(|key| self.started.contains(key) || self.ended.contains_key(key))
            .collect();
        let is_in_turn = begun.len()
            == (0..=*count)
                .take_while(|index| begun.get(*index as usize) == Some(&parent.iteration(*index)))
                .count();
        if !self.dropped.contains(key) && (!is_in_turn || begun.last() != Some(key)) {
            return Err("I6: out of turn".to_owned());
        }
        let is_open = |key: &&TaskKey| !self.ended.contains_key(*key) && !self.resting.contains(*key);
        let open = begun.iter().filter(is_open).count();
        let limit = self.task(&parent).and_then(|(_, task)| task.iterator.as_ref()?.parallelism);
        // None at once would be none at all: no limit is meant.
        let limit = limit.filter(|limit| *limit > 0);
        if limit.is_some_and(|limit| open > limit as usize) {
            Err(format!("I6: {open} at once"))
        } else {
            Ok(())
        }
    }

    fn retried(&mut self, dropped: &[TaskKey], reopened: &[TaskKey]) -> Result<(), String> {
        if !self.is_over || self.phase == RunPhase::Succeeded {
            return Err("I9: nothing to retry".to_owned());
        }
        let anew: BTreeSet<&TaskKey> = dropped.iter().chain(reopened).collect();
        let is_bad =
            |key: &TaskKey| matches!(self.ended.get(key), Some(TaskPhase::Failed | TaskPhase::Cancelled));
        for key in dropped {
            let place = self.task(key).filter(|_| !key.as_str().ends_with(']'));
            let upstream = place.into_iter().flat_map(|(_, task)| &task.upstream);
            let depends = key
                .parent()
                .is_some_and(|dag| upstream.into_iter().any(|name| anew.contains(&dag.child(name))));
            let parent_goes_on = key.parent().is_none_or(|parent| reopened.contains(&parent));
            if !(is_bad(key) || depends) || !self.ended.contains_key(key) || !parent_goes_on {
                return Err(format!("I9: `{key}` is dropped"));
            }
        }
        if let Some(key) = reopened.iter().find(|key| !is_bad(key) || !self.started.contains(*key)) {
            return Err(format!("I9: `{key}` is reopened"));
        }
        let kept_bad = self.ended.keys().find(|key| {
            let is_inside = dropped.iter().any(|dropped| is_within(key, dropped));
            let parent_goes_on = key.parent().is_some_and(|parent| reopened.contains(&parent));
            is_bad(key) && parent_goes_on && !is_inside && !reopened.contains(key)
        });
        if let Some(key) = kept_bad {
            return Err(format!("I9: `{key}` stays as it is"));
        }
        let is_dropped = |key: &TaskKey| dropped.iter().any(|dropped| is_within(key, dropped));
        self.started.retain(|key| !is_dropped(key));
        self.clean_up.retain(|key| !is_dropped(key));
        self.waiting.retain(|key| !is_dropped(key));
        self.locks.clear();
        self.items.retain(|key, _| !is_dropped(key));
        self.ended.retain(|key, _| !is_dropped(key) && !reopened.contains(key));
        for (_, attempts) in self.attempts.iter_mut().filter(|(key, _)| is_dropped(key)) {
            attempts.earlier = attempts.planned;
        }
        self.resting = reopened.iter().cloned().collect();
        self.dropped = dropped.iter().cloned().collect();
        (self.is_over, self.is_cancelled) = (false, false);
        Ok(())
    }

    fn resumed(&mut self, key: &TaskKey) -> Result<(), String> {
        let is_around = key.parent().is_none_or(|parent| !self.resting.contains(&parent));
        if !self.resting.remove(key) || !is_around {
            return Err("I9: resumed out of turn".to_owned());
        }
        if key.as_str().ends_with(']') && !self.is_cancelled {
            let parent = key.parent().ok_or("I6: no loop")?;
            let count = self.items.get(&parent).copied().unwrap_or_default();
            let inside = (0..count).map(|index| parent.iteration(index));
            let open = inside
                .filter(|key| self.started.contains(key) && !self.ended.contains_key(key))
                .filter(|key| !self.resting.contains(key))
                .count();
            let limit = self.task(&parent).and_then(|(_, task)| task.iterator.as_ref()?.parallelism);
            if limit.is_some_and(|limit| limit > 0 && open > limit as usize) {
                return Err(format!("I6: {open} at once"));
            }
        }
        Ok(())
    }

    fn planned(&mut self, key: &TaskKey, number: u32) -> Result<(), String> {
        let in_clean_up = self.clean_up.contains(key);
        if self.is_cancelled && !in_clean_up {
            return Err("I3".to_owned());
        }
        if self.lacks_locks(key) {
            return Err("I11: an attempt without its locks".to_owned());
        }
        let retries =
            self.task(key).and_then(|(_, task)| task.retry.as_ref()).map_or(0, |retry| retry.max_retries);
        let attempts = self.attempts.entry(key.clone()).or_default();
        let is_next = attempts.planned == number && !attempts.is_running;
        if !self.started.contains(key) || !is_next || number - attempts.earlier > retries {
            return Err(format!("I2: {attempts:?}, {retries} retries"));
        }
        *attempts = Attempts { planned: number + 1, is_running: true, ..*attempts };
        Ok(())
    }

    fn skipped(&mut self, key: &TaskKey, reason: &SkipReason) -> Result<(), String> {
        let (dag, task) = self.task(key).ok_or("I1: unknown task")?;
        if key.as_str().ends_with(']') {
            let asks = task.iterator.as_ref().is_some_and(|iterator| iterator.each.condition.is_some());
            if *reason != SkipReason::Condition || !asks {
                return Err("I6: an iteration was passed over".to_owned());
            }
            self.ended.insert(key.clone(), TaskPhase::Skipped);
            return Ok(());
        }
        let upstream = self.upstream(key, dag, task)?;
        let strategy = task.trigger.strategy;
        let lets_pass = |phase: TaskPhase| {
            phase.is_success() || (strategy == TriggerStrategy::NoneFailed && phase == TaskPhase::Skipped)
        };
        let phase = match reason {
            SkipReason::Condition if task.trigger.condition.is_some() => TaskPhase::Skipped,
            SkipReason::NoItems if task.iterator.is_some() => TaskPhase::Skipped,
            SkipReason::Upstream { .. } if task.trigger.ready.is_some() => TaskPhase::Omitted,
            SkipReason::Upstream { .. }
                if !matches!(strategy, TriggerStrategy::AllSucceeded | TriggerStrategy::NoneFailed) =>
            {
                return Err("I7".to_owned());
            }
            SkipReason::Upstream { .. } if upstream.iter().any(|(_, phase)| !lets_pass(*phase)) => {
                TaskPhase::Omitted
            }
            SkipReason::Cancelled if key.parent().is_some_and(|parent| self.clean_up.contains(&parent)) => {
                return Err("I3: clean-up was called off".to_owned());
            }
            SkipReason::Cancelled if self.is_cancelled => TaskPhase::Cancelled,
            SkipReason::Stopped if dag.fail_fast => TaskPhase::Cancelled,
            _ => return Err("I1: no reason to pass it over".to_owned()),
        };
        self.ended.insert(key.clone(), phase);
        Ok(())
    }

    fn ended(&mut self, key: &TaskKey, phase: TaskPhase) -> Result<(), String> {
        if self.attempts.get(key).is_some_and(|attempts| attempts.is_running) {
            return Err("I4: an attempt is still running".to_owned());
        }
        // What never had its locks has nothing inside.
        let is_closed = self.locks.get(key).is_some_and(|(_, is_held)| !is_held) && self.dag(key).is_some();
        let has_inside = self
            .dag(key)
            .is_some_and(|dag| dag.tasks.keys().any(|name| self.ended.contains_key(&key.child(name))));
        if self.started.contains(key) && (!is_closed || has_inside) {
            let inside = self.inside(key);
            let phases: Vec<Option<TaskPhase>> =
                inside.iter().map(|child| self.ended.get(child).copied()).collect();
            if phases.contains(&None) {
                return Err("I5: something inside has not ended".to_owned());
            }
            let has_failed = phases.contains(&Some(TaskPhase::Failed));
            let decides = self.dag(key).is_some_and(|dag| dag.deciding.is_some());
            // A v1 dag is an error when its tasks were skipped and left nothing of its outputs.
            let lacks = !has_failed && phase == TaskPhase::Failed && self.may_lack_outputs(key);
            if !inside.is_empty() && !decides && !lacks && has_failed != (phase == TaskPhase::Failed) {
                return Err("I5: failed without or in spite of what is inside".to_owned());
            }
            let all = self.items.get(key).is_none_or(|count| *count as usize == inside.len());
            let may_stop_early = (self.is_cancelled || self.is_stopped(key)) && phase != TaskPhase::Succeeded;
            if !all && !may_stop_early {
                return Err("I6: iterations were left out".to_owned());
            }
        }
        self.ended.insert(key.clone(), phase);
        self.locks.remove(key);
        Ok(())
    }

    /// Tells whether a v1 dag has outputs that tasks inside it have to leave, and skipped ones among these.
    fn may_lack_outputs(&self, key: &TaskKey) -> bool {
        let is_skipped = |name: &String| {
            let phase = self.ended.get(&key.child(name));
            phase.is_some_and(|phase| matches!(phase, TaskPhase::Skipped | TaskPhase::Omitted))
        };
        self.plan.is_some_and(|plan| plan.dialect == Dialect::V1)
            && self.dag(key).is_some_and(|dag| {
                let outputs = &dag.outputs;
                let is_declared = !outputs.parameters.is_empty() || !outputs.computed.is_empty();
                is_declared && dag.tasks.keys().any(is_skipped)
            })
    }

    /// Tells whether the dag around starts nothing more, because a task or an iteration in it has failed.
    fn is_stopped(&self, key: &TaskKey) -> bool {
        let Some(around) = key.parent().filter(|_| self.task(key).is_some_and(|(dag, _)| dag.fail_fast))
        else {
            return false;
        };
        let mut failed = self.ended.iter().filter(|(_, phase)| **phase == TaskPhase::Failed);
        failed.any(|(other, _)| {
            let parent = other.parent();
            parent.as_ref() == Some(&around)
                || (other.index().is_some()
                    && parent.and_then(|parent| parent.parent()).as_ref() == Some(&around))
        })
    }

    /// Lists what a dag or a loop holds; of a loop what has begun.
    fn inside(&self, key: &TaskKey) -> Vec<TaskKey> {
        if let Some(count) = self.items.get(key) {
            let iterations = (0..*count).map(|index| key.iteration(index));
            return iterations
                .filter(|key| self.started.contains(key) || self.ended.contains_key(key))
                .collect();
        }
        self.dag(key).map_or(Vec::new(), |dag| dag.tasks.keys().map(|name| key.child(name)).collect())
    }

    fn upstream(&self, key: &TaskKey, dag: &Dag, task: &Task) -> Result<Vec<(TaskKey, TaskPhase)>, String> {
        let owner = key.parent().ok_or("I1: no dag around it")?;
        let mut upstream = Vec::new();
        for name in task.upstream.iter().filter(|name| dag.tasks.contains_key(*name)) {
            let sibling = owner.child(name);
            if task.trigger.watches.as_ref() == Some(name) && !self.ended.contains_key(&sibling) {
                // It may fire as soon as that one is in the right state.
                if !self.started.contains(&sibling) {
                    return Err("I1: what it watches has not begun".to_owned());
                }
                continue;
            }
            let phase = *self.ended.get(&sibling).ok_or("I1: upstream has not ended")?;
            upstream.push((sibling, phase));
        }
        Ok(upstream)
    }

    fn dag(&self, key: &TaskKey) -> Option<&'a Dag> {
        dag_at(self.plan?, key)
    }

    fn task(&self, key: &TaskKey) -> Option<(&'a Dag, &'a Task)> {
        place_of(self.plan?, key)
    }
}

/// Returns the dag that runs under this path.
fn dag_at<'a>(plan: &'a Plan, key: &TaskKey) -> Option<&'a Dag> {
    let component = match place_of(plan, key) {
        Some((_, task)) => plan.component(&task.component)?,
        None => plan.root_component()?,
    };
    match &component.kind {
        ComponentKind::Dag(dag) => Some(dag),
        _ => None,
    }
}

/// Returns the task of this path and the dag around it; the root has none, an iteration its loop's.
fn place_of<'a>(plan: &'a Plan, key: &TaskKey) -> Option<(&'a Dag, &'a Task)> {
    let path = if key.as_str().ends_with(']') { key.parent()? } else { key.clone() };
    let dag = dag_at(plan, &path.parent()?)?;
    Some((dag, dag.tasks.get(path.name())?))
}

/// Returns the task of this path.
pub(crate) fn task_at<'a>(plan: &'a Plan, key: &TaskKey) -> Option<&'a Task> {
    place_of(plan, key).map(|(_, task)| task)
}

/// Tells whether a task is this one or something inside it.
pub(crate) fn is_within(key: &TaskKey, outer: &TaskKey) -> bool {
    let rest = key.as_str().strip_prefix(outer.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
}
