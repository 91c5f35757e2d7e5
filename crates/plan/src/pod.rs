//! What a task's pod brings besides its image: volumes, variables from objects, labels and annotations.
//!
//! Generic over how a name is written: [`PodText`] in a plan, `String` once the engine has resolved it. How a
//! volume or a secret comes to a task is the executor's to know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::placeholder::Text;
use crate::task::ParameterBinding;

/// Where the run's workspace appears in a task.
pub const WORKSPACE_PATH: &str = "/kfp-workspace";

/// A name in the pod settings of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PodText {
    /// Text; placeholders of the task's own inputs and of the job may stand in it.
    Text { text: Text },
    /// A value seen from the dag that encloses the task: one of its inputs, or an output of a sibling, which
    /// is then upstream of every task that uses the component.
    Bound {
        binding: ParameterBinding,
        /// A null leaves the whole entry out; otherwise it fails the task.
        optional_entry: bool,
    },
}

impl PodText {
    /// Makes a name without placeholders.
    pub fn literal(text: impl Into<String>) -> Self {
        Self::Text { text: Text::literal(text) }
    }
}

/// Pod settings that change what a task sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PodSettings<N> {
    /// In the document's order; of two at one path the later is seen.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<VolumeMount<N>>,
    /// In the document's order; of two with one name the later wins. Variables named one by one win over the
    /// container's own, those of a whole object do not.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvFrom<N>>,
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, N>,
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, N>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub service_account: Option<N>,
}

fn none<N>() -> Option<N> {
    None
}

impl<N> Default for PodSettings<N> {
    fn default() -> Self {
        Self {
            volumes: Vec::new(),
            env: Vec::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            service_account: None,
        }
    }
}

impl<N> PodSettings<N> {
    /// Tells whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.volumes.is_empty()
            && self.env.is_empty()
            && self.labels.is_empty()
            && self.annotations.is_empty()
            && self.service_account.is_none()
    }

    /// Lists everything that may have to be resolved.
    pub fn names(&self) -> impl Iterator<Item = &N> {
        let volumes = self.volumes.iter().flat_map(|mount| {
            [Some(&mount.path), mount.sub_path.as_ref()].into_iter().flatten().chain(mount.source.names())
        });
        let env = self.env.iter().filter_map(EnvFrom::name);
        let metadata = self.labels.values().chain(self.annotations.values());
        volumes.chain(env).chain(metadata).chain(&self.service_account)
    }
}

impl PodSettings<PodText> {
    /// Shows every text in which placeholders may stand.
    pub fn visit_texts<'t>(&'t self, visit: &mut dyn FnMut(&'t Text)) {
        let mut show = |name: &'t PodText| {
            if let PodText::Text { text } = name {
                visit(text);
            }
        };
        for mount in &self.volumes {
            show(&mount.path);
            mount.sub_path.iter().for_each(&mut show);
            mount.source.names().into_iter().for_each(&mut show);
        }
        for variable in &self.env {
            match variable {
                EnvFrom::Secret { name, .. }
                | EnvFrom::ConfigMap { name, .. }
                | EnvFrom::AllOfSecret { name, .. }
                | EnvFrom::AllOfConfigMap { name, .. } => show(name),
                EnvFrom::Field { .. } => {}
            }
        }
        self.labels.values().chain(self.annotations.values()).chain(&self.service_account).for_each(show);
    }
}

