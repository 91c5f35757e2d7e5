//! Pod settings with their names resolved.
//!
//! Source: v2 semantics 1.9. A name is looked up in the dag around the task; a null leaves the entry out where
//! the field may be left out, and fails the task elsewhere.

use std::collections::BTreeMap;

use pipewright_plan::{
    Container, EnvFrom, ExecutorInput, Filling, ParameterBinding, ParameterSource, Placeholder, Plan,
    PodSettings, PodText, Projection, Text, TextPart, Value, VolumeMount, VolumeSource, WORKSPACE_PATH, Word,
    text_form,
};

use super::resolve::{select, sibling};
use super::unresolved;
use crate::event::Failure;
use crate::state::{Children, Node, NodeId, RunState, resource_name};

/// Where the names of a task's settings are looked up.
pub(super) struct Around<'a> {
    pub plan: &'a Plan,
    pub state: &'a RunState,
    /// The dag instance around the task.
    pub dag: NodeId,
    pub filling: &'a Filling<'a>,
}

/// Returns the dag instance that a task instance belongs to, its loop left aside.
pub(super) fn dag_around(state: &RunState, node: &Node) -> Option<NodeId> {
    let mut around = node.parent?;
    while !matches!(state.nodes[around].children, Children::Dag { .. }) {
        around = state.nodes[around].parent?;
    }
    Some(around)
}

