//! The graph of a pipeline as it travels: one shape for both formats, with a run's progress or alone.
//!
//! Shape: components by name, each once; tasks name their component, loops and recursion are not expanded.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::progress::{RunSummary, TaskProgress};

/// A pipeline to draw and to fill a form from; of a run, with how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct GraphView {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    pub dialect: DialectView,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk_version: Option<String>,
    /// The entry component's name.
    pub root: String,
    /// What a run is asked for.
    pub parameters: Vec<ParameterView>,
    pub artifact_inputs: Vec<ArtifactPort>,
    #[schema(value_type = BTreeMap<String, ComponentView>)]
    pub components: IndexMap<String, ComponentView>,
    pub settings: SettingsView,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<RunSummary>,
    /// How many events of the run's journal are in this answer: a stream of events goes on from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Task instances that are not inside a loop, in the order in which they came to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Vec<TaskProgress>>,
    /// There are more: `progress?under=root&page_token=…`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress_token: Option<String>,
}

/// The file format that a pipeline came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DialectView {
    V1,
    V2,
}

/// Settings of the whole pipeline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct SettingsView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<WorkspaceView>,
    /// Clean-up times as the document gives them; not applied off a cluster.
    pub retention: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_pipeline_root: Option<String>,
}

/// The folder that all tasks of a run share.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct WorkspaceView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
}

/// A parameter that something takes or hands on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ParameterView {
    pub name: String,
    #[serde(rename = "type")]
    pub parameter_type: ParameterTypeView,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    pub optional: bool,
    /// The only values allowed, when not empty.
    pub literals: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A parameter's type by the name that the format has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ParameterTypeView {
    NumberDouble,
    NumberInteger,
    String,
    Boolean,
    List,
    Struct,
    TaskFinalStatus,
    TaskConfig,
    Any,
}

/// An artifact that something takes or hands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ArtifactPort {
    pub name: String,
    /// The type's title (`system.Model`), or its schema when it has no title.
    #[serde(rename = "type")]
    pub artifact_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    pub is_list: bool,
    pub optional: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What a component takes, or what it hands on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct PortsView {
    pub parameters: Vec<ParameterView>,
    pub artifacts: Vec<ArtifactPort>,
}

/// What stands behind a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComponentKindView {
    Dag,
    Container,
    Importer,
    Resource,
    Suspend,
}

/// One component; the part that its kind names is present.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ComponentView {
    pub kind: ComponentKindView,
    pub inputs: PortsView,
    pub outputs: PortsView,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dag: Option<DagView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importer: Option<ImporterView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourceView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspend: Option<SuspendView>,
}

/// Tasks and what flows between them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DagView {
    pub tasks: Vec<TaskDefinition>,
    pub edges: Vec<Edge>,
    /// Tasks of one instance that run at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
    pub outputs: Vec<OutputSource>,
}

/// One use of a component inside a dag.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct TaskDefinition {
    pub name: String,
    pub display_name: String,
    pub component: String,
    pub upstream: Vec<String>,
    pub parameters: Vec<Binding>,
    pub artifacts: Vec<Binding>,
    /// False skips the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Replaces the strategy (`depends` of a workflow); false omits the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,
    pub strategy: StrategyView,
    /// It cleans up after the others, however they end.
    pub is_exit_handler: bool,
    #[serde(rename = "loop", skip_serializing_if = "Option::is_none")]
    pub repeats: Option<LoopView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryView>,
    pub caching: CachingView,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<f64>,
}

/// When a task fires once its upstream has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StrategyView {
    AllSucceeded,
    NoneFailed,
    AllCompleted,
    Exit,
}

/// Whether a loop goes over values or over artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoopKindView {
    Parameter,
    Artifact,
}

/// The items of a loop.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LoopView {
    pub kind: LoopKindView,
    /// The component's input that receives the item.
    pub item_input: String,
    /// The first items, when they stand in the pipeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub static_items: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub static_count: Option<u64>,
    /// The task's input that is the list, when they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items_input: Option<String>,
    /// Iterations at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallelism: Option<u32>,
}

