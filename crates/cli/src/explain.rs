//! Says for each task why it took an earlier result or did not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use pipewright_engine::{CacheSource, Fingerprint, TaskKey, TaskView};
use pipewright_plan::{ComponentKind, Plan};
use pipewright_store::{PipelineOf, Store};

use crate::output::{BOLD, clip, paint};

/// Characters of a differing value that are shown.
const VALUE: usize = 60;

/// The newest result of each component as it was before the run, so that the run's own do not count.
pub(crate) struct Before {
    nearest: BTreeMap<String, (CacheSource, Fingerprint)>,
}

impl Before {
    /// Looks up what could have been reused.
    pub(crate) async fn take(store: &Store, plan: &Plan) -> Result<Self> {
        let mut nearest = BTreeMap::new();
        for (name, component) in &plan.components {
            if matches!(component.kind, ComponentKind::Container(_))
                && let Some(found) =
                    store.cache_nearest(PipelineOf { namespace: "", name: &plan.name }, name).await?
            {
                nearest.insert(name.clone(), found);
            }
        }
        Ok(Self { nearest })
    }

    /// Writes one line for each task, and one for each part of the fingerprint that differs.
    pub(crate) fn explain(&self, plan: &Plan, tasks: &[TaskView]) -> String {
        let mut text = format!("{}\n", paint(BOLD, "Cache"));
        for task in tasks {
            let Some((component, caches)) = component_of(plan, &task.key) else { continue };
            let path = task.key.as_str();
            let _ = write!(text, "  {}  ", path.strip_prefix("root/").unwrap_or(path));
            text.push_str(&self.verdict(task, &component, caches));
        }
        text
    }

    fn verdict(&self, task: &TaskView, component: &str, caches: bool) -> String {
        if let Some(source) = &task.cached_from {
            return format!("hit: task {} of run {}\n", source.task, source.run);
        }
        let Some(own) = &task.fingerprint else {
            let why = if !caches {
                "caching is off for this task"
            } else if task.phase.is_terminal() && task.attempts.is_empty() {
                "it did not run"
            } else {
                "no look-up was made"
            };
            return format!("no cache: {why}\n");
        };
        let Some((source, other)) = self.nearest.get(component) else {
            return "miss: no earlier result of this component\n".to_owned();
        };
        let mut text = format!("miss: differs from task {} of run {}\n", source.task, source.run);
        for line in differences(&own.document, &other.document) {
            let _ = writeln!(text, "      {line}");
        }
        text
    }
}

/// Lists the fields that differ, what is new first.
fn differences(own: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let mut lines = Vec::new();
    for (field, value) in own {
        match other.get(field) {
            Some(before) if before == value => {}
            Some(before) => {
                let (before, value) = contrast(before, value);
                lines.push(format!("{field}: {value}, before {before}"));
            }
            None => lines.push(format!("{field}: {}, before absent", clip(value, VALUE))),
        }
    }
    for (field, before) in other.iter().filter(|(field, _)| !own.contains_key(*field)) {
        lines.push(format!("{field}: absent, before {}", clip(before, VALUE)));
    }
    if lines.is_empty() {
        lines.push("nothing differs: that result was not usable any more".to_owned());
    }
    lines
}

/// Shows two long values from a little before the place where they part.
fn contrast(one: &str, two: &str) -> (String, String) {
    let same = one.chars().zip(two.chars()).take_while(|(a, b)| a == b).count();
    let skip = if same > VALUE / 2 { same - VALUE / 4 } else { 0 };
    let part = |text: &str| {
        let rest: String = text.chars().skip(skip).collect();
        let lead = if skip > 0 { "…" } else { "" };
        format!("{lead}{}", clip(&rest, VALUE))
    };
    (part(one), part(two))
}

/// Returns the container component behind a task, and whether the task may be cached.
fn component_of(plan: &Plan, key: &TaskKey) -> Option<(String, bool)> {
    let mut component = &plan.root;
    let mut caches = false;
    for step in key.as_str().split('/').skip(1) {
        let name = step.split('[').next().unwrap_or(step);
        let ComponentKind::Dag(dag) = &plan.components.get(component)?.kind else { return None };
        let task = dag.tasks.get(name)?;
        component = &task.component;
        caches = task.caching.enabled;
    }
    let is_loop = key.as_str().ends_with(']');
    matches!(plan.components.get(component)?.kind, ComponentKind::Container(_))
        .then(|| (component.clone(), caches))
        .filter(|_| !is_loop || key.as_str().contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(own: &[(&str, &str)], other: &[(&str, &str)], expected: &[&str]) {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(differences(&map(own), &map(other)), expected);
    }

    #[test]
    fn differences_are_named() {
        check(&[("image", "a"), ("x", "1")], &[("image", "a"), ("x", "2")], &["x: 1, before 2"]);
        check(&[("x", "1")], &[], &["x: 1, before absent"]);
        check(&[], &[("x", "1")], &["x: absent, before 1"]);
        check(&[], &[], &["nothing differs: that result was not usable any more"]);
    }
}