impl Around<'_> {
    /// Returns what a binding stands for; `None` is a null or something that was never made.
    pub fn value(&self, what: &str, binding: &ParameterBinding) -> Result<Option<Value>, Failure> {
        let owner = &self.state.nodes[self.dag];
        let found = match binding.source.inner() {
            ParameterSource::DagInput { name } => match owner.inputs.parameters.get(name) {
                Some(value) => Some(value.clone()),
                None => {
                    let message = format!("cannot resolve {what}: `{}` has no input `{name}`", owner.key);
                    return Err(unresolved(message));
                }
            },
            ParameterSource::TaskOutput { task, key } => {
                let producer = sibling(self.plan, self.state, self.dag, task);
                producer.and_then(|node| node.outcome.parameters.get(key).cloned())
            }
            ParameterSource::Constant { value } => Some(self.filling.value(value)),
            ParameterSource::Optional { .. }
            | ParameterSource::FinalStatus { .. }
            | ParameterSource::TaskConfig { .. } => None,
        };
        let found = found.filter(|value| !value.is_null());
        match (found, &binding.selector) {
            (Some(value), Some(selector)) => {
                select(what, selector, &value).map(|value| Some(value).filter(|value| !value.is_null()))
            }
            (found, _) => Ok(found),
        }
    }

    /// Returns a name; `None` leaves its entry out.
    fn name(&self, what: &str, name: &PodText) -> Result<Option<String>, Failure> {
        let text = match name {
            PodText::Text { text } => self.filling.text(text),
            PodText::Bound { binding, optional_entry } => match self.value(what, binding)? {
                Some(value) => text_form(&value),
                None if *optional_entry => return Ok(None),
                None => {
                    let message = format!("{what} is null, but the task cannot do without it");
                    return Err(unresolved(message));
                }
            },
        };
        if text.is_empty() {
            return Err(unresolved(format!("{what} is empty")));
        }
        Ok(Some(text))
    }

    fn texts(&self, given: &BTreeMap<String, PodText>) -> Result<BTreeMap<String, String>, Failure> {
        let mut texts = BTreeMap::new();
        for (key, text) in given {
            let text = match text {
                PodText::Text { text } => Some(self.filling.text(text)),
                PodText::Bound { .. } => self.name(&format!("the value of `{key}`"), text)?,
            };
            texts.extend(text.map(|text| (key.clone(), text)));
        }
        Ok(texts)
    }

    /// Resolves all names. Errors: one that is missing, null or empty where it may not be.
    pub fn settings(&self, given: &PodSettings<PodText>) -> Result<PodSettings<String>, Failure> {
        let mut pod = PodSettings::default();
        for mount in &given.volumes {
            pod.volumes.extend(self.mount(mount)?);
        }
        for entry in &given.env {
            pod.env.extend(self.variable(entry)?);
        }
        pod.labels = self.texts(&given.labels)?;
        pod.annotations = self.texts(&given.annotations)?;
        if let Some(account) = &given.service_account {
            pod.service_account = self.name("the name of the service account", account)?;
        }
        // The run's own comes before what the pipeline says.
        let own = self.state.submit.as_ref().map(|submit| &submit.service_account);
        if let Some(own) = own.filter(|own| !own.is_empty()) {
            pod.service_account = Some(own.clone());
        }
        Ok(pod)
    }

    fn mount(&self, mount: &VolumeMount<PodText>) -> Result<Option<VolumeMount<String>>, Failure> {
        let Some(source) = self.volume(&mount.source)? else { return Ok(None) };
        let Some(path) = self.name("the path of a volume", &mount.path)? else { return Ok(None) };
        let sub_path = match &mount.sub_path {
            Some(sub_path) => self.name("the sub-path of a volume", sub_path)?,
            None => None,
        };
        Ok(Some(VolumeMount { path, sub_path, read_only: mount.read_only, source }))
    }

    fn volume(&self, source: &VolumeSource<PodText>) -> Result<Option<VolumeSource<String>>, Failure> {
        Ok(match source {
            VolumeSource::Claim { name } => {
                self.name("the name of the volume claim", name)?.map(|name| VolumeSource::Claim { name })
            }
            VolumeSource::Secret { name, items, mode, optional } => {
                let name = self.name("the name of the secret", name)?;
                let (items, mode, optional) = (items.clone(), *mode, *optional);
                name.map(|name| VolumeSource::Secret { name, items, mode, optional })
            }
            VolumeSource::ConfigMap { name, items, mode, optional } => {
                let name = self.name("the name of the config map", name)?;
                let (items, mode, optional) = (items.clone(), *mode, *optional);
                name.map(|name| VolumeSource::ConfigMap { name, items, mode, optional })
            }
            VolumeSource::EmptyDir { volume, memory, size_limit } => Some(VolumeSource::EmptyDir {
                volume: volume.clone(),
                memory: *memory,
                size_limit: size_limit.clone(),
            }),
            VolumeSource::Ephemeral { volume, size, access_modes, storage_class } => {
                Some(VolumeSource::Ephemeral {
                    volume: volume.clone(),
                    size: size.clone(),
                    access_modes: access_modes.clone(),
                    storage_class: storage_class.clone(),
                })
            }
            VolumeSource::Workspace => Some(VolumeSource::Workspace),
            VolumeSource::Host { path, create } => self
                .name("the path of a folder of the machine", path)?
                .map(|path| VolumeSource::Host { path, create: *create }),
            VolumeSource::Projected { parts, mode } => {
                let mut resolved = Vec::new();
                for part in parts {
                    resolved.extend(self.projection(part)?);
                }
                Some(VolumeSource::Projected { parts: resolved, mode: *mode })
            }
        })
    }

    fn projection(&self, part: &Projection<PodText>) -> Result<Option<Projection<String>>, Failure> {
        Ok(match part {
            Projection::Secret { name, items, optional } => {
                let (items, optional) = (items.clone(), *optional);
                let name = self.name("the name of the secret", name)?;
                name.map(|name| Projection::Secret { name, items, optional })
            }
            Projection::ConfigMap { name, items, optional } => {
                let (items, optional) = (items.clone(), *optional);
                let name = self.name("the name of the config map", name)?;
                name.map(|name| Projection::ConfigMap { name, items, optional })
            }
            Projection::Fields { files } => Some(Projection::Fields { files: files.clone() }),
        })
    }

    fn variable(&self, entry: &EnvFrom<PodText>) -> Result<Option<EnvFrom<String>>, Failure> {
        let (secret, map) = ("the name of the secret", "the name of the config map");
        Ok(match entry {
            EnvFrom::Secret { name, key, variable, optional } => {
                let (key, variable, optional) = (key.clone(), variable.clone(), *optional);
                self.name(secret, name)?.map(|name| EnvFrom::Secret { name, key, variable, optional })
            }
            EnvFrom::ConfigMap { name, key, variable, optional } => {
                let (key, variable, optional) = (key.clone(), variable.clone(), *optional);
                self.name(map, name)?.map(|name| EnvFrom::ConfigMap { name, key, variable, optional })
            }
            EnvFrom::AllOfSecret { name, prefix, optional } => {
                let (prefix, optional) = (prefix.clone(), *optional);
                self.name(secret, name)?.map(|name| EnvFrom::AllOfSecret { name, prefix, optional })
            }
            EnvFrom::AllOfConfigMap { name, prefix, optional } => {
                let (prefix, optional) = (prefix.clone(), *optional);
                self.name(map, name)?.map(|name| EnvFrom::AllOfConfigMap { name, prefix, optional })
            }
            EnvFrom::Field { variable, path } => {
                Some(EnvFrom::Field { variable: variable.clone(), path: path.clone() })
            }
        })
    }
}

