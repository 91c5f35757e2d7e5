//! Settings of a task and of a pipeline that only a cluster can fully honour.
//!
//! What changes results is lowered into typed fields as executors learn it; what only says where and how a
//! pod is placed is kept as the document gave it, to be shown and to be handed to Kubernetes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::lock::Lock;
use crate::placeholder::Text;
use crate::pod::{PodSettings, PodText};
use crate::value::Value;

/// Platform settings of one container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskPlatform {
    /// Placement, pull and security settings by the document's field name (`nodeSelector`, `tolerations`, …). They
    /// do not change what a task computes; what an executor does not apply is shown as such.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub placement: BTreeMap<String, Value>,
    /// What the task sees beside its image: volumes, variables from objects, labels.
    #[serde(default, skip_serializing_if = "PodSettings::is_empty")]
    pub pod: PodSettings<PodText>,
}

/// Platform settings of the whole pipeline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PipelinePlatform {
    /// Limit for the whole run from its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Attempts of the whole run at once; `None` is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    /// Clean-up times after the end, by the document's field name; shown, not applied off a cluster.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retention: BTreeMap<String, Value>,
    /// A folder that every task of the run shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Workspace>,
    /// Volume claims that each run has for itself (v1 `volumeClaimTemplates`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<RunClaim>,
    #[serde(default, skip_serializing_if = "ClaimEnd::is_usual")]
    pub claim_end: ClaimEnd,
    /// What the run must hold while it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<Lock>,
    /// Runs of a higher one get locks first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: i32,
}

fn is_zero(number: &i32) -> bool {
    *number == 0
}

/// A volume claim that is made when a run begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunClaim {
    /// What tasks mount it by; the claim is called after the run and this.
    pub name: String,
    /// The object without its name, as JSON; placeholders of the run allowed in its texts.
    pub manifest: Text,
}

/// When a run's own claims are deleted, at the latest with the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimEnd {
    /// Once the run has succeeded; after a failure they wait for a retry.
    #[default]
    Success,
    /// Once the run has ended.
    Completion,
}

impl ClaimEnd {
    fn is_usual(&self) -> bool {
        *self == Self::Success
    }
}

/// The folder that the tasks of a run share, as the pipeline asks for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Workspace {
    /// A quantity (`10Gi`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Text>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access_modes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
}
