//! What a pipeline is once compiled: plain data that every other room reads.
//!
//! This room holds no YAML, no I/O, no clock and no decisions. A [`Plan`] is a table of components with one
//! root; tasks refer to components by name, so recursion and reuse cost nothing.

mod check;
mod component;
mod executor_io;
mod expr;
mod item;
mod launch;
pub mod library;
mod lock;
mod placeholder;
mod platform;
mod pod;
mod pod_default;
mod quantity;
mod resource;
mod sequence;
mod show;
mod suspend;
mod task;
mod task_config;
mod types;
mod usage;
mod value;

pub use check::{Broken, check};
pub use component::{
    ArtifactInput, ArtifactOutput, ArtifactSelector, Companion, CompanionRole, Component, ComponentKind,
    Container, Dag, DagOutputs, DagShape, Dialect, EnvVar, Importer, InputSettings, Inputs, OutputPlace,
    Outputs, Packing, ParameterInput, ParameterOutput, ParameterSelector, Places, Plan, Resources,
};
pub use executor_io::{
    ArtifactList, ExecutorArtifact, ExecutorInput, ExecutorInputs, ExecutorOutput, ExecutorOutputs,
    OutputParameter,
};
pub use expr::{Expr, Function, Macro};
pub use item::{LOOP_ITEM, guarded_json, item_field, item_form, item_label};
pub use launch::{
    BrokenLimit, CompanionEnd, ExitReport, ExitStatus, LaunchCompanion, LaunchFile, LaunchLimits,
    LaunchNotice, LaunchPlace, LaunchPlaces, LaunchSpec, LaunchUser, LaunchVolume, Mount, Published,
    REPORT_BEGUN, Usage, VolumeContent, VolumeFile, stop_mark,
};
pub use lock::{Lock, LockKind};
pub use placeholder::{Filling, JobFacts, Placeholder, Text, TextPart, ValueTemplate, Word, local_path};
pub use platform::{ClaimEnd, PipelinePlatform, RunClaim, TaskPlatform, Workspace};
pub use pod::{
    EnvFrom, FieldFile, KeyFile, PodFact, PodSettings, PodText, Projection, VolumeMount, VolumeSource,
    WORKSPACE_PATH,
};
pub use pod_default::PodDefault;
pub use quantity::quantity;
pub use resource::{Manifest, Resource, ResourceAction, ResourceOutput};
pub use sequence::{LONGEST_SEQUENCE, SequenceError, sequence};
pub use suspend::{Supplied, Suspend, read_duration};
pub use task::{
    ArtifactBinding, Caching, Each, Items, IterationKind, LoopPolicy, Memo, ParameterBinding,
    ParameterSource, Retry, RetryOn, Task, Trigger, TriggerStrategy,
};
pub use task_config::TaskConfig;
pub use types::{ArtifactType, ParameterType};
pub use usage::{USAGE_FILE, USAGE_SAMPLES, UsageSample};
pub use value::{
    ArtifactId, ArtifactValue, Outcome, Value, canonical, inline_text, inline_uri, kind_name, normalize,
    parse_output_text, text_form,
};
