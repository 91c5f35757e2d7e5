//! How the v1 format calls what a run does: names of nodes, their ids, the pods that stand for attempts, and what
//! it says of failures.
//!
//! Source: v1 semantics 2.3, 2.7 and 2.9. A pod is called by the id of its node (pod names of the first format),
//! so that readers find one by the other.

use pipewright_plan::{DagShape, Dialect, Plan, Task, TriggerStrategy, Value, item_label};

use crate::event::{Failure, FailureReason};
use crate::id::{AttemptId, TaskKey};
use crate::state::{Children, RunState, dag_at, resource_name};

/// Returns the id of a node: the workflow's name, for any node but the root with the FNV-1a hash of its name.
pub fn node_id(workflow: &str, name: &str) -> String {
    if name == workflow { workflow.to_owned() } else { format!("{workflow}-{}", fnv1a(name)) }
}

fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Returns the name of one repetition of a task: its index and a short form of its item.
pub fn item_name(task: &str, index: u32, item: &Value) -> String {
    format!("{task}({index}:{})", item_label(item))
}

/// Returns a node's name without that of the node around it and without its group of steps.
pub fn display_name<'n>(name: &'n str, around: Option<&str>) -> &'n str {
    let inner = around.and_then(|around| name.strip_prefix(around)).unwrap_or(name);
    let step = inner.strip_prefix('[').and_then(|rest| Some(rest.split_once("].")?.1));
    step.or_else(|| inner.strip_prefix('.')).unwrap_or(inner)
}

/// Says of a failure what readers of the format look for; `stopped` when the run ended it, not its own limit.
pub fn failure_message(failure: &Failure, stopped: bool) -> String {
    match (failure.reason, failure.exit_code) {
        (FailureReason::ExitCode | FailureReason::Signal, Some(code)) => {
            format!("main: Error (exit code {code})")
        }
        (FailureReason::OutOfMemory, _) => "main: OOMKilled (exit code 137)".to_owned(),
        (FailureReason::TimedOut, _) if stopped => "Step exceeded its deadline".to_owned(),
        (FailureReason::TimedOut, _) => {
            "Pod was active on the node longer than the specified deadline".to_owned()
        }
        (FailureReason::Cancelled, _) => "terminated".to_owned(),
        (FailureReason::Inner, _) => String::new(),
        // Only a command has one of its own.
        (FailureReason::Output, Some(_)) => format!("wait: Error (exit code 64): {}", failure.message),
        _ => failure.message.clone(),
    }
}

/// Names the pod that stands for an attempt.
pub(crate) fn pod_name(plan: &Plan, state: &RunState, attempt: &AttemptId) -> String {
    let own = node_name(plan, state, attempt).filter(|_| plan.dialect == Dialect::V1);
    own.map(|name| node_id(&resource_name(plan, &state.run), &name))
        .unwrap_or_else(|| format!("{}-{}", attempt.task.name(), attempt.digest()))
}

/// Names the node of an attempt.
pub(crate) fn node_name(plan: &Plan, state: &RunState, attempt: &AttemptId) -> Option<String> {
    let (name, task) = node_of(plan, state, &attempt.task)?;
    let is_numbered = task.is_some_and(|task| task.retry.is_some());
    Some(if is_numbered { format!("{name}({})", attempt.number) } else { name })
}

/// Returns how the node of a whole task is called to people.
pub(crate) fn task_display_name(plan: &Plan, state: &RunState, task: &TaskKey) -> Option<String> {
    let (name, _) = node_of(plan, state, task)?;
    let around = written_around(plan, state, task.clone());
    let around = around.and_then(|around| Some(node_of(plan, state, &around)?.0)).filter(|it| *it != name);
    Some(display_name(&name, around.as_deref()).to_owned())
}

/// Returns the dag that a task is written in: neither a loop nor what stands around an iteration.
fn written_around(plan: &Plan, state: &RunState, mut task: TaskKey) -> Option<TaskKey> {
    loop {
        if task.index().is_some() {
            task = task.parent()?;
        }
        task = task.parent()?;
        let dag = dag_at(plan, state.nodes[state.node(&task)?].component)?;
        if dag.of_iteration().is_none() {
            return Some(task);
        }
    }
}

/// Returns the id of the node that stands for a whole task.
pub(crate) fn task_node_id(plan: &Plan, state: &RunState, task: &TaskKey) -> Option<String> {
    let (name, _) = node_of(plan, state, task)?;
    Some(node_id(&resource_name(plan, &state.run), &name))
}

/// Names the node of a task, and returns the task behind it.
fn node_of<'p>(plan: &'p Plan, state: &RunState, task: &TaskKey) -> Option<(String, Option<&'p Task>)> {
    let mut name = resource_name(plan, &state.run);
    let mut key = TaskKey::root();
    let mut task_of: Option<&Task> = None;
    for part in task.as_str().split('/').skip(1) {
        let dag = dag_at(plan, state.nodes[state.node(&key)?].component)?;
        let (bare, index) = match part.strip_suffix(']').and_then(|part| part.split_once('[')) {
            Some((bare, index)) => (bare, Some(index.parse::<u32>().ok()?)),
            None => (part, None),
        };
        key = key.child(bare);
        let found = dag.tasks.get(bare)?;
        match &dag.shape {
            DagShape::Around if found.trigger.strategy == TriggerStrategy::Exit => name.push_str(".onExit"),
            DagShape::Around if found.trigger.watches.is_some() => name.push_str(&format!(".{bare}")),
            DagShape::Around => {}
            DagShape::Iteration => {
                let main = dag.of_iteration().map_or("", |(main, _)| main);
                name.push_str(bare.strip_prefix(main).unwrap_or_default());
            }
            DagShape::Steps { groups } => {
                // What runs after or beside a step is called after it.
                let step = bare.split_once('.').map_or(bare, |(step, _)| step);
                let group = groups.iter().position(|group| group.iter().any(|known| known == step))?;
                name.push_str(&format!("[{group}].{bare}"));
            }
            DagShape::Tasks => name.push_str(&format!(".{bare}")),
        }
        if let Some(index) = index {
            // As the loop keeps them: to find them anew is to copy them, for each of its iterations.
            let Children::Loop { items, .. } = &state.nodes[state.node(&key)?].children else { return None };
            name = item_name(&name, index, items.get(index as usize)?);
            key = key.iteration(index);
        }
        task_of = Some(found);
    }
    Some((name, task_of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_hashes_of_names() {
        for (name, hash) in [
            ("face-pipeline-abcde.pvc", 3_717_051_318_u32),
            ("face-pipeline-abcde.train", 3_062_329_511),
            ("loops-xyz12.for-loop-2(0:1).echo", 3_278_250_061),
            ("exit-handler-q1w2e.onExit", 4_038_502_586),
        ] {
            let workflow = name.split_once('.').expect("a node lies in a workflow").0;
            assert_eq!(node_id(workflow, name), format!("{workflow}-{hash}"));
        }
        assert_eq!(node_id("w", "w"), "w");
    }

    #[test]
    fn display_names_are_relative() {
        assert_eq!(display_name("w.a(0:x).b", Some("w.a(0:x)")), "b");
        assert_eq!(display_name("w.a(0:x)", Some("w")), "a(0:x)");
        assert_eq!(display_name("w[0].b", Some("w")), "b");
        assert_eq!(display_name("w[0]", Some("w")), "[0]");
        assert_eq!(display_name("w", None), "w");
    }
}
