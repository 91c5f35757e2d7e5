//! When a task takes results of earlier runs: by the rules of the v1 cache, or by the user's own key.
//!
//! Source: v1 semantics 2.11.

use std::time::Duration;

use pipewright_plan::{Caching, Memo, read_duration};

use super::text::Interface;
use crate::decode::Context;
use crate::v1::workflow::{Template, Volume};

/// Says whether results may be used again; `shared` are the workflow's own volumes. Source: v1 semantics 2.11.
fn caching(shared: &[Volume], template: &Template) -> Caching {
    let Some(container) = &template.container else { return Caching::default() };
    // A step that works on a claim of the run leaves its results there, where no cache sees them. One that is
    // called by a fixed name was there before.
    let is_of_run = |name: &str| {
        let mut all = template.volumes.iter().chain(shared);
        let volume = all.find(|volume| volume.name.as_ref().is_some_and(|known| known.value == name));
        let claim = volume.and_then(|volume| volume.persistent_volume_claim.as_ref()?.claim_name.as_ref());
        claim.is_some_and(|claim| claim.value.contains("{{"))
    };
    let containers = template.init_containers.iter().chain(&template.sidecars).chain([container]);
    let mut mounts = containers.flat_map(|container| &container.volume_mounts);
    let mounts_claim = mounts.any(|mount| mount.name.as_ref().is_some_and(|name| is_of_run(&name.value)));
    let metadata = template.metadata.as_ref();
    let annotation = |key: &str| {
        let annotations = metadata.map(|metadata| &metadata.annotations)?;
        annotations.get(key).map(|text| text.value.value.as_str())
    };
    let label = metadata
        .and_then(|metadata| metadata.labels.get("pipelines.kubeflow.org/pipeline-sdk-type"))
        .is_some_and(|label| label.value.value.contains("tfx"));
    let staleness = annotation("pipelines.kubeflow.org/max_cache_staleness").and_then(staleness);
    let enabled = !mounts_claim && !label && staleness != Some(Duration::ZERO);
    Caching { enabled, max_age: staleness, ..Caching::default() }
}

/// Says when earlier results count: by the user's own key if there is one, else as [`caching`] does.
pub(super) fn lower(interface: &Interface<'_, '_>, cx: &mut Context) -> Caching {
    let template = interface.template;
    let usual = caching(&interface.source.volumes, template);
    let runs = template.container.is_some() || template.script.is_some();
    let Some(memoize) = template.memoize.as_ref().filter(|_| runs) else { return usual };
    cx.within("memoize", |cx| {
        let cache = memoize.cache.as_ref().and_then(|cache| cache.config_map.as_ref()?.name.as_ref());
        let (Some(key), Some(cache)) = (&memoize.key, cache) else {
            cx.error(
                "missing-field",
                memoize.span,
                "what is remembered has no `key` or no `cache.configMap.name`",
            )
            .hint("set both");
            return usual;
        };
        let max_age = memoize.max_age.as_ref().and_then(|age| {
            let found = read_duration(&age.value);
            if found.is_none() {
                cx.within("maxAge", |cx| {
                    cx.error("wrong-value", age.span, format!("`{}` is no duration", age.value))
                        .hint("seconds, or such as `30s`, `2m`, `1h30m`");
                });
            }
            found
        });
        let key = cx.within("key", |cx| interface.text(key, cx));
        let cache = cx.within("cache", |cx| interface.text(cache, cx));
        Caching { enabled: true, memo: Some(Memo { cache, key }), max_age, ..Caching::default() }
    })
}

/// Reads an ISO 8601 duration of weeks, days, hours, minutes and seconds, as `max_cache_staleness` is written.
pub fn staleness(text: &str) -> Option<Duration> {
    let rest = text.trim().strip_prefix('P')?;
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    let mut seconds = 0.0;
    for (part, units) in [
        (days, &[('W', 604_800.0), ('D', 86_400.0)][..]),
        (time, &[('H', 3600.0), ('M', 60.0), ('S', 1.0)][..]),
    ] {
        let mut part = part;
        while !part.is_empty() {
            let end = part.find(|c: char| c.is_ascii_alphabetic())?;
            let number: f64 = part[..end].parse().ok()?;
            let unit = part[end..].chars().next()?;
            seconds += number * units.iter().find(|(known, _)| *known == unit)?.1;
            part = &part[end + 1..];
        }
    }
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn staleness_is_read() {
        assert_eq!(staleness("P0D"), Some(Duration::ZERO));
        assert_eq!(staleness("P30D"), Some(Duration::from_secs(30 * 86_400)));
        assert_eq!(staleness("PT1H5M"), Some(Duration::from_secs(3900)));
        assert_eq!(staleness("never"), None);
    }
}
