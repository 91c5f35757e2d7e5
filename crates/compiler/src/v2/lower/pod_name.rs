//! Names in pod settings: given in place, by an input of the enclosing dag, or by an output of a sibling.
//!
//! The platform document speaks of an executor, but means the dags whose tasks run it: a name is looked up in
//! each of them. Source: v2 semantics 1.9.

use pipewright_plan::{ParameterBinding, ParameterSource, PodText, Text, ValueTemplate};

use super::container::Interface;
use super::dag::{Kind, selected};
use super::source::{Source, User};
use super::task::{SELECTOR_VARIABLES, Scope};
use super::trigger::expression;
use super::unknown_name;
use crate::decode::{self, Context};
use crate::v2::platform::KubernetesExecutorConfig;
use crate::v2::spec::{TaskInputParameterSpec, TaskOutputParameterSpec};
use crate::yaml::Span;

/// Who uses an executor, and what placeholders in its settings may speak of.
pub(super) struct Place<'a, 's> {
    pub source: &'a Source<'s>,
    pub interface: &'a Interface<'s>,
    pub users: Vec<User<'s>>,
}

/// A name as the document gives it: the newer form wins over the older one.
#[derive(Clone, Copy)]
pub(super) struct Given<'d> {
    pub parameter: Option<&'d TaskInputParameterSpec>,
    pub field: &'static str,
    pub old: Option<&'d str>,
    pub span: Span,
    /// A null leaves the entry out.
    pub optional_entry: bool,
}

impl Place<'_, '_> {
    /// Lowers a name. Errors are recorded.
    pub fn name(&self, given: Given<'_>, cx: &mut Context) -> Option<PodText> {
        match (given.parameter, given.old.filter(|name| !name.is_empty())) {
            (Some(parameter), _) => cx.within(given.field, |cx| {
                self.parameter(parameter, cx).map(|found| found.into_text(given.optional_entry))
            }),
            (None, Some(name)) => Some(PodText::literal(name)),
            (None, None) => {
                let message = format!("the entry names no object: `{}` is missing", given.field);
                cx.error("missing-field", given.span, message);
                None
            }
        }
    }

    /// Lowers text in which placeholders may stand.
    pub fn text(&self, text: &decode::Text, cx: &mut Context) -> PodText {
        PodText::Text { text: self.interface.text(text, cx) }
    }

    fn parameter(&self, spec: &TaskInputParameterSpec, cx: &mut Context) -> Option<Found> {
        let selector = spec.parameter_expression_selector.as_ref().and_then(|selector| {
            cx.within("parameterExpressionSelector", |cx| expression(selector, SELECTOR_VARIABLES, cx))
        });
        let source = if let Some(input) = &spec.component_input_parameter {
            self.dag_input(input, cx)?
        } else if let Some(output) = &spec.task_output_parameter {
            self.output(output, cx)?
        } else if let Some(status) = &spec.task_final_status {
            cx.error("unsupported", status.span, "a name cannot be made of a task's final status");
            return None;
        } else {
            return self.constant(spec, cx);
        };
        Some(Found::Bound(ParameterBinding { source, selector }))
    }

    /// Lowers a setting that may be of any kind: a constant or a reference.
    pub fn binding(&self, spec: &TaskInputParameterSpec, cx: &mut Context) -> Option<ParameterBinding> {
        if let Some(literal) = spec.runtime_value.as_ref().and_then(|value| value.literal()) {
            let value = ValueTemplate::Literal { value: pipewright_plan::normalize(literal.value) };
            return Some(ParameterBinding { source: ParameterSource::Constant { value }, selector: None });
        }
        match self.parameter(spec, cx)? {
            Found::Text(_) => None,
            Found::Bound(binding) => Some(binding),
        }
    }

    fn constant(&self, spec: &TaskInputParameterSpec, cx: &mut Context) -> Option<Found> {
        let literal = spec.runtime_value.as_ref().and_then(|value| value.literal());
        let Some(literal) = literal else {
            cx.error("missing-field", spec.span, "nothing is said of where the name comes from")
                .hint("set `runtimeValue.constant`, `componentInputParameter` or `taskOutputParameter`");
            return None;
        };
        let Some(text) = literal.value.as_str().filter(|text| !text.is_empty()) else {
            let found = pipewright_plan::kind_name(&literal.value);
            let message = format!("a name is a text that is not empty, found a {found}");
            cx.error("wrong-value", literal.span, message);
            return None;
        };
        if text.contains("{{channel:") {
            let message = "the name holds an f-string of a parameter, which the SDK does not fill in here";
            cx.error("unsupported", literal.span, message)
                .hint("make the whole name a parameter, or the output of a task");
            return None;
        }
        let text = decode::Text { value: text.to_owned(), span: literal.span };
        Some(Found::Text(self.interface.text(&text, cx)))
    }