/// Returns the pod settings of a container's attempt, the run's workspace among them when the task uses it.
pub(super) fn pod_of(
    (plan, state): (&Plan, &RunState),
    node: &Node,
    container: &Container,
    filling: &Filling<'_>,
) -> Result<PodSettings<String>, Failure> {
    let mut pod = match dag_around(state, node) {
        Some(dag) if !container.platform.pod.is_empty() => {
            Around { plan, state, dag, filling }.settings(&container.platform.pod)?
        }
        _ => PodSettings::default(),
    };
    if workspace_claim((plan, state), filling.executor_input, container).is_some() {
        pod.volumes.push(VolumeMount {
            path: WORKSPACE_PATH.to_owned(),
            sub_path: None,
            read_only: false,
            source: VolumeSource::Workspace,
        });
    }
    Ok(pod)
}

/// Names the claim that stands for the run's workspace, when there is one and the task uses it.
pub(super) fn workspace_claim(
    (plan, state): (&Plan, &RunState),
    input: &ExecutorInput,
    container: &Container,
) -> Option<String> {
    let used = plan.platform.workspace.is_some() && uses_workspace(input, container);
    used.then(|| format!("{}-kfp-workspace", resource_name(plan, &state.run)))
}

/// Tells whether a task speaks of the workspace: an input holds a path in it, or its command does.
fn uses_workspace(input: &ExecutorInput, container: &Container) -> bool {
    input.inputs.parameter_values.values().any(is_in_workspace)
        || input.inputs.artifacts.values().flat_map(|list| &list.artifacts).any(|artifact| {
            artifact.metadata.get("_kfp_workspace") == Some(&Value::Bool(true))
                || artifact.uri.starts_with(WORKSPACE_PATH)
        })
        || container.command.iter().chain(&container.args).any(word_is_in_workspace)
        || container.env.iter().any(|variable| text_is_in_workspace(&variable.value))
}

fn is_in_workspace(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(WORKSPACE_PATH),
        Value::Array(items) => items.iter().any(is_in_workspace),
        Value::Object(fields) => fields.values().any(is_in_workspace),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn word_is_in_workspace(word: &Word) -> bool {
    match word {
        Word::Text { text } => text_is_in_workspace(text),
        Word::Concat { parts } => parts.iter().any(word_is_in_workspace),
        Word::IfPresent { then, otherwise, .. } => then.iter().chain(otherwise).any(word_is_in_workspace),
    }
}

fn text_is_in_workspace(text: &Text) -> bool {
    text.parts.iter().any(|part| match part {
        TextPart::Literal { text } => text.contains(WORKSPACE_PATH),
        TextPart::Placeholder { placeholder } => *placeholder == Placeholder::WorkspacePath,
    })
}
