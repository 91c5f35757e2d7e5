//! The slow and obvious interpreter: what must come of a run, by recursion over the plan.
//!
//! Written from v2 semantics 1.3-1.6 and 2.2-2.10 without a look at how the engine decides: no events, no
//! state, no time. It shares the plan's types with the engine and nothing else, its own small evaluator of
//! conditions and its own conversions included. What a cancelled run leaves depends on the moment, so there
//! the [`Halt`] says which tasks were stopped, and everything else still has to follow from that.

mod expression;
mod inputs;
mod leaf;

use std::collections::{BTreeMap, BTreeSet};

use pipewright_plan::{ComponentKind, Dag, Items, IterationKind, Plan, Task, TriggerStrategy, Value};

use super::script::Script;
use crate::event::FailureReason;
use crate::id::TaskKey;
use crate::view::TaskPhase;

/// Values by name; artifacts by the tags of their makers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Values {
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) artifacts: BTreeMap<String, Vec<String>>,
}

/// How a task, or one iteration of it, came out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ended {
    pub(super) phase: TaskPhase,
    /// Trigger policy held and inputs could be resolved.
    pub(super) fired: bool,
    pub(super) inputs: Values,
    pub(super) outputs: Values,
    pub(super) attempts: Vec<TaskPhase>,
    /// How many of them were made before the run was retried.
    pub(super) earlier: usize,
    pub(super) reason: Option<FailureReason>,
}

impl Ended {
    fn unfired(phase: TaskPhase) -> Self {
        let reason = (phase == TaskPhase::Failed).then_some(FailureReason::Resolve);
        let (inputs, outputs) = (Values::default(), Values::default());
        Self { phase, fired: false, inputs, outputs, attempts: Vec::new(), earlier: 0, reason }
    }

    fn group(inputs: Values, outputs: Values, phase: TaskPhase) -> Self {
        let reason = (phase == TaskPhase::Failed).then_some(FailureReason::Inner);
        Self { phase, fired: true, inputs, outputs, attempts: Vec::new(), earlier: 0, reason }
    }
}

/// What a cancel decided: which tasks it reached. Nothing else of the run may differ.
#[derive(Debug, Clone, Default)]
pub(super) struct Halt {
    /// Tasks that ended cancelled.
    pub(super) cancelled: BTreeSet<TaskKey>,
    /// Tasks that fired.
    pub(super) fired: BTreeSet<TaskKey>,
    /// Tasks and iterations of which anything is known.
    pub(super) known: BTreeSet<TaskKey>,
}

/// A run as it was asked for and as the world plays it.
#[derive(Debug)]
pub(super) struct Course<'a> {
    pub(super) plan: &'a Plan,
    pub(super) arguments: &'a BTreeMap<String, Value>,
    pub(super) caching_disabled: bool,
    pub(super) script: Script,
    /// `None` when nobody stopped the run.
    pub(super) halt: Option<Halt>,
    /// How the run ended before, if it goes on from there.
    pub(super) before: Option<&'a BTreeMap<TaskKey, Ended>>,
    /// Attempts made before, by task.
    pub(super) earlier: &'a BTreeMap<TaskKey, Vec<TaskPhase>>,
    /// How often the run was retried.
    pub(super) round: u32,
}

/// Tells the end of every task and iteration by its path.
pub(super) fn interpret(course: &Course<'_>) -> BTreeMap<TaskKey, Ended> {
    let mut interpreter = Interpreter { course, ended: BTreeMap::new(), cleans_up: false, goes_on: false };
    let root = TaskKey::root();
    interpreter.goes_on = course.before.is_some_and(|before| before[&root].fired);
    let ended = match inputs::of_root(course.plan, course.arguments) {
        Ok(inputs) => {
            let mut ended = interpreter.component(&course.plan.root, &root, None, inputs);
            if course.halt.is_some() && ended.phase == TaskPhase::Succeeded {
                ended.phase = TaskPhase::Cancelled;
            }
            ended
        }
        Err(_) => Ended::unfired(TaskPhase::Failed),
    };
    interpreter.ended.insert(root, ended);
    interpreter.ended
}

