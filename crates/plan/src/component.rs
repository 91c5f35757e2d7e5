//! The plan and its components: interfaces, and what stands behind them.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::expr::Expr;
use crate::lock::Lock;
use crate::placeholder::{Text, Word};
use crate::platform::{PipelinePlatform, TaskPlatform};
use crate::resource::Resource;
use crate::suspend::Suspend;
use crate::task::Task;
use crate::types::{ArtifactType, ParameterType};
use crate::value::Value;

/// The file format that a plan was compiled from; a few rules of the field differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    V1,
    V2,
}

/// A compiled pipeline. Invariants are checked by [`crate::check`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub dialect: Dialect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk_version: Option<String>,
    /// `@dsl.pipeline(pipeline_root=…)`; a run's own setting wins over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_pipeline_root: Option<String>,
    #[serde(default)]
    pub platform: PipelinePlatform,
    /// Name of the entry component, always a dag.
    pub root: String,
    pub components: IndexMap<String, Component>,
}

impl Plan {
    /// Returns the component of that name; a checked plan has every name it refers to.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components.get(name)
    }

    /// Lists the settings that only a cluster applies, by their field name, with the components that ask for
    /// them; the whole pipeline's own have none.
    pub fn cluster_settings(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut found = self.placement(|setting| !is_of_containers(setting));
        for setting in self.platform.retention.keys() {
            found.entry(setting).or_default();
        }
        found
    }

    /// Lists the settings that apply to tasks in containers, and not to processes, in the same way.
    pub fn container_settings(&self) -> BTreeMap<&str, Vec<&str>> {
        self.placement(is_of_containers)
    }

    fn placement(&self, is_wanted: fn(&str) -> bool) -> BTreeMap<&str, Vec<&str>> {
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, component) in &self.components {
            let ComponentKind::Container(container) = &component.kind else { continue };
            let beside = container.companions.iter().map(|companion| &companion.container);
            let asked = std::iter::once(container).chain(beside).flat_map(|it| it.platform.placement.keys());
            for setting in asked.filter(|setting| is_wanted(setting)) {
                let names = found.entry(setting).or_default();
                if names.last() != Some(&name.as_str()) {
                    names.push(name);
                }
            }
        }
        found
    }

    /// Tells whether anything of a run needs locks.
    pub fn has_locks(&self) -> bool {
        !self.platform.locks.is_empty()
            || self.components.values().any(|component| !component.locks.is_empty())
    }

    /// Returns the entry component.
    pub fn root_component(&self) -> Option<&Component> {
        self.components.get(&self.root)
    }
}

/// Tells whether a setting is one of containers wherever they run, not of a cluster alone.
fn is_of_containers(setting: &str) -> bool {
    ["imagePullPolicy", "imagePullSecret", "imagePullSecrets", "securityContext", "enabledSharedMemory"]
        .contains(&setting)
}

/// An interface and what stands behind it; any number of tasks may use it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Component {
    #[serde(default)]
    pub inputs: Inputs,
    #[serde(default)]
    pub outputs: Outputs,
    /// What a task must hold while it runs this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locks: Vec<Lock>,
    pub kind: ComponentKind,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, ParameterInput>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub artifacts: IndexMap<String, ArtifactInput>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outputs {
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, ParameterOutput>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub artifacts: IndexMap<String, ArtifactOutput>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterInput {
    #[serde(rename = "type")]
    pub parameter_type: ParameterType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(default)]
    pub optional: bool,
    /// The only values allowed, when not empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub literals: Vec<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArtifactInput {
    #[serde(rename = "type")]
    pub artifact_type: ArtifactType,
    #[serde(default)]
    pub optional: bool,
    #[serde(default)]
    pub is_list: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The text that stands in when nothing is given; placeholders of the component's own inputs allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Text>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterOutput {
    #[serde(rename = "type")]
    pub parameter_type: ParameterType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Stands for the value that nobody left: no file, or a task that was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArtifactOutput {
    #[serde(rename = "type")]
    pub artifact_type: ArtifactType,
    #[serde(default)]
    pub is_list: bool,
    /// Metadata that the artifact starts with.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub metadata: serde_json::Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "a plan has few components, and most of them are containers")]
pub enum ComponentKind {
    Dag(Dag),
    Container(Container),
    Importer(Importer),
    Resource(Resource),
    Suspend(Suspend),
}

/// Tasks and how their outputs become the component's own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dag {
    pub tasks: IndexMap<String, Task>,
    #[serde(default)]
    pub outputs: DagOutputs,
    /// Tasks that decide how the dag ends; `None`: any that failed fails it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deciding: Option<Vec<String>>,
    /// Tasks of one instance that run at once; `None` is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    /// Nothing more starts once a task, or an iteration of one, has failed (v1 `failFast` of a template).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fail_fast: bool,
    /// Of the entry: output parameters that the whole run knows by a name of their own (v1 `globalName`), as
    /// (component, output key); the latest that was left counts.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub globals: IndexMap<String, Vec<(String, String)>>,
    /// The same for output artifacts.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub global_artifacts: IndexMap<String, Vec<(String, String)>>,
    /// What the document calls it; names of v1 pods follow from it, nothing else.
    #[serde(default, skip_serializing_if = "DagShape::is_tasks")]
    pub shape: DagShape,
}

/// How a dag was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DagShape {
    #[default]
    Tasks,
    /// Groups of steps, one after the other, by name (v1).
    Steps { groups: Vec<Vec<String>> },
    /// It is not written anywhere: it stands around a workflow's entry and its exit handler (v1).
    Around,
    /// It is not written anywhere, either: it stands around one iteration of a task, its first task, and what else
    /// belongs to that iteration (v1).
    Iteration,
}

