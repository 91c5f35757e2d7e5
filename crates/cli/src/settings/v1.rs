//! What v1 pipelines may do: `[v1_cache]` and `[v1_pipelines]` of `pipewright.toml`.

use anyhow::{Result, bail};
use pipewright_server::{CacheAges, V1Rules};
use serde::Deserialize;

/// `[v1_pipelines]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct V1Pipelines {
    blocked: bool,
    allowed_namespaces: Vec<String>,
    default_bucket: Option<String>,
    project_id: Option<String>,
}

impl V1Pipelines {
    pub(super) fn rules(self) -> V1Rules {
        V1Rules {
            are_blocked: self.blocked,
            allowed_namespaces: self.allowed_namespaces,
            default_bucket: self.default_bucket,
            project_id: self.project_id,
        }
    }
}

/// `[v1_cache]`: how old results may be that steps of v1 pipelines take, as ISO 8601 durations.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct V1Cache {
    default_staleness: Option<String>,
    maximum_staleness: Option<String>,
}

impl V1Cache {
    pub(super) fn ages(&self) -> Result<CacheAges> {
        let age = |name: &str, text: &Option<String>| match text.as_deref().filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => match pipewright_compiler::staleness(text) {
                Some(age) => Ok(Some(age)),
                None => bail!("{name} of [v1_cache] is `{text}`, which is no duration, as P30D or PT12H"),
            },
        };
        Ok(CacheAges {
            usual: age("default_staleness", &self.default_staleness)?,
            most: age("maximum_staleness", &self.maximum_staleness)?,
        })
    }
}