struct Interpreter<'a> {
    course: &'a Course<'a>,
    ended: BTreeMap<TaskKey, Ended>,
    /// Inside an exit task, which a cancel does not stop.
    cleans_up: bool,
    /// The dag or loop to look at keeps what it can of how it ended before.
    goes_on: bool,
}

/// A dag at work: where it is, what it was given, what its tasks came to.
struct Frame<'p, 'f> {
    key: &'f TaskKey,
    dag: &'p Dag,
    inputs: &'f Values,
    ended: BTreeMap<&'p str, Ended>,
    goes_on: bool,
    /// Tasks that are done anew, wholly or inside.
    anew: BTreeSet<&'p str>,
}

impl<'a> Interpreter<'a> {
    fn component(&mut self, name: &str, key: &TaskKey, task: Option<&Task>, inputs: Values) -> Ended {
        let component = &self.course.plan.components[name];
        match &component.kind {
            // The cancel came while it waited for its locks.
            ComponentKind::Dag(dag)
                if !component.locks.is_empty() && self.is_stopped(key) && !self.is_known_inside(key, dag) =>
            {
                Ended { fired: true, inputs, ..Ended::unfired(TaskPhase::Cancelled) }
            }
            ComponentKind::Dag(dag) => self.dag(dag, key, inputs),
            _ if self.is_stopped(key) => {
                Ended { fired: true, inputs, ..Ended::unfired(TaskPhase::Cancelled) }
            }
            ComponentKind::Importer(importer) => self.course.import(importer, key, inputs),
            ComponentKind::Suspend(wait) => self.course.wait((component, wait), key, inputs),
            // A claim without a name cannot be deleted; what was left out has a name by default.
            ComponentKind::Resource(_)
                if inputs.parameters.get("pvc_name").is_some_and(|name| name == "") =>
            {
                Ended { fired: true, inputs, ..Ended::unfired(TaskPhase::Failed) }
            }
            _ => self.course.container((name, component), key, task, inputs),
        }
    }

    fn dag(&mut self, dag: &'a Dag, key: &TaskKey, inputs: Values) -> Ended {
        let goes_on = std::mem::take(&mut self.goes_on);
        let (ended, anew) = (BTreeMap::new(), BTreeSet::new());
        let mut frame = Frame { key, dag, inputs: &inputs, ended, goes_on, anew };
        for name in dag.tasks.keys() {
            self.task(name, &mut frame);
        }
        let outputs = inputs::of_dag(dag, &frame.ended);
        let phase = self.phase_of_group(frame.ended.values(), true);
        Ended::group(inputs, outputs, phase)
    }

