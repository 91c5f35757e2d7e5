//! Makes a broken case small: whatever can be taken away while something still breaks, is.

use std::collections::BTreeSet;

use pipewright_plan::{ArtifactBinding, ComponentKind, ParameterSource, Plan, Task, TriggerStrategy};

use super::Faults;
use super::case::{Broken, Case};
use super::generate::Size;

/// Cases tried for one that breaks; a debug build plays a small one in a few milliseconds.
const MOST_TRIES: u32 = 3_000;

/// Tells the smallest case found: seed, what broke, plan, arguments, faults and transcript.
pub(super) fn explain(case: Case, broken: Broken) -> String {
    let seed = case.seed;
    let first = broken.why.clone();
    let (case, broken) = smaller_size(seed).unwrap_or((case, broken));
    let (case, broken) = reduce(case, broken);
    let plan = serde_json::to_string(&case.sample.plan).unwrap_or_default();
    format!(
        "seed {seed} breaks: {first}\nreduced to: {}\nplan: {plan}\narguments: {:?}\ncaching disabled: {}\n{:?}\n\
         transcript:\n{}reduced to: {}\nagain with PIPEWRIGHT_SEED={seed} PIPEWRIGHT_SEEDS=1",
        broken.why,
        case.sample.arguments,
        case.sample.caching_disabled,
        case.faults,
        broken.transcript,
        broken.why,
    )
}

/// Looks for a smaller case among the smaller sizes of the same seed.
fn smaller_size(seed: u64) -> Option<(Case, Broken)> {
    Size::ALL.into_iter().find_map(|size| {
        let case = Case::of(seed, size);
        case.play().err().map(|broken| (case, broken))
    })
}

/// Takes away one thing after the other, from the beginning again after each that could go.
fn reduce(mut case: Case, mut broken: Broken) -> (Case, Broken) {
    let mut tries = 0;
    'again: loop {
        for candidate in candidates(&case) {
            tries += 1;
            if tries > MOST_TRIES {
                break 'again;
            }
            if pipewright_plan::check(&candidate.sample.plan).is_err() {
                continue;
            }
            if let Err(still) = candidate.play() {
                (case, broken) = (candidate, still);
                continue 'again;
            }
        }
        break;
    }
    drop_unused(&mut case.sample.plan);
    (case, broken)
}

fn candidates(case: &Case) -> Vec<Case> {
    let mut cases = Vec::new();
    let calm = Faults { is_checked: true, tasks_fail: true, ..Faults::none() };
    let again = Faults { retries: case.faults.retries, ..calm };
    let stopped = Faults { cancel_after: case.faults.cancel_after, ..calm };
    let both = Faults { retries: case.faults.retries, ..stopped };
    for faults in [calm, again, stopped, both] {
        if faults != case.faults {
            cases.push(Case { faults, ..case.clone() });
        }
    }
    let used = used(&case.sample.plan);
    for (name, component) in &case.sample.plan.components {
        let ComponentKind::Dag(dag) = &component.kind else { continue };
        if !used.contains(name.as_str()) {
            continue;
        }
        for task in dag.tasks.keys() {
            cases.push(edited(case, |plan| remove_task(plan, name, task)));
        }
        for (task, body) in &dag.tasks {
            for simpler in simpler(body) {
                cases.push(edited(case, |plan| {
                    if let Some(ComponentKind::Dag(dag)) = plan.components.get_mut(name).map(|c| &mut c.kind)
                    {
                        dag.tasks.insert(task.clone(), simpler);
                    }
                }));
            }
        }
    }
    cases
}

fn edited(case: &Case, edit: impl FnOnce(&mut Plan)) -> Case {
    let mut case = case.clone();
    edit(&mut case.sample.plan);
    case
}

/// Lists the task with one thing less, each.
fn simpler(task: &Task) -> Vec<Task> {
    let mut all = Vec::new();
    let mut add = |edit: &dyn Fn(&mut Task)| {
        let mut simpler = task.clone();
        edit(&mut simpler);
        if simpler != *task {
            all.push(simpler);
        }
    };
    add(&|task| task.iterator = None);
    add(&|task| task.trigger.condition = None);
    add(&|task| task.trigger.strategy = TriggerStrategy::AllSucceeded);
    add(&|task| task.retry = None);
    add(&|task| task.caching.enabled = false);
    add(&|task| task.timeout = None);
    for name in task.parameters.keys() {
        add(&|task| {
            task.parameters.shift_remove(name);
        });
    }
    for name in task.artifacts.keys() {
        add(&|task| {
            task.artifacts.shift_remove(name);
        });
    }
    for name in &task.upstream {
        add(&|task| {
            task.upstream.remove(name);
        });
    }
    all
}

/// Removes a task and whatever refers to it.
fn remove_task(plan: &mut Plan, component: &str, name: &str) {
    let Some(ComponentKind::Dag(dag)) = plan.components.get_mut(component).map(|c| &mut c.kind) else {
        return;
    };
    dag.tasks.shift_remove(name);
    for task in dag.tasks.values_mut() {
        task.upstream.remove(name);
        task.parameters.retain(|_, binding| match &binding.source {
            ParameterSource::TaskOutput { task, .. } | ParameterSource::FinalStatus { task } => task != name,
            _ => true,
        });
        task.artifacts.retain(
            |_, binding| !matches!(binding, ArtifactBinding::TaskOutput { task, .. } if task == name),
        );
    }
    for selector in dag.outputs.parameters.values_mut() {
        selector.sources.retain(|(task, _)| task != name);
    }
    for selector in dag.outputs.artifacts.values_mut() {
        selector.sources.retain(|(task, _)| task != name);
    }
}

fn used(plan: &Plan) -> BTreeSet<&str> {
    let mut used = BTreeSet::new();
    let mut open = vec![plan.root.as_str()];
    while let Some(name) = open.pop() {
        if used.insert(name)
            && let Some(ComponentKind::Dag(dag)) = plan.component(name).map(|component| &component.kind)
        {
            open.extend(dag.tasks.values().map(|task| task.component.as_str()));
        }
    }
    used
}

fn drop_unused(plan: &mut Plan) {
    let used: BTreeSet<String> = used(plan).into_iter().map(str::to_owned).collect();
    plan.components.retain(|name, _| used.contains(name));
}
