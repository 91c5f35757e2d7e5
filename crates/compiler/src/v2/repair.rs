//! Mends references that the official SDK writes wrongly for groups inside loops.
//!
//! The SDK names a loop's item `pipelinechannel--…` and should hand it down through every group in between.
//! With text templates and nested groups it forgets some groups and nested pipelines, and it also binds items
//! of inner loops outside of them, where they do not exist, sometimes as outputs of the task that made the list.
//! All of it is seen from the names: what is missing is handed down, what nobody needs is dropped. Names without the prefix are the author's own and are never touched.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::spec::{
    ComponentSpec, InputParameterSpec, PipelineSpec, PipelineTaskSpec, TaskInputParameterSpec,
    TaskInputsSpec, TaskOutputParameterSpec,
};
use crate::decode::{Keyed, Text};
use crate::yaml::Span;

const PREFIX: &str = "pipelinechannel--";
const SUBVARIABLE: &str = "-subvar-";
/// Each pass mends one level of nesting.
const MOST_PASSES: usize = 64;

/// A component by name; `None` is the root.
type Place = Option<String>;

/// One change of the document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Edit {
    Declare { component: String, input: String },
    Undeclare { component: String, input: String },
    Bind { place: Place, task: String, input: String, from: Origin },
    Unbind { place: Place, task: String, input: String },
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Input(String),
    /// A field of a loop item
    Field(String, String),
    Output(String, String),
}

/// Mends what can be mended; the rest is left to be reported.
pub(crate) fn repair(spec: &mut PipelineSpec) {
    for _ in 0..MOST_PASSES {
        let edits = Document::new(spec).edits();
        if edits.is_empty() {
            return;
        }
        for edit in edits {
            apply(spec, edit);
        }
    }
}

/// The document with its components by who uses them.
struct Document<'s> {
    spec: &'s PipelineSpec,
    users: BTreeMap<&'s str, Vec<(Place, &'s str, &'s PipelineTaskSpec)>>,
}

impl<'s> Document<'s> {
    fn new(spec: &'s PipelineSpec) -> Self {
        let mut users: BTreeMap<&str, Vec<(Place, &str, &PipelineTaskSpec)>> = BTreeMap::new();
        for (place, component) in places(spec) {
            for (name, task) in component.dag.iter().flat_map(|dag| &dag.tasks) {
                if let Some(target) = component_name(&task.value) {
                    users.entry(target).or_default().push((place.clone(), name, &task.value));
                }
            }
        }
        Self { spec, users }
    }