impl DagShape {
    fn is_tasks(&self) -> bool {
        *self == Self::Tasks
    }
}

impl Dag {
    /// Returns the task, with its name, that a dag around one iteration is made for.
    pub fn of_iteration(&self) -> Option<(&str, &Task)> {
        let first = self.tasks.first().filter(|_| self.shape == DagShape::Iteration)?;
        Some((first.0.as_str(), first.1))
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DagOutputs {
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub parameters: IndexMap<String, ParameterSelector>,
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub artifacts: IndexMap<String, ArtifactSelector>,
    /// Output parameters that are computed from what the tasks left (v1): over the tags of tasks, of the dag's
    /// inputs and of the run.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub computed: IndexMap<String, Expr>,
    /// Output artifacts that an expression chooses among those of the tasks (v1).
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub chosen: IndexMap<String, Expr>,
}

/// Where a dag's output parameter comes from. `sources` are (sub-task, output key).
///
/// One source passes through (a list in iteration order when the sub-task is a loop); with several, the first
/// whose sub-task succeeded is taken (`OneOf`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterSelector {
    pub sources: Vec<(String, String)>,
    pub one_of: bool,
}

/// Where a dag's output artifact comes from; see [`ParameterSelector`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArtifactSelector {
    pub sources: Vec<(String, String)>,
}

/// A command in an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Container {
    pub image: Text,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<Word>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Word>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvVar>,
    #[serde(default)]
    pub resources: Resources,
    #[serde(default)]
    pub platform: TaskPlatform,
    #[serde(default, skip_serializing_if = "Places::is_empty")]
    pub places: Places,
    /// Where the command starts; what stands for the image decides when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<Text>,
    /// Containers of the same pod, in the document's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<Companion>,
    /// The output parameter that is what the command writes to its standard output (v1 `outputs.result`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

impl Container {
    /// Shows every text in which placeholders may stand.
    pub fn visit_texts<'t>(&'t self, visit: &mut dyn FnMut(&'t Text)) {
        visit(&self.image);
        for word in self.command.iter().chain(&self.args) {
            word.visit_texts(visit);
        }
        let resources = &self.resources;
        let quantities = [
            &resources.cpu_request,
            &resources.cpu_limit,
            &resources.memory_request,
            &resources.memory_limit,
            &resources.accelerator_type,
            &resources.accelerator_count,
        ];
        let env = self.env.iter().map(|variable| &variable.value);
        let places = &self.places;
        let outputs = places.output_artifacts.values().map(|place| &place.path);
        env.chain(quantities.into_iter().flatten())
            .chain(places.input_artifacts.values())
            .chain(places.output_parameters.values())
            .chain(outputs)
            .chain(places.input_texts.values())
            .chain(places.output_texts.values())
            .chain(&self.working_directory)
            .for_each(&mut *visit);
        self.platform.pod.visit_texts(visit);
        for companion in &self.companions {
            companion.container.visit_texts(visit);
        }
    }
}

/// A container that runs in a task's pod besides the one that does the task's work (v1).
///
/// It has a file system of its own; volumes of one name are shared by the whole pod.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Companion {
    /// Another one for each container of the pod.
    pub name: String,
    pub role: CompanionRole,
    /// What it runs. It has no companions and no outputs of its own; its `places` name the input artifacts
    /// that it sees too, its pod settings only volumes and variables.
    pub container: Container,
}

/// When a companion runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompanionRole {
    /// One after the other before the task's own command, which runs only if all exit with 0.
    Before,
    /// Together with the command, and stopped when that has ended.
    Beside,
}

/// Paths at which a command that names its own expects inputs and leaves outputs (v1).
///
/// Inputs and outputs without a place are found through placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Places {
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub input_artifacts: IndexMap<String, Text>,
    /// What is said of some of them beside their path.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub input_settings: IndexMap<String, InputSettings>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub output_parameters: IndexMap<String, Text>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub output_artifacts: IndexMap<String, OutputPlace>,
    /// Texts that are files for the command, by their path.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub input_texts: IndexMap<String, Text>,
    /// Output parameters that are no files but texts with placeholders.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub output_texts: IndexMap<String, Text>,
}

impl Places {
    /// Tells whether nothing has a place of its own.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a command wants an input artifact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InputSettings {
    /// Permission bits, which make it a copy of the attempt's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// The bits are for everything inside as well.
    pub recurse: bool,
    /// Nothing where it should be is no failure.
    pub optional: bool,
}

/// How an artifact is packed for those who fetch it; in the store it lies as it was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Packing {
    /// A gzipped tar with one entry; `level` is gzip's, -2 to 9.
    Tar {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<i32>,
    },
    Zip,
    /// As it is.
    Plain,
}

impl Default for Packing {
    fn default() -> Self {
        Self::Tar { level: None }
    }
}

impl Packing {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a command leaves an output artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputPlace {
    pub path: Text,
    /// Nothing there is no failure.
    #[serde(default)]
    pub optional: bool,
    #[serde(default, skip_serializing_if = "Packing::is_usual")]
    pub packing: Packing,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnvVar {
    pub name: String,
    pub value: Text,
}

/// What a task asks of the machine, as quantities in Kubernetes' notation (`500m`, `2Gi`), maybe with
/// placeholders.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_request: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_request: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accelerator_type: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accelerator_count: Option<Text>,
}

/// Registers bytes that exist already as an artifact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importer {
    /// May hold placeholders of the importer's own inputs.
    pub uri: Text,
    #[serde(rename = "type")]
    pub artifact_type: ArtifactType,
    /// Metadata; keys and strings may hold placeholders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<(Text, crate::placeholder::ValueTemplate)>,
    /// Registers anew even when an equal artifact is known.
    pub reimport: bool,
    #[serde(default)]
    pub download_to_workspace: bool,
}