    /// Lowers a reference to an input of the enclosing dag.
    pub fn dag_input(&self, input: &decode::Text, cx: &mut Context) -> Option<ParameterSource> {
        // Older SDKs write the pipeline's name of an input that inner dags know as a channel.
        let channel = format!("pipelinechannel--{}", input.value);
        for name in [&input.value, &channel] {
            if self.users.iter().all(|user| user.owner.declares_parameter(name)) {
                return Some(ParameterSource::DagInput { name: name.clone() });
            }
        }
        let user = self.users.iter().find(|user| !user.owner.declares_parameter(&input.value))?;
        let message = format!("the dag around task `{}` has no input parameter `{}`", user.task, input.value);
        cx.within("componentInputParameter", |cx| {
            unknown_name(cx, "unknown-input", input, message, user.owner.input_parameters());
        });
        None
    }

    /// Lowers a reference to a sibling's output.
    pub fn output(&self, output: &TaskOutputParameterSpec, cx: &mut Context) -> Option<ParameterSource> {
        if let (Some(task), Some(key)) = (&output.producer_task, &output.output_parameter_key) {
            let channel = format!("pipelinechannel--{}-{}", task.value, key.value);
            let is_channel = |user: &User<'_>| {
                !user.dag.tasks.contains_key(&task.value) && user.owner.declares_parameter(&channel)
            };
            if !self.users.is_empty() && self.users.iter().all(is_channel) {
                return Some(ParameterSource::DagInput { name: channel });
            }
        }
        let place = (output.producer_task.as_ref(), output.output_parameter_key.as_ref());
        let mut found = None;
        for user in &self.users {
            let scope = Scope { source: self.source, owner: user.owner, dag: user.dag };
            let (task, key) = cx.within("taskOutputParameter", |cx| {
                selected(&scope, Kind::Parameter, place, (output.span, cx))
            })?;
            if task == user.task {
                let message = format!("task `{task}` would wait for itself");
                cx.error("cycle", output.span, message).hint("take the name from another task");
                return None;
            }
            found = Some(ParameterSource::TaskOutput { task, key });
        }
        found
    }
}

/// What a name stands for.
pub(super) enum Found {
    Text(Text),
    Bound(ParameterBinding),
}

impl Found {
    pub fn into_text(self, optional_entry: bool) -> PodText {
        match self {
            Self::Text(text) => PodText::Text { text },
            Self::Bound(binding) => PodText::Bound { binding, optional_entry },
        }
    }
}

/// Names the tasks of a dag whose outputs the settings of an executor use.
pub(super) fn producers(source: &Source<'_>, label: &str, has_task: impl Fn(&str) -> bool) -> Vec<String> {
    let Some(config) = source.platform_of(label) else { return Vec::new() };
    let outputs =
        parameters(&config.typed).into_iter().filter_map(|spec| spec.task_output_parameter.as_ref());
    let old = config.typed.pvc_mount.iter().filter_map(|mount| mount.task_output_parameter.as_ref());
    outputs
        .chain(old)
        .filter_map(|output| output.producer_task.as_ref())
        .map(|task| task.value.clone())
        .filter(|task| has_task(task))
        .collect()
}

/// Lists everything in an executor's settings that may come from a parameter.
fn parameters(config: &KubernetesExecutorConfig) -> Vec<&TaskInputParameterSpec> {
    let mut found: Vec<&TaskInputParameterSpec> = Vec::new();
    found.extend(config.secret_as_volume.iter().filter_map(|entry| entry.secret_name_parameter.as_ref()));
    found.extend(config.secret_as_env.iter().filter_map(|entry| entry.secret_name_parameter.as_ref()));
    found.extend(config.pvc_mount.iter().filter_map(|entry| entry.pvc_name_parameter.as_ref()));
    let maps =
        config.config_map_as_volume.iter().filter_map(|entry| entry.config_map_name_parameter.as_ref());
    found.extend(maps);
    let maps = config.config_map_as_env.iter().filter_map(|entry| entry.config_map_name_parameter.as_ref());
    found.extend(maps);
    found.extend(config.node_selector.iter().filter_map(|entry| entry.node_selector_json.as_ref()));
    found.extend(config.tolerations.iter().filter_map(|entry| entry.toleration_json.as_ref()));
    found.extend(config.node_affinity.iter().filter_map(|entry| entry.node_affinity_json.as_ref()));
    found.extend(config.image_pull_secret.iter().filter_map(|entry| entry.secret_name_parameter.as_ref()));
    found
}