    fn component(&self, place: &Place) -> Option<&'s ComponentSpec> {
        match place {
            None => self.spec.root.as_ref(),
            Some(name) => self.spec.components.get(name).map(|keyed| &keyed.value),
        }
    }

    fn edits(&self) -> BTreeSet<Edit> {
        let mut edits = BTreeSet::new();
        for (place, component) in places(self.spec) {
            for (task, keyed) in component.dag.iter().flat_map(|dag| &dag.tasks) {
                self.bind_mentioned(&place, (task, &keyed.value), &mut edits);
                for (input, binding) in parameters(&keyed.value) {
                    if input.starts_with(PREFIX) && self.misses_output(component, &binding.value) {
                        self.mend(&place, (task, &keyed.value), (input, input), &mut edits);
                    }
                    let Some(reference) = &binding.value.component_input_parameter else { continue };
                    if !declares(component, &reference.value)
                        && input.starts_with(PREFIX) | reference.value.starts_with(PREFIX)
                    {
                        self.mend(&place, (task, &keyed.value), (input, &reference.value), &mut edits);
                    }
                }
            }
        }
        edits
    }

    /// Gives a task what its texts speak of: the SDK forgets loop items in texts for nested pipelines.
    fn bind_mentioned(
        &self,
        place: &Place,
        (task, spec): (&str, &PipelineTaskSpec),
        edits: &mut BTreeSet<Edit>,
    ) {
        for name in mentions(spec).into_iter().filter(|name| !is_given(spec, name)) {
            let handed = || {
                let group = place.as_deref()?;
                self.can_hand_down(group, &name, &mut BTreeSet::new()).then(|| Origin::Input(name.clone()))
            };
            if let Some(from) = self.origin(place, &name).or_else(handed) {
                edits.insert(Edit::Bind { place: place.clone(), task: task.to_owned(), input: name, from });
            }
        }
    }

    /// Tells whether a binding names an output that its producer does not have: the SDK takes the item of a loop
    /// over an output, or a field of it, for a further output of that task.
    fn misses_output(&self, owner: &ComponentSpec, binding: &TaskInputParameterSpec) -> bool {
        let found = || {
            let output = binding.task_output_parameter.as_ref()?;
            let task = owner.dag.as_ref()?.tasks.get(&output.producer_task.as_ref()?.value)?;
            let producer = &self.spec.components.get(component_name(&task.value)?)?.value;
            let key = &output.output_parameter_key.as_ref()?.value;
            Some(!producer.output_parameters().any(|known| known == key))
        };
        found().unwrap_or_default()
    }

    /// Finds the changes for one reference to an input that does not exist.
    fn mend(
        &self,
        place: &Place,
        (task, spec): (&str, &'s PipelineTaskSpec),
        (input, reference): (&str, &str),
        edits: &mut BTreeSet<Edit>,
    ) {
        let target = component_name(spec);
        if let Some(target) = target
            && input.starts_with(PREFIX)
            && (is_own_field(spec, input) || !self.task_needs(spec, input, &mut BTreeSet::new()))
        {
            for (place, task, _) in self.users.get(target).into_iter().flatten() {
                edits.insert(Edit::Unbind {
                    place: place.clone(),
                    task: (*task).to_owned(),
                    input: input.to_owned(),
                });
            }
            // The loop's own item stays declared.
            if item_input(spec) != Some(input) {
                edits.insert(Edit::Undeclare { component: target.to_owned(), input: input.to_owned() });
            }
            return;
        }
        let Some(owner) = self.component(place).filter(|_| reference.starts_with(PREFIX)) else { return };
        if let Some(from) = field_of(owner, reference) {
            edits.insert(Edit::Bind {
                place: place.clone(),
                task: task.to_owned(),
                input: input.to_owned(),
                from,
            });
            return;
        }
        let Some(group) = place else { return };
        if !self.can_hand_down(group, reference, &mut BTreeSet::new()) {
            return;
        }
        edits.insert(Edit::Declare { component: group.clone(), input: reference.to_owned() });
        for (place, task, spec) in self.users.get(group.as_str()).into_iter().flatten() {
            if is_given(spec, reference) {
                continue;
            }
            let from = self.origin(place, reference).unwrap_or_else(|| Origin::Input(reference.to_owned()));
            let (place, task) = (place.clone(), (*task).to_owned());
            edits.insert(Edit::Bind { place, task, input: reference.to_owned(), from });
        }
    }

    /// Tells whether every use of a group can be given the value.
    fn can_hand_down<'a>(&'a self, group: &'a str, name: &str, seen: &mut BTreeSet<&'a str>) -> bool {
        if !seen.insert(group) {
            return false;
        }
        let users = self.users.get(group).map(Vec::as_slice).unwrap_or_default();
        !users.is_empty()
            && users.iter().all(|(place, _, spec)| {
                is_given(spec, name)
                    || self.origin(place, name).is_some()
                    || place.as_deref().is_some_and(|outer| self.can_hand_down(outer, name, seen))
            })
    }

    /// Finds the value in one component's own scope.
    fn origin(&self, place: &Place, name: &str) -> Option<Origin> {
        let owner = self.component(place)?;
        if declares(owner, name) {
            return Some(Origin::Input(name.to_owned()));
        }
        if let Some(field) = field_of(owner, name) {
            return Some(field);
        }
        let plain = name.strip_prefix(PREFIX)?;
        if place.is_none() && declares(owner, plain) {
            return Some(Origin::Input(plain.to_owned()));
        }
        let tasks = owner.dag.iter().flat_map(|dag| &dag.tasks);
        tasks.into_iter().find_map(|(task, keyed)| {
            let output = plain.strip_prefix(task.as_str())?.strip_prefix('-')?;
            let producer = self.spec.components.get(component_name(&keyed.value)?)?;
            let outputs = &producer.value.output_definitions.as_ref()?.parameters;
            outputs.contains_key(output).then(|| Origin::Output(task.clone(), output.to_owned()))
        })
    }

    /// Tells whether anything would miss an input of a task.
    fn task_needs(
        &self,
        task: &'s PipelineTaskSpec,
        input: &str,
        seen: &mut BTreeSet<(&'s str, String)>,
    ) -> bool {
        let looped = task.parameter_iterator.as_ref().and_then(|iterator| iterator.items.as_ref());
        let is_items =
            looped.and_then(|items| items.input_parameter.as_ref()).is_some_and(|name| name.value == input);
        let condition = task.trigger_policy.as_ref().and_then(|policy| policy.condition.as_ref());
        let is_mentioned = mentions(task).contains(input);
        if is_items
            || is_mentioned
            || condition.is_some_and(|condition| condition.value.contains(&format!("'{input}'")))
        {
            return true;
        }
        let Some(name) = component_name(task) else { return true };
        let Some(dag) = self.spec.components.get(name).and_then(|keyed| keyed.value.dag.as_ref()) else {
            return true;
        };
        // Inside the loop, the item takes the place of what was given.
        if item_input(task) == Some(input)
            || is_own_field(task, input)
            || !seen.insert((name, input.to_owned()))
        {
            return false;
        }
        dag.tasks.values().any(|inner| {
            parameters(&inner.value).any(|(inner_input, binding)| {
                let reference = binding.value.component_input_parameter.as_ref();
                reference.is_some_and(|reference| reference.value == input)
                    && self.task_needs(&inner.value, inner_input, seen)
            })
        })
    }
}

fn places(spec: &PipelineSpec) -> impl Iterator<Item = (Place, &ComponentSpec)> {
    let named = spec.components.iter().map(|(name, keyed)| (Some(name.clone()), &keyed.value));
    named.chain(spec.root.iter().map(|root| (None, root)))
}

