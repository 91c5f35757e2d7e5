//! Tasks that act on an object instead of running a command.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::placeholder::Text;

/// What such a task does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "resource", rename_all = "snake_case")]
pub enum Resource {
    /// Creates a PersistentVolumeClaim from the task's inputs. Source: v2 semantics 1.9.
    CreateClaim,
    /// Deletes the PersistentVolumeClaim named by input `pvc_name`.
    DeleteClaim,
    /// Acts on an object as its manifest says.
    Manifest(Box<Manifest>),
}

/// A manifest and what to do with it. Source: v1 semantics 1.5.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub action: ResourceAction,
    /// YAML or JSON once filled.
    pub manifest: Text,
    /// The object goes with the run.
    #[serde(default)]
    pub set_owner_reference: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_condition: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_condition: Option<Text>,
    /// Of a patch: `strategic`, `merge` or `json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge_strategy: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Text>,
    /// Output parameters by name, taken from the object afterwards.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub outputs: IndexMap<String, ResourceOutput>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceAction {
    Create,
    Apply,
    Get,
    Patch,
    Replace,
    Delete,
}

/// Where an output parameter lies in the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ResourceOutput {
    /// A path in Kubernetes' notation: `{.metadata.name}`
    JsonPath { path: String },
    /// A jq filter: `.metadata.name`
    Jq { filter: String },
}
