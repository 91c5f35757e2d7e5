//! Settings of a task that are handed to its code, which may give them to pods that it makes itself.

use serde::{Deserialize, Serialize};

use crate::placeholder::ValueTemplate;
use crate::pod::{PodSettings, PodText};
use crate::task::ParameterBinding;

/// What a task's `TASK_CONFIG` input is made of. Source: v2 semantics 1.2, `taskConfigPassthroughs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskConfig {
    /// Everything that stands in the document: a struct with `affinity`, `tolerations`, `nodeSelector`, `env`,
    /// `volumes`, `volumeMounts` and `resources`. Placeholders of the task's other inputs may stand in it.
    pub base: ValueTemplate,
    /// Variables and volumes to add, in Kubernetes' notation.
    #[serde(default, skip_serializing_if = "PodSettings::is_empty")]
    pub pod: PodSettings<PodText>,
    /// Adds the run's workspace when the task uses it.
    #[serde(default)]
    pub workspace: bool,
    /// Replaces the node selector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<ParameterBinding>,
    /// Each adds a toleration or a list of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<ParameterBinding>,
    /// Each adds to the node affinity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub affinity: Vec<ParameterBinding>,
}