fn component_name(task: &PipelineTaskSpec) -> Option<&str> {
    Some(task.component_ref.as_ref()?.name.as_ref()?.value.as_str())
}

fn parameters(task: &PipelineTaskSpec) -> impl Iterator<Item = (&str, &Keyed<TaskInputParameterSpec>)> {
    let all = task.inputs.iter().flat_map(|inputs| &inputs.parameters);
    all.map(|(name, keyed)| (name.as_str(), keyed))
}

fn item_input(task: &PipelineTaskSpec) -> Option<&str> {
    Some(task.parameter_iterator.as_ref()?.item_input.as_ref()?.value.as_str())
}

/// Tells whether the input is a field of the loop's own item, which is read from the item, inside.
fn is_own_field(task: &PipelineTaskSpec, input: &str) -> bool {
    input.rsplit_once(SUBVARIABLE).is_some_and(|(item, _)| item_input(task) == Some(item))
}

/// Names the inputs that a task's texts speak of.
fn mentions(task: &PipelineTaskSpec) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, binding) in parameters(task) {
        if let Some(literal) = binding.value.runtime_value.as_ref().and_then(|value| value.literal()) {
            mentioned(&literal.value, &mut names);
        }
    }
    names
}

/// Collects `x` of each `{{$.inputs.parameters['x']}}` that the SDK has put into a text.
fn mentioned(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            for after in text.split("{{$.inputs.parameters['").skip(1) {
                let name = after.split_once("']}}").map(|(name, _)| name);
                names.extend(name.filter(|name| name.starts_with(PREFIX)).map(str::to_owned));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| mentioned(item, names)),
        Value::Object(fields) => fields.values().for_each(|item| mentioned(item, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_given(task: &PipelineTaskSpec, input: &str) -> bool {
    item_input(task) == Some(input) || parameters(task).any(|(name, _)| name == input)
}

fn declares(component: &ComponentSpec, input: &str) -> bool {
    component.input_definitions.as_ref().is_some_and(|inputs| inputs.parameters.contains_key(input))
}

/// Reads `item-subvar-key` where the component has the item.
fn field_of(component: &ComponentSpec, name: &str) -> Option<Origin> {
    let (item, key) = name.rsplit_once(SUBVARIABLE)?;
    declares(component, item).then(|| Origin::Field(item.to_owned(), key.to_owned()))
}

fn component_mut<'s>(spec: &'s mut PipelineSpec, place: &Place) -> Option<&'s mut ComponentSpec> {
    match place {
        None => spec.root.as_mut(),
        Some(name) => spec.components.get_mut(name).map(|keyed| &mut keyed.value),
    }
}

fn apply(spec: &mut PipelineSpec, edit: Edit) {
    match edit {
        Edit::Declare { component, input } => {
            if let Some(component) = component_mut(spec, &Some(component)) {
                let definitions = component.input_definitions.get_or_insert_default();
                let value = InputParameterSpec { span: component.span, ..InputParameterSpec::default() };
                definitions.parameters.insert(input, Keyed { key_span: component.span, value });
            }
        }
        Edit::Undeclare { component, input } => {
            let component = component_mut(spec, &Some(component));
            if let Some(definitions) = component.and_then(|component| component.input_definitions.as_mut()) {
                definitions.parameters.shift_remove(&input);
            }
        }
        Edit::Bind { place, task, input, from } => {
            let Some(inputs) = inputs_mut(spec, &place, &task) else { return };
            let span = inputs.parameters.get(&input).map_or(inputs.span, |keyed| keyed.key_span);
            inputs.parameters.insert(input, Keyed { key_span: span, value: binding(from, span) });
        }
        Edit::Unbind { place, task, input } => {
            if let Some(inputs) = inputs_mut(spec, &place, &task) {
                inputs.parameters.shift_remove(&input);
            }
        }
    }
}

fn inputs_mut<'s>(spec: &'s mut PipelineSpec, place: &Place, task: &str) -> Option<&'s mut TaskInputsSpec> {
    let task = &mut component_mut(spec, place)?.dag.as_mut()?.tasks.get_mut(task)?.value;
    let span = task.span;
    Some(task.inputs.get_or_insert_with(|| TaskInputsSpec { span, ..TaskInputsSpec::default() }))
}

fn binding(from: Origin, span: Span) -> TaskInputParameterSpec {
    let text = |value: String| Some(Text { value, span });
    let mut binding = TaskInputParameterSpec { span, ..TaskInputParameterSpec::default() };
    match from {
        Origin::Input(name) => binding.component_input_parameter = text(name),
        Origin::Field(item, key) => {
            binding.component_input_parameter = text(item);
            let key = Value::String(key);
            binding.parameter_expression_selector = text(format!("parseJson(string_value)[{key}]"));
        }
        Origin::Output(task, output) => {
            binding.task_output_parameter = Some(TaskOutputParameterSpec {
                span,
                producer_task: text(task),
                output_parameter_key: text(output),
            });
        }
    }
    binding
}