/// Attempts after the first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RetryView {
    pub max_retries: u32,
    pub backoff_seconds: f64,
    pub factor: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_backoff_seconds: Option<f64>,
    pub on: RetryOnView,
}

/// Which ends of an attempt are worth another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryOnView {
    Any,
    Failure,
    Error,
}

/// Whether earlier results count.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CachingView {
    pub enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<f64>,
}

/// Where an input's value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Binding {
    pub input: String,
    pub source: SourceView,
    /// The sibling, of an output or a final status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The sibling's output, or the input of the dag around.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Of a constant; placeholders are written out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// An expression that is applied to the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
}

/// The kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceView {
    DagInput,
    TaskOutput,
    Constant,
    FinalStatus,
    TaskConfig,
    Inline,
}

/// One task waits for another; `data` says what flows. Both are tasks of the same dag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Edge {
    pub from: String,
    pub to: String,
    /// Empty: the order is all that counts.
    pub data: Vec<EdgeData>,
}

/// One value that flows along an edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EdgeData {
    pub output: String,
    pub input: String,
    pub kind: FlowKind,
    /// The type of the output that flows.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub flow_type: Option<String>,
}

/// What can flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    Parameter,
    Artifact,
    Status,
}

/// Where an output of a dag comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutputSource {
    pub output: String,
    pub kind: FlowKind,
    pub sources: Vec<SourcePort>,
    /// The first of these that there is, not all of them.
    pub one_of: bool,
}

/// An output of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SourcePort {
    pub task: String,
    pub key: String,
}

/// A command in an image; placeholders are written out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ContainerView {
    pub image: String,
    pub command: Vec<String>,
    pub args: Vec<String>,
    pub env: Vec<EnvView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_directory: Option<String>,
    pub resources: ResourcesView,
    pub volumes: Vec<VolumeView>,
    /// Variables whose values are not in the pipeline.
    pub env_from: Vec<EnvFromView>,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// Placement, pull and security settings as the document gives them; a container follows the latter two.
    pub placement: BTreeMap<String, Value>,
}

/// An environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EnvView {
    pub name: String,
    pub value: String,
}

/// What a task asks of the machine, in Kubernetes' notation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResourcesView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerator_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accelerator_count: Option<String>,
}

/// A volume, and where the task sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct VolumeView {
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_path: Option<String>,
    pub read_only: bool,
    pub kind: VolumeKindView,
    /// The object behind it, or the volume's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
}

/// The kinds of volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VolumeKindView {
    Claim,
    Secret,
    ConfigMap,
    EmptyDir,
    Ephemeral,
    Workspace,
    HostPath,
    Projected,
}

/// A variable, or all variables, of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct EnvFromView {
    pub kind: EnvFromKind,
    /// The object's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The object's key, or the field of the pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The variable's name, or what is put in front of all names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    pub optional: bool,
}

/// The kinds of such variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnvFromKind {
    Secret,
    ConfigMap,
    AllOfSecret,
    AllOfConfigMap,
    Field,
}

/// Registers bytes that exist already.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ImporterView {
    pub uri: String,
    #[serde(rename = "type")]
    pub artifact_type: String,
    pub reimport: bool,
    pub metadata: Vec<MetadataView>,
}

/// One entry of metadata.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MetadataView {
    pub key: String,
    pub value: Value,
}

/// Acts on an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ResourceView {
    /// `create`, `apply`, `get`, `patch`, `replace`, `delete`, `create_claim` or `delete_claim`
    pub action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
}

/// Waits for a time, or for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SuspendView {
    /// As it is written; absent: until somebody lets it go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Outputs that are given by whoever lets it go on.
    pub supplied: Vec<String>,
}

/// What a document is worth, without anything being kept.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CheckView {
    /// It can be uploaded.
    pub ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph: Option<Box<GraphView>>,
    /// Every mistake and oddity, in the order of the text.
    pub diagnostics: Vec<DiagnosticView>,
}

/// One mistake or oddity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiagnosticView {
    pub severity: SeverityView,
    /// Counts from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// In characters, counts from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Where in the structure: `root.dag.tasks.train.inputs`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Whether a document can still be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SeverityView {
    Error,
    Warning,
}
