//! Holds what came of a simulated run against what the reference says must come of it.

use std::collections::{BTreeMap, BTreeSet};

use pipewright_plan::{ArtifactValue, Outcome, Value};

use super::reference::{Course, Ended, Halt, Values, interpret};
use super::world::{Ending, MAKER, World};
use crate::event::{Event, Resolved};
use crate::id::TaskKey;
use crate::invariants::is_within;
use crate::view::{RunPhase, RunView, TaskPhase};

/// Compares every task: phase, inputs, outputs, attempts and the reason of a failure; then the run. If it was
/// retried, each of its ends.
///
/// Returns what the reference says of the last end. Errors: the first task that differs, inner ones before outer
/// ones, and how.
pub(super) fn compare(world: &World) -> Result<BTreeMap<TaskKey, Ended>, String> {
    let mut expected: Option<BTreeMap<TaskKey, Ended>> = None;
    let mut earlier: BTreeMap<TaskKey, Vec<TaskPhase>> = BTreeMap::new();
    let endings = world.endings().iter().cloned().chain([world.ending()]);
    for (round, ending) in endings.enumerate() {
        let halt = halt_of(world, &ending);
        if halt.is_some() && ending.tasks.is_empty() {
            // Cancelled before it was taken up.
            return Ok(BTreeMap::new());
        }
        let course = Course {
            plan: world.plan(),
            arguments: world.arguments(),
            caching_disabled: world.caching_disabled(),
            script: world.script(),
            halt,
            before: expected.as_ref(),
            earlier: &earlier,
            round: u32::try_from(round).unwrap_or(u32::MAX),
        };
        let found = interpret(&course);
        compare_ending(&ending, &found, course.halt.is_some())
            .map_err(|wrong| format!("end {round}: {wrong}"))?;
        expected = Some(found);
        for view in &ending.tasks {
            let attempts: Vec<TaskPhase> = view.attempts.iter().map(|attempt| attempt.phase).collect();
            if !attempts.is_empty() {
                earlier.insert(view.key.clone(), attempts);
            }
        }
    }
    Ok(expected.unwrap_or_default())
}

fn compare_ending(
    ending: &Ending,
    expected: &BTreeMap<TaskKey, Ended>,
    is_halted: bool,
) -> Result<(), String> {
    let views = &ending.tasks;
    for view in views.iter().rev() {
        let Some(ended) = expected.get(&view.key) else {
            return Err(format!("{} is {:?} and should not be there", view.key, view.phase));
        };
        let wrong = |what: &str, found: String, expected: String| {
            Err(format!("{}: {what} is {found}\n  expected {expected}", view.key))
        };
        if view.phase != ended.phase {
            return wrong("phase", format!("{:?}", view.phase), format!("{:?}", ended.phase));
        }
        let inputs = of_inputs(&view.inputs);
        if inputs != ended.inputs {
            return wrong("inputs", format!("{inputs:?}"), format!("{:?}", ended.inputs));
        }
        let outputs = of_outcome(&view.outcome);
        if outputs != ended.outputs {
            return wrong("outputs", format!("{outputs:?}"), format!("{:?}", ended.outputs));
        }
        if view.phase == TaskPhase::Cancelled {
            continue;
        }
        let attempts: Vec<TaskPhase> = view.attempts.iter().map(|attempt| attempt.phase).collect();
        if attempts != ended.attempts {
            return wrong("attempts", format!("{attempts:?}"), format!("{:?}", ended.attempts));
        }
        let reason = view.error.as_ref().map(|error| error.reason);
        if view.phase == TaskPhase::Failed && reason != ended.reason {
            return wrong("reason", format!("{reason:?}"), format!("{:?}", ended.reason));
        }
    }
    let found: BTreeSet<&TaskKey> = views.iter().map(|view| &view.key).collect();
    if let Some(missing) = expected.keys().find(|key| !found.contains(key)) {
        return Err(format!("{missing} is missing, expected {:?}", expected[missing].phase));
    }
    compare_run(&ending.run, &expected[&TaskKey::root()], is_halted)
}

fn compare_run(view: &RunView, root: &Ended, is_halted: bool) -> Result<(), String> {
    let phases: &[RunPhase] = match root.phase {
        // A run that runs out of time is halted, and failed.
        _ if is_halted => &[RunPhase::Cancelled, RunPhase::Failed],
        TaskPhase::Succeeded => &[RunPhase::Succeeded],
        _ => &[RunPhase::Failed],
    };
    if !phases.contains(&view.phase) {
        return Err(format!("the run is {:?}, expected {phases:?}", view.phase));
    }
    if of_outcome(&view.outcome) != root.outputs {
        return Err(format!("the run's outputs are {:?}, expected {:?}", view.outcome, root.outputs));
    }
    Ok(())
}

/// Reads off what a cancel reached, if there was one since the run went on last.
fn halt_of(world: &World, ending: &Ending) -> Option<Halt> {
    let mut halt = Halt::default();
    let mut is_cancelled = false;
    for event in &world.journal()[..ending.events] {
        match event {
            Event::CancelRequested { .. } => is_cancelled = true,
            Event::RunRetried { dropped, .. } => {
                is_cancelled = false;
                halt.fired.retain(|key| !dropped.iter().any(|dropped| is_within(key, dropped)));
            }
            Event::TaskStarted { task, .. } => {
                halt.fired.insert(task.clone());
            }
            _ => {}
        }
    }
    for view in &ending.tasks {
        halt.known.insert(view.key.clone());
        if view.phase == TaskPhase::Cancelled {
            halt.cancelled.insert(view.key.clone());
        }
    }
    is_cancelled.then_some(halt)
}

fn of_inputs(inputs: &Resolved) -> Values {
    let parameters = inputs.parameters.iter().map(|(name, value)| (name.clone(), plain(value)));
    Values { parameters: parameters.collect(), artifacts: tags(&inputs.artifacts) }
}

fn of_outcome(outcome: &Outcome) -> Values {
    Values { parameters: outcome.parameters.clone(), artifacts: tags(&outcome.artifacts) }
}

fn tags(artifacts: &BTreeMap<String, Vec<ArtifactValue>>) -> BTreeMap<String, Vec<String>> {
    let tag = |artifact: &ArtifactValue| match artifact.metadata.get(MAKER) {
        Some(Value::String(maker)) => maker.clone(),
        _ => artifact.uri.clone(),
    };
    artifacts.iter().map(|(name, list)| (name.clone(), list.iter().map(tag).collect())).collect()
}

/// Takes the words that are the engine's own out of a final status, after a look at them.
fn plain(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut()
        && let Some(resource) = fields.remove("pipelineJobResourceName")
    {
        let error = fields.remove("error").unwrap_or_default();
        let is_failed = fields.get("state") == Some(&Value::from("FAILED"));
        let says_why = error.get("message").is_some_and(|message| message != "");
        let names_run = resource.as_str().is_some_and(|name| name.starts_with("simulated-"));
        if !names_run || (is_failed && !says_why) {
            fields.insert("incomplete".to_owned(), Value::Bool(true));
        }
    }
    value
}
