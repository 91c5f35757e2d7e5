//! A task: one use of a component inside a dag.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::expr::Expr;
use crate::placeholder::{Text, ValueTemplate};
use crate::task_config::TaskConfig;
use crate::value::{Value, text_form};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub display_name: String,
    pub component: String,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, ParameterBinding>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub artifacts: IndexMap<String, ArtifactBinding>,
    /// Every sibling that must have ended before: those named and those whose outputs are used.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub upstream: BTreeSet<String>,
    #[serde(default)]
    pub trigger: Trigger,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iterator: Option<LoopPolicy>,
    /// Already inherited from enclosing dag tasks where the task has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    #[serde(default)]
    pub caching: Caching,
    /// Limit for one attempt from its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
}

/// How one input parameter gets its value: a source, then an optional expression over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterBinding {
    pub source: ParameterSource,
    /// Over `string_value`, `number_value`, `bool_value`, `list_value`, `struct_value`, `null_value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Expr>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ParameterSource {
    /// An input of the enclosing dag.
    DagInput { name: String },
    /// An output of a sibling.
    TaskOutput { task: String, key: String },
    /// What the source yields, or nothing: the input is left out then.
    Optional { source: Box<ParameterSource> },
    /// A literal, placeholders of the task's own inputs and of the job allowed inside.
    Constant { value: ValueTemplate },
    /// How a sibling ended, as a struct.
    FinalStatus { task: String },
    /// Settings of the task that are handed to its code.
    TaskConfig { config: Box<TaskConfig> },
}

impl ParameterSource {
    /// Returns what the value comes from, optional or not.
    pub fn inner(&self) -> &Self {
        match self {
            Self::Optional { source } => source.inner(),
            other => other,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ArtifactBinding {
    DagInput {
        name: String,
    },
    TaskOutput {
        task: String,
        key: String,
    },
    /// The text itself, placeholders of the task's own inputs allowed inside.
    Inline {
        text: Text,
    },
    /// What the whole run knows by this name (v1 `globalName`).
    Global {
        name: String,
    },
    /// What an expression chooses, over the tags of siblings, of the dag's inputs and of the run (v1).
    Chosen {
        expr: Expr,
    },
    /// A file or folder inside of another artifact; placeholders of the task's own inputs allowed in its path.
    Part {
        whole: Box<ArtifactBinding>,
        path: Text,
    },
}

impl ArtifactBinding {
    /// Returns where the artifact comes from, whole or in part.
    pub fn whole(&self) -> &Self {
        match self {
            Self::Part { whole, .. } => whole.whole(),
            other => other,
        }
    }
}

/// When a task fires once its upstream has ended: strategy first, then condition.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    #[serde(default)]
    pub strategy: TriggerStrategy,
    /// Over `inputs` (`parameter_values`, `artifacts`); false skips the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Expr>,
    /// Replaces the strategy: over `upstream`, which has for each upstream task the booleans `succeeded`,
    /// `failed`, `errored`, `skipped`, `omitted`, `any_succeeded` and `all_failed`; false omits the task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Expr>,
    /// The upstream task whose state is watched: each change of it asks for the condition, and the task fires as
    /// soon as that holds, at the end of what it watches at the latest (v1 hooks).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watches: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerStrategy {
    /// Every upstream task succeeded; a skipped one did not.
    #[default]
    AllSucceeded,
    /// Every upstream task succeeded or was skipped by its own condition (v1 dependencies).
    NoneFailed,
    /// Every upstream task ended, however (`ignore_upstream_failure`).
    AllCompleted,
    /// As before, and in spite of a cancel: an exit handler cleans up after what had begun.
    Exit,
}

/// Runs the task once for each item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoopPolicy {
    pub kind: IterationKind,
    pub items: Items,
    /// The component's input that receives the item.
    pub item_input: String,
    /// Iterations at once; `None` is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    #[serde(default, skip_serializing_if = "Each::is_empty")]
    pub each: Each,
}

/// What differs by item beside the item itself; filled once for each from the loop's inputs and the item.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Each {
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, ValueTemplate>,
    /// Input artifacts that are texts.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub artifacts: IndexMap<String, Text>,
    /// The part that is taken of an input artifact, by its path inside.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub parts: IndexMap<String, Text>,
    /// Over the inputs of one iteration; false skips it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Expr>,
}

impl Each {
    /// Tells whether iterations differ by their item alone.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IterationKind {
    Parameter,
    Artifact,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Items {
    Static {
        values: Vec<Value>,
    },
    /// An input of the task: a list, or a string that holds a JSON list. Hidden inside an iteration.
    Input {
        name: String,
    },
}

/// Attempts after the first. The delay before retry k is `backoff * factor^(k-1)`, at most `max_backoff`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    pub max_retries: u32,
    /// The input of the task that says the number instead (v1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_input: Option<String>,
    pub backoff: Duration,
    pub factor: f64,
    /// `None` is no cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_backoff: Option<Duration>,
    #[serde(default, skip_serializing_if = "RetryOn::is_any")]
    pub on: RetryOn,
    /// Since the first attempt's start; no attempt is planned for a later time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Duration>,
    /// Over the tags of the task and of its last attempt; another attempt is made only when this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Expr>,
}

impl Retry {
    /// Returns how many attempts may follow the first, of a task with these inputs. Errors: a value that is no number.
    pub fn limit(&self, inputs: &BTreeMap<String, Value>) -> Result<u32, String> {
        let Some(name) = &self.limit_input else { return Ok(self.max_retries) };
        let text = inputs.get(name).map(text_form).unwrap_or_default();
        let number: i64 =
            text.trim().parse().map_err(|_| format!("the retry limit `{text}` is no number"))?;
        Ok(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
    }
}

/// Which ends of an attempt are worth another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryOn {
    #[default]
    Any,
    /// The command itself failed.
    Failure,
    /// Something around the command failed: it could not start, or left no output.
    Error,
}

impl RetryOn {
    fn is_any(&self) -> bool {
        *self == Self::Any
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caching {
    pub enabled: bool,
    /// Replaces the fingerprint: equal keys of one component are one cache entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Replaces the fingerprint by a text over the task's inputs (v1 `memoize`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<Memo>,
    /// Older results do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
}

/// Results that are found by a text of the user's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memo {
    /// Equal keys of different caches have nothing to do with each other.
    pub cache: Text,
    pub key: Text,
}