    /// A group fails with anything inside it; skipped and omitted tasks do it no harm.
    fn phase_of_group<'e>(&self, inside: impl Iterator<Item = &'e Ended>, is_complete: bool) -> TaskPhase {
        let phases: BTreeSet<TaskPhase> = inside.map(|ended| ended.phase).collect();
        if phases.contains(&TaskPhase::Failed) {
            TaskPhase::Failed
        } else if phases.contains(&TaskPhase::Cancelled) || !is_complete {
            TaskPhase::Cancelled
        } else {
            TaskPhase::Succeeded
        }
    }

    /// Finds out how a task ends, after those that it waits for.
    fn task(&mut self, name: &'a str, frame: &mut Frame<'a, '_>) {
        if frame.ended.contains_key(name) {
            return;
        }
        let task = &frame.dag.tasks[name];
        for upstream in &task.upstream {
            self.task(upstream, frame);
        }
        let key = frame.key.child(name);
        let outside = self.cleans_up;
        self.cleans_up |= task.trigger.strategy == TriggerStrategy::Exit;
        let depends = task.upstream.iter().any(|upstream| frame.anew.contains(upstream.as_str()));
        let before = self.before(&key).filter(|_| frame.goes_on && !depends);
        let ended = match before {
            Some(before) if !is_bad(before) => self.keep(&key, before),
            before => {
                frame.anew.insert(name);
                match before {
                    Some(before) if before.fired && (self.is_dag(task) || task.iterator.is_some()) => {
                        self.goes_on = true;
                        self.enter(task, &key, before.inputs.clone())
                    }
                    _ => {
                        let ended = self.fire(name, task, &key, frame);
                        self.numbered_on(&key, ended)
                    }
                }
            }
        };
        self.cleans_up = outside;
        self.ended.insert(key, ended.clone());
        frame.ended.insert(name, ended);
    }

    fn fire(&mut self, name: &str, task: &'a Task, key: &TaskKey, frame: &Frame<'a, '_>) -> Ended {
        let upstream: Vec<&Ended> = task.upstream.iter().map(|name| &frame.ended[name.as_str()]).collect();
        match task.trigger.strategy {
            TriggerStrategy::AllSucceeded | TriggerStrategy::NoneFailed | TriggerStrategy::AllCompleted
                if self.is_called_off(key) =>
            {
                return Ended::unfired(TaskPhase::Cancelled);
            }
            TriggerStrategy::AllSucceeded => {
                if upstream.iter().any(|up| !matches!(up.phase, TaskPhase::Succeeded | TaskPhase::Cached)) {
                    return Ended::unfired(TaskPhase::Omitted);
                }
            }
            TriggerStrategy::NoneFailed => {
                if upstream.iter().any(|up| {
                    !matches!(up.phase, TaskPhase::Succeeded | TaskPhase::Cached | TaskPhase::Skipped)
                }) {
                    return Ended::unfired(TaskPhase::Omitted);
                }
            }
            TriggerStrategy::AllCompleted => {}
            // What began is cleaned up after, in a cancelled run too.
            TriggerStrategy::Exit => {
                if self.is_cancelled_before(key) && !upstream.iter().any(|up| up.fired) {
                    return Ended::unfired(TaskPhase::Cancelled);
                }
            }
        }
        let Ok(inputs) = self.course.inputs_of(name, task, frame) else {
            return Ended::unfired(TaskPhase::Failed);
        };
        match task.trigger.condition.as_ref().map(|condition| expression::holds(condition, &inputs)) {
            None | Some(Ok(true)) => {}
            Some(Ok(false)) => return Ended::unfired(TaskPhase::Skipped),
            Some(Err(())) => return Ended::unfired(TaskPhase::Failed),
        }
        self.enter(task, key, inputs)
    }

    fn enter(&mut self, task: &'a Task, key: &TaskKey, inputs: Values) -> Ended {
        if task.iterator.is_some() {
            self.iterate(task, key, inputs)
        } else {
            self.component(&task.component, key, Some(task), inputs)
        }
    }

    fn before(&self, key: &TaskKey) -> Option<&'a Ended> {
        self.course.before?.get(key)
    }

    fn is_dag(&self, task: &Task) -> bool {
        matches!(self.course.plan.components[&task.component].kind, ComponentKind::Dag(_))
    }

    /// Takes over how a task ended before, with everything inside.
    fn keep(&mut self, key: &TaskKey, before: &Ended) -> Ended {
        let is_inside = |other: &TaskKey| {
            let rest = other.as_str().strip_prefix(key.as_str());
            rest.is_some_and(|rest| rest.starts_with(['/', '[']))
        };
        let all = self.course.before.into_iter().flatten();
        self.ended.extend(all.filter(|(key, _)| is_inside(key)).map(|(key, end)| (key.clone(), end.clone())));
        before.clone()
    }

    /// Puts the attempts of earlier rounds before those of this one.
    fn numbered_on(&self, key: &TaskKey, mut ended: Ended) -> Ended {
        let earlier = self.course.earlier.get(key).cloned().unwrap_or_default();
        ended.earlier = earlier.len();
        ended.attempts = earlier.into_iter().chain(ended.attempts).collect();
        ended
    }

    fn iterate(&mut self, task: &Task, key: &TaskKey, inputs: Values) -> Ended {
        let goes_on = std::mem::take(&mut self.goes_on);
        let Ok(items) = items_of(task, &inputs) else { return Ended::unfired(TaskPhase::Failed) };
        let mut iterations = Vec::new();
        let mut is_complete = true;
        for (index, item) in items.into_iter().enumerate() {
            let own = key.iteration(u32::try_from(index).expect("lists are short"));
            if self.is_left_out(&own) {
                is_complete = false;
                continue;
            }
            let before = self.before(&own).filter(|_| goes_on);
            let ended = match (before, self.course.inputs_of_iteration(task, &inputs, item)) {
                (Some(before), _) if !is_bad(before) => self.keep(&own, before),
                (_, Ok(inputs)) => {
                    self.goes_on = before.is_some_and(|before| before.fired) && self.is_dag(task);
                    let ended = self.component(&task.component, &own, Some(task), inputs);
                    self.numbered_on(&own, ended)
                }
                (_, Err(())) => Ended::unfired(TaskPhase::Failed),
            };
            self.ended.insert(own, ended.clone());
            iterations.push(ended);
        }
        let outputs = inputs::collected(&self.course.plan.components[&task.component], &iterations);
        let phase = self.phase_of_group(iterations.iter(), is_complete);
        Ended::group(inputs, outputs, phase)
    }

    /// Tells whether the cancel ended this task; it cannot if the task cleans up.
    fn is_stopped(&self, key: &TaskKey) -> bool {
        !self.cleans_up && self.course.halt.as_ref().is_some_and(|halt| halt.cancelled.contains(key))
    }

    fn is_known_inside(&self, key: &TaskKey, dag: &Dag) -> bool {
        let halt = self.course.halt.as_ref();
        halt.is_some_and(|halt| dag.tasks.keys().any(|name| halt.known.contains(&key.child(name))))
    }

    /// Tells whether the cancel came before the task could fire.
    fn is_called_off(&self, key: &TaskKey) -> bool {
        !self.cleans_up && self.is_cancelled_before(key)
    }

    fn is_cancelled_before(&self, key: &TaskKey) -> bool {
        let halt = self.course.halt.as_ref();
        halt.is_some_and(|halt| halt.cancelled.contains(key) && !halt.fired.contains(key))
    }

    /// A loop that a cancel reaches starts no more iterations; one that cleans up goes on.
    fn is_left_out(&self, iteration: &TaskKey) -> bool {
        let halt = self.course.halt.as_ref();
        !self.cleans_up && halt.is_some_and(|halt| !halt.known.contains(iteration))
    }
}

fn is_bad(ended: &Ended) -> bool {
    matches!(ended.phase, TaskPhase::Failed | TaskPhase::Cancelled)
}

/// An item of a loop.
enum Item {
    Value(Value),
    Model(String),
}

/// Lists what a loop runs over. Source: v2 semantics 1.5.
fn items_of(task: &Task, inputs: &Values) -> Result<Vec<Item>, ()> {
    let iterator = task.iterator.as_ref().ok_or(())?;
    let name = match &iterator.items {
        Items::Static { values } => return Ok(values.iter().cloned().map(Item::Value).collect()),
        Items::Input { name } => name,
    };
    if iterator.kind == IterationKind::Artifact {
        let list = inputs.artifacts.get(name).cloned().unwrap_or_default();
        return Ok(list.into_iter().map(Item::Model).collect());
    }
    let list = match inputs.parameters.get(name) {
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| ())?,
        Some(other) => other.clone(),
        None => return Err(()),
    };
    match list {
        Value::Array(values) => Ok(values.into_iter().map(Item::Value).collect()),
        _ => Err(()),
    }
}