/// A volume, and where the task sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VolumeMount<N> {
    /// Absolute, in the task's eyes.
    pub path: N,
    /// The part of the volume that appears there; all of it when absent.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub sub_path: Option<N>,
    #[serde(default)]
    pub read_only: bool,
    pub source: VolumeSource<N>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum VolumeSource<N> {
    /// A PersistentVolumeClaim; it must exist.
    Claim { name: N },
    /// One file for each key of a Secret, or for the listed ones.
    Secret {
        name: N,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        items: Vec<KeyFile>,
        /// Permission bits of the files.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<u32>,
        /// A missing object or key is no failure.
        #[serde(default)]
        optional: bool,
    },
    /// Like [`VolumeSource::Secret`], of a ConfigMap.
    ConfigMap {
        name: N,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        items: Vec<KeyFile>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<u32>,
        #[serde(default)]
        optional: bool,
    },
    /// An empty folder of the attempt's own; mounts with one `volume` share it.
    EmptyDir {
        volume: String,
        /// Lives in memory.
        #[serde(default)]
        memory: bool,
        /// A quantity (`1Gi`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size_limit: Option<String>,
    },
    /// A claim that lives as long as the attempt.
    Ephemeral {
        volume: String,
        /// A quantity (`1Gi`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        access_modes: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        storage_class: Option<String>,
    },
    /// The folder that all tasks of a run share.
    Workspace,
    /// A folder of the machine; which ones may be mounted is a setting.
    Host {
        path: N,
        /// It is made when it is missing.
        #[serde(default)]
        create: bool,
    },
    /// Files of several objects, and of the pod itself.
    Projected {
        parts: Vec<Projection<N>>,
        /// Permission bits of the files.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<u32>,
    },
}

/// Part of a projected volume.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Projection<N> {
    Secret {
        name: N,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        items: Vec<KeyFile>,
        #[serde(default)]
        optional: bool,
    },
    ConfigMap {
        name: N,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        items: Vec<KeyFile>,
        #[serde(default)]
        optional: bool,
    },
    /// What the pod says of itself.
    Fields { files: Vec<FieldFile> },
}

/// A file that holds a fact of the pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFile {
    /// Relative to the mount.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    pub fact: PodFact,
}

/// A fact of the pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PodFact {
    /// `metadata.name`, `metadata.labels['x']`, …; `metadata.labels` and `metadata.annotations` for all of them.
    Field { path: String },
    /// Known already.
    Text { text: String },
}

impl<N> VolumeSource<N> {
    /// Lists the names of what stands behind the volume.
    pub fn names(&self) -> Vec<&N> {
        match self {
            Self::Claim { name } | Self::Secret { name, .. } | Self::ConfigMap { name, .. } => vec![name],
            Self::Host { path, .. } => vec![path],
            Self::Projected { parts, .. } => parts.iter().filter_map(Projection::name).collect(),
            Self::EmptyDir { .. } | Self::Ephemeral { .. } | Self::Workspace => Vec::new(),
        }
    }

    /// Tells whether the pod's own labels can be seen in it.
    pub fn shows_fields(&self) -> bool {
        let Self::Projected { parts, .. } = self else { return false };
        parts.iter().any(|part| matches!(part, Projection::Fields { .. }))
    }
}

impl<N> Projection<N> {
    /// Returns the object's name, if it is one.
    pub fn name(&self) -> Option<&N> {
        match self {
            Self::Secret { name, .. } | Self::ConfigMap { name, .. } => Some(name),
            Self::Fields { .. } => None,
        }
    }
}

impl<N> EnvFrom<N> {
    /// Returns the object's name, if one stands behind the variable.
    pub fn name(&self) -> Option<&N> {
        match self {
            Self::Secret { name, .. }
            | Self::ConfigMap { name, .. }
            | Self::AllOfSecret { name, .. }
            | Self::AllOfConfigMap { name, .. } => Some(name),
            Self::Field { .. } => None,
        }
    }
}

/// Which key of an object becomes which file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyFile {
    pub key: String,
    /// Relative to the mount.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
}

/// An environment variable whose value is not in the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EnvFrom<N> {
    Secret {
        name: N,
        key: String,
        variable: String,
        #[serde(default)]
        optional: bool,
    },
    ConfigMap {
        name: N,
        key: String,
        variable: String,
        #[serde(default)]
        optional: bool,
    },
    /// A variable for each key, `prefix` before its name.
    AllOfSecret {
        name: N,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
        #[serde(default)]
        optional: bool,
    },
    AllOfConfigMap {
        name: N,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
        #[serde(default)]
        optional: bool,
    },
    /// A field of the pod: `metadata.name`, `metadata.labels['x']`, `status.podIP`, …
    Field { variable: String, path: String },
}
