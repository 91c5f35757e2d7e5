//! Retry policies of dag tasks go down to the tasks inside that have none of their own.
//!
//! Each use of a dag counts by itself: two tasks with different policies over one dag get two variants of it.

use std::collections::{BTreeMap, VecDeque};

use indexmap::IndexMap;
use pipewright_plan::{Component, ComponentKind, Retry};

/// Returns the components that the root reaches, policies handed down.
pub(super) fn inherit_retries(
    components: IndexMap<String, Component>,
    root: &str,
) -> IndexMap<String, Component> {
    let mut variants = Variants { components: &components, names: BTreeMap::new(), waiting: VecDeque::new() };
    variants.name(root, None);
    let mut reached = IndexMap::new();
    while let Some((source, retry, name)) = variants.waiting.pop_front() {
        let Some(mut component) = components.get(&source).cloned() else { continue };
        if let ComponentKind::Dag(dag) = &mut component.kind {
            for task in dag.tasks.values_mut() {
                let effective = task.retry.take().or_else(|| retry.clone());
                let is_dag =
                    components.get(&task.component).is_some_and(|c| matches!(c.kind, ComponentKind::Dag(_)));
                if is_dag {
                    task.component = variants.name(&task.component, effective);
                } else {
                    task.component = variants.name(&task.component, None);
                    task.retry = effective;
                }
            }
        }
        reached.insert(name, component);
    }
    reached
}

struct Variants<'c> {
    components: &'c IndexMap<String, Component>,
    /// By component, then by the policy that comes from above
    names: BTreeMap<String, Vec<(Option<Retry>, String)>>,
    waiting: VecDeque<(String, Option<Retry>, String)>,
}

impl Variants<'_> {
    fn name(&mut self, component: &str, retry: Option<Retry>) -> String {
        let known = self.names.entry(component.to_owned()).or_default();
        if let Some((_, name)) = known.iter().find(|(policy, _)| *policy == retry) {
            return name.clone();
        }
        let mut name = component.to_owned();
        let mut number = known.len();
        while number > 0 && (name == component || self.components.contains_key(&name)) {
            number += 1;
            name = format!("{component}-retry-{number}");
        }
        known.push((retry.clone(), name.clone()));
        self.waiting.push_back((component.to_owned(), retry, name.clone()));
        name
    }
}
