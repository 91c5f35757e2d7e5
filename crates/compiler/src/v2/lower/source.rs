//! The documents with the look-ups that lowering needs.

use std::collections::BTreeMap;

use indexmap::IndexSet;

use crate::decode::{Map, Text};
use crate::v2::platform::{ExecutorConfig, KubernetesPlatform};
use crate::v2::spec::{ComponentSpec, DagSpec, ExecutorSpec, PipelineSpec, PipelineTaskSpec};

/// A task that runs a component, and the dag around it.
#[derive(Clone, Copy)]
pub(super) struct User<'s> {
    pub owner: &'s ComponentSpec,
    pub dag: &'s DagSpec,
    pub task: &'s str,
}

/// One pipeline and its platform settings.
pub(super) struct Source<'s> {
    pub spec: &'s PipelineSpec,
    pub kubernetes: Option<&'s KubernetesPlatform>,
    /// Parameters that tasks give to a component beyond its interface, for placeholders in its container
    helpers: BTreeMap<&'s str, IndexSet<&'s str>>,
    users: BTreeMap<&'s str, Vec<User<'s>>>,
}

impl<'s> Source<'s> {
    pub fn new(spec: &'s PipelineSpec, kubernetes: Option<&'s KubernetesPlatform>) -> Self {
        let mut helpers: BTreeMap<&str, IndexSet<&str>> = BTreeMap::new();
        let mut users: BTreeMap<&str, Vec<User<'_>>> = BTreeMap::new();
        let owners = spec.components.values().map(|keyed| &keyed.value).chain(&spec.root);
        for (owner, dag) in owners.filter_map(|owner| Some((owner, owner.dag.as_ref()?))) {
            for (task_name, task) in &dag.tasks {
                let Some(name) = component_name(&task.value) else { continue };
                let Some(component) = spec.components.get(&name.value) else { continue };
                users.entry(&name.value).or_default().push(User { owner, dag, task: task_name });
                let given = task.value.inputs.iter().flat_map(|inputs| inputs.parameters.keys());
                for input in given.filter(|input| !component.value.declares_parameter(input)) {
                    helpers.entry(&name.value).or_default().insert(input);
                }
            }
        }
        Self { spec, kubernetes, helpers, users }
    }

    /// Returns the component that a task runs.
    pub fn component_of(&self, task: &'s PipelineTaskSpec) -> Option<&'s ComponentSpec> {
        self.spec.components.get(&component_name(task)?.value).map(|keyed| &keyed.value)
    }

    /// Returns the component of a sibling.
    pub fn component_of_task(&self, dag: &'s DagSpec, task: &str) -> Option<&'s ComponentSpec> {
        self.component_of(&dag.tasks.get(task)?.value)
    }

    /// Lists the parameters that are given to a component beyond its interface.
    pub fn helpers(&self, component: &str) -> impl Iterator<Item = &'s str> + use<'s, '_> {
        self.helpers.get(component).into_iter().flatten().copied()
    }

    /// Lists the tasks that run a component.
    pub fn users(&self, component: &str) -> Vec<User<'s>> {
        self.users.get(component).cloned().unwrap_or_default()
    }

    pub fn executors(&self) -> Option<&'s Map<ExecutorSpec>> {
        self.spec.deployment_spec.as_ref().map(|deployment| &deployment.executors)
    }

    /// Returns an executor's settings on Kubernetes.
    pub fn platform_of(&self, label: &str) -> Option<&'s ExecutorConfig> {
        let deployment = self.kubernetes?.deployment_spec.as_ref()?;
        deployment.executors.get(label).map(|keyed| &keyed.value)
    }
}

/// Returns the name of the component that a task runs.
pub(super) fn component_name(task: &PipelineTaskSpec) -> Option<&Text> {
    task.component_ref.as_ref()?.name.as_ref()
}

impl ComponentSpec {
    pub(super) fn declares_parameter(&self, name: &str) -> bool {
        self.input_definitions.as_ref().is_some_and(|inputs| inputs.parameters.contains_key(name))
    }

    pub(super) fn declares_artifact(&self, name: &str) -> bool {
        self.input_definitions.as_ref().is_some_and(|inputs| inputs.artifacts.contains_key(name))
    }

    pub(super) fn input_parameters(&self) -> impl Iterator<Item = &str> {
        self.input_definitions.iter().flat_map(|inputs| inputs.parameters.keys()).map(String::as_str)
    }

    pub(super) fn input_artifacts(&self) -> impl Iterator<Item = &str> {
        self.input_definitions.iter().flat_map(|inputs| inputs.artifacts.keys()).map(String::as_str)
    }

    pub(in crate::v2) fn output_parameters(&self) -> impl Iterator<Item = &str> {
        self.output_definitions.iter().flat_map(|outputs| outputs.parameters.keys()).map(String::as_str)
    }

    pub(super) fn output_artifacts(&self) -> impl Iterator<Item = &str> {
        self.output_definitions.iter().flat_map(|outputs| outputs.artifacts.keys()).map(String::as_str)
    }
}
