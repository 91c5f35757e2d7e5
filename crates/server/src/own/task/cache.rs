//! Why a task took an earlier result or did not.

use std::collections::BTreeMap;

use pipewright_plan::Plan;
use pipewright_store::engine::TaskView;
use pipewright_store::{Kind, PipelineOf};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Error;
use crate::own::progress::Place;
use crate::own::words::TaskReference;

/// Letters of a differing value that are shown.
const VALUE: usize = 500;

/// Why a task took an earlier result or did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CacheExplanation {
    pub verdict: CacheVerdict,
    pub text: String,
    /// Whose result was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<TaskReference>,
    /// The newest earlier result of the task, which did not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<TaskReference>,
    pub differences: Vec<CacheDifference>,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CacheVerdict {
    Hit,
    Miss,
    /// Caching is off for the task or the run.
    Off,
    NotAsked,
}

/// A field of the cache's key that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CacheDifference {
    pub field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

fn plain(verdict: CacheVerdict, text: &str) -> CacheExplanation {
    CacheExplanation {
        verdict,
        text: text.to_owned(),
        source: None,
        compared_with: None,
        differences: Vec::new(),
    }
}

pub(super) fn not_asked() -> CacheExplanation {
    plain(CacheVerdict::NotAsked, "it has not begun")
}

pub(super) async fn explain(
    app: &App,
    plan: &Plan,
    place: &Place<'_>,
    task: &TaskView,
) -> Result<CacheExplanation, Error> {
    if let Some(source) = &task.cached_from {
        let text = format!("the result of task {} of run {} was taken", source.task, source.run);
        let mut hit = plain(CacheVerdict::Hit, &text);
        hit.source = Some(TaskReference::from(source));
        return Ok(hit);
    }
    let Some(own) = &task.fingerprint else {
        let caches = place.is_leaf() && place.task.is_some_and(|task| task.caching.enabled);
        let text = if !place.is_leaf() {
            "only what runs is cached"
        } else if !caches {
            "caching is off for this task"
        } else if task.attempts.is_empty() {
            "it did not run"
        } else {
            "caching is off for this run"
        };
        let verdict =
            if caches && task.attempts.is_empty() { CacheVerdict::NotAsked } else { CacheVerdict::Off };
        return Ok(plain(verdict, text));
    };
    let namespace = app.store.namespace_of(Kind::Run, &task.run.0).await?;
    let pipeline = PipelineOf { namespace: &namespace, name: &plan.name };
    let Some((source, other)) = app.store.cache_before(pipeline, &task.run, &task.key).await? else {
        return Ok(plain(CacheVerdict::Miss, "there was no earlier result of this task"));
    };
    let differences = differences(&own.document, &other.document);
    let text = if differences.is_empty() {
        format!("the result of task {} of run {} was not usable any more", source.task, source.run)
    } else {
        format!("it differs from task {} of run {}", source.task, source.run)
    };
    Ok(CacheExplanation {
        compared_with: Some(TaskReference::from(&source)),
        differences,
        ..plain(CacheVerdict::Miss, &text)
    })
}

/// Lists the fields that differ, what is new first. Texts that differ late are shown from where they do.
fn differences(own: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<CacheDifference> {
    let mut found = Vec::new();
    for (field, now) in own {
        let before = other.get(field);
        if before != Some(now) {
            let skip = before.map_or(0, |before| alike(now, before).saturating_sub(40));
            found.push(CacheDifference {
                field: field.clone(),
                now: Some(part(now, skip)),
                before: before.map(|before| part(before, skip)),
            });
        }
    }
    for (field, before) in other.iter().filter(|(field, _)| !own.contains_key(*field)) {
        found.push(CacheDifference { field: field.clone(), now: None, before: Some(part(before, 0)) });
    }
    found
}

/// Counts the letters that two texts begin with alike.
fn alike(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(one, other)| one == other).count()
}

fn part(text: &str, skip: usize) -> String {
    let skip = if text.chars().count() <= VALUE { 0 } else { skip };
    let mut shown: String = text.chars().skip(skip).take(VALUE).collect();
    if skip > 0 {
        shown.insert(0, '…');
    }
    if text.chars().count() > skip + VALUE {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_differ_are_listed() {
        let map = |fields: &[(&str, &str)]| {
            fields
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>()
        };
        let own = map(&[("image", "a"), ("input.x", "1"), ("input.y", "2")]);
        let other = map(&[("image", "a"), ("input.x", "0"), ("input.z", "3")]);
        let found = differences(&own, &other);
        let found: Vec<_> =
            found.iter().map(|it| (it.field.as_str(), it.now.as_deref(), it.before.as_deref())).collect();
        assert_eq!(
            found,
            [("input.x", Some("1"), Some("0")), ("input.y", Some("2"), None), ("input.z", None, Some("3")),]
        );
        let long = |end: &str| format!("{}{end}", "x".repeat(2000));
        let found = differences(&map(&[("f", &long("1"))]), &map(&[("f", &long("2"))]));
        assert!(found[0].now.as_deref().unwrap().ends_with("x1"), "{found:?}");
    }
}
